//! Webhook: a JSON envelope, or a cloud event, signed by Standard Webhooks (promise C3).
//!
//! Owns: the envelope, whose bytes are fixed when the delivery is planned, and (`signing`) the keys and the signature.

mod format;
mod signing;

use base::{Time, text};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use crate::{
    Outbound,
    descriptor::{DAYS, Descriptor, Draft, Kind, Post, Sender, Transport},
    destination::{self, Destination},
    message::Message,
};

pub use format::Format;
pub(crate) use signing::secrets;
pub use signing::{OVERLAP, Secrets, Signing, SigningKey};

/// The most event data that is sent, in bytes of JSON.
const MAX_ATTRIBUTES: usize = 160 * 1024;

/// The longest text in it, in characters.
const MAX_ATTRIBUTE: usize = 2000;

/// The channel's descriptor. A webhook has no rate limit.
pub(crate) const DESCRIPTOR: Descriptor = Descriptor {
    name: "webhook",
    title: "webhook",
    kind: Kind::Hook,
    personal: false,
    default_on: false,
    pace: None,
    retries: DAYS,
    templates: &[],
    transport: Transport::Post(Post {
        check: |text, guard| destination::webhook(text, &guard.reach),
        draft,
        judge: |attempt| attempt,
    }),
};

/// The body, signed for this attempt.
fn draft(outbound: &Outbound, destination: &Destination, sender: &Sender<'_>) -> Draft {
    let body = outbound.body.clone().unwrap_or_else(|| body(&outbound.message));
    let keys = outbound
        .signing
        .keys(&sender.signing.0, destination.expose(), sender.now);
    Draft {
        headers: headers(&keys, &outbound.delivery_id.to_string(), sender.now, &body),
        body,
    }
}

fn headers(keys: &[SigningKey], id: &str, now: Time, body: &str) -> Vec<(HeaderName, HeaderValue)> {
    let timestamp = now.timestamp().as_second();
    let header = |name, value: String| {
        // Ids, numbers and base64 are valid header values; if they were not, the receiver would reject an empty one.
        let value = HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static(""));
        (HeaderName::from_static(name), value)
    };
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(id, timestamp, body)).collect();
    vec![
        (
            CONTENT_TYPE,
            HeaderValue::from_static(Format::of(body).content_type()),
        ),
        header("webhook-id", id.to_owned()),
        header("webhook-timestamp", timestamp.to_string()),
        header("webhook-signature", signatures.join(" ")),
    ]
}

/// The envelope of Standard Webhooks.
pub fn body(message: &Message) -> String {
    json!({
        "type": message.event_type,
        "timestamp": message.at,
        "data": data(message),
    })
    .to_string()
}

/// The event's content, in every form.
fn data(message: &Message) -> Value {
    let project = message
        .attributes
        .get("project_id")
        .map(|id| json!({"id": id, "name": message.fact("Project")}));
    json!({
        "event_id": message.event_id,
        "company": message.ids.get("company_id").map(|id| json!({"id": id, "name": message.company})),
        "project": project,
        "severity": message.severity,
        "subject": message.subject.map(|subject| json!({
            "type": subject.kind,
            "id": subject.id,
            "title": message.subject_title,
        })),
        "title": message.title(),
        "summary": text::line(&message.sentence, 1000),
        "link": message.link.url,
        "attributes": attributes(message),
    })
}

/// The value with its texts truncated, at any depth.
fn short(value: &Value) -> Value {
    match value {
        Value::String(text) => text::cut(text, MAX_ATTRIBUTE).into(),
        Value::Array(items) => items.iter().map(short).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), short(field)))
            .collect(),
        other => other.clone(),
    }
}

/// The event's own data, long texts truncated; nothing where it is too large.
fn attributes(message: &Message) -> Value {
    let attributes: Map<_, _> = message
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), short(value)))
        .collect();
    let attributes = Value::Object(attributes);
    if attributes.to_string().len() > MAX_ATTRIBUTES {
        Value::Null
    } else {
        attributes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_hold_id_time_and_signature() {
        let key = SigningKey::derive(b"master", "https://a.example/", 1);
        let headers = headers(
            std::slice::from_ref(&key),
            "id",
            Time::from_nanos(1_614_265_330_999_999_999),
            "{}",
        );
        let text: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        let signature = key.sign("id", 1_614_265_330, "{}");
        assert_eq!(
            text,
            [
                "content-type: application/json",
                "webhook-id: id",
                "webhook-timestamp: 1614265330",
                &format!("webhook-signature: {signature}")
            ]
        );
    }
}
