//! Converts the URI of an artifact to the path of a file, relative to the root of the sources.
//!
//! Owns: `originalUriBaseIds`, and the normalized spelling of a path. Must not: resolve anything against this machine.

use base::text;

use super::location::{ArtifactLocation, PATH};
use crate::{json::scalar::cut, paths};

/// Maximum number of base URIs of one run that are kept.
pub(super) const MAX_BASES: usize = 100;

/// Maximum length of a chain of base URIs.
const CHAIN: usize = 10;

/// What the paths of a run are relative to.
#[derive(Default)]
pub(super) struct Roots {
    /// Each id with what it refers to: a folder, a site, or a path below the root.
    bases: Vec<(String, String)>,
    /// Folders and sites that are roots; the first one that contains a path counts.
    tops: Vec<String>,
}

impl Roots {
    pub(super) fn new(ids: &[(String, ArtifactLocation)]) -> Self {
        let bases: Vec<_> = ids
            .iter()
            .map(|(id, _)| (id.clone(), resolved(ids, id, CHAIN)))
            .collect();
        let mut tops: Vec<_> = bases
            .iter()
            .filter(|(_, base)| is_url(base) || paths::is_absolute(base) && base != "/")
            .map(|(id, base)| (!is_source_root(id), base.len(), base.clone()))
            .collect();
        tops.sort();
        let tops = tops.into_iter().map(|(_, _, base)| base).collect();
        Self { bases, tops }
    }

    /// The path of a file below the root, or the URL if it is not a file; empty for an artifact without a URI.
    pub(super) fn path(&self, artifact: &ArtifactLocation) -> String {
        if artifact.uri.is_empty() {
            return String::new();
        }
        let own = spelled(&artifact.uri);
        let base = self.bases.iter().find(|(id, _)| *id == artifact.base);
        let whole = base.map_or_else(|| own.clone(), |(_, base)| joined(base, &own));
        let path = self
            .tops
            .iter()
            .find_map(|top| below(&whole, top))
            .unwrap_or(&whole);
        text::line(cut(path, PATH), 1_000)
    }
}

/// Whether an id is one of those that tools use for the root of the sources.
fn is_source_root(id: &str) -> bool {
    let bare = id.trim_matches('%').to_ascii_uppercase();
    matches!(
        bare.as_str(),
        "SRCROOT" | "SRC_ROOT" | "PROJECTROOT" | "PROJECT_ROOT" | "REPOROOT" | "REPO_ROOT" | "ROOTPATH"
    )
}

/// What a base id refers to.
fn resolved(ids: &[(String, ArtifactLocation)], id: &str, chain: usize) -> String {
    let Some((_, place)) = ids.iter().find(|(known, _)| known == id).filter(|_| chain > 0) else {
        return String::new();
    };
    let own = spelled(&place.uri);
    if place.base.is_empty() {
        return own;
    }
    joined(&resolved(ids, &place.base, chain - 1), &own)
}

/// A path below a base; an absolute path or URL is unchanged.
fn joined(base: &str, own: &str) -> String {
    if base.is_empty() || base == "/" || is_url(own) || paths::is_absolute(own) {
        return own.to_owned();
    }
    let whole = format!("{base}/{own}");
    if is_url(base) {
        whole
    } else {
        paths::normal(&whole)
    }
}

/// The part of a path below a folder; `.` for the folder itself.
fn below<'p>(path: &'p str, top: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(top)?;
    if rest.is_empty() {
        Some(".")
    } else {
        rest.strip_prefix('/')
    }
}

/// Whether it is a URL that is not a file on this machine.
pub(super) fn is_url(text: &str) -> bool {
    text.contains("://")
}

/// A URI, normalized: a path for files, else the URL as it is.
fn spelled(uri: &str) -> String {
    let uri = cut(uri.trim(), PATH);
    let file = uri
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("file:"));
    if is_url(uri) && !file {
        return uri.trim_end_matches('/').to_owned();
    }
    let bare = if file {
        uri.get(5..).unwrap_or_default()
    } else {
        uri
    };
    let decoded = decode(bare).unwrap_or_else(|| bare.to_owned());
    let hosts = ["//localhost/", "///"];
    let local = hosts.iter().find_map(|host| decoded.strip_prefix(host));
    let path = local.map_or_else(|| decoded.clone(), |rest| format!("/{rest}"));
    let below = path.strip_prefix("%SRCROOT%");
    paths::normal(below.map_or(path.as_str(), |rest| rest.trim_start_matches(['/', '\\'])))
}

/// The text, percent-decoded; none if the result is not plain text or contains control characters.
pub(super) fn decode(uri: &str) -> Option<String> {
    if !uri.contains('%') {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(uri: &str, base: &str) -> ArtifactLocation {
        ArtifactLocation {
            uri: uri.to_owned(),
            base: base.to_owned(),
            index: None,
        }
    }

    fn roots(ids: &[(&str, &str, &str)]) -> Roots {
        let ids: Vec<_> = ids
            .iter()
            .map(|(id, uri, base)| ((*id).to_owned(), at(uri, base)))
            .collect();
        Roots::new(&ids)
    }

    // promise: M5
    #[test]
    fn a_uri_has_one_spelling() {
        for (uri, expected) in [
            ("good/db_init.py", "good/db_init.py"),
            ("./src/a.c", "src/a.c"),
            (".\\src\\a.c", "src/a.c"),
            ("src/x/../a.c", "src/a.c"),
            ("file:///home/me/a%20b.sh", "/home/me/a b.sh"),
            ("FILE:///home/me/a.sh", "/home/me/a.sh"),
            ("file://localhost/home/me/a.sh", "/home/me/a.sh"),
            ("file:///C:/code/file1.c", "C:/code/file1.c"),
            ("C:\\code\\file1.c", "C:/code/file1.c"),
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
            assert_eq!(Roots::default().path(&at(uri, "")), expected);
        }
    }

    // promise: M5
    #[test]
    fn paths_are_relative_to_the_base_they_name() {
        let one = roots(&[
            ("SRCROOT", "file:///home/a/proj/", ""),
            ("LIB", "lib/", "SRCROOT"),
        ]);
        for (uri, base, expected) in [
            ("src/a.c", "SRCROOT", "src/a.c"),
            ("a.c", "LIB", "lib/a.c"),
            ("../src/a.c", "LIB", "src/a.c"),
            ("file:///home/a/proj/src/a.c", "", "src/a.c"),
            ("/home/a/proj/src/a.c", "", "src/a.c"),
            ("file:///home/a/project/src/a.c", "", "/home/a/project/src/a.c"),
            ("src/a.c", "", "src/a.c"),
            ("src/a.c", "UNKNOWN", "src/a.c"),
            ("file:///home/a/proj", "", "."),
        ] {
            assert_eq!(one.path(&at(uri, base)), expected, "{uri} {base}");
        }
        let web = roots(&[("%SRCROOT%", "https://git.example/r/blob/1a2b/", "")]);
        assert_eq!(web.path(&at("src/a.c", "%SRCROOT%")), "src/a.c");
        assert_eq!(
            web.path(&at("https://git.example/r/blob/1a2b/src/a.c", "")),
            "src/a.c"
        );
        let top = roots(&[("ROOTPATH", "file:///", "")]);
        assert_eq!(top.path(&at("library/alpine", "ROOTPATH")), "library/alpine");
        assert_eq!(top.path(&at("file:///opt/a.c", "")), "/opt/a.c");
    }

    #[test]
    fn a_base_below_another_is_not_a_root() {
        let two = roots(&[("BIN", "file:///w/build/", ""), ("SRC", "file:///w/", "")]);
        assert_eq!(two.path(&at("a.c", "BIN")), "build/a.c");
        assert_eq!(two.path(&at("a.c", "SRC")), "a.c");
        let named = roots(&[
            ("HOME", "file:///w/", ""),
            ("%SRCROOT%", "file:///w/proj-17/", ""),
        ]);
        assert_eq!(named.path(&at("a.c", "%SRCROOT%")), "a.c");
        assert_eq!(named.path(&at("x", "HOME")), "x");
    }

    #[test]
    fn cycles_and_gaps_terminate() {
        let circle = roots(&[("A", "a/", "B"), ("B", "b/", "A"), ("C", "", "NONE")]);
        assert!(circle.path(&at("x.c", "A")).ends_with("x.c"));
        assert_eq!(circle.path(&at("x.c", "C")), "x.c");
    }
}
