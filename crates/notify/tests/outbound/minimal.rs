//! If a company hides details in outgoing messages, none are sent: whatever is in an event's data.

use base::Kind;
use notify::{
    channels::{slack, teams},
    message::{self, Detail, Message},
};
use serde_json::{Value, json};

use crate::golden::{data, event, import, mail};

/// In every field of the data that must not be sent.
const SECRET: &str = "Xyzzy";

/// Fields that messages use somewhere, in addition to those of the kind.
const FIELDS: [&str; 29] = [
    "title",
    "name",
    "description",
    "comment",
    "error",
    "reason",
    "note",
    "actor_name",
    "project_name",
    "location",
    "asset_name",
    "tool",
    "rule_id",
    "rule",
    "component",
    "component_version",
    "assigned_by_rule",
    "from_severity",
    "asset_id",
    "url",
    "status",
    "from_status",
    "decision",
    "channel",
    "sla_due_at",
    "retest_due_at",
    "expires_at",
    "expires_on",
    "anything",
];

/// The texts of all three channels, with whatever a program may show next to the message.
async fn rendered(message: &Message) -> String {
    let (subject, text, html) = mail(message).await;
    format!(
        "{subject}\n{text}\n{html}\n{}\n{}",
        slack::payload(message),
        teams::payload(message)
    )
}

/// The data with the secret in place of every text, at any depth.
fn poisoned(data: &Value) -> Value {
    match data {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), poisoned(value)))
            .collect(),
        Value::Number(_) => 7_777_777.into(),
        _ => SECRET.into(),
    }
}

#[tokio::test]
async fn only_company_and_deadline_are_sent_from_the_data() {
    for kind in Kind::ALL.iter().filter(|kind| kind.about().notifies) {
        let mut data = poisoned(&data(*kind));
        for field in FIELDS {
            data[field] = SECRET.into();
        }
        for list in ["identifiers", "fixed_versions", "tags", "changed"] {
            data[list] = json!([SECRET]);
        }
        data["company_name"] = "Acme Bank".into();
        let event = event(*kind, data);
        let url = "https://campanile.example";
        let full = rendered(&message::compose(&event, url, Detail::Full)).await;
        assert!(full.contains(SECRET), "{kind}: the test sees what is sent");
        let message = message::compose(&event, url, Detail::Minimal);
        let minimal = rendered(&message).await;
        for secret in [SECRET, &SECRET.to_lowercase(), "7777777"] {
            assert!(!minimal.contains(secret), "{kind}: {minimal}");
        }
        // The rest is still worth a message.
        let id = event.subject.id.to_string();
        assert!(
            message.subject_title.ends_with(&format!("(…{})", &id[28..])),
            "{kind}"
        );
        for shown in [message.action, "Acme Bank", &message.link.url] {
            assert!(minimal.contains(shown), "{kind}: {shown}");
        }
        assert_eq!(minimal.contains("Critical"), kind.about().severity, "{kind}");
    }
}

#[tokio::test]
async fn a_group_names_findings_by_their_ids_alone() {
    let minimal = rendered(&import(Detail::Minimal)).await;
    for secret in [
        "RCE in login",
        "Web shop",
        "Nightly",
        "CodeQL",
        "CVE",
        "log4j",
        "login.rs",
        "Mara",
    ] {
        assert!(
            rendered(&import(Detail::Full)).await.contains(secret) || secret == "Mara",
            "{secret}"
        );
        assert!(!minimal.contains(secret), "{secret}: {minimal}");
    }
    assert!(minimal.contains("/findings/"), "each leads to its page");
}

#[tokio::test]
async fn time_and_deadline_are_included() {
    let data = json!({
        "title": SECRET, "company_name": "Acme Bank", "sla_due_at": "2026-12-03T14:00:00Z", "expires_on": "2026-12-31",
    });
    let message = message::compose(
        &event(Kind::SlaWarning, data),
        "https://campanile.example",
        Detail::Minimal,
    );
    assert_eq!(message.sentence, "This finding is due on 3 Dec 2026, 14:00 UTC.");
    let facts: Vec<_> = message
        .facts
        .iter()
        .map(|fact| (fact.label, fact.text.as_str()))
        .collect();
    assert_eq!(
        facts,
        [
            ("SLA deadline", "3 Dec 2026, 14:00 UTC"),
            ("Expires on", "31 Dec 2026")
        ]
    );
}
