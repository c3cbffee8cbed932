//! An API client: a token, calls with JSON in and out, an open stream.

use std::{net::SocketAddr, path::Path, time::Duration};

use futures_util::StreamExt;
use reqwest::{Method, StatusCode, Version, header};
use serde_json::{Value, json};

/// Calls of one user.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    root: String,
    pub token: Option<String>,
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self::through(builder(), format!("http://{address}"))
    }

    /// Over TLS, with this version of HTTP, trusting only this authority.
    pub fn secure(address: SocketAddr, version: Version, authority: &Path) -> Self {
        let authority = std::fs::read(authority).unwrap();
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        // The default window (RFC 9113, section 6.9.2), not one of megabytes.
        let builder = builder().http2_initial_stream_window_size(65_535);
        let builder = builder.tls_certs_only([authority]);
        let builder = match version {
            Version::HTTP_11 => builder.http1_only(),
            _ => builder,
        };
        Self::through(builder, format!("https://{address}"))
    }

    fn through(builder: reqwest::ClientBuilder, root: String) -> Self {
        Self {
            http: builder.build().unwrap(),
            root,
            token: None,
        }
    }

    pub async fn sign_in(address: SocketAddr, email: &str, password: &str) -> Self {
        Self::new(address).signed_in(email, password).await
    }

    /// The same client with a session of this user.
    pub async fn signed_in(self, email: &str, password: &str) -> Self {
        let answer = self
            .post("/auth/login", json!({"email": email, "password": password}))
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let token = answer.text("token");
        self.with_token(&token)
    }

    /// The same client with a session or token of its own.
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// The same client for a server at another address.
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.root = format!("http://{address}");
        self
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let outside_api = ["/healthz", "/readyz", "/metrics"];
        if outside_api.iter().any(|own| path.starts_with(own)) {
            return self.at_root(method, path);
        }
        self.at_root(method, &format!("/api/v1{path}"))
    }

    /// The same for a path outside of the API.
    pub fn at_root(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.root));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self
            .request(method, path)
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// Imports a scan report as a raw body.
    pub async fn import(&self, query: &str, report: Vec<u8>) -> Answer {
        let request = self.request(Method::POST, &format!("/scans/import?{query}"));
        self.send(
            request
                .header(header::CONTENT_TYPE, "application/octet-stream")
                .body(report),
        )
        .await
    }

    /// Opens the live stream and waits for its ping.
    pub async fn stream(&self) -> Frames {
        let response = self.request(Method::GET, "/stream").send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        let mut frames = Frames {
            body: Box::pin(response.bytes_stream()),
            bytes: Vec::new(),
            rest: String::new(),
        };
        assert_eq!(frames.next().await.unwrap()["type"], "ping");
        frames
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a browser's part in a test, not the server's"
)]
fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy()
}

impl Answer {
    /// The body of a response that must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    /// The id of the created record.
    #[track_caller]
    pub fn id(self) -> String {
        let body = self.expect(201);
        body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id in {body}"))
            .to_owned()
    }

    #[track_caller]
    pub fn text(&self, key: &str) -> String {
        self.body[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key} in {}", self.body))
            .to_owned()
    }
}

type Body = std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>;

/// The frames of an open stream.
pub struct Frames {
    body: Body,
    /// What is not yet a whole character.
    bytes: Vec<u8>,
    rest: String,
}

/// How long a test waits for a frame; far longer than it takes.
const TIMEOUT: Duration = Duration::from_secs(20);

impl Frames {
    /// The next frame, or nothing when the stream has ended.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            while let Some(end) = self.rest.find("\n\n") {
                let block: String = self.rest.drain(..end + 2).collect();
                let data: String = block
                    .lines()
                    .filter_map(|line| line.strip_prefix("data:"))
                    .map(str::trim_start)
                    .collect();
                if !data.is_empty() {
                    return Some(serde_json::from_str(&data).unwrap());
                }
            }
            let chunk = tokio::time::timeout(TIMEOUT, self.body.next())
                .await
                .expect("a frame in time")?;
            // A chunk may end within a character.
            self.bytes.extend_from_slice(&chunk.ok()?);
            let whole = match std::str::from_utf8(&self.bytes) {
                Ok(text) => text.len(),
                Err(error) => error.valid_up_to(),
            };
            let whole: Vec<u8> = self.bytes.drain(..whole).collect();
            self.rest.push_str(&String::from_utf8(whole).unwrap());
        }
    }

    /// The next frame of this type; earlier ones are skipped.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self
                .next()
                .await
                .unwrap_or_else(|| panic!("the stream ended before {kind}"));
            if frame["type"] == kind {
                return frame;
            }
        }
    }
}
