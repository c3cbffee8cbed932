//! The accept loop: connections with deadlines, with or without TLS, and an end that lets answers finish.

#[cfg(test)]
mod tests;
mod timer;

use std::{convert::Infallible, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use access::Peer;
use axum::{extract::ConnectInfo, response::Response};
use base::{Throttle, patience};
use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use ipnet::IpNet;
use realtime::{Handover, Hangup, handover::Taken};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_rustls::TlsAcceptor;
use tower::Service;

use crate::{
    door::Door,
    idle::{Activity, Idle, Place},
    proxies, tls,
};
use timer::Unhurried;

/// How long a client may take for the handshake of TLS and for the head of a request, and be silent between two: a slow
/// one holds a socket no longer.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection of HTTP/2 may stay after its last answer. Longer than between two requests of HTTP/1.1, because
/// a page's later requests are to find it.
const REST: Duration = Duration::from_mins(1);
/// How long a client that was told to go may take for it.
const GOODBYE: Duration = Duration::from_secs(1);
/// The largest head of a request, in bytes.
const HEAD_BYTES: u16 = 32 * 1024;
/// How long answers that are under way may take once the server stops.
const DRAIN: Duration = Duration::from_secs(5);
/// After how long a connection ends whose client acknowledges nothing, or takes nothing in (`TCP_USER_TIMEOUT`, RFC 5482;
/// Linux counts a window that stays closed too): the deadline of what is written.
const SILENCE: Duration = Duration::from_mins(1);
/// How much the kernel takes for a client before it is sent (`TCP_NOTSENT_LOWAT`, tcp(7)), in bytes: the rest waits where
/// it is bounded and counted.
const UNSENT: u32 = 64 * 1024;
/// How a client begins that speaks HTTP/2 without TLS (RFC 9113, section 3.4); no method of HTTP/1.1 begins so.
const PREFACE: &[u8] = b"PRI ";
/// How long to wait for the rest of so few bytes.
const GLANCE: Duration = Duration::from_millis(10);

/// How connections are dealt with.
#[derive(Clone)]
pub struct Rules {
    /// TLS, if there is a certificate.
    pub tls: Option<TlsAcceptor>,
    /// How long a client has for the handshake of TLS, and for each head.
    pub patience: Duration,
    /// How long a connection of HTTP/2 may stay on which nothing is asked any more.
    pub rest: Duration,
    /// The proxies in front: what they say of a caller's address is believed, and they may keep any number of connections.
    pub trusted: Arc<[IpNet]>,
}

impl Rules {
    /// The usual ones.
    pub fn new(tls: Option<TlsAcceptor>, trusted: &[IpNet]) -> Self {
        Self {
            tls,
            patience: HEADER_TIMEOUT,
            rest: REST,
            trusted: trusted.into(),
        }
    }
}

/// Serves until `stop` says so, then lets the requests under way finish.
pub async fn serve(listener: TcpListener, rules: Rules, door: Door, mut stop: watch::Receiver<bool>) {
    let idle = Idle::default();
    // Nobody sends: the channel closes when the last connection has let go of its end.
    let (alive, mut ended) = mpsc::channel::<Infallible>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                not_accepted(&error);
                // Out of descriptors, most often: the next try needs some to be closed first.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        bound(&stream);
        let line = Line {
            door: door.clone(),
            peer,
            rules: rules.clone(),
            hangup: Hangup::default(),
            activity: Activity::default(),
            idle: idle.clone(),
        };
        let (stop, alive) = (stop.clone(), alive.clone());
        tokio::spawn(async move {
            line.serve(stream, stop).await;
            drop(alive);
        });
    }
    drop((listener, alive));
    if tokio::time::timeout(DRAIN, ended.recv()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

/// Says that connections are not accepted, once a minute.
fn not_accepted(error: &std::io::Error) {
    static SAID: Throttle = Throttle::new();
    if let Some(times) = SAID.due() {
        tracing::warn!(
            %error,
            times,
            "connections were not accepted; with \"too many open files\" raise the limit of descriptors (LimitNOFILE, ulimit -n)"
        );
    }
}

/// Sets what the kernel does for a connection. None of it is worth losing one over.
fn bound(stream: &TcpStream) {
    // Frames and small answers leave at once.
    let _ = stream.set_nodelay(true);
    let options = SockRef::from(stream);
    let _ = options.set_tcp_user_timeout(Some(SILENCE));
    let _ = options.set_tcp_notsent_lowat(UNSENT);
}

/// One connection: what its requests are answered with, and what may end it.
#[derive(Clone)]
struct Line {
    door: Door,
    peer: SocketAddr,
    rules: Rules,
    hangup: Hangup,
    activity: Activity,
    idle: Idle,
}

impl Line {
    async fn serve(self, stream: TcpStream, stop: watch::Receiver<bool>) {
        match self.rules.tls.clone() {
            // Apart, so that what TLS needs makes no plain connection's task larger.
            Some(tls) => Box::pin(self.secure(stream, tls, stop)).await,
            None => self.plain(stream, stop).await,
        }
    }

    /// Without TLS: the first bytes say which HTTP.
    async fn plain(self, stream: TcpStream, mut stop: watch::Receiver<bool>) {
        let spoken = tokio::select! {
            spoken = patience::within(self.rules.patience, speaks_http2(&stream)) => spoken,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match spoken {
            Some(Ok(true)) => self.http2(stream, stop).await,
            Some(Ok(false)) => {
                if let Some((taken, stream)) = self.http1(stream, stop).await {
                    taken.go_on(stream);
                }
            }
            Some(Err(_)) => {}
            None => tracing::debug!("a connection was cut: it asked for nothing"),
        }
    }

    /// With TLS: the handshake says which HTTP, and whoever does not say speaks HTTP/1.1.
    async fn secure(self, stream: TcpStream, tls: TlsAcceptor, mut stop: watch::Receiver<bool>) {
        let shaken = tokio::select! {
            shaken = patience::within(self.rules.patience, tls.accept(stream)) => shaken,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match shaken {
            Some(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(tls::H2) => {
                self.http2(stream, stop).await;
            }
            Some(Ok(stream)) => {
                self.http1(stream, stop).await;
            }
            Some(Err(error)) => tracing::debug!(%error, "a connection was cut: no handshake of TLS"),
            None => tracing::debug!("a connection was cut: its handshake took too long"),
        }
    }

    /// Until the connection ends, or a stream takes its socket, which it may where that is the stream's alone.
    async fn http1<S>(self, stream: S, mut stop: watch::Receiver<bool>) -> Option<(Taken, S)>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let handover = Handover::default();
        let (line, offered) = (self.clone(), handover.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            let (line, handover) = (line.clone(), offered.clone());
            if line.rules.tls.is_none() {
                handover.offer(&mut request);
            }
            async move {
                let response = line.answer(request).await?;
                Ok::<_, Infallible>(handover.settle(response).await)
            }
        });
        let mut connection =
            http1_builder(self.rules.patience).serve_connection(TokioIo::new(stream), service);
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = &mut connection => {
                    note(ended);
                    return None;
                }
                taken = handover.taken() => {
                    return Some((taken, connection.into_parts().io.into_inner()));
                }
                () = self.hangup.called() => {
                    unread();
                    return None;
                }
                _ = stop.wait_for(|stop| *stop), if !stopping => {
                    stopping = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    }

    /// Until the connection ends, or nothing has been asked on it for too long: a client of HTTP/2 that asks for nothing
    /// would meet no deadline.
    async fn http2<S>(self, stream: S, mut stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let line = self.clone();
        let service = service_fn(move |request| line.clone().answer_counted(request));
        let mut connection = http2_builder().serve_connection(TokioIo::new(stream), service);
        let mut rest = Rest::begin(&self);
        let mut stopping = false;
        loop {
            if rest.is_refused() && !stopping {
                // Of this address too many rest already.
                stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
                rest = Rest::ending();
            }
            tokio::select! {
                ended = &mut connection => return note(ended),
                () = self.activity.changed() => rest = Rest::after(&self),
                () = rest.over(), if !stopping => {
                    tracing::debug!("a connection was cut: it asks for nothing");
                    stopping = true;
                    Pin::new(&mut connection).graceful_shutdown();
                    rest = Rest::ending();
                }
                () = rest.over(), if stopping && self.activity.is_idle() => return,
                () = self.hangup.called() => return unread(),
                _ = stop.wait_for(|stop| *stop), if !stopping => {
                    stopping = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    }

    /// Answers a request that counts as under way until its answer's body has gone.
    async fn answer_counted(self, request: Request<Incoming>) -> Result<Response, Infallible> {
        let open = self.activity.begin();
        let response = self.answer(request).await?;
        Ok(open.until_sent(response))
    }

    /// Hands a request to the router, with the address of the caller and the way to cut the connection.
    async fn answer(self, mut request: Request<Incoming>) -> Result<Response, Infallible> {
        let caller = proxies::caller(&self.rules.trusted, self.peer.ip(), request.headers());
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(Peer(caller));
        request.extensions_mut().insert(self.hangup);
        self.door.router().call(request).await
    }
}

/// Whether the first bytes are HTTP/2's own. They stay where they are.
async fn speaks_http2(stream: &TcpStream) -> std::io::Result<bool> {
    let mut beginning = [0; PREFACE.len()];
    loop {
        let count = stream.peek(&mut beginning).await?;
        let said = beginning.get(..count).unwrap_or_default();
        if said.is_empty() || !PREFACE.starts_with(said) {
            return Ok(false);
        }
        if said.len() == PREFACE.len() {
            return Ok(true);
        }
        // There is no waiting for more than what is there already.
        tokio::time::sleep(GLANCE).await;
    }
}

fn note(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

fn unread() {
    tracing::debug!("a connection was cut: its client does not read");
}

/// A connection on which nothing is asked: its place among those of its address, and until when it may rest.
struct Rest {
    until: Option<Instant>,
    place: Option<Place>,
    needs_place: bool,
}

impl Rest {
    /// Nothing was asked yet.
    fn begin(line: &Line) -> Self {
        Self::of(line, line.rules.patience)
    }

    /// A request has begun or ended.
    fn after(line: &Line) -> Self {
        if line.activity.is_idle() {
            return Self::of(line, line.rules.rest);
        }
        Self {
            until: None,
            place: None,
            needs_place: false,
        }
    }

    /// The client was told to go.
    fn ending() -> Self {
        Self {
            until: Some(Instant::now() + GOODBYE),
            place: None,
            needs_place: false,
        }
    }

    fn of(line: &Line, patience: Duration) -> Self {
        let needs_place = !proxies::is_trusted(&line.rules.trusted, line.peer.ip());
        Self {
            until: Some(Instant::now() + patience),
            place: needs_place.then(|| line.idle.place(line.peer.ip())).flatten(),
            needs_place,
        }
    }

    const fn is_refused(&self) -> bool {
        self.needs_place && self.place.is_none()
    }

    /// When it has rested for too long.
    async fn over(&self) {
        match self.until {
            Some(until) => tokio::time::sleep_until(until).await,
            None => std::future::pending().await,
        }
    }
}

fn http1_builder(patience: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(Unhurried)
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BYTES.into());
    builder
}

fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(Unhurried)
        .keep_alive_interval(Duration::from_secs(20))
        .max_concurrent_streams(256)
        .max_header_list_size(HEAD_BYTES.into());
    builder
}
