//! Lists of any length in statements of bounded length.

use std::collections::BTreeSet;

use base::Id;
use store::{Error, Tx, Value, rows};

/// Rows whose `column` is one of the values, in as many statements as the number of values needs; `head` ends in
/// conditions. A row that cannot be read is left out: it must not hide the others.
///
/// # Errors
/// Database errors.
pub(crate) fn among<T: store::FromRow>(
    tx: &mut Tx<'_>,
    head: &str,
    column: &str,
    values: &[Value],
) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    for chunk in rows::portions(values) {
        let select = store::Select::new(head).within(column, chunk);
        found.extend(select.readable::<T>(tx, table(head))?);
    }
    Ok(found)
}

/// The table that a statement reads, for the metrics: these texts are constants, and few.
fn table(head: &str) -> &'static str {
    const TABLES: [&str; 14] = [
        "notification_preferences",
        "notification_rule_recipients",
        "notification_rules",
        "team_chats",
        "chat_settings",
        "delivery_attempts",
        "deliveries",
        "destinations",
        "event_sets",
        "event_set_members",
        "event_digests",
        "event_groups",
        "notifications",
        "first_reads",
    ];
    let from = head.split(" from ").nth(1).unwrap_or_default();
    let name = from.split_whitespace().next().unwrap_or_default();
    TABLES.into_iter().find(|table| *table == name).unwrap_or("other")
}

/// Locks the rows with these ids, in the order of the ids, so that there are no deadlocks: nothing else changes them
/// until the transaction ends. `select` returns ids of `table` and ends in conditions.
///
/// # Errors
/// Database errors.
pub(crate) fn hold(tx: &mut Tx<'_>, (select, table): (&str, &str), ids: &BTreeSet<Id>) -> Result<(), Error> {
    let lock = tx.for_update(table);
    if lock.is_empty() {
        return Ok(());
    }
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    for chunk in rows::portions(&ids) {
        store::Select::new(select)
            .within("id", chunk)
            .push(&format!(" order by id{lock}"), Vec::new())
            .all::<(Id,)>(tx)?;
    }
    Ok(())
}

/// Changes rows whose `column` is one of the values: `head` uses the `params` and ends in conditions.
///
/// # Errors
/// Database errors.
pub(crate) fn update_among(
    tx: &mut Tx<'_>,
    head: &str,
    params: &[Value],
    column: &str,
    values: &[Value],
) -> Result<u64, Error> {
    let mut changed = 0;
    for chunk in rows::portions(values) {
        let (sql, all) = update(head, params, column, chunk);
        changed += tx.execute(&sql, &all)?;
    }
    Ok(changed)
}

/// The same without an answer ([`Tx::post`]).
///
/// # Errors
/// Database errors.
pub(crate) fn post_among(
    tx: &mut Tx<'_>,
    head: &str,
    params: &[Value],
    column: &str,
    values: &[Value],
) -> Result<(), Error> {
    for chunk in rows::portions(values) {
        let (sql, all) = update(head, params, column, chunk);
        tx.post(&sql, &all)?;
    }
    Ok(())
}

fn update(head: &str, params: &[Value], column: &str, values: &[Value]) -> (String, Vec<Value>) {
    let mut all = params.to_vec();
    let mut marks = Vec::new();
    for value in rows::padded(values) {
        all.push(value);
        marks.push(format!("${}", all.len()));
    }
    (format!("{head} and {column} in ({})", marks.join(", ")), all)
}
