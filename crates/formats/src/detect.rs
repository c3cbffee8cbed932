//! What format a file is of, by what is in it.
//!
//! Owns: the order in which marks are compared, and what is said of a file that is none of the formats. Must not: judge
//! whether a report is sound, or look at a file's name.

use crate::{
    Error, FORMATS, Format, Options, Refusal, Source,
    marks::{Kind, Marks},
    others,
};

/// The format of a file, by its marks. It may still turn out not to be sound.
///
/// # Errors
/// [`Error::Refused`] for a file that is of no format, with the name of its tool where it has marks of one;
/// [`Error::Io`].
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
        // Where the fault is helps only if it is known what the file should have been.
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

/// As [`recognise`], for a caller who says nothing about the file.
///
/// # Errors
/// As for [`recognise`].
pub fn detect(file: &mut dyn Source) -> Result<Option<&'static Format>, Error> {
    recognise(file, &Options::default()).map(Some)
}

/// Refuses a file that has not the marks of this format, with the name of the tool or format it has those of.
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
    // What a reader of JSON says of a table, or the other way round, helps nobody.
    let of_its_kind = (marks.kind == Kind::Table) == format.is_table();
    if other.is_none() && of_its_kind {
        Ok(Checked::Lacks(lacks))
    } else {
        Err(lacks)
    }
}

/// Whether a file has the marks of the format it is said to be of.
pub(crate) enum Checked {
    /// It has, or there is nothing in it at all, which its reader judges.
    Fits,
    /// It has not: what is to be said if its reader finds nothing wrong with it.
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
