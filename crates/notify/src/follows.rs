//! Who follows a finding or a project (promise O4).
//!
//! Owns: their table. Must not: decide whether someone may see the record; the plan checks their scope.

pub mod http;

use std::collections::HashMap;

use base::{Id, SubjectType};
use store::{Error, Tx, Value, params};

use crate::sql;

const OF: &str = "select subject_id, user_id from follows where 1 = 1";

/// The followers of these records.
///
/// # Errors
/// Database errors.
pub(crate) fn of(tx: &mut Tx<'_>, records: &[Id]) -> Result<HashMap<Id, Vec<Id>>, Error> {
    let records: Vec<Value> = records.iter().map(Value::from).collect();
    let mut followers: HashMap<Id, Vec<Id>> = HashMap::new();
    for (record, user) in sql::among::<(Id, Id)>(tx, OF, "subject_id", &records)? {
        followers.entry(record).or_default().push(user);
    }
    for users in followers.values_mut() {
        users.sort_unstable();
    }
    Ok(followers)
}

const FOLLOW: &str = "insert into follows (user_id, subject_id, subject_type, created_at) values ($1, $2, $3, $4) \
     on conflict (subject_id, user_id) do nothing";

/// This person follows the record from now on.
///
/// # Errors
/// Database errors.
fn follow(tx: &mut Tx<'_>, user: Id, kind: SubjectType, record: Id) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(FOLLOW, params![user, record, kind.name(), now])
        .map(drop)
}

const UNFOLLOW: &str = "delete from follows where subject_id = $1 and user_id = $2";

/// This person no longer follows the record.
///
/// # Errors
/// Database errors.
fn unfollow(tx: &mut Tx<'_>, user: Id, record: Id) -> Result<(), Error> {
    tx.execute(UNFOLLOW, params![record, user]).map(drop)
}
