//! The clock's work on findings: the steps before an SLA deadline and the deadline itself, and retests.
//!
//! Owns: when the clock must check a finding (`clock_at`), what it announces then, and `finding_steps`, the record of
//! these announcements. Must not: wait for anything; `records::clock` does.

use std::collections::{BTreeMap, BTreeSet};

use base::{Event, Id, Kind, Time, failpoint};
use serde_json::json;
use store::{Error, Select, Tx, Value, params};

use super::{event, finding::Finding, row, status::Status};
use crate::{
    By, Refused, Settings,
    clock::source::{self, Source},
    column::time_or_none,
    sla::{Ladder, warnings},
};

/// Findings among the clock's sources.
pub(crate) const SOURCE: Source = Source {
    name: "findings",
    concerns: |kind| {
        matches!(
            kind,
            Kind::FindingCreated
                | Kind::FindingUpdated
                | Kind::FindingSeverityChanged
                | Kind::FindingStatusChanged
                | Kind::FindingReopened
        )
    },
    next,
    act,
    postpone: Some(postpone),
};

/// One of a finding's deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    Sla,
    Retest,
}

impl Which {
    const ALL: [Self; 2] = [Self::Sla, Self::Retest];

    const fn name(self) -> &'static str {
        match self {
            Self::Sla => "sla",
            Self::Retest => "retest",
        }
    }

    const fn kind(self, step: u32) -> Kind {
        match (self, step) {
            (Self::Sla, 0) => Kind::SlaBreached,
            (Self::Sla, _) => Kind::SlaWarning,
            (Self::Retest, _) => Kind::RetestDue,
        }
    }

    const fn ladder(self, sla_steps: Ladder) -> Ladder {
        match self {
            Self::Sla => sla_steps,
            Self::Retest => Ladder::DEADLINE,
        }
    }
}

/// The facts of a finding that determine its next check.
struct Deadlines {
    status: Status,
    sla: Option<Time>,
    retest: Option<Time>,
}

impl Deadlines {
    const fn of(finding: &Finding) -> Self {
        Self {
            status: finding.status,
            sla: finding.sla_due_at,
            retest: finding.retest_due_at,
        }
    }

    /// The deadlines that still count: those of an open finding.
    fn current(&self) -> impl Iterator<Item = (Which, Time)> + '_ {
        Which::ALL
            .into_iter()
            .filter(|_| self.status.is_open())
            .filter_map(|which| {
                let at = match which {
                    Which::Sla => self.sla,
                    Which::Retest => self.retest,
                };
                at.map(|at| (which, at))
            })
    }

    fn next_check(&self, sla_steps: Ladder) -> Option<Time> {
        let checks = self
            .current()
            .filter_map(|(which, deadline)| which.ladder(sla_steps).first_check(deadline));
        checks.min().map(after_zero)
    }
}

/// 0 means never, so a time before 1970 becomes 1.
fn after_zero(time: Time) -> Time {
    time.max(Time::from_nanos(1))
}

/// When the clock must check a finding that is being written, without knowing what was announced.
pub(super) fn next_check(finding: &Finding, settings: &Settings) -> Option<Time> {
    Deadlines::of(finding).next_check(settings.sla_steps)
}

const NEXT: &str = "select clock_at from findings where clock_at > 0 order by clock_at limit 1";

fn next(tx: &mut Tx<'_>, _: &Settings) -> Result<Option<Time>, Error> {
    Ok(tx.one::<(Time,)>(NEXT, &[])?.map(|(at,)| at))
}

/// Checks findings that are due, earliest first, and announces what is due.
fn act(tx: &mut Tx<'_>, settings: &Settings, limit: u32) -> Result<usize, Refused> {
    let now = tx.now();
    let select = Select::new(row::SELECT)
        .filter("f.clock_at > 0 and f.clock_at <= ?", Some(now))
        .push(
            &format!(" order by f.clock_at limit ?{}", claim(tx)),
            vec![limit.into()],
        );
    let findings = row::all(tx, &select)?;
    let ids: Vec<Id> = findings.iter().map(|finding| finding.id).collect();
    let companies: BTreeSet<Id> = findings.iter().map(|finding| finding.place.company.id).collect();
    let own = warnings::among(tx, &companies.into_iter().collect::<Vec<_>>())?;
    let announced = announced(tx, &ids)?;
    let mut checks: BTreeMap<Time, Vec<Id>> = BTreeMap::new();
    let mut announcements = Vec::new();
    for finding in &findings {
        let sla_steps = own.get(&finding.place.company.id).copied();
        let sla_steps = sla_steps.unwrap_or(settings.sla_steps);
        let next = due(finding, sla_steps, &announced, now, &mut announcements);
        checks.entry(time_or_none(next)).or_default().push(finding.id);
    }
    remember(tx, &announcements, now)?;
    failpoint::hit("clock.remembered");
    let events: Vec<Event> = announcements
        .iter()
        .map(|announcement| announcement.event(tx, now))
        .collect();
    tx.emit_all(events)?;
    for (next_check, ids) in checks {
        Select::new("update findings set ")
            .push("clock_at = ? where 1 = 1", vec![next_check.into()])
            .within("id", ids)
            .execute(tx)?;
    }
    Ok(findings.len())
}

/// Adds what is announced about a finding now to `announcements`; returns when there is something next.
fn due<'a>(
    finding: &'a Finding,
    sla_steps: Ladder,
    announced: &Announced,
    now: Time,
    announcements: &mut Vec<Announcement<'a>>,
) -> Option<Time> {
    let mut next = None;
    for (which, deadline) in Deadlines::of(finding).current() {
        let ladder = which.ladder(sla_steps);
        let announced = announced
            .get(&(finding.id, which.name().to_owned(), deadline))
            .copied();
        let announced = announced
            .into_iter()
            .chain(announced_at_creation(finding, which, ladder, deadline))
            .min();
        let step = ladder.due(deadline, now, announced);
        announcements.extend(step.map(|step| Announcement {
            finding,
            which,
            deadline,
            step,
        }));
        let after = ladder.next(deadline, now, step.or(announced)).map(after_zero);
        next = next.into_iter().chain(after).min();
    }
    next
}

/// The step that had already passed when the finding was created, for a deadline from its severity: the deadline was
/// announced with the finding, and an immediate warning would be noise. Not the deadline itself, and not one that a
/// user set: these are news.
fn announced_at_creation(finding: &Finding, which: Which, ladder: Ladder, deadline: Time) -> Option<u32> {
    if which != Which::Sla || finding.sla_by_hand {
        return None;
    }
    ladder
        .due(deadline, finding.created_at, None)
        .filter(|step| *step > 0)
}

/// The end of a select of findings: those locked by another node are skipped.
fn claim(tx: &Tx<'_>) -> String {
    let lock = tx.for_update("f");
    if lock.is_empty() {
        lock
    } else {
        format!("{lock} skip locked")
    }
}

/// The nearest announced step of each deadline.
type Announced = BTreeMap<(Id, String, Time), u32>;

const ANNOUNCED: &str = "select finding_id, kind, deadline, step from finding_steps where 1 = 1";

/// The last announced steps of these findings, by deadline.
fn announced(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Announced, Error> {
    let rows: Vec<(Id, String, Time, u32)> = Select::new(ANNOUNCED)
        .within("finding_id", ids.iter().copied())
        .all(tx)?;
    Ok(rows
        .into_iter()
        .map(|(id, kind, deadline, step)| ((id, kind, deadline), step))
        .collect())
}

/// A step that is announced now.
struct Announcement<'a> {
    finding: &'a Finding,
    which: Which,
    deadline: Time,
    step: u32,
}

impl Announcement<'_> {
    fn event(&self, tx: &Tx<'_>, now: Time) -> Event {
        let mut event = event::of(tx, self.which.kind(self.step), self.finding, &By::SYSTEM);
        source::describe(&mut event, self.deadline, self.step, now);
        event
            .data
            .insert("severity".to_owned(), json!(self.finding.severity));
        event
    }
}

const REMEMBER: &str = "insert into finding_steps (finding_id, kind, deadline, step, told_at)";
/// Never backwards: an existing row that is as near to the deadline or nearer is kept.
const NEARER: &str = "on conflict (finding_id, kind, deadline) do update set step = excluded.step, \
     told_at = excluded.told_at where finding_steps.step > excluded.step";

fn remember(tx: &mut Tx<'_>, announcements: &[Announcement<'_>], now: Time) -> Result<(), Error> {
    let rows: Vec<[Value; 5]> = announcements
        .iter()
        .map(|announcement| {
            [
                announcement.finding.id.into(),
                announcement.which.name().into(),
                announcement.deadline.into(),
                announcement.step.into(),
                now.into(),
            ]
        })
        .collect();
    source::remember(tx, (REMEMBER, NEARER), rows)
}

const POSTPONE: &str = "update findings set clock_at = $1 where id in \
     (select id from findings where clock_at > 0 and clock_at <= $2 order by clock_at limit 1)";

/// The next finding cannot be announced: it is postponed and does not block the others.
fn postpone(tx: &mut Tx<'_>, until: Time) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(POSTPONE, params![until, now]).map(drop)
}

const WAITING: &str = "select id, company_id, status, sla_due_at, retest_due_at, clock_at from findings where id > $1 \
     order by id limit $2";
const WAITING_OF: &str = "select id, company_id, status, sla_due_at, retest_due_at, clock_at from findings \
     where company_id = $3 and id > $1 order by id limit $2";
// A finding that changed since it was read is written by that change.
const WAIT: &str = "update findings set clock_at = $2 where id = $1 and clock_at > 0 and sla_due_at = $3 \
     and retest_due_at = $4 and status = $5";

/// Recalculates when findings of a company, or of all companies without a ladder of their own, are checked: those after
/// an id, at most `limit`. Returns the last id, if there may be more.
///
/// # Errors
/// The store's.
pub(crate) fn recalculate(
    tx: &mut Tx<'_>,
    company: Option<Id>,
    after: &str,
    settings: &Settings,
    limit: u32,
) -> Result<Option<Id>, Error> {
    type Waiting = (Id, Id, Status, Time, Time, Time);
    let rows: Vec<Waiting> = match company {
        Some(company) => tx.all(WAITING_OF, params![after, limit, company])?,
        None => tx.all(WAITING, params![after, limit])?,
    };
    let companies: BTreeSet<Id> = rows.iter().map(|row| row.1).collect();
    let own = warnings::among(tx, &companies.into_iter().collect::<Vec<_>>())?;
    for (id, of, status, sla, retest, clock_at) in &rows {
        let ladder = own.get(of).copied();
        if *clock_at == Time::default() || (company.is_none() && ladder.is_some()) {
            continue;
        }
        let set = |time: Time| (time != Time::default()).then_some(time);
        let deadlines = Deadlines {
            status: *status,
            sla: set(*sla),
            retest: set(*retest),
        };
        let next_check = time_or_none(deadlines.next_check(ladder.unwrap_or(settings.sla_steps)));
        if next_check != *clock_at {
            tx.execute(WAIT, params![*id, next_check, *sla, *retest, *status])?;
        }
    }
    let full = rows.len() >= limit as usize;
    Ok(rows.last().filter(|_| full).map(|row| row.0))
}
