//! A table with a header: the exports of known tools, and any other table of findings.
//!
//! Owns: reading rows ([`Csv`]), the separator and the encoding, and finding the header. Must not: treat a cell as
//! anything but text: what looks like a formula is kept as written.
//!
//! Cells are separated by commas, semicolons, tabs or bars, as used by the header or stated in a first line `sep=;`,
//! and quoted as in RFC 4180. What columns mean is in [`layouts`], what severities mean in [`scale`].

mod columns;
mod decode;
mod guard;
mod layouts;
mod preview;
mod row;
mod rows;
mod scale;

use base::text;

pub use self::decode::{ENCODINGS, is_encoding};
pub(crate) use self::decode::{Encoding, decoded};
pub use self::preview::{Preview, preview_rows};
use self::{
    columns::{Columns, Mapping, is_layout},
    layouts::Role,
    row::Row,
    rows::{Form, at_line, each, separator, top},
    scale::Scale,
};
use crate::{
    Error, Options, Refusal, Source,
    list::{Reader, Sink},
};

/// Possible separators of cells.
const SEPARATORS: [u8; 4] = *b",;\t|";

/// A table whose header has been read.
pub(crate) struct Csv {
    columns: Columns,
    form: Form,
    /// Whether the id column only numbers the rows.
    counted: bool,
}

/// The names of columns and their other names, for the documentation.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    layouts::NAMES.iter().map(|(_, name, others)| (*name, *others))
}

/// The tools whose exports are recognised, and by which columns, for the documentation.
#[cfg(test)]
pub(crate) fn exports() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    layouts::LAYOUTS.iter().map(|layout| (layout.tool, layout.needs))
}

/// The names of a table's columns, standard ones where known, to tell it from other tables; and what is wrong with it
/// as a table.
///
/// # Errors
/// [`Error::Refused`] for an invalid option of the caller, [`Error::Io`].
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
    /// Checks two columns as a whole: whether the scale of the severities is stated, and whether the ids do more than
    /// number the rows.
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
                    "the column `{name}` contains only whole numbers from 0 to 5, and which is the most severe is unknown. \
                     State what each means, as in columns=severity:{name},critical:5,high:4,medium:3,low:2,informational:1, \
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

/// A form and its columns, or what is wrong with them.
type Header = Result<(Form, Columns), Fault>;

/// A form with the names of its columns and what is wrong with them.
type Fault = (Form, Vec<String>, String);

/// Parses the caller's options.
fn checked(options: &Options) -> Result<(Mapping, Encoding), Error> {
    let wrong = |field: &str, what: String| {
        Error::Refused(Refusal {
            path: field.to_owned(),
            line: 0,
            column: 0,
            what,
        })
    };
    let mapping = Mapping::of(&options.columns).map_err(|what| wrong("columns", what))?;
    let encoding = Encoding::of(&options.encoding).map_err(|what| wrong("encoding", what))?;
    Ok((mapping, encoding))
}

/// Finds the header: the first row, or below a few introductory lines that of a known table.
fn header(file: &mut dyn Source, options: &Options) -> Result<Header, Error> {
    let (mapping, encoding) = checked(options)?;
    let stated = separator(file, encoding)?;
    let own = stated.map(|separator| [separator; 1]);
    let separators = own.as_ref().map_or(SEPARATORS.as_slice(), |one| one.as_slice());
    let mut best: Option<(usize, Fault)> = None;
    for separator in separators.iter().copied() {
        let first = usize::from(stated.is_some());
        let mut form = Form {
            separator,
            encoding,
            above: first,
        };
        let top = top(file, form)?;
        let Some(row) = top.first() else {
            return Err(Error::whole("the table is empty"));
        };
        match Columns::of(row, &mapping) {
            Ok(columns) => {
                form.above += 1;
                return Ok(Ok((form, columns)));
            }
            Err(what) => {
                if let Some(at) = top.iter().position(is_layout)
                    && let Some(Ok(columns)) = top.get(at).map(|row| Columns::of(row, &mapping))
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
