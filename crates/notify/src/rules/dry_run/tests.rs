//! Trying a rule before it is saved, on both databases.

use std::time::Duration;

use base::{Event, Id, Kind, Severity};
use serde_json::{Value as Json, json};

use crate::{
    engine::tests::grouping::{end, found, import, manager, settle},
    house::{Answer, Post, houses, next},
};

const DRY_RUN: &str = "/notification-rules/dry-run";

#[tokio::test]
async fn a_dry_run_previews_a_rule_before_it_is_saved() {
    for house in houses().await {
        house.assign(&[house.ana, house.ben], &[]).await;
        house.clock.advance(Duration::from_hours(24));
        house.assign(&[house.ana], &[]).await;
        let webhook = json!({"event_type": "finding.assigned", "channel": "webhook", "min_severity": "high",
            "recipients": {"urls": ["https://receiver.example/hooks/0123456789abcdef"]}});
        let (status, run) = house.call(house.root, "POST", DRY_RUN, webhook.clone()).await;
        assert_eq!(status, 200, "{}: {run}", house.name);
        assert_eq!(run["events"], 2);
        assert_eq!(run["messages"], 2);
        assert_eq!(run["truncated"], false);
        let days = run["days"].as_array().unwrap();
        assert_eq!(days.len(), 8, "seven days, both ends included");
        let today = house.clock.now().to_string();
        assert_eq!(days[7]["date"], today[..10], "the last day is today");
        let counted: Vec<_> = days.iter().map(|day| day["messages"].as_u64().unwrap()).collect();
        assert_eq!(counted, [0, 0, 0, 0, 0, 0, 1, 1]);
        let told = &run["recipients"][0];
        assert_eq!(
            (&told["recipient_type"], &told["messages"]),
            (&json!("url"), &json!(2))
        );
        assert_eq!(told["recipient"], "https://receiver.example/…cdef");
        // Nothing was saved, and only administrators may look.
        let rules = house.get(house.root, "/notification-rules?channel=webhook").await;
        assert_eq!(rules["items"], json!([]));
        assert_eq!(house.call(house.ana, "POST", DRY_RUN, webhook).await.0, 403);
    }
}

#[tokio::test]
async fn a_dry_run_counts_only_what_the_rule_adds() {
    for house in houses().await {
        house.assign(&[house.ana], &[]).await;
        let rule = |users: &[base::Id]| {
            json!({"event_type": "finding.assigned", "channel": "email", "min_severity": "urgent",
                "recipients": {"user_ids": users}})
        };
        let mut wide = rule(&[house.ana, house.ben]);
        wide["min_severity"] = Json::Null;
        // Ana gets her mail by the existing rule, Ben opted out.
        let off = json!({"finding.assigned:email": false});
        let path = "/me/notification-preferences";
        assert_eq!(house.call(house.ben, "PUT", path, off).await.0, 200);
        let (_, run) = house.call(house.root, "POST", DRY_RUN, wide.clone()).await;
        assert_eq!(
            (&run["messages"], &run["recipients"]),
            (&json!(0), &json!([])),
            "{run}"
        );
        let on = json!({"finding.assigned:email": true});
        assert_eq!(house.call(house.ben, "PUT", path, on).await.0, 200);
        let (_, run) = house.call(house.root, "POST", DRY_RUN, wide).await;
        assert_eq!(run["messages"], 1);
        assert_eq!(run["recipients"][0]["recipient"], house.ben.to_string());
        // A threshold above the event's severity matches nothing.
        let (_, run) = house.call(house.root, "POST", DRY_RUN, rule(&[house.ben])).await;
        assert_eq!((&run["events"], &run["messages"]), (&json!(1), &json!(0)));
    }
}

#[tokio::test]
async fn a_dry_run_of_an_invalid_rule_is_rejected() {
    for house in houses().await {
        let rule = json!({"event_type": "finding.assigned", "channel": "slack",
            "recipients": {"urls": ["https://slack.example/"]}});
        let (status, problem) = house.call(house.root, "POST", DRY_RUN, rule.clone()).await;
        assert_eq!(
            (status, problem["errors"][0]["field"].as_str().unwrap()),
            (422, "recipients.urls[0]"),
            "{}",
            house.name
        );
        for days in ["0", "91", "-1", "x"] {
            let path = format!("{DRY_RUN}?days={days}");
            let (status, problem) = house.call(house.root, "POST", &path, rule.clone()).await;
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
    for house in houses().await {
        let mara = manager(&house).await;
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        let (first, second) = (house.clock.id(), house.clock.id());
        let new = |scan, severity, users: &[Id]| found(&house, scan, Kind::FindingCreated, severity, users);
        let events: Vec<Event> = (0..5)
            .map(|_| new(first, Severity::Low, &[]))
            .chain([new(first, Severity::Low, &[house.ana])])
            .collect();
        import(&house, events, end(&house, first, house.root)).await;
        let events = vec![
            new(second, Severity::Critical, &[]),
            new(second, Severity::Low, &[]),
            new(second, Severity::Informational, &[]),
        ];
        import(&house, events, end(&house, second, house.root)).await;
        settle(&house).await;
        let mut before = Vec::new();
        for table in TABLES {
            before.push(house.count(table).await);
        }
        let rule = json!({"event_type": "finding.created", "channel": "email", "min_severity": "low"});
        let (status, run) = house.call(house.root, "POST", DRY_RUN, rule).await;
        assert_eq!(status, 200, "{}: {run}", house.name);
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
            house.name
        );
        let hook = json!({"event_type": "finding.created", "channel": "webhook", "batch": "import",
            "recipients": {"urls": ["https://receiver.example/hooks/0123456789abcdef"]}});
        let (_, run) = house.call(house.root, "POST", DRY_RUN, hook.clone()).await;
        assert_eq!(
            run["messages"], 2,
            "{}: one post for each import: {run}",
            house.name
        );
        let mut singly = hook;
        singly["batch"] = "event".into();
        let (_, run) = house.call(house.root, "POST", DRY_RUN, singly).await;
        assert_eq!(run["messages"], 9, "{}: {run}", house.name);
        let mut after = Vec::new();
        for table in TABLES {
            after.push(house.count(table).await);
        }
        assert_eq!(before, after, "{}: it writes nothing", house.name);
        engine.stop().await;
    }
}

// promise: O3
#[tokio::test]
async fn a_dry_run_of_import_ends_excludes_those_in_another_message() {
    for house in houses().await {
        let mara = manager(&house).await;
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        for severity in [Severity::Critical, Severity::Low] {
            let scan = house.clock.id();
            let event = found(&house, scan, Kind::FindingCreated, severity, &[]);
            import(&house, vec![event], end(&house, scan, house.root)).await;
        }
        settle(&house).await;
        let rule = json!({"event_type": "scan.completed", "channel": "email", "filters": {"statuses": []},
            "min_severity": "low", "recipients": {"user_ids": [mara]}});
        let (status, run) = house.call(house.root, "POST", DRY_RUN, rule).await;
        assert_eq!(status, 200, "{}: {run}", house.name);
        // She has a message about the critical one already, which covers the end of the import.
        assert_eq!(
            run["recipients"],
            json!([{"recipient_type": "user", "recipient": mara, "name": "mara", "messages": 1}]),
            "{}: {run}",
            house.name
        );
        let missed = run["not_sent"].as_array().unwrap();
        let missed = missed.iter().find(|missed| missed["reason"] == "in_group");
        assert_eq!(missed.unwrap()["count"], 1, "{}: {run}", house.name);
        engine.stop().await;
    }
}

// promise: O2
#[tokio::test]
async fn a_dry_run_of_assignments_covers_findings_created_with_assignees() {
    for house in houses().await {
        let mut event = house.event(Kind::FindingCreated, &[house.ana], &[]);
        event.severity = Some(Severity::Low);
        house.emit(event).await;
        house.emit(house.event(Kind::FindingCreated, &[], &[])).await;
        let hook = json!({"event_type": "finding.assigned", "channel": "webhook",
            "recipients": {"urls": ["https://receiver.example/hooks/0123456789abcdef"]}});
        let (_, run) = house.call(house.root, "POST", DRY_RUN, hook).await;
        assert_eq!(
            (&run["events"], &run["messages"]),
            (&json!(1), &json!(1)),
            "{}: {run}",
            house.name
        );
        // It is an assignment, which is mailed already.
        let mail =
            json!({"event_type": "finding.created", "channel": "email", "min_severity": "informational"});
        let (_, run) = house.call(house.root, "POST", DRY_RUN, mail).await;
        assert_eq!(run["messages"], 1, "{}: the administrator: {run}", house.name);
        assert_eq!(run["not_sent"][0]["reason"], "duplicate", "{run}");
    }
}

// promise: O8
#[tokio::test]
async fn a_dry_run_leaves_a_destination_off_and_says_so() {
    const OFF: &str = "select count(*) from destinations where off_at > 0";
    for house in houses().await {
        let url = "https://receiver.example/hooks/0123456789abcdef";
        let (post, mut bag) = Post::new();
        post.answers(url, &[Answer::Gone]);
        let engine = house.engine(&post);
        let rule =
            json!({"event_type": "finding.assigned", "channel": "webhook", "recipients": {"urls": [url]}});
        let (status, _) = house
            .call(house.root, "POST", "/notification-rules", rule.clone())
            .await;
        assert_eq!(status, 201);
        house.assign(&[], &[]).await;
        next(&mut bag).await;
        house.until(OFF, 1).await;
        let mut again = rule;
        again["min_severity"] = "low".into();
        again["event_type"] = "finding.created".into();
        house.emit(house.event(Kind::FindingCreated, &[], &[])).await;
        let (status, run) = house.call(house.root, "POST", DRY_RUN, again).await;
        assert_eq!(status, 200, "{}: {run}", house.name);
        assert_eq!(run["messages"], 0, "{}: {run}", house.name);
        assert_eq!(run["not_sent"][0]["reason"], "switched_off", "{run}");
        assert_eq!(house.count(OFF).await, 1, "{}: it is still off", house.name);
        engine.stop().await;
    }
}
