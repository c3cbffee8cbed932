//! The caller's own chats over HTTP.

use access::{
    Caller, InSession, Json, Problem,
    audit::{self, Action, By, Entry},
    validate::Check,
};
use axum::extract::State as Extract;
use base::Id;
use serde::{Deserialize, Serialize};
use store::{Error, Tx};

use crate::{
    destinations::{
        Owner,
        fields::{self, ChatChanges, Chats},
    },
    http::State,
    preferences,
};

/// The caller's chats; a URL is masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChatSettings {
    /// Their URLs, and whether messages are sent there.
    #[serde(flatten)]
    chats: Chats<true>,
}

/// A change. Omitted fields are unchanged; a URL of null or "" is removed; a masked URL as returned is kept.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
pub struct ChatChange {
    /// Their URLs, and whether messages are sent there.
    #[serde(flatten)]
    chats: ChatChanges<true>,
}

/// The caller's personal chats.
#[utoipa::path(get, path = "/me/chat", tag = "preferences", responses(
    (status = 200, description = "With masked URLs", body = ChatSettings),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get_chat(Extract(state): Extract<State>, caller: Caller) -> Result<Json<ChatSettings>, Problem> {
    let settings = state
        .access
        .store()
        .read(move |tx| settings(tx, caller.user_id))
        .await?;
    Ok(Json(settings))
}

/// Sets the URLs of the caller's personal chats and whether messages are sent there. Requires a session. Turning one on
/// turns on assignments, SLA and retests; adjust them in the preference matrix.
#[utoipa::path(put, path = "/me/chat", tag = "preferences", request_body = ChatChange, responses(
    (status = 200, description = "The new settings, with masked URLs", body = ChatSettings),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn put_chat(
    Extract(state): Extract<State>,
    InSession(caller): InSession,
    Json(change): Json<ChatChange>,
) -> Result<Json<ChatSettings>, Problem> {
    let (access, channels) = (state.access, state.channels);
    let vault = access.vault().clone();
    let user = caller.user_id;
    let settings = access
        .store()
        .write(move |tx| {
            let before = settings(tx, user)?;
            let enabled = change.chats.enabled.clone();
            let mut check = Check::new();
            let changes = change.chats.check(&before.chats, (&channels, &vault), &mut check);
            check.done()?;
            let given = fields::apply(tx, &vault, (Owner::User(user), None), &changes)?;
            let on = super::enabled(tx, user)?;
            for (channel, enabled) in enabled {
                super::set_enabled(tx, user, channel, enabled)?;
                if enabled && !on.contains(&channel) {
                    preferences::turn_on_defaults(tx, user, channel)?;
                }
            }
            let after = settings(tx, user)?;
            let mut entry = Entry::new(Action::ChatUpdated, user, &*caller.name).changed(&before, &after);
            for (field, mask) in given {
                entry = entry.says(&field, mask);
            }
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok::<_, Problem>(after)
        })
        .await?;
    Ok(Json(settings))
}

fn settings(tx: &mut Tx<'_>, user: Id) -> Result<ChatSettings, Error> {
    let mut chats: Chats<true> = fields::chats_of(tx, &[user])?.remove(&user).unwrap_or_default();
    for channel in super::enabled(tx, user)? {
        chats.0.entry(channel).or_default().enabled = true;
    }
    Ok(ChatSettings { chats })
}
