//! The wire format: an event as one Server-Sent Events message, encoded once for everyone.
//!
//! Owns: the fields of a frame, the bundling of an import's events, ping, resync, heartbeat and `retry:`.
//! Must not: know who is connected.
//!
//! A message is `data: `, one JSON object on one line, and an empty line. Untrusted text cannot end the line:
//! JSON escapes CR and LF, and [`OneLine`] escapes the other characters that some client libraries treat as
//! a line end.

use std::io;

use base::{Audience, Event, Id, Kind, Severity, Subject, SubjectType, Time};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{
    Map, Value,
    ser::{Formatter, Serializer},
};

/// How many finding ids a bundled frame has; its `count` counts them all.
pub const BUNDLE_IDS: usize = 50;

/// A comment line: keeps load balancers and NATs from closing an idle connection, invisible to scripts.
pub const HEARTBEAT: &[u8] = b":\n\n";

/// How a message begins and ends.
const START: &str = "data: ";
const END: &str = "\n\n";

/// One encoded message, framed as an HTTP/1.1 chunk. Clones share the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    chunk: Bytes,
    bytes: Bytes,
}

/// How a connection's bytes are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Unframed: hyper frames the body.
    Plain,
    /// As HTTP/1.1 chunks: the shard writes to the socket itself.
    Chunked,
}

impl Form {
    /// The bytes of a frame in this form.
    pub(crate) fn of(self, frame: &Frame) -> &Bytes {
        match self {
            Self::Plain => &frame.bytes,
            Self::Chunked => &frame.chunk,
        }
    }

    /// Other bytes in this form.
    pub(crate) fn wrap(self, bytes: Bytes) -> Bytes {
        match self {
            Self::Plain => bytes,
            Self::Chunked => chunk(&bytes),
        }
    }
}

/// RFC 9112, section 7.1.
fn chunk(bytes: &[u8]) -> Bytes {
    let size = format!("{:x}\r\n", bytes.len());
    Bytes::from([size.as_bytes(), bytes, b"\r\n"].concat())
}

/// The end of a chunked body.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// The fields of a frame, in the order of the wire.
#[derive(Serialize)]
struct Fields<'a> {
    r#type: Kind,
    id: Id,
    at: Time,
    company_id: Option<Id>,
    subject: Subject,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    data: &'a Map<String, Value>,
}

impl Frame {
    /// The frame of one event; none if its kind is not for open tabs (promise E3).
    pub fn of(event: &Event) -> Option<Self> {
        if !event.kind.about().live {
            return None;
        }
        encode(&Fields {
            r#type: event.kind,
            id: event.id,
            at: event.at,
            company_id: event.audience.company(),
            subject: event.subject,
            severity: event.severity,
            data: &event.data,
        })
    }

    /// One frame for events of one kind and audience that an import or a bulk change created in one commit; none if
    /// there is no event or its kind is not for open tabs. Its id and time are those of the last of them; its subject is
    /// the scan, or the last finding.
    pub fn bundle(bundle: Id, events: &[&Event]) -> Option<Self> {
        let last = events.last().filter(|event| event.kind.about().live)?;
        let findings = events
            .iter()
            .filter(|event| event.subject.kind == SubjectType::Finding)
            .take(BUNDLE_IDS)
            .map(|event| Value::from(event.subject.id.to_string()))
            .collect();
        let mut data = Map::new();
        data.insert("bundled".to_owned(), Value::Bool(true));
        let by_scan = !last.data.contains_key("many");
        if by_scan {
            data.insert("scan_id".to_owned(), Value::from(bundle.to_string()));
        }
        data.insert("count".to_owned(), Value::from(events.len()));
        data.insert("finding_ids".to_owned(), Value::Array(findings));
        encode(&Fields {
            r#type: last.kind,
            id: last.id,
            at: last.at,
            company_id: last.audience.company(),
            subject: if by_scan {
                Subject {
                    kind: SubjectType::Scan,
                    id: bundle,
                }
            } else {
                last.subject
            },
            severity: None,
            data: &data,
        })
    }

    /// The frame with this text, which another process encoded; none if it is not one line.
    pub fn of_text(text: &str) -> Option<Self> {
        let is_line = !text.contains(['\r', '\n']);
        is_line.then(|| Self::new(format!("{START}{text}{END}").as_bytes()))
    }

    /// Its JSON, on one line.
    pub fn text(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        text.strip_prefix(START)?.strip_suffix(END)
    }

    pub(crate) fn new(bytes: &[u8]) -> Self {
        let chunk = chunk(bytes);
        let start = chunk.len() - bytes.len() - 2;
        let bytes = chunk.slice(start..start + bytes.len());
        Self { chunk, bytes }
    }

    /// The message, as an HTTP/2 or close-delimited body carries it.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The message as one HTTP/1.1 chunk.
    pub fn chunk(&self) -> &Bytes {
        &self.chunk
    }
}

/// A frame and who may receive it.
#[derive(Debug, Clone)]
pub struct Addressed {
    /// Who may receive it.
    pub audience: Audience,
    /// The frame.
    pub frame: Frame,
    /// The stored event it was made from, if it is one and not a bundle.
    pub event: Option<Id>,
}

/// The frames of one commit: events of an import bundled by kind, all others separately,
/// each at the position of its first event.
pub fn of_commit(events: &[Event]) -> Vec<Addressed> {
    let mut groups: Vec<Vec<&Event>> = Vec::new();
    for event in events {
        if let Some(fault) = event.fault() {
            // Its audience cannot be trusted: nobody gets it.
            tracing::error!(kind = event.kind.name(), fault, "event without a frame");
            continue;
        }
        let alike = |group: &&mut Vec<&Event>| {
            group.first().is_some_and(|first| {
                first.bundle == event.bundle && first.kind == event.kind && first.audience == event.audience
            })
        };
        let group = match event.bundle {
            Some(_) => groups.iter_mut().find(alike),
            None => None,
        };
        match group {
            Some(group) => group.push(event),
            None => groups.push(vec![event]),
        }
    }
    groups
        .iter()
        .filter_map(|group| {
            let first = group.first()?;
            let frame = match first.bundle {
                Some(bundle) => Frame::bundle(bundle, group),
                None => Frame::of(first),
            };
            let is_stored = first.bundle.is_none() && first.kind.about().notifies;
            Some(Addressed {
                audience: first.audience,
                frame: frame?,
                event: is_stored.then_some(first.id),
            })
        })
        .collect()
}

/// What a connection gets immediately (promise E2): the ping, then how long to wait before reconnecting, in
/// milliseconds. Different for each, so that clients do not all reconnect at once after a restart.
pub fn greeting(retry_ms: u64) -> Bytes {
    Bytes::from(format!("data: {{\"type\":\"ping\"}}\n\nretry: {retry_ms}\n\n"))
}

/// Reports to a client how many frames it missed.
pub fn resync(dropped: u64) -> Bytes {
    Bytes::from(format!("data: {{\"type\":\"resync\",\"dropped\":{dropped}}}\n\n"))
}

fn encode(fields: &Fields<'_>) -> Option<Frame> {
    let mut wire = Vec::with_capacity(512);
    wire.extend_from_slice(START.as_bytes());
    if let Err(error) = fields.serialize(&mut Serializer::with_formatter(&mut wire, OneLine)) {
        tracing::error!(kind = fields.r#type.name(), %error, "event without a frame");
        return None;
    }
    wire.extend_from_slice(END.as_bytes());
    Some(Frame::new(&wire))
}

/// Compact JSON without any character that some client treats as a line end: CR, LF and the other control characters
/// are escaped by JSON itself; NEL, LINE SEPARATOR and PARAGRAPH SEPARATOR (at which, for example, Python's
/// `splitlines` splits) here.
struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['\u{85}', '\u{2028}', '\u{2029}']) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut characters = from.chars();
            if let Some(separator) = characters.next() {
                write!(writer, "\\u{:04x}", u32::from(separator))?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests;
