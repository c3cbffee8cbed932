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
pub(crate) struct Denials(Mutex<HashMap<Key, Said>>);

impl Denials {
    /// Counts one more; if a line is due, how many it stands for.
    pub(crate) fn due(&self, peer: Option<IpAddr>, status: u16) -> Option<u64> {
        self.due_at(Key::Of(peer.map(network), status), Instant::now())
    }

    fn due_at(&self, key: Key, now: Instant) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |said: &Said| now.saturating_duration_since(said.at) < QUIET;
        if all.len() >= MOST && !all.contains_key(&key) {
            // A line would be due for them anyway.
            all.retain(|key, said| quiet(said) || *key == Key::Others);
        }
        let key = if all.len() >= MOST && !all.contains_key(&key) {
            Key::Others
        } else {
            key
        };
        match all.get_mut(&key) {
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
                all.insert(key, Said { at: now, since: 0 });
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
        assert_eq!(denials.0.lock().unwrap().len(), MOST + 1);
        let later = start + QUIET;
        assert_eq!(
            denials.due_at(key(500_000), later),
            Some(1),
            "the old ones are forgotten"
        );
        assert_eq!(denials.due_at(Key::Others, later), Some(100_000 - MOST as u64));
    }
}
