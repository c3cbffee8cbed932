//! The decision alone: who is notified of one event, by the pure function that decides for every channel.

use std::{collections::HashMap, hint::black_box, sync::Arc, time::Instant};

use base::{Event, Kind, Scope};
use notify::{
    channels::Channel,
    plan::{Batch, Filters, Person, Rule, Rules, UrlTarget, World, plan},
    target::Target,
};

use crate::{
    emit::{self, Shape},
    figures::spread,
    fixture::{Database, Fixture},
    rounds,
};

/// Events per round.
const EVENTS: u32 = 100_000;

pub(crate) async fn run() {
    let fixture = Fixture::new(Database::Sqlite, None).await;
    let world = world(&fixture);
    let events: Vec<Event> = (0..50)
        .map(|n| emit::event(&fixture, Shape::InboxAndMail, n))
        .collect();
    for event in &events {
        let plan = plan(event, &world);
        assert_eq!((plan.inbox.len(), plan.deliveries.len()), (3, 4));
    }
    let rounds = (0..rounds()).map(|_| {
        let began = Instant::now();
        for n in 0..EVENTS {
            black_box(plan(black_box(&events[n as usize % events.len()]), &world));
        }
        began.elapsed().as_secs_f64() * 1e9 / f64::from(EVENTS)
    });
    println!(
        "the plan alone, 3 inbox rows, 3 mails and a webhook: {} ns an event",
        spread(rounds, 0)
    );
    fixture.store.close().await;
}

/// 50 users, and the default rules for an assigned finding plus a webhook.
fn world(fixture: &Fixture) -> World {
    let vault = fixture.access.vault();
    let people: HashMap<_, _> = (0..)
        .zip(&fixture.users)
        .map(|(n, user)| {
            let person = Person {
                active: true,
                scope: Scope::Companies(Arc::new([fixture.company].into())),
                own_acts: false,
                mailbox: Target::mailbox(vault, &format!("user{n}@example.com")),
            };
            (*user, person)
        })
        .collect();
    let url = UrlTarget::new(vault, access::Secret::new("https://hooks.example.com/hook"));
    let rules = [Channel::InApp, Channel::Email, Channel::Webhook].map(|channel| Rule {
        id: fixture.store.clock().id(),
        kind: Kind::FindingAssigned,
        channel,
        min_severity: None,
        company: None,
        filters: Filters::default(),
        users: Vec::new(),
        teams: Vec::new(),
        roles: Vec::new(),
        owners: false,
        followers: false,
        batch: Batch::default(),
        addresses: Vec::new(),
        urls: match channel {
            Channel::Webhook => vec![(fixture.store.clock().id(), url.clone())],
            _ => Vec::new(),
        },
    });
    World {
        rules: Arc::new(Rules::new(rules)),
        people,
        ..World::default()
    }
}
