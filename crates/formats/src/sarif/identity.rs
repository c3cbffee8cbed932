//! What versions before 0.2 recognised a result by.
//!
//! Owns: which parts of a result its fingerprint consists of. Must not: compare results.
//!
//! A fingerprint is a hash over tool, rule and path together with the best available evidence, in this order:
//! `fingerprints`; `partialFingerprints`; the snippet; the message with its line. The first three stay the same when
//! lines are inserted above. If several results of one scan report share it, those with the same place and message are
//! duplicates; those in other places are other problems and are numbered in the order of their places.

use super::result::Raw;
use crate::{Old, identity::Hash};

/// The inputs of the fingerprint.
pub(super) struct Parts<'a> {
    pub(super) tool: &'a str,
    pub(super) rule: &'a str,
    pub(super) path: &'a str,
    pub(super) message: &'a str,
    pub(super) raw: &'a Raw,
}

/// The old identity of a result.
pub(super) fn of(parts: &Parts<'_>) -> Old {
    let raw = parts.raw;
    let region = &raw.locations.first().region;
    let place = |hash: Hash| {
        hash.number(region.start_line)
            .number(region.start_column)
            .number(region.end_line)
            .number(region.end_column)
            .number(region.offset)
    };
    let detail = place(Hash::new("detail").add(&raw.locations.first().logical)).add(parts.message);
    let small = |number: Option<i64>| u32::try_from(number.unwrap_or_default().max(0)).unwrap_or(u32::MAX);
    Old {
        print: print(parts),
        line: small(region.start_line),
        column: small(region.start_column),
        detail: detail.half(),
    }
}

fn print(parts: &Parts<'_>) -> u128 {
    let raw = parts.raw;
    let region = &raw.locations.first().region;
    let mut hash = Hash::new("sarif 1")
        .add(parts.tool)
        .add(parts.rule)
        .add(parts.path);
    if parts.path.is_empty() {
        hash = hash.add(&raw.locations.first().logical);
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
