//! The marks of an XML document.
//!
//! Owns: the walk over its first elements, and the declarations of a document type whose document is not read at all.
//! Must not: keep more than marks.

use super::{Enough, Marks};
use crate::{Error, Source, json::scalar::cut, xml};

/// Maximum number of elements that are examined.
const ELEMENTS: usize = 5_000;
/// Maximum depth of elements that are marks.
const DEPTH: usize = 6;
/// Maximum length of a name or an address that is a mark, in bytes.
const LONGEST: usize = 120;

/// Collects the marks of a document.
pub(super) fn collect(file: &mut dyn Source, marks: &mut Marks, enough: Enough<'_>) -> Result<(), Error> {
    let mut elements = 0;
    xml::outline(file, DEPTH, &mut |path, attributes| {
        elements += 1;
        let path = path
            .iter()
            .map(|name| cut(name, LONGEST))
            .collect::<Vec<_>>()
            .join("/");
        for (name, value) in attributes {
            marks.add(format!("<{path} @{}>", cut(name, LONGEST)));
            if elements == 1 && value.contains("://") {
                marks.add(format!("xmlns={}", cut(value, LONGEST)));
            }
        }
        marks.add(format!("<{path}>"));
        elements < ELEMENTS && !marks.full() && !enough(marks)
    })
}

/// What a document type declares: such a document is not read, but its tool may be recognised.
pub(super) fn of_document_type(head: &str, marks: &mut Marks) {
    let Some((_, declared)) = head.split_once("<!DOCTYPE") else {
        return;
    };
    let word = |text: &str| {
        let word = text.split(|char: char| char.is_whitespace() || "<>[]()".contains(char));
        word.map(|word| cut(word, LONGEST).to_owned())
            .find(|word| !word.is_empty())
    };
    if let Some(root) = word(declared) {
        marks.add(format!("<{root}>"));
    }
    for element in declared.split("<!ELEMENT ").skip(1) {
        marks.seen.extend(word(element).map(|name| format!("<{name}>")));
    }
    for list in declared.split("<!ATTLIST ").skip(1) {
        let mut words = list.split_whitespace().map(|word| cut(word, LONGEST));
        if let (Some(element), Some(attribute)) = (words.next(), words.next()) {
            marks.add(format!("<{element} @{attribute}>"));
        }
    }
}
