//! Events of other platforms, end to end: from `POST /events`, and from their webhooks through the adapter, to the
//! inbox, the tab, the chat and the webhook, and in the trace.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Client, Outside, Server, WEBHOOK, World, databases, eventually};

/// A user's API token.
async fn token(who: &Client) -> Client {
    let created = who.post("/tokens", json!({"name": "dojo"})).await.expect(201);
    who.clone().with_token(created["token"].as_str().unwrap())
}

// promise: C6, C7, E3, F3
#[tokio::test(flavor = "multi_thread")]
async fn an_external_event_is_notified_like_any_other_without_broken_links() {
    for database in databases().await {
        let outside = Outside::start().await;
        let server = Server::start(&database, &outside.settings()).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let rule = json!({
            "event_type": "finding.assigned", "channel": "webhook", "format": "cloudevents",
            "recipients": {"urls": [WEBHOOK]},
        });
        admin.post("/notification-rules", rule).await.id();
        let ana = world.sign_in("ana").await;
        let mut tab = ana.stream().await;
        let dojo = token(&ana).await;
        let event = json!({
            "specversion": "1.0", "id": "17", "source": "https://dojo.example", "type": "finding.assigned",
            "company": world.company, "subject": "dojo-finding/17",
            "data": {
                "title": "SQL <!channel> <b>x</b> [y](https://evil.example)", "severity": "critical",
                "assignee_user_ids": [world.analyst], "assignee_team_ids": [world.team],
            },
        });
        let taken = dojo.post("/events", event.clone()).await.expect(202);
        let id = taken["items"][0]["event_id"].as_str().unwrap().to_owned();

        let frame = tab.until("finding.assigned").await;
        assert_eq!(
            (frame["id"].as_str(), &frame["data"]["external"]),
            (Some(&*id), &json!(true)),
            "{}",
            database.name
        );
        tab.until("notification.created").await;
        let row = ana.get("/notifications").await.expect(200)["items"][0].clone();
        assert_eq!(
            row["data"],
            json!({
                "company_id": world.company,
                "why": "You get this because the finding is assigned to you.",
            }),
            "there is no page to link to"
        );
        let post = &outside.webhook.wait_for(1).await[0];
        let post = post.json();
        assert_eq!(post["data"]["attributes"]["source"], "https://dojo.example");
        let link = post["data"]["link"].as_str().unwrap();
        assert!(link.ends_with("/inbox"), "{link}");
        let slack = String::from_utf8_lossy(&outside.slack.wait_for(1).await[0].body).into_owned();
        assert!(
            slack.contains("&lt;!channel&gt;") && !slack.contains("<!channel>"),
            "{slack}"
        );
        assert!(
            slack.contains("dojo.example"),
            "it says where it comes from: {slack}"
        );
        outside.mail.wait_for(1).await;

        // Repeating it notifies nobody again.
        let again = dojo.post("/events", event).await.expect(202);
        assert_eq!(
            (&again["items"][0]["event_id"], &again["items"][0]["duplicate"]),
            (&json!(id), &json!(true))
        );
        let trace = eventually("all posts", || async {
            let trace = admin.get(&format!("/events/{id}/trace")).await.expect(200);
            let notified = trace["entries"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|entry| entry["told"] == true)
                .count();
            (notified >= 5).then_some(trace)
        })
        .await;
        assert_eq!(trace["event_type"], "finding.assigned");
        assert_eq!(ana.get("/notifications/summary").await.expect(200)["total"], 1);
        server.stop().await;
        assert_eq!(outside.webhook.wait_for(1).await.len(), 1, "{}", database.name);
    }
}

/// The adapter of `deploy/adapters`, until it is dropped.
struct Adapter {
    child: Child,
    address: String,
}

impl Adapter {
    const KEY: &str = "key of the test";

    fn start(target: &str, token: &str, company: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/adapters/adapter.py");
        let mut child = Command::new("python3")
            .arg(script)
            .env("ADAPTER_TARGET", target)
            .env("ADAPTER_TOKEN", token)
            .env("ADAPTER_COMPANY", company)
            .env("ADAPTER_KEY", Self::KEY)
            .env("ADAPTER_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3, for the adapter");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on ").expect(&line).to_owned();
        Self { child, address }
    }

    /// Posts what another platform would send.
    async fn post(&self, path: &str, event: &str, body: &str) -> u16 {
        let client = Client::new(self.address.parse().unwrap());
        let request = client
            .at_root(reqwest::Method::POST, path)
            .header("content-type", "application/json")
            .header("x-defectdojo-event", event)
            .header("x-defectdojo-instance", "https://dojo.example");
        client.send(request.body(body.to_owned())).await.status.as_u16()
    }

    /// Reads its status.
    async fn get(&self, path: &str) -> Value {
        let client = Client::new(self.address.parse().unwrap());
        let request = client.at_root(reqwest::Method::GET, path);
        client.send(request).await.expect(200)
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_adapter_forwards_events_of_defectdojo_and_dependency_track() {
    const DOJO: &str = include_str!("dojo_scan_added.json");
    const TRACK: &str = include_str!("track_new_vulnerability.json");
    const TRACK_5: &str = include_str!("track_5_new_vulnerability.json");
    for database in databases().await {
        let server = Server::start(&database, &[]).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let ana = world.sign_in("ana").await;
        let created = ana.post("/tokens", json!({"name": "adapter"})).await.expect(201);
        let target = format!("http://{}", server.address());
        let adapter = Adapter::start(&target, created["token"].as_str().unwrap(), &world.company);
        let mut tab = ana.stream().await;

        let key = Adapter::KEY.replace(' ', "%20");
        let (dojo, track) = (
            format!("/defectdojo?key={key}"),
            format!("/dependency-track?key={key}"),
        );
        assert_eq!(adapter.post("/defectdojo?key=x", "scan_added", DOJO).await, 401);
        assert_eq!(
            adapter
                .post(&dojo, "ping", "{\"description\": \"Test webhook notification\"}")
                .await,
            200
        );
        assert_eq!(adapter.post(&dojo, "scan_added", "{").await, 422);
        assert_eq!(adapter.post(&dojo, "scan_added", DOJO).await, 200);
        let scan = tab.next().await.unwrap();
        assert_eq!(scan["type"], "scan.completed", "{}: {scan}", database.name);
        let counts = json!({"read": 3, "created": 1, "reopened": 0, "closed": 1, "unchanged": 1});
        assert_eq!(scan["data"]["counts"], counts, "{}", database.name);
        let new = tab.next().await.unwrap();
        assert_eq!(
            (&new["type"], &new["severity"]),
            (&json!("finding.created"), &json!("critical"))
        );
        assert_eq!(new["data"]["title"], "SQL injection <!channel>");
        let closed = tab.next().await.unwrap();
        assert_eq!(
            (&closed["type"], &closed["data"]["status"]),
            (&json!("finding.status_changed"), &json!("mitigated"))
        );

        // Posted again, it is notified once.
        assert_eq!(adapter.post(&dojo, "scan_added", DOJO).await, 200);
        assert_eq!(adapter.post(&track, "", TRACK).await, 200);
        let vulnerable: Value = tab.next().await.unwrap();
        assert_eq!(
            (&vulnerable["type"], &vulnerable["severity"]),
            (&json!("finding.created"), &json!("medium"))
        );
        assert_eq!(
            vulnerable["data"]["title"], "CVE-2012-5784 in apache:axis:1.4",
            "{}",
            database.name
        );
        assert_eq!(vulnerable["data"]["project_name"], "Acme Example 1.0.0");

        // Version 5 uses its protobuf names.
        assert_eq!(adapter.post(&track, "", TRACK_5).await, 200);
        let vulnerable: Value = tab.next().await.unwrap();
        assert_eq!(
            (&vulnerable["type"], &vulnerable["severity"]),
            (&json!("finding.created"), &json!("critical")),
            "{}",
            database.name
        );
        assert_eq!(vulnerable["data"]["title"], "CVE-2021-44228 in log4j-core:2.14.0");
        let created = |group: &str| {
            let project = json!({"uuid": group, "name": "shop", "version": "2.1"});
            json!({"notification": {"group": group, "timestamp": "2026-11-29T15:00:00Z", "subject": {"project": project}}})
                .to_string()
        };
        for group in ["PROJECT_CREATED", "GROUP_PROJECT_CREATED"] {
            assert_eq!(adapter.post(&track, "", &created(group)).await, 200);
            let project = tab.next().await.unwrap();
            assert_eq!(project["type"], "project.created", "{group}");
        }
        // Messages about the platform itself need no event; unknown ones are not dropped.
        for quiet in [
            "POLICY_VIOLATION",
            "GROUP_POLICY_VIOLATION",
            "GROUP_VEX_PROCESSED",
        ] {
            assert_eq!(adapter.post(&track, "", &created(quiet)).await, 200, "{quiet}");
        }
        for _ in 0..2 {
            let body = created("GROUP_SOMETHING_NEW");
            assert_eq!(adapter.post(&track, "", &body).await, 422);
        }
        let counted = adapter.get(&format!("/unknown?key={key}")).await;
        assert_eq!(counted, json!({"SOMETHING_NEW": 2}), "{}", database.name);
        drop(adapter);
        server.stop().await;
    }
}
