//! Receives a scan report: from the request to a file without a name.
//!
//! Owns: how much is accepted, how slowly and with which pauses. Must not: read the content; a compressed upload is
//! decompressed while it arrives ([`packed`]).
//!
//! The file has no name in any folder, so nothing has to delete it: it vanishes when it is closed, even if the request
//! is canceled or the process is killed.

use std::{fs::File, path::PathBuf, sync::Arc, time::Duration};

use access::{IdempotencyKey, Once, Problem};
use axum::{
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, multipart::MultipartError},
    http::{StatusCode, header},
};
use base::{Clock, Id, Time};
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWriteExt;

use super::{
    limits::Limits,
    packed::{self, Unpacking},
    room::{Room, Space, unwritten},
};

/// How long a sender may pause.
const PATIENCE: Duration = Duration::from_mins(1);

/// For how long a sender may initially be slower than [`Limits::pace`].
const GRACE: Duration = Duration::from_secs(30);

/// Maximum size of a multipart body other than the scan report, in bytes.
const WRAPPING: usize = 64 * 1024;

/// Where scan reports are spooled, and within which bounds.
#[derive(Clone)]
pub(super) struct Spool {
    pub(super) folder: Arc<PathBuf>,
    limits: Limits,
    room: Room,
    clock: Clock,
}

impl Spool {
    pub(super) fn new(folder: PathBuf, limits: Limits, clock: &Clock) -> Self {
        Self {
            folder: Arc::new(folder),
            limits,
            room: Room::new(&limits),
            clock: clock.clone(),
        }
    }
}

/// A scan report that has arrived.
pub(super) struct Spooled {
    pub(super) file: File,
    /// The space it uses, until it is dropped.
    pub(super) space: Space,
    /// The key of its request, with its bytes.
    pub(super) once: Once,
}

/// Receives the scan report of a request: the field `file` of a multipart body, or the whole body of another type. The
/// key covers its bytes as they were sent; the rest of a form differs each time.
///
/// # Errors
/// 413 for more bytes than the limits allow, 408 for a sender that stalls or is too slow, 422 for a multipart body
/// without the field, 429 if the space for scan reports is used up, 507 if the disk is full.
pub(super) async fn spool(
    request: Request,
    key: IdempotencyKey,
    to: &Spool,
    owner: Id,
) -> Result<Spooled, Problem> {
    let (mut file, limit) = (create(to, owner).await?, to.limits.taken);
    file.key = key;
    let multipart = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"));
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit + if multipart { WRAPPING } else { 0 }) {
        return Err(Problem::too_large(limit));
    }
    if multipart {
        from_form(request, file).await
    } else {
        from_body(request.into_body(), file).await
    }
}

/// A file without a name in this folder.
async fn create(to: &Spool, owner: Id) -> Result<Spooling, Problem> {
    let folder = Arc::clone(&to.folder);
    let created = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&*folder)?;
        tempfile::tempfile_in(&*folder)
    });
    let file = created
        .await
        .map_err(|_| Problem::internal())?
        .map_err(|error| unwritten(&error))?;
    Ok(Spooling {
        into: Into::Start(file, to.room.space(owner), Vec::new()),
        key: IdempotencyKey::default(),
        size: 0,
        limits: to.limits,
        started: to.clock.steady(),
        clock: to.clock.clone(),
    })
}

async fn from_body(body: Body, mut into: Spooling) -> Result<Spooled, Problem> {
    into.fill(body.into_data_stream(), |_| broken()).await?;
    into.end().await
}

async fn from_form(mut request: Request, mut into: Spooling) -> Result<Spooled, Problem> {
    let limit = into.limits.taken;
    DefaultBodyLimit::max(limit.saturating_add(WRAPPING)).apply(&mut request);
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| {
        Problem::unprocessable("The Content-Type of the multipart body does not name a boundary.")
    })?;
    let mut found = false;
    let refused = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(limit),
        _ => broken(),
    };
    while let Some(field) = into.patient(form.next_field()).await?.map_err(refused)? {
        if field.name() != Some("file") {
            continue;
        }
        if found {
            return Err(Problem::field("file", "must occur only once per request"));
        }
        found = true;
        into.fill(field, refused).await?;
    }
    if !found {
        return Err(Problem::field("file", "is missing from the multipart body"));
    }
    into.end().await
}

/// A file that is being written.
struct Spooling {
    into: Into,
    /// The key of the request, which covers the same bytes.
    key: IdempotencyKey,
    /// Bytes of the body so far.
    size: usize,
    limits: Limits,
    /// By the monotonic clock.
    started: Time,
    clock: Clock,
}

/// How the bytes of a body are written to the file.
enum Into {
    /// Not decided yet: the first byte of a body may arrive alone.
    Start(File, Space, Vec<u8>),
    Plain(tokio::fs::File, Space),
    Packed(Box<Unpacking>),
    /// Between two writes, or after one that failed.
    Gone,
}

impl Spooling {
    async fn fill<E>(
        &mut self,
        mut chunks: impl Stream<Item = Result<Bytes, E>> + Unpin,
        refused: impl Fn(E) -> Problem,
    ) -> Result<(), Problem> {
        while let Some(chunk) = self.patient(chunks.next()).await? {
            let chunk = chunk.map_err(&refused)?;
            self.size = self.size.saturating_add(chunk.len());
            if self.size > self.limits.taken {
                return Err(Problem::too_large(self.limits.taken));
            }
            self.key.read(&chunk);
            self.write(chunk).await?;
        }
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Problem> {
        self.into = match std::mem::replace(&mut self.into, Into::Gone) {
            Into::Start(file, space, mut head) => {
                head.extend_from_slice(&chunk);
                if head.len() < packed::MAGIC.len() {
                    Into::Start(file, space, head)
                } else if head.starts_with(&packed::MAGIC) {
                    let unpacking = Box::new(Unpacking::new(file, space, self.limits.unpacked));
                    Into::Packed(unpacking.write(head.into()).await?)
                } else {
                    let file = tokio::fs::File::from_std(file);
                    plain(file, space, &head).await?
                }
            }
            Into::Plain(file, space) => plain(file, space, &chunk).await?,
            Into::Packed(unpacking) => Into::Packed(unpacking.write(chunk).await?),
            Into::Gone => return Err(Problem::internal()),
        };
        Ok(())
    }

    async fn end(self) -> Result<Spooled, Problem> {
        let once = self.key.whole();
        let into = match self.into {
            Into::Start(file, space, head) => plain(tokio::fs::File::from_std(file), space, &head).await?,
            into => into,
        };
        let (file, space) = match into {
            Into::Plain(mut file, space) => {
                file.flush().await.map_err(|error| unwritten(&error))?;
                (file.into_std().await, space)
            }
            Into::Packed(unpacking) => unpacking.end().await?,
            Into::Start(..) | Into::Gone => return Err(Problem::internal()),
        };
        Ok(Spooled { file, space, once })
    }

    /// Waits for the sender, but not forever.
    async fn patient<T>(&self, waiting: impl Future<Output = T>) -> Result<T, Problem> {
        let patience = self.patience();
        if patience.is_zero() {
            return Err(stalled());
        }
        tokio::select! {
            biased;
            done = waiting => Ok(done),
            () = self.clock.sleep(patience) => Err(stalled()),
        }
    }

    /// How long the next piece may take to arrive.
    fn patience(&self) -> Duration {
        let bytes = u64::try_from(self.size).unwrap_or(u64::MAX);
        let so_far = bytes.checked_div(self.limits.pace);
        let so_far = so_far.map_or(Duration::MAX, Duration::from_secs);
        let in_all = GRACE.saturating_add(so_far).min(self.limits.longest);
        let left = self.started.after(in_all).since(self.clock.steady());
        left.min(PATIENCE)
    }
}

/// 408. Also for a sender that is too slow: a slot that is occupied for hours is not available to others.
fn stalled() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "The upload stalled or was too slow.")
}

/// Writes the bytes as they arrive.
async fn plain(mut file: tokio::fs::File, mut space: Space, chunk: &[u8]) -> Result<Into, Problem> {
    space.grow(chunk.len()).map_err(|error| unwritten(&error))?;
    file.write_all(chunk).await.map_err(|error| unwritten(&error))?;
    Ok(Into::Plain(file, space))
}

/// The body was interrupted. The sender has likely disconnected, so this is mostly for the log of a proxy.
fn broken() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "The upload was interrupted, or its body is malformed.",
    )
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Seek, Write};

    use futures_util::stream;

    use super::*;

    const LIMIT: usize = 100_000;
    fn limits() -> Limits {
        Limits {
            taken: LIMIT,
            unpacked: 3 * LIMIT,
            ..Limits::default()
        }
    }

    fn owner() -> Id {
        Id::from_parts(1, [1; 10])
    }

    async fn spooled(
        content_type: Option<&str>,
        chunks: Vec<Result<Vec<u8>, &'static str>>,
    ) -> Result<Vec<u8>, u16> {
        let folder = tempfile::tempdir().unwrap();
        let mut request = Request::builder();
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let chunks = chunks.into_iter().map(|chunk| chunk.map_err(io::Error::other));
        let request = request.body(Body::from_stream(stream::iter(chunks))).unwrap();
        let to = Spool::new(folder.path().join("new"), limits(), &Clock::system());
        let outcome = spool(request, IdempotencyKey::default(), &to, owner()).await;
        let left: Vec<_> = std::fs::read_dir(folder.path().join("new")).unwrap().collect();
        assert!(left.is_empty(), "no file has a name");
        let Spooled { mut file, space, .. } = outcome.map_err(|problem| problem.status().as_u16())?;
        file.rewind().unwrap();
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
        assert_eq!(space.bytes(), text.len(), "all of it is counted");
        Ok(text)
    }

    fn form(parts: &[(&str, usize)]) -> Vec<u8> {
        let part = |(name, size): &(&str, usize)| {
            let text = "x".repeat(*size);
            format!(
                "--b\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"x\"\r\n\r\n{text}\r\n"
            )
        };
        let body: String = parts.iter().map(part).collect();
        (body + "--b--\r\n").into_bytes()
    }

    #[tokio::test]
    async fn a_body_is_accepted_up_to_its_limit() {
        let chunk = |size: usize| Ok(vec![b'x'; size]);
        assert_eq!(spooled(None, vec![]).await, Ok(Vec::new()));
        let whole = spooled(
            Some("application/sarif+json"),
            vec![chunk(LIMIT / 2), chunk(LIMIT / 2)],
        )
        .await;
        assert_eq!(whole.map(|text| text.len()), Ok(LIMIT));
        assert_eq!(spooled(None, vec![chunk(LIMIT), chunk(1)]).await, Err(413));
        assert_eq!(spooled(None, vec![chunk(9), Err("gone")]).await, Err(400));
    }

    /// Compressed with gzip.
    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    #[tokio::test]
    async fn a_compressed_body_is_decompressed_while_it_arrives() {
        let text: Vec<u8> = (0..2 * LIMIT).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let packed = gzip(&text);
        for size in [1, 3, 1000, LIMIT] {
            let chunks = packed.chunks(size).map(|part| Ok(part.to_vec())).collect();
            assert_eq!(
                spooled(None, chunks).await,
                Ok(text.clone()),
                "in chunks of {size}"
            );
        }
        let twice = vec![Ok(packed.clone()), Ok(gzip(b"more"))];
        assert_eq!(
            spooled(None, twice).await.map(|text| text.len()),
            Ok(2 * LIMIT + 4),
            "members"
        );
        let form_data = Some("multipart/form-data; boundary=b");
        let start = b"--b\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n";
        let body = [start, packed.as_slice(), b"\r\n--b--\r\n"].concat();
        assert_eq!(spooled(form_data, vec![Ok(body)]).await, Ok(text));
    }

    #[tokio::test]
    async fn a_broken_compressed_body_or_a_bomb_is_rejected() {
        let packed = gzip(b"{\"a\": [1, 2, 3, 4, 5]}");
        for end in 2..packed.len() {
            assert_eq!(
                spooled(None, vec![Ok(packed[..end].to_vec())]).await,
                Err(422),
                "cut at {end}"
            );
        }
        let mut wrong = packed.clone();
        let at = wrong.len() - 6;
        wrong[at] ^= 1;
        assert_eq!(spooled(None, vec![Ok(wrong)]).await, Err(422), "another checksum");
        assert_eq!(
            spooled(None, vec![Ok([&packed[..], b"rest"].concat())]).await,
            Err(422),
            "more after it"
        );
        let whole = gzip(&vec![b' '; 3 * LIMIT]);
        assert_eq!(
            spooled(None, vec![Ok(whole)]).await.map(|text| text.len()),
            Ok(3 * LIMIT)
        );
        assert_eq!(
            spooled(None, vec![Ok(gzip(&vec![b' '; 3 * LIMIT + 1]))]).await,
            Err(413)
        );
        let bomb = gzip(&vec![b' '; 60_000_000]);
        // Rejected before the rest is requested.
        let chunks = bomb
            .chunks(1000)
            .take(10)
            .map(|part| Ok(part.to_vec()))
            .chain([Err("read too far")]);
        assert_eq!(spooled(None, chunks.collect()).await, Err(413));
    }

    #[tokio::test]
    async fn a_form_is_read_by_its_field() {
        let form_data = Some("multipart/form-data; boundary=b");
        let parts = |parts: &[(&str, usize)]| form(parts).chunks(777).map(|part| Ok(part.to_vec())).collect();
        let whole = spooled(form_data, parts(&[("a", 9), ("file", LIMIT), ("b", 9)])).await;
        assert_eq!(whole.map(|text| text.len()), Ok(LIMIT));
        for (body, status) in [
            (parts(&[("file", LIMIT + 1)]), 413),
            (parts(&[("other", LIMIT + 2 * WRAPPING)]), 413),
            (parts(&[("a", 1)]), 422),
            (parts(&[("file", 1), ("file", 1)]), 422),
            (vec![Ok(form(&[("file", 99)])[..80].to_vec())], 400),
        ] {
            assert_eq!(spooled(form_data, body).await, Err(status));
        }
        assert_eq!(
            spooled(Some("multipart/form-data"), parts(&[("file", 1)])).await,
            Err(422)
        );
    }

    /// The status for a sender of this many bytes at a time with this pause, and after how long.
    async fn dripping(bytes: usize, pause: Duration, limits: Limits) -> (u16, Duration) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(base::Time::from_nanos(0));
        let start = clock.steady();
        let sending = clock.clone();
        let chunks = stream::unfold((), move |()| {
            let sending = sending.clone();
            async move {
                sending.sleep(pause).await;
                Some((Ok::<_, io::Error>(vec![b'x'; bytes]), ()))
            }
        });
        let request = Request::new(Body::from_stream(chunks));
        let to = Spool::new(folder.path().to_owned(), limits, &clock);
        let advancing = async {
            loop {
                tokio::time::sleep(Duration::from_micros(200)).await;
                clock.advance(Duration::from_secs(1));
            }
        };
        let problem = tokio::select! {
            outcome = spool(request, IdempotencyKey::default(), &to, owner()) => outcome.map(drop).unwrap_err(),
            () = advancing => unreachable!(),
        };
        (problem.status().as_u16(), clock.steady().since(start))
    }

    // promise: U3
    #[tokio::test]
    async fn a_sender_that_stalls_or_drips_is_disconnected() {
        let minute = Duration::from_mins(1);
        let (status, after) = dripping(1, Duration::from_hours(9), limits()).await;
        assert!(status == 408 && after < minute, "{status} after {after:?}");
        // A byte now and then, as no real upload.
        let (status, after) = dripping(1, Duration::from_secs(25), limits()).await;
        assert!(status == 408 && after < minute, "{status} after {after:?}");
        // Fast enough, until the body is too large.
        let (status, _) = dripping(2_000, Duration::from_secs(1), limits()).await;
        assert_eq!(status, 413);
        // Fast enough, but endless.
        let endless = Limits {
            taken: usize::MAX,
            longest: 5 * minute,
            ..limits()
        };
        let (status, after) = dripping(2_000, Duration::from_secs(1), endless).await;
        assert!(status == 408 && after < 6 * minute, "{status} after {after:?}");
        // A pause, however much has arrived by then.
        let (status, after) = dripping(50_000, Duration::from_secs(70), limits()).await;
        assert!(status == 408 && after < 2 * minute, "{status} after {after:?}");
    }
}
