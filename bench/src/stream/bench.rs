//! What all scenarios share: the number of connections and rounds, and the servers' data.

use std::{path::PathBuf, process::Command, time::Duration};

use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    server::{Kind, Server},
    servers::nchan,
};

pub(crate) struct Bench {
    pub(crate) connections: usize,
    rounds: usize,
    runtime: Runtime,
    folder: TempDir,
    has_nchan: bool,
}

/// The clients of a server: their number, spread evenly over a number of companies.
#[derive(Clone, Copy)]
pub(crate) struct Population {
    pub(crate) connections: usize,
    pub(crate) companies: usize,
}

impl Bench {
    pub(crate) fn new(connections: usize, rounds: usize) -> Self {
        let has_nchan = nchan::missing().is_none_or(|problem| {
            println!("Nchan is skipped: {problem}");
            false
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        Self {
            connections,
            rounds,
            runtime,
            folder: tempfile::tempdir().unwrap(),
            has_nchan,
        }
    }

    /// These servers (the available ones) alternating, once in each round.
    pub(crate) fn turns(&self, kinds: &[Kind]) -> Vec<Kind> {
        let there: Vec<Kind> = kinds
            .iter()
            .copied()
            .filter(|kind| self.has_nchan || *kind != Kind::Nchan)
            .collect();
        there.repeat(self.rounds)
    }

    /// All connections, of one company.
    pub(crate) fn population(&self) -> Population {
        Population {
            connections: self.connections,
            companies: 1,
        }
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// A fresh server. The users of ours are created once, by a separate process: the memory for that is not part of the
    /// server's memory.
    pub(crate) fn start(&self, kind: Kind, population: Population) -> Server {
        let companies = population.companies.to_string();
        let connections = population.connections.to_string();
        let folder = self.folder_of(population);
        let arguments = match kind {
            Kind::Bare => vec!["serve-bare".to_owned(), companies],
            Kind::Each => vec!["serve-each".to_owned(), companies],
            Kind::Nchan => {
                let folder = self.folder.path().join("nchan");
                vec!["serve-nchan".to_owned(), companies, folder.display().to_string()]
            }
            Kind::Ours => {
                let folder = folder.display().to_string();
                if !std::fs::exists(&folder).unwrap() {
                    let mut seed = Command::new(std::env::current_exe().unwrap());
                    let seeded = seed.args(["seed", &folder, &connections, &companies]).status();
                    assert!(seeded.unwrap().success(), "the users could not be created");
                }
                vec!["serve-ours".to_owned(), folder, connections]
            }
        };
        Server::start(kind, population, &arguments, &folder)
    }

    /// Has the users created again for the next server.
    pub(crate) fn forget(&self, population: Population) {
        let _ = std::fs::remove_dir_all(self.folder_of(population));
    }

    fn folder_of(&self, population: Population) -> PathBuf {
        let name = format!("{}-{}", population.connections, population.companies);
        self.folder.path().join(name)
    }
}

/// Waits until a condition holds, up to a limit.
pub(crate) async fn until(limit: Duration, what: &str, mut so: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !so() {
        assert!(started.elapsed() < limit, "gave up waiting: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
