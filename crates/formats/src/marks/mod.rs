//! The marks of a file: what in its first part identifies the tool that wrote it.
//!
//! Owns: collecting them ([`Marks::of`]), how each is written, and comparing them with those of a tool
//! ([`Marks::have`]). Must not: know a format or a tool, or judge whether a scan report is valid.
//!
//! A mark is a text:
//!
//! | mark | meaning |
//! |---|---|
//! | `runs` | a key with a value that is not empty; `scan.scanner` is a nested one |
//! | `results[]` | a list, which may be empty |
//! | `results[].check_id` | a key of one of the first objects of a list; `[].info` if the whole file is a list |
//! | `bomFormat=CycloneDX` | a key with this value; `version=2.*` is a pattern |
//! | `<report>`, `<report/results>` | an element of an XML document, with the path from its root |
//! | `<report @id>` | an attribute |
//! | `xmlns=http://…` | a namespace, or another address in an attribute of the root |
//! | `column title` | a column of a table |

mod json;
mod xml;

use std::{
    collections::BTreeSet,
    io::{Cursor, ErrorKind, Read, SeekFrom},
};

use crate::{Error, Options, Source, csv, start};

/// Maximum number of marks that are collected.
const MOST: usize = 1_000;
/// How much of a file is examined for its kind, and for JSON lines after log lines.
const HEAD: u64 = 64 * 1024;

/// The kind of a file, before its tool is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing but white space.
    Blank,
    Json,
    Xml,
    Table,
}

/// The marks of a file.
pub(crate) struct Marks {
    pub(crate) kind: Kind,
    seen: BTreeSet<String>,
    /// Why there are no more: the file could not be read further.
    pub(crate) broken: Option<Error>,
}

/// Whether the marks so far are enough.
pub(crate) type Enough<'e> = &'e dyn Fn(&Marks) -> bool;

impl Marks {
    /// Collects the marks of a file until they are enough.
    ///
    /// # Errors
    /// [`Error::Refused`] for a file that is not text, and for a table with invalid options; [`Error::Io`].
    pub(crate) fn of(file: &mut dyn Source, options: &Options, enough: Enough<'_>) -> Result<Self, Error> {
        let mut head = head(file)?;
        let text = head.trim_ascii_start();
        let mut marks = Self {
            kind: match text.first() {
                None => Kind::Blank,
                Some(b'{' | b'[') => Kind::Json,
                Some(b'<') => Kind::Xml,
                _ => Kind::Table,
            },
            seen: BTreeSet::new(),
            broken: None,
        };
        match marks.kind {
            Kind::Blank => {}
            Kind::Json => marks.json(file, &head, enough)?,
            Kind::Xml => {
                head.truncate(4 * 1024);
                let collected = xml::collect(file, &mut marks, enough);
                if collected.is_err() {
                    xml::of_document_type(&String::from_utf8_lossy(&head), &mut marks);
                }
                marks.broken = refused(collected)?;
            }
            Kind::Table => marks.table(file, options, &head, enough)?,
        }
        Ok(marks)
    }

    fn table(
        &mut self,
        file: &mut dyn Source,
        options: &Options,
        head: &[u8],
        enough: Enough<'_>,
    ) -> Result<(), Error> {
        let (columns, fault) = csv::columns(file, options)?;
        for column in columns {
            self.add(format!("column {column}"));
        }
        if fault.is_some() && !self.have(&["column title"]) {
            // These may be JSON lines after log lines.
            let mut lines = Self {
                kind: Kind::Json,
                seen: BTreeSet::new(),
                broken: None,
            };
            json::of_lines(head, &mut lines, enough);
            if !lines.seen.is_empty() {
                *self = lines;
                return Ok(());
            }
        }
        self.broken = fault;
        Ok(())
    }

    fn json(&mut self, file: &mut dyn Source, head: &[u8], enough: Enough<'_>) -> Result<(), Error> {
        self.broken = refused(json::collect(file, self, enough))?;
        // `[INF] …` begins as a list does.
        if self.broken.is_some() && self.seen.iter().all(|mark| mark == "[]") {
            json::of_lines(head, self, enough);
        }
        Ok(())
    }

    fn add(&mut self, mark: String) {
        if self.seen.len() < MOST {
            self.seen.insert(mark);
        }
    }

    fn full(&self) -> bool {
        self.seen.len() >= MOST
    }

    /// Whether all of these are present.
    pub(crate) fn have(&self, marks: &[&str]) -> bool {
        marks.iter().all(|mark| match mark.split_once('*') {
            Some((start, rest)) => {
                let from = self.seen.range(start.to_owned()..);
                let mut like = from.take_while(|found| found.starts_with(start));
                like.any(|found| found.contains(rest.trim_end_matches('*')))
            }
            None => self.seen.contains(*mark),
        })
    }

    /// Whether all marks of one of these sets are present.
    pub(crate) fn have_any(&self, sets: &[&[&str]]) -> bool {
        sets.iter().any(|set| self.have(set))
    }
}

/// The first part of a file as UTF-8, as far as possible.
fn head(mut file: &mut dyn Source) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    if start::is_wide(file)? {
        file.rewind()?;
        let read = csv::decoded(file, csv::Encoding::Utf)
            .take(HEAD)
            .read_to_end(&mut head);
        match read {
            // Invalid text is rejected when the table is read, with its line.
            Err(error) if error.kind() != ErrorKind::InvalidData => return Err(Error::Io(error)),
            _ => {}
        }
        // A table may be UTF-16, which Excel writes; nothing else may.
        if head.trim_ascii_start().starts_with(b"{") || head.trim_ascii_start().starts_with(b"<") {
            start::rewound(&mut file)?;
        }
        return Ok(head);
    }
    match start::rewound(&mut file) {
        Ok(start) => head = start.into_inner(),
        Err(Error::Refused(_)) if file.seek(SeekFrom::End(0))? == 0 => return Ok(Vec::new()),
        Err(error) => return Err(error),
    }
    file.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// What was rejected; a file that could not be read is a different error.
fn refused(result: Result<(), Error>) -> Result<Option<Error>, Error> {
    match result {
        Ok(()) => Ok(None),
        Err(Error::Io(error)) => Err(Error::Io(error)),
        Err(refused) => Ok(Some(refused)),
    }
}

/// A text as a file.
fn source(text: &[u8]) -> Cursor<&[u8]> {
    Cursor::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(text: &str) -> Vec<String> {
        let found = Marks::of(&mut Cursor::new(text), &Options::default(), &|_| false).unwrap();
        found.seen.into_iter().collect()
    }

    #[test]
    fn an_empty_list_is_only_a_list() {
        assert_eq!(marks(r#"{"results":[],"a":{},"b":null,"c":""}"#), ["results[]"]);
        assert_eq!(
            marks(r#"{"results":[{"id":7,"x":{"y":"z"}},{"other":1}]}"#),
            [
                "results",
                "results[]",
                "results[].id",
                "results[].id=7",
                "results[].other",
                "results[].other=1",
                "results[].x",
                "results[].x.y",
                "results[].x.y=z"
            ]
        );
        assert_eq!(marks(r#"[{"a":[1]}]"#), ["[]", "[].a", "[].a[]"]);
        assert_eq!(marks("[]"), ["[]"]);
    }

    #[test]
    fn elements_and_attributes_have_their_path() {
        assert_eq!(
            marks("<a x='1'><b><c y='2'>t</c></b><b/></a>"),
            ["<a @x>", "<a/b/c @y>", "<a/b/c>", "<a/b>", "<a>"]
        );
        let text = "<!DOCTYPE issues [<!ELEMENT issue (a)><!ATTLIST issues burpVersion CDATA ''>]><issues/>";
        assert_eq!(marks(text), ["<issue>", "<issues @burpVersion>", "<issues>"]);
    }

    #[test]
    fn log_lines_do_not_hide_json_lines() {
        assert_eq!(marks("[INF] x\n{\"a\":1}\n"), ["a", "a=1"]);
        assert_eq!(marks("warning: x\n{\"a\":1}\n"), ["a", "a=1"]);
        assert!(marks("").is_empty() && marks(" \n").is_empty());
    }

    #[test]
    fn a_value_may_begin_with_a_mark() {
        let found = Marks::of(
            &mut Cursor::new(r#"{"version":"2.1.0"}"#),
            &Options::default(),
            &|_| false,
        )
        .unwrap();
        assert!(found.have(&["version=2.*", "version"]));
        assert!(!found.have(&["version=3.*"]) && !found.have(&["version=2"]));
    }
}
