//! Random worlds: the feed is what the [`model`](crate::model) says.

use access::Problem;
use base::{Id, Severity, Time};
use proptest::{
    array, collection, option,
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use records::{Date, Named, findings, scans};
use serde_json::Value;

use crate::{
    add,
    model::{Entry, Finding, NAMES, Project, Question, Records, Scan},
    world::{Person, START, Wanted, World, time},
};

/// Moments of ten days: few, so that entries meet each other and the ends of windows.
fn moment() -> impl Strategy<Value = Time> {
    (0..40_i64, -1..=1_i64).prop_map(|(quarters, nanos)| {
        let start = time("2026-04-01T00:00:00Z").nanos();
        Time::from_nanos(start + quarters * 6 * 3_600_000_000_000 + nanos)
    })
}

fn days() -> impl Strategy<Value = [Option<Date>; 2]> {
    array::uniform2(option::of(moment().prop_map(Date::of))).prop_map(|[one, other]| match (one, other) {
        (Some(start), Some(end)) if end < start => [Some(end), Some(start)],
        _ => [one, other],
    })
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
    (0..2_usize, any::<bool>(), wanted, any::<[bool; 4]>()).prop_map(
        |(company, of_project, wanted, assigned)| Finding {
            company,
            of_project,
            wanted,
            assigned,
        },
    )
}

fn records() -> impl Strategy<Value = Records> {
    let project = (0..2_usize, days()).prop_map(|(company, days)| Project { company, days });
    let status = prop::sample::select(&scans::Status::ALL[..]);
    let scan =
        (0..2_usize, status, moment(), moment()).prop_map(|(company, status, scheduled, started)| Scan {
            company,
            status,
            scheduled,
            started,
        });
    let all = (
        collection::vec(project, 0..5),
        collection::vec(scan, 0..5),
        collection::vec(finding(), 0..12),
    );
    all.prop_map(|(projects, scans, findings)| Records {
        projects,
        scans,
        findings,
    })
}

fn question() -> impl Strategy<Value = Question> {
    let parts = (
        0..4_usize,
        option::of(0..3_usize),
        any::<bool>(),
        moment(),
        moment(),
    );
    parts.prop_map(|(by, company, mine, one, other)| Question {
        by,
        company,
        mine,
        from: one.min(other),
        // A window of nothing is refused; another test says so.
        to: Time::from_nanos(one.max(other).nanos() + 1),
    })
}

/// The ids of the records, in the order of the model's.
struct Made {
    projects: Vec<Named>,
    scans: Vec<Id>,
    findings: Vec<Id>,
}

impl World {
    fn companies(&self) -> [Named; 2] {
        [self.ours.clone(), self.theirs.clone()]
    }

    fn people(&self) -> [&Person; 4] {
        [&self.viewer, &self.both, &self.nobody, &self.admin]
    }

    /// Makes the world of these records alone.
    async fn fill(&self, records: &Records) -> Made {
        let (companies, records) = (self.companies(), records.clone());
        let people = self.people().map(|person| person.id);
        let made = self.store.write(move |tx| {
            add::clear(tx)?;
            let mut made = Made {
                projects: Vec::new(),
                scans: Vec::new(),
                findings: Vec::new(),
            };
            for project in &records.projects {
                made.projects
                    .push(add::project(tx, &companies[project.company], project.days)?);
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
        let [ours, theirs] = self.companies();
        let company = question.company.map(|company| match company {
            0 => ours.id,
            1 => theirs.id,
            _ => self.store.clock().id(),
        });
        let company = company.map(|id| format!("&company_id={id}")).unwrap_or_default();
        format!(
            "from={}&to={}&mine={}{company}",
            question.from, question.to, question.mine
        )
    }
}

impl Made {
    /// An answered entry as the model says it.
    fn entry(&self, item: &Value) -> Entry {
        let text = |field: &str| item[field].as_str().unwrap().to_owned();
        let (kind, id): (_, Id) = (text("kind"), text("entity_id").parse().unwrap());
        let all = ["project_start", "project_end", "scan", "sla_due", "retest_due"];
        let kind = all.into_iter().find(|name| *name == kind).unwrap();
        let number = match kind {
            "scan" => self.scans.iter().position(|scan| *scan == id),
            "sla_due" | "retest_due" => self.findings.iter().position(|finding| *finding == id),
            _ => self.projects.iter().position(|project| project.id == id),
        };
        let name = NAMES
            .into_iter()
            .find(|name| *name == text("company_name"))
            .unwrap();
        let severity = item["severity"].as_str().map(|name| name.parse().unwrap());
        let of_project = item["project_name"] == "Web";
        assert_eq!(text("id"), format!("{kind}:{id}"));
        (
            time(&text("at")),
            kind,
            number.unwrap(),
            severity,
            text("status"),
            name,
            of_project,
        )
    }
}

// promise: K1
// promise: K3
// promise: K4
// promise: K5
// promise: K7
#[test]
fn the_feed_of_any_world_is_what_the_promises_say() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    for world in runtime.block_on(World::all()) {
        let cases = if world.database == "SQLite" { 300 } else { 60 };
        let config = Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        };
        let worlds = (records(), collection::vec(question(), 6));
        let outcome = TestRunner::new(config).run(&worlds, |(records, questions)| {
            let made = runtime.block_on(world.fill(&records));
            for question in &questions {
                let by = world.people()[question.by];
                let feed = runtime.block_on(world.feed(by, &world.query(question)));
                let items = feed["items"].as_array().unwrap();
                let mut entries: Vec<Entry> = items.iter().map(|item| made.entry(item)).collect();
                let sorted = entries.is_sorted_by_key(|entry| entry.0);
                let mut expected = records.feed(question);
                expected.sort();
                entries.sort();
                prop_assert_eq!(entries, expected, "{:?}", question);
                prop_assert!(sorted, "{}", feed);
            }
            Ok::<_, TestCaseError>(())
        });
        if let Err(error) = outcome {
            panic!("{} from {START}: {error}", world.database);
        }
    }
}
