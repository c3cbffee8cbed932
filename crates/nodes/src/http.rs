//! The nodes over HTTP, for platform administrators.

use access::{Caller, Json, Problem};
use axum::extract::State;
use base::{Id, Time};
use serde::Serialize;

use crate::heartbeat::{Member, Nodes};

/// A server on this database.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Node {
    /// The same after a restart.
    id: Id,
    /// The name of its machine.
    name: String,
    /// The version of the program.
    version: String,
    /// When it started.
    since: Time,
    /// When it last showed that it is alive, by its clock.
    last_seen: Time,
    /// Whether it is: false for a node that ended without stopping in order, or is suspended.
    alive: bool,
    /// Whether it answers this request.
    current: bool,
}

/// The servers on this database.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NodeList {
    /// By their start.
    items: Vec<Node>,
}

/// List the servers on this database
///
/// A server that stops leaves the list; one that ends otherwise stays for seven days, unless it starts again.
#[utoipa::path(
    get, path = "/nodes", tag = "platform", operation_id = "list_nodes",
    responses(
        (status = 200, description = "The servers", body = NodeList),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(State(nodes): State<Nodes>, caller: Caller) -> Result<Json<NodeList>, Problem> {
    caller.admin()?;
    let current = nodes.own().id;
    let members = nodes.members().await?.into_iter();
    let items = members.map(|Member { beat, alive }| Node {
        id: beat.node.id,
        name: beat.node.name,
        version: beat.node.version,
        since: beat.node.since,
        last_seen: beat.seen_at,
        alive,
        current: beat.node.id == current,
    });
    Ok(Json(NodeList {
        items: items.collect(),
    }))
}
