//! At which hours before a deadline a company is warned, if it overrides the settings.
//!
//! Owns: the table `sla_steps`. Must not: know which findings wait; a change is passed to the clock, which updates
//! them.

use std::collections::BTreeMap;

use base::Id;
use serde::{Deserialize, Serialize};
use store::{Error, Select, Tx, params};

use super::ladder::Ladder;
use crate::clock::waiting;

/// When a company is warned about an SLA deadline.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SlaWarnings)]
pub struct Warnings {
    /// Hours before the deadline, earliest first: 1 to 2,160, at most ten different values. An empty list for no
    /// warning; null for the default hours.
    #[schema(value_type = Option<std::collections::BTreeSet<u32>>, max_items = 10, minimum = 1, maximum = 2160)]
    pub hours: Option<Vec<u32>>,
}

const HELD: &str = "select id from companies where id = $1";
const OWN: &str = "select hours from sla_steps where company_id = $1 order by hours desc";

/// The company's values.
///
/// # Errors
/// The store's.
pub fn of(tx: &mut Tx<'_>, company: Id) -> Result<Warnings, Error> {
    let steps: Vec<(u32,)> = tx.all(OWN, params![company])?;
    let hours = steps.iter().map(|(hours,)| *hours).filter(|hours| *hours > 0);
    Ok(Warnings {
        hours: (!steps.is_empty()).then(|| hours.collect()),
    })
}

/// The company's own ladder, if it has one, locked against changes until this transaction ends: a finding that is
/// written by it must be complete before the clock updates the findings for another.
///
/// # Errors
/// The store's.
pub(crate) fn get_for_share(tx: &mut Tx<'_>, company: Id) -> Result<Option<Ladder>, Error> {
    let lock = tx.for_share("companies");
    if !lock.is_empty() {
        tx.one::<(Id,)>(&format!("{HELD}{lock}"), params![company])?;
    }
    Ok(of(tx, company)?.hours.map(Ladder::up_to))
}

const AMONG: &str = "select company_id, hours from sla_steps where 1 = 1";

/// The ladders of these companies, if they have their own.
///
/// # Errors
/// The store's.
pub(crate) fn among(tx: &mut Tx<'_>, companies: &[Id]) -> Result<BTreeMap<Id, Ladder>, Error> {
    let rows: Vec<(Id, u32)> = Select::new(AMONG)
        .within("company_id", companies.iter().copied())
        .all(tx)?;
    let mut hours: BTreeMap<Id, Vec<u32>> = BTreeMap::new();
    for (company, step) in rows {
        hours.entry(company).or_default().push(step);
    }
    Ok(hours
        .into_iter()
        .map(|(company, hours)| (company, Ladder::up_to(hours)))
        .collect())
}

const CLEAR: &str = "delete from sla_steps where company_id = $1";
const SET: &str = "insert into sla_steps (company_id, hours) values ($1, $2)";

/// Sets when the company is warned; the clock updates the waiting findings. Returns the sorted value.
///
/// # Errors
/// The store's.
pub fn set(tx: &mut Tx<'_>, company: Id, warnings: Warnings) -> Result<Warnings, Error> {
    let held = format!("{HELD}{}", tx.for_update("companies"));
    tx.one::<(Id,)>(&held, params![company])?;
    if of(tx, company)? == warnings {
        return Ok(warnings);
    }
    tx.execute(CLEAR, params![company])?;
    if let Some(hours) = warnings.hours {
        for step in Ladder::up_to(hours).steps() {
            tx.execute(SET, params![company, *step])?;
        }
    }
    waiting::begin(tx, Some(company))?;
    of(tx, company)
}
