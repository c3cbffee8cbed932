//! Subscribable feeds: creating, listing, fetching and revoking them, and what happens when the owner's access changes.

use access::{Role, testing};
use base::{Clock, Severity};
use records::{findings, scans};
use serde_json::{Value, json};

use testkit::Answer;

use crate::world::{Person, START, Wanted, World, day, due, time};

const NOON: &str = "2026-04-10T12:00:00Z";
const FEEDS: &str = "/me/calendar-feeds";

/// Creates a feed: the answer, and its path.
async fn make(world: &World, by: &Person, body: Value) -> (Value, String) {
    let reply = world.send(Some(by), "POST", FEEDS, Some(&body)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), "no-store");
    let made = reply.json();
    let url = made["url"].as_str().unwrap();
    let path = url
        .strip_prefix("https://campanile.example/api/v1")
        .unwrap()
        .to_owned();
    (made, path)
}

/// The values of a property, in their order.
fn values<'a>(document: &'a str, name: &str) -> Vec<&'a str> {
    let lines = document.split("\r\n");
    lines
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .collect()
}

/// The ids of the entries of a feed.
async fn uids(world: &World, path: &str) -> Vec<String> {
    let reply = world.fetch(path, None).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut uids: Vec<_> = values(&reply.text(), "UID")
        .into_iter()
        .map(str::to_owned)
        .collect();
    uids.sort();
    uids
}

fn uid(kind: &str, id: impl std::fmt::Display) -> String {
    format!("{kind}-{id}@campanile")
}

fn is_nothing(reply: &Answer) -> bool {
    reply.status == 404 && reply.header("content-type") == access::PROBLEM_CONTENT_TYPE
}

#[tokio::test]
async fn a_feed_is_shown_once_listed_without_its_key_and_revoked() {
    for world in World::all().await {
        let body = json!({"name": "My deadlines", "company_id": world.ours.id, "mine": true,
            "alarms": [60, 1440, 60], "kinds": ["sla_due", "retest_due", "sla_due"]});
        let (made, path) = make(&world, &world.viewer, body).await;
        let key = path.rsplit('=').next().unwrap();
        assert!(key.len() > 40 && key.starts_with("cmf_"), "{key}");
        let listed = world.send(Some(&world.viewer), "GET", FEEDS, None).await;
        assert!(!listed.text().contains(key), "{}", listed.text());
        let mut expected = made.clone();
        expected.as_object_mut().unwrap().remove("url");
        assert_eq!(listed.json(), json!({"items": [expected], "next_cursor": null}));
        assert_eq!(expected["alarms"], json!([60, 1440]));
        assert_eq!(expected["kinds"], json!(["sla_due", "retest_due"]));
        assert_eq!(expected["last_used_at"], Value::Null);

        assert_eq!(world.fetch(&path, None).await.status, 200);
        world.access.sweep().await.unwrap();
        let listed = world.send(Some(&world.viewer), "GET", FEEDS, None).await.json();
        assert_eq!(listed["items"][0]["last_used_at"], START);

        // Nobody sees or revokes another user's feed, not even an administrator.
        let one = format!("{FEEDS}/{}", made["id"].as_str().unwrap());
        for other in [&world.both, &world.admin] {
            assert!(is_nothing(&world.send(Some(other), "DELETE", &one, None).await));
            assert_eq!(
                world.send(Some(other), "GET", FEEDS, None).await.json()["items"],
                json!([])
            );
        }
        assert_eq!(world.send(None, "GET", FEEDS, None).await.status, 401);
        assert_eq!(
            world.send(Some(&world.viewer), "DELETE", &one, None).await.status,
            204
        );
        assert!(is_nothing(&world.fetch(&path, None).await));
        assert!(is_nothing(
            &world.send(Some(&world.viewer), "DELETE", &one, None).await
        ));
    }
}

#[tokio::test]
async fn a_key_is_valid_for_its_feed_only() {
    for world in World::all().await {
        let (_, path) = make(&world, &world.viewer, json!({})).await;
        let key = path.rsplit('=').next().unwrap();
        assert_eq!(world.access.caller(key).await.unwrap_err().status(), 401);
        assert_eq!(world.access.cached_caller(key).await.unwrap_err().status(), 401);
        // Nor is any other credential valid for a feed.
        let session = testing::session(&world.access, world.viewer.id).await;
        let other = "cmf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for bad in [&session, other, "", "x", &key[..46], &format!("{key}A")] {
            let reply = world.fetch(&format!("/calendar.ics?key={bad}"), None).await;
            assert!(is_nothing(&reply), "{bad}");
            assert!(bad.is_empty() || !reply.text().contains(&format!("={bad}")));
        }
        assert!(is_nothing(&world.fetch("/calendar.ics", None).await));
        // An API token cannot create one: it would outlive the token.
        let token = world.ask(Some(&world.viewer), "").await;
        assert_eq!(token.0, 200);
        let reply = world.send_with_token(&world.viewer, FEEDS, &json!({})).await;
        assert_eq!(reply.status, 403, "{}", reply.text());
    }
}

// promise: K7
#[tokio::test]
async fn what_its_owner_may_see_is_checked_at_each_fetch() {
    for world in World::all().await {
        let ours = world.finding(&world.ours, None, due(Some(NOON), None), &[]).await;
        let theirs = world
            .finding(&world.theirs, None, due(Some(NOON), None), &[])
            .await;
        let (ours, theirs) = (uid("sla_due", ours), uid("sla_due", theirs));
        let (_, all) = make(&world, &world.both, json!({})).await;
        let (_, one) = make(&world, &world.both, json!({"company_id": world.theirs.id})).await;
        assert_eq!(uids(&world, &all).await, [ours.clone(), theirs.clone()]);
        assert_eq!(uids(&world, &one).await, [theirs]);

        testing::leave(&world.store, world.theirs.id, world.both.id).await;
        assert_eq!(uids(&world, &all).await, [ours]);
        assert!(is_nothing(&world.fetch(&one, None).await));
        testing::member(&world.store, world.theirs.id, world.both.id, Role::Viewer).await;
        assert_eq!(uids(&world, &one).await.len(), 1);

        testing::disable(&world.store, world.both.id).await;
        for path in [&all, &one] {
            assert!(is_nothing(&world.fetch(path, None).await));
        }
        // A deleted company, for a user who sees all companies.
        let empty = testing::company(&world.store, "Empty").await;
        let (_, path) = make(&world, &world.admin, json!({"company_id": empty})).await;
        assert_eq!(uids(&world, &path).await, [""; 0]);
        let gone = world
            .store
            .write(move |tx| tx.execute("delete from companies where id = $1", store::params![empty]));
        gone.await.unwrap();
        assert!(is_nothing(&world.fetch(&path, None).await));
    }
}

#[tokio::test]
async fn a_feed_has_what_was_selected_and_ended_entries_vanish() {
    for world in World::all().await {
        let (ours, me) = (&world.ours, world.viewer.id);
        let project = world
            .project(ours, [Some(day("2026-04-02")), Some(day("2026-04-09"))])
            .await;
        let scan = world.scan(ours, None, scans::Status::Scheduled, time(NOON)).await;
        let agreement = world.agreement(ours, "active", day("2027-04-01")).await;
        let mine = world
            .finding(ours, None, due(Some(NOON), Some(NOON)), &[me])
            .await;
        let other = world
            .finding(ours, None, due(Some("2026-01-02T00:00:00Z"), None), &[])
            .await;
        // Outside its window: more than three months back, more than thirteen ahead.
        for far in ["2025-12-30T00:00:00Z", "2027-05-02T00:00:00Z"] {
            world.finding(ours, None, due(Some(far), None), &[me]).await;
        }
        let personal = [uid("retest_due", mine), uid("sla_due", mine)];
        let mut all = vec![
            uid("project_start", project.id),
            uid("project_end", project.id),
            uid("scan", scan),
            uid("agreement_expiry", agreement),
            uid("sla_due", other),
        ];
        all.extend(personal.clone());
        all.sort();
        let feed = async |body: Value| make(&world, &world.viewer, body).await.1;
        let whole = feed(json!({})).await;
        assert_eq!(uids(&world, &whole).await, all);
        assert_eq!(uids(&world, &feed(json!({"mine": true})).await).await, personal);
        let kinds = json!({"kinds": ["scan", "agreement_expiry"]});
        let expected = [uid("agreement_expiry", agreement), uid("scan", scan)];
        assert_eq!(uids(&world, &feed(kinds).await).await, expected);

        let closed = world.store.write(move |tx| {
            let sql = "update findings set status = $2 where id = $1";
            tx.execute(sql, store::params![mine, findings::Status::Closed])
        });
        closed.await.unwrap();
        all.retain(|uid| !personal.contains(uid));
        assert_eq!(uids(&world, &whole).await, all);
    }
}

#[tokio::test]
async fn unchanged_feeds_are_not_sent_again() {
    let clock = Clock::manual(START.parse().unwrap());
    for world in World::all_with(&clock).await {
        let finding = world.finding(&world.ours, None, due(Some(NOON), None), &[]).await;
        let (_, path) = make(&world, &world.viewer, json!({"alarms": [30]})).await;
        let first = world.fetch(&path, None).await;
        assert_eq!(first.header("content-type"), "text/calendar; charset=utf-8");
        assert_eq!(first.header("cache-control"), "private, no-cache");
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 20, "{tag}");
        clock.advance(std::time::Duration::from_secs(90));
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"x\", {tag}"),
            "*".to_owned(),
        ] {
            let again = world.fetch(&path, Some(&known)).await;
            assert_eq!((again.status.as_u16(), &*again.text()), (304, ""), "{known}");
            assert_eq!(again.header("etag"), tag);
        }
        assert_eq!(world.fetch(&path, Some("\"other\"")).await.text(), first.text());
        // A change of the record shows in its stamp and sequence too.
        let moved = world.store.write(move |tx| {
            let (sql, now) = (
                "update findings set title = 'x', updated_at = $2 where id = $1",
                tx.now(),
            );
            tx.execute(sql, store::params![finding, now])
        });
        moved.await.unwrap();
        let changed = world.fetch(&path, Some(&tag)).await;
        assert_eq!(changed.status, 200);
        assert_ne!(changed.header("etag"), tag);
        let sequence = |reply: &Answer| values(&reply.text(), "SEQUENCE")[0].parse::<u64>().unwrap();
        assert_eq!((sequence(&first), sequence(&changed)), (0, 90));
        assert!(changed.text().contains("TRIGGER:-PT30M"), "{}", changed.text());
    }
}

// promise: C7
#[tokio::test]
async fn a_company_that_hides_details_has_none_in_any_feed() {
    for world in World::all().await {
        let wanted = Wanted {
            severity: Severity::Critical,
            ..due(Some(NOON), None)
        };
        world.finding(&world.ours, None, wanted.clone(), &[]).await;
        world.finding(&world.theirs, None, wanted, &[]).await;
        testing::minimal_messages(&world.store, world.ours.id, true).await;
        let (_, path) = make(&world, &world.both, json!({})).await;
        let document = world.fetch(&path, None).await.text();
        let mut found = values(&document, "SUMMARY");
        found.sort_unstable();
        assert_eq!(
            found,
            ["SLA deadline: SQL injection", "SLA deadline: a critical finding"]
        );
    }
}

#[tokio::test]
async fn invalid_input_is_rejected_by_field_and_creates_nothing() {
    for world in World::all().await {
        for (body, field) in [
            (json!({"name": ""}), "name"),
            (json!({"name": "x".repeat(201)}), "name"),
            (json!({"name": "a\nb"}), "name"),
            (json!({"alarms": [40_321]}), "alarms"),
            (json!({"alarms": [1, 2, 3, 4, 5, 6]}), "alarms"),
            (json!({"alarms": [-1]}), "alarms[0]"),
            (json!({"kinds": []}), "kinds"),
            (json!({"kinds": ["nothing"]}), "kinds[0]"),
            (json!({"company_id": "x"}), "company_id"),
            (json!({"mine": "yes"}), "mine"),
            (json!({"more": 1}), "more"),
        ] {
            let reply = world.send(Some(&world.viewer), "POST", FEEDS, Some(&body)).await;
            assert_eq!(reply.status, 422, "{body}: {}", reply.text());
            assert_eq!(
                reply.json()["errors"][0]["field"],
                field,
                "{body}: {}",
                reply.text()
            );
        }
        for company in [world.theirs.id, world.store.clock().id()] {
            let body = json!({"company_id": company});
            assert!(is_nothing(
                &world.send(Some(&world.viewer), "POST", FEEDS, Some(&body)).await
            ));
        }
        assert_eq!(
            world.send(None, "POST", FEEDS, Some(&json!({}))).await.status,
            401
        );
        let listed = world.send(Some(&world.viewer), "GET", FEEDS, None).await.json();
        assert_eq!(listed["items"], json!([]));
        for _ in 0..50 {
            make(&world, &world.viewer, json!({})).await;
        }
        let reply = world
            .send(Some(&world.viewer), "POST", FEEDS, Some(&json!({})))
            .await;
        assert_eq!(reply.status, 409, "{}", reply.text());
        make(&world, &world.both, json!({})).await;
    }
}
