//! Quarantined rows, for administrators: events that cannot be read or planned, and messages that cannot be read.
//!
//! Must not: read more of a row than its texts, or it could not be shown either.

use access::{Caller, Json, Page, PageQuery, Problem, Query};
use axum::extract::State as Extract;
use base::{Id, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx};

use crate::http::State;

/// A quarantined event or message. Its texts are as stored: escape them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SetAside {
    /// `event`, or `delivery` for a message.
    pub what: &'static str,
    /// Its id.
    pub id: Id,
    /// The event, or the message's event.
    pub event_id: String,
    /// The type of the event.
    pub event_type: String,
    /// The event's company; null for a platform event.
    pub company_id: Option<String>,
    /// The channel of a message.
    pub channel: Option<String>,
    /// Where the message goes: an address, or a masked URL.
    pub destination: Option<String>,
    /// Why it is quarantined.
    pub reason: String,
    /// When it was quarantined.
    pub at: Time,
}

impl FromRow for SetAside {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let some = |index| {
            let text: Result<String, Error> = row.get(index);
            text.map(|text| Some(text).filter(|text| !text.is_empty()))
        };
        Ok(Self {
            what: if some(4)?.is_some() { "delivery" } else { "event" },
            id: row.get(0)?,
            event_id: row.get(1)?,
            event_type: row.get(2)?,
            company_id: some(3)?,
            channel: some(4)?,
            destination: some(5)?,
            reason: row.get(6)?,
            at: row.get(7)?,
        })
    }
}

const EVENTS: &str = "select p.event_id, p.event_id, e.kind, e.company_id, '', '', p.fault, p.planned_at \
     from event_plans p join events e on e.id = p.event_id where p.fault <> ''";
const MESSAGES: &str = "select id, event_id, event_type, company_id, channel, label, reason, updated_at \
     from deliveries where state = 'set_aside'";

/// Quarantined events and messages, newest first, at most `limit`.
///
/// # Errors
/// Database errors.
fn list(tx: &mut Tx<'_>, before: Option<Id>, limit: usize) -> Result<Vec<SetAside>, Error> {
    let mut all = Vec::new();
    for (select, id) in [(EVENTS, "p.event_id"), (MESSAGES, "id")] {
        let select = Select::new(select)
            .filter(&format!("{id} < ?"), before)
            .push(&format!(" order by {id} desc"), Vec::new());
        all.extend(select.page::<SetAside>(tx, "set_aside", limit)?);
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.id));
    all.truncate(limit);
    Ok(all)
}

/// Quarantined events and messages: this version of the server cannot read or plan them. Newest first. They do not
/// block others, and are processed as soon as a version runs that can read them.
#[utoipa::path(get, path = "/deliveries/set-aside", tag = "deliveries", params(PageQuery), responses(
    (status = 200, description = "One page", body = Page<SetAside>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list_set_aside(
    Extract(state): Extract<State>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<SetAside>>, Problem> {
    caller.admin()?;
    let (limit, before) = (page.limit()?, page.after::<Id>()?);
    let store = state.access.store();
    let found = store.read(move |tx| list(tx, before, limit as usize + 1)).await?;
    Ok(Json(Page::cut(found, limit, |last| last.id)))
}
