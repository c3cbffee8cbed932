//! End to end: a scan report is imported, its most severe finding is assigned, and every recipient is notified on their
//! channel. Every part is real.

use std::time::Instant;

use mail_parser::MessageParser;
use notify::channels::webhook::SigningKey;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Outside, Server, WEBHOOK, World, empty_databases, eventually};

const REPORT: &[u8] = include_bytes!("../../../formats/tests/samples/codeQL-output.sarif");

/// The most severe finding, triaged as critical.
async fn triage_most_severe(client: &Client) -> Value {
    let page = client.get("/findings?limit=1").await.expect(200);
    let path = format!("/findings/{}", page["items"][0]["id"].as_str().unwrap());
    client
        .call(Method::PATCH, &path, json!({"severity": "critical"}))
        .await
        .expect(200)
}

/// The administrator's rule: assignments from high up go to the receiver. Returns the signing secret.
async fn webhook_rule(admin: &Client) -> String {
    let rule = json!({
        "event_type": "finding.assigned", "channel": "webhook", "min_severity": "high",
        "recipients": {"urls": [WEBHOOK]},
    });
    let id = admin.post("/notification-rules", rule).await.id();
    let secrets = admin
        .get(&format!("/notification-rules/{id}/webhook-secrets"))
        .await
        .expect(200);
    secrets["items"][0]["secret"].as_str().unwrap().to_owned()
}

// promise: B3, C1, C2, C3, C4, C5, F1, F3, F4, E7, K4, K6, R7
#[tokio::test(flavor = "multi_thread")]
async fn a_scan_report_is_imported_and_an_assignment_is_notified_on_every_channel() {
    for database in empty_databases().await {
        let outside = Outside::start().await;
        let server = Server::start(&database, &outside.settings()).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let secret = webhook_rule(&admin).await;
        let (ana, mara, otto) = (
            world.sign_in("ana").await,
            world.sign_in("mara").await,
            world.sign_in("otto").await,
        );
        let (mut tab, mut other_tab) = (ana.stream().await, otto.stream().await);

        let query = format!("company_id={}&project_id={}", world.company, world.project);
        let import = mara.import(&query, REPORT.to_vec()).await.expect(201);
        let frame = tab.until("scan.completed").await;
        assert_eq!(frame["subject"]["id"], import["scan"]["id"], "{}", database.name);

        let finding = triage_most_severe(&mara).await;
        let id = finding["id"].as_str().unwrap().to_owned();
        let start = Instant::now();
        let assignees = json!({"user_ids": [world.analyst], "team_ids": [world.team]});
        mara.post(&format!("/findings/{id}/assignees"), assignees)
            .await
            .expect(200);
        tab.until("notification.created").await;
        let notified_after = start.elapsed();

        inbox(&ana, &finding).await;
        mail(&outside, &finding).await;
        posts(&outside, &secret, &finding).await;
        unsubscribe(&outside, &server, &ana).await;
        calendar(&ana, &otto, &finding).await;
        check_deliveries(&admin).await;

        // The other company's tab received none of it: its first frame is its own.
        let own = json!({"company_id": world.other, "title": "Their own", "severity": "low"});
        admin.post("/findings", own).await.id();
        let first = other_tab.next().await.unwrap();
        assert_eq!(first["company_id"].as_str(), Some(&*world.other), "{first}");
        println!("{}: notified after {notified_after:?}", database.name);
        server.stop().await;
    }
}

/// One row, which links to the finding.
async fn inbox(ana: &Client, finding: &Value) {
    let summary = ana.get("/notifications/summary").await.expect(200);
    assert_eq!(summary["unread"], 1);
    let page = ana.get("/notifications").await.expect(200);
    let row = &page["items"][0];
    assert_eq!(row["event_type"], "finding.assigned");
    assert_eq!(row["data"]["finding_id"], finding["id"]);
    assert_eq!(row["read"], false);
}

/// One mail to the assignee, over TLS with credentials, as text and HTML.
async fn mail(outside: &Outside, finding: &Value) {
    let mails = outside.mail.wait_for(1).await;
    let mail = &mails[0];
    assert!(mail.encrypted && mail.authenticated);
    assert_eq!(mail.to, ["ana@campanile.test"]);
    let parsed = MessageParser::default().parse(&mail.data).unwrap();
    let (text, html) = (parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap());
    let link = format!("/findings/{}", finding["id"].as_str().unwrap());
    for body in [text, html] {
        assert!(body.contains(&link), "{link} in {body}");
        assert!(body.contains("Acme"), "the company in {body}");
    }
}

/// The one-click unsubscribe link stops such mails, without a session.
async fn unsubscribe(outside: &Outside, server: &Server, ana: &Client) {
    let mails = outside.mail.mails();
    let parsed = MessageParser::default().parse(&mails[0].data).unwrap();
    let link = parsed.header_raw("List-Unsubscribe").unwrap().trim().to_owned();
    let (_, path) = link.trim_matches(['<', '>']).split_once("/api/v1").unwrap();
    let program = Client::new(server.address());
    let request = program
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("List-Unsubscribe=One-Click");
    assert_eq!(program.send(request).await.status, 200);
    let matrix = ana.get("/me/notification-preferences").await.expect(200);
    assert_eq!(matrix["finding.assigned:email"], false);
}

/// One post to the team's Slack, one card to its Teams, one signed payload to the rule's receiver.
async fn posts(outside: &Outside, secret: &str, finding: &Value) {
    let slack = outside.slack.wait_for(1).await;
    assert_eq!(slack[0].header("host"), "hooks.slack.com");
    assert!(slack[0].json()["blocks"].as_array().unwrap().len() > 2);
    let teams = outside.teams.wait_for(1).await;
    assert_eq!(
        teams[0].json()["attachments"][0]["content"]["type"],
        "AdaptiveCard"
    );
    let webhook = outside.webhook.wait_for(1).await;
    let post = &webhook[0];
    let (id, time) = (post.header("webhook-id"), post.header("webhook-timestamp"));
    let body = std::str::from_utf8(&post.body).unwrap();
    let signature = SigningKey::parse(secret)
        .unwrap()
        .sign(id, time.parse().unwrap(), body);
    assert_eq!(post.header("webhook-signature"), signature);
    let envelope = post.json();
    assert_eq!(envelope["type"], "finding.assigned");
    assert_eq!(envelope["data"]["subject"]["id"], finding["id"]);
}

/// The deadline is on the calendar of users with access, with everything that a drawer shows.
async fn calendar(ana: &Client, otto: &Client, finding: &Value) {
    for path in ["/calendar", "/calendar?mine=true"] {
        let feed = ana.get(path).await.expect(200);
        let due: Vec<_> = feed["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["kind"] == "sla_due" && item["entity_id"] == finding["id"])
            .collect();
        assert_eq!(due.len(), 1, "{path}: {feed}");
        assert_eq!(due[0]["at"], finding["sla_due_at"]);
        assert_eq!(due[0]["severity"], finding["severity"]);
        assert_eq!(due[0]["company_name"], "Acme");
    }
    let feed = otto.get("/calendar").await.expect(200);
    assert_eq!(feed["items"], json!([]));
}

/// Each message was delivered in one attempt, nobody got a second one, and the trace shows it.
async fn check_deliveries(admin: &Client) {
    let deliveries = eventually("the end of the deliveries", || async {
        let page = admin.get("/deliveries").await.expect(200);
        let items = page["items"].as_array().unwrap().clone();
        let done = items.iter().all(|item| item["state"] == "delivered");
        (done && items.len() >= 4).then_some(items)
    })
    .await;
    let mut channels: Vec<_> = deliveries
        .iter()
        .map(|item| item["channel"].as_str().unwrap())
        .collect();
    channels.sort_unstable();
    assert_eq!(channels, ["email", "slack", "teams", "webhook"]);
    let event = deliveries[0]["event_id"].as_str().unwrap();
    assert!(deliveries.iter().all(|item| item["event_id"] == event));
    let trace = admin.get(&format!("/events/{event}/trace")).await.expect(200);
    let entries = trace["entries"].as_array().unwrap();
    assert_eq!(
        entries.iter().filter(|entry| entry["told"] == true).count(),
        5,
        "{trace}"
    );
}
