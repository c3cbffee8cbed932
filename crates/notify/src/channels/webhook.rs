//! Webhook: a JSON envelope, signed by Standard Webhooks (promise C3).
//!
//! Owns: the envelope, whose bytes are fixed when the delivery is planned, and the signature.

use base::{Time, destination, text};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::{Attempt, Outbound, Outcome, http::Poster};
use crate::message::Message;

/// The most that is told of an event's own data, in bytes of JSON.
const MAX_ATTRIBUTES: usize = 128 * 1024;

/// The longest text of it, in characters.
const MAX_ATTRIBUTE: usize = 4000;

/// What is before the key that is derived, so that no other use of the master key derives the same.
const DERIVATION: &[u8] = b"campanile webhook signing v1\0";

/// A key that signs posts to one destination.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// The key of a destination: each has its own, so that no receiver can sign for another, and nothing is stored.
    pub fn derive(master: &[u8], url: &str) -> Self {
        Self(hmac(master, &[DERIVATION, url.as_bytes()]))
    }

    /// The key that a secret `whsec_…` holds: 24 to 64 bytes.
    pub fn parse(secret: &str) -> Option<Self> {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        (24..=64).contains(&key.len()).then_some(Self(key))
    }

    /// The secret `whsec_…` that a receiver verifies with.
    pub fn secret(&self) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(&self.0))
    }

    /// The signature `v1,…` over id, time and body.
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signed = hmac(
            &self.0,
            &[format!("{id}.{timestamp}.").as_bytes(), body.as_bytes()],
        );
        format!("v1,{}", BASE64_STANDARD.encode(signed))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

/// HMAC-SHA256 over the parts, one behind the other.
#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Posts the body, signed for this attempt.
pub(super) async fn send(poster: &Poster, master: &[u8], outbound: &Outbound, now: Time) -> Attempt {
    // Again, although it was checked when it was saved: the networks an operator allows can have changed.
    let destination = match destination::webhook(&outbound.destination, poster.egress.reach()) {
        Ok(destination) => destination,
        Err(refusal) => {
            return Attempt::without_answer(Outcome::RefusedForGood, format!("the webhook URL: {refusal}"));
        }
    };
    let body = outbound.body.clone().unwrap_or_else(|| body(&outbound.message));
    let key = SigningKey::derive(master, destination.expose());
    let headers = headers(&key, &outbound.delivery_id.to_string(), now, &body);
    poster.post(&destination, headers, body).await
}

fn headers(key: &SigningKey, id: &str, now: Time, body: &str) -> Vec<(HeaderName, HeaderValue)> {
    let timestamp = now.timestamp().as_second();
    let header = |name, value: String| {
        // Ids, numbers and base64 are header text; were they not, the receiver would refuse an empty one.
        let value = HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static(""));
        (HeaderName::from_static(name), value)
    };
    vec![
        header("webhook-id", id.to_owned()),
        header("webhook-timestamp", timestamp.to_string()),
        header("webhook-signature", key.sign(id, timestamp, body)),
    ]
}

/// The envelope. Made once, when the delivery is planned: every attempt sends the same bytes.
pub fn body(message: &Message) -> String {
    let project = message
        .attributes
        .get("project_id")
        .map(|id| json!({"id": id, "name": message.fact("Project")}));
    json!({
        "type": message.event_type,
        "timestamp": message.at,
        "data": {
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
        },
    })
    .to_string()
}

/// The event's own data, long texts cut; nothing where it is too much.
fn attributes(message: &Message) -> Value {
    let attributes: Map<_, _> = message
        .attributes
        .iter()
        .map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.clone(), |text| text::cut(text, MAX_ATTRIBUTE).into());
            (name.clone(), value)
        })
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

    // promise: C3
    #[test]
    fn signs_as_standard_webhooks_says() {
        // The vector of the specification and its libraries.
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(key.secret(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn each_destination_has_its_own_key() {
        let key = |master: &[u8], url| SigningKey::derive(master, url).secret();
        let one = key(b"master", "https://a.example/");
        assert_eq!(one, key(b"master", "https://a.example/"));
        assert_ne!(one, key(b"master", "https://b.example/"));
        assert_ne!(one, key(b"other", "https://a.example/"));
        assert!(
            SigningKey::parse(&one).is_some(),
            "a length Standard Webhooks allows"
        );
        for bad in [
            "",
            "whsec_",
            "whsec_AAAA",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_!!",
        ] {
            assert!(SigningKey::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn headers_hold_id_time_and_signature() {
        let key = SigningKey::derive(b"master", "https://a.example/");
        let headers = headers(&key, "id", Time::from_nanos(1_614_265_330_999_999_999), "{}");
        let text: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        let signature = key.sign("id", 1_614_265_330, "{}");
        assert_eq!(
            text,
            [
                "webhook-id: id",
                "webhook-timestamp: 1614265330",
                &format!("webhook-signature: {signature}")
            ]
        );
    }
}
