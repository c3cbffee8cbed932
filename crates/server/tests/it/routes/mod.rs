//! Every route of the OpenAPI document: no credentials, a stranger, each role, and whatever a client may send by mistake or on
//! purpose. No answer is a 500, and every refusal is a problem.

mod audited;
mod hostile;
mod refused;
mod repeated;
mod table;
mod tokens;

use std::{collections::BTreeMap, sync::LazyLock};

use base::Clock;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{ADMIN_PASSWORD, Client, Database, PASSWORD, Server, World, eventually};
use table::{Ids, Route};

/// The parts of a response that these tests check.
pub struct Reply {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub text: String,
}

/// The whole server with a record of each kind, and a user in every role.
pub struct Fixture {
    server: Server,
    real: Ids,
    clock: Clock,
    /// No credentials, a member of another company, a viewer, an analyst, a manager, an administrator.
    anonymous: Client,
    stranger: Client,
    viewer: Client,
    analyst: Client,
    manager: Client,
    admin: Client,
}

impl Fixture {
    async fn set(database: &Database) -> Self {
        // Enough attempts that deliberate wrong passwords lock nobody out.
        // One user makes every call many times.
        let more = [
            ("CAMPANILE_LOGIN__ATTEMPTS", "1000".to_owned()),
            ("CAMPANILE_LIMITS__SEARCHES_PER_MINUTE", "100000".to_owned()),
            ("CAMPANILE_LIMITS__TESTS_PER_MINUTE", "100000".to_owned()),
            ("CAMPANILE_LIMITS__RULE_PREVIEWS_PER_MINUTE", "100000".to_owned()),
            ("CAMPANILE_REPORTS__PER_DAY", "100000".to_owned()),
        ];
        let server = Server::start(database, &more).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let user = json!({"email": "vera@campanile.test", "name": "vera", "password": PASSWORD});
        let viewer = admin.post("/users", user).await.id();
        let member = format!("/companies/{}/members/{viewer}", world.company);
        admin
            .call(Method::PUT, &member, json!({"role": "viewer"}))
            .await
            .expect(200);
        let analyst = world.sign_in("ana").await;
        Self {
            real: records(&world, &admin, &analyst).await,
            clock: Clock::system(),
            anonymous: Client::new(server.address()),
            stranger: world.sign_in("otto").await,
            viewer: world.sign_in("vera").await,
            manager: world.sign_in("mara").await,
            analyst,
            admin,
            server,
        }
    }

    /// Ids that do not exist.
    fn none(&self) -> Ids {
        let ids = self.real.keys();
        ids.map(|kind| (*kind, self.clock.id().to_string())).collect()
    }

    /// Calls the route with these ids and a valid body.
    async fn call(&self, who: &Client, route: &Route, ids: &Ids) -> Reply {
        let (method, path, _, body) = route;
        let request = who.request(method.parse().unwrap(), &table::path(path, ids));
        let reply = reply(match body {
            Some(body) => with_json(request, &body(ids).to_string()),
            None => request,
        })
        .await;
        reply.must_be_documented(method, path);
        reply
    }
}

/// A record of each kind of the company.
async fn records(world: &World, admin: &Client, analyst: &Client) -> Ids {
    let finding = world.finding(admin, "critical").await;
    let assignees = json!({"user_ids": [world.analyst], "team_ids": []});
    admin
        .post(&format!("/findings/{finding}/assignees"), assignees)
        .await
        .expect(200);
    let clean = json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": []}]});
    let import = format!("/scans/import?company_id={}", world.company);
    let scan = analyst.post(&import, clean).await.expect(201);
    let scan = scan["scan"]["id"].as_str().unwrap().to_owned();
    let target = id_of(&first(admin, "/targets").await);
    let asset = json!({"company_id": world.company, "name": "a"});
    let asset = admin.post("/assets", asset).await.id();
    let agreement = json!({"company_id": world.company, "name": "a", "expires_on": "2030-01-01"});
    let agreement = admin.post("/agreements", agreement).await.id();
    let approval = json!({"finding_id": finding, "reason": "r", "expires_at": "2030-01-01T00:00:00Z"});
    let approval = analyst.post("/approvals", approval).await.id();
    let report = json!({"company_id": world.company});
    let report = analyst.post("/reports", report).await.id();
    let comments = format!("/findings/{finding}/comments");
    let comment = analyst.post(&comments, json!({"body": "c"})).await.id();
    let delivery = first(admin, "/deliveries").await;
    let id = id_of;
    let token = admin.post("/tokens", json!({"name": "ci"})).await.id();
    let view = json!({"page": "scans", "name": "v", "query": ""});
    let view = admin.post("/me/views", view).await.id();
    let login = json!({"email": "admin@campanile.test", "password": ADMIN_PASSWORD});
    Client::new(world.address)
        .post("/auth/login", login)
        .await
        .expect(200);
    let session = id(&first(admin, "/sessions").await);
    let announcement = json!({"title": "Maintenance", "body": "On Sunday."});
    let announcement = admin.post("/announcements", announcement).await.id();
    let credential = id(&first(admin, &format!("/users/{}/credentials", world.analyst)).await);
    let feed = admin.post("/me/calendar-feeds", json!({})).await.id();
    BTreeMap::from([
        ("agreements", agreement),
        ("announcements", announcement),
        ("approvals", approval),
        ("assets", asset),
        ("comments", comment),
        ("credentials", credential),
        ("companies", world.company.clone()),
        ("users", world.analyst.clone()),
        ("projects", world.project.clone()),
        ("findings", finding),
        ("reports", report),
        ("scans", scan),
        ("targets", target),
        ("teams", id(&first(admin, "/teams").await)),
        (
            "notification-rules",
            id(&first(admin, "/notification-rules").await),
        ),
        ("events", delivery["event_id"].as_str().unwrap().to_owned()),
        ("deliveries", id(&delivery)),
        ("notifications", id(&first(analyst, "/notifications").await)),
        ("tokens", token),
        ("calendar-feeds", feed),
        ("views", view),
        ("sessions", session),
    ])
}

fn id_of(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}

async fn first(who: &Client, list: &str) -> Value {
    eventually("the first of a list", || async {
        let page = who.get(list).await.expect(200);
        page["items"].get(0).cloned()
    })
    .await
}

fn with_json(request: RequestBuilder, body: &str) -> RequestBuilder {
    request
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.to_owned())
}

async fn reply(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let endless = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "text/event-stream");
    let text = if endless {
        String::new()
    } else {
        response.text().await.unwrap()
    };
    Reply {
        status,
        headers,
        text,
    }
}

impl Reply {
    /// Not a server error; and a refusal is a problem that matches its status.
    #[track_caller]
    fn must_be_valid(&self, what: &str) {
        assert!(
            self.status.as_u16() < 500,
            "{what}: {} {}",
            self.status,
            self.text
        );
        if self.status.as_u16() < 400 {
            return;
        }
        let kind = self.headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok());
        assert_eq!(
            kind,
            Some(access::PROBLEM_CONTENT_TYPE),
            "{what}: {} {}",
            self.status,
            self.text
        );
        let problem: Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem["status"], self.status.as_u16(), "{what}");
        assert!(
            problem["title"].is_string() && problem["detail"].is_string(),
            "{what}: {problem}"
        );
    }
}

impl Reply {
    /// The OpenAPI document has a response with this status and content type for the route.
    #[track_caller]
    fn must_be_documented(&self, method: &str, path: &str) {
        static DESCRIPTION: LazyLock<Value> = LazyLock::new(description);
        let what = format!("{method} {path}: {} {}", self.status, self.text);
        let route = &DESCRIPTION["paths"][format!("/api/v1{path}")][method.to_lowercase()];
        let answer = &route["responses"][self.status.as_str()];
        let shared = answer["$ref"].as_str().and_then(|name| name.rsplit('/').next());
        let answer = shared.map_or(answer, |name| &DESCRIPTION["components"]["responses"][name]);
        assert!(answer.is_object(), "{what}");
        let kind = self.headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()?.split(';').next());
        match (kind, answer["content"].as_object()) {
            (Some(kind), Some(kinds)) => assert!(kinds.contains_key(kind), "{what} of {kind}"),
            (kind, kinds) => assert!(kind.is_none() && kinds.is_none(), "{what} of {kind:?}"),
        }
    }
}

/// The OpenAPI document.
fn description() -> Value {
    serde_json::from_str(include_str!("../../../../../openapi.json")).unwrap()
}
