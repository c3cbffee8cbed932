//! The tabs: they count frames, and one of them looks how long a frame took.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base::{Clock, Time};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Semaphore};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer anyone\r\n\r\n";
/// Braces of an event's frame; a ping has one, and chunk framing none.
const BRACES: u64 = 3;
/// How many connect at once.
const CONNECTING: usize = 64;

/// Clients that share their counts.
#[derive(Clone)]
pub(crate) struct Clients(Arc<Counts>);

struct Counts {
    connected: AtomicU64,
    braces: AtomicU64,
    latencies: Mutex<Vec<Duration>>,
    clock: Clock,
}

impl Clients {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Counts {
            connected: AtomicU64::new(0),
            braces: AtomicU64::new(0),
            latencies: Mutex::default(),
            clock: Clock::system(),
        }))
    }

    /// Opens so many more, each of which has had its ping at the end.
    pub(crate) async fn connect(&self, address: SocketAddr, count: usize) {
        let gate = Arc::new(Semaphore::new(CONNECTING));
        let before = self.0.connected.load(Ordering::Relaxed);
        for n in 0..count {
            let permit = Arc::clone(&gate).acquire_owned().await.unwrap();
            let counts = Arc::clone(&self.0);
            // The very first one of all looks at the times.
            let looks = before == 0 && n == 0;
            tokio::spawn(async move {
                let mut socket = TcpStream::connect(address).await.unwrap();
                socket.write_all(REQUEST).await.unwrap();
                drop(permit);
                read(&mut socket, &counts, looks).await;
            });
        }
        while self.count() < before + count as u64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.connected.load(Ordering::Relaxed)
    }

    /// Frames received by all of them, pings not counted.
    pub(crate) fn frames(&self) -> u64 {
        (self.0.braces.load(Ordering::Relaxed) - self.count()) / BRACES
    }

    pub(crate) fn forget_latencies(&self) {
        self.0.latencies.lock().unwrap().clear();
    }

    /// How long a frame took, 99 of 100.
    pub(crate) fn p99(&self) -> Duration {
        let mut latencies = self.0.latencies.lock().unwrap().clone();
        latencies.sort_unstable();
        latencies
            .get(latencies.len() * 99 / 100)
            .copied()
            .unwrap_or(Duration::MAX)
    }
}

#[expect(clippy::naive_bytecount, reason = "quick enough, and no dependency")]
async fn read(socket: &mut TcpStream, counts: &Counts, looks: bool) {
    let mut connected = false;
    loop {
        // The buffer is held only while there is something to read: ten thousand clients are one program.
        socket.readable().await.unwrap();
        let mut buffer = [0; 16 * 1024];
        let Ok(size) = socket.try_read(&mut buffer) else {
            continue;
        };
        if size == 0 {
            return;
        }
        let bytes = &buffer[..size];
        let braces = bytes.iter().filter(|byte| **byte == b'{').count();
        if looks {
            counts
                .latencies
                .lock()
                .unwrap()
                .extend(ages(bytes, counts.clock.now()));
        }
        counts.braces.fetch_add(braces as u64, Ordering::Relaxed);
        if !connected && braces > 0 {
            connected = true;
            counts.connected.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How old the events are whose time stands whole in these bytes.
fn ages(bytes: &[u8], now: Time) -> Vec<Duration> {
    let text = String::from_utf8_lossy(bytes);
    text.split("\"at\":\"")
        .skip(1)
        .filter_map(|from| from.split_once('"')?.0.parse::<Time>().ok())
        .map(|at| now.since(at))
        .collect()
}
