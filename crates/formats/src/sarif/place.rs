//! Where a result is: the paths of its locations, and how they are shown.
//!
//! Owns: which of several locations determines the place, independent of their order. Must not: resolve anything
//! against this machine.

use base::text;

use super::{
    location::{ArtifactLocation, Location, PATH},
    roots::{decode, is_url},
    survey::Run,
};
use crate::json::scalar::cut;

/// A location with its path.
pub(super) struct Spot<'r> {
    /// The path of the file, or the URL if it is not a file; empty if it has neither.
    pub(super) path: String,
    pub(super) location: &'r Location,
}

impl Spot<'_> {
    /// The path, if it is a file.
    pub(super) fn file(&self) -> &str {
        if is_url(&self.path) { "" } else { &self.path }
    }

    /// `path:line`, `path`, or the logical name; empty if the result has no place.
    pub(super) fn shown(&self) -> String {
        if self.path.is_empty() {
            return text::line(&self.location.logical, 1_000);
        }
        match self.location.region.start_line {
            Some(line) if line > 0 => format!("{}:{line}", self.path),
            _ => self.path.clone(),
        }
    }
}

/// The locations of a result, those in files first, by path and line: their order in the scan report does not matter.
pub(super) fn spots<'r>(run: &Run, kept: &'r [Location]) -> Vec<Spot<'r>> {
    let mut spots: Vec<_> = kept
        .iter()
        .map(|location| Spot {
            path: run.roots.path(artifact(run, &location.artifact)),
            location,
        })
        .collect();
    if spots.len() > 1 {
        spots.sort_by(|one, other| order(one).cmp(&order(other)));
    }
    spots
}

fn order<'s>(spot: &'s Spot<'_>) -> impl Ord + use<'s> {
    let region = &spot.location.region;
    (
        spot.path.is_empty(),
        spot.path.as_str(),
        region.start_line,
        region.start_column,
        (region.end_line, region.end_column, region.offset),
        (spot.location.logical.as_str(), region.snippet.as_str()),
    )
}

/// An artifact as given, or the artifact of the run that its index refers to.
pub(super) fn artifact<'r>(run: &'r Run, place: &'r ArtifactLocation) -> &'r ArtifactLocation {
    let by_index = || run.artifacts.get(place.index?);
    let named = Some(place).filter(|place| !place.uri.is_empty());
    named.or_else(by_index).unwrap_or(place)
}

/// The path of a location as versions before 0.2 wrote it; empty if it has none.
pub(super) fn old(run: &Run, location: &Location) -> String {
    let uri = artifact(run, &location.artifact).uri.as_str();
    let web = uri.contains("://") && !uri.starts_with("file://");
    let decoded = decode(uri).filter(|_| !web).unwrap_or_else(|| uri.to_owned());
    let bare = strip(&decoded);
    text::line(cut(bare, PATH), 1_000)
}

/// The path without prefixes that only mean "this machine" or "the root of the sources".
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_paths_are_built_as_before() {
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
            let mut location = Location::default();
            location.artifact.uri = uri.to_owned();
            assert_eq!(old(&Run::default(), &location), expected);
        }
    }
}
