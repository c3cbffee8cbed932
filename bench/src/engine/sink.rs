//! An HTTP server on loopback that accepts requests to [`PATH`] at once. It also accepts requests to other paths of the same
//! host, or accepts them and never answers.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base::Id;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{emit::Announced, figures::Times};

/// The path whose posts are counted.
const PATH: &str = "/hook";

/// A server; stopped when dropped.
pub(crate) struct Sink {
    port: u16,
    arrivals: Arc<Arrivals>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Arrivals {
    posts: AtomicU64,
    /// When each event first arrived here.
    first: Mutex<HashMap<Id, Instant>>,
}

impl Sink {
    /// Accepts every post and records when the first one of each event came to [`PATH`].
    pub(crate) async fn taking() -> Self {
        Self::new(true).await
    }

    /// The same, but does not respond to posts to other paths.
    pub(crate) async fn hanging_elsewhere() -> Self {
        Self::new(false).await
    }

    /// The URL that is counted.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Other URLs of the same host.
    pub(crate) fn neighbors(&self, count: usize) -> Vec<String> {
        (0..count)
            .map(|n| format!("http://127.0.0.1:{}/neighbor/{n}", self.port))
            .collect()
    }

    async fn new(answers_all: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let arrivals = Arc::new(Arrivals::default());
        let mut tasks = JoinSet::new();
        let heard = Arc::clone(&arrivals);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(converse(stream, Arc::clone(&heard), answers_all));
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            port,
            arrivals,
            _tasks: tasks,
        }
    }

    pub(crate) fn posts(&self) -> u64 {
        self.arrivals.posts.load(Ordering::Relaxed)
    }

    /// How long each event took from the start of its write until it arrived here; waits for all of them.
    pub(crate) async fn times(&self, announced: &Announced) -> Times {
        let taken = |id| self.arrivals.first.lock().unwrap().get(id).copied();
        let mut times = Vec::with_capacity(announced.began.len());
        for (id, began) in &announced.began {
            let arrived = loop {
                match taken(id) {
                    Some(arrived) => break arrived,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            };
            times.push(arrived.duration_since(*began));
        }
        Times::new(times)
    }
}

async fn converse(mut stream: TcpStream, arrivals: Arc<Arrivals>, answers_all: bool) {
    let mut request = Vec::with_capacity(2048);
    while let Ok(read) = stream.read_buf(&mut request).await {
        if read == 0 {
            return;
        }
        let counted = request.starts_with(b"POST /hook ");
        if (counted || answers_all)
            && let Some(body) = body(&request)
        {
            if counted {
                arrivals.note(body);
            }
            request.clear();
            if stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

impl Arrivals {
    fn note(&self, body: &[u8]) {
        self.posts.fetch_add(1, Ordering::Relaxed);
        if let Some(event) = event_of(body) {
            let mut first = self.first.lock().unwrap();
            first.entry(event).or_insert_with(Instant::now);
        }
    }
}

/// The request's body, once it is complete.
fn body(request: &[u8]) -> Option<&[u8]> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = str::from_utf8(&request[..end]).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let body = &request[end + 4..];
    (body.len() >= length.unwrap_or_default()).then_some(body)
}

fn event_of(body: &[u8]) -> Option<Id> {
    let (_, after) = str::from_utf8(body).ok()?.split_once("\"event_id\":\"")?;
    after.get(..36)?.parse().ok()
}
