//! An answer of a router.

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

/// A response, with its request for the message of a failing test.
#[derive(Debug)]
pub struct Answer {
    /// The request in short.
    pub asked: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text()))
    }

    /// A header that it must have.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        let value = value.unwrap_or_else(|| panic!("{}: no {name}", self.asked));
        value.to_str().unwrap()
    }

    /// The media type; nothing if there is none.
    pub fn media(&self) -> &str {
        let media = self.headers.get("content-type");
        media.map_or("", |media| media.to_str().unwrap())
    }

    /// Its JSON, if the status is this one; null if the body is empty.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.asked, self.text());
        if self.bytes.is_empty() {
            return Value::Null;
        }
        self.json()
    }

    /// The problem, if it is one with this status and has the shape of RFC 9457.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.media(), access::PROBLEM_CONTENT_TYPE, "{}", self.asked);
        assert_eq!(problem["status"], status, "{}: {problem}", self.asked);
        for field in ["type", "title", "detail"] {
            assert!(problem[field].is_string(), "{}: {problem}", self.asked);
        }
        problem
    }

    /// The fields of a 422.
    #[track_caller]
    pub fn fields(&self) -> Vec<String> {
        let problem = self.problem(422);
        let errors = problem["errors"].as_array();
        let errors = errors.unwrap_or_else(|| panic!("{}: {problem}", self.asked));
        assert!(
            errors
                .iter()
                .all(|error| error["detail"].as_str().is_some_and(|text| !text.is_empty()))
        );
        errors.iter().map(|error| text(&error["field"])).collect()
    }

    /// The ids of a list, in order.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        let json = self.expect(200);
        let items = json["items"].as_array().unwrap_or_else(|| panic!("{json}"));
        items.iter().map(|item| text(&item["id"])).collect()
    }
}

/// A JSON text.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}
