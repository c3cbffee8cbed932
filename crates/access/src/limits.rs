//! Limits on sign-in attempts.
//!
//! Owns: three limits: per account, per address, and per both for users who signed in from there before. Each is counted in
//! memory first, which costs nothing, and then over all nodes.
//! Must not: know whether an account exists.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use base::Time;
use store::Store;

use crate::{
    Access, LoginLimits,
    rates::{Counted, Rate, Rates},
    shared_rates::{self, Limit, SharedCount},
};

/// The limits for all sign-in attempts.
pub(crate) struct Limits {
    accounts: Rates,
    peers: Rates,
    known: Rates,
    an_account: Rate,
    a_peer: Rate,
}

/// An attempt that counts until it is returned.
pub(crate) struct Attempt {
    account: Option<Counted>,
    peer: Option<Counted>,
    known: Option<Counted>,
    /// What all nodes count: a name, and its limit.
    shared: Vec<Limit>,
    counted: SharedCount,
}

impl Limits {
    pub(crate) fn new(limits: &LoginLimits) -> Self {
        Self {
            accounts: Rates::new(),
            peers: Rates::new(),
            known: Rates::new(),
            an_account: Rate {
                burst: limits.account_burst,
                interval: limits.account_interval,
            },
            a_peer: Rate {
                burst: limits.peer_burst,
                interval: limits.peer_interval,
            },
        }
    }

    /// Counts an attempt, before the password is checked, so that many at once do not slip through.
    ///
    /// # Errors
    /// The time after which the next one is allowed.
    pub(crate) fn attempt(
        &self,
        account: &str,
        peer: Option<IpAddr>,
        now: Time,
    ) -> Result<Attempt, Duration> {
        let counted = peer
            .map(|peer| self.peers.take(network(peer), self.a_peer, now))
            .transpose()?;
        let of_peer = peer.map(|peer| (format!("address {}", network_name(peer)), self.a_peer));
        let of_account = (format!("account {account}"), self.an_account);
        // The attempt still counts for the address: trying locked accounts is not free.
        let account = self.accounts.take(account, self.an_account, now)?;
        Ok(Attempt {
            account: Some(account),
            peer: counted,
            known: None,
            shared: of_peer.into_iter().chain([of_account]).collect(),
            counted: SharedCount::default(),
        })
    }

    /// The same for an account that signed in from this address before, or may have: attempts by others, from there or on the
    /// account, do not count against it.
    ///
    /// # Errors
    /// The time after which the next one is allowed.
    pub(crate) fn attempt_known(&self, account: &str, peer: IpAddr, now: Time) -> Result<Attempt, Duration> {
        let key = (account, network(peer));
        let known = self.known.take(key, self.an_account, now)?;
        let name = format!("account {account} from {}", network_name(peer));
        Ok(Attempt {
            account: None,
            peer: None,
            known: Some(known),
            shared: vec![(name, self.an_account)],
            counted: SharedCount::default(),
        })
    }

    /// Counts the attempt over all nodes.
    ///
    /// # Errors
    /// The time after which the next one is allowed.
    pub(crate) async fn share(&self, access: &Access, mut attempt: Attempt) -> Result<Attempt, Duration> {
        let limits = attempt.shared.drain(..);
        let limits = limits.map(|(name, rate)| (access.vault().digest(&format!("sign-in {name}")), rate));
        match shared_rates::take(access.store(), limits.collect()).await {
            Ok(counted) => Ok(Attempt { counted, ..attempt }),
            Err(wait) => {
                // It is not made. As for an account that is locked here, it still counts for the address.
                self.give_back_here(&Attempt {
                    peer: None,
                    ..attempt
                });
                Err(wait)
            }
        }
    }

    /// The attempt was not a guess: it succeeded, or was not checked at all.
    pub(crate) async fn give_back(&self, store: &Store, attempt: Attempt) {
        self.give_back_here(&attempt);
        shared_rates::give_back(store, attempt.counted).await;
    }

    fn give_back_here(&self, attempt: &Attempt) {
        for (rates, counted) in [
            (&self.accounts, attempt.account),
            (&self.peers, attempt.peer),
            (&self.known, attempt.known),
        ] {
            if let Some(counted) = counted {
                rates.give_back(counted);
            }
        }
    }
}

/// Without the part of an address that one client can change at will: the second half of an IPv6 address.
pub(crate) fn network(peer: IpAddr) -> u128 {
    match peer.to_canonical() {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6) & !u128::from(u64::MAX),
    }
}

/// The same as text.
pub(crate) fn network_name(peer: IpAddr) -> String {
    match peer.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(_) => Ipv6Addr::from(network(peer)).to_string(),
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
    fn an_account_gets_its_burst_then_one_per_interval() {
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
            limits.give_back_here(&attempt);
        }
    }

    #[test]
    fn an_address_has_its_own_limit_over_all_accounts() {
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
        for (peer, name) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:0:1::1", "2001:db8:0:1::"),
        ] {
            assert_eq!(network_name(peer.parse().unwrap()), name);
        }
    }
}
