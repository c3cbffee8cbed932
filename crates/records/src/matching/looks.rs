//! Findings and entries in one position that nothing but their look tells apart: one result with two severities.
//!
//! Owns: which of them are pairs, so that the same report again changes none of them (promise M2).

use std::collections::BTreeMap;

use super::align::Position;

/// How the finding or entry with this index looks.
type Look<'l> = &'l dyn Fn(usize) -> Option<u64>;
/// The sorted positions of one side, and how each looks.
type Side<'l> = (&'l [Position], Look<'l>);

/// The same pairs, but in one position what looks alike is a pair. Nothing else changes: neither which positions belong
/// together, nor how many pairs there are.
pub(super) fn alike(mut pairs: Vec<(usize, usize)>, from: Side<'_>, to: Side<'_>) -> Vec<(usize, usize)> {
    let place = |pair: &(usize, usize)| (from.0.get(pair.0).copied(), to.0.get(pair.1).copied());
    let (mut given, mut taken) = (vec![false; from.0.len()], vec![false; to.0.len()]);
    for (one, other) in &pairs {
        mark(&mut given, *one, true);
        mark(&mut taken, *other, true);
    }
    for group in pairs.chunk_by_mut(|one, other| place(one) == place(other)) {
        let Some((Some(here), Some(there))) = group.first().map(place) else {
            continue;
        };
        for (one, other) in group.iter() {
            mark(&mut given, *one, false);
            mark(&mut taken, *other, false);
        }
        let (ones, others) = (free(from.0, here, &given), free(to.0, there, &taken));
        if ones.len() > 1 || others.len() > 1 {
            let made = matched((&ones, from.1), (&others, to.1));
            for (slot, pair) in group.iter_mut().zip(made) {
                *slot = pair;
            }
        }
        for (one, other) in group.iter() {
            mark(&mut given, *one, true);
            mark(&mut taken, *other, true);
        }
    }
    pairs
}

fn mark(marks: &mut [bool], at: usize, to: bool) {
    if let Some(mark) = marks.get_mut(at) {
        *mark = to;
    }
}

/// Those at this position that are in no pair.
fn free(all: &[Position], position: Position, paired: &[bool]) -> Vec<usize> {
    let at = all.partition_point(|one| *one < position)..all.partition_point(|one| *one <= position);
    at.filter(|at| paired.get(*at) == Some(&false)).collect()
}

/// Pairs of what looks alike, then of what is left in its order.
fn matched((ones, look): (&[usize], Look<'_>), (others, looks): (&[usize], Look<'_>)) -> Vec<(usize, usize)> {
    let mut by_look: BTreeMap<Option<u64>, Vec<usize>> = BTreeMap::new();
    for one in ones.iter().rev() {
        by_look.entry(look(*one)).or_default().push(*one);
    }
    let (mut made, mut left) = (Vec::new(), Vec::new());
    for other in others {
        match by_look.get_mut(&looks(*other)).and_then(Vec::pop) {
            Some(one) => made.push((one, *other)),
            None => left.push(*other),
        }
    }
    let mut rest: Vec<usize> = by_look.into_values().flatten().collect();
    rest.sort_unstable();
    made.extend(rest.into_iter().zip(left));
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: M2
    #[test]
    fn what_looks_alike_is_a_pair() {
        let (from, to) = ([(1, 0), (5, 0), (5, 0), (9, 0)], [(1, 0), (7, 0), (7, 0), (7, 0)]);
        let looks = |looks: &'static [u64]| move |at: usize| looks.get(at).copied();
        let made = alike(
            vec![(0, 0), (1, 1), (2, 2)],
            (&from, &looks(&[1, 2, 3, 4])),
            (&to, &looks(&[9, 3, 8, 2])),
        );
        assert_eq!(made, [(0, 0), (2, 1), (1, 3)]);
        let apart = alike(
            vec![(1, 0), (2, 1)],
            (&from, &looks(&[1, 2, 3, 4])),
            (&to, &looks(&[3, 2, 2, 2])),
        );
        assert_eq!(apart, [(1, 0), (2, 1)], "in other positions");
    }
}
