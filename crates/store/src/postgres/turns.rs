//! The order in which committed transactions reach the bus.
//!
//! Commits run concurrently, and the first to commit may be the last to learn of it. A transaction takes its turn before it
//! commits; one that depends on another's rows could read them only after that one's commit, so its turn is later.
//! Publishing in turn therefore never shows an effect before its cause.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use base::{Bus, Event};

/// The turns of one store. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    next: u64,
    /// Every turn whose predecessors have not all ended: its events once it has ended, none before.
    open: BTreeMap<u64, Option<Vec<Event>>>,
}

/// A place in the order. Dropped without [`publish`](Self::publish), it publishes nothing.
pub(super) struct Turn {
    turns: Turns,
    number: u64,
    bus: Bus,
    events: Vec<Event>,
    committed: bool,
}

impl Turns {
    /// The next turn, for events that are published if the commit succeeds.
    pub(super) fn take(&self, bus: &Bus, events: Vec<Event>) -> Turn {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = queue.next;
        queue.next += 1;
        queue.open.insert(number, None);
        Turn {
            turns: self.clone(),
            number,
            bus: bus.clone(),
            events,
            committed: false,
        }
    }
}

impl Turn {
    /// The commit succeeded: its events go to the bus, after those of earlier turns that are still committing. It does
    /// not wait for these; the last of them publishes for the others.
    pub(super) fn publish(mut self) {
        self.committed = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let events = std::mem::take(&mut self.events);
        let mut queue = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = queue.open.get_mut(&self.number) {
            *place = Some(if self.committed { events } else { Vec::new() });
        }
        while let Some(first) = queue.open.first_entry()
            && first.get().is_some()
        {
            // Under the lock, so that two who end at once cannot swap what they publish; the bus never waits.
            self.bus.publish(first.remove().unwrap_or_default().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{Audience, Clock, Id, Kind, Subject, SubjectType};

    use super::*;

    fn event(clock: &Clock) -> (Id, Vec<Event>) {
        let subject = Subject {
            kind: SubjectType::Project,
            id: clock.id(),
        };
        let event = Event::new(
            clock,
            Kind::ProjectCreated,
            Audience::Company(clock.id()),
            subject,
        );
        (event.id, vec![event])
    }

    // promise: B2
    #[test]
    fn events_are_published_by_turns_and_what_fails_passes() {
        let (clock, bus, turns) = (Clock::system(), Bus::new(), Turns::default());
        let mut heard = bus.subscribe();
        let mut ids = Vec::new();
        let mut turn = || {
            let (id, events) = event(&clock);
            ids.push(id);
            turns.take(&bus, events)
        };
        let (first, second, third, fourth) = (turn(), turn(), turn(), turn());
        third.publish();
        second.publish();
        assert!(heard.try_recv().is_err(), "the first may still come");
        drop(first);
        for expected in [ids[1], ids[2]] {
            assert_eq!(heard.try_recv().unwrap()[0].id, expected);
        }
        fourth.publish();
        assert_eq!(heard.try_recv().unwrap()[0].id, ids[3]);
        assert!(heard.try_recv().is_err());
        assert!(turns.0.lock().unwrap().open.is_empty(), "nothing is kept");
    }
}
