//! One step: a server publishes for a while, and the clients record what arrives.

use std::time::{Duration, Instant};

use crate::{clients::Clients, server::Server};

/// Nothing more is expected after nothing has arrived for this long.
const QUIET: Duration = Duration::from_secs(1);
/// How long a step may take after its scheduled time.
const GIVE_UP: Duration = Duration::from_secs(20);

/// What is published.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Events a second, to one company after the other.
    pub(crate) rate: f64,
    pub(crate) time: Duration,
    /// By how many bytes each is padded.
    pub(crate) pad: usize,
}

impl Load {
    pub(crate) const fn new(rate: f64, time: Duration) -> Self {
        Self { rate, time, pad: 0 }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive"
    )]
    pub(crate) fn events(self) -> u64 {
        (self.rate * self.time.as_secs_f64()).ceil() as u64
    }
}

/// The result of a step.
pub(crate) struct Step {
    pub(crate) frames_a_second: f64,
    pub(crate) cpu_per_million: f64,
    /// From event to client, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) lost: u64,
}

/// Makes the server publish, and waits until the clients have everything or nothing more arrives.
pub(crate) async fn step(server: &mut Server, clients: &Clients, load: Load) -> Step {
    clients.forget_latencies();
    let (cpu, before, started) = (server.cpu_seconds(), clients.frames(), Instant::now());
    let events = server.publish(load);
    // Clients are spread over the companies as evenly as the events.
    let expected = events * clients.count() / server.population.companies as u64;
    let mut last = (before, Instant::now());
    while clients.frames() < before + expected {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let frames = clients.frames();
        if frames > last.0 {
            last = (frames, Instant::now());
        }
        let over = started.elapsed().saturating_sub(load.time);
        if over > GIVE_UP || over > QUIET && last.1.elapsed() > QUIET {
            break;
        }
    }
    let received = clients.frames() - before;
    let took = last.1.duration_since(started);
    server.published();
    let (p50, p99) = clients.latencies();
    Step {
        frames_a_second: received as f64 / took.as_secs_f64(),
        cpu_per_million: (server.cpu_seconds() - cpu) / (received as f64 / 1e6),
        p50,
        p99,
        lost: expected.saturating_sub(received),
    }
}
