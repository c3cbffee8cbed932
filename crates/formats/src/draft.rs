//! A finding under construction: texts as the scan report has them.
//!
//! Owns: cleaning and truncating them, and the identity hashes. Must not: know a format.

use std::borrow::Cow;

use base::{Severity, Time, text};

use crate::{
    Component, Cvss, Details, Found, Identified, Identity, Old,
    found::{DESCRIPTION, MAX_LIST, MAX_LOCATIONS, SNIPPET, TITLE},
    identity::{Hash, KEYS, even_spaces, evidence, rank, unnumbered, without_numbers},
    paths, without_credentials,
};

/// Maximum length of one location, reference or name in characters.
const LINE: usize = 1_000;

/// A finding under construction.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// Which of the scan report's coverages it belongs to.
    pub(crate) coverage: usize,
    pub(crate) key: Key,
    pub(crate) old: Old,
    pub(crate) title: String,
    /// Paragraphs; empty and repeated ones are left out.
    pub(crate) description: Vec<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) rule_id: String,
    /// The identifiers of the vulnerability, as the scan report writes them.
    pub(crate) identifiers: Vec<String>,
    pub(crate) cwes: Vec<String>,
    pub(crate) cvss: Option<Cvss>,
    pub(crate) component: Option<Component>,
    pub(crate) references: Vec<String>,
    pub(crate) locations: Vec<String>,
    /// How many locations the scan report counts, if it lists fewer.
    pub(crate) locations_count: usize,
    pub(crate) snippet: String,
    pub(crate) found_at: Option<Time>,
    pub(crate) statement: String,
    /// Everything else the scan report has on this entry: entries that differ in it are not the same.
    pub(crate) rest: Vec<String>,
}

/// What an entry is recognised by, in the scan report's own texts.
#[derive(Debug, Default)]
pub(crate) struct Key {
    /// The kind of entry: entries of different kinds are never the same.
    pub(crate) kind: &'static str,
    /// The file, in normal form ([`paths::normal`]); empty if there is none.
    pub(crate) path: String,
    /// The rest of the place: a host, a component and its type.
    pub(crate) place: Vec<String>,
    /// The names of the rule, most specific first: a CVE and its GHSA are one.
    pub(crate) rules: Vec<String>,
    /// What permanently distinguishes entries of one rule in one place: a port, a resource, a parameter.
    pub(crate) parts: Vec<String>,
    /// The tool's own hash of the code around the line.
    pub(crate) tool: String,
    pub(crate) code: String,
    pub(crate) version: String,
    pub(crate) message: String,
    /// What distinguishes otherwise equal entries.
    pub(crate) detail: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// For an entry that has several places and keeps its identity while they come and go: each of them, in the order
    /// of `locations`, which has their display texts.
    pub(crate) places: Vec<String>,
}

/// The group of everything on a host.
pub(crate) fn host_group(kind: &str, host: &str) -> u128 {
    Hash::new("group").add(kind).add("").add(host).end()
}

impl Key {
    /// The path relative to the root of the scan report.
    fn path(&self, root: &str) -> String {
        paths::below(&self.path, root)
    }

    /// The tool's message; if the entry has no evidence at all, the rule, so that entries of one rule in one place are
    /// ordered by line.
    fn message_or_rule(&self) -> &str {
        let all = [&self.tool, &self.code, &self.version, &self.message];
        if all.iter().any(|text| !text.trim().is_empty()) {
            return &self.message;
        }
        self.rules.first().map_or("", String::as_str)
    }

    /// Sorts the places of an entry that has several, with their display texts: their order in the scan report means
    /// nothing.
    fn sort_places(&mut self, locations: &mut Vec<String>) {
        if self.places.is_empty() {
            return;
        }
        let rest = locations.split_off(self.places.len().min(locations.len()));
        let shown = std::mem::take(locations);
        let mut both: Vec<_> = shown.into_iter().zip(std::mem::take(&mut self.places)).collect();
        both.sort_unstable();
        (*locations, self.places) = both.into_iter().unzip();
        locations.extend(rest);
    }

    fn identity(&self, path: &str, (look, whole): (u64, u64)) -> Identity {
        let mut keys = [0; KEYS];
        let parts = || self.parts.iter().map(String::as_str);
        for (key, rule) in keys
            .iter_mut()
            .zip(self.rules.iter().filter(|rule| !rule.is_empty()))
        {
            *key = Hash::new("key").add(rule).all(parts()).half().max(1);
        }
        if keys == [0; KEYS] {
            keys[0] = Hash::new("key").add("").all(parts()).half().max(1);
        }
        let mut places: Vec<_> = self.places.iter().map(|place| evidence("place", place)).collect();
        places.sort_unstable();
        places.dedup();
        Identity {
            group: Hash::new("group").add(self.kind).add(path).all(&self.place).end(),
            keys,
            tool: evidence("tool", unnumbered(&self.tool)),
            code: evidence("code", &even_spaces(&self.code)),
            version: evidence("version", &self.version),
            message: evidence("message", &without_numbers(self.message_or_rule())),
            exact: evidence("exact", &even_spaces(self.message_or_rule())),
            // The message includes its numbers: entries of one scan report may differ only in these.
            detail: evidence(
                "detail",
                &format!("{}\n{}", self.detail, even_spaces(&self.message)),
            ),
            line: self.line,
            column: self.column,
            rank: rank(&self.version),
            look,
            whole,
            places,
        }
    }
}

impl Draft {
    /// The title for display.
    fn shown_title(&self, tool: &str) -> String {
        let title = text::line(&self.title, TITLE);
        if title.is_empty() {
            format!("A finding of {tool}")
        } else {
            title
        }
    }

    /// Masks credentials in the URLs of all displayed texts. Its identity consists of hashes.
    fn hide_credentials(&mut self) {
        let texts = [&mut self.title, &mut self.snippet, &mut self.statement].into_iter();
        let lists = [&mut self.description, &mut self.locations, &mut self.references];
        for text in texts.chain(lists.into_iter().flatten()) {
            if let Cow::Owned(hidden) = without_credentials(text) {
                *text = hidden;
            }
        }
    }

    fn shown_description(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for part in &self.description {
            let part = text::block(part, DESCRIPTION);
            if !part.is_empty() && !parts.iter().any(|other| other.contains(&part)) {
                parts.push(part);
            }
        }
        text::cut(&parts.join("\n\n"), DESCRIPTION)
    }

    fn identity(&self, path: &str) -> Identity {
        self.key.identity(path, (self.look().half(), self.whole()))
    }

    /// What it is recognised by; paths are relative to `root`.
    pub(crate) fn identified(&self, root: &str) -> Identified {
        Identified {
            coverage: self.coverage,
            identity: self.identity(&self.key.path(root)),
            old: self.old,
        }
    }

    /// What an analyst can see of it apart from its texts, place and time.
    fn look(&self) -> Hash {
        let hash = Hash::new("look")
            .add(self.severity.map_or("", Severity::name))
            .add(&self.rule_id);
        let hash = hash.all(&self.identifiers).add("").all(&self.cwes).add("");
        let hash = hash.all(&self.references).add("");
        let rated = self
            .cvss
            .iter()
            .flat_map(|cvss| [cvss.version.as_str(), &cvss.vector]);
        let score = self
            .cvss
            .as_ref()
            .and_then(|cvss| cvss.score)
            .map(|score| score.to_string());
        let hash = hash.all(rated).add("").all(score).add("");
        let component = self.component.iter();
        let named = component
            .clone()
            .flat_map(|one| [one.name.as_str(), &one.version, &one.purl]);
        let hash = hash
            .all(named)
            .add("")
            .all(component.flat_map(|one| &one.fixed_versions))
            .add("");
        hash.add(&self.snippet).add(&self.statement).all(&self.rest)
    }

    /// Everything an analyst can see of it, as the scan report has it: entries that share this are one.
    fn whole(&self) -> u64 {
        let hash = self.look().add("").add(&self.title).all(&self.description);
        let hash = hash.add("").all(&self.locations).add("");
        hash.number(self.found_at.map(Time::nanos))
            .number(Some(i64::from(self.key.column)))
            .half()
    }

    /// Its finding, with texts cleaned and truncated; paths are relative to `root`.
    pub(crate) fn found(mut self, tool: &str, root: &str) -> Found {
        self.key.sort_places(&mut self.locations);
        let path = self.key.path(root);
        let identity = self.identity(&path);
        self.hide_credentials();
        let title = self.shown_title(tool);
        let description = self.shown_description();
        let severity = self.severity.unwrap_or(Severity::Informational);
        let mut details = Details {
            identifiers: lines(&self.identifiers, 100),
            cwes: lines(&self.cwes, 20),
            cvss: self.cvss.map(|cvss| Cvss {
                version: text::line(&cvss.version, 10),
                vector: text::line(&cvss.vector, 300),
                score: cvss.score,
            }),
            component: self.component.as_ref().map(component),
            references: lines(&self.references, LINE),
            locations: lines(self.locations.iter().map(|one| paths::shown(one, root)), LINE),
            locations_count: 0,
            snippet: text::cut(&code(&self.snippet), SNIPPET),
            found_at: self.found_at,
            statement: text::line(&self.statement, LINE),
        };
        let count = details.locations.len().max(self.locations_count);
        details.locations_count = u32::try_from(count).unwrap_or(u32::MAX);
        let rule = text::line(&self.rule_id, 300);
        details.locations.truncate(MAX_LOCATIONS);
        let spots = self.key.places.iter().zip(&self.locations);
        let spots: Vec<_> = spots
            .map(|(place, shown)| {
                (
                    evidence("place", place),
                    text::line(paths::shown(shown, root), LINE),
                )
            })
            .collect();
        let mut found = Found {
            identity,
            path,
            old: self.old,
            title,
            description,
            severity,
            rule_id: (!rule.is_empty()).then_some(rule),
            details,
            spots,
        };
        if !found.spots.is_empty() {
            // The scan report may count more of them than it lists.
            let count = found.details.locations_count;
            found.show_spots();
            found.details.locations_count = found.details.locations_count.max(count);
        }
        found
    }
}

/// Each text once, cleaned, as one line of at most `max` characters.
fn lines(texts: impl IntoIterator<Item = impl AsRef<str>>, max: usize) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let clean = texts.into_iter().map(|one| text::line(one.as_ref(), max));
    clean
        .filter(|one| !one.is_empty() && seen.insert(one.clone()))
        .take(MAX_LIST.max(MAX_LOCATIONS * 100))
        .collect()
}

/// Code for display: indented, without invisible characters.
fn code(snippet: &str) -> String {
    let clean = |line: &str| {
        let indent: String = line
            .chars()
            .take_while(|char| matches!(char, ' ' | '\t'))
            .take(80)
            .collect();
        format!("{indent}{}", text::line(line, LINE))
    };
    let lines: Vec<_> = snippet.lines().take(200).map(clean).collect();
    lines.join("\n").trim_matches('\n').trim_end().to_owned()
}

fn component(component: &Component) -> Component {
    Component {
        name: text::line(&component.name, 300),
        version: text::line(&component.version, 200),
        purl: text::line(&component.purl, LINE),
        fixed_versions: lines(&component.fixed_versions, 200),
    }
}

/// A labelled part of a description; empty if there is no text.
pub(crate) fn labelled(label: &str, text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        String::new()
    } else {
        format!("{label}: {text}")
    }
}

/// What versions before 0.2 recognised an entry by: `keys` from one scan report to the next, `line` and `details`
/// within one scan report.
pub(crate) fn old(format: &str, keys: &[&str], line: u32, details: &[&str]) -> Old {
    Old {
        print: Hash::new(format).all(keys).end(),
        line,
        column: 0,
        detail: Hash::new("detail").all(details).half(),
    }
}
