//! The quiet tenant: a few calls at a steady rate, and how long each takes. A late call is measured from its scheduled
//! start.

use std::{
    io::BufRead,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    http::{JSON, SARIF},
    tenant::{Tenant, report},
};

/// Those who sign in take turns, as people do; before them who reads, writes, imports, assigns and is notified.
const OTHERS: usize = 5;
const SIGN_IN: usize = 10;
pub(crate) const PEOPLE: usize = OTHERS + SIGN_IN;

/// What is measured, in this order.
pub(crate) const CALLS: [&str; 5] = ["read", "write", "sign in", "import 10 results", "notification"];

/// How long a notification may take at all.
const PATIENCE: Duration = Duration::from_mins(1);

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

/// All calls for so long, at the same time.
pub(crate) fn measure(tenant: &Tenant, time: Duration) -> Vec<Latencies> {
    let until = Instant::now() + time;
    thread::scope(|scope| {
        let all = [
            scope.spawn(|| reading(tenant, until)),
            scope.spawn(|| writing(tenant, until)),
            scope.spawn(|| signing_in(tenant, until)),
            scope.spawn(|| importing(tenant, until)),
            scope.spawn(|| notifying(tenant, until)),
        ];
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn steadily(period: Duration, until: Instant, mut call: impl FnMut(usize)) -> Latencies {
    let (mut found, mut due) = (Vec::new(), Instant::now());
    while due < until {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        call(found.len());
        found.push(due.elapsed().as_secs_f64() * 1000.0);
        due += period;
    }
    found.sort_by(f64::total_cmp);
    Latencies(found)
}

fn reading(tenant: &Tenant, until: Instant) -> Latencies {
    let mut caller = tenant.caller(0);
    steadily(Duration::from_millis(20), until, |_| {
        caller.get("/findings?limit=25");
    })
}

fn writing(tenant: &Tenant, until: Instant) -> Latencies {
    let mut caller = tenant.caller(1);
    let body = json!({"body": "I looked at it."});
    steadily(Duration::from_millis(50), until, |n| {
        let finding = &tenant.findings[n % tenant.findings.len()];
        caller.post(&format!("/findings/{finding}/comments"), &body);
    })
}

fn signing_in(tenant: &Tenant, until: Instant) -> Latencies {
    let mut caller = tenant.caller(0);
    steadily(Duration::from_millis(250), until, |n| {
        let answer = caller.try_sign_in(&tenant.email(OTHERS + n % SIGN_IN));
        assert_eq!(answer.status, 200, "{}", answer.body);
    })
}

fn importing(tenant: &Tenant, until: Instant) -> Latencies {
    let mut caller = tenant.caller(2);
    let reports = [report(10, 1), report(10, 2)];
    steadily(Duration::from_millis(500), until, |n| {
        let answer = caller.send("POST", &tenant.import("small"), SARIF, reports[n % 2].as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.body);
    })
}

/// From the call that assigns somebody until their open tab receiver of it.
fn notifying(tenant: &Tenant, until: Instant) -> Latencies {
    let (mut manager, ana) = (tenant.caller(3), tenant.caller(4));
    let mut stream = ana.stream().unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
            let arrived = line.contains("\"notification.created\"") || line.contains("\"ping\"");
            if arrived && sender.send(()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver.recv_timeout(PATIENCE).unwrap();
    steadily(Duration::from_millis(250), until, |n| {
        let finding = &tenant.findings[n % tenant.findings.len()];
        let path = format!("/findings/{finding}/assignees");
        for people in [vec![], vec![tenant.people[4].as_str()]] {
            let body = json!({"user_ids": people, "team_ids": []}).to_string();
            let answer = manager.send("POST", &path, JSON, body.as_bytes());
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        receiver.recv_timeout(PATIENCE).unwrap();
    })
}
