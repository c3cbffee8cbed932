//! Findings: what is wrong, how severe it is, when it is due, and who is assigned.
//!
//! Owns: the table `findings` and its related tables, each change with its event, the lifecycle ([`Status`]). Must not:
//! parse a scan report; `records::import` does, and changes findings only through this module.

pub mod assignees;
pub mod bulk;
pub mod change;
pub mod comments;
mod create;
pub mod deadline;
mod delete;
pub(crate) mod due;
mod event;
pub(crate) mod evidence;
pub(crate) mod finding;
mod history;
pub mod http;
pub(crate) mod identifiers;
pub mod import;
pub mod list;
pub(crate) mod moves;
pub(crate) mod responsible;
mod row;
mod rows;
pub mod status;
mod view;

pub use assignees::assign;
pub use change::{Change, Context, change};
pub(crate) use create::record;
pub use create::{New, create};
pub use deadline::Deadline;
pub use delete::delete;
pub use finding::Finding;
pub use history::{Changed, Move};
pub use list::{Assignee, Filter, Sort, Target, get, get_for_update, list};
pub use moves::{move_by, move_to};
pub(crate) use rows::Rows;
pub use status::{Mover, Status};
pub use view::View;
