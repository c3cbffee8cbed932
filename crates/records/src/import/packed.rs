//! Unpacks a compressed scan report into its file.
//!
//! Owns: decompressing gzip piece by piece, up to a bound. Must not: hold more than one piece.

use std::{
    fs::File,
    io::{self, Write},
};

use access::Problem;
use axum::{body::Bytes, http::StatusCode};
use flate2::write::MultiGzDecoder;

use super::room::{Space, unwritten};

/// How a gzip file starts (RFC 1952 section 2.3.1).
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file that is decompressed as it arrives.
pub(super) struct Unpacking {
    decoder: MultiGzDecoder<Bounded>,
    most: usize,
}

impl Unpacking {
    /// Decompresses into this file, at most `most` bytes.
    pub(super) fn new(file: File, space: Space, most: usize) -> Self {
        let decoder = MultiGzDecoder::new(Bounded {
            file,
            space,
            left: most,
        });
        Self { decoder, most }
    }

    /// Takes the next piece of the compressed file.
    ///
    /// # Errors
    /// 413 beyond the bound, 422 for invalid gzip, 507 without disk space.
    pub(super) async fn write(mut self: Box<Self>, chunk: Bytes) -> Result<Box<Self>, Problem> {
        let written = tokio::task::spawn_blocking(move || {
            let outcome = self.decoder.write_all(&chunk);
            (self, outcome)
        });
        let (this, outcome) = written.await.map_err(|_| Problem::internal())?;
        outcome.map_err(|error| refused(&error, this.most))?;
        Ok(this)
    }

    /// The decompressed file, and the space it uses.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub(super) async fn end(self: Box<Self>) -> Result<(File, Space), Problem> {
        let most = self.most;
        let ended = tokio::task::spawn_blocking(move || self.decoder.finish());
        let bounded = ended.await.map_err(|_| Problem::internal())?;
        let bounded = bounded.map_err(|error| refused(&error, most))?;
        Ok((bounded.file, bounded.space))
    }
}

/// A file with a limit on further bytes.
struct Bounded {
    file: File,
    space: Space,
    left: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.left {
            return Err(io::Error::other(Full));
        }
        self.space.grow(bytes.len())?;
        self.file.write_all(bytes)?;
        self.left -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The bound was reached.
#[derive(Debug, thiserror::Error)]
#[error("there is no space left")]
struct Full;

fn refused(error: &io::Error, most: usize) -> Problem {
    if error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Full>)
    {
        let detail = format!("The scan report is larger than {most} bytes when uncompressed.");
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail);
    }
    match error.kind() {
        io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidData
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::WriteZero => Problem::unprocessable(
            "The scan report cannot be decompressed: its gzip data is broken or ends too early.",
        ),
        _ => unwritten(error).into(),
    }
}
