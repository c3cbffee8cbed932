//! `POST /events`.

use std::collections::BTreeSet;

use access::{Caller, Json, Problem, Role, described_with, validate::Check};
use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    MOST, Taken, cloud,
    described::{
        BroughtKind, CloudEventData, CloudEventDataType, CloudEventId, CloudEventSource, CloudEventSubject,
        CloudEvents, CloudEventsOrOne, CloudEventsVersion, by_kind,
    },
    take,
};
use crate::Records;

/// A `CloudEvent` 1.0 in the structured mode. Other attributes are passed over.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "it documents the body, which is read attribute by attribute"
)]
#[derive(Clone)]
pub struct CloudEvent {
    /// `1.0`.
    #[schema(value_type = CloudEventsVersion)]
    specversion: String,
    /// The event's id at the other platform, at most 200 characters. With the source it makes the event one that is
    /// taken once.
    #[schema(value_type = CloudEventId)]
    id: String,
    /// The other platform: a URI reference of at most 1000 characters.
    #[schema(value_type = CloudEventSource)]
    source: String,
    /// The kind of event, as `GET /event-types` lists them; none of approvals, reports, destinations, notifications, and
    /// not `sla.escalated` or `finding.unread`.
    #[schema(value_type = BroughtKind)]
    r#type: String,
    /// The company it is for: the scope.
    company: base::Id,
    /// When it happened, RFC 3339, at most five minutes ahead; now where it is left out.
    time: Option<base::Time>,
    /// What it happened to: `finding/UUID` names a record of the company; any other text one of the other platform.
    #[schema(value_type = Option<CloudEventSubject>)]
    subject: Option<String>,
    /// `application/json`, also where it is left out.
    #[schema(value_type = Option<CloudEventDataType>)]
    datacontenttype: Option<String>,
    /// At most 64 KiB. Kept are `title` or `name` (one is required), `status`, `from_status`, `location`, `tool`,
    /// `project_name`, `comment`, `error`, `reason`, `sla_due_at`, `retest_due_at`, `expires_at`, `expires_on`, `counts`;
    /// `severity` for kinds that carry one; `assignee_user_ids` and `assignee_team_ids` of the company. As our own
    /// webhooks write it, those of the record may stand in `attributes`.
    #[schema(value_type = CloudEventData)]
    data: Value,
}

described_with! {
    /// An event, with a severity where its kind carries one.
    DescribedEvent, CloudEvent, by_kind()
}

/// What was taken.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TakenEvents {
    /// One for each event, in the order in which they came; one for a single event.
    items: Vec<Taken>,
}

/// Takes events of another platform: one, or all of a batch of at most 500, or none.
///
/// An event whose company, source and id were taken before is answered with the id it got then, and nothing happens.
#[utoipa::path(
    post, path = "/events", tag = "events", operation_id = "take_events",
    request_body(content(
        (CloudEventsOrOne = "application/json"),
        (DescribedEvent = "application/cloudevents+json"),
        (CloudEvents = "application/cloudevents-batch+json"),
    )),
    responses(
        (status = 202, description = "Taken: they go the way of every event", body = TakenEvents),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn take_events(
    State(records): State<Records>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<TakenEvents>), Problem> {
    let mode = Mode::of(&headers)?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.")
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "The body did not arrive whole."),
    })?;
    let value: Value =
        serde_json::from_slice(&body).map_err(|error| Problem::field("", format!("not JSON: {error}")))?;
    let now = records.store().clock().now();
    let mut check = Check::new();
    let clouds: Vec<_> = match (mode, &value) {
        (Mode::Batch | Mode::Either, Value::Array(events)) => {
            check.that(events.len() <= MOST, "", "it holds more than 500 events");
            let events = events.iter().take(MOST).enumerate();
            events
                .filter_map(|(at, event)| cloud::read(event, format!("[{at}]."), now, &mut check))
                .collect()
        }
        (Mode::One | Mode::Either, Value::Object(_)) => cloud::read(&value, String::new(), now, &mut check)
            .into_iter()
            .collect(),
        (Mode::Batch, _) => return Err(Problem::field("", "it is not a list of events")),
        _ => return Err(Problem::field("", "it is not an event")),
    };
    check.done()?;
    let companies: BTreeSet<_> = clouds.iter().map(|cloud| cloud.company).collect();
    for company in companies {
        caller.may(company, Role::Analyst)?;
    }
    let items = records
        .write(move |tx| take::take(tx, caller.user_id, clouds))
        .await?;
    Ok((StatusCode::ACCEPTED, Json(TakenEvents { items })))
}

/// How the events stand in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    One,
    Batch,
    /// It says of itself which.
    Either,
}

impl Mode {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match &*kind {
            "application/cloudevents+json" => Ok(Self::One),
            "application/cloudevents-batch+json" => Ok(Self::Batch),
            "application/json" => Ok(Self::Either),
            _ => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Events are sent as Content-Type: application/cloudevents+json, or application/cloudevents-batch+json.",
            )),
        }
    }
}
