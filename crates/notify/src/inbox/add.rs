//! New rows, written in the transaction of their plan.

use std::{collections::BTreeMap, time::Duration};

use base::{Id, Time};
use serde_json::{Value as Json, json};
use store::{Error, FromRow, Row, Tx, Value, rows};

use super::{Summary, frame, owner::Owner, row::Notification};
use crate::plan::Why;

/// What one event adds: a row for each of these people.
pub(crate) struct Addition<'a> {
    pub(crate) users: &'a [Owner],
    /// The row as it will be for each of them, except for its id, time and reason.
    pub(crate) draft: &'a Notification,
}

struct Counted {
    user: Id,
    total: u64,
    unread: u64,
    last_at: Time,
}

impl FromRow for Counted {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            user: row.get(0)?,
            total: row.get(1)?,
            unread: row.get(2)?,
            last_at: row.get(3)?,
        })
    }
}

const COUNT: &str = "insert into inbox_counters (user_id, total, unread, last_at, all_read_at)";
// The new rows of one person are a nanosecond apart and end at last_at. The comparison checks whether the newest
// existing row is as late as the first of them.
const COUNTED: &str = "on conflict (user_id) do update set total = inbox_counters.total + excluded.total, \
     unread = inbox_counters.unread + excluded.unread, \
     last_at = case when inbox_counters.last_at > excluded.last_at - excluded.total \
     then inbox_counters.last_at + excluded.total else excluded.last_at end \
     returning user_id, total, unread, last_at";
const ROWS: &str = "insert into notifications (id, user_id, event_id, event_type, created_at, read_at, \
     digest_id, finding_id, why)";
const WIDTH: usize = 9;

/// Adds the rows, counts them and notifies the people's open tabs (promise B5: before anything is sent).
///
/// # Errors
/// Database errors; a second row for one person and event is rejected by its unique key (promise F2).
pub(crate) fn add(tx: &mut Tx<'_>, additions: &[Addition<'_>]) -> Result<(), Error> {
    // In the order of their ids, so that two nodes never deadlock.
    let mut by_user: BTreeMap<Id, Vec<(&Notification, &Owner)>> = BTreeMap::new();
    for addition in additions {
        for owner in addition.users {
            by_user
                .entry(owner.user)
                .or_default()
                .push((addition.draft, owner));
        }
    }
    let mut new = Vec::new();
    let mut frames = Vec::new();
    for counted in count(tx, &by_user)? {
        let Some(drafts) = by_user.get(&counted.user) else {
            continue;
        };
        let mut back = u64::try_from(drafts.len()).unwrap_or_default();
        for (draft, owner) in drafts {
            back -= 1;
            let created_at = counted.last_at.before(Duration::from_nanos(back));
            let summary = Summary {
                total: counted.total.saturating_sub(back),
                unread: counted.unread.saturating_sub(back),
            };
            let id = tx.id();
            new.push(row(id, owner, draft, created_at));
            frames.push((
                counted.user,
                id,
                frame_data((draft, owner), id, created_at, summary),
            ));
        }
    }
    rows::post(tx, (ROWS, ""), new)?;
    for (user, id, data) in frames {
        let frame = frame(tx.clock(), base::Kind::NotificationCreated, user, id, data);
        tx.announce(frame);
    }
    Ok(())
}

fn count<T>(tx: &mut Tx<'_>, by_user: &BTreeMap<Id, Vec<T>>) -> Result<Vec<Counted>, Error> {
    let now = tx.now().nanos();
    let mut counters: Vec<[Value; 5]> = Vec::with_capacity(by_user.len());
    for (user, drafts) in by_user {
        let more = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
        counters.push([
            user.into(),
            more.into(),
            more.into(),
            now.saturating_add(more - 1).into(),
            0.into(),
        ]);
    }
    rows::insert_returning(tx, (COUNT, COUNTED), counters)
}

fn row(id: Id, owner: &Owner, draft: &Notification, created_at: Time) -> [Value; WIDTH] {
    [
        id.into(),
        owner.user.into(),
        draft.event_id.into(),
        draft.event_type.into(),
        created_at.into(),
        0.into(),
        draft.digest.map(|id| id.to_string()).unwrap_or_default().into(),
        draft.finding.map(|id| id.to_string()).unwrap_or_default().into(),
        owner.why.as_ref().map(Why::stored).unwrap_or_default().into(),
    ]
}

fn frame_data((draft, owner): (&Notification, &Owner), id: Id, created_at: Time, summary: Summary) -> Json {
    let mut row = Notification {
        id,
        created_at,
        ..draft.clone()
    };
    row.add_why(owner.sentence.clone());
    json!({"notification": row, "summary": summary})
}
