//! The statements for each kind of entry.
//!
//! Owns: one statement per kind, all with the columns of [`row::Due`](super::row::Due), each ending in conditions. The
//! first table is the one that is searched, in order of time; `cross join` keeps SQLite from starting with another.
//! Must not: contain values other than the statuses, which partial indexes need to see.

use super::item::Kind;
use crate::findings::Status;

/// For a kind: its records, as a statement that ends in conditions; the alias of their table; when they are due.
pub(super) const fn of(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::ProjectStart => (PROJECT_START, "p", "p.starts_at"),
        Kind::ProjectEnd => (PROJECT_END, "p", "p.ends_at"),
        Kind::Scan => (SCAN, "s", STARTS),
        Kind::AgreementExpiry => (AGREEMENT_EXPIRY, "a", "a.expires_at"),
        Kind::AcceptanceEnd => (ACCEPTANCE_END, "a", "a.expires_at"),
        Kind::SlaDue => ("", "f", "f.sla_due_at"),
        Kind::RetestDue => ("", "f", "f.retest_due_at"),
    }
}

const PROJECT_START: &str = "select p.id, p.name, p.starts_at, p.ends_at, '', p.status, c.id, c.name, \
     c.minimal_messages, p.id, p.name, p.created_at, p.updated_at \
     from projects p cross join companies c where c.id = p.company_id and p.starts_at > 0";
const PROJECT_END: &str = "select p.id, p.name, p.ends_at, 0, '', p.status, c.id, c.name, \
     c.minimal_messages, p.id, p.name, p.created_at, p.updated_at \
     from projects p cross join companies c where c.id = p.company_id and p.ends_at > 0";
const AGREEMENT_EXPIRY: &str = "select a.id, a.name, a.expires_at, 0, '', a.status, c.id, c.name, \
     c.minimal_messages, '', '', a.created_at, a.updated_at \
     from agreements a cross join companies c \
     where c.id = a.company_id and a.status = 'active' and a.expires_at > 0";
// The statuses are literals, as in the partial indexes: approvals::Status::HOLDING_SQL.
const ACCEPTANCE_END: &str = "select a.id, f.title, a.expires_at, 0, f.severity, a.status, c.id, c.name, \
     c.minimal_messages, f.project_id, p.name, a.created_at, a.updated_at \
     from approvals a cross join companies c cross join findings f left join projects p on p.id = f.project_id \
     where c.id = a.company_id and f.id = a.finding_id and a.status in ('approved', 'unapproved')";
/// A running scan is listed at its start, others at their scheduled time.
const STARTS: &str = "case when s.started_at > 0 then s.started_at else s.scheduled_at end";
const SCAN: &str = "select s.id, s.name, case when s.started_at > 0 then s.started_at else s.scheduled_at end, 0, '', \
     s.status, c.id, c.name, c.minimal_messages, s.project_id, p.name, s.created_at, s.updated_at \
     from scans s cross join companies c left join projects p on p.id = s.project_id where c.id = s.company_id";

/// The columns of a finding that is due at this column; optionally when it was created and updated, which no index has.
fn finding(at: &str, stamps: bool) -> String {
    let stamps = if stamps { STAMPS } else { "0, 0" };
    format!(
        "select f.id, f.title, {at}, 0, f.severity, f.status, c.id, c.name, c.minimal_messages, f.project_id, p.name, \
         {stamps} from"
    )
}

const STAMPS: &str = "f.created_at, f.updated_at";

/// What makes a finding due, with literals as in the partial indexes.
fn open(at: &str) -> String {
    format!("f.status in {} and {at} > 0", Status::OPEN_SQL)
}

/// Findings of all companies.
pub(super) fn everywhere(at: &str, stamps: bool) -> String {
    format!(
        "{} findings f cross join companies c left join projects p on p.id = f.project_id \
         where c.id = f.company_id and {}",
        finding(at, stamps),
        open(at)
    )
}

/// Findings assigned to a user directly: `?` is the user.
pub(super) fn assigned(at: &str, stamps: bool) -> String {
    format!(
        "{} finding_users u cross join findings f cross join companies c \
         left join projects p on p.id = f.project_id \
         where f.id = u.finding_id and c.id = f.company_id and {} and u.user_id = ?",
        finding(at, stamps),
        open(at)
    )
}

/// The columns read of a finding itself.
const READ: &str = "f.id, f.title, f.severity, f.status, f.company_id, f.project_id";

/// The first few findings of each of this many companies: `$1` and `$2` are the window, `$3` is the limit, `$4` the
/// finding at `$1` to begin after if there is one, then the companies. Each is read from the index of its company, and
/// the table is read only for its stamps.
pub(super) fn of_each(at: &str, stamps: bool, companies: usize, after: bool) -> String {
    let (open, name) = (open(at), at.trim_start_matches("f."));
    let (first, from) = if after {
        (5, format!("({at}, f.id) > ($1, $4)"))
    } else {
        (4, format!("{at} >= $1"))
    };
    let read = if stamps {
        format!("{READ}, {STAMPS}")
    } else {
        READ.to_owned()
    };
    let each: Vec<String> = (first..first + companies)
        .map(|company| {
            format!(
                "select * from (select {read}, {at} from findings f where f.company_id = ${company} \
                 and {open} and {from} and {at} < $2 order by {at}, f.id limit $3) as o{company}"
            )
        })
        .collect();
    let columns = finding(&format!("f.{name}"), stamps);
    format!(
        "{columns} ({}) as f cross join companies c left join projects p on p.id = f.project_id \
         where c.id = f.company_id",
        each.join(" union all ")
    )
}
