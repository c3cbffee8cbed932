//! Detects the format of a file by its content.
//!
//! Owns: the order in which marks are compared, and the message for a file in no known format. Must not: judge whether
//! a scan report is valid, or look at a file's name.

use crate::{
    Error, FORMATS, Format, Options, Refusal, Source,
    marks::{Kind, Marks},
    others,
};

/// The format of a file, by its marks. The file may still be invalid.
///
/// # Errors
/// [`Error::Refused`] for a file in no known format, with the name of its tool if it has marks of one; [`Error::Io`].
pub fn recognise(file: &mut dyn Source, options: &Options) -> Result<&'static Format, Error> {
    let marks = Marks::of(file, options, &enough)?;
    if let Some(other) = others::of(&marks) {
        return Err(refused(other.refusal()));
    }
    if let Some(format) = of(&marks) {
        return Ok(format);
    }
    Err(match (marks.kind, marks.broken) {
        (Kind::Blank, _) => Error::whole("the file is empty"),
        (_, Some(Error::Io(error))) => Error::Io(error),
        // The place of the fault helps only if the intended format is known.
        (Kind::Json | Kind::Xml, Some(Error::Refused(fault))) => Error::Refused(Refusal {
            what: format!(
                "the format is not recognized (known formats: {}): {}",
                Format::names(),
                fault.what
            ),
            ..fault
        }),
        (Kind::Table, Some(Error::Refused(fault))) => Error::Refused(Refusal {
            what: format!(
                "the file cannot be read as a table: {}. The other formats ({}) are JSON or XML",
                fault.what,
                Format::names()
            ),
            ..fault
        }),
        (_, None) => refused(format!(
            "the format is not recognized; known formats: {}",
            Format::names()
        )),
    })
}

/// Like [`recognise`], without options.
///
/// # Errors
/// As for [`recognise`].
pub fn detect(file: &mut dyn Source) -> Result<Option<&'static Format>, Error> {
    recognise(file, &Options::default()).map(Some)
}

/// Rejects a file without the marks of this format; names the tool or format whose marks it has.
///
/// # Errors
/// [`Error::Refused`], [`Error::Io`].
pub(crate) fn check(
    file: &mut dyn Source,
    options: &Options,
    format: &'static Format,
) -> Result<Checked, Error> {
    let marks = Marks::of(file, options, &|marks| marks.have_any(format.marks))?;
    if let Some(other) = others::of(&marks) {
        return Err(refused(other.refusal()));
    }
    if marks.kind == Kind::Blank || marks.have_any(format.marks) {
        return Ok(Checked::Fits);
    }
    let other = of(&marks);
    let lacks = refused(match other {
        Some(other) => format!(
            "this looks like {} (format={}), not {}",
            other.title, other.name, format.title
        ),
        None => format!(
            "this does not look like {}, which is recognized by {}",
            format.title,
            format.marked()
        ),
    });
    // A JSON error about a table, or the reverse, does not help.
    let of_its_kind = (marks.kind == Kind::Table) == format.is_table();
    if other.is_none() && of_its_kind {
        Ok(Checked::Lacks(lacks))
    } else {
        Err(lacks)
    }
}

/// Whether a file has the marks of the stated format.
pub(crate) enum Checked {
    /// It has, or it is empty, which its reader judges.
    Fits,
    /// It has not: the error to report if its reader finds nothing wrong.
    Lacks(Error),
}

fn enough(marks: &Marks) -> bool {
    of(marks).is_some()
}

fn of(marks: &Marks) -> Option<&'static Format> {
    FORMATS.iter().find(|format| marks.have_any(format.marks))
}

fn refused(what: String) -> Error {
    Error::Refused(Refusal {
        path: String::new(),
        line: 0,
        column: 0,
        what,
    })
}
