//! Calls that clients never finish.

use std::time::Duration;

use base::{Clock, Time};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::support::{ADMIN, ADMIN_PASSWORD, Client, Server, World, databases};

/// A call whose handler waits for its body.
struct Slow(TcpStream);

impl Slow {
    async fn begin(server: &Server, path: &str, fields: &str, length: usize) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // What was written has been sent, except for this much.
        socket.set_send_buffer_size(16 * 1024).unwrap();
        let mut socket = socket.connect(server.address()).await.unwrap();
        let head = format!(
            "POST /api/v1{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Expect: 100-continue\r\n{fields}\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
        let mut answer = vec![0; go_on.len()];
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, go_on, "{}", String::from_utf8_lossy(&answer));
        Self(socket)
    }

    async fn send(&mut self, piece: &str) {
        self.0.write_all(piece.as_bytes()).await.unwrap();
    }

    /// Everything up to the connection's end.
    async fn answer(mut self) -> String {
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

#[tokio::test]
async fn a_call_has_a_minute_and_an_import_has_more() {
    for database in databases().await {
        let clock = Clock::manual(Time::from_nanos(1_790_000_000_000_000_000));
        let server = Server::start_on(&database, &[], clock.clone()).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let login = serde_json::json!({"email": ADMIN, "password": ADMIN_PASSWORD});
        let token = Client::new(server.address())
            .post("/auth/login", login)
            .await
            .text("token");

        let fields = "Content-Type: application/json\r\n";
        let mut call = Slow::begin(&server, "/auth/login", fields, 100).await;
        let pieces = [
            "{\"version\": \"2.1.0\",",
            &" ".repeat(2_000_000),
            r#""runs": [{"tool": {"driver": {"name": "T"}}, "results": []}]}"#,
        ];
        let length = pieces.concat().len();
        let path = format!(
            "/scans/import?company_id={}&project_id={}",
            world.company, world.project
        );
        let fields = format!("Content-Type: application/octet-stream\r\nAuthorization: Bearer {token}\r\n");
        let mut import = Slow::begin(&server, &path, &fields, length).await;

        call.send("{").await;
        import.send(pieces[0]).await;
        // An import may be slow for half a minute.
        clock.advance(Duration::from_secs(29));
        call.send(" ").await;
        import.send(pieces[1]).await;
        clock.advance(Duration::from_secs(32));
        let answer = call.answer().await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{}: {answer}", database.name);
        assert!(
            answer.contains("content-type: application/problem+json"),
            "{answer}"
        );
        assert!(answer.contains("longer than 60 seconds"), "{answer}");
        import.send(pieces[2]).await;
        let answer = import.answer().await;
        assert!(answer.starts_with("HTTP/1.1 201 "), "{}: {answer}", database.name);
        server.stop().await;
    }
}
