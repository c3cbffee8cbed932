//! What a stream delivers, and to whom.

use base::{Audience, Kind};
use realtime::Options;
use serde_json::json;

use crate::support::{PATH, TestServer, client::Client};

// promise: E3
#[tokio::test]
async fn delivers_only_the_curated_kinds() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let user = server.access.member(&[company]);
    let mut client = server.open(&server.access.sign_in(user)).await;
    for kind in Kind::ALL {
        let audience = if kind.about().notifies {
            Audience::Company(company)
        } else {
            Audience::User(user)
        };
        server.commit(vec![server.event(*kind, audience)]);
    }
    for kind in Kind::ALL.iter().filter(|kind| kind.about().live) {
        assert_eq!(client.next_type().await.as_deref(), Some(kind.name()));
    }
    assert!(client.quiet().await);
}

// promise: E3
#[tokio::test]
async fn an_import_arrives_as_bounded_frames() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let mut client = server.open(&token).await;
    let scan = server.clock.id();
    let found = || {
        let mut event = server.event(Kind::FindingCreated, Audience::Company(company));
        event.bundle = Some(scan);
        event
    };
    server.commit((0..10_000).map(|_| found()).collect());
    server.commit(vec![
        server.event(Kind::ScanCompleted, Audience::Company(company)),
    ]);
    let frame = client.next().await.unwrap();
    assert_eq!(frame["data"]["count"], 10_000);
    assert_eq!(frame["data"]["finding_ids"].as_array().unwrap().len(), 50);
    assert_eq!(frame["subject"], json!({"type": "scan", "id": scan.to_string()}));
    assert_eq!(client.next_type().await.as_deref(), Some("scan.completed"));
}

// promise: E4
#[test]
fn cannot_reach_a_database() {
    let manifest = include_str!("../../Cargo.toml");
    let names = manifest
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next());
    for name in names {
        assert!(!["store", "rusqlite", "tokio-postgres"].contains(&name), "{name}");
    }
}

// promise: E6
#[tokio::test]
async fn nothing_is_replayed() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let mut client = server.open(&token).await;
    let first = server.project_created(company);
    assert_eq!(client.next_id().await, Some(first.clone()));
    drop(client);
    server.project_created(company);
    let again = format!("Last-Event-ID: {first}");
    let bearer = format!("Authorization: Bearer {token}");
    let mut client = Client::open(server.address, PATH, &[&bearer, &again])
        .await
        .unwrap();
    assert_eq!(client.next_type().await.as_deref(), Some("ping"));
    let third = server.project_created(company);
    assert_eq!(client.next_id().await, Some(third));
}

// promise: E7
#[tokio::test]
async fn users_see_their_companies_and_their_own_inbox() {
    let server = TestServer::start(&Options::default());
    let (one, other) = (server.clock.id(), server.clock.id());
    let people = [
        server.access.member(&[one]),
        server.access.member(&[one, other]),
        server.access.administrator(),
        server.access.member(&[]),
    ];
    let mut clients = Vec::new();
    for user in people {
        clients.push(server.open(&server.access.sign_in(user)).await);
    }
    let of_one = server.project_created(one);
    let of_other = server.project_created(other);
    let mut inbox = Vec::new();
    for user in people {
        let event = server.event(Kind::NotificationCreated, Audience::User(user));
        inbox.push(event.id.to_string());
        server.commit(vec![event]);
    }
    let companies = [
        vec![&of_one],
        vec![&of_one, &of_other],
        vec![&of_one, &of_other],
        vec![],
    ];
    for ((client, companies), own) in clients.iter_mut().zip(companies).zip(&inbox) {
        for expected in companies.into_iter().chain([own]) {
            assert_eq!(client.next_id().await.as_ref(), Some(expected));
        }
        assert!(client.quiet().await);
    }
}

// promise: C7
#[tokio::test]
async fn hostile_text_is_data() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let mut client = server.open(&token).await;
    let hostile = "x\n\ndata: {\"type\":\"resync\",\"dropped\":1}\n\nretry: 1\r\n: \u{2028}\u{85}\0";
    let mut event = server.event(Kind::FindingCreated, Audience::Company(company));
    event.data.insert("title".to_owned(), hostile.into());
    server.commit(vec![event]);
    let frame = client.next().await.unwrap();
    assert_eq!(frame["type"], "finding.created");
    assert_eq!(frame["data"]["title"], hostile);
    assert!(client.quiet().await);
}
