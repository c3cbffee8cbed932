//! The log of deliveries over HTTP, for administrators of the platform; sending again, and test messages.

use access::{
    Caller, Json, Page, PageQuery, Path, Problem, Query, Secret,
    audit::{self, Action, By, Entry},
};
use axum::{extract::State as Extract, http::StatusCode};
use base::{Id, Time};
use serde::{Deserialize, Serialize};

use super::{
    Again, Misses, State as DeliveryState,
    again::destination_of,
    kept,
    log::{self, Delivery, DeliveryLog},
    send_again, send_all_again,
};
use crate::{
    channel::Channel,
    channels::Outbound,
    chat,
    facts::{self, Wanted},
    health,
    http::State,
    message,
    plan::Rules,
    rules::secrets,
    target::Key,
};

/// Which deliveries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those in this state.
    state: Option<DeliveryState>,
    /// Only those on this channel.
    channel: Option<Channel>,
    /// Only those that tell of this event.
    event_id: Option<Id>,
}

/// Messages that left the house or are to, newest first.
#[utoipa::path(get, path = "/deliveries", tag = "deliveries", params(ListQuery, PageQuery), responses(
    (status = 200, description = "One page; URLs are masked", body = Page<Delivery>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list_deliveries(
    Extract(state): Extract<State>,
    caller: Caller,
    Query(query): Query<ListQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Delivery>>, Problem> {
    caller.admin()?;
    let limit = page.limit()?;
    let filter = log::Filter {
        state: query.state,
        channel: query.channel,
        event: query.event_id,
        id: None,
        before: page.after()?,
    };
    let store = state.access.store();
    let deliveries = store.read(move |tx| log::list(tx, filter, limit + 1)).await?;
    Ok(Json(Page::cut(deliveries, limit, |last| last.id.to_string())))
}

/// One message with every attempt.
#[utoipa::path(get, path = "/deliveries/{id}", tag = "deliveries",
    params(("id" = Id, Path, description = "The delivery")),
    responses(
        (status = 200, description = "The delivery; its URL is masked", body = DeliveryLog),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn get_delivery(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<DeliveryLog>, Problem> {
    caller.admin()?;
    let delivery = state.access.store().read(move |tx| log::one(tx, id)).await?;
    delivery.map(Json).ok_or_else(Problem::not_found)
}

/// Sends a message again that is over, delivered or not: the same message with the same id, and its schedule of
/// attempts begins anew.
#[utoipa::path(post, path = "/deliveries/{id}/redeliver", tag = "deliveries",
    params(("id" = Id, Path, description = "The delivery")),
    responses(
        (status = 202, description = "It is due now", body = DeliveryLog),
        (status = 409, description = "It is under way already", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn redeliver(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<(StatusCode, Json<DeliveryLog>), Problem> {
    caller.admin()?;
    let delivery = state
        .access
        .store()
        .write(move |tx| match send_again(tx, id)? {
            Again::Waits => {
                let log = log::one(tx, id)?.ok_or_else(Problem::not_found)?;
                let of = &log.delivery;
                let entry = Entry::new(Action::DeliveryRedelivered, id, &*of.destination)
                    .of(of.company_id)
                    .says("channel", of.channel.name())
                    .says("event_id", of.event_id.to_string());
                audit::note(tx, &By::caller(&caller), entry)?;
                Ok(log)
            }
            Again::UnderWay => Err(Problem::conflict("It waits for its next attempt already.")),
            Again::None => Err(Problem::not_found()),
        })
        .await?;
    state.doorbell.ring();
    Ok((StatusCode::ACCEPTED, Json(delivery)))
}

/// The most messages that one call sends again.
const MOST_AGAIN: u32 = 10_000;

/// What to send again: all that did not arrive at one destination.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeliverAll {
    /// A delivery that went to the destination, whatever became of it: destinations themselves are masked.
    destination_of: Id,
    /// Only what came to its end at this moment or later.
    since: Time,
    /// Whether to switch the destination on, if it is switched off; false where it is left out.
    #[serde(default)]
    switch_on: bool,
}

/// How much is sent again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Redelivered {
    /// How many messages are due now.
    pub count: u64,
    /// Whether there are more than one call takes: the same call again takes the next ones.
    pub more: bool,
}

/// Sends all again that was refused, failed, had an unknown outcome, or was cancelled because the destination was
/// switched off: of one destination, the oldest first, at most 10,000 at once. Those are the same messages with the
/// same ids. To a destination that is switched off nothing is sent unless `switch_on` asks for it.
#[utoipa::path(post, path = "/deliveries/redeliver", tag = "deliveries", request_body = RedeliverAll, responses(
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
    let vault = state.access.vault().clone();
    let write = state.access.store().write(move |tx| {
        let (key, recipient) = destination_of(tx, body.destination_of)?
            .ok_or_else(|| Problem::field("destination_of", "there is no such delivery"))?;
        let wanted = Wanted::by_recipients([&recipient]);
        let world = facts::world(tx, &vault, Rules::default().into(), wanted)?;
        let switched_on = world.off.contains(&key);
        if switched_on {
            if !body.switch_on {
                return Err(Problem::conflict(
                    "The destination is switched off. Send a test message there, or ask to switch it on.",
                ));
            }
            health::switch_on(tx, &key)?;
        }
        let misses = Misses {
            key,
            since: body.since,
            most: MOST_AGAIN,
        };
        let (count, more) = send_all_again(tx, &misses)?;
        if count > 0 || switched_on {
            let of = log::one(tx, body.destination_of)?.ok_or_else(Problem::not_found)?;
            let entry = Entry::named(Action::DestinationRedelivered, of.delivery.destination)
                .says("channel", of.delivery.channel.name())
                .says("since", body.since.to_string())
                .says("count", count)
                .says("switched_on", switched_on);
            audit::note(tx, &By::caller(&caller), entry)?;
        }
        Ok(Redelivered { count, more })
    });
    let redelivered = write.await?;
    state.doorbell.ring();
    Ok((StatusCode::ACCEPTED, Json(redelivered)))
}

/// Where a test message goes: `url` for webhook, slack and teams, `email` for email. The caller's own chat is named by
/// its URL masked as it was answered, too.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestDestination {
    /// The channel.
    channel: Channel,
    /// The URL.
    url: Option<Secret>,
    /// The address.
    email: Option<String>,
}

/// What became of a test message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TestResult {
    /// Whether the other side took it.
    pub delivered: bool,
    /// `delivered`, `refused_for_good`, `refused_for_now` or `unknown`.
    pub outcome: &'static str,
    /// The status of the answer, HTTP or SMTP.
    pub status: Option<u16>,
    /// The beginning of the answer. Text from outside: escape it.
    pub answer: String,
    /// Why, in words.
    pub reason: String,
}

/// Sends one test message, on the way that real ones go, and waits for what becomes of it. A destination that was
/// switched off and takes it is on again. To Slack and Teams anybody sends one, who may store such a URL, too; to an
/// address or any other URL administrators of the platform.
#[utoipa::path(post, path = "/destinations/test", tag = "deliveries", request_body = TestDestination, responses(
    (status = 200, description = "It was tried; the outcome says what became of it", body = TestResult),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn test_destination(
    Extract(state): Extract<State>,
    caller: Caller,
    Json(body): Json<TestDestination>,
) -> Result<Json<TestResult>, Problem> {
    if !matches!(body.channel, Channel::Slack | Channel::Teams) {
        caller.admin()?;
    }
    let (field, text) = match body.channel {
        Channel::Email => ("email", body.email),
        _ => ("url", body.url.map(|url| url.expose().to_owned())),
    };
    let said = text.ok_or_else(|| Problem::field(field, "it is missing"))?;
    let own = chat::own_url(&state.access, caller.user_id, body.channel, said.trim()).await?;
    let text = own.map_or(said, |url| url.expose().to_owned());
    let destination = state
        .channels
        .check(body.channel, text.trim())
        .map_err(|why| Problem::field(field, why))?;
    let by = By::caller(&caller);
    let (store, clock) = (state.access.store(), state.access.store().clock());
    let key = Key::of_url(state.access.vault(), &destination);
    let signed_for = key.clone();
    let shown = match body.channel {
        Channel::Email => text.trim().to_owned(),
        _ => access::mask(&destination),
    };
    let entry = Entry::named(Action::DestinationTested, shown.clone()).says("channel", body.channel.name());
    let noted = by.clone();
    // Noted before it is sent: a message that is out is in the log, whatever happens next.
    let signing = store.write(move |tx| {
        audit::note(tx, &noted, entry)?;
        secrets::of(tx, &signed_for)
    });
    let signing = signing.await?;
    let outbound = Outbound {
        delivery_id: clock.id(),
        message: message::test(clock.id(), clock.now(), state.channels.public_url()),
        destination,
        body: None,
        unsubscribe: None,
        signing,
    };
    let attempt = state.channels.send(body.channel, &outbound).await;
    if body.channel != Channel::Email && attempt.outcome == crate::channels::Outcome::Delivered {
        let entry = Entry::named(Action::DestinationSwitchedOn, shown).says("channel", body.channel.name());
        let switched_on = store.write(move |tx| {
            if health::switch_on(tx, &key)? {
                audit::note(tx, &by, entry)?;
            }
            Ok::<_, store::Error>(())
        });
        switched_on.await?;
    }
    Ok(Json(TestResult {
        delivered: attempt.outcome == crate::channels::Outcome::Delivered,
        outcome: attempt.outcome.name(),
        status: attempt.status,
        answer: kept(&attempt.answer),
        reason: attempt.reason,
    }))
}
