//! Users sign out while events flow: how long until their streams deliver nothing more, and are closed. Measured from
//! the request to sign out, so including its commit. The baselines have no such feature.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use base::{Clock, Time};
use tokio::task::JoinHandle;

use crate::{
    bench::{Bench, Population},
    clients::{Clients, connected, times},
    http::Requester,
    orders::MARK,
    report::{Bound, Report},
    server::{Kind, Server},
    step::Load,
};

/// Each client belongs to one of these, so it gets a tenth of the events.
const COMPANIES: usize = 10;
const LOAD: Load = Load::new(1_000.0, Duration::from_secs(8));
/// When the first one signs out, and over how long all do.
const BEGIN: Duration = Duration::from_secs(1);
const OVER: Duration = Duration::from_secs(5);

const LAST: &str = "ms to the last frame";
const LATE: &str = "frames of events after it";

pub(crate) fn run(bench: &Bench) {
    let mut report = Report::new();
    for _ in bench.turns(&[Kind::Ours]) {
        bench.block_on(measure(bench, &mut report));
    }
    report.print();
    report.hold(&format!("{LAST}, max"), None, &Bound::AtMost(100.0));
    report.hold(LATE, None, &Bound::AtMost(0.0));
}

async fn measure(bench: &Bench, report: &mut Report) {
    let population = Population {
        connections: bench.connections / 10,
        companies: COMPANIES,
    };
    let leaving = population.connections / 10;
    let mut server = bench.start(Kind::Ours, population);
    let watched: Vec<JoinHandle<Seen>> = (0..leaving).map(|client| watch(&server, client)).collect();
    let mut others = Clients::new();
    others.connect(&server, leaving..population.connections).await;
    server.publish(LOAD);
    let credentials: Vec<String> = (0..leaving).map(|client| server.credential(client)).collect();
    let address = server.address;
    let signed_out = tokio::task::spawn_blocking(move || sign_out(address, &credentials));
    let signed_out = signed_out.await.unwrap();
    let (mut last, mut closed, mut late) = (Vec::new(), Vec::new(), 0);
    for (seen, (asked, answered)) in watched.into_iter().zip(signed_out) {
        let limit = Duration::from_secs(30);
        let seen = tokio::time::timeout(limit, seen).await;
        assert!(seen.is_ok(), "a stream stayed open after its session ended");
        let seen = seen.unwrap().unwrap();
        assert!(
            times(&seen.bytes).next().is_some(),
            "nothing arrived before it either"
        );
        last.push(seen.last.since(asked).as_secs_f64() * 1e3);
        closed.push(seen.closed.since(asked).as_secs_f64() * 1e3);
        late += times(&seen.bytes).filter(|at| *at > answered).count();
    }
    for (name, mut values) in [(LAST, last), ("ms to the end", closed)] {
        values.sort_by(f64::total_cmp);
        report.note(Kind::Ours, &format!("{name}, p50"), values[values.len() / 2]);
        report.note(
            Kind::Ours,
            &format!("{name}, p99"),
            values[values.len() * 99 / 100],
        );
        report.note(Kind::Ours, &format!("{name}, max"), values[values.len() - 1]);
    }
    report.note(Kind::Ours, LATE, late as f64);
    drop(server);
    // Their sessions have ended.
    bench.forget(population);
}

/// What a client that signs out received.
struct Seen {
    bytes: Vec<u8>,
    /// When the last frame arrived.
    last: Time,
    /// When the stream ended.
    closed: Time,
}

fn watch(server: &Server, client: usize) -> JoinHandle<Seen> {
    let (address, request) = (server.address, server.request(client));
    tokio::spawn(async move {
        let clock = Clock::system();
        let socket = connected(address, false, &request).await;
        let mut bytes = Vec::new();
        let mut last = clock.now();
        loop {
            let already = bytes.len();
            let _ = socket.readable().await;
            let mut buffer = [0; 4096];
            let ended = match socket.try_read(&mut buffer) {
                Ok(size) => {
                    bytes.extend_from_slice(&buffer[..size]);
                    size == 0
                }
                Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
            };
            let now = clock.now();
            if bytes[already..].contains(&MARK) {
                last = now;
            }
            // The last chunk ends the stream, whatever happens to the connection.
            if ended || bytes.ends_with(b"\r\n0\r\n\r\n") {
                return Seen {
                    bytes,
                    last,
                    closed: now,
                };
            }
        }
    })
}

/// Signs them out one after another; returns when each was requested and answered.
fn sign_out(address: SocketAddr, credentials: &[String]) -> Vec<(Time, Time)> {
    let clock = Clock::system();
    let started = Instant::now() + BEGIN;
    std::thread::sleep(BEGIN);
    let mut session = Requester::new(address);
    let mut all = Vec::new();
    for (credential, n) in credentials.iter().zip(0..) {
        let due = started + OVER * n / u32::try_from(credentials.len()).unwrap();
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let asked = clock.now();
        let status = session.ask("POST /auth/logout", credential, b"");
        all.push((asked, clock.now()));
        assert_eq!(status, 204, "signing out");
    }
    all
}
