//! Trying a rule before it is saved, on both databases.

use std::time::Duration;

use base::{Event, Id, Kind, Severity};
use serde_json::{Value as Json, json};

use crate::{
    engine::tests::grouping::{end, found, import, manager, settle},
    fixture::{Answer, FakeReceiver, fixtures, next},
};

const DRY_RUN: &str = "/notification-rules/dry-run";

#[tokio::test]
async fn a_dry_run_previews_a_rule_before_it_is_saved() {
    for fixture in fixtures().await {
        fixture.assign(&[fixture.ana, fixture.ben], &[]).await;
        fixture.clock.advance(Duration::from_hours(24));
        fixture.assign(&[fixture.ana], &[]).await;
        let webhook = json!({"event_type": "finding.assigned", "channel": "webhook", "min_severity": "high",
            "recipients": {"urls": ["https://receiver.example/hooks/0123456789abcdef"]}});
        let (status, run) = fixture.call(fixture.root, "POST", DRY_RUN, webhook.clone()).await;
        assert_eq!(status, 200, "{}: {run}", fixture.name);
        assert_eq!(run["events"], 2);
        assert_eq!(run["messages"], 2);
        assert_eq!(run["truncated"], false);
        let days = run["days"].as_array().unwrap();
        assert_eq!(days.len(), 8, "seven days, both ends included");
        let today = fixture.clock.now().to_string();
        assert_eq!(days[7]["date"], today[..10], "the last day is today");
        let counted: Vec<_> = days.iter().map(|day| day["messages"].as_u64().unwrap()).collect();
        assert_eq!(counted, [0, 0, 0, 0, 0, 0, 1, 1]);
        let recipient = &run["recipients"][0];
        assert_eq!(
            (&recipient["recipient_type"], &recipient["messages"]),
            (&json!("url"), &json!(2))
        );
        assert_eq!(recipient["recipient"], "https://receiver.example/…cdef");
        // Nothing was saved, and only administrators may look.
        let rules = fixture
            .get(fixture.root, "/notification-rules?channel=webhook")
            .await;
        assert_eq!(rules["items"], json!([]));
        assert_eq!(fixture.call(fixture.ana, "POST", DRY_RUN, webhook).await.0, 403);
    }
}

#[tokio::test]
async fn a_dry_run_counts_only_what_the_rule_adds() {
    for fixture in fixtures().await {
        fixture.assign(&[fixture.ana], &[]).await;
        let rule = |users: &[base::Id]| {
            json!({"event_type": "finding.assigned", "channel": "email", "min_severity": "urgent",
                "recipients": {"user_ids": users}})
        };
        let mut wide = rule(&[fixture.ana, fixture.ben]);
        wide["min_severity"] = Json::Null;
        // Ana gets her mail by the existing rule, Ben opted out.
        let off = json!({"finding.assigned:email": false});
        let path = "/me/notification-preferences";
        assert_eq!(fixture.call(fixture.ben, "PUT", path, off).await.0, 200);
        let (_, run) = fixture.call(fixture.root, "POST", DRY_RUN, wide.clone()).await;
        assert_eq!(
            (&run["messages"], &run["recipients"]),
            (&json!(0), &json!([])),
            "{run}"
        );
        let on = json!({"finding.assigned:email": true});
        assert_eq!(fixture.call(fixture.ben, "PUT", path, on).await.0, 200);
        let (_, run) = fixture.call(fixture.root, "POST", DRY_RUN, wide).await;
        assert_eq!(run["messages"], 1);
        assert_eq!(run["recipients"][0]["recipient"], fixture.ben.to_string());
        // A threshold above the event's severity matches nothing.
        let (_, run) = fixture
            .call(fixture.root, "POST", DRY_RUN, rule(&[fixture.ben]))
            .await;
        assert_eq!((&run["events"], &run["messages"]), (&json!(1), &json!(0)));
    }
}

#[tokio::test]
async fn a_dry_run_of_an_invalid_rule_is_rejected() {
    for fixture in fixtures().await {
        let rule = json!({"event_type": "finding.assigned", "channel": "slack",
            "recipients": {"urls": ["https://slack.example/"]}});
        let (status, problem) = fixture.call(fixture.root, "POST", DRY_RUN, rule.clone()).await;
        assert_eq!(
            (status, problem["errors"][0]["field"].as_str().unwrap()),
            (422, "recipients.urls[0]"),
            "{}",
            fixture.name
        );
        for days in ["0", "91", "-1", "x"] {
            let path = format!("{DRY_RUN}?days={days}");
            let (status, problem) = fixture.call(fixture.root, "POST", &path, rule.clone()).await;
            assert_eq!(status, 422, "{days}: {problem}");
        }
    }
}

/// Everything that a dry run could write to.
const TABLES: [&str; 7] = [
    "select count(*) from notifications",
    "select count(*) from deliveries",
    "select count(*) from events",
    "select count(*) from event_groups",
    "select count(*) from notification_rules",
    "select count(*) from destinations",
    "select count(*) from audit_entries",
];

// promise: O2
// promise: O3
#[tokio::test]
async fn a_trial_counts_an_import_as_one_message_for_each_recipient() {
    for fixture in fixtures().await {
        let mara = manager(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let (first, second) = (fixture.clock.id(), fixture.clock.id());
        let new = |scan, severity, users: &[Id]| found(&fixture, scan, Kind::FindingCreated, severity, users);
        let events: Vec<Event> = (0..5)
            .map(|_| new(first, Severity::Low, &[]))
            .chain([new(first, Severity::Low, &[fixture.ana])])
            .collect();
        import(&fixture, events, end(&fixture, first, fixture.root)).await;
        let events = vec![
            new(second, Severity::Critical, &[]),
            new(second, Severity::Low, &[]),
            new(second, Severity::Informational, &[]),
        ];
        import(&fixture, events, end(&fixture, second, fixture.root)).await;
        settle(&fixture).await;
        let mut before = Vec::new();
        for table in TABLES {
            before.push(fixture.count(table).await);
        }
        let rule = json!({"event_type": "finding.created", "channel": "email", "min_severity": "low"});
        let (status, run) = fixture.call(fixture.root, "POST", DRY_RUN, rule).await;
        assert_eq!(status, 200, "{}: {run}", fixture.name);
        assert_eq!(
            (&run["events"], &run["messages"]),
            (&json!(9), &json!(1)),
            "{run}"
        );
        // For the first import the manager gets one message about five findings. Ana's is an assignment, which is
        // mailed already; for the second the manager has one, about the critical finding.
        assert_eq!(
            run["recipients"],
            json!([{"recipient_type": "user", "recipient": mara, "name": "mara", "messages": 1}])
        );
        let missed: Vec<_> = run["not_sent"]
            .as_array()
            .unwrap()
            .iter()
            .map(|missed| {
                (
                    missed["reason"].as_str().unwrap(),
                    missed["count"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            missed,
            [("duplicate", 2), ("below_threshold", 1), ("in_group", 1)],
            "{}: {run}",
            fixture.name
        );
        let hook = json!({"event_type": "finding.created", "channel": "webhook", "batch": "import",
            "recipients": {"urls": ["https://receiver.example/hooks/0123456789abcdef"]}});
        let (_, run) = fixture.call(fixture.root, "POST", DRY_RUN, hook.clone()).await;
        assert_eq!(
            run["messages"], 2,
            "{}: one post for each import: {run}",
            fixture.name
        );
        let mut singly = hook;
        singly["batch"] = "event".into();
        let (_, run) = fixture.call(fixture.root, "POST", DRY_RUN, singly).await;
        assert_eq!(run["messages"], 9, "{}: {run}", fixture.name);
        let mut after = Vec::new();
        for table in TABLES {
            after.push(fixture.count(table).await);
        }
        assert_eq!(before, after, "{}: it writes nothing", fixture.name);
        engine.stop().await;
    }
}

// promise: O3
#[tokio::test]
async fn a_dry_run_of_import_ends_excludes_those_in_another_message() {
    for fixture in fixtures().await {
        let mara = manager(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        for severity in [Severity::Critical, Severity::Low] {
            let scan = fixture.clock.id();
            let event = found(&fixture, scan, Kind::FindingCreated, severity, &[]);
            import(&fixture, vec![event], end(&fixture, scan, fixture.root)).await;
        }
        settle(&fixture).await;
        let rule = json!({"event_type": "scan.completed", "channel": "email", "filters": {"statuses": []},
            "min_severity": "low", "recipients": {"user_ids": [mara]}});
        let (status, run) = fixture.call(fixture.root, "POST", DRY_RUN, rule).await;
        assert_eq!(status, 200, "{}: {run}", fixture.name);
        // She has a message about the critical one already, which covers the end of the import.
        assert_eq!(
            run["recipients"],
            json!([{"recipient_type": "user", "recipient": mara, "name": "mara", "messages": 1}]),
            "{}: {run}",
            fixture.name
        );
        let missed = run["not_sent"].as_array().unwrap();
        let missed = missed.iter().find(|missed| missed["reason"] == "in_group");
        assert_eq!(missed.unwrap()["count"], 1, "{}: {run}", fixture.name);
        engine.stop().await;
    }
}

// promise: O2
#[tokio::test]
async fn a_dry_run_of_assignments_covers_findings_created_with_assignees() {
    for fixture in fixtures().await {
        let mut event = fixture.event(Kind::FindingCreated, &[fixture.ana], &[]);
        event.severity = Some(Severity::Low);
        fixture.emit(event).await;
        fixture.emit(fixture.event(Kind::FindingCreated, &[], &[])).await;
        let hook = json!({"event_type": "finding.assigned", "channel": "webhook",
            "recipients": {"urls": ["https://receiver.example/hooks/0123456789abcdef"]}});
        let (_, run) = fixture.call(fixture.root, "POST", DRY_RUN, hook).await;
        assert_eq!(
            (&run["events"], &run["messages"]),
            (&json!(1), &json!(1)),
            "{}: {run}",
            fixture.name
        );
        // It is an assignment, which is mailed already.
        let mail =
            json!({"event_type": "finding.created", "channel": "email", "min_severity": "informational"});
        let (_, run) = fixture.call(fixture.root, "POST", DRY_RUN, mail).await;
        assert_eq!(run["messages"], 1, "{}: the administrator: {run}", fixture.name);
        assert_eq!(run["not_sent"][0]["reason"], "duplicate", "{run}");
    }
}

// promise: O8
#[tokio::test]
async fn a_dry_run_leaves_a_destination_off_and_says_so() {
    const OFF: &str = "select count(*) from destinations where off_at > 0";
    for fixture in fixtures().await {
        let url = "https://receiver.example/hooks/0123456789abcdef";
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(url, &[Answer::Gone]);
        let engine = fixture.engine(&fake);
        let rule =
            json!({"event_type": "finding.assigned", "channel": "webhook", "recipients": {"urls": [url]}});
        let (status, _) = fixture
            .call(fixture.root, "POST", "/notification-rules", rule.clone())
            .await;
        assert_eq!(status, 201);
        fixture.assign(&[], &[]).await;
        next(&mut received).await;
        fixture.until(OFF, 1).await;
        let mut again = rule;
        again["min_severity"] = "low".into();
        again["event_type"] = "finding.created".into();
        fixture.emit(fixture.event(Kind::FindingCreated, &[], &[])).await;
        let (status, run) = fixture.call(fixture.root, "POST", DRY_RUN, again).await;
        assert_eq!(status, 200, "{}: {run}", fixture.name);
        assert_eq!(run["messages"], 0, "{}: {run}", fixture.name);
        assert_eq!(run["not_sent"][0]["reason"], "switched_off", "{run}");
        assert_eq!(fixture.count(OFF).await, 1, "{}: it is still off", fixture.name);
        engine.stop().await;
    }
}
