//! The only way out for HTTP (promises S1, S2, S3).
//!
//! Owns: [`Egress::post`]: one POST over a connection of its own to a checked address, without proxies and redirects,
//! limited in time and in what is read; and the knowledge whether a failed request may have arrived.
//! Must not: know a channel, or put a URL into an error: a destination's URL is its password.
//!
//! A connection per post, on purpose: the other side may close a pooled one at the moment of use, and then it is
//! unknown whether the message arrived.

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

/// The timeout for getting a connection: DNS lookup, TCP and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a response body may take after its head; its status is known by then.
const BODY_TIMEOUT: Duration = Duration::from_secs(3);

/// The settings of outbound requests.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Networks that webhooks may be sent to although they are not public.
    pub allow_networks: Vec<IpNet>,
    /// Addresses configured for hosts, instead of a DNS lookup.
    pub resolve: Vec<Resolve>,
    /// A file of PEM certificates to trust in addition to the system's.
    pub ca_file: Option<PathBuf>,
}

/// Why the outbound client cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file of certificates cannot be read or contains none.
    #[error("the CA file {} {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// The error.
        reason: String,
    },
    /// The system's certificates cannot be used.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Our own guard rejected the address; no connection was made.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The request was certainly not written completely.
    #[error("{0}")]
    NotSent(String),
    /// The request was written completely, and no response came back.
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
    /// A client that resolves hosts as the system does.
    pub fn new(options: Options) -> Result<Self, SetupError> {
        Self::with_lookup(options, Arc::new(SystemLookup::default()))
    }

    /// A client with its own host resolution.
    pub fn with_lookup(options: Options, lookup: Arc<dyn Lookup>) -> Result<Self, SetupError> {
        let dialer = Arc::new(Dialer::new(options, lookup)?);
        Ok(Self { dialer })
    }

    /// What the operator allows in addition to the public internet: for [`crate::destination::webhook`].
    pub fn reach(&self) -> &Reach {
        self.dialer.reach()
    }

    /// Posts the body, once, in at most `limit` from the lookup to the response.
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
            .ok_or_else(|| Failure::NotSent("the connection timed out".to_owned()))??;
        let progress = Progress::default();
        exchange(Wire::new(stream, progress.clone()), request, progress, deadline).await
    }
}

/// The request: of the destination's URL it contains the host and the path.
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
        .map_err(|_| Failure::Forbidden("the URL cannot be used in a request"))?;
    for (name, value) in headers {
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// Writes the request and reads the response until the deadline: its head, and the beginning of its body as far as that
/// arrives in time.
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
            .ok_or_else(|| progress.failure("no response in time".to_owned()))?
            .map_err(failed)?;
        // The time left, or a little where the response was already waiting here while this process was suspended.
        let left = patience::grace(deadline).unwrap_or_else(|| deadline.duration_since(Instant::now()));
        Ok(answer::read(response, left.min(BODY_TIMEOUT)).await)
    };
    let drive = async {
        // The caller that waits for the response sees its end; here it only keeps the connection going.
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
        "the response is not HTTP"
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        "the connection was closed without a response"
    } else {
        "the connection was lost"
    };
    reason.to_owned()
}
