//! Identity and access: companies, users, teams, roles, sessions, tokens.
//!
//! Owns: the tables of users and companies, signing in, the audit log ([`audit`]), the [`Caller`] and its scope, the [`directory`] that others
//! use for addresses, responsibility for findings ([`ownership`]), the [`Vault`] for secrets at rest, the announcement of access changes ([`AccessChange`], from
//! other processes through the [`Follower`]), and what all HTTP handlers share: [`Problem`], the extractors, pages, the
//! [`validate`] rules, and idempotency keys ([`idempotency`]).
//! Must not: know an event's consumers, or who else has tables.

pub mod audit;
pub mod directory;
mod extract;
pub mod feed_keys;
pub mod idempotency;
pub mod ownership;
pub mod page;
mod problem;
mod refused;
mod role;
pub mod schema;
mod search;
mod secret;
mod sessions;
pub mod validate;

mod access;
mod admin;
mod authenticate;
mod caller;
mod caller_cache;
mod changes;
mod companies;
mod credentials;
mod end_credentials;
mod follower;
pub mod http;
mod limits;
mod networks;
mod password;
mod password_rules;
mod patch;
mod rates;
mod shared_rates;
mod shares;
pub mod teams;
#[cfg(feature = "testing")]
pub mod testing;
mod tickets;
mod unsaved;
mod user_credentials;
mod users;
mod views;

pub use access::{Access, LoginLimits, Options};
pub use authenticate::{Peer, SECURE_SESSION_COOKIE, SESSION_COOKIE, authenticate, session_cookie};
pub use caller::{Caller, InSession};
pub use changes::AccessChange;
pub use companies::{Company, Member};
pub use credentials::Token;
pub use extract::{Json, Path, Query, object, objects, optional_object};
pub use follower::Follower;
pub use idempotency::{Create, Created, Key as IdempotencyKey, Once};
pub use page::{Page, PageQuery};
pub use password_rules::acceptable as acceptable_password;
pub use patch::Patch;
pub use problem::{CONTENT_TYPE as PROBLEM_CONTENT_TYPE, Denied, FieldError, Problem};
pub use refused::Refused;
pub use role::Role;
pub use secret::{Key, Keys, NotOpened, Secret, Vault, mask};
pub use sessions::{Session, end_earlier as sessions_end_earlier};
pub use shares::{Costly, ShareLimits, costly, share};
pub use teams::{Team, TeamMember};
pub use user_credentials::{Credential, CredentialKind};
pub use users::User;
pub use views::{SavedView, ViewPage};

/// The tables this crate owns.
pub const MIGRATIONS: store::MigrationSet = store::MigrationSet {
    owner: "access",
    steps: &[
        ("0001-access", include_str!("../migrations/0001-access.sql")),
        (
            "0002-team-addresses-saved",
            include_str!("../migrations/0002-team-addresses-saved.sql"),
        ),
        (
            "0003-minimal-messages",
            include_str!("../migrations/0003-minimal-messages.sql"),
        ),
        (
            "0004-access-changes",
            include_str!("../migrations/0004-access-changes.sql"),
        ),
        ("0005-audit", include_str!("../migrations/0005-audit.sql")),
        (
            "0006-calendar-feeds",
            include_str!("../migrations/0006-calendar-feeds.sql"),
        ),
        ("0007-sessions", include_str!("../migrations/0007-sessions.sql")),
        (
            "0008-saved-views",
            include_str!("../migrations/0008-saved-views.sql"),
        ),
        ("0009-ownership", include_str!("../migrations/0009-ownership.sql")),
        (
            "0010-own-actions",
            include_str!("../migrations/0010-own-actions.sql"),
        ),
        (
            "0011-sign-in-networks",
            include_str!("../migrations/0011-sign-in-networks.sql"),
        ),
        (
            "0012-ended-credentials",
            include_str!("../migrations/0012-ended-credentials.sql"),
        ),
        (
            "0013-idempotency-keys",
            include_str!("../migrations/0013-idempotency-keys.sql"),
        ),
        (
            "0014-stream-tickets",
            include_str!("../migrations/0014-stream-tickets.sql"),
        ),
        (
            "0015-sign-in-limits",
            include_str!("../migrations/0015-sign-in-limits.sql"),
        ),
    ],
};
