//! Which events the chat channels of teams get (promise O6).
//!
//! Owns: their table. Must not: know where the channels are.

use std::collections::HashMap;

use base::{Id, Kind, Severity};
use store::{Error, Tx, Value, params};

use crate::{plan::TeamChat, sql};

const OF: &str = "select team_id, event_types, min_severity from team_chats where 1 = 1";

/// What represents the built-in default.
const DEFAULT: &str = "*";

/// The settings of these teams, if they have any of their own.
///
/// # Errors
/// Database errors.
pub(crate) fn of(tx: &mut Tx<'_>, teams: &[Id]) -> Result<HashMap<Id, TeamChat>, Error> {
    let teams: Vec<Value> = teams.iter().map(Value::from).collect();
    let rows: Vec<(Id, String, String)> = sql::among(tx, OF, "team_id", &teams)?;
    Ok(rows
        .into_iter()
        .map(|(team, kinds, severity)| (team, read(&kinds, &severity)))
        .collect())
}

fn read(kinds: &str, severity: &str) -> TeamChat {
    TeamChat {
        // Nobody wants a kind that a later version removed.
        kinds: (kinds != DEFAULT).then(|| {
            let kinds = kinds.split_ascii_whitespace();
            kinds.filter_map(|kind| kind.parse::<Kind>().ok()).collect()
        }),
        min_severity: severity.parse::<Severity>().ok(),
    }
}

const SET: &str = "insert into team_chats (team_id, event_types, min_severity) values ($1, $2, $3) \
     on conflict (team_id) do update set event_types = excluded.event_types, min_severity = excluded.min_severity";

/// Saves which events the chat channels of a team get.
///
/// # Errors
/// Database errors.
pub(crate) fn set(tx: &mut Tx<'_>, team: Id, chat: &TeamChat) -> Result<(), Error> {
    let kinds = chat.kinds.as_ref().map_or_else(
        || DEFAULT.to_owned(),
        |kinds| kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" "),
    );
    let severity = chat.min_severity.map_or("", Severity::name);
    tx.execute(SET, params![team, kinds, severity]).map(drop)
}
