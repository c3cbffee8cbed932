//! The most expensive change that one user may request, and its effect on others: 1,000 findings are assigned to 99 people
//! while a user of another company comments and signs in; then three such changes at once.
//!
//! `cargo build --release && cargo run --release -p bench --bin bench-writes [findings] [database URL]`
//!
//! The server is the build next to this program, in its own process with its own folder, on SQLite unless a URL is
//! given (of an empty database). The company has the given number of findings, 100,000 by default. The others call at a
//! steady rate; a late call is measured from its scheduled start. A sign-in hashes a password, which takes
//! processor time of its own. The consequences of a change (planning whom to notify) are part of it: the others are measured for
//! some seconds more.
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]

#[expect(dead_code, reason = "bench-import uses more of it")]
mod served;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use served::{Caller, Server, report};

const FINDINGS: u64 = 100_000;
const PEOPLE: usize = 99;
const CHANGED: usize = 1_000;
/// How often the other company's user comments, and signs in.
const COMMENTS: Duration = Duration::from_millis(20);
const SIGN_INS: Duration = Duration::from_secs(1);
/// How many users comment, and sign in, concurrently at most.
const WORKERS: usize = 12;
/// For how long the others are measured alone, and after a change.
const QUIET: Duration = Duration::from_secs(10);
const AFTER: Duration = Duration::from_secs(5);
const PASSWORD: &str = "correct horse battery staple";
const JSON: &str = "application/json";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let findings = arguments.next().map_or(FINDINGS, |text| text.parse().unwrap());
    let server = Server::start(arguments.next());
    let admin = server.sign_in("admin@demo.test", "campanile-demo");
    let big = Company::make(&server, &admin, "Big");
    let small = Company::make(&server, &admin, "Small");
    let people: Vec<String> = (0..2 * PEOPLE)
        .map(|n| big.person(&admin, &format!("p{n}@big.test"), false))
        .collect();
    big.import(findings);
    let ids = big.findings(3 * CHANGED);
    println!("{findings} findings, {CHANGED} of them assigned to {PEOPLE} users at a time");

    let alone = measure_during(&small, || thread::sleep(QUIET));
    alone.print("nothing else runs");
    let mut seconds = 0.0;
    let during = measure_during(&small, || {
        seconds = big.assign(&ids[..CHANGED], &people[..PEOPLE]);
        thread::sleep(AFTER);
    });
    during.print(&format!("one change: {seconds:.2} s"));
    let during = measure_during(&small, || {
        seconds = big.assign(&ids[..CHANGED], &people[PEOPLE..]);
        thread::sleep(AFTER);
    });
    during.print(&format!("other users instead: {seconds:.2} s"));
    let mut all = Vec::new();
    let during = measure_during(&small, || {
        let calls: Vec<JoinHandle<f64>> = ids
            .chunks(CHANGED)
            .map(|ids| {
                let (big, ids, people) = (big.clone(), ids.to_vec(), people[..PEOPLE].to_vec());
                thread::spawn(move || big.assign(&ids, &people))
            })
            .collect();
        all = calls.into_iter().map(|call| call.join().unwrap()).collect();
        thread::sleep(AFTER);
    });
    during.print(&format!("three at once: {all:.2?} s"));
}

/// A company with a manager who makes the calls.
#[derive(Clone)]
struct Company {
    id: String,
    email: String,
    server: Arc<Caller>,
    caller: Caller,
}

impl Company {
    fn make(server: &Server, admin: &Caller, name: &str) -> Self {
        let id = created(admin, "/companies", &json!({"name": name}));
        let email = format!("manager@{}.test", name.to_lowercase());
        let mut company = Self {
            id,
            email: email.clone(),
            server: Arc::new(admin.clone()),
            caller: admin.clone(),
        };
        company.person(admin, &email, true);
        company.caller = server.sign_in(&email, PASSWORD);
        company
    }

    /// A member; a manager may sign in.
    fn person(&self, admin: &Caller, email: &str, is_manager: bool) -> String {
        let mut user = json!({"email": email, "name": email});
        if is_manager {
            user["password"] = json!(PASSWORD);
        }
        let id = created(admin, "/users", &user);
        let role = json!({"role": if is_manager { "manager" } else { "analyst" }}).to_string();
        let path = format!("/companies/{}/members/{id}", self.id);
        admin.call("PUT", &path, JSON, role.as_bytes());
        id
    }

    fn import(&self, findings: u64) {
        let project = created(
            &self.caller,
            "/projects",
            &json!({"company_id": self.id, "name": "Web"}),
        );
        let path = format!("/scans/import?company_id={}&project_id={project}", self.id);
        let report = report(findings, |_| 1);
        self.caller
            .call("POST", &path, "application/sarif+json", report.as_bytes());
    }

    fn findings(&self, count: usize) -> Vec<String> {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        while ids.len() < count {
            let path = format!("/findings?company_id={}&limit=100{cursor}", self.id);
            let page = self.caller.call("GET", &path, JSON, b"");
            let items = page["items"].as_array().unwrap();
            ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap_or_default());
        }
        ids.truncate(count);
        ids
    }

    /// How long it takes to assign these findings to these people, in seconds.
    fn assign(&self, ids: &[String], people: &[String]) -> f64 {
        let body = json!({"finding_ids": ids, "user_ids": people}).to_string();
        let began = Instant::now();
        let (status, answer) = self
            .caller
            .ask("POST", "/findings/bulk/assignees", JSON, body.as_bytes());
        if status != 200 {
            println!("  the change got {status} {answer}");
        }
        began.elapsed().as_secs_f64()
    }
}

fn created(caller: &Caller, path: &str, body: &Value) -> String {
    let created = caller.call("POST", path, JSON, body.to_string().as_bytes());
    created["id"].as_str().unwrap().to_owned()
}

/// How long others' calls took, in milliseconds, sorted.
struct Others {
    comments: Vec<f64>,
    sign_ins: Vec<f64>,
}

impl Others {
    fn print(&self, what: &str) {
        println!("{what}");
        for (name, all) in [("comments", &self.comments), ("sign-ins", &self.sign_ins)] {
            let at = |percent: usize| all[(all.len() * percent / 100).min(all.len() - 1)];
            println!(
                "  {name}: p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms of {}",
                at(50),
                at(99),
                at(100),
                all.len()
            );
        }
    }
}

/// How long others' calls take while `work` runs.
fn measure_during(company: &Company, work: impl FnOnce()) -> Others {
    let over = Arc::new(AtomicBool::new(false));
    let finding = json!({"company_id": company.id, "title": "Comparison", "severity": "low"});
    let path = format!(
        "/findings/{}/comments",
        created(&company.caller, "/findings", &finding)
    );
    let caller = company.caller.clone();
    let comments = steady(COMMENTS, &over, move || {
        caller
            .ask("POST", &path, JSON, br#"{"body": "Looking into it."}"#)
            .0
    });
    let (caller, email) = (company.server.clone(), company.email.clone());
    let sign_ins = steady(SIGN_INS, &over, move || {
        let body = json!({"email": email, "password": PASSWORD}).to_string();
        caller.ask("POST", "/auth/login", JSON, body.as_bytes()).0
    });
    work();
    over.store(true, Ordering::Relaxed);
    Others {
        comments: gathered(comments),
        sign_ins: gathered(sign_ins),
    }
}

/// Calls at a steady rate until the end, like several users: no call waits for the response of another. A refused
/// call is printed.
fn steady(
    period: Duration,
    over: &Arc<AtomicBool>,
    call: impl Fn() -> u16 + Send + Sync + 'static,
) -> Vec<JoinHandle<Vec<f64>>> {
    let (call, turn) = (Arc::new(call), Arc::new(AtomicU32::new(0)));
    let began = Instant::now();
    let worker = || {
        let (call, turn, over) = (Arc::clone(&call), Arc::clone(&turn), Arc::clone(over));
        thread::spawn(move || {
            let mut found = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let due = began + period * turn.fetch_add(1, Ordering::Relaxed);
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let status = call();
                if status >= 400 {
                    println!("  another user got {status}");
                }
                found.push(due.elapsed().as_secs_f64() * 1000.0);
            }
            found
        })
    };
    (0..WORKERS).map(|_| worker()).collect()
}

/// The results of all workers, sorted.
fn gathered(workers: Vec<JoinHandle<Vec<f64>>>) -> Vec<f64> {
    let mut all: Vec<f64> = workers
        .into_iter()
        .flat_map(|worker| worker.join().unwrap())
        .collect();
    all.sort_by(f64::total_cmp);
    all
}
