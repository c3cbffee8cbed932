//! The only way out of the house for HTTP (promises S1, S2, S3).
//!
//! Owns: [`Egress::post`]: one POST over a connection of its own to an address that was checked, without proxies and
//! redirects, bounded in time and in what is read; and the knowledge whether a failed request may have arrived.
//! Must not: know a channel, or put a URL into an error: a destination's URL is its password.
//!
//! A connection per post, on purpose: a pooled one may be closed by the other side at the moment of use, and then
//! nobody knows whether the message arrived.

mod answer;
mod dial;
mod resolve;
mod wire;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use crate::destination::{Destination, Reach};
use base::patience;
use hyper::{
    Method, Request,
    body::Bytes,
    header::{CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::time::Instant;

pub use answer::Answer;
pub use resolve::{Lookup, NotAResolve, Resolve, SystemLookup};

pub(crate) use dial::{certificates, connector};

use dial::Dialer;
use wire::{Once, Progress, Wire};

/// The longest time to get a connection: look-up, TCP and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer's body may take after its head; its status is known by then.
const BODY_TIMEOUT: Duration = Duration::from_secs(3);

/// How outbound requests are made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Networks that webhooks may be sent to although they are not public.
    pub allow_networks: Vec<IpNet>,
    /// Addresses given for hosts by name, instead of a look-up.
    pub resolve: Vec<Resolve>,
    /// A file of PEM certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// Why there is no way out.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file of certificates cannot be read or holds none.
    #[error("the CA file {} {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system's certificates cannot be used.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Our own guard refused the address; nothing was connected to.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The whole request was surely not written.
    #[error("{0}")]
    NotSent(String),
    /// The whole request was written, and no answer came back.
    #[error("{0}")]
    Unanswered(String),
}

/// The outbound client. Clones share it.
#[derive(Clone)]
pub struct Egress {
    dialer: Arc<Dialer>,
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").finish_non_exhaustive()
    }
}

impl Egress {
    /// A client that looks hosts up as the system does.
    pub fn new(options: Options) -> Result<Self, SetupError> {
        Self::with_lookup(options, Arc::new(SystemLookup::default()))
    }

    /// A client that looks hosts up in its own way.
    pub fn with_lookup(options: Options, lookup: Arc<dyn Lookup>) -> Result<Self, SetupError> {
        let dialer = Arc::new(Dialer::new(options, lookup)?);
        Ok(Self { dialer })
    }

    /// What the operator allows beyond the public internet: for [`crate::destination::webhook`].
    pub fn reach(&self) -> &Reach {
        self.dialer.reach()
    }

    /// Posts the body, once, in at most `limit` from the look-up to the answer.
    pub async fn post(
        &self,
        destination: &Destination,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let deadline = Instant::now() + limit;
        let request = request(destination, headers, body)?;
        let connect_by = deadline.min(Instant::now() + CONNECT_TIMEOUT);
        let stream = patience::until(connect_by, self.dialer.dial(destination))
            .await
            .ok_or_else(|| Failure::NotSent("no connection in time".to_owned()))??;
        let progress = Progress::default();
        exchange(Wire::new(stream, progress.clone()), request, progress, deadline).await
    }
}

/// The request: of the destination's URL it holds the host and the path.
fn request(
    destination: &Destination,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
) -> Result<Request<Bytes>, Failure> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(destination.path_and_query())
        .header(HOST, destination.authority())
        .header(USER_AGENT, concat!("Campanile/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close")
        .body(body)
        // The error's text could quote the path.
        .map_err(|_| Failure::Forbidden("the URL cannot be put into a request"))?;
    for (name, value) in headers {
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// Writes the request and reads the answer until the deadline: its head, and the beginning of its body as far as that comes soon.
async fn exchange(
    wire: Wire,
    request: Request<Bytes>,
    progress: Progress,
    deadline: Instant,
) -> Result<Answer, Failure> {
    let failed = |error: hyper::Error| progress.failure(plain(&error));
    #[expect(clippy::disallowed_methods, reason = "this is the place where requests leave")]
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(wire))
        .await
        .map_err(failed)?;
    let talk = async {
        let request = request.map(|body| Once::new(body, progress.clone()));
        let response = patience::until(deadline, sender.send_request(request))
            .await
            .ok_or_else(|| progress.failure("no answer in time".to_owned()))?
            .map_err(failed)?;
        // What is left, or where the answer lay here while this process was suspended, a little.
        let left = patience::grace(deadline).unwrap_or_else(|| deadline.duration_since(Instant::now()));
        Ok(answer::read(response, left.min(BODY_TIMEOUT)).await)
    };
    let drive = async {
        // Its end is told to the one who waits for the answer; here it only keeps the connection moving.
        let _ = connection.await;
        std::future::pending().await
    };
    tokio::select! {
        answer = talk => answer,
        answer = drive => answer,
    }
}

/// What went wrong, without the texts of causes: those could quote what the other side sent.
fn plain(error: &hyper::Error) -> String {
    let reason = if error.is_parse() {
        "the answer is not HTTP"
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        "the connection was closed without an answer"
    } else {
        "the connection broke"
    };
    reason.to_owned()
}
