//! Reads XML of any size, from untrusted sources.
//!
//! Owns: what a [`Shape`] means in XML, and the bounds of a document: its nesting depth, the number of attributes of a
//! tag. Only an empty document type is allowed, and no entities except the five of XML and numeric character
//! references: nothing is expanded, nothing is fetched. Must not: know a format, or keep an entry.

mod events;
mod guard;
mod wording;

use quick_xml::events::Event;

use self::events::Events;
pub(crate) use self::events::outline;
use super::{
    Error, Source,
    json::{scalar::cut, walk::Step},
    shape::{At, Each, Outer, Record, Shape, Want},
};

/// Reads a document with one of these roots. Entries go to `each`, everything else the shape names is returned.
///
/// # Errors
/// [`Error::Refused`] for the first fault, or the error of `each`.
pub(crate) fn read(
    file: &mut dyn Source,
    roots: &'static [(&'static str, &'static Shape)],
    each: &mut Each<'_>,
) -> Result<Record, Error> {
    events::over(file, |events| {
        let found = events.root()?;
        let Some((name, shape)) = roots.iter().find(|(name, _)| *name == found) else {
            let names: Vec<_> = roots.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "the root element is `{}`, not {}",
                cut(&found, 64),
                names.join(" or ")
            ));
        };
        events.trail.push(Step::Key(name));
        let record = element(events, shape, None, each)?;
        events.trail.pop();
        events.end()?;
        Ok(record)
    })
}

/// Reads the element whose start tag was just read, to its end.
fn element(
    events: &mut Events<'_>,
    shape: &'static Shape,
    outer: Option<&Outer<'_>>,
    each: &mut Each<'_>,
) -> Result<Record, String> {
    let mut record = Record::default();
    attributes(events, shape, &mut record);
    // The number of each of the shape's children.
    let mut counts = vec![0_usize; shape.len()];
    while let Some(name) = events.child()? {
        let known = shape.iter().zip(&mut counts).find(|((key, _), _)| *key == name);
        let Some(((key, want), count)) = known else {
            events.skip()?;
            continue;
        };
        events.trail.push(Step::Key(key));
        if matches!(want, Want::Many(..) | Want::Through(_) | Want::Entries(_)) {
            events.trail.push(Step::Index(*count));
        }
        let more = match want {
            Want::Texts(most, _) | Want::Tagged(most, _) | Want::Many(most, _) => *count < *most,
            Want::Through(_) | Want::Entries(_) => true,
            _ => *count == 0,
        };
        *count += 1;
        if more {
            child(events, (key, want), &mut record, (outer, each))?;
        } else {
            if matches!(want, Want::Texts(..) | Want::Many(..)) {
                record.count_cut(key);
            }
            events.skip()?;
        }
        if matches!(want, Want::Many(..) | Want::Through(_) | Want::Entries(_)) {
            events.trail.pop();
        }
        events.trail.pop();
    }
    Ok(record)
}

/// Takes the attributes that the shape names.
fn attributes(events: &Events<'_>, shape: &'static Shape, record: &mut Record) {
    for (name, value) in &events.attributes {
        let wanted = |(key, _): &&(&'static str, Want)| key.strip_prefix('@') == Some(name);
        if let Some((key, Want::Text(limit))) = shape.iter().find(wanted) {
            record.put(key, cut(value, *limit).to_owned());
        }
    }
}

/// Reads a child that the shape names, to its end.
fn child(
    events: &mut Events<'_>,
    (key, want): (&'static str, &'static Want),
    record: &mut Record,
    (outer, each): (Option<&Outer<'_>>, &mut Each<'_>),
) -> Result<(), String> {
    match want {
        Want::Text(limit) | Want::Texts(_, limit) => {
            let text = events.text(*limit)?;
            record.put(key, text);
        }
        Want::Tagged(_, limit) => {
            let mut names = events.attributes.iter().filter(|(key, _)| key == "name");
            let name = names.next().map_or("", |(_, name)| name);
            let name = cut(name, super::shape::WORD).to_owned();
            let text = events.text(*limit)?;
            record.put(key, format!("{name}={text}"));
        }
        Want::Number | Want::Flag => {
            let text = events.text(super::shape::WORD)?;
            record.put(key, text.trim().to_owned());
        }
        Want::One(shape) | Want::Named(shape) | Want::Table(_, shape) | Want::Many(_, shape) => {
            let part = element(events, shape, outer, each)?;
            record.add(key, part);
        }
        Want::Through(shape) => {
            record.list(key);
            element(events, shape, Some(&Outer { record, outer }), each)?;
        }
        Want::Entries(shape) => {
            record.list(key);
            let part = element(events, shape, Some(&Outer { record, outer }), each)?;
            let outer = Some(&Outer { record, outer });
            each(
                &At {
                    trail: &events.trail,
                    key,
                    outer,
                },
                part,
            )?;
        }
    }
    Ok(())
}

/// The text of an event: the text itself, or the character of a reference.
fn piece(event: &Event<'_>) -> Result<Option<String>, String> {
    match event {
        Event::Text(text) => Ok(Some(text.xml10_content().into_owned())),
        Event::CData(text) => Ok(Some(text.xml10_content().into_owned())),
        Event::GeneralRef(reference) => {
            // The parser passes `&lt;` as a separate event.
            let name: &str = reference;
            character(name).map(|character| Some(character.to_string()))
        }
        _ => Ok(None),
    }
}

/// The character of a reference: one of the five of XML, or a numeric one.
fn character(name: &str) -> Result<char, String> {
    let by_number = || {
        let number = name.strip_prefix('#')?;
        let code: u32 = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        // A number that is not a character, such as 0, does not invalidate the file.
        let known = char::from_u32(code)
            .filter(|character| !character.is_control() || matches!(code, 9 | 10 | 13 | 0x7f..));
        Some(known.unwrap_or(char::REPLACEMENT_CHARACTER))
    };
    Ok(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => by_number().ok_or_else(|| {
            format!(
                "the entity `{}` is not supported; only the five predefined entities and characters by number are",
                cut(name, 64)
            )
        })?,
    })
}
