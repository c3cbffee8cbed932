//! The conversation with the SMTP server, stage by stage, so that it is known whether a message may have arrived.
//!
//! A few connections are kept for the next mail. Every error closes its connection.

use std::{
    path::Path,
    pin::pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base::{patience, text};
use lettre::Address;
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters},
    commands::{Data, Mail, Rcpt},
    extension::ClientId,
};
use tokio::{sync::Semaphore, time::Instant};
use tokio_rustls::TlsConnector;

use super::{
    CONNECTIONS, Mailbox,
    smtp_url::{Settings, Tls},
    stream,
};
use crate::{
    Attempt, Outcome,
    egress::{certificates, connector},
};

/// How long an idle connection is reused for another mail.
const IDLE: Duration = Duration::from_secs(20);
/// How much of a response is kept, in characters.
const KEPT: usize = 512;

/// An SMTP server.
pub(super) struct Smtp {
    settings: Settings,
    /// For STARTTLS.
    tls: TlsParameters,
    /// For TLS from the first byte.
    implicit: Option<TlsConnector>,
    hello: ClientId,
    from: Address,
    timeout: Duration,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
    places: Semaphore,
}

/// Where a conversation failed.
enum Failure {
    /// Before it was about this mail: an error of the server or of our settings, whatever the code.
    Connecting(Error),
    /// Before there was a connection.
    Unreachable(String),
    /// At the sender, the recipient or the DATA command of the mail.
    Envelope(Error),
    /// After the mail was written, at least in part.
    Content(Error),
}

impl Smtp {
    pub(super) fn new(
        settings: Settings,
        ca_file: Option<&Path>,
        from: &Mailbox,
        timeout: Duration,
    ) -> Result<Self, String> {
        let mut tls = TlsParameters::builder(settings.host.clone());
        for certificate in ca_file
            .map(certificates)
            .transpose()
            .map_err(|error| error.to_string())?
            .unwrap_or_default()
        {
            let certificate =
                Certificate::from_der(certificate.to_vec()).map_err(|error| error.to_string())?;
            tls = tls.add_root_certificate(certificate);
        }
        let implicit = (settings.tls == Tls::Implicit).then(|| connector(ca_file, &[]));
        Ok(Self {
            implicit: implicit.transpose().map_err(|error| error.to_string())?,
            tls: tls.build_rustls().map_err(|error| error.to_string())?,
            hello: ClientId::Domain(from.domain().to_owned()),
            from: from
                .address
                .parse()
                .map_err(|_| "the sender is not an SMTP address".to_owned())?,
            settings,
            timeout,
            idle: Mutex::default(),
            places: Semaphore::new(CONNECTIONS),
        })
    }

    /// Sends the mail and returns the outcome.
    pub(super) async fn send(&self, to: &str, mail: Vec<u8>) -> Attempt {
        let for_now = Outcome::RefusedForNow { retry_after: None };
        let Ok(to) = to.parse::<Address>() else {
            return Attempt::without_answer(Outcome::RefusedForGood, "the recipient is not an SMTP address");
        };
        let writing = AtomicBool::new(false);
        let talk = async {
            // The semaphore is never closed; if it were, the mail would be sent without a permit.
            let _place = self.places.acquire().await.ok();
            self.talk(to, &mail, &writing).await
        };
        match patience::within(self.timeout, pin!(talk)).await {
            Some(Ok(answer)) => Attempt {
                outcome: Outcome::Delivered,
                status: Some(250),
                answer,
                reason: "accepted by the mail server".to_owned(),
                gone: false,
            },
            Some(Err(fault)) => classify(&fault),
            None if writing.load(Ordering::Relaxed) => Attempt::without_answer(
                Outcome::Unknown,
                "the mail server did not confirm the mail in time",
            ),
            None => Attempt::without_answer(for_now, "the mail server did not respond in time"),
        }
    }

    async fn talk(&self, to: Address, mail: &[u8], writing: &AtomicBool) -> Result<String, Failure> {
        let mut connection = self.connection().await?;
        let sender = Mail::new(Some(self.from.clone()), Vec::new());
        connection.command(sender).await.map_err(Failure::Envelope)?;
        connection
            .command(Rcpt::new(to, Vec::new()))
            .await
            .map_err(Failure::Envelope)?;
        connection.command(Data).await.map_err(Failure::Envelope)?;
        writing.store(true, Ordering::Relaxed);
        let response = connection.message(mail).await.map_err(Failure::Content)?;
        self.keep(connection);
        Ok(text::line(
            &response.message().collect::<Vec<_>>().join(" "),
            KEPT,
        ))
    }

    /// A kept connection that still responds, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Failure> {
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match kept {
                Some((mut connection, since)) if since.elapsed() < IDLE => {
                    if connection.test_connected().await {
                        return Ok(connection);
                    }
                }
                Some(_) => {}
                None => return self.connect().await,
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let Settings { host, port, .. } = &self.settings;
        let stream = stream::open(host, *port, self.implicit.as_ref())
            .await
            .map_err(|error| Failure::Unreachable(error.to_string()))?;
        self.greet(stream).await.map_err(Failure::Connecting)
    }

    async fn greet(&self, stream: Box<dyn AsyncTokioStream>) -> Result<AsyncSmtpConnection, Error> {
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await?;
        let upgrade = match self.settings.tls {
            Tls::Required => true,
            Tls::Opportunistic => connection.can_starttls(),
            Tls::Implicit | Tls::None => false,
        };
        if upgrade {
            connection.starttls(self.tls.clone(), &self.hello).await?;
        }
        if let Some((user, password)) = &self.settings.credentials {
            let credentials = Credentials::new(user.clone(), password.clone());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }

    /// Keeps a connection for the next mail.
    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < IDLE);
        if idle.len() < CONNECTIONS {
            idle.push((connection, Instant::now()));
        }
    }
}

/// What a failed conversation means: the one table for email.
fn classify(fault: &Failure) -> Attempt {
    let for_now = Outcome::RefusedForNow { retry_after: None };
    let (error, outcome, reason) = match fault {
        Failure::Unreachable(error) => {
            return Attempt {
                answer: text::line(error, KEPT),
                ..Attempt::without_answer(for_now, "could not connect to the mail server")
            };
        }
        // Even a 5xx: a wrong password is no reason to give up on a mail.
        Failure::Connecting(error) => (error, for_now, "could not start a session with the mail server"),
        Failure::Envelope(error) if wants_authentication(error) => (
            error,
            for_now,
            "the mail server requires TLS or other credentials",
        ),
        Failure::Envelope(error) if error.is_permanent() => (
            error,
            Outcome::RefusedForGood,
            "the mail server rejected the sender or recipient",
        ),
        Failure::Envelope(error) => (
            error,
            for_now,
            "the mail server rejected the sender or recipient temporarily",
        ),
        Failure::Content(error) if error.is_permanent() => (
            error,
            Outcome::RefusedForGood,
            "the mail server rejected the mail",
        ),
        Failure::Content(error) if error.is_transient() => {
            (error, for_now, "the mail server rejected the mail temporarily")
        }
        Failure::Content(error) => (
            error,
            Outcome::Unknown,
            "the mail server did not confirm the mail",
        ),
    };
    Attempt {
        outcome,
        status: error.status().map(u16::from),
        answer: text::line(&error.to_string(), KEPT),
        reason: reason.to_owned(),
        gone: false,
    }
}

/// Codes that are about the session and not about the mail: 530, 534, 535, 538.
fn wants_authentication(error: &Error) -> bool {
    matches!(error.status().map(u16::from), Some(530 | 534 | 535 | 538))
}
