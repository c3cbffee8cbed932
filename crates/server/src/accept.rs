//! The accept loop: connections with deadlines, and an end that lets answers finish.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, response::Response};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use realtime::Hangup;
use tokio::{net::TcpListener, sync::watch};
use tower::Service;

/// How long a client may take to send the head of a request, and be silent between two: a slow one holds a socket no
/// longer.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest head of a request, in bytes.
const HEAD_BYTES: u16 = 32 * 1024;
/// How long answers that are under way may take once the server stops.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves until `stop` says so, then lets the requests under way finish. A client has `patience` for each head.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    mut stop: watch::Receiver<bool>,
    patience: Duration,
) {
    let builder = Arc::new(builder(patience));
    let graceful = GracefulShutdown::new();
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
        // Frames and small answers leave at once.
        let _ = stream.set_nodelay(true);
        let builder = Arc::clone(&builder);
        let watcher = graceful.watcher();
        let hangup = Hangup::default();
        let router = router.clone();
        tokio::spawn(async move {
            let each = hangup.clone();
            let asked = Arc::new(AtomicBool::new(false));
            let first = Arc::clone(&asked);
            let service = service_fn(move |request| {
                first.store(true, Ordering::Relaxed);
                answer(router.clone(), request, peer, each.clone())
            });
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                ended = watcher.watch(connection) => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended");
                    }
                }
                () = silence(&asked, patience) => tracing::debug!("a connection was cut: it asked for nothing"),
                () = hangup.called() => tracing::debug!("a connection was cut: its client does not read"),
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

/// Waits out the patience, and for ever if something was asked for by then. The builder's own deadline begins only
/// once it knows the version of HTTP, so a client that says nothing at all would never meet it.
async fn silence(asked: &AtomicBool, patience: Duration) {
    tokio::time::sleep(patience).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

fn builder(patience: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BYTES.into());
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .max_concurrent_streams(256)
        .max_header_list_size(HEAD_BYTES.into());
    builder
}

/// Hands a request to the router, with the address of the other side and the way to cut its connection.
async fn answer(
    mut router: Router,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    hangup: Hangup,
) -> Result<Response, std::convert::Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(hangup);
    router.call(request).await
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
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(|| async { "here" });
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, router, stopped, patience));
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

    #[tokio::test]
    async fn who_asks_for_nothing_holds_no_socket() {
        let (address, _stop, _serving) = server(Duration::from_millis(50)).await;
        for beginning in [
            &b""[..],
            b"P",
            b"PRI * HTTP/2.0\r\n\r\nSM",
            b"GET / HTTP/1.1\r\nHost",
        ] {
            let mut client = said(address, beginning).await;
            let mut rest = Vec::new();
            // It may be an end or a reset: what counts is that it comes.
            let ended = tokio::time::timeout(Duration::from_secs(20), client.read_to_end(&mut rest)).await;
            assert!(ended.is_ok(), "{}", String::from_utf8_lossy(beginning));
        }
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
