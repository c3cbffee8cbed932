//! Tickets: credentials for a stream when neither a header nor a cookie can be sent, worthless in a log a moment later.
//!
//! Owns: the tickets of this node, in memory. Must not: know what a ticket's session may see; that is looked up
//! when it is used.
//!
//! A ticket works on the node that issued it and is lost when that node restarts: behind a load balancer without sticky
//! sessions use the cookie or a header.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Clock, Id, Time};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// How long a ticket is valid.
const LIFETIME: Duration = Duration::from_secs(30);
/// How many tickets are issued in [`LIFETIME`], in total.
const TOTAL: usize = 65_536;
/// How many tickets one session gets in [`LIFETIME`].
const PER_SESSION: usize = 60;

/// The recently issued tickets. Clones share them.
#[derive(Clone)]
pub struct Tickets {
    issued: Arc<Mutex<Issued>>,
    clock: Clock,
}

/// Only a hash of a ticket is kept, so reading the memory yields no usable ticket.
type Hash = [u8; 32];

#[derive(Default)]
struct Issued {
    /// The credential behind each unused ticket.
    unused: HashMap<Hash, Box<str>>,
    /// Every recent ticket, used or not, oldest first.
    given: VecDeque<IssuedTicket>,
    by_session: HashMap<Id, usize>,
}

struct IssuedTicket {
    hash: Hash,
    session: Id,
    until: Time,
}

/// The limit of tickets is reached; some expire soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tickets were requested")]
pub struct TooMany;

impl Tickets {
    /// No tickets yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            issued: Arc::default(),
            clock,
        }
    }

    /// A ticket for the session with this credential, and until when it is valid.
    pub fn issue(&self, session: Id, credential: &str) -> Result<(String, Time), TooMany> {
        let steady = self.clock.steady();
        let ticket = URL_SAFE_NO_PAD.encode(self.clock.random::<32>());
        let given = IssuedTicket {
            hash: hash(&ticket),
            session,
            until: steady.after(LIFETIME),
        };
        let until = self.clock.now().after(LIFETIME);
        let mut issued = self.issued();
        issued.forget(steady);
        let of_session = issued.by_session.get(&session).copied().unwrap_or(0);
        if issued.given.len() >= TOTAL || of_session >= PER_SESSION {
            return Err(TooMany);
        }
        issued.by_session.insert(session, of_session + 1);
        issued.unused.insert(given.hash, credential.into());
        issued.given.push_back(given);
        Ok((ticket, until))
    }

    /// The credential behind a ticket. The ticket is used up in any case.
    pub fn redeem(&self, ticket: &str) -> Option<Box<str>> {
        let mut issued = self.issued();
        issued.forget(self.clock.steady());
        issued.unused.remove(&hash(ticket))
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        // Each change is complete before anything in it could panic.
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Issued {
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
    fn a_ticket_is_valid_once_and_for_thirty_seconds() {
        let tickets = tickets();
        let session = tickets.clock.id();
        let (once, until) = tickets.issue(session, "secret").unwrap();
        assert_eq!(until, tickets.clock.now().after(Duration::from_secs(30)));
        assert_eq!(once.len(), 43, "256 bits");
        assert_eq!(tickets.redeem("something else"), None);
        assert_eq!(tickets.redeem(&once).as_deref(), Some("secret"));
        assert_eq!(tickets.redeem(&once), None);
        let (late, _) = tickets.issue(session, "secret").unwrap();
        tickets.clock.advance(Duration::from_secs(29));
        let (fresh, _) = tickets.issue(session, "secret").unwrap();
        tickets.clock.advance(Duration::from_secs(1));
        assert_eq!(tickets.redeem(&late), None);
        assert!(tickets.redeem(&fresh).is_some());
    }

    #[test]
    fn tickets_are_limited_and_cleaned_up() {
        let tickets = tickets();
        let greedy = tickets.clock.id();
        for _ in 0..PER_SESSION {
            let (ticket, _) = tickets.issue(greedy, "secret").unwrap();
            tickets.redeem(&ticket).unwrap();
        }
        assert_eq!(tickets.issue(greedy, "secret"), Err(TooMany));
        while tickets.issued().given.len() < TOTAL {
            tickets.issue(tickets.clock.id(), "secret").unwrap();
        }
        assert_eq!(tickets.issue(tickets.clock.id(), "secret"), Err(TooMany));
        tickets.clock.advance(LIFETIME);
        tickets.issue(greedy, "secret").unwrap();
        let issued = tickets.issued();
        assert_eq!(
            (issued.unused.len(), issued.given.len(), issued.by_session.len()),
            (1, 1, 1)
        );
    }
}
