//! A person's own chats (promise F5): whether the person opted in. Their URLs are destinations.

pub mod http;

use std::collections::HashSet;

use base::Id;
use store::{Error, Tx, Value, Word, params};

use crate::{channel::Channel, sql, target::Key};

const OPTED_IN: &str = "select user_id, channel from chat_settings where enabled = 1";

/// Which of these people opted in to a personal chat, on which channels.
///
/// # Errors
/// Database errors.
pub(crate) fn opted_in(tx: &mut Tx<'_>, users: &[Value]) -> Result<HashSet<(Id, Channel)>, Error> {
    let rows: Vec<(Id, Word<Channel>)> = sql::among(tx, OPTED_IN, "user_id", users)?;
    Ok(rows
        .into_iter()
        .map(|(user, Word(channel))| (user, channel))
        .collect())
}

const OWNERS: &str = "select target_key, user_id, channel from destinations where user_id is not null";

/// Whose personal chats these destinations are.
///
/// # Errors
/// Database errors.
pub(crate) fn owners(tx: &mut Tx<'_>, keys: &[Key]) -> Result<Vec<(Key, Id, Channel)>, Error> {
    let keys: Vec<Value> = keys.iter().map(|key| key.as_str().into()).collect();
    let rows: Vec<(String, Id, String)> = sql::among(tx, OWNERS, "target_key", &keys)?;
    Ok(rows
        .into_iter()
        .filter_map(|(key, user, channel)| Some((Key::stored(&key), user, channel.parse().ok()?)))
        .collect())
}

/// The channels on which this person opted in.
fn enabled(tx: &mut Tx<'_>, user: Id) -> Result<Vec<Channel>, Error> {
    let mut channels: Vec<_> = opted_in(tx, &[user.into()])?
        .into_iter()
        .map(|(_, channel)| channel)
        .collect();
    channels.sort_unstable();
    Ok(channels)
}

const SET_ENABLED: &str = "insert into chat_settings (user_id, channel, enabled, sealed, label, lane, target_key) \
     values ($1, $2, $3, '', '', '', '') on conflict (user_id, channel) do update set enabled = excluded.enabled";

fn set_enabled(tx: &mut Tx<'_>, user: Id, channel: Channel, enabled: bool) -> Result<(), Error> {
    tx.execute(SET_ENABLED, params![user, channel.name(), enabled])
        .map(drop)
}
