//! Sending again what a destination or a whole channel missed, and sending now what waits, for administrators of the
//! platform.

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

use super::{Misses, Where, destination_of, hurry, send_all_again};
use crate::{
    channel::Channel,
    destinations::{self, health},
    http::State,
    target::{Key, MAIL_LANE},
};

/// The most messages that one call sends again or now.
const MOST: u32 = 10_000;

/// What to send again: all that did not arrive at one destination or on one channel. Exactly one of `destination_of`,
/// `destination` and `channel` is given.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeliverAll {
    /// A delivery that went to the destination, whatever became of it.
    destination_of: Option<Id>,
    /// The destination: `destination_id` of `GET /destinations`.
    destination: Option<Id>,
    /// Every destination on this channel.
    channel: Option<Channel>,
    /// Only what came to its end at this moment or later.
    since: Time,
    /// Whether to switch on what is switched off; false where it is left out.
    #[serde(default)]
    switch_on: bool,
}

/// What to send now: what waits for one destination or on one channel. Exactly one of the two is given.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendNow {
    /// The destination: `destination_id` of `GET /destinations`.
    destination: Option<Id>,
    /// Every destination on this channel.
    channel: Option<Channel>,
}

described_with! {
    /// All that did not arrive at one place.
    DescribedAll, RedeliverAll, exactly_one(&["destination_of", "destination", "channel"])
}

described_with! {
    /// What waits for one place.
    DescribedNow, SendNow, exactly_one(&["destination", "channel"])
}

/// How much is sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Redelivered {
    /// How many messages are due now.
    pub count: u64,
    /// Whether there are more than one call takes: the same call again takes the next ones.
    pub more: bool,
}

/// One destination, or a whole channel.
struct Named {
    place: Where,
    channel: Channel,
    /// For the audit log.
    label: String,
}

impl Named {
    fn channel(channel: Channel) -> Self {
        Self {
            place: Where::Channel(channel),
            channel,
            label: format!("all of {channel}"),
        }
    }

    /// The destination of this id. The mail server's are all mails.
    fn destination(tx: &mut Tx<'_>, id: Id) -> Result<Self, Problem> {
        let (channel, key, label) = destinations::key(tx, id)?
            .ok_or_else(|| Problem::field("destination", "there is no such destination"))?;
        let place = if key == MAIL_LANE {
            Where::Channel(channel)
        } else {
            Where::Key(Key::stored(&key))
        };
        Ok(Self {
            place,
            channel,
            label,
        })
    }

    /// The destination that the delivery went to.
    fn of_delivery(tx: &mut Tx<'_>, delivery: Id) -> Result<Self, Problem> {
        let (key, channel, label) = destination_of(tx, delivery)?
            .ok_or_else(|| Problem::field("destination_of", "there is no such delivery"))?;
        Ok(Self {
            place: Where::Key(key),
            channel,
            label,
        })
    }
}

fn ambiguous(fields: &'static str) -> Problem {
    Problem::field("", format!("give exactly one of {fields}"))
}

/// Sends all again that was refused, failed, had an unknown outcome, or was cancelled because the destination was
/// switched off: of one destination or of a whole channel, the oldest first, at most 10,000 at once. Those are the same
/// messages with the same ids. To what is switched off nothing is sent unless `switch_on` asks for it.
#[utoipa::path(post, path = "/deliveries/redeliver", tag = "deliveries", request_body = DescribedAll, responses(
    (status = 202, description = "They are due now", body = Redelivered),
    (status = 409, description = "The destination is switched off", body = Problem,
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
        let switched_on = switch_on(tx, &named.place, body.switch_on)?;
        let misses = Misses {
            place: named.place.clone(),
            since: body.since,
            most: MOST,
        };
        let (count, more) = send_all_again(tx, &misses)?;
        if count > 0 || switched_on {
            let entry = Entry::named(Action::DestinationRedelivered, named.label)
                .says("channel", named.channel.name())
                .says("since", body.since.to_string())
                .says("count", count)
                .says("switched_on", switched_on);
            audit::note(tx, &By::caller(&caller), entry)?;
        }
        Ok((named.place, Redelivered { count, more }))
    });
    let (place, redelivered) = write.await?;
    hear(&state, &place);
    Ok((StatusCode::ACCEPTED, Json(redelivered)))
}

/// Switches on what is off there, if that is wanted; whether anything was off. Of a channel what is off stays so
/// otherwise; one destination that is off refuses the call.
fn switch_on(tx: &mut Tx<'_>, place: &Where, wanted: bool) -> Result<bool, Problem> {
    let off = destinations::off(tx)?;
    match place {
        Where::Key(key) if off.contains(key) && !wanted => Err(Problem::conflict(
            "The destination is switched off. Send a test message there, or ask to switch it on.",
        )),
        Where::Key(key) if off.contains(key) => Ok(health::switch_on(tx, key)?),
        Where::Channel(channel) if wanted => Ok(health::switch_on_all(tx, *channel)?),
        Where::Key(_) | Where::Channel(_) => Ok(false),
    }
}

/// Sends now what waits for its next attempt: to one destination or on a whole channel, the oldest first, at most
/// 10,000 at once. A destination that asked for silence is spoken to again.
#[utoipa::path(post, path = "/deliveries/send-now", tag = "deliveries", request_body = DescribedNow, responses(
    (status = 202, description = "They are due now", body = Redelivered),
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
        let (count, more) = hurry(tx, &named.place, MOST)?;
        let entry = Entry::named(Action::DestinationHurried, named.label)
            .says("channel", named.channel.name())
            .says("count", count);
        audit::note(tx, &By::caller(&caller), entry)?;
        Ok((named.place, Redelivered { count, more }))
    });
    let (place, sent) = write.await?;
    hear(&state, &place);
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Wakes the engine, which is to speak to what asked for silence.
fn hear(state: &State, place: &Where) {
    match place {
        Where::Key(key) => state.doorbell.end_silence(vec![key.clone()]),
        Where::Channel(_) => state.doorbell.end_all_silence(),
    }
}
