//! Reading one row of a table as an entry.
//!
//! Owns: parsing cells (numbers, lists, places) and what a row is recognised by. Must not: know a file.

use base::{Severity, text};

use super::{
    columns::Columns,
    layouts::Role,
    scale::{self, Scale},
};
use crate::{
    Component, Cvss, Skip, cwe,
    draft::{Draft, Key, labelled, old},
    list::Entry,
    paths, severity,
};

/// A row with its columns.
pub(super) struct Row<'r> {
    pub(super) columns: &'r Columns,
    pub(super) cells: Vec<&'r str>,
    /// Whether the ids of the table only number its rows: then they identify nothing.
    pub(super) counted: bool,
}

/// Extensions of files that are recognised even without a folder.
const SOURCES: &str = " c cc cpp cs css dart ex go gradle h hpp html java js json jsx kt lock lua mjs php pl ps1 py rb rs scala \
                       sh sql swift tf toml ts tsx vue xml yaml yml ";

impl Row<'_> {
    /// The first cell of a role that is not blank.
    fn cell(&self, role: Role) -> &str {
        self.cells_of(role).next().unwrap_or_default()
    }

    fn cells_of(&self, role: Role) -> impl Iterator<Item = &str> {
        let cells = self
            .columns
            .places(role)
            .filter_map(|place| self.cells.get(place));
        cells.map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }

    /// The row as an entry.
    pub(super) fn entry(&self) -> Entry {
        let width = self.columns.header.len();
        let (cells, surplus) = self.cells.split_at(self.cells.len().min(width));
        if cells.iter().chain(surplus).all(|cell| cell.trim().is_empty()) {
            return Entry::skipped("the row is empty");
        }
        if self.columns.layout.is_some() && self.cells.len() == 1 && width > 2 {
            return Entry::skipped("not a finding: a line about the report");
        }
        if self.cells.len() < width || surplus.iter().any(|cell| !cell.trim().is_empty()) {
            return unreadable(&format!(
                "the row has {} cells, the header {width}",
                self.cells.len()
            ));
        }
        if text::line(self.cell(Role::Title), 1).is_empty() {
            return unreadable("the row has no title");
        }
        if let Some(reason) = self.dismissed() {
            return Entry::skipped(&reason);
        }
        match self.severity() {
            Ok(severity) => Entry::from(self.draft(severity)),
            Err(skip) => Entry::Skipped(skip),
        }
    }

    /// Why the table itself marks it as not a problem.
    fn dismissed(&self) -> Option<String> {
        let is_one_of = |role, words: &[&str]| words.contains(&self.cell(role).to_ascii_lowercase().as_str());
        if is_one_of(Role::FalsePositive, &["true", "yes", "1", "x"]) {
            return Some("marked as a false positive".to_owned());
        }
        is_one_of(Role::State, &["fixed"]).then(|| "marked as fixed".to_owned())
    }

    fn severity(&self) -> Result<Severity, Skip> {
        let cell = self.cell(Role::Severity);
        let wanted = cell.to_lowercase();
        if let Some((_, severity)) = self.columns.values.iter().find(|(value, _)| *value == wanted) {
            return Ok(*severity);
        }
        if cell.is_empty() {
            return self.score();
        }
        let word = text::line(cell, 40);
        match self.columns.scale.read(cell) {
            scale::Stated::Is(severity) => Ok(severity),
            scale::Stated::Passed => Err(Skip::because(format!(
                "severity `{word}`: the check found no problem"
            ))),
            scale::Stated::Untested => Err(Skip::unreadable(format!(
                "severity `{word}`: the check could not be carried out"
            ))),
            scale::Stated::Bare => severity::of_score(cell)
                .filter(|_| self.columns.scores)
                .ok_or_else(|| {
                    Skip::unreadable(format!("the severity `{word}` is a number on an unknown scale"))
                }),
            scale::Stated::Unknown => {
                let names = Severity::ALL.map(Severity::name).join(", ");
                Err(Skip::unreadable(format!(
                    "the severity `{word}` is not one of {names}"
                )))
            }
        }
    }

    /// The severity by the CVSS score, if there is no other.
    fn score(&self) -> Result<Severity, Skip> {
        let cell = self.cell(Role::Cvss);
        if cell.is_empty() {
            return Err(Skip::unreadable("the row has no severity"));
        }
        severity::of_score(&number(cell)).ok_or_else(|| {
            let shown = text::line(cell, 40);
            Skip::unreadable(format!("the CVSS score `{shown}` is not a number from 0 to 10"))
        })
    }

    fn draft(&self, severity: Severity) -> Draft {
        let identifiers = self.identifiers();
        let (path, line) = self.file();
        Draft {
            key: self.key(&identifiers, &path, line),
            old: self.old(),
            title: self.title(),
            description: self.description(),
            severity: Some(severity),
            rule_id: self.cell(Role::Rule).to_owned(),
            cwes: self
                .cells_of(Role::Cwe)
                .flat_map(words)
                .filter_map(weakness)
                .collect(),
            cvss: self.cvss(),
            component: self.component(),
            references: self
                .cells_of(Role::Reference)
                .flat_map(words)
                .map(str::to_owned)
                .collect(),
            locations: self.locations(),
            found_at: self.cell(Role::FoundAt).parse().ok(),
            identifiers,
            rest: self.cells.iter().map(|cell| cell.trim().to_owned()).collect(),
            ..Draft::default()
        }
    }

    fn title(&self) -> String {
        let title = self.cell(Role::Title);
        match self.columns.scale {
            Scale::Testssl => format!("{}: {title}", self.cell(Role::Rule)),
            _ => title.to_owned(),
        }
    }

    /// What it is recognised by: the place is host, port, file, URL and component; the rule is its own, else the title.
    fn key(&self, identifiers: &[String], path: &str, line: u32) -> Key {
        let evidence = self.cells_of(Role::Evidence).collect::<Vec<_>>().join("\n");
        let described = self.cells_of(Role::Description).collect::<Vec<_>>().join("\n");
        let mut key = Key {
            kind: "csv",
            version: self.cell(Role::Version).to_owned(),
            message: if evidence.is_empty() { described } else { evidence },
            detail: self.cells.join("\u{1f}"),
            line,
            ..Key::default()
        };
        let print = self.cell(Role::Fingerprint);
        if !print.is_empty() {
            // The table's own name for the entry applies wherever it is.
            key.rules = vec![print.to_owned()];
            key.place = vec!["fingerprint".to_owned()];
            key.message = format!("{}\n{}", self.title(), key.message);
            return key;
        }
        let rule = [Role::Rule, Role::Title].map(|role| self.cell(role));
        key.rules = rule
            .into_iter()
            .find(|rule| !rule.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect();
        path.clone_into(&mut key.path);
        let location = if path.is_empty() {
            self.cell(Role::Location)
        } else {
            ""
        };
        key.place = [
            self.cell(Role::Host),
            self.cell(Role::Url),
            location,
            self.cell(Role::Component),
        ]
        .map(str::to_lowercase)
        .to_vec();
        key.place.push(self.port());
        if let [one] = identifiers {
            key.parts.push(one.clone());
        }
        if !self.counted {
            key.parts.push(self.cell(Role::Id).to_owned());
        }
        key
    }

    fn old(&self) -> crate::Old {
        let [title, _, description, location, rule, _, print] = self.columns.old.map(|place| {
            place
                .and_then(|place| self.cells.get(place))
                .map_or("", |cell| cell.trim())
        });
        if print.is_empty() {
            old("csv row 1", &[rule, title, location], 0, &[description])
        } else {
            old("csv fingerprint 1", &[print], 0, &[])
        }
    }

    /// CVE and other identifiers, from all columns that may contain them.
    fn identifiers(&self) -> Vec<String> {
        let known = [Role::Cve, Role::Rule, Role::Id]
            .into_iter()
            .flat_map(|role| self.cells_of(role).flat_map(words));
        let others = self
            .cells_of(Role::Identifier)
            .flat_map(words)
            .map(str::to_uppercase);
        let mut all: Vec<String> = known
            .map(str::to_uppercase)
            .filter(|word| is_identifier(word))
            .chain(others)
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The file and the line.
    fn file(&self) -> (String, u32) {
        let line = self.cell(Role::Line).parse().unwrap_or_default();
        let path = self.cell(Role::Path);
        if !path.is_empty() {
            return (paths::normal(path), line);
        }
        let location = self.cell(Role::Location);
        let (file, end) = match location
            .rsplit_once(':')
            .map(|(file, end)| (file, end.parse::<u32>()))
        {
            Some((file, Ok(end))) => (file, end),
            _ => (location, line),
        };
        if is_file(file) {
            (paths::normal(file), end)
        } else {
            (String::new(), 0)
        }
    }

    /// The port with its protocol; empty for 0, which Nessus writes for the host itself.
    fn port(&self) -> String {
        let (port, protocol) = (self.cell(Role::Port), self.cell(Role::Protocol).to_lowercase());
        match (port, protocol.as_str()) {
            ("" | "0", _) => String::new(),
            (port, "") => port.to_lowercase(),
            (port, _) if port.contains('/') => port.to_lowercase(),
            (port, protocol) => format!("{port}/{protocol}"),
        }
    }

    fn locations(&self) -> Vec<String> {
        let path = match (self.cell(Role::Path), self.cell(Role::Line)) {
            ("", _) => String::new(),
            (path, "") => path.to_owned(),
            (path, line) => format!("{path}:{line}"),
        };
        let host = match (self.cell(Role::Host), self.port()) {
            (host, port) if host.is_empty() || port.is_empty() => host.to_owned(),
            (host, port) if host.contains(':') && !host.starts_with('[') => format!("[{host}]:{port}"),
            (host, port) => format!("{host}:{port}"),
        };
        let mut all: Vec<_> = [
            self.cell(Role::Location).to_owned(),
            self.cell(Role::Url).to_owned(),
        ]
        .into();
        if host.is_empty() || !path.starts_with('/') {
            all.extend([path, host]);
        } else {
            // A path on a host is one place.
            all.push(format!("{host}{path}"));
        }
        all.retain(|one| !one.is_empty());
        if all.is_empty() {
            all.push(self.cell(Role::Component).to_owned());
        }
        all
    }

    fn component(&self) -> Option<Component> {
        let name = [Role::Component, Role::Purl].map(|role| self.cell(role));
        let name = name.into_iter().find(|name| !name.is_empty())?;
        Some(Component {
            name: name.to_owned(),
            version: self.cell(Role::Version).to_owned(),
            purl: self.cell(Role::Purl).to_owned(),
            fixed_versions: self
                .cells_of(Role::Fixed)
                .flat_map(words)
                .map(str::to_owned)
                .collect(),
        })
    }

    fn cvss(&self) -> Option<Cvss> {
        let cell = self.cell(Role::Cvss);
        let inside = cell
            .split_once('(')
            .map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let vector = [self.cell(Role::Vector), inside]
            .into_iter()
            .find(|vector| vector.contains(':'));
        let vector = vector.unwrap_or_default();
        let score = number(cell)
            .parse::<f64>()
            .ok()
            .filter(|score| (0.0..=10.0).contains(score));
        if score.is_none() && vector.is_empty() {
            return None;
        }
        let version = vector.strip_prefix("CVSS:").and_then(|rest| rest.split_once('/'));
        Some(Cvss {
            version: version.map_or("", |(version, _)| version).to_owned(),
            vector: vector.to_owned(),
            score,
        })
    }

    /// The description: the text, the other labelled columns, and the cells of unmapped columns.
    fn description(&self) -> Vec<String> {
        let mut parts: Vec<_> = self.cells_of(Role::Description).map(str::to_owned).collect();
        let named = [
            ("Evidence", Role::Evidence),
            ("Impact", Role::Impact),
            ("Solution", Role::Solution),
            ("Host name", Role::Alias),
        ];
        for (label, role) in named {
            let mut cells: Vec<_> = self.cells_of(role).collect();
            cells.retain(|cell| *cell != self.cell(Role::Title) && *cell != self.cell(Role::Host));
            cells.dedup();
            parts.push(labelled(label, &cells.join("\n")));
        }
        if self.columns.layout.is_none() {
            let taken = |place| self.columns.roles.iter().any(|(_, taken)| *taken == place);
            let cells = self.columns.header.iter().zip(&self.cells).enumerate();
            let rest = cells.filter(|(place, (_, cell))| !taken(*place) && !cell.trim().is_empty());
            let lines: Vec<_> = rest.map(|(_, (name, cell))| labelled(name, cell)).collect();
            parts.push(lines.join("\n"));
        }
        parts
    }
}

fn unreadable(reason: &str) -> Entry {
    Entry::Skipped(Skip::unreadable(reason))
}

/// The items of a list in a cell.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    let items = cell.split(|char: char| char.is_whitespace() || ",;|".contains(char));
    items.map(str::trim).filter(|item| !item.is_empty())
}

/// The number at the start of a cell, as in `7.5 (AV:N/…)`.
fn number(cell: &str) -> String {
    let end = cell
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(cell.len());
    cell.get(..end).unwrap_or_default().to_owned()
}

fn weakness(word: &str) -> Option<String> {
    let named = word.to_ascii_lowercase().contains("cwe");
    (named || word.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| cwe::of(word))
        .flatten()
}

fn is_identifier(word: &str) -> bool {
    let known = ["CVE-", "GHSA-", "PYSEC-", "RUSTSEC-", "GO-", "OSV-", "MAL-"];
    known.iter().any(|prefix| word.starts_with(prefix)) && word.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether a place is a file: it has a folder or a source file's extension, and is not a URL or the address of a page.
fn is_file(place: &str) -> bool {
    let ending = place.rsplit_once('.').map_or("", |(_, ending)| ending);
    let known = !ending.is_empty() && SOURCES.contains(&format!(" {} ", ending.to_ascii_lowercase()));
    known && !place.contains("://") && !place.contains(char::is_whitespace)
}
