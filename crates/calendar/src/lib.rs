//! The calendar: what is due, on one timeline.
//!
//! Owns: the window of time and the feed over [`records::dated`]. Must not: own data, hold a status rule of its own, or
//! listen to the bus.

pub mod http;
mod window;

pub use window::{MAX_DAYS, Window};

use store::Store;

/// The state of this crate's handlers.
#[derive(Clone)]
pub struct Calendar {
    store: Store,
}

impl Calendar {
    /// A calendar over the records of `store`.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}
