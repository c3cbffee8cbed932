//! Which texts of other nodes were missed.
//!
//! Owns: the last number of each run. Must not: read a clock, or know what a text contains.

use std::{collections::BTreeMap, time::Duration};

use base::{Id, Time};

use super::message::Head;

/// After how long a run that sends nothing is counted as lost.
const SILENCE: Duration = Duration::from_secs(14);

/// The runs heard of since the line was last connected.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    runs: BTreeMap<Id, Run>,
}

#[derive(Debug)]
struct Run {
    node: Id,
    last: u64,
    heard: Time,
}

/// What the number of a received text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Received {
    /// Whether it is new. Otherwise its items were handled, or counted as missed: handled now, they would be out of
    /// order.
    pub(super) fresh: bool,
    /// How many texts before it were missed.
    pub(super) missed: u64,
}

impl Numbers {
    /// A text with this head arrived. Of a run heard for the first time the earlier texts do not count: they
    /// were sent before this node listened.
    pub(super) fn received(&mut self, head: Head, now: Time) -> Received {
        if let Some(run) = self.runs.get_mut(&head.run) {
            run.heard = now;
            let missed = head.number.saturating_sub(run.last + 1);
            let fresh = head.number > run.last;
            run.last = run.last.max(head.number);
            return Received { fresh, missed };
        }
        // The node has started again without a goodbye: what its earlier run sent last is unknown.
        let before = self.runs.len();
        self.runs.retain(|_, run| run.node != head.node);
        let missed = before - self.runs.len();
        self.runs.insert(
            head.run,
            Run {
                node: head.node,
                last: head.number,
                heard: now,
            },
        );
        Received {
            fresh: true,
            missed: u64::try_from(missed).unwrap_or(u64::MAX),
        }
    }

    /// This run ended in order, with the text just received: nothing of it can be missed from now on.
    pub(super) fn ended(&mut self, run: Id) {
        self.runs.remove(&run);
    }

    /// Forgets runs that have been silent for too long, and returns their nodes: what they sent last is unknown.
    pub(super) fn silent(&mut self, now: Time) -> Vec<Id> {
        let lost = self.runs.extract_if(.., |_, run| now.since(run.heard) >= SILENCE);
        lost.map(|(_, run)| run.node).collect()
    }

    /// The line was lost: the numbers after that say nothing about those before.
    pub(super) fn forget(&mut self) {
        self.runs.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const NOW: Time = Time::from_nanos(1_790_000_000_000_000_000);

    fn head(node: u8, run: u8, number: u64) -> Head {
        let id = |byte| Id::from_parts(1, [byte; 10]);
        Head {
            node: id(node),
            run: id(run),
            number,
        }
    }

    fn fresh(missed: u64) -> Received {
        Received { fresh: true, missed }
    }

    // promise: N3
    #[test]
    fn a_gap_is_counted_once_and_a_late_text_is_not_new() {
        let mut numbers = Numbers::default();
        let mut received = |number| numbers.received(head(1, 1, number), NOW);
        assert_eq!(received(40), fresh(0), "where it began to listen");
        assert_eq!(received(41), fresh(0));
        assert_eq!(received(44), fresh(2));
        for late in [42, 43, 44] {
            assert!(!received(late).fresh);
            assert_eq!(received(late).missed, 0);
        }
        assert_eq!(received(45), fresh(0));
    }

    // promise: N3
    #[test]
    fn a_node_that_ends_without_a_goodbye_may_have_sent_more() {
        let mut numbers = Numbers::default();
        numbers.received(head(1, 1, 5), NOW);
        numbers.received(head(2, 2, 5), NOW.after(Duration::from_secs(10)));
        assert_eq!(numbers.received(head(1, 3, 1), NOW), fresh(1), "it started again");
        assert_eq!(numbers.silent(NOW.after(SILENCE)), [head(1, 3, 1).node]);
        assert!(numbers.silent(NOW.after(SILENCE)).is_empty(), "reported once");
        numbers.ended(head(2, 2, 6).run);
        assert_eq!(numbers.received(head(2, 4, 1), NOW), fresh(0), "after a goodbye");
        assert_eq!(numbers.received(head(2, 4, 3), NOW), fresh(1));
        numbers.forget();
        assert_eq!(numbers.received(head(2, 4, 9), NOW), fresh(0));
    }

    proptest! {
        /// Against the definition: of everything between the first and the highest number received so far, what was not
        /// received fresh was counted as missed.
        #[test]
        fn missed_is_what_was_not_received(arrivals in prop::collection::vec((0_u8..3, 1_u64..30), 0..200)) {
            let mut numbers = Numbers::default();
            let mut first = [None; 3];
            let mut got: [BTreeSet<u64>; 3] = Default::default();
            let mut counted = [0; 3];
            for (run, number) in arrivals {
                let at = usize::from(run);
                let received = numbers.received(head(run, run, number), NOW);
                first[at].get_or_insert(number);
                if received.fresh {
                    prop_assert!(got[at].insert(number), "handled twice");
                }
                counted[at] += received.missed;
                for run in 0..3 {
                    let Some(first) = first[run] else { continue };
                    let highest = *got[run].last().unwrap();
                    let missing = (first..=highest).filter(|number| !got[run].contains(number)).count();
                    prop_assert_eq!(counted[run], u64::try_from(missing).unwrap());
                }
            }
        }
    }
}
