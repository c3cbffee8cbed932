//! The formats of a webhook's body: a rule chooses one.

use base::SubjectType;
use serde_json::{Map, Value, json};

use super::data;
use crate::message::Message;

base::words! {
    /// The format of a webhook's body.
    #[derive(Default)]
    pub enum Format (WebhookFormat) {
        /// Standard Webhooks' envelope: `type`, `timestamp`, `data`.
        #[default]
        Standard "standard",
        /// `CloudEvents` 1.0 in the structured mode, as JSON.
        Cloudevents "cloudevents",
    }
}

impl Format {
    /// The media type of such a body.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Standard => "application/json",
            Self::Cloudevents => "application/cloudevents+json",
        }
    }

    /// The format of a body created here: the body itself shows it, even where its rule has changed since.
    pub fn of(body: &str) -> Self {
        if body.starts_with(CLOUD_EVENT) {
            Self::Cloudevents
        } else {
            Self::Standard
        }
    }

    /// The body for the message; links in it lead to `public_url`. Created once, when the delivery is planned: every
    /// attempt sends the same bytes.
    pub fn body(self, message: &Message, public_url: &str) -> String {
        match self {
            Self::Standard => super::body(message),
            Self::Cloudevents => cloud_event(message, public_url),
        }
    }
}

/// What every cloud event begins with, and no other body does.
const CLOUD_EVENT: &str = r#"{"specversion":"1.0","#;

/// The event as `CloudEvents` 1.0. Its id is the event's, so that copies by several rules are recognized as one.
fn cloud_event(message: &Message, public_url: &str) -> String {
    let mut event = Map::new();
    event.insert("id".into(), json!(message.event_id));
    event.insert("source".into(), public_url.into());
    event.insert("type".into(), message.event_type.into());
    event.insert("time".into(), json!(message.at));
    event.insert("datacontenttype".into(), "application/json".into());
    if let Some(subject) = message.subject {
        event.insert(
            "subject".into(),
            format!("{}/{}", kind(subject.kind), subject.id).into(),
        );
    }
    if let Some(Value::String(company)) = message.ids.get("company_id") {
        event.insert("company".into(), company.as_str().into());
    }
    event.insert("data".into(), data(message));
    let rest = Value::Object(event).to_string();
    // It is an object with members, so our members go after its brace.
    format!("{CLOUD_EVENT}{}", &rest[1..])
}

/// The name of the kind, as in the envelope.
fn kind(kind: SubjectType) -> String {
    json!(kind).as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;
    use crate::message;

    #[test]
    fn a_body_shows_its_format() {
        let clock = Clock::system();
        let url = "https://campanile.example";
        let message = message::test(clock.id(), clock.now(), url);
        for format in Format::ALL {
            assert_eq!(Format::of(&format.body(&message, url)), format);
            assert_eq!(format.name().parse(), Ok(format));
            assert_eq!(json!(format), format.name());
        }
    }

    #[test]
    fn fields_that_a_test_message_lacks_are_omitted() {
        let clock = Clock::system();
        let url = "https://campanile.example";
        let message = message::test(clock.id(), clock.now(), url);
        let event: Value = serde_json::from_str(&cloud_event(&message, url)).unwrap();
        let event = event.as_object().unwrap();
        assert!(event.values().all(|value| !value.is_null()), "{event:?}");
        assert!(!event.contains_key("subject") && !event.contains_key("company"));
    }
}
