//! Migrations.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::{Error, Tx, params};

/// The steps of one crate, in order. A released step is never edited: add another one.
#[derive(Clone, Copy)]
pub struct MigrationSet {
    /// The crate.
    pub owner: &'static str,
    /// Name and SQL text of each step, one text for both databases, except for parts below a line `-- on sqlite:` or
    /// `-- on postgres:` up to the next such line, including `-- on both:`: for triggers, whose syntax differs.
    pub steps: &'static [(&'static str, &'static str)],
}

const TABLE: &str = "create table if not exists schema_migrations (
    owner text not null, name text not null, checksum text not null, applied_at bigint not null,
    primary key (owner, name))";
const APPLIED: &str = "select owner, name, checksum from schema_migrations";
const INSERT: &str =
    "insert into schema_migrations (owner, name, checksum, applied_at) values ($1, $2, $3, $4)";
/// Any number, as long as nothing else in this database uses it. On SQLite the write transaction is the lock.
const LOCK: &str = "select pg_advisory_xact_lock(727275)";

pub(crate) fn run(tx: &mut Tx<'_>, sets: &[MigrationSet]) -> Result<(), Error> {
    // Without a write if there is nothing to do: a full or read-only database can still be read.
    if is_there(tx)? && pending(tx, sets)?.is_empty() {
        return Ok(());
    }
    if tx.is_postgres() {
        tx.script(LOCK)?;
    }
    tx.script(TABLE)?;
    // Check again: another node may have done it.
    for (owner, name, sql) in pending(tx, sets)? {
        tx.script(&part(sql, tx.is_postgres()))?;
        let now = tx.now();
        tx.execute(INSERT, params![owner, name, checksum(sql), now])?;
    }
    Ok(())
}

/// Whether the table of the steps exists.
fn is_there(tx: &mut Tx<'_>) -> Result<bool, Error> {
    const SQLITE: &str = "select name from sqlite_master where name = 'schema_migrations'";
    const POSTGRES: &str = "select coalesce(to_regclass('schema_migrations')::text, '')";
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    Ok(tx
        .one::<(String,)>(sql, &[])?
        .is_some_and(|(name,)| !name.is_empty()))
}

/// A step: its crate, name and text.
type Step = (&'static str, &'static str, &'static str);

/// The steps that are not applied yet.
fn pending(tx: &mut Tx<'_>, sets: &[MigrationSet]) -> Result<Vec<Step>, Error> {
    let mut applied: BTreeMap<(String, String), String> = tx
        .all::<(String, String, String)>(APPLIED, &[])?
        .into_iter()
        .map(|(owner, name, checksum)| ((owner, name), checksum))
        .collect();
    let mut pending = Vec::new();
    for set in sets {
        for (name, sql) in set.steps {
            match applied.remove(&(set.owner.to_owned(), (*name).to_owned())) {
                Some(known) if known == checksum(sql) => {}
                Some(_) => {
                    return Err(Error::Migration(format!(
                        "migration {}/{name} was changed",
                        set.owner
                    )));
                }
                None => pending.push((set.owner, *name, *sql)),
            }
        }
    }
    match applied.into_keys().next() {
        Some((owner, name)) => Err(Error::Migration(format!(
            "the database has migration {owner}/{name}, which this program does not know: it is newer"
        ))),
        None => Ok(pending),
    }
}

/// The part of a step for this database.
fn part(sql: &str, postgres: bool) -> String {
    let mut here = true;
    let mut part = String::with_capacity(sql.len());
    for line in sql.lines() {
        match line {
            "-- on sqlite:" => here = !postgres,
            "-- on postgres:" => here = postgres,
            "-- on both:" => here = true,
            line if here => {
                part.push_str(line);
                part.push('\n');
            }
            _ => {}
        }
    }
    part
}

fn checksum(sql: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(sql.as_bytes())
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_gets_its_own_parts() {
        let sql = "a\n-- on sqlite:\nb\n-- on postgres:\nc\n-- on both:\nd\n";
        assert_eq!(part(sql, false), "a\nb\nd\n");
        assert_eq!(part(sql, true), "a\nc\nd\n");
    }
}
