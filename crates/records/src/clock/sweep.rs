//! Findings wait for a step of a ladder; when the ladder changes, they are updated in portions.
//!
//! Owns: the tables `clock_sweeps`, the findings still to be updated, and `clock_settings`, the ladder that findings
//! wait for. Must not: run before what is due.

use store::{Error, Tx, outbox, params};

use super::waiting::begin;
use crate::{Settings, findings};

const PENDING: &str = "select company_id from clock_sweeps limit 1";

/// Whether there are findings to update.
///
/// # Errors
/// The store's.
pub(super) fn pending(tx: &mut Tx<'_>) -> Result<bool, Error> {
    Ok(tx.one::<(String,)>(PENDING, &[])?.is_some())
}

const FIRST: &str = "select company_id, after_id from clock_sweeps order by company_id limit 1";
const DONE: &str = "delete from clock_sweeps where company_id = $1";
const AFTER: &str = "update clock_sweeps set after_id = $2 where company_id = $1";

/// Updates the next findings, at most `limit`.
///
/// # Errors
/// The store's.
pub(super) fn advance(tx: &mut Tx<'_>, settings: &Settings, limit: u32) -> Result<(), Error> {
    let first = format!("{FIRST}{}", outbox::skip_locked(tx));
    let Some((company, after)) = tx.one::<(String, String)>(&first, &[])? else {
        return Ok(());
    };
    let last = findings::due::recalculate(tx, company.parse().ok(), &after, settings, limit)?;
    match last {
        Some(last) => tx.execute(AFTER, params![company, last]),
        None => tx.execute(DONE, params![company]),
    }
    .map(drop)
}

const KNOWN: &str = "select value from clock_settings where name = 'sla_steps'";
const KNOW: &str = "insert into clock_settings (name, value) values ('sla_steps', $1) \
     on conflict (name) do update set value = excluded.value";

/// Starts an update of the findings if the settings' ladder has changed since the last run.
///
/// # Errors
/// The store's.
pub(super) fn note_settings(tx: &mut Tx<'_>, settings: &Settings) -> Result<(), Error> {
    let steps: Vec<String> = settings.sla_steps.steps().iter().map(u32::to_string).collect();
    let value = steps.join(" ");
    let known: Option<(String,)> = tx.one(KNOWN, &[])?;
    match known {
        Some((known,)) if known == value => return Ok(()),
        Some(_) => begin(tx, None)?,
        None => {}
    }
    tx.execute(KNOW, params![value]).map(drop)
}
