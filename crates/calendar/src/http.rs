//! `/calendar`.

use access::{
    Caller, Json, Page, Problem, Query,
    page::{self, CursorText},
};
use axum::extract::State;
use base::{Id, Severity, SubjectType, Time};
use records::{
    Date, Named,
    date::ZoneName,
    dated::{self, Cursor, Kind},
};
use serde::{Deserialize, Serialize};

use crate::{Calendar, Window};

/// The default limit of an answer.
pub const DEFAULT_ITEMS: u32 = 1_000;

/// The most entries of an answer.
pub const MAX_ITEMS: u32 = 5_000;

/// Which entries.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CalendarQuery {
    /// From this time on; one month ago by default. A date is included when any part of its day is in the window.
    from: Option<Time>,
    /// Until before this time; in two months by default. At most 400 days after `from`.
    to: Option<Time>,
    /// Only those of this company.
    company_id: Option<Id>,
    /// Only deadlines of findings assigned to the caller directly.
    #[serde(default)]
    mine: bool,
    /// The time zone that decides when a day begins and ends, an IANA name such as `Europe/Berlin`; UTC by default.
    #[param(inline, value_type = Option<ZoneName>)]
    tz: Option<String>,
    /// How many entries, 1 to 5,000; 1,000 by default.
    #[param(minimum = 1, maximum = 5000)]
    limit: Option<u32>,
    /// The `next_cursor` of the previous answer, with all other parameters unchanged.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

impl CalendarQuery {
    fn limit(&self) -> Result<u32, Problem> {
        match self.limit.unwrap_or(DEFAULT_ITEMS) {
            limit @ 1..=MAX_ITEMS => Ok(limit),
            _ => Err(Problem::field("limit", format!("must be from 1 to {MAX_ITEMS}"))),
        }
    }

    fn after(&self) -> Result<Option<Cursor>, Problem> {
        Ok(page::position(self.cursor.as_deref())?)
    }
}

/// An entry of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = CalendarItem)]
pub struct Item {
    /// Stable and unique: the kind and the record's id.
    pub id: String,
    /// The kind of entry.
    pub kind: Kind,
    /// The record's title or name.
    pub title: String,
    /// When it is due. For a date without a time: midnight UTC of that day.
    pub at: Time,
    /// When it ends, if it has a duration. For a date: midnight UTC of its last day.
    pub ends_at: Option<Time>,
    /// Whether it has a date and no time: it is on that date in every time zone.
    pub all_day: bool,
    /// That date.
    pub date: Option<Date>,
    /// The last day (inclusive) of an entry over several days.
    pub ends_on: Option<Date>,
    /// The type of record.
    pub entity_type: SubjectType,
    /// The record's id.
    pub entity_id: Id,
    /// The severity, for findings.
    pub severity: Option<Severity>,
    /// The record's status.
    pub status: String,
    /// The id of its company.
    pub company_id: Id,
    /// The company's name.
    pub company_name: String,
    /// The project it belongs to, or is.
    pub project_id: Option<Id>,
    /// The project's name.
    pub project_name: Option<String>,
}

impl From<dated::Item> for Item {
    fn from(item: dated::Item) -> Self {
        let (date, ends_on) = (item.day(), item.last_day());
        let (project_id, project_name) = Named::split(item.project);
        Self {
            id: item.id,
            kind: item.kind,
            title: item.title,
            at: item.at,
            ends_at: item.ends_at,
            all_day: date.is_some(),
            date,
            ends_on,
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

/// What is due in a time window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Calendar)]
pub struct Feed {
    /// The entries, earliest first.
    pub items: Vec<Item>,
    /// The start of the window.
    pub from: Time,
    /// Its end (exclusive).
    pub to: Time,
    /// The `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What is due when: projects, scans, deadlines of findings, ends of agreements and risk acceptances
#[utoipa::path(
    get, path = "/calendar", tag = "calendar", operation_id = "get_calendar", params(CalendarQuery),
    responses(
        (status = 200, description = "The entries, earliest first", body = Feed),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(calendar): State<Calendar>,
    caller: Caller,
    Query(query): Query<CalendarQuery>,
) -> Result<Json<Feed>, Problem> {
    let window = Window::new(query.from, query.to, calendar.store().clock().now())?;
    let zone = records::date::zone(query.tz.as_deref())?;
    let (limit, after) = (query.limit()?, query.after()?);
    let (first_day, last_day) = window.days(&zone);
    let query = dated::Query {
        assigned_to: query.mine.then_some(caller.user_id),
        scope: caller.scope,
        company: query.company_id,
        kinds: Kind::ALL.to_vec(),
        from: window.from,
        to: window.to,
        first_day,
        last_day,
        stamps: false,
        after,
        // One more than the limit shows whether there is more.
        limit: limit + 1,
    };
    let items = calendar.store().read(move |tx| dated::due(tx, &query));
    let page = Page::cut(items.await.map_err(Problem::from)?, limit, dated::Item::cursor);
    let page = page.map(Item::from);
    Ok(Json(Feed {
        items: page.items,
        from: window.from,
        to: window.to,
        next_cursor: page.next_cursor,
    }))
}
