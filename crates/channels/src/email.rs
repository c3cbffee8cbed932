//! Email: one multipart message per recipient, over SMTP or, without an SMTP setting, into a folder (promise C2).
//!
//! Owns: [`Mailer`]; addresses ([`Mailbox`]), the message's MIME form ([`mime`]), the SMTP conversation ([`smtp`]).
//! Must not: put text into a header that was not cleaned, or forget whether a message may have arrived.

mod address;
mod folder;
mod mime;
mod smtp;
mod smtp_url;
mod stream;
mod words;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use base::Clock;

use crate::{
    Attempt, Outbound, Outcome,
    descriptor::{DAYS, Descriptor, Kind, Transport},
};

pub use address::{Mailbox, NotAMailbox};
pub use smtp_url::SmtpUrlFault;

use folder::Folder;
use smtp::Smtp;

/// How many connections to the mail server are open at once: no more mails than that are to be in flight, because a
/// mail's timeout also runs while it waits for one.
pub const CONNECTIONS: usize = 8;

/// The channel's descriptor.
pub(crate) const DESCRIPTOR: Descriptor = Descriptor {
    name: "email",
    title: "email",
    kind: Kind::Person,
    personal: true,
    default_on: true,
    pace: None,
    retries: DAYS,
    templates: &[],
    transport: Transport::Mail,
};

/// How mail is sent.
#[derive(Clone)]
pub struct Options {
    /// The SMTP server, `smtp://user:password@host:port?tls=required` or `smtps://…`. Without one, mails are written to
    /// the folder. A secret: it contains the password.
    pub smtp_url: Option<String>,
    /// The sender: `campanile@example.com` or `Campanile <campanile@example.com>`.
    pub from: String,
    /// Where mails are written without an SMTP server.
    pub folder: PathBuf,
    /// A file of PEM certificates to trust in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// The timeout for one mail.
    pub timeout: Duration,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("email::Options")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// Why mail cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The sender.
    #[error("the sender address: {0}")]
    From(#[from] NotAMailbox),
    /// The SMTP URL.
    #[error("the SMTP URL: {0}")]
    Url(#[from] SmtpUrlFault),
    /// The certificates.
    #[error("TLS for SMTP: {0}")]
    Tls(String),
}

/// Sends mails. Clones share it.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    transport: Arc<MailTransport>,
    clock: Clock,
}

enum MailTransport {
    Smtp(Box<Smtp>),
    Folder(Folder),
}

impl Mailer {
    /// A mailer with these options.
    pub fn new(options: &Options, clock: Clock) -> Result<Self, SetupError> {
        let from: Mailbox = options.from.parse()?;
        let transport = match &options.smtp_url {
            Some(url) => {
                let settings = smtp_url::parse(url)?;
                let smtp = Smtp::new(settings, options.ca_file.as_deref(), &from, options.timeout);
                MailTransport::Smtp(Box::new(smtp.map_err(SetupError::Tls)?))
            }
            None => MailTransport::Folder(Folder::new(options.folder.clone())),
        };
        Ok(Self {
            from,
            transport: Arc::new(transport),
            clock,
        })
    }

    /// Whether there is a mail server.
    pub(crate) fn has_server(&self) -> bool {
        matches!(&*self.transport, MailTransport::Smtp(_))
    }

    /// Sends the message to the one recipient.
    pub async fn send(&self, outbound: &Outbound) -> Attempt {
        // Checked again, although it was checked when it was saved: it becomes a header and an SMTP command.
        let to = match address::canonical(&outbound.destination) {
            Ok(to) => to,
            Err(fault) => {
                return Attempt::without_answer(Outcome::RefusedForGood, format!("the recipient: {fault}"));
            }
        };
        let now = self.clock.now();
        let mail = mime::Mail {
            from: &self.from,
            to: &to,
            delivery: outbound.delivery_id,
            message: &outbound.message,
            unsubscribe: outbound.unsubscribe.as_deref(),
            now,
        };
        let Ok(bytes) = mail.bytes() else {
            return Attempt::without_answer(Outcome::RefusedForGood, "the mail could not be built");
        };
        match &*self.transport {
            MailTransport::Smtp(smtp) => smtp.send(&to, bytes).await,
            MailTransport::Folder(folder) => folder.write(now, outbound.delivery_id, &bytes).await,
        }
    }
}

/// An email address in canonical form, or why it is not one.
pub fn address(text: &str) -> Result<String, NotAMailbox> {
    address::canonical(text)
}
