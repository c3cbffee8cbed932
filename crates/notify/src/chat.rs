//! A person's own Slack and Teams chats (promise F5): where they are, and whether the person opted in.
//!
//! Owns: the table of them; a URL is sealed for its row. Must not: answer a URL unmasked.

pub mod http;

use std::collections::HashMap;

use access::{Access, Secret, Vault};
use base::Id;
use store::{Error, FromRow, Row, Tx, Value, params};

use crate::{
    channel::Channel,
    channels::webhook::{Format, Signing},
    health,
    plan::{Chat, UrlTarget},
    sql,
    target::{Key, Target},
};

struct Stored {
    user: Id,
    channel: Channel,
    enabled: bool,
    sealed: String,
    label: String,
    lane: String,
    key: String,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            user: row.get(0)?,
            channel: row.get(1)?,
            enabled: row.get(2)?,
            sealed: row.get(3)?,
            label: row.get(4)?,
            lane: row.get(5)?,
            key: row.get(6)?,
        })
    }
}

/// What a URL is sealed for.
fn aad(user: Id, channel: Channel) -> String {
    format!("chat {channel} user {user}")
}

const OF_USERS: &str = "select user_id, channel, enabled, sealed, label, lane, target_key from chat_settings \
     where sealed <> ''";

/// The chats that these people stored a URL of. One that does not open with the present key is left out, and logged.
///
/// # Errors
/// The database's.
pub(crate) fn of_users(
    tx: &mut Tx<'_>,
    vault: &Vault,
    users: &[Value],
) -> Result<HashMap<(Id, Channel), Chat>, Error> {
    let rows: Vec<Stored> = sql::among(tx, OF_USERS, "user_id", users)?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let Ok(url) = vault.open(&aad(row.user, row.channel), &row.sealed) else {
                tracing::error!(user = %row.user, "a stored chat URL does not open with the present secret key");
                return None;
            };
            let target = Target {
                key: Key::stored(&row.key),
                lane: row.lane.into(),
                label: row.label.into(),
            };
            let chat = Chat {
                enabled: row.enabled,
                url: UrlTarget {
                    target,
                    url,
                    saved_at: base::Time::default(),
                    signing: Signing::default(),
                    format: Format::default(),
                },
            };
            Some(((row.user, row.channel), chat))
        })
        .collect())
}

const OWN: &str = "select channel, enabled, label from chat_settings where user_id = $1";

/// What the person stored: whether it is on, and the masked URL, empty for none.
fn own(tx: &mut Tx<'_>, user: Id) -> Result<HashMap<Channel, (bool, String)>, Error> {
    let rows: Vec<(Channel, bool, String)> = tx.all(OWN, params![user])?;
    Ok(rows
        .into_iter()
        .map(|(channel, enabled, label)| (channel, (enabled, label)))
        .collect())
}

/// The person's chat on this channel, if this is what it is answered as.
///
/// # Errors
/// The database's.
pub(crate) async fn own_url(
    access: &Access,
    user: Id,
    channel: Channel,
    masked: &str,
) -> Result<Option<Secret>, Error> {
    let (vault, masked) = (access.vault().clone(), masked.to_owned());
    let read = access.store().read(move |tx| {
        let chat = of_users(tx, &vault, &[user.into()])?.remove(&(user, channel));
        Ok::<_, Error>(chat.filter(|chat| *chat.url.target.label == *masked))
    });
    Ok(read.await?.map(|chat| chat.url.url))
}

const SET_URL: &str = "insert into chat_settings (user_id, channel, enabled, sealed, label, lane, target_key) \
     values ($1, $2, 0, $3, $4, $5, $6) on conflict (user_id, channel) do update set sealed = excluded.sealed, \
     label = excluded.label, lane = excluded.lane, target_key = excluded.target_key";

/// Stores where the person's chat is; none removes it.
fn set_url(
    tx: &mut Tx<'_>,
    vault: &Vault,
    user: Id,
    channel: Channel,
    url: Option<&UrlTarget>,
) -> Result<(), Error> {
    if let Some(url) = url {
        health::switch_on(tx, &url.target.key)?;
    }
    let (sealed, label, lane, key) = match url {
        Some(url) => (
            vault.seal(&aad(user, channel), url.url.expose()),
            url.target.label.to_string(),
            url.target.lane.to_string(),
            url.target.key.as_str().to_owned(),
        ),
        None => Default::default(),
    };
    tx.execute(SET_URL, params![user, channel, sealed, label, lane, key])
        .map(drop)
}

const SET_ENABLED: &str = "insert into chat_settings (user_id, channel, enabled, sealed, label, lane, target_key) \
     values ($1, $2, $3, '', '', '', '') on conflict (user_id, channel) do update set enabled = excluded.enabled";

fn set_enabled(tx: &mut Tx<'_>, user: Id, channel: Channel, enabled: bool) -> Result<(), Error> {
    tx.execute(SET_ENABLED, params![user, channel, enabled]).map(drop)
}
