//! Reads the values of an object by its shape.
//!
//! Owns: what each [`Want`] accepts in JSON, and the reach of a value of the wrong kind: it invalidates the list
//! element that contains it ([`Record::sound`]), not the file. Must not: keep an entry.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{
    scalar::{self, cut},
    walk::{Step, Trail},
};
use crate::shape::{At, Each, KEY, Outer, Record, SHORT, Shape, Want};

/// The first problem of one element.
pub(super) struct Scope {
    /// The number of steps in the trail to it.
    depth: usize,
    /// Whether it is the file: if its lists are not lists, it is of another kind.
    file: bool,
    fault: RefCell<Option<String>>,
}

impl Scope {
    /// The whole file.
    pub(super) fn file() -> Self {
        let (depth, file) = (0, true);
        Self {
            depth,
            file,
            fault: RefCell::default(),
        }
    }

    /// The element at the trail's end.
    pub(super) fn element(trail: &Trail) -> Self {
        let (depth, file) = (trail.len(), false);
        Self {
            depth,
            file,
            fault: RefCell::default(),
        }
    }

    fn note(&self, trail: &Trail, what: &str) {
        let place = trail.below(self.depth);
        let fault = if place.is_empty() {
            what.to_owned()
        } else {
            format!("{place}: {what}")
        };
        self.fault.borrow_mut().get_or_insert(fault);
    }

    /// The record that was read; only the reason if the element is invalid.
    pub(super) fn end(self, record: Record) -> Record {
        match self.fault.into_inner() {
            None => record,
            Some(fault) if self.file => record.with_fault(fault),
            Some(fault) => Record::default().with_fault(fault),
        }
    }
}

/// The context every value is read with.
pub(super) struct Within<'a, 'e> {
    pub(super) trail: &'a Trail,
    pub(super) scope: &'a Scope,
    pub(super) outer: Option<&'a Outer<'a>>,
    pub(super) each: &'a mut Each<'e>,
}

impl<'e> Within<'_, 'e> {
    /// The same for a nested value.
    fn further(&mut self) -> Within<'_, 'e> {
        Within {
            trail: self.trail,
            scope: self.scope,
            outer: self.outer,
            each: &mut *self.each,
        }
    }
}

/// Reads an object.
pub(super) struct Shaped<'a, 'e> {
    pub(super) shape: &'static Shape,
    pub(super) within: Within<'a, 'e>,
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
        let (trail, scope) = (self.within.trail, self.within.scope);
        while let Some(found) = map.next_key_seed(Key(self.shape))? {
            let Some((at, (key, want))) = found.and_then(|at| Some((at, self.shape.get(at)?))) else {
                map.next_value_seed(scalar::Skip)?;
                continue;
            };
            if seen & (1 << at) != 0 {
                let what = format!("the key `{key}` occurs twice");
                if scope.file {
                    return Err(A::Error::custom(what));
                }
                scope.note(trail, &what);
                map.next_value_seed(scalar::Skip)?;
                continue;
            }
            seen |= 1 << at;
            trail.push(Step::Key(key));
            map.next_value_seed(Field {
                key,
                want,
                record: &mut record,
                within: self.within.further(),
            })?;
            trail.pop();
        }
        Ok(record)
    }
}

/// The position of a key in a shape, if present.
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

/// Reads a value of any kind into a record: what is wanted is kept, `null` counts as absent, anything else is skipped
/// and noted.
struct Field<'a, 'e, 'r> {
    key: &'static str,
    want: &'r Want,
    record: &'r mut Record,
    within: Within<'a, 'e>,
}

impl Field<'_, '_, '_> {
    fn put(self, text: &str, limit: usize) {
        self.record.put(self.key, cut(text, limit).to_owned());
    }

    fn expected(&self) -> &'static str {
        match self.want {
            Want::Text(_) | Want::Texts(..) | Want::Tagged(..) => "a string",
            Want::Number => "a number",
            Want::Flag => "true or false",
            Want::One(_) | Want::Named(_) | Want::Table(..) => "an object",
            Want::Many(..) | Want::Through(_) | Want::Entries(_) => "an array of objects",
        }
    }

    /// Notes that it is of the wrong kind. A file whose lists are not lists is of another tool.
    fn wrong<E: Error>(self, found: &str) -> Result<(), E> {
        let what = format!("must be {}, not {found}", self.expected());
        let list = matches!(self.want, Want::Many(..) | Want::Through(_) | Want::Entries(_));
        if self.within.scope.file && list {
            return Err(E::custom(what));
        }
        self.within.scope.note(self.within.trail, &what);
        Ok(())
    }

    fn number<E: Error>(self, number: &dyn ToString) -> Result<(), E> {
        if !matches!(self.want, Want::Number | Want::Texts(..) | Want::Tagged(..)) {
            return self.wrong("a number");
        }
        self.put(&number.to_string(), usize::MAX);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Field<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        match self.want {
            Want::Flag => self.put(if flag { "true" } else { "false" }, usize::MAX),
            // The texts of the scanner's own property bag, where every kind of value is allowed.
            Want::Texts(..) | Want::Tagged(..) => {}
            _ => return self.wrong("true or false"),
        }
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.number(&number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.number(&number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.number(&number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match *self.want {
            Want::Text(limit) | Want::Texts(_, limit) | Want::Tagged(_, limit) => self.put(text, limit),
            // Scanners often quote numbers.
            Want::Number => self.put(text, 64),
            Want::Named(_) => self.put(text, SHORT),
            _ => return self.wrong("a string"),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, seq: A) -> Result<(), A::Error> {
        let key = self.key;
        match *self.want {
            Want::Texts(most, limit) | Want::Tagged(most, limit) => {
                self.record.list(key);
                self.texts(seq, most, limit)
            }
            Want::Many(most, shape) => {
                let (take, within) = (Take::Keep(most, self.record), self.within);
                List {
                    key,
                    shape,
                    take,
                    within,
                }
                .read(seq)
            }
            Want::Through(shape) | Want::Entries(shape) => {
                self.record.list(key);
                let (record, outer) = (&*self.record, self.within.outer);
                let outer = Outer { record, outer };
                let outer = Some(&outer);
                let take = match self.want {
                    Want::Through(_) => Take::Through,
                    _ => Take::Entry,
                };
                let within = Within {
                    outer,
                    ..self.within.further()
                };
                List {
                    key,
                    shape,
                    take,
                    within,
                }
                .read(seq)
            }
            _ => {
                scalar::Skip.visit_seq(seq)?;
                self.wrong("an array")
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, map: A) -> Result<(), A::Error> {
        match *self.want {
            Want::One(shape) | Want::Named(shape) => {
                let within = self.within;
                let part = Shaped { shape, within }.visit_map(map)?;
                self.record.add(self.key, part);
                Ok(())
            }
            Want::Table(most, shape) => self.table(map, most, shape),
            Want::Texts(..) | Want::Tagged(..) => scalar::Skip.visit_map(map),
            _ => {
                scalar::Skip.visit_map(map)?;
                self.wrong("an object")
            }
        }
    }
}

impl Field<'_, '_, '_> {
    /// Reads an array of texts; other values in it are ignored.
    fn texts<'de, A: SeqAccess<'de>>(self, mut seq: A, most: usize, limit: usize) -> Result<(), A::Error> {
        let (mut kept, one) = (0, scalar::Loose { most: 1, limit });
        while let Some(texts) = seq.next_element_seed(one)? {
            for text in texts {
                if kept < most {
                    self.record.put(self.key, text);
                    kept += 1;
                } else {
                    self.record.count_cut(self.key);
                }
            }
        }
        Ok(())
    }

    /// Reads an object of objects.
    fn table<'de, A: MapAccess<'de>>(
        &mut self,
        mut map: A,
        most: usize,
        shape: &'static Shape,
    ) -> Result<(), A::Error> {
        let (want, limit) = (Want::One(shape), scalar::KEY_LIMIT);
        let mut kept = 0;
        while let Some(name) = map.next_key_seed(scalar::Text { limit })? {
            let mut value = Record::default();
            map.next_value_seed(Field {
                key: KEY,
                want: &want,
                record: &mut value,
                within: self.within.further(),
            })?;
            for mut part in value.into_parts(KEY) {
                part.put(KEY, name.clone());
                if kept < most {
                    self.record.add(self.key, part);
                    kept += 1;
                } else {
                    self.record.count_cut(self.key);
                }
            }
        }
        Ok(())
    }
}

/// What happens to the objects of an array.
pub(super) enum Take<'r> {
    /// Up to this many are kept.
    Keep(usize, &'r mut Record),
    /// They are not kept; they contain entries.
    Through,
    /// Each is an entry.
    Entry,
}

/// Reads an array of objects.
pub(super) struct List<'a, 'e, 'r> {
    pub(super) key: &'static str,
    pub(super) shape: &'static Shape,
    pub(super) take: Take<'r>,
    pub(super) within: Within<'a, 'e>,
}

impl List<'_, '_, '_> {
    pub(super) fn read<'de, A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let trail = self.within.trail;
        let want = Want::One(self.shape);
        for index in 0.. {
            trail.push(Step::Index(index));
            let own = Scope::element(trail);
            let apart = self.within.scope.file || !matches!(self.take, Take::Keep(..));
            let scope = if apart { &own } else { self.within.scope };
            let mut element = Record::default();
            let field = Field {
                key: "",
                want: &want,
                record: &mut element,
                within: Within {
                    scope,
                    ..self.within.further()
                },
            };
            if seq.next_element_seed(field)?.is_none() {
                trail.pop();
                return Ok(());
            }
            let record = element.into_parts("").pop();
            if record.is_none() {
                scope.note(trail, "must be an object, not null");
            }
            self.end(own.end(record.unwrap_or_default()))
                .map_err(A::Error::custom)?;
            trail.pop();
        }
        Ok(())
    }

    /// Handles an element that was read.
    fn end(&mut self, record: Record) -> Result<(), String> {
        let at = At {
            trail: self.within.trail,
            key: self.key,
            outer: self.within.outer,
        };
        match &mut self.take {
            Take::Keep(0, list) => {
                list.count_cut(self.key);
                Ok(())
            }
            Take::Keep(left, list) => {
                *left -= 1;
                list.add(self.key, record);
                Ok(())
            }
            // The reader must know about entries that could not be reached.
            Take::Through if record.sound().is_ok() => Ok(()),
            Take::Through | Take::Entry => (self.within.each)(&at, record),
        }
    }
}
