//! A client on a raw socket: HTTP/1.1, chunked, Server-Sent Events exactly as in the standard.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};

/// How long a test waits for a message.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An open stream.
#[derive(Debug)]
pub(crate) struct Client {
    socket: BufReader<TcpStream>,
    /// The response head, in lower case.
    pub(crate) head: String,
    /// What has been received and not yet read.
    text: Vec<u8>,
    /// How many comment lines there were.
    pub(crate) comments: usize,
    /// The value of the last `retry:`.
    pub(crate) retry: Option<u64>,
}

/// The response to a request that opened no stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: String,
}

impl Client {
    /// Opens a stream.
    pub(crate) async fn open(address: SocketAddr, path: &str, headers: &[&str]) -> Result<Self, Refusal> {
        let (status, mut client) = Self::request(address, "GET", path, headers).await;
        if status == 200 {
            return Ok(client);
        }
        let retry_after = client.header("retry-after").map(|value| value.parse().unwrap());
        let length: usize = client.header("content-length").unwrap_or("0").parse().unwrap();
        let mut body = vec![0; length];
        client.socket.read_exact(&mut body).await.unwrap();
        Err(Refusal {
            status,
            retry_after,
            body: String::from_utf8(body).unwrap(),
        })
    }

    /// A POST without a body; returns the status and the response.
    pub(crate) async fn post(address: SocketAddr, path: &str, headers: &[&str]) -> (u16, String) {
        let (status, mut client) = Self::request(address, "POST", path, headers).await;
        let length: usize = client.header("content-length").unwrap_or("0").parse().unwrap();
        let mut body = vec![0; length];
        client.socket.read_exact(&mut body).await.unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    async fn request(address: SocketAddr, method: &str, path: &str, headers: &[&str]) -> (u16, Self) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        let mut socket = BufReader::new(socket.connect(address).await.unwrap());
        let headers = headers.join("\r\n") + if headers.is_empty() { "" } else { "\r\n" };
        let request = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n{headers}\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut head = String::new();
        let reading = async {
            while !head.ends_with("\r\n\r\n") {
                assert!(socket.read_line(&mut head).await.unwrap() > 0, "cut off: {head}");
            }
        };
        tokio::time::timeout(TIMEOUT, reading).await.expect("an answer");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let client = Self {
            socket,
            head: head.to_lowercase(),
            text: Vec::new(),
            comments: 0,
            retry: None,
        };
        (status, client)
    }

    /// A header of the response.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
    }

    /// The next message; none at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        tokio::time::timeout(TIMEOUT, self.message())
            .await
            .expect("a message or the end")
    }

    /// The type of the next message.
    pub(crate) async fn next_type(&mut self) -> Option<String> {
        Some(self.next().await?["type"].as_str().unwrap().to_owned())
    }

    /// The id of the next message.
    pub(crate) async fn next_id(&mut self) -> Option<String> {
        Some(self.next().await?["id"].as_str().unwrap().to_owned())
    }

    /// Whether nothing arrives for a moment.
    pub(crate) async fn quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(50), self.message())
            .await
            .is_err()
    }

    /// All messages until the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<Value> {
        let mut rest = Vec::new();
        while let Some(message) = self.next().await {
            rest.push(message);
        }
        rest
    }

    /// Whether no message arrives for a moment, even if the stream ends.
    pub(crate) async fn nothing(&mut self) -> bool {
        let moment = tokio::time::timeout(Duration::from_millis(50), self.message());
        !matches!(moment.await, Ok(Some(_)))
    }

    /// Waits for a comment.
    pub(crate) async fn comment(&mut self) {
        let waiting = async { while !self.line().await.unwrap().starts_with(':') {} };
        tokio::time::timeout(TIMEOUT, waiting).await.expect("a comment");
    }

    async fn message(&mut self) -> Option<Value> {
        let mut data: Vec<String> = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                if !data.is_empty() {
                    return Some(serde_json::from_str(&data.join("\n")).unwrap());
                }
            } else if let Some(value) = line.strip_prefix("data:") {
                data.push(value.strip_prefix(' ').unwrap_or(value).to_owned());
            } else if let Some(value) = line.strip_prefix("retry:") {
                self.retry = Some(value.trim().parse().unwrap());
            } else {
                assert!(line.starts_with(':'), "neither data, retry nor comment: {line}");
                self.comments += 1;
            }
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.text.drain(..=end).collect();
                let line = String::from_utf8(line).unwrap();
                assert!(!line.contains('\r'), "a line ends with LF only");
                return Some(line.trim_end_matches('\n').to_owned());
            }
            self.chunk().await?;
        }
    }

    /// Receives one chunk; none after the last.
    async fn chunk(&mut self) -> Option<()> {
        let mut size = String::new();
        if self.socket.read_line(&mut size).await.ok()? == 0 {
            return None;
        }
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        self.socket.read_exact(&mut chunk).await.ok()?;
        chunk.truncate(size);
        self.text.extend_from_slice(&chunk);
        (size > 0).then_some(())
    }
}
