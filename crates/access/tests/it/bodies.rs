//! Invalid bodies of every kind: refused with a reason, never a server error.

use access::{Role, testing};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value, json};

use crate::world::World;

#[tokio::test]
async fn an_invalid_body_is_refused_with_its_fields() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let errors = async |body: &str| {
            let answer = admin
                .raw(
                    "POST",
                    "/users",
                    Some(("application/json", body.as_bytes().to_vec())),
                )
                .await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.text());
            let json = answer.json();
            let errors = json["errors"].as_array().unwrap().clone();
            let field = |error: &Value| error["field"].as_str().unwrap().to_owned();
            errors.iter().map(field).collect::<Vec<_>>()
        };
        assert_eq!(errors(r#"{"name": "x"}"#).await, ["email"]);
        assert_eq!(errors(r#"{"email": 5, "name": "x"}"#).await, ["email"]);
        assert_eq!(
            errors(r#"{"email": "a@b", "name": "x", "is_admin": "yes"}"#).await,
            ["is_admin"]
        );
        assert_eq!(
            errors(r#"{"email": "a@b", "name": "x", "role": "x"}"#).await,
            ["role"]
        );
        assert_eq!(errors(r#"{"email": "x", "name": " "}"#).await, ["email", "name"]);
        assert_eq!(errors(r#"{"email": "a@b", "name": "a\u0000b"}"#).await, ["name"]);
        assert_eq!(
            errors(r#"{"email": "a@b", "email": "a@b", "name": "x"}"#).await,
            ["email"]
        );
        for whole in [
            "",
            "{",
            "[]",
            r#"["a@b", "x", null, null]"#,
            "null",
            "5",
            "\"x\"",
            "{\"email\"",
            "{} {}",
        ] {
            let fields = errors(whole).await;
            assert!(fields.len() == 1, "{whole}: {fields:?}");
        }
        let deep = format!("{{\"x\": {}", "[".repeat(100_000));
        errors(&deep).await;
        let long = format!("{{\"{}\": 1}}", "x".repeat(100_000));
        let answer = admin
            .raw("POST", "/users", Some(("application/json", long.into_bytes())))
            .await;
        assert!(answer.bytes.len() < 2_000, "what was sent is not echoed in full");
    }
}

#[tokio::test]
async fn other_media_and_sizes_have_their_own_status() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let status = async |media: Option<&str>, bytes: Vec<u8>| {
            let body = media.map(|media| (media, bytes));
            let answer = admin.raw("POST", "/companies", body).await;
            assert_eq!(answer.headers["content-type"], access::PROBLEM_CONTENT_TYPE);
            answer.status.as_u16()
        };
        let body = || br#"{"name": "x"}"#.to_vec();
        assert_eq!(status(None, body()).await, 415);
        assert_eq!(status(Some("text/plain"), body()).await, 415);
        assert_eq!(
            status(Some("application/x-www-form-urlencoded"), b"name=x".to_vec()).await,
            415
        );
        assert_eq!(status(Some("application/json"), vec![b' '; 3 << 20]).await, 413);
        assert_eq!(status(Some("application/json"), vec![0xff, 0xfe]).await, 422);
        let fine = admin
            .raw(
                "POST",
                "/companies",
                Some(("application/merge-patch+json", body())),
            )
            .await;
        assert_eq!(fine.status, 201);
    }
}

/// What an attacker, or a broken program, puts into a field.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>().prop_map(Value::from),
        Just(json!("\0")),
        Just(json!("a\u{0}b@example.org")),
        Just(json!("' or 1 = 1; drop table users; --")),
        Just(json!("\u{202e}\u{feff}\u{ffff}")),
        Just(json!("x".repeat(100_000))),
        Just(json!("https://hooks.slack.com/services/T/B/x")),
        Just(json!("viewer")),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!("00000000-0000-0000-0000-000000000000")),
        "[a-z]{1,9}@[a-z]{1,9}".prop_map(Value::from),
    ];
    let leaf = prop_oneof![
        5 => text,
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A body: valid fields, some of them broken, and some extra ones.
fn body(valid: Value) -> impl Strategy<Value = Value> {
    let keys: Vec<String> = valid.as_object().unwrap().keys().cloned().collect();
    let broken = prop::collection::btree_map(
        prop::sample::select(keys),
        prop::option::weighted(0.9, value()),
        0..4,
    );
    prop_oneof![
        9 => (broken, prop::option::weighted(0.1, value())).prop_map(move |(broken, extra)| {
            let mut body = valid.clone();
            let object = body.as_object_mut().unwrap();
            for (key, value) in broken {
                match value {
                    Some(value) => object.insert(key, value),
                    None => object.remove(&key),
                };
            }
            if let Some(extra) = extra {
                object.insert("extra".to_owned(), extra);
            }
            body
        }),
        1 => value(),
    ]
}

#[tokio::test]
async fn no_body_causes_a_server_error() {
    const SLACK: &str = "https://hooks.slack.com/services/T/B/x";
    for world in World::each().await {
        let admin = world.as_admin().await;
        let user = world.member(world.ours, Role::Viewer).await;
        let team = testing::team(&world.access, world.ours, "Team", &[user]).await;
        let (ours, other) = (world.ours, world.theirs);
        let calls = [
            (
                "POST",
                "/auth/login".to_owned(),
                json!({"email": "a@example.org", "password": "x"}),
            ),
            (
                "POST",
                "/tokens".to_owned(),
                json!({"name": "x", "expires_at": "2027-01-01T00:00:00Z"}),
            ),
            ("POST", "/companies".to_owned(), json!({"name": "x"})),
            (
                "PATCH",
                format!("/companies/{ours}"),
                json!({"name": "x", "minimal_messages": true}),
            ),
            (
                "PUT",
                format!("/companies/{other}/members/{user}"),
                json!({"role": "viewer"}),
            ),
            (
                "POST",
                "/users".to_owned(),
                json!({"email": "a@example.org", "name": "x", "is_admin": false}),
            ),
            (
                "PATCH",
                format!("/users/{user}"),
                json!({"email": "b@example.org", "name": "x", "is_admin": false, "disabled": false}),
            ),
            (
                "POST",
                "/teams".to_owned(),
                json!({"company_id": ours, "name": "x", "member_ids": [user], "slack_webhook_url": SLACK}),
            ),
            (
                "PATCH",
                format!("/teams/{team}"),
                json!({"name": "x", "member_ids": [user], "slack_webhook_url": SLACK, "teams_webhook_url": null}),
            ),
        ];
        let mut runner = TestRunner::new(Config::default());
        for (method, path, valid) in calls {
            let strategy = body(valid);
            for _ in 0..60 {
                let body = strategy.new_tree(&mut runner).unwrap().current();
                let answer = admin.send(method, &path, Some(&body)).await;
                assert!(
                    answer.status.as_u16() < 500,
                    "{}: {method} {path} {body}: {}",
                    world.name,
                    answer.text()
                );
            }
        }
    }
}

#[tokio::test]
async fn no_query_causes_a_server_error() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let mut runner = TestRunner::new(Config::default());
        let strategy = "(limit|cursor|company_id|x)=([0-9a-f-]{0,40}|%[0-9a-f]{2}|[!-~&&[^#<>\"{}|\\\\^`]]{0,20})(&(limit|cursor)=[0-9%]{0,6})?";
        let strategy = proptest::string::string_regex(strategy).unwrap();
        for _ in 0..200 {
            let query = strategy.new_tree(&mut runner).unwrap().current();
            for list in ["companies", "users", "teams", "tokens"] {
                let answer = admin.get(&format!("/{list}?{query}")).await;
                assert!(answer.status.as_u16() < 500, "{list}?{query}: {}", answer.text());
            }
        }
    }
}
