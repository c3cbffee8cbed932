//! The events of an XML document, in order.
//!
//! Owns: the parser, its position, and the document's bounds. Must not: know a shape.

use std::io::{BufReader, Read};

use quick_xml::{Error as XmlError, Reader, events::Event};

use super::{character, guard::Guard, piece, wording};
use crate::{
    Error, Refusal, Source,
    json::{guard::Excess, scalar::cut, walk::Trail},
    start,
};

/// Maximum nesting depth of a document.
const MAX_DEPTH: usize = 100;
/// Maximum number of attributes of a tag.
const MAX_ATTRIBUTES: usize = 100;
/// How much of the file is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// A document being read.
pub(crate) struct Events<'f> {
    reader: Reader<BufReader<Guard<Box<dyn Read + 'f>>>>,
    buffer: Vec<u8>,
    depth: usize,
    pub(super) trail: Trail,
    /// The attributes of the tag that was read last.
    pub(super) attributes: Vec<(String, String)>,
    /// The error of the file's reader, if it failed.
    io: Option<std::sync::Arc<std::io::Error>>,
}

/// Reads a file with `f`, and adds the place to a fault.
pub(super) fn over<T>(
    mut file: &mut dyn Source,
    f: impl FnOnce(&mut Events<'_>) -> Result<T, String>,
) -> Result<T, Error> {
    let mark = start::rewound(&mut file)?;
    let skipped = file
        .stream_position()?
        .saturating_sub(mark.get_ref().len() as u64);
    let (what, path, io, offset) = {
        let inner: Box<dyn Read + '_> = Box::new(mark.chain(&mut file));
        let mut reader = Reader::from_reader(BufReader::with_capacity(CHUNK, Guard::new(inner)));
        reader.config_mut().expand_empty_elements = true;
        let mut events = Events {
            reader,
            buffer: Vec::new(),
            depth: 0,
            trail: Trail::default(),
            attributes: Vec::new(),
            io: None,
        };
        match f(&mut events) {
            Ok(value) => return Ok(value),
            Err(what) => {
                let offset = events
                    .reader
                    .buffer_position()
                    .max(events.reader.error_position());
                (what, events.trail.to_string(), events.io, skipped + offset)
            }
        }
    };
    let Some(error) = io else {
        let (line, column) = place(file, offset)?;
        let what = base::text::line(&what, 300);
        return Err(Error::Refused(Refusal {
            path,
            line,
            column,
            what,
        }));
    };
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Excess>()) {
        Some(excess) => Err(Error::Refused(Refusal {
            path: String::new(),
            line: excess.line,
            column: excess.column,
            what: excess.what.to_owned(),
        })),
        None => Err(Error::Io(std::io::Error::new(error.kind(), error.to_string()))),
    }
}

/// Takes an element: the names from the root to it, and its attributes; returns whether more are wanted.
pub(crate) type Seen<'e> = dyn FnMut(&[String], &[(String, String)]) -> bool + 'e;

/// Hands out the first elements of a document, each with the names from the root to it and its attributes, until `each`
/// has seen enough; elements nested deeper than `depth` levels are left out.
///
/// # Errors
/// As for [`read`](super::read).
pub(crate) fn outline(file: &mut dyn Source, depth: usize, each: &mut Seen<'_>) -> Result<(), Error> {
    over(file, |events| {
        let mut path = vec![events.root()?];
        while each(&path, &events.attributes) {
            // The next element: a child of this one or of one around it.
            loop {
                match events.child()? {
                    Some(_) if path.len() == depth => events.skip()?,
                    Some(name) => {
                        path.push(name);
                        break;
                    }
                    None => {
                        path.pop();
                        if path.is_empty() {
                            return Ok(());
                        }
                    }
                }
            }
        }
        Ok(())
    })
}

/// The line and the byte in it, both from 1, of an offset into the file.
fn place(file: &mut dyn Source, offset: u64) -> Result<(u64, u64), Error> {
    file.rewind()?;
    let (mut line, mut column) = (1, 1);
    for byte in BufReader::with_capacity(CHUNK, file.take(offset)).bytes() {
        (line, column) = if byte? == b'\n' {
            (line + 1, 1)
        } else {
            (line, column + 1)
        };
    }
    Ok((line, column))
}

impl Events<'_> {
    /// The next event; its start tag's attributes are checked and kept.
    fn next(&mut self) -> Result<Event<'static>, String> {
        self.buffer.clear();
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(XmlError::Io(error)) => {
                self.io = Some(error);
                return Err("the file could not be read".to_owned());
            }
            Err(error) => return Err(wording::of(&error)),
        };
        match &event {
            Event::Start(tag) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(format!("elements are nested deeper than {MAX_DEPTH} levels"));
                }
                self.attributes.clear();
                for attribute in tag.attributes() {
                    let attribute = attribute.map_err(|error| wording::attribute(&error))?;
                    if self.attributes.len() == MAX_ATTRIBUTES {
                        return Err(format!("a tag has more than {MAX_ATTRIBUTES} attributes"));
                    }
                    let name = attribute.key.local_name().as_ref().to_owned();
                    self.attributes.push((name, resolved(&attribute.value)?));
                }
            }
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::Decl(declaration) => {
                let encoding = declaration
                    .encoding()
                    .transpose()
                    .map_err(|error| wording::attribute(&error))?;
                let known = ["utf-8", "utf8", "us-ascii"];
                if let Some(encoding) = encoding
                    && !known.contains(&encoding.to_ascii_lowercase().as_str())
                {
                    return Err(format!(
                        "the encoding {} is not supported; save the report as UTF-8",
                        cut(&encoding, 64)
                    ));
                }
            }
            _ => {}
        }
        Ok(event.into_owned())
    }

    /// Reads up to the start tag of the root; returns its name.
    pub(super) fn root(&mut self) -> Result<String, String> {
        loop {
            match self.next()? {
                Event::Start(tag) => return Ok(tag.local_name().as_ref().to_owned()),
                Event::Eof => return Err("the file ends too early: there is no root element".to_owned()),
                event => only_blank(&event)?,
            }
        }
    }

    /// Reads what follows the root, where nothing is allowed.
    pub(super) fn end(&mut self) -> Result<(), String> {
        loop {
            match self.next()? {
                Event::Eof => return Ok(()),
                Event::Start(_) => return Err("more than one root element".to_owned()),
                event => only_blank(&event)?,
            }
        }
    }

    /// Reads up to the next child of the current element; returns its name, or none at the element's end.
    pub(super) fn child(&mut self) -> Result<Option<String>, String> {
        loop {
            match self.next()? {
                Event::Start(tag) => return Ok(Some(tag.local_name().as_ref().to_owned())),
                Event::End(_) => return Ok(None),
                Event::Eof => return Err(TOO_EARLY.to_owned()),
                event => drop(piece(&event)?),
            }
        }
    }

    /// Skips the rest of the current element.
    pub(super) fn skip(&mut self) -> Result<(), String> {
        let outside = self.depth - 1;
        while self.depth > outside {
            match self.next()? {
                Event::Eof => return Err(TOO_EARLY.to_owned()),
                event => drop(piece(&event)?),
            }
        }
        Ok(())
    }

    /// The text of the current element, without that of its children; at most `limit` bytes.
    pub(super) fn text(&mut self, limit: usize) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next()? {
                Event::Start(_) => self.skip()?,
                Event::End(_) => return Ok(text),
                Event::Eof => return Err(TOO_EARLY.to_owned()),
                event => {
                    if let Some(piece) = piece(&event)? {
                        text.push_str(cut(&piece, limit.saturating_sub(text.len())));
                    }
                }
            }
        }
    }
}

const TOO_EARLY: &str = "the file ends too early: an element is not closed";

/// Rejects text where none is allowed.
fn only_blank(event: &Event<'_>) -> Result<(), String> {
    match piece(event)? {
        Some(text) if !text.trim().is_empty() => Err("text outside the root element".to_owned()),
        _ => Ok(()),
    }
}

/// The value of an attribute, with its references resolved.
fn resolved(value: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, behind) = after.split_once(';').ok_or(wording::UNCLOSED_REFERENCE)?;
        out.push_str(before);
        out.push(character(name)?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}
