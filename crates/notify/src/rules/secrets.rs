//! The secrets that sign posts to the webhook URLs of rules: shown, and rotated.
//!
//! Which one is current is decided in [`crate::signing`].

use access::{
    Caller, Json, Page, Path, Problem, Refused, Vault,
    audit::{self, Action, By},
};
use axum::extract::State as Extract;
use base::{Id, Time};
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{
    cache,
    found::{entry, found},
};
use crate::{
    channel::Channel,
    channels::Channels,
    destinations::{self, Stored},
    http::State,
    signing,
    target::Key,
};

/// The signing secrets of one webhook URL.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookSecret {
    /// The URL, masked.
    pub url: String,
    /// The Standard Webhooks secret, `whsec_…`: the receiver verifies posts with it.
    pub secret: String,
    /// When it was created; null for the first one.
    pub rotated_at: Option<Time>,
    /// The previous one, while posts are also signed with it.
    pub previous: Option<PreviousSecret>,
}

/// A signing secret that is being rotated out.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PreviousSecret {
    /// The secret, `whsec_…`.
    pub secret: String,
    /// When it stops being used.
    pub until: Time,
}

/// The signing secrets of the webhook URLs a rule names. Each URL has its own, so that one receiver cannot forge
/// posts to another.
#[utoipa::path(get, path = "/notification-rules/{id}/webhook-secrets", tag = "notification rules",
    params(("id" = Id, Path, description = "The rule")),
    responses(
        (status = 200, description = "One per URL, all in one page", body = Page<WebhookSecret>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn list_webhook_secrets(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<Page<WebhookSecret>>, Problem> {
    caller.admin()?;
    let (channels, vault) = (state.channels, state.access.vault().clone());
    let store = state.access.store();
    let page = store.read(move |tx| {
        let urls = webhooks(tx, id)?;
        page(tx, &channels, &vault, &urls)
    });
    page.await.map(Json)
}

/// Which secrets to rotate.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecrets {
    /// Only that of this URL, masked as the rule shows it; by default those of all webhook URLs of the rule.
    url: Option<String>,
    /// Whether to rotate a secret although its previous one is still valid, which then ends at once. False by default.
    #[serde(default)]
    drop_previous: bool,
}

/// Creates new signing secrets. For 24 hours every post has two signatures, one of the new secret and one of the
/// previous one; then only the new one's. A receiver that gets the new secret in that time misses nothing.
#[utoipa::path(post, path = "/notification-rules/{id}/webhook-secrets/rotate", tag = "notification rules",
    request_body = RotateSecrets, params(("id" = Id, Path, description = "The rule")),
    responses(
        (status = 200, description = "All current secrets of the rule, in one page",
         body = Page<WebhookSecret>),
        (status = 409, description = "The previous secret is still valid", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn rotate_webhook_secrets(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<RotateSecrets>,
) -> Result<Json<Page<WebhookSecret>>, Problem> {
    caller.admin()?;
    let (channels, vault) = (state.channels, state.access.vault().clone());
    let store = state.access.store();
    let page = store.write(move |tx| {
        let urls = webhooks(tx, id)?;
        let mut named = urls
            .iter()
            .filter(|row| body.url.as_ref().is_none_or(|url| *url == row.label))
            .peekable();
        if named.peek().is_none() {
            return Err(Problem::field("url", "the rule does not name this webhook URL"));
        }
        let mut rotated = Vec::new();
        for row in named {
            rotated.push(row.label.clone());
            if !signing::rotate(tx, &row.key, body.drop_previous)? {
                return Err(Problem::conflict("The previous secret is still valid."));
            }
        }
        cache::changed(tx)?;
        let entry = entry(Action::WebhookSecretsRotated, &found(tx, id)?)
            .says("urls", rotated)
            .says("drop_previous", body.drop_previous);
        audit::note(tx, &By::caller(&caller), entry)?;
        page(tx, &channels, &vault, &urls)
    });
    page.await.map(Json)
}

/// The webhook URLs that the rule names.
fn webhooks(tx: &mut Tx<'_>, rule: Id) -> Result<Vec<Stored>, Refused> {
    found(tx, rule)?;
    let mut urls = destinations::of_owners(tx, &[rule.into()])?;
    urls.retain(|stored| stored.channel == Channel::Webhook);
    Ok(urls)
}

/// Their secrets. A URL that cannot be decrypted with the current key has none that could be shown.
fn page(
    tx: &mut Tx<'_>,
    channels: &Channels,
    vault: &Vault,
    urls: &[Stored],
) -> Result<Page<WebhookSecret>, Problem> {
    let mut items = Vec::new();
    for row in urls {
        let Some(url) = row.opened(vault) else {
            continue;
        };
        let signing = signing::of(tx, &Key::stored(&row.key))?;
        let secrets = channels.webhook_secrets(url.expose(), signing);
        let previous = secrets.previous;
        items.push(WebhookSecret {
            url: row.label.clone(),
            secret: secrets.current,
            rotated_at: (signing.version > 1).then_some(signing.rotated_at),
            previous: previous.map(|(secret, until)| PreviousSecret { secret, until }),
        });
    }
    Ok(Page {
        items,
        next_cursor: None,
    })
}

#[cfg(test)]
mod tests;
