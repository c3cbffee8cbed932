//! The process crashes under load repeatedly, with other failures: nothing is lost, no inbox row is duplicated, and
//! no destination gets more extra copies than there are attempts with an unknown outcome.

mod checker;
mod clock_set;
mod interrupted_import;
mod ledger;
mod poison;
mod refused;
mod suspended;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use base::Clock;
use futures_util::future::join_all;

use crate::support::{Client, Database, Process, databases, eventually};
use ledger::Ledger;

pub(crate) use checker::open;

/// How often it crashes on each database; `CAMPANILE_TEST_KILLS` can raise it.
const KILLS: usize = 150;
/// Every second crash is at one of these points, on the Nth pass, N up to this.
const CRASH_POINTS: &[(&str, u64)] = &[
    ("store.committed", 12),
    ("notify.planning", 6),
    ("notify.planned", 6),
    ("notify.before_send", 12),
    ("notify.sent", 12),
];
/// The other crashes are a SIGKILL after at most this number of acknowledged requests.
const MAX_ACKNOWLEDGED: u64 = 16;
/// How many clients write concurrently.
const CALLERS: usize = 4;
/// One in this many findings is also assigned to a team: a chat takes one message a second.
const TEAM_EVERY: u64 = 24;

// promise: B2, B3, F1, F2, I1
#[tokio::test(flavor = "multi_thread")]
async fn crashing_under_load_loses_nothing_and_duplicates_no_row() {
    let kills = std::env::var("CAMPANILE_TEST_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(KILLS);
    let databases = databases().await;
    for line in join_all(databases.iter().map(|database| crash_repeatedly(database, kills))).await {
        println!("{line}");
    }
}

/// Crashes the server on this database this often, then checks all results. Returns a summary as
/// text.
async fn crash_repeatedly(database: &Database, kills: usize) -> String {
    let ledger = Ledger::open(database, &[]).await;
    let clock = Clock::system();
    for death in 0..kills {
        let (mut settings, mut kill_after) = (ledger.settings(&[]), u64::MAX);
        if death % 2 == 0 {
            let (place, most) = CRASH_POINTS[death / 2 % CRASH_POINTS.len()];
            let failpoint = format!("{place}={}", upto(&clock, most));
            settings.push(("CAMPANILE_FAILPOINT", failpoint));
        } else {
            kill_after = upto(&clock, MAX_ACKNOWLEDGED);
        }
        if let Some(process) = Process::start(database, &settings) {
            let manager = ledger.manager(&process);
            run_until_crash(process, &manager, &ledger, kill_after).await;
        }
    }
    let counted = ledger.check().await;
    format!(
        "{}: {kills} deaths, {} acknowledged, {counted}",
        database.name,
        ledger.acknowledged()
    )
}

/// A number from 1 to `most`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small"
)]
fn upto(clock: &Clock, most: u64) -> u64 {
    1 + (clock.fraction() * most as f64) as u64
}

/// One run: clients create findings with assignees until the process crashes at a failpoint, or is killed during
/// requests.
async fn run_until_crash(process: Process, manager: &Client, ledger: &Ledger<'_>, kill_after: u64) {
    let process = Arc::new(Mutex::new(process));
    let acknowledged = AtomicU64::new(0);
    let write = || async {
        while ledger
            .assign(manager, |number| number.is_multiple_of(TEAM_EVERY))
            .await
            .is_some()
        {
            if acknowledged.fetch_add(1, Ordering::Relaxed) + 1 == kill_after {
                process.lock().unwrap().kill();
            }
        }
    };
    join_all((0..CALLERS).map(|_| write())).await;
    eventually("the end of the process", || {
        let ended = process.lock().unwrap().ended();
        async move { ended.then_some(()) }
    })
    .await;
}
