//! Many rows in one statement, and lists of values.
//!
//! Owns: how many placeholders a statement has. Each number is a separate statement text, which every connection prepares and
//! caches, so only a few numbers are used. PostgreSQL takes rows as one array per column instead: one text for any number.

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
    each(rows, tx.is_postgres(), |part| {
        written += match part {
            Part::Rows(rows, width, values) => tx.execute(&statement((head, tail), rows, width), values)?,
            Part::Columns(columns) => tx.execute_columns(&unnest((head, tail), &columns), &columns)?,
        };
        Ok(())
    })?;
    Ok(written)
}

/// The same without an answer: the statements are sent with the next one or with the commit, and an error of them is reported there.
/// Only for rows that violate no constraint.
///
/// # Errors
/// The database's.
pub fn post<R: IntoIterator<Item = Value>>(
    tx: &mut Tx<'_>,
    (head, tail): (&str, &str),
    rows: Vec<R>,
) -> Result<(), Error> {
    each(rows, tx.is_postgres(), |part| match part {
        Part::Rows(rows, width, values) => tx.post(&statement((head, tail), rows, width), values),
        Part::Columns(columns) => {
            let sql = unnest((head, tail), &columns);
            tx.queue(Queued::by_columns(sql, &columns));
            Ok(())
        }
    })
}

/// A statement that is sent later, with its values; a column's are in sequence.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
    /// How many rows the values are, if they are columns.
    rows: Option<usize>,
}

impl Queued {
    pub(crate) fn new(sql: &str, values: &[Value]) -> Self {
        Self {
            sql: sql.to_owned(),
            values: values.to_vec(),
            rows: None,
        }
    }

    fn by_columns(sql: String, columns: &[Column<'_>]) -> Self {
        let rows = columns.first().map_or(0, Column::len);
        Self {
            sql,
            values: columns.iter().flat_map(Column::values).collect(),
            rows: Some(rows.max(1)),
        }
    }

    /// The values by columns, if they are.
    pub(crate) fn columns(&self) -> Option<Vec<Column<'_>>> {
        let rows = self.rows?;
        self.values
            .chunks(rows)
            .map(|column| Column::of(column.iter()))
            .collect()
    }
}

/// The same as [`insert`], with what the statements return.
///
/// # Errors
/// The database's, or [`Error::Decode`].
pub fn insert_returning<T: FromRow, R: IntoIterator<Item = Value>>(
    tx: &mut Tx<'_>,
    (head, tail): (&str, &str),
    rows: Vec<R>,
) -> Result<Vec<T>, Error> {
    let mut returned = Vec::with_capacity(rows.len());
    each(rows, tx.is_postgres(), |part| {
        returned.extend(match part {
            Part::Rows(rows, width, values) => tx.all::<T>(&statement((head, tail), rows, width), values)?,
            Part::Columns(columns) => tx.all_columns(&unnest((head, tail), &columns), &columns)?,
        });
        Ok(())
    })?;
    Ok(returned)
}

/// The rows of one statement.
enum Part<'a> {
    /// Their number and width, and the values one after the other.
    Rows(usize, usize, &'a [Value]),
    /// Column by column.
    Columns(Vec<Column<'a>>),
}

/// The values of a column, all of one type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Column<'a> {
    Texts(Vec<Option<&'a str>>),
    Ints(Vec<Option<i64>>),
    Reals(Vec<Option<f64>>),
}

impl<'a> Column<'a> {
    /// None if their type is not known, or not the same.
    fn of(values: impl Iterator<Item = &'a Value> + Clone) -> Option<Self> {
        let first = values.clone().find(|value| !matches!(value, Value::Null))?;
        match first {
            Value::Text(_) => same(values, |value| match value {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .map(Self::Texts),
            Value::Int(_) => same(values, |value| match value {
                Value::Int(int) => Some(*int),
                _ => None,
            })
            .map(Self::Ints),
            Value::Real(_) => same(values, |value| match value {
                Value::Real(real) => Some(*real),
                _ => None,
            })
            .map(Self::Reals),
            Value::Null => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Ints(ints) => ints.len(),
            Self::Reals(reals) => reals.len(),
        }
    }

    fn values(&self) -> Vec<Value> {
        fn all<T: Clone + Into<Value>>(values: &[Option<T>]) -> Vec<Value> {
            let value = |value: &Option<T>| value.clone().map_or(Value::Null, Into::into);
            values.iter().map(value).collect()
        }
        match self {
            Self::Texts(texts) => all(texts),
            Self::Ints(ints) => all(ints),
            Self::Reals(reals) => all(reals),
        }
    }

    const fn type_name(&self) -> &'static str {
        match self {
            Self::Texts(_) => "text",
            Self::Ints(_) => "bigint",
            Self::Reals(_) => "double precision",
        }
    }
}

fn same<'a, T>(
    values: impl Iterator<Item = &'a Value>,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Option<Vec<Option<T>>> {
    values
        .map(|value| match value {
            Value::Null => Some(None),
            value => read(value).map(Some),
        })
        .collect()
}

/// Calls `f` with the rows for one statement at a time.
fn each<R: IntoIterator<Item = Value>>(
    rows: Vec<R>,
    in_columns: bool,
    mut f: impl FnMut(Part<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let count = rows.len();
    let values: Vec<Value> = rows.into_iter().flatten().collect();
    let width = values.len().checked_div(count).unwrap_or_default();
    if width == 0 {
        return Ok(());
    }
    debug_assert_eq!(values.len(), count * width, "rows of the same width");
    let mut rest = values.as_slice();
    if in_columns && count > 1 {
        for part in rest.chunks(MOST * width) {
            let columns = (0..width).map(|column| Column::of(part.iter().skip(column).step_by(width)));
            // Without a value its type is unknown.
            let Some(columns) = columns.collect() else {
                break;
            };
            f(Part::Columns(columns))?;
            rest = rest.get(part.len()..).unwrap_or_default();
        }
    }
    for places in PLACES.into_iter().rev() {
        if places > 1 && places * width > VALUES {
            continue;
        }
        while rest.len() >= places * width {
            let (now, later) = rest.split_at(places * width);
            f(Part::Rows(places, width, now))?;
            rest = later;
        }
    }
    Ok(())
}

fn unnest((head, tail): (&str, &str), columns: &[Column<'_>]) -> String {
    let arrays: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| format!("${}::{}[]", index + 1, column.type_name()))
        .collect();
    format!("{head} select * from unnest({}) {tail}", arrays.join(", "))
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
            each(rows, false, |part| {
                let Part::Rows(rows, _, values) = part else {
                    panic!("in rows");
                };
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

    #[test]
    fn in_columns_every_row_is_written_once_in_order() {
        for count in [2_usize, 5, 1_024, 2_500] {
            let rows: Vec<Vec<Value>> = (0..count)
                .map(|row| vec![row.into(), row.to_string().into(), Value::Null, 0.5.into()])
                .collect();
            let with_value = |mut rows: Vec<Vec<Value>>| {
                for row in &mut rows {
                    row[2] = 7.into();
                }
                rows[1][2] = Value::Null;
                rows
            };
            let (mut seen, mut parts) = (Vec::new(), 0);
            each(with_value(rows.clone()), true, |part| {
                parts += 1;
                match part {
                    Part::Columns(columns) => match columns.as_slice() {
                        [
                            Column::Ints(numbers),
                            Column::Texts(texts),
                            Column::Ints(some),
                            Column::Reals(reals),
                        ] => {
                            assert!(numbers.len() <= MOST && some[0] == Some(7) && reals[0] == Some(0.5));
                            assert_eq!(texts.len(), numbers.len());
                            seen.extend(numbers.clone());
                        }
                        other => panic!("{other:?}"),
                    },
                    Part::Rows(..) => panic!("in columns"),
                }
                Ok(())
            })
            .unwrap();
            let all: Vec<_> = (0..count).map(|row| i64::try_from(row).ok()).collect();
            assert_eq!(seen, all);
            assert_eq!(parts, count.div_ceil(MOST));
            let mut in_rows = 0;
            each(rows, true, |part| {
                in_rows += match part {
                    Part::Rows(rows, ..) => rows,
                    Part::Columns(_) => panic!("a column without a value has no type"),
                };
                Ok(())
            })
            .unwrap();
            assert_eq!(in_rows, count);
        }
        let columns = [Column::Ints(Vec::new()), Column::Texts(Vec::new())];
        assert_eq!(
            unnest(("insert into t (a, b)", "returning a"), &columns),
            "insert into t (a, b) select * from unnest($1::bigint[], $2::text[]) returning a"
        );
    }
}
