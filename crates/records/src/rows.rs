//! Many rows in one statement.

use store::{Error, Tx, Value};

/// Values of one statement, at most: below every database's bound on parameters.
const VALUES: usize = 1_000;

/// Runs `head` (`insert into … values`), so many places for each row, and `tail` (`on conflict …`), in as few statements
/// as that takes.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    (head, tail): (&str, &str),
    rows: Vec<Vec<Value>>,
) -> Result<(), Error> {
    let Some(width) = rows.first().map(Vec::len).filter(|width| *width > 0) else {
        return Ok(());
    };
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let values: Vec<Value> = rows.by_ref().take(VALUES / width).flatten().collect();
        let places: Vec<_> = (0..values.len() / width)
            .map(|row| {
                let marks: Vec<_> = (1..=width)
                    .map(|column| format!("${}", row * width + column))
                    .collect();
                format!("({})", marks.join(", "))
            })
            .collect();
        tx.execute(&format!("{head} {} {tail}", places.join(", ")), &values)?;
    }
    Ok(())
}
