//! A response of the router.

use axum::http::StatusCode;
use serde_json::Value;

/// A response, with its request for the message of a failing test.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) asked: String,
    pub(crate) status: StatusCode,
    pub(crate) media: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Its JSON, if the status is this one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.asked, self.text());
        if self.bytes.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The problem, if it is one with this status and has the shape of RFC 9457.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.media, "application/problem+json", "{}", self.asked);
        assert_eq!(problem["status"], status, "{}: {problem}", self.asked);
        for field in ["type", "title", "detail"] {
            assert!(problem[field].is_string(), "{}: {problem}", self.asked);
        }
        problem
    }

    /// The fields of a 422.
    #[track_caller]
    pub(crate) fn fields(&self) -> Vec<String> {
        let problem = self.problem(422);
        let errors = problem["errors"].as_array();
        let errors = errors.unwrap_or_else(|| panic!("{}: {problem}", self.asked));
        assert!(
            errors
                .iter()
                .all(|error| error["detail"].as_str().is_some_and(|text| !text.is_empty()))
        );
        errors
            .iter()
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The ids of a list, in order.
    #[track_caller]
    pub(crate) fn ids(&self) -> Vec<String> {
        let json = self.expect(200);
        let items = json["items"].as_array().unwrap_or_else(|| panic!("{json}"));
        items.iter().map(|item| text(&item["id"])).collect()
    }
}

/// A JSON text.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}
