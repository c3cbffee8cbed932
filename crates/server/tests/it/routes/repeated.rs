//! Every creating call of the OpenAPI document: with a key it creates once.

use std::collections::BTreeSet;

use campanile::repeats::WITHOUT;
use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{
    Client, Fixture, Reply, description, reply,
    table::{self, ROUTES},
};
use crate::support::databases;

const KEY: &str = "idempotency-key";

/// The calls that answer 201, without those that store nothing.
fn creating() -> Vec<String> {
    let description = description();
    let paths = description["paths"].as_object().unwrap();
    let creates = |path: &Value| path["post"]["responses"]["201"].is_object();
    let paths = paths
        .iter()
        .filter(|(path, calls)| creates(calls) && !WITHOUT.contains(&path.as_str()));
    paths
        .map(|(path, _)| path.strip_prefix("/api/v1").unwrap().to_owned())
        .collect()
}

#[test]
fn every_creating_call_documents_its_key() {
    let (description, creating) = (description(), creating());
    assert!(creating.len() > 15, "{creating:?}");
    for path in &creating {
        let call = &description["paths"][format!("/api/v1{path}")]["post"];
        let parameters = call["parameters"].as_array().unwrap();
        let header = parameters
            .iter()
            .find(|one| one["name"] == "Idempotency-Key" && one["in"] == "header");
        assert_eq!(header.unwrap()["schema"]["maxLength"], 255, "{path}");
        assert!(call["responses"]["409"].is_object(), "{path}");
        let created = &call["responses"]["201"]["content"]["application/json"]["schema"];
        assert!(created.to_string().contains("\"repeated\""), "{path}: {created}");
    }
    let known: BTreeSet<&str> = ROUTES.iter().map(|(_, path, ..)| *path).collect();
    for path in WITHOUT {
        assert!(known.contains(path.strip_prefix("/api/v1").unwrap()), "{path}");
    }
}

async fn post(who: &Client, path: &str, key: &str, body: &str) -> Reply {
    let request = who.request(Method::POST, path).header(KEY, key);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    reply(request.body(body.to_owned())).await
}

/// The id of what was created: of an import, of its scan.
fn created(reply: &Reply) -> (Value, bool) {
    let body: Value = serde_json::from_str(&reply.text).unwrap();
    let id = if body["scan"].is_object() {
        &body["scan"]["id"]
    } else {
        &body["id"]
    };
    assert!(id.is_string(), "{body}");
    (id.clone(), body["repeated"] == true)
}

/// Whether a response has what its schema requires.
fn has_required(description: &Value, schema: &Value, answer: &Value) -> bool {
    let parts = |name: &str| schema[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let has = |part: &Value| has_required(description, part, answer);
    let referred = schema["$ref"].as_str().map(|place| {
        let place = place.trim_start_matches('#');
        description.pointer(place).expect(place)
    });
    let named = |name: &Value| answer.get(name.as_str().unwrap()).is_some();
    referred.is_none_or(has)
        && parts("required").iter().all(named)
        && parts("allOf").iter().all(has)
        && (parts("oneOf").is_empty() || parts("oneOf").iter().filter(|part| has(part)).count() == 1)
}

// issue 18, line 15
#[tokio::test(flavor = "multi_thread")]
async fn every_creating_call_creates_once_per_key() {
    let description = description();
    for database in databases().await {
        let fixture = Fixture::set(&database).await;
        let admin = &fixture.admin;
        let mut ids = fixture.real.clone();
        // A finding has one approval at a time, so use another one.
        let finding = json!({"company_id": ids["companies"], "title": "another", "severity": "low"});
        ids.insert("findings", admin.post("/findings", finding).await.id());
        for template in creating() {
            let what = format!("{}: POST {template}", database.name);
            let route = ROUTES
                .iter()
                .find(|(method, path, ..)| *method == "POST" && *path == template);
            let body = route.unwrap().3.expect("a body")(&ids).to_string();
            let path = table::path(&template, &ids);
            for bad in ["a b", "", &"x".repeat(256)] {
                let answer = post(admin, &path, bad, &body).await;
                assert_eq!(answer.status, 422, "{what} with {bad:?}: {}", answer.text);
                answer.must_be_valid(&what);
            }
            let first = post(admin, &path, &template, &body).await;
            assert_eq!(first.status, 201, "{what}: {}", first.text);
            let again = post(admin, &path, &template, &body).await;
            assert_eq!(again.status, 201, "{what}: {}", again.text);
            let (id, repeated) = created(&first);
            assert!(!repeated, "{what}");
            assert_eq!(created(&again), (id, true), "{what}");
            let responses = &description["paths"][format!("/api/v1{template}")]["post"]["responses"];
            let schema = &responses["201"]["content"]["application/json"]["schema"];
            for answer in [&first, &again] {
                let answer = serde_json::from_str(&answer.text).unwrap();
                assert!(has_required(&description, schema, &answer), "{what}: {answer}");
            }
            let other = post(admin, &path, &template, &format!("{body} ")).await;
            assert_eq!(other.status, 409, "{what}: {}", other.text);
            other.must_be_valid(&what);
        }
        fixture.server.stop().await;
    }
}
