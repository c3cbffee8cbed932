//! The delivery engine: one event, one pass, five channels.
//!
//! Owns: who is notified and why ([`plan`]), the [`rules`], [`preferences`] and personal [`chat`]s it is based on, the
//! [`destinations`], the [`inbox`], [`deliveries`] with their attempts and retries, who [`reads`] what first, the
//! [`engine`] that does it all in the background; the messages' content ([`message`]). How they are delivered is the
//! crate `channels`.
//! Must not: let the code that raises an event wait, or know the domain an event comes from.
//!
//! Files import downwards only, and a test enforces it (`crates/server/tests/layers.rs`):
//!
//! ```text
//! router
//! engine  trace                                       -- the loops; who was notified, and why
//! rules
//! groups
//! deliveries  inbox
//! digests
//! facts  reads
//! announcements  chat  follows  teams  unsubscribe
//! destinations  preferences  team_chats
//! http
//! doorbell  plan  signing
//! kinds
//! channel  links  message  opened  sql  target
//! ```

pub mod announcements;
pub mod channel;
pub mod chat;
pub mod deliveries;
pub mod destinations;
mod digests;
mod doorbell;
pub mod engine;
mod facts;
#[cfg(test)]
mod fixture;
pub mod follows;
mod groups;
pub mod http;
pub mod inbox;
pub mod kinds;
mod links;
pub mod message;
mod opened;
pub mod plan;
pub mod preferences;
pub mod reads;
pub mod router;
pub mod rules;
mod signing;
mod sql;
pub mod target;
mod team_chats;
pub mod teams;
pub mod trace;
pub mod unsubscribe;

#[cfg(feature = "testing")]
pub use ::channels::testing;
pub use ::channels::{self, egress};
pub use doorbell::Ring;
pub use engine::{Doorbell, Engine};
pub use opened::{FirstRead, ReadObserver};

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
        (
            "0009-destinations-table",
            include_str!("../migrations/0009-destinations-table.sql"),
        ),
        ("0010-routing", include_str!("../migrations/0010-routing.sql")),
        (
            "0011-time-to-know",
            include_str!("../migrations/0011-time-to-know.sql"),
        ),
        ("0012-why", include_str!("../migrations/0012-why.sql")),
        ("0013-outages", include_str!("../migrations/0013-outages.sql")),
        (
            "0014-missed-copies",
            include_str!("../migrations/0014-missed-copies.sql"),
        ),
        (
            "0015-delivery-filters",
            include_str!("../migrations/0015-delivery-filters.sql"),
        ),
        ("0016-set-aside", include_str!("../migrations/0016-set-aside.sql")),
    ],
};
