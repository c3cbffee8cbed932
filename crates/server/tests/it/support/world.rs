//! A company with users, a team and a project, created through the API.

use std::net::SocketAddr;

use serde_json::json;

use super::Client;

/// All users' password.
pub const PASSWORD: &str = "a long enough password";

/// The ids of what was created.
#[derive(Clone)]
pub struct World {
    pub address: SocketAddr,
    pub company: String,
    /// The company of `otto@…`.
    pub other: String,
    pub analyst: String,
    pub manager: String,
    pub team: String,
    pub project: String,
}

impl World {
    /// Creates a company with an analyst (`ana@campanile.test`), a manager (`mara@…`), a team of both with a Slack
    /// and a Teams channel, and a project; and `otto@…`, who belongs to another company.
    pub async fn create(admin: &Client, address: SocketAddr) -> Self {
        let company = admin.post("/companies", json!({"name": "Acme"})).await.id();
        let other = admin.post("/companies", json!({"name": "Other"})).await.id();
        let mut users = Vec::new();
        for (name, company, role) in [
            ("ana", &company, "analyst"),
            ("mara", &company, "manager"),
            ("otto", &other, "analyst"),
        ] {
            let email = format!("{name}@campanile.test");
            let user = admin
                .post(
                    "/users",
                    json!({"email": email, "name": name, "password": PASSWORD}),
                )
                .await
                .id();
            let path = format!("/companies/{company}/members/{user}");
            let answer = admin
                .call(reqwest::Method::PUT, &path, json!({"role": role}))
                .await;
            assert!(answer.status.is_success(), "{:?}", answer.body);
            users.push(user);
        }
        let team = json!({
            "company_id": company, "name": "Blue", "member_ids": [users[0], users[1]],
            "slack_webhook_url": "https://hooks.slack.com/services/T1/B1/secretsecret",
            "teams_webhook_url": "https://acme.webhook.office.com/webhookb2/secretsecret",
        });
        let team = admin.post("/teams", team).await.id();
        let project = admin
            .post("/projects", json!({"company_id": company, "name": "Web shop"}))
            .await
            .id();
        let [analyst, manager, _] = users.try_into().unwrap();
        Self {
            address,
            company,
            other,
            analyst,
            manager,
            team,
            project,
        }
    }

    pub async fn sign_in(&self, name: &str) -> Client {
        Client::sign_in(self.address, &format!("{name}@campanile.test"), PASSWORD).await
    }

    /// A finding of this severity.
    pub async fn finding(&self, by: &Client, severity: &str) -> String {
        let finding = json!({
            "company_id": self.company, "project_id": self.project, "title": "SQL injection in login",
            "severity": severity,
        });
        by.post("/findings", finding).await.id()
    }
}
