//! A report on its way in: from the request to a file without a name.
//!
//! Owns: how much is taken and how long it may stall. Must not: look into it, but for whether it is packed: then it
//! is unpacked on its way ([`packed`]).
//!
//! The file has no name in any folder, so nothing has to delete it: it is gone when it is closed, also when the
//! request is cancelled or the process is killed.

use std::{fs::File, io, path::Path, time::Duration};

use access::Problem;
use axum::{
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, multipart::MultipartError},
    http::{StatusCode, header},
};
use base::Clock;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWriteExt;

use super::{
    Limits,
    packed::{self, Unpacking},
};

/// How long a sender may pause.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a multipart body may hold beside the report, in bytes.
const WRAPPING: usize = 64 * 1024;

/// Takes the report of a request: the field `file` of a multipart body, or the whole body of another type.
///
/// # Errors
/// 413 for more bytes than the limits allow, 408 for a sender that stalls, 422 for a multipart body without the field, 507
/// without room for it.
pub(super) async fn spool(
    request: Request,
    folder: &Path,
    limits: Limits,
    clock: &Clock,
) -> Result<File, Problem> {
    let (file, limit) = (create(folder, limits, clock).await?, limits.taken);
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
async fn create(folder: &Path, limits: Limits, clock: &Clock) -> Result<Spooled, Problem> {
    let folder = folder.to_owned();
    let created = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)?;
        tempfile::tempfile_in(&folder)
    });
    let file = created
        .await
        .map_err(|_| Problem::internal())?
        .map_err(|error| unwritten(&error))?;
    Ok(Spooled {
        into: Into::Start(file, Vec::new()),
        size: 0,
        limits,
        clock: clock.clone(),
    })
}

async fn from_body(body: Body, mut into: Spooled) -> Result<File, Problem> {
    into.fill(body.into_data_stream(), |_| broken()).await?;
    into.end().await
}

async fn from_form(mut request: Request, mut into: Spooled) -> Result<File, Problem> {
    let limit = into.limits.taken;
    DefaultBodyLimit::max(limit.saturating_add(WRAPPING)).apply(&mut request);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| Problem::unprocessable("The body is no multipart form: its type names no boundary."))?;
    let mut found = false;
    let refused = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(limit),
        _ => broken(),
    };
    while let Some(field) = patient(&into.clock, form.next_field()).await?.map_err(refused)? {
        if field.name() != Some("file") {
            continue;
        }
        if found {
            return Err(Problem::field(
                "file",
                "there are two of them; send one report at a time",
            ));
        }
        found = true;
        into.fill(field, refused).await?;
    }
    if !found {
        return Err(Problem::field("file", "the multipart body has no such field"));
    }
    into.end().await
}

/// A file that is being written.
struct Spooled {
    into: Into,
    /// Bytes of the body so far.
    size: usize,
    limits: Limits,
    clock: Clock,
}

/// How the bytes of a body get into the file.
enum Into {
    /// Not known yet: the first byte of a body may come alone.
    Start(File, Vec<u8>),
    Plain(tokio::fs::File),
    Packed(Box<Unpacking>),
    /// Between two writes, or after one that failed.
    Gone,
}

impl Spooled {
    async fn fill<E>(
        &mut self,
        mut chunks: impl Stream<Item = Result<Bytes, E>> + Unpin,
        refused: impl Fn(E) -> Problem,
    ) -> Result<(), Problem> {
        while let Some(chunk) = patient(&self.clock, chunks.next()).await? {
            let chunk = chunk.map_err(&refused)?;
            self.size = self.size.saturating_add(chunk.len());
            if self.size > self.limits.taken {
                return Err(Problem::too_large(self.limits.taken));
            }
            self.write(chunk).await?;
        }
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Problem> {
        self.into = match std::mem::replace(&mut self.into, Into::Gone) {
            Into::Start(file, mut head) => {
                head.extend_from_slice(&chunk);
                if head.len() < packed::MAGIC.len() {
                    Into::Start(file, head)
                } else if head.starts_with(&packed::MAGIC) {
                    let unpacking = Box::new(Unpacking::new(file, self.limits.unpacked));
                    Into::Packed(unpacking.write(head.into()).await?)
                } else {
                    Into::Plain(plain(tokio::fs::File::from_std(file), &head).await?)
                }
            }
            Into::Plain(file) => Into::Plain(plain(file, &chunk).await?),
            Into::Packed(unpacking) => Into::Packed(unpacking.write(chunk).await?),
            Into::Gone => return Err(Problem::internal()),
        };
        Ok(())
    }

    async fn end(self) -> Result<File, Problem> {
        let mut file = match self.into {
            Into::Start(file, head) => plain(tokio::fs::File::from_std(file), &head).await?,
            Into::Plain(file) => file,
            Into::Packed(unpacking) => return unpacking.end().await,
            Into::Gone => return Err(Problem::internal()),
        };
        file.flush().await.map_err(|error| unwritten(&error))?;
        Ok(file.into_std().await)
    }
}

/// Writes as it comes.
async fn plain(mut file: tokio::fs::File, chunk: &[u8]) -> Result<tokio::fs::File, Problem> {
    file.write_all(chunk).await.map_err(|error| unwritten(&error))?;
    Ok(file)
}

/// Waits for a sender, but not for ever.
async fn patient<T>(clock: &Clock, waiting: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::select! {
        biased;
        done = waiting => Ok(done),
        () = clock.sleep(PATIENCE) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "The body stopped coming.")),
    }
}

/// The body broke off. Whoever sent it is likely gone, so this is mostly for the log of a proxy.
fn broken() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "The body broke off or is malformed.")
}

pub(super) fn unwritten(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Problem::from(store::Error::Full),
        _ => {
            tracing::error!(%error, "a report could not be spooled");
            Problem::internal()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use futures_util::stream;

    use super::*;

    const LIMIT: usize = 100_000;
    const LIMITS: Limits = Limits {
        taken: LIMIT,
        unpacked: 3 * LIMIT,
    };

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
        let outcome = spool(request, &folder.path().join("new"), LIMITS, &Clock::system()).await;
        let left: Vec<_> = std::fs::read_dir(folder.path().join("new")).unwrap().collect();
        assert!(left.is_empty(), "no file has a name");
        let mut file = outcome.map_err(|problem| problem.status().as_u16())?;
        file.rewind().unwrap();
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
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
    async fn a_body_is_taken_up_to_its_limit() {
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

    /// Packed by gzip.
    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    #[tokio::test]
    async fn a_packed_body_is_unpacked_on_its_way() {
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
    async fn a_packed_body_that_is_broken_or_a_bomb_is_refused() {
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
            "more behind it"
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
        // Refused before the rest of it is asked for.
        let chunks = bomb
            .chunks(1000)
            .take(10)
            .map(|part| Ok(part.to_vec()))
            .chain([Err("read too far")]);
        assert_eq!(spooled(None, chunks.collect()).await, Err(413));
    }

    #[tokio::test]
    async fn a_form_is_taken_by_its_field() {
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

    #[tokio::test]
    async fn a_sender_that_stalls_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(base::Time::from_nanos(0));
        let request = Request::new(Body::from_stream(stream::pending::<Result<Bytes, io::Error>>()));
        let spooling = spool(request, folder.path(), LIMITS, &clock);
        let advancing = async {
            loop {
                tokio::task::yield_now().await;
                clock.advance(PATIENCE);
            }
        };
        let problem = tokio::select! {
            outcome = spooling => outcome.unwrap_err(),
            () = advancing => unreachable!(),
        };
        assert_eq!(problem.status(), StatusCode::REQUEST_TIMEOUT);
    }
}
