//! Idle HTTP/2 connections: how many one address may keep, and until when.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;

/// How many one address may keep (IPv6: one /64).
pub(crate) const MOST: usize = 100;

/// How many each address keeps now. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Idle(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// The slot of one connection; released when dropped.
pub(crate) struct Slot {
    of: IpAddr,
    all: Idle,
}

impl Idle {
    /// A slot for a connection from this address; none if all are taken.
    pub(crate) fn slot(&self, address: IpAddr) -> Option<Slot> {
        let of = network(address);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(of).or_default();
        if *count >= MOST {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Slot {
            of,
            all: self.clone(),
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.of);
            }
        }
    }
}

/// Without the part of an address that one client can change at will.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The pending requests of a connection, including response bodies. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Activity(Arc<Requests>);

#[derive(Default)]
struct Requests {
    open: AtomicUsize,
    changed: Notify,
}

/// One pending request, until it is dropped.
pub(crate) struct Open(Activity);

impl Activity {
    /// A request begins.
    pub(crate) fn begin(&self) -> Open {
        self.0.open.fetch_add(1, Ordering::SeqCst);
        self.0.changed.notify_one();
        Open(self.clone())
    }

    /// Whether none is pending.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.open.load(Ordering::SeqCst) == 0
    }

    /// Resolves when a request has begun or ended.
    pub(crate) async fn changed(&self) {
        self.0.changed.notified().await;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::SeqCst);
        self.0.0.changed.notify_one();
    }
}

impl Open {
    /// Keeps the request pending until the response body has been sent.
    pub(crate) fn until_sent(self, response: Response) -> Response {
        response.map(|body| Body::new(Sent { body, _open: self }))
    }
}

struct Sent {
    body: Body,
    _open: Open,
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_a_limited_number() {
        let idle = Idle::default();
        let at = |text: &str| idle.slot(text.parse().unwrap());
        let mut places: Vec<_> = (0..MOST).map(|_| at("2001:db8::1").unwrap()).collect();
        assert!(at("2001:db8::2").is_none(), "the same network");
        assert!(at("2001:db8:0:1::1").is_some(), "another");
        places.pop();
        assert!(at("2001:db8::2").is_some());
        drop(places);
        assert!(idle.0.lock().unwrap().is_empty(), "nothing is left over");
    }
}
