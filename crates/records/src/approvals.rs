//! Approvals: someone requests that the risk of a finding be accepted until a time, and someone else decides.
//!
//! Owns: the table `approvals` and each change of it with its event; a decision and an expiry also change the finding's
//! status. Must not: decide which statuses a finding may have; its lifecycle does.

mod adopt;
mod approval;
mod authors;
mod change;
pub(crate) mod end;
mod event;
mod expiry;
pub mod http;
mod list;
pub(crate) mod worse;

pub use adopt::adopt;
pub use approval::{Approval, Status};
pub use change::{Decision, New, decide, delete, request};
pub(crate) use event::event;
pub use expiry::{expire, next_expiry};
pub use list::{Filter, Sort, get, get_for_update, list};
pub(crate) use worse::answerable;
