//! What makes two results the same problem, within one report and from one report to the next.
//!
//! Owns: fingerprints, and telling repeated results from different ones that look alike. Must not: depend on the
//! order of results in the file.
//!
//! A fingerprint is a hash over tool, rule and path together with the best there is, in this order:
//! `fingerprints`; `partialFingerprints`; the snippet; the message with its line. The first three stay the same
//! when lines are inserted above. Where several results of one report share it, the same place and message is the
//! same result written twice; other places are other problems and are numbered in the order of their place.

use sha2::{Digest, Sha256};

use super::result::Raw;

/// What identity is made of.
pub(super) struct Parts<'a> {
    pub(super) tool: &'a str,
    pub(super) rule: &'a str,
    pub(super) path: &'a str,
    pub(super) message: &'a str,
    pub(super) raw: &'a Raw,
}

/// A result among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    /// The same for the same problem.
    print: u128,
    /// Where it is, for the order of those that share a print.
    line: u32,
    column: u32,
    /// Differs where place or message differ.
    detail: u64,
}

/// A hash over texts that cannot run into each other.
struct Hash(Sha256);

impl Hash {
    fn new(domain: &str) -> Self {
        Self(Sha256::new()).add(domain)
    }

    fn add(mut self, text: &str) -> Self {
        self.0.update(text.len().to_le_bytes());
        self.0.update(text);
        self
    }

    fn number(mut self, number: Option<i64>) -> Self {
        self.0.update([u8::from(number.is_some())]);
        self.0.update(number.unwrap_or_default().to_le_bytes());
        self
    }

    fn end(self) -> u128 {
        let digest = self.0.finalize();
        let (start, _) = digest.split_at(16);
        u128::from_be_bytes(start.try_into().unwrap_or_default())
    }
}

/// The identity of a result.
pub(super) fn of(parts: &Parts<'_>) -> Identity {
    let raw = parts.raw;
    let region = &raw.location.region;
    let place = |hash: Hash| {
        hash.number(region.start_line)
            .number(region.start_column)
            .number(region.end_line)
            .number(region.end_column)
            .number(region.offset)
    };
    let detail = place(Hash::new("detail").add(&raw.location.logical)).add(parts.message);
    let small = |number: Option<i64>| u32::try_from(number.unwrap_or_default().max(0)).unwrap_or(u32::MAX);
    Identity {
        print: print(parts),
        line: small(region.start_line),
        column: small(region.start_column),
        detail: u64::try_from(detail.end() >> 64).unwrap_or_default(),
    }
}

fn print(parts: &Parts<'_>) -> u128 {
    let raw = parts.raw;
    let region = &raw.location.region;
    let mut hash = Hash::new("sarif 1")
        .add(parts.tool)
        .add(parts.rule)
        .add(parts.path);
    if parts.path.is_empty() {
        hash = hash.add(&raw.location.logical);
    }
    let prints = [
        ("fingerprints", &raw.fingerprints),
        ("partial", &raw.partial_fingerprints),
    ];
    if let Some((kind, prints)) = prints.into_iter().find(|(_, prints)| !prints.is_empty()) {
        hash = hash.add(kind);
        for (key, value) in prints {
            hash = hash.add(key).add(value);
        }
        return hash.end();
    }
    let snippet: Vec<_> = region.snippet.split_whitespace().collect();
    if !snippet.is_empty() {
        return hash.add("snippet").add(&snippet.join(" ")).end();
    }
    hash.add("message")
        .add(parts.message)
        .number(region.start_line)
        .number(region.offset)
        .end()
}

/// What a result is to those that share its print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The same as the result at this index, which stands before it.
    Duplicate(u32),
    /// Another problem; the how-manieth, from 2.
    Further(u32),
}

/// Who shares a print with whom, over a whole report. Results that are alone take no memory.
pub(super) struct Crowd(Vec<(u32, Mark)>);

impl Crowd {
    /// Sorts out the results of a report; each with its index.
    pub(super) fn new(mut results: Vec<(Identity, u32)>) -> Self {
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

    /// The mark of the result at this index, if it shares its print.
    pub(super) fn mark(&self, index: u32) -> Option<Mark> {
        let at = self.0.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        self.0.get(at).map(|(_, mark)| *mark)
    }
}

/// The fingerprint as it is stored: for a further result of the same print, with its number.
pub(super) fn fingerprint(identity: &Identity, mark: Option<Mark>) -> String {
    match mark {
        Some(Mark::Further(number)) => format!("{:032x}#{number}", identity.print),
        _ => format!("{:032x}", identity.print),
    }
}
