//! A table with a header: the exports of known tools, and whatever else people keep in tables.
//!
//! Owns: reading rows ([`Csv`]), the separator and the encoding, and which row is the header. Must not: take a cell for
//! anything but text: what looks like a formula is kept as it is written.
//!
//! Cells are separated by commas, semicolons, tabs or bars, whichever the header uses or a first line `sep=;` says, and
//! quoted as in RFC 4180. What columns mean is in [`layouts`], what severities mean in [`scale`].

mod columns;
mod decode;
mod guard;
mod layouts;
mod row;
mod scale;

use std::io::{BufReader, Read};

use ::csv::{ByteRecord, ErrorKind, ReaderBuilder};
use base::text;
use serde::Serialize;

pub(crate) use self::decode::{Encoding, decoded};
use self::{
    columns::{Columns, Said, is_layout},
    guard::Guard,
    layouts::{NAMES, Role},
    row::Row,
    scale::Scale,
};
use crate::{
    Error, Options, Refusal, Source,
    json::guard::Excess,
    list::{Reader, Sink},
};

/// How much of the file is read at once, in bytes.
const CHUNK: usize = 64 * 1024;
/// How many rows may be above the header of a known table.
const ABOVE: usize = 20;
/// What may separate cells.
const SEPARATORS: [u8; 4] = *b",;\t|";
/// How many rows are shown of a table that is to be mapped.
const SHOWN: usize = 5;

/// How a table is written, and where its rows begin.
#[derive(Debug, Clone, Copy)]
struct Form {
    separator: u8,
    encoding: Encoding,
    /// Rows up to the first one of data, the header included.
    above: usize,
}

/// A table whose header was read.
pub(crate) struct Csv {
    columns: Columns,
    form: Form,
    /// Whether the column of ids only counts the rows.
    counted: bool,
}

/// The first rows of a table, for saying which column is which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The names of its columns.
    pub header: Vec<String>,
    /// The first rows below it.
    pub rows: Vec<Vec<String>>,
    /// The tool whose export it is, where that is known.
    pub layout: Option<&'static str>,
    /// What is recognised: the name `columns=` has for it, and the name of the column.
    pub columns: Vec<(&'static str, String)>,
    /// The names `columns=` has.
    pub names: Vec<&'static str>,
    /// What is missing or ambiguous, in words; none for a table that can be imported as it is.
    pub fault: Option<String>,
}

/// The header of a table and its first rows.
///
/// # Errors
/// [`Error::Refused`] for what is no table, [`Error::Io`].
pub fn preview_rows(file: &mut dyn Source, options: &Options) -> Result<Preview, Error> {
    let (form, columns, header) = match header(file, options)? {
        Ok((form, columns)) => {
            let header = columns.header.clone();
            (form, Ok(columns), header)
        }
        Err((form, header, what)) => (form, Err(what), header),
    };
    let mut rows = Vec::new();
    each(file, form, &mut |_, cells| {
        rows.push(cells.iter().map(|cell| text::line(cell, 200)).collect());
        Ok(rows.len() < SHOWN)
    })?;
    let mut preview = Preview {
        header,
        rows,
        layout: None,
        columns: Vec::new(),
        names: NAMES.iter().map(|(_, name, _)| *name).collect(),
        fault: None,
    };
    match columns {
        Err(what) => preview.fault = Some(what),
        Ok(columns) => {
            preview.layout = columns.layout;
            for (role, name, _) in NAMES {
                let places = columns
                    .places(*role)
                    .filter_map(|place| columns.header.get(place));
                preview
                    .columns
                    .extend(places.map(|column| (*name, column.clone())));
            }
            match Csv::of(file, columns, form) {
                Ok(_) => {}
                Err(Error::Refused(fault)) => preview.fault = Some(fault.to_string()),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(preview)
}

/// The names of the columns a table has, ours where they are known, for telling it from others; and what is wrong with
/// it as a table.
///
/// # Errors
/// [`Error::Refused`] for a caller's word that does not fit, [`Error::Io`].
pub(crate) fn columns(
    file: &mut dyn Source,
    options: &Options,
) -> Result<(Vec<String>, Option<Error>), Error> {
    checked(options)?;
    match header(file, options) {
        Ok(Ok((_, columns))) => {
            let own = columns.header.iter().map(|name| name.to_lowercase());
            Ok((own.chain(columns.found().map(str::to_owned)).collect(), None))
        }
        Ok(Err((_, header, what))) => {
            let own = header.iter().map(|name| name.to_lowercase()).collect();
            Ok((own, Some(at_line(1, what))))
        }
        Err(Error::Io(error)) => Err(Error::Io(error)),
        Err(error) => Ok((Vec::new(), Some(error))),
    }
}

impl Reader for Csv {
    const TOOL: &'static str = "CSV";

    fn survey(file: &mut dyn Source, options: &Options) -> Result<Self, Error> {
        let found = header(file, options)?;
        let (form, columns) = found.map_err(|(_, _, what)| at_line(1, what))?;
        Self::of(file, columns, form)
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.tool(self.columns.layout.unwrap_or(Self::TOOL));
        each(file, self.form, &mut |line, cells| {
            let place = format_args!("line {line}").to_string();
            let row = Row {
                columns: &self.columns,
                cells: cells.to_vec(),
                counted: self.counted,
            };
            sink.put(&place, row.entry()).map(|()| true)
        })
    }
}

impl Csv {
    /// Looks at two columns as a whole: whether the severities are on a scale that is stated, and whether the ids do
    /// more than count the rows.
    fn of(file: &mut dyn Source, mut columns: Columns, form: Form) -> Result<Self, Error> {
        let (severity, id) = (columns.place(Role::Severity), columns.place(Role::Id));
        let (mut bare, mut other, mut scores) = (false, false, false);
        let (mut counted, mut before) = (id.is_some(), None);
        each(file, form, &mut |_, cells| {
            let cell = |place: Option<usize>| {
                place
                    .and_then(|place| cells.get(place))
                    .map_or("", |cell| cell.trim())
            };
            let word = cell(severity);
            let mapped = columns
                .values
                .iter()
                .any(|(value, _)| *value == word.to_lowercase());
            other |= mapped;
            if !mapped && !word.is_empty() {
                let one = scale::bare(word);
                scores |= scale::is_score(word);
                bare |= one;
                other |= !one;
            }
            let number = cell(id).parse::<u64>().ok();
            counted &= number.is_some() && before.is_none_or(|before| number == Some(before + 1));
            before = number;
            Ok(true)
        })?;
        if bare && !other && columns.scale == Scale::Words {
            let name = severity
                .and_then(|place| columns.header.get(place))
                .map_or("severity", String::as_str);
            return Err(at_line(
                1,
                format!(
                    "the column `{name}` has only whole numbers from 0 to 5, and it is not said which is the worst. \
                     Say what each is, as in columns=severity:{name},critical:5,high:4,medium:3,low:2,informational:1, \
                     or that it is a CVSS score: columns=cvss:{name}"
                ),
            ));
        }
        columns.scores = scores;
        Ok(Self {
            columns,
            form,
            counted,
        })
    }
}

/// A form and its columns, or a form with the names of its columns and what is wrong with them.
type Header = Result<(Form, Columns), (Form, Vec<String>, String)>;

/// Reads what a caller says.
fn checked(options: &Options) -> Result<(Said, Encoding), Error> {
    let wrong = |field: &str, what: String| {
        Error::Refused(Refusal {
            path: field.to_owned(),
            line: 0,
            column: 0,
            what,
        })
    };
    let said = Said::of(&options.columns).map_err(|what| wrong("columns", what))?;
    let encoding = Encoding::of(&options.encoding).map_err(|what| wrong("encoding", what))?;
    Ok((said, encoding))
}

/// Finds the header: the first row, or below some lines about the report that of a known table.
fn header(file: &mut dyn Source, options: &Options) -> Result<Header, Error> {
    let (said, encoding) = checked(options)?;
    let named = separator(file, encoding)?;
    let own = named.map(|separator| [separator; 1]);
    let separators = own.as_ref().map_or(SEPARATORS.as_slice(), |one| one.as_slice());
    let mut best: Option<(usize, (Form, Vec<String>, String))> = None;
    for separator in separators.iter().copied() {
        let first = usize::from(named.is_some());
        let mut form = Form {
            separator,
            encoding,
            above: first,
        };
        let top = top(file, form)?;
        let Some(row) = top.first() else {
            return Err(Error::whole("the table is empty"));
        };
        match Columns::of(row, &said) {
            Ok(columns) => {
                form.above += 1;
                return Ok(Ok((form, columns)));
            }
            Err(what) => {
                if let Some(at) = top.iter().position(is_layout)
                    && let Some(Ok(columns)) = top.get(at).map(|row| Columns::of(row, &said))
                {
                    form.above += at + 1;
                    return Ok(Ok((form, columns)));
                }
                form.above += 1;
                if best.as_ref().is_none_or(|(width, _)| row.len() > *width) {
                    let names = row
                        .iter()
                        .map(|name| text::line(&String::from_utf8_lossy(name), 100));
                    best = Some((row.len(), (form, names.collect(), what)));
                }
            }
        }
    }
    best.map(|(_, fault)| Err(fault))
        .ok_or_else(|| Error::whole("the table is empty"))
}

/// The separator a first line such as `sep=;` says, which spreadsheets write.
fn separator(file: &mut dyn Source, encoding: Encoding) -> Result<Option<u8>, Error> {
    let mut start = Vec::new();
    let opened = decode::open(file, encoding)?;
    opened
        .take(7)
        .read_to_end(&mut start)
        .map_err(|error| refused_io(error))?;
    let lower = start.to_ascii_lowercase();
    Ok(match lower.as_slice() {
        [b's', b'e', b'p', b'=', one, b'\r' | b'\n', ..] | [b's', b'e', b'p', b'=', one]
            if one.is_ascii() =>
        {
            Some(*one)
        }
        _ => None,
    })
}

/// The first rows of a table.
fn top(file: &mut dyn Source, form: Form) -> Result<Vec<ByteRecord>, Error> {
    let mut rows = rows(file, form)?;
    let mut all = Vec::new();
    let mut row = ByteRecord::new();
    for at in 0..ABOVE + form.above {
        match rows.read_byte_record(&mut row) {
            Ok(true) if at >= form.above => all.push(row.clone()),
            Ok(true) => {}
            Ok(false) => break,
            // Rows further down are read again, and refused then.
            Err(_) if !all.is_empty() => break,
            Err(error) => return Err(refused(error)),
        }
    }
    Ok(all)
}

/// Hands out the rows below the header, each with its line, until `each` says false.
fn each(
    file: &mut dyn Source,
    form: Form,
    each: &mut dyn FnMut(u64, &[&str]) -> Result<bool, String>,
) -> Result<(), Error> {
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

fn at_line(line: u64, what: String) -> Error {
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
