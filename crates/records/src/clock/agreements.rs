//! The clock's warnings about framework agreements that are about to expire.
//!
//! Owns: `agreement_steps`, the record of these warnings. Must not: change an agreement.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use access::{Role, directory};
use base::{Event, Id, Kind, Subject, SubjectType, Time};
use store::{Error, FromRow, Row, Select, Tx, Value};

use super::source::{self, Source};
use crate::{
    By, Date, Named, Place, Refused, Settings,
    by::{self, put},
};

/// Agreements among the clock's sources.
pub(super) const SOURCE: Source = Source {
    name: "agreements",
    concerns: |kind| matches!(kind, Kind::AgreementCreated | Kind::AgreementUpdated),
    next,
    act,
    postpone: None,
};

/// The length of the last day on which an agreement is in effect; its deadline is the midnight at the start of that
/// day.
const LAST_DAY: Duration = Duration::from_hours(24);

/// An agreement with warnings left.
struct Agreement {
    id: Id,
    name: String,
    company: Named,
    expires_at: Time,
    announced: Option<u32>,
}

impl FromRow for Agreement {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            company: Named {
                id: row.get(2)?,
                name: row.get(3)?,
            },
            expires_at: row.get(4)?,
            announced: row.get(5)?,
        })
    }
}

/// The first and the last of the steps, if there are any.
fn ends(settings: &Settings) -> Option<(u32, u32)> {
    let steps = settings.agreement_steps.steps();
    Some((*steps.first()?, *steps.last()?))
}

fn hours(hours: u32) -> Duration {
    Duration::from_hours(hours.into())
}

const NEAR: &str = "select a.id, a.name, c.id, c.name, a.expires_at, s.step from agreements a \
     join companies c on c.id = a.company_id \
     left join agreement_steps s on s.agreement_id = a.id and s.deadline = a.expires_at where a.status = 'active'";

/// Those in effect whose first step has come and whose last warning was not sent.
fn near(tx: &mut Tx<'_>, (first, last): (u32, u32)) -> Result<Vec<Agreement>, Error> {
    let now = tx.now();
    Select::new(NEAR)
        .filter("a.expires_at > ?", Some(now.before(LAST_DAY)))
        .filter("a.expires_at <= ?", Some(now.after(hours(first))))
        .filter("(s.step is null or s.step > ?)", Some(last))
        .push(" order by a.expires_at", Vec::new())
        .all(tx)
}

const FAR: &str = "select a.expires_at from agreements a where a.status = 'active'";

fn next(tx: &mut Tx<'_>, settings: &Settings) -> Result<Option<Time>, Error> {
    let Some(ends) = ends(settings) else {
        return Ok(None);
    };
    let now = tx.now();
    let ladder = settings.agreement_steps;
    let mut next = None;
    for Agreement {
        expires_at,
        announced,
        ..
    } in near(tx, ends)?
    {
        if ladder.due(expires_at, now, announced).is_some() {
            return Ok(Some(now));
        }
        next = next
            .into_iter()
            .chain(ladder.next(expires_at, now, announced))
            .min();
    }
    let first = hours(ends.0);
    let far: Option<(Time,)> = Select::new(FAR)
        .filter("a.expires_at > ?", Some(now.after(first)))
        .push(" order by a.expires_at limit 1", Vec::new())
        .one(tx)?;
    Ok(next
        .into_iter()
        .chain(far.map(|(expires_at,)| expires_at.before(first)))
        .min())
}

/// Notifies the managers of the companies.
fn act(tx: &mut Tx<'_>, settings: &Settings, limit: u32) -> Result<usize, Refused> {
    let Some(ends) = ends(settings) else {
        return Ok(0);
    };
    let now = tx.now();
    let mut managers: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
    let mut done = 0;
    for agreement in near(tx, ends)? {
        let steps = settings.agreement_steps;
        let Some(step) = steps.due(agreement.expires_at, now, agreement.announced) else {
            continue;
        };
        if done == limit as usize {
            break;
        }
        done += 1;
        if !remember(tx, &agreement, step, now)? {
            continue;
        }
        let mut event = event(tx, &agreement, step, now);
        event.assignee_users = match managers.entry(agreement.company.id) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let people = directory::members(tx, agreement.company.id, Role::Manager)?;
                new.insert(people.into_iter().map(|person| person.id).collect())
                    .clone()
            }
        };
        tx.emit(event)?;
    }
    Ok(done)
}

const REMEMBER: &str = "insert into agreement_steps (agreement_id, deadline, step, told_at) values ($1, $2, $3, $4) \
     on conflict (agreement_id, deadline) do update set step = excluded.step, told_at = excluded.told_at \
     where agreement_steps.step > excluded.step";

/// Records the warning; returns whether it was not recorded before.
fn remember(tx: &mut Tx<'_>, agreement: &Agreement, step: u32, now: Time) -> Result<bool, Error> {
    let row: [Value; 4] = [
        agreement.id.into(),
        agreement.expires_at.into(),
        step.into(),
        now.into(),
    ];
    Ok(tx.execute(REMEMBER, &row)? == 1)
}

fn event(tx: &Tx<'_>, agreement: &Agreement, step: u32, now: Time) -> Event {
    let subject = Subject {
        kind: SubjectType::Agreement,
        id: agreement.id,
    };
    let place = Place::of(&agreement.company);
    let mut event = by::event(tx, Kind::AgreementExpiring, subject, &place, &By::SYSTEM);
    put(&mut event.data, "agreement_id", Some(agreement.id));
    put(&mut event.data, "title", Some(&agreement.name));
    put(
        &mut event.data,
        "expires_on",
        Some(Date::of(agreement.expires_at)),
    );
    source::describe(&mut event, agreement.expires_at, step, now);
    event
}
