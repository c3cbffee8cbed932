//! Results that are about a vulnerable package rather than about code.
//!
//! Owns: reading the component from the texts of Trivy, Grype, OSV-Scanner, Snyk and Clair. Must not: guess one if the
//! scan report names none.

use super::{
    advisory::{identifiers, names},
    bag::Bag,
    rule::Rule,
};
use crate::Component;

/// What a result states about a published vulnerability.
#[derive(Debug, Default)]
pub(super) struct Advisory {
    /// The names that identify the rule, its own first; none if it has no id of this kind.
    pub(super) names: Vec<String>,
    /// All identifiers.
    pub(super) ids: Vec<String>,
    /// The affected package.
    pub(super) package: Option<Component>,
}

/// The advisory of a result of this rule.
pub(super) fn of(rule_id: &str, rule: Option<&Rule>, bag: &Bag, message: &str, logical: &str) -> Advisory {
    let ids = identifiers(rule_id, rule, bag, message);
    let purl = purl(rule, bag);
    if ids.is_empty() && purl.is_none() && !states_package(message) {
        return Advisory::default();
    }
    let help = rule.map_or("", |rule| rule.help.as_str());
    let snyk = ids.first().is_some_and(|id| id.starts_with("SNYK-"));
    let package = package(purl, message, help, if snyk { logical } else { "" });
    let package = package.map(|mut package| {
        let bags = rule.map(|rule| &rule.bag).into_iter().chain([bag]);
        package
            .fixed_versions
            .extend(bags.flat_map(|bag| bag.fixed.iter().cloned()));
        package
    });
    Advisory {
        names: names(&ids),
        ids,
        package,
    }
}

/// The package URL of the result, or the only one of its rule.
fn purl<'b>(rule: Option<&'b Rule>, bag: &'b Bag) -> Option<&'b String> {
    let of_rule = rule.map_or(&[][..], |rule| &rule.bag.purls);
    let only = of_rule.first().filter(|_| of_rule.len() == 1);
    bag.purls.first().or(only)
}

/// Whether a message has the lines in which Trivy names a package.
fn states_package(message: &str) -> bool {
    !label(message, "Package").is_empty() && !label(message, "Installed Version").is_empty()
}

/// The package, from the most specific source that names it.
fn package(purl: Option<&String>, message: &str, help: &str, logical: &str) -> Option<Component> {
    let mut package = purl
        .and_then(|purl| of_purl(purl))
        .or_else(|| of_labels(message))
        .or_else(|| of_sentence(message))
        .or_else(|| of_coordinates(logical))
        .or_else(|| of_labels(help))?;
    if package.fixed_versions.is_empty() {
        let same = label(help, "Package") == package.name;
        let fixed = of_labels(message).or_else(|| of_labels(help).filter(|_| same));
        package.fixed_versions = fixed.map(|other| other.fixed_versions).unwrap_or_default();
    }
    Some(package)
}

/// `pkg:npm/%40scope/name@1.2?arch=x`.
fn of_purl(purl: &str) -> Option<Component> {
    let bare = purl.strip_prefix("pkg:")?.split(['?', '#']).next()?;
    let (_, path) = bare.split_once('/')?;
    let (name, version) = path.rsplit_once('@').unwrap_or((path, ""));
    let plain = |text: &str| super::roots::decode(text).unwrap_or_else(|| text.to_owned());
    let component = Component {
        name: plain(name),
        version: plain(version),
        purl: purl.to_owned(),
        ..Component::default()
    };
    (!component.name.is_empty()).then_some(component)
}

/// `Package: …`, `Installed Version: …` and `Fixed Version: …`, one per line (Trivy; Grype in the help of a rule).
fn of_labels(text: &str) -> Option<Component> {
    let first = |labels: [&str; 2]| {
        let mut found = labels.iter().map(|name| label(text, name));
        found.find(|value| !value.is_empty()).unwrap_or_default()
    };
    let (name, version) = (label(text, "Package"), first(["Installed Version", "Version"]));
    let fixed = first(["Fixed Version", "Fix Version"]);
    let fixed = fixed.split(',').map(str::trim);
    let fixed = fixed.filter(|one| one.bytes().any(|byte| byte.is_ascii_digit()));
    (!name.is_empty() && !version.is_empty()).then(|| Component {
        name: name.to_owned(),
        version: version.to_owned(),
        fixed_versions: fixed.map(str::to_owned).collect(),
        ..Component::default()
    })
}

/// The rest of the line that starts with a label.
fn label<'t>(text: &'t str, label: &str) -> &'t str {
    let mut lines = text.lines().take(40);
    let value = lines.find_map(|line| line.trim_start().strip_prefix(label)?.strip_prefix(':'));
    value.unwrap_or_default().trim()
}

/// The sentences of OSV-Scanner, Grype (two of them) and Clair.
fn of_sentence(message: &str) -> Option<Component> {
    let between = |start: &str, middle: &str, end: &str| {
        let (_, rest) = message.split_once(start)?;
        let (name, rest) = rest.split_once(middle)?;
        let (version, _) = rest.split_once(end)?;
        named(name, version)
    };
    let osv = || {
        let (_, rest) = message.split_once("Package '")?;
        of_coordinates(rest.split_once("' is vulnerable")?.0)
    };
    let clair = || {
        let (inner, _) = message.strip_prefix('[')?.split_once(']')?;
        let mut parts = inner.split(" - ");
        let (name, version) = (parts.next()?, parts.next()?);
        parts.next().filter(|_| parts.next().is_none())?;
        named(name, version)
    };
    osv()
        .or_else(|| between(" package: ", ", version ", " was found at"))
        .or_else(|| between(" reports ", " at version ", " which is a vulnerable"))
        .or_else(clair)
}

/// `name@version`.
fn of_coordinates(text: &str) -> Option<Component> {
    let (name, version) = text.trim().rsplit_once('@')?;
    named(name, version)
}

/// A package if name and version are a single word each.
fn named(name: &str, version: &str) -> Option<Component> {
    let (name, version) = (name.trim(), version.trim());
    let word = |text: &str| !text.is_empty() && text.len() <= 300 && !text.contains(char::is_whitespace);
    (word(name) && word(version)).then(|| Component {
        name: name.to_owned(),
        version: version.to_owned(),
        ..Component::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: M5
    #[test]
    fn a_version_is_cut_out_of_a_path_where_it_is_a_word() {
        for (path, version, expected) in [
            (
                "app/lib/log4j-core-2.14.0.jar",
                "2.14.0",
                "app/lib/log4j-core-*.jar",
            ),
            (
                "requests-2.30.0.dist-info/METADATA",
                "2.30.0",
                "requests-*.dist-info/METADATA",
            ),
            ("a1.0/x1.0y/1.0", "1.0", "a1.0/x1.0y/*"),
            ("1.0.1.0", "1.0", "1.0.1.0"),
            ("a/b", "", "a/b"),
            ("a/unknown", "unknown", "a/unknown"),
        ] {
            assert_eq!(crate::package::without_version(path, version), expected);
        }
    }

    #[test]
    fn packages_are_read_from_the_words_of_several_tools() {
        let trivy = "Package: apk-tools\nInstalled Version: 2.10.6-r0\nVulnerability CVE-2021-36159\nFixed Version: 2.10.7-r0, 3.0\nLink: x";
        let component = package(None, trivy, "", "").unwrap();
        assert_eq!(
            (component.name.as_str(), component.version.as_str()),
            ("apk-tools", "2.10.6-r0")
        );
        assert_eq!(component.fixed_versions, ["2.10.7-r0", "3.0"]);
        let help = "Vulnerability GHSA-1\nSeverity: high\nPackage: lodash\nVersion: 4.17.10\nFix Version: 4.17.12\nType: npm";
        for (message, help, name, version, fixed) in [
            (
                "A high vulnerability in npm package: lodash, version 4.17.11 was found at: /package.json",
                help,
                "lodash",
                "4.17.11",
                "4.17.12",
            ),
            (
                "The path /p reports lodash at version 4.17.11 which is a vulnerable (npm) package",
                "",
                "lodash",
                "4.17.11",
                "",
            ),
            (
                "Package '@a/b@1.2' is vulnerable to 'CVE-2021-1' (also known as 'GHSA-1').",
                "",
                "@a/b",
                "1.2",
                "",
            ),
            ("[openssl - 1.1.1 - High] A fault.", "", "openssl", "1.1.1", ""),
            ("nothing", help, "lodash", "4.17.10", "4.17.12"),
        ] {
            let found = package(None, message, help, "").unwrap();
            assert_eq!(
                (found.name.as_str(), found.version.as_str()),
                (name, version),
                "{message}"
            );
            assert_eq!(found.fixed_versions.concat(), fixed, "{message}");
        }
        assert_eq!(package(None, "[a] b", "", ""), None);
        let purl = "pkg:npm/%40a/b@1.2?arch=x".to_owned();
        let found = package(Some(&purl), "", "", "").unwrap();
        assert_eq!((found.name.as_str(), found.version.as_str()), ("@a/b", "1.2"));
    }
}
