//! What is due when: everything in these tables that has a place on a calendar.
//!
//! Owns: which records are due at which time, in a scope, for everyone or for one person. Must not: say what is open;
//! [`findings::Status`] and [`scans::Status`] do.

use base::{Id, Scope, Severity, SubjectType, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx};

use crate::{Named, column, findings, scans};

/// Why something is on the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CalendarKind)]
pub enum Kind {
    /// A project starts.
    ProjectStart,
    /// A project ends.
    ProjectEnd,
    /// A scan is to start, or has started and goes on.
    Scan,
    /// An open finding should be closed by then.
    SlaDue,
    /// An open finding should be looked at again by then.
    RetestDue,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ProjectStart,
        Self::ProjectEnd,
        Self::Scan,
        Self::SlaDue,
        Self::RetestDue,
    ];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProjectStart => "project_start",
            Self::ProjectEnd => "project_end",
            Self::Scan => "scan",
            Self::SlaDue => "sla_due",
            Self::RetestDue => "retest_due",
        }
    }

    /// What kind of record it is about.
    pub const fn entity(self) -> SubjectType {
        match self {
            Self::ProjectStart | Self::ProjectEnd => SubjectType::Project,
            Self::Scan => SubjectType::Scan,
            Self::SlaDue | Self::RetestDue => SubjectType::Finding,
        }
    }

    /// Whether it can be one person's. The others are a company's.
    pub const fn is_personal(self) -> bool {
        matches!(self.entity(), SubjectType::Finding)
    }

    /// Its records, as a statement that ends in conditions; their table's alias there; when they are due.
    const fn about(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ProjectStart => (PROJECT_START, "p", "p.starts_at"),
            Self::ProjectEnd => (PROJECT_END, "p", "p.ends_at"),
            Self::Scan => (SCAN, "s", STARTS),
            Self::SlaDue => (SLA_DUE, "f", "f.sla_due_at"),
            Self::RetestDue => (RETEST_DUE, "f", "f.retest_due_at"),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// What may be seen.
    pub scope: Scope,
    /// Only of this company.
    pub company: Option<Id>,
    /// Only deadlines of findings assigned to this person directly, and nothing that is a company's (promise K3).
    pub assigned_to: Option<Id>,
    /// From this time on.
    pub from: Time,
    /// Until before this time.
    pub to: Time,
    /// At most so many, the earliest.
    pub limit: u32,
}

/// One entry: a record and why it is due then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Stable and unique: the kind and the record's id.
    pub id: String,
    /// Why it is there.
    pub kind: Kind,
    /// The record's title or name.
    pub title: String,
    /// When it is due.
    pub at: Time,
    /// When it ends, for what lasts.
    pub ends_at: Option<Time>,
    /// The record's id; what it is says the kind.
    pub entity_id: Id,
    /// How bad it is, for findings.
    pub severity: Option<Severity>,
    /// Where the record stands.
    pub status: String,
    /// The company it belongs to.
    pub company: Named,
    /// The project it belongs to, or is.
    pub project: Option<Named>,
}

const PROJECT_START: &str = "select p.id, p.name, p.starts_at, p.ends_at, '', p.status, c.id, c.name, p.id, p.name \
     from projects p join companies c on c.id = p.company_id where p.starts_at > 0";
const PROJECT_END: &str = "select p.id, p.name, p.ends_at, 0, '', p.status, c.id, c.name, p.id, p.name \
     from projects p join companies c on c.id = p.company_id where p.ends_at > 0";
/// A running scan stands where it started, another where it is to start.
const STARTS: &str = "case when s.started_at > 0 then s.started_at else s.scheduled_at end";
const SCAN: &str = "select s.id, s.name, case when s.started_at > 0 then s.started_at else s.scheduled_at end, 0, '', \
     s.status, c.id, c.name, s.project_id, p.name from scans s join companies c on c.id = s.company_id \
     left join projects p on p.id = s.project_id where 1 = 1";
const SLA_DUE: &str = "select f.id, f.title, f.sla_due_at, 0, f.severity, f.status, c.id, c.name, f.project_id, \
     p.name from findings f join companies c on c.id = f.company_id \
     left join projects p on p.id = f.project_id where f.sla_due_at > 0";
const RETEST_DUE: &str = "select f.id, f.title, f.retest_due_at, 0, f.severity, f.status, c.id, c.name, \
     f.project_id, p.name from findings f join companies c on c.id = f.company_id \
     left join projects p on p.id = f.project_id where f.retest_due_at > 0";

const ASSIGNED: &str = "f.id in (select a.finding_id from finding_users a where a.user_id = ?)";

/// What is due in a scope, the earliest first, equals by id. A finding is there once, however many people see to it.
///
/// # Errors
/// The store's.
pub fn due(tx: &mut Tx<'_>, query: &Query) -> Result<Vec<Item>, Error> {
    let mut items = Vec::new();
    for kind in Kind::ALL {
        if query.assigned_to.is_none() || kind.is_personal() {
            items.extend(of_kind(tx, kind, query)?);
        }
    }
    items.sort_unstable_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    items.truncate(query.limit as usize);
    Ok(items)
}

fn of_kind(tx: &mut Tx<'_>, kind: Kind, query: &Query) -> Result<Vec<Item>, Error> {
    let (sql, table, at) = kind.about();
    let company = format!("{table}.company_id");
    let mut select = Select::new(sql)
        .scope(&company, &query.scope)
        .filter(&format!("{company} = ?"), query.company)
        .filter(&format!("{at} >= ?"), Some(query.from))
        .filter(&format!("{at} < ?"), Some(query.to));
    select = match kind.entity() {
        SubjectType::Finding => select
            .within("f.status", findings::Status::OPEN)
            .filter(ASSIGNED, query.assigned_to),
        SubjectType::Scan => select.within("s.status", scans::Status::AHEAD),
        _ => select,
    };
    let rows: Vec<Due> = select
        .push(
            &format!(" order by {at}, {table}.id limit ?"),
            vec![query.limit.into()],
        )
        .all(tx)?;
    Ok(rows.into_iter().map(|row| row.item(kind)).collect())
}

/// A row of any of the statements.
struct Due {
    entity_id: Id,
    title: String,
    at: Time,
    ends_at: Option<Time>,
    severity: Option<Severity>,
    status: String,
    company: Named,
    project: Option<Named>,
}

impl FromRow for Due {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let severity: String = row.get(4)?;
        Ok(Self {
            entity_id: row.get(0)?,
            title: row.get(1)?,
            at: row.get(2)?,
            ends_at: column::time(row, 3)?,
            severity: if severity.is_empty() {
                None
            } else {
                Some(row.get(4)?)
            },
            status: row.get(5)?,
            company: Named {
                id: row.get(6)?,
                name: row.get(7)?,
            },
            project: column::named(row, 8)?,
        })
    }
}

impl Due {
    fn item(self, kind: Kind) -> Item {
        Item {
            id: format!("{}:{}", kind.name(), self.entity_id),
            kind,
            title: self.title,
            at: self.at,
            ends_at: self.ends_at,
            entity_id: self.entity_id,
            severity: self.severity,
            status: self.status,
            company: self.company,
            project: self.project,
        }
    }
}
