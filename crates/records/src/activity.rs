//! Recent activity, for people to read: `/activity`.
//!
//! Owns: how an event is shown in a list. Must not: have a table, or know who was notified. The events of single
//! records in an import or a bulk change are left out: one event represents them.

use access::{Caller, Json, Page, PageQuery, Problem, Query, directory};
use axum::extract::State;
use base::{Event, Id, Kind, Severity, SubjectType, Time};
use serde::{Deserialize, Serialize};

use crate::{Named, Records};

/// Something that happened. Names are those at that time; text from outside: escape it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Activity)]
pub struct Activity {
    /// The event's id.
    pub id: Id,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When.
    pub at: Time,
    /// The company it happened in.
    pub company_id: Id,
    /// That company's name.
    pub company_name: String,
    /// The severity, if it is about a finding.
    pub severity: Option<Severity>,
    /// Who did it; null for the system itself.
    pub actor: Option<Named>,
    /// The kind of record it happened to.
    pub subject_type: SubjectType,
    /// That record's id; the record may have been deleted.
    pub subject_id: Id,
    /// The record's title or name.
    pub title: String,
}

impl Activity {
    /// None for an event without a company.
    fn of(event: &Event) -> Option<Self> {
        let text = |key: &str| event.text(key).unwrap_or_default().to_owned();
        Some(Self {
            id: event.id,
            kind: event.kind,
            at: event.at,
            company_id: event.audience.company()?,
            company_name: text("company_name"),
            severity: event.severity,
            actor: event.actor.map(|id| Named {
                id,
                name: text("actor_name"),
            }),
            subject_type: event.subject.kind,
            subject_id: event.subject.id,
            title: text("title"),
        })
    }
}

/// Filters.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ActivityQuery {
    /// Only what happened in this company.
    company_id: Option<Id>,
}

/// Recent activity in the companies the caller may see
///
/// The events of single records in an import or a bulk change are left out: one entry represents them.
#[utoipa::path(
    get, path = "/activity", tag = "activity", operation_id = "list_activity", params(ActivityQuery, PageQuery),
    responses(
        (status = 200, description = "A page of events, newest first", body = Page<Activity>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(records): State<Records>,
    caller: Caller,
    Query(query): Query<ActivityQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Activity>>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<Id>()?);
    let events = records
        .read(move |tx| {
            let companies = directory::companies(tx, &caller.scope, query.company_id)?;
            store::outbox::newest(tx, &companies, before, limit + 1)
        })
        .await?;
    let rows = events.iter().filter_map(Activity::of).collect();
    Ok(Json(Page::cut(rows, limit, |row: &Activity| row.id)))
}
