//! The body of a stream's response: takes its connection's pending data.
//!
//! Owns: nothing but its place in the hub. Must not: wait by a timer, or look into a frame.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame as BodyFrame, SizeHint};
use mio::net::TcpStream;

use crate::{
    connection::{Connection, Next, join},
    hub::Place,
    queue::Command,
    socket::Socket,
};

/// The body of a stream's response. Dropping it takes the connection out of the hub.
pub struct Feed {
    connection: Arc<Connection>,
    /// Until a socket takes it over.
    place: Option<Place>,
}

impl Feed {
    pub(crate) fn new(connection: Arc<Connection>, place: Place) -> Self {
        Self {
            connection,
            place: Some(place),
        }
    }

    /// Hands the stream over to its shard, which writes to this socket from now on, starting with the response head.
    pub(crate) fn continue_on(mut self, stream: TcpStream, head: Bytes) {
        if let Some(Place { queue, registration }) = self.place.take() {
            let socket = Socket::new(stream, head, registration);
            queue.send(Command::Adopt(Arc::clone(&self.connection), socket));
        }
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
        if let Some(place) = &self.place {
            place.queue.counters.count(&taken);
        }
        Poll::Ready(Some(Ok(BodyFrame::data(join(taken.chunks.iter())))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            self.connection.cut();
            place.queue.send(Command::Leave(Arc::clone(&self.connection)));
        }
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}
