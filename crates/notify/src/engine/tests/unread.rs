//! Critical and urgent events that reached nobody, or that nobody read in time, are announced to the managers, once.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use access::{Role, testing as people};
use base::{Event, Id, Kind, Severity, Subject, SubjectType};
use serde_json::json;
use store::params;

use super::{UNPLANNED, reading::new};
use crate::{
    channel::Channel,
    channels::Outcome,
    engine::{Escalation, Options},
    fixture::{Answer, FakeReceiver, Fixture, Running, fixtures},
};

const AFTER: Duration = Duration::from_hours(4);
const CHAT: &str = "https://hooks.slack.com/services/T0/B0/abcdefabcdef";
const WAITING: &str = "select count(*) from first_reads where due_at > 0";
const UNREAD: &str = "select count(*) from events where kind = 'finding.unread'";
const ROWS: &str = "select count(*) from notifications where event_type = 'finding.unread'";

/// An engine that announces unread events, except for these findings, which are closed.
fn engine(fixture: &Fixture, node: &str, fake: &FakeReceiver, closed: &[Id]) -> Running {
    let closed: BTreeSet<Id> = closed.iter().copied().collect();
    let options = Options {
        node: node.into(),
        pause: Duration::ZERO,
        escalation: Escalation {
            after: AFTER,
            unread_after: AFTER,
            still_open: Arc::new(move |_, _, findings| {
                let open = findings.iter().map(|(id, _)| *id);
                Ok(open.filter(|id| !closed.contains(id)).collect())
            }),
        },
        ..Options::default()
    };
    fixture.engine_with(fake, options)
}

async fn manager(fixture: &Fixture) -> Id {
    let manager = people::user(&fixture.store, "mara@example.com").await;
    people::member(&fixture.store, fixture.company, manager, Role::Manager).await;
    manager
}

async fn unread(fixture: &Fixture) -> Vec<Event> {
    let rows = fixture
        .rows("select body from events where kind = 'finding.unread' order by id")
        .await;
    rows.iter()
        .map(|(body,)| serde_json::from_str(body).unwrap())
        .collect()
}

/// Disables all rules for this kind.
async fn without_rules(fixture: &Fixture, kind: Kind) {
    let off = move |tx: &mut store::Tx<'_>| {
        let sql = "update notification_rules set enabled = 0 where event_type = $1";
        tx.execute(sql, params![kind])?;
        tx.execute(
            "update notification_meta set value = value + 1 where name = 'rules'",
            &[],
        )
    };
    fixture.store.write(off).await.unwrap();
}

async fn words(fixture: &Fixture, user: Id) -> (String, String) {
    let inbox = fixture.get(user, "/notifications").await;
    let text = |key: &str| inbox["items"][0][key].as_str().unwrap().to_owned();
    (text("title"), text("body"))
}

// promise: A4
#[tokio::test]
async fn unread_events_are_announced_to_the_managers_once_and_never_about_themselves() {
    for fixture in fixtures().await {
        let mara = manager(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        let engine = engine(&fixture, "a", &fake, &[]);
        let event = fixture
            .emit(new(&fixture, &[fixture.ana, fixture.ben], &[]))
            .await;
        let mut low = new(&fixture, &[fixture.ana], &[]);
        low.severity = Some(Severity::High);
        fixture.emit(low).await;
        fixture.until(UNPLANNED, 0).await;
        assert_eq!(fixture.count(WAITING).await, 1, "{}", fixture.name);
        fixture
            .clock
            .advance(AFTER.checked_sub(Duration::from_nanos(1)).unwrap());
        tokio::task::yield_now().await;
        assert_eq!(fixture.count(UNREAD).await, 0, "{}", fixture.name);
        fixture.clock.advance(Duration::from_nanos(1));
        fixture.until(ROWS, 1).await;
        let events = unread(&fixture).await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].assignee_users, [mara]);
        assert_eq!(events[0].severity, Some(Severity::Critical));
        assert_eq!(events[0].data["unread_event_id"], json!(event));
        let (title, body) = words(&fixture, mara).await;
        assert_eq!(title, "Finding unread: SQL injection");
        let sentence = "2 people were notified of this new finding, but nobody has read it.";
        assert!(body.contains(sentence), "{}: {body}", fixture.name);
        // Not again, and nothing about that nobody reads this either.
        for _ in 0..3 {
            fixture.clock.advance(AFTER);
            fixture.until(WAITING, 0).await;
        }
        engine.stop().await;
        assert_eq!(
            (fixture.count(UNREAD).await, fixture.count(ROWS).await),
            (1, 1),
            "{}",
            fixture.name
        );
    }
}

// promise: A4
#[tokio::test]
async fn read_events_and_closed_findings_are_not_announced() {
    for fixture in fixtures().await {
        manager(&fixture).await;
        let events = [(); 5].map(|()| new(&fixture, &[fixture.ana], &[]));
        let finding = |which: usize| events[which].subject.id;
        let (fake, _bag) = FakeReceiver::new();
        let engine = engine(&fixture, "a", &fake, &[finding(4)]);
        let mut others = events.to_vec();
        let row = others.remove(0);
        fixture.emit(row).await;
        fixture.until(WAITING, 1).await;
        fixture.clock.advance(Duration::from_secs(1));
        let path = "/notifications/read-all";
        fixture
            .call(fixture.ana, "POST", path, serde_json::Value::Null)
            .await;
        for event in others {
            fixture.emit(event).await;
        }
        fixture.until(UNPLANNED, 0).await;
        fixture.until(WAITING, 4).await;
        fixture.clock.advance(Duration::from_secs(1));
        fixture
            .doorbell
            .opened(fixture.ana, finding(1), fixture.clock.now());
        for (kind, which) in [(Kind::FindingCommented, 2), (Kind::FindingStatusChanged, 3)] {
            let mut act = fixture.event(kind, &[], &[]);
            act.subject.id = finding(which);
            act.actor = Some(fixture.ana);
            fixture.emit(act).await;
        }
        fixture.until(WAITING, 1).await;
        fixture.clock.advance(AFTER);
        fixture.until(WAITING, 0).await;
        engine.stop().await;
        assert_eq!(fixture.count(UNREAD).await, 0, "{}", fixture.name);
    }
}

// promise: A4
// promise: O1
#[tokio::test]
async fn events_that_reached_nobody_are_announced_at_once_unless_the_responsible_person_acted() {
    for fixture in fixtures().await {
        let mara = manager(&fixture).await;
        without_rules(&fixture, Kind::FindingCreated).await;
        without_rules(&fixture, Kind::FindingAssigned).await;
        let (fake, _bag) = FakeReceiver::new();
        let engine = engine(&fixture, "a", &fake, &[]);
        fixture.emit(new(&fixture, &[fixture.ana], &[])).await;
        fixture.until(ROWS, 1).await;
        let events = unread(&fixture).await;
        assert_eq!(events[0].data["unread_reason"], "no_rule", "{}", fixture.name);
        let (_, body) = words(&fixture, mara).await;
        assert!(
            body.contains("Nobody was notified of this new finding: no notification rule applies."),
            "{body}"
        );
        engine.stop().await;
    }
    for fixture in fixtures().await {
        manager(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        let engine = engine(&fixture, "a", &fake, &[]);
        let mut own = new(&fixture, &[fixture.ana], &[]);
        own.actor = Some(fixture.ana);
        fixture.emit(own).await;
        fixture.until(UNPLANNED, 0).await;
        engine.stop().await;
        assert_eq!(
            (fixture.count(WAITING).await, fixture.count(UNREAD).await),
            (0, 0),
            "{}",
            fixture.name
        );
    }
}

// promise: A4
#[tokio::test]
async fn without_a_manager_the_administrators_are_notified() {
    for fixture in fixtures().await {
        let (fake, _bag) = FakeReceiver::new();
        let engine = engine(&fixture, "a", &fake, &[]);
        fixture.emit(new(&fixture, &[fixture.ana], &[])).await;
        fixture.until(WAITING, 1).await;
        fixture.clock.advance(AFTER);
        fixture.until(ROWS, 1).await;
        assert_eq!(
            unread(&fixture).await[0].assignee_users,
            [fixture.root],
            "{}",
            fixture.name
        );
        engine.stop().await;
    }
}

// promise: A4
// promise: S4
#[tokio::test]
async fn if_the_only_destination_failed_the_managers_are_notified_early() {
    for fixture in fixtures().await {
        let mara = manager(&fixture).await;
        let url = "https://hooks.slack.com/services/T0/B0/abcdefabcdef";
        let team = fixture
            .team("Blue", &[fixture.ana], &[(Channel::Slack, url)])
            .await;
        let (fake, _bag) = FakeReceiver::new();
        fake.answers(url, &[Answer::Outcome(Outcome::RefusedForGood)]);
        let engine = engine(&fixture, "a", &fake, &[]);
        let mut event = fixture.event(Kind::FindingAssigned, &[], &[team]);
        event.severity = Some(Severity::Urgent);
        fixture.emit(event).await;
        fixture
            .until("select count(*) from deliveries where state = 'refused'", 1)
            .await;
        // It checks automatically from time to time.
        fixture.clock.advance(Duration::from_secs(20));
        fixture.until(ROWS, 1).await;
        assert_eq!(
            unread(&fixture).await[0].data["unread_reason"],
            "destinations_failed"
        );
        let (_, body) = words(&fixture, mara).await;
        let sentence = "Nobody was notified of the assignment of this finding: its only destination failed.";
        assert!(body.contains(sentence), "{}: {body}", fixture.name);
        engine.stop().await;
    }
}

// promise: A4
// promise: O3
#[tokio::test]
async fn if_the_only_destination_of_an_import_failed_the_managers_are_notified_early() {
    for fixture in fixtures().await {
        manager(&fixture).await;
        let team = fixture
            .team("Blue", &[fixture.ana], &[(Channel::Slack, CHAT)])
            .await;
        let (fake, _bag) = FakeReceiver::new();
        fake.answers(CHAT, &[Answer::Outcome(Outcome::RefusedForGood)]);
        let engine = engine(&fixture, "a", &fake, &[]);
        let scan = fixture.clock.id();
        let given = [(); 3].map(|()| {
            let mut event = fixture.event(Kind::FindingAssigned, &[], &[team]);
            event.severity = Some(Severity::Urgent);
            event.bundle = Some(scan);
            event
        });
        fixture
            .store
            .write(move |tx| tx.emit_all(given.to_vec()))
            .await
            .unwrap();
        let mut end = fixture.event(Kind::ScanCompleted, &[], &[]);
        end.subject = Subject {
            kind: SubjectType::Scan,
            id: scan,
        };
        fixture.emit(end).await;
        fixture
            .until("select count(*) from deliveries where state = 'refused'", 1)
            .await;
        fixture.clock.advance(Duration::from_secs(20));
        fixture.until(UNREAD, 3).await;
        let reasons = unread(&fixture).await;
        let reasons = reasons.iter().map(|event| &event.data["unread_reason"]);
        assert!(
            reasons.into_iter().all(|reason| reason == "destinations_failed"),
            "{}",
            fixture.name
        );
        engine.stop().await;
    }
}

// promise: A4
// promise: S4
#[tokio::test]
async fn if_the_only_destination_was_turned_off_the_managers_are_notified_early() {
    for fixture in fixtures().await {
        manager(&fixture).await;
        let team = fixture
            .team("Blue", &[fixture.ana], &[(Channel::Slack, CHAT)])
            .await;
        let (fake, _bag) = FakeReceiver::new();
        let later = Outcome::RefusedForNow { retry_after: None };
        fake.answers(CHAT, &[Answer::Outcome(later)]);
        let engine = engine(&fixture, "a", &fake, &[]);
        let mut event = fixture.event(Kind::FindingAssigned, &[], &[team]);
        event.severity = Some(Severity::Urgent);
        fixture.emit(event).await;
        fixture
            .until(
                "select count(*) from deliveries where state = 'pending' and attempts = 1",
                1,
            )
            .await;
        let off = "update destinations set off_at = 1, off_reason = 'gone' where channel = 'slack'";
        fixture.store.write(move |tx| tx.execute(off, &[])).await.unwrap();
        fixture.clock.advance(Duration::from_secs(20));
        fixture
            .until("select count(*) from deliveries where state = 'cancelled'", 1)
            .await;
        fixture.clock.advance(Duration::from_secs(20));
        fixture.until(UNREAD, 1).await;
        let reason = &unread(&fixture).await[0].data["unread_reason"];
        assert_eq!(reason, "destinations_failed", "{}", fixture.name);
        engine.stop().await;
    }
}

// promise: A4
// promise: O3
#[tokio::test]
async fn unread_findings_of_an_import_are_one_message_to_each_manager() {
    for fixture in fixtures().await {
        let mara = manager(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        let engine = engine(&fixture, "a", &fake, &[]);
        let scan = fixture.clock.id();
        let found: Vec<Event> = (0..7)
            .map(|number| {
                let user = if number % 2 == 0 { fixture.ana } else { fixture.ben };
                let mut event = new(&fixture, &[user], &[]);
                event.bundle = Some(scan);
                event.severity = Some(if number == 6 {
                    Severity::Low
                } else {
                    Severity::Critical
                });
                event
            })
            .collect();
        let opened = found[0].subject.id;
        fixture.store.write(move |tx| tx.emit_all(found)).await.unwrap();
        let mut end = fixture.event(Kind::ScanCompleted, &[], &[]);
        end.subject = Subject {
            kind: SubjectType::Scan,
            id: scan,
        };
        fixture.emit(end).await;
        fixture.until(WAITING, 2).await;
        fixture.clock.advance(Duration::from_mins(1));
        fixture.doorbell.opened(fixture.ana, opened, fixture.clock.now());
        fixture
            .until("select count(*) from first_reads where set_id <> ''", 1)
            .await;
        fixture.clock.advance(AFTER);
        fixture.until(ROWS, 1).await;
        let events = unread(&fixture).await;
        let about: BTreeSet<Id> = events.iter().map(|event| event.subject.id).collect();
        assert_eq!(
            (events.len(), about.len(), about.contains(&opened)),
            (5, 5, false)
        );
        let (title, body) = words(&fixture, mara).await;
        assert_eq!(
            title, "Findings unread: 5 findings (5 critical)",
            "{}",
            fixture.name
        );
        assert!(body.contains("5 findings not read by anyone yet."), "{body}");
        engine.stop().await;
    }
}

// Each of them once, even if both nodes look at the same moment and one starts after that time.
// promise: A4
#[tokio::test]
async fn two_engines_and_a_crash_announce_each_event_once() {
    for fixture in fixtures().await {
        manager(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        let first = engine(&fixture, "a", &fake, &[]);
        for _ in 0..120 {
            fixture.emit(new(&fixture, &[fixture.ana], &[])).await;
        }
        fixture.until(WAITING, 120).await;
        first.kill().await;
        fixture.clock.advance(AFTER);
        let first = engine(&fixture, "a", &fake, &[]);
        tokio::task::yield_now().await;
        first.kill().await;
        let first = engine(&fixture, "a", &fake, &[]);
        let second = engine(&fixture, "b", &fake, &[]);
        fixture.until(WAITING, 0).await;
        let about: BTreeSet<String> = unread(&fixture)
            .await
            .iter()
            .map(|event| event.data["unread_event_id"].to_string())
            .collect();
        let all = fixture.count(UNREAD).await;
        assert_eq!((about.len(), all), (120, 120), "{}", fixture.name);
        first.stop().await;
        second.stop().await;
    }
}
