//! The accept loop: connections with deadlines, with or without TLS, and an end that lets answers finish.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, response::Response};
use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use realtime::{Handover, Hangup, handover::Taken};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};
use tokio_rustls::TlsAcceptor;
use tower::Service;

use crate::tls;

/// How long a client may take for the handshake of TLS and for the head of a request, and be silent between two: a slow
/// one holds a socket no longer.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
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

/// Serves until `stop` says so, then lets the requests under way finish. A client has `patience` for the handshake, where
/// there is TLS, and for each head.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    mut stop: watch::Receiver<bool>,
    patience: Duration,
) {
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
                // Out of descriptors, most often: the next try needs some to be closed first.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        bound(&stream);
        let line = Line {
            router: router.clone(),
            peer,
            tls: tls.clone(),
            patience,
            hangup: Hangup::default(),
            asked: Arc::default(),
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
    router: Router,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    patience: Duration,
    hangup: Hangup,
    /// Whether anything was asked for yet.
    asked: Arc<AtomicBool>,
}

impl Line {
    async fn serve(self, stream: TcpStream, stop: watch::Receiver<bool>) {
        match self.tls.clone() {
            // Apart, so that what TLS needs makes no plain connection's task larger.
            Some(tls) => Box::pin(self.secure(stream, tls, stop)).await,
            None => self.plain(stream, stop).await,
        }
    }

    /// Without TLS: the first bytes say which HTTP.
    async fn plain(self, stream: TcpStream, mut stop: watch::Receiver<bool>) {
        let spoken = tokio::select! {
            spoken = tokio::time::timeout(self.patience, speaks_http2(&stream)) => spoken,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match spoken {
            Ok(Ok(true)) => self.http2(stream, stop).await,
            Ok(Ok(false)) => {
                if let Some((taken, stream)) = self.http1(stream, stop).await {
                    taken.go_on(stream);
                }
            }
            Ok(Err(_)) => {}
            Err(_) => tracing::debug!("a connection was cut: it asked for nothing"),
        }
    }

    /// With TLS: the handshake says which HTTP, and whoever does not say speaks HTTP/1.1.
    async fn secure(self, stream: TcpStream, tls: TlsAcceptor, mut stop: watch::Receiver<bool>) {
        let shaken = tokio::select! {
            shaken = tokio::time::timeout(self.patience, tls.accept(stream)) => shaken,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match shaken {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(tls::H2) => {
                self.http2(stream, stop).await;
            }
            Ok(Ok(stream)) => {
                self.http1(stream, stop).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "a connection was cut: no handshake of TLS"),
            Err(_) => tracing::debug!("a connection was cut: its handshake took too long"),
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
            if line.tls.is_none() {
                handover.offer(&mut request);
            }
            async move {
                let response = line.answer(request).await?;
                Ok::<_, Infallible>(handover.settle(response).await)
            }
        });
        let mut connection = http1_builder(self.patience).serve_connection(TokioIo::new(stream), service);
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

    async fn http2<S>(self, stream: S, mut stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let line = self.clone();
        let service = service_fn(move |request| line.clone().answer(request));
        let mut connection = http2_builder().serve_connection(TokioIo::new(stream), service);
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = &mut connection => return note(ended),
                () = silence(&self.asked, self.patience) => {
                    return tracing::debug!("a connection was cut: it asked for nothing");
                }
                () = self.hangup.called() => return unread(),
                _ = stop.wait_for(|stop| *stop), if !stopping => {
                    stopping = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    }

    /// Hands a request to the router, with the address of the other side and the way to cut its connection.
    async fn answer(mut self, mut request: Request<Incoming>) -> Result<Response, Infallible> {
        self.asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(self.hangup);
        self.router.call(request).await
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

/// Waits out the patience, and for ever if something was asked for by then: a client of HTTP/2 that asks for nothing
/// would meet no deadline.
async fn silence(asked: &AtomicBool, patience: Duration) {
    tokio::time::sleep(patience).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

fn http1_builder(patience: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BYTES.into());
    builder
}

fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .max_concurrent_streams(256)
        .max_header_list_size(HEAD_BYTES.into());
    builder
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        task::JoinHandle,
    };

    use super::*;

    async fn server(patience: Duration) -> (SocketAddr, watch::Sender<bool>, JoinHandle<()>) {
        server_with(None, patience).await
    }

    async fn server_with(
        tls: Option<TlsAcceptor>,
        patience: Duration,
    ) -> (SocketAddr, watch::Sender<bool>, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(|| async { "here" });
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, tls, router, stopped, patience));
        (address, stop, serving)
    }

    async fn said(address: SocketAddr, text: &[u8]) -> TcpStream {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(text).await.unwrap();
        client
    }

    async fn answered(client: &mut TcpStream) -> String {
        let mut bytes = [0; 4096];
        let count = client.read(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    /// Says this and waits for the connection's end, which may be a reset too: what counts is that it comes.
    async fn cut(address: SocketAddr, beginning: &[u8]) -> Vec<u8> {
        let mut client = said(address, beginning).await;
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(20), client.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{}", String::from_utf8_lossy(beginning));
        rest
    }

    #[tokio::test]
    async fn who_asks_for_nothing_holds_no_socket() {
        let (address, _stop, _serving) = server(Duration::from_millis(50)).await;
        for beginning in [
            &b""[..],
            b"P",
            b"PRI * HTTP/2.0\r\n\r\nSM",
            b"GET / HTTP/1.1\r\nHost",
            TLS_BEGUN,
        ] {
            cut(address, beginning).await;
        }
    }

    /// The head of a record with a handshake in it, and the handshake's own (RFC 8446, sections 4 and 5.1).
    const TLS_BEGUN: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];

    fn tls() -> TlsAcceptor {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = notify::testing::Ca::new().server_files(folder.path(), &["localhost"]);
        let certificate = tls::Certificate::load(tls::Files { cert, key }).unwrap();
        tls::acceptor(certificate).unwrap()
    }

    #[tokio::test]
    async fn a_handshake_has_a_deadline() {
        let (address, _stop, _serving) = server_with(Some(tls()), Duration::from_millis(50)).await;
        for beginning in [&b""[..], TLS_BEGUN] {
            assert!(cut(address, beginning).await.is_empty());
        }
    }

    #[tokio::test]
    async fn who_speaks_no_tls_is_cut_at_once_where_there_is_tls() {
        let (address, _stop, _serving) = server_with(Some(tls()), Duration::from_mins(1)).await;
        for beginning in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], PREFACE] {
            let answer = cut(address, beginning).await;
            // An alert is all that is said (RFC 8446, section 6).
            assert!(matches!(answer.as_slice(), [] | [21, ..]), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_a_handshake() {
        let (address, stop, serving) = server_with(Some(tls()), HEADER_TIMEOUT).await;
        let _begun = said(address, TLS_BEGUN).await;
        stop.send_replace(true);
        tokio::time::timeout(DRAIN / 2, serving).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_head_has_a_bound() {
        let (address, _stop, _serving) = server(HEADER_TIMEOUT).await;
        for (length, status) in [(20_000, "200"), (60_000, "431")] {
            let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(length));
            let mut client = said(address, head.as_bytes()).await;
            let answer = answered(&mut client).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{length}: {answer}"
            );
        }
    }

    #[tokio::test]
    async fn the_kernel_knows_its_bounds() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = said(listener.local_addr().unwrap(), b"").await;
        bound(&stream);
        let options = SockRef::from(&stream);
        assert!(stream.nodelay().unwrap());
        assert_eq!(options.tcp_user_timeout().unwrap(), Some(SILENCE));
        assert_eq!(options.tcp_notsent_lowat().unwrap(), UNSENT);
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_idle_connections() {
        let (address, stop, serving) = server(HEADER_TIMEOUT).await;
        let mut kept = said(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(answered(&mut kept).await.ends_with("here"));
        let _silent = said(address, b"").await;
        let _begun = said(address, b"GET / HT").await;
        stop.send_replace(true);
        tokio::time::timeout(DRAIN / 2, serving).await.unwrap().unwrap();
        assert_eq!(answered(&mut kept).await, "", "it was closed");
    }
}
