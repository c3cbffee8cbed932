//! The nodes on one database: which there are, and the line between them.
//!
//! Owns: the table of nodes, their heartbeats, `GET /nodes`, the line. Must not: know what a frame says or what a node leaves
//! behind, or promise that anything on the line arrives.

pub mod heartbeat;
pub mod http;
pub mod line;
mod table;
mod watch;

pub use heartbeat::Nodes;
pub use line::{Item, Line, Nats, Receive, Wire};
pub use table::{MIGRATIONS, Node};
