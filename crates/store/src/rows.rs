//! Many rows in one statement, and lists of values.
//!
//! Owns: how many placeholders a statement has. Each number is a separate statement text, which every connection prepares and
//! caches, so only a few numbers are used.

use std::fmt::Write as _;

use crate::{Error, FromRow, Tx, Value};

/// The numbers of placeholders that a list, or the rows of an insert, may have.
const PLACES: [usize; 6] = [1, 4, 16, 64, 256, MOST];
/// The most placeholders of one list; a longer one is split by [`portions`].
pub const MOST: usize = 1_024;
/// The most values of one insert: below the limits of 32,766 in SQLite and 65,535 in PostgreSQL, and few enough that a
/// prepared statement stays small.
const VALUES: usize = 4_096;

/// The parts of a list, each for one statement.
pub fn portions<T>(values: &[T]) -> std::slice::Chunks<'_, T> {
    values.chunks(MOST)
}

/// The values, with the last one repeated up to one of the few numbers of placeholders. In `in (…)` that changes
/// nothing.
pub fn padded<T: Clone>(values: &[T]) -> impl Iterator<Item = T> + '_ {
    let more = places(values.len()) - values.len();
    let last = std::iter::repeat_n(values.last(), more).flatten();
    values.iter().chain(last).cloned()
}

/// How many placeholders a list of this length takes.
fn places(length: usize) -> usize {
    PLACES
        .into_iter()
        .find(|places| *places >= length)
        .unwrap_or_else(|| length.next_multiple_of(MOST))
}

/// Inserts rows, all of the same width, in few statements: `head` ends before `values`, `tail` is what follows the rows,
/// such as `on conflict …`. Returns how many rows were written.
///
/// # Errors
/// The database's.
pub fn insert<R: IntoIterator<Item = Value>>(
    tx: &mut Tx<'_>,
    (head, tail): (&str, &str),
    rows: Vec<R>,
) -> Result<u64, Error> {
    let mut written = 0;
    each(rows, |(rows, width), values| {
        written += tx.execute(&statement((head, tail), rows, width), values)?;
        Ok(())
    })?;
    Ok(written)
}

/// The same, with what the statements return.
///
/// # Errors
/// The database's, or [`Error::Decode`].
pub fn insert_returning<T: FromRow, R: IntoIterator<Item = Value>>(
    tx: &mut Tx<'_>,
    (head, tail): (&str, &str),
    rows: Vec<R>,
) -> Result<Vec<T>, Error> {
    let mut returned = Vec::with_capacity(rows.len());
    each(rows, |(rows, width), values| {
        returned.extend(tx.all::<T>(&statement((head, tail), rows, width), values)?);
        Ok(())
    })?;
    Ok(returned)
}

/// Calls `f` with the rows for one statement at a time: their number, width and values.
fn each<R: IntoIterator<Item = Value>>(
    rows: Vec<R>,
    mut f: impl FnMut((usize, usize), &[Value]) -> Result<(), Error>,
) -> Result<(), Error> {
    let count = rows.len();
    let values: Vec<Value> = rows.into_iter().flatten().collect();
    let width = values.len().checked_div(count).unwrap_or_default();
    if width == 0 {
        return Ok(());
    }
    debug_assert_eq!(values.len(), count * width, "rows of the same width");
    let mut rest = values.as_slice();
    for places in PLACES.into_iter().rev() {
        if places > 1 && places * width > VALUES {
            continue;
        }
        while rest.len() >= places * width {
            let (now, later) = rest.split_at(places * width);
            f((places, width), now)?;
            rest = later;
        }
    }
    Ok(())
}

fn statement((head, tail): (&str, &str), rows: usize, width: usize) -> String {
    let mut sql = String::with_capacity(head.len() + tail.len() + rows * width * 7 + 16);
    sql.push_str(head);
    sql.push_str(" values ");
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=width {
            let separator = if column == 1 { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = write!(sql, "{separator}${}", row * width + column);
        }
        sql.push(')');
    }
    if !tail.is_empty() {
        sql.push(' ');
        sql.push_str(tail);
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_every_placeholder() {
        assert_eq!(
            statement(("insert into t (a, b)", "returning a"), 2, 2),
            "insert into t (a, b) values ($1, $2), ($3, $4) returning a"
        );
    }

    #[test]
    fn a_list_has_one_of_a_few_lengths() {
        let lengths: std::collections::BTreeSet<usize> = (1..=3_000)
            .map(|length| padded(&vec![7; length]).count())
            .collect();
        assert_eq!(
            lengths.into_iter().collect::<Vec<_>>(),
            [1, 4, 16, 64, 256, 1_024, 2_048, 3_072]
        );
        assert_eq!(padded(&[1, 2, 3]).collect::<Vec<_>>(), [1, 2, 3, 3]);
        assert_eq!(padded::<i64>(&[]).count(), 0);
    }

    #[test]
    fn every_row_is_written_once_in_order() {
        for (count, width) in [(0, 2), (1, 2), (99, 2), (5_000, 2), (700, 34), (3, 5_000)] {
            let rows: Vec<Vec<Value>> = (0..count)
                .map(|row| (0..width).map(|column| (row * width + column).into()).collect())
                .collect();
            let (mut seen, mut most) = (Vec::new(), 0);
            each(rows, |(rows, _), values| {
                assert!(PLACES.contains(&rows));
                most = most.max(values.len());
                seen.extend_from_slice(values);
                Ok(())
            })
            .unwrap();
            let all: Vec<Value> = (0..count * width).map(Into::into).collect();
            assert_eq!(seen, all);
            assert!(most <= VALUES.max(width), "{count} x {width}");
        }
    }
}
