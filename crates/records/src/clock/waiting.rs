//! Findings that wait for another ladder: the table `clock_sweeps`, which [`sweep`](super::sweep) works off.

use base::Id;
use store::{Error, Tx, params};

use crate::column::id_or_none;

const BEGIN: &str = "insert into clock_sweeps (company_id, after_id) values ($1, '') \
     on conflict (company_id) do update set after_id = ''";

/// The ladder of a company or of the settings changed: its findings must be updated, from the first one on.
///
/// # Errors
/// The store's.
pub(crate) fn begin(tx: &mut Tx<'_>, company: Option<Id>) -> Result<(), Error> {
    tx.execute(BEGIN, params![id_or_none(company)]).map(drop)
}
