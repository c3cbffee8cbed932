use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode},
};
use futures_util::stream;

use crate::world::{World, sample, simple};

const SARIF: &str = "application/sarif+json";

#[tokio::test]
async fn analysts_import_and_nobody_below_or_outside_does() {
    for world in World::all().await {
        let query = format!("company_id={}", world.company);
        let before = world.state().await;
        for (by, status) in [
            (None, StatusCode::UNAUTHORIZED),
            (Some(&world.viewer), StatusCode::FORBIDDEN),
            (Some(&world.stranger), StatusCode::NOT_FOUND),
        ] {
            let answer = world.send(by, &query, SARIF, simple(&["a"])).await;
            assert_eq!(answer.status, status, "{}", answer.body);
        }
        let nowhere = world.clock.id();
        for (query, status) in [
            (format!("company_id={nowhere}"), 404),
            (format!("company_id={}", world.other), 404),
            (format!("{query}&project_id={nowhere}"), 422),
            (format!("{query}&format=pdf"), 422),
            (format!("{query}&colour=red"), 422),
            ("company_id=1".to_owned(), 422),
            (String::new(), 422),
        ] {
            let answer = world
                .send(Some(&world.analyst), &query, SARIF, simple(&["a"]))
                .await;
            assert_eq!(answer.status.as_u16(), status, "{query}: {}", answer.body);
        }
        assert_eq!(world.state().await, before);
    }
}

#[tokio::test]
async fn a_report_is_sent_as_a_body_or_a_form() {
    for world in World::all().await {
        let query = format!("company_id={}&project_id={}", world.company, world.project);
        let report = simple(&["a"]);
        let form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../x.sarif\"\r\n\r\n{report}\r\n--b--\r\n"
        );
        for (content_type, body) in [
            (SARIF, report.clone()),
            ("application/json", report.clone()),
            ("text/plain", report),
            ("multipart/form-data; boundary=b", form),
        ] {
            for format in ["", "&format=sarif"] {
                let query = format!("{query}{format}");
                let answer = world
                    .send(Some(&world.analyst), &query, content_type, body.clone())
                    .await;
                assert_eq!(answer.counts()[0], 1, "{content_type}");
            }
        }
        assert_eq!(world.findings().await.len(), 1);
        world.assert_nothing_spooled();
    }
}

#[tokio::test]
async fn a_report_that_is_too_large_is_rejected() {
    for world in World::all().await {
        let before = world.state().await;
        let router = world.limited(1_000);
        let uri = format!("/scans/import?company_id={}", world.company);
        let announced = Request::post(&uri)
            .header("content-length", "1001")
            .body(Body::empty());
        let chunks = stream::iter((0..2).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 600]))));
        let streamed = Request::post(&uri).body(Body::from_stream(chunks));
        for request in [announced, streamed] {
            let answer = world.ask(&router, Some(&world.analyst), request.unwrap()).await;
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
            assert_eq!(answer.detail(), "The body is larger than 1000 bytes.");
        }
        assert_eq!(world.state().await, before);
        world.assert_nothing_spooled();
    }
}

#[tokio::test]
async fn a_caller_who_disconnects_while_sending_leaves_nothing() {
    for world in World::all().await {
        let before = world.state().await;
        let start = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{\"version\":"))]);
        let body = Body::from_stream(futures_util::StreamExt::chain(start, stream::pending()));
        let query = format!("company_id={}", world.company);
        let sending = world.send(Some(&world.analyst), &query, SARIF, body);
        let left = tokio::time::timeout(Duration::from_millis(200), sending).await;
        assert!(left.is_err());
        assert_eq!(world.state().await, before);
        world.assert_nothing_spooled();
    }
}

#[tokio::test]
async fn a_caller_who_disconnects_while_waiting_does_not_stop_the_import() {
    for world in World::all().await {
        let mut importing = Box::pin(world.import(sample("codeQL-output.sarif")));
        // Polled until its scan exists, then dropped.
        while world
            .column::<String>("select status from scans")
            .await
            .is_empty()
        {
            let step = tokio::time::timeout(Duration::from_millis(1), &mut importing).await;
            assert!(step.is_err(), "it should not be done already");
        }
        drop(importing);
        while world.column::<String>("select status from scans").await != ["completed"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(world.findings().await.len(), 72);
        world.assert_nothing_spooled();
    }
}

// promise: U3
#[tokio::test]
async fn slow_uploads_do_not_delay_others() {
    for world in World::all().await {
        let query = format!("company_id={}", world.company);
        let dripping = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let mut senders: Vec<_> = (0..8)
            .map(|_| Box::pin(world.send(Some(&world.analyst), &query, SARIF, dripping())))
            .collect();
        for sender in &mut senders {
            let refused = tokio::time::timeout(Duration::from_millis(100), sender).await;
            assert!(refused.is_err() || refused.unwrap().status == StatusCode::TOO_MANY_REQUESTS);
        }
        let theirs = format!("company_id={}", world.other);
        let answer = world
            .send(Some(&world.stranger), &theirs, SARIF, simple(&["a"]))
            .await;
        assert_eq!(
            answer.status,
            StatusCode::CREATED,
            "{}: {}",
            world.database,
            answer.body
        );
        let answer = world
            .send(Some(&world.manager), &query, SARIF, simple(&["a"]))
            .await;
        assert_eq!(answer.status, StatusCode::CREATED, "a colleague: {}", answer.body);
        let own = world.import(simple(&["b"])).await;
        assert_eq!(own.status, StatusCode::TOO_MANY_REQUESTS, "{}", own.body);
        drop(senders);
        world.import(simple(&["b"])).await.counts();
        world.assert_nothing_spooled();
    }
}
