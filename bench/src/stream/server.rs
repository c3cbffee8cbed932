//! A server in its own process, which receives on standard input what to publish.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use crate::{bench::Population, process, servers::ours, step::Load};

/// How long a server may take to start, and to finish publishing after its time.
const TIMEOUT: Duration = Duration::from_mins(2);
/// How long a server may take to exit on its own.
const END: Duration = Duration::from_secs(3);

/// The kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The bare broadcaster, writing pending frames together.
    Bare,
    /// The bare broadcaster with one write per event and socket.
    Each,
    Ours,
    Nchan,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Bare, Self::Each, Self::Ours, Self::Nchan];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Each => "bare, one write each",
            Self::Ours => "ours",
            Self::Nchan => "Nchan",
        }
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) population: Population,
    pub(crate) address: SocketAddr,
    process: Child,
    /// The processes that do its work.
    pids: Vec<u32>,
    orders: Option<ChildStdin>,
    answers: Receiver<String>,
    /// The credentials of ours, by client.
    tokens: Vec<String>,
}

impl Server {
    /// Starts this program again as a server.
    pub(crate) fn start(kind: Kind, population: Population, arguments: &[String], folder: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = process.stdin.take();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (output, answers) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = output.send(line);
            }
        });
        let mut server = Self {
            kind,
            population,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            process,
            pids: Vec::new(),
            orders,
            answers,
            tokens: Vec::new(),
        };
        // From here on, dropping this ends the process.
        let ready = server.answers.recv_timeout(TIMEOUT).unwrap();
        let mut words = ready.split_whitespace();
        server.address = words.next().unwrap().parse().unwrap();
        server.pids = words.map(|pid| pid.parse().unwrap()).collect();
        if kind == Kind::Ours {
            server.tokens = ours::tokens(folder);
        }
        server
    }

    /// The company of a client.
    pub(crate) fn company(&self, client: usize) -> usize {
        client % self.population.companies
    }

    /// The request of a client that opens its stream.
    pub(crate) fn request(&self, client: usize) -> String {
        let company = self.company(client);
        let (path, line) = match self.kind {
            Kind::Bare | Kind::Each => (format!("/{company}"), String::new()),
            Kind::Nchan => (format!("/sub/{company}"), String::new()),
            Kind::Ours => ("/stream".to_owned(), self.credential(client)),
        };
        format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n{line}\r\n")
    }

    /// The header line with a client's credential.
    pub(crate) fn credential(&self, client: usize) -> String {
        format!("Authorization: Bearer {}\r\n", self.tokens[client])
    }

    /// Starts publishing; returns how many events it will be.
    pub(crate) fn publish(&mut self, load: Load) -> u64 {
        let events = load.events();
        let orders = self.orders.as_mut().unwrap();
        writeln!(orders, "{events} {} {}", load.rate, load.pad).unwrap();
        events
    }

    /// Waits until it has published everything.
    pub(crate) fn published(&self) {
        let done = self.answers.recv_timeout(TIMEOUT);
        assert!(done.is_ok(), "{} did not publish all", self.kind.name());
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        process::cpu_seconds(&self.pids)
    }

    pub(crate) fn memory_kb(&self) -> f64 {
        process::memory_kb(&self.pids)
    }

    pub(crate) fn descriptors(&self) -> usize {
        process::descriptors(&self.pids)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its input, and stops what it started itself.
        drop(self.orders.take());
        let asked = Instant::now();
        while asked.elapsed() < END {
            if self.process.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
