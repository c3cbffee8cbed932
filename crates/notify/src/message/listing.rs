//! The records that a message about several names: as many as are worth reading, in order of importance.

use base::Severity;

use channels::message::Entry;

/// How many are named at most.
pub(super) const ENTRIES: usize = 50;

/// The sort order: the smaller, the earlier.
type Rank = (bool, std::cmp::Reverse<Option<Severity>>);

/// The entries, and how many there are in total.
#[derive(Debug, Clone, Default)]
pub(super) struct Listing {
    entries: Vec<(Rank, Entry)>,
    pub(super) count: usize,
}

impl Listing {
    /// Adds one that is later than the previous ones. Closed ones come last, else the more severe come first; among
    /// equals the earlier. The entry is only built if it is named.
    pub(super) fn add(&mut self, is_over: bool, severity: Option<Severity>, entry: impl FnOnce() -> Entry) {
        self.count += 1;
        let rank = (is_over, std::cmp::Reverse(severity));
        let place = self.entries.partition_point(|(other, _)| *other <= rank);
        if place < ENTRIES {
            self.entries.truncate(ENTRIES - 1);
            self.entries.insert(place, (rank, entry()));
        }
    }

    /// The entries, their pages below this public URL, and how many more there are.
    pub(super) fn finish(&self, public_url: &str) -> (Vec<Entry>, usize) {
        let base = public_url.trim_end_matches('/');
        let entries = self.entries.iter().map(|(_, entry)| Entry {
            url: format!("{base}{}", entry.url),
            ..entry.clone()
        });
        (entries.collect(), self.count - self.entries.len())
    }
}
