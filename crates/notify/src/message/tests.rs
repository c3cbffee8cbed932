//! Every kind has words, and no text from outside gets past its bounds.

use base::{Audience, Clock, Event, Kind, Severity, Subject, SubjectType, Time};

use super::*;

fn event(kind: Kind) -> Event {
    let clock = Clock::manual(Time::from_nanos(1_790_000_000_000_000_000));
    let subject = Subject {
        kind: SubjectType::Finding,
        id: clock.id(),
    };
    let mut event = Event::new(&clock, kind, Audience::Company(clock.id()), subject);
    event.severity = kind.about().severity.then_some(Severity::Critical);
    event
}

#[test]
fn every_kind_has_words_also_without_any_data() {
    for kind in Kind::ALL {
        let message = compose(&event(*kind), "https://campanile.example/", Detail::Full);
        assert!(
            !message.action.is_empty() && !message.sentence.is_empty(),
            "{kind}"
        );
        assert!(
            message.title().contains(": finding 0"),
            "{kind}: {}",
            message.title()
        );
        assert!(
            message.link.url.starts_with("https://campanile.example/"),
            "{kind}"
        );
        assert!(
            !message.link.url[8..].contains("//"),
            "{kind}: {}",
            message.link.url
        );
    }
}

// promise: I2
#[test]
fn a_message_reads_like_a_person_wrote_it() {
    let mut event = event(Kind::FindingStatusChanged);
    event.data = serde_json::from_value(serde_json::json!({
        "title": "SQL injection in login", "company_name": "Acme Bank", "project_name": "Storefront",
        "actor_name": "Mara Lind", "from_status": "in_progress", "status": "retest",
        "sla_due_at": "2026-12-03T14:00:00Z", "comment": "fixed in 4.2\r\nplease check",
        "scan_id": event.subject.id.to_string(), "rule_id": "java/sqli",
    }))
    .unwrap();
    let message = compose(&event, "https://c.example", Detail::Full);
    assert_eq!(message.title(), "Status changed: SQL injection in login");
    assert_eq!(
        message.body(),
        "Critical · Acme Bank · Storefront. Mara Lind moved this finding from In progress to Retest."
    );
    assert_eq!(message.fact("SLA deadline"), Some("3 Dec 2026, 14:00 UTC"));
    assert_eq!(message.note.as_deref(), Some("fixed in 4.2\nplease check"));
    let keys: Vec<_> = message.data().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["company_id", "finding_id", "scan_id"],
        "ids only, and a rule's name is none"
    );
}

// promise: C7
#[test]
fn texts_from_outside_stay_on_their_line_and_within_bounds() {
    let mut event = event(Kind::ScanCompleted);
    let bad = "x\r\nBcc: a@b\0\u{202e}".repeat(10_000);
    for key in [
        "title",
        "company_name",
        "project_name",
        "location",
        "tool",
        "status",
        "actor_name",
        "sla_due_at",
    ] {
        event.data.insert(key.to_owned(), bad.clone().into());
    }
    let message = compose(&event, "https://c.example", Detail::Full);
    let lines = message
        .facts
        .iter()
        .map(|fact| &fact.text)
        .chain([&message.subject_title, &message.sentence]);
    for line in lines.chain(&message.company) {
        assert!(
            !line.chars().any(char::is_control) && line.chars().count() <= 300,
            "{line}"
        );
    }
}
