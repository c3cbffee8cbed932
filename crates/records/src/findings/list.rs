//! Finding findings: one, or a page of those that fit.

use std::{fmt, str::FromStr};

use access::{Page, PageQuery, Problem};
use base::{Id, Scope, Severity};
use store::{Select, Tx, Value};

use super::{Finding, Status, row};
use crate::text;

/// Which findings; none is no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this company.
    pub company: Option<Id>,
    /// Of this project.
    pub project: Option<Id>,
    /// About this asset.
    pub asset: Option<Id>,
    /// First or last found by this scan.
    pub scan: Option<Id>,
    /// In one of these statuses; empty for all.
    pub statuses: Vec<Status>,
    /// Of one of these severities; empty for all.
    pub severities: Vec<Severity>,
    /// Assigned to this person directly.
    pub assignee: Option<Id>,
    /// With this in title, location, rule, weakness, tool or description, in any case of letters.
    pub text: Option<String>,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The worst first.
    Worst,
    /// The mildest first.
    Mildest,
    /// The next deadline first, those without one last.
    DueSoonest,
    /// The last deadline first, those without one last.
    DueLatest,
    /// What changed last first.
    UpdatedLatest,
    /// What changed first first.
    UpdatedFirst,
}

impl Sort {
    const ALL: [Self; 8] = [
        Self::Newest,
        Self::Oldest,
        Self::Worst,
        Self::Mildest,
        Self::DueSoonest,
        Self::DueLatest,
        Self::UpdatedLatest,
        Self::UpdatedFirst,
    ];

    /// Name in the API, what it sorts by before the id, and whether it ascends.
    const fn about(self) -> (&'static str, &'static str, bool) {
        const DUE: &str = "case f.sla_due_at when 0 then 9223372036854775807 else f.sla_due_at end";
        match self {
            Self::Newest => ("-created_at", "", false),
            Self::Oldest => ("created_at", "", true),
            Self::Worst => ("-severity", "f.severity_rank", false),
            Self::Mildest => ("severity", "f.severity_rank", true),
            Self::DueSoonest => ("sla_due_at", DUE, true),
            Self::DueLatest => ("-sla_due_at", "f.sla_due_at", false),
            Self::UpdatedLatest => ("-updated_at", "f.updated_at", false),
            Self::UpdatedFirst => ("updated_at", "f.updated_at", true),
        }
    }

    /// Where the page after this finding begins.
    fn cursor(self, finding: &Finding) -> Cursor {
        let due = finding.sla_due_at.map(base::Time::nanos);
        let key = match self {
            Self::Newest | Self::Oldest => None,
            Self::Worst | Self::Mildest => Some(crate::by::rank(finding.severity)),
            Self::DueSoonest => Some(due.unwrap_or(i64::MAX)),
            Self::DueLatest => Some(due.unwrap_or(0)),
            Self::UpdatedLatest | Self::UpdatedFirst => Some(finding.updated_at.nanos()),
        };
        Cursor { key, id: finding.id }
    }

    /// Only what comes after the cursor, in this order.
    fn after(self, select: Select, cursor: Option<Cursor>) -> Result<Select, Problem> {
        let (_, key, ascends) = self.about();
        let (than, way) = if ascends { (">", "") } else { ("<", " desc") };
        let select = match cursor {
            None => select,
            Some(Cursor { key: None, id }) if key.is_empty() => {
                select.push(&format!(" and f.id {than} ?"), vec![id.into()])
            }
            Some(Cursor { key: Some(value), id }) if !key.is_empty() => select.push(
                &format!(" and ({key}, f.id) {than} (?, ?)"),
                vec![value.into(), id.into()],
            ),
            Some(_) => return Err(Problem::field("cursor", "it is not a cursor of this list")),
        };
        let order = if key.is_empty() {
            format!(" order by f.id{way}")
        } else {
            format!(" order by {key}{way}, f.id{way}")
        };
        Ok(select.push(&order, Vec::new()))
    }
}

impl FromStr for Sort {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|sort| sort.about().0 == text)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.into_iter().map(|sort| sort.about().0).collect();
                format!("it is not one of {}", names.join(", "))
            })
    }
}

/// The last row of a page: what it is sorted by, if not by the id alone, and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    key: Option<i64>,
    id: Id,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = self.key {
            write!(f, "{key}_")?;
        }
        self.id.fmt(f)
    }
}

impl FromStr for Cursor {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (key, id) = match text.split_once('_') {
            Some((key, id)) => (Some(key.parse().map_err(drop)?), id),
            None => (None, text),
        };
        let id = id.parse().map_err(drop)?;
        Ok(Self { key, id })
    }
}

const OF_SCAN: &str = " and ((f.last_scan_id = ? and f.last_scan_id <> '') \
     or (f.first_scan_id = ? and f.first_scan_id <> ''))";

/// A page of the findings of a scope that fit.
///
/// # Errors
/// 422 for a limit or a cursor that does not fit.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    page: &PageQuery,
) -> Result<Page<Finding>, Problem> {
    let limit = page.limit()?;
    let mut select = Select::new(row::SELECT)
        .scope("f.company_id", scope)
        .filter("f.company_id = ?", filter.company)
        // The indexes leave out '', and SQLite has to be told that the value is none.
        .filter("f.project_id = ? and f.project_id <> ''", filter.project)
        .filter("f.asset_id = ? and f.asset_id <> ''", filter.asset);
    if let Some(scan) = filter.scan {
        select = select.push(OF_SCAN, vec![scan.into(), scan.into()]);
    }
    if !filter.statuses.is_empty() {
        select = select.within("f.status", filter.statuses.iter().copied());
    }
    if !filter.severities.is_empty() {
        select = select.within("f.severity", filter.severities.iter().copied());
    }
    let select = select
        .filter(
            "f.id in (select a.finding_id from finding_users a where a.user_id = ?)",
            filter.assignee,
        )
        .filter(
            "f.search like ? escape '!'",
            filter.text.as_deref().map(text::pattern),
        );
    let select = sort
        .after(select, page.after()?)?
        .push(" limit ?", vec![Value::from(limit + 1)]);
    let findings = row::all(tx, &select)?;
    Ok(Page::cut(findings, limit, |finding| {
        sort.cursor(finding).to_string()
    }))
}

/// One finding of a scope.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Finding, Problem> {
    one(tx, id, scope, "")
}

/// One finding of a scope, which nobody else changes until the end of this transaction.
///
/// # Errors
/// 404.
pub fn held(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Finding, Problem> {
    let lock = tx.for_update("f");
    one(tx, id, scope, &lock)
}

fn one(tx: &mut Tx<'_>, id: Id, scope: &Scope, lock: &str) -> Result<Finding, Problem> {
    let select = Select::new(row::SELECT)
        .scope("f.company_id", scope)
        .filter("f.id = ?", Some(id))
        .push(lock, Vec::new());
    row::all(tx, &select)?.pop().ok_or_else(Problem::not_found)
}
