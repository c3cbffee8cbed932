//! Malformed bodies, queries and paths.

use std::collections::BTreeSet;

use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{
    Fixture, description, reply,
    table::{ROUTES, path},
    with_json,
};
use crate::support::databases;

/// Values for a property of any type.
fn values(fixture: &Fixture) -> Vec<Value> {
    let ids: Vec<_> = (0..3_000)
        .map(|_| json!(fixture.clock.id().to_string()))
        .collect();
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(i64::MAX),
        json!(1e308),
        json!(""),
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("\u{202e}\u{feff}"),
        json!("' or 1=1 --"),
        json!("x".repeat(70_000)),
        json!("9999-12-31T23:59:59Z"),
        json!("0000-01-01T00:00:00Z"),
        json!("1677-09-21T00:12:44Z"),
        json!("2262-04-11T23:47:16Z"),
        json!("2026-02-30"),
        json!("-009999-01-01"),
        json!("9999-12-31"),
        json!([]),
        json!([null]),
        json!(["\u{0}"]),
        json!([[[[]]]]),
        json!({}),
        json!({"\u{0}": {"emails": ["\u{0}"]}}),
        json!({"emails": ["\u{0}"], "user_ids": [], "urls": ["https://\u{0}"]}),
        json!(fixture.clock.id().to_string()),
        Value::Array(ids),
    ]
}

/// Whole bodies.
fn bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "42",
        "NaN",
        "{} {}",
        "{\"\\u0000\":1}",
        "{\"a\":\"\\ud800\"}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.push(vec![0xff, 0xfe, 0]);
    bodies.push(b"[".repeat(200_000));
    bodies.push(b"{\"a\":".repeat(100_000));
    bodies.push(b"{\"name\":\"a\",\"name\":\"b\",\"status\":1,\"status\":2}".to_vec());
    bodies
}

/// The properties of the body of a route.
fn properties(description: &Value, method: &str, path: &str) -> Vec<String> {
    let route = &description["paths"][format!("/api/v1{path}")][method.to_lowercase()];
    let schema = &route["requestBody"]["content"]["application/json"]["schema"];
    let named = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next());
    let schema = named.map_or(schema, |name| &description["components"]["schemas"][name]);
    let properties = schema["properties"].as_object();
    properties.map_or_else(Vec::new, |properties| properties.keys().cloned().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_makes_the_server_fail() {
    let description = description();
    for database in databases().await {
        let fixture = Fixture::set(&database).await;
        // Once for all properties: the longest takes longer to write than to refuse.
        let values = values(&fixture);
        for (method, template, _, body) in ROUTES {
            let Some(fits) = body.map(|body| body(&fixture.real)) else {
                continue;
            };
            let what = format!("{}: {method} {template}", database.name);
            let target = path(template, &fixture.real);
            let request = || fixture.admin.request(method.parse().unwrap(), &target);
            for body in bodies() {
                let shown = String::from_utf8_lossy(&body)
                    .chars()
                    .take(40)
                    .collect::<String>();
                let answer = reply(
                    request()
                        .header(header::CONTENT_TYPE, "application/json")
                        .body(body),
                )
                .await;
                answer.must_be_valid(&format!("{what} {shown}"));
            }
            for kind in [
                "text/plain",
                "application/xml",
                ";;;",
                "multipart/form-data",
                "application/json; charset=x",
            ] {
                let answer = reply(
                    request()
                        .header(header::CONTENT_TYPE, kind)
                        .body(fits.to_string()),
                )
                .await;
                answer.must_be_valid(&format!("{what} as {kind}"));
            }
            let mut names = properties(&description, method, template);
            names.extend(["surprise".to_owned(), "finding.assigned:email".to_owned()]);
            for name in names {
                let mut body = fits.clone();
                for value in &values {
                    body[&name].clone_from(value);
                    let text = body.to_string();
                    let shown = text.chars().take(200).collect::<String>();
                    let answer = reply(with_json(request(), &text)).await;
                    answer.must_be_valid(&format!("{what} {shown}"));
                }
            }
            if !matches!(*template, "/scans/import" | "/scans/table-preview") {
                let large = format!("{{\"name\":\"{}\"}}", "x".repeat(1_000_000));
                let answer = reply(with_json(request(), &large)).await;
                assert_eq!(answer.status, 413, "{what}: {}", answer.text);
                answer.must_be_valid(&what);
            }
        }
        fixture.server.stop().await;
    }
}

/// Values for a query parameter, percent-encoded.
const QUERIES: &[&str] = &[
    "",
    "%00",
    "a%00b",
    "x",
    "-1",
    "0",
    "201",
    "99999999999999999999",
    "%ff",
    "%",
    "%zz",
    "true",
    "null",
    "%F0%9F%92%A9",
    "9999-12-31T23%3A59%3A59Z",
    "0000-01-01T00%3A00%3A00Z",
    "1677-09-21T00%3A12%3A45Z",
    "2262-04-11T23%3A47%3A15Z",
    "2026-01-31T12%3A00%3A00.123456789Z",
    "%27%20or%201%3D1",
    "%25%5F%5C",
    "1&limit=2",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_query_makes_the_server_fail() {
    let description = description();
    for database in databases().await {
        let fixture = Fixture::set(&database).await;
        for (method, template, _, body) in ROUTES {
            let route = &description["paths"][format!("/api/v1{template}")][method.to_lowercase()];
            let names = route["parameters"].as_array().into_iter().flatten();
            let names = names.filter(|parameter| parameter["in"] == "query");
            let names: BTreeSet<&str> = names
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let target = path(template, &fixture.real);
            let joint = if target.contains('?') { '&' } else { '?' };
            for name in names {
                let long = "x".repeat(4_000);
                for value in QUERIES.iter().copied().chain([&*long]) {
                    let query = format!("{target}{joint}{name}={value}");
                    let request = fixture.admin.request(method.parse().unwrap(), &query);
                    let request = match body {
                        Some(body) => with_json(request, &body(&fixture.real).to_string()),
                        None => request,
                    };
                    let what = format!(
                        "{}: {method} {}",
                        database.name,
                        query.chars().take(120).collect::<String>()
                    );
                    reply(request).await.must_be_valid(&what);
                }
            }
        }
        fixture.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_id_is_not_found() {
    for database in databases().await {
        let fixture = Fixture::set(&database).await;
        let id = &fixture.real["findings"];
        let plain = id.replace('-', "");
        let braced = format!("%7B{id}%7D");
        let long = "x".repeat(4_000);
        for (method, template, _, body) in ROUTES.iter().filter(|(_, path, ..)| path.contains("{id}")) {
            for odd in ["x", "%00", "%ff", "%2e%2e%2f", "null", &plain, &braced, &long] {
                let mut ids = fixture.real.clone();
                for id in ids.values_mut() {
                    odd.clone_into(id);
                }
                let request = fixture
                    .admin
                    .request(method.parse().unwrap(), &path(template, &ids));
                let request = match body {
                    Some(body) => with_json(request, &body(&fixture.real).to_string()),
                    None => request,
                };
                let answer = reply(request).await;
                let what = format!(
                    "{}: {method} {template} {}",
                    database.name,
                    &odd[..odd.len().min(50)]
                );
                assert_eq!(answer.status, 404, "{what}: {}", answer.text);
                answer.must_be_valid(&what);
            }
        }
        fixture.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_makes_the_server_fail() {
    let database = databases().await.remove(0);
    let fixture = Fixture::set(&database).await;
    let garbage: &[&[u8]] = &[
        b"",
        b"\xff\xfe",
        b"Bearer",
        b"Bearer ",
        b"Basic eDp5",
        b"Bearer \xc3\xa4",
        b"bearer\tx",
        b"=;=;,",
    ];
    for name in [
        "authorization",
        "cookie",
        "content-type",
        "origin",
        "x-request-id",
        "accept",
        "range",
        "if-match",
    ] {
        for value in garbage {
            let value = header::HeaderValue::from_bytes(value).unwrap();
            for (method, path) in [
                (Method::GET, "/me"),
                (Method::POST, "/companies"),
                (Method::GET, "/stream"),
                (Method::GET, "/healthz"),
            ] {
                let request = fixture
                    .anonymous
                    .request(method.clone(), path)
                    .header(name, value.clone())
                    .body("{}");
                reply(request)
                    .await
                    .must_be_valid(&format!("{method} {path} with {name}: {value:?}"));
            }
        }
    }
    fixture.server.stop().await;
}
