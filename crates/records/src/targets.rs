//! Targets: what one tool's scan reports cover, such as an image, a category, a host, or a whole project.
//!
//! Owns: the tables `scan_targets` and `scan_coverage`: which scan report of a target is the latest, its metadata, and
//! what undoing it restores. Must not: read a scan report, or change a finding other than through `findings`.

pub mod http;
mod list;
mod retire;

pub(crate) use list::open;
pub use list::{Target, View, list};
pub use retire::retire;

use base::{Id, Time};
use store::{Error, Tx, Value, params};

use crate::{Place, column, column::id_or_none, rows};

/// A target locked by an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Existing {
    pub(crate) id: Id,
    /// The scan of its latest scan report.
    pub(crate) last_scan: Option<Id>,
    /// When that scan was done.
    pub(crate) reported_at: Option<Time>,
    /// The root folder of its paths.
    pub(crate) root: String,
}

/// The name of a tool without version and spelling: `Semgrep OSS 1.2` and `semgrep` are one tool.
pub(crate) fn family(tool: &str) -> String {
    let lower = tool.to_lowercase();
    let is_version = |word: &str| {
        let bare = word.trim_start_matches(['v', '(']).trim_end_matches(')');
        bare.starts_with(|char: char| char.is_ascii_digit()) && bare.contains('.')
    };
    let words = lower.split(|char: char| char.is_whitespace() || matches!(char, '_' | '-' | '/'));
    let words: Vec<_> = words
        .filter(|word| !word.is_empty() && !is_version(word))
        .collect();
    let words = match words.as_slice() {
        [name @ .., "version"] if !name.is_empty() => name,
        all => all,
    };
    // The same tool under the names of its editions.
    let bare = match words {
        ["codeql", ..] | ["semgrep", "oss" | "pro" | "code" | "ce"] => &words[..1],
        ["aquasecurity" | "aqua", "trivy"] | ["anchore", "grype"] => &words[1..],
        all => all,
    };
    if bare.is_empty() {
        lower.trim().to_owned()
    } else {
        bare.join(" ")
    }
}

const FIND: &str = "select id, last_scan_id, reported_at, root from scan_targets \
     where company_id = $1 and project_id = $2 and tool = $3 and name = $4";

/// The target of this tool family and name in a place, if it exists.
///
/// # Errors
/// The store's.
pub(crate) fn find(
    tx: &mut Tx<'_>,
    place: &Place,
    (tool, name): (&str, &str),
) -> Result<Option<Existing>, Error> {
    let project = id_or_none(place.project.as_ref().map(|project| project.id));
    let row: Option<(Id, String, Time, String)> =
        tx.one(FIND, params![place.company.id, project, tool, name])?;
    row.map(|(id, scan, reported_at, root)| {
        Ok(Existing {
            id,
            last_scan: column::parsed(&scan)?,
            reported_at: (reported_at != Time::default()).then_some(reported_at),
            root,
        })
    })
    .transpose()
}

const CREATE: &str = "insert into scan_targets (id, company_id, project_id, tool, name, tool_name, root, last_scan_id, \
     reported_at, retired_at, created_at) values ($1, $2, $3, $4, $5, $6, '', '', 0, 0, $7) on conflict do nothing";

/// The target of this tool and name in a place, created if it does not exist.
///
/// # Errors
/// The store's.
pub(crate) fn ensure(
    tx: &mut Tx<'_>,
    place: &Place,
    (tool, name): (&str, &str),
    tool_name: &str,
) -> Result<Existing, Error> {
    if let Some(held) = find(tx, place, (tool, name))? {
        return Ok(held);
    }
    let project = id_or_none(place.project.as_ref().map(|project| project.id));
    let (id, now) = (tx.id(), tx.now());
    tx.execute(
        CREATE,
        params![id, place.company.id, project, tool, name, tool_name, now],
    )?;
    find(tx, place, (tool, name))?.ok_or(Error::Fault("a target that was created does not exist"))
}

/// The content of a scan's scan report about one of its targets.
#[derive(Debug, Clone)]
pub(crate) struct Coverage {
    pub(crate) target: Existing,
    /// When the scan was done.
    pub(crate) reported_at: Time,
    /// Whether a later scan report of the target is known.
    pub(crate) older: bool,
    pub(crate) whole: bool,
    pub(crate) not_whole: Vec<String>,
    /// The root folder of its paths.
    pub(crate) root: String,
}

const NOTE: &str = "insert into scan_coverage (scan_id, target_id, reported_at, older, whole, not_whole, before_scan_id, \
     before_reported_at, before_root)";

/// Records what the scan report of a scan covers, and the previous state of its targets.
///
/// # Errors
/// The store's.
pub(crate) fn note(tx: &mut Tx<'_>, scan: Id, coverage: &[Coverage]) -> Result<(), Error> {
    let row = |one: &Coverage| {
        vec![
            Value::from(scan),
            one.target.id.into(),
            one.reported_at.into(),
            one.older.into(),
            one.whole.into(),
            serde_json::to_string(&one.not_whole).unwrap_or_default().into(),
            id_or_none(one.target.last_scan).into(),
            column::time_or_none(one.target.reported_at).into(),
            one.target.root.as_str().into(),
        ]
    };
    rows::insert(tx, (NOTE, ""), coverage.iter().map(row).collect()).map(drop)
}

const LATEST: &str =
    "update scan_targets set last_scan_id = $2, reported_at = $3, root = $4, retired_at = 0 where id = $1";

/// Makes the scan report of this scan the latest one of its targets, except for those with a later one.
///
/// # Errors
/// The store's.
pub(crate) fn is_latest(tx: &mut Tx<'_>, scan: Id, coverage: &[Coverage]) -> Result<(), Error> {
    for one in coverage.iter().filter(|one| !one.older) {
        tx.execute(LATEST, params![one.target.id, scan, one.reported_at, &one.root])?;
    }
    Ok(())
}

/// What a scan's scan report covered, as recorded.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    pub(crate) target: Id,
    pub(crate) older: bool,
    pub(crate) last_scan: Option<Id>,
    pub(crate) before: Existing,
}

const NOTED: &str = "select c.target_id, c.older, t.last_scan_id, c.before_scan_id, c.before_reported_at, c.before_root \
     from scan_coverage c join scan_targets t on t.id = c.target_id where c.scan_id = $1";

/// What the scan report of a scan covered.
///
/// # Errors
/// The store's.
pub(crate) fn noted(tx: &mut Tx<'_>, scan: Id) -> Result<Vec<Noted>, Error> {
    let rows: Vec<(Id, bool, String, String, Time, String)> = tx.all(NOTED, params![scan])?;
    rows.into_iter()
        .map(|(target, older, last, before, reported_at, root)| {
            Ok(Noted {
                target,
                older,
                last_scan: column::parsed(&last)?,
                before: Existing {
                    id: target,
                    last_scan: column::parsed(&before)?,
                    reported_at: (reported_at != Time::default()).then_some(reported_at),
                    root,
                },
            })
        })
        .collect()
}

/// Makes the previous scan report the latest one again; without one the target has none.
///
/// # Errors
/// The store's.
pub(crate) fn restore_previous(tx: &mut Tx<'_>, before: &Existing) -> Result<(), Error> {
    let (scan, at) = (
        id_or_none(before.last_scan),
        column::time_or_none(before.reported_at),
    );
    tx.execute(LATEST, params![before.id, scan, at, &before.root])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::family;

    // promise: M5
    #[test]
    fn a_tool_is_one_under_every_version_and_spelling() {
        for (one, other) in [
            ("Trivy", "trivy"),
            ("Semgrep OSS", "semgrep"),
            ("CodeQL command-line toolchain", "CodeQL"),
            ("Bandit 1.7.5", "bandit"),
            ("ESLint v9.1.0", "eslint"),
            ("Dependency-Check", "dependency check"),
            ("Tool version 1.2", "tool"),
        ] {
            assert_eq!(family(one), family(other), "{one}");
        }
        assert_ne!(family("Snyk Code"), family("Snyk Container"));
        assert_eq!(family("1.2"), "1.2");
    }
}
