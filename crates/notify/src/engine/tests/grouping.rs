//! What an import or a bulk change brings: planned event by event, sent as one message for each recipient.

use std::collections::BTreeSet;

use access::{Role, testing as people};
use base::{Event, Id, Kind, Severity, Subject, SubjectType};
use serde_json::{Value as Json, json};
use store::outbox;

use super::{INBOX, UNPLANNED};
use crate::engine::Options;
use crate::fixture::{Arrival, DELIVERED, FakeReceiver, Fixture, Received, fixtures, next};

const OPEN_GROUPS: &str = "select count(*) from event_groups where closed_at = 0";
const HOOK: &str = "https://hooks.acme.example/campanile";

pub(crate) async fn manager(fixture: &Fixture) -> Id {
    let manager = people::user(&fixture.store, "mara@example.com").await;
    people::member(&fixture.store, fixture.company, manager, Role::Manager).await;
    manager
}

/// A finding from a scan.
pub(crate) fn found(fixture: &Fixture, scan: Id, kind: Kind, severity: Severity, users: &[Id]) -> Event {
    let mut event = fixture.event(kind, users, &[]);
    event.severity = Some(severity);
    event.bundle = Some(scan);
    let title = format!("{severity} {}", event.subject.id);
    event.data.insert("title".into(), title.into());
    event.data.insert("project_name".into(), "Web shop".into());
    event
}

/// The end of a scan that this person ran.
pub(crate) fn end(fixture: &Fixture, scan: Id, by: Id) -> Event {
    let mut event = fixture.event(Kind::ScanCompleted, &[by], &[]);
    event.subject = Subject {
        kind: SubjectType::Scan,
        id: scan,
    };
    event.actor = Some(by);
    event.data.insert("project_name".into(), "Web shop".into());
    event
}

pub(crate) async fn import(fixture: &Fixture, events: Vec<Event>, end: Event) {
    // In portions, as an import writes them.
    for portion in events.chunks(250).map(<[Event]>::to_vec) {
        fixture.store.write(move |tx| tx.emit_all(portion)).await.unwrap();
    }
    fixture.emit(end).await;
}

pub(crate) async fn settle(fixture: &Fixture) {
    fixture.until(UNPLANNED, 0).await;
    fixture.until(OPEN_GROUPS, 0).await;
    fixture.until("select count(*) from event_pages", 0).await;
    fixture
        .until(
            "select count(*) from deliveries where state in ('pending', 'sending')",
            0,
        )
        .await;
}

pub(crate) fn drain(received: &mut Received) -> Vec<Arrival> {
    let mut all = Vec::new();
    while let Ok(arrived) = received.try_recv() {
        all.push(arrived);
    }
    all
}

async fn webhook(fixture: &Fixture, kind: &str, extra: Json) {
    let mut body = json!({"event_type": kind, "channel": "webhook", "min_severity": "critical",
        "recipients": {"urls": [HOOK]}});
    for (name, value) in extra.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let (status, answer) = fixture
        .call(fixture.root, "POST", "/notification-rules", body)
        .await;
    assert_eq!(status, 201, "{answer}");
}

// promise: O1
// promise: O2
// promise: O3
// promise: R7
#[tokio::test]
async fn an_import_reaches_the_managers_in_one_mail_and_a_webhook_in_one_post() {
    for fixture in fixtures().await {
        let mara = manager(&fixture).await;
        webhook(&fixture, "finding.created", json!({})).await;
        let (fake, mut received) = FakeReceiver::new();
        let scan = fixture.clock.id();
        let critical = found(&fixture, scan, Kind::FindingCreated, Severity::Critical, &[]);
        let low = |_| found(&fixture, scan, Kind::FindingCreated, Severity::Low, &[]);
        let mut events: Vec<Event> = (0..3).map(low).collect();
        events.insert(1, critical.clone());
        import(&fixture, events, end(&fixture, scan, fixture.ana)).await;
        let engine = fixture.engine(&fake);
        settle(&fixture).await;
        let all = drain(&mut received);
        assert_eq!(all.len(), 2, "{}: {all:?}", fixture.name);
        let mail = all
            .iter()
            .find(|arrived| arrived.to == "mara@example.com")
            .unwrap();
        let text = format!("{} {:?}", mail.title, mail.entries);
        assert!(text.contains(&critical.subject.id.to_string()), "{text}");
        let hook = all.iter().find(|arrived| arrived.to == HOOK).unwrap();
        let body: Json = serde_json::from_str(hook.body.as_deref().unwrap()).unwrap();
        assert_eq!(body["type"], "finding.batch");
        assert_eq!(body["data"]["findings"].as_array().unwrap().len(), 1, "{body}");
        assert_eq!(
            body["data"]["findings"][0]["finding_id"],
            json!(critical.subject.id)
        );
        assert_eq!(
            (&body["data"]["page"], &body["data"]["pages"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(body["data"]["scan_id"], json!(scan));
        assert_eq!(body["data"]["severities"]["created"], json!({"critical": 1}));
        let rows = fixture.get(mara, "/notifications").await;
        assert_eq!(rows["items"].as_array().unwrap().len(), 1, "{rows}");
        assert_eq!(rows["items"][0]["event_type"], "scan.completed");
        assert_eq!(
            rows["items"][0]["data"]["finding_ids"],
            json!([critical.subject.id])
        );
        // The end of the scan is the importer's own action.
        assert_eq!(fixture.count(INBOX).await, 1, "{}", fixture.name);
        engine.stop().await;
    }
}

// promise: O3
#[tokio::test]
async fn nobody_is_notified_of_findings_of_others() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let scan = fixture.clock.id();
        let (ana, ben) = (fixture.ana, fixture.ben);
        let of = |user: Id, severity| found(&fixture, scan, Kind::FindingCreated, severity, &[user]);
        let events = vec![
            of(ana, Severity::Low),
            of(ben, Severity::Urgent),
            of(ana, Severity::High),
            of(ben, Severity::Low),
        ];
        let (anas, bens): (Vec<String>, Vec<String>) = (
            vec![events[2].subject.id.to_string(), events[0].subject.id.to_string()],
            vec![events[1].subject.id.to_string(), events[3].subject.id.to_string()],
        );
        import(&fixture, events, end(&fixture, scan, fixture.root)).await;
        let engine = fixture.engine(&fake);
        settle(&fixture).await;
        let all = drain(&mut received);
        assert_eq!(all.len(), 2, "{}: {all:?}", fixture.name);
        for (to, own, others) in [
            ("ana@example.com", &anas, &bens),
            ("ben@example.com", &bens, &anas),
        ] {
            let mail = all.iter().find(|arrived| arrived.to == to).unwrap();
            let text = format!("{} {:?}", mail.title, mail.entries);
            assert!(others.iter().all(|id| !text.contains(id)), "{to}: {text}");
            let places: Vec<_> = own.iter().map(|id| text.find(id).unwrap()).collect();
            assert!(places[0] < places[1], "the most severe first: {text}");
        }
        let rows = fixture.get(ana, "/notifications").await;
        assert_eq!(rows["items"][0]["data"]["finding_ids"], json!(anas), "{rows}");
        engine.stop().await;
    }
}

// promise: O3
#[tokio::test]
async fn a_webhook_loses_none_of_many_and_a_person_gets_one_message() {
    for fixture in fixtures().await {
        let mara = manager(&fixture).await;
        webhook(&fixture, "finding.created", json!({"min_severity": "low"})).await;
        let (fake, mut received) = FakeReceiver::new();
        let scan = fixture.clock.id();
        let severities = [Severity::Low, Severity::Critical, Severity::Medium];
        let events: Vec<Event> = (0..1_203)
            .map(|n| found(&fixture, scan, Kind::FindingCreated, severities[n % 3], &[]))
            .collect();
        let all: BTreeSet<String> = events.iter().map(|event| event.id.to_string()).collect();
        import(&fixture, events, end(&fixture, scan, fixture.ana)).await;
        let engine = fixture.engine(&fake);
        settle(&fixture).await;
        let arrived = drain(&mut received);
        let mails = arrived.iter().filter(|one| one.to == "mara@example.com").count();
        assert_eq!(mails, 1, "{}", fixture.name);
        assert_eq!(fixture.get(mara, "/notifications/summary").await["total"], 1);
        let mut posted = BTreeSet::new();
        for hook in arrived.iter().filter(|one| one.to == HOOK) {
            let body: Json = serde_json::from_str(hook.body.as_deref().unwrap()).unwrap();
            assert_eq!(body["data"]["pages"], 3);
            for finding in body["data"]["findings"].as_array().unwrap() {
                let id = finding["event_id"].as_str().unwrap().to_owned();
                assert!(posted.insert(id), "twice");
            }
        }
        assert_eq!(posted, all, "{}", fixture.name);
        engine.stop().await;
    }
}

// promise: O3
// promise: O4
#[tokio::test]
async fn a_rule_can_request_a_separate_post_for_each_event() {
    for fixture in fixtures().await {
        webhook(&fixture, "finding.created", json!({"batch": "event"})).await;
        let (fake, mut received) = FakeReceiver::new();
        let scan = fixture.clock.id();
        let events: Vec<Event> = (0..3)
            .map(|_| found(&fixture, scan, Kind::FindingCreated, Severity::Critical, &[]))
            .collect();
        import(&fixture, events, end(&fixture, scan, fixture.ana)).await;
        let engine = fixture.engine(&fake);
        settle(&fixture).await;
        let hooks: Vec<_> = drain(&mut received)
            .into_iter()
            .filter(|one| one.to == HOOK)
            .collect();
        assert_eq!(hooks.len(), 3, "{}", fixture.name);
        for hook in hooks {
            let body: Json = serde_json::from_str(hook.body.as_deref().unwrap()).unwrap();
            assert_eq!(body["type"], "finding.created");
        }
        engine.stop().await;
    }
}

// promise: O3
// promise: O7
#[tokio::test]
async fn a_bulk_change_is_one_message_for_each_and_none_for_who_did_it() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let (many, ana, ben) = (fixture.clock.id(), fixture.ana, fixture.ben);
        let assigned = |users: &[Id]| {
            let mut event = found(&fixture, many, Kind::FindingAssigned, Severity::High, users);
            event.data.insert("many".into(), true.into());
            event.actor = Some(ben);
            event
        };
        let events = vec![assigned(&[ana]), assigned(&[ana, ben]), assigned(&[ben])];
        fixture.store.write(move |tx| tx.emit_all(events)).await.unwrap();
        let engine = fixture.engine(&fake);
        settle(&fixture).await;
        let to: Vec<String> = drain(&mut received).into_iter().map(|one| one.to).collect();
        assert_eq!(to, ["ana@example.com"], "{}", fixture.name);
        assert_eq!(fixture.count(INBOX).await, 1);
        let rows = fixture.get(ana, "/notifications").await;
        assert_eq!(rows["items"][0]["event_type"], "finding.assigned", "{rows}");
        assert_eq!(rows["items"][0]["data"]["count"], 2, "{rows}");
        fixture.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}

// promise: O3
// promise: U3
#[tokio::test]
async fn a_bulk_change_in_portions_is_one_message_after_the_last() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let (many, ana, ben) = (fixture.clock.id(), fixture.ana, fixture.ben);
        let assigned = || {
            let mut event = found(&fixture, many, Kind::FindingAssigned, Severity::High, &[ana]);
            event.data.insert("many".into(), true.into());
            event.actor = Some(ben);
            event
        };
        let engine = fixture.engine(&fake);
        for _ in 0..2 {
            let portion = vec![assigned(), assigned()];
            let written = fixture.store.write(move |tx| {
                outbox::keep_open(tx, many)?;
                tx.emit_all(portion)
            });
            written.await.unwrap();
        }
        let alone = fixture.event(Kind::FindingAssigned, &[ben], &[]);
        fixture.store.write(move |tx| tx.emit(alone)).await.unwrap();
        fixture.until(INBOX, 1).await;
        assert_eq!(
            fixture.count(UNPLANNED).await,
            4,
            "{}: more is to come",
            fixture.name
        );
        // The last portion changed nothing, so no event wakes the planner: it checks automatically a little later.
        fixture
            .store
            .write(move |tx| outbox::end(tx, many))
            .await
            .unwrap();
        while fixture.count(UNPLANNED).await + fixture.count(OPEN_GROUPS).await > 0 {
            fixture.clock.advance(Options::default().tick);
        }
        settle(&fixture).await;
        let rows = fixture.get(ana, "/notifications").await;
        assert_eq!(rows["items"].as_array().unwrap().len(), 1, "{rows}");
        assert_eq!(rows["items"][0]["data"]["count"], 4, "{rows}");
        assert_eq!(
            drain(&mut received).len(),
            2,
            "one about all of it, and the other"
        );
        engine.stop().await;
    }
}

// promise: B2
// promise: O3
#[tokio::test]
async fn an_engine_that_dies_loses_and_doubles_nothing_of_a_group() {
    for fixture in fixtures().await {
        manager(&fixture).await;
        let (fake, mut received) = FakeReceiver::new();
        let scan = fixture.clock.id();
        let events: Vec<Event> = (0..700)
            .map(|_| found(&fixture, scan, Kind::FindingCreated, Severity::Critical, &[]))
            .collect();
        let half = events[..350].to_vec();
        fixture.store.write(move |tx| tx.emit_all(half)).await.unwrap();
        let engine = fixture.engine(&fake);
        fixture.until(UNPLANNED, 0).await;
        engine.kill().await;
        assert_eq!(fixture.count(OPEN_GROUPS).await, 1, "it waits for the end");
        import(&fixture, events[350..].to_vec(), end(&fixture, scan, fixture.ana)).await;
        let engine = fixture.engine(&fake);
        settle(&fixture).await;
        let mail = next(&mut received).await;
        assert!(
            mail.title.contains("700 critical new"),
            "{}: {}",
            fixture.name,
            mail.title
        );
        assert!(drain(&mut received).is_empty());
        assert_eq!(fixture.count("select count(*) from event_set_members").await, 700);
        engine.stop().await;
    }
}

// promise: O9
#[tokio::test]
async fn a_finding_that_is_closed_leaves_the_unread_count() {
    for fixture in fixtures().await {
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let assigned = fixture.event(Kind::FindingAssigned, &[fixture.ana, fixture.ben], &[]);
        let finding = assigned.subject;
        fixture.emit(assigned).await;
        fixture.until(INBOX, 2).await;
        let mut closed = fixture.event(Kind::FindingStatusChanged, &[fixture.ana], &[]);
        closed.subject = finding;
        closed.data.insert("done".into(), true.into());
        closed.data.insert("status".into(), "closed".into());
        fixture.emit(closed).await;
        fixture.until(INBOX, 3).await;
        let unread = |summary: Json| summary["unread"].clone();
        let summary = fixture.get(fixture.ben, "/notifications/summary").await;
        assert_eq!(unread(summary), 0, "{}", fixture.name);
        let summary = fixture.get(fixture.ana, "/notifications/summary").await;
        assert_eq!(unread(summary), 1, "that it is closed is news");
        engine.stop().await;
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides).unwrap()
    }
}

/// Who gets an event in the inbox by the rules of a fresh install, step by step.
fn expected(event: &Event, manager: Id) -> BTreeSet<Id> {
    let assigned = !event.assignee_users.is_empty();
    let ruled = match event.kind {
        Kind::FindingCreated => assigned || event.severity >= Some(Severity::Critical),
        Kind::FindingReopened | Kind::FindingStatusChanged => true,
        Kind::FindingSeverityChanged => event.severity >= Some(Severity::High),
        _ => false,
    };
    let responsible = if assigned {
        event.assignee_users.iter().copied().collect()
    } else {
        BTreeSet::from([manager])
    };
    if ruled { responsible } else { BTreeSet::new() }
}

// promise: O1
// promise: O2
// promise: O3
#[tokio::test]
async fn in_random_imports_every_recipient_gets_exactly_their_events_once() {
    const IMPORTS: usize = 12;
    for fixture in fixtures().await {
        let mara = manager(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let mut dice = Dice(fixture.name.len() as u64);
        let people = [fixture.ana, fixture.ben, mara];
        let kinds = [
            Kind::FindingCreated,
            Kind::FindingReopened,
            Kind::FindingStatusChanged,
            Kind::FindingSeverityChanged,
            Kind::FindingUpdated,
        ];
        let mut due: BTreeSet<(Id, Id)> = BTreeSet::new();
        for _ in 0..IMPORTS {
            let scan = fixture.clock.id();
            let mut events = Vec::new();
            for _ in 0..=dice.roll(60) {
                let users: Vec<Id> = people.into_iter().filter(|_| dice.roll(4) == 0).collect();
                let severity = Severity::ALL[dice.roll(6)];
                let event = found(&fixture, scan, kinds[dice.roll(5)], severity, &users);
                due.extend(expected(&event, mara).into_iter().map(|user| (user, event.id)));
                events.push(event);
            }
            import(&fixture, events, end(&fixture, scan, fixture.root)).await;
        }
        settle(&fixture).await;
        let digests: Vec<(Id, String)> = fixture
            .store
            .read(|tx| {
                tx.all(
                    "select n.user_id, d.content from notifications n join event_digests d on d.id = n.digest_id",
                    &[],
                )
            })
            .await
            .unwrap();
        let mut got: Vec<(Id, Id)> = Vec::new();
        for (user, content) in digests {
            let content: Json = serde_json::from_str(&content).unwrap();
            for set in content["sets"].as_array().unwrap() {
                let set = set.as_str().unwrap().to_owned();
                let members: Vec<(Id,)> = fixture
                    .store
                    .read(move |tx| {
                        let sql = "select event_id from event_set_members where set_id = $1";
                        tx.all(sql, store::params![&set])
                    })
                    .await
                    .unwrap();
                got.extend(members.into_iter().map(|(event,)| (user, event)));
            }
        }
        let count = got.len();
        let got: BTreeSet<(Id, Id)> = got.into_iter().collect();
        assert_eq!(got.len(), count, "{}: something twice", fixture.name);
        let missing: Vec<_> = due.difference(&got).collect();
        let extra: Vec<_> = got.difference(&due).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "{}: {missing:?} {extra:?}",
            fixture.name
        );
        assert!(due.len() > 100, "{}", due.len());
        engine.stop().await;
    }
}
