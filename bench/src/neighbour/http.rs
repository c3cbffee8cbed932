//! Calls over one kept connection, with nothing in between that could add delays.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

pub(crate) const JSON: &str = "application/json";
pub(crate) const SARIF: &str = "application/sarif+json";

/// All users' password.
pub(crate) const PASSWORD: &str = "a quiet place to measure";

/// A caller with its own connection.
pub(crate) struct Caller {
    /// The address that the server sees.
    from: Ipv4Addr,
    port: u16,
    token: String,
    connection: Option<BufReader<TcpStream>>,
}

impl Clone for Caller {
    fn clone(&self) -> Self {
        Self::new((self.from, self.port), &self.token)
    }
}

/// A response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Value,
}

impl Caller {
    pub(crate) fn new((from, port): (Ipv4Addr, u16), token: &str) -> Self {
        Self {
            from,
            port,
            token: token.to_owned(),
            connection: None,
        }
    }

    pub(crate) fn sign_in(at: (Ipv4Addr, u16), email: &str) -> Self {
        let mut stranger = Self::new(at, "");
        let mut answer = stranger.try_sign_in(email);
        while let (429, Some(wait)) = (answer.status, answer.retry_after) {
            thread::sleep(wait);
            answer = stranger.try_sign_in(email);
        }
        assert_eq!(answer.status, 200, "{email}: {}", answer.body);
        Self::new(at, answer.body["token"].as_str().unwrap())
    }

    pub(crate) fn try_sign_in(&mut self, email: &str) -> Answer {
        let who = json!({"email": email, "password": PASSWORD}).to_string();
        self.send("POST", "/auth/login", JSON, who.as_bytes())
    }

    pub(crate) fn get(&mut self, path: &str) -> Value {
        let answer = self.send("GET", path, JSON, b"");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Value {
        let answer = self.send("POST", path, JSON, body.to_string().as_bytes());
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.body);
        answer.body
    }

    /// Creates a record; returns its id.
    pub(crate) fn create(&mut self, path: &str, body: &Value) -> String {
        self.post(path, body)["id"].as_str().unwrap().to_owned()
    }

    /// Sends a request and reads the response, on a new connection if the previous one was closed.
    pub(crate) fn send(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        for _ in 0..3 {
            let kept = self.connection.take();
            let fresh = kept.is_none();
            let connection = kept.or_else(|| self.connect());
            let Some(mut connection) = connection else { break };
            // A refusal may arrive before the body is sent, and the connection may then be closed.
            let written = connection
                .get_mut()
                .write_all(self.head(method, path, kind, body.len()).as_bytes())
                .and_then(|()| connection.get_mut().write_all(body));
            if let Some((answer, keep)) = read(&mut connection) {
                if keep && written.is_ok() {
                    self.connection = Some(connection);
                }
                return answer;
            }
            if fresh {
                break;
            }
        }
        // The connection broke.
        Answer {
            status: 0,
            retry_after: None,
            body: Value::Null,
        }
    }

    /// The lines of an open stream.
    pub(crate) fn stream(&self) -> Option<BufReader<TcpStream>> {
        let mut connection = self.connect()?;
        let head = self.head("GET", "/stream", JSON, 0);
        connection.get_mut().write_all(head.as_bytes()).ok()?;
        Some(connection)
    }

    fn connect(&self) -> Option<BufReader<TcpStream>> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
        socket.bind(&SocketAddr::from((self.from, 0)).into()).ok()?;
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        socket.connect(&server.into()).ok()?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true).ok()?;
        Some(BufReader::new(stream))
    }

    fn head(&self, method: &str, path: &str, kind: &str, length: usize) -> String {
        let authorization = if self.token.is_empty() {
            String::new()
        } else {
            format!("Authorization: Bearer {}\r\n", self.token)
        };
        format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: bench\r\n{authorization}Content-Type: {kind}\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    }
}

/// The response, and whether the connection stays open; none if it broke.
fn read(connection: &mut BufReader<TcpStream>) -> Option<(Answer, bool)> {
    let mut line = String::new();
    connection.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let (mut length, mut retry_after, mut keep) = (0, None, true);
    loop {
        line.clear();
        connection.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "retry-after" => retry_after = value.parse().ok().map(Duration::from_secs),
            "connection" => keep = value != "close",
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).ok()?;
    let answer = Answer {
        status,
        retry_after,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    Some((answer, keep))
}
