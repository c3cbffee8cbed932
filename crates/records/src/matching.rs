//! Decides which entry of a scan report is which stored finding: one pure function over a group.
//!
//! Owns: the rules of promises M1 to M6. Must not: read a file or a database, depend on the order of entries, or know a
//! format: a parser states what an entry is recognised by ([`formats::Identity`]).
//!
//! A group is everything that one tool found in one place of one target. Within it the strongest equal evidence is
//! assigned first, each entry and each stored finding once: the tool's own line hash, the code, the version of the
//! component, the message, the line. What is left is created, or gone. A finding with a verdict takes part only if the
//! content matches ([`pair::covers`]).
//!
//! ```text
//! match_group ─► classes ─► places
//!            ├─► levels ──► align, looks, moves
//!            └─► settle ──► pair
//! ```

mod align;
mod classes;
mod group;
mod levels;
mod looks;
mod moves;
mod pair;
mod places;
mod settle;

pub use group::{Entry, Found, Matched, Stored};

use moves::Moves;

/// Matches the entries of a group with its stored findings. The order of either does not matter.
pub fn match_group(stored: &[Stored], entries: &[Entry]) -> Matched {
    let mut matched = Matched {
        entries: vec![Found::New; entries.len()],
        ..Matched::default()
    };
    if let ([one], [entry]) = (stored, entries)
        && entry.identity.places.is_empty()
        && one.identity.places.is_empty()
    {
        return alone(one, entry);
    }
    let work = classes::split(stored, entries, &mut matched);
    let (with_places, others): (Vec<_>, Vec<_>) = work
        .into_iter()
        .partition(|class| class.has_places(stored, entries));
    for class in &with_places {
        places::assign(stored, entries, class, &mut matched);
    }
    let assign = |moves: &Moves| -> Vec<levels::Pair> {
        let assigned = others.iter();
        assigned
            .flat_map(|class| levels::assign(stored, entries, class, moves))
            .collect()
    };
    let mut pairs = assign(&Moves::default());
    // The unambiguous pairs show how the lines moved, which helps with the others.
    let is_sure = |pair: &&levels::Pair| pair.even && pair.is_alike(stored, entries);
    let singles = Moves::of(
        stored,
        entries,
        pairs.iter().filter(|pair| pair.single && is_sure(pair)),
    );
    let strays = |pair: &levels::Pair| !pair.single && singles.are_left_by(stored, entries, pair);
    if pairs.iter().any(|pair| !pair.even || strays(pair)) {
        let sure = pairs.iter().filter(|pair| is_sure(pair) && !strays(pair));
        pairs = assign(&Moves::of(stored, entries, sure));
    }
    settle::settle(stored, entries, &others, pairs, &mut matched);
    matched
}

/// One entry and one stored finding, as in most groups.
fn alone(stored: &Stored, entry: &Entry) -> Matched {
    let (one, other) = (&stored.identity, &entry.identity);
    let content = pair::covers(one, other, (true, true));
    let same = pair::share_key(one, other)
        && if stored.verdict {
            content
        } else {
            pair::is_plausible(one, other)
        };
    let mut matched = Matched {
        entries: vec![if same {
            Found::Same { stored: 0, content }
        } else {
            Found::New
        }],
        ..Matched::default()
    };
    if !same && stored.verdict && pair::share_key(one, other) {
        matched.related.push((0, 0));
    }
    matched
}
