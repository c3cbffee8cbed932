//! The first rows of a table, for people who map its columns.
//!
//! Owns: [`Preview`]. Must not: import.

use base::text;
use serde::Serialize;

use super::{Csv, header, layouts::NAMES, rows::each};
use crate::{Error, Options, Source};

/// How many rows are shown.
const SHOWN: usize = 5;

/// The first rows of a table, for mapping its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The names of its columns.
    pub header: Vec<String>,
    /// The first rows below it.
    pub rows: Vec<Vec<String>>,
    /// The tool that exported it, if known.
    pub layout: Option<&'static str>,
    /// The recognised columns: the name in `columns=`, and the name in the header.
    pub columns: Vec<(&'static str, String)>,
    /// The names that `columns=` supports.
    pub names: Vec<&'static str>,
    /// What is missing or ambiguous; none for a table that can be imported as it is.
    pub fault: Option<String>,
}

/// The header of a table and its first rows.
///
/// # Errors
/// [`Error::Refused`] for a file that is not a table, [`Error::Io`].
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
