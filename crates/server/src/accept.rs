//! The accept loop: connections with deadlines, with or without TLS, and a shutdown that lets responses finish.

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
    idle::{Activity, Idle, Slot},
    proxies,
    startup::RouterSwitch,
    tls,
};
use timer::ExtendingTimer;

/// How long a client may take for the TLS handshake, for the head of a request, and between two requests: a slow
/// one does not hold a socket any longer.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an HTTP/2 connection may stay open after its last response. Longer than for HTTP/1.1, because
/// later requests of a page reuse it.
const H2_IDLE: Duration = Duration::from_mins(1);
/// How long a client may take to close after a GOAWAY.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The largest head of a request, in bytes.
const HEAD_BYTES: u16 = 32 * 1024;
/// How long pending responses may take once the server stops.
const DRAIN: Duration = Duration::from_secs(5);
/// After how long a connection is closed whose client acknowledges nothing or reads nothing (`TCP_USER_TIMEOUT`, RFC 5482;
/// Linux counts a closed window too): the deadline for writes.
const UNACKED_TIMEOUT: Duration = Duration::from_mins(1);
/// How much unsent data the kernel buffers per client (`TCP_NOTSENT_LOWAT`, tcp(7)), in bytes: the rest waits where
/// it is limited and counted.
const MAX_UNSENT: u32 = 64 * 1024;
/// The first bytes of a client that speaks HTTP/2 without TLS (RFC 9113, section 3.4); no HTTP/1.1 method starts like this.
const PREFACE: &[u8] = b"PRI ";
/// How long to wait for the rest of these few bytes.
const PEEK_WAIT: Duration = Duration::from_millis(10);

/// How connections are handled.
#[derive(Clone)]
pub struct Rules {
    /// TLS, if there is a certificate.
    pub tls: Option<TlsAcceptor>,
    /// How long a client has for the TLS handshake, and for each request head.
    pub patience: Duration,
    /// How long an HTTP/2 connection may stay open without requests.
    pub idle_timeout: Duration,
    /// The proxies in front: the client address they report is trusted, and they may keep any number of connections open.
    pub trusted: Arc<[IpNet]>,
}

impl Rules {
    /// The defaults.
    pub fn new(tls: Option<TlsAcceptor>, trusted: &[IpNet]) -> Self {
        Self {
            tls,
            patience: HEADER_TIMEOUT,
            idle_timeout: H2_IDLE,
            trusted: trusted.into(),
        }
    }
}

/// Serves until `stop` is set, then lets pending requests finish.
pub async fn serve(
    listener: TcpListener,
    rules: Rules,
    switch: RouterSwitch,
    mut stop: watch::Receiver<bool>,
) {
    let idle = Idle::default();
    // Nothing is sent: the channel closes when the last connection drops its sender.
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
                // Usually out of descriptors: retrying only helps once some are closed.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        set_socket_options(&stream);
        let handler = Handler {
            switch: switch.clone(),
            peer,
            rules: rules.clone(),
            hangup: Hangup::default(),
            activity: Activity::default(),
            idle: idle.clone(),
        };
        let (stop, alive) = (stop.clone(), alive.clone());
        tokio::spawn(async move {
            handler.serve(stream, stop).await;
            drop(alive);
        });
    }
    drop((listener, alive));
    if tokio::time::timeout(DRAIN, ended.recv()).await.is_err() {
        tracing::warn!("some connections did not close in time");
    }
}

/// Logs that connections are not accepted, once a minute.
fn not_accepted(error: &std::io::Error) {
    static LOGGED: Throttle = Throttle::new();
    if let Some(times) = LOGGED.due() {
        tracing::warn!(
            %error,
            times,
            "connections were not accepted; with \"too many open files\" raise the limit of descriptors (LimitNOFILE, ulimit -n)"
        );
    }
}

/// Sets socket options. A connection goes on if one of them fails.
fn set_socket_options(stream: &TcpStream) {
    // Send frames and small responses immediately.
    let _ = stream.set_nodelay(true);
    let options = SockRef::from(stream);
    let _ = options.set_tcp_user_timeout(Some(UNACKED_TIMEOUT));
    let _ = options.set_tcp_notsent_lowat(MAX_UNSENT);
}

/// One connection: what answers its requests, and what may close it.
#[derive(Clone)]
struct Handler {
    switch: RouterSwitch,
    peer: SocketAddr,
    rules: Rules,
    hangup: Hangup,
    activity: Activity,
    idle: Idle,
}

impl Handler {
    async fn serve(self, stream: TcpStream, stop: watch::Receiver<bool>) {
        match self.rules.tls.clone() {
            // Boxed, so that the TLS state does not enlarge the tasks of plain connections.
            Some(tls) => Box::pin(self.secure(stream, tls, stop)).await,
            None => self.plain(stream, stop).await,
        }
    }

    /// Without TLS: the first bytes tell the HTTP version.
    async fn plain(self, stream: TcpStream, mut stop: watch::Receiver<bool>) {
        let version = tokio::select! {
            version = patience::within(self.rules.patience, speaks_http2(&stream)) => version,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match version {
            Some(Ok(true)) => self.http2(stream, stop).await,
            Some(Ok(false)) => {
                if let Some((taken, stream)) = self.http1(stream, stop).await {
                    taken.continue_on(stream);
                }
            }
            Some(Err(_)) => {}
            None => tracing::debug!("connection closed: no request received"),
        }
    }

    /// With TLS: ALPN tells the HTTP version, HTTP/1.1 by default.
    async fn secure(self, stream: TcpStream, tls: TlsAcceptor, mut stop: watch::Receiver<bool>) {
        let handshake = tokio::select! {
            handshake = patience::within(self.rules.patience, tls.accept(stream)) => handshake,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match handshake {
            Some(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(tls::H2) => {
                self.http2(stream, stop).await;
            }
            Some(Ok(stream)) => {
                self.http1(stream, stop).await;
            }
            Some(Err(error)) => tracing::debug!(%error, "connection closed: TLS handshake failed"),
            None => tracing::debug!("connection closed: TLS handshake timed out"),
        }
    }

    /// Runs until the connection ends, or a stream takes over its socket, which it may if nothing else uses it.
    async fn http1<S>(self, stream: S, mut stop: watch::Receiver<bool>) -> Option<(Taken, S)>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let handover = Handover::default();
        let (handler, offered) = (self.clone(), handover.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            let (handler, handover) = (handler.clone(), offered.clone());
            if handler.rules.tls.is_none() {
                handover.offer(&mut request);
            }
            async move {
                let response = handler.answer(request).await?;
                Ok::<_, Infallible>(handover.settle(response).await)
            }
        });
        let mut connection =
            http1_builder(self.rules.patience).serve_connection(TokioIo::new(stream), service);
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = &mut connection => {
                    log_end(ended);
                    return None;
                }
                taken = handover.taken() => {
                    return Some((taken, connection.into_parts().io.into_inner()));
                }
                () = self.hangup.called() => {
                    not_read();
                    return None;
                }
                _ = stop.wait_for(|stop| *stop), if !stopping => {
                    stopping = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    }

    /// Runs until the connection ends or has been idle for too long: an idle HTTP/2 client
    /// would otherwise have no deadline.
    async fn http2<S>(self, stream: S, mut stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let handler = self.clone();
        let service = service_fn(move |request| handler.clone().answer_counted(request));
        let mut connection = http2_builder().serve_connection(TokioIo::new(stream), service);
        let mut idle_timeout = IdleTimeout::begin(&self);
        let mut stopping = false;
        loop {
            if idle_timeout.is_refused() && !stopping {
                // This address has too many idle connections already.
                stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
                idle_timeout = IdleTimeout::ending();
            }
            tokio::select! {
                ended = &mut connection => return log_end(ended),
                () = self.activity.changed() => idle_timeout = IdleTimeout::after(&self),
                () = idle_timeout.over(), if !stopping => {
                    tracing::debug!("connection closed: idle");
                    stopping = true;
                    Pin::new(&mut connection).graceful_shutdown();
                    idle_timeout = IdleTimeout::ending();
                }
                () = idle_timeout.over(), if stopping && self.activity.is_idle() => return,
                () = self.hangup.called() => return not_read(),
                _ = stop.wait_for(|stop| *stop), if !stopping => {
                    stopping = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    }

    /// Answers a request that counts as pending until its response body has been sent.
    async fn answer_counted(self, request: Request<Incoming>) -> Result<Response, Infallible> {
        let open = self.activity.begin();
        let response = self.answer(request).await?;
        Ok(open.until_sent(response))
    }

    /// Passes a request to the router, with the client's address and a handle to close the connection.
    async fn answer(self, mut request: Request<Incoming>) -> Result<Response, Infallible> {
        let caller = proxies::caller(&self.rules.trusted, self.peer.ip(), request.headers());
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(Peer(caller));
        request.extensions_mut().insert(self.hangup);
        self.switch.router().call(request).await
    }
}

/// Whether the connection starts with the HTTP/2 preface. The bytes are not consumed.
async fn speaks_http2(stream: &TcpStream) -> std::io::Result<bool> {
    let mut beginning = [0; PREFACE.len()];
    loop {
        let count = stream.peek(&mut beginning).await?;
        let received = beginning.get(..count).unwrap_or_default();
        if received.is_empty() || !PREFACE.starts_with(received) {
            return Ok(false);
        }
        if received.len() == PREFACE.len() {
            return Ok(true);
        }
        // The socket cannot be awaited for more bytes than are already there.
        tokio::time::sleep(PEEK_WAIT).await;
    }
}

fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

fn not_read() {
    tracing::debug!("connection closed: the client does not read");
}

/// An idle connection: its slot among those of its address, and until when it may stay idle.
struct IdleTimeout {
    until: Option<Instant>,
    slot: Option<Slot>,
    needs_slot: bool,
}

impl IdleTimeout {
    /// No request yet.
    fn begin(handler: &Handler) -> Self {
        Self::of(handler, handler.rules.patience)
    }

    /// A request has begun or ended.
    fn after(handler: &Handler) -> Self {
        if handler.activity.is_idle() {
            return Self::of(handler, handler.rules.idle_timeout);
        }
        Self {
            until: None,
            slot: None,
            needs_slot: false,
        }
    }

    /// The client was asked to close.
    fn ending() -> Self {
        Self {
            until: Some(Instant::now() + CLOSE_TIMEOUT),
            slot: None,
            needs_slot: false,
        }
    }

    fn of(handler: &Handler, patience: Duration) -> Self {
        let needs_slot = !proxies::is_trusted(&handler.rules.trusted, handler.peer.ip());
        Self {
            until: Some(Instant::now() + patience),
            slot: needs_slot.then(|| handler.idle.slot(handler.peer.ip())).flatten(),
            needs_slot,
        }
    }

    const fn is_refused(&self) -> bool {
        self.needs_slot && self.slot.is_none()
    }

    /// Resolves when it has been idle for too long.
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
        .timer(ExtendingTimer)
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BYTES.into());
    builder
}

fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(ExtendingTimer)
        .keep_alive_interval(Duration::from_secs(20))
        .max_concurrent_streams(256)
        .max_header_list_size(HEAD_BYTES.into());
    builder
}
