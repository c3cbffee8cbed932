//! Logs refused requests: from where, and on which route.
//!
//! Owns: the limit that keeps refused requests from filling the log: one line a minute per address and status, with a count. Must not:
//! log anything that a client sent, except the method, the matched route and the request's id, which is limited.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long to log nothing after a line.
const INTERVAL: Duration = Duration::from_mins(1);

/// The most addresses and statuses at once; all others share one line.
const MOST: usize = 4_096;

/// What is logged once a minute.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Of(Option<IpAddr>, u16),
    Others,
}

#[derive(Clone, Copy)]
struct Line {
    at: Instant,
    since: u64,
}

/// When a line was last logged for each key, and how many refusals have followed.
#[derive(Default)]
pub(crate) struct Denials(Mutex<All>);

#[derive(Default)]
struct All {
    lines: HashMap<Key, Line>,
    /// Before this time no entry can be removed, so none is searched for: a client with many addresses does not make
    /// others wait.
    full_until: Option<Instant>,
}

impl All {
    /// Removes the entries for which a line would be due anyway.
    fn remove_expired(&mut self, now: Instant) {
        if self.full_until.is_some_and(|until| now < until) {
            return;
        }
        let mut oldest = now;
        self.lines.retain(|key, line| {
            let others = *key == Key::Others;
            let keep = others || now.saturating_duration_since(line.at) < INTERVAL;
            if keep && !others {
                oldest = oldest.min(line.at);
            }
            keep
        });
        self.full_until = Some(oldest + INTERVAL);
    }
}

impl Denials {
    /// Counts one more; if a line is due, returns how many refusals it covers.
    pub(crate) fn due(&self, peer: Option<IpAddr>, status: u16) -> Option<u64> {
        self.due_at(Key::Of(peer.map(network), status), Instant::now())
    }

    fn due_at(&self, key: Key, now: Instant) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |line: &Line| now.saturating_duration_since(line.at) < INTERVAL;
        if all.lines.len() >= MOST && !all.lines.contains_key(&key) {
            all.remove_expired(now);
        }
        let key = if all.lines.len() >= MOST && !all.lines.contains_key(&key) {
            Key::Others
        } else {
            key
        };
        match all.lines.get_mut(&key) {
            Some(line) if recent(line) => {
                line.since += 1;
                None
            }
            Some(line) => {
                let count = line.since + 1;
                *line = Line { at: now, since: 0 };
                Some(count)
            }
            None => {
                all.lines.insert(key, Line { at: now, since: 0 });
                Some(1)
            }
        }
    }
}

/// Without the part of an address that one client can change at will: the second half of an IPv6 address.
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
    fn an_address_gets_one_line_a_minute_per_status() {
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
    fn memory_is_limited_for_any_number_of_addresses() {
        let (denials, start) = (Denials::default(), Instant::now());
        let key = |n: u32| Key::Of(Some(std::net::Ipv4Addr::from_bits(n).into()), 401);
        let lines = (0..100_000).filter(|n| denials.due_at(key(*n), start).is_some());
        assert_eq!(lines.count(), MOST + 1);
        assert_eq!(denials.0.lock().unwrap().lines.len(), MOST + 1);
        let later = start + INTERVAL;
        assert_eq!(
            denials.due_at(key(500_000), later),
            Some(1),
            "the old ones are removed"
        );
        assert_eq!(denials.due_at(Key::Others, later), Some(100_000 - MOST as u64));
    }

    #[test]
    fn a_place_is_free_once_the_oldest_entry_is_removed() {
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
                .lines
                .get(&Key::Others)
                .map(|line| line.since)
        };
        assert_eq!((at(most, 31), others()), (Some(1), Some(0)));
        assert_eq!((at(most + 1, 64), others()), (None, Some(1)));
        // Two have expired. The shared line takes one place, so that one is free.
        assert_eq!((at(most + 2, 65), others()), (Some(1), Some(1)));
        assert_eq!((at(most + 3, 66), others()), (None, Some(2)));
        assert_eq!((at(most + 4, 90), others()), (Some(1), Some(2)));
    }
}
