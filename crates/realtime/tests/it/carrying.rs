//! What a stream carries, and to whom.

use base::{Audience, Kind};
use realtime::Options;
use serde_json::json;

use crate::support::{PATH, Station, client::Client};

// promise: E3
#[tokio::test]
async fn carries_the_curated_kinds_and_no_other() {
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let user = station.gate.member(&[company]);
    let mut client = station.open(&station.gate.sign_in(user)).await;
    for kind in Kind::ALL {
        let audience = if kind.about().notifies {
            Audience::Company(company)
        } else {
            Audience::User(user)
        };
        station.commit(vec![station.event(*kind, audience)]);
    }
    for kind in Kind::ALL.iter().filter(|kind| kind.about().live) {
        assert_eq!(client.next_type().await.as_deref(), Some(kind.name()));
    }
    assert!(client.quiet().await);
}

// promise: E3
#[tokio::test]
async fn an_import_arrives_as_bounded_frames() {
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let token = station.gate.sign_in(station.gate.member(&[company]));
    let mut client = station.open(&token).await;
    let scan = station.clock.id();
    let found = || {
        let mut event = station.event(Kind::FindingCreated, Audience::Company(company));
        event.bundle = Some(scan);
        event
    };
    station.commit((0..10_000).map(|_| found()).collect());
    station.commit(vec![
        station.event(Kind::ScanCompleted, Audience::Company(company)),
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
        assert!(
            !["store", "rusqlite", "tokio-postgres", "deadpool-postgres"].contains(&name),
            "{name}"
        );
    }
}

// promise: E6
#[tokio::test]
async fn nothing_is_replayed() {
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let token = station.gate.sign_in(station.gate.member(&[company]));
    let mut client = station.open(&token).await;
    let first = station.project_created(company);
    assert_eq!(client.next_id().await, Some(first.clone()));
    drop(client);
    station.project_created(company);
    let again = format!("Last-Event-ID: {first}");
    let bearer = format!("Authorization: Bearer {token}");
    let mut client = Client::open(station.address, PATH, &[&bearer, &again])
        .await
        .unwrap();
    assert_eq!(client.next_type().await.as_deref(), Some("ping"));
    let third = station.project_created(company);
    assert_eq!(client.next_id().await, Some(third));
}

// promise: E7
#[tokio::test]
async fn each_sees_their_companies_and_their_own_inbox() {
    let station = Station::start(&Options::default());
    let (one, other) = (station.clock.id(), station.clock.id());
    let people = [
        station.gate.member(&[one]),
        station.gate.member(&[one, other]),
        station.gate.administrator(),
        station.gate.member(&[]),
    ];
    let mut clients = Vec::new();
    for user in people {
        clients.push(station.open(&station.gate.sign_in(user)).await);
    }
    let of_one = station.project_created(one);
    let of_other = station.project_created(other);
    let mut inbox = Vec::new();
    for user in people {
        let event = station.event(Kind::NotificationCreated, Audience::User(user));
        inbox.push(event.id.to_string());
        station.commit(vec![event]);
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
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let token = station.gate.sign_in(station.gate.member(&[company]));
    let mut client = station.open(&token).await;
    let hostile = "x\n\ndata: {\"type\":\"resync\",\"dropped\":1}\n\nretry: 1\r\n: \u{2028}\u{85}\0";
    let mut event = station.event(Kind::FindingCreated, Audience::Company(company));
    event.data.insert("title".to_owned(), hostile.into());
    station.commit(vec![event]);
    let frame = client.next().await.unwrap();
    assert_eq!(frame["type"], "finding.created");
    assert_eq!(frame["data"]["title"], hostile);
    assert!(client.quiet().await);
}
