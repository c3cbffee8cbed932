//! Sockets that a stream has taken over, and requests whose socket it must not take.

use realtime::Options;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{PATH, TestServer, eventually};

/// A connection that has sent this, with an administrator's token, and its response so far.
async fn request(server: &TestServer, line: &str) -> (TcpStream, String) {
    let token = server.access.sign_in(server.access.administrator());
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let request = format!("{line}\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = [0; 4096];
    let count = socket.read(&mut bytes).await.unwrap();
    let answer = String::from_utf8(bytes[..count].to_vec()).unwrap();
    (socket, answer.to_lowercase())
}

fn get() -> String {
    format!("GET {PATH} HTTP/1.1")
}

#[tokio::test]
async fn a_taken_over_socket_gets_a_complete_response() {
    let server = TestServer::start(&Options::default());
    let (_socket, answer) = request(&server, &get()).await;
    assert!(answer.starts_with("http/1.1 200 ok\r\n"), "{answer}");
    for field in ["date: ", "transfer-encoding: chunked", "connection: close"] {
        assert_eq!(
            answer.matches(&format!("\r\n{field}")).count(),
            1,
            "{field}: {answer}"
        );
    }
    assert!(!answer.contains("content-length"), "{answer}");
    eventually("it is counted", || server.hub.metrics().connections == 1).await;
}

#[tokio::test]
async fn a_client_that_disconnects_or_keeps_sending_releases_its_slot() {
    let server = TestServer::start(&Options::default());
    let (socket, _) = request(&server, &get()).await;
    drop(socket);
    eventually("it has disconnected", || server.hub.metrics().connections == 0).await;

    let (mut socket, _) = request(&server, &get()).await;
    socket.shutdown().await.unwrap();
    eventually("it has received everything", || {
        server.hub.metrics().connections == 0
    })
    .await;

    let (mut socket, _) = request(&server, &get()).await;
    socket.write_all(b"hello").await.unwrap();
    let id = server.project_created(server.clock.id());
    let mut text = String::new();
    while !text.contains(&id) {
        let mut bytes = [0; 1024];
        let count = socket.read(&mut bytes).await.unwrap();
        assert!(count > 0, "a few bytes do no harm: {text}");
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    // It may be closed in the middle of the bytes.
    let _ = socket.write_all(&vec![b'x'; 64 * 1024]).await;
    eventually("it was closed", || server.hub.metrics().connections == 0).await;
}

#[tokio::test]
async fn no_socket_is_taken_over_without_chunked_encoding_or_a_body() {
    let server = TestServer::start(&Options::default());
    let (_socket, answer) = request(&server, &format!("GET {PATH} HTTP/1.0")).await;
    assert!(answer.starts_with("http/1.0 200 ok\r\n"), "{answer}");
    assert!(!answer.contains("transfer-encoding"), "{answer}");

    let (mut socket, answer) = request(&server, &format!("HEAD {PATH} HTTP/1.1")).await;
    assert!(answer.starts_with("http/1.1 200 ok\r\n"), "{answer}");
    let again = format!("GET {PATH} HTTP/1.1\r\nHost: test\r\n\r\n");
    socket.write_all(again.as_bytes()).await.unwrap();
    let mut bytes = [0; 1024];
    let count = socket.read(&mut bytes).await.unwrap();
    assert!(
        bytes[..count].starts_with(b"HTTP/1.1 401"),
        "the connection stays open"
    );
}
