//! Limits how much runs at once: each key has a share, and keys take turns.
//!
//! Owns: the limits and the order. Must not: know what runs, or for how long.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// How many may run at once, and how many may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// For all keys together.
    pub at_once: usize,
    /// For each key.
    pub each: usize,
    /// How many of each key may wait.
    pub waiting: usize,
    /// How many may wait in total.
    pub waiting_in_all: usize,
}

impl Bounds {
    /// A limit for each key; none may wait, and there is no limit for all keys together.
    pub const fn each(each: usize) -> Self {
        Self {
            at_once: usize::MAX,
            each,
            waiting: 0,
            waiting_in_all: 0,
        }
    }
}

/// Why a turn is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The key's own share is used up.
    #[error("the share is used up")]
    Own,
    /// The total is used up.
    #[error("all shares are used up")]
    All,
}

/// The turns of all keys. Clones share them.
///
/// A key with many waiting gets no more than a key with one: each waiter gets a number, which grows with each waiter of
/// the same key, and the smallest number is next (start-time fair queueing).
pub struct Turns<K: Hash + Eq + Clone>(Arc<Mutex<Queue<K>>>);

impl<K: Hash + Eq + Clone> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The key of the next turn, and how to hand it over.
type Waiter<K> = (K, oneshot::Sender<Turn<K>>);

struct Queue<K: Hash + Eq + Clone> {
    bounds: Bounds,
    running: usize,
    shares: HashMap<K, Share>,
    /// By number and order of arrival.
    waiting: BTreeMap<(u64, u64), Waiter<K>>,
    /// The largest number that has started.
    begun: u64,
    arrived: u64,
}

/// How many of a key run and wait; removed when both are zero.
#[derive(Default)]
struct Share {
    running: usize,
    waiting: usize,
    last: u64,
}

/// Permission to run, until it is dropped.
pub struct Turn<K: Hash + Eq + Clone> {
    key: Option<K>,
    turns: Turns<K>,
}

impl<K: Hash + Eq + Clone> Turns<K> {
    /// Turns within these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Mutex::new(Queue {
            bounds,
            running: 0,
            shares: HashMap::new(),
            waiting: BTreeMap::new(),
            begun: 0,
            arrived: 0,
        })))
    }

    /// Takes a turn immediately.
    ///
    /// # Errors
    /// [`Full`] if it would have to wait.
    pub fn take(&self, key: K) -> Result<Turn<K>, Full> {
        self.lock().begin(&key)?;
        Ok(self.turn(key))
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Full`] if too many wait already.
    pub async fn wait(&self, key: K) -> Result<Turn<K>, Full> {
        let (waiting, receiver) = {
            let mut queue = self.lock();
            let Err(full) = queue.begin(&key) else {
                drop(queue);
                return Ok(self.turn(key));
            };
            if queue.bounds.waiting == 0 {
                return Err(full);
            }
            let (sender, receiver) = oneshot::channel();
            let at = queue.enqueue(key, sender)?;
            let turns = self.clone();
            (Waiting { at, turns }, receiver)
        };
        let turn = receiver.await;
        drop(waiting);
        // The sender is in the queue until it is used.
        turn.map_err(|_| Full::All)
    }

    /// Changes the limit for each key. What runs already is not interrupted.
    pub fn set_each(&self, each: usize) {
        let mut started = Vec::new();
        {
            let mut queue = self.lock();
            let is_more = each > queue.bounds.each;
            queue.bounds.each = each;
            while is_more && let Some(next) = queue.next() {
                started.push(next);
            }
        }
        for (key, sender) in started {
            let _ = sender.send(self.turn(key));
        }
    }

    fn turn(&self, key: K) -> Turn<K> {
        Turn {
            key: Some(key),
            turns: self.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone> Queue<K> {
    /// Starts immediately, if the limits allow it.
    fn begin(&mut self, key: &K) -> Result<(), Full> {
        let (running, waiting) = self
            .shares
            .get(key)
            .map_or((0, 0), |share| (share.running, share.waiting));
        if running >= self.bounds.each || waiting > 0 {
            return Err(Full::Own);
        }
        // Until the total is used up, waiters wait for their own share only.
        if self.running >= self.bounds.at_once {
            return Err(Full::All);
        }
        self.running += 1;
        self.shares.entry(key.clone()).or_default().running += 1;
        Ok(())
    }

    fn enqueue(&mut self, key: K, sender: oneshot::Sender<Turn<K>>) -> Result<(u64, u64), Full> {
        let waiting = self.shares.get(&key).map_or(0, |share| share.waiting);
        if waiting >= self.bounds.waiting {
            return Err(Full::Own);
        }
        if self.waiting.len() >= self.bounds.waiting_in_all {
            return Err(Full::All);
        }
        self.arrived += 1;
        let share = self.shares.entry(key.clone()).or_default();
        share.waiting += 1;
        share.last = share.last.max(self.begun) + 1;
        let at = (share.last, self.arrived);
        self.waiting.insert(at, (key, sender));
        Ok(at)
    }

    /// Ends one of this key, and starts the next of any key.
    fn end(&mut self, key: &K) -> Option<(K, oneshot::Sender<Turn<K>>)> {
        self.running -= 1;
        if let Some(share) = self.shares.get_mut(key) {
            share.running -= 1;
        }
        self.forget(key);
        self.next()
    }

    /// Starts the next of any key, if the limits allow it.
    fn next(&mut self) -> Option<(K, oneshot::Sender<Turn<K>>)> {
        if self.running >= self.bounds.at_once {
            return None;
        }
        let may = |key: &K| {
            self.shares
                .get(key)
                .is_none_or(|share| share.running < self.bounds.each)
        };
        let next = self.waiting.iter().find(|(_, (key, _))| may(key));
        let at = *next?.0;
        let (key, sender) = self.waiting.remove(&at)?;
        self.begun = self.begun.max(at.0);
        self.running += 1;
        let share = self.shares.entry(key.clone()).or_default();
        share.waiting -= 1;
        share.running += 1;
        Some((key, sender))
    }

    fn forget(&mut self, key: &K) {
        if self
            .shares
            .get(key)
            .is_some_and(|share| share.running == 0 && share.waiting == 0)
        {
            self.shares.remove(key);
        }
    }
}

impl<K: Hash + Eq + Clone> Drop for Turn<K> {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        let next = self.turns.lock().end(&key);
        if let Some((key, sender)) = next {
            // If its waiter has gone, it is dropped here, and the next one starts.
            let _ = sender.send(self.turns.turn(key));
        }
    }
}

/// A place in the queue; given up when its waiter is dropped.
struct Waiting<K: Hash + Eq + Clone> {
    at: (u64, u64),
    turns: Turns<K>,
}

impl<K: Hash + Eq + Clone> Drop for Waiting<K> {
    fn drop(&mut self) {
        let mut queue = self.turns.lock();
        if let Some((key, _)) = queue.waiting.remove(&self.at) {
            if let Some(share) = queue.shares.get_mut(&key) {
                share.waiting -= 1;
            }
            queue.forget(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        at_once: 2,
        each: 1,
        waiting: 3,
        waiting_in_all: 5,
    };

    impl Turns<char> {
        fn is_unused(&self) -> bool {
            let queue = self.lock();
            queue.shares.is_empty() && queue.waiting.is_empty() && queue.running == 0
        }
    }

    type Going = tokio::task::JoinHandle<Result<Turn<char>, Full>>;

    /// Takes its turn and is done at once.
    async fn passing(turns: &Turns<char>, key: char) -> tokio::task::JoinHandle<Result<(), Full>> {
        let turns = turns.clone();
        let passing = tokio::spawn(async move { turns.wait(key).await.map(drop) });
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        passing
    }

    async fn going(turns: &Turns<char>, key: char) -> Going {
        let turns = turns.clone();
        let going = tokio::spawn(async move { turns.wait(key).await });
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        going
    }

    // promise: U3
    #[tokio::test]
    async fn who_asks_once_does_not_wait_behind_whoever_asks_often() {
        let turns = Turns::new(BOUNDS);
        let mut running = vec![turns.take('a').unwrap(), turns.take('b').unwrap()];
        let mut waiting = Vec::new();
        for key in ['a', 'a', 'a', 'c'] {
            waiting.push((key, going(&turns, key).await));
        }
        let mut order = String::new();
        while !waiting.is_empty() {
            // The other place stays taken, so they come one after the other.
            running.remove(0);
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            let at = waiting.iter().position(|(_, going)| going.is_finished()).unwrap();
            let (key, going) = waiting.remove(at);
            order.push(key);
            running.insert(0, going.await.unwrap().unwrap());
        }
        assert_eq!(order, "acaa");
        drop(running);
        assert!(turns.is_unused(), "nothing is kept");
    }

    #[tokio::test]
    async fn a_key_has_its_share_and_no_more() {
        let turns = Turns::new(BOUNDS);
        let first = turns.take('a').unwrap();
        assert_eq!(turns.take('a').err(), Some(Full::Own));
        let others = [
            passing(&turns, 'a').await,
            passing(&turns, 'a').await,
            passing(&turns, 'a').await,
        ];
        assert_eq!(turns.wait('a').await.err(), Some(Full::Own));
        let second = turns.take('b').unwrap();
        assert_eq!(turns.take('c').err(), Some(Full::All));
        let more = [passing(&turns, 'c').await, passing(&turns, 'd').await];
        assert_eq!(turns.wait('e').await.err(), Some(Full::All));
        drop((first, second));
        for going in others.into_iter().chain(more) {
            going.await.unwrap().unwrap();
        }
        assert!(turns.is_unused());
        let each = Turns::new(Bounds::each(1));
        let _one = each.take('a').unwrap();
        assert_eq!(each.wait('a').await.err(), Some(Full::Own));
        assert!(each.take('b').is_ok());
    }

    #[tokio::test]
    async fn a_share_that_grows_is_used_at_once() {
        let turns = Turns::new(BOUNDS);
        let first = turns.take('a').unwrap();
        let second = going(&turns, 'a').await;
        let third = going(&turns, 'a').await;
        turns.set_each(3);
        tokio::task::yield_now().await;
        let second = second.await.unwrap().unwrap();
        assert!(!third.is_finished(), "there are two for all keys together");
        turns.set_each(1);
        drop(first);
        tokio::task::yield_now().await;
        assert!(!third.is_finished(), "one goes on already");
        drop(second);
        drop(third.await.unwrap().unwrap());
        assert!(turns.is_unused());
    }

    #[tokio::test]
    async fn who_goes_away_gives_the_place_up() {
        let turns = Turns::new(BOUNDS);
        let first = turns.take('a').unwrap();
        let gone = going(&turns, 'a').await;
        let stays = going(&turns, 'a').await;
        gone.abort();
        let _ = gone.await;
        assert_eq!(turns.lock().waiting.len(), 1);
        drop(first);
        drop(stays.await.unwrap().unwrap());
        // Also where the turn has come and nobody takes it.
        let first = turns.take('a').unwrap();
        let late = going(&turns, 'a').await;
        drop(first);
        late.abort();
        let _ = late.await;
        assert!(turns.is_unused());
    }
}
