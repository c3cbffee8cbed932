//! Reads JSON of any size, from untrusted sources.
//!
//! Owns: the pass over a file, its bounds ([`guard`]), walking it object by object ([`walk`]), and reading it by a
//! [`Shape`](super::shape::Shape) ([`shaped`], [`field`]). Must not: know a format.

mod field;
pub(crate) mod guard;
pub(crate) mod lines;
mod mend;
pub(crate) mod scalar;
pub(crate) mod shaped;
mod soft;
pub(crate) mod walk;
pub(crate) mod wording;

use std::io::{self, BufReader, Read, Seek};

use serde::de::DeserializeSeed;

use self::{
    guard::Guard,
    walk::{Fields, Object, Trail},
};
use super::{Error, start};

/// How much of the file is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// A parser over a guarded file.
pub(crate) type Parser<'f, F> = serde_json::Deserializer<
    serde_json::de::IoRead<BufReader<Guard<io::Chain<io::Cursor<Vec<u8>>, &'f mut F>>>>,
>;

/// A parser at the start of the file, after a byte order mark.
///
/// # Errors
/// [`Error::Refused`] for what cannot be JSON.
pub(crate) fn parser<F: Read + Seek>(file: &mut F) -> Result<Parser<'_, F>, Error> {
    let start = start::rewound(file)?;
    let reader = BufReader::with_capacity(CHUNK, Guard::new(start.chain(file)));
    Ok(serde_json::Deserializer::from_reader(reader))
}

/// Reads the file, one object, from start to end.
pub(crate) fn read<F: Read + Seek, T: Fields>(file: &mut F, into: &mut T) -> Result<(), Error> {
    let mut parser = parser(file)?;
    let trail = Trail::default();
    let seed = Object { into, trail: &trail };
    seed.deserialize(&mut parser)
        .and_then(|()| parser.end())
        .map_err(|error| Error::of(error, &trail))
}
