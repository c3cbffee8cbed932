//! Sockets that a stream has taken over, and requests whose socket it may not take.

use realtime::Options;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{PATH, Station, eventually};

/// A connection that has sent this, with the token of an administrator, and its answer so far.
async fn asked(station: &Station, line: &str) -> (TcpStream, String) {
    let token = station.gate.sign_in(station.gate.administrator());
    let mut socket = TcpStream::connect(station.address).await.unwrap();
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
async fn a_socket_that_was_taken_over_gets_a_whole_answer() {
    let station = Station::start(&Options::default());
    let (_socket, answer) = asked(&station, &get()).await;
    assert!(answer.starts_with("http/1.1 200 ok\r\n"), "{answer}");
    for field in ["date: ", "transfer-encoding: chunked", "connection: close"] {
        assert_eq!(
            answer.matches(&format!("\r\n{field}")).count(),
            1,
            "{field}: {answer}"
        );
    }
    assert!(!answer.contains("content-length"), "{answer}");
    eventually("it is counted", || station.hub.metrics().connections == 1).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_or_keeps_talking_gives_its_place_back() {
    let station = Station::start(&Options::default());
    let (socket, _) = asked(&station, &get()).await;
    drop(socket);
    eventually("it has gone", || station.hub.metrics().connections == 0).await;

    let (mut socket, _) = asked(&station, &get()).await;
    socket.shutdown().await.unwrap();
    eventually("it has nothing more to say", || {
        station.hub.metrics().connections == 0
    })
    .await;

    let (mut socket, _) = asked(&station, &get()).await;
    socket.write_all(b"hello").await.unwrap();
    let id = station.project_created(station.clock.id());
    let mut text = String::new();
    while !text.contains(&id) {
        let mut bytes = [0; 1024];
        let count = socket.read(&mut bytes).await.unwrap();
        assert!(count > 0, "a few words harm nobody: {text}");
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    // It may be cut in the middle of the words.
    let _ = socket.write_all(&vec![b'x'; 64 * 1024]).await;
    eventually("it was cut", || station.hub.metrics().connections == 0).await;
}

#[tokio::test]
async fn no_socket_is_taken_from_a_client_that_knows_no_chunks_or_wants_no_body() {
    let station = Station::start(&Options::default());
    let (_socket, answer) = asked(&station, &format!("GET {PATH} HTTP/1.0")).await;
    assert!(answer.starts_with("http/1.0 200 ok\r\n"), "{answer}");
    assert!(!answer.contains("transfer-encoding"), "{answer}");

    let (mut socket, answer) = asked(&station, &format!("HEAD {PATH} HTTP/1.1")).await;
    assert!(answer.starts_with("http/1.1 200 ok\r\n"), "{answer}");
    let again = format!("GET {PATH} HTTP/1.1\r\nHost: test\r\n\r\n");
    socket.write_all(again.as_bytes()).await.unwrap();
    let mut bytes = [0; 1024];
    let count = socket.read(&mut bytes).await.unwrap();
    assert!(
        bytes[..count].starts_with(b"HTTP/1.1 401"),
        "the connection goes on"
    );
}
