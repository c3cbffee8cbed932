//! How a stream takes the socket below its request: hyper reads the head and the router answers it, then hyper's
//! connection is put away and a shard writes to the socket itself.
//!
//! Owns: the way from the handler to whoever serves the connection, and the answer's head.
//! Must not: be offered where the socket is not the stream's alone (HTTP/2, TLS) or where the client does not know
//! chunks (HTTP/1.0).

use std::{
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Version, header};
use bytes::Bytes;
use tokio::{net::TcpStream, sync::Notify};

use crate::feed::Feed;

/// An offer of the socket below one connection. The one who serves it [`offer`](Self::offer)s it with each request,
/// [`settle`](Self::settle)s each answer, and waits for [`taken`](Self::taken).
#[derive(Clone, Default)]
pub struct Handover(Arc<State>);

#[derive(Default)]
struct State {
    /// The stream that the handler opened.
    feed: Mutex<Option<Feed>>,
    /// The same, with the head of its answer.
    taken: Mutex<Option<Taken>>,
    wake: Notify,
}

/// A stream that takes the socket, and the head it begins with.
pub struct Taken {
    feed: Feed,
    head: Bytes,
}

impl Handover {
    /// Offers the socket to the handler of a request, if this is one that may take it.
    pub fn offer<B>(&self, request: &mut Request<B>) {
        if request.method() == Method::GET && request.version() == Version::HTTP_11 {
            request.extensions_mut().insert(self.clone());
        }
    }

    /// The handler's word that this stream takes the socket.
    pub(crate) fn put(&self, feed: Feed) {
        *lock(&self.0.feed) = Some(feed);
    }

    /// The answer to a request. Of one whose stream takes the socket it never comes: [`taken`](Self::taken) has it.
    pub async fn settle<B>(&self, response: Response<B>) -> Response<B> {
        match lock(&self.0.feed).take() {
            Some(feed) if response.status() == StatusCode::OK => {
                let head = head(response.headers());
                *lock(&self.0.taken) = Some(Taken { feed, head });
                self.0.wake.notify_one();
            }
            _ => return response,
        }
        std::future::pending().await
    }

    /// Waits until a stream takes the socket.
    pub async fn taken(&self) -> Taken {
        loop {
            if let Some(taken) = lock(&self.0.taken).take() {
                return taken;
            }
            self.0.wake.notified().await;
        }
    }
}

impl Taken {
    /// The stream goes on on this socket. Where that fails, the socket is closed and the client comes back.
    pub fn go_on(self, socket: TcpStream) {
        match socket.into_std() {
            Ok(socket) => self.feed.go_on(mio::net::TcpStream::from_std(socket), self.head),
            Err(error) => tracing::warn!(%error, "a stream's socket was lost"),
        }
    }
}

/// The head of a 200 whose body is chunked and ends the connection (RFC 9112, sections 4 and 7.1).
fn head(fields: &HeaderMap) -> Bytes {
    let mut head = String::from("HTTP/1.1 200 OK\r\n");
    let framing = [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
    ];
    for (name, value) in fields {
        if let Ok(value) = value.to_str()
            && !framing.contains(name)
        {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    head.push_str("transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
    Bytes::from(head)
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change is complete before anything in it could panic.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
