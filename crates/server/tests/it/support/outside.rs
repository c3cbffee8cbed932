//! The receiving side of every channel: a mail server, Slack, Teams and a webhook receiver, all on this machine with
//! real TLS under their real names.

use notify::testing::{Answering, Ca, HttpSink, SmtpSink, SmtpSinkOptions};
use tempfile::TempDir;

/// Where the rule's webhook goes.
pub const WEBHOOK: &str = "https://receiver.example/hooks/campanile";

/// The external services that the server talks to.
pub struct Outside {
    pub slack: HttpSink,
    pub teams: HttpSink,
    pub webhook: HttpSink,
    pub mail: SmtpSink,
    ca: Ca,
    folder: TempDir,
}

impl Outside {
    pub async fn start() -> Self {
        let ca = Ca::new();
        let slack = Answering::With(200, Vec::new(), b"ok".to_vec());
        Self {
            slack: HttpSink::start(Some(ca.acceptor(&["hooks.slack.com"])), slack).await,
            teams: HttpSink::start(
                Some(ca.acceptor(&["acme.webhook.office.com"])),
                Answering::status(202),
            )
            .await,
            webhook: HttpSink::start(Some(ca.acceptor(&["receiver.example"])), Answering::status(204)).await,
            mail: SmtpSink::start(SmtpSinkOptions {
                tls: Some(ca.acceptor(&["localhost"])),
                credentials: Some(("campanile".to_owned(), "s3cret".to_owned())),
                ..SmtpSinkOptions::default()
            })
            .await,
            ca,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The settings under which a server finds them.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let resolve = [
            ("hooks.slack.com", &self.slack),
            ("acme.webhook.office.com", &self.teams),
            ("receiver.example", &self.webhook),
        ]
        .map(|(host, sink)| format!("{host}:443:{}", sink.address()))
        .join(",");
        let port = self.mail.address().port();
        vec![
            ("CAMPANILE_OUTBOUND__RESOLVE", resolve),
            (
                "CAMPANILE_OUTBOUND__CA_FILE",
                self.ca.file(self.folder.path()).display().to_string(),
            ),
            (
                "CAMPANILE_SMTP__URL",
                format!("smtp://campanile:s3cret@localhost:{port}?tls=required"),
            ),
            (
                "CAMPANILE_SMTP__FROM",
                "Campanile <campanile@campanile.test>".to_owned(),
            ),
        ]
    }
}
