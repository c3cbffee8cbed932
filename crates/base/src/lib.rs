//! The shared vocabulary of Campanile: ids, time, severity, events, the one tenant rule, the bus.
//!
//! Owns: [`Id`], [`Time`] and [`Clock`], [`Severity`], [`Event`] and the table of [`Kind`]s, [`Scope`], the pages of
//! records ([`page`]), positions in lists ([`Cursor`]), enums of words ([`word`]), the cleaning of untrusted text ([`text`]), fair queueing ([`turns`]), and timeouts that a suspended
//! process does not use up ([`patience`]).
//! Must not: do I/O of any kind, or know a domain, a consumer or a database.

pub mod background;
pub mod bus;
pub mod clock;
pub mod cursor;
pub mod event;
pub mod failpoint;
pub mod id;
pub mod kind;
pub mod page;
pub mod patience;
pub mod scope;
pub mod severity;
pub mod text;
pub mod throttle;
pub mod time;
pub mod turns;
pub mod word;

pub use background::spawn_background;
pub use bus::Bus;
pub use clock::Clock;
pub use cursor::Cursor;
pub use event::{Audience, Event, Subject, SubjectType};
pub use id::Id;
pub use kind::Kind;
pub use scope::Scope;
pub use severity::Severity;
pub use throttle::Throttle;
pub use time::Time;
pub use turns::{Bounds, Full, Turn, Turns};
pub use word::NotAWord;
