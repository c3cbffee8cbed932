//! The hostile neighbour: 32 connections, each of which repeats the most expensive calls that it is allowed to make. If
//! a response says to retry later, it does.

use std::{
    collections::BTreeMap,
    io::Read,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::json;

use crate::{
    http::{Answer, Caller, JSON, PASSWORD, SARIF},
    tenant::{Tenant, report},
};

/// Users for the other calls; then users who sign in, and users who change their passwords, which ends their sessions.
const WORKERS: usize = 6;
pub(crate) const PEOPLE: usize = WORKERS + 4 + 4;

/// Results of its scan reports.
const RESULTS: usize = 5_000;

/// The longest wait it accepts: retrying pays off once a burst is allowed again.
const WAIT: Duration = Duration::from_secs(2);

#[derive(Clone, Copy)]
enum Action {
    Bulk,
    Search,
    Import,
    Report,
    Stream,
    SignIn,
    Password,
}

const ACTIONS: [(Action, &str, usize); 7] = [
    (Action::Bulk, "bulk", 6),
    (Action::Search, "search", 6),
    (Action::Import, "import", 6),
    (Action::Report, "report", 4),
    (Action::Stream, "stream", 2),
    (Action::SignIn, "sign-in", 4),
    (Action::Password, "password", 4),
];

impl Action {
    /// The user on the connection of this number.
    fn person(self, number: usize) -> usize {
        match self {
            Self::SignIn => WORKERS + number,
            Self::Password => WORKERS + 4 + number,
            _ => number % WORKERS,
        }
    }
}

/// How often each call got each status.
type Tally = Arc<Mutex<BTreeMap<(&'static str, u16), u64>>>;

/// Runs until it is stopped.
pub(crate) struct Hostile {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    tally: Tally,
}

impl Hostile {
    pub(crate) fn begin(tenant: &Tenant) -> Self {
        let (over, tally) = (Arc::new(AtomicBool::new(false)), Tally::default());
        // All are signed in before the first one starts, which uses up the sign-ins of its address from then on.
        let mut callers: BTreeMap<usize, Caller> = BTreeMap::new();
        let mut all = Vec::new();
        for (action, name, connections) in ACTIONS {
            for n in 0..connections {
                let person = action.person(n);
                let caller = callers.entry(person).or_insert_with(|| tenant.caller(person));
                all.push((name, One::new(action, n, tenant.clone(), caller.clone())));
            }
        }
        let threads = all
            .into_iter()
            .map(|(name, mut one)| {
                let (over, tally) = (Arc::clone(&over), Arc::clone(&tally));
                thread::spawn(move || {
                    let mut round = 0;
                    while !over.load(Ordering::Relaxed) {
                        round += 1;
                        let answer = one.act(round);
                        *tally.lock().unwrap().entry((name, answer.status)).or_default() += 1;
                        if let Some(wait) = answer.retry_after {
                            thread::sleep(wait.min(WAIT));
                        }
                    }
                })
            })
            .collect();
        Self { over, threads, tally }
    }

    /// A summary of the responses.
    pub(crate) fn end(self) -> String {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        let tally = self.tally.lock().unwrap();
        let lines = ACTIONS.map(|(_, name, _)| {
            let counts = tally.iter().filter(|((of, _), _)| *of == name);
            let counts: Vec<_> = counts
                .map(|((_, status), count)| format!("{count} x {status}"))
                .collect();
            format!("{name} {}", counts.join(", "))
        });
        lines.join("; ")
    }
}

/// One connection.
struct One {
    action: Action,
    number: usize,
    tenant: Tenant,
    caller: Caller,
    reports: [String; 2],
}

impl One {
    fn new(action: Action, number: usize, tenant: Tenant, caller: Caller) -> Self {
        let results = if matches!(action, Action::Import) {
            RESULTS
        } else {
            0
        };
        Self {
            caller,
            reports: [report(results, 1), report(results, 2)],
            action,
            number,
            tenant,
        }
    }

    fn act(&mut self, round: usize) -> Answer {
        let company = &self.tenant.company;
        match self.action {
            Action::Bulk => {
                let users = &self.tenant.people[..if round.is_multiple_of(2) { 2 } else { PEOPLE }];
                let body = json!({"finding_ids": self.tenant.findings, "user_ids": users}).to_string();
                self.caller
                    .send("POST", "/findings/bulk/assignees", JSON, body.as_bytes())
            }
            Action::Search => {
                let path = format!("/findings?limit=100&text=nothing-{round}");
                self.caller.send("GET", &path, JSON, b"")
            }
            Action::Import => {
                let path = self.tenant.import(&format!("hostile-{}", self.number));
                self.caller
                    .send("POST", &path, SARIF, self.reports[round % 2].as_bytes())
            }
            Action::Report => {
                let body = json!({"company_id": company, "format": "html"}).to_string();
                self.caller.send("POST", "/reports", JSON, body.as_bytes())
            }
            Action::Stream => self.stream(),
            Action::SignIn => self.caller.try_sign_in(&self.tenant.email(WORKERS + self.number)),
            Action::Password => {
                let body = json!({"current_password": PASSWORD, "new_password": PASSWORD}).to_string();
                self.caller.send("POST", "/me/password", JSON, body.as_bytes())
            }
        }
    }

    /// Opens a stream, reads its head, and disconnects.
    fn stream(&self) -> Answer {
        let mut head = [0; 12];
        let read = self
            .caller
            .stream()
            .and_then(|mut stream| stream.read_exact(&mut head).ok());
        let status = String::from_utf8_lossy(&head[9..]).parse().unwrap_or(0);
        Answer {
            status: read.map_or(0, |()| status),
            retry_after: (status != 200).then_some(WAIT),
            body: json!(null),
        }
    }
}
