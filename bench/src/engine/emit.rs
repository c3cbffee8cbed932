//! Emits events: as fast as they are accepted, or at a steady rate.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base::{Audience, Event, Id, Kind, Severity, Subject, SubjectType};
use tokio::task::JoinSet;

use crate::fixture::Fixture;

/// The recipients of an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// None.
    Plain,
    /// Three users, only in their inboxes.
    Inbox,
    /// Three users, each in the inbox and by mail, and those of the rules.
    InboxAndMail,
    /// Those of the rules.
    Rules,
}

/// Emits this number of events with 32 callers, each of which emits its next one when the last is accepted.
pub(crate) async fn all(fixture: &Fixture, shape: Shape, events: u64) {
    const CALLERS: usize = 32;
    let next = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (fixture, next) = (fixture.clone(), Arc::clone(&next));
        callers.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= events {
                    return;
                }
                let event = event(&fixture, shape, n);
                fixture.store.write(move |tx| tx.emit(event)).await.unwrap();
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}

/// Events emitted at a steady rate: when each was emitted, and how long until it was accepted.
pub(crate) struct Announced {
    pub(crate) began: HashMap<Id, Instant>,
    pub(crate) accepted: Vec<Duration>,
}

/// Emits events at a steady rate, whether or not earlier ones are accepted.
pub(crate) async fn steadily(fixture: &Fixture, shape: Shape, rate: u32, lasting: Duration) -> Announced {
    let gap = Duration::from_secs(1) / rate;
    let mut ticks = tokio::time::interval(gap);
    let end = Instant::now() + lasting;
    let mut writes = JoinSet::new();
    let mut n = 0;
    while Instant::now() < end {
        ticks.tick().await;
        let event = event(fixture, shape, n);
        n += 1;
        let store = fixture.store.clone();
        writes.spawn(async move {
            let (id, began) = (event.id, Instant::now());
            store.write(move |tx| tx.emit(event)).await.unwrap();
            (id, began, began.elapsed())
        });
    }
    let mut announced = Announced {
        began: HashMap::new(),
        accepted: Vec::new(),
    };
    while let Some(written) = writes.join_next().await {
        let (id, began, accepted) = written.unwrap();
        announced.began.insert(id, began);
        announced.accepted.push(accepted);
    }
    announced
}

pub(crate) fn event(fixture: &Fixture, shape: Shape, n: u64) -> Event {
    let clock = fixture.store.clock();
    let subject = Subject {
        kind: SubjectType::Finding,
        id: clock.id(),
    };
    let kind = match shape {
        Shape::Plain => Kind::FindingUpdated,
        Shape::Inbox => Kind::FindingStatusChanged,
        Shape::InboxAndMail | Shape::Rules => Kind::FindingAssigned,
    };
    let mut event = Event::new(clock, kind, Audience::Company(fixture.company), subject);
    event.severity = Some(Severity::High);
    if matches!(shape, Shape::Inbox | Shape::InboxAndMail) {
        let first = usize::try_from(n).unwrap();
        event.assignee_users = (0..3)
            .map(|at| fixture.users[(first + at) % fixture.users.len()])
            .collect();
    }
    event.data = serde_json::from_value(serde_json::json!({
        "finding_id": subject.id, "title": "SQL injection in the login form", "status": "open",
        "company_id": fixture.company, "company_name": "Acme", "location": "src/login.rs:42",
    }))
    .unwrap();
    event
}
