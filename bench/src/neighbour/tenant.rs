//! A company with users and findings, created through the API.

use std::{fmt::Write as _, net::Ipv4Addr};

use serde_json::json;

use crate::{
    http::{Caller, SARIF},
    server::{ADMIN, Server},
};

/// Its ids.
#[derive(Clone)]
pub(crate) struct Tenant {
    /// The address its users call from, and the server's port.
    pub(crate) at: (Ipv4Addr, u16),
    pub(crate) name: &'static str,
    pub(crate) company: String,
    pub(crate) people: Vec<String>,
    /// Up to 1,000.
    pub(crate) findings: Vec<String>,
}

impl Tenant {
    /// With this number of users, all managers, and this number of findings.
    pub(crate) fn make(
        (server, from): (&Server, Ipv4Addr),
        name: &'static str,
        people: usize,
        findings: usize,
    ) -> Self {
        let at = (from, server.port);
        let mut admin = Caller::sign_in(at, ADMIN);
        let company = admin.create("/companies", &json!({"name": name}));
        let mut tenant = Self {
            at,
            name,
            company,
            people: Vec::new(),
            findings: Vec::new(),
        };
        for n in 0..people {
            let email = tenant.email(n);
            let password = crate::http::PASSWORD;
            let person = admin.create(
                "/users",
                &json!({"email": email, "name": email, "password": password}),
            );
            let path = format!("/companies/{}/members/{person}", tenant.company);
            let role = json!({"role": "manager"}).to_string();
            let answer = admin.send("PUT", &path, crate::http::JSON, role.as_bytes());
            assert!(answer.status < 300, "{}", answer.body);
            tenant.people.push(person);
        }
        let mut first = tenant.caller(0);
        let path = tenant.import("all");
        let answer = first.send("POST", &path, SARIF, report(findings, 0).as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.body);
        let mut cursor = String::new();
        while tenant.findings.len() < 1_000 {
            let page = first.get(&format!(
                "/findings?company_id={}&limit=100{cursor}",
                tenant.company
            ));
            let items = page["items"].as_array().unwrap();
            let ids = items.iter().map(|item| item["id"].as_str().unwrap().to_owned());
            tenant.findings.extend(ids);
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        tenant
    }

    pub(crate) fn email(&self, person: usize) -> String {
        format!("{}-{person}@bench.test", self.name)
    }

    /// One of its users, in a new session.
    pub(crate) fn caller(&self, person: usize) -> Caller {
        Caller::sign_in(self.at, &self.email(person))
    }

    pub(crate) fn import(&self, target: &str) -> String {
        format!("/scans/import?company_id={}&target={target}", self.company)
    }
}

/// A scan report with this number of results; each version has different texts.
pub(crate) fn report(results: usize, version: usize) -> String {
    let mut text = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Bench"}},"results":["#.to_owned();
    for n in 0..results {
        let comma = if n == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"ruleId":"rule-{}","level":"error","message":{{"text":"Cross-site scripting due to a user-provided value in handler {n} of {version}."}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"src/file{n}.js"}},"region":{{"startLine":7}}}}}}]}}"#,
            n % 40,
        )
        .unwrap();
    }
    text + "]}]}"
}
