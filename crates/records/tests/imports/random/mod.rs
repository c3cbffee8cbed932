//! Thousands of small random worlds, imported as files: what must be in the list after each scan report, by the
//! promises.
//!
//! A world is a few problems in one place (a package, some files, a host's plugin, an alert) with a script of what
//! happens between scan reports and what users decide in the meantime. A scan report contains hundreds of worlds, so
//! that many of them are checked in little time, and each of them is compared with a model that is based on the
//! promises and does not know how entries are matched. `CAMPANILE_TEST_WORLDS` sets the number of worlds on each
//! database, `CAMPANILE_TEST_SEED` the first number instead of 1.

mod alerts;
mod batch;
mod change;
mod known;
mod lines;
mod model;
mod older;
mod others;
mod problem;
mod rows;
mod tool;

use self::{alerts::Alerts, batch::run, lines::Lines, model::Problems, others::Hosts, others::Packages};

/// How many of a hundred worlds are of each tool. In total there are `batch::WORLDS`.
const LINES: usize = 40;
const PACKAGES: usize = 20;
const HOSTS: usize = 20;
const ALERTS: usize = 20;

// promise: M1, M2, M3, M4, M5, M6
// promise: P1, P2, P3, P4
#[tokio::test]
async fn results_in_files_keep_their_identity() {
    run::<Problems<Lines>>(LINES).await;
}

// promise: M1, M2, M3, M4, M5
// promise: P1, P2, P3, P4
#[tokio::test]
async fn components_keep_their_identity() {
    run::<Problems<Packages>>(PACKAGES).await;
}

// promise: M2, M3, M4, M6
// promise: P1, P2, P3, P4
#[tokio::test]
async fn results_on_hosts_keep_their_identity() {
    run::<Problems<Hosts>>(HOSTS).await;
}

// promise: M2, M4
// promise: P1, P2, P3, P4
#[tokio::test]
async fn alerts_keep_their_identity_while_their_places_come_and_go() {
    run::<Alerts>(ALERTS).await;
}
