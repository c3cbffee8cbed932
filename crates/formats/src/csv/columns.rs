//! Which column of a table means what.
//!
//! Owns: building [`Columns`] from a header, the layout that matches it, and the caller's mapping. Must not: read a
//! row.

use base::{Severity, text};
use csv::{ByteRecord, ReaderBuilder, StringRecord};

use super::{
    layouts::{LAYOUTS, Layout, NAMES, Role},
    scale::Scale,
};

/// How many columns a table may have.
const MAX_COLUMNS: usize = 100;

/// The columns that versions before 0.2 read, each with its other names; fingerprints of those versions are built from
/// them.
const OLD: [(&str, &[&str]); 7] = [
    ("title", &["name", "summary", "finding"]),
    ("severity", &["risk"]),
    ("description", &["details", "detail"]),
    ("location", &["path", "file", "url", "host", "component"]),
    ("rule_id", &["rule", "check_id", "plugin_id"]),
    ("cwe", &["cwe_id"]),
    ("fingerprint", &["id", "unique_id"]),
];

/// The columns of a table.
#[derive(Debug)]
pub(super) struct Columns {
    /// As in the header, one line each.
    pub(super) header: Vec<String>,
    /// Each column that is read, in the order of precedence.
    pub(super) roles: Vec<(Role, usize)>,
    /// The caller's mapping of values to severities; values are in lower case.
    pub(super) values: Vec<(String, Severity)>,
    /// Where versions before 0.2 found their columns.
    pub(super) old: [Option<usize>; OLD.len()],
    pub(super) scale: Scale,
    /// Whether its numbers must be CVSS scores: some have a fraction or are above 5.
    pub(super) scores: bool,
    /// The tool that wrote the table, if its layout is known.
    pub(super) layout: Option<&'static str>,
}

/// The caller's mapping of columns.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    columns: Vec<(Role, String)>,
    values: Vec<(String, Severity)>,
}

impl Mapping {
    /// Parses `severity:Risk,title:Name,critical:5`; a name with a comma is quoted, as in a table.
    pub(super) fn of(columns: &str) -> Result<Self, String> {
        let mut mapping = Self::default();
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(columns.as_bytes());
        let mut record = StringRecord::new();
        if !reader
            .read_record(&mut record)
            .map_err(|_| "not a list of columns, as in title:Name,severity:Risk".to_owned())?
        {
            return Ok(mapping);
        }
        for pair in record.iter().map(str::trim).filter(|pair| !pair.is_empty()) {
            let shown = || text::line(pair, 60);
            let (ours, theirs) = pair
                .split_once(':')
                .map(|(ours, theirs)| (ours.trim(), theirs.trim()))
                .filter(|(_, theirs)| !theirs.is_empty())
                .ok_or_else(|| format!("`{}` does not name a column; write it as title:Name", shown()))?;
            let ours = plain(ours);
            if let Some(severity) = Severity::ALL.into_iter().find(|severity| severity.name() == ours) {
                mapping.values.push((theirs.to_lowercase(), severity));
            } else if let Some((role, _, _)) = NAMES.iter().find(|(_, name, _)| *name == ours) {
                mapping.columns.push((*role, plain(theirs)));
            } else {
                let names: Vec<_> = NAMES.iter().map(|(_, name, _)| *name).collect();
                return Err(format!(
                    "`{}` is neither a severity nor one of {}",
                    text::line(&ours, 60),
                    names.join(", ")
                ));
            }
        }
        Ok(mapping)
    }

    /// The first mapped column that the header does not have.
    fn misses(&self, names: &[String]) -> Option<&str> {
        let mut missing = self.columns.iter().filter(|(_, name)| !names.contains(name));
        missing.next().map(|(_, name)| name.as_str())
    }
}

/// The name of a column, normalized for comparison.
fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

impl Columns {
    /// The columns of a header, or what is wrong with it.
    pub(super) fn of(header: &ByteRecord, mapping: &Mapping) -> Result<Self, String> {
        let header: Vec<_> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        if header.len() > MAX_COLUMNS {
            return Err(format!("the table has more than {MAX_COLUMNS} columns"));
        }
        let names: Vec<_> = header.iter().map(|name| plain(name)).collect();
        if let Some(missing) = mapping.misses(&names) {
            return Err(format!(
                "the header does not have the column `{}` that columns= names",
                text::line(missing, 60)
            ));
        }
        let layout = fitting(&names);
        let mut roles = mapped(&names, mapping);
        let free = |roles: &[(Role, usize)], role: Role, place: usize| {
            roles.iter().all(|(_, taken)| *taken != place)
                && !mapping.columns.iter().any(|(one, _)| *one == role)
        };
        match layout {
            // One column may have two roles, such as a title that is also the evidence.
            Some(layout) => {
                let mapped = roles.clone();
                let found = layout
                    .columns
                    .iter()
                    .filter_map(|(role, name)| Some((*role, place(&names, name)?)));
                roles.extend(found.filter(|(role, place)| free(&mapped, *role, *place)));
            }
            None => {
                for (role, name, others) in NAMES {
                    let found =
                        place(&names, name).or_else(|| others.iter().find_map(|other| place(&names, other)));
                    let Some(found) = found.filter(|found| free(&roles, *role, *found)) else {
                        continue;
                    };
                    if names.iter().filter(|one| Some(*one) == names.get(found)).count() > 1 {
                        return Err(format!("the header has the column `{name}` twice"));
                    }
                    roles.push((*role, found));
                }
            }
        }
        let columns = Self {
            old: OLD.map(|(name, others)| {
                place(&names, name).or_else(|| others.iter().find_map(|other| place(&names, other)))
            }),
            header: header.iter().map(|name| text::line(name, 100)).collect(),
            roles,
            values: mapping.values.clone(),
            scale: layout.map_or(Scale::Words, |layout| layout.scale),
            scores: false,
            layout: layout.map(|layout| layout.tool),
        };
        columns.complete().map(|()| columns)
    }

    /// Whether the columns that a finding needs are present.
    fn complete(&self) -> Result<(), String> {
        if self.place(Role::Title).is_none() {
            return Err("the header has no column `title`".to_owned());
        }
        if self.place(Role::Severity).or(self.place(Role::Cvss)).is_none() {
            return Err("the header has no column `severity`".to_owned());
        }
        Ok(())
    }

    /// The first column of a role.
    pub(super) fn place(&self, role: Role) -> Option<usize> {
        self.places(role).next()
    }

    /// The columns of a role.
    pub(super) fn places(&self, role: Role) -> impl Iterator<Item = usize> {
        self.roles
            .iter()
            .filter(move |(one, _)| *one == role)
            .map(|(_, place)| *place)
    }

    /// The names of the columns found in the header, for the marks of a file.
    pub(super) fn found(&self) -> impl Iterator<Item = &'static str> {
        let named = |role: &Role| {
            NAMES
                .iter()
                .find(|(one, _, _)| one == role)
                .map(|(_, name, _)| *name)
        };
        self.roles.iter().filter_map(move |(role, _)| named(role))
    }
}

/// Whether a row is the header of a known table.
pub(super) fn is_layout(header: &ByteRecord) -> bool {
    let names: Vec<_> = header
        .iter()
        .map(|name| plain(&String::from_utf8_lossy(name)))
        .collect();
    names.len() <= MAX_COLUMNS && fitting(&names).is_some()
}

fn fitting(names: &[String]) -> Option<&'static Layout> {
    LAYOUTS
        .iter()
        .find(|layout| layout.needs.iter().all(|need| place(names, need).is_some()))
}

fn mapped(names: &[String], mapping: &Mapping) -> Vec<(Role, usize)> {
    let found = mapping
        .columns
        .iter()
        .filter_map(|(role, name)| Some((*role, place(names, name)?)));
    found.collect()
}

fn place(names: &[String], name: &str) -> Option<usize> {
    names.iter().position(|found| found == name)
}
