//! The audit log as administrators read it.

use base::{Id, Time};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Error, FromRow, Row, Select, Tx};

use crate::changes;

/// An entry of the audit log. Names are those of that moment; text from outside: escape it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = AuditEntry)]
pub struct Noted {
    /// Its id.
    pub id: Id,
    /// When it was done.
    pub at: Time,
    /// What was done.
    #[schema(value_type = super::Action)]
    pub action: String,
    /// Who did it; null where nobody was signed in: on the command line, and for attempts to sign in.
    pub actor: Option<Person>,
    /// With what: `session`, `token`, `command_line`; null for an attempt to sign in.
    pub credential: Option<String>,
    /// The session or the API token.
    pub credential_id: Option<Id>,
    /// The address of the connection, where it is known: behind a proxy the proxy's.
    pub address: Option<String>,
    /// What it was done to: `user`, `company`, `team`, `token`, `rule`, `destination`, `delivery`, `report`, `feed`.
    pub subject_type: String,
    /// Its id; null for a destination, which has none.
    pub subject_id: Option<Id>,
    /// Its name at that time.
    pub subject_name: String,
    /// The company it belongs to, if to one.
    pub company_id: Option<Id>,
    /// What changed, as it was: of lists what went. Secrets are masked.
    #[schema(value_type = Object)]
    pub before: Map<String, Value>,
    /// What changed, as it is now: of lists what came. Secrets are masked.
    #[schema(value_type = Object)]
    pub after: Map<String, Value>,
}

/// A person at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AuditActor)]
pub struct Person {
    /// Their id, though they may be gone.
    pub id: Id,
    /// The name they had.
    pub name: String,
}

/// '' stands for none.
fn text(row: &Row, index: usize) -> Result<Option<String>, Error> {
    Ok(Some(row.get::<String>(index)?).filter(|text| !text.is_empty()))
}

fn id(row: &Row, index: usize) -> Result<Option<Id>, Error> {
    text(row, index)?.map(|_| row.get(index)).transpose()
}

fn details(row: &Row, index: usize) -> Result<Map<String, Value>, Error> {
    let text: String = row.get(index)?;
    serde_json::from_str(&text).map_err(|error| Error::Decode(error.to_string()))
}

impl FromRow for Noted {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let name: String = row.get(4)?;
        Ok(Self {
            id: row.get(0)?,
            at: row.get(1)?,
            action: row.get(2)?,
            actor: id(row, 3)?.map(|id| Person { id, name }),
            credential: text(row, 5)?,
            credential_id: id(row, 6)?,
            address: text(row, 7)?,
            subject_type: row.get(8)?,
            subject_id: id(row, 9)?,
            subject_name: row.get(10)?,
            company_id: id(row, 11)?,
            before: details(row, 12)?,
            after: details(row, 13)?,
        })
    }
}

/// Which entries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) actor: Option<Id>,
    pub(crate) action: Option<&'static str>,
    pub(crate) company: Option<Id>,
    pub(crate) subject: Option<Id>,
    pub(crate) since: Option<Time>,
    pub(crate) until: Option<Time>,
    pub(crate) before: Option<Id>,
}

const SELECT: &str = "select id, at, action, actor_id, actor_name, credential, credential_id, address, subject_type, \
     subject_id, subject_name, company_id, details_before, details_after from audit_entries where 1 = 1";

/// Entries, the newest first, at most `limit`. The log is the platform's: only its administrators may ask.
///
/// # Errors
/// The database's.
pub(crate) fn list(tx: &mut Tx<'_>, filter: &Filter, limit: u32) -> Result<Vec<Noted>, Error> {
    Select::new(SELECT)
        .filter("actor_id = ?", filter.actor)
        .filter("action = ?", filter.action)
        .filter("company_id = ?", filter.company)
        .filter("subject_id = ?", filter.subject)
        .filter("at >= ?", filter.since)
        // No id is older than its entry: the primary key ends the search.
        .filter("id >= ?", filter.since.map(changes::first_at))
        .filter("at < ?", filter.until)
        .filter("id < ?", filter.before)
        .push(" order by id desc", Vec::new())
        .page(tx, "audit_entries", limit as usize)
}
