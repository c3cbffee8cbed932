//! The tiers of evidence within a class, the strongest first.

use std::collections::{BTreeMap, BTreeSet};

use formats::Identity;

use super::{
    align::{Position, align},
    classes::Class,
    group::{Entry, Stored},
    looks,
    moves::Moves,
    pair,
};

/// A pair that the evidence suggests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) stored: usize,
    pub(super) entry: usize,
    /// Whether as many entries as stored findings had this evidence, so that there was nothing to choose.
    pub(super) even: bool,
    /// Whether there was one of each.
    pub(super) single: bool,
}

impl Pair {
    /// Whether nothing but their position tells the two apart.
    pub(super) fn is_alike(&self, stored: &[Stored], entries: &[Entry]) -> bool {
        let (one, other) = (stored.get(self.stored), entries.get(self.entry));
        one.zip(other)
            .is_some_and(|(one, other)| pair::is_alike(&one.identity, &other.identity))
    }
}

/// What has to be equal at a level; none where an identity has nothing of it.
type Level = fn(&Identity) -> Option<[u64; 5]>;

/// From the strongest to the weakest. The first number keeps the levels apart from each other.
const LEVELS: &[Level] = &[
    |id| (id.tool != 0).then_some([id.tool, id.code, id.version, id.message, id.detail]),
    |id| (id.tool != 0).then_some([id.tool, id.code, id.version, 0, 0]),
    |id| (id.code != 0).then_some([id.code, id.version, id.message, id.detail, 0]),
    |id| (id.code != 0).then_some([id.code, id.version, 0, 0, 0]),
    |id| (id.tool != 0).then_some([id.tool, id.version, 0, 0, 0]),
    |id| (id.version != 0).then_some([id.version, id.message, id.detail, 0, 0]),
    |id| (id.version != 0).then_some([id.version, 0, 0, 0, 0]),
    |id| (id.message != 0 && is_plain(id)).then_some([id.message, id.detail, 0, 0, 0]),
    |id| (id.message != 0 && is_plain(id)).then_some([id.message, 0, 0, 0, 0]),
    // An upgrade that does not fix it: of the versions the nearest.
    |id| (id.version != 0 && id.code == 0).then_some([id.message, 0, 0, 0, 0]),
];

/// Whether the tool says neither a hash nor code nor a version.
fn is_plain(identity: &Identity) -> bool {
    (identity.tool, identity.code, identity.version) == (0, 0, 0)
}

/// Assigns entries to stored findings by all but their lines. Pairs under a verdict are suggestions until
/// [`settle`](super::settle).
pub(super) fn assign(stored: &[Stored], entries: &[Entry], class: &Class, moves: &Moves) -> Vec<Pair> {
    let mut left = class.stored.clone();
    let mut open = class.entries.clone();
    let mut pairs = Vec::new();
    let several = names(stored, entries, class);
    // Where the class knows several names, the main one has to be equal before another may be.
    for main in [true, false] {
        if main != several && main {
            continue;
        }
        for level in 0..LEVELS.len() {
            if left.is_empty() || open.is_empty() {
                return pairs;
            }
            let new = at_level(
                (stored, &left),
                (entries, &open),
                (level, main, several && !main),
                moves,
            );
            let taken: BTreeSet<_> = new.iter().map(|pair| pair.stored).collect();
            let given: BTreeSet<_> = new.iter().map(|pair| pair.entry).collect();
            left.retain(|at| !taken.contains(at));
            open.retain(|at| !given.contains(at));
            pairs.extend(new);
        }
    }
    pairs
}

/// Whether the main names of a class differ.
fn names(stored: &[Stored], entries: &[Entry], class: &Class) -> bool {
    let of_stored = class
        .stored
        .iter()
        .filter_map(|at| stored.get(*at))
        .map(|one| one.identity.keys[0]);
    let of_entries = class
        .entries
        .iter()
        .filter_map(|at| entries.get(*at))
        .map(|entry| entry.identity.keys[0]);
    let mut all = of_stored.chain(of_entries);
    let first = all.next();
    all.any(|name| Some(name) != first)
}

/// Stored findings and entries that are equal at a level.
type Bucket = (Vec<usize>, Vec<usize>);

fn at_level(
    (stored, left): (&[Stored], &[usize]),
    (entries, open): (&[Entry], &[usize]),
    (level, main, again): (usize, bool, bool),
    moves: &Moves,
) -> Vec<Pair> {
    let key = |identity: &Identity| LEVELS.get(level).and_then(|key| key(identity));
    let name = |identity: &Identity| if main { identity.keys[0] } else { 0 };
    let mut buckets: BTreeMap<(u64, [u64; 5]), Bucket> = BTreeMap::new();
    for at in left {
        let Some(identity) = stored.get(*at).map(|one| &one.identity) else {
            continue;
        };
        if let Some(key) = key(identity) {
            buckets.entry((name(identity), key)).or_default().0.push(*at);
        }
    }
    for at in open {
        let Some(identity) = entries.get(*at).map(|entry| &entry.identity) else {
            continue;
        };
        if let Some(key) = key(identity)
            && let Some(bucket) = buckets.get_mut(&(name(identity), key))
        {
            bucket.1.push(*at);
        }
    }
    let mut pairs = Vec::new();
    for (mut left, open) in buckets.into_values().filter(|(_, open)| !open.is_empty()) {
        // A verdict that covers none of them leaves them to the others.
        let content = Content::of(entries, &open);
        left.retain(|at| {
            let one = stored.get(*at);
            one.is_some_and(|one| !one.verdict || content.may_be(&one.identity))
        });
        let mut new = in_bucket((stored, left), (entries, open), moves);
        new.retain(|pair| !was_left_apart(pair, (stored, entries), (level, again)));
        pairs.extend(new);
    }
    pairs
}

/// Whether nothing but their position tells the two apart, and a stronger level left both.
fn was_left_apart(
    pair: &Pair,
    (stored, entries): (&[Stored], &[Entry]),
    (level, again): (usize, bool),
) -> bool {
    let (Some(one), Some(other)) = (stored.get(pair.stored), entries.get(pair.entry)) else {
        return false;
    };
    let (one, other) = (&one.identity, &other.identity);
    let first = LEVELS.iter().position(|level| level(one).is_some());
    pair::is_alike(one, other) && (first != Some(level) || again && one.keys[0] == other.keys[0])
}

/// The values of entries, each part separately.
#[derive(Default)]
struct Content {
    codes: BTreeSet<u64>,
    versions: BTreeSet<u64>,
    messages: BTreeSet<u64>,
}

impl Content {
    fn of(entries: &[Entry], open: &[usize]) -> Self {
        let mut content = Self::default();
        for entry in open.iter().filter_map(|at| entries.get(*at)) {
            content.codes.insert(entry.identity.code);
            content.versions.insert(entry.identity.version);
            content.messages.insert(entry.identity.message);
        }
        content
    }

    /// Whether one of the entries may say the same.
    fn may_be(&self, identity: &Identity) -> bool {
        let has = |known: &BTreeSet<u64>, part: u64| part == 0 || known.contains(&0) || known.contains(&part);
        let code = identity.tool != 0 || identity.code != 0;
        has(&self.codes, identity.code)
            && has(&self.versions, identity.version)
            && (code || has(&self.messages, identity.message))
    }
}

/// Pairs of what is equal at a level, in the order of their lines: first those that the report before held.
fn in_bucket(
    (stored, left): (&[Stored], Vec<usize>),
    (entries, mut open): (&[Entry], Vec<usize>),
    moves: &Moves,
) -> Vec<Pair> {
    let of_stored = |at: usize| {
        stored.get(at).map_or((0, 0), |one| {
            position(&one.identity, |line| moves.expected(line, at))
        })
    };
    let of_entry = |at: usize| {
        entries
            .get(at)
            .map_or((0, 0), |entry| position(&entry.identity, i64::from))
    };
    open.sort_by_cached_key(|at| of_entry(*at));
    let is_present = |at: &usize| stored.get(*at).is_some_and(|one| one.present);
    let (present, gone): (Vec<_>, Vec<_>) = left.into_iter().partition(is_present);
    let mut pairs: Vec<Pair> = Vec::new();
    for mut left in [present, gone] {
        left.sort_by_cached_key(|at| of_stored(*at));
        let even = left.len() == open.len();
        let single = even && left.len() == 1;
        let fixed = left.iter().all(|at| {
            stored
                .get(*at)
                .is_some_and(|one| moves.is_fixed(one.identity.line, *at))
        });
        let from: Vec<_> = left.iter().map(|at| of_stored(*at)).collect();
        let to: Vec<_> = open.iter().map(|at| of_entry(*at)).collect();
        let aligned = looks::alike(
            align(&from, &to, fixed),
            (&from, &|at| {
                stored.get(*left.get(at)?).map(|one| one.identity.look)
            }),
            (&to, &|at| {
                entries.get(*open.get(at)?).map(|entry| entry.identity.look)
            }),
        );
        let new = aligned.into_iter().filter_map(|(one, other)| {
            let (stored_at, entry_at) = (*left.get(one)?, *open.get(other)?);
            let (one, other) = (&stored.get(stored_at)?.identity, &entries.get(entry_at)?.identity);
            pair::share_key(one, other).then_some(Pair {
                stored: stored_at,
                entry: entry_at,
                even,
                single,
            })
        });
        let new: Vec<_> = new.collect();
        let taken: BTreeSet<_> = new.iter().map(|pair| pair.entry).collect();
        open.retain(|at| !taken.contains(at));
        pairs.extend(new);
    }
    pairs
}

/// The line and column, or the order of versions where there are no lines.
fn position(identity: &Identity, line: impl Fn(u32) -> i64) -> Position {
    let first = if identity.line > 0 {
        i128::from(line(identity.line))
    } else {
        i128::from(identity.rank)
    };
    (first, i128::from(identity.column))
}
