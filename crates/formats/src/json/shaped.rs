//! Reading an object by its shape.
//!
//! Owns: what a [`Shape`] means in JSON. Must not: keep an entry.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{
    parser, scalar,
    walk::{Nullable, Step, Trail},
};
use crate::{
    Error, Source,
    shape::{At, Each, Outer, Record, Shape, Want},
};

/// Reads a file of one object. Entries go to `each`, the rest of what the shape names is returned.
///
/// # Errors
/// [`Error::Refused`] for the first thing that does not fit, or what `each` said.
pub(crate) fn read(
    mut file: &mut dyn Source,
    shape: &'static Shape,
    each: &mut Each<'_>,
) -> Result<Record, Error> {
    let mut parser = parser(&mut file)?;
    let trail = Trail::default();
    let object = Shaped::top(shape, &trail, each);
    let read = object.deserialize(&mut parser);
    let read = read.and_then(|record| parser.end().map(|()| record));
    read.map_err(|error| Error::of(error, &trail))
}

/// Reads a file of objects one after the other, each an entry; or of one array of them.
///
/// # Errors
/// As for [`read`].
pub(crate) fn read_all(
    mut file: &mut dyn Source,
    shape: &'static Shape,
    each: &mut Each<'_>,
) -> Result<(), Error> {
    let mut parser = parser(&mut file)?;
    let trail = Trail::default();
    let mut lines = Lines {
        shape,
        trail: &trail,
        each,
        index: 0,
    };
    loop {
        match parser.end() {
            Ok(()) => return Ok(()),
            Err(error) if error.is_io() => return Err(Error::of(error, &trail)),
            Err(_) => {}
        }
        (&mut lines)
            .deserialize(&mut parser)
            .map_err(|error| Error::of(error, &trail))?;
    }
}

/// A fault of a whole report that was read to its end: a key and what of it.
pub(crate) fn fault(key: &str, what: &str) -> Error {
    Error::Refused(crate::Refusal {
        path: key.to_owned(),
        line: 0,
        column: 0,
        what: what.to_owned(),
    })
}

/// Reads an object.
struct Shaped<'a, 'e> {
    shape: &'static Shape,
    trail: &'a Trail,
    outer: Option<&'a Outer<'a>>,
    each: &'a mut Each<'e>,
}

impl<'a, 'e> Shaped<'a, 'e> {
    fn top(shape: &'static Shape, trail: &'a Trail, each: &'a mut Each<'e>) -> Self {
        let outer = None;
        Self {
            shape,
            trail,
            outer,
            each,
        }
    }

    /// Reads the value of a key into `record`.
    fn value<'de, A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
        (key, want): (&'static str, &'static Want),
        record: &mut Record,
    ) -> Result<(), A::Error> {
        match want {
            Want::Text(limit) => {
                let text = map.next_value_seed(Nullable(scalar::Text { limit: *limit }))?;
                if let Some(text) = text {
                    record.put(key, text);
                }
            }
            Want::Number => {
                let text = map.next_value_seed(Nullable(scalar::Number))?;
                if let Some(text) = text {
                    record.put(key, text);
                }
            }
            Want::Flag => {
                let flag = map.next_value_seed(Nullable(scalar::Flag))?;
                if let Some(flag) = flag {
                    record.put(key, flag.to_string());
                }
            }
            Want::Texts(most, limit) | Want::Tagged(most, limit) => {
                let texts = map.next_value_seed(scalar::Loose {
                    most: *most,
                    limit: *limit,
                })?;
                for text in texts {
                    record.put(key, text);
                }
            }
            Want::One(shape) => {
                let (trail, outer) = (self.trail, self.outer);
                let seed = Shaped {
                    shape,
                    trail,
                    outer,
                    each: &mut *self.each,
                };
                let part = map.next_value_seed(Nullable(seed))?;
                if let Some(part) = part {
                    record.add(key, part);
                }
            }
            Want::Many(most, shape) => {
                let (trail, outer) = (self.trail, self.outer);
                let mut left = *most;
                let mut keep = |_: &At<'_>, part| {
                    if left > 0 {
                        record.add(key, part);
                        left -= 1;
                    }
                    Ok(())
                };
                let list = List {
                    key,
                    shape,
                    trail,
                    outer,
                    each: &mut *self.each,
                    keep: Some(&mut keep),
                };
                map.next_value_seed(Nullable(list))?;
            }
            Want::Through(shape) | Want::Entries(shape) => {
                let outer = Outer {
                    record,
                    outer: self.outer,
                };
                let (trail, outer) = (self.trail, Some(&outer));
                let mut forget = |_: &At<'_>, _| Ok(());
                let keep: Option<&mut Each<'_>> = if matches!(want, Want::Through(_)) {
                    Some(&mut forget)
                } else {
                    None
                };
                let list = List {
                    key,
                    shape,
                    trail,
                    outer,
                    each: &mut *self.each,
                    keep,
                };
                if map.next_value_seed(Nullable(list))?.is_some() {
                    record.list(key);
                }
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Shaped<'_, '_> {
    type Value = Record;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Shaped<'_, '_> {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Record, A::Error> {
        let mut record = Record::default();
        let mut seen = 0_u64;
        while let Some(found) = map.next_key_seed(Key(self.shape))? {
            let Some(at) = found else {
                map.next_value_seed(scalar::Skip)?;
                continue;
            };
            let Some((key, want)) = self.shape.get(at) else {
                continue;
            };
            if seen & (1 << at) != 0 {
                return Err(A::Error::custom(format_args!("the key `{key}` is there twice")));
            }
            seen |= 1 << at;
            self.trail.push(Step::Key(key));
            self.value(&mut map, (key, want), &mut record)?;
            self.trail.pop();
        }
        Ok(record)
    }
}

/// The place of a key in a shape, if it is there.
struct Key(&'static Shape);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<usize>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|(key, _)| *key == text))
    }
}

/// Reads an array of objects; each goes to `keep`, or is an entry where there is none.
struct List<'a, 'e, 'k> {
    key: &'static str,
    shape: &'static Shape,
    trail: &'a Trail,
    outer: Option<&'a Outer<'a>>,
    each: &'a mut Each<'e>,
    keep: Option<&'a mut Each<'k>>,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let (shape, trail, outer) = (self.shape, self.trail, self.outer);
        for index in 0.. {
            trail.push(Step::Index(index));
            let item = Shaped {
                shape,
                trail,
                outer,
                each: &mut *self.each,
            };
            if let Some(record) = seq.next_element_seed(item)? {
                let at = At {
                    trail,
                    key: self.key,
                    outer,
                };
                let taken = match &mut self.keep {
                    Some(keep) => keep(&at, record),
                    None => (self.each)(&at, record),
                };
                taken.map_err(A::Error::custom)?;
                trail.pop();
            } else {
                trail.pop();
                break;
            }
        }
        Ok(())
    }
}

/// Reads an object as an entry, or an array of them; counts over all of a file.
pub(super) struct Lines<'a, 'e> {
    pub(super) shape: &'static Shape,
    pub(super) trail: &'a Trail,
    pub(super) each: &'a mut Each<'e>,
    pub(super) index: usize,
}

impl<'de> DeserializeSeed<'de> for &mut Lines<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Lines<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.trail.push(Step::Index(self.index));
        let record = Shaped::top(self.shape, self.trail, &mut *self.each).visit_map(map)?;
        let (trail, key, outer) = (self.trail, "", None);
        (self.each)(&At { trail, key, outer }, record).map_err(A::Error::custom)?;
        self.trail.pop();
        self.index += 1;
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        let (shape, trail) = (self.shape, self.trail);
        let list = List {
            key: "",
            shape,
            trail,
            outer: None,
            each: &mut *self.each,
            keep: None,
        };
        list.visit_seq(seq)
    }
}
