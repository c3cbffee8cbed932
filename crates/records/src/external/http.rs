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

/// A `CloudEvent` 1.0 in structured mode. Other attributes are ignored.
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
    /// The event's id at the other platform, at most 200 characters. Together with the source it identifies the event,
    /// which is accepted once.
    #[schema(value_type = CloudEventId)]
    id: String,
    /// The other platform: a URI reference of at most 1,000 characters.
    #[schema(value_type = CloudEventSource)]
    source: String,
    /// The event type, as listed by `GET /event-types`; none for approvals, reports, destinations and notifications,
    /// and not `sla.escalated` or `finding.unread`.
    #[schema(value_type = BroughtKind)]
    r#type: String,
    /// The company it is for: the scope.
    company: base::Id,
    /// When it happened, RFC 3339, at most five minutes in the future; now by default.
    time: Option<base::Time>,
    /// What it happened to: `finding/UUID` refers to a record of the company; any other text to one of the other
    /// platform.
    #[schema(value_type = Option<CloudEventSubject>)]
    subject: Option<String>,
    /// `application/json`, also by default.
    #[schema(value_type = Option<CloudEventDataType>)]
    datacontenttype: Option<String>,
    /// At most 64 KiB. The fields that are kept are `title` or `name` (one is required), `status`, `from_status`,
    /// `location`, `tool`, `project_name`, `comment`, `error`, `reason`, `sla_due_at`, `retest_due_at`, `expires_at`,
    /// `expires_on`, `counts`; `severity` for kinds that carry one; `assignee_user_ids` and `assignee_team_ids` of the
    /// company. As in our own webhooks, the record's fields may be in `attributes`.
    #[schema(value_type = CloudEventData)]
    data: Value,
}

described_with! {
    /// An event, with a severity if its kind carries one.
    DescribedEvent, CloudEvent, by_kind()
}

/// The accepted events.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TakenEvents {
    /// One for each event, in the order of the request; one for a single event.
    items: Vec<Taken>,
}

/// Accepts events of another platform: one, or all of a batch of at most 500, or none
///
/// An event whose company, source and id were accepted before is answered with its existing id, and nothing happens.
#[utoipa::path(
    post, path = "/events", tag = "events", operation_id = "take_events",
    request_body(content(
        (CloudEventsOrOne = "application/json"),
        (DescribedEvent = "application/cloudevents+json"),
        (CloudEvents = "application/cloudevents-batch+json"),
    )),
    responses(
        (status = 202, description = "Accepted: they are processed like any other event", body = TakenEvents),
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
        _ => Problem::new(StatusCode::BAD_REQUEST, "The body is incomplete."),
    })?;
    let value: Value =
        serde_json::from_slice(&body).map_err(|error| Problem::field("", format!("not JSON: {error}")))?;
    let now = records.store().clock().now();
    let mut check = Check::new();
    let clouds: Vec<_> = match (mode, &value) {
        (Mode::Batch | Mode::Either, Value::Array(events)) => {
            check.that(events.len() <= MOST, "", "must list at most 500 events");
            let events = events.iter().take(MOST).enumerate();
            events
                .filter_map(|(at, event)| cloud::read(event, format!("[{at}]."), now, &mut check))
                .collect()
        }
        (Mode::One | Mode::Either, Value::Object(_)) => cloud::read(&value, String::new(), now, &mut check)
            .into_iter()
            .collect(),
        (Mode::Batch, _) => return Err(Problem::field("", "must be a list of events")),
        _ => return Err(Problem::field("", "must be an event")),
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

/// The format of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    One,
    Batch,
    /// Decided by the content.
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
                "Send events as Content-Type: application/cloudevents+json or application/cloudevents-batch+json.",
            )),
        }
    }
}
