//! Every kind has words, and untrusted text stays within its bounds.

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
        "Critical · Acme Bank · Storefront. Mara Lind changed the status from In progress to Retest. \
         Due 3 Dec 2026, 14:00 UTC"
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

fn about(kind: Kind, subject: SubjectType, data: serde_json::Value) -> Message {
    let mut event = event(kind);
    event.subject.kind = subject;
    event.data = serde_json::from_value(data).unwrap();
    compose(&event, "https://c.example/", Detail::Full)
}

// promise: C8
#[test]
fn every_message_links_to_the_page_of_its_record() {
    for (kind, subject, page) in [
        (Kind::FindingAssigned, SubjectType::Finding, "/findings/"),
        (Kind::ScanCompleted, SubjectType::Scan, "/scans/"),
        (Kind::ReportReady, SubjectType::Report, "/reports/"),
        (Kind::AssetUpdated, SubjectType::Asset, "/assets/"),
        (Kind::AgreementExpiring, SubjectType::Agreement, "/agreements/"),
        (Kind::ApprovalRequested, SubjectType::Approval, "/approvals/"),
        (Kind::ProjectUpdated, SubjectType::Project, "/projects/"),
    ] {
        let other = serde_json::json!({"finding_id": Clock::system().id().to_string()});
        let message = about(kind, subject, other);
        let id = message.subject.unwrap().id;
        assert_eq!(message.link.url, format!("https://c.example{page}{id}"), "{kind}");
    }
    let other = Clock::system().id();
    let project = serde_json::json!({"project_id": other.to_string()});
    let gone = about(Kind::FindingDeleted, SubjectType::Finding, project.clone());
    assert_eq!(gone.link.url, format!("https://c.example/projects/{other}"));
    let gone = about(Kind::ProjectDeleted, SubjectType::Project, project);
    assert_eq!(gone.link.url, "https://c.example/inbox");
    let elsewhere = serde_json::json!({"external": true});
    let elsewhere = about(Kind::FindingUpdated, SubjectType::Finding, elsewhere);
    assert_eq!(elsewhere.link.url, "https://c.example/inbox");
}

// promise: C8
#[test]
fn a_message_shows_what_changed_and_its_details() {
    let updated = about(
        Kind::FindingUpdated,
        SubjectType::Finding,
        serde_json::json!({
            "title": "Log4Shell", "actor_name": "Mara Lind", "changed": ["description", "cwe", "cwes", "sla_due_at"],
            "identifiers": ["CVE-2021-44228"], "component": "log4j-core", "component_version": "2.14.1",
            "fixed_versions": ["2.17.1"], "location": "pom.xml:12", "sla_due_at": "2026-12-03T14:00:00Z",
            "rule": "cve-2021-44228",
        }),
    );
    assert_eq!(
        updated.sentence,
        "Mara Lind changed the description, the CWE and the SLA deadline of this finding."
    );
    assert_eq!(
        updated.detail(),
        "CVE-2021-44228 · log4j-core 2.14.1, fixed in 2.17.1 · pom.xml:12 · due 3 Dec 2026, 14:00 UTC"
    );
    assert_eq!(updated.fact("Rule"), None, "it is the identifier");
    let severity = about(
        Kind::FindingSeverityChanged,
        SubjectType::Finding,
        serde_json::json!({"title": "x", "changed": ["severity"], "from_severity": "medium"}),
    );
    assert_eq!(severity.action, "Severity raised");
    assert_eq!(severity.sentence, "The severity changed from medium to critical.");
}

// promise: C8
#[test]
fn the_end_of_a_scan_shows_what_matters() {
    let scan = |severities| {
        let data = serde_json::json!({
            "title": "Trivy report", "name": "Trivy report", "project_name": "Web shop", "severities": severities,
        });
        about(Kind::ScanCompleted, SubjectType::Scan, data)
    };
    let news =
        scan(serde_json::json!({"created": {"high": 2}, "reopened": {"critical": 1}, "closed": {"low": 3}}));
    assert_eq!(
        news.title(),
        "Scan completed: 1 critical reopened, 2 high new in Web shop"
    );
    assert_eq!(
        news.body(),
        "Web shop. Findings: 1 reopened (1 critical), 2 new (2 high), 3 closed (3 low)."
    );
    assert_eq!(news.fact("Scan"), Some("Trivy report"));
    assert_eq!(news.subject_title, "Trivy report");
    let nothing = scan(serde_json::json!({}));
    assert_eq!(nothing.title(), "Scan completed: nothing new in Web shop");
    assert_eq!(nothing.body(), "Web shop. No findings changed.");
}

// promise: C8
#[test]
fn changes_by_an_import_are_attributed_to_the_import() {
    let by_import = |kind, from: &str, to: &str| {
        let mut event = event(kind);
        event.bundle = Some(event.id);
        event.data = serde_json::from_value(serde_json::json!({
            "title": "x", "actor_name": "Mara Lind", "from_status": from, "status": to,
        }))
        .unwrap();
        compose(&event, "", Detail::Full).sentence
    };
    assert_eq!(
        by_import(Kind::FindingCreated, "", "open"),
        "A scan report contains this new finding."
    );
    assert_eq!(
        by_import(Kind::FindingStatusChanged, "closed", "open"),
        "A scan report contains this finding again, so it was reopened."
    );
    assert_eq!(
        by_import(Kind::FindingStatusChanged, "open", "closed"),
        "The latest scan report no longer contains this finding, so it was closed."
    );
}

// promise: A4
#[test]
fn an_unread_event_says_why_nobody_read_it() {
    let of = |kind: Kind, about: &str, reason: &str, people: u64, destinations: u64| {
        let mut event = event(kind);
        event.data = serde_json::from_value(serde_json::json!({
            "unread_event_type": about, "unread_reason": reason, "unread_people": people,
            "unread_destinations": destinations,
        }))
        .unwrap();
        compose(&event, "https://c.example", Detail::Full).sentence
    };
    let unread = |about: &str, reason: &str, people, destinations| {
        of(Kind::FindingUnread, about, reason, people, destinations)
    };
    for (sentence, expected) in [
        (
            unread("finding.created", "nobody_read", 1, 0),
            "1 person was notified of this new finding, but nobody has read it.",
        ),
        (
            unread("finding.reopened", "nobody_read", 4, 2),
            "4 people and 2 channels were notified that this finding was reopened, but nobody has read it.",
        ),
        (
            unread("sla.breached", "destinations_failed", 0, 1),
            "Nobody was notified that this finding is overdue: its only destination failed.",
        ),
        (
            unread("retest.due", "destinations_failed", 1, 1),
            "Nobody was notified that this finding is due for retest: all of its destinations failed.",
        ),
        (
            unread("finding.created", "nobody_responsible", 0, 0),
            "Nobody was notified of this new finding: nobody is responsible for it.",
        ),
        (
            unread("finding.assigned", "opted_out", 0, 0),
            "Nobody was notified of the assignment of this finding: everyone responsible has opted out.",
        ),
        (
            of(Kind::SlaEscalated, "sla.warning", "no_rule", 0, 0),
            "The SLA warning reached nobody: this finding is due soon.",
        ),
        (
            of(Kind::SlaEscalated, "sla.warning", "nobody_read", 2, 0),
            "Nobody has read the SLA warning: this finding is due soon.",
        ),
    ] {
        assert_eq!(sentence, expected);
    }
}
