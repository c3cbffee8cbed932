//! The caller's own chats over HTTP.

use access::{
    Caller, Json, Patch, Problem, Secret,
    audit::{self, Action, By, Entry},
};
use axum::extract::State as Extract;
use base::Id;
use serde::{Deserialize, Serialize};
use store::{Error, Tx};

use crate::{channel::Channel, http::State, plan::UrlTarget};

/// The caller's chats; a URL is masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChatSettings {
    /// The Slack URL, masked; null for none.
    #[schema(example = "https://hooks.slack.com/…abcd")]
    pub slack_webhook_url: Option<String>,
    /// Whether messages go there.
    pub slack_enabled: bool,
    /// The Teams URL, masked; null for none.
    pub teams_webhook_url: Option<String>,
    /// Whether messages go there.
    pub teams_enabled: bool,
}

/// What is to change. What is left out stays; a URL of null or "" is removed; a masked URL as it was answered is
/// left as it is.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatChange {
    /// The Slack URL.
    #[serde(default)]
    #[schema(value_type = Option<Secret>)]
    slack_webhook_url: Patch<Secret>,
    /// Whether messages go there.
    slack_enabled: Option<bool>,
    /// The Teams URL.
    #[serde(default)]
    #[schema(value_type = Option<Secret>)]
    teams_webhook_url: Patch<Secret>,
    /// Whether messages go there.
    teams_enabled: Option<bool>,
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

/// Sets where the caller's personal chats are and whether messages go there. What goes there follows the preference
/// matrix, in which chat is off until switched on.
#[utoipa::path(put, path = "/me/chat", tag = "preferences", request_body = ChatChange, responses(
    (status = 200, description = "As it is now, with masked URLs", body = ChatSettings),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn put_chat(
    Extract(state): Extract<State>,
    caller: Caller,
    Json(change): Json<ChatChange>,
) -> Result<Json<ChatSettings>, Problem> {
    let (access, channels) = (state.access, state.channels);
    let vault = access.vault().clone();
    let user = caller.user_id;
    let settings = access
        .store()
        .write(move |tx| {
            let before = settings(tx, user)?;
            let mut check = access::validate::Check::new();
            let mut saved = Vec::new();
            let slack = wanted(change.slack_webhook_url, before.slack_webhook_url.as_deref());
            let teams = wanted(change.teams_webhook_url, before.teams_webhook_url.as_deref());
            for (channel, field, wanted, enabled) in [
                (Channel::Slack, "slack_webhook_url", slack, change.slack_enabled),
                (Channel::Teams, "teams_webhook_url", teams, change.teams_enabled),
            ] {
                match wanted {
                    Wanted::Same => {}
                    Wanted::None => super::set_url(tx, &vault, user, channel, None)?,
                    Wanted::Url(text) => match channels.check(channel, &text) {
                        Ok(url) => {
                            let url = UrlTarget::new(&vault, Secret::new(url));
                            super::set_url(tx, &vault, user, channel, Some(&url))?;
                            saved.push((field, url.target.label.to_string()));
                        }
                        Err(why) => check.note(field, why),
                    },
                }
                if let Some(enabled) = enabled {
                    super::set_enabled(tx, user, channel, enabled)?;
                }
            }
            check.done()?;
            let after = settings(tx, user)?;
            let mut entry = Entry::new(Action::ChatUpdated, user, &*caller.name).changed(&before, &after);
            // It may be another one behind the same mask, and saving the same one again switches it on.
            for (field, mask) in saved {
                entry = entry.says(field, mask);
            }
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok::<_, Problem>(after)
        })
        .await?;
    Ok(Json(settings))
}

enum Wanted {
    Same,
    None,
    Url(String),
}

fn wanted(said: Patch<Secret>, masked: Option<&str>) -> Wanted {
    match said {
        Patch::Keep => Wanted::Same,
        Patch::Clear => Wanted::None,
        Patch::Set(url) => match url.expose().trim() {
            "" => Wanted::None,
            text if Some(text) == masked => Wanted::Same,
            text => Wanted::Url(text.to_owned()),
        },
    }
}

fn settings(tx: &mut Tx<'_>, user: Id) -> Result<ChatSettings, Error> {
    let mut own = super::own(tx, user)?;
    let mut of = |channel| {
        let (enabled, label) = own.remove(&channel).unwrap_or_default();
        (Some(label).filter(|label| !label.is_empty()), enabled)
    };
    let (slack_webhook_url, slack_enabled) = of(Channel::Slack);
    let (teams_webhook_url, teams_enabled) = of(Channel::Teams);
    Ok(ChatSettings {
        slack_webhook_url,
        slack_enabled,
        teams_webhook_url,
        teams_enabled,
    })
}
