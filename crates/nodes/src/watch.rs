//! Which nodes have ended, from what their rows showed and when.
//!
//! Must not: read a clock, or a time in a row: clocks of machines differ and are set.

use std::{collections::BTreeMap, time::Duration};

use base::{Id, Time};

/// After how long without a heartbeat a node has ended.
const SILENCE: Duration = Duration::from_secs(12);

/// What was seen of each node. Times are monotonic.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    nodes: BTreeMap<Id, Seen>,
    last: Option<Time>,
}

#[derive(Debug)]
struct Seen {
    run: Id,
    beats: u64,
    /// Since when it is the same.
    since: Time,
    ended: bool,
}

/// A row: the node, its process and its heartbeats.
pub(crate) type Row = (Id, Id, u64);

impl Watch {
    /// The rows at this time; returns the nodes that have ended since the last look.
    pub(crate) fn look(&mut self, rows: &[Row], now: Time) -> Vec<Id> {
        // While this node could not look, perhaps nobody could show that it is alive.
        let blind = self.last.is_none_or(|last| now.since(last) >= SILENCE / 2);
        self.last = Some(now);
        self.nodes.retain(|id, _| rows.iter().any(|(row, ..)| row == id));
        let mut ended = Vec::new();
        for &(id, run, beats) in rows {
            let seen = self.nodes.entry(id).or_insert(Seen {
                run,
                beats,
                since: now,
                ended: false,
            });
            if (seen.run, seen.beats) != (run, beats) {
                *seen = Seen {
                    run,
                    beats,
                    since: now,
                    ended: false,
                };
            } else if blind {
                seen.since = now;
            } else if !seen.ended && now.since(seen.since) >= SILENCE {
                seen.ended = true;
                ended.push(id);
            }
        }
        ended
    }

    /// Whether this node showed no heartbeat for too long.
    pub(crate) fn has_ended(&self, node: Id) -> bool {
        self.nodes.get(&node).is_some_and(|seen| seen.ended)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(byte: u8) -> Id {
        Id::from_parts(1, [byte; 10])
    }

    fn at(seconds: u64) -> Time {
        Time::from_nanos(1_000_000_000_000_000_000).after(Duration::from_secs(seconds))
    }

    // promise: N2
    #[test]
    fn a_node_without_heartbeats_has_ended_once() {
        let mut watch = Watch::default();
        for second in (0..12).step_by(3) {
            assert!(
                watch.look(&[(id(1), id(9), 5)], at(second)).is_empty(),
                "{second}"
            );
        }
        assert_eq!(watch.look(&[(id(1), id(9), 5)], at(12)), [id(1)]);
        assert!(watch.has_ended(id(1)));
        assert!(
            watch.look(&[(id(1), id(9), 5)], at(15)).is_empty(),
            "reported once"
        );
        assert!(watch.look(&[(id(1), id(9), 6)], at(18)).is_empty());
        assert!(!watch.has_ended(id(1)), "it is back");
        assert!(watch.look(&[], at(21)).is_empty(), "it stopped in order");
    }

    // promise: N2
    #[test]
    fn nobody_has_ended_while_nobody_could_look() {
        let mut watch = Watch::default();
        watch.look(&[(id(1), id(9), 5)], at(0));
        // The database was away for a minute.
        for second in [60, 63, 66, 69] {
            assert!(
                watch.look(&[(id(1), id(9), 5)], at(second)).is_empty(),
                "{second}"
            );
        }
        assert_eq!(watch.look(&[(id(1), id(9), 5)], at(72)), [id(1)]);
    }

    proptest! {
        /// Against the definition, with a look every three seconds: a node is reported exactly when its row was the same
        /// in five looks in a row, and only once.
        #[test]
        fn a_node_is_reported_after_five_equal_looks(beats in prop::collection::vec(any::<bool>(), 1..60)) {
            let mut watch = Watch::default();
            let (mut count, mut equal) = (0, 0);
            for (turn, beat) in beats.into_iter().enumerate() {
                if beat || turn == 0 {
                    count += 1;
                    equal = 0;
                }
                equal += 1;
                let ended = watch.look(&[(id(1), id(9), count)], at(3 * turn as u64));
                prop_assert_eq!(!ended.is_empty(), equal == 5);
                prop_assert_eq!(watch.has_ended(id(1)), equal >= 5);
            }
        }
    }
}
