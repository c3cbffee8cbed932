//! Walks a JSON text object by object, holding only what a reader asks for, and tracking the current position.
//!
//! Owns: [`Trail`] (the path to the value being read), [`Fields`] and [`Elements`] (how a reader takes an object or an
//! array apart). Must not: know a format.

use std::{cell::RefCell, fmt, marker::PhantomData};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{
    scalar::{self, Skip},
    soft::{Kind, Soft, Softness},
};

/// The path from the top to the value being read. After an error it still shows where that was.
#[derive(Default)]
pub(crate) struct Trail(RefCell<Vec<Step>>, pub(super) Softness);

/// One step of a path.
pub(crate) enum Step {
    /// Into the value of a key.
    Key(&'static str),
    /// Into an element of an array.
    Index(usize),
}

impl Trail {
    /// Goes one step down.
    pub(crate) fn push(&self, step: Step) {
        self.0.borrow_mut().push(step);
    }

    /// The index of the outermost array, the next one in it, and so on.
    pub(crate) fn index(&self, array: usize) -> Option<usize> {
        let steps = self.0.borrow();
        let mut indices = steps.iter().filter_map(|step| match step {
            Step::Index(index) => Some(*index),
            Step::Key(_) => None,
        });
        indices.nth(array)
    }

    /// The number of steps.
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// The rest of the path after `depth` steps.
    pub(crate) fn below(&self, depth: usize) -> String {
        let steps = self.0.borrow();
        Path(steps.get(depth..).unwrap_or_default()).to_string()
    }

    /// Goes back up.
    pub(crate) fn pop(&self) {
        self.0.borrow_mut().pop();
    }
}

/// Steps as a path: `results[3].start.line`.
struct Path<'s>(&'s [Step]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if at == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Path(&self.0.borrow()).fmt(f)
    }
}

/// Reads one kind of object, key by key in their order. Keys it does not name are skipped; a key it names may occur
/// once. `null` counts as absent.
pub(crate) trait Fields {
    /// What it is, for messages: `a result object`.
    const WHAT: &'static str;
    /// The keys it reads, at most 64.
    const KEYS: &'static [&'static str];

    /// Reads the value of one of [`KEYS`](Self::KEYS).
    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error>;

    /// What is wrong with the whole object after reading: a key, and what is wrong with it.
    fn finish(&self) -> Result<(), (&'static str, &'static str)> {
        Ok(())
    }
}

/// Reads the objects of one array, one after the other.
pub(crate) trait Elements {
    /// Whether an invalid element is handed over with its fault ([`unfit`](Self::unfit)) instead of ending the pass.
    const CONTAINED: bool = false;

    /// The reader of one element.
    type Item: Fields;

    /// Creates the reader of the element at `index`.
    fn begin(&mut self, index: usize) -> Result<Self::Item, String>;

    /// Takes an element that was read.
    fn end(&mut self, index: usize, item: Self::Item) -> Result<(), String>;

    /// Takes an invalid element, as far as it was read, with its fault.
    fn unfit(&mut self, index: usize, item: Self::Item, _: String) -> Result<(), String> {
        self.end(index, item)
    }
}

/// The value of a key, yet to be read.
pub(crate) struct Value<'a, A> {
    map: &'a mut A,
    trail: &'a Trail,
    key: &'static str,
}

impl<'a, 'de, A: MapAccess<'de>> Value<'a, A> {
    /// Reads it with `seed`, which takes values of this kind; on an error the trail keeps the key.
    fn seed<S: DeserializeSeed<'de>>(
        self,
        kind: Kind,
        seed: impl FnOnce(&'a Trail) -> S,
    ) -> Result<Option<S::Value>, A::Error> {
        let trail = self.trail;
        trail.push(Step::Key(self.key));
        let seed = seed(trail);
        let value = if trail.is_soft() {
            self.map.next_value_seed(Soft { seed, kind, trail })?
        } else {
            self.map.next_value_seed(Nullable(seed))?
        };
        trail.pop();
        Ok(value)
    }

    /// Reads it with `read`; faults within are left out instead of ending the pass. Returns the first fault.
    pub(crate) fn contained(
        self,
        read: impl FnOnce(Self) -> Result<(), A::Error>,
    ) -> Result<Option<String>, A::Error> {
        let trail = self.trail;
        let before = trail.soften();
        read(self)?;
        Ok(trail.harden(before))
    }

    /// An object; returns whether there was one.
    pub(crate) fn object<T: Fields>(self, into: &mut T) -> Result<bool, A::Error> {
        self.seed(Kind::Map, |trail| Object { into, trail })
            .map(|found| found.is_some())
    }

    /// An array of objects; returns whether there was one.
    pub(crate) fn each<E: Elements>(self, into: &mut E) -> Result<bool, A::Error> {
        self.seed(Kind::Seq, |trail| Array { into, trail })
            .map(|found| found.is_some())
    }

    /// A text, truncated to `limit` bytes.
    pub(crate) fn text(self, limit: usize) -> Result<Option<String>, A::Error> {
        self.seed(Kind::Scalar, |_| scalar::Text { limit })
    }

    /// A whole number.
    pub(crate) fn integer(self) -> Result<Option<i64>, A::Error> {
        self.seed(Kind::Scalar, |_| scalar::Integer)
    }

    /// True or false.
    pub(crate) fn flag(self) -> Result<Option<bool>, A::Error> {
        self.seed(Kind::Scalar, |_| scalar::Flag)
    }

    /// One of `words`.
    pub(crate) fn word(self, words: &'static [&'static str]) -> Result<Option<&'static str>, A::Error> {
        self.seed(Kind::Scalar, |_| scalar::Word(words))
    }

    /// An object with values as in property bags ([`loose`](Self::loose)); `keep` gets each key and the first text of
    /// its value, truncated to `limit` bytes.
    pub(crate) fn pairs(self, limit: usize, keep: impl FnMut(String, String)) -> Result<(), A::Error> {
        self.seed(Kind::Map, |_| scalar::Pairs { limit, keep }).map(drop)
    }

    /// An object of objects; `keep` gets each key and the value that was read.
    pub(crate) fn table<T: Fields + Default>(self, keep: impl FnMut(String, T)) -> Result<(), A::Error> {
        self.seed(Kind::Map, |trail| Table {
            keep,
            trail,
            item: PhantomData::<T>,
        })
        .map(drop)
    }

    /// A value of a property bag: a text or a number as one text, an array as its texts (the first `most`, each
    /// truncated to `limit` bytes), nothing for anything else.
    pub(crate) fn loose(self, most: usize, limit: usize) -> Result<Vec<String>, A::Error> {
        self.trail.push(Step::Key(self.key));
        let texts = self.map.next_value_seed(scalar::Loose { most, limit })?;
        self.trail.pop();
        Ok(texts)
    }
}

/// Reads an object with `into`.
pub(crate) struct Object<'a, T> {
    pub(crate) into: &'a mut T,
    pub(crate) trail: &'a Trail,
}

impl<'de, T: Fields> DeserializeSeed<'de> for Object<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Fields> Visitor<'de> for Object<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = 0_u64;
        while let Some(key) = map.next_key_seed(scalar::Key(T::KEYS))? {
            let Some((at, key)) = key else {
                map.next_value_seed(Skip)?;
                continue;
            };
            if seen & (1 << at) != 0 {
                self.trail.unfit(format_args!("the key `{key}` occurs twice"))?;
                map.next_value_seed(Skip)?;
                continue;
            }
            seen |= 1 << at;
            let value = Value {
                map: &mut map,
                trail: self.trail,
                key,
            };
            self.into.field(key, value)?;
        }
        if let Err((key, what)) = self.into.finish() {
            self.trail.push(Step::Key(key));
            self.trail.unfit(what)?;
            self.trail.pop();
        }
        Ok(())
    }
}

/// Reads an array of objects with `into`.
struct Array<'a, E> {
    into: &'a mut E,
    trail: &'a Trail,
}

impl<'de, E: Elements> DeserializeSeed<'de> for Array<'_, E> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, E: Elements> Visitor<'de> for Array<'_, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for index in 0.. {
            self.trail.push(Step::Index(index));
            // Only reading shows whether there is another element.
            let mut item = None;
            let element = Element {
                into: self.into,
                item: &mut item,
                trail: self.trail,
                index,
            };
            let before = E::CONTAINED.then(|| self.trail.soften());
            let read = seq.next_element_seed(element)?;
            let fault = before.and_then(|before| self.trail.harden(before));
            if read.is_none() {
                self.trail.pop();
                break;
            }
            if let Some(item) = item {
                let taken = match fault {
                    Some(fault) => self.into.unfit(index, item, fault),
                    None => self.into.end(index, item),
                };
                taken.map_err(A::Error::custom)?;
            }
            self.trail.pop();
        }
        Ok(())
    }
}

/// Reads one element of an array.
struct Element<'a, E: Elements> {
    into: &'a mut E,
    item: &'a mut Option<E::Item>,
    trail: &'a Trail,
    index: usize,
}

impl<'de, E: Elements> DeserializeSeed<'de> for Element<'_, E> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let item = self
            .item
            .insert(self.into.begin(self.index).map_err(D::Error::custom)?);
        let trail = self.trail;
        let seed = Object { into: item, trail };
        if trail.is_soft() {
            let kind = Kind::Map;
            return Soft { seed, kind, trail }.deserialize(deserializer).map(drop);
        }
        seed.deserialize(deserializer)
    }
}

/// Reads an object with arbitrary keys whose values are objects.
struct Table<'a, T, K> {
    keep: K,
    trail: &'a Trail,
    item: PhantomData<T>,
}

impl<'de, T: Fields + Default, K: FnMut(String, T)> DeserializeSeed<'de> for Table<'_, T, K> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Fields + Default, K: FnMut(String, T)> Visitor<'de> for Table<'_, T, K> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let limit = scalar::KEY_LIMIT;
        while let Some(key) = map.next_key_seed(scalar::Text { limit })? {
            let mut item = T::default();
            let (into, trail) = (&mut item, self.trail);
            let (seed, kind) = (Object { into, trail }, Kind::Map);
            if trail.is_soft() {
                map.next_value_seed(Soft { seed, kind, trail })?;
            } else {
                map.next_value_seed(seed)?;
            }
            (self.keep)(key, item);
        }
        Ok(())
    }
}

/// Reads a value, or `null` as nothing.
pub(crate) struct Nullable<S>(pub(crate) S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Nullable<S> {
    type Value = Option<S::Value>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Nullable<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}
