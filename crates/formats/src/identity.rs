//! What makes two entries the same problem, within one report and from one report to the next.
//!
//! Owns: the hash behind fingerprints, and telling repeated entries from different ones that look alike. Must not:
//! depend on the order of entries in the file, or know what a format identifies a problem by.
//!
//! Where several entries of one report share a print, the same place and detail is the same entry written twice;
//! others are other problems and are numbered in the order of their place.

use sha2::{Digest, Sha256};

/// An entry among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    /// The same for the same problem.
    pub(crate) print: u128,
    /// Where it is, for the order of those that share a print.
    pub(crate) line: u32,
    /// The column of it.
    pub(crate) column: u32,
    /// Differs where place or message differ.
    pub(crate) detail: u64,
}

/// A hash over texts that cannot run into each other.
pub(crate) struct Hash(Sha256);

impl Hash {
    /// An empty one; others of another domain never have the same value.
    pub(crate) fn new(domain: &str) -> Self {
        Self(Sha256::new()).add(domain)
    }

    /// With a text.
    pub(crate) fn add(mut self, text: &str) -> Self {
        self.0.update(text.len().to_le_bytes());
        self.0.update(text);
        self
    }

    /// With a number or none.
    pub(crate) fn number(mut self, number: Option<i64>) -> Self {
        self.0.update([u8::from(number.is_some())]);
        self.0.update(number.unwrap_or_default().to_le_bytes());
        self
    }

    /// Its value.
    pub(crate) fn end(self) -> u128 {
        let digest = self.0.finalize();
        let (start, _) = digest.split_at(16);
        u128::from_be_bytes(start.try_into().unwrap_or_default())
    }

    /// The first half of its value.
    pub(crate) fn half(self) -> u64 {
        u64::try_from(self.end() >> 64).unwrap_or_default()
    }
}

/// What a result is to those that share its print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The same as the result at this index, which stands before it.
    Duplicate(u32),
    /// Another problem; the how-manieth, from 2.
    Further(u32),
}

/// Who shares a print with whom, over a whole report. Results that are alone take no memory.
pub(crate) struct Crowd(Vec<(u32, Mark)>);

impl Crowd {
    /// Sorts out the results of a report; each with its index.
    pub(crate) fn new(mut results: Vec<(Identity, u32)>) -> Self {
        results.sort_unstable();
        let mut marks = Vec::new();
        for group in results.chunk_by(|(one, _), (other, _)| one.print == other.print) {
            let same = |(one, _): &(Identity, u32), (other, _): &(Identity, u32)| one == other;
            for (number, copies) in (1..).zip(group.chunk_by(same)) {
                // Sorted by index within the same identity: the first is the one that counts.
                let Some(((_, first), rest)) = copies.split_first() else {
                    continue;
                };
                marks.extend((number > 1).then_some((*first, Mark::Further(number))));
                marks.extend(rest.iter().map(|(_, index)| (*index, Mark::Duplicate(*first))));
            }
        }
        marks.sort_unstable_by_key(|(index, _)| *index);
        Self(marks)
    }

    /// The indices of those that others repeat; one may come several times.
    pub(crate) fn firsts(&self) -> impl Iterator<Item = u32> {
        self.0.iter().filter_map(|(_, mark)| match mark {
            Mark::Duplicate(first) => Some(*first),
            Mark::Further(_) => None,
        })
    }

    /// The mark of the result at this index, if it shares its print.
    pub(crate) fn mark(&self, index: u32) -> Option<Mark> {
        let at = self.0.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        self.0.get(at).map(|(_, mark)| *mark)
    }
}

/// The fingerprint as it is stored: for a further result of the same print, with its number.
pub(crate) fn fingerprint(identity: &Identity, mark: Option<Mark>) -> String {
    match mark {
        Some(Mark::Further(number)) => format!("{:032x}#{number}", identity.print),
        _ => format!("{:032x}", identity.print),
    }
}
