//! Who may send now: a limit in total, and a limit per lane, so that a destination that hangs blocks no other (promise
//! S3); and when each lane has something due.
//!
//! Must not: know what is sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::Time;
use tokio::sync::Notify;

/// How many sends are in flight, in total and per lane, and what waits.
#[derive(Debug)]
pub(crate) struct Lanes {
    state: Mutex<State>,
    /// Signaled when a slot is free again or something became due.
    changed: Notify,
    all: usize,
    per_lane: usize,
    /// Lanes that have a limit of their own.
    narrow: HashMap<&'static str, usize>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    lanes: HashMap<Arc<str>, Lane>,
    /// Counts arrivals in all lanes.
    arrivals: u64,
}

#[derive(Debug, Default)]
struct Lane {
    running: usize,
    /// When the first of its waiting rows is due, as far as is known; none if none waits.
    due: Option<Time>,
    /// The number of the last arrival.
    arrival: u64,
    /// The last send hung or could not connect: until one succeeds, one at a time.
    degraded: bool,
}

/// The right to send once in a lane; released when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    lanes: Arc<Lanes>,
    lane: Arc<str>,
}

/// How many at once may be sent in a lane that did not respond recently. More than one, so that a single slow response
/// does not keep it in this state forever.
const DEGRADED: usize = 2;

impl Lanes {
    pub(crate) fn new(all: usize, per_lane: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            changed: Notify::new(),
            all: all.max(1),
            per_lane: per_lane.max(1),
            narrow: HashMap::new(),
        })
    }

    /// The same with a separate limit for one lane.
    pub(crate) fn with_narrow(all: usize, per_lane: usize, lane: &'static str, limit: usize) -> Arc<Self> {
        let mut lanes = Self::new(all, per_lane);
        if let Some(lanes) = Arc::get_mut(&mut lanes) {
            lanes.narrow.insert(lane, limit.max(1));
        }
        lanes
    }

    /// How many slots the lane has.
    fn limit(&self, name: &str, lane: &Lane) -> usize {
        let limit = self
            .narrow
            .get(name)
            .map_or(self.per_lane, |limit| self.per_lane.min(*limit));
        if lane.degraded { limit.min(DEGRADED) } else { limit }
    }

    /// A slot for something new, if there is one and nothing older waits in the lane.
    pub(crate) fn slot_for_new(self: &Arc<Self>, lane: &Arc<str>, now: Time) -> Option<Slot> {
        let mut state = self.lock();
        let waiting = state
            .lanes
            .get(lane)
            .is_some_and(|lane| lane.due.is_some_and(|due| due <= now));
        if waiting {
            return None;
        }
        self.slot(&mut state, lane)
    }

    /// Slots for lanes in which something is due, at most `limit` in all: round-robin, one for each lane per round, so
    /// that a long queue does not starve a short one. The caller then asks the database what is due.
    pub(crate) fn due(self: &Arc<Self>, now: Time, limit: usize) -> Vec<Slot> {
        let mut state = self.lock();
        let mut lanes: Vec<(Time, Arc<str>)> = state
            .lanes
            .iter()
            .filter_map(|(name, lane)| {
                lane.due
                    .filter(|due| *due <= now)
                    .map(|due| (due, Arc::clone(name)))
            })
            .collect();
        lanes.sort_unstable();
        let mut slots = Vec::new();
        while !lanes.is_empty() && slots.len() < limit {
            lanes.retain(|(_, lane)| {
                let slot = if slots.len() < limit {
                    self.slot(&mut state, lane)
                } else {
                    None
                };
                let got = slot.is_some();
                slots.extend(slot);
                got
            });
        }
        slots
    }

    fn slot(self: &Arc<Self>, state: &mut State, lane: &Arc<str>) -> Option<Slot> {
        if state.running >= self.all {
            return None;
        }
        let entry = state.lanes.entry(Arc::clone(lane)).or_default();
        if entry.running >= self.limit(lane, entry) {
            return None;
        }
        entry.running += 1;
        state.running += 1;
        Some(Slot {
            lanes: Arc::clone(self),
            lane: Arc::clone(lane),
        })
    }

    /// Something waits in the lane, due at `due`: called after the commit.
    pub(crate) fn waits(&self, lane: &Arc<str>, due: Time) {
        let mut state = self.lock();
        state.arrivals += 1;
        let arrival = state.arrivals;
        let entry = state.lanes.entry(Arc::clone(lane)).or_default();
        entry.arrival = arrival;
        entry.due = Some(entry.due.map_or(due, |known| known.min(due)));
        drop(state);
        self.changed.notify_one();
    }

    /// The number of the last arrival in any lane: a later answer of the database includes it.
    pub(crate) fn arrivals(&self) -> u64 {
        self.lock().arrivals
    }

    /// When the first waiting row in the lane is due, as the database answered after `arrivals` was called. The
    /// database may have missed later arrivals: then the earlier of both counts.
    pub(crate) fn correct(&self, lane: &Arc<str>, arrivals: u64, due: Option<Time>) {
        let mut state = self.lock();
        let entry = state.lanes.entry(Arc::clone(lane)).or_default();
        entry.due = match (entry.due, due) {
            _ if entry.arrival <= arrivals => due,
            (Some(known), Some(due)) => Some(known.min(due)),
            (known, due) => known.or(due),
        };
        drop(state);
        self.changed.notify_one();
    }

    /// The clock was set by this many nanoseconds, and waiting rows were moved accordingly.
    pub(crate) fn shift(&self, by: i64) {
        let mut state = self.lock();
        for lane in state.lanes.values_mut() {
            let shifted = |due: Time| Time::from_nanos(due.nanos().saturating_add(by));
            lane.due = lane.due.map(shifted);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Whether the lane responded.
    pub(crate) fn answered(&self, lane: &Arc<str>, well: bool) {
        if let Some(lane) = self.lock().lanes.get_mut(lane) {
            lane.degraded = !well;
        }
    }

    /// When the next lane with a free slot has something due.
    pub(crate) fn next_due(&self) -> Option<Time> {
        let state = self.lock();
        if state.running >= self.all {
            return None;
        }
        state
            .lanes
            .iter()
            .filter(|(name, lane)| lane.running < self.limit(name, lane))
            .filter_map(|(_, lane)| lane.due)
            .min()
    }

    /// Whether a claim takes enough to be worth its statements: a lane with something due has half of its slots free. Other lanes
    /// soon have more.
    pub(crate) fn is_worth_claiming(&self, now: Time) -> bool {
        let state = self.lock();
        let mut due = state
            .lanes
            .iter()
            .filter(|(_, lane)| lane.due.is_some_and(|due| due <= now));
        due.any(|(name, lane)| lane.running <= self.limit(name, lane) / 2)
    }

    /// How many sends are in flight.
    #[cfg(test)]
    pub(crate) fn running(&self) -> usize {
        self.lock().running
    }

    /// Waits until something may have changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    pub(crate) const fn lane(&self) -> &Arc<str> {
        &self.lane
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.lanes.lock();
        state.running = state.running.saturating_sub(1);
        if let Some(lane) = state.lanes.get_mut(&self.lane) {
            lane.running = lane.running.saturating_sub(1);
            // Past lanes are removed, or they would accumulate.
            if lane.running == 0 && lane.due.is_none() {
                state.lanes.remove(&self.lane);
            }
        }
        drop(state);
        self.lanes.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_nanos(1_000);

    fn lane(name: &str) -> Arc<str> {
        name.into()
    }

    // promise: S3
    #[test]
    fn a_full_lane_blocks_no_other() {
        let lanes = Lanes::new(8, 2);
        let (hung, well) = (lane("hung"), lane("well"));
        let held: Vec<_> = (0..10).filter_map(|_| lanes.slot_for_new(&hung, NOW)).collect();
        assert_eq!(held.len(), 2);
        assert!(lanes.slot_for_new(&well, NOW).is_some());
        drop(held);
        assert!(lanes.slot_for_new(&hung, NOW).is_some());
        assert_eq!(lanes.running(), 0);
    }

    #[test]
    fn an_unresponsive_lane_gets_fewer_slots_until_it_responds() {
        let lanes = Lanes::new(100, 10);
        let name = lane("a");
        lanes.waits(&name, NOW);
        let slots = |lanes: &Arc<Lanes>| lanes.due(NOW, 100).len();
        assert_eq!(slots(&lanes), 10);
        lanes.answered(&name, false);
        assert_eq!(slots(&lanes), DEGRADED);
        lanes.answered(&name, true);
        assert_eq!(slots(&lanes), 10);
    }

    #[test]
    fn a_long_queue_does_not_starve_a_short_one_and_nothing_new_overtakes() {
        let lanes = Lanes::new(4, 4);
        let (long, short) = (lane("long"), lane("short"));
        lanes.waits(&long, Time::from_nanos(1));
        lanes.waits(&short, Time::from_nanos(900));
        let slots = lanes.due(NOW, 100);
        let short_slots = slots.iter().filter(|slot| **slot.lane() == *short).count();
        assert_eq!((slots.len(), short_slots), (4, 2));
        drop(slots);
        assert!(lanes.slot_for_new(&long, NOW).is_none());
        lanes.waits(&lane("later"), Time::from_nanos(5_000));
        assert!(lanes.slot_for_new(&lane("later"), NOW).is_some(), "not due yet");
        assert_eq!(lanes.next_due(), Some(Time::from_nanos(1)));
    }

    #[test]
    fn a_claim_is_worth_it_when_a_lane_has_half_of_its_slots() {
        let lanes = Lanes::new(8, 4);
        let (busy, free) = (lane("busy"), lane("free"));
        assert!(!lanes.is_worth_claiming(NOW), "nothing is due");
        let mut slots: Vec<_> = (0..4).filter_map(|_| lanes.slot_for_new(&busy, NOW)).collect();
        lanes.waits(&busy, NOW);
        for expected in [false, false, true] {
            assert_eq!(lanes.is_worth_claiming(NOW), expected);
            slots.pop();
        }
        let slots = lanes.due(NOW, 100);
        assert!(!lanes.is_worth_claiming(NOW));
        lanes.waits(&free, NOW);
        assert!(lanes.is_worth_claiming(NOW), "another lane does not wait for it");
        drop(slots);
    }

    #[test]
    fn arrivals_during_the_database_query_are_not_lost() {
        let lanes = Lanes::new(4, 4);
        let name = lane("a");
        lanes.waits(&name, NOW);
        let asked = lanes.arrivals();
        lanes.correct(&name, asked, None);
        assert_eq!(lanes.next_due(), None);
        let asked = lanes.arrivals();
        lanes.waits(&name, NOW);
        lanes.correct(&name, asked, None);
        assert_eq!(lanes.next_due(), Some(NOW));
    }
}
