//! A table with a header, of the tool `CSV`: for everything that is none of the other formats.
//!
//! Owns: which columns there are, under which names, and what a row comes to. Must not: take a cell for anything
//! but text: what looks like a formula is kept as it is written.
//!
//! Cells are separated by commas, semicolons or tabs, whichever the header uses, and quoted as in RFC 4180. The
//! severity is a word of Campanile's scale (or a common other one for it), or a CVSS score. A fingerprint is made
//! of the cell `fingerprint` where it is filled, else of rule, title and location.

mod guard;

use std::io::{BufReader, Read};

use ::csv::{ErrorKind, ReaderBuilder, StringRecord};
use base::{Severity, text};

use self::guard::Guard;
use crate::{
    Error, Options, Refusal, Source, cwe,
    draft::{Draft, old},
    json::guard::Excess,
    list::{Entry, Reader, Sink},
    severity, start,
};

/// How many columns a table may have.
const MAX_COLUMNS: usize = 100;
/// How much of the file is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// The columns that are read, each with the other names it goes by. The first two have to be there.
const COLUMNS: [(&str, &[&str]); 7] = [
    ("title", &["name", "summary", "finding"]),
    ("severity", &["risk"]),
    ("description", &["details", "detail"]),
    ("location", &["path", "file", "url", "host", "component"]),
    ("rule_id", &["rule", "check_id", "plugin_id"]),
    ("cwe", &["cwe_id"]),
    ("fingerprint", &["id", "unique_id"]),
];

/// Where each column of [`COLUMNS`] stands, how many there are in all, and what separates them.
pub(crate) struct Csv {
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
    delimiter: u8,
}

/// Whether the file starts with a header that has the columns a table needs.
///
/// # Errors
/// As for [`Reader::survey`], but not for columns that are missing.
pub(crate) fn is_table(file: &mut dyn Source) -> Result<bool, Error> {
    Csv::header(file).map(|found| found.is_ok())
}

impl Reader for Csv {
    const TOOL: &'static str = "CSV";

    fn survey(file: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        let found = Self::header(file)?;
        found.map_err(|what| Error::whole(&what))
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut rows = rows(file, self.delimiter, false)?;
        let mut row = StringRecord::new();
        loop {
            let line = rows.position().line();
            match rows.read_record(&mut row) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => return Err(refused(error, line)),
            }
            let line = row.position().map_or(line, ::csv::Position::line);
            let place = format_args!("line {line}").to_string();
            sink.put(&place, self.entry(&row))
                .map_err(|what| at_line(line, what))?;
        }
    }
}

impl Csv {
    /// The columns by the header, or what is wrong with it.
    fn header(file: &mut dyn Source) -> Result<Result<Self, String>, Error> {
        let mut wrong = String::new();
        for delimiter in *b",;\t" {
            let mut row = StringRecord::new();
            rows(file, delimiter, true)?
                .read_record(&mut row)
                .map_err(|error| refused(error, 1))?;
            match Self::of(&row, delimiter) {
                Ok(found) => return Ok(Ok(found)),
                Err(what) if wrong.is_empty() || row.len() > 1 => wrong = what,
                Err(_) => {}
            }
        }
        Ok(Err(wrong))
    }

    fn of(header: &StringRecord, delimiter: u8) -> Result<Self, String> {
        if header.len() > MAX_COLUMNS {
            return Err(format!("the table has more than {MAX_COLUMNS} columns"));
        }
        let names: Vec<_> = header
            .iter()
            .map(|name| name.trim().to_lowercase().replace([' ', '-'], "_"))
            .collect();
        let place = |name: &str| names.iter().position(|found| found == name);
        // A column's own name comes before its others, wherever they stand.
        let places = COLUMNS
            .map(|(name, others)| place(name).or_else(|| others.iter().find_map(|other| place(other))));
        for (at, (name, _)) in COLUMNS.iter().enumerate() {
            if names.iter().filter(|found| found == name).count() > 1 {
                return Err(format!("the header has the column `{name}` twice"));
            }
            if at < 2 && places.get(at).is_some_and(Option::is_none) {
                return Err(format!("the header has no column `{name}`"));
            }
        }
        let width = header.len();
        Ok(Self {
            places,
            width,
            delimiter,
        })
    }

    fn entry(&self, row: &StringRecord) -> Entry {
        if row.len() != self.width {
            return Entry::skipped(&format!(
                "the row has {} cells, the header {}",
                row.len(),
                self.width
            ));
        }
        let cells = self
            .places
            .map(|place| place.and_then(|place| row.get(place)).unwrap_or_default().trim());
        let [title, word, description, location, rule, weakness, print] = cells;
        if text::line(title, 1).is_empty() {
            return Entry::skipped("the row has no title");
        }
        let Some(severity) = severity::of_word(word).or_else(|| severity::of_score(word)) else {
            let names = Severity::ALL.map(Severity::name).join(", ");
            let word = text::line(word, 40);
            return Entry::skipped(&format!("the severity `{word}` is none of {names}"));
        };
        let old = if print.is_empty() {
            old("csv row 1", &[rule, title, location], 0, &[description])
        } else {
            old("csv fingerprint 1", &[print], 0, &[])
        };
        Entry::from(Draft {
            old,
            title: title.to_owned(),
            description: vec![description.to_owned()],
            severity: Some(severity),
            locations: vec![location.to_owned()],
            rule_id: rule.to_owned(),
            cwes: cwe::of(weakness).into_iter().collect(),
            ..Draft::default()
        })
    }
}

type Rows<'f> = ::csv::Reader<BufReader<Guard<Box<dyn Read + 'f>>>>;

/// The rows of the file; the header is the first of them where it is wanted.
fn rows(mut file: &mut dyn Source, delimiter: u8, header: bool) -> Result<Rows<'_>, Error> {
    let mark = start::rewound(&mut file)?;
    let inner: Box<dyn Read + '_> = Box::new(mark.chain(file));
    let reader = BufReader::with_capacity(CHUNK, Guard::new(inner, delimiter));
    let mut builder = ReaderBuilder::new();
    Ok(builder
        .delimiter(delimiter)
        .has_headers(!header)
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

fn refused(error: ::csv::Error, line: u64) -> Error {
    let line = error.position().map_or(line, ::csv::Position::line);
    match error.into_kind() {
        ErrorKind::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Excess>()) {
            Some(excess) => at_line(excess.line, excess.what.to_owned()),
            None => Error::Io(error),
        },
        ErrorKind::Utf8 { .. } => at_line(line, "the row is no valid UTF-8".to_owned()),
        _ => at_line(line, "the row cannot be read".to_owned()),
    }
}
