//! The form of a document, and that no title creates a line of its own. Foreign parsers read it in `tests/foreign`.

use base::{Clock, Id, Severity, Time};
use records::{
    Named,
    dated::{Item, Kind, Stamps},
};

use super::Document;

fn item(kind: Kind, title: &str) -> Item {
    let time = |text: &str| text.parse::<Time>().unwrap();
    let named = |name: &str| Named {
        id: Id::from_parts(1_790_000_000_000, [1; 10]),
        name: name.to_owned(),
    };
    let finding = kind.is_personal();
    Item {
        id: String::new(),
        kind,
        title: title.to_owned(),
        at: time(if kind.is_whole_day() {
            "2026-12-01T00:00:00Z"
        } else {
            "2026-12-03T14:00:00.5Z"
        }),
        ends_at: (kind == Kind::ProjectStart).then(|| time("2026-12-31T00:00:00Z")),
        entity_id: Id::from_parts(1_790_000_000_000, [2; 10]),
        severity: finding.then_some(Severity::Critical),
        status: if finding { "in_progress" } else { "active" }.to_owned(),
        company: named("Acme, Inc."),
        minimal: false,
        project: finding.then(|| named("Web; shop")),
        stamps: Some(Stamps {
            created_at: time("2026-11-01T00:00:00Z"),
            updated_at: time("2026-11-01T00:01:40.9Z"),
        }),
    }
}

fn written(items: &[Item], alarms: &[u32]) -> String {
    let document = Document {
        name: "Mine",
        alarms,
        public_url: "https://campanile.example",
        cut: false,
        items,
    };
    document.write()
}

fn unfolded(document: &str) -> Vec<String> {
    let whole = document.replace("\r\n ", "");
    whole.split_terminator("\r\n").map(str::to_owned).collect()
}

#[test]
fn a_deadline_is_an_instant_with_its_reminders() {
    let id = Id::from_parts(1_790_000_000_000, [2; 10]);
    let lines = unfolded(&written(&[item(Kind::SlaDue, "SQL injection")], &[60]));
    let expected = format!(
        "BEGIN:VCALENDAR|VERSION:2.0|PRODID:-//Campanile//Calendar//EN|CALSCALE:GREGORIAN|METHOD:PUBLISH|NAME:Mine|\
         X-WR-CALNAME:Mine|REFRESH-INTERVAL;VALUE=DURATION:PT1H|X-PUBLISHED-TTL:PT1H|BEGIN:VEVENT|\
         UID:sla_due-{id}@campanile|DTSTAMP:20261101T000140Z|CREATED:20261101T000000Z|\
         LAST-MODIFIED:20261101T000140Z|SEQUENCE:100|DTSTART:20261203T140000Z|SUMMARY:SLA deadline: SQL injection|\
         DESCRIPTION:Company: Acme\\, Inc.\\nProject: Web\\; shop\\nSeverity: critical\\nStatus: in progress|\
         CATEGORIES:SLA deadline|STATUS:CONFIRMED|TRANSP:TRANSPARENT|URL:https://campanile.example/findings/{id}|\
         BEGIN:VALARM|ACTION:DISPLAY|DESCRIPTION:SLA deadline: SQL injection|TRIGGER:-PT60M|END:VALARM|END:VEVENT|\
         END:VCALENDAR"
    );
    assert_eq!(lines.join("|"), expected);
}

#[test]
fn a_day_is_a_date_and_its_end_the_day_after() {
    for (kind, end, summary) in [
        (Kind::ProjectStart, "20270101", "Project: Web"),
        (Kind::ProjectEnd, "20261202", "Project ends: Web"),
        (Kind::AgreementExpiry, "20261202", "Agreement expires: Web"),
    ] {
        let lines = unfolded(&written(&[item(kind, "Web")], &[]));
        for line in [
            "DTSTART;VALUE=DATE:20261201".to_owned(),
            format!("DTEND;VALUE=DATE:{end}"),
            format!("SUMMARY:{summary}"),
        ] {
            assert!(lines.contains(&line), "{line} in {lines:?}");
        }
    }
}

#[test]
fn the_end_of_an_acceptance_links_to_its_page() {
    let lines = unfolded(&written(&[item(Kind::AcceptanceEnd, "SQL injection")], &[]));
    let id = Id::from_parts(1_790_000_000_000, [2; 10]);
    for line in [
        "SUMMARY:Risk acceptance expires: SQL injection".to_owned(),
        "CATEGORIES:Risk acceptance".to_owned(),
        format!("URL:https://campanile.example/approvals/{id}"),
    ] {
        assert!(lines.contains(&line), "{line} in {lines:?}");
    }
}

// promise: C7
#[test]
fn whatever_a_title_contains_the_document_has_the_same_lines() {
    let names = |title: &str| {
        let document = written(&Kind::ALL.map(|kind| item(kind, title)), &[0, 15]);
        assert!(document.ends_with("END:VCALENDAR\r\n"));
        for line in document.split("\r\n") {
            assert!(line.len() <= 75, "{} octets: {line}", line.len());
            assert!(!line.contains(char::is_control), "{line:?}");
        }
        let lines = unfolded(&document);
        let names = lines
            .iter()
            .map(|line| line.split([':', ';']).next().unwrap_or_default().to_owned());
        names.collect::<Vec<_>>()
    };
    let plain = names("plain title");
    for title in [
        "a\r\nATTENDEE:mailto:x@y.example",
        "a\rEND:VEVENT\rBEGIN:VEVENT",
        "a\nb",
        "a\\nEND:VCALENDAR",
        "a\u{2028}b\u{85}c\0d\u{7}e\u{1b}[0m",
        ";VALUE=DATE:20260101,\"x\"",
        "\\",
        "\u{202e}gnp.exe",
        " leading and trailing ",
        "",
        &"ä".repeat(300),
        &"\u{1f600}".repeat(300),
        &"x".repeat(5_000),
        &"a\u{301}".repeat(500),
        &"日本語, ".repeat(80),
        &"\\;,".repeat(100),
    ] {
        assert_eq!(names(title), plain, "{title:?}");
    }
}

#[test]
fn a_title_comes_through_folding_and_escaping() {
    for title in [
        "日本語, und \\ mehr; ".repeat(9),
        "😀 ".repeat(60),
        "x, ".repeat(60),
    ] {
        let lines = unfolded(&written(&[item(Kind::RetestDue, &title)], &[]));
        let found = lines
            .iter()
            .find_map(|line| line.strip_prefix("SUMMARY:Retest due: "))
            .unwrap();
        let read = found
            .replace("\\,", ",")
            .replace("\\;", ";")
            .replace("\\\\", "\\");
        assert_eq!(read, base::text::line(&title, 200));
    }
}

#[test]
fn hidden_details_are_not_in_the_document() {
    let items = Kind::ALL.map(|kind| Item {
        minimal: true,
        ..item(kind, "secret title")
    });
    let document = written(&items, &[10]);
    let lines = unfolded(&document);
    assert!(
        !document.contains("secret") && !document.contains("shop"),
        "{document}"
    );
    for line in [
        "SUMMARY:SLA deadline: a critical finding",
        "SUMMARY:Retest due: a critical finding",
        "SUMMARY:Project ends",
        "SUMMARY:Scan",
        "DESCRIPTION:Company: Acme\\, Inc.\\nSeverity: critical\\nStatus: in progress",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line} in {lines:?}");
    }
}

#[test]
fn the_same_entries_produce_the_same_bytes_and_a_change_raises_the_sequence() {
    let mut items = [item(Kind::Scan, "Nightly")];
    let before = written(&items, &[]);
    assert_eq!(written(&items, &[]), before);
    if let Some(stamps) = &mut items[0].stamps {
        stamps.updated_at = Clock::system().now();
    }
    let after = written(&items, &[]);
    let sequence = |document: &str| {
        let lines = unfolded(document);
        let found = lines
            .iter()
            .find_map(|line| line.strip_prefix("SEQUENCE:"))
            .unwrap();
        found.parse::<u64>().unwrap()
    };
    assert!(sequence(&after) > sequence(&before));
}
