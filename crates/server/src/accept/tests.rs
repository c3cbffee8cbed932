use axum::Router;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

use super::*;
use crate::idle;

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
    let rules = Rules {
        patience,
        idle_timeout: patience,
        ..Rules::new(tls, &[])
    };
    let serving = tokio::spawn(serve(listener, rules, RouterSwitch::starting(router), stopped));
    (address, stop, serving)
}

async fn connect(address: SocketAddr, text: &[u8]) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(text).await.unwrap();
    client
}

async fn read_response(client: &mut TcpStream) -> String {
    let mut bytes = [0; 4096];
    let count = client.read(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

/// Sends this and waits until the connection is closed or reset.
async fn read_until_closed(address: SocketAddr, beginning: &[u8]) -> Vec<u8> {
    let mut client = connect(address, beginning).await;
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), client.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "{}", String::from_utf8_lossy(beginning));
    rest
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let (address, _stop, _serving) = server(Duration::from_millis(50)).await;
    for beginning in [
        &b""[..],
        b"P",
        b"PRI * HTTP/2.0\r\n\r\nSM",
        b"GET / HTTP/1.1\r\nHost",
        TLS_BEGUN,
    ] {
        read_until_closed(address, beginning).await;
    }
}

/// The header of a handshake record, and of the handshake message (RFC 8446, sections 4 and 5.1).
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
        assert!(read_until_closed(address, beginning).await.is_empty());
    }
}

#[tokio::test]
async fn a_client_without_tls_is_closed_at_once() {
    let (address, _stop, _serving) = server_with(Some(tls()), Duration::from_mins(1)).await;
    for beginning in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], PREFACE] {
        let answer = read_until_closed(address, beginning).await;
        // Only an alert is sent (RFC 8446, section 6).
        assert!(matches!(answer.as_slice(), [] | [21, ..]), "{answer:?}");
    }
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_handshake() {
    let (address, stop, serving) = server_with(Some(tls()), HEADER_TIMEOUT).await;
    let _begun = connect(address, TLS_BEGUN).await;
    stop.send_replace(true);
    tokio::time::timeout(DRAIN / 2, serving).await.unwrap().unwrap();
}

/// The start of an HTTP/2 connection with one request: the preface, empty settings, and the head of a GET for
/// `/` (RFC 9113, sections 3.4, 6.5 and 6.2; RFC 7541, appendix A).
const H2_REQUEST: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\
    \0\0\x06\x01\x05\0\0\0\x01\x82\x84\x86\x41\x01x";
/// The same without a request.
const H2_PREFACE: &[u8] = H2_REQUEST.split_at(33).0;

// issue 18, line 6
#[tokio::test]
async fn an_idle_http2_connection_is_closed() {
    let (address, _stop, _serving) = server(Duration::from_millis(200)).await;
    let received = read_until_closed(address, H2_REQUEST).await;
    assert!(
        received.windows(4).any(|bytes| bytes == b"here"),
        "it was answered"
    );
    read_until_closed(address, H2_PREFACE).await;
}

// issue 18, line 6
#[tokio::test]
async fn an_address_has_a_limited_number_of_idle_connections() {
    let (address, _stop, _serving) = server(Duration::from_mins(1)).await;
    let mut resting = Vec::new();
    for _ in 0..idle::MOST {
        let mut client = connect(address, H2_PREFACE).await;
        assert!(!read_response(&mut client).await.is_empty(), "it was greeted");
        resting.push(client);
    }
    read_until_closed(address, H2_PREFACE).await;
    drop(resting.pop());
    drop(resting.pop());
    let mut client = connect(address, H2_PREFACE).await;
    let mut rest = Vec::new();
    let early = tokio::time::timeout(CLOSE_TIMEOUT * 2, client.read_to_end(&mut rest)).await;
    assert!(early.is_err(), "there is a place again");
}

#[tokio::test]
async fn a_request_head_has_a_limit() {
    let (address, _stop, _serving) = server(HEADER_TIMEOUT).await;
    for (length, status) in [(20_000, "200"), (60_000, "431")] {
        let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(length));
        let mut client = connect(address, head.as_bytes()).await;
        let answer = read_response(&mut client).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{length}: {answer}"
        );
    }
}

#[tokio::test]
async fn socket_options_are_set() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = connect(listener.local_addr().unwrap(), b"").await;
    set_socket_options(&stream);
    let options = SockRef::from(&stream);
    assert!(stream.nodelay().unwrap());
    assert_eq!(options.tcp_user_timeout().unwrap(), Some(UNACKED_TIMEOUT));
    assert_eq!(options.tcp_notsent_lowat().unwrap(), MAX_UNSENT);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_idle_connections() {
    let (address, stop, serving) = server(HEADER_TIMEOUT).await;
    let mut kept = connect(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(read_response(&mut kept).await.ends_with("here"));
    let _silent = connect(address, b"").await;
    let _begun = connect(address, b"GET / HT").await;
    stop.send_replace(true);
    tokio::time::timeout(DRAIN / 2, serving).await.unwrap().unwrap();
    assert_eq!(read_response(&mut kept).await, "", "it was closed");
}
