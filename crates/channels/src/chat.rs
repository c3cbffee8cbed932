//! Chat: the webhook of another chat service, in the form of a built-in template (promise C9).
//!
//! Owns: the templates, and how each renders untrusted text literally. Mattermost and Discord parse Markdown and
//! mentions everywhere, so such text is put into code, where neither parses any. Google Chat parses some HTML, so `&`,
//! `<` and `>` are entities. ntfy takes the body as plain text; its headers contain only our own words.

use std::time::Duration;

use base::{Severity, text};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::{
    Outbound,
    descriptor::{DAYS, Descriptor, Draft, Kind, Post, Rate, Transport},
    destination,
    message::{self, Entry, Message},
};

/// The channel's descriptor. Discord accepts five messages in two seconds, Google Chat one a second.
pub(crate) const DESCRIPTOR: Descriptor = Descriptor {
    name: "chat",
    title: "chat",
    kind: Kind::Chat,
    personal: true,
    default_on: false,
    pace: Some(Rate {
        every: Duration::from_secs(1),
        burst: 4,
    }),
    retries: DAYS,
    templates: &["mattermost", "google_chat", "discord", "ntfy"],
    transport: Transport::Post(Post {
        check: |text, guard| destination::on_hosts(text, &guard.hosts.chat),
        draft,
        judge: |attempt| attempt,
    }),
};

fn draft(outbound: &Outbound, _: &destination::Destination, _: &crate::descriptor::Sender<'_>) -> Draft {
    of(&outbound.template, &outbound.message)
}

/// The body of a post in this template's form.
pub fn payload(template: &str, message: &Message) -> String {
    of(template, message).body
}

fn of(template: &str, message: &Message) -> Draft {
    match template {
        "google_chat" => Draft::json(&google_chat(message)),
        "discord" => Draft::json(&discord(message)),
        "ntfy" => ntfy(message),
        _ => Draft::json(&mattermost(message)),
    }
}

/// The length limits, in characters: a title, a sentence or a fact, a note. Together they stay below Discord's limit
/// for one message, 6,000.
const TITLE: usize = 300;
const LINE: usize = 500;
const NOTE: usize = 2000;
const FACTS: usize = 10;
/// The limits for the records of a message about several: how many are named, the length of one, and the length of all.
const ENTRIES: usize = 10;
const ENTRY: usize = 160;
const ENTRIES_CHARS: usize = 2200;

/// "🔴 Critical · Finding assigned", in our own words.
fn headline(message: &Message) -> String {
    match (message.severity_mark(), message.severity_label()) {
        (Some(mark), Some(severity)) => format!("{mark} {severity} · {}", message.action),
        _ => message.action.to_owned(),
    }
}

fn facts(message: &Message) -> impl Iterator<Item = (&'static str, &str)> {
    let company = message.company.as_deref().map(|company| ("Company", company));
    let others = message.facts.iter().map(|fact| (fact.label, fact.text.as_str()));
    company.into_iter().chain(others).take(FACTS)
}

fn footer(message: &Message) -> String {
    format!("Campanile · {}", message::moment(message.at))
}

/// Untrusted text as inline code. A backtick would end it, so each is replaced by a character that looks like one.
fn code(raw: &str, max: usize) -> String {
    let line = text::line(raw, max).replace('`', "\u{2cb}");
    let line = line.trim();
    format!("`{}`", if line.is_empty() { "–" } else { line })
}

/// The same for several lines.
fn code_block(raw: &str) -> String {
    let block = text::block(raw, NOTE).replace('`', "\u{2cb}");
    format!("```\n{block}\n```")
}

const fn colour(severity: Option<Severity>) -> (&'static str, u32) {
    match severity {
        Some(Severity::Urgent) => ("#7a1fa2", 0x007a_1fa2),
        Some(Severity::Critical) => ("#b3261e", 0x00b3_261e),
        Some(Severity::High) => ("#d9730d", 0x00d9_730d),
        Some(Severity::Medium) => ("#c69026", 0x00c6_9026),
        Some(Severity::Low) => ("#2f6fde", 0x002f_6fde),
        Some(Severity::Informational) | None => ("#6b7280", 0x006b_7280),
    }
}

/// The records of a message about several that fit, and how many more there are.
fn entries(message: &Message) -> (&[Entry], Option<String>) {
    let mut room = ENTRIES_CHARS;
    let fits = |entry: &&Entry| {
        let texts = [&entry.title, &entry.detail].map(|text| text.chars().count().min(ENTRY));
        let size = entry.url.len() + texts.iter().sum::<usize>();
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    };
    let shown = message.entries.iter().take(ENTRIES).take_while(fits).count();
    (&message.entries[..shown], message.more_than(shown))
}

/// The same as lines of text.
fn entry_lines(message: &Message, show: impl Fn(&Entry) -> String) -> Vec<String> {
    let (shown, more) = entries(message);
    shown.iter().map(show).chain(more).collect()
}

/// What both Markdown chats show above the facts.
fn lines(message: &Message) -> String {
    let mut lines = vec![code(message.headline(), TITLE), code(&message.sentence, LINE)];
    lines.extend(entry_lines(message, |entry| {
        let mark = entry.severity_mark().unwrap_or("▫️");
        let detail = match &*entry.detail {
            "" => String::new(),
            detail => format!(" {}", code(detail, ENTRY)),
        };
        // The URL is ours: made of the public URL and ids.
        format!(
            "{mark} {}{detail} [Open]({})",
            code(&entry.title, ENTRY),
            entry.url
        )
    }));
    lines.extend(message.note.as_deref().map(code_block));
    lines.extend(message.why.as_deref().map(|why| code(why, LINE)));
    lines.join("\n")
}

fn mattermost(message: &Message) -> Value {
    let fields: Vec<_> = facts(message)
        .map(|(label, text)| json!({"title": label, "value": code(text, LINE), "short": true}))
        .collect();
    json!({
        "username": "Campanile",
        "attachments": [{
            "fallback": headline(message),
            "color": colour(message.severity).0,
            "pretext": format!("**{}**", headline(message)),
            "title": message.link.label,
            "title_link": message.link.url,
            "text": lines(message),
            "fields": fields,
            "footer": footer(message),
        }],
    })
}

fn discord(message: &Message) -> Value {
    let fields: Vec<_> = facts(message)
        .map(|(label, text)| json!({"name": label, "value": code(text, LINE), "inline": true}))
        .collect();
    json!({
        "username": "Campanile",
        // Whatever a text contains, no one is mentioned.
        "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": headline(message),
            "url": message.link.url,
            "description": lines(message),
            "color": colour(message.severity).1,
            "fields": fields,
            "footer": {"text": footer(message)},
        }],
    })
}

/// Untrusted text for a Google Chat card.
fn entities(raw: &str, max: usize) -> String {
    let clean = text::block(raw, max)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    if clean.is_empty() { "–".to_owned() } else { clean }
}

fn google_chat(message: &Message) -> Value {
    let paragraph = |raw: &str, max| json!({"textParagraph": {"text": entities(raw, max)}});
    let mut widgets = vec![
        paragraph(message.headline(), TITLE),
        paragraph(&message.sentence, LINE),
    ];
    let (named, more) = entries(message);
    widgets.extend(named.iter().map(card_entry));
    widgets.extend(more.map(|more| paragraph(&more, LINE)));
    widgets.extend(facts(message).map(|(label, text)| {
        json!({"decoratedText": {"topLabel": label, "text": entities(text, LINE), "wrapText": true}})
    }));
    widgets.extend(message.note.as_deref().map(|note| paragraph(note, NOTE)));
    widgets.extend(message.why.as_deref().map(|why| paragraph(why, LINE)));
    widgets.push(json!({"buttonList": {"buttons": [{
        "text": message.link.label,
        "onClick": {"openLink": {"url": message.link.url}},
    }]}}));
    json!({"cardsV2": [{
        "cardId": "campanile",
        "card": {
            "header": {"title": headline(message), "subtitle": footer(message)},
            "sections": [{"widgets": widgets}],
        },
    }]})
}

/// One record of several, with a button that opens its page.
fn card_entry(entry: &Entry) -> Value {
    let button = json!({"text": "Open", "onClick": {"openLink": {"url": entry.url}}});
    json!({"decoratedText": {
        "topLabel": entry.severity_label().unwrap_or("–"),
        "text": entities(&entry.title, ENTRY),
        "bottomLabel": entities(&entry.detail, ENTRY),
        "wrapText": true,
        "button": button,
    }})
}

/// The longest body, in bytes: ntfy turns a longer one into a file.
const NTFY_BODY: usize = 4000;

fn ntfy(message: &Message) -> Draft {
    // Clients turn anything that looks like a link into one; a zero-width space prevents it.
    let plain = |raw: &str, max| text::block(raw, max).replace("://", ":\u{200b}//");
    let mut lines = vec![plain(message.headline(), TITLE), plain(&message.sentence, LINE)];
    lines.extend(entry_lines(message, |entry| {
        let mark = entry.severity_mark().unwrap_or("▫️");
        format!("{mark} {}\n{}", plain(&entry.title, ENTRY), entry.url)
    }));
    lines.extend(facts(message).map(|(label, text)| format!("{label}: {}", plain(text, LINE))));
    lines.extend(message.note.as_deref().map(|note| plain(note, NOTE)));
    lines.extend(message.why.as_deref().map(|why| plain(why, LINE)));
    let mut body = lines.join("\n");
    if body.len() > NTFY_BODY {
        // Whole lines, so that no link is cut in half.
        let end = body.floor_char_boundary(NTFY_BODY);
        let end = body[..end].rfind('\n').unwrap_or(end);
        body.truncate(end);
    }
    let priority = match message.severity {
        Some(Severity::Urgent) => "5",
        Some(Severity::Critical | Severity::High) => "4",
        Some(Severity::Low | Severity::Informational) => "2",
        Some(Severity::Medium) | None => "3",
    };
    let title = match message.severity_label() {
        Some(severity) => format!("{severity}: {}", message.action),
        None => message.action.to_owned(),
    };
    // Our own words, numbers and URLs are valid header values; one that is not would be left out.
    let header = |name, value: &str| {
        HeaderValue::from_str(value)
            .ok()
            .map(|value| (HeaderName::from_static(name), value))
    };
    let own = [
        header("title", &title),
        header("priority", priority),
        header("click", &message.link.url),
    ];
    let plain_text = (
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    Draft {
        headers: own.into_iter().flatten().chain([plain_text]).collect(),
        body,
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;
    use crate::message::Fact;

    const HOSTILE: [&str; 8] = [
        "@everyone @here @channel <@1> <!channel> <users/all>",
        "[click](https://evil.example) ![x](https://evil.example/x.png) https://evil.example",
        "``` ` `` \\` **bold** _it_ # head\n- item\n> quote",
        "<b>x</b><a href=\"https://evil.example\">y</a> &lt;",
        "x\r\nActions: view, y, https://evil.example\r\nTitle: owned",
        "\u{202e}\u{200b}\u{0}",
        "",
        "`",
    ];

    fn message(title: &str) -> Message {
        let clock = Clock::system();
        let mut message = message::test(clock.id(), clock.now(), "https://campanile.example");
        title.clone_into(&mut message.subject_title);
        title.clone_into(&mut message.sentence);
        message.severity = Some(Severity::Critical);
        message.company = Some(title.to_owned());
        message.facts = vec![Fact {
            label: "Project",
            text: title.to_owned(),
        }];
        message.note = Some(title.to_owned());
        message.why = Some(title.to_owned());
        message.entries = (0..2)
            .map(|_| Entry {
                severity: Some(Severity::High),
                title: title.to_owned(),
                detail: title.to_owned(),
                url: OWN.to_owned(),
            })
            .collect();
        message.more = 3;
        message
    }

    const OWN: &str = "https://campanile.example/findings/1";
    /// How the link of one of several records begins.
    const LINK: &str = "[Open](https://campanile.example/findings/1)";

    /// The shape of a payload: its keys, and the number of elements everywhere.
    fn shape(value: &Value) -> Value {
        match value {
            Value::Object(object) => object
                .iter()
                .map(|(key, value)| (key.clone(), shape(value)))
                .collect(),
            Value::Array(array) => array.iter().map(shape).collect(),
            _ => Value::Null,
        }
    }

    fn texts(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(array) => array.iter().for_each(|value| texts(value, found)),
            Value::Object(object) => object.values().for_each(|value| texts(value, found)),
            _ => {}
        }
    }

    // promise: C7
    // promise: C9
    #[test]
    fn a_hostile_title_stays_text_in_every_template() {
        let plain = message("plain title");
        for title in HOSTILE {
            let hostile = message(title);
            for make in [mattermost, discord, google_chat] {
                assert_eq!(shape(&make(&plain)), shape(&make(&hostile)), "{title:?}");
            }
            for make in [mattermost, discord] {
                let mut all = Vec::new();
                texts(&make(&hostile), &mut all);
                for text in all {
                    // Outside of code there are only our own words.
                    let blocks = text.split("```").step_by(2).collect::<String>();
                    let outside: String = blocks.split('`').step_by(2).collect();
                    let outside = outside.replace(LINK, "");
                    for bad in ["@", "](", "evil", "<", "**bold", "# head"] {
                        assert!(!outside.contains(bad), "{bad}: {text}");
                    }
                }
            }
            assert_eq!(discord(&hostile)["allowed_mentions"]["parse"], json!([]));
            let card = google_chat(&hostile).to_string();
            assert!(!card.contains('<'), "{card}");
        }
    }

    // promise: C8
    // promise: C9
    // promise: O3
    #[test]
    fn a_message_about_several_names_them_with_the_reason_in_every_template() {
        let mut several = message("plain title");
        several.headline = Some("12 high new in Web shop".to_owned());
        several.why = Some("This channel gets this because the team Platform is responsible.".to_owned());
        several.entries = std::iter::repeat_n(several.entries[0].clone(), 12).collect();
        for made in [mattermost, discord, google_chat].map(|make| make(&several).to_string()) {
            for text in [
                "12 high new in Web shop",
                "plain title",
                "more",
                "the team Platform is responsible",
            ] {
                assert!(made.contains(text), "{text}: {made}");
            }
        }
        let body = ntfy(&several).body;
        assert!(body.contains("plain title") && body.contains("more"), "{body}");
        assert!(body.contains("the team Platform is responsible"), "{body}");
    }

    // promise: C7
    #[test]
    fn nothing_of_a_title_gets_into_a_header_of_ntfy() {
        let expected = ntfy(&message("plain title"));
        for title in HOSTILE {
            let made = ntfy(&message(title));
            assert_eq!(made.headers, expected.headers, "{title:?}");
            assert!(
                !made.body.replace(OWN, "").contains("://") && !made.body.contains('\r'),
                "{:?}",
                made.body
            );
            assert!(made.body.len() <= NTFY_BODY);
        }
        let long = ntfy(&message(&"ä".repeat(9_000)));
        assert!(long.body.len() <= NTFY_BODY);
    }

    // promise: C9
    // promise: O3
    #[test]
    fn a_message_about_several_names_and_links_each() {
        let mut message = message("plain title");
        message.headline = Some("1 critical reopened in Web shop".to_owned());
        message.entries = (0..30)
            .map(|number| Entry {
                severity: Some(Severity::Critical),
                title: format!("New: finding {number} {}", "x".repeat(400)),
                detail: "y".repeat(400),
                url: format!("https://campanile.example/findings/{number}"),
            })
            .collect();
        message.more = 70;
        for template in DESCRIPTOR.templates {
            let body = payload(template, &message);
            assert!(
                body.contains("1 critical reopened in Web shop"),
                "{template}: {body}"
            );
            let named = (0..30)
                .take_while(|number| body.contains(&format!("finding {number} ")))
                .count();
            assert!((3..=ENTRIES).contains(&named), "{template}: {named}");
            assert!(
                body.contains(&format!("and {} more", 100 - named)),
                "{template}: {body}"
            );
            for number in 0..named {
                let url = format!("https://campanile.example/findings/{number}");
                assert!(body.contains(&url), "{template}: {url}");
            }
        }
        let embed = &discord(&message)["embeds"][0];
        assert!(embed["description"].as_str().unwrap().chars().count() <= 4_096);
    }
}
