//! The delivery log over HTTP, for administrators; resending one message.

use access::{
    Caller, Json, Page, PageQuery, Path, Problem, Query,
    audit::{self, Action, By, Entry},
};
use axum::{extract::State as Extract, http::StatusCode};
use base::Id;
use serde::Deserialize;

use super::{
    log::{self, Delivery, DeliveryLog},
    resend::{Resend, resend},
    state::State as DeliveryState,
};
use crate::{channel::Channel, http::State};

/// Filters.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those in this state.
    state: Option<DeliveryState>,
    /// Only those on this channel.
    channel: Option<Channel>,
    /// Only those about this event.
    event_id: Option<Id>,
}

/// Outgoing messages, newest first.
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
    let deliveries = store.scan(move |tx| log::list(tx, filter, limit + 1)).await?;
    Ok(Json(Page::cut(deliveries, limit, |last| last.id)))
}

/// One message with every attempt.
#[utoipa::path(get, path = "/deliveries/{id}", tag = "deliveries",
    params(("id" = Id, Path, description = "The delivery")),
    responses(
        (status = 200, description = "The delivery, with its URL masked", body = DeliveryLog),
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

/// Resends a finished message, delivered or not: the same message with the same id; its schedule of attempts starts
/// over.
#[utoipa::path(post, path = "/deliveries/{id}/redeliver", tag = "deliveries",
    params(("id" = Id, Path, description = "The delivery")),
    responses(
        (status = 202, description = "The message is due now", body = DeliveryLog),
        (status = 409, description = "It is already being sent", body = Problem,
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
        .write(move |tx| match resend(tx, id)? {
            Resend::Waits => {
                let log = log::one(tx, id)?.ok_or_else(Problem::not_found)?;
                let of = &log.delivery;
                let entry = Entry::new(Action::DeliveryRedelivered, id, &*of.destination)
                    .of(of.company_id)
                    .says("channel", of.channel.name())
                    .says("event_id", of.event_id.to_string());
                audit::note(tx, &By::caller(&caller), entry)?;
                Ok(log)
            }
            Resend::InFlight => Err(Problem::conflict("An attempt is already in progress.")),
            Resend::None => Err(Problem::not_found()),
        })
        .await?;
    state.doorbell.ring();
    Ok((StatusCode::ACCEPTED, Json(delivery)))
}
