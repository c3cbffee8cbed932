//! `/calendar`.

use access::{Caller, Json, Problem, Query};
use axum::extract::State;
use base::{Id, Severity, SubjectType, Time};
use records::dated::{self, Kind};
use serde::{Deserialize, Serialize};

use crate::{Calendar, Window};

/// The most entries of an answer.
pub const MAX_ITEMS: u32 = 5_000;

/// Which entries.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CalendarQuery {
    /// From this time on; one month ago by default.
    from: Option<Time>,
    /// Until before this time; in two months by default. At most 400 days after `from`.
    to: Option<Time>,
    /// Only those of this company.
    company_id: Option<Id>,
    /// Only deadlines of findings assigned to the caller directly.
    #[serde(default)]
    mine: bool,
}

/// An entry of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = CalendarItem)]
pub struct Item {
    /// Stable and unique: the kind and the record's id.
    pub id: String,
    /// Why it is there.
    pub kind: Kind,
    /// The record's title or name.
    pub title: String,
    /// When it is due.
    pub at: Time,
    /// When it ends, for what lasts.
    pub ends_at: Option<Time>,
    /// What kind of record it is.
    pub entity_type: SubjectType,
    /// Which record.
    pub entity_id: Id,
    /// How bad it is, for findings.
    pub severity: Option<Severity>,
    /// Where the record stands.
    pub status: String,
    /// The company it belongs to.
    pub company_id: Id,
    /// That company's name.
    pub company_name: String,
    /// The project it belongs to, or is.
    pub project_id: Option<Id>,
    /// That project's name.
    pub project_name: Option<String>,
}

impl From<dated::Item> for Item {
    fn from(item: dated::Item) -> Self {
        let (project_id, project_name) = match item.project {
            Some(project) => (Some(project.id), Some(project.name)),
            None => (None, None),
        };
        Self {
            id: item.id,
            kind: item.kind,
            title: item.title,
            at: item.at,
            ends_at: item.ends_at,
            entity_type: item.kind.entity(),
            entity_id: item.entity_id,
            severity: item.severity,
            status: item.status,
            company_id: item.company.id,
            company_name: item.company.name,
            project_id,
            project_name,
        }
    }
}

/// What is due in a window of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Calendar)]
pub struct Feed {
    /// The entries, the earliest first.
    pub items: Vec<Item>,
    /// The start of the window.
    pub from: Time,
    /// Its end, which is not in it.
    pub to: Time,
    /// Whether there is more in the window than the 5,000 entries given: ask for a shorter one.
    pub truncated: bool,
}

/// What is due when: projects, scans, deadlines of findings
#[utoipa::path(
    get, path = "/calendar", tag = "calendar", operation_id = "get_calendar", params(CalendarQuery),
    responses(
        (status = 200, description = "The entries, the earliest first", body = Feed),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(calendar): State<Calendar>,
    caller: Caller,
    Query(query): Query<CalendarQuery>,
) -> Result<Json<Feed>, Problem> {
    let window = Window::new(query.from, query.to, calendar.store.clock().now())?;
    let query = dated::Query {
        assigned_to: query.mine.then_some(caller.user_id),
        scope: caller.scope,
        company: query.company_id,
        from: window.from,
        to: window.to,
        // One more than is given says whether there is more.
        limit: MAX_ITEMS + 1,
    };
    let mut items = calendar
        .store
        .read(move |tx| dated::due(tx, &query).map_err(Problem::from))
        .await?;
    let truncated = items.len() > MAX_ITEMS as usize;
    items.truncate(MAX_ITEMS as usize);
    Ok(Json(Feed {
        items: items.into_iter().map(Item::from).collect(),
        from: window.from,
        to: window.to,
        truncated,
    }))
}
