//! A client of a router in the same process.

use access::{Access, Peer};
use axum::{
    Router,
    body::Body,
    http::{Method, Request},
    middleware,
};
use serde_json::Value;
use tower::ServiceExt;

use crate::Answer;

/// How much of a body the message of a failing test shows.
const SHOWN: usize = 200;

/// The routes behind the check of credentials, as in the server.
pub fn guarded(router: Router, access: &Access) -> Router {
    router.layer(middleware::from_fn_with_state(
        access.clone(),
        access::authenticate,
    ))
}

/// Sends a request; `database` is for the message of a failing test.
pub async fn ask(router: &Router, database: &str, request: Request<Body>) -> Answer {
    let asked = format!("{database} {} {}", request.method(), request.uri());
    let response = router.clone().oneshot(request).await.unwrap();
    Answer {
        asked,
        status: response.status(),
        headers: response.headers().clone(),
        bytes: axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap()
            .to_vec(),
    }
}

/// Sends requests with the same headers.
#[derive(Debug, Clone)]
pub struct Client {
    router: Router,
    database: &'static str,
    headers: Vec<(String, String)>,
    peer: Option<Peer>,
}

impl Client {
    /// One without a credential; `database` is for the messages of failing tests.
    pub fn new(router: &Router, database: &'static str) -> Self {
        Self {
            router: router.clone(),
            database,
            headers: Vec::new(),
            peer: None,
        }
    }

    /// The same with this header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a session or an API token.
    #[must_use]
    pub fn bearer(self, credential: &str) -> Self {
        self.with("authorization", &format!("Bearer {credential}"))
    }

    /// The same from this IP address.
    #[must_use]
    pub fn from(mut self, peer: &str) -> Self {
        self.peer = Some(Peer(peer.parse().unwrap()));
        self
    }

    /// Sends a request with any body of any type.
    pub async fn raw(&self, method: &str, path: &str, body: Option<(&str, Vec<u8>)>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let (media, bytes) = body.unzip();
        if let Some(media) = media {
            request = request.header("content-type", media);
        }
        if let Some(peer) = self.peer {
            request = request.extension(peer);
        }
        let bytes = bytes.unwrap_or_default();
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]).into_owned();
        let request = request.body(Body::from(bytes)).unwrap();
        let mut answer = ask(&self.router, self.database, request).await;
        answer.asked = format!("{} {shown}", answer.asked);
        answer
    }

    /// Sends a request with a JSON body, if there is one.
    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.raw(method, path, body).await
    }

    /// Sends `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// Sends `POST`.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(&body)).await
    }

    /// Sends `PATCH`.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some(&body)).await
    }

    /// Sends `PUT`.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(&body)).await
    }

    /// Sends `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }
}
