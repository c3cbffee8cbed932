//! The delivery log: every message with every attempt.

use std::collections::{BTreeSet, HashMap};

use base::{Event, Id, Kind, Scope, SubjectType, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx, Value, outbox, unreadable};

use super::state::State;
use crate::{
    channel::Channel,
    plan::Why,
    sql,
    target::{Key, Recipient},
};

/// A message to one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Delivery {
    /// Its id; on webhooks the `webhook-id`.
    pub id: Id,
    /// The event it is about.
    pub event_id: Id,
    /// The event's type.
    pub event_type: Kind,
    /// The event's company; null for a platform event.
    pub company_id: Option<Id>,
    /// The company's name at that time.
    pub company_name: Option<String>,
    /// The event's record; it may have been deleted.
    pub subject: Option<About>,
    /// The record's title or name at that time. Untrusted text: escape it.
    pub title: Option<String>,
    /// The channel.
    pub channel: Channel,
    /// The type of recipient: a `user`, a `team`, an `address`, or a `url` that a rule names.
    pub recipient_type: String,
    /// The id of the user, the team or the rule's recipient; for an address the address.
    pub recipient: String,
    /// The address, or a masked URL.
    pub destination: String,
    /// Its state.
    pub state: State,
    /// Why it is in this state, if there is more to say.
    pub reason: Option<String>,
    /// For a bundled message the summary's delivery; for a summary its own id.
    pub summary_id: Option<Id>,
    /// How many attempts were made.
    pub attempt_count: u32,
    /// When the next one is due, while it waits.
    pub next_at: Option<Time>,
    /// When it was planned.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// Why it was canceled.
    #[serde(skip)]
    pub(crate) cancelled: Option<Why>,
    /// Identifies its destination.
    #[serde(skip)]
    pub(crate) key: Key,
    /// Its digest, for a message of a group.
    #[serde(skip)]
    pub(crate) digest: Option<Id>,
    /// Why its recipient gets it, if that was stored.
    #[serde(skip)]
    pub(crate) why: Option<Why>,
}

/// An event's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DeliverySubject)]
pub struct About {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: SubjectType,
    /// Its id.
    pub id: Id,
}

/// A delivery attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AttemptLog {
    /// Its number, from 1.
    pub number: u32,
    /// When it began.
    pub started_at: Time,
    /// When its outcome was known; null until then.
    pub ended_at: Option<Time>,
    /// `delivered`, `written`, `refused_for_good`, `refused_for_now` or `unknown`; null while it is in flight.
    pub outcome: Option<String>,
    /// The status of the response, HTTP or SMTP.
    pub status: Option<u16>,
    /// The beginning of the response. Untrusted text: escape it.
    pub answer: Option<String>,
    /// The reason, in words.
    pub reason: Option<String>,
}

/// A message with every attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeliveryLog {
    /// The message.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Its attempts, oldest first.
    pub attempts: Vec<AttemptLog>,
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl Delivery {
    /// Adds what the event was about, with its name at that time.
    fn name(&mut self, event: &Event) {
        let text = |key| event.text(key).map(str::to_owned).and_then(some);
        self.subject = Some(About {
            kind: event.subject.kind,
            id: event.subject.id,
        });
        (self.title, self.company_name) = (text("title"), text("company_name"));
    }

    /// Its recipient.
    pub(crate) fn to(&self) -> Option<Recipient> {
        Recipient::parse(&self.recipient_type, &self.recipient)
    }
}

impl FromRow for Delivery {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let (company, summary): (String, String) = (row.get(3)?, row.get(14)?);
        let state: State = row.get(8)?;
        let reason: String = row.get(9)?;
        let cancelled = (state == State::Cancelled)
            .then(|| Why::not_notified(&reason))
            .flatten();
        Ok(Self {
            id: row.get(0)?,
            event_id: row.get(1)?,
            event_type: row.get(2)?,
            company_id: if company.is_empty() {
                None
            } else {
                Some(row.get(3)?)
            },
            company_name: None,
            subject: None,
            title: None,
            channel: row.word(4)?,
            recipient_type: row.get(5)?,
            recipient: row.get(6)?,
            destination: row.get(7)?,
            state,
            reason: some(cancelled.as_ref().map_or(reason, |why| why.words().to_owned())),
            summary_id: if summary.is_empty() {
                None
            } else {
                Some(row.get(14)?)
            },
            attempt_count: row.get(10)?,
            next_at: if state == State::Pending {
                Some(row.get(11)?)
            } else {
                None
            },
            created_at: row.get(12)?,
            updated_at: row.get(13)?,
            cancelled,
            key: Key::stored(&row.get::<String>(15)?),
            digest: row.get::<String>(16)?.parse().ok(),
            why: Why::read(&row.get::<String>(17)?),
        })
    }
}

/// A row of the attempts: its delivery, and the attempt.
struct AttemptRow(Id, AttemptLog);

impl FromRow for AttemptRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let (ended_at, status): (i64, i64) = (row.get(3)?, row.get(5)?);
        let attempt = AttemptLog {
            number: row.get(1)?,
            started_at: row.get(2)?,
            ended_at: (ended_at != 0).then(|| Time::from_nanos(ended_at)),
            outcome: some(row.get(4)?),
            status: u16::try_from(status).ok().filter(|status| *status != 0),
            answer: some(row.get(6)?),
            reason: some(row.get(7)?),
        };
        Ok(Self(row.get(0)?, attempt))
    }
}

/// Which deliveries a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Filter {
    pub(crate) state: Option<State>,
    pub(crate) channel: Option<Channel>,
    pub(crate) event: Option<Id>,
    pub(crate) id: Option<Id>,
    pub(crate) before: Option<Id>,
}

const DELIVERIES: &str = "select id, event_id, event_type, company_id, channel, recipient_kind, recipient, label, state, \
     reason, attempts, next_at, created_at, updated_at, summary_id, target_key, digest_id, why from deliveries where 1 = 1";

/// The deliveries, newest first, at most `limit`.
///
/// # Errors
/// Database errors.
pub(crate) fn list(tx: &mut Tx<'_>, filter: Filter, limit: u32) -> Result<Vec<Delivery>, Error> {
    let mut deliveries: Vec<Delivery> =
        unreadable::page(tx, "delivery", limit as usize, |limit| first(&filter, limit))?;
    name(tx, &mut deliveries)?;
    Ok(deliveries)
}

/// The first `limit` matches.
fn first(filter: &Filter, limit: usize) -> Select {
    let mut select = Select::new(DELIVERIES)
        .filter("id = ?", filter.id)
        .filter("event_id = ?", filter.event);
    let looked_up = filter.id.is_some() || filter.event.is_some();
    if looked_up {
        // An event has few, and an index: an index in the list's order would only pass over others.
        select = select
            .filter("channel || '' = ?", filter.channel.map(Channel::name))
            .filter("state || '' = ?", filter.state)
            .filter("id || '' < ?", filter.before);
    } else if filter.channel.is_some() || filter.state.is_some() {
        select = select.inside("id", newest(filter, limit));
    } else {
        select = select.filter("id < ?", filter.before);
    }
    let order = if looked_up { "id || ''" } else { "id" };
    select.push(&format!(" order by {order} desc limit ?"), vec![limit.into()])
}

/// The newest matches of each channel and state, each read in the order of its index: so a page of a few among millions
/// costs no more than any other.
fn newest(filter: &Filter, limit: usize) -> Select {
    let channels = filter
        .channel
        .map_or(Channel::ALL.to_vec(), |channel| vec![channel]);
    let states = filter.state.map_or(State::ALL.to_vec(), |state| vec![state]);
    let each = channels
        .into_iter()
        .flat_map(|channel| states.iter().map(move |state| (channel, *state)));
    let parts = each.map(|(channel, state)| {
        Select::new("select id from deliveries where 1 = 1")
            .filter("channel = ?", Some(channel.name()))
            .filter("state = ?", Some(state))
            .filter("id < ?", filter.before)
            .push(" order by id desc limit ?", vec![limit.into()])
    });
    Select::new("select id from (")
        .union(parts)
        .push(") as each_way order by id desc limit ?", vec![limit.into()])
}

/// The deliveries of these digests, oldest first.
///
/// # Errors
/// Database errors.
pub(crate) fn of_digests(tx: &mut Tx<'_>, digests: &[Id]) -> Result<Vec<Delivery>, Error> {
    let digests: Vec<Value> = digests.iter().map(Value::from).collect();
    // So that the small index is used, which contains those of digests.
    let select = format!("{DELIVERIES} and digest_id <> ''");
    let mut deliveries: Vec<Delivery> = sql::among(tx, &select, "digest_id", &digests)?;
    deliveries.sort_by_key(|delivery| delivery.id);
    name(tx, &mut deliveries)?;
    Ok(deliveries)
}

/// Adds to each what its event was about. Readers of this log see every company.
fn name(tx: &mut Tx<'_>, deliveries: &mut [Delivery]) -> Result<(), Error> {
    let ids: BTreeSet<Id> = deliveries.iter().map(|delivery| delivery.event_id).collect();
    let ids: Vec<Id> = ids.into_iter().collect();
    let events = outbox::events(tx, &ids, &Scope::All)?;
    let events: HashMap<Id, &Event> = events.iter().map(|event| (event.id, event)).collect();
    for delivery in deliveries {
        if let Some(event) = events.get(&delivery.event_id) {
            delivery.name(event);
        }
    }
    Ok(())
}

const ATTEMPTS: &str = "select delivery_id, number, started_at, ended_at, outcome, status, answer, reason \
     from delivery_attempts where 1 = 1";

/// The deliveries with their attempts.
///
/// # Errors
/// Database errors.
pub(crate) fn with_attempts(tx: &mut Tx<'_>, deliveries: Vec<Delivery>) -> Result<Vec<DeliveryLog>, Error> {
    let ids: Vec<Value> = deliveries.iter().map(|delivery| delivery.id.into()).collect();
    let mut attempts: HashMap<Id, Vec<AttemptLog>> = HashMap::new();
    for AttemptRow(delivery, attempt) in sql::among(tx, ATTEMPTS, "delivery_id", &ids)? {
        attempts.entry(delivery).or_default().push(attempt);
    }
    Ok(deliveries
        .into_iter()
        .map(|delivery| {
            let mut attempts = attempts.remove(&delivery.id).unwrap_or_default();
            attempts.sort_by_key(|attempt| attempt.number);
            DeliveryLog { delivery, attempts }
        })
        .collect())
}

/// One delivery with its attempts, if there is one.
///
/// # Errors
/// Database errors.
pub(crate) fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<DeliveryLog>, Error> {
    let filter = Filter {
        id: Some(id),
        ..Filter::default()
    };
    let deliveries = list(tx, filter, 1)?;
    Ok(with_attempts(tx, deliveries)?.pop())
}
