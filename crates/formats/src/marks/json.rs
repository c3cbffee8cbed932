//! The marks of a JSON text.
//!
//! Owns: the walk over the keys of the first objects of each list. Must not: keep more than marks.

use std::{
    fmt,
    io::{Read, Seek},
};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Enough, Marks, source};
use crate::{
    Error,
    json::{
        parser,
        scalar::{Skip, cut},
        walk::Trail,
    },
};

/// Maximum depth of keys that are marks.
const DEPTH: usize = 5;
/// Maximum length of a key or value that is a mark, in bytes.
const LONGEST: usize = 120;
/// Maximum number of lines that are tried if some are not JSON.
const LINES: usize = 200;

/// Maximum number of entries of a list, or values of a file of lines, that are examined: the first may be unreadable.
const ENTRIES: usize = 10;

/// Collects the marks of the first values of a text.
pub(super) fn collect<F: Read + Seek>(
    mut file: F,
    marks: &mut Marks,
    enough: Enough<'_>,
) -> Result<(), Error> {
    let mut parser = parser(&mut file)?;
    let mut done = false;
    for number in 0..ENTRIES {
        let value = Value {
            path: String::new(),
            depth: 0,
            marks: &mut *marks,
            enough,
            done: &mut done,
        };
        match value.deserialize(&mut parser) {
            Err(error) if !done && number == 0 => return Err(Error::of(error, &Trail::default())),
            Ok(()) => {}
            Err(_) => break,
        }
    }
    Ok(())
}

/// Collects the marks of the first line that is a JSON object.
pub(super) fn of_lines(head: &[u8], marks: &mut Marks, enough: Enough<'_>) {
    for line in head.split(|byte| *byte == b'\n').take(LINES) {
        if line.trim_ascii_start().starts_with(b"{") && collect(source(line), marks, enough).is_ok() {
            return;
        }
        marks.seen.clear();
    }
}

/// A value whose marks are collected.
struct Value<'a> {
    path: String,
    depth: usize,
    marks: &'a mut Marks,
    enough: Enough<'a>,
    done: &'a mut bool,
}

impl Value<'_> {
    fn mark<E: serde::de::Error>(&mut self, mark: String) -> Result<(), E> {
        self.marks.add(mark);
        if self.marks.full() || (self.enough)(self.marks) {
            *self.done = true;
            return Err(E::custom("enough was seen"));
        }
        Ok(())
    }

    /// A single value is a mark, and so is its key.
    fn single<E: serde::de::Error>(mut self, value: &dyn fmt::Display) -> Result<(), E> {
        let value = value.to_string();
        let value = value.trim();
        if value.is_empty() || self.path.is_empty() {
            return Ok(());
        }
        self.mark(self.path.clone())?;
        if value.len() <= LONGEST {
            self.mark(format!("{}={value}", self.path))?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.single(&value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.single(&value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.single(&value)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.single(&value)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.single(&cut(value, LONGEST + 1))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let path = format!("{}[]", self.path);
        self.mark(path.clone())?;
        if self.depth >= DEPTH {
            while seq.next_element_seed(Skip)?.is_some() {}
            return Ok(());
        }
        for number in 0..ENTRIES {
            let element = seq.next_element_seed(Element {
                path: path.clone(),
                depth: self.depth + 1,
                marks: &mut *self.marks,
                enough: self.enough,
                done: &mut *self.done,
            })?;
            if element.is_none() {
                return Ok(());
            }
            if number == 0 && !self.path.is_empty() {
                self.mark(self.path.clone())?;
            }
        }
        while seq.next_element_seed(Skip)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut empty = true;
        while let Some(key) = map.next_key_seed(Key)? {
            if empty && !self.path.is_empty() {
                self.mark(self.path.clone())?;
            }
            empty = false;
            if self.depth >= DEPTH || key.len() > LONGEST {
                map.next_value_seed(Skip)?;
                continue;
            }
            let path = match self.path.as_str() {
                "" => key,
                path => format!("{path}.{key}"),
            };
            map.next_value_seed(Value {
                path,
                depth: self.depth + 1,
                marks: &mut *self.marks,
                enough: self.enough,
                done: &mut *self.done,
            })?;
        }
        Ok(())
    }
}

/// An element of a list: only an object has marks of its own.
struct Element<'a> {
    path: String,
    depth: usize,
    marks: &'a mut Marks,
    enough: Enough<'a>,
    done: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Skip)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let object = Value {
            path: self.path,
            depth: self.depth,
            marks: self.marks,
            enough: self.enough,
            done: self.done,
        };
        object.visit_map(map)
    }
}

/// A key, truncated if it is longer than a mark.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        Ok(cut(text, LONGEST + 1).to_owned())
    }
}
