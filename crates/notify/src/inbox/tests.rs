//! The inbox over HTTP, filled by a real engine, on both databases.

use std::{collections::BTreeSet, time::Duration};

use base::{Id, Kind};
use serde_json::{Value as Json, json};

use crate::fixture::{FakeReceiver, Fixture, fixtures, within};

const ROWS: &str = "select count(*) from notifications";

/// Lets an engine plan the events.
async fn planned(fixture: &Fixture, rows: i64) {
    let (fake, _bag) = FakeReceiver::new();
    let engine = fixture.engine(&fake);
    fixture.until(ROWS, rows).await;
    engine.stop().await;
}

async fn assigned(fixture: &Fixture, times: i64) {
    for _ in 0..times {
        fixture.assign(&[fixture.ana, fixture.ben], &[]).await;
    }
    planned(fixture, 2 * times).await;
}

fn ids(page: &Json) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn summary(fixture: &Fixture, user: Id) -> (u64, u64) {
    let summary = fixture.get(user, "/notifications/summary").await;
    (
        summary["total"].as_u64().unwrap(),
        summary["unread"].as_u64().unwrap(),
    )
}

// promise: C1
// promise: I1
// promise: I2
#[tokio::test]
async fn a_row_describes_the_event_and_links_to_the_record() {
    for fixture in fixtures().await {
        let mut event = fixture.event(Kind::FindingAssigned, &[fixture.ana], &[]);
        let scan = fixture.clock.id();
        event.data.insert("scan_id".into(), scan.to_string().into());
        let finding = event.subject.id;
        fixture.emit(event).await;
        fixture.clock.advance(Duration::from_secs(1));
        let mut scanned = fixture.event(Kind::ScanCompleted, &[fixture.ana], &[]);
        scanned.subject.kind = base::SubjectType::Scan;
        fixture.emit(scanned).await;
        planned(&fixture, 2).await;
        let page = fixture.get(fixture.ana, "/notifications").await;
        assert_eq!(page["items"][0]["event_type"], "scan.completed", "newest first");
        let row = &page["items"][1];
        assert_eq!(row["type"], "finding");
        assert_eq!(row["event_type"], "finding.assigned");
        assert_eq!(row["title"], "Finding assigned: SQL injection");
        assert!(row["body"].as_str().is_some_and(|body| body.contains("Acme")));
        assert_eq!(row["data"]["finding_id"], finding.to_string());
        assert_eq!(row["data"]["scan_id"], scan.to_string());
        assert_eq!(row["read"], false);
        let scans = fixture
            .get(fixture.ana, "/notifications?event_type=scan.completed")
            .await;
        assert_eq!(ids(&scans), ids(&page)[..1]);
        let (status, _) = fixture
            .call(
                fixture.ana,
                "GET",
                "/notifications?event_type=nonsense",
                Json::Null,
            )
            .await;
        assert_eq!(status, 422);
    }
}

// promise: I1
#[tokio::test]
async fn lists_are_filtered_by_read_state() {
    for fixture in fixtures().await {
        assigned(&fixture, 6).await;
        let all = ids(&fixture.get(fixture.ana, "/notifications").await);
        let read = |id: &String| format!("/notifications/{id}/read");
        fixture
            .call(fixture.ana, "POST", &read(&all[4]), Json::Null)
            .await;
        fixture
            .call(fixture.ana, "POST", "/notifications/read-all", Json::Null)
            .await;
        for _ in 0..3 {
            fixture.assign(&[fixture.ana], &[]).await;
        }
        planned(&fixture, 15).await;
        let all = ids(&fixture.get(fixture.ana, "/notifications").await);
        fixture
            .call(fixture.ana, "POST", &read(&all[1]), Json::Null)
            .await;
        let unread = ids(&fixture.get(fixture.ana, "/notifications?read=false").await);
        assert_eq!(unread, [all[0].clone(), all[2].clone()], "{}", fixture.name);
        let mut expected = all.clone();
        expected.retain(|id| !unread.contains(id));
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/notifications?read=true&limit=2{cursor}");
            let page = fixture.get(fixture.ana, &path).await;
            seen.extend(ids(&page));
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, expected, "{}", fixture.name);
    }
}

// promise: I3
// promise: I5
#[tokio::test]
async fn the_summary_is_exact_and_reading_all_touches_no_one_elses() {
    for fixture in fixtures().await {
        assert_eq!(summary(&fixture, fixture.ana).await, (0, 0));
        assigned(&fixture, 5).await;
        assert_eq!(summary(&fixture, fixture.ana).await, (5, 5), "{}", fixture.name);
        let first = ids(&fixture.get(fixture.ana, "/notifications").await)[0].clone();
        for _ in 0..3 {
            let path = format!("/notifications/{first}/read");
            let (status, _) = fixture.call(fixture.ana, "POST", &path, Json::Null).await;
            assert_eq!(status, 204, "reading twice is reading");
        }
        assert_eq!(summary(&fixture, fixture.ana).await, (5, 4));
        let (status, _) = fixture
            .call(fixture.ana, "POST", "/notifications/read-all", Json::Null)
            .await;
        assert_eq!(status, 204);
        assert_eq!(summary(&fixture, fixture.ana).await, (5, 0));
        assert_eq!(summary(&fixture, fixture.ben).await, (5, 5));
        let page = fixture.get(fixture.ana, "/notifications").await;
        assert!(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|row| row["read"] == true)
        );
        fixture.assign(&[fixture.ana], &[]).await;
        planned(&fixture, 11).await;
        assert_eq!(summary(&fixture, fixture.ana).await, (6, 1));
        let path = format!("/notifications/{first}/read");
        fixture.call(fixture.ana, "POST", &path, Json::Null).await;
        assert_eq!(summary(&fixture, fixture.ana).await, (6, 1), "it was read before");
    }
}

// promise: I3
#[tokio::test]
async fn counters_and_rows_agree_under_concurrent_reading_and_arriving() {
    for fixture in fixtures().await {
        assigned(&fixture, 40).await;
        let all = ids(&fixture.get(fixture.ana, "/notifications?limit=200").await);
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let mut tasks = tokio::task::JoinSet::new();
        for (at, id) in all.into_iter().enumerate() {
            let fixture = fixture.clone();
            tasks.spawn(async move {
                let path = match at % 10 {
                    9 => "/notifications/read-all".to_owned(),
                    _ => format!("/notifications/{id}/read"),
                };
                let (status, _) = fixture.call(fixture.ana, "POST", &path, Json::Null).await;
                assert_eq!(status, 204);
                fixture.assign(&[fixture.ana], &[]).await;
            });
        }
        while let Some(done) = within(tasks.join_next()).await {
            done.unwrap();
        }
        fixture.until(ROWS, 120).await;
        engine.stop().await;
        let unread = fixture
            .get(fixture.ana, "/notifications?read=false&limit=200")
            .await;
        let unread = u64::try_from(ids(&unread).len()).unwrap();
        assert_eq!(
            summary(&fixture, fixture.ana).await,
            (80, unread),
            "{}",
            fixture.name
        );
    }
}

// promise: I4
// promise: I6
#[tokio::test]
async fn anothers_notification_does_not_exist() {
    for fixture in fixtures().await {
        assigned(&fixture, 1).await;
        let bens = ids(&fixture.get(fixture.ben, "/notifications").await)[0].clone();
        let path = format!("/notifications/{bens}/read");
        for other in [fixture.ana, fixture.root] {
            let (status, _) = fixture.call(other, "POST", &path, Json::Null).await;
            assert_eq!(status, 404, "{}", fixture.name);
        }
        assert_eq!(summary(&fixture, fixture.ben).await, (1, 1));
        let query = format!("/notifications?user_id={}", fixture.ben);
        let page = fixture.get(fixture.root, &query).await;
        assert_eq!(page["items"], json!([]), "the token says whose inbox it is");
        assert_eq!(fixture.call(fixture.ben, "POST", &path, Json::Null).await.0, 204);
    }
}

// promise: I7
#[tokio::test]
async fn pages_neither_repeat_nor_hide_a_row_while_others_arrive() {
    for fixture in fixtures().await {
        assigned(&fixture, 60).await;
        let page = fixture.get(fixture.ana, "/notifications").await;
        let mut seen = ids(&page);
        assert_eq!(seen.len(), 25, "by default");
        let times: BTreeSet<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["created_at"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            times.len(),
            25,
            "no two share a time, although the clock is stopped"
        );
        let mut cursor = page["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!(cursor, page["items"][24]["created_at"]);
        let mut rows = 120;
        loop {
            fixture.assign(&[fixture.ana], &[]).await;
            rows += 1;
            planned(&fixture, rows).await;
            let path = format!("/notifications?limit=10&cursor={cursor}");
            let page = fixture.get(fixture.ana, &path).await;
            seen.extend(ids(&page));
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            next.clone_into(&mut cursor);
        }
        let unique: BTreeSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), unique.len()), (60, 60), "{}", fixture.name);
        for bad in ["cursor=yesterday", "limit=0", "limit=201", "limit=x"] {
            let path = format!("/notifications?{bad}");
            assert_eq!(
                fixture.call(fixture.ana, "GET", &path, Json::Null).await.0,
                422,
                "{bad}"
            );
        }
    }
}

// promise: F2
#[tokio::test]
async fn the_database_itself_refuses_a_second_row_for_one_person_and_event() {
    for fixture in fixtures().await {
        assigned(&fixture, 1).await;
        let again = fixture
            .store
            .write(|tx| {
                let sql = "insert into notifications (id, user_id, event_id, event_type, created_at, read_at) \
                     select id || 'x', user_id, event_id, event_type, created_at + 1, 0 from notifications";
                tx.execute(sql, &[])
            })
            .await;
        assert_eq!(again, Err(store::Error::Unique), "{}", fixture.name);
        let again = fixture
            .store
            .write(|tx| {
                let sql = "insert into deliveries select id || 'x', event_id, event_type, company_id, channel, \
                     recipient_kind, recipient, label, lane, target_key, state, reason, body, attempts, earlier, \
                     unknowns, next_at, lease_until, node, created_at, updated_at, summary_id, digest_id, why from deliveries";
                tx.execute(sql, &[])
            })
            .await;
        assert_eq!(again, Err(store::Error::Unique), "{}", fixture.name);
    }
}

// promise: B5
#[tokio::test]
async fn open_tabs_get_each_change_of_their_own_inbox() {
    for fixture in fixtures().await {
        let mut bus = fixture.store.bus().subscribe();
        assigned(&fixture, 1).await;
        let first = ids(&fixture.get(fixture.ana, "/notifications").await)[0].clone();
        let path = format!("/notifications/{first}/read");
        fixture.call(fixture.ana, "POST", &path, Json::Null).await;
        fixture.call(fixture.ana, "POST", &path, Json::Null).await;
        fixture
            .call(fixture.ben, "POST", "/notifications/read-all", Json::Null)
            .await;
        let mut frames = Vec::new();
        while let Ok(batch) = bus.try_recv() {
            let mine = batch.iter().filter(|event| !event.kind.about().notifies);
            frames.extend(mine.cloned());
        }
        let kinds: Vec<_> = frames.iter().map(|frame| frame.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::NotificationCreated,
                Kind::NotificationCreated,
                Kind::NotificationRead,
                Kind::NotificationAllRead
            ],
            "{}",
            fixture.name
        );
        let created = frames
            .iter()
            .find(|frame| frame.audience == base::Audience::User(fixture.ana))
            .unwrap();
        assert_eq!(created.data["notification"]["id"], first);
        assert_eq!(
            created.data["notification"]["title"],
            "Finding assigned: SQL injection"
        );
        assert_eq!(
            created.data["notification"]["data"]["why"],
            "You get this because the finding is assigned to you."
        );
        let rows = fixture.get(fixture.ana, "/notifications").await;
        assert_eq!(created.data["notification"]["data"], rows["items"][0]["data"]);
        assert_eq!(
            created.data["notification"]["event_id"],
            rows["items"][0]["event_id"]
        );
        assert_eq!(created.data["summary"], json!({"total": 1, "unread": 1}));
        assert_eq!(frames[2].data["notification_id"], first);
        assert_eq!(frames[2].data["summary"], json!({"total": 1, "unread": 0}));
        assert_eq!(frames[3].data["summary"], json!({"total": 1, "unread": 0}));
    }
}
