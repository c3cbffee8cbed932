//! Who read what first, and how long it took: recorded by a real engine, and returned over HTTP.

use std::{collections::BTreeMap, time::Duration};

use access::{Role, testing as people};
use base::{Event, Id, Kind, Severity, Subject, SubjectType, Time};
use serde_json::{Value as Json, json};

use super::UNPLANNED;
use crate::{
    channel::Channel,
    house::{House, Post, houses},
};

const READ: &str = "select count(*) from first_reads where read_at > 0";
const TENTH: Duration = Duration::from_mins(10);

/// A new critical finding for these people and teams.
pub(super) fn new(house: &House, users: &[Id], teams: &[Id]) -> Event {
    let mut event = house.event(Kind::FindingCreated, users, teams);
    event.severity = Some(Severity::Critical);
    event
}

/// A person's action on an event's finding.
fn act(house: &House, kind: Kind, on: Id, by: Id) -> Event {
    let mut event = house.event(kind, &[], &[]);
    event.subject.id = on;
    event.actor = Some(by);
    event
}

/// How it was read, and after how many seconds.
async fn how(house: &House) -> Vec<String> {
    const HOW: &str = "select read_how || ' ' || ((read_at - at) / 1000000000) from first_reads \
         where read_at > 0 order by id";
    house.rows(HOW).await.into_iter().map(|(how,)| how).collect()
}

async fn planned(house: &House, event: Event) -> (Id, Id) {
    let finding = event.subject.id;
    let id = house.emit(event).await;
    house.until(UNPLANNED, 0).await;
    (id, finding)
}

// promise: A4
#[tokio::test]
async fn each_way_of_reading_counts_once_with_its_time() {
    for house in houses().await {
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        let both = [house.ana, house.ben];
        // The row of one of them.
        planned(&house, new(&house, &both, &[])).await;
        house.clock.advance(TENTH);
        let inbox = house.get(house.ben, "/notifications").await;
        let row = inbox["items"][0]["id"].as_str().unwrap();
        let path = format!("/notifications/{row}/read");
        house.call(house.ben, "POST", &path, Json::Null).await;
        house.until(READ, 1).await;
        // All rows of one person.
        planned(&house, new(&house, &both, &[])).await;
        house.clock.advance(TENTH * 2);
        house
            .call(house.ana, "POST", "/notifications/read-all", Json::Null)
            .await;
        house.until(READ, 2).await;
        // The opened record.
        let (_, finding) = planned(&house, new(&house, &both, &[])).await;
        house.clock.advance(TENTH * 3);
        house.doorbell.opened(house.ana, finding, house.clock.now());
        house.until(READ, 3).await;
        house.clock.advance(TENTH);
        house.doorbell.opened(house.ben, finding, house.clock.now());
        // A comment on it.
        let (_, finding) = planned(&house, new(&house, &both, &[])).await;
        house.clock.advance(TENTH * 4);
        planned(&house, act(&house, Kind::FindingCommented, finding, house.ben)).await;
        house.until(READ, 4).await;
        engine.stop().await;
        let expected = ["notification 600", "all 1200", "opened 1800", "act 2400"];
        assert_eq!(how(&house).await, expected, "{}", house.name);
    }
}

// promise: A4
#[tokio::test]
async fn a_record_opened_before_its_message_counts_as_read() {
    for house in houses().await {
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        let scan = house.clock.id();
        let mut found = new(&house, &[house.ana], &[]);
        found.bundle = Some(scan);
        let (_, grouped) = planned(&house, found).await;
        let (_, alone) = planned(&house, new(&house, &[house.ana], &[])).await;
        house.clock.advance(TENTH / 100);
        house.doorbell.opened(house.ana, grouped, house.clock.now());
        house.doorbell.opened(house.ana, alone, house.clock.now());
        // Both were processed when this one is.
        house.until(READ, 1).await;
        let mut end = house.event(Kind::ScanCompleted, &[], &[]);
        end.subject = Subject {
            kind: SubjectType::Scan,
            id: scan,
        };
        planned(&house, end).await;
        house
            .until("select count(*) from event_groups where closed_at = 0", 0)
            .await;
        house.clock.advance(Duration::from_secs(20));
        house.until(READ, 2).await;
        engine.stop().await;
        assert_eq!(how(&house).await, ["opened 6", "opened 6"], "{}", house.name);
    }
}

// promise: A4
#[tokio::test]
async fn neither_a_program_nor_a_person_who_was_not_notified_counts_as_a_reader() {
    for house in houses().await {
        let mara = people::user(&house.store, "mara@example.com").await;
        people::member(&house.store, house.company, mara, Role::Manager).await;
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        let (_, finding) = planned(&house, new(&house, &[house.ana], &[])).await;
        house.clock.advance(TENTH);
        // A person who looks at a finding of others, and one who comments on it.
        house.doorbell.opened(mara, finding, house.clock.now());
        planned(&house, act(&house, Kind::FindingCommented, finding, mara)).await;
        // A program with the token of a notified person, and an import that they ran.
        let mut by_token = act(&house, Kind::FindingStatusChanged, finding, house.ana);
        by_token.by_token = true;
        planned(&house, by_token).await;
        let mut imported = act(&house, Kind::FindingStatusChanged, finding, house.ana);
        imported.bundle = Some(house.clock.id());
        planned(&house, imported).await;
        // Another record.
        house
            .doorbell
            .opened(house.ana, house.clock.id(), house.clock.now());
        // Opened before it happened.
        house.doorbell.opened(house.ana, finding, Time::default());
        engine.stop().await;
        assert_eq!(
            house.count(READ).await,
            0,
            "{}: {:?}",
            house.name,
            how(&house).await
        );
    }
}

// promise: A4
// promise: O5
#[tokio::test]
async fn a_member_of_a_team_whose_chat_got_it_is_a_reader() {
    for house in houses().await {
        let url = "https://hooks.slack.com/services/T0/B0/abcdefabcdef";
        let team = house.team("Blue", &[house.ana], &[(Channel::Slack, url)]).await;
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        let mut event = house.event(Kind::FindingAssigned, &[], &[team]);
        event.severity = Some(Severity::Low);
        let (_, finding) = planned(&house, event).await;
        house.clock.advance(TENTH);
        house.doorbell.opened(house.ben, finding, house.clock.now());
        house.clock.advance(TENTH);
        house.doorbell.opened(house.ana, finding, house.clock.now());
        house.until(READ, 1).await;
        assert_eq!(how(&house).await, ["opened 1200"], "{}", house.name);
        engine.stop().await;
    }
}

// promise: A4
#[tokio::test]
async fn events_of_an_import_with_the_same_decision_share_one_row() {
    const ROWS: &str = "select count(*) from first_reads where event_type = 'finding.created'";
    const EVENTS: &str =
        "select cast(sum(events) as bigint) from first_reads where event_type = 'finding.created'";
    const READ: &str = "select cast(coalesce(sum(events), 0) as bigint) from first_reads \
         where event_type = 'finding.created' and read_at > 0";
    for house in houses().await {
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        let scan = house.clock.id();
        let found: Vec<Event> = (0..1000)
            .map(|_| {
                let mut event = new(&house, &[house.ana], &[]);
                event.bundle = Some(scan);
                event
            })
            .collect();
        let (first, second) = (found[7].subject.id, found[8].subject.id);
        house.store.write(move |tx| tx.emit_all(found)).await.unwrap();
        let mut end = house.event(Kind::ScanCompleted, &[], &[]);
        end.subject = Subject {
            kind: SubjectType::Scan,
            id: scan,
        };
        house.emit(end).await;
        house.until(ROWS, 1).await;
        assert_eq!(house.count(EVENTS).await, 1000, "{}", house.name);
        // One of them is opened, twice; then the message about all of them is read.
        house.clock.advance(TENTH);
        for finding in [first, first, second] {
            house.doorbell.opened(house.ana, finding, house.clock.now());
            house.clock.advance(TENTH);
        }
        house.until(READ, 2).await;
        house.doorbell.opened(house.ana, first, house.clock.now());
        let path = "/notifications/read-all";
        house.call(house.ana, "POST", path, Json::Null).await;
        house.until(READ, 1000).await;
        assert_eq!((house.count(ROWS).await, house.count(EVENTS).await), (3, 1000));
        engine.stop().await;
    }
}

/// What the model knows about an event.
struct Known {
    severity: Severity,
    team: Option<Id>,
    at: Time,
    took: Option<f64>,
}

/// Events, read, median and 90th percentile of some of them, by nearest rank.
fn model<'a>(known: impl Iterator<Item = &'a Known>) -> Json {
    let known: Vec<&Known> = known.collect();
    let mut took: Vec<f64> = known.iter().filter_map(|one| one.took).collect();
    took.sort_by(f64::total_cmp);
    let rank = |tenths: usize| {
        let rank = (took.len() * tenths).div_ceil(10);
        (rank > 0).then(|| took[rank - 1])
    };
    json!({
        "events": known.len(), "read": took.len(), "unread": known.len() - took.len(), "reached_nobody": 0,
        "median_seconds": rank(5), "p90_seconds": rank(9),
    })
}

/// The same from a response.
fn answered(answer: &Json) -> Json {
    let mut times = answer.clone();
    let times_of = times.as_object_mut().unwrap();
    times_of.retain(|key, _| {
        [
            "events",
            "read",
            "unread",
            "reached_nobody",
            "median_seconds",
            "p90_seconds",
        ]
        .contains(&key.as_str())
    });
    times
}

// promise: A4
#[tokio::test]
async fn medians_and_percentiles_are_those_of_a_model() {
    const SEVERITIES: [Severity; 3] = [Severity::Urgent, Severity::Critical, Severity::High];
    for house in houses().await {
        let mara = people::user(&house.store, "mara@example.com").await;
        people::member(&house.store, house.company, mara, Role::Manager).await;
        let teams = [
            house.team("Blue", &[house.ana, house.ben], &[]).await,
            house.team("Red", &[house.ben], &[]).await,
        ];
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        let (mut world, mut known, mut unread) = (1_u64, Vec::new(), Vec::new());
        let mut random = |below: u64| {
            world = world.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (world >> 33) % below
        };
        let began = house.clock.now();
        for _ in 0..160 {
            let severity = SEVERITIES[usize::try_from(random(3)).unwrap()];
            let team = teams.get(usize::try_from(random(3)).unwrap()).copied();
            let users: &[Id] = if team.is_some() { &[] } else { &[house.ben] };
            let mut event = house.event(Kind::FindingAssigned, users, &Vec::from_iter(team));
            event.severity = Some(severity);
            known.push(Known {
                severity,
                team,
                at: event.at,
                took: None,
            });
            unread.push((known.len() - 1, event.subject.id));
            house.emit(event).await;
            house.clock.advance(Duration::from_millis(1 + random(900_000)));
            if random(3) > 0 {
                house.until(UNPLANNED, 0).await;
                let (which, finding) =
                    unread.swap_remove(usize::try_from(random(unread.len() as u64)).unwrap());
                let now = house.clock.now();
                house.doorbell.opened(house.ben, finding, now);
                let took = now.since(known[which].at).as_secs_f64();
                known[which].took = Some(took);
            }
        }
        let read = known.iter().filter(|one| one.took.is_some()).count();
        house.until(READ, i64::try_from(read).unwrap()).await;
        house.until(UNPLANNED, 0).await;
        house.clock.advance(Duration::from_secs(1));
        check(&house, mara, (&known, &teams), (began, house.clock.now())).await;
        check(&house, mara, (&known, &teams), (known[40].at, known[120].at)).await;
        engine.stop().await;
    }
}

async fn check(house: &House, mara: Id, (known, teams): (&[Known], &[Id]), (from, to): (Time, Time)) {
    let path = format!(
        "/insights/time-to-know?company_id={}&from={from}&to={to}",
        house.company
    );
    let answer = house.get(mara, &path).await;
    let of = || known.iter().filter(|one| one.at >= from && one.at < to);
    assert_eq!(answered(&answer["total"]), model(of()), "{}", house.name);
    let mut by_severity: BTreeMap<Severity, Vec<&Known>> = BTreeMap::new();
    for one in of() {
        by_severity.entry(one.severity).or_default().push(one);
    }
    let severities = answer["severities"].as_array().unwrap();
    let expected: Vec<Json> = by_severity
        .iter()
        .rev()
        .map(|(severity, known)| {
            let mut times = model(known.iter().copied());
            times["severity"] = json!(severity);
            times
        })
        .collect();
    assert_eq!(severities, &expected, "{}", house.name);
    for team in teams {
        let answers = answer["teams"].as_array().unwrap();
        let answer = answers.iter().find(|one| one["team_id"] == json!(team)).unwrap();
        assert_eq!(
            answered(answer),
            model(of().filter(|one| one.team == Some(*team))),
            "{}",
            house.name
        );
        assert_eq!(answer["company_id"], json!(house.company));
    }
    assert_eq!(answer["more_teams"], 0);
    // An administrator gets it for all companies, and not for a company that does not exist.
    let all = house
        .get(house.root, &format!("/insights/time-to-know?from={from}&to={to}"))
        .await;
    assert_eq!(all["total"], answer["total"], "{}", house.name);
}

// promise: A4
#[tokio::test]
async fn the_figures_are_for_managers_of_the_company_and_for_administrators() {
    for house in houses().await {
        let mara = people::user(&house.store, "mara@example.com").await;
        people::member(&house.store, house.company, mara, Role::Manager).await;
        let other = people::company(&house.store, "Other").await;
        let path = |company: Id| format!("/insights/time-to-know?company_id={company}");
        for (user, path, expected) in [
            (mara, path(house.company), 200),
            (mara, path(other), 404),
            (mara, "/insights/time-to-know".to_owned(), 200),
            (house.ana, path(house.company), 403),
            (house.ana, path(other), 404),
            (house.ana, "/insights/time-to-know".to_owned(), 403),
            (house.root, path(other), 200),
            (house.root, path(house.clock.id()), 404),
            (
                house.root,
                "/insights/time-to-know?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z".to_owned(),
                422,
            ),
            (
                house.root,
                "/insights/time-to-know?from=2024-01-02T00:00:00Z&to=2026-01-01T00:00:00Z".to_owned(),
                422,
            ),
        ] {
            let (status, body) = house.call(user, "GET", &path, Json::Null).await;
            assert_eq!(status, expected, "{}: {path}: {body}", house.name);
        }
        let empty = house.get(mara, &path(house.company)).await;
        assert_eq!(empty["total"]["median_seconds"], Json::Null);
        assert_eq!((&empty["severities"], &empty["teams"]), (&json!([]), &json!([])));
    }
}
