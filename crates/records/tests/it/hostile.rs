//! Hostile bodies of every kind: rejected with the field, never an internal error, and nothing changes.

use serde_json::{Value, json};

use crate::world::{World, over};

/// Invalid values for a text of this maximum length.
fn bad_lines(max: usize) -> Vec<Value> {
    vec![
        json!("a\0b"),
        json!("a\nb"),
        json!("a\u{7f}"),
        json!("a\u{2028}b"),
        json!("é".repeat(max + 1)),
        json!("x".repeat(1 << 20)),
        json!(5),
        json!(["x"]),
        json!({"x": 1}),
        json!(true),
    ]
}

fn bad_blocks() -> Vec<Value> {
    vec![json!("\0"), json!("é".repeat(20_001)), json!(1.5), json!([])]
}

fn bad_times() -> Vec<Value> {
    let texts = [
        "",
        "tomorrow",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "1970-12-31T23:59:59Z",
        "1600-01-01T00:00:00Z",
        "2201-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-02-30T00:00:00Z",
    ];
    let mut times: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
    times.extend([json!(0), json!(i64::MAX), json!({}), json!("\0")]);
    times
}

fn bad_ids() -> Vec<Value> {
    vec![
        json!(""),
        json!("x"),
        json!(7),
        json!("\0"),
        json!("é".repeat(18)),
        json!({}),
    ]
}

fn bad_names(known: &[&str]) -> Vec<Value> {
    let mut names: Vec<Value> = known
        .iter()
        .flat_map(|name| [json!(name.to_uppercase()), json!(format!(" {name}"))])
        .collect();
    names.extend([json!(""), json!(1), json!([]), json!({})]);
    names
}

/// Every field of a finding with invalid values.
fn finding_fields() -> Vec<(&'static str, Vec<Value>)> {
    let mut titles = bad_lines(300);
    titles.extend([json!(""), json!("  "), json!("\u{200b}\u{202e}")]);
    vec![
        ("title", titles),
        ("description", bad_blocks()),
        ("severity", bad_names(&["low", "critical"])),
        ("location", bad_lines(1_000)),
        ("cwe", bad_lines(1_000)),
        ("project_id", bad_ids()),
        ("sla_due_at", bad_times()),
        ("retest_due_at", bad_times()),
    ]
}

/// What a rejection names: the field, or the whole body if it cannot be read at all.
async fn refused(world: &World, method: &str, path: &str, body: Value, field: &str) {
    let answer = world.send(&world.manager, method, path, Some(&body)).await;
    let fields = answer.fields();
    assert_eq!(fields, [field], "{}: {}", answer.asked, answer.text());
    assert!(
        answer.bytes.len() < 2_000,
        "what was sent is not returned in full"
    );
}

async fn refuses_each(world: &World, path: &str, valid: &Value, one: &str, fields: &[(&str, Vec<Value>)]) {
    world.events().await;
    let before = world.get(&world.manager, one).await.expect(200);
    for (field, values) in fields {
        for value in values {
            let mut body = valid.clone();
            over(&mut body, json!({*field: value}));
            refused(world, "POST", path, body, field).await;
            refused(world, "PATCH", one, json!({*field: value}), field).await;
        }
    }
    for field in ["colour", "id", "created_at", "search", "company_name"] {
        let mut body = valid.clone();
        over(&mut body, json!({field: 1}));
        refused(world, "POST", path, body, field).await;
        refused(world, "PATCH", one, json!({field: 1}), field).await;
    }
    // The company of a record is set once.
    refused(
        world,
        "PATCH",
        one,
        json!({"company_id": world.ours}),
        "company_id",
    )
    .await;
    for field in valid.as_object().unwrap().keys() {
        let mut body = valid.clone();
        body.as_object_mut().unwrap().remove(field);
        refused(world, "POST", path, body, field).await;
    }
    assert_eq!(world.kinds().await, [""; 0]);
    assert_eq!(world.get(&world.manager, one).await.expect(200), before);
    assert_eq!(world.get(&world.manager, path).await.ids().len(), 1);
}

#[tokio::test]
async fn invalid_fields_of_findings_are_named() {
    for world in World::all().await {
        let one = world.finding(json!({})).await;
        let valid = json!({"company_id": world.ours, "title": "x", "severity": "low"});
        refuses_each(&world, "/findings", &valid, &one, &finding_fields()).await;
        for (path, field, values) in [
            ("status", "status", bad_names(&["open", "in_progress"])),
            ("assignees", "user_ids", vec![json!("x"), json!({}), json!(1)]),
            ("assignees", "team_ids", vec![json!("x"), Value::Null]),
            (
                "assignees",
                "user_ids[0]",
                bad_ids().into_iter().map(|id| json!([id])).collect(),
            ),
        ] {
            let key = field.trim_end_matches("[0]");
            for value in values {
                let path = format!("{one}/{path}");
                refused(&world, "POST", &path, json!({key: value}), field).await;
            }
        }
        // All faults are named at once.
        let body = json!({"company_id": world.ours, "title": "", "severity": "low", "description": "\0",
            "cwe": "a\nb", "retest_due_at": "1969-01-01T00:00:00Z", "assignee_user_ids": [world.stranger.id]});
        let mut fields = world.post(&world.analyst, "/findings", body).await.fields();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "assignee_user_ids[0]",
                "cwe",
                "description",
                "retest_due_at",
                "title"
            ]
        );
        assert_eq!(world.kinds().await, [""; 0]);
    }
}

#[tokio::test]
async fn invalid_fields_of_scans_are_named() {
    for world in World::all().await {
        let valid = json!({"company_id": world.ours, "name": "x"});
        let made = world
            .post(&world.analyst, "/scans", valid.clone())
            .await
            .expect(201);
        let one = format!("/scans/{}", made["id"].as_str().unwrap());
        let mut names = bad_lines(300);
        names.push(json!(" "));
        let fields = [
            ("name", names),
            ("tool", bad_lines(1_000)),
            ("error", bad_lines(1_000)),
            ("project_id", bad_ids()),
            ("status", bad_names(&["running"])),
            ("scheduled_at", bad_times()),
        ];
        refuses_each(&world, "/scans", &valid, &one, &fields).await;
    }
}

#[tokio::test]
async fn invalid_fields_of_projects_are_named() {
    for world in World::all().await {
        let id = world.project(world.ours, "Web").await;
        let valid = json!({"company_id": world.ours, "name": "x"});
        let mut names = bad_lines(300);
        names.push(json!(" "));
        let days: Vec<Value> = [
            "",
            "x",
            "2026-02-30",
            "1970-12-31",
            "2201-01-01",
            "2026-1-1",
            "20260101",
            "2026-01-01T00:00:00Z",
            "+002026-01-01",
            "2026-W01-1",
            "\0",
        ]
        .into_iter()
        .map(Value::from)
        .chain([json!(20_260_101), json!([]), json!({})])
        .collect();
        let fields = [
            ("name", names),
            ("description", bad_blocks()),
            ("status", bad_names(&["active"])),
            ("starts_on", days.clone()),
            ("ends_on", days),
            // A list is not an object, although its values could be read as fields in order.
            ("owners", vec![json!([]), json!([[], []]), json!("x"), json!(1)]),
        ];
        refuses_each(&world, "/projects", &valid, &format!("/projects/{id}"), &fields).await;
    }
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_rejected() {
    for world in World::all().await {
        let finding = world.finding(json!({})).await;
        world.events().await;
        let deep = format!("{{\"title\": {}", "[".repeat(100_000)).into_bytes();
        let bodies: [&[u8]; 9] = [
            b"",
            b"{",
            b"[]",
            b"null",
            b"5",
            b"{} {}",
            b"\xff\xfe",
            b"{\"title\": \"\\ud800\"}",
            &deep,
        ];
        for body in bodies {
            for (method, path) in [
                ("POST", "/findings".to_owned()),
                ("PATCH", finding.clone()),
                ("POST", format!("{finding}/assignees")),
                ("POST", format!("{finding}/status")),
                ("POST", "/scans".to_owned()),
                ("POST", "/projects".to_owned()),
            ] {
                let answer = world.raw(&world.analyst, method, &path, body.to_vec()).await;
                assert_eq!(answer.fields().len(), 1);
            }
        }
        let huge = format!("{{\"title\": \"{}\"}}", "x".repeat(3 << 20)).into_bytes();
        let answer = world.raw(&world.analyst, "POST", "/findings", huge).await;
        answer.problem(413);
        assert_eq!(world.kinds().await, [""; 0]);
    }
}
