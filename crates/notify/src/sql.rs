//! Many rows in one statement, on both databases.

use store::{Error, Tx, Value};

/// How many rows one statement inserts: few sizes, so that the same texts come again and stay prepared.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Inserts rows of `width` columns each: `head` ends before `values`, `tail` follows the rows.
///
/// # Errors
/// The database's.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    head: &str,
    width: usize,
    rows: &[Value],
    tail: &str,
) -> Result<(), Error> {
    let mut rest = rows;
    for size in SIZES {
        while rest.len() >= size * width {
            let (chunk, after) = rest.split_at(size * width);
            tx.execute(&statement(head, width, size, tail), chunk)?;
            rest = after;
        }
    }
    Ok(())
}

/// The same, reading what each statement returns.
///
/// # Errors
/// The database's.
pub(crate) fn insert_returning<T: store::FromRow>(
    tx: &mut Tx<'_>,
    head: &str,
    width: usize,
    rows: &[Value],
    tail: &str,
) -> Result<Vec<T>, Error> {
    let mut returned = Vec::with_capacity(rows.len() / width.max(1));
    let mut rest = rows;
    for size in SIZES {
        while rest.len() >= size * width {
            let (chunk, after) = rest.split_at(size * width);
            returned.extend(tx.all::<T>(&statement(head, width, size, tail), chunk)?);
            rest = after;
        }
    }
    Ok(returned)
}

fn statement(head: &str, width: usize, rows: usize, tail: &str) -> String {
    use std::fmt::Write;
    let mut sql = String::with_capacity(head.len() + tail.len() + rows * width * 6);
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
    sql.push(' ');
    sql.push_str(tail);
    sql
}

/// Up to this many values go into one `in (…)`.
const LIST: usize = 500;

/// Rows whose `column` is one of the values, in as many statements as the number of values needs; `head` ends in
/// conditions.
///
/// # Errors
/// The database's.
pub(crate) fn among<T: store::FromRow>(
    tx: &mut Tx<'_>,
    head: &str,
    column: &str,
    values: &[Value],
) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    for chunk in values.chunks(LIST) {
        let select = store::Select::new(head).within(column, padded(chunk));
        found.extend(select.all::<T>(tx)?);
    }
    Ok(found)
}

/// Changes rows whose `column` is one of the values: `head` uses the `params` and ends in conditions.
///
/// # Errors
/// The database's.
pub(crate) fn update_among(
    tx: &mut Tx<'_>,
    head: &str,
    params: &[Value],
    column: &str,
    values: &[Value],
) -> Result<u64, Error> {
    let mut changed = 0;
    for chunk in values.chunks(LIST) {
        let mut all = params.to_vec();
        let mut marks = Vec::new();
        for value in padded(chunk) {
            all.push(value);
            marks.push(format!("${}", all.len()));
        }
        changed += tx.execute(&format!("{head} and {column} in ({})", marks.join(", ")), &all)?;
    }
    Ok(changed)
}

/// The values and the last one again, up to the next power of two: few statement texts, the same rows.
fn padded(values: &[Value]) -> impl Iterator<Item = Value> + '_ {
    let size = values.len().next_power_of_two();
    let last = values.last().cloned();
    values
        .iter()
        .cloned()
        .chain(std::iter::repeat_n(last, size - values.len()).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_every_row() {
        assert_eq!(
            statement("insert into t (a, b)", 2, 2, "returning a"),
            "insert into t (a, b) values ($1, $2), ($3, $4) returning a"
        );
        let three = [Value::Int(1), Value::Int(2), Value::Int(3)];
        let values: Vec<_> = padded(&three).collect();
        assert_eq!(values, [1.into(), 2.into(), 3.into(), 3.into()]);
    }
}
