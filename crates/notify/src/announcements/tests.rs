use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::fixture::{DELIVERED, FakeReceiver, fixtures};

// promise: E7
#[tokio::test]
async fn an_announcement_reaches_everyone_in_app_and_by_mail_and_is_shown_until_its_end() {
    for fixture in fixtures().await {
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let until = fixture.clock.now().after(Duration::from_hours(1));
        let body = json!({"title": "Maintenance", "body": "Tonight at 22:00.", "until": until});
        let path = "/announcements";
        assert_eq!(fixture.call(fixture.ana, "POST", path, body.clone()).await.0, 403);
        // What a token does is nobody's own action.
        let (status, made) = fixture.call_by_token(fixture.root, "POST", path, body).await;
        assert_eq!(status, 201, "{}: {made}", fixture.name);
        fixture.until(DELIVERED, 3).await;
        let rows = fixture.get(fixture.ana, "/notifications").await;
        assert_eq!(rows["items"][0]["event_type"], "platform.announced", "{rows}");
        assert!(
            rows["items"][0]["title"]
                .as_str()
                .unwrap()
                .contains("Maintenance")
        );
        let row = &rows["items"][0];
        assert!(
            row["body"].as_str().unwrap().contains("Tonight at 22:00."),
            "{row}"
        );
        assert_eq!(row["data"]["announcement_id"], made["id"], "{}", fixture.name);
        assert!(row["data"].get("notification_id").is_none(), "{row}");
        let shown = fixture.get(fixture.ben, path).await;
        assert_eq!(shown["items"], json!([made]));
        let own = format!("{path}/{}", made["id"].as_str().unwrap());
        assert_eq!(fixture.call(fixture.ana, "DELETE", &own, Json::Null).await.0, 403);
        fixture.clock.advance(Duration::from_hours(2));
        assert_eq!(fixture.get(fixture.ben, path).await["items"], json!([]));
        let lasting = json!({"title": "Upgrade", "body": "Done."});
        let (_, made) = fixture.call(fixture.root, "POST", path, lasting).await;
        let own = format!("{path}/{}", made["id"].as_str().unwrap());
        assert_eq!(
            fixture.call(fixture.root, "DELETE", &own, Json::Null).await.0,
            204
        );
        assert_eq!(
            fixture.call(fixture.root, "DELETE", &own, Json::Null).await.0,
            404
        );
        assert_eq!(fixture.get(fixture.ben, path).await["items"], json!([]));
        let noted = fixture
            .rows("select action || ' ' || subject_name from audit_entries order by id")
            .await;
        let noted: Vec<&str> = noted.iter().map(|(entry,)| entry.as_str()).collect();
        let expected = [
            "announcement.created Maintenance",
            "announcement.created Upgrade",
            "announcement.withdrawn Upgrade",
        ];
        assert_eq!(
            noted, expected,
            "{}: rejected requests are not in it",
            fixture.name
        );
        engine.stop().await;
    }
}
