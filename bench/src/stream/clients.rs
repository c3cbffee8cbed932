//! The tabs: they count frames, and a sample of them measures how long a frame took.

use std::{
    cell::RefCell,
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base::{Clock, Time};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use crate::{bench::until, orders::MARK, server::Server};

/// How many connect at once, including responses: few enough for any listener's backlog.
const CONNECTING: usize = 128;
/// About how many of them measure times.
const MEASURING: usize = 200;
/// The receive buffer of clients that will stop reading, so that the server's side fills up.
const SMALL_BUFFER: u32 = 8 * 1024;
/// How long opening them all may take.
const TIMEOUT: Duration = Duration::from_mins(1);

thread_local! {
    /// Shared by all clients of a thread: ten thousand are in one program.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
}

/// Clients with shared counters. They disconnect when dropped.
pub(crate) struct Clients {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

/// A client to be opened.
#[derive(Clone, Copy)]
struct Opening {
    client: usize,
    wait: Duration,
    /// Whether it measures times.
    measures: bool,
}

struct Shared {
    narrow: bool,
    connected: AtomicU64,
    frames: AtomicU64,
    paused: AtomicBool,
    /// In microseconds.
    latencies: Mutex<Vec<u32>>,
    ports: Mutex<Vec<u16>>,
    retries: Mutex<Vec<Duration>>,
    clock: Clock,
}

impl Clients {
    pub(crate) fn new() -> Self {
        Self::with(false)
    }

    /// Clients with small receive buffers.
    pub(crate) fn narrow() -> Self {
        Self::with(true)
    }

    fn with(narrow: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                narrow,
                connected: AtomicU64::new(0),
                frames: AtomicU64::new(0),
                paused: AtomicBool::new(false),
                latencies: Mutex::default(),
                ports: Mutex::default(),
                retries: Mutex::default(),
                clock: Clock::system(),
            }),
            tasks: JoinSet::new(),
        }
    }

    /// Opens the streams of these users; returns how long it took until the last response.
    pub(crate) async fn connect(&mut self, server: &Server, people: Range<usize>) -> Duration {
        let started = Instant::now();
        let gate = Arc::new(Semaphore::new(CONNECTING));
        let target = self.count() + people.len() as u64;
        // No common divisor with the number of companies, so that all companies have measuring clients.
        let every = people.len() / MEASURING / 10 * 10 + 1;
        for client in people {
            let permit = Arc::clone(&gate).acquire_owned().await.unwrap();
            let measures = client % every == 0;
            let wait = Duration::ZERO;
            self.open(
                server,
                Opening {
                    client,
                    wait,
                    measures,
                },
                Some(permit),
            );
        }
        self.all(target).await;
        started.elapsed()
    }

    /// Opens one stream per wait, each after its wait; returns how long it took.
    pub(crate) async fn connect_after(&mut self, server: &Server, waits: &[Duration]) -> Duration {
        let started = Instant::now();
        let target = self.count() + waits.len() as u64;
        for (client, wait) in waits.iter().enumerate() {
            let (wait, measures) = (*wait, false);
            self.open(
                server,
                Opening {
                    client,
                    wait,
                    measures,
                },
                None,
            );
        }
        self.all(target).await;
        started.elapsed()
    }

    async fn all(&self, target: u64) {
        until(TIMEOUT, "not every stream was opened", || self.count() >= target).await;
    }

    fn open(&mut self, server: &Server, opening: Opening, permit: Option<OwnedSemaphorePermit>) {
        let (address, request) = (server.address, server.request(opening.client));
        let shared = Arc::clone(&self.shared);
        self.tasks.spawn(async move {
            tokio::time::sleep(opening.wait).await;
            let socket = connected(address, shared.narrow, &request).await;
            let port = socket.local_addr().unwrap().port();
            shared.ports.lock().unwrap().push(port);
            read(&socket, &shared, opening.measures, permit).await;
        });
    }

    /// How many are open.
    pub(crate) fn count(&self) -> u64 {
        self.shared.connected.load(Ordering::Relaxed)
    }

    /// Frames received by all of them.
    pub(crate) fn frames(&self) -> u64 {
        self.shared.frames.load(Ordering::Relaxed)
    }

    /// Makes all of them stop reading permanently.
    pub(crate) fn stop_reading(&self) {
        self.shared.paused.store(true, Ordering::Relaxed);
    }

    pub(crate) fn ports(&self) -> Vec<u16> {
        self.shared.ports.lock().unwrap().clone()
    }

    /// The reconnect delay that each received; clients without one draw from the same range.
    pub(crate) fn retries(&self) -> Vec<Duration> {
        let mut retries = self.shared.retries.lock().unwrap().clone();
        while (retries.len() as u64) < self.count() {
            retries.push(Duration::from_secs_f64(1.0 + 4.0 * self.shared.clock.fraction()));
        }
        retries
    }

    pub(crate) fn forget_latencies(&self) {
        self.shared.latencies.lock().unwrap().clear();
    }

    /// The latency of frames in milliseconds: p50 and p99.
    pub(crate) fn latencies(&self) -> (f64, f64) {
        let mut latencies = self.shared.latencies.lock().unwrap().clone();
        latencies.sort_unstable();
        let at = |percent: usize| {
            let found = latencies.get(latencies.len() * percent / 100);
            found.map_or(f64::INFINITY, |micros| f64::from(*micros) / 1e3)
        };
        (at(50), at(99))
    }
}

/// A connection on which the request was sent.
pub(crate) async fn connected(address: SocketAddr, narrow: bool, request: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    if narrow {
        socket.set_recv_buffer_size(SMALL_BUFFER).unwrap();
    }
    let mut socket = socket.connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

async fn read(socket: &TcpStream, shared: &Shared, measures: bool, mut permit: Option<OwnedSemaphorePermit>) {
    // The response head and the greeting may arrive in two pieces.
    let mut greeted = 0;
    loop {
        let _ = socket.readable().await;
        if shared.paused.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let more = BUFFER.with_borrow_mut(|buffer| {
            let Ok(size) = socket.try_read(buffer) else {
                return true;
            };
            let bytes = &buffer[..size];
            if greeted < 2 {
                shared.greet(bytes, greeted == 0);
                // The next may connect.
                permit = None;
                greeted += 1;
            }
            if measures {
                let ages = ages(bytes, shared.clock.now());
                shared.latencies.lock().unwrap().extend(ages);
            }
            shared.frames.fetch_add(marks(bytes), Ordering::Relaxed);
            size > 0
        });
        if !more {
            return;
        }
    }
}

impl Shared {
    fn greet(&self, bytes: &[u8], first: bool) {
        if first {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]);
            assert!(text.starts_with("HTTP/1.1 200 "), "refused: {text}");
            self.connected.fetch_add(1, Ordering::Relaxed);
        }
        let text = String::from_utf8_lossy(bytes);
        let delay = text
            .split_once("retry: ")
            .and_then(|(_, rest)| rest.split_once('\n'));
        if let Some(millis) = delay.and_then(|(millis, _)| millis.trim().parse().ok()) {
            self.retries.lock().unwrap().push(Duration::from_millis(millis));
        }
    }
}

/// How many frames begin in these bytes. In pieces small enough for a counter of one byte: the compiler makes that
/// fast.
fn marks(bytes: &[u8]) -> u64 {
    let count = |piece: &[u8]| piece.iter().map(|byte| u8::from(*byte == MARK)).sum::<u8>();
    bytes.chunks(255).map(|piece| u64::from(count(piece))).sum()
}

/// The ages of the events whose complete time is in these bytes, in microseconds.
fn ages(bytes: &[u8], now: Time) -> impl Iterator<Item = u32> {
    times(bytes).map(move |at| u32::try_from(now.since(at).as_micros()).unwrap_or(u32::MAX))
}

/// The complete times in these bytes.
pub(crate) fn times(bytes: &[u8]) -> impl Iterator<Item = Time> {
    // Times are ASCII.
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let after = text.split("\"at\":\"").skip(1);
    after.filter_map(|from| from.split_once('"')?.0.parse().ok())
}
