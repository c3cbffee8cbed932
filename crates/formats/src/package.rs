//! Names of components, images and vulnerabilities, without what changes from one build to the next.
//!
//! Owns: removing versions from paths and package URLs, tags and digests from images, and deciding which names of a
//! vulnerability are one rule. Must not: know a format.

use crate::{identity::KEYS, paths};

/// Replaces a version that was removed.
const CUT: &str = "*";

/// Prefixes of ids that name a single vulnerability. Advisories of a distribution (RHSA, ELSA, DSA) are not included:
/// one bundles many.
const SINGLE: [&str; 14] = [
    "CVE-", "GHSA-", "PYSEC-", "RUSTSEC-", "GO-", "OSV-", "GSD-", "MAL-", "NPM-", "SNYK-", "HSEC-", "RSEC-",
    "GMS-", "CURL-",
];

/// A path whose segments do not contain the component's own version: `lib/log4j-core-*.jar`.
pub(crate) fn without_version(path: &str, version: &str) -> String {
    let version = version.trim();
    let version = version.strip_prefix('v').unwrap_or(version);
    if !version.starts_with(|char: char| char.is_ascii_digit()) {
        return path.to_owned();
    }
    let (mut out, mut rest) = (String::with_capacity(path.len()), path);
    while let Some(at) = rest.find(version) {
        let (before, found) = rest.split_at(at);
        let after = found.get(version.len()..).unwrap_or_default();
        let whole = format!("{out}{before}");
        out = whole;
        if begins(&out) && ends(after) {
            if out.ends_with('v') {
                out.pop();
            }
            out.push_str(CUT);
        } else {
            out.push_str(version);
        }
        rest = after;
    }
    out + rest
}

/// Whether a version may begin after this text: not within a word or a longer number.
fn begins(before: &str) -> bool {
    let bare = before.strip_suffix('v').unwrap_or(before);
    let mut back = bare.chars().rev();
    match back.next() {
        Some('.') => !back.next().is_some_and(|char| char.is_ascii_digit()),
        Some(char) => !char.is_alphanumeric(),
        None => true,
    }
}

/// Whether a version may end before this text.
fn ends(after: &str) -> bool {
    let mut next = after.chars();
    match next.next() {
        Some('.') => !next.next().is_some_and(|char| char.is_ascii_digit()),
        Some(char) => !char.is_alphanumeric(),
        None => true,
    }
}

/// The path that identifies a component: in normal form and without its version.
pub(crate) fn place(path: &str, version: &str) -> String {
    without_version(&paths::normal(path), version)
}

/// An image without tag and digest: `localhost:5000/shop` of `localhost:5000/shop:1.2@sha256:…`.
pub(crate) fn image(name: &str) -> &str {
    let name = name.trim();
    let name = name.split('@').next().unwrap_or(name);
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let tag = name.get(last..).and_then(|last| last.find(':'));
    tag.and_then(|tag| name.get(..last + tag)).unwrap_or(name)
}

/// The name of a target: an image without tag and digest, a folder in one spelling, a URL as it is. The folder in which
/// a scan was started is not a name.
pub(crate) fn target(name: &str, is_image: bool) -> String {
    let name = name.trim();
    if is_image {
        image(name).to_owned()
    } else if name.contains("://") && !name.starts_with("file:") {
        name.trim_end_matches('/').to_owned()
    } else {
        paths::normal(name)
    }
}

/// A package URL without version, qualifiers and subpath, and its version.
pub(crate) fn purl(purl: &str) -> (&str, &str) {
    let bare = purl.split(['?', '#']).next().unwrap_or_default();
    let slash = bare.rfind('/').unwrap_or_default();
    match bare.rfind('@').filter(|at| *at > slash + 1) {
        Some(at) => (
            bare.get(..at).unwrap_or(bare),
            bare.get(at + 1..).unwrap_or_default(),
        ),
        None => (bare, ""),
    }
}

/// Names of one rule: the id of a vulnerability, and those aliases that name only this vulnerability.
pub(crate) fn rules<'t>(id: &'t str, aliases: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let upper = |id: &str| id.trim().to_ascii_uppercase();
    let single = |id: &str| SINGLE.iter().any(|prefix| id.starts_with(prefix));
    let id = upper(id);
    let mut names: Vec<_> = aliases
        .into_iter()
        .map(upper)
        .filter(|name| single(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    let is_cve = |name: &&String| name.starts_with("CVE-");
    if !single(&id) || names.iter().filter(is_cve).filter(|name| **name != id).count() > 1 {
        names.clear();
    }
    if id.starts_with("CVE-") {
        // Another CVE is another vulnerability.
        names.retain(|name| !name.starts_with("CVE-"));
    }
    names.retain(|name| *name != id);
    names.insert(0, id);
    names.truncate(KEYS);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: M5
    #[test]
    fn a_version_in_a_path_is_cut_out() {
        for (path, version, expected) in [
            (
                "app/lib/log4j-core-2.14.0.jar",
                "2.14.0",
                "app/lib/log4j-core-*.jar",
            ),
            (
                "x/requests-2.30.0.dist-info/METADATA",
                "2.30.0",
                "x/requests-*.dist-info/METADATA",
            ),
            (
                "m2/log4j-core/2.13.2/log4j-core-2.13.2.jar",
                "2.13.2",
                "m2/log4j-core/*/log4j-core-*.jar",
            ),
            ("mod/x@v1.2.3/go.mod", "1.2.3", "mod/x@*/go.mod"),
            ("mod/x@v1.2.3/go.mod", "v1.2.3", "mod/x@*/go.mod"),
            ("lib/a-1.2.10.jar", "1.2", "lib/a-1.2.10.jar"),
            ("lib/a-11.2.jar", "1.2", "lib/a-11.2.jar"),
            ("lib/a-0.1.2.jar", "1.2", "lib/a-0.1.2.jar"),
            ("usr/lib/python3.9/x", "3.9", "usr/lib/python3.9/x"),
            ("a/é1.0é/1.0", "1.0", "a/é1.0é/*"),
            ("a", "", "a"),
            ("unknown/a", "unknown", "unknown/a"),
        ] {
            assert_eq!(without_version(path, version), expected, "{path} {version}");
        }
        assert_eq!(place("./lib\\a-1.0.jar", "1.0"), "lib/a-*.jar");
    }

    // promise: P2
    #[test]
    fn an_image_is_named_without_tag_and_digest() {
        for (name, expected) in [
            (
                "docker.io/library/nginx:1.2@sha256:abc",
                "docker.io/library/nginx",
            ),
            ("localhost:5000/shop:1", "localhost:5000/shop"),
            ("localhost:5000/shop", "localhost:5000/shop"),
            ("nginx", "nginx"),
            ("nginx@sha256:abc", "nginx"),
            ("", ""),
        ] {
            assert_eq!(image(name), expected);
        }
        for (name, expected) in [
            (".", ""),
            ("./src/", "src"),
            ("/builds/shop//", "/builds/shop"),
            ("C:\\code", "C:/code"),
            ("https://git.test/a/b/", "https://git.test/a/b"),
        ] {
            assert_eq!(target(name, false), expected);
        }
    }

    #[test]
    fn a_package_url_is_taken_apart() {
        for (url, expected) in [
            ("pkg:npm/%40a/b@1.0?x=y@z#s", ("pkg:npm/%40a/b", "1.0")),
            ("pkg:npm/@a/b", ("pkg:npm/@a/b", "")),
            ("pkg:npm/@b", ("pkg:npm/@b", "")),
            ("gone@1", ("gone", "1")),
            ("", ("", "")),
        ] {
            assert_eq!(purl(url), expected, "{url}");
        }
    }

    // promise: M5
    #[test]
    fn the_names_of_one_vulnerability_are_one_rule() {
        assert_eq!(rules("GHSA-a", ["CVE-1", "ghsa-a"]), ["GHSA-A", "CVE-1"]);
        assert_eq!(rules("CVE-1", ["GHSA-a", "CVE-2", "RHSA-1"]), ["CVE-1", "GHSA-A"]);
        assert_eq!(rules("ELSA-1", ["CVE-1", "CVE-2"]), ["ELSA-1"]);
        assert_eq!(rules("GO-1", ["CVE-1", "CVE-2"]), ["GO-1"]);
        assert_eq!(rules("CVE-1", ["A"]), ["CVE-1"]);
    }
}
