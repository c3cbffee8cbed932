//! From a scan's results to the right recipient: shipped rules, an import over HTTP, a real mail server and receivers.

use std::time::{Duration, Instant};

use base::{Bus, Clock};
use campanile::{app, config::Config};
use mail_parser::MessageParser;
use notify::testing::{Received, Request};
use reqwest::Method;
use serde_json::{Value, json};
use store::Store;

use crate::support::{Client, Database, Outside, PASSWORD, Server, WEBHOOK, World, databases, eventually};

/// How soon after its import a finding is notified.
const SOON: Duration = Duration::from_secs(2);
/// The title of the critical finding.
const CRITICAL: &str = "SQL injection in login";
/// What the engine still has to do.
const WORK: &str = "select (select count(*) from events where planned_at = 0) \
     + (select count(*) from event_groups where closed_at = 0) + (select count(*) from event_pages) \
     + (select count(*) from deliveries where state in ('pending', 'sending'))";

/// What a scan report omits.
#[derive(Clone, Copy, PartialEq)]
enum Gone {
    Nothing,
    Critical,
    CriticalAndLow,
}

/// A scan report: three low findings and a critical one, except what is gone.
fn report(gone: Gone) -> Vec<u8> {
    let entry = |number: usize, severity: &str, title: &str| {
        json!({
            "check_id": format!("rule-{number}"), "path": format!("src/part{number}.py"),
            "start": {"line": 7, "col": 1}, "end": {"line": 7, "col": 20},
            "extra": {"message": title, "severity": severity, "lines": format!("call({number})")},
        })
    };
    let first = if gone == Gone::CriticalAndLow { 2 } else { 1 };
    let mut results: Vec<Value> = (first..=3)
        .map(|number| entry(number, "LOW", &format!("Weak cipher {number}")))
        .collect();
    if gone == Gone::Nothing {
        results.insert(1, entry(4, "CRITICAL", CRITICAL));
    }
    let scanned: Vec<String> = (1..=4).map(|number| format!("src/part{number}.py")).collect();
    json!({"version": "1.90.0", "errors": [], "paths": {"scanned": scanned}, "results": results})
        .to_string()
        .into_bytes()
}

/// A company with two managers, and what was sent for it so far.
struct Scene {
    name: &'static str,
    outside: Outside,
    server: Server,
    store: Store,
    world: World,
    admin: Client,
    ana: Client,
    mara: Client,
    mona: Client,
}

/// How many mails, posts to the rule's receiver, to Slack and to Teams; how many rows of Ana, Mara and Mona.
type Sent = ([usize; 4], [u64; 3]);

impl Scene {
    async fn set(database: &Database) -> Self {
        let outside = Outside::start().await;
        let server = Server::start(database, &outside.settings()).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let mona = json!({"email": "mona@campanile.test", "name": "mona", "password": PASSWORD});
        let mona = admin.post("/users", mona).await.id();
        let member = format!("/companies/{}/members/{mona}", world.company);
        let role = json!({"role": "manager"});
        assert!(admin.call(Method::PUT, &member, role).await.status.is_success());
        let config = Config::load(None, database.settings(&[])).unwrap();
        let store = app::open_store(&config, &Clock::system(), Bus::new())
            .await
            .unwrap();
        Self {
            name: database.name,
            outside,
            server,
            store,
            admin,
            ana: world.sign_in("ana").await,
            mara: world.sign_in("mara").await,
            mona: world.sign_in("mona").await,
            world,
        }
    }

    /// Ana imports it; returns the counts of the response.
    async fn import(&self, gone: Gone) -> Value {
        let query = format!(
            "company_id={}&project_id={}",
            self.world.company, self.world.project
        );
        let answer = self.ana.import(&query, report(gone)).await.expect(201);
        answer["counts"].clone()
    }

    /// Waits until all resulting messages have been sent.
    async fn idle(&self) {
        eventually("the end of the work", || async {
            let (work,) = self.store.read(|tx| tx.one::<(i64,)>(WORK, &[])).await.unwrap()?;
            (work == 0).then_some(())
        })
        .await;
    }

    async fn sent(&self) -> Sent {
        self.idle().await;
        let mut rows = [0; 3];
        for (count, reader) in rows.iter_mut().zip([&self.ana, &self.mara, &self.mona]) {
            let summary = reader.get("/notifications/summary").await.expect(200);
            *count = summary["total"].as_u64().unwrap();
        }
        let Outside {
            mail,
            webhook,
            slack,
            teams,
            ..
        } = &self.outside;
        let posts = [webhook, slack, teams].map(|sink| sink.requests().len());
        ([mail.mails().len(), posts[0], posts[1], posts[2]], rows)
    }

    /// Waits for the mails after the first `known`: recipient, subject and text, sorted by recipient.
    async fn mails(&self, known: usize, count: usize) -> Vec<(String, String, String)> {
        let start = Instant::now();
        let mails = self.outside.mail.wait_for(known + count).await;
        assert!(
            start.elapsed() < SOON,
            "{}: after {:?}",
            self.name,
            start.elapsed()
        );
        let mut read: Vec<_> = mails[known..].iter().map(read).collect();
        read.sort();
        read
    }

    async fn end(self) {
        self.store.close().await;
        self.server.stop().await;
    }
}

fn read(mail: &Received) -> (String, String, String) {
    let parsed = MessageParser::default().parse(&mail.data).unwrap();
    let [to] = mail.to.as_slice() else {
        panic!("a mail to {:?}", mail.to)
    };
    (
        to.clone(),
        parsed.subject().unwrap().to_owned(),
        parsed.body_text(0).unwrap().into_owned(),
    )
}

/// The ids of the findings in a post.
fn posted(post: &Request) -> Vec<String> {
    let body = post.json();
    assert_eq!(body["type"], "finding.batch", "{body}");
    let findings = body["data"]["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["finding_id"].as_str().unwrap().to_owned())
        .collect()
}

/// The administrator's rule: new findings from critical up go to the receiver.
async fn new_critical(admin: &Client) {
    let rule = json!({
        "event_type": "finding.created", "channel": "webhook", "min_severity": "critical",
        "recipients": {"urls": [WEBHOOK]},
    });
    admin.post("/notification-rules", rule).await.id();
}

async fn critical(client: &Client) -> String {
    let page = client.get("/findings?severity=critical").await.expect(200);
    let [finding] = page["items"].as_array().unwrap().as_slice() else {
        panic!("one critical finding in {page}")
    };
    finding["id"].as_str().unwrap().to_owned()
}

/// A mail to this user that names and links the critical finding, and no other.
fn names_the_critical(
    (to, subject, text): &(String, String, String),
    person: &str,
    what: &str,
    finding: &str,
) {
    assert_eq!(to, &format!("{person}@campanile.test"));
    for part in ["[Critical]", what, CRITICAL] {
        assert!(subject.contains(part), "{to}: {part} in {subject}");
    }
    assert!(text.contains(&format!("/findings/{finding}")), "{to}: {text}");
    assert!(!text.contains("Weak cipher"), "{to}: {text}");
}

/// A user's newest row.
async fn newest(client: &Client) -> Value {
    client.get("/notifications?limit=1").await.expect(200)["items"][0].clone()
}

// promise: B3, C2, C3, C8, O1, O2, O3, O7, R7
#[tokio::test(flavor = "multi_thread")]
async fn an_unassigned_critical_finding_reaches_managers_and_receiver_at_once_and_only_once() {
    for database in databases().await {
        let scene = Scene::set(&database).await;
        new_critical(&scene.admin).await;
        let counts = scene.import(Gone::Nothing).await;
        assert_eq!(counts["created"], 4, "{}: {counts}", scene.name);
        let mails = scene.mails(0, 2).await;
        let finding = critical(&scene.mara).await;
        for (mail, expected) in mails.iter().zip(["mara", "mona"]) {
            names_the_critical(mail, expected, "New finding", &finding);
        }
        let sent = scene.sent().await;
        assert_eq!(sent, ([2, 1, 0, 0], [0, 1, 1]), "{}", scene.name);
        assert_eq!(
            posted(&scene.outside.webhook.requests()[0]),
            [finding.as_str()],
            "{}",
            scene.name
        );
        let row = newest(&scene.mara).await;
        assert_eq!(row["data"]["finding_ids"], json!([finding]), "{row}");
        assert!(
            row["title"]
                .as_str()
                .unwrap()
                .contains("1 critical new in Web shop"),
            "{row}"
        );
        // The same file again has no changes, so nobody is notified.
        let counts = scene.import(Gone::Nothing).await;
        assert_eq!(
            (&counts["unchanged"], &counts["updated"]),
            (&json!(4), &json!(0)),
            "{counts}"
        );
        assert_eq!(scene.sent().await, sent, "{}: silence", scene.name);
        scene.end().await;
    }
}

// promise: O1, O2, O3, O6, R7
#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_critical_finding_reaches_the_responsible_users() {
    for database in databases().await {
        let scene = Scene::set(&database).await;
        new_critical(&scene.admin).await;
        scene.import(Gone::Nothing).await;
        let finding = critical(&scene.mara).await;
        assert_eq!(scene.sent().await, ([2, 1, 0, 0], [0, 1, 1]), "{}", scene.name);
        // Gone: a row for the managers, no mail.
        let counts = scene.import(Gone::Critical).await;
        assert_eq!(counts["closed"], 1, "{}: {counts}", scene.name);
        assert_eq!(scene.sent().await, ([2, 1, 0, 0], [0, 2, 2]), "{}", scene.name);
        let counts = scene.import(Gone::Nothing).await;
        assert_eq!(counts["reopened"], 1, "{}: {counts}", scene.name);
        for (mail, expected) in scene.mails(2, 2).await.iter().zip(["mara", "mona"]) {
            names_the_critical(mail, expected, "Finding reopened", &finding);
            assert!(mail.2.contains("1 critical reopened in "), "{}", mail.2);
        }
        // A reopened finding is not new: the rule covers new ones.
        assert_eq!(scene.sent().await, ([4, 1, 0, 0], [0, 3, 3]), "{}", scene.name);
        let row = newest(&scene.mona).await;
        assert!(
            row["title"].as_str().unwrap().contains("1 critical reopened"),
            "{row}"
        );
        // Two reopened findings are one message about both.
        scene.import(Gone::CriticalAndLow).await;
        assert_eq!(scene.sent().await, ([4, 1, 0, 0], [0, 4, 4]), "{}", scene.name);
        scene.import(Gone::Nothing).await;
        for (to, subject, text) in scene.mails(4, 2).await {
            assert!(
                subject.contains("1 critical reopened, 1 low reopened"),
                "{to}: {subject}"
            );
            assert!(
                text.contains(CRITICAL) && text.contains("Weak cipher 1"),
                "{to}: {text}"
            );
            assert!(!text.contains("Weak cipher 2"), "{to}: {text}");
        }
        assert_eq!(scene.sent().await, ([6, 1, 0, 0], [0, 5, 5]), "{}", scene.name);
        with_an_assignee(&scene, &finding).await;
        scene.end().await;
    }
}

/// Assignees are notified of their findings, including the importer; the managers of the rest.
async fn with_an_assignee(scene: &Scene, finding: &str) {
    let assignees = json!({"user_ids": [scene.world.analyst], "team_ids": [scene.world.team]});
    let path = format!("/findings/{finding}/assignees");
    scene.mara.post(&path, assignees).await.expect(200);
    assert_eq!(scene.sent().await, ([7, 1, 1, 1], [1, 5, 5]), "{}", scene.name);
    scene.import(Gone::CriticalAndLow).await;
    // The team's channel gets the summary of an import that changed the team's findings.
    assert_eq!(scene.sent().await, ([7, 1, 2, 2], [2, 6, 6]), "{}", scene.name);
    scene.import(Gone::Nothing).await;
    let mails = scene.mails(7, 3).await;
    names_the_critical(&mails[0], "ana", "Finding reopened", finding);
    for ((to, subject, text), expected) in mails[1..].iter().zip(["mara", "mona"]) {
        assert_eq!(to, &format!("{expected}@campanile.test"));
        assert!(text.contains("Weak cipher 1"), "{to}: {text}");
        let all = format!("{subject} {text}");
        assert!(!all.contains(CRITICAL) && !all.contains(finding), "{to}: {all}");
    }
    assert_eq!(scene.sent().await, ([10, 1, 3, 3], [3, 7, 7]), "{}", scene.name);
    let slack = scene.outside.slack.requests()[2].json().to_string();
    assert!(
        slack.contains("Finding reopened") && slack.contains(finding),
        "{slack}"
    );
    assert!(!slack.contains("Weak cipher"), "{slack}");
}
