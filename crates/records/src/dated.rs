//! What is due when: everything in these tables that appears on a calendar.
//!
//! Owns: which records are due at which time, in a scope, for everyone or for one user, page by page. Must not: define
//! what is open; [`findings::Status`](crate::findings::Status) and [`scans::Status`](crate::scans::Status) do.

mod due;
mod item;
mod row;
mod sql;

pub use due::due;
pub use item::{Cursor, Item, Kind, Query, Stamps};
