//! Destinations over HTTP: the list, and test messages.

use access::{
    Caller, Json, Page, PageQuery, Problem, Query, Role, Secret,
    audit::{self, Action, By, Entry},
    schema::Email,
};
use axum::extract::State as Extract;
use base::Id;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{
    Owner, PostUrl, health,
    list::{self, Known, Position},
};
use crate::{
    channel::Channel,
    channels::{Attempt, Outbound, Outcome, webhook::Signing},
    http::State,
    kinds::TemplateName,
    message, signing,
    target::Key,
};

/// Every URL that messages are posted to, of rules, teams and personal chats, and the mail server: whether it is turned
/// on, and its health.
#[utoipa::path(get, path = "/destinations", tag = "deliveries", params(PageQuery), responses(
    (status = 200, description = "One page; URLs are masked", body = Page<Known>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list_destinations(
    Extract(state): Extract<State>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Known>>, Problem> {
    caller.admin()?;
    let (limit, after) = (page.limit()?, page.after::<Position>()?);
    let store = state.access.store();
    let vault = state.access.vault().clone();
    let known = store
        .read(move |tx| list::list(tx, &vault, after, limit + 1))
        .await?;
    Ok(Json(Page::cut(known, limit, list::position)))
}

/// What administrators should see at a glance: the console shows a banner if mail is not sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DestinationSummary {
    /// `smtp`, or `file` if there is no mail server, so that mails are written to files and not sent.
    pub mail: &'static str,
    /// How many destinations are turned off.
    pub switched_off: u64,
    /// How many destinations have given-up messages, and none delivered since.
    pub failing: u64,
    /// How many events and messages are quarantined because they cannot be read: `GET /deliveries/set-aside` lists
    /// them.
    pub set_aside: u64,
}

/// The health of destinations at a glance, and whether there is a mail server.
#[utoipa::path(get, path = "/destinations/summary", tag = "deliveries", responses(
    (status = 200, description = "Counts of distinct URLs, and how mail is sent", body = DestinationSummary),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn summarize_destinations(
    Extract(state): Extract<State>,
    caller: Caller,
) -> Result<Json<DestinationSummary>, Problem> {
    caller.admin()?;
    let read = |tx: &mut Tx<'_>| Ok::<_, store::Error>((health::counts(tx)?, health::set_aside(tx)?));
    let ((switched_off, failing), set_aside) = state.access.store().read(read).await?;
    Ok(Json(DestinationSummary {
        mail: if state.channels.has_mail_server() {
            "smtp"
        } else {
            "file"
        },
        switched_off,
        failing,
        set_aside,
    }))
}

/// Where to send a test message: to a saved `destination`, or on a `channel` to a `url` (webhook, slack, teams, chat)
/// or an `email`. The caller's own chat can also be named by its masked URL as returned.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestDestination {
    /// The id of a saved one: `destination_id` of the list. All other fields are then omitted.
    destination: Option<Id>,
    /// The channel.
    channel: Option<Channel>,
    /// The URL.
    #[schema(value_type = Option<PostUrl>)]
    url: Option<Secret>,
    /// The template, on `chat`.
    #[schema(value_type = Option<TemplateName>)]
    template: Option<String>,
    /// The address.
    #[schema(value_type = Option<Email>)]
    email: Option<String>,
}

/// The outcome of a test message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TestResult {
    /// Whether the other side accepted it.
    pub delivered: bool,
    /// `delivered`, `written` (to a file, because there is no mail server), `refused_for_good`, `refused_for_now` or
    /// `unknown`.
    pub outcome: &'static str,
    /// The status of the response, HTTP or SMTP.
    pub status: Option<u16>,
    /// The beginning of the response. Untrusted text: escape it.
    pub answer: String,
    /// The reason, in words.
    pub reason: String,
}

/// The destination to test.
struct Tested {
    channel: Channel,
    /// In the form to send to; a secret.
    destination: String,
    template: String,
    /// Its label.
    shown: String,
}

/// Sends one test message, on the same path as real ones, and waits for the outcome. A delivered test turns a
/// destination on that was turned off, and ends a pause it asked for. Anyone who may save a chat URL may test one; a
/// saved destination its owner (for a team the company's managers); an address or any other URL only administrators.
#[utoipa::path(post, path = "/destinations/test", tag = "deliveries", request_body = TestDestination, responses(
    (status = 200, description = "The attempt was made; see the outcome", body = TestResult),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn test_destination(
    Extract(state): Extract<State>,
    caller: Caller,
    Json(body): Json<TestDestination>,
) -> Result<Json<TestResult>, Problem> {
    let tested = match body.destination {
        Some(id) => stored(&state, &caller, id).await?,
        None => given(&state, &caller, body).await?,
    };
    let by = By::caller(&caller);
    let attempt = send(&state, &tested, by.clone()).await?;
    if tested.channel.has_url() && attempt.outcome == Outcome::Delivered {
        switch_on(&state, &tested, by).await?;
    }
    Ok(Json(TestResult {
        delivered: attempt.outcome == Outcome::Delivered,
        outcome: attempt.outcome.name(),
        status: attempt.status,
        answer: base::text::block(&attempt.answer, KEPT),
        reason: attempt.reason,
    }))
}

/// How many characters of a response are shown.
const KEPT: usize = 512;

/// A saved destination, if the caller may use it.
async fn stored(state: &State, caller: &Caller, id: Id) -> Result<Tested, Problem> {
    let stored = state.access.store().read(move |tx| super::one(tx, id)).await?;
    let stored =
        stored.ok_or_else(|| Problem::field("destination", "destination not found, or it has no URL"))?;
    match (stored.owner, stored.company) {
        (Owner::User(owner), _) if owner == caller.user_id => {}
        (Owner::Team(_), Some(company)) => caller.may(company, Role::Manager)?,
        _ => caller.admin()?,
    }
    let url = stored
        .opened(state.access.vault())
        .ok_or_else(|| Problem::conflict("The current secret key cannot decrypt its URL. Save it again."))?;
    Ok(Tested {
        channel: stored.channel,
        destination: url.expose().to_owned(),
        template: stored.template,
        shown: stored.label,
    })
}

/// The destination in the body.
async fn given(state: &State, caller: &Caller, body: TestDestination) -> Result<Tested, Problem> {
    let channel = body
        .channel
        .ok_or_else(|| Problem::field("channel", "is required"))?;
    if !channel.is_chat() {
        caller.admin()?;
    }
    let (field, text) = if channel == Channel::Email {
        ("email", body.email)
    } else {
        ("url", body.url.map(|url| url.expose().to_owned()))
    };
    let input = text.ok_or_else(|| Problem::field(field, "is required"))?;
    let input = input.trim().to_owned();
    let user = caller.user_id;
    let own = state
        .access
        .store()
        .read(move |tx| super::own(tx, user, channel))
        .await?;
    let own = own.filter(|stored| stored.label == input);
    let url = own
        .as_ref()
        .and_then(|stored| stored.opened(state.access.vault()));
    let text = url.map_or(input, |url| url.expose().to_owned());
    let template = body.template.or(own.map(|own| own.template)).unwrap_or_default();
    let known = channel.about().templates;
    if template.is_empty() != known.is_empty() || !(known.is_empty() || known.contains(&&*template)) {
        let what = if known.is_empty() {
            "is only allowed on chat".to_owned()
        } else {
            format!("must be one of {}", known.join(", "))
        };
        return Err(Problem::field("template", what));
    }
    let destination = state
        .channels
        .check(channel, &text)
        .map_err(|why| Problem::field(field, why))?;
    Ok(Tested {
        channel,
        shown: if channel.has_url() {
            access::mask(&destination)
        } else {
            text
        },
        destination,
        template,
    })
}

/// Sends the message. Logged before it is sent: a sent message is in the log, whatever happens next.
async fn send(state: &State, tested: &Tested, by: By) -> Result<Attempt, Problem> {
    let (store, clock) = (state.access.store(), state.access.store().clock());
    let entry =
        Entry::named(Action::DestinationTested, tested.shown.clone()).says("channel", tested.channel.name());
    let key = Key::of_url(state.access.vault(), &tested.destination);
    let signing = store.write(move |tx: &mut Tx<'_>| {
        audit::note(tx, &by, entry)?;
        signing::of(tx, &key)
    });
    let signing: Signing = signing.await?;
    let outbound = Outbound {
        delivery_id: clock.id(),
        message: message::test(clock.id(), clock.now(), state.channels.public_url()),
        destination: tested.destination.clone(),
        body: None,
        template: tested.template.clone(),
        unsubscribe: None,
        signing,
    };
    Ok(state.channels.send(tested.channel, &outbound).await)
}

async fn switch_on(state: &State, tested: &Tested, by: By) -> Result<(), Problem> {
    let key = Key::of_url(state.access.vault(), &tested.destination);
    state.doorbell.end_pause(std::slice::from_ref(&key));
    let entry = Entry::named(Action::DestinationSwitchedOn, tested.shown.clone())
        .says("channel", tested.channel.name());
    let write = state.access.store().write(move |tx| {
        if health::switch_on(tx, &key)? {
            audit::note(tx, &by, entry)?;
        }
        Ok::<_, store::Error>(())
    });
    write.await?;
    Ok(())
}
