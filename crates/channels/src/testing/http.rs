//! An HTTP server that keeps what it receives and answers as configured.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::Stream;

/// How a connection is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answering {
    /// A status, header lines without their line ends, a body.
    With(u16, Vec<String>, Vec<u8>),
    /// No response, and the connection stays open.
    Hang,
    /// Nothing is read either.
    Deaf,
    /// The connection is closed before anything is read.
    Slam,
    /// The request is read, then the connection is closed.
    Leave,
    /// A head, then a byte of the body at intervals, without an end.
    Drip(Duration),
    /// A byte of the head at intervals, without an end.
    DripHead(Duration),
    /// 200 and a body of this many bytes, as fast as they are read.
    Flood(u64),
    /// Endless interim responses (103).
    Interim,
    /// Raw bytes instead of a response.
    Raw(Vec<u8>),
}

impl Answering {
    /// A status, nothing else.
    pub const fn status(status: u16) -> Self {
        Self::With(status, Vec::new(), Vec::new())
    }

    /// A status with one header line.
    pub fn header(status: u16, line: &str) -> Self {
        Self::With(status, vec![line.to_owned()], Vec::new())
    }
}

/// A received request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method, target and version.
    pub line: String,
    /// Names in lower case and values, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value; empty if absent.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<Request>,
    answered: usize,
}

/// An HTTP server on this machine.
pub struct HttpSink {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    answering: Arc<Mutex<Answering>>,
    held: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl HttpSink {
    /// A server on a free port of 127.0.0.1, with TLS if given, that answers every request alike.
    pub async fn start(tls: Option<TlsAcceptor>, answering: Answering) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (seen, answering) = (Arc::<Mutex<Seen>>::default(), Arc::new(Mutex::new(answering)));
        let (held, holding) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let part = Part {
            tls,
            seen: Arc::clone(&seen),
            holding,
        };
        tasks.spawn(accept(listener, part, Arc::clone(&answering)));
        Self {
            address,
            seen,
            answering,
            held,
            _tasks: tasks,
        }
    }

    /// Its address.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How requests are answered from now on.
    pub fn answer(&self, answering: Answering) {
        *self.answering.lock().unwrap_or_else(PoisonError::into_inner) = answering;
    }

    /// Whether requests are only read from now on, and answered once this is turned off.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// How many requests were answered completely.
    pub fn answered(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).answered
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .connections
    }

    /// The requests that were read completely.
    pub fn requests(&self) -> Vec<Request> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .requests
            .clone()
    }

    /// Waits until there are this many requests, at most ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Request> {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let requests = self.requests();
            if requests.len() >= count {
                return requests;
            }
            assert!(
                Instant::now() < end,
                "{} of {count} requests came",
                requests.len()
            );
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// What a connection needs.
#[derive(Clone)]
struct Part {
    tls: Option<TlsAcceptor>,
    seen: Arc<Mutex<Seen>>,
    holding: watch::Receiver<bool>,
}

impl Part {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, part: Part, answering: Arc<Mutex<Answering>>) {
    let mut connections = JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        part.seen().connections += 1;
        let answering = answering.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let part = part.clone();
        connections.spawn(async move {
            // What the other side does to its connection is up to the test.
            let _ = serve(tcp, part, answering).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(tcp: TcpStream, mut part: Part, answering: Answering) -> io::Result<()> {
    if answering == Answering::Slam {
        return Ok(());
    }
    let mut stream: Box<dyn Stream> = match part.tls.take() {
        Some(tls) => Box::new(tls.accept(tcp).await?),
        None => Box::new(tcp),
    };
    if answering == Answering::Deaf {
        sleep(Duration::from_mins(10)).await;
        return Ok(());
    }
    let request = read(&mut stream).await?;
    part.seen().requests.push(request);
    // Without the server that holds it the test is over.
    let _ = part.holding.wait_for(|held| !held).await;
    answer(&mut stream, answering).await?;
    stream.shutdown().await?;
    part.seen().answered += 1;
    Ok(())
}

async fn read(stream: &mut Box<dyn Stream>) -> io::Result<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Request { line, headers, body })
}

async fn answer(stream: &mut Box<dyn Stream>, answering: Answering) -> io::Result<()> {
    match answering {
        Answering::With(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
            for line in headers {
                head.push_str(&line);
                head.push_str("\r\n");
            }
            stream.write_all(format!("{head}\r\n").as_bytes()).await?;
            stream.write_all(&body).await
        }
        Answering::Hang | Answering::Deaf => {
            sleep(Duration::from_mins(10)).await;
            Ok(())
        }
        Answering::Slam | Answering::Leave => Ok(()),
        Answering::Drip(pause) => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
                .await?;
            drip(stream, b"x", pause).await
        }
        Answering::DripHead(pause) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-long: ").await?;
            drip(stream, b"x", pause).await
        }
        Answering::Flood(bytes) => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let chunk = vec![b'x'; 64 * 1024];
            for _ in 0..bytes.div_ceil(64 * 1024) {
                stream.write_all(&chunk).await?;
            }
            Ok(())
        }
        Answering::Interim => {
            drip(
                stream,
                b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
                Duration::ZERO,
            )
            .await
        }
        Answering::Raw(bytes) => stream.write_all(&bytes).await,
    }
}

async fn drip(stream: &mut Box<dyn Stream>, drop: &[u8], pause: Duration) -> io::Result<()> {
    loop {
        // Ends when the other side has disconnected, even when it no longer reads.
        timeout(Duration::from_secs(30), stream.write_all(drop)).await??;
        stream.flush().await?;
        sleep(pause).await;
    }
}
