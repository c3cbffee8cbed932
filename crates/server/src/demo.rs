//! A company to look at on a first run: people, teams, a project and an imported report, made through the API
//! itself, and marked as a demo. `demo = false` (the default) leaves it out.

use access::{Access, Secret};
use anyhow::Context;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use base::Time;
use serde_json::{Value, json};
use tower::ServiceExt;

/// What the start prints for whoever tries the demo.
pub const SIGN_IN: &str = "This is a demo with sample data. Sign in with the password campanile-demo as
  analyst@demo.test   works on findings
  manager@demo.test   imports reports, assigns, runs teams
  admin@demo.test     administers the platform";

const PASSWORD: &str = "campanile-demo";
const ADMIN: &str = "admin@demo.test";
const COMPANY: &str = "Demo Company (sample data)";
const REPORT: &str = include_str!("demo/report.sarif");
/// The largest answer the seed reads, in bytes.
const ANSWER: usize = 4_000_000;

/// Fills an empty database; leaves one in which there is anybody alone.
///
/// # Errors
/// What a call answered.
pub async fn seed(access: &Access, router: &Router) -> anyhow::Result<()> {
    let made = access.first_admin(ADMIN, &Secret::new(PASSWORD)).await;
    if made
        .map_err(|problem| anyhow::anyhow!("the demo: {problem}"))?
        .is_none()
    {
        return Ok(());
    }
    let mut api = Api {
        router,
        now: access.store().clock().now(),
        token: None,
    };
    api.sign_in(ADMIN).await?;
    let company = api.make("/companies", json!({"name": COMPANY})).await?;
    let mut people = Vec::new();
    for (email, name, role) in [
        ("analyst@demo.test", "Ana Analyst", "analyst"),
        ("manager@demo.test", "Mara Manager", "manager"),
    ] {
        let person = api
            .make(
                "/users",
                json!({"email": email, "name": name, "password": PASSWORD}),
            )
            .await?;
        let member = format!("/companies/{company}/members/{person}");
        api.call(Method::PUT, &member, Some(json!({"role": role})))
            .await?;
        people.push(person);
    }
    let [analyst, manager] = people.as_slice() else {
        return Ok(());
    };
    let blue = json!({"company_id": company, "name": "Blue team", "member_ids": [analyst]});
    let blue = api.make("/teams", blue).await?;
    let web = json!({"company_id": company, "name": "Web team", "member_ids": [analyst, manager]});
    api.make("/teams", web).await?;
    api.sign_in("manager@demo.test").await?;
    report(&api, &company, analyst, &blue).await
}

/// The project with its report; its worst finding is the analyst's and the team's.
async fn report(api: &Api<'_>, company: &str, analyst: &str, team: &str) -> anyhow::Result<()> {
    let day = |days: u64| -> String {
        let time = api.now.after(std::time::Duration::from_secs(days * 86_400));
        time.to_string().chars().take("2026-01-31".len()).collect()
    };
    let project = json!({
        "company_id": company, "name": "Web shop", "description": "The shop that the public sees.",
        "status": "active", "starts_on": day(0), "ends_on": day(45),
    });
    let project = api.make("/projects", project).await?;
    let import = format!("/scans/import?company_id={company}&project_id={project}&format=sarif");
    api.send(Method::POST, &import, "application/sarif+json", REPORT.to_owned())
        .await?;
    let worst = api
        .call(Method::GET, "/findings?severity=critical&limit=1", None)
        .await?;
    if let Some(finding) = worst["items"][0]["id"].as_str() {
        let assignees = json!({"user_ids": [analyst], "team_ids": [team]});
        api.call(
            Method::POST,
            &format!("/findings/{finding}/assignees"),
            Some(assignees),
        )
        .await?;
    }
    Ok(())
}

/// Calls on the router, without a socket.
struct Api<'a> {
    router: &'a Router,
    now: Time,
    token: Option<String>,
}

impl Api<'_> {
    async fn sign_in(&mut self, email: &str) -> anyhow::Result<()> {
        self.token = None;
        let answer = self
            .call(
                Method::POST,
                "/auth/login",
                Some(json!({"email": email, "password": PASSWORD})),
            )
            .await?;
        self.token = answer["token"].as_str().map(str::to_owned);
        Ok(())
    }

    /// Makes a record; its id.
    async fn make(&self, path: &str, body: Value) -> anyhow::Result<String> {
        let answer = self.call(Method::POST, path, Some(body)).await?;
        answer["id"]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("{path} answered no id"))
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(method, path, "application/json", body).await
    }

    async fn send(&self, method: Method, path: &str, kind: &str, body: String) -> anyhow::Result<Value> {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        request = request.header(header::CONTENT_TYPE, kind);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = self
            .router
            .clone()
            .oneshot(request.body(Body::from(body))?)
            .await?;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), ANSWER).await?;
        anyhow::ensure!(
            status.is_success(),
            "the demo: {path} answered {status}: {}",
            String::from_utf8_lossy(&bytes)
        );
        Ok(if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)?
        })
    }
}
