//! What happened, for people to read: the events of the companies one may see, the newest first.
//!
//! Owns: reading events as a list. Must not: make one, or say whom it was told.

pub mod http;

use access::{Page, PageQuery, Problem};
use base::{Event, Id, Kind, Scope, Severity, Subject, SubjectType, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx};

use crate::Named;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Activity {
    /// The id of its event.
    pub id: Id,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When.
    pub at: Time,
    /// The company it happened in.
    pub company_id: Option<Id>,
    /// That company's name.
    pub company_name: Option<String>,
    /// How bad, for what has a severity.
    pub severity: Option<Severity>,
    /// Who did it; null for what happened by itself.
    pub actor: Option<Named>,
    /// The kind of record it happened to.
    pub subject_type: SubjectType,
    /// That record's id, also when it is gone.
    pub subject_id: Id,
    /// That record's title or name then.
    pub title: String,
}

impl From<Event> for Activity {
    fn from(event: Event) -> Self {
        let text = |key: &str| event.text(key).map(ToOwned::to_owned);
        let Subject { kind, id } = event.subject;
        Self {
            company_name: text("company_name"),
            actor: event
                .actor
                .zip(text("actor_name"))
                .map(|(id, name)| Named { id, name }),
            title: text("title").unwrap_or_default(),
            id: event.id,
            kind: event.kind,
            at: event.at,
            company_id: event.audience.company(),
            severity: event.severity,
            subject_type: kind,
            subject_id: id,
        }
    }
}

/// A stored event.
struct Stored(Event);

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let body: String = row.get(0)?;
        serde_json::from_str(&body)
            .map(Self)
            .map_err(|error| Error::Decode(format!("an event: {error}")))
    }
}

/// A page of what happened in the companies of a scope, or in one of them.
///
/// # Errors
/// 422 for a limit or a cursor that does not fit.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    company: Option<Id>,
    page: &PageQuery,
) -> Result<Page<Activity>, Problem> {
    let limit = page.limit()?;
    // Events for no company are about nobody's records.
    let rows: Vec<Stored> = Select::new("select body from events where company_id <> ''")
        .scope("company_id", scope)
        .filter("company_id = ?", company)
        .filter("id < ?", page.after::<Id>()?)
        .push(&format!(" order by id desc limit {}", limit + 1), Vec::new())
        .all(tx)?;
    let items = rows.into_iter().map(|Stored(event)| event.into()).collect();
    Ok(Page::cut(items, limit, |one: &Activity| one.id.to_string()))
}
