//! The secrets that sign posts to the webhook URLs of rules: shown, and replaced.
//!
//! Owns: the table of which one is current. A secret itself is derived, never stored. It is the URL's: rules that name
//! the same URL share it.

use std::collections::HashMap;

use access::{
    Caller, Json, Page, Path, Problem, Vault,
    audit::{self, Action, By},
};
use axum::extract::State as Extract;
use base::{Id, Time};
use serde::{Deserialize, Serialize};
use store::{Error, Tx, params};

use super::{
    RecipientRow, cache,
    http::{entry, found},
    read,
};
use crate::{
    channel::Channel,
    channels::{
        Channels,
        webhook::{OVERLAP, Signing},
    },
    http::State,
    target::Key,
};

const ALL: &str = "select target_key, version, rotated_at from webhook_secrets";
const OF: &str = "select version, rotated_at from webhook_secrets where target_key = $1";
// Nothing is changed where the secret before was to live on.
const ROTATE: &str = "insert into webhook_secrets (target_key, version, rotated_at) values ($1, 2, $2) \
     on conflict (target_key) do update set version = webhook_secrets.version + 1, rotated_at = excluded.rotated_at \
     where webhook_secrets.rotated_at <= $3";

/// Which secrets live, of every URL whose secret was ever replaced.
///
/// # Errors
/// The database's.
pub(crate) fn all(tx: &mut Tx<'_>) -> Result<HashMap<Key, Signing>, Error> {
    let rows: Vec<(String, u32, Time)> = tx.all(ALL, &[])?;
    let signing = |(key, version, rotated_at): (String, u32, Time)| {
        (Key::stored(&key), Signing { version, rotated_at })
    };
    Ok(rows.into_iter().map(signing).collect())
}

/// Which secrets of a URL live.
///
/// # Errors
/// The database's.
pub(crate) fn of(tx: &mut Tx<'_>, key: &Key) -> Result<Signing, Error> {
    let row: Option<(u32, Time)> = tx.one(OF, params![key.as_str()])?;
    Ok(
        row.map_or_else(Signing::default, |(version, rotated_at)| Signing {
            version,
            rotated_at,
        }),
    )
}

/// Makes a new secret for a URL; whether it did, which it does not while two live, unless the older is to end.
fn rotate(tx: &mut Tx<'_>, key: &str, drop_previous: bool) -> Result<bool, Error> {
    let now = tx.now();
    let ended = if drop_previous { now } else { now.before(OVERLAP) };
    Ok(tx.execute(ROTATE, params![key, now, ended])? > 0)
}

/// The signing secrets of one webhook URL.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookSecret {
    /// The URL, masked.
    pub url: String,
    /// The secret of Standard Webhooks, `whsec_…`: whoever runs the receiver verifies posts with it.
    pub secret: String,
    /// When it was made; null for the first one.
    pub rotated_at: Option<Time>,
    /// The one before, while posts are signed with it too.
    pub previous: Option<PreviousSecret>,
}

/// A signing secret that is on its way out.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PreviousSecret {
    /// The secret, `whsec_…`.
    pub secret: String,
    /// From when on nothing is signed with it any more.
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

/// Which secrets to replace.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecrets {
    /// Only that of this URL, masked as the rule shows it; of every webhook URL of the rule where it is left out.
    url: Option<String>,
    /// Whether to replace a secret although the one before it still lives: that one ends at once. False where it is
    /// left out.
    #[serde(default)]
    drop_previous: bool,
}

/// Makes new signing secrets. For 24 hours every post bears two signatures, one of the new secret and one of the
/// secret before it; then the new one's alone. A receiver that learns the new secret in that time misses nothing.
#[utoipa::path(post, path = "/notification-rules/{id}/webhook-secrets/rotate", tag = "notification rules",
    request_body = RotateSecrets, params(("id" = Id, Path, description = "The rule")),
    responses(
        (status = 200, description = "All secrets of the rule as they are now, in one page",
         body = Page<WebhookSecret>),
        (status = 409, description = "The secret before lives still", body = Problem,
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
            return Err(Problem::field("url", "the rule names no such webhook URL"));
        }
        let mut rotated = Vec::new();
        for row in named {
            rotated.push(row.label.clone());
            if !rotate(tx, &row.key, body.drop_previous)? {
                return Err(Problem::conflict(
                    "The secret before the present one still lives.",
                ));
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
fn webhooks(tx: &mut Tx<'_>, rule: Id) -> Result<Vec<RecipientRow>, Problem> {
    let channel = found(tx, rule)?.channel;
    let mut rows = read::recipients(tx, &[rule.into()])?;
    rows.retain(|row| row.kind == "url" && channel == Channel::Webhook);
    Ok(rows)
}

/// Their secrets. A URL that does not open with the present key has none that could be shown.
fn page(
    tx: &mut Tx<'_>,
    channels: &Channels,
    vault: &Vault,
    urls: &[RecipientRow],
) -> Result<Page<WebhookSecret>, Problem> {
    let mut items = Vec::new();
    for row in urls {
        let Ok(url) = read::opened(vault, row) else {
            continue;
        };
        let signing = of(tx, &Key::stored(&row.key))?;
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
