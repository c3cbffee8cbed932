//! An import that is repeated with its key.

use access::Caller;
use axum::{body::Body, http::Request};
use base::Id;
use records::import::LEASE;
use serde_json::{Value, json};
use store::params;

use crate::{
    breaking::{break_at, mend},
    world::{Answer, World, made, report, run, simple},
};

const FORM: &str = "multipart/form-data; boundary=";

async fn send(world: &World, by: &Caller, (kind, more): (&str, &str), body: impl Into<Body>) -> Answer {
    let company = world.company;
    let project = world.project;
    let uri = format!("/scans/import?company_id={company}&project_id={project}{more}");
    let request = Request::post(uri)
        .header("idempotency-key", "build-4711")
        .header("content-type", kind);
    let request = request.body(body.into()).unwrap();
    world.ask(&world.router, Some(by), request).await
}

async fn import(world: &World, report: impl Into<Body>) -> Answer {
    send(world, &world.analyst, ("application/json", ""), report).await
}

/// The response to a repeated request, except for the marker that it is a repetition.
#[track_caller]
fn as_before(answer: Answer) -> Value {
    assert_eq!(answer.status, 201, "{}", answer.body);
    let mut body = answer.body;
    assert_eq!(body["repeated"], true);
    body.as_object_mut().unwrap().remove("repeated");
    body
}

fn big(count: u32) -> String {
    let results: Vec<_> = (0..count).map(|n| made(format!("r{n:04}"))).collect();
    report(&[run("Saw", &results)])
}

#[tokio::test]
async fn the_same_report_again_gets_the_same_response() {
    for mut world in World::all().await {
        let first = import(&world, simple(&["a", "b"])).await;
        assert_eq!(first.counts(), [2, 2, 0, 0, 0, 0, 0]);
        assert_eq!(first.body.get("repeated"), None);
        // The current list is a different matter.
        world.import(simple(&["c"])).await.counts();
        world.events();
        assert_eq!(as_before(import(&world, simple(&["a", "b"])).await), first.body);
        assert!(world.events().is_empty(), "{}: nothing happened", world.database);
        assert_eq!(world.column::<Id>("select id from scans").await.len(), 2);
        let other = import(&world, simple(&["a"])).await;
        assert_eq!(other.status, 409, "{}", other.body);
        let elsewhere = send(
            &world,
            &world.analyst,
            ("application/json", "&target=x"),
            simple(&["a", "b"]),
        )
        .await;
        assert_eq!(elsewhere.status, 409, "{}", elsewhere.body);
        let manager = send(&world, &world.manager, ("application/json", ""), simple(&["a"])).await;
        assert_eq!(manager.counts()[0], 1, "keys of their own");
    }
}

#[tokio::test]
async fn a_form_is_compared_by_its_report() {
    for world in World::all().await {
        let form = |boundary: &str, name: &str| {
            let report = simple(&["a"]);
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{report}\r\n--{boundary}--\r\n"
            )
        };
        let kind = format!("{FORM}one");
        let first = send(&world, &world.analyst, (&kind, ""), form("one", "x")).await;
        assert_eq!(first.counts()[1], 1);
        // Each request of a client has another boundary.
        let kind = format!("{FORM}two");
        let again = send(&world, &world.analyst, (&kind, ""), form("two", "x")).await;
        assert_eq!(as_before(again), first.body);
        assert_eq!(as_before(import(&world, simple(&["a"])).await), first.body);
    }
}

#[tokio::test]
async fn a_preview_ignores_a_key() {
    for world in World::all().await {
        let preview = ("application/json", "&preview=true");
        for _ in 0..2 {
            let answer = send(&world, &world.analyst, preview, simple(&["a"])).await;
            assert_eq!((answer.status.as_u16(), answer.body.get("repeated")), (200, None));
        }
        assert_eq!(import(&world, simple(&["a"])).await.counts()[1], 1);
    }
}

#[tokio::test]
async fn a_rejected_report_does_not_use_up_its_key() {
    for world in World::all().await {
        for bad in ["{", "[]", ""] {
            assert_eq!(import(&world, bad).await.status, 422, "{bad}");
        }
        assert_eq!(import(&world, simple(&["a"])).await.counts()[1], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_runs_the_key_identifies_its_scan() {
    for world in World::all().await {
        let (one, two) = tokio::join!(import(&world, big(700)), import(&world, big(700)));
        let (done, other) = if one.status == 201 && one.body.get("repeated").is_none() {
            (one, other_of(two))
        } else {
            (two, other_of(one))
        };
        assert_eq!(done.counts()[1], 700, "{}", world.database);
        assert_eq!(other, done.body["scan"]["id"], "{}", world.database);
        assert_eq!(as_before(import(&world, big(700)).await), done.body);
        assert_eq!(world.column::<Id>("select id from scans").await.len(), 1);
    }
}

/// The scan that the second of two requests refers to.
fn other_of(answer: Answer) -> Value {
    if answer.status == 409 {
        assert!(
            answer.detail().contains("still being processed"),
            "{}",
            answer.body
        );
        return answer.body["record_id"].clone();
    }
    as_before(answer)["scan"]["id"].clone()
}

#[tokio::test]
async fn a_failed_import_starts_again() {
    for world in World::all().await {
        break_at(&world, 250).await;
        assert_eq!(import(&world, big(400)).await.status, 500, "{}", world.database);
        mend(&world).await;
        // Even with another report: the first one failed.
        let done = import(&world, big(300)).await;
        assert_eq!(done.counts()[0], 300, "{}", world.database);
        assert_eq!(as_before(import(&world, big(300)).await), done.body);
    }
}

#[tokio::test]
async fn an_interrupted_import_starts_again() {
    let clock = base::Clock::manual("2026-01-01T00:00:00Z".parse().unwrap());
    for world in World::all_at(&clock).await {
        // What an interrupted process leaves behind: a running scan, its leases, a key without a response.
        let first = import(&world, simple(&["a"])).await.body;
        let scan: Id = first["scan"]["id"].as_str().unwrap().parse().unwrap();
        let left = world.store.write(move |tx| {
            let now = tx.now();
            tx.execute("update scans set status = 'running' where id = $1", params![scan])?;
            tx.execute("update idempotency_keys set answer = ''", &[])?;
            tx.execute(
                "insert into target_leases (target_id, scan_id, renewed_at) select id, $1, $2 from scan_targets",
                params![scan, now],
            )
        });
        assert_eq!(left.await.unwrap(), 1);
        let running = import(&world, simple(&["a"])).await;
        assert_eq!(running.status, 409);
        assert_eq!(running.body["record_id"], json!(scan), "{}", running.body);
        let other = import(&world, simple(&["b"])).await;
        assert_eq!((other.status.as_u16(), other.body.get("record_id")), (409, None));
        clock.advance(LEASE);
        let fresh = import(&world, simple(&["a"])).await;
        assert_eq!(fresh.counts()[0], 1, "{}", world.database);
        assert_ne!(fresh.body["scan"]["id"], json!(scan));
        assert_eq!(as_before(import(&world, simple(&["a"])).await), fresh.body);
        let failed = world
            .column::<String>("select status from scans order by id")
            .await;
        assert_eq!(failed, ["failed", "completed"], "{}", world.database);
    }
}
