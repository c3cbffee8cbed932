//! Alerts of one rule that say different things in the same places, and what looks different in one position.

use base::Id;
use formats::Identity;
use records::matching::{Entry, Found, Matched, Stored, match_group};

use crate::problem::hash;

fn alert(said: &str, places: &[u64]) -> Identity {
    Identity {
        group: 1,
        keys: [1, 0, 0, 0],
        message: hash(said),
        exact: hash(said),
        places: places.to_vec(),
        ..Identity::default()
    }
}

fn known(number: u8, identity: Identity, verdict: bool) -> Stored {
    Stored {
        id: Id::from_bytes([number; 16]),
        identity,
        verdict,
        present: true,
    }
}

fn matched(stored: &[Stored], identities: &[Identity]) -> Matched {
    let entries: Vec<_> = (0..)
        .zip(identities.iter().cloned())
        .map(|(index, identity)| Entry { index, identity })
        .collect();
    match_group(stored, &entries)
}

const fn same(stored: usize, content: bool) -> Found {
    Found::Same { stored, content }
}

// promise: M4
#[test]
fn a_verdict_covers_no_alert_that_the_list_knows_as_another() {
    let stored = [
        known(1, alert("b", &[1, 2]), true),
        known(2, alert("a", &[1, 3]), false),
    ];
    let found = matched(&stored, &[alert("a", &[1, 3])]);
    assert_eq!(found.entries, [same(1, true)]);
    assert_eq!(found.covered, []);
}

// promise: M2, M5
#[test]
fn in_new_words_a_verdict_covers_all_of_an_alert_or_nothing() {
    let stored = [known(1, alert("b", &[1, 5]), true)];
    assert_eq!(matched(&stored, &[alert("a", &[1])]).entries, [same(0, true)]);
    let found = matched(&stored, &[alert("a", &[1, 2])]);
    assert_eq!((found.entries, found.covered), (vec![Found::New], vec![]));
}

// promise: M3, M5
#[test]
fn an_alert_that_moved_is_not_taken_for_another_one_that_was_there() {
    let stored = [
        known(1, alert("a", &[1]), false),
        known(2, alert("b", &[2, 3]), false),
    ];
    let found = matched(&stored, &[alert("a", &[3, 4])]);
    assert_eq!(found.entries, [same(0, false)]);
}

// promise: M2
#[test]
fn two_that_only_look_different_are_not_exchanged() {
    let result = |look| Identity {
        message: 7,
        line: 3,
        look,
        whole: 10 - look,
        places: Vec::new(),
        ..alert("a", &[])
    };
    for looks in [[1, 2], [2, 1]] {
        let stored = [
            known(1, result(looks[0]), false),
            known(2, result(looks[1]), false),
        ];
        let found = matched(&stored, &[result(looks[0]), result(looks[1])]);
        assert_eq!(found.entries, [same(0, true), same(1, true)], "{looks:?}");
    }
}
