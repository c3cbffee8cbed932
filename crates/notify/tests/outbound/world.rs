//! What the tests share: an authority, options, a message.

use std::time::Duration;

use base::{Audience, Clock, Event, Kind, Severity, Subject, SubjectType, Time};
use notify::{
    channels::{Channels, Options, Outbound, SigningMaster, destination::Hosts, email},
    egress,
    message::{self, Change, Detail, Message, Summary},
    testing::{Answering, Ca, HttpSink},
};
use serde_json::json;
use tempfile::TempDir;

pub(crate) const SLACK: &str = "https://hooks.slack.com/services/T0001111/B0001111/s3cr3tt0ken";
pub(crate) const TEAMS: &str =
    "https://acme.webhook.office.com/webhookb2/1234@5678/IncomingWebhook/abcdef/9999";
pub(crate) const WEBHOOK: &str = "https://receiver.example/hook?key=s3cr3tt0ken";
const NAMES: [&str; 3] = ["hooks.slack.com", "acme.webhook.office.com", "receiver.example"];

/// An authority, a folder, and a clock.
pub(crate) struct World {
    pub(crate) ca: Ca,
    pub(crate) folder: TempDir,
    pub(crate) clock: Clock,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            ca: Ca::new(),
            folder: tempfile::tempdir().unwrap(),
            clock: Clock::manual(Time::from_nanos(1_790_000_000_000_000_000)),
        }
    }

    /// A sink with a certificate for Slack's, Microsoft's and a receiver's name.
    pub(crate) async fn sink(&self, answering: Answering) -> HttpSink {
        HttpSink::start(Some(self.ca.acceptor(&NAMES)), answering).await
    }

    /// Options with which the three names lead to the sink.
    pub(crate) fn egress_options(&self, sink: &HttpSink) -> egress::Options {
        egress::Options {
            resolve: NAMES
                .iter()
                .map(|name| format!("{name}:443:{}", sink.address()).parse().unwrap())
                .collect(),
            ca_file: Some(self.ca.file(self.folder.path())),
            ..egress::Options::default()
        }
    }

    pub(crate) fn options(&self, sink: &HttpSink) -> Options {
        Options {
            public_url: "https://campanile.example/".to_owned(),
            hosts: Hosts::default(),
            egress: self.egress_options(sink),
            webhook_timeout: Duration::from_secs(2),
            chat_timeout: Duration::from_secs(2),
            email: self.email_options(),
            signing: SigningMaster(b"a master key of the tests".to_vec()),
        }
    }

    pub(crate) fn email_options(&self) -> email::Options {
        email::Options {
            smtp_url: None,
            from: "Campanile, Acme <campanile@example.com>".to_owned(),
            folder: self.folder.path().join("mail"),
            ca_file: Some(self.ca.file(self.folder.path())),
            timeout: Duration::from_secs(10),
        }
    }

    /// The channels, with the sink behind the three names.
    pub(crate) fn channels(&self, sink: &HttpSink) -> Channels {
        Channels::new(self.options(sink), self.clock.clone()).unwrap()
    }

    pub(crate) fn outbound(&self, destination: &str) -> Outbound {
        Outbound {
            delivery_id: self.clock.id(),
            message: message(&self.clock, "SQL injection in login"),
            destination: destination.to_owned(),
            body: None,
            template: String::new(),
            unsubscribe: None,
            signing: notify::channels::webhook::Signing::default(),
        }
    }
}

/// The message about a critical finding with that title; every other untrusted text is the title too.
pub(crate) fn message(clock: &Clock, title: &str) -> Message {
    message::compose(&event(clock, title), "https://campanile.example", Detail::Full)
}

/// The same about several at once.
pub(crate) fn summary(clock: &Clock, title: &str) -> Message {
    let mut summary = Summary::default();
    for _ in 0..3 {
        summary.add(&event(clock, title), Detail::Full);
    }
    summary.message(clock.id(), "https://campanile.example")
}

/// The same about an import with three findings.
pub(crate) fn import(clock: &Clock, title: &str) -> Message {
    let named: Vec<_> = (0..3).map(|_| event(clock, title)).collect();
    let mut end = event(clock, title);
    end.kind = Kind::ScanCompleted;
    end.subject.kind = SubjectType::Scan;
    end.data.insert("name".to_owned(), title.into());
    let counts = [(Change::New, Some(Severity::Critical), 5)];
    message::group(&end, &named, &counts, ("https://campanile.example", Detail::Full))
}

fn event(clock: &Clock, title: &str) -> Event {
    let subject = Subject {
        kind: SubjectType::Finding,
        id: clock.id(),
    };
    let mut event = Event::new(
        clock,
        Kind::FindingStatusChanged,
        Audience::Company(clock.id()),
        subject,
    );
    event.severity = Some(Severity::Critical);
    event.data = serde_json::from_value(json!({
        "title": title, "company_name": title, "project_id": clock.id(), "project_name": title,
        "actor_name": title, "location": title, "tool": title, "comment": title,
        "from_status": "in_progress", "status": "retest", "sla_due_at": "2026-12-03T14:00:00Z",
        "asset_name": title, "rule": title, "component": title, "component_version": title,
        "identifiers": [title, title], "fixed_versions": [title], "tags": [title], "assigned_by_rule": title,
    }))
    .unwrap();
    event
}
