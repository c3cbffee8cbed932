//! The mail: headers and two bodies with the same content.

use askama::Template;
use base::{Id, Severity, SubjectType, Time, text};
use mail_builder::{
    MessageBuilder,
    headers::{address::Address, content_type::ContentType, message_id::MessageId, raw::Raw},
    mime::MimePart,
};

use super::{Mailbox, words};
use crate::message::{self, Entry, Fact, Message};

/// The longest subject, in characters.
const SUBJECT: usize = 200;

/// One mail to one recipient.
pub(super) struct Mail<'a> {
    pub(super) from: &'a Mailbox,
    pub(super) to: &'a str,
    pub(super) delivery: Id,
    pub(super) message: &'a Message,
    pub(super) unsubscribe: Option<&'a str>,
    pub(super) now: Time,
}

/// The mail could not be built.
#[derive(Debug)]
pub(super) struct BuildError;

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    text: Texts<'a>,
    badge: Badge,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Plain<'a> {
    text: Texts<'a>,
}

/// What both bodies contain.
#[derive(Clone)]
struct Texts<'a> {
    action: &'a str,
    title: &'a str,
    sentence: &'a str,
    company: &'a str,
    severity: Option<&'static str>,
    entries: &'a [Entry],
    more: Option<String>,
    facts: &'a [Fact],
    note: Vec<&'a str>,
    button: &'a str,
    url: &'a str,
    when: String,
    to: &'a str,
    why: &'a str,
    why_url: Option<&'a str>,
}

/// The colors of a severity: the background, and the text on it.
#[derive(Clone, Copy)]
struct Badge {
    ground: &'static str,
    ink: &'static str,
}

impl Mail<'_> {
    /// The mail as it is sent, with CR LF, ASCII only.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, BuildError> {
        let texts = self.texts();
        let plain = Plain { text: texts.clone() }.render().map_err(|_| BuildError)?;
        let html = Html {
            text: texts,
            badge: badge(self.message.severity),
        }
        .render()
        .map_err(|_| BuildError)?;
        // From the delivery, so that each attempt produces the same mail; its random part cannot be guessed.
        let boundary = format!("=_{}", self.delivery);
        let body = MimePart::new(
            ContentType::new("multipart/alternative").attribute("boundary", boundary),
            vec![
                MimePart::new("text/plain", plain),
                MimePart::new("text/html", html),
            ],
        );
        let domain = self.from.domain();
        let mut builder = MessageBuilder::new()
            .message_id(MessageId::new(format!("{}@{domain}", self.delivery)))
            .date(self.now.timestamp().as_second())
            .from(Address::new_address(
                self.from.name.as_deref(),
                self.from.address.as_str(),
            ))
            .to(self.to)
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
            .header("X-Campanile-Event", Raw::new(self.message.event_type));
        let subject = self.subject();
        builder = if subject.contains(words::BEGINNING) {
            builder.header("Subject", Raw::new(words::encoded(&subject)))
        } else {
            builder.subject(subject)
        };
        if let Some(link) = self.unsubscribe {
            builder = builder
                .header("List-Unsubscribe", Raw::new(format!("<{link}>")))
                .header("List-Unsubscribe-Post", Raw::new("List-Unsubscribe=One-Click"));
        }
        if let Some(thread) = self.thread() {
            let root = format!("{thread}@{domain}");
            builder = builder
                .in_reply_to(MessageId::new(root.clone()))
                .references(MessageId::new(root));
        }
        builder.body(body).write_to_vec().map_err(|_| BuildError)
    }

    /// `[Critical] Finding assigned: SQL injection (Acme Bank)`.
    fn subject(&self) -> String {
        let message = self.message;
        let severity = message
            .severity_label()
            .map_or_else(String::new, |label| format!("[{label}] "));
        let company = message
            .company
            .as_ref()
            .map_or_else(String::new, |name| format!(" ({name})"));
        let room = SUBJECT.saturating_sub(severity.chars().count() + company.chars().count());
        text::line(
            &format!("{severity}{}{company}", text::cut(&message.title(), room.max(40))),
            SUBJECT,
        )
    }

    /// What mails about one finding have in common, so that mail programs show them together.
    fn thread(&self) -> Option<String> {
        let subject = self.message.subject?;
        (subject.kind == SubjectType::Finding).then(|| format!("finding.{}", subject.id))
    }

    fn texts(&self) -> Texts<'_> {
        let message = self.message;
        Texts {
            action: message.action,
            title: message.headline(),
            sentence: &message.sentence,
            company: message.company.as_deref().unwrap_or_default(),
            severity: message.severity_label(),
            entries: &message.entries,
            more: message.more_than(message.entries.len()),
            facts: &message.facts,
            note: message.note.as_deref().unwrap_or_default().lines().collect(),
            button: message.link.label,
            url: &message.link.url,
            when: message::moment(message.at),
            to: self.to,
            why: message
                .why
                .as_deref()
                .unwrap_or("You get this because of an assignment, a rule or your own settings."),
            why_url: message.why_url.as_deref(),
        }
    }
}

/// Colors that keep a contrast of 4.5 to 1 on a light and on a dark page.
const fn badge(severity: Option<Severity>) -> Badge {
    let (ground, ink) = match severity {
        Some(Severity::Urgent) => ("#7a1fa2", "#ffffff"),
        Some(Severity::Critical) => ("#b3261e", "#ffffff"),
        Some(Severity::High) => ("#b94700", "#ffffff"),
        Some(Severity::Medium) => ("#f2b705", "#1f1a00"),
        Some(Severity::Low) => ("#1f6fb2", "#ffffff"),
        Some(Severity::Informational) | None => ("#5f6b7a", "#ffffff"),
    };
    Badge { ground, ink }
}
