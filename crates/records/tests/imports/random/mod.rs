//! Thousands of small random worlds, imported as files: what is on the list after each report, by the promises.
//!
//! A world is a few problems in a place of its own (a package, some files, a host's plugin, an alert) with a script of
//! what happens between reports and what people decide meanwhile. A report carries hundreds of worlds, so that many of
//! them are looked at in little time, and each of them is compared with a model that is written from the promises and
//! knows nothing of how entries are matched. `CAMPANILE_TEST_WORLDS` says how many worlds there are on each database,
//! `CAMPANILE_TEST_SEED` begins with another number than 1.

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

/// How many of a hundred worlds are of each tool. In all there are as many as `batch::WORLDS`.
const LINES: usize = 40;
const PACKAGES: usize = 20;
const HOSTS: usize = 20;
const ALERTS: usize = 20;

// promise: M1, M2, M3, M4, M5, M6
// promise: P1, P2, P3, P4
#[tokio::test]
async fn results_in_files_stay_themselves() {
    run::<Problems<Lines>>(LINES).await;
}

// promise: M1, M2, M3, M4, M5
// promise: P1, P2, P3, P4
#[tokio::test]
async fn components_stay_themselves() {
    run::<Problems<Packages>>(PACKAGES).await;
}

// promise: M2, M3, M4, M6
// promise: P1, P2, P3, P4
#[tokio::test]
async fn what_is_found_on_hosts_stays_itself() {
    run::<Problems<Hosts>>(HOSTS).await;
}

// promise: M2, M4
// promise: P1, P2, P3, P4
#[tokio::test]
async fn alerts_stay_themselves_while_their_places_come_and_go() {
    run::<Alerts>(ALERTS).await;
}
