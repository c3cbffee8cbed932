//! Tickets: a stream's key for where neither a header nor a cookie can go, worth nothing in a log a moment later.
//!
//! Owns: the tickets of this node, in memory. Must not: know what a ticket's session may see; that is looked up
//! when it is used.
//!
//! A ticket works on the node that gave it and is lost when that node restarts: behind a balancer without sticky
//! sessions use the cookie or a header.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Clock, Id, Time};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// How long a ticket is good for.
const LIFETIME: Duration = Duration::from_secs(30);
/// How many tickets are given out in [`LIFETIME`], in all.
const TOTAL: usize = 65_536;
/// How many tickets one session gets in [`LIFETIME`].
const PER_SESSION: usize = 60;

/// The tickets given out in the last moments. Clones share them.
#[derive(Clone)]
pub struct Tickets {
    book: Arc<Mutex<Book>>,
    clock: Clock,
}

/// Only a hash of a ticket is kept: who reads the memory has no ticket to use.
type Hash = [u8; 32];

#[derive(Default)]
struct Book {
    /// The credential each unused ticket stands for.
    unused: HashMap<Hash, Box<str>>,
    /// Every ticket of the last moments, used or not, oldest first.
    given: VecDeque<Given>,
    by_session: HashMap<Id, usize>,
}

struct Given {
    hash: Hash,
    session: Id,
    until: Time,
}

/// There are as many tickets as there may be; some end in a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tickets were asked for")]
pub struct TooMany;

impl Tickets {
    /// No tickets yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            book: Arc::default(),
            clock,
        }
    }

    /// A ticket for the session whose credential this is, and until when it is good.
    pub fn give(&self, session: Id, credential: &str) -> Result<(String, Time), TooMany> {
        let steady = self.clock.steady();
        let ticket = URL_SAFE_NO_PAD.encode(self.clock.random::<32>());
        let given = Given {
            hash: hash(&ticket),
            session,
            until: steady.after(LIFETIME),
        };
        let until = self.clock.now().after(LIFETIME);
        let mut book = self.book();
        book.forget(steady);
        let of_session = book.by_session.get(&session).copied().unwrap_or(0);
        if book.given.len() >= TOTAL || of_session >= PER_SESSION {
            return Err(TooMany);
        }
        book.by_session.insert(session, of_session + 1);
        book.unused.insert(given.hash, credential.into());
        book.given.push_back(given);
        Ok((ticket, until))
    }

    /// The credential a ticket stands for. It is used up, whatever comes of it.
    pub fn redeem(&self, ticket: &str) -> Option<Box<str>> {
        let mut book = self.book();
        book.forget(self.clock.steady());
        book.unused.remove(&hash(ticket))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Each change is complete before anything in it could panic.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn forget(&mut self, now: Time) {
        while let Some(oldest) = self.given.front()
            && oldest.until <= now
        {
            self.unused.remove(&oldest.hash);
            if let Some(count) = self.by_session.get_mut(&oldest.session) {
                *count -= 1;
                if *count == 0 {
                    self.by_session.remove(&oldest.session);
                }
            }
            self.given.pop_front();
        }
    }
}

fn hash(ticket: &str) -> Hash {
    Sha256::digest(ticket.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets() -> Tickets {
        Tickets::new(Clock::manual(Time::from_nanos(1_700_000_000_000_000_000)))
    }

    // promise: E1
    #[test]
    fn a_ticket_is_good_once_and_for_thirty_seconds() {
        let tickets = tickets();
        let session = tickets.clock.id();
        let (once, until) = tickets.give(session, "secret").unwrap();
        assert_eq!(until, tickets.clock.now().after(Duration::from_secs(30)));
        assert_eq!(once.len(), 43, "256 bits");
        assert_eq!(tickets.redeem("something else"), None);
        assert_eq!(tickets.redeem(&once).as_deref(), Some("secret"));
        assert_eq!(tickets.redeem(&once), None);
        let (late, _) = tickets.give(session, "secret").unwrap();
        tickets.clock.advance(Duration::from_secs(29));
        let (fresh, _) = tickets.give(session, "secret").unwrap();
        tickets.clock.advance(Duration::from_secs(1));
        assert_eq!(tickets.redeem(&late), None);
        assert!(tickets.redeem(&fresh).is_some());
    }

    #[test]
    fn tickets_are_bounded_and_leave_nothing_behind() {
        let tickets = tickets();
        let greedy = tickets.clock.id();
        for _ in 0..PER_SESSION {
            let (ticket, _) = tickets.give(greedy, "secret").unwrap();
            tickets.redeem(&ticket).unwrap();
        }
        assert_eq!(tickets.give(greedy, "secret"), Err(TooMany));
        while tickets.book().given.len() < TOTAL {
            tickets.give(tickets.clock.id(), "secret").unwrap();
        }
        assert_eq!(tickets.give(tickets.clock.id(), "secret"), Err(TooMany));
        tickets.clock.advance(LIFETIME);
        tickets.give(greedy, "secret").unwrap();
        let book = tickets.book();
        assert_eq!(
            (book.unused.len(), book.given.len(), book.by_session.len()),
            (1, 1, 1)
        );
    }
}
