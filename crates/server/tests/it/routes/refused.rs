//! Access by route and role.

use std::collections::BTreeSet;

use reqwest::{Method, header};

use serde_json::json;

use super::{
    Client, Fixture, description, reply,
    table::{Needs, ROUTES, path},
    with_json,
};
use crate::support::{PASSWORD, databases};

#[test]
fn the_table_has_every_documented_route() {
    let description = description();
    let described: BTreeSet<(String, String)> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let path = path.strip_prefix("/api/v1").unwrap();
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.to_owned()))
        })
        .collect();
    let table = ROUTES
        .iter()
        .map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(table.collect::<BTreeSet<_>>(), described);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_is_open_only_to_its_callers() {
    for database in databases().await {
        let fixture = Fixture::set(&database).await;
        for route in ROUTES {
            let (method, path, needs, _) = route;
            let what = format!("{}: {method} {path}", database.name);
            let (real, none) = (
                fixture.call(&fixture.anonymous, route, &fixture.real).await,
                fixture.none(),
            );
            let none = fixture.call(&fixture.anonymous, route, &none).await;
            let unknown = match *path {
                "/auth/logout" => 204,
                // An unknown link, an invalid key.
                "/unsubscribe" | "/calendar.ics" => 404,
                _ => 401,
            };
            assert_eq!(real.status, unknown, "{what}: {}", real.text);
            assert_eq!((real.status, &real.text), (none.status, &none.text), "{what}");
            real.must_be_valid(&what);
            if *needs > Needs::SignedIn {
                cannot_distinguish(&fixture, route, &what).await;
                roles(&fixture, route, &what).await;
            }
        }
        fixture.server.stop().await;
    }
}

/// A stranger cannot distinguish what exists from what does not.
async fn cannot_distinguish(fixture: &Fixture, route: &super::Route, what: &str) {
    let real = fixture.call(&fixture.stranger, route, &fixture.real).await;
    let none = fixture.call(&fixture.stranger, route, &fixture.none()).await;
    let of_no_company = matches!(route.2, Needs::PlatformAdmin | Needs::SomeManager);
    let expected = if of_no_company { 403 } else { 404 };
    assert_eq!(real.status, expected, "{what}: {}", real.text);
    assert_eq!((real.status, &real.text), (none.status, &none.text), "{what}");
    let with_input = |reply: &super::Reply| {
        let mut headers = reply.headers.clone();
        headers.remove("x-request-id");
        headers.remove(header::DATE);
        headers
    };
    assert_eq!(with_input(&real), with_input(&none), "{what}");
    real.must_be_valid(what);
}

/// Each role below the required one gets 403 (it sees the company); the others have access. What would delete a record
/// is only tried by roles without permission.
async fn roles(fixture: &Fixture, route: &super::Route, what: &str) {
    let (method, _, needs, _) = route;
    let members: [(&Client, Needs); 4] = [
        (&fixture.viewer, Needs::Viewer),
        (&fixture.analyst, Needs::Analyst),
        (&fixture.manager, Needs::Manager),
        (&fixture.admin, Needs::PlatformAdmin),
    ];
    for (who, role) in members {
        if *needs == Needs::Own {
            continue;
        }
        // All users may change their own name.
        let own = route.1 == "/users/{id}" && *method == "PATCH" && role == Needs::Analyst;
        if role < *needs && !own {
            let answer = fixture.call(who, route, &fixture.real).await;
            assert_eq!(answer.status, 403, "{what} by {role:?}: {}", answer.text);
            answer.must_be_valid(what);
        } else if *method != "DELETE" {
            let answer = fixture.call(who, route, &fixture.real).await;
            answer.must_be_valid(what);
            let status = answer.status.as_u16();
            assert!(
                ![401, 403, 404].contains(&status),
                "{what} by {role:?}: {status} {}",
                answer.text
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_with_the_cookie_alone_is_refused_on_every_route() {
    let database = databases().await.remove(0);
    let fixture = Fixture::set(&database).await;
    let login = json!({"email": "ana@campanile.test", "password": PASSWORD});
    let token = fixture.anonymous.post("/auth/login", login).await.text("token");
    let cookie = format!("{}={token}", access::SESSION_COOKIE);
    let proofs: [&[(&str, &str)]; 4] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1")],
        &[("origin", "https://evil.example")],
    ];
    for route in ROUTES
        .iter()
        .filter(|(method, path, ..)| *method != "GET" && !["/auth/login", "/unsubscribe"].contains(path))
    {
        let (method, template, _, body) = route;
        for proof in proofs {
            let target = path(template, &fixture.real);
            let request = fixture
                .anonymous
                .request(method.parse().unwrap(), &target)
                .header("cookie", &cookie);
            let request = proof
                .iter()
                .fold(request, |request, (name, value)| request.header(*name, *value));
            let request = match body {
                Some(body) => with_json(request, &body(&fixture.real).to_string()),
                None => request,
            };
            let answer = reply(request).await;
            assert_eq!(
                answer.status, 403,
                "{method} {template} {proof:?}: {}",
                answer.text
            );
            answer.must_be_valid(template);
        }
    }
    let ours = fixture
        .anonymous
        .request(Method::POST, "/notifications/read-all")
        .header("cookie", &cookie);
    assert_eq!(
        reply(ours.header("sec-fetch-site", "same-origin")).await.status,
        204
    );
    fixture.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsupported_method_is_a_problem_that_lists_the_supported_ones() {
    let database = databases().await.remove(0);
    let fixture = Fixture::set(&database).await;
    let paths: BTreeSet<&str> = ROUTES.iter().map(|(_, path, ..)| *path).collect();
    for template in paths {
        let there: BTreeSet<&str> = ROUTES
            .iter()
            // The last segment of one path may be the id of another.
            .filter(|(_, path, ..)| *path == template)
            .map(|(method, ..)| *method)
            .collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"] {
            let shadowed =
                template.matches('/').count() == 2 && !template.contains("{id}") && method != "BREW";
            if there.contains(method) || shadowed {
                continue;
            }
            let request = fixture
                .admin
                .request(method.parse().unwrap(), &path(template, &fixture.real));
            let answer = reply(request).await;
            assert_eq!(answer.status, 405, "{method} {template}: {}", answer.text);
            answer.must_be_valid(&format!("{method} {template}"));
            let allow = answer.headers[header::ALLOW].to_str().unwrap();
            assert!(
                there.iter().all(|method| allow.contains(method)),
                "{method} {template}: {allow}"
            );
        }
    }
    for (method, path) in [("POST", "/healthz"), ("PUT", "/readyz"), ("BREW", "/metrics")] {
        let answer = reply(fixture.anonymous.request(method.parse().unwrap(), path)).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        answer.must_be_valid(path);
        assert!(answer.headers.contains_key(header::ALLOW), "{path}");
    }
    let figures = reply(fixture.anonymous.request(Method::GET, "/metrics"))
        .await
        .text;
    assert!(
        figures.contains("method=\"other\"") && !figures.contains("BREW"),
        "a counter for each invented method"
    );
    let answer = reply(fixture.anonymous.at_root(Method::POST, "/findings")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers[header::ALLOW]),
        (405, &header::HeaderValue::from_static("GET, HEAD"))
    );
    answer.must_be_valid("a page of the console");
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/findings",
        "/api/v1/findings/",
    ] {
        let answer = reply(fixture.admin.at_root(Method::GET, path)).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        answer.must_be_valid(path);
    }
    fixture.server.stop().await;
}
