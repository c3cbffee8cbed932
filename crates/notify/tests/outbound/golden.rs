//! What people read, for every kind of event on every channel, beside the tests in `golden/`: a change of wording or
//! of shape shows in the diff. `UPDATE=1` writes the files anew.

use std::{fmt::Write as _, fs, path::PathBuf};

use base::{Audience, Clock, Event, Id, Kind, Severity, Subject, SubjectType, Time};
use mail_parser::MessageParser;
use notify::{
    channels::{
        Outbound,
        email::Mailer,
        slack, teams,
        webhook::{self, Format},
    },
    message::{self, Detail, Message, SUMMARY_TYPE, Summary},
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
        "destination" => SubjectType::Destination,
        _ => SubjectType::Finding,
    }
}

/// What the domain says of such an event.
pub(crate) fn data(kind: Kind) -> Value {
    let mut data = json!({"company_name": "Acme Bank", "project_id": id(3), "project_name": "Web shop"});
    let more = match subject(kind) {
        SubjectType::Finding => json!({
            "title": "SQL injection in login", "location": "src/login.rs:42", "tool": "CodeQL",
            "from_status": "in_progress", "status": "retest", "sla_due_at": "2026-12-03T14:00:00Z",
            "retest_due_at": "2026-12-17T14:00:00Z",
        }),
        SubjectType::Scan => json!({
            "name": "Nightly scan", "tool": "CodeQL", "status": "completed",
            "counts": {"read": 120, "created": 3, "updated": 1, "reopened": 1, "closed": 2, "unchanged": 112, "skipped": 1},
        }),
        SubjectType::Agreement => json!({"name": "Pentest 2026", "expires_on": "2026-12-31"}),
        SubjectType::Approval => json!({
            "title": "Accept the risk of SQL injection in login", "finding_id": id(4), "decision": "approved",
            "expires_at": "2027-01-31T00:00:00Z",
        }),
        SubjectType::Destination => json!({
            "title": "https://hooks.slack.com/…cret", "channel": "slack", "reason": "404 no_service",
        }),
        _ => json!({"name": "shop.example.com"}),
    };
    let own = data.as_object_mut().unwrap();
    own.extend(more.as_object().unwrap().clone());
    if !matches!(
        kind,
        Kind::SlaWarning
            | Kind::SlaBreached
            | Kind::RetestDue
            | Kind::ApprovalExpiring
            | Kind::DestinationSwitchedOff
    ) {
        own.insert("actor_name".to_owned(), "Mara Lind".into());
    }
    match kind {
        Kind::FindingStatusChanged => {
            own.insert("comment".to_owned(), "Fixed in 4.2.\nPlease retest.".into())
        }
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
    let mut event = Event::new(&clock, kind, Audience::Company(id(1)), subject);
    event.id = id(9);
    event.severity = kind.about().severity.then_some(Severity::Critical);
    event.data = serde_json::from_value(data).unwrap();
    event
}

fn message(kind: Kind, detail: Detail) -> Message {
    message::compose(&event(kind, data(kind)), "https://campanile.example", detail)
}

/// What is said of several at once, one of them of a company that keeps its details.
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
    summary.message(id(9), "https://campanile.example")
}

/// The mail's subject, text and HTML.
pub(crate) async fn mail(message: &Message) -> (String, String, String) {
    let world = World::new();
    let outbound = Outbound {
        delivery_id: id(8),
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

/// Everything that is read of one kind, but for the HTML.
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

/// What leaves the house of one kind where no detail may.
async fn minimal_page(kind: Kind) -> String {
    let message = message(kind, Detail::Minimal);
    let (subject, text, html) = mail(&message).await;
    format!(
        "==== email\nSubject: {subject}\n\n{}\n\n==== html\n{}\n\n==== slack\n{}\n\n==== teams\n{}\n",
        text.trim_end(),
        html.trim_end(),
        pretty(&slack::payload(&message)),
        pretty(&teams::payload(&message)),
    )
}

// promise: C2, C3, C4, C5, I2
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
        let (page, html) = page(&message(*kind, Detail::Full)).await;
        compare(format!("{kind}.txt"), page);
        // One, because its data is the envelope's.
        if *kind == Kind::FindingStatusChanged {
            let event = Format::Cloudevents.body(&message(*kind, Detail::Full), "https://campanile.example");
            compare(format!("{kind}.cloudevents.json"), event + "\n");
        }
        // The template is one: three mails show its parts.
        if matches!(
            kind,
            Kind::FindingStatusChanged | Kind::ScanCompleted | Kind::SlaBreached
        ) {
            compare(format!("{kind}.html"), html);
        }
    }
    let (page, html) = page(&summary()).await;
    compare(format!("{SUMMARY_TYPE}.txt"), page);
    compare(format!("{SUMMARY_TYPE}.html"), html);
    for kind in [Kind::FindingAssigned, Kind::ScanFailed] {
        compare(format!("{kind}.minimal.txt"), minimal_page(kind).await);
    }
    assert!(
        changed.is_empty(),
        "read them with UPDATE=1 and git diff: {changed:?}"
    );
}
