//! A server as a process of its own, told over its standard input what to publish.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use base::{Audience, Clock, Event, Id, Kind, Severity, Subject, SubjectType};

use crate::clients::Clients;

/// A running server.
pub(crate) struct Server {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

/// What one step of publishing did.
pub(crate) struct Step {
    pub(crate) frames_a_second: f64,
    pub(crate) cpu_per_million: f64,
    pub(crate) p99: Duration,
    pub(crate) lost: u64,
}

impl Server {
    /// Starts this program again as a server.
    pub(crate) fn start(kind: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg(kind)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let mut answers = BufReader::new(process.stdout.take().unwrap());
        let mut address = String::new();
        answers.read_line(&mut address).unwrap();
        Self {
            process,
            orders,
            answers,
            address: address.trim().parse().unwrap(),
        }
    }

    /// Has it publish so many events a second for so long, and waits until the clients have them or nothing more
    /// comes.
    pub(crate) async fn step(&mut self, clients: &Clients, rate: u64, time: Duration) -> Step {
        let events = rate * time.as_secs();
        let (cpu, before, started) = (self.cpu_seconds(), clients.frames(), Instant::now());
        clients.forget_latencies();
        writeln!(self.orders, "{events} {rate}").unwrap();
        let expected = before + events * clients.count();
        let mut last = (clients.frames(), Instant::now());
        let mut finished = Instant::now();
        while clients.frames() < expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
            finished = Instant::now();
            if clients.frames() > last.0 {
                last = (clients.frames(), finished);
            } else if started.elapsed() > time && last.1.elapsed() > Duration::from_secs(1) {
                break;
            }
        }
        let mut done = String::new();
        self.answers.read_line(&mut done).unwrap();
        let received = clients.frames() - before;
        Step {
            frames_a_second: received as f64 / finished.duration_since(started).as_secs_f64(),
            cpu_per_million: (self.cpu_seconds() - cpu) / (received as f64 / 1e6),
            p99: clients.p99(),
            lost: expected.saturating_sub(clients.frames()),
        }
    }

    /// User and system time of its process so far.
    fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks = |n: usize| fields[n].parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / 100.0
    }

    /// Its memory, in KB.
    pub(crate) fn resident_kb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The server's side: says where it listens, then publishes as it is told, until its input ends.
pub(crate) fn obey(address: SocketAddr, company: Id, mut publish: impl FnMut(Event)) {
    println!("{address}");
    let clock = Clock::system();
    for order in std::io::stdin().lines().map_while(Result::ok) {
        let (events, rate) = order.split_once(' ').unwrap();
        let (events, rate): (u32, u32) = (events.parse().unwrap(), rate.parse().unwrap());
        let started = Instant::now();
        for n in 0..events {
            let due = started + Duration::from_secs(1) * n / rate;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            publish(event(&clock, company));
        }
        println!("done");
    }
}

fn event(clock: &Clock, company: Id) -> Event {
    let subject = Subject {
        kind: SubjectType::Finding,
        id: clock.id(),
    };
    let audience = Audience::Company(company);
    let mut event = Event::new(clock, Kind::FindingUpdated, audience, subject);
    event.severity = Some(Severity::High);
    event.data.insert("title".to_owned(), "SQL injection".into());
    event
}
