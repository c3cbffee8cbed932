//! The raw rows of a table.
//!
//! Owns: the separator, the encoding and the line of each row ([`Form`], [`each`]). Must not: know columns.

use std::io::{BufReader, Read};

use ::csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::{
    decode::{self, Encoding},
    guard::Guard,
};
use crate::{Error, Refusal, Source, json::guard::Excess};

/// How much of the file is read at once, in bytes.
const CHUNK: usize = 64 * 1024;
/// Maximum number of rows above the header of a known table.
const ABOVE: usize = 20;

/// How a table is written, and where its rows begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) separator: u8,
    pub(super) encoding: Encoding,
    /// Rows before the first data row, including the header.
    pub(super) above: usize,
}

/// The separator declared by a first line such as `sep=;`, which spreadsheets write.
pub(super) fn separator(file: &mut dyn Source, encoding: Encoding) -> Result<Option<u8>, Error> {
    let mut start = Vec::new();
    let opened = decode::open(file, encoding)?;
    opened.take(7).read_to_end(&mut start).map_err(refused_io)?;
    let lower = start.to_ascii_lowercase();
    Ok(match lower.as_slice() {
        [b's', b'e', b'p', b'=', one, b'\r' | b'\n', ..] | [b's', b'e', b'p', b'=', one]
            if *one == b'\t' || one.is_ascii_punctuation() && *one != b'"' =>
        {
            Some(*one)
        }
        _ => None,
    })
}

/// The first rows of a table.
pub(super) fn top(file: &mut dyn Source, form: Form) -> Result<Vec<ByteRecord>, Error> {
    let mut rows = rows(file, form)?;
    let mut all = Vec::new();
    let mut row = ByteRecord::new();
    for at in 0..ABOVE + form.above {
        match rows.read_byte_record(&mut row) {
            Ok(true) if at >= form.above => all.push(row.clone()),
            Ok(true) => {}
            Ok(false) => break,
            // Later rows are read again, and rejected then.
            Err(_) if !all.is_empty() => break,
            Err(error) => return Err(refused(error)),
        }
    }
    Ok(all)
}

/// Takes a row with its line; returns whether more rows are wanted.
pub(super) type Each<'e> = dyn FnMut(u64, &[&str]) -> Result<bool, String> + 'e;

/// Hands out the rows below the header, each with its line, until `each` returns false.
pub(super) fn each(file: &mut dyn Source, form: Form, each: &mut Each<'_>) -> Result<(), Error> {
    let mut rows = rows(file, form)?;
    let mut row = ByteRecord::new();
    let mut above = form.above;
    while rows.read_byte_record(&mut row).map_err(refused)? {
        let line = row.position().map_or(0, ::csv::Position::line);
        let mut cells = Vec::with_capacity(row.len());
        let mut below = line;
        for cell in &row {
            let cell = std::str::from_utf8(cell).map_err(|fault| {
                let good = cell.get(..fault.valid_up_to()).unwrap_or_default();
                at_line(below + breaks(good), NOT_UTF8.to_owned())
            })?;
            below += breaks(cell.as_bytes());
            cells.push(cell);
        }
        if above > 0 {
            above -= 1;
        } else if !each(line, &cells).map_err(|what| at_line(line, what))? {
            return Ok(());
        }
    }
    Ok(())
}

const NOT_UTF8: &str = "the row is not valid UTF-8; save the table as \"CSV UTF-8\", or pass encoding=windows-1252 if it \
                        is from Excel in western Europe";

fn breaks(text: &[u8]) -> u64 {
    text.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

type Rows<'f> = ::csv::Reader<BufReader<Guard<Box<dyn Read + 'f>>>>;

/// All rows of the file.
fn rows(file: &mut dyn Source, form: Form) -> Result<Rows<'_>, Error> {
    let inner = decode::open(file, form.encoding)?;
    let reader = BufReader::with_capacity(CHUNK, Guard::new(inner, form.separator));
    let mut builder = ReaderBuilder::new();
    Ok(builder
        .delimiter(form.separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(reader))
}

pub(super) fn at_line(line: u64, what: String) -> Error {
    Error::Refused(Refusal {
        path: String::new(),
        line,
        column: 1,
        what,
    })
}

fn refused(error: ::csv::Error) -> Error {
    let line = error.position().map_or(0, ::csv::Position::line);
    match error.into_kind() {
        ErrorKind::Io(error) => refused_io(error),
        _ => at_line(line, "the row cannot be read".to_owned()),
    }
}

fn refused_io(error: std::io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Excess>()) {
        Some(excess) => at_line(excess.line, excess.what.to_owned()),
        None => Error::Io(error),
    }
}
