//! How a stream takes over the socket of its request: hyper reads the head and the router responds, then hyper's
//! connection is dismantled and a shard writes to the socket itself.
//!
//! Owns: the path from the handler to the code that serves the connection, and the response head.
//! Must not: be offered if something else uses the socket (HTTP/2, TLS) or if the client does not support
//! chunked encoding (HTTP/1.0).

use std::{
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Version, header};
use bytes::Bytes;
use tokio::{net::TcpStream, sync::Notify};

use crate::feed::Feed;

/// An offer of one connection's socket. The code that serves it calls [`offer`](Self::offer) with each request,
/// [`settle`](Self::settle) with each response, and waits for [`taken`](Self::taken).
#[derive(Clone, Default)]
pub struct Handover(Arc<State>);

#[derive(Default)]
struct State {
    /// The stream that the handler opened.
    feed: Mutex<Option<Feed>>,
    /// The same, with the head of its response.
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

    /// Called by the handler: this stream takes the socket.
    pub(crate) fn put(&self, feed: Feed) {
        *lock(&self.0.feed) = Some(feed);
    }

    /// The response to a request. If its stream takes the socket, it never returns: [`taken`](Self::taken) has it.
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
    /// The stream continues on this socket. If that fails, the socket is closed and the client reconnects.
    pub fn continue_on(self, socket: TcpStream) {
        match socket.into_std() {
            Ok(socket) => self
                .feed
                .continue_on(mio::net::TcpStream::from_std(socket), self.head),
            Err(error) => tracing::warn!(%error, "a stream's socket was lost"),
        }
    }
}

/// The head of a 200 response whose body is chunked and ends the connection (RFC 9112, sections 4 and 7.1).
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
