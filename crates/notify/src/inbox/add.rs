//! New rows, written in the transaction of their plan.

use std::{collections::BTreeMap, time::Duration};

use base::{Id, Time};
use serde_json::{Value as Json, json};
use store::{Error, FromRow, Row, Tx, Value};

use super::{Notification, Summary, frame};
use crate::sql;

/// What one event adds: a row for each of these people.
pub(crate) struct Addition<'a> {
    pub(crate) users: &'a [Id],
    /// The row as it will be for each of them, but for its id and time.
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
// The new rows of one person are a nanosecond apart and end at last_at. The comparison asks whether the newest row
// of before is as late as the first of them.
const COUNTED: &str = "on conflict (user_id) do update set total = inbox_counters.total + excluded.total, \
     unread = inbox_counters.unread + excluded.unread, \
     last_at = case when inbox_counters.last_at > excluded.last_at - excluded.total \
     then inbox_counters.last_at + excluded.total else excluded.last_at end \
     returning user_id, total, unread, last_at";
const ROWS: &str = "insert into notifications (id, user_id, event_id, event_type, created_at, read_at)";
const WIDTH: usize = 6;

/// Adds the rows, counts them and tells the people's open tabs (promise B5: before anything leaves the house).
///
/// # Errors
/// The database's; a second row for one person and event is refused by its unique key (promise F2).
pub(crate) fn add(tx: &mut Tx<'_>, additions: &[Addition<'_>]) -> Result<(), Error> {
    // In the order of their ids, so that two nodes never wait for each other.
    let mut by_user: BTreeMap<Id, Vec<&Notification>> = BTreeMap::new();
    for addition in additions {
        for user in addition.users {
            by_user.entry(*user).or_default().push(addition.draft);
        }
    }
    let mut rows = Vec::new();
    let mut frames = Vec::new();
    for counted in count(tx, &by_user)? {
        let Some(drafts) = by_user.get(&counted.user) else {
            continue;
        };
        let mut back = u64::try_from(drafts.len()).unwrap_or_default();
        for draft in drafts {
            back -= 1;
            let created_at = counted.last_at.before(Duration::from_nanos(back));
            let summary = Summary {
                total: counted.total.saturating_sub(back),
                unread: counted.unread.saturating_sub(back),
            };
            let id = tx.id();
            rows.extend(row(id, counted.user, draft, created_at));
            frames.push((counted.user, id, told(draft, id, created_at, summary)));
        }
    }
    sql::insert(tx, ROWS, WIDTH, &rows, "")?;
    for (user, id, data) in frames {
        let frame = frame(tx.clock(), base::Kind::NotificationCreated, user, id, data);
        tx.announce(frame);
    }
    Ok(())
}

fn count(tx: &mut Tx<'_>, by_user: &BTreeMap<Id, Vec<&Notification>>) -> Result<Vec<Counted>, Error> {
    let now = tx.now().nanos();
    let mut counters = Vec::with_capacity(by_user.len() * 5);
    for (user, drafts) in by_user {
        let more = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
        counters.extend([
            user.into(),
            more.into(),
            more.into(),
            now.saturating_add(more - 1).into(),
            0.into(),
        ]);
    }
    sql::insert_returning(tx, COUNT, 5, &counters, COUNTED)
}

fn row(id: Id, user: Id, draft: &Notification, created_at: Time) -> [Value; WIDTH] {
    [
        id.into(),
        user.into(),
        draft.event_id.into(),
        draft.event_type.into(),
        created_at.into(),
        0.into(),
    ]
}

fn told(draft: &Notification, id: Id, created_at: Time, summary: Summary) -> Json {
    let row = Notification {
        id,
        created_at,
        ..draft.clone()
    };
    json!({"notification": row, "summary": summary})
}
