//! Events that someone should read: a row for each that notified anyone, and for each critical or urgent one that
//! reached nobody.

use base::{Event, Id, Kind, Scope, Severity, Time};
use store::{Error, Tx, Value, outbox, params, rows};

use super::{
    notified::{self, Notified},
    unread::Escalation,
};
use crate::{message::Change, plan::Reason};

const ROWS: &str = "insert into first_reads (id, company_id, subject_id, event_type, severity, events, reached, at, \
     planned_at, due_at)";
const WIDTH: usize = 10;
const TEAMS: &str = "insert into first_read_teams (read_id, team_id)";
const ONCE: &str = "on conflict do nothing";

/// Whether someone must know of such an event: it is critical or urgent, and a finding is new, reopened, more severe,
/// newly assigned, or due.
fn is_critical(kind: Kind, severity: Option<Severity>, change: Change) -> bool {
    let asks = match kind {
        Kind::FindingCreated
        | Kind::FindingAssigned
        | Kind::FindingReopened
        | Kind::SlaWarning
        | Kind::SlaBreached
        | Kind::RetestDue => true,
        Kind::FindingSeverityChanged => change == Change::Worse,
        _ => false,
    };
    asks && severity >= Some(Severity::Critical)
}

/// What should be read, and by whom.
struct Row<'a> {
    id: Id,
    company: String,
    subject: String,
    kind: Kind,
    severity: Option<Severity>,
    change: Change,
    events: u64,
    at: Time,
    notified: &'a Notified,
}

#[derive(Default)]
struct Expected {
    rows: Vec<[Value; WIDTH]>,
    teams: Vec<[Value; 2]>,
    due: bool,
}

impl Expected {
    fn add(&mut self, row: Row<'_>, now: Time, how: &Escalation) {
        let reached = row.notified.anyone();
        let due = due(&row, now, how);
        if !reached && due.is_none() {
            return;
        }
        self.due |= due.is_some();
        self.rows.push([
            row.id.into(),
            row.company.into(),
            row.subject.into(),
            row.kind.into(),
            row.severity.map_or("", Severity::name).into(),
            row.events.into(),
            reached.into(),
            row.at.into(),
            now.into(),
            due.unwrap_or_default().into(),
        ]);
        for team in &row.notified.teams {
            self.teams.push([row.id.into(), (*team).into()]);
        }
    }

    /// Whether the managers are to be notified of some of it at a certain time.
    fn save(self, tx: &mut Tx<'_>) -> Result<bool, Error> {
        rows::post(tx, (ROWS, ONCE), self.rows)?;
        rows::post(tx, (TEAMS, ONCE), self.teams)?;
        Ok(self.due)
    }
}

/// When the managers are notified unless someone has read it: at once if it reached nobody.
fn due(row: &Row<'_>, now: Time, how: &Escalation) -> Option<Time> {
    let after = how.after(row.kind);
    if after.is_zero() || !is_critical(row.kind, row.severity, row.change) {
        return None;
    }
    if row.notified.anyone() {
        return Some(now.after(after));
    }
    (!row.notified.own_act).then_some(now)
}

/// Expects these events, which are being planned, to be read; whether some of them go to the managers at a certain
/// time.
///
/// # Errors
/// Database errors.
pub(crate) fn expect<'a>(
    tx: &mut Tx<'_>,
    planned: impl Iterator<Item = (&'a Event, &'a [Reason])>,
    how: &Escalation,
) -> Result<bool, Error> {
    let now = tx.now();
    let mut rows = Expected::default();
    for (event, reasons) in planned.filter(|(event, _)| event.kind.about().notifies) {
        let notified = Notified::of(reasons);
        let company = event.audience.company().map(|id| id.to_string());
        let row = Row {
            id: event.id,
            company: company.unwrap_or_default(),
            subject: event.subject.id.to_string(),
            kind: event.kind,
            severity: event.severity,
            change: Change::of(event),
            events: 1,
            at: event.at,
            notified: &notified,
        };
        rows.add(row, now, how);
    }
    rows.save(tx)
}

const SETS: &str = "select s.id, g.company_id, s.event_type, s.severity, s.change, s.count, s.first_event, s.reasons \
     from event_sets s join event_groups g on g.id = s.group_id where g.id = $1 and g.closed_at > 0";

type Set = (Id, String, Kind, String, String, u64, Id, String);

/// The same for the events of a closed group: a row for each set of them. Their time is that of the first.
///
/// # Errors
/// Database errors.
pub(crate) fn expect_group(tx: &mut Tx<'_>, group: Id, how: &Escalation) -> Result<bool, Error> {
    let sets: Vec<Set> = tx.all(SETS, params![group])?;
    let first: Vec<Id> = sets.iter().map(|set| set.6).collect();
    let first = outbox::events(tx, &first, &Scope::All)?;
    let now = tx.now();
    let mut rows = Expected::default();
    for (id, company, kind, severity, change, events, first_event, reasons) in sets {
        let notified = Notified::of(&notified::parse(&reasons)?);
        let first = first.iter().find(|event| event.id == first_event);
        let row = Row {
            id,
            company,
            subject: String::new(),
            kind,
            severity: severity.parse().ok(),
            change: Change::parse(&change).unwrap_or(Change::Other),
            events,
            at: first.map_or(now, |event| event.at),
            notified: &notified,
        };
        rows.add(row, now, how);
    }
    rows.save(tx)
}
