//! The ids of published vulnerabilities.
//!
//! Owns: which texts are such ids, and which of them name the same vulnerability. Must not: read descriptions, which
//! also mention other vulnerabilities.

use super::{bag::Bag, rule::Rule};

/// Maximum number of ids of one advisory that are kept.
const IDS: usize = 200;

/// The id in the name of a rule, and those stated to belong to it.
pub(super) fn identifiers(rule_id: &str, rule: Option<&Rule>, bag: &Bag, message: &str) -> Vec<String> {
    let mut found = Vec::new();
    ids(rule_id, &mut found);
    found.truncate(1);
    let bags = rule.map(|rule| &rule.bag).into_iter().chain([bag]);
    let stated = bags.flat_map(|bag| &bag.aliases);
    let Some(main) = found.first() else {
        stated.for_each(|alias| ids(alias, &mut found));
        return found;
    };
    let snyk = main.starts_with("SNYK-");
    let before = rule.map_or(&[][..], |rule| &rule.aliases);
    before
        .iter()
        .chain(stated)
        .for_each(|alias| ids(alias, &mut found));
    // "… is vulnerable to 'CVE-1' (also known as 'GHSA-1')."
    if let Some((_, also)) = message.split_once("(also known as ") {
        ids(also.split(')').next().unwrap_or_default(), &mut found);
    }
    // "(CVE-1) lodash@4.17.4"
    if let Some(also) = rule.filter(|_| snyk).and_then(|rule| rule.full.strip_prefix('(')) {
        ids(also.split(')').next().unwrap_or_default(), &mut found);
    }
    found
}

/// Those of these ids that are names of the first one; for an advisory over several CVEs, none of them is.
pub(super) fn names(ids: &[String]) -> Vec<String> {
    let is_cve = |id: &String| id.starts_with("CVE-");
    let Some((main, others)) = ids.split_first().filter(|(main, _)| !is_bundle(main)) else {
        return ids.first().cloned().into_iter().collect();
    };
    let several = is_cve(main) || others.iter().filter(|id| is_cve(id)).count() > 1;
    let aliases = others
        .iter()
        .filter(|id| !(is_bundle(id) || several && is_cve(id)));
    [main].into_iter().chain(aliases).cloned().collect()
}

/// The vulnerability ids in a text, each once.
fn ids(text: &str, into: &mut Vec<String>) {
    let mut inside = false;
    for (at, char) in text.char_indices() {
        let starts = !inside && char.is_ascii_alphabetic();
        inside = char.is_alphanumeric() || char == '-';
        let Some(id) = text.get(at..).filter(|_| starts).and_then(id) else {
            continue;
        };
        if into.len() < IDS && !into.contains(&id) {
            into.push(id);
        }
    }
}

/// The vulnerability id that a text starts with, in its usual spelling.
fn id(text: &str) -> Option<String> {
    let word = text.len()
        - text
            .trim_start_matches(|char: char| char.is_ascii_alphanumeric())
            .len();
    let kind = text
        .get(..word)
        .filter(|kind| kind.len() <= 8)?
        .to_ascii_uppercase();
    let rest = text.get(word..)?.strip_prefix(['-', ':'])?;
    let parts = |lengths: &[std::ops::RangeInclusive<usize>]| {
        let mut parts = rest.split(|char: char| !char.is_ascii_alphanumeric());
        let part = |length: &std::ops::RangeInclusive<usize>| {
            parts.next().filter(|part| length.contains(&part.len()))
        };
        lengths.iter().map(part).collect::<Option<Vec<_>>>()
    };
    let numbers = |parts: &[&str]| {
        parts
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let numbered = |first| {
        let parts = parts(&[first, 1..=12])?;
        let gap = if is_bundle_kind(&kind) && rest.contains(':') {
            ":"
        } else {
            "-"
        };
        numbers(&parts).then(|| format!("{kind}-{}", parts.join(gap)))
    };
    match kind.as_str() {
        "CVE" | "PYSEC" | "RUSTSEC" | "GO" | "OSV" | "MAL" | "GSD" | "ELSA" | "RHSA" | "RHBA" | "ALSA"
        | "RLSA" => numbered(4..=4),
        "DSA" | "DLA" | "USN" => numbered(2..=5),
        "GHSA" => Some(format!(
            "GHSA-{}",
            parts(&[4..=4, 4..=4, 4..=4])?.join("-").to_ascii_lowercase()
        )),
        "SNYK" => {
            let end = rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '-');
            Some(format!(
                "SNYK-{}",
                rest.get(..end.unwrap_or(rest.len()))?.to_ascii_uppercase()
            ))
        }
        _ => None,
    }
}

/// Whether an advisory of this kind bundles vulnerabilities: then it is a rule of its own, and they are not aliases.
fn is_bundle_kind(kind: &str) -> bool {
    matches!(
        kind,
        "DSA" | "DLA" | "USN" | "ELSA" | "RHSA" | "RHBA" | "ALSA" | "RLSA"
    )
}

fn is_bundle(id: &str) -> bool {
    is_bundle_kind(id.split('-').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_the_names_of_rules() {
        for (text, expected) in [
            ("CVE-2021-44228", "CVE-2021-44228"),
            ("cve-1999-0001-package-1", "CVE-1999-0001"),
            ("GHSA-35JH-r3h4-6jhm-lodash", "GHSA-35jh-r3h4-6jhm"),
            ("[HIGH] CVE-2021-1", "CVE-2021-1"),
            ("SNYK-JS-LODASH-450202", "SNYK-JS-LODASH-450202"),
            ("RUSTSEC-2020-0071", "RUSTSEC-2020-0071"),
            ("RHSA-2021:0001", "RHSA-2021:0001"),
            ("GO-2022-0969", "GO-2022-0969"),
            ("go-vet", ""),
            ("cve-check", ""),
            ("py/go-2-1", ""),
            ("x-CVE-2021-1", ""),
            ("AVD-AWS-0086", ""),
            ("é-CVE", ""),
            ("", ""),
        ] {
            let mut found = Vec::new();
            ids(text, &mut found);
            assert_eq!(found.concat(), expected, "{text}");
        }
    }
}
