//! The body of a stream's response: takes what waits for its connection.
//!
//! Owns: nothing but its place in the hub. Must not: wait by a timer, or look into a frame.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame as BodyFrame, SizeHint};

use crate::{
    connection::{Connection, Next},
    hub::Place,
    inbox::Command,
    metrics::Counters,
};

/// The body of a stream's response. Dropping it takes the connection out of the hub.
pub struct Feed {
    connection: Arc<Connection>,
    place: Place,
}

impl Feed {
    pub(crate) fn new(connection: Arc<Connection>, place: Place) -> Self {
        Self { connection, place }
    }

    fn counters(&self) -> &Counters {
        &self.place.inbox.counters
    }
}

impl Body for Feed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, Infallible>>> {
        let taken = match self.connection.next(context) {
            Next::Taken(taken) => taken,
            Next::Later => return Poll::Pending,
            Next::End => return Poll::Ready(None),
        };
        let counters = self.counters();
        let frames = u64::try_from(taken.frames).unwrap_or(u64::MAX);
        counters.sent.fetch_add(frames, Ordering::Relaxed);
        let resyncs = u64::from(taken.resynced);
        counters.resyncs.fetch_add(resyncs, Ordering::Relaxed);
        Poll::Ready(Some(Ok(BodyFrame::data(taken.bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.connection.cut();
        let leave = Command::Leave(Arc::clone(&self.connection));
        self.place.inbox.tell(leave);
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}
