//! A rule that is tried before it is saved, on both databases.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::house::houses;

const DRY_RUN: &str = "/notification-rules/dry-run";

#[tokio::test]
async fn a_rule_can_be_tried_before_it_is_saved() {
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
        // Nothing was saved, and nobody but administrators may look.
        let rules = house.get(house.root, "/notification-rules?channel=webhook").await;
        assert_eq!(rules["items"], json!([]));
        assert_eq!(house.call(house.ana, "POST", DRY_RUN, webhook).await.0, 403);
    }
}

#[tokio::test]
async fn a_trial_counts_only_what_the_rule_adds() {
    for house in houses().await {
        house.assign(&[house.ana], &[]).await;
        let rule = |users: &[base::Id]| {
            json!({"event_type": "finding.assigned", "channel": "email", "min_severity": "urgent",
                "recipients": {"user_ids": users}})
        };
        let mut wide = rule(&[house.ana, house.ben]);
        wide["min_severity"] = Json::Null;
        // Ana gets her mail by the rule that is there, Ben does not want it.
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
        // A threshold above the event's severity lets nothing pass.
        let (_, run) = house.call(house.root, "POST", DRY_RUN, rule(&[house.ben])).await;
        assert_eq!((&run["events"], &run["messages"]), (&json!(1), &json!(0)));
    }
}

#[tokio::test]
async fn a_trial_of_a_rule_that_does_not_fit_is_refused() {
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
