//! What people read, for every kind of event on every channel, next to the tests in `golden/`: a change of wording or
//! of shape shows in the diff. `UPDATE=1` rewrites the files.

use std::{fmt::Write as _, fs, path::PathBuf};

use base::{Audience, Clock, Event, Id, Kind, Severity, Subject, SubjectType, Time};
use mail_parser::MessageParser;
use notify::{
    channels::{
        Channel, Outbound, chat,
        email::Mailer,
        slack, teams,
        webhook::{self, Format},
    },
    message::{self, Change, Detail, Message, SUMMARY_TYPE, Summary},
    plan::{Cause, Why},
    target::Recipient,
};
use serde_json::{Value, json};

use crate::world::World;

fn id(number: u8) -> Id {
    Id::from_parts(1_790_000_000_000, [number; 10])
}

fn subject(kind: Kind) -> SubjectType {
    match kind.category() {
        "scan" => SubjectType::Scan,
        "asset" => SubjectType::Asset,
        "project" => SubjectType::Project,
        "report" => SubjectType::Report,
        "agreement" => SubjectType::Agreement,
        "approval" => SubjectType::Approval,
        "destination" | "delivery" => SubjectType::Destination,
        "platform" => SubjectType::Announcement,
        _ => SubjectType::Finding,
    }
}

/// The subject of such an event.
pub(crate) fn data(kind: Kind) -> Value {
    let mut data = json!({"company_name": "Acme Bank", "project_id": id(3), "project_name": "Web shop"});
    let more = match subject(kind) {
        SubjectType::Finding => json!({
            "title": "SQL injection in login", "location": "src/login.rs:42", "tool": "CodeQL",
            "rule": "java/sql-injection", "identifiers": ["CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"],
            "component": "log4j-core", "component_version": "2.14.1", "fixed_versions": ["2.17.1", "2.12.4"],
            "tags": ["internet-facing"], "changed": ["description", "sla_due_at", "cwe", "cwes"],
            "from_status": "in_progress", "status": "retest", "sla_due_at": "2026-12-03T14:00:00Z",
            "retest_due_at": "2026-12-17T14:00:00Z",
        }),
        SubjectType::Scan => json!({
            "name": "Nightly scan", "tool": "CodeQL", "status": "completed",
            "severities": {
                "created": {"high": 2, "low": 1}, "reopened": {"critical": 1}, "worse": {"high": 1},
                "closed": {"medium": 2},
            },
            "changed": ["name", "scheduled_at"],
            "counts": {"read": 120, "created": 3, "updated": 1, "reopened": 1, "closed": 2, "unchanged": 112, "skipped": 1},
        }),
        SubjectType::Agreement => {
            json!({"name": "Pentest 2026", "expires_on": "2026-12-31", "changed": ["hours", "expires_on"]})
        }
        SubjectType::Approval => json!({
            "title": "Accept the risk of SQL injection in login", "finding_id": id(4), "decision": "approved",
            "expires_at": "2027-01-31T00:00:00Z",
        }),
        SubjectType::Destination => json!({
            "title": "https://hooks.slack.com/…cret", "channel": "slack", "reason": "404 no_service",
        }),
        SubjectType::Announcement => {
            return json!({
                "announcement_id": id(2), "title": "Maintenance on Sunday", "until": "2026-12-06T22:00:00Z",
                "comment": "Campanile is down from 20:00 to 22:00 UTC.\nImports sent during that time fail; resend them.",
            });
        }
        _ => json!({"name": "shop.example.com", "changed": ["name", "criticality"]}),
    };
    let own = data.as_object_mut().unwrap();
    own.extend(more.as_object().unwrap().clone());
    if !matches!(
        kind,
        Kind::SlaWarning
            | Kind::SlaBreached
            | Kind::RetestDue
            | Kind::FindingUnread
            | Kind::ApprovalExpiring
            | Kind::DestinationSwitchedOff
            | Kind::DeliveryFailed
    ) {
        own.insert("actor_name".to_owned(), "Mara Lind".into());
    }
    match kind {
        Kind::FindingStatusChanged => {
            own.insert("comment".to_owned(), "Fixed in 4.2.\nPlease retest.".into())
        }
        Kind::FindingReopened => {
            own.insert("from_status".to_owned(), "closed".into());
            own.insert("status".to_owned(), "open".into())
        }
        Kind::FindingUnread => {
            own.insert("unread_event_type".to_owned(), "finding.created".into());
            own.insert("unread_reason".to_owned(), "nobody_read".into());
            own.insert("unread_people".to_owned(), 4.into());
            own.insert("unread_destinations".to_owned(), 1.into())
        }
        Kind::FindingSeverityChanged => own.insert("from_severity".to_owned(), "medium".into()),
        Kind::ApprovalOutgrown => {
            own.insert("accepted_severity".to_owned(), "medium".into());
            own.insert("finding_severity".to_owned(), "critical".into())
        }
        Kind::ScanFailed | Kind::ReportFailed => {
            own.insert("error".to_owned(), "line 7: expected a list of runs".into())
        }
        _ => None,
    };
    data
}

/// Such an event, with this data.
pub(crate) fn event(kind: Kind, data: Value) -> Event {
    let clock = Clock::manual(Time::from_nanos(1_790_000_000_000_000_000));
    let subject = Subject {
        kind: subject(kind),
        id: id(2),
    };
    let audience = match subject.kind {
        SubjectType::Announcement => Audience::Platform,
        _ => Audience::Company(id(1)),
    };
    let mut event = Event::new(&clock, kind, audience, subject);
    event.id = id(9);
    event.severity = kind.about().severity.then_some(Severity::Critical);
    event.data = serde_json::from_value(data).unwrap();
    event
}

const URL: &str = "https://campanile.example";

/// Why someone gets such a message: as an assignee, or as a person whom the event itself names.
fn why(event: &Event) -> Why {
    match event.kind.category() {
        "finding" | "sla" | "retest" => Why::Assignee,
        "asset" | "project" => Why::Rule(id(7)),
        _ => Why::Concerned,
    }
}

/// The message with the reason why Ana gets it, as in a mail.
fn to_ana(event: &Event, why: Why, (detail, many): (Detail, bool), message: Message) -> Message {
    let ana = Recipient::User(id(6));
    let cause = Cause::of(why, &ana, |_| Some("Platform".to_owned()));
    Message {
        why: cause.sentence(event, &ana, detail, many),
        why_url: Some(format!("{URL}/inbox?why={}", event.id)),
        ..message
    }
}

fn message(kind: Kind, detail: Detail) -> Message {
    let event = event(kind, data(kind));
    let message = message::compose(&event, URL, detail);
    to_ana(&event, why(&event), (detail, false), message)
}

/// One finding of an import, or of a change of many.
fn finding(number: u8, kind: Kind, severity: Severity, title: &str) -> Event {
    let mut event = event(kind, data(kind));
    event.subject.id = id(number);
    event.severity = Some(severity);
    event.bundle = Some(id(2));
    for key in ["sla_due_at", "identifiers", "component", "fixed_versions"] {
        if number.is_multiple_of(2) {
            event.data.remove(key);
        }
    }
    event.data.insert("title".to_owned(), title.into());
    event
}

/// The message about an import to one recipient.
pub(crate) fn import(detail: Detail) -> Message {
    let mut back = finding(12, Kind::FindingStatusChanged, Severity::Critical, "RCE in login");
    back.data.insert("from_status".to_owned(), "closed".into());
    back.data.insert("status".to_owned(), "open".into());
    let mut gone = finding(14, Kind::FindingStatusChanged, Severity::Medium, "Weak cipher");
    gone.data.insert("status".to_owned(), "closed".into());
    let named = [
        back,
        finding(
            13,
            Kind::FindingCreated,
            Severity::High,
            "SQL injection in search",
        ),
        gone,
    ];
    let counts = [
        (Change::Reopened, Some(Severity::Critical), 1),
        (Change::New, Some(Severity::High), 2),
        (Change::New, Some(Severity::Low), 411),
        (Change::Closed, Some(Severity::Medium), 1),
    ];
    let end = event(Kind::ScanCompleted, data(Kind::ScanCompleted));
    let message = message::group(&end, &named, &counts, (URL, detail));
    to_ana(&end, Why::Member(id(5)), (detail, true), message)
}

/// The message about a change of many findings to one recipient.
fn bulk() -> Message {
    let named = [
        finding(12, Kind::FindingAssigned, Severity::Critical, "RCE in login"),
        finding(13, Kind::FindingAssigned, Severity::Low, "Weak cipher"),
    ];
    let counts = [
        (Change::Other, Some(Severity::Critical), 1),
        (Change::Other, Some(Severity::Low), 1),
    ];
    let message = message::group(&named[0], &named, &counts, (URL, Detail::Full));
    to_ana(&named[0], Why::Assignee, (Detail::Full, true), message)
}

/// The message about several events, one of them in a company that hides details.
fn summary() -> Message {
    let mut summary = Summary::default();
    for (kind, severity, detail) in [
        (Kind::FindingAssigned, Some(Severity::Low), Detail::Full),
        (Kind::SlaBreached, Some(Severity::Critical), Detail::Full),
        (Kind::ReportReady, None, Detail::Full),
        (Kind::FindingStatusChanged, Some(Severity::High), Detail::Minimal),
    ] {
        let mut event = event(kind, data(kind));
        event.severity = severity;
        summary.add(&event, detail);
    }
    summary.message(id(9), URL)
}

/// The mail's subject, text and HTML.
pub(crate) async fn mail(message: &Message) -> (String, String, String) {
    let world = World::new();
    let outbound = Outbound {
        delivery_id: id(8),
        template: String::new(),
        message: message.clone(),
        destination: "ana@example.com".to_owned(),
        body: None,
        unsubscribe: None,
        signing: notify::channels::webhook::Signing::default(),
    };
    let options = world.email_options();
    Mailer::new(&options, world.clock.clone())
        .unwrap()
        .send(&outbound)
        .await;
    let file = fs::read_dir(&options.folder).unwrap().next().unwrap().unwrap();
    let mail = fs::read(file.path()).unwrap();
    let parsed = MessageParser::default().parse(&mail).unwrap();
    (
        parsed.subject().unwrap().to_owned(),
        parsed.body_text(0).unwrap().replace("\r\n", "\n"),
        parsed.body_html(0).unwrap().replace("\r\n", "\n"),
    )
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// All texts for one kind, except for the HTML.
async fn page(message: &Message) -> (String, String) {
    let (subject, text, html) = mail(message).await;
    let webhook: Value = serde_json::from_str(&webhook::body(message)).unwrap();
    let mut page = String::new();
    for (channel, what) in [
        ("inbox", format!("{}\n{}", message.title(), message.body())),
        ("email", format!("Subject: {subject}\n\n{text}")),
        ("slack", pretty(&slack::payload(message))),
        ("teams", pretty(&teams::payload(message))),
        ("webhook", pretty(&webhook)),
    ] {
        writeln!(page, "==== {channel}\n{}\n", what.trim_end()).unwrap();
    }
    (page, html)
}

/// The payloads of the chat channel's templates.
fn chat_page(message: &Message) -> String {
    let mut page = String::new();
    for template in Channel::Chat.about().templates {
        let body = chat::payload(template, message);
        let body = serde_json::from_str(&body).map_or(body, |value: Value| pretty(&value));
        writeln!(page, "==== {template}\n{}\n", body.trim_end()).unwrap();
    }
    page
}

/// All texts for one kind without details.
async fn minimal_page(message: &Message) -> String {
    let (subject, text, html) = mail(message).await;
    format!(
        "==== email\nSubject: {subject}\n\n{}\n\n==== html\n{}\n\n==== slack\n{}\n\n==== teams\n{}\n",
        text.trim_end(),
        html.trim_end(),
        pretty(&slack::payload(message)),
        pretty(&teams::payload(message)),
    )
}

// promise: C2, C3, C4, C5, C8, I2
#[tokio::test]
async fn every_kind_reads_on_every_channel_as_it_did() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let update = std::env::var_os("UPDATE").is_some();
    let mut changed = Vec::new();
    let mut compare = |name: String, text: String| {
        let path = folder.join(&name);
        if update {
            fs::create_dir_all(&folder).unwrap();
            fs::write(path, text).unwrap();
        } else if fs::read_to_string(path).unwrap_or_default() != text {
            changed.push(name);
        }
    };
    for kind in Kind::ALL.iter().filter(|kind| kind.about().notifies) {
        let (text, html) = page(&message(*kind, Detail::Full)).await;
        compare(format!("{kind}.txt"), text);
        // One, because its data is the envelope's.
        if *kind == Kind::FindingStatusChanged {
            let event = Format::Cloudevents.body(&message(*kind, Detail::Full), URL);
            compare(format!("{kind}.cloudevents.json"), event + "\n");
        }
        // There is one template: three mails show its parts.
        if matches!(
            kind,
            Kind::FindingStatusChanged | Kind::ScanCompleted | Kind::SlaBreached
        ) {
            compare(format!("{kind}.html"), html);
        }
    }
    let (text, html) = page(&summary()).await;
    compare(format!("{SUMMARY_TYPE}.txt"), text);
    compare(format!("{SUMMARY_TYPE}.html"), html);
    for (name, message) in [("import", import(Detail::Full)), ("bulk", bulk())] {
        let (text, html) = page(&message).await;
        compare(format!("group.{name}.txt"), text);
        compare(format!("group.{name}.html"), html);
    }
    for (name, message) in [
        ("finding.assigned", message(Kind::FindingAssigned, Detail::Full)),
        (
            "platform.announced",
            message(Kind::PlatformAnnounced, Detail::Full),
        ),
        ("group.import", import(Detail::Full)),
    ] {
        compare(format!("{name}.chat.txt"), chat_page(&message));
    }
    let minimal = |kind| message(kind, Detail::Minimal);
    for (name, message) in [
        ("finding.assigned", minimal(Kind::FindingAssigned)),
        ("scan.failed", minimal(Kind::ScanFailed)),
        ("group.import", import(Detail::Minimal)),
    ] {
        compare(format!("{name}.minimal.txt"), minimal_page(&message).await);
    }
    assert!(
        changed.is_empty(),
        "read them with UPDATE=1 and git diff: {changed:?}"
    );
}
