//! What a kind of world defines, and what happens to all worlds of a scan report at once.

use std::fmt::Debug;

use base::Id;
use proptest::strategy::BoxedStrategy;
use records::findings::Status;

use super::rows::Row;

/// Scan reports that every batch of worlds gets, in order.
pub(crate) const ROUNDS: usize = 4;

/// The kind of a scan report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Complete, and the latest one: it closes what it does not contain.
    Whole,
    /// Sent with `close=none`.
    Keeping,
    /// Something in it could not be read, or the tool failed.
    Partial,
    /// Older than the previous one.
    Older,
}

/// One scan report of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) number: usize,
    pub(crate) kind: Kind,
    /// Chooses the order of the entries, and which hosts the scan report names.
    pub(crate) seed: u64,
    /// The folder of the checkout, the tag of the image.
    pub(crate) build: u64,
    /// The target that the caller names.
    pub(crate) target: Option<&'static str>,
}

impl Round {
    /// When the scan report was created: each an hour after the previous one, an older one long before.
    pub(crate) fn hour(&self) -> u64 {
        match self.kind {
            Kind::Older => 0,
            _ => 1 + self.number as u64,
        }
    }

    /// Whether anything that the scan report does not contain is gone.
    pub(crate) fn closes(&self) -> bool {
        self.kind == Kind::Whole
    }

    /// Whether the scan report names this host or site.
    pub(crate) fn names(&self, host: usize) -> bool {
        self.number == 0 || !mix(self.seed ^ host as u64).is_multiple_of(8)
    }
}

/// An entry of a scan report: on which host, and in the tool's format.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) host: usize,
    pub(crate) text: String,
}

/// The effect of a scan report on one world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) created: u64,
    pub(crate) reopened: u64,
    pub(crate) closed: u64,
}

/// A scan report as it was read, and the list afterwards.
pub(crate) struct Seen<'a> {
    pub(crate) round: &'a Round,
    pub(crate) scan: &'a str,
    pub(crate) before: &'a [Row],
    pub(crate) rows: &'a [Row],
}

/// One world: its true state, and what must be in the list.
pub(crate) trait World: Sized {
    const NAME: &'static str;
    type Script: Debug + Clone;

    fn scripts() -> BoxedStrategy<Self::Script>;

    /// The number is part of the names of all its places, to distinguish its findings from those of the others.
    fn new(number: usize, script: Self::Script) -> Self;

    /// What happens until this scan report, and which statuses users set in the meantime.
    fn live(&mut self, round: &Round) -> Vec<(Id, Status)>;

    /// Its entries in the scan report, and how many of them are exact duplicates.
    fn write(&self, round: &Round) -> (Vec<Written>, u64);

    /// Compares the list with what must be in it.
    fn check(&mut self, seen: &Seen<'_>) -> Result<Tally, String>;

    /// The scan report of these entries; how many others it contains, and how many of those are skipped.
    fn report(entries: &[Written], hosts: usize, round: &Round) -> (String, u64, u64);

    /// The hosts of this many worlds; none for tools without hosts.
    fn hosts(worlds: usize) -> usize;
}

/// A word for a number: numbers in messages are not evidence.
pub(crate) fn word(number: usize) -> &'static str {
    ["alpha", "beta", "gamma", "delta"]
        .get(number)
        .copied()
        .unwrap_or("omega")
}

/// A number that looks random.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Whether all of these are equal.
pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
