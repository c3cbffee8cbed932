//! Microsoft Teams: one Adaptive Card by Incoming Webhook or Workflow (promise C5).
//!
//! Owns: the payload. Texts from outside stand in the `TextRun`s of a `RichTextBlock` only: a `TextBlock` and a
//! `FactSet` read Markdown. The one link is the button to our own host.

use base::{
    Severity,
    destination::{self, Hosts},
};
use serde_json::{Value, json};

use super::{Attempt, Outcome, http::Poster};
use crate::message::{self, Message};

/// The width of the labels of facts: the longest is "SLA deadline".
const LABELS: &str = "120px";

/// Posts the message.
pub(super) async fn send((poster, hosts): (&Poster, &Hosts), url: &str, message: &Message) -> Attempt {
    // Again, although it was checked when it was saved: rows can be older than the rules and the settings.
    let destination = match destination::teams(url, hosts) {
        Ok(destination) => destination,
        Err(refusal) => {
            return Attempt::without_answer(Outcome::RefusedForGood, format!("the Teams URL: {refusal}"));
        }
    };
    let attempt = poster
        .post(&destination, Vec::new(), payload(message).to_string())
        .await;
    throttled(attempt)
}

/// Connectors answer 200 also when Teams behind them throttled the card, and say so in the text.
fn throttled(attempt: Attempt) -> Attempt {
    if attempt.outcome == Outcome::Delivered && attempt.answer.contains("returned HTTP error 429") {
        Attempt {
            outcome: Outcome::RefusedForNow { retry_after: None },
            reason: "it has had too many requests".to_owned(),
            ..attempt
        }
    } else {
        attempt
    }
}

/// The message as Teams takes it.
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
    let moment = format!("Campanile · {}", message::moment(message.at));
    let mut footer = rich(&[run(&moment, &[("size", "Small"), ("color", "Default")])]);
    footer["separator"] = true.into();
    footer["spacing"] = "Medium".into();
    body.push(footer);
    body
}

/// A label, and beside it the text, under each other in all facts.
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

/// What is seen first: how bad, what happened, to what.
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
            rich(&[run(&message.subject_title, &[("weight", "Bolder"), ("size", "Large")])]),
        ],
    })
}

/// The colour of the head.
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

/// A piece of text. Clients replace `{{DATE(…)}}` also here, so doubled braces are set apart.
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
