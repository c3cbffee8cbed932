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
    list::{self, Cursor, Known},
};
use crate::{
    channel::Channel,
    channels::{Attempt, Outbound, Outcome, webhook::Signing},
    http::State,
    kinds::TemplateName,
    message, signing,
    target::Key,
};

/// Every URL that messages are posted to, of rules, teams and personal chats, and the mail server: whether it is
/// switched on, and how it fares.
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
    let (limit, after) = (page.limit()?, page.after::<Cursor>()?);
    let store = state.access.store();
    let vault = state.access.vault().clone();
    let known = store
        .read(move |tx| list::list(tx, &vault, after.as_ref(), limit + 1))
        .await?;
    Ok(Json(Page::cut(known, limit, |last| Cursor::of(last).text())))
}

/// What administrators are to know at a glance: the console shows a banner where mail is not sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DestinationSummary {
    /// `smtp`, or `file` where there is no mail server, so that mails are written to files and reach nobody.
    pub mail: &'static str,
    /// How many destinations are switched off.
    pub switched_off: u64,
    /// Messages to how many destinations are given up, without one that arrived since.
    pub failing: u64,
    /// How many events and messages were set aside because they cannot be read: `GET /deliveries/set-aside` lists them.
    pub set_aside: u64,
}

/// How destinations fare at a glance, and whether there is a mail server.
#[utoipa::path(get, path = "/destinations/summary", tag = "deliveries", responses(
    (status = 200, description = "Counts of URLs, each once, and of what mail goes to", body = DestinationSummary),
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

/// Where a test message goes: to a stored `destination`, or on a `channel` to a `url` (webhook, slack, teams, chat) or an
/// `email`. The caller's own chat is named by its URL masked as it was answered, too.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestDestination {
    /// The id of a stored one: `destination_id` of the list. Nothing else is given then.
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

/// What became of a test message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TestResult {
    /// Whether the other side took it.
    pub delivered: bool,
    /// `delivered`, `written` (to a file, because there is no mail server), `refused_for_good`, `refused_for_now` or
    /// `unknown`.
    pub outcome: &'static str,
    /// The status of the answer, HTTP or SMTP.
    pub status: Option<u16>,
    /// The beginning of the answer. Text from outside: escape it.
    pub answer: String,
    /// Why, in words.
    pub reason: String,
}

/// What is tested.
struct Tested {
    channel: Channel,
    /// In the form to send to; a secret.
    destination: String,
    template: String,
    /// What people may read of it.
    shown: String,
}

/// Sends one test message, on the way that real ones go, and waits for what becomes of it. A destination that was
/// switched off and takes it is on again, and need not be silent any longer. To chats anybody sends one, who may store
/// such a URL, too; to a stored destination its owner (of a team the company's managers); to an address or any other URL
/// administrators of the platform.
#[utoipa::path(post, path = "/destinations/test", tag = "deliveries", request_body = TestDestination, responses(
    (status = 200, description = "It was tried; the outcome says what became of it", body = TestResult),
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

/// How many characters of an answer are shown.
const KEPT: usize = 512;

/// A stored destination, as far as the caller may use it.
async fn stored(state: &State, caller: &Caller, id: Id) -> Result<Tested, Problem> {
    let stored = state.access.store().read(move |tx| super::one(tx, id)).await?;
    let stored =
        stored.ok_or_else(|| Problem::field("destination", "there is no such destination with a URL"))?;
    match (stored.owner, stored.company) {
        (Owner::User(owner), _) if owner == caller.user_id => {}
        (Owner::Team(_), Some(company)) => caller.may(company, Role::Manager)?,
        _ => caller.admin()?,
    }
    let url = stored.opened(state.access.vault()).ok_or_else(|| {
        Problem::conflict("Its URL does not open with the present secret key. Save it again.")
    })?;
    Ok(Tested {
        channel: stored.channel,
        destination: url.expose().to_owned(),
        template: stored.template,
        shown: stored.label,
    })
}

/// What the body names.
async fn given(state: &State, caller: &Caller, body: TestDestination) -> Result<Tested, Problem> {
    let channel = body
        .channel
        .ok_or_else(|| Problem::field("channel", "it is missing"))?;
    if !channel.is_chat() {
        caller.admin()?;
    }
    let (field, text) = if channel == Channel::Email {
        ("email", body.email)
    } else {
        ("url", body.url.map(|url| url.expose().to_owned()))
    };
    let said = text.ok_or_else(|| Problem::field(field, "it is missing"))?;
    let said = said.trim().to_owned();
    let user = caller.user_id;
    let own = state
        .access
        .store()
        .read(move |tx| super::own(tx, user, channel))
        .await?;
    let own = own.filter(|stored| stored.label == said);
    let url = own
        .as_ref()
        .and_then(|stored| stored.opened(state.access.vault()));
    let text = url.map_or(said, |url| url.expose().to_owned());
    let template = body.template.or(own.map(|own| own.template)).unwrap_or_default();
    let known = channel.about().templates;
    if template.is_empty() != known.is_empty() || !(known.is_empty() || known.contains(&&*template)) {
        let what = if known.is_empty() {
            "only chat has one".to_owned()
        } else {
            format!("expected one of {}", known.join(", "))
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

/// Sends the message. Noted before it is sent: a message that is out is in the log, whatever happens next.
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
    state.doorbell.end_silence(vec![key.clone()]);
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
