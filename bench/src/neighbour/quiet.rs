//! The quiet tenant: a few calls at a steady rate, and how long each takes. Several users make them, so that no call waits
//! for the response of another; a late call is measured from its scheduled start.

use std::{
    io::BufRead,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    http::{Caller, JSON, SARIF},
    tenant::{Tenant, report},
};

/// The users who sign in take turns; before them the users who are notified, and the one for all other calls.
const OTHERS: usize = NOTIFIED + 1;
const NOTIFIED: usize = WORKERS;
const BUSY: usize = NOTIFIED;
const SIGN_IN: usize = 10;
pub(crate) const PEOPLE: usize = OTHERS + SIGN_IN;

/// What is measured, in this order.
pub(crate) const CALLS: [&str; 5] = ["read", "write", "sign in", "import 10 results", "notification"];

/// The longest time a notification may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Sorted, in milliseconds.
pub(crate) struct Latencies(Vec<f64>);

impl Latencies {
    pub(crate) fn at(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0
            .get((self.0.len() * percent / 100).min(last))
            .copied()
            .unwrap_or(f64::NAN)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// How many users make each call.
const WORKERS: usize = 4;

/// Makes all calls for this long, concurrently.
pub(crate) fn measure(tenant: &Tenant, time: Duration) -> Vec<Latencies> {
    let busy = tenant.caller(BUSY);
    let until = Instant::now() + time;
    thread::scope(|scope| {
        let all = [
            scope.spawn(|| reading(&busy, until)),
            scope.spawn(|| writing((tenant, &busy), until)),
            scope.spawn(|| signing_in(tenant, until)),
            scope.spawn(|| importing((tenant, &busy), until)),
            scope.spawn(|| notifying((tenant, &busy), until)),
        ];
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

/// A caller: its number and connection.
struct Worker {
    number: usize,
    caller: Caller,
}

fn steadily(
    caller: &Caller,
    period: Duration,
    until: Instant,
    call: impl Fn(&mut Worker, usize) + Sync,
) -> Latencies {
    let (began, turn, found) = (Instant::now(), AtomicU32::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for number in 0..WORKERS {
            let (turn, found, call) = (&turn, &found, &call);
            let caller = caller.clone();
            scope.spawn(move || {
                let mut worker = Worker { number, caller };
                loop {
                    let n = turn.fetch_add(1, Ordering::Relaxed);
                    let due = began + period * n;
                    if due >= until {
                        break;
                    }
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    call(&mut worker, n as usize);
                    found.lock().unwrap().push(due.elapsed().as_secs_f64() * 1000.0);
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by(f64::total_cmp);
    Latencies(found)
}

fn reading(busy: &Caller, until: Instant) -> Latencies {
    steadily(busy, Duration::from_millis(20), until, |worker, _| {
        worker.caller.get("/findings?limit=25");
    })
}

fn writing((tenant, busy): (&Tenant, &Caller), until: Instant) -> Latencies {
    let body = json!({"body": "I looked at it."});
    steadily(busy, Duration::from_millis(50), until, |worker, n| {
        let finding = &tenant.findings[n % tenant.findings.len()];
        worker
            .caller
            .post(&format!("/findings/{finding}/comments"), &body);
    })
}

fn signing_in(tenant: &Tenant, until: Instant) -> Latencies {
    // With a session, the session would be replaced.
    let stranger = Caller::new(tenant.at, "");
    steadily(&stranger, Duration::from_millis(250), until, |worker, n| {
        let email = tenant.email(OTHERS + n % SIGN_IN);
        let answer = worker.caller.try_sign_in(&email);
        assert_eq!(answer.status, 200, "{}", answer.body);
    })
}

fn importing((tenant, busy): (&Tenant, &Caller), until: Instant) -> Latencies {
    let reports = [report(10, 1), report(10, 2)];
    steadily(busy, Duration::from_millis(500), until, |worker, n| {
        // One import of a target at a time.
        let path = tenant.import(&format!("small-{}", worker.number));
        let answer = worker
            .caller
            .send("POST", &path, SARIF, reports[n / WORKERS % 2].as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.body);
    })
}

/// From the call that assigns a user until their open tab receives it.
fn notifying((tenant, busy): (&Tenant, &Caller), until: Instant) -> Latencies {
    let arrivals: Vec<_> = (0..NOTIFIED)
        .map(|person| Mutex::new(arrivals(tenant, person)))
        .collect();
    steadily(busy, Duration::from_millis(250), until, |worker, n| {
        // Nobody else assigns this finding, and this user is only assigned here.
        let (number, caller) = (worker.number, &mut worker.caller);
        let finding = &tenant.findings[(n / WORKERS * WORKERS + number) % tenant.findings.len()];
        let path = format!("/findings/{finding}/assignees");
        for people in [vec![], vec![tenant.people[number].as_str()]] {
            let body = json!({"user_ids": people, "team_ids": []}).to_string();
            let answer = caller.send("POST", &path, JSON, body.as_bytes());
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        arrivals[number].lock().unwrap().recv_timeout(TIMEOUT).unwrap();
    })
}

/// The notifications that arrive at an open tab of this user, which is open when this returns.
fn arrivals(tenant: &Tenant, person: usize) -> mpsc::Receiver<()> {
    let mut stream = tenant.caller(person).stream().unwrap();
    let (open, opened) = mpsc::channel();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
            if line.contains("\"ping\"") {
                let _ = open.send(());
            }
            if line.contains("\"notification.created\"") && sender.send(()).is_err() {
                return;
            }
            line.clear();
        }
    });
    opened.recv_timeout(TIMEOUT).unwrap();
    receiver
}
