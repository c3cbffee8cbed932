//! Paths of files, in one spelling and relative to the root of the sources.
//!
//! Owns: the normal form of a path, and guessing the root folder of a scan report's paths ([`Paths::root`]). Must not:
//! resolve anything against this machine.

use std::collections::{BTreeMap, BTreeSet};

use crate::without_credentials;

/// How many different paths of a scan report are kept for guessing its root.
const SAMPLE: usize = 2_000;

/// A path in one spelling: `/` between its parts, no `.`, `..` and empty parts, no `file://`, no credentials.
pub(crate) fn normal(path: &str) -> String {
    let path = without_credentials(path.trim());
    let path = path.as_ref();
    let path = path
        .strip_prefix("file://")
        .or_else(|| path.strip_prefix("file:"))
        .unwrap_or(path);
    let path = path.replace('\\', "/");
    // `/C:/code` and `C:/code` are the same.
    let drive = |text: &str| text.as_bytes().get(1) == Some(&b':');
    let path = path.strip_prefix('/').filter(|rest| drive(rest)).unwrap_or(&path);
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}

/// Whether a path is absolute.
pub(crate) fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.as_bytes().get(1) == Some(&b':')
}

/// A path relative to a folder: the part below the folder, or with a `..` for each step up.
pub(crate) fn below(path: &str, root: &str) -> String {
    if root.is_empty() || is_absolute(path) != is_absolute(root) {
        return path.to_owned();
    }
    let (path_parts, root_parts): (Vec<_>, Vec<_>) = (parts(path).collect(), parts(root).collect());
    let common = path_parts
        .iter()
        .zip(&root_parts)
        .take_while(|(one, other)| one == other)
        .count();
    let up = std::iter::repeat_n("..", root_parts.len() - common);
    let down = path_parts.iter().skip(common).copied();
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// A location for display: without the folder of this scan report's sources, which may differ next time. If no folder
/// would remain, it stays whole: a bare name does not tell where a file is.
pub(crate) fn shown<'p>(location: &'p str, root: &str) -> &'p str {
    let rest = location
        .strip_prefix(root)
        .and_then(|rest| rest.strip_prefix('/'));
    rest.filter(|rest| is_absolute(root) && rest.contains('/'))
        .unwrap_or(location)
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

/// The root folder of a scan report's paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Root {
    /// Its path.
    pub path: String,
    /// Whether it is certainly the same folder as before. A guess is good enough for a finding, but not for a verdict.
    pub certain: bool,
}

/// The paths of a scan report, as many as are needed to guess their root.
#[derive(Debug, Default, Clone)]
pub struct Paths {
    sample: BTreeSet<String>,
    /// The common folder of all absolute paths.
    common: Option<String>,
}

impl Paths {
    /// Takes a path in its normal form.
    pub(crate) fn add(&mut self, path: &str) {
        if path.is_empty() {
            return;
        }
        if is_absolute(path) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            self.common = Some(match self.common.take() {
                None => folder.to_owned(),
                Some(common) => shared(&common, folder),
            });
        }
        if self.sample.len() < SAMPLE && !self.sample.contains(path) {
            self.sample.insert(path.to_owned());
        }
    }

    /// The root folder of this scan report's paths, so that they are spelled as before: `known` is the root of the
    /// previous scan report, `places` are the paths of stored findings relative to it.
    pub fn root(&self, known: &str, places: &BTreeSet<String>) -> Root {
        let certain = |path: &str| Root {
            path: path.to_owned(),
            certain: true,
        };
        if self.sample.is_empty() || !self.hits(known, places).is_empty() {
            return certain(known);
        }
        if places.is_empty() {
            return certain(self.common.as_deref().unwrap_or_default());
        }
        let inside = |path: &String| !known.is_empty() && below(path, known).split('/').next() != Some("..");
        if self.sample.iter().any(|path| is_absolute(path) && inside(path)) {
            return certain(known);
        }
        match self.voted(places) {
            Some(path) => Root {
                certain: self.is_certain(known, &path, places),
                path,
            },
            None => certain(self.common.as_deref().unwrap_or_default()),
        }
    }

    /// The paths that are known when seen from a folder.
    fn hits(&self, root: &str, places: &BTreeSet<String>) -> Vec<String> {
        let seen = self.sample.iter().map(|path| below(path, root));
        seen.filter(|place| places.contains(place)).collect()
    }

    /// Whether another root is the same folder in another location, rather than a similar folder: it has the same
    /// name, or three files are where they were, or the paths were relative to a folder.
    fn is_certain(&self, known: &str, root: &str, places: &BTreeSet<String>) -> bool {
        let alike = parts(known)
            .rev()
            .zip(parts(root).rev())
            .take_while(|(one, other)| one == other);
        let hits = self.hits(root, places);
        alike.count() >= 1
            || hits.len() >= 3
            || known.is_empty() && hits.iter().any(|place| place.contains('/'))
    }

    /// The folder below which the most paths are known; of several the shortest.
    fn voted(&self, places: &BTreeSet<String>) -> Option<String> {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for path in &self.sample {
            let splits = path.match_indices('/').map(|(at, _)| at);
            for at in splits {
                let (root, rest) = (
                    path.get(..at).unwrap_or_default(),
                    path.get(at + 1..).unwrap_or_default(),
                );
                if places.contains(rest) {
                    *votes.entry(root).or_default() += 1;
                }
            }
            if places.contains(path) {
                *votes.entry("").or_default() += 1;
            }
        }
        let best = votes
            .into_iter()
            .max_by_key(|(root, votes)| (*votes, std::cmp::Reverse(root.len())));
        best.map(|(root, _)| root.to_owned())
    }
}

/// The common folder of two folders.
fn shared(one: &str, other: &str) -> String {
    let common: Vec<_> = parts(one)
        .zip(parts(other))
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a)
        .collect();
    format!(
        "{}{}",
        if one.starts_with('/') { "/" } else { "" },
        common.join("/")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        for (path, expected) in [
            ("./src/a.c", "src/a.c"),
            ("src\\lib\\a.c", "src/lib/a.c"),
            ("file:///home/x/a.c", "/home/x/a.c"),
            ("file:///C:/x/a.c", "C:/x/a.c"),
            ("C:\\x\\a.c", "C:/x/a.c"),
            ("/a//b/./c/../d", "/a/b/d"),
            ("../a", "../a"),
            ("", ""),
            ("/", "/"),
        ] {
            assert_eq!(normal(path), expected, "{path}");
        }
    }

    // promise: M5
    #[test]
    fn a_location_is_shown_without_the_folder_of_the_sources() {
        for (location, root, expected) in [
            ("/w/one/src/a.c:3", "/w/one", "src/a.c:3"),
            ("/w/one/src/a.c", "/w/one", "src/a.c"),
            ("C:/one/src/a.c:3", "C:/one", "src/a.c:3"),
            ("/w/one/a.c:3", "/w/one", "/w/one/a.c:3"),
            ("/w/once/src/a.c:3", "/w/one", "/w/once/src/a.c:3"),
            ("src/lib/a.c:3", "src", "src/lib/a.c:3"),
            ("https://example.org/a/b", "", "https://example.org/a/b"),
            ("/w/one/src/a.c:3", "", "/w/one/src/a.c:3"),
        ] {
            assert_eq!(shown(location, root), expected);
        }
    }

    #[test]
    fn a_path_is_relative_to_its_root() {
        assert_eq!(below("/w/src/a.c", "/w"), "src/a.c");
        assert_eq!(below("/w/lib/a.c", "/w/src"), "../lib/a.c");
        assert_eq!(below("src/a.c", "/w"), "src/a.c");
        assert_eq!(below("src/a.c", "src"), "a.c");
    }

    fn root(paths: &[&str], known: &str, places: &[&str]) -> String {
        guess(paths, known, places).path
    }

    fn guess(paths: &[&str], known: &str, places: &[&str]) -> Root {
        let mut all = Paths::default();
        for path in paths {
            all.add(path);
        }
        all.root(known, &places.iter().map(|place| (*place).to_owned()).collect())
    }

    // promise: M4
    #[test]
    fn a_folder_like_the_one_before_is_only_a_guess() {
        let certain = |paths: &[&str], known: &str, places: &[&str]| guess(paths, known, places).certain;
        assert!(!certain(&["/repo/shop/views.py"], "/repo/admin", &["views.py"]));
        assert!(!certain(
            &["/r/shop/v.py", "/r/shop/u.py"],
            "/r/admin",
            &["v.py", "u.py"]
        ));
        assert!(certain(&["/ci/2/app/src/v.py"], "/home/x/app/src", &["v.py"]));
        assert!(certain(
            &["/b/a.py", "/b/b.py", "/b/c/d.py"],
            "/a",
            &["a.py", "b.py", "c/d.py"]
        ));
        assert!(certain(&["/b/src/a.py"], "", &["src/a.py"]));
        assert!(certain(&["/a/x.py"], "/a", &["y.py"]));
    }

    // promise: M5
    #[test]
    fn the_root_is_found_again_wherever_the_sources_are() {
        let first = root(&["/b/1/src/a.c", "/b/1/src/d/b.c"], "", &[]);
        assert_eq!(first, "/b/1/src");
        let places = ["a.c", "d/b.c"];
        // Fewer paths, or more in another folder: the same root.
        assert_eq!(root(&["/b/1/src/d/b.c"], &first, &places), first);
        assert_eq!(root(&["/b/1/lib/x.c", "/b/1/src/a.c"], &first, &places), first);
        // Another checkout.
        assert_eq!(
            root(&["/b/2/src/d/b.c", "/b/2/lib/x.c"], &first, &places),
            "/b/2/src"
        );
        // Relative now, or relative before.
        assert_eq!(root(&["src/a.c"], &first, &places), "src");
        assert_eq!(root(&["/b/1/src/a.c"], "", &["src/a.c"]), "/b/1");
        assert_eq!(root(&["src/a.c", "src/b.c"], "", &["src/a.c"]), "");
        assert_eq!(root(&[], "/w", &["a"]), "/w");
    }
}
