//! Resending failed messages of a destination or a whole channel, and sending waiting ones now, for administrators.

use access::{
    Caller, Json, Problem,
    audit::{self, Action, By, Entry},
    described_with,
    schema::exactly_one,
};
use axum::{extract::State as Extract, http::StatusCode};
use base::{Id, Time};
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{Failures, Selection, destination_of, resend_failed, send_waiting};
use crate::{
    channel::Channel,
    destinations::{self, health},
    http::State,
    target::{Key, MAIL_LANE},
};

/// The most messages that one call resends or sends now.
const MAX: u32 = 10_000;

/// What to resend: all failed messages of one destination or one channel. Exactly one of `destination_of`,
/// `destination` and `channel` is required.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeliverAll {
    /// A delivery to the destination, in any state.
    destination_of: Option<Id>,
    /// The destination: `destination_id` of `GET /destinations`.
    destination: Option<Id>,
    /// Every destination on this channel.
    channel: Option<Channel>,
    /// Only messages that ended at this time or later.
    since: Time,
    /// Whether to turn on destinations that are turned off; false by default.
    #[serde(default)]
    switch_on: bool,
}

/// What to send now: waiting messages of one destination or one channel. Exactly one of the two is required.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendNow {
    /// The destination: `destination_id` of `GET /destinations`.
    destination: Option<Id>,
    /// Every destination on this channel.
    channel: Option<Channel>,
}

described_with! {
    /// All failed messages of one destination or channel.
    DescribedAll, RedeliverAll, exactly_one(&["destination_of", "destination", "channel"])
}

described_with! {
    /// Waiting messages of one destination or channel.
    DescribedNow, SendNow, exactly_one(&["destination", "channel"])
}

/// How many messages are sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Redelivered {
    /// How many messages are due now.
    pub count: u64,
    /// Whether there are more than one call sends: repeat the call to send the next ones.
    pub more: bool,
}

/// One destination, or a whole channel.
struct Named {
    selection: Selection,
    channel: Channel,
    /// For the audit log.
    label: String,
}

impl Named {
    fn channel(channel: Channel) -> Self {
        Self {
            selection: Selection::Channel(channel),
            channel,
            label: format!("all of {channel}"),
        }
    }

    /// The destination with this id. For the mail server, all email.
    fn destination(tx: &mut Tx<'_>, id: Id) -> Result<Self, Problem> {
        let (channel, key, label) = destinations::key(tx, id)?
            .ok_or_else(|| Problem::field("destination", "destination not found"))?;
        let selection = if key == MAIL_LANE {
            Selection::Channel(channel)
        } else {
            Selection::Key(Key::stored(&key))
        };
        Ok(Self {
            selection,
            channel,
            label,
        })
    }

    /// The destination of this delivery.
    fn of_delivery(tx: &mut Tx<'_>, delivery: Id) -> Result<Self, Problem> {
        let (key, channel, label) = destination_of(tx, delivery)?
            .ok_or_else(|| Problem::field("destination_of", "delivery not found"))?;
        Ok(Self {
            selection: Selection::Key(key),
            channel,
            label,
        })
    }
}

fn ambiguous(fields: &'static str) -> Problem {
    Problem::field("", format!("exactly one of {fields} is required"))
}

/// Resends messages that were rejected, failed, had an unknown outcome, or were canceled because the destination was
/// turned off: of one destination or a whole channel, oldest first, at most 10,000 per call. They are the same messages
/// with the same ids. Nothing is sent to a destination that is turned off unless `switch_on` is true.
#[utoipa::path(post, path = "/deliveries/redeliver", tag = "deliveries", request_body = DescribedAll, responses(
    (status = 202, description = "The messages are due now", body = Redelivered),
    (status = 409, description = "The destination is turned off", body = Problem,
     content_type = "application/problem+json"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn redeliver_all(
    Extract(state): Extract<State>,
    caller: Caller,
    Json(body): Json<RedeliverAll>,
) -> Result<(StatusCode, Json<Redelivered>), Problem> {
    caller.admin()?;
    let write = state.access.store().write(move |tx| {
        let named = match (body.destination_of, body.destination, body.channel) {
            (Some(delivery), None, None) => Named::of_delivery(tx, delivery)?,
            (None, Some(id), None) => Named::destination(tx, id)?,
            (None, None, Some(channel)) => Named::channel(channel),
            _ => return Err(ambiguous("destination_of, destination and channel")),
        };
        let switched_on = switch_on(tx, &named.selection, body.switch_on)?;
        let failures = Failures {
            selection: named.selection.clone(),
            since: body.since,
            limit: MAX,
        };
        let (count, more) = resend_failed(tx, &failures)?;
        if count > 0 || switched_on {
            let entry = Entry::named(Action::DestinationRedelivered, named.label)
                .says("channel", named.channel.name())
                .says("since", body.since.to_string())
                .says("count", count)
                .says("switched_on", switched_on);
            audit::note(tx, &By::caller(&caller), entry)?;
        }
        Ok((named.selection, Redelivered { count, more }))
    });
    let (selection, redelivered) = write.await?;
    wake(&state, &selection);
    Ok((StatusCode::ACCEPTED, Json(redelivered)))
}

/// Turns on what is turned off there, if requested; whether anything was off. Without the request, a channel's
/// destinations stay off, and for a single destination that is off the call is rejected.
fn switch_on(tx: &mut Tx<'_>, selection: &Selection, wanted: bool) -> Result<bool, Problem> {
    let off = destinations::off(tx)?;
    match selection {
        Selection::Key(key) if off.contains(key) && !wanted => Err(Problem::conflict(
            "The destination is turned off. Send a test message there, or set `switch_on`.",
        )),
        Selection::Key(key) if off.contains(key) => Ok(health::switch_on(tx, key)?),
        Selection::Channel(channel) if wanted => Ok(health::switch_on_all(tx, *channel)?),
        Selection::Key(_) | Selection::Channel(_) => Ok(false),
    }
}

/// Sends messages now that wait for their next attempt: to one destination or on a whole channel, oldest first, at most
/// 10,000 per call. Overrides a pause that a destination asked for.
#[utoipa::path(post, path = "/deliveries/send-now", tag = "deliveries", request_body = DescribedNow, responses(
    (status = 202, description = "The messages are due now", body = Redelivered),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn send_now(
    Extract(state): Extract<State>,
    caller: Caller,
    Json(body): Json<SendNow>,
) -> Result<(StatusCode, Json<Redelivered>), Problem> {
    caller.admin()?;
    let write = state.access.store().write(move |tx| {
        let named = match (body.destination, body.channel) {
            (Some(id), None) => Named::destination(tx, id)?,
            (None, Some(channel)) => Named::channel(channel),
            _ => return Err(ambiguous("destination and channel")),
        };
        let (count, more) = send_waiting(tx, &named.selection, MAX)?;
        let entry = Entry::named(Action::DestinationHurried, named.label)
            .says("channel", named.channel.name())
            .says("count", count);
        audit::note(tx, &By::caller(&caller), entry)?;
        Ok((named.selection, Redelivered { count, more }))
    });
    let (selection, sent) = write.await?;
    wake(&state, &selection);
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Wakes the engine, which ends the pauses that destinations asked for.
fn wake(state: &State, selection: &Selection) {
    match selection {
        Selection::Key(key) => state.doorbell.end_pause(std::slice::from_ref(key)),
        Selection::Channel(_) => state.doorbell.end_all_pauses(),
    }
}
