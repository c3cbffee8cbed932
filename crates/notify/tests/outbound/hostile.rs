//! Untrusted text is data on every channel: what a hostile title produces has the same shape as what "plain title"
//! produces (promise C7).

use base::{Clock, Time};
use mail_parser::{MessageParser, MimeHeaders, PartType};
use notify::{
    channels::{
        Outbound,
        email::{Mailer, Options},
        slack, teams, webhook,
    },
    message::Message,
};
use serde_json::Value;

use crate::world::{import, message, summary};

/// What attackers write into titles.
pub(crate) fn titles() -> Vec<String> {
    let long = "A".repeat(100_000);
    let edges = (140..160).map(|length| format!("{}<&>\"'", "x".repeat(length)));
    let fixed = [
        // HTML
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</title></head><body><a href=//evil>",
        "\"><svg onload=x>",
        "' onmouseover='x",
        "&lt;b&gt; &amp;amp; &#60;i&#62;",
        "<!--",
        "-->",
        "<![CDATA[",
        "<a href=\"https://evil.example\">click</a>",
        "<style>*{display:none}</style>",
        "<at>everyone</at>",
        "</table></td>",
        "javascript:alert(1)",
        // Slack
        "<!channel> <!here> <!everyone>",
        "<@U012AB3CD> <#C012AB3CD>",
        "<!subteam^S012>",
        "<https://evil.example|Open finding>",
        "*bold* _it_ ~no~ `code` ```block```",
        ":rotating_light: :smile:",
        "&lt;!channel&gt;",
        "> quote\n>>> more",
        "<mailto:a@b.de|mail>",
        // Markdown
        "[Open finding](https://evil.example)",
        "![x](https://evil.example/x.png)",
        "# Heading",
        "- list\n- list",
        "**b** __u__",
        "1. one",
        "|a|b|\n|-|-|",
        "<https://evil.example>",
        "[ref]: https://evil.example",
        "\\[x\\](y)",
        "`${7*7}`",
        // Headers and mail
        "x\r\nBcc: victim@example.com",
        "x\nSubject: other",
        "x\r\n\r\n<html>",
        "\r\n.\r\nMAIL FROM:<x@y.de>",
        "=?utf-8?B?QmNjOiB4QHkuZGU=?=",
        "=?utf-8?Q?=0D=0ABcc:_x@y.de?=",
        ".",
        "..",
        "\n.\n",
        "--=_boundary--",
        "Content-Type: text/html",
        "From: boss",
        "-- ",
        "a@b.de, c@d.de",
        // Templates
        "{{7*7}}",
        "{{DATE(2017-02-14T06:08:00Z,SHORT)}}",
        "${jndi:ldap://evil/x}",
        "#{1+1}",
        "{% include 'x' %}",
        "<%= 1 %>",
        "@{triggerBody()}",
        "{\"type\":\"TextBlock\"}",
        "\"}]}",
        "\\u003cscript\\u003e",
        "%0d%0aBcc: x",
        "%s%s%n",
        // Invisible characters
        "nul\0in\0side",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{7f}\u{80}\u{9f}",
        "\u{202e}gnp.exe",
        "\u{2066}\u{2067}\u{2068}\u{2069}",
        "zero\u{200b}width\u{feff}",
        "\u{e0041}\u{e0042}tags",
        "a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
        "\u{2028}line\u{2029}para",
        "\u{fffe}\u{ffff}",
        "\u{fdd0}",
        // Other scripts
        "Überschrift mit ß",
        "日本語のタイトル",
        "عنوان عربي",
        "👩\u{200d}💻 😀😀😀",
        "🇩🇪🇯🇵",
        "𝕋𝕚𝕥𝕝𝕖",
    ];
    let mut titles: Vec<_> = fixed.iter().map(|&title| title.to_owned()).collect();
    titles.extend(edges);
    titles.push(long.clone());
    titles.push("<".repeat(5000));
    titles.push("&".repeat(149));
    titles.push("😀".repeat(5000));
    titles.push("\r\n".repeat(5000) + "x");
    titles.push(format!("{}\r\nBcc: x@y.de", "x".repeat(990)));
    titles.push(format!("{} {}", "ä".repeat(300), long));
    // Everything at once, and each next to something plain.
    titles.push(fixed.concat());
    titles.extend(fixed.iter().map(|title| format!("plain {title} title")));
    titles
}

fn clock() -> Clock {
    Clock::manual(Time::from_nanos(1_790_000_000_000_000_000))
}

/// A title as a failed test shows it.
fn shown(title: &str) -> String {
    format!("{:?}", title.chars().take(100).collect::<String>())
}

/// Creates a message from a title.
type Make = fn(&Clock, &str) -> Message;

/// Messages about a title: a single event, a summary, and an import; the beginning of the link, and the number of
/// listed records.
const MADE: [(Make, &str, usize); 3] = [
    (message, "https://campanile.example/findings/", 0),
    (summary, "https://campanile.example/inbox", 3),
    (import, "https://campanile.example/scans/", 3),
];

/// What a channel makes of a message.
type Render = fn(&Message) -> Value;

/// The JSON with every text replaced by a star, except trusted ones.
fn skeleton(value: &Value) -> Value {
    match value {
        Value::String(_) => "*".into(),
        Value::Array(items) => items.iter().map(skeleton).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| {
                let ours = matches!(
                    name.as_str(),
                    "type"
                        | "style"
                        | "weight"
                        | "size"
                        | "contentType"
                        | "version"
                        | "$schema"
                        | "label"
                        | "severity"
                );
                (name.clone(), if ours { field.clone() } else { skeleton(field) })
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn strings<'a>(value: &'a Value, key: &'a str, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => found.push((key, text)),
        Value::Array(items) => items.iter().for_each(|item| strings(item, key, found)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, field)| strings(field, name, found)),
        _ => {}
    }
}

// promise: C7
#[test]
fn chat_and_webhook_keep_their_shape() {
    let renders: [(&str, Render); 3] = [
        ("slack", slack::payload),
        ("teams", teams::payload),
        ("webhook", |message| {
            serde_json::from_str(&webhook::body(message)).unwrap()
        }),
    ];
    let clock = clock();
    for ((name, render), (make, link, listed)) in renders
        .into_iter()
        .flat_map(|render| MADE.map(|made| (render, made)))
    {
        let plain = skeleton(&render(&make(&clock, "plain title")));
        for title in titles() {
            let shown = shown(&title);
            let made = render(&make(&clock, &title));
            // A text that is empty after cleaning has no line of its own.
            let empty = message(&clock, &title).company.is_none();
            if !empty {
                assert_eq!(skeleton(&made), plain, "{name}: {shown}");
            }
            let mut all = Vec::new();
            strings(&made, "", &mut all);
            let urls: Vec<_> = all
                .iter()
                .filter(|(key, _)| matches!(*key, "url" | "link"))
                .collect();
            let listed = if name == "webhook" { 0 } else { listed };
            assert_eq!(urls.len(), 1 + listed, "{name}: {shown}");
            assert!(
                urls.iter().any(|(_, url)| url.starts_with(link)),
                "{name}: {shown}"
            );
            let ours =
                |url: &str| url.starts_with(link) || url.starts_with("https://campanile.example/findings/");
            assert!(urls.iter().all(|(_, url)| ours(url)), "{name}: {shown}");
        }
    }
}

// promise: C7
#[test]
fn slack_sees_no_mention_no_link_and_no_formatting() {
    let clock = clock();
    for (title, (make, ..)) in titles()
        .into_iter()
        .flat_map(|title| MADE.map(|made| (title.clone(), made)))
    {
        let shown = shown(&title);
        let payload = slack::payload(&make(&clock, &title));
        assert!(payload["blocks"].as_array().unwrap().len() <= 50);
        check_slack(&payload, &shown);
        let mut all = Vec::new();
        strings(&payload, "", &mut all);
        for (_, text) in all {
            let bare = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            assert!(!bare.contains(['&', '<', '>']), "{shown}: {text:?}");
        }
    }
}

/// Each text object within Slack's limits, and formatting only in our own labels.
fn check_slack(payload: &Value, shown: &str) {
    for block in payload["blocks"].as_array().unwrap() {
        let fields = block["fields"].as_array().cloned().unwrap_or_default();
        assert!(fields.len() <= 10, "{shown}");
        let mut texts: Vec<(Value, usize)> = fields.into_iter().map(|field| (field, 2000)).collect();
        let limit = if block["type"] == "header" { 150 } else { 3000 };
        if block["text"].is_object() {
            texts.push((block["text"].clone(), limit));
        }
        for (text, limit) in texts {
            let words = text["text"].as_str().unwrap();
            assert!(
                !words.is_empty() && words.encode_utf16().count() <= limit,
                "{shown}: {words:?}"
            );
            if text["type"] == "mrkdwn" {
                let label = words
                    .strip_prefix('*')
                    .and_then(|words| words.strip_suffix('*'))
                    .unwrap();
                assert!(
                    label
                        .chars()
                        .all(|char| char.is_ascii_alphabetic() || char == ' '),
                    "{label}"
                );
            }
        }
    }
}

// promise: C7
#[test]
fn teams_reads_text_from_outside_nowhere_but_in_text_runs() {
    let clock = clock();
    for (title, (make, ..)) in titles()
        .into_iter()
        .flat_map(|title| MADE.map(|made| (title.clone(), made)))
    {
        let shown = shown(&title);
        let payload = teams::payload(&make(&clock, &title));
        assert!(
            payload.to_string().len() <= 28 * 1024,
            "{}",
            payload.to_string().len()
        );
        check_teams(&payload["attachments"][0]["content"], &shown);
    }
}

fn check_teams(element: &Value, shown: &str) {
    match element {
        Value::Array(items) => items.iter().for_each(|item| check_teams(item, shown)),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
            let known = [
                "",
                "AdaptiveCard",
                "Container",
                "ColumnSet",
                "Column",
                "RichTextBlock",
                "TextRun",
                "Action.OpenUrl",
            ];
            assert!(known.contains(&kind), "{kind}");
            if kind == "TextRun" {
                let text = fields["text"].as_str().unwrap();
                assert!(!text.contains("{{") && !text.contains("}}"), "{shown}");
            } else {
                assert!(!fields.contains_key("text"), "{shown}");
            }
            fields.values().for_each(|field| check_teams(field, shown));
        }
        _ => {}
    }
}

/// The mail for a title.
pub(crate) async fn mail(title: &str) -> Vec<u8> {
    mail_of(message(&clock(), title)).await
}

async fn mail_of(message: Message) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let options = Options {
        smtp_url: None,
        from: "campanile@example.com".to_owned(),
        folder: folder.path().to_owned(),
        ca_file: None,
        timeout: std::time::Duration::from_secs(1),
    };
    let outbound = Outbound {
        delivery_id: clock.id(),
        template: String::new(),
        message,
        destination: "mara@example.com".to_owned(),
        body: None,
        unsubscribe: None,
        signing: notify::channels::webhook::Signing::default(),
    };
    Mailer::new(&options, clock).unwrap().send(&outbound).await;
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
    std::fs::read(file.path()).unwrap()
}

// promise: C7
#[tokio::test]
async fn an_encoded_word_in_a_title_is_shown_as_it_is() {
    for title in [
        "=?utf-8?B?W1JFU09MVkVEXSBub3RoaW5nIHRvIGRv?=",
        "=?utf-8?q?x=0d=0aBcc:=20v@evil.example?=",
        "=?utf-8?Q?spoofed_subject?=",
        "x =?us-ascii?q?a?= =?us-ascii?q?b?= y",
        "=\u{200b}?utf-8?Q?hidden?=",
        "=?",
    ] {
        // Short, so that nothing else makes the mail encode it.
        let short = Message {
            action: "New finding",
            company: None,
            severity: None,
            ..message(&clock(), title)
        };
        let wanted = format!("New finding: {}", base::text::line(title, 300));
        let mail = mail_of(short).await;
        let text = String::from_utf8(mail.clone()).unwrap();
        let subject = text.lines().find(|line| line.starts_with("Subject:")).unwrap();
        assert!(
            subject.starts_with("Subject: =?utf-8?B?") && subject.len() <= 76,
            "{subject}"
        );
        let parsed = MessageParser::default().parse(&mail).unwrap();
        assert_eq!(parsed.subject(), Some(&*wanted));
    }
}

/// Names of headers, the tree of parts, and the tags of the HTML with their attributes' names.
fn shape(mail: &[u8]) -> String {
    let parsed = MessageParser::default().parse(mail).unwrap();
    let headers: Vec<_> = parsed
        .headers()
        .iter()
        .map(|header| header.name().to_owned())
        .collect();
    let parts: Vec<_> = parsed
        .parts
        .iter()
        .map(|part| {
            let kind = part.content_type().map_or(String::new(), |kind| {
                format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default())
            });
            let body = match &part.body {
                PartType::Html(html) => tags(html),
                PartType::Multipart(ids) => format!("{} parts", ids.len()),
                _ => String::new(),
            };
            format!("{kind} {body}")
        })
        .collect();
    format!("{headers:?} {parts:?}")
}

/// What is between angle brackets, without attributes' values.
fn tags(html: &str) -> String {
    html.split('<')
        .skip(1)
        .map(|piece| {
            let tag = piece.split('>').next().unwrap_or_default();
            let mut outside = tag.split('"').step_by(2).collect::<Vec<_>>().concat();
            outside.push('>');
            outside
        })
        .collect()
}

// promise: C7
#[tokio::test]
async fn a_mail_keeps_its_headers_parts_and_tags() {
    let plain = shape(&mail("plain title").await);
    for title in titles() {
        let shown = shown(&title);
        let mail = mail(&title).await;
        assert!(
            mail.is_ascii() && mail.split(|byte| *byte == b'\n').all(|line| line.len() <= 999),
            "{shown}"
        );
        let parsed = MessageParser::default().parse(&mail).unwrap();
        let subject = parsed.subject().unwrap().to_owned();
        assert!(
            subject.chars().count() <= 200 && !subject.chars().any(char::is_control),
            "{shown}: {subject:?}"
        );
        let clean = base::text::line(&title, 40);
        if !clean.ends_with('…') {
            assert!(subject.contains(&clean), "{shown} as it is in {subject:?}");
        }
        assert_eq!(parsed.to().unwrap().iter().count(), 1, "{shown}");
        assert!(parsed.bcc().is_none(), "{shown}");
        let text = parsed.body_text(0).unwrap();
        assert_eq!(text.matches("https://campanile.example/").count(), 1, "{shown}");
        if message(&clock(), &title).company.is_some() && message(&clock(), &title).note.is_some() {
            let lines = message(&clock(), &title).note.unwrap().lines().count();
            if lines == 1 {
                assert_eq!(shape(&mail), plain, "{shown}");
            }
        }
    }
}
