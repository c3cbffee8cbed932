//! A group of ten thousand that share rule and place is matched at once.

use std::time::{Duration, Instant};

use base::Id;
use formats::Identity;
use records::matching::{Entry, Found, Stored, match_group};

use crate::problem::hash;

const COUNT: u64 = 10_000;
/// Under a second with optimization; this leaves room for a debug build on a busy machine.
const MOST: Duration = Duration::from_secs(30);

fn stored(identities: &[Identity], verdict: bool) -> Vec<Stored> {
    let stored = identities.iter().enumerate().map(|(at, identity)| Stored {
        id: Id::from_bytes([hash(at).to_be_bytes(); 2].concat().try_into().unwrap()),
        identity: identity.clone(),
        verdict,
        present: true,
    });
    stored.collect()
}

/// Matches; answers how many entries are new, and which pairs there are.
fn timed(name: &str, stored: &[Stored], identities: Vec<Identity>) -> (usize, Vec<(usize, usize)>) {
    let entries: Vec<Entry> = (0..)
        .zip(identities)
        .map(|(index, identity)| Entry { index, identity })
        .collect();
    let start = Instant::now();
    let matched = match_group(stored, &entries);
    let took = start.elapsed();
    eprintln!("{name}: took {took:?}");
    assert!(took < MOST, "{name}: {took:?}");
    let new = matched.entries.iter().filter(|found| **found == Found::New);
    let pairs = matched
        .entries
        .iter()
        .enumerate()
        .filter_map(|(at, found)| match found {
            Found::Same { stored, .. } => Some((*stored, at)),
            _ => None,
        });
    (new.count(), pairs.collect())
}

fn of(at: u64) -> Identity {
    Identity {
        group: 1,
        keys: [1, 0, 0, 0],
        whole: at + 1,
        ..Identity::default()
    }
}

/// At every third line or so, with the same code and message.
fn coded(at: u64) -> Identity {
    Identity { code: 1, ..plain(at) }
}

fn plain(at: u64) -> Identity {
    Identity {
        message: 1,
        line: u32::try_from(at * 3 + at % 2).unwrap() + 1,
        column: 5,
        ..of(at)
    }
}

/// All on one line, as in minified code.
fn minified(at: u64) -> Identity {
    Identity {
        message: 1,
        line: 1,
        column: u32::try_from(at * 3).unwrap() + 1,
        ..of(at)
    }
}

/// A tenth is removed, one is added and, where `by` says so, all move: each that is left stays itself.
fn a_tenth_removed(name: &str, made: fn(u64) -> Identity, by: u32) {
    let all: Vec<_> = (0..COUNT).map(made).collect();
    let left: Vec<_> = (0..COUNT).filter(|at| at % 10 != 4).collect();
    let moved = |at: u64| Identity {
        line: made(at).line + by,
        ..made(at)
    };
    let mut entries: Vec<_> = left.iter().map(|at| moved(*at)).collect();
    entries.push(moved(COUNT + 5));
    for verdict in [false, true] {
        let stored = stored(&all, verdict);
        let (new, pairs) = timed(name, &stored, entries.clone());
        assert_eq!(new, 1, "{name}");
        assert_eq!(pairs.len(), left.len(), "{name}");
        for (one, entry) in pairs {
            assert_eq!(one as u64, left[entry], "{name}: another one");
        }
    }
}

// promise: M3
#[test]
fn ten_thousand_with_the_same_code() {
    a_tenth_removed("the same code", coded, 0);
    a_tenth_removed("the same code, moved", coded, 8);
}

// promise: M3
#[test]
fn ten_thousand_with_the_same_message() {
    a_tenth_removed("the same message", plain, 0);
    a_tenth_removed("the same message, moved", plain, 8);
    a_tenth_removed("on one line", minified, 0);
}

// promise: M4
#[test]
fn ten_thousand_of_which_all_have_changed() {
    let all: Vec<_> = (0..COUNT).map(coded).collect();
    let changed = |at| Identity {
        code: 2 + at,
        message: 2 + at,
        ..coded(at + 1)
    };
    let entries: Vec<_> = (0..COUNT).map(changed).collect();
    for verdict in [false, true] {
        let (new, _) = timed("other code", &stored(&all, verdict), entries.clone());
        assert_eq!(new, 10_000, "a verdict: {verdict}");
    }
    let version = |at| Identity {
        version: 1 + at,
        rank: at << 8,
        message: 1,
        ..of(at)
    };
    let all: Vec<_> = (0..COUNT).map(version).collect();
    let entries: Vec<_> = (COUNT..2 * COUNT).map(version).collect();
    let (new, _) = timed("other versions", &stored(&all, false), entries.clone());
    assert_eq!(new, 0, "an upgrade is no new problem");
    let (new, _) = timed("other versions, judged", &stored(&all, true), entries);
    assert_eq!(new, 10_000, "a verdict is for a version");
    let host = |at| Identity {
        code: 1 + at,
        ..of(at)
    };
    let all: Vec<_> = (0..COUNT).map(host).collect();
    let entries: Vec<_> = (COUNT..2 * COUNT).map(host).collect();
    let (new, _) = timed("other code without lines", &stored(&all, false), entries);
    assert_eq!(new, 10_000);
}

// promise: M2
#[test]
fn ten_thousand_alerts_with_a_place_each() {
    let alert = |at| Identity {
        message: 1,
        places: vec![1 + at],
        ..of(at)
    };
    let all: Vec<_> = (0..COUNT).map(alert).collect();
    for verdict in [false, true] {
        let (new, pairs) = timed("alerts", &stored(&all, verdict), all.clone());
        assert_eq!((new, pairs.len()), (0, 10_000));
        assert!(pairs.into_iter().all(|(one, entry)| one == entry));
    }
}
