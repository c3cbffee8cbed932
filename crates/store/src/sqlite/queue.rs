//! The writer's queue: it alternates between whole changes and portions of large ones, and serves requesters in turns, each in the
//! order of arrival. So a change waits for at most one portion, no matter who has large changes in progress.
//!
//! Owns: the order. Must not: know what is written.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use crate::{Error, requester::Requester};

/// How many may be queued before `push` itself waits.
const CAPACITY: usize = 4096;
/// For how long after a user's change large ones are written in small portions.
const RECENT: Duration = Duration::from_millis(500);

/// The extent of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// A whole, small change.
    Change,
    /// A part of a large change that is as short.
    Step,
    /// A part of a large change that delays others.
    Portion,
}

pub(super) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
    places: Semaphore,
}

struct Waiting<T> {
    changes: Turns<T>,
    portions: Turns<T>,
    /// Whether a portion was taken last.
    after_portion: bool,
    /// When a user last requested a whole change; the server's own do not count.
    changed: Option<Instant>,
    closed: bool,
}

struct Turns<T> {
    of: HashMap<Requester, VecDeque<T>>,
    /// The requesters with something queued; the first one is next.
    turns: VecDeque<Requester>,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                changes: Turns::new(),
                portions: Turns::new(),
                after_portion: true,
                changed: None,
                closed: false,
            }),
            arrived: Condvar::new(),
            places: Semaphore::new(CAPACITY),
        }
    }

    /// Queues something for its turn.
    ///
    /// # Errors
    /// [`Error::Closed`] once it is closed.
    pub(super) async fn push(&self, item: T, extent: Extent) -> Result<(), Error> {
        let requester = Requester::current();
        self.places.acquire().await.map_err(|_| Error::Closed)?.forget();
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Error::Closed);
        }
        if extent == Extent::Change && requester != Requester::Server {
            waiting.changed = Some(Instant::now());
        }
        match extent {
            Extent::Change | Extent::Step => waiting.changes.push(requester, item),
            Extent::Portion => waiting.portions.push(requester, item),
        }
        self.arrived.notify_one();
        Ok(())
    }

    /// Whether a user's write is waiting, or has just waited.
    pub(super) fn is_shared(&self) -> bool {
        self.lock().changed.is_some_and(|at| at.elapsed() < RECENT)
    }

    /// The next one, and whether it is a portion; none once it is closed and empty.
    pub(super) fn pop(&self) -> Option<(T, bool)> {
        let mut waiting = self.lock();
        loop {
            if let Some(next) = waiting.next() {
                self.places.add_permits(1);
                return Some(next);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next whole change, if there is one.
    pub(super) fn try_pop_change(&self) -> Option<T> {
        let next = self.lock().changes.next()?;
        self.places.add_permits(1);
        Some(next)
    }

    /// Accepts nothing more. Queued items stay.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.places.close();
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Waiting<T> {
    fn next(&mut self) -> Option<(T, bool)> {
        let next = if self.after_portion {
            self.next_change().or_else(|| self.next_portion())
        } else {
            self.next_portion().or_else(|| self.next_change())
        };
        self.after_portion = next.as_ref().is_some_and(|(_, portion)| *portion);
        next
    }

    fn next_change(&mut self) -> Option<(T, bool)> {
        Some((self.changes.next()?, false))
    }

    fn next_portion(&mut self) -> Option<(T, bool)> {
        Some((self.portions.next()?, true))
    }
}

impl<T> Turns<T> {
    fn new() -> Self {
        Self {
            of: HashMap::new(),
            turns: VecDeque::new(),
        }
    }

    fn push(&mut self, requester: Requester, item: T) {
        let own = self.of.entry(requester).or_default();
        own.push_back(item);
        if own.len() == 1 {
            self.turns.push_back(requester);
        }
    }

    fn next(&mut self) -> Option<T> {
        let requester = self.turns.pop_front()?;
        let own = self.of.get_mut(&requester)?;
        let next = own.pop_front();
        if own.is_empty() {
            self.of.remove(&requester);
        } else {
            self.turns.push_back(requester);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    // issue 18, line 3; promise: U3
    #[tokio::test]
    async fn requesters_take_turns_and_each_keeps_its_order() {
        let clock = Clock::system();
        let (busy, quiet) = (Requester::Of(clock.id()), Requester::Of(clock.id()));
        let queue = Queue::new();
        for (requester, items) in [(busy, &["a1", "a2", "a3", "a4"][..]), (quiet, &["b1", "b2"])] {
            for item in items {
                requester.scope(queue.push(*item, Extent::Change)).await.unwrap();
            }
        }
        queue.push("server", Extent::Change).await.unwrap();
        let order: Vec<_> = std::iter::from_fn(|| queue.try_pop_change()).collect();
        assert_eq!(order, ["a1", "b1", "server", "a2", "b2", "a3", "a4"]);
        assert!(queue.lock().changes.of.is_empty(), "nothing is kept");
        assert_eq!(queue.places.available_permits(), CAPACITY);
    }

    #[tokio::test]
    async fn queued_items_are_still_done_after_closing() {
        let queue = Queue::new();
        queue.push(1, Extent::Change).await.unwrap();
        queue.close();
        assert_eq!(queue.push(2, Extent::Change).await, Err(Error::Closed));
        assert_eq!((queue.pop(), queue.pop()), (Some((1, false)), None));
    }

    // issue 18, line 3; promise: U3
    #[tokio::test]
    async fn a_change_waits_for_at_most_one_portion() {
        let clock = Clock::system();
        let (busy, quiet) = (Requester::Of(clock.id()), Requester::Of(clock.id()));
        let queue = Queue::new();
        for item in ["p1", "p2", "p3"] {
            busy.scope(queue.push(item, Extent::Portion)).await.unwrap();
        }
        queue.push("server", Extent::Change).await.unwrap();
        assert!(
            !queue.is_shared(),
            "neither a portion nor the server waits for others"
        );
        assert_eq!(queue.pop(), Some(("server", false)));
        assert_eq!(queue.try_pop_change(), None, "a portion joins no others");
        assert_eq!(queue.pop(), Some(("p1", true)));
        busy.scope(queue.push("a1", Extent::Change)).await.unwrap();
        quiet.scope(queue.push("b1", Extent::Change)).await.unwrap();
        assert!(queue.is_shared());
        assert_eq!(queue.pop(), Some(("a1", false)));
        assert_eq!(queue.try_pop_change(), Some("b1"));
        quiet.scope(queue.push("b2", Extent::Change)).await.unwrap();
        assert_eq!(queue.pop(), Some(("p2", true)), "large changes go on, too");
        assert_eq!(queue.pop(), Some(("b2", false)));
        assert_eq!(queue.pop(), Some(("p3", true)));
    }

    #[tokio::test]
    async fn a_new_task_has_the_same_requester() {
        let of = Requester::Of(Clock::system().id());
        let spawned = of.scope(async {
            let task = tokio::spawn(Requester::inherited(async { Requester::current() }));
            task.await.unwrap()
        });
        assert_eq!(spawned.await, of);
        assert_eq!(Requester::current(), Requester::Server);
    }
}
