//! External events: who may send which, each once, all of a batch or none, and nothing invalid.

use base::{Audience, Severity};
use serde_json::{Value, json};

use testkit::{Answer, text};

use crate::world::{Person, World, over};

const BATCH: &str = "application/cloudevents-batch+json";

impl World {
    /// An event of another platform for our company, with these additional attributes.
    fn cloud(&self, attributes: Value) -> Value {
        let mut event = json!({
            "specversion": "1.0", "id": "17", "source": "https://dojo.example", "type": "finding.created",
            "company": self.ours, "data": {"title": "SQL injection", "severity": "high"},
        });
        over(&mut event, attributes);
        event
    }

    async fn bring(&self, by: &Person, event: &Value) -> Answer {
        self.send(by, "POST", "/events", Some(event)).await
    }

    async fn bring_all(&self, by: &Person, events: &Value) -> Answer {
        let body = events.to_string().into_bytes();
        self.typed(by, "POST", "/events", (BATCH, body)).await
    }

    /// How many events are recorded as accepted, and how many there are.
    async fn kept(&self) -> (i64, i64) {
        const KEPT: &str = "select (select count(*) from external_events), (select count(*) from events)";
        let kept = self.store.read(|tx| tx.one::<(i64, i64)>(KEPT, &[])).await;
        kept.unwrap().unwrap()
    }
}

#[tokio::test]
async fn an_event_is_accepted_once_and_processed_like_any_other() {
    for world in World::all().await {
        let event = world.cloud(json!({
            "time": "2026-02-28T10:00:00Z", "subject": "finding/232", "datacontenttype": "application/json",
            "data": {
                "title": "SQL \u{202e}injection\0", "severity": "critical", "location": "src/a.rs:1", "tool": "Dojo",
                "project_name": "Shop", "comment": "one\ntwo", "sla_due_at": "2026-03-05T00:00:00Z", "counts": {"read": 3},
                "assignee_user_ids": [world.analyst.id, world.analyst.id], "assignee_team_ids": [world.team],
                "finding_id": world.team, "actor_name": "Somebody", "surprise": {"a": [1]},
            },
        }));
        let first = world.bring(&world.analyst, &event).await.expect(202);
        let [item] = first["items"].as_array().unwrap().as_slice() else {
            panic!("{first}");
        };
        assert_eq!((&item["id"], &item["duplicate"]), (&json!("17"), &json!(false)));
        let events = world.events().await;
        let [taken] = events.as_slice() else {
            panic!("{}: {events:?}", world.database);
        };
        assert_eq!(taken.id.to_string(), text(&item["event_id"]));
        assert_eq!(taken.audience, Audience::Company(world.ours));
        assert_eq!(
            (taken.severity, taken.actor),
            (Some(Severity::Critical), Some(world.analyst.id))
        );
        assert_eq!(taken.at.to_string(), "2026-02-28T10:00:00Z");
        assert_eq!(
            (&*taken.assignee_users, &*taken.assignee_teams),
            (&[world.analyst.id][..], &[world.team][..])
        );
        let data = json!({
            "company_id": world.ours, "company_name": "Ours", "title": "SQL injection", "location": "src/a.rs:1",
            "tool": "Dojo", "project_name": "Shop", "comment": "one\ntwo", "sla_due_at": "2026-03-05T00:00:00Z",
            "counts": {"read": 3}, "source": "https://dojo.example", "external": true,
        });
        assert_eq!(Value::Object(taken.data.clone()), data, "{}", world.database);

        // The same again, and another content with the same id: the first one is kept.
        for again in [
            event.clone(),
            world.cloud(json!({"type": "scan.failed", "data": {"name": "x"}})),
        ] {
            let second = world.bring(&world.manager, &again).await.expect(202);
            assert_eq!(
                second["items"][0]["event_id"], item["event_id"],
                "{}",
                world.database
            );
            assert_eq!(second["items"][0]["duplicate"], true);
        }
        assert!(world.events().await.is_empty(), "{}", world.database);
        // The same id from another source, and in another company, is another event.
        let other = world.cloud(json!({"source": "urn:other"}));
        let theirs = world.cloud(json!({"company": world.theirs}));
        for (by, event) in [(&world.analyst, other), (&world.stranger, theirs)] {
            let taken = world.bring(by, &event).await.expect(202);
            assert_eq!(taken["items"][0]["duplicate"], false, "{}", world.database);
        }
        assert_eq!(world.events().await.len(), 2);
    }
}

#[tokio::test]
async fn two_concurrent_copies_are_one() {
    for world in World::all().await {
        let one = world.cloud(json!({}));
        let more: Vec<Value> = (0..20)
            .map(|n| world.cloud(json!({"id": n.to_string()})))
            .collect();
        let (up, down) = (json!(more), json!(more.iter().rev().collect::<Vec<_>>()));
        let (a, b, c, d) = tokio::join!(
            world.bring(&world.analyst, &one),
            world.bring(&world.manager, &one),
            world.bring_all(&world.analyst, &up),
            world.bring_all(&world.manager, &down),
        );
        let mut news = 0;
        for answer in [a, b, c, d] {
            let answer = answer.expect(202);
            news += answer["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|item| item["duplicate"] == false)
                .count();
        }
        // 17 is one of the twenty.
        assert_eq!(news, 20, "{}", world.database);
        assert_eq!(world.kept().await, (20, 20), "{}", world.database);
    }
}

#[tokio::test]
async fn scope_and_role_are_checked() {
    for world in World::all().await {
        let event = world.cloud(json!({}));
        world.bring(&world.viewer, &event).await.problem(403);
        world.bring(&Person::nobody(), &event).await.problem(401);
        let strange = world.bring(&world.stranger, &event).await;
        let nowhere = world.cloud(json!({"company": world.clock.id()}));
        let nowhere = world.bring(&world.stranger, &nowhere).await;
        strange.problem(404);
        assert_eq!(strange.bytes, nowhere.bytes, "{}", world.database);
        world
            .bring(&world.admin, &world.cloud(json!({"company": world.clock.id()})))
            .await
            .problem(404);
        // One event of a batch for another company: none is accepted.
        let mixed = json!([event, world.cloud(json!({"company": world.theirs, "id": "2"}))]);
        world.bring_all(&world.analyst, &mixed).await.problem(404);
        let assigned = |key: &str, id: base::Id| {
            world.cloud(json!({"data": {"title": "t", "severity": "low", key: [world.team, id]}}))
        };
        let users = world
            .bring(&world.analyst, &assigned("assignee_user_ids", world.stranger.id))
            .await;
        assert_eq!(
            users.fields(),
            ["data.assignee_user_ids[0]", "data.assignee_user_ids[1]"]
        );
        let teams = world
            .bring(&world.analyst, &assigned("assignee_team_ids", world.their_team))
            .await;
        assert_eq!(
            teams.fields(),
            ["data.assignee_team_ids[1]"],
            "{}",
            world.database
        );
        assert_eq!(world.kept().await, (0, 0), "{}", world.database);
        world.bring(&world.admin, &event).await.expect(202);
    }
}

#[tokio::test]
async fn a_subject_is_a_record_or_has_its_own_id() {
    for world in World::all().await {
        let path = world.finding(json!({})).await;
        let ours = path.trim_start_matches("/findings/").to_owned();
        let theirs = json!({"company_id": world.theirs, "title": "x", "severity": "low"});
        let theirs = text(&world.post(&world.stranger, "/findings", theirs).await.expect(201)["id"]);
        world.events().await;
        let mut ids = Vec::new();
        for (n, subject) in [
            format!("finding/{ours}"),
            format!("finding/{theirs}"),
            format!("finding/{theirs}"),
            format!("scan/{ours}"),
            "CVE-2026-1".to_owned(),
        ]
        .iter()
        .enumerate()
        {
            let event = world.cloud(json!({"id": format!("s{n}"), "subject": subject}));
            world.bring(&world.analyst, &event).await.expect(202);
            let event = world.events().await.remove(0);
            let is_ours = event.subject.id.to_string() == ours;
            assert_eq!(
                event.data.contains_key("external"),
                !is_ours,
                "{}: {subject}",
                world.database
            );
            ids.push(event.subject.id.to_string());
        }
        assert_eq!(ids[0], ours);
        assert!(
            !ids[1..].contains(&ours) && !ids.contains(&theirs),
            "{}: {ids:?}",
            world.database
        );
        assert_eq!(ids[1], ids[2], "the same subject has the same id");
        assert_ne!(ids[1], ids[3]);
        // Without a subject each event has its own.
        for n in ["n1", "n2"] {
            world
                .bring(&world.analyst, &world.cloud(json!({"id": n})))
                .await
                .expect(202);
        }
        let events = world.events().await;
        assert_ne!(events[0].subject, events[1].subject, "{}", world.database);
    }
}

#[tokio::test]
async fn the_format_of_our_webhooks_is_accepted() {
    const OWN: &str = include_str!("../../../notify/tests/golden/finding.status_changed.cloudevents.json");
    for world in World::all().await {
        let mut event: Value = serde_json::from_str(OWN).unwrap();
        event["company"] = json!(world.ours);
        event["time"] = json!("2026-02-28T10:00:00Z");
        let body = event.to_string().into_bytes();
        let kind = ("application/cloudevents+json; charset=utf-8", body);
        world
            .typed(&world.analyst, "POST", "/events", kind)
            .await
            .expect(202);
        let taken = world.events().await.remove(0);
        assert_eq!(taken.kind.name(), "finding.status_changed");
        assert_eq!(taken.severity, Some(Severity::Critical));
        for (key, value) in [
            ("title", "SQL injection in login"),
            ("from_status", "in_progress"),
            ("status", "retest"),
            ("comment", "Fixed in 4.2.\nPlease retest."),
            ("source", "https://campanile.example"),
        ] {
            assert_eq!(taken.text(key), Some(value), "{}", world.database);
        }
        assert_eq!(taken.text("project_id"), None, "an id of another platform");
        assert_eq!(taken.text("actor_name"), None);
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of invalid events")]
async fn invalid_events_are_named_and_nothing_is_accepted() {
    for world in World::all().await {
        let long = "x".repeat(70_000);
        let cases = [
            (json!({"specversion": "0.3"}), "specversion"),
            (json!({"specversion": 1.0}), "specversion"),
            (json!({"specversion": null}), "specversion"),
            (json!({"type": "finding.invented"}), "type"),
            (json!({"type": "notification.created"}), "type"),
            (
                json!({"type": "destination.switched_off", "data": {"title": "t"}}),
                "type",
            ),
            (
                json!({"type": "approval.decided", "data": {"title": "t"}}),
                "type",
            ),
            (json!({"type": 7}), "type"),
            (json!({"id": ""}), "id"),
            (json!({"id": "a\0b"}), "id"),
            (json!({"id": 17}), "id"),
            (json!({"id": "x".repeat(201)}), "id"),
            (json!({"source": ""}), "source"),
            (json!({"source": "two words"}), "source"),
            (json!({"source": "ünïcode"}), "source"),
            (json!({"source": "x".repeat(1001)}), "source"),
            (json!({"source": ["x"]}), "source"),
            (json!({"company": null}), "company"),
            (json!({"company": "Ours"}), "company"),
            (json!({"company": [world.ours]}), "company"),
            (json!({"time": "yesterday"}), "time"),
            (json!({"time": 0}), "time"),
            (json!({"time": world.in_days(1)}), "time"),
            (json!({"subject": 5}), "subject"),
            (json!({"subject": "a\nb"}), "subject"),
            (json!({"subject": long}), "subject"),
            (json!({"datacontenttype": "text/xml"}), "datacontenttype"),
            (json!({"datacontenttype": {}}), "datacontenttype"),
            (json!({"data_base64": "e30="}), "data_base64"),
            (json!({"data": null}), "data"),
            (json!({"data": "{}"}), "data"),
            (json!({"data": []}), "data"),
            (
                json!({"data": {"title": "t", "severity": "low", "x": long}}),
                "data",
            ),
            (json!({"data": {"severity": "low"}}), "data.title"),
            (
                json!({"data": {"severity": "low", "title": "\u{200b}"}}),
                "data.title",
            ),
            (
                json!({"data": {"severity": "low", "title": "t", "tool": 5}}),
                "data.tool",
            ),
            (json!({"data": {"title": "t"}}), "data.severity"),
            (
                json!({"data": {"title": "t", "severity": "Awful"}}),
                "data.severity",
            ),
            (json!({"data": {"title": "t", "severity": 5}}), "data.severity"),
            (
                json!({"type": "scan.failed", "data": {"title": "t", "severity": "low"}}),
                "data.severity",
            ),
            (
                json!({"data": {"title": "t", "severity": "low", "sla_due_at": "soon"}}),
                "data.sla_due_at",
            ),
            (
                json!({"data": {"title": "t", "severity": "low", "counts": 3}}),
                "data.counts",
            ),
            (
                json!({"data": {"title": "t", "severity": "low", "assignee_user_ids": "x"}}),
                "data.assignee_user_ids",
            ),
            (
                json!({"data": {"title": "t", "severity": "low", "assignee_team_ids": ["x"]}}),
                "data.assignee_team_ids[0]",
            ),
            (
                json!({"data": {"title": "t", "severity": "low", "assignee_user_ids": vec!["x"; 101]}}),
                "data.assignee_user_ids",
            ),
        ];
        for (attributes, field) in &cases {
            let event = world.cloud(attributes.clone());
            let alone = world.bring(&world.analyst, &event).await;
            assert_eq!(alone.fields(), [*field], "{}: {attributes}", world.database);
            let fine = world.cloud(json!({"id": "fine"}));
            let batch = world.bring_all(&world.analyst, &json!([fine, event])).await;
            assert_eq!(batch.fields(), [format!("[1].{field}")], "{}", world.database);
        }
        let many: Vec<Value> = (0..501)
            .map(|n| world.cloud(json!({"id": n.to_string()})))
            .collect();
        world.bring_all(&world.analyst, &json!(many)).await.problem(422);
        let deep = format!("{{\"data\":{}", "{\"a\":".repeat(100_000));
        for (kind, body) in [
            ("application/cloudevents+json", "[]"),
            ("application/cloudevents+json", "null"),
            ("application/cloudevents+json", ""),
            (BATCH, "{}"),
            (BATCH, "[1]"),
            ("application/json", "\"x\""),
            ("application/json", &deep),
            ("application/json", "{\"id\":\"\\ud800\"}"),
        ] {
            let body = body.as_bytes().to_vec();
            world
                .typed(&world.analyst, "POST", "/events", (kind, body))
                .await
                .problem(422);
        }
        for kind in ["text/plain", "application/xml", "application/cloudevents"] {
            let body = world.cloud(json!({})).to_string().into_bytes();
            world
                .typed(&world.analyst, "POST", "/events", (kind, body))
                .await
                .problem(415);
        }
        assert_eq!(world.kept().await, (0, 0), "{}", world.database);
        let all = world
            .bring_all(&world.analyst, &json!(many[..500]))
            .await
            .expect(202);
        assert_eq!(all["items"].as_array().unwrap().len(), 500);
        assert_eq!(
            world.bring_all(&world.analyst, &json!([])).await.expect(202),
            json!({"items": []})
        );
        assert_eq!(world.kept().await, (500, 500), "{}", world.database);
    }
}
