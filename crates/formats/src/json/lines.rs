//! Reads a file with one object per line, in which some lines may not be objects: a tool's log between its results, a
//! truncated last line.
//!
//! Owns: telling such a file from an array, and handling lines that cannot be read. Must not: know a format.

use std::io::{BufRead, BufReader, Chain, Cursor, Read};

use serde::de::DeserializeSeed;

use super::{
    CHUNK,
    guard::MAX_STRING,
    mend::Mend,
    shaped,
    walk::{Step, Trail},
};
use crate::{
    Error, Refusal, Source,
    shape::{At, Each, Record, Shape},
    start,
};

/// How a file of objects is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing but white space.
    Empty,
    Array,
    Lines,
}

/// An object, or why there is none.
pub(crate) type Line = Result<Record, String>;

/// Takes lines as they are read. An error rejects the whole scan report.
pub(crate) type EachLine<'e> = dyn FnMut(&At<'_>, Line) -> Result<(), String> + 'e;

/// Determines how a file is written from its start; a log line may begin with a bracket, too.
///
/// # Errors
/// As for [`start::rewound`], except for an empty file.
pub(crate) fn form(mut file: &mut dyn Source) -> Result<Form, Error> {
    file.rewind()?;
    if file.read(&mut [0])? == 0 {
        return Ok(Form::Empty);
    }
    let head = start::rewound(&mut file)?;
    let bytes = BufReader::with_capacity(CHUNK, head.chain(file)).bytes();
    let mut first = None;
    for byte in bytes {
        let byte = byte?;
        match (first, byte) {
            (_, byte) if byte.is_ascii_whitespace() => {}
            (None, b'[') => first = Some(byte),
            (None, _) | (Some(_), b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9') => return Ok(Form::Lines),
            (Some(_), _) => return Ok(Form::Array),
        }
    }
    Ok(if first.is_some() { Form::Array } else { Form::Empty })
}

/// Reads every object of a file of lines. An object may span several lines if those after its first are indented.
///
/// # Errors
/// [`Error::Refused`] if no line can be read, with the reason of the first one; or the error of `each`. [`Error::Io`].
pub(crate) fn read<'e>(
    mut file: &mut dyn Source,
    shape: &'static Shape,
    each: &'e mut EachLine<'e>,
) -> Result<(), Error> {
    let head = start::rewound(&mut file)?;
    let mut source = Lines {
        file: BufReader::with_capacity(CHUNK, head.chain(&mut file)),
        number: 0,
        ahead: None,
    };
    let mut pass = Pass {
        shape,
        each,
        index: 0,
        readable: false,
        fault: None,
    };
    while let Some(text) = source.object()? {
        pass.objects(&text)?;
    }
    match pass.fault {
        Some(refusal) if !pass.readable => Err(Error::Refused(refusal)),
        _ => Ok(()),
    }
}

/// The state in the middle of a file.
struct Pass<'e> {
    shape: &'static Shape,
    each: &'e mut EachLine<'e>,
    index: usize,
    /// Whether there was an object.
    readable: bool,
    /// The first fault.
    fault: Option<Refusal>,
}

impl Pass<'_> {
    /// Hands out the objects of a text, and what is wrong with the rest of it.
    fn objects(&mut self, text: &Text) -> Result<(), Error> {
        if text.long {
            return self.unreadable(text.refusal(self.index, "longer than 16 MiB"));
        }
        if !text.bytes.trim_ascii_start().starts_with(b"{") {
            return self.unreadable(text.refusal(self.index, "not a JSON object"));
        }
        let trail = Trail::default();
        let (each, readable, mut stopped) = (&mut *self.each, &mut self.readable, None);
        let mut keep = |at: &At<'_>, record| {
            *readable = true;
            each(at, Ok(record)).map_err(|what| stopped.insert(what).clone())
        };
        let keep: &mut Each<'_> = &mut keep;
        // Not `from_slice`: it counts the lines again for each error, and `end` is one.
        let bytes = Mend::whole(text.bytes.trim_ascii_end());
        let mut parser = serde_json::Deserializer::from_reader(bytes.as_slice());
        let mut lines = shaped::Lines {
            shape: self.shape,
            trail: &trail,
            each: keep,
            index: self.index,
        };
        let error = loop {
            if parser.end().is_ok() {
                break None;
            }
            if let Err(error) = (&mut lines).deserialize(&mut parser) {
                break Some(error);
            }
        };
        self.index = lines.index;
        if let Some(what) = stopped {
            return Err(Error::Refused(text.refusal(self.index, &what)));
        }
        match error.map(|error| Error::of(error, &trail)) {
            None => Ok(()),
            Some(Error::Io(error)) => Err(Error::Io(error)),
            Some(Error::Refused(refusal)) => self.unreadable(Refusal {
                line: text.line + refusal.line.saturating_sub(1),
                ..refusal
            }),
        }
    }

    fn unreadable(&mut self, refusal: Refusal) -> Result<(), Error> {
        let trail = Trail::default();
        trail.push(Step::Index(self.index));
        let at = At {
            trail: &trail,
            key: "",
            outer: None,
        };
        self.index += 1;
        let what = if refusal.what.starts_with("the file ends too early") {
            "the line is cut off"
        } else {
            &refusal.what
        };
        let fault = format!("line {}: {what}", refusal.line);
        let stopped = Refusal {
            what: String::new(),
            ..refusal.clone()
        };
        self.fault.get_or_insert(refusal);
        (self.each)(&at, Err(fault)).map_err(|what| Error::Refused(Refusal { what, ..stopped }))
    }
}

/// A text that should be an object.
struct Text {
    bytes: Vec<u8>,
    /// The line it begins in.
    line: u64,
    /// Whether it is too long and was left out.
    long: bool,
}

impl Text {
    fn refusal(&self, index: usize, what: &str) -> Refusal {
        Refusal {
            path: format!("[{index}]"),
            line: self.line,
            column: 1,
            what: what.to_owned(),
        }
    }
}

/// The lines of a file.
struct Lines<F> {
    file: BufReader<Chain<Cursor<Vec<u8>>, F>>,
    number: u64,
    /// The line after the last object.
    ahead: Option<Text>,
}

impl<F: Read> Lines<F> {
    /// The next line that is not blank; the rest of a line that is too long is skipped.
    fn line(&mut self) -> Result<Option<Text>, Error> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        loop {
            let mut bytes = Vec::new();
            let most = MAX_STRING as u64 + 1;
            let read = Read::by_ref(&mut self.file)
                .take(most)
                .read_until(b'\n', &mut bytes)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let long = read as u64 == most && !bytes.ends_with(b"\n");
            if long {
                self.skip_line()?;
            }
            if !bytes.trim_ascii().is_empty() {
                let line = self.number;
                return Ok(Some(Text { bytes, line, long }));
            }
        }
    }

    fn skip_line(&mut self) -> Result<(), Error> {
        loop {
            let buffer = self.file.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.file.consume(used);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    /// The next object with the lines that belong to it: those that are indented, and its closing bracket.
    fn object(&mut self) -> Result<Option<Text>, Error> {
        let Some(mut text) = self.line()? else {
            return Ok(None);
        };
        while let Some(next) = self.line()? {
            let belongs = matches!(next.bytes.first(), Some(b' ' | b'\t' | b'}'));
            if !belongs || text.long || next.long || text.bytes.len() + next.bytes.len() > MAX_STRING {
                self.ahead = Some(next);
                break;
            }
            text.bytes.extend(next.bytes);
        }
        Ok(Some(text))
    }
}
