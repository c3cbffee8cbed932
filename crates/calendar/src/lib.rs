//! The calendar: what is due, on one timeline, as JSON and as subscribable iCalendar feeds.
//!
//! Owns: its [`router`], the time window and the zone whose days count, the feed of [`records::dated`], what a subscribed feed shows
//! and how it is written ([`ical`]). Must not: own data (a feed's key is a credential of `access`), have a status rule
//! of its own, or listen to the bus.

pub mod feeds;
pub mod http;
pub mod ical;
mod window;

pub use window::{MAX_DAYS, Window};

use access::Access;
use store::Store;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The state of this crate's handlers.
#[derive(Clone)]
pub struct Calendar {
    access: Access,
    public_url: std::sync::Arc<str>,
}

impl Calendar {
    /// A calendar over the records in the store of `access`; `public_url` is the address of the console and the API,
    /// for links in feeds.
    pub fn new(access: Access, public_url: &str) -> Self {
        Self {
            access,
            public_url: public_url.trim_end_matches('/').into(),
        }
    }

    fn store(&self) -> &Store {
        self.access.store()
    }
}

/// The routes of this crate, behind [`authenticate`](access::authenticate).
pub fn router() -> OpenApiRouter<Calendar> {
    OpenApiRouter::new()
        .routes(routes!(http::get))
        .routes(routes!(feeds::http::list, feeds::http::create))
        .routes(routes!(feeds::http::delete))
        .routes(routes!(feeds::http::fetch))
}
