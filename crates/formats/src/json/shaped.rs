//! Reads a file by a shape.
//!
//! Owns: the pass over a file of one object ([`read`]) or of many ([`read_all`]). Must not: keep an entry, or know what
//! a [`Want`](crate::shape::Want) accepts ([`field`](super::field) does).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{
    field::{List, Scope, Shaped, Take, Within},
    parser,
    walk::{Step, Trail},
};
use crate::{
    Error, Source,
    shape::{At, Each, Record, Shape},
};

/// Reads a file of one object. Entries go to `each`, everything else the shape names is returned. An invalid entry is
/// passed as an empty record with the reason ([`Record::sound`]); so is an invalid element of a list that contains
/// entries.
///
/// # Errors
/// [`Error::Refused`] for the first fault, or the error of `each`.
pub(crate) fn read(
    mut file: &mut dyn Source,
    shape: &'static Shape,
    each: &mut Each<'_>,
) -> Result<Record, Error> {
    let mut parser = parser(&mut file)?;
    let (trail, scope) = (Trail::default(), Scope::file());
    let within = Within {
        trail: &trail,
        scope: &scope,
        outer: None,
        each,
    };
    let read = Shaped { shape, within }.deserialize(&mut parser);
    let read = read.and_then(|record| parser.end().map(|()| record));
    match read {
        Ok(record) => Ok(scope.end(record)),
        Err(error) => Err(Error::of(error, &trail)),
    }
}

/// Reads a file of consecutive objects, each an entry; or of one array of them.
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

/// A fault of a whole scan report that was read to its end: a key, and what is wrong with it.
pub(crate) fn fault(key: &str, what: &str) -> Error {
    Error::Refused(crate::Refusal {
        path: key.to_owned(),
        line: 0,
        column: 0,
        what: what.to_owned(),
    })
}

/// Reads an object as an entry, or an array of them; numbers them across the file.
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
        let (shape, trail, scope) = (self.shape, self.trail, Scope::element(self.trail));
        let within = Within {
            trail,
            scope: &scope,
            outer: None,
            each: &mut *self.each,
        };
        let record = Shaped { shape, within }.visit_map(map)?;
        let record = scope.end(record);
        let (key, outer) = ("", None);
        (self.each)(&At { trail, key, outer }, record).map_err(A::Error::custom)?;
        self.trail.pop();
        self.index += 1;
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        let (shape, trail, scope) = (self.shape, self.trail, Scope::file());
        let within = Within {
            trail,
            scope: &scope,
            outer: None,
            each: &mut *self.each,
        };
        let (key, take) = ("", Take::Entry);
        List {
            key,
            shape,
            take,
            within,
        }
        .read(seq)
    }
}
