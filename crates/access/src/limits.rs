//! How often one may try to sign in.
//!
//! Owns: two tables of fixed size, by account and by address, in memory. An entry is found by a keyed hash and never
//! evicted: nobody can flush another's entry out, and a collision only makes two share one allowance.
//! Must not: know whether an account exists.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use base::Time;

use crate::LoginLimits;

/// Entries of a table: half a megabyte.
const ENTRIES: usize = 1 << 16;

/// The allowances of everyone who tries to sign in.
pub(crate) struct Limits {
    accounts: Table,
    peers: Table,
}

/// An attempt that counts until it is given back.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    account: usize,
    peer: Option<usize>,
}

impl Limits {
    pub(crate) fn new(limits: &LoginLimits) -> Self {
        Self {
            accounts: Table::new(limits.account_burst, limits.account_interval),
            peers: Table::new(limits.peer_burst, limits.peer_interval),
        }
    }

    /// Counts an attempt, before the password is looked at so that many at once do not slip through.
    ///
    /// # Errors
    /// The time after which the next one is allowed.
    pub(crate) fn attempt(
        &self,
        account: &str,
        peer: Option<IpAddr>,
        now: Time,
    ) -> Result<Attempt, Duration> {
        let peer = peer.map(|peer| self.peers.index(network(peer)));
        if let Some(peer) = peer {
            self.peers.take(peer, now)?;
        }
        let account = self.accounts.index(account);
        match self.accounts.take(account, now) {
            Ok(()) => Ok(Attempt { account, peer }),
            // The address keeps what it spent: trying locked accounts is not free.
            Err(wait) => Err(wait),
        }
    }

    /// The attempt was no guess: it succeeded, or was not judged at all.
    pub(crate) fn give_back(&self, attempt: Attempt) {
        self.accounts.give_back(attempt.account);
        if let Some(peer) = attempt.peer {
            self.peers.give_back(peer);
        }
    }
}

/// What one person can change of an address at will is not part of it: the second half of an IPv6 address.
fn network(peer: IpAddr) -> u128 {
    match peer.to_canonical() {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6) & !u128::from(u64::MAX),
    }
}

/// One allowance each (GCRA): the time at which it would be whole again.
struct Table {
    whole_at: Mutex<Vec<Time>>,
    hasher: RandomState,
    burst: u32,
    interval: Duration,
}

impl Table {
    fn new(burst: u32, interval: Duration) -> Self {
        Self {
            whole_at: Mutex::new(vec![Time::default(); ENTRIES]),
            hasher: RandomState::new(),
            burst: burst.max(1),
            interval,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "any bits of the hash do as an index"
    )]
    fn index(&self, key: impl Hash) -> usize {
        self.hasher.hash_one(key) as usize % ENTRIES
    }

    fn take(&self, index: usize, now: Time) -> Result<(), Duration> {
        let mut table = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(whole_at) = table.get_mut(index) else {
            return Ok(());
        };
        let debt = whole_at.since(now);
        let most = self.interval.saturating_mul(self.burst - 1);
        if debt > most {
            return Err(debt.saturating_sub(most));
        }
        *whole_at = now.after(debt.saturating_add(self.interval));
        Ok(())
    }

    fn give_back(&self, index: usize) {
        let mut table = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(whole_at) = table.get_mut(index) {
            *whole_at = whole_at.before(self.interval);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: LoginLimits = LoginLimits {
        account_burst: 3,
        account_interval: Duration::from_secs(30),
        peer_burst: 5,
        peer_interval: Duration::from_secs(10),
    };

    fn at(seconds: u64) -> Time {
        Time::from_nanos(1_700_000_000_000_000_000).after(Duration::from_secs(seconds))
    }

    #[test]
    fn an_account_has_its_burst_then_one_each_interval() {
        let limits = Limits::new(&LIMITS);
        let attempt = |seconds| limits.attempt("ada@example.org", None, at(seconds)).map(drop);
        for _ in 0..3 {
            assert_eq!(attempt(0), Ok(()));
        }
        assert_eq!(attempt(0), Err(Duration::from_secs(30)));
        assert_eq!(attempt(20), Err(Duration::from_secs(10)));
        assert_eq!(attempt(30), Ok(()));
        assert_eq!(attempt(30), Err(Duration::from_secs(30)));
        assert!(limits.attempt("grace@example.org", None, at(30)).is_ok());
        for _ in 0..3 {
            assert_eq!(attempt(1000), Ok(()), "whole again");
        }
    }

    #[test]
    fn success_costs_nothing() {
        let limits = Limits::new(&LIMITS);
        let peer = Some("192.0.2.1".parse().unwrap());
        for _ in 0..100 {
            let attempt = limits.attempt("ada@example.org", peer, at(0)).unwrap();
            limits.give_back(attempt);
        }
    }

    #[test]
    fn an_address_has_its_own_bound_over_all_accounts() {
        let limits = Limits::new(&LIMITS);
        let peer = Some("2001:db8::1".parse().unwrap());
        let neighbour = Some("2001:db8::2".parse().unwrap());
        let other = Some("2001:db8:0:1::1".parse().unwrap());
        for n in 0..5 {
            assert!(limits.attempt(&format!("{n}@example.org"), peer, at(0)).is_ok());
        }
        assert!(
            limits.attempt("x@example.org", neighbour, at(0)).is_err(),
            "one /64"
        );
        assert!(limits.attempt("x@example.org", other, at(0)).is_ok());
    }
}
