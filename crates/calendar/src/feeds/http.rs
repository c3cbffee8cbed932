//! `/me/calendar-feeds` and `/calendar.ics`.

use access::{
    Caller, Create, InSession, Json, Page, PageQuery, Path, Problem, Query,
    audit::{self, Action, By, Entry},
    directory,
    feed_keys::{self, FeedKey},
    schema::Line,
    validate::Check,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base::{Id, Time};
use records::dated::Kind;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Settings, read};
use crate::{Calendar, ical::Document};

/// The longest name of a feed, in characters.
const NAME: usize = 200;

/// The most reminders of an entry, and the earliest: four weeks before it.
const ALARMS: usize = 5;
const EARLIEST: u32 = 28 * 24 * 60;

/// The title of a calendar that its owner did not name.
const UNNAMED: &str = "Campanile";

/// A feed to create. Everything is optional; by default it shows everything the caller may see.
#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewFeed {
    /// The calendar's title, one line of at most 200 characters.
    #[schema(value_type = Option<Line<{ NAME }>>)]
    name: Option<String>,
    /// Only this company.
    company_id: Option<Id>,
    /// Only deadlines of findings assigned to the caller directly.
    mine: bool,
    /// Reminders, as minutes before an entry: at most five, none earlier than four weeks.
    #[schema(max_items = 5, maximum = 40_320)]
    alarms: Vec<u32>,
    /// Only these kinds.
    #[schema(min_items = 1)]
    kinds: Option<Vec<Kind>>,
}

/// A feed of the caller, without its URL, which was shown once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CalendarFeed {
    /// Its id.
    id: Id,
    /// The calendar's title, if it has one.
    name: Option<String>,
    /// The company it is limited to, if any.
    company_id: Option<Id>,
    /// Whether it contains only deadlines of findings assigned to its owner directly.
    mine: bool,
    /// Reminders, as minutes before an entry.
    alarms: Vec<u32>,
    /// The kinds it is limited to, if any.
    kinds: Option<Vec<Kind>>,
    /// When it was created.
    created_at: Time,
    /// When it was last fetched, to about a minute; null for never.
    last_used_at: Option<Time>,
}

/// A feed, with its URL: only in this answer.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MadeFeed {
    /// The URL to subscribe to in a calendar program. Anyone who has it can read the feed; it is not shown again.
    url: String,
    #[serde(flatten)]
    made: CalendarFeed,
}

impl CalendarFeed {
    fn of(key: FeedKey) -> Result<Self, Problem> {
        let settings = Settings::of(&key)?;
        Ok(Self {
            id: key.id,
            name: Some(key.name).filter(|name| !name.is_empty()),
            company_id: settings.company_id,
            mine: settings.mine,
            alarms: settings.alarms,
            kinds: settings.kinds,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
        })
    }
}

impl NewFeed {
    /// The title and the settings, each alarm and kind once.
    fn checked(self) -> Result<(String, Settings), Problem> {
        let mut check = Check::new();
        let name = self.name.map(|name| check.line("name", &name, NAME));
        let mut alarms = self.alarms;
        check.that(alarms.len() <= ALARMS, "alarms", "must list at most five");
        alarms.sort_unstable();
        alarms.dedup();
        check.that(
            alarms.last().is_none_or(|last| *last <= EARLIEST),
            "alarms",
            "must be at most four weeks (40,320 minutes) before",
        );
        let kinds = self.kinds.map(|mut kinds| {
            kinds.sort_unstable();
            kinds.dedup();
            kinds
        });
        check.that(
            kinds.as_ref().is_none_or(|kinds| !kinds.is_empty()),
            "kinds",
            "must not be empty; omit it for all kinds",
        );
        check.done()?;
        let settings = Settings {
            company_id: self.company_id,
            mine: self.mine,
            alarms,
            kinds,
        };
        Ok((name.unwrap_or_default(), settings))
    }
}

/// The caller's calendar feeds
#[utoipa::path(
    get, path = "/me/calendar-feeds", tag = "calendar", operation_id = "list_calendar_feeds", params(PageQuery),
    responses(
        (status = 200, description = "A page of feeds, oldest first", body = Page<CalendarFeed>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(calendar): State<Calendar>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<CalendarFeed>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Id>()?);
    let rows = calendar
        .store()
        .read(move |tx| feed_keys::list(tx, caller.user_id, after, limit + 1))
        .await?;
    let page = Page::cut(rows, limit, |key| key.id);
    let items: Result<_, _> = page.items.into_iter().map(CalendarFeed::of).collect();
    Ok(Json(Page {
        items: items?,
        next_cursor: page.next_cursor,
    }))
}

/// Create a calendar feed
///
/// Its URL is in this answer and never again. Requires a session: an API token cannot create a feed, which would
/// outlive it.
#[utoipa::path(
    post, path = "/me/calendar-feeds", tag = "calendar", operation_id = "create_calendar_feed", request_body = NewFeed,
    responses(
        (status = 201, description = "Made", body = MadeFeed),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(calendar): State<Calendar>,
    InSession(caller): InSession,
    Create(once, new): Create<NewFeed>,
) -> Result<Response, Problem> {
    let (name, settings) = new.checked()?;
    let text = settings.text()?;
    let secret = feed_keys::secret(calendar.store().clock());
    let key = secret.clone();
    let made = calendar.store().write(move |tx| {
        if let Some(company) = settings.company_id
            && !directory::has_company(tx, company, &caller.scope)?
        {
            return Err(Problem::not_found());
        }
        once.run(tx, |tx| {
            let key = feed_keys::make(tx, &caller, &key, (&name, &text))?;
            let entry = Entry::new(Action::FeedCreated, key.id, &*key.name).of(settings.company_id);
            audit::note(tx, &By::caller(&caller), entry.made(&settings))?;
            CalendarFeed::of(key)
        })
    });
    let made = made.await?.map(|made| MadeFeed {
        url: format!(
            "{}/api/v1/calendar.ics?key={}",
            calendar.public_url,
            secret.expose()
        ),
        made,
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], made).into_response())
}

/// Revoke a calendar feed
///
/// Requires a session.
#[utoipa::path(
    delete, path = "/me/calendar-feeds/{id}", tag = "calendar", operation_id = "delete_calendar_feed",
    params(("id" = Id, Path, description = "The feed")),
    responses(
        (status = 204, description = "Revoked"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(calendar): State<Calendar>,
    InSession(caller): InSession,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    calendar
        .store()
        .write(move |tx| {
            let name = feed_keys::end(tx, caller.user_id, id)?;
            let entry = Entry::new(Action::FeedDeleted, id, &*name).gone(&json!({"name": name}));
            audit::note(tx, &By::caller(&caller), entry).map_err(Problem::from)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The query of a feed's URL.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KeyQuery {
    /// The key, which replaces every other credential here and is valid for nothing else.
    #[serde(default)]
    key: String,
}

/// A calendar feed, as programs fetch it: three months back, thirteen ahead, at most 5,000 entries
///
/// What its owner may see is checked at each fetch. A key that is unknown, revoked, or of a user without access gets
/// the same answer: 404.
#[utoipa::path(
    get, path = "/calendar.ics", tag = "calendar", operation_id = "get_calendar_feed", security(()), params(KeyQuery),
    responses(
        (status = 200, description = "The feed", body = String, content_type = "text/calendar"),
        (status = 304, description = "It has not changed"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn fetch(
    State(calendar): State<Calendar>,
    Query(KeyQuery { key }): Query<KeyQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let public_url = calendar.public_url.clone();
    let read = calendar.store().read(move |tx| {
        let found = read(tx, &key)?;
        let name = if found.key.name.is_empty() {
            UNNAMED
        } else {
            &found.key.name
        };
        let document = Document {
            name,
            alarms: &found.settings.alarms,
            public_url: &public_url,
            cut: found.cut,
            items: &found.items,
        };
        // Here, on a thread that may block.
        Ok::<_, Problem>((document.write(), found.key))
    });
    let (body, key) = read.await?;
    calendar.access.note_feed(&key);
    Ok(answer(body, &headers))
}

fn answer(body: String, asked: &HeaderMap) -> Response {
    let etag = etag(&body);
    let headers = [
        (header::ETAG, etag.as_str()),
        // Revalidated each time, so that a revoked feed is gone; an unchanged feed is not resent.
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"campanile.ics\""),
    ];
    if knows(asked, &etag) {
        let [etag, cache, ..] = headers;
        return (StatusCode::NOT_MODIFIED, [etag, cache]).into_response();
    }
    (headers, body).into_response()
}

/// A strong one: only the same bytes have it.
fn etag(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    let hex = digest
        .iter()
        .take(16)
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    format!("\"{hex}\"")
}

/// Whether the client has this already (RFC 9110, 13.1.2: compared weakly, as caches on the way may weaken a tag).
fn knows(asked: &HeaderMap, etag: &str) -> bool {
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
