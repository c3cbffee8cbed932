//! Imports and bulk changes: the trace points to the message that reported the event.

use base::{Event, Id, Kind, Severity};
use serde_json::{Value as Json, json};

use super::{fixtures, of, whole};
use crate::{
    engine::tests::grouping::{drain, end, found, import, manager, settle},
    fixture::{FakeReceiver, Fixture},
};

const HOOK: &str = "https://hooks.acme.example/campanile";
const WHY: &str = "You get this because you manage Acme and nobody else is responsible for findings in it.";

fn entry<'a>(trace: &'a Json, channel: &str, recipient: Id) -> &'a Json {
    let mut entries = trace["entries"].as_array().unwrap().iter();
    entries
        .find(|entry| entry["channel"] == channel && entry["recipient"] == json!(recipient))
        .unwrap_or_else(|| panic!("{channel} {recipient}: {trace}"))
}

async fn webhook(fixture: &Fixture, least: &str) {
    let rule = json!({"event_type": "finding.created", "channel": "webhook", "min_severity": least,
        "recipients": {"urls": [HOOK]}});
    let (status, answer) = fixture
        .call(fixture.root, "POST", "/notification-rules", rule)
        .await;
    assert_eq!(status, 201, "{answer}");
}

// promise: O8
// promise: C8
#[tokio::test]
async fn an_event_of_an_import_leads_to_the_message_about_the_import() {
    for fixture in fixtures().await {
        let mara = manager(&fixture).await;
        webhook(&fixture, "critical").await;
        let (fake, mut received) = FakeReceiver::new();
        let scan = fixture.clock.id();
        let critical = found(&fixture, scan, Kind::FindingCreated, Severity::Critical, &[]);
        let second = found(&fixture, scan, Kind::FindingCreated, Severity::Critical, &[]);
        let low = found(&fixture, scan, Kind::FindingCreated, Severity::Low, &[]);
        let events = vec![low.clone(), critical.clone(), second];
        fixture.store.write(move |tx| tx.emit_all(events)).await.unwrap();
        let engine = fixture.engine(&fake);
        fixture.until(super::UNPLANNED, 0).await;
        let trace = whole(&fixture, critical.id).await;
        assert_eq!(
            trace["summary"], "Nobody has been notified yet: 3 messages are still being sent.",
            "{}: {trace}",
            fixture.name
        );
        assert_eq!(
            of(&fixture, critical.id, mara).await.1,
            "mara has not been notified yet: the message is waiting for the end of the import."
        );
        let end = end(&fixture, scan, fixture.ana);
        let closer = end.id;
        import(&fixture, Vec::new(), end).await;
        settle(&fixture).await;
        let rows = fixture.get(mara, "/notifications").await;
        let row = &rows["items"][0];
        assert_eq!(
            (&row["event_id"], &row["data"]["why"]),
            (&json!(closer), &json!(WHY))
        );
        let mail = drain(&mut received)
            .into_iter()
            .find(|one| one.to == "mara@example.com")
            .unwrap();
        assert_eq!(mail.why.as_deref(), Some(WHY));
        let link = format!("https://campanile.example/inbox?why={closer}");
        assert_eq!(mail.why_url, Some(link));
        let trace = whole(&fixture, critical.id).await;
        assert_eq!(
            trace["summary"], "1 person and 1 webhook were notified.",
            "{trace}"
        );
        assert_eq!(
            trace["group"],
            json!({"type": "import", "id": scan, "event_id": closer, "closed": true})
        );
        assert_eq!(entry(&trace, "in_app", mara)["notification_id"], row["id"]);
        assert_eq!(
            entry(&trace, "email", mara)["delivery"]["id"],
            json!(mail.delivery)
        );
        assert_eq!(
            of(&fixture, critical.id, mara).await.1,
            "mara was notified in the inbox and by email in the message about the import, because they manage Acme and \
             nobody else is responsible."
        );
        // Nobody is notified of the low one, and the trace says so.
        let trace = whole(&fixture, low.id).await;
        assert_eq!(
            trace["summary"], "Nobody was notified, because no rule for this type of event applies.",
            "{trace}"
        );
        // The end of the import is reported by the same message.
        let path = format!("/events/{closer}/trace?user_id=me");
        let mine = fixture.get(mara, &path).await;
        assert_eq!(
            mine["sentence"],
            "You were notified in the inbox and by email in the message about the import, because you manage Acme and \
             nobody else is responsible for findings in it."
        );
        let trace = whole(&fixture, closer).await;
        assert_eq!(entry(&trace, "in_app", mara)["notification_id"], row["id"]);
        assert_eq!(
            entry(&trace, "email", mara)["delivery"]["id"],
            json!(mail.delivery)
        );
        engine.stop().await;
    }
}

// promise: O8
#[tokio::test]
async fn each_event_of_a_large_import_points_to_the_page_that_names_it() {
    for fixture in fixtures().await {
        webhook(&fixture, "low").await;
        let (fake, mut received) = FakeReceiver::new();
        let scan = fixture.clock.id();
        let severities = [Severity::Low, Severity::Critical];
        let events: Vec<Event> = (0..1_102)
            .map(|n| found(&fixture, scan, Kind::FindingCreated, severities[n % 2], &[]))
            .collect();
        let asked: Vec<Id> = [0, 1, 400, 501, 1_000, 1_101].map(|at| events[at].id).to_vec();
        import(&fixture, events, end(&fixture, scan, fixture.ana)).await;
        let engine = fixture.engine(&fake);
        settle(&fixture).await;
        let posts: Vec<_> = drain(&mut received)
            .into_iter()
            .filter(|one| one.to == HOOK)
            .collect();
        assert_eq!(posts.len(), 3, "{}", fixture.name);
        for event in asked {
            let names = |body: &Option<String>| {
                body.as_ref()
                    .is_some_and(|body| body.contains(&event.to_string()))
            };
            let fake = posts.iter().find(|fake| names(&fake.body)).unwrap();
            let trace = whole(&fixture, event).await;
            let entries = trace["entries"].as_array().unwrap();
            let hook = entries
                .iter()
                .find(|entry| entry["channel"] == "webhook")
                .unwrap();
            assert_eq!(hook["delivery"]["id"], json!(fake.delivery), "{}", fixture.name);
        }
        engine.stop().await;
    }
}

// promise: O8
// promise: C8
#[tokio::test]
async fn an_event_of_a_bulk_change_points_to_its_one_message() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let (many, ana, ben) = (fixture.clock.id(), fixture.ana, fixture.ben);
        let assigned = |users: &[Id]| {
            let mut event = found(&fixture, many, Kind::FindingAssigned, Severity::High, users);
            event.data.insert("many".into(), true.into());
            event.actor = Some(ben);
            event
        };
        let events = vec![assigned(&[ana]), assigned(&[ana, ben])];
        let last = events[1].id;
        fixture.store.write(move |tx| tx.emit_all(events)).await.unwrap();
        let engine = fixture.engine(&fake);
        settle(&fixture).await;
        let mail = drain(&mut received).pop().unwrap();
        assert_eq!(
            mail.why.as_deref(),
            Some("You get this because findings in it are assigned to you.")
        );
        let rows = fixture.get(ana, "/notifications").await;
        let row = &rows["items"][0];
        assert_eq!(
            row["data"]["why"],
            "You get this because findings in it are assigned to you."
        );
        let link = row["event_id"].as_str().unwrap();
        assert!(mail.why_url.unwrap().ends_with(&format!("/inbox?why={link}")));
        let trace = whole(&fixture, last).await;
        assert_eq!(trace["group"]["type"], "bulk", "{trace}");
        assert_eq!(entry(&trace, "in_app", ana)["notification_id"], row["id"]);
        assert_eq!(
            entry(&trace, "email", ana)["delivery"]["id"],
            json!(mail.delivery)
        );
        assert_eq!(
            of(&fixture, last, ana).await.1,
            "ana was notified in the inbox and by email in the message about the bulk change, because the finding is \
             assigned to them."
        );
        assert_eq!(
            of(&fixture, last, ben).await.1,
            "ben was not notified: they did it themselves."
        );
        engine.stop().await;
    }
}
