//! The records of the demo company: its project with the imported report, and something on every page.

use anyhow::Context;
use axum::http::Method;
use serde_json::{Value, json};

use super::{Ids, api::Api};

const REPORT: &str = include_str!("report.sarif");

/// The project that most of it is about; its id.
pub(super) async fn project(api: &Api<'_>, company: &str) -> anyhow::Result<String> {
    let project = json!({
        "company_id": company, "name": "Web shop", "description": "The shop that the public sees.",
        "status": "active", "starts_on": api.day(0), "ends_on": api.day(45),
    });
    api.make("/projects", project).await
}

/// The imported report; its worst finding is the analyst's and the team's.
pub(super) async fn report(api: &Api<'_>, ids: &Ids) -> anyhow::Result<()> {
    let import = format!(
        "/scans/import?company_id={}&project_id={}&format=sarif",
        ids.company, ids.project
    );
    api.send(Method::POST, &import, "application/sarif+json", REPORT.to_owned())
        .await?;
    let worst = finding(api, ids, "critical").await?;
    let assignees = json!({"user_ids": [ids.analyst], "team_ids": [ids.blue]});
    post(api, &format!("{worst}/assignees"), assignees).await?;
    let comment = "Please look at this one first: refunds are paid out at night.";
    post(api, &format!("{worst}/comments"), json!({"body": comment})).await
}

/// What the manager keeps: assets, agreements, what is planned, and a report to hand on.
pub(super) async fn of_the_manager(api: &Api<'_>, ids: &Ids) -> anyhow::Result<()> {
    let company = &ids.company;
    let mut shop = String::new();
    for (name, kind, identifier, criticality) in ASSETS {
        let asset = json!({"company_id": company, "name": name, "kind": kind, "identifier": identifier,
            "criticality": criticality});
        let asset = api.make("/assets", asset).await?;
        if *kind == "application" {
            shop = asset;
        }
    }
    for severity in ["critical", "high"] {
        let path = finding(api, ids, severity).await?;
        let about = json!({"asset_id": shop});
        api.call(Method::PATCH, &path, Some(about)).await?;
    }
    for (name, reference, days, hours, used) in AGREEMENTS {
        let agreement = json!({"company_id": company, "name": name, "reference": reference,
            "starts_on": api.day(days - 365), "expires_on": api.day(*days), "hours": hours, "hours_used": used});
        api.make("/agreements", agreement).await?;
    }
    let scan = json!({"company_id": company, "project_id": ids.project, "name": "Monthly scan of the shop",
        "tool": "ZAP", "scheduled_at": api.at(3)});
    api.make("/scans", scan).await?;
    // Written down by hand, and late.
    let late = json!({"company_id": company, "project_id": ids.project, "asset_id": shop, "severity": "high",
        "title": "The admin page can be reached from everywhere", "sla_due_at": api.at(-2)});
    api.make("/findings", late).await?;
    let report = json!({"company_id": company, "project_id": ids.project, "name": "Web shop, as it stands"});
    api.make("/reports", report).await.map(drop)
}

/// What the analyst does: a fix to look at again, a risk to accept, and words to both.
pub(super) async fn of_the_analyst(api: &Api<'_>, ids: &Ids) -> anyhow::Result<()> {
    let fixed = finding(api, ids, "low").await?;
    for status in ["in_progress", "retest"] {
        post(api, &format!("{fixed}/status"), json!({"status": status})).await?;
    }
    let comment = "Fixed with the release of today. To be looked at again.";
    post(api, &format!("{fixed}/comments"), json!({"body": comment})).await?;
    let accept = finding(api, ids, "medium").await?;
    let id = accept.trim_start_matches("/findings/");
    let approval = json!({"finding_id": id, "expires_at": api.at(90),
        "reason": "The new checkout replaces this page next month."});
    api.make("/approvals", approval).await.map(drop)
}

/// The first finding of the report with this severity: its path.
async fn finding(api: &Api<'_>, ids: &Ids, severity: &str) -> anyhow::Result<String> {
    let path = format!(
        "/findings?company_id={}&project_id={}&severity={severity}&sort=created_at&limit=1",
        ids.company, ids.project
    );
    let page = api.call(Method::GET, &path, None).await?;
    let id = page["items"][0]["id"].as_str();
    id.map(|id| format!("/findings/{id}"))
        .with_context(|| format!("the demo: the report has no finding that is {severity}"))
}

async fn post(api: &Api<'_>, path: &str, body: Value) -> anyhow::Result<()> {
    api.call(Method::POST, path, Some(body)).await.map(drop)
}

/// Name, kind, where it is, how much depends on it.
const ASSETS: &[(&str, &str, &str, &str)] = &[
    ("Web shop", "application", "https://shop.demo.test", "critical"),
    ("Shop database", "host", "db1.demo.test", "high"),
    (
        "Shop sources",
        "repository",
        "https://git.demo.test/shop",
        "medium",
    ),
    ("Payment account", "cloud", "eu-central, account 4711", "high"),
];

/// Name, reference, in how many days it expires, hours agreed on, hours spent.
const AGREEMENTS: &[(&str, &str, i64, u32, u32)] = &[
    ("Penetration tests", "PT-2026-04", 40, 120, 88),
    ("Code reviews", "CR-2026-11", 300, 80, 12),
];
