//! A demo company for a first run, and a second small one: users, teams, a project with an imported scan report, and
//! content for every page. It is created through the API itself, and marked as a demo. `demo = false` (the default)
//! omits it.

mod api;
mod work;

use access::{Access, Secret};
use axum::{Router, http::Method};
use serde_json::json;

use api::Api;

/// What startup prints for users of the demo.
pub const SIGN_IN: &str = "This is a demo with sample data. Sign in with the password campanile-demo as
  viewer@demo.test    looks on
  analyst@demo.test   works on findings
  manager@demo.test   imports reports, assigns, runs teams
  admin@demo.test     platform administrator";

const PASSWORD: &str = "campanile-demo";
const ADMIN: &str = "admin@demo.test";
const MANAGER: &str = "manager@demo.test";
const ANALYST: &str = "analyst@demo.test";
const COMPANY: &str = "Demo Company (sample data)";
const OTHER: &str = "Northwind (sample data)";

/// Ids that the rest of the demo refers to.
struct Ids {
    company: String,
    project: String,
    analyst: String,
    /// The analyst's team.
    blue: String,
}

/// Fills an empty database; leaves a database with users unchanged.
///
/// # Errors
/// What a call returned.
pub async fn seed(access: &Access, router: &Router) -> anyhow::Result<()> {
    let made = access.first_admin(ADMIN, &Secret::new(PASSWORD)).await;
    if made
        .map_err(|problem| anyhow::anyhow!("the demo: {problem}"))?
        .is_none()
    {
        return Ok(());
    }
    let mut api = Api::new(router, access.store().clock().now());
    api.sign_in(ADMIN).await?;
    let name = json!({"name": "Ada Administrator"});
    api.call(Method::PATCH, "/me", Some(name)).await?;
    let company = api.create("/companies", json!({"name": COMPANY})).await?;
    person(&api, &company, ("viewer@demo.test", "Vic Viewer", "viewer")).await?;
    let analyst = person(&api, &company, (ANALYST, "Ana Analyst", "analyst")).await?;
    let manager = person(&api, &company, (MANAGER, "Mara Manager", "manager")).await?;
    let blue = json!({"company_id": company, "name": "Blue team", "member_ids": [analyst]});
    let blue = api.create("/teams", blue).await?;
    let web = json!({"company_id": company, "name": "Web team", "member_ids": [analyst, manager]});
    api.create("/teams", web).await?;
    other_company(&api, &manager).await?;

    api.sign_in(MANAGER).await?;
    let project = work::project(&api, &company).await?;
    let ids = Ids {
        company,
        project,
        analyst,
        blue,
    };
    work::import_report(&api, &ids).await?;
    work::manager_records(&api, &ids).await?;
    api.sign_in(ANALYST).await?;
    work::analyst_records(&api, &ids).await?;
    api.sign_out().await
}

/// Creates a user with a role in the company; returns the id.
async fn person(
    api: &Api<'_>,
    company: &str,
    (email, name, role): (&str, &str, &str),
) -> anyhow::Result<String> {
    let body = json!({"email": email, "name": name, "password": PASSWORD});
    let person = api.create("/users", body).await?;
    member(api, company, &person, role).await?;
    Ok(person)
}

async fn member(api: &Api<'_>, company: &str, person: &str, role: &str) -> anyhow::Result<()> {
    let path = format!("/companies/{company}/members/{person}");
    let body = json!({"role": role});
    api.call(Method::PUT, &path, Some(body)).await.map(drop)
}

/// A second company, which the manager of the first can only view.
async fn other_company(api: &Api<'_>, manager: &str) -> anyhow::Result<()> {
    let company = api.create("/companies", json!({"name": OTHER})).await?;
    member(api, &company, manager, "viewer").await?;
    let project = json!({"company_id": company, "name": "Warehouse", "status": "active",
        "description": "The system that ships the parcels."});
    let project = api.create("/projects", project).await?;
    for (title, severity) in [
        ("Label printers answer without a password", "high"),
        ("Parcel numbers can be guessed", "medium"),
        ("An old certificate on the test server", "low"),
    ] {
        let finding =
            json!({"company_id": company, "project_id": project, "title": title, "severity": severity});
        api.create("/findings", finding).await?;
    }
    Ok(())
}
