//! Refused requests in the log: who was turned away, from where, at which route.
//!
//! Owns: that nobody fills the log by being refused: one line a minute for an address and a status, with a count. Must not:
//! write anything that a client sent, but the method, the route it matched and the request's id, which is bounded.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long it is quiet after a line.
const QUIET: Duration = Duration::from_mins(1);

/// The most addresses and statuses at once; all beyond share one line.
const MOST: usize = 4_096;

/// What is said once a minute.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Of(Option<IpAddr>, u16),
    Others,
}

#[derive(Clone, Copy)]
struct Said {
    at: Instant,
    since: u64,
}

/// When a line was last written for whom, and how many have come since.
#[derive(Default)]
pub(crate) struct Denials(Mutex<All>);

#[derive(Default)]
struct All {
    said: HashMap<Key, Said>,
    /// Before this none of them can be forgotten, so that none is looked for: whoever comes from many addresses makes
    /// nobody wait.
    full_until: Option<Instant>,
}

impl All {
    /// Forgets those for whom a line would be due anyway.
    fn forget(&mut self, now: Instant) {
        if self.full_until.is_some_and(|until| now < until) {
            return;
        }
        let mut oldest = now;
        self.said.retain(|key, said| {
            let others = *key == Key::Others;
            let keep = others || now.saturating_duration_since(said.at) < QUIET;
            if keep && !others {
                oldest = oldest.min(said.at);
            }
            keep
        });
        self.full_until = Some(oldest + QUIET);
    }
}

impl Denials {
    /// Counts one more; if a line is due, how many it stands for.
    pub(crate) fn due(&self, peer: Option<IpAddr>, status: u16) -> Option<u64> {
        self.due_at(Key::Of(peer.map(network), status), Instant::now())
    }

    fn due_at(&self, key: Key, now: Instant) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |said: &Said| now.saturating_duration_since(said.at) < QUIET;
        if all.said.len() >= MOST && !all.said.contains_key(&key) {
            all.forget(now);
        }
        let key = if all.said.len() >= MOST && !all.said.contains_key(&key) {
            Key::Others
        } else {
            key
        };
        match all.said.get_mut(&key) {
            Some(said) if quiet(said) => {
                said.since += 1;
                None
            }
            Some(said) => {
                let count = said.since + 1;
                *said = Said { at: now, since: 0 };
                Some(count)
            }
            None => {
                all.said.insert(key, Said { at: now, since: 0 });
                Some(1)
            }
        }
    }
}

/// What one person can change of an address at will is not part of it: the second half of an IPv6 address.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // issue 18, line 4
    #[test]
    fn an_address_has_one_line_a_minute_for_each_status() {
        let (denials, start) = (Denials::default(), Instant::now());
        let at = |peer: &str, status, seconds| {
            let key = Key::Of(Some(network(peer.parse().unwrap())), status);
            denials.due_at(key, start + Duration::from_secs(seconds))
        };
        assert_eq!(at("192.0.2.1", 401, 0), Some(1));
        for seconds in 1..60 {
            assert_eq!(at("192.0.2.1", 401, seconds), None);
        }
        assert_eq!(at("192.0.2.1", 429, 59), Some(1), "another status");
        assert_eq!(at("192.0.2.2", 401, 59), Some(1), "another address");
        assert_eq!(at("192.0.2.1", 401, 60), Some(60));
        assert_eq!(at("2001:db8::1", 401, 0), Some(1));
        assert_eq!(at("2001:db8::2", 401, 1), None, "one /64");
    }

    // issue 18, line 4
    #[test]
    fn addresses_without_end_take_no_memory_without_end() {
        let (denials, start) = (Denials::default(), Instant::now());
        let key = |n: u32| Key::Of(Some(std::net::Ipv4Addr::from_bits(n).into()), 401);
        let lines = (0..100_000).filter(|n| denials.due_at(key(*n), start).is_some());
        assert_eq!(lines.count(), MOST + 1);
        assert_eq!(denials.0.lock().unwrap().said.len(), MOST + 1);
        let later = start + QUIET;
        assert_eq!(
            denials.due_at(key(500_000), later),
            Some(1),
            "the old ones are forgotten"
        );
        assert_eq!(denials.due_at(Key::Others, later), Some(100_000 - MOST as u64));
    }

    #[test]
    fn a_place_is_free_as_soon_as_the_oldest_is_forgotten() {
        let (denials, start) = (Denials::default(), Instant::now());
        let at = |n: u32, seconds| {
            let key = Key::Of(Some(std::net::Ipv4Addr::from_bits(n).into()), 401);
            denials.due_at(key, start + Duration::from_secs(seconds))
        };
        let most = u32::try_from(MOST).unwrap();
        for n in 0..most {
            assert_eq!(at(n, if n < 2 { 5 } else { 30 }), Some(1));
        }
        let others = || {
            denials
                .0
                .lock()
                .unwrap()
                .said
                .get(&Key::Others)
                .map(|said| said.since)
        };
        assert_eq!((at(most, 31), others()), (Some(1), Some(0)));
        assert_eq!((at(most + 1, 64), others()), (None, Some(1)));
        // Two have had their minute. The line of the others takes one place, so that one is free.
        assert_eq!((at(most + 2, 65), others()), (Some(1), Some(1)));
        assert_eq!((at(most + 3, 66), others()), (None, Some(2)));
        assert_eq!((at(most + 4, 90), others()), (Some(1), Some(2)));
    }
}
