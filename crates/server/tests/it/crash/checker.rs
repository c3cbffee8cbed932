//! Compares what was acknowledged to clients, what the database contains and what was received, without the engine.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use base::{Bus, Clock, Event, Id};
use campanile::{app, config::Config};
use mail_parser::MessageParser;
use notify::testing::Request;
use store::{Error, Store, params};

use super::ledger::Ledger;
use crate::support::{Database, Outside, World, eventually};

/// A delivery in the database.
struct Delivery {
    id: String,
    event: Id,
    channel: String,
    state: String,
    /// How many of its attempts had an unknown outcome. One whose response came late, when another had already started, is
    /// recorded as delivered and still counts.
    unknowns: usize,
}

/// The results if nothing was wrong.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    /// How many messages were received, and how many of them were copies.
    pub(super) messages: usize,
    pub(super) copies: usize,
    /// How many attempts had an unknown outcome.
    pub(super) unknowns: usize,
}

/// The final content of the database.
struct Tables {
    /// The assignments, each with whether it was planned.
    events: Vec<(Event, bool)>,
    /// Inbox rows by event and user.
    rows: BTreeMap<(Id, Id), i64>,
    deliveries: Vec<Delivery>,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            messages,
            copies,
            unknowns,
        } = self;
        write!(
            f,
            "{messages} messages, {copies} copies, {unknowns} attempts unknown"
        )
    }
}

/// Lets the server finish the remaining work, then compares with the acknowledged assignments.
///
/// # Panics
/// If something was lost or duplicated.
pub(super) async fn check(ledger: &Ledger<'_>, assigned: &BTreeSet<String>) -> Counted {
    let Ledger {
        database,
        outside,
        world,
        ..
    } = ledger;
    finish(ledger).await;
    let store = open(database).await;
    let tables = read(&store).await;
    store.close().await;
    let name = database.name;
    let announced: BTreeSet<String> = tables
        .events
        .iter()
        .map(|(event, _)| event.subject.id.to_string())
        .collect();
    assert!(
        assigned.is_subset(&announced),
        "{name}: an acknowledged change has no event"
    );
    let mut receipts = receipts(outside, &tables);
    let (mut copies, messages) = (0, receipts.values().sum::<usize>());
    let mut by_event: BTreeMap<Id, Vec<&Delivery>> = BTreeMap::new();
    for delivery in &tables.deliveries {
        by_event.entry(delivery.event).or_default().push(delivery);
        copies += arrived(name, delivery, receipts.remove(&delivery.id).unwrap_or_default());
    }
    assert!(
        receipts.is_empty(),
        "{name}: messages without a delivery: {receipts:?}"
    );
    each_event(name, world, &tables, &by_event);
    Counted {
        messages,
        copies,
        unknowns: tables.deliveries.iter().map(|delivery| delivery.unknowns).sum(),
    }
}

/// Each assignment has one row per user and one message per channel, and there are no others.
fn each_event(name: &str, world: &World, tables: &Tables, by_event: &BTreeMap<Id, Vec<&Delivery>>) {
    for (event, planned) in &tables.events {
        assert!(planned, "{name}: an unplanned event");
        for user in [&world.analyst, &world.manager] {
            let rows = tables.rows.get(&(event.id, user.parse().unwrap()));
            assert_eq!(rows, Some(&1), "{name}: one row per user");
        }
        let mut channels: Vec<&str> = by_event
            .get(&event.id)
            .map(|deliveries| {
                deliveries
                    .iter()
                    .map(|delivery| delivery.channel.as_str())
                    .collect()
            })
            .unwrap_or_default();
        channels.sort_unstable();
        let wanted: &[&str] = if event.assignee_teams.is_empty() {
            &["email", "email", "webhook"]
        } else {
            &["email", "email", "slack", "teams", "webhook"]
        };
        assert_eq!(channels, wanted, "{name}: the messages of one event");
    }
    assert_eq!(
        tables.rows.len(),
        2 * tables.events.len(),
        "{name}: rows without a user"
    );
}

/// Checks that a message arrived as often as its channel promises; returns the number of copies.
fn arrived(database: &str, delivery: &Delivery, receipts: usize) -> usize {
    let Delivery {
        id,
        channel,
        state,
        unknowns,
        ..
    } = delivery;
    let what = format!("{database}: {channel} {id}, {state}: {receipts} copies, {unknowns} attempts unknown");
    let chat = channel == "slack" || channel == "teams";
    match state.as_str() {
        "delivered" => assert!(receipts >= 1, "{what}"),
        // Two attempts with unknown outcomes: another could be a third copy, so it reports that and stops.
        "unknown" if chat => assert!(*unknowns >= 2, "{what}"),
        _ => panic!("{what}"),
    }
    assert!(receipts <= 1 + unknowns, "{what}");
    receipts.saturating_sub(1)
}

/// How often each message was received, by delivery.
fn receipts(outside: &Outside, tables: &Tables) -> BTreeMap<String, usize> {
    let mut receipts = BTreeMap::new();
    let mut count = |id: String| *receipts.entry(id).or_default() += 1;
    for mail in outside.mail.mails() {
        let parsed = MessageParser::default().parse(&mail.data).unwrap();
        let id = parsed.message_id().unwrap().split('@').next().unwrap();
        count(id.to_owned());
    }
    for request in outside.webhook.requests() {
        count(request.header("webhook-id").to_owned());
    }
    for (channel, requests) in [
        ("slack", outside.slack.requests()),
        ("teams", outside.teams.requests()),
    ] {
        // A chat message has no delivery id, but it links to the finding, which was assigned once.
        let by_finding: BTreeMap<String, &Delivery> = tables
            .deliveries
            .iter()
            .filter(|delivery| delivery.channel == channel)
            .filter_map(|delivery| {
                let (event, _) = tables
                    .events
                    .iter()
                    .find(|(event, _)| event.id == delivery.event)?;
                Some((event.subject.id.to_string(), delivery))
            })
            .collect();
        for request in requests {
            count(by_finding[&finding(&request)].id.clone());
        }
    }
    receipts
}

/// The finding that a chat message links to.
fn finding(request: &Request) -> String {
    let body = std::str::from_utf8(&request.body).unwrap();
    let (_, rest) = body.split_once("/findings/").unwrap();
    rest.chars().take(36).collect()
}

pub(crate) async fn open(database: &Database) -> Store {
    let config = Config::load(None, database.settings(&[])).unwrap();
    app::open_store(&config, &Clock::system(), Bus::new())
        .await
        .unwrap()
}

const WAITING: &str = "select count(*) from deliveries where state in ('pending', 'sending')";
const UNPLANNED: &str = "select count(*) from events where planned_at = 0";
/// Ends all waits.
const LATER: &str = "update deliveries set next_at = 0 where state = 'pending'";

/// Starts the server until nothing is waiting: each time it does what is due, and then the next wait is ended.
async fn finish(ledger: &Ledger<'_>) {
    let database = ledger.database;
    for _ in 0..20 {
        let process = ledger.start();
        let admin = process.admin().await;
        eventually("the end of what is due", || async {
            let now = Clock::system().now().to_string();
            let mut busy = false;
            for state in ["pending", "sending"] {
                let page = admin
                    .get(&format!("/deliveries?limit=200&state={state}"))
                    .await
                    .expect(200);
                busy |= page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|item| item["next_at"].as_str().is_none_or(|next| next <= now.as_str()));
            }
            (!busy).then_some(())
        })
        .await;
        let (status, _) = tokio::task::spawn_blocking(move || process.terminate())
            .await
            .unwrap();
        assert!(status.success());
        let store = open(database).await;
        let waiting = store
            .write(|tx| {
                tx.execute(LATER, &[])?;
                let waiting: Option<(i64,)> = tx.one(WAITING, &[])?;
                let unplanned: Option<(i64,)> = tx.one(UNPLANNED, &[])?;
                Ok::<_, Error>(waiting.map_or(0, |row| row.0) + unplanned.map_or(0, |row| row.0))
            })
            .await
            .unwrap();
        store.close().await;
        if waiting == 0 {
            return;
        }
    }
    panic!("{}: something waits forever", database.name);
}

const EVENTS: &str = "select body, planned_at from events where kind = 'finding.assigned'";
const ROWS: &str = "select event_id, user_id, count(*) from notifications where event_type = $1
     group by event_id, user_id";
const DELIVERIES: &str = "select d.id, d.event_id, d.channel, d.state, d.unknowns,
     (select count(*) from delivery_attempts a where a.delivery_id = d.id and a.outcome = 'unknown')
     from deliveries d";

async fn read(store: &Store) -> Tables {
    let read = store.read(|tx| {
        let events: Vec<(String, i64)> = tx.all(EVENTS, &[])?;
        let rows: Vec<(Id, Id, i64)> = tx.all(ROWS, params!["finding.assigned"])?;
        let deliveries: Vec<(String, Id, String, String, i64, i64)> = tx.all(DELIVERIES, &[])?;
        Ok::<_, Error>((events, rows, deliveries))
    });
    let (events, rows, deliveries) = read.await.unwrap();
    Tables {
        events: events
            .into_iter()
            .map(|(body, planned)| (serde_json::from_str(&body).unwrap(), planned > 0))
            .collect(),
        rows: rows
            .into_iter()
            .map(|(event, user, count)| ((event, user), count))
            .collect(),
        deliveries: deliveries
            .into_iter()
            .map(|(id, event, channel, state, counted, attempts)| Delivery {
                id,
                event,
                channel,
                state,
                unknowns: usize::try_from(counted.max(attempts)).unwrap(),
            })
            .collect(),
    }
}
