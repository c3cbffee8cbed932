//! Who read what first, and how long it took: recorded by a real engine, and returned over HTTP.

use std::{collections::BTreeMap, time::Duration};

use access::{Role, testing as people};
use base::{Event, Id, Kind, Severity, Subject, SubjectType, Time};
use serde_json::{Value as Json, json};

use super::UNPLANNED;
use crate::{
    channel::Channel,
    fixture::{FakeReceiver, Fixture, fixtures},
};

const READ: &str = "select count(*) from first_reads where read_at > 0";
const TENTH: Duration = Duration::from_mins(10);

/// A new critical finding for these people and teams.
pub(super) fn new(fixture: &Fixture, users: &[Id], teams: &[Id]) -> Event {
    let mut event = fixture.event(Kind::FindingCreated, users, teams);
    event.severity = Some(Severity::Critical);
    event
}

/// A person's action on an event's finding.
fn act(fixture: &Fixture, kind: Kind, on: Id, by: Id) -> Event {
    let mut event = fixture.event(kind, &[], &[]);
    event.subject.id = on;
    event.actor = Some(by);
    event
}

/// How it was read, and after how many seconds.
async fn how(fixture: &Fixture) -> Vec<String> {
    const HOW: &str = "select read_how || ' ' || ((read_at - at) / 1000000000) from first_reads \
         where read_at > 0 order by id";
    fixture.rows(HOW).await.into_iter().map(|(how,)| how).collect()
}

async fn planned(fixture: &Fixture, event: Event) -> (Id, Id) {
    let finding = event.subject.id;
    let id = fixture.emit(event).await;
    fixture.until(UNPLANNED, 0).await;
    (id, finding)
}

// promise: A4
#[tokio::test]
async fn each_way_of_reading_counts_once_with_its_time() {
    for fixture in fixtures().await {
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let both = [fixture.ana, fixture.ben];
        // The row of one of them.
        planned(&fixture, new(&fixture, &both, &[])).await;
        fixture.clock.advance(TENTH);
        let inbox = fixture.get(fixture.ben, "/notifications").await;
        let row = inbox["items"][0]["id"].as_str().unwrap();
        let path = format!("/notifications/{row}/read");
        fixture.call(fixture.ben, "POST", &path, Json::Null).await;
        fixture.until(READ, 1).await;
        // All rows of one person.
        planned(&fixture, new(&fixture, &both, &[])).await;
        fixture.clock.advance(TENTH * 2);
        fixture
            .call(fixture.ana, "POST", "/notifications/read-all", Json::Null)
            .await;
        fixture.until(READ, 2).await;
        // The opened record.
        let (_, finding) = planned(&fixture, new(&fixture, &both, &[])).await;
        fixture.clock.advance(TENTH * 3);
        fixture.doorbell.opened(fixture.ana, finding, fixture.clock.now());
        fixture.until(READ, 3).await;
        fixture.clock.advance(TENTH);
        fixture.doorbell.opened(fixture.ben, finding, fixture.clock.now());
        // A comment on it.
        let (_, finding) = planned(&fixture, new(&fixture, &both, &[])).await;
        fixture.clock.advance(TENTH * 4);
        planned(
            &fixture,
            act(&fixture, Kind::FindingCommented, finding, fixture.ben),
        )
        .await;
        fixture.until(READ, 4).await;
        engine.stop().await;
        let expected = ["notification 600", "all 1200", "opened 1800", "act 2400"];
        assert_eq!(how(&fixture).await, expected, "{}", fixture.name);
    }
}

// promise: A4
#[tokio::test]
async fn a_record_opened_before_its_message_counts_as_read() {
    for fixture in fixtures().await {
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let scan = fixture.clock.id();
        let mut found = new(&fixture, &[fixture.ana], &[]);
        found.bundle = Some(scan);
        let (_, grouped) = planned(&fixture, found).await;
        let (_, alone) = planned(&fixture, new(&fixture, &[fixture.ana], &[])).await;
        fixture.clock.advance(TENTH / 100);
        fixture.doorbell.opened(fixture.ana, grouped, fixture.clock.now());
        fixture.doorbell.opened(fixture.ana, alone, fixture.clock.now());
        // Both were processed when this one is.
        fixture.until(READ, 1).await;
        let mut end = fixture.event(Kind::ScanCompleted, &[], &[]);
        end.subject = Subject {
            kind: SubjectType::Scan,
            id: scan,
        };
        planned(&fixture, end).await;
        fixture
            .until("select count(*) from event_groups where closed_at = 0", 0)
            .await;
        fixture.clock.advance(Duration::from_secs(20));
        fixture.until(READ, 2).await;
        engine.stop().await;
        assert_eq!(how(&fixture).await, ["opened 6", "opened 6"], "{}", fixture.name);
    }
}

// promise: A4
#[tokio::test]
async fn neither_a_program_nor_a_person_who_was_not_notified_counts_as_a_reader() {
    for fixture in fixtures().await {
        let mara = people::user(&fixture.store, "mara@example.com").await;
        people::member(&fixture.store, fixture.company, mara, Role::Manager).await;
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let (_, finding) = planned(&fixture, new(&fixture, &[fixture.ana], &[])).await;
        fixture.clock.advance(TENTH);
        // A person who looks at a finding of others, and one who comments on it.
        fixture.doorbell.opened(mara, finding, fixture.clock.now());
        planned(&fixture, act(&fixture, Kind::FindingCommented, finding, mara)).await;
        // A program with the token of a notified person, and an import that they ran.
        let mut by_token = act(&fixture, Kind::FindingStatusChanged, finding, fixture.ana);
        by_token.by_token = true;
        planned(&fixture, by_token).await;
        let mut imported = act(&fixture, Kind::FindingStatusChanged, finding, fixture.ana);
        imported.bundle = Some(fixture.clock.id());
        planned(&fixture, imported).await;
        // Another record.
        fixture
            .doorbell
            .opened(fixture.ana, fixture.clock.id(), fixture.clock.now());
        // Opened before it happened.
        fixture.doorbell.opened(fixture.ana, finding, Time::default());
        engine.stop().await;
        assert_eq!(
            fixture.count(READ).await,
            0,
            "{}: {:?}",
            fixture.name,
            how(&fixture).await
        );
    }
}

// promise: A4
// promise: O5
#[tokio::test]
async fn a_member_of_a_team_whose_chat_got_it_is_a_reader() {
    for fixture in fixtures().await {
        let url = "https://hooks.slack.com/services/T0/B0/abcdefabcdef";
        let team = fixture
            .team("Blue", &[fixture.ana], &[(Channel::Slack, url)])
            .await;
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let mut event = fixture.event(Kind::FindingAssigned, &[], &[team]);
        event.severity = Some(Severity::Low);
        let (_, finding) = planned(&fixture, event).await;
        fixture.clock.advance(TENTH);
        fixture.doorbell.opened(fixture.ben, finding, fixture.clock.now());
        fixture.clock.advance(TENTH);
        fixture.doorbell.opened(fixture.ana, finding, fixture.clock.now());
        fixture.until(READ, 1).await;
        assert_eq!(how(&fixture).await, ["opened 1200"], "{}", fixture.name);
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
    for fixture in fixtures().await {
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let scan = fixture.clock.id();
        let found: Vec<Event> = (0..1000)
            .map(|_| {
                let mut event = new(&fixture, &[fixture.ana], &[]);
                event.bundle = Some(scan);
                event
            })
            .collect();
        let (first, second) = (found[7].subject.id, found[8].subject.id);
        fixture.store.write(move |tx| tx.emit_all(found)).await.unwrap();
        let mut end = fixture.event(Kind::ScanCompleted, &[], &[]);
        end.subject = Subject {
            kind: SubjectType::Scan,
            id: scan,
        };
        fixture.emit(end).await;
        fixture.until(ROWS, 1).await;
        assert_eq!(fixture.count(EVENTS).await, 1000, "{}", fixture.name);
        // One of them is opened, twice; then the message about all of them is read.
        fixture.clock.advance(TENTH);
        for finding in [first, first, second] {
            fixture.doorbell.opened(fixture.ana, finding, fixture.clock.now());
            fixture.clock.advance(TENTH);
        }
        fixture.until(READ, 2).await;
        fixture.doorbell.opened(fixture.ana, first, fixture.clock.now());
        let path = "/notifications/read-all";
        fixture.call(fixture.ana, "POST", path, Json::Null).await;
        fixture.until(READ, 1000).await;
        assert_eq!(
            (fixture.count(ROWS).await, fixture.count(EVENTS).await),
            (3, 1000)
        );
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
    for fixture in fixtures().await {
        let mara = people::user(&fixture.store, "mara@example.com").await;
        people::member(&fixture.store, fixture.company, mara, Role::Manager).await;
        let teams = [
            fixture.team("Blue", &[fixture.ana, fixture.ben], &[]).await,
            fixture.team("Red", &[fixture.ben], &[]).await,
        ];
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let (mut world, mut known, mut unread) = (1_u64, Vec::new(), Vec::new());
        let mut random = |below: u64| {
            world = world.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (world >> 33) % below
        };
        let began = fixture.clock.now();
        for _ in 0..160 {
            let severity = SEVERITIES[usize::try_from(random(3)).unwrap()];
            let team = teams.get(usize::try_from(random(3)).unwrap()).copied();
            let users: &[Id] = if team.is_some() { &[] } else { &[fixture.ben] };
            let mut event = fixture.event(Kind::FindingAssigned, users, &Vec::from_iter(team));
            event.severity = Some(severity);
            known.push(Known {
                severity,
                team,
                at: event.at,
                took: None,
            });
            unread.push((known.len() - 1, event.subject.id));
            fixture.emit(event).await;
            fixture.clock.advance(Duration::from_millis(1 + random(900_000)));
            if random(3) > 0 {
                fixture.until(UNPLANNED, 0).await;
                let (which, finding) =
                    unread.swap_remove(usize::try_from(random(unread.len() as u64)).unwrap());
                let now = fixture.clock.now();
                fixture.doorbell.opened(fixture.ben, finding, now);
                let took = now.since(known[which].at).as_secs_f64();
                known[which].took = Some(took);
            }
        }
        let read = known.iter().filter(|one| one.took.is_some()).count();
        fixture.until(READ, i64::try_from(read).unwrap()).await;
        fixture.until(UNPLANNED, 0).await;
        fixture.clock.advance(Duration::from_secs(1));
        check(&fixture, mara, (&known, &teams), (began, fixture.clock.now())).await;
        check(&fixture, mara, (&known, &teams), (known[40].at, known[120].at)).await;
        engine.stop().await;
    }
}

async fn check(fixture: &Fixture, mara: Id, (known, teams): (&[Known], &[Id]), (from, to): (Time, Time)) {
    let path = format!(
        "/insights/time-to-know?company_id={}&from={from}&to={to}",
        fixture.company
    );
    let answer = fixture.get(mara, &path).await;
    let of = || known.iter().filter(|one| one.at >= from && one.at < to);
    assert_eq!(answered(&answer["total"]), model(of()), "{}", fixture.name);
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
    assert_eq!(severities, &expected, "{}", fixture.name);
    for team in teams {
        let answers = answer["teams"].as_array().unwrap();
        let answer = answers.iter().find(|one| one["team_id"] == json!(team)).unwrap();
        assert_eq!(
            answered(answer),
            model(of().filter(|one| one.team == Some(*team))),
            "{}",
            fixture.name
        );
        assert_eq!(answer["company_id"], json!(fixture.company));
    }
    assert_eq!(answer["more_teams"], 0);
    // An administrator gets it for all companies, and not for a company that does not exist.
    let all = fixture
        .get(
            fixture.root,
            &format!("/insights/time-to-know?from={from}&to={to}"),
        )
        .await;
    assert_eq!(all["total"], answer["total"], "{}", fixture.name);
}

// promise: A4
#[tokio::test]
async fn the_figures_are_for_managers_of_the_company_and_for_administrators() {
    for fixture in fixtures().await {
        let mara = people::user(&fixture.store, "mara@example.com").await;
        people::member(&fixture.store, fixture.company, mara, Role::Manager).await;
        let other = people::company(&fixture.store, "Other").await;
        let path = |company: Id| format!("/insights/time-to-know?company_id={company}");
        for (user, path, expected) in [
            (mara, path(fixture.company), 200),
            (mara, path(other), 404),
            (mara, "/insights/time-to-know".to_owned(), 200),
            (fixture.ana, path(fixture.company), 403),
            (fixture.ana, path(other), 404),
            (fixture.ana, "/insights/time-to-know".to_owned(), 403),
            (fixture.root, path(other), 200),
            (fixture.root, path(fixture.clock.id()), 404),
            (
                fixture.root,
                "/insights/time-to-know?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z".to_owned(),
                422,
            ),
            (
                fixture.root,
                "/insights/time-to-know?from=2024-01-02T00:00:00Z&to=2026-01-01T00:00:00Z".to_owned(),
                422,
            ),
        ] {
            let (status, body) = fixture.call(user, "GET", &path, Json::Null).await;
            assert_eq!(status, expected, "{}: {path}: {body}", fixture.name);
        }
        let empty = fixture.get(mara, &path(fixture.company)).await;
        assert_eq!(empty["total"]["median_seconds"], Json::Null);
        assert_eq!((&empty["severities"], &empty["teams"]), (&json!([]), &json!([])));
    }
}
