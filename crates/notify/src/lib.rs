//! The delivery engine: one event, one pass, five channels.
//!
//! Owns: who is told and why ([`plan`]), the [`rules`], [`preferences`] and personal [`chat`]s it rests on, the
//! [`inbox`], [`deliveries`] with their attempts and retries, the [`engine`] that does it all in the background; what
//! is said ([`message`]) and how it leaves the house ([`channels`], [`egress`]).
//! Must not: be waited for by whoever announces an event, or know the domain an event comes from.

pub mod channel;
pub mod channels;
pub mod chat;
pub mod deliveries;
pub mod destinations;
pub mod egress;
pub mod engine;
mod escalations;
mod facts;
mod health;
#[cfg(test)]
mod house;
pub mod http;
pub mod inbox;
pub mod kinds;
pub mod message;
pub mod plan;
pub mod preferences;
pub mod rules;
mod sql;
pub mod target;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;
pub mod unsubscribe;

pub use engine::{Doorbell, Engine};

/// The tables this crate owns, and the rules of a fresh install.
pub const MIGRATIONS: store::MigrationSet = store::MigrationSet {
    owner: "notify",
    steps: &[
        ("0001-notify", include_str!("../migrations/0001-notify.sql")),
        (
            "0002-default-rules",
            include_str!("../migrations/0002-default-rules.sql"),
        ),
        (
            "0003-destination-health",
            include_str!("../migrations/0003-destination-health.sql"),
        ),
        (
            "0004-destinations",
            include_str!("../migrations/0004-destinations.sql"),
        ),
        ("0005-bursts", include_str!("../migrations/0005-bursts.sql")),
        (
            "0006-more-default-rules",
            include_str!("../migrations/0006-more-default-rules.sql"),
        ),
        (
            "0007-escalations",
            include_str!("../migrations/0007-escalations.sql"),
        ),
        (
            "0008-acceptance-rules",
            include_str!("../migrations/0008-acceptance-rules.sql"),
        ),
    ],
};
