//! What each person wants to be notified of on which channel (promises R5, R6).
//!
//! Owns: the matrix event type × channel of each person, its keys and its defaults.

pub mod http;

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use base::{Id, Kind};
use store::{Error, FromRow, Row, Tx, Value, params};

use crate::{channel::Channel, sql};

/// A cell of the matrix.
pub(crate) type Cell = (Kind, Channel);

#[derive(Clone)]
struct Preference {
    user: Id,
    cell: Cell,
    on: bool,
}

impl FromRow for Preference {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            user: row.get(0)?,
            cell: (row.get(1)?, row.word(2)?),
            on: row.get(3)?,
        })
    }
}

const OF_USERS: &str = "select user_id, event_type, channel, is_on from notification_preferences where 1 = 1";

/// The preferences of these people, where they have any.
///
/// # Errors
/// Database errors.
pub(crate) fn of_users(
    tx: &mut Tx<'_>,
    users: &[Value],
) -> Result<HashMap<(Id, Kind, Channel), bool>, Error> {
    let preferences: Vec<Preference> = sql::among(tx, OF_USERS, "user_id", users)?;
    Ok(preferences
        .into_iter()
        .map(|preferences| {
            (
                (preferences.user, preferences.cell.0, preferences.cell.1),
                preferences.on,
            )
        })
        .collect())
}

/// The whole matrix of a person by namespaced keys, with defaults where they have no preference.
///
/// # Errors
/// Database errors.
pub(crate) fn matrix(tx: &mut Tx<'_>, user: Id) -> Result<BTreeMap<String, bool>, Error> {
    let preferences = of_users(tx, &[user.into()])?;
    Ok(cells()
        .map(|(kind, channel)| {
            let on = preferences.get(&(user, kind, channel)).copied();
            (key((kind, channel)), on.unwrap_or(channel.on_by_default()))
        })
        .collect())
}

const SAVE: &str = "insert into notification_preferences (user_id, event_type, channel, is_on) \
     values ($1, $2, $3, $4) on conflict (user_id, event_type, channel) do update set is_on = excluded.is_on";

/// Saves a person's preferences for these cells, and leaves the others unchanged.
///
/// # Errors
/// Database errors.
pub(crate) fn save(tx: &mut Tx<'_>, user: Id, cells: &BTreeMap<Cell, bool>) -> Result<(), Error> {
    for ((kind, channel), on) in cells {
        tx.execute(SAVE, params![user, *kind, channel.name(), *on])?;
    }
    Ok(())
}

/// The cells that enabling a personal chat turns on: assignments, SLA and retests.
const OF_A_NEW_CHAT: [Kind; 5] = [
    Kind::FindingAssigned,
    Kind::SlaWarning,
    Kind::SlaBreached,
    Kind::SlaEscalated,
    Kind::RetestDue,
];
const BEGIN: &str = "insert into notification_preferences (user_id, event_type, channel, is_on) \
     values ($1, $2, $3, 1) on conflict (user_id, event_type, channel) do nothing";

/// The person turned on a personal chat. Existing preferences for its cells are kept.
///
/// # Errors
/// Database errors.
pub(crate) fn turn_on_defaults(tx: &mut Tx<'_>, user: Id, channel: Channel) -> Result<(), Error> {
    for kind in OF_A_NEW_CHAT {
        tx.execute(BEGIN, params![user, kind, channel.name()])?;
    }
    Ok(())
}

/// All cells.
pub(crate) fn cells() -> impl Iterator<Item = Cell> {
    Kind::ALL
        .iter()
        .filter(|kind| kind.about().notifies)
        .flat_map(|kind| Channel::PERSONAL.into_iter().map(|channel| (*kind, channel)))
}

/// The namespaced key of a cell: `finding.assigned:email`.
pub(crate) fn key((kind, channel): Cell) -> String {
    format!("{kind}:{channel}")
}

/// The legacy key of a cell: `email_finding_assigned`.
fn legacy_key((kind, channel): Cell) -> String {
    format!("{channel}_{}", kind.name().replace('.', "_"))
}

/// The cell of a key, and whether it is a legacy one.
static KEYS: LazyLock<HashMap<String, (Cell, bool)>> = LazyLock::new(|| {
    cells()
        .flat_map(|cell| [(key(cell), (cell, false)), (legacy_key(cell), (cell, true))])
        .collect()
});

/// The cells of the keys; if a cell is named twice, the namespaced key wins (promise R6).
///
/// # Errors
/// The keys that name no cell.
fn read(preferences: &BTreeMap<String, bool>) -> Result<BTreeMap<Cell, bool>, Vec<String>> {
    let mut unknown = Vec::new();
    let mut legacy = BTreeMap::new();
    let mut namespaced = BTreeMap::new();
    for (key, on) in preferences {
        match KEYS.get(key) {
            Some((cell, true)) => drop(legacy.insert(*cell, *on)),
            Some((cell, false)) => drop(namespaced.insert(*cell, *on)),
            None => unknown.push(key.clone()),
        }
    }
    if unknown.is_empty() {
        legacy.append(&mut namespaced);
        Ok(legacy)
    } else {
        Err(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferences(pairs: &[(&str, bool)]) -> BTreeMap<String, bool> {
        pairs.iter().map(|(key, on)| ((*key).to_owned(), *on)).collect()
    }

    // promise: R6
    #[test]
    fn both_forms_of_key_name_every_cell_and_the_namespaced_one_wins() {
        assert_eq!(KEYS.len(), 2 * cells().count(), "no two cells share a key");
        let cell = (Kind::FindingAssigned, Channel::Email);
        for on in [true, false] {
            let both = preferences(&[("email_finding_assigned", !on), ("finding.assigned:email", on)]);
            assert_eq!(read(&both), Ok(BTreeMap::from([(cell, on)])));
        }
        assert_eq!(
            read(&preferences(&[("in_app_finding_status_changed", false)])),
            Ok(BTreeMap::from([(
                (Kind::FindingStatusChanged, Channel::InApp),
                false
            )]))
        );
    }

    // promise: R6
    #[test]
    fn unknown_keys_are_named() {
        let keys = preferences(&[
            ("finding.assigned:email", true),
            ("finding.assigned:webhook", true),
            ("finding.assigned", true),
            ("notification.created:in_app", true),
            ("Email_finding_assigned", true),
        ]);
        let unknown = read(&keys).unwrap_err();
        assert_eq!(unknown.len(), 4, "{unknown:?}");
        assert!(!unknown.contains(&"finding.assigned:email".to_owned()));
    }
}
