//! Reads on after a value of the wrong kind.
//!
//! Owns: [`Soft`], which takes a value of any kind and notes a fault if it is not of the requested kind. Must not: hide
//! a fault of the text itself; that ends the pass, as if nothing were contained.

use std::{
    cell::{Cell, RefCell},
    fmt::{self, Display},
};

use serde::de::{
    DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor,
    value::{
        BoolDeserializer, Error as Unfit, F64Deserializer, I64Deserializer, MapAccessDeserializer,
        MapDeserializer, SeqAccessDeserializer, SeqDeserializer, StrDeserializer, U64Deserializer,
    },
};

use super::{scalar::Skip, walk::Trail, wording};

/// Whether faults are contained, and the first one since then.
#[derive(Default)]
pub(super) struct Softness {
    /// The number of steps down to the value that contains them; none if they end the pass.
    from: Cell<Option<usize>>,
    fault: RefCell<Option<String>>,
}

/// The state before faults were contained.
pub(super) struct Before(Option<usize>, Option<String>);

impl Trail {
    /// Whether faults are noted instead of ending the pass.
    pub(super) fn is_soft(&self) -> bool {
        self.1.from.get().is_some()
    }

    /// From here on faults are noted. Pass the result to [`harden`](Self::harden).
    pub(super) fn soften(&self) -> Before {
        let from = self.1.from.replace(Some(self.len()));
        Before(from, self.1.fault.take())
    }

    /// Restores the previous state; returns the first fault since then.
    pub(super) fn harden(&self, before: Before) -> Option<String> {
        self.1.from.set(before.0);
        self.1.fault.replace(before.1)
    }

    /// Reports a fault at this place: as an error, or noted if faults are contained.
    pub(super) fn unfit<E: Error>(&self, what: impl Display) -> Result<(), E> {
        let Some(from) = self.1.from.get() else {
            return Err(E::custom(what));
        };
        let mut fault = self.1.fault.borrow_mut();
        if fault.is_none() {
            let path = self.below(from);
            let gap = if path.is_empty() { "" } else { ": " };
            let what = wording::unfit(&what.to_string());
            *fault = Some(format!("{path}{gap}{what}"));
        }
        Ok(())
    }
}

/// The kind of value a seed takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text, a number, true or false.
    Scalar,
    /// An array.
    Seq,
    /// An object.
    Map,
}

/// Reads a value with `seed`; none if it is `null` or of the wrong kind.
pub(super) struct Soft<'a, S> {
    pub(super) seed: S,
    pub(super) kind: Kind,
    pub(super) trail: &'a Trail,
}

impl<'de, S: DeserializeSeed<'de>> Soft<'_, S> {
    /// Reads a value that the parser has consumed, or one of a kind that the seed does not take.
    fn scalar<D: Deserializer<'de, Error = Unfit>, E: Error>(self, value: D) -> Result<Option<S::Value>, E> {
        match self.seed.deserialize(value) {
            Ok(value) => Ok(Some(value)),
            Err(what) => self.trail.unfit(what).map(|()| None),
        }
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Soft<'_, S> {
    type Value = Option<S::Value>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Soft<'_, S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        self.scalar(BoolDeserializer::new(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.scalar(I64Deserializer::new(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.scalar(U64Deserializer::new(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        self.scalar(F64Deserializer::new(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.scalar(StrDeserializer::new(text))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        if self.kind == Kind::Seq {
            return self.seed.deserialize(SeqAccessDeserializer::new(seq)).map(Some);
        }
        self.scalar(SeqDeserializer::new(std::iter::empty::<()>()))?;
        Skip.visit_seq(seq).map(|()| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        if self.kind == Kind::Map {
            return self.seed.deserialize(MapAccessDeserializer::new(map)).map(Some);
        }
        let empty = MapDeserializer::new(std::iter::empty::<((), ())>());
        self.scalar(MapAccessDeserializer::new(empty))?;
        Skip.visit_map(map).map(|()| None)
    }
}
