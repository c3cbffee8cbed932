//! Microsoft Teams: one Adaptive Card by Incoming Webhook or Workflow (promise C5).
//!
//! Owns: the payload. Untrusted text is put in the `TextRun`s of a `RichTextBlock` only: a `TextBlock` and a `FactSet`
//! parse Markdown. The one link is the button to our own host.

use std::time::Duration;

use base::Severity;
use serde_json::{Value, json};

use crate::{
    Attempt, Outcome,
    descriptor::{DAYS, Descriptor, Draft, Kind, Post, Rate, Transport},
    destination,
    message::{self, Entry, Message},
};

/// The most entries of a message about several, and the most bytes of all of them.
const ENTRIES: usize = 20;
const ENTRIES_BYTES: usize = 14 * 1024;

/// The width of the labels of facts: the longest is "SLA deadline".
const LABELS: &str = "120px";

/// The channel's descriptor. Teams accepts four messages a second.
pub(crate) const DESCRIPTOR: Descriptor = Descriptor {
    name: "teams",
    title: "Teams",
    kind: Kind::Chat,
    personal: true,
    default_on: false,
    pace: Some(Rate {
        every: Duration::from_millis(250),
        burst: 4,
    }),
    retries: DAYS,
    templates: &[],
    transport: Transport::Post(Post {
        check: |text, guard| destination::teams(text, &guard.hosts),
        draft: |outbound, _, _| Draft::json(&payload(&outbound.message)),
        judge: throttled,
    }),
};

/// Connectors answer 200 even when Teams behind them throttled the card, and say so in the text.
fn throttled(attempt: Attempt) -> Attempt {
    if attempt.outcome == Outcome::Delivered && attempt.answer.contains("returned HTTP error 429") {
        Attempt {
            outcome: Outcome::RefusedForNow { retry_after: None },
            reason: "too many requests".to_owned(),
            ..attempt
        }
    } else {
        attempt
    }
}

/// The message in Teams' form.
pub fn payload(message: &Message) -> Value {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": message.action,
                "msteams": {"width": "Full"},
                "body": body(message),
                "actions": [{
                    "type": "Action.OpenUrl",
                    "title": message.link.label,
                    "url": message.link.url,
                }],
            },
        }],
    })
}

fn body(message: &Message) -> Vec<Value> {
    let mut body = vec![head(message), rich(&[run(&message.sentence, &[])])];
    let shown = fitting(&message.entries);
    body.extend(message.entries[..shown].iter().map(entry));
    body.extend(message.more_than(shown).map(|more| rich(&[run(&more, &[])])));
    let company = message.company.as_deref().map(|company| ("Company", company));
    let others = message.facts.iter().map(|fact| (fact.label, fact.text.as_str()));
    body.extend(
        company
            .into_iter()
            .chain(others)
            .map(|(label, text)| fact(label, text)),
    );
    if let Some(note) = &message.note {
        body.push(json!({"type": "Container", "style": "emphasis", "items": [rich(&[run(note, &[])])]}));
    }
    let mut footer = format!("Campanile · {}", message::moment(message.at));
    if let Some(why) = &message.why {
        footer = format!("{footer} · {why}");
    }
    let mut footer = rich(&[run(&footer, &[("size", "Small"), ("color", "Default")])]);
    footer["separator"] = true.into();
    footer["spacing"] = "Medium".into();
    body.push(footer);
    body
}

/// How many entries fit into a card: Teams accepts 28 KB.
fn fitting(entries: &[Entry]) -> usize {
    let mut room = ENTRIES_BYTES;
    let mut fits = |one: &&Entry| {
        let bytes = entry(one).to_string().len();
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    };
    entries.iter().take(ENTRIES).take_while(&mut fits).count()
}

/// One record of several; its title links to its page.
fn entry(entry: &Entry) -> Value {
    let mark = entry.severity_mark().unwrap_or("▫️");
    let mut title = run(&entry.title, &[("weight", "Bolder")]);
    title["selectAction"] = json!({"type": "Action.OpenUrl", "url": entry.url});
    let mut items = vec![rich(&[run(&format!("{mark} "), &[]), title])];
    if !entry.detail.is_empty() {
        let mut detail = rich(&[run(&entry.detail, &[("size", "Small")])]);
        detail["spacing"] = "None".into();
        items.push(detail);
    }
    json!({"type": "Container", "spacing": "Small", "items": items})
}

/// A label, and next to it the text, aligned in all facts.
fn fact(label: &str, text: &str) -> Value {
    let column = |width, run: Value| json!({"type": "Column", "width": width, "items": [rich(&[run])]});
    json!({
        "type": "ColumnSet",
        "spacing": "Small",
        "columns": [
            column(LABELS, run(label, &[("weight", "Bolder")])),
            column("stretch", run(text, &[])),
        ],
    })
}

/// What is seen first: how severe, what happened, to what.
fn head(message: &Message) -> Value {
    let kicker = match (message.severity_mark(), message.severity_label()) {
        (Some(mark), Some(severity)) => format!("{mark} {severity} · {}", message.action),
        _ => message.action.to_owned(),
    };
    json!({
        "type": "Container",
        "style": style(message.severity),
        "bleed": true,
        "items": [
            rich(&[run(&kicker, &[("weight", "Bolder"), ("size", "Small")])]),
            rich(&[run(message.headline(), &[("weight", "Bolder"), ("size", "Large")])]),
        ],
    })
}

/// The color of the header.
const fn style(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::Urgent | Severity::Critical) => "attention",
        Some(Severity::High | Severity::Medium) => "warning",
        Some(Severity::Low) => "accent",
        Some(Severity::Informational) | None => "emphasis",
    }
}

fn rich(runs: &[Value]) -> Value {
    json!({"type": "RichTextBlock", "inlines": runs})
}

/// A piece of text. Clients replace `{{DATE(…)}}` here too, so doubled braces are separated.
fn run(text: &str, looks: &[(&str, &str)]) -> Value {
    let mut run = json!({"type": "TextRun", "text": text.replace("{{", "{ {").replace("}}", "} }")});
    for (name, value) in looks {
        run[*name] = (*value).into();
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connectors_hidden_throttling_is_found() {
        let attempt = |answer: &str| Attempt {
            outcome: Outcome::Delivered,
            status: Some(200),
            answer: answer.to_owned(),
            reason: "delivered".to_owned(),
            gone: false,
        };
        let refused =
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429";
        assert_eq!(throttled(attempt("1")).outcome, Outcome::Delivered);
        let outcome = throttled(attempt(refused)).outcome;
        assert_eq!(outcome, Outcome::RefusedForNow { retry_after: None });
    }
}
