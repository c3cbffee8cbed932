//! Where a finding is, as a text: `path:line`.
//!
//! Owns: turning URIs of artifacts into paths. Must not: resolve anything against this machine.

use base::text;

use super::{
    location::{Location, PATH},
    survey::Run,
};
use crate::json::scalar::cut;

/// The path of a location: its URI, or that of the artifact it points at, as a person would write it; empty if it
/// has none.
pub(super) fn path(run: &Run, location: &Location) -> String {
    let by_index = || run.artifacts.get(location.artifact?).map(String::as_str);
    let uri = Some(location.uri.as_str()).filter(|uri| !uri.is_empty());
    let uri = uri.or_else(by_index).unwrap_or_default();
    let decoded = decode(uri).unwrap_or_else(|| uri.to_owned());
    let bare = strip(&decoded);
    text::line(cut(bare, PATH), 1_000)
}

/// Without the prefixes that only say "this machine" or "the top of the sources".
fn strip(path: &str) -> &str {
    if let Some(below) = path.strip_prefix("%SRCROOT%") {
        return below.trim_start_matches('/');
    }
    if let Some(local) = path.strip_prefix("file://") {
        // file:///C:/code is C:/code, file:///home is /home.
        let drive = |bare: &str| bare.as_bytes().get(1) == Some(&b':');
        return local
            .strip_prefix('/')
            .filter(|bare| drive(bare))
            .unwrap_or(local);
    }
    if let Some(local) = path.strip_prefix("file:") {
        return local;
    }
    path.strip_prefix("./").unwrap_or(path)
}

/// Percent-decoded, where the outcome is plain text; none where it is not, or would hold controls.
fn decode(uri: &str) -> Option<String> {
    if !uri.contains('%') || uri.contains("://") && !uri.starts_with("file://") {
        return None;
    }
    let bytes = uri.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = uri.get(at + 1..at + 3).filter(|_| byte == b'%');
        let decoded = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(decoded.unwrap_or(byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    let text = String::from_utf8(out).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

/// `path:line`, `path`, or the logical name; none if the result has no place.
pub(super) fn shown(path: &str, location: &Location) -> Option<String> {
    if path.is_empty() {
        let name = text::line(&location.logical, 1_000);
        return (!name.is_empty()).then_some(name);
    }
    match location.region.start_line {
        Some(line) if line > 0 => Some(format!("{path}:{line}")),
        _ => Some(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_become_paths() {
        for (uri, expected) in [
            ("good/db_init.py", "good/db_init.py"),
            ("./src/a.c", "src/a.c"),
            ("file:///home/me/a%20b.sh", "/home/me/a b.sh"),
            ("file:///C:/code/file1.c", "C:/code/file1.c"),
            ("file:a.c", "a.c"),
            ("%SRCROOT%/src/a.c", "src/a.c"),
            ("a%00b%0a", "a%00b%0a"),
            ("a%ffb", "a%ffb"),
            ("100%", "100%"),
            ("a%zz%é", "a%zz%é"),
            ("a%+1b", "a%+1b"),
            ("https://example.com/a%20b", "https://example.com/a%20b"),
            ("a\nb\u{202e}", "a b"),
            ("", ""),
        ] {
            let uri = uri.to_owned();
            let location = Location {
                uri,
                ..Location::default()
            };
            assert_eq!(path(&Run::default(), &location), expected);
        }
    }
}
