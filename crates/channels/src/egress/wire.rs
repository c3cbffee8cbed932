//! The connection as bytes: knows whether the request was written completely, and reads no more than it must.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Failure, answer::MAX_BODY};

/// How much is read from a connection in all: the body, and room for heads, interim responses and chunk sizes.
const MAX_READ: usize = MAX_BODY + 64 * 1024;

/// A connection, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How far a request got. Once all of it was handed to the connection it may arrive, whatever happens then; before
/// that it cannot, because its announced length is not reached.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<AtomicU8>);

/// The body is in the client's buffer, after the head.
const BUFFERED: u8 = 1;
/// The buffer was written to the connection to its last byte.
const WRITTEN: u8 = 2;

impl Progress {
    fn reach(&self, state: u8) {
        self.0.fetch_max(state, Ordering::Relaxed);
    }

    fn is(&self, state: u8) -> bool {
        self.0.load(Ordering::Relaxed) >= state
    }

    /// What a missing response means at this point.
    pub(super) fn failure(&self, reason: String) -> Failure {
        if self.is(WRITTEN) {
            Failure::Unanswered(reason)
        } else {
            Failure::NotSent(reason)
        }
    }
}

/// The body of a request, in one piece.
pub(super) struct Once {
    body: Option<Bytes>,
    progress: Progress,
}

impl Once {
    pub(super) const fn new(body: Bytes, progress: Progress) -> Self {
        Self {
            body: Some(body),
            progress,
        }
    }
}

impl Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.progress.reach(BUFFERED);
        Poll::Ready(self.body.take().map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.as_ref().map_or(0, |body| body.len() as u64))
    }
}

/// A connection that tracks what is written to and read from it.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    progress: Progress,
    left: usize,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Stream>, progress: Progress) -> Self {
        Self {
            stream,
            progress,
            left: MAX_READ,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        let room = self.left.min(buf.remaining());
        let mut bounded = ReadBuf::new(buf.initialize_unfilled_to(room));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut bounded))?;
        let read = bounded.filled().len();
        buf.advance(read);
        self.left -= read;
        Poll::Ready(Ok(()))
    }
}

/// Without vectored writes the client has one buffer, so a write of all of it, once the body is in it, is the end of
/// the request.
impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        if written == buf.len() && self.progress.is(BUFFERED) {
            self.progress.reach(WRITTEN);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
