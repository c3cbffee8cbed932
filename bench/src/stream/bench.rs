//! What all scenarios share: the number of connections and rounds, and the worlds that the servers open.

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

/// For whom a server is started: so many clients, evenly of so many companies.
#[derive(Clone, Copy)]
pub(crate) struct House {
    pub(crate) connections: usize,
    pub(crate) companies: usize,
}

impl Bench {
    pub(crate) fn new(connections: usize, rounds: usize) -> Self {
        let has_nchan = nchan::missing().is_none_or(|problem| {
            println!("Nchan is left out: {problem}");
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

    /// These servers (those that there are) in turns, once in each round.
    pub(crate) fn turns(&self, kinds: &[Kind]) -> Vec<Kind> {
        let there: Vec<Kind> = kinds
            .iter()
            .copied()
            .filter(|kind| self.has_nchan || *kind != Kind::Nchan)
            .collect();
        there.repeat(self.rounds)
    }

    /// All connections, of one company.
    pub(crate) fn house(&self) -> House {
        House {
            connections: self.connections,
            companies: 1,
        }
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// A fresh server. The people of ours are made once, by a process of their own: what that takes is no part of the
    /// server's memory.
    pub(crate) fn start(&self, kind: Kind, house: House) -> Server {
        let companies = house.companies.to_string();
        let connections = house.connections.to_string();
        let folder = self.folder_of(house);
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
                    assert!(seeded.unwrap().success(), "the people were not made");
                }
                vec!["serve-ours".to_owned(), folder, connections]
            }
        };
        Server::start(kind, house, &arguments, &folder)
    }

    /// Has the people of a house made anew for the next server.
    pub(crate) fn forget(&self, house: House) {
        let _ = std::fs::remove_dir_all(self.folder_of(house));
    }

    fn folder_of(&self, house: House) -> PathBuf {
        let name = format!("{}-{}", house.connections, house.companies);
        self.folder.path().join(name)
    }
}

/// Waits until something is so, for a while.
pub(crate) async fn until(limit: Duration, what: &str, mut so: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !so() {
        assert!(started.elapsed() < limit, "gave up waiting: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
