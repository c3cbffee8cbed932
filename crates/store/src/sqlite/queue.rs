//! What waits for the writer: of each requester in the order of its arrival, and the requesters in turns.
//!
//! Owns: the order. Must not: know what is written.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Semaphore;

use crate::{Error, requester::Requester};

/// How many may wait before `push` itself waits.
const MOST: usize = 4096;

pub(super) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
    places: Semaphore,
}

struct Waiting<T> {
    of: HashMap<Requester, VecDeque<T>>,
    /// Those who have something waiting; the first one is next.
    turns: VecDeque<Requester>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                of: HashMap::new(),
                turns: VecDeque::new(),
                closed: false,
            }),
            arrived: Condvar::new(),
            places: Semaphore::new(MOST),
        }
    }

    /// Lets something wait for its turn.
    ///
    /// # Errors
    /// [`Error::Closed`] once it is closed.
    pub(super) async fn push(&self, item: T) -> Result<(), Error> {
        let requester = Requester::current();
        self.places.acquire().await.map_err(|_| Error::Closed)?.forget();
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Error::Closed);
        }
        let own = waiting.of.entry(requester).or_default();
        own.push_back(item);
        if own.len() == 1 {
            waiting.turns.push_back(requester);
        }
        self.arrived.notify_one();
        Ok(())
    }

    /// The next one; none once it is closed and empty.
    pub(super) fn pop(&self) -> Option<T> {
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

    /// The next one, if there is one.
    pub(super) fn try_pop(&self) -> Option<T> {
        let next = self.lock().next()?;
        self.places.add_permits(1);
        Some(next)
    }

    /// Takes nothing more. What waits stays.
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
                requester.scope(queue.push(*item)).await.unwrap();
            }
        }
        queue.push("server").await.unwrap();
        let order: Vec<_> = std::iter::from_fn(|| queue.try_pop()).collect();
        assert_eq!(order, ["a1", "b1", "server", "a2", "b2", "a3", "a4"]);
        assert!(queue.lock().of.is_empty(), "nothing is kept");
        assert_eq!(queue.places.available_permits(), MOST);
    }

    #[tokio::test]
    async fn what_waits_when_it_is_closed_is_still_done() {
        let queue = Queue::new();
        queue.push(1).await.unwrap();
        queue.close();
        assert_eq!(queue.push(2).await, Err(Error::Closed));
        assert_eq!((queue.pop(), queue.pop()), (Some(1), None));
    }

    #[tokio::test]
    async fn a_task_of_its_own_is_for_the_same_requester() {
        let of = Requester::Of(Clock::system().id());
        let spawned = of.scope(async {
            let task = tokio::spawn(Requester::inherited(async { Requester::current() }));
            task.await.unwrap()
        });
        assert_eq!(spawned.await, of);
        assert_eq!(Requester::current(), Requester::Server);
    }
}
