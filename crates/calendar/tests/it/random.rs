//! Random worlds: the feed equals the [`model`](crate::model), page after page.
//!
//! `CAMPANILE_TEST_WORLDS` sets how many on each database.

use access::Problem;
use base::{Id, Severity, Time};
use proptest::{
    array, collection, option,
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use records::{Date, Named, findings, projects, scans};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{
    add,
    model::{Agreement, Entry, Finding, NAMES, Project, Question, Records, Scan, ZONES},
    world::{Person, START, Wanted, World, time},
};

const HOUR: i64 = 3_600_000_000_000;

/// Moments within twelve days, at or near the midnights of the zones: few, so that entries coincide with each other and
/// with the ends of windows.
fn moment() -> impl Strategy<Value = Time> {
    let minutes = prop::sample::select(vec![
        0,
        4 * 60,
        10 * 60,
        11 * 60,
        13 * 60 + 30,
        18 * 60 + 15,
        22 * 60,
        23 * 60,
    ]);
    (0..12_i64, minutes, -1..=1_i64).prop_map(|(days, minutes, nanos)| {
        let start = time("2026-03-26T00:00:00Z").nanos();
        Time::from_nanos(start + days * 24 * HOUR + minutes * HOUR / 60 + nanos)
    })
}

fn days() -> impl Strategy<Value = [Option<Date>; 2]> {
    array::uniform2(option::of(moment().prop_map(Date::of))).prop_map(|[one, other]| match (one, other) {
        (Some(start), Some(end)) if end < start => [Some(end), Some(start)],
        _ => [one, other],
    })
}

fn company() -> std::ops::Range<usize> {
    0..NAMES.len()
}

fn finding() -> impl Strategy<Value = Finding> {
    let wanted = (
        prop::sample::select(&findings::Status::ALL[..]),
        prop::sample::select(&Severity::ALL[..]),
        option::of(moment()),
        option::of(moment()),
    );
    let wanted = wanted.prop_map(|(status, severity, sla, retest)| Wanted {
        status,
        severity,
        sla,
        retest,
    });
    (company(), any::<bool>(), wanted, any::<[bool; 5]>()).prop_map(
        |(company, of_project, wanted, assigned)| Finding {
            company,
            of_project,
            wanted,
            assigned,
        },
    )
}

fn records() -> impl Strategy<Value = Records> {
    let status = prop::sample::select(&projects::Status::ALL[..]);
    let project = (company(), status, days()).prop_map(|(company, status, days)| Project {
        company,
        status,
        days,
    });
    let status = prop::sample::select(&["draft", "active", "active", "terminated"][..]);
    let agreement = (company(), status, option::of(moment().prop_map(Date::of))).prop_map(
        |(company, status, expires)| Agreement {
            company,
            status,
            expires,
        },
    );
    let status = prop::sample::select(&scans::Status::ALL[..]);
    let scan =
        (company(), status, moment(), moment()).prop_map(|(company, status, scheduled, started)| Scan {
            company,
            status,
            scheduled,
            started,
        });
    let all = (
        collection::vec(project, 0..5),
        collection::vec(agreement, 0..4),
        collection::vec(scan, 0..5),
        collection::vec(finding(), 0..14),
    );
    all.prop_map(|(projects, agreements, scans, findings)| Records {
        projects,
        agreements,
        scans,
        findings,
    })
}

fn question() -> impl Strategy<Value = Question> {
    let parts = (
        0..5_usize,
        option::of(0..=NAMES.len()),
        any::<bool>(),
        moment(),
        moment(),
        option::of(0..ZONES.len()),
        option::of(1..6_usize),
    );
    parts.prop_map(|(by, company, mine, one, other, zone, limit)| Question {
        by,
        company,
        mine,
        from: one.min(other),
        // An empty window is rejected; another test covers that.
        to: Time::from_nanos(one.max(other).nanos() + 1),
        zone,
        limit,
    })
}

/// The ids of the records, in the model's order.
#[derive(Default)]
struct Made {
    projects: Vec<Named>,
    agreements: Vec<Id>,
    scans: Vec<Id>,
    findings: Vec<Id>,
}

impl Made {
    fn id(&self, kind: &str, number: usize) -> String {
        let id = match kind {
            "scan" => self.scans[number],
            "agreement_expiry" => self.agreements[number],
            "sla_due" | "retest_due" => self.findings[number],
            _ => self.projects[number].id,
        };
        id.to_string()
    }
}

impl World {
    fn companies(&self) -> [Named; 4] {
        let [third, fourth] = self.more.clone();
        [self.ours.clone(), self.theirs.clone(), third, fourth]
    }

    fn people(&self) -> [&Person; 5] {
        [&self.viewer, &self.both, &self.three, &self.nobody, &self.admin]
    }

    /// Creates the world of these records only.
    async fn fill(&self, records: &Records) -> Made {
        let (companies, records) = (self.companies(), records.clone());
        let people = self.people().map(|person| person.id);
        let made = self.store.write(move |tx| {
            add::clear(tx)?;
            let mut made = Made::default();
            for project in &records.projects {
                let company = &companies[project.company];
                made.projects
                    .push(add::project_in(tx, company, project.status, project.days)?);
            }
            for agreement in &records.agreements {
                let company = companies[agreement.company].id;
                let id = add::agreement(tx, company, agreement.status, agreement.expires)?;
                made.agreements.push(id);
            }
            for scan in &records.scans {
                let place = add::place(&companies[scan.company], None);
                let id = add::scan(tx, &place, scan.status, scan.scheduled)?;
                if scan.status == scans::Status::Running {
                    add::start(tx, id, scan.started)?;
                }
                made.scans.push(id);
            }
            for finding in &records.findings {
                let mut projects = records.projects.iter().zip(&made.projects);
                let project =
                    projects.find(|(project, _)| finding.of_project && project.company == finding.company);
                let place = add::place(&companies[finding.company], project.map(|(_, named)| named));
                let assigned = people.iter().zip(finding.assigned);
                let users: Vec<Id> = assigned.filter_map(|(id, sees)| sees.then_some(*id)).collect();
                made.findings
                    .push(add::finding(tx, &place, &finding.wanted, &users)?);
            }
            Ok::<_, Problem>(made)
        });
        made.await.unwrap()
    }

    /// The query of a question.
    fn query(&self, question: &Question) -> String {
        let companies = self.companies();
        let company = question.company.map(|company| {
            let known = companies.get(company).map(|company| company.id);
            known.unwrap_or_else(|| self.store.clock().id())
        });
        let company = company.map(|id| format!("&company_id={id}")).unwrap_or_default();
        let zone = question
            .zone
            .map(|zone| format!("&tz={}", ZONES[zone].0))
            .unwrap_or_default();
        let limit = question
            .limit
            .map(|limit| format!("&limit={limit}"))
            .unwrap_or_default();
        format!(
            "from={}&to={}&mine={}{company}{zone}{limit}",
            question.from, question.to, question.mine
        )
    }

    /// All pages of a question joined, and how many entries each had.
    async fn pages(&self, question: &Question) -> (Vec<Entry>, Vec<usize>) {
        let (by, query) = (self.people()[question.by], self.query(question));
        let (mut entries, mut lengths, mut cursor) = (Vec::new(), Vec::new(), String::new());
        loop {
            let feed = self.feed(by, &format!("{query}{cursor}")).await;
            let items = feed["items"].as_array().unwrap();
            lengths.push(items.len());
            entries.extend(items.iter().map(entry));
            match feed["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return (entries, lengths),
            }
        }
    }
}

/// An answered entry in the model's form.
fn entry(item: &Value) -> Entry {
    let text = |field: &str| item[field].as_str().unwrap().to_owned();
    let maybe = |field: &str| item[field].as_str().map(str::to_owned);
    let (kind, id, entity) = (text("kind"), text("id"), text("entity_type"));
    assert_eq!(id, format!("{kind}:{}", text("entity_id")));
    let expected = match &*kind {
        "project_start" | "project_end" => "project",
        "agreement_expiry" => "agreement",
        "scan" => "scan",
        _ => "finding",
    };
    assert_eq!(entity, expected);
    assert_eq!(item["all_day"], item["date"].is_string());
    let company = text("company_name");
    Entry {
        at: time(&text("at")),
        id,
        severity: maybe("severity").map(|name| name.parse().unwrap()),
        status: text("status"),
        company: NAMES.into_iter().find(|name| *name == company).unwrap(),
        of_project: item["project_name"] == "Web",
        date: maybe("date"),
        ends_on: maybe("ends_on"),
    }
}

fn same(
    runtime: &Runtime,
    world: &World,
    records: &Records,
    questions: &[Question],
) -> Result<(), TestCaseError> {
    let made = runtime.block_on(world.fill(records));
    for question in questions {
        let (entries, lengths) = runtime.block_on(world.pages(question));
        let expected = records.feed(question, &|kind, number| made.id(kind, number));
        prop_assert_eq!(entries, expected, "{:?}", question);
        // Every page but the last is full, and the last is empty only if it is the only one.
        if let (Some(limit), [full @ .., last]) = (question.limit, &lengths[..]) {
            prop_assert!(full.iter().all(|length| *length == limit), "{:?}", lengths);
            prop_assert!(*last <= limit && (*last > 0 || full.is_empty()), "{:?}", lengths);
        }
    }
    Ok(())
}

// promise: K1
// promise: K3
// promise: K4
// promise: K5
// promise: K7
#[test]
fn the_feed_of_any_world_is_what_the_promises_define() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let asked = std::env::var("CAMPANILE_TEST_WORLDS")
        .ok()
        .map(|text| text.parse::<u32>().unwrap());
    for world in runtime.block_on(World::all()) {
        let usual = if world.database == "SQLite" { 300 } else { 60 };
        let config = Config {
            cases: asked.unwrap_or(usual),
            failure_persistence: None,
            ..Config::default()
        };
        let worlds = (records(), collection::vec(question(), 6));
        let outcome = TestRunner::new(config).run(&worlds, |(records, questions)| {
            same(&runtime, &world, &records, &questions)
        });
        if let Err(error) = outcome {
            panic!("{} from {START}: {error}", world.database);
        }
    }
}
