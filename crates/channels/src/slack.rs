//! Slack: Block Kit by Incoming Webhook (promise C4).
//!
//! Owns: the payload, and the escaping of text in it. Untrusted text is put in `plain_text` only, where Slack parses no
//! formatting, and its `&`, `<`, `>` are entities, so that it is not a mention or a link either.

use std::time::Duration;

use base::text;
use serde_json::{Value, json};

use crate::{
    descriptor::{DAYS, Descriptor, Draft, Kind, Post, Rate, Transport},
    destination,
    message::{self, Entry, Message},
};

/// Slack's limits, in characters, minus a reserve for how it may count.
const HEADER: usize = 150;
const SECTION: usize = 3000;
const FIELD: usize = 2000;
const BUTTON: usize = 75;
/// Entries of a message about several: each is a block, and a message may have fifty of those at most.
const ENTRIES: usize = 20;
/// Facts in one section: Slack allows ten fields, and a fact is two of them.
const FACTS_PER_SECTION: usize = 5;

/// The channel's descriptor. Slack accepts one message a second and short bursts of more.
pub(crate) const DESCRIPTOR: Descriptor = Descriptor {
    name: "slack",
    title: "Slack",
    kind: Kind::Chat,
    personal: true,
    default_on: false,
    pace: Some(Rate {
        every: Duration::from_secs(1),
        burst: 5,
    }),
    retries: DAYS,
    templates: &[],
    transport: Transport::Post(Post {
        check: |text, guard| destination::slack(text, &guard.hosts),
        draft: |outbound, _, _| Draft::json(&payload(&outbound.message)),
        judge: |attempt| attempt,
    }),
};

/// The message in Slack's form.
pub fn payload(message: &Message) -> Value {
    let headline = headline(message);
    let mut blocks = vec![
        json!({"type": "header", "text": plain(&headline, HEADER)}),
        json!({"type": "section", "text": plain(&message.sentence, SECTION)}),
    ];
    blocks.extend(message.entries.iter().take(ENTRIES).map(entry));
    if let Some(more) = message.more_than(ENTRIES) {
        blocks.push(json!({"type": "section", "text": plain(&more, SECTION)}));
    }
    let facts = facts(message);
    for some in facts.chunks(FACTS_PER_SECTION) {
        let fields: Vec<_> = some
            .iter()
            .flat_map(|(label, text)| [label_field(label), plain(text, FIELD)])
            .collect();
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    if let Some(note) = &message.note {
        blocks.push(json!({"type": "section", "text": plain(note, SECTION)}));
    }
    blocks.push(json!({"type": "actions", "elements": [{
        "type": "button",
        "action_id": "open",
        "text": plain(message.link.label, BUTTON),
        "url": message.link.url,
    }]}));
    let footer = format!("Campanile · {}", message::moment(message.at));
    let footer: Vec<_> = [Some(footer.as_str()), message.why.as_deref()]
        .into_iter()
        .flatten()
        .map(|text| plain(text, FIELD))
        .collect();
    blocks.push(json!({"type": "context", "elements": footer}));
    json!({
        "text": escape(&headline, SECTION),
        "blocks": blocks,
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// One record of several, with a button that opens its page.
fn entry(entry: &Entry) -> Value {
    let mark = entry.severity_mark().unwrap_or("▫️");
    let text = match &*entry.detail {
        "" => format!("{mark} {}", entry.title),
        detail => format!("{mark} {}\n{detail}", entry.title),
    };
    json!({
        "type": "section",
        "text": plain(&text, SECTION),
        "accessory": {
            "type": "button",
            "action_id": format!("open {}", entry.url),
            "text": plain("Open", BUTTON),
            "url": entry.url,
        },
    })
}

fn headline(message: &Message) -> String {
    match message.severity_mark() {
        Some(mark) => format!("{mark} {}", message.title()),
        None => message.title(),
    }
}

fn facts(message: &Message) -> Vec<(&'static str, &str)> {
    let severity = message.severity_label().map(|label| ("Severity", label));
    let company = message.company.as_deref().map(|company| ("Company", company));
    let others = message.facts.iter().map(|fact| (fact.label, fact.text.as_str()));
    severity.into_iter().chain(company).chain(others).collect()
}

/// A bold label: a fixed text, so formatting is safe.
fn label_field(label: &'static str) -> Value {
    json!({"type": "mrkdwn", "text": format!("*{label}*")})
}

/// Text without formatting; `emoji` off, so that `:name:` is not replaced.
fn plain(raw: &str, max: usize) -> Value {
    json!({"type": "plain_text", "text": escape(raw, max), "emoji": false})
}

/// The text with Slack's three entities, at most `max` UTF-16 units long; the cut never splits an entity.
fn escape(raw: &str, max: usize) -> String {
    let clean = text::block(raw, max);
    let mut out = String::new();
    let mut units = 0;
    // Where to cut a text that is too long: the last place with room for the ellipsis.
    let mut end = 0;
    for char in clean.chars() {
        let mut buffer = [0; 4];
        let piece = match char {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            char => char.encode_utf8(&mut buffer),
        };
        units += piece.encode_utf16().count();
        if units > max {
            out.truncate(end);
            out.push('…');
            return out;
        }
        out.push_str(piece);
        if units < max {
            end = out.len();
        }
    }
    // Slack rejects an empty text.
    if out.is_empty() { "–".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: C7
    #[test]
    fn a_cut_splits_no_entity_and_keeps_the_limit() {
        assert_eq!(
            escape("a & b <!channel> ok", 100),
            "a &amp; b &lt;!channel&gt; ok"
        );
        assert_eq!(escape("", 10), "–");
        assert_eq!(escape("&&&", 15), "&amp;&amp;&amp;");
        for max in 1..40 {
            let cut = escape(&"<&😀>x".repeat(30), max);
            assert!(cut.encode_utf16().count() <= max, "{max}: {cut}");
            let bare = cut.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            assert!(!bare.contains(['&', '<', '>']), "{max}: {cut}");
            assert!(cut.ends_with('…'), "{max}: {cut}");
        }
    }
}
