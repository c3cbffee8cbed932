//! What the tests of several crates need, over HTTP: people with credentials, a client of a router, its answers.
//!
//! Owns: how a test asks a router and what it says about an answer that it did not expect. Must not: be a dependency of
//! anything but tests, or know a domain; each crate's own world combines it with its tables and routes.
//!
//! The rest of the kit is next to what it stands for: databases in `store::testing`, companies and users in
//! `access::testing`, receivers of messages in `channels::testing`, the clock in [`base::Clock::manual`].
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test that cannot continue has failed"
)]

mod answer;
mod client;
mod person;

pub use answer::{Answer, text};
pub use client::{Client, ask, guarded};
pub use person::Person;

use serde_json::Value;

/// The second object's fields over the first's.
pub fn over(object: &mut Value, fields: Value) {
    if let (Value::Object(object), Value::Object(fields)) = (object, fields) {
        object.extend(fields);
    }
}
