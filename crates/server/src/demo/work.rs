//! The records of the demo company: its project with the imported scan report, and content for every page.

use anyhow::Context;
use axum::http::Method;
use serde_json::{Value, json};

use super::{Ids, api::Api};

const REPORT: &str = include_str!("report.sarif");

/// Creates the project that most of the demo uses; returns its id.
pub(super) async fn project(api: &Api<'_>, company: &str) -> anyhow::Result<String> {
    let project = json!({
        "company_id": company, "name": "Web shop", "description": "The public web shop.",
        "status": "active", "starts_on": api.day(0), "ends_on": api.day(45),
    });
    api.create("/projects", project).await
}

/// Imports the scan report; its most severe finding is assigned to the analyst and the team.
pub(super) async fn import_report(api: &Api<'_>, ids: &Ids) -> anyhow::Result<()> {
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

/// The manager's records: assets, agreements, a scheduled scan, and a report.
pub(super) async fn manager_records(api: &Api<'_>, ids: &Ids) -> anyhow::Result<()> {
    let company = &ids.company;
    let mut shop = String::new();
    for (name, kind, identifier, criticality) in ASSETS {
        let asset = json!({"company_id": company, "name": name, "kind": kind, "identifier": identifier,
            "criticality": criticality});
        let asset = api.create("/assets", asset).await?;
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
        api.create("/agreements", agreement).await?;
    }
    let scan = json!({"company_id": company, "project_id": ids.project, "name": "Monthly scan of the shop",
        "tool": "ZAP", "scheduled_at": api.at(3)});
    api.create("/scans", scan).await?;
    // Entered manually, and overdue.
    let late = json!({"company_id": company, "project_id": ids.project, "asset_id": shop, "severity": "high",
        "title": "The admin page can be reached from everywhere", "sla_due_at": api.at(-2)});
    api.create("/findings", late).await?;
    let report = json!({"company_id": company, "project_id": ids.project, "name": "Web shop, current state"});
    api.create("/reports", report).await.map(drop)
}

/// The analyst's work: a fix to retest and a request to accept a risk, each with a comment.
pub(super) async fn analyst_records(api: &Api<'_>, ids: &Ids) -> anyhow::Result<()> {
    let fixed = finding(api, ids, "low").await?;
    for status in ["in_progress", "retest"] {
        post(api, &format!("{fixed}/status"), json!({"status": status})).await?;
    }
    let comment = "Fixed with today's release. Ready for retest.";
    post(api, &format!("{fixed}/comments"), json!({"body": comment})).await?;
    let accept = finding(api, ids, "medium").await?;
    let id = accept.trim_start_matches("/findings/");
    let approval = json!({"finding_id": id, "expires_at": api.at(90),
        "reason": "The new checkout replaces this page next month."});
    api.create("/approvals", approval).await.map(drop)
}

/// The path of the scan report's first finding with this severity.
async fn finding(api: &Api<'_>, ids: &Ids, severity: &str) -> anyhow::Result<String> {
    let path = format!(
        "/findings?company_id={}&project_id={}&severity={severity}&sort=created_at&limit=1",
        ids.company, ids.project
    );
    let page = api.call(Method::GET, &path, None).await?;
    let id = page["items"][0]["id"].as_str();
    id.map(|id| format!("/findings/{id}"))
        .with_context(|| format!("the demo: the scan report has no {severity} finding"))
}

async fn post(api: &Api<'_>, path: &str, body: Value) -> anyhow::Result<()> {
    api.call(Method::POST, path, Some(body)).await.map(drop)
}

/// Name, kind, identifier, criticality.
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

/// Name, reference, in how many days it expires, contracted hours, hours used.
const AGREEMENTS: &[(&str, &str, i64, u32, u32)] = &[
    ("Penetration tests", "PT-2026-04", 40, 120, 88),
    ("Code reviews", "CR-2026-11", 300, 80, 12),
];
