//! The audit log for administrators.

use base::{Id, Time};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Error, FromRow, Row, Select, Tx};

use crate::changes;

/// An entry of the audit log. Names are as of that time; they are untrusted text: escape them.
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
    /// Who did it; null if nobody was signed in: on the command line, and for sign-in attempts.
    pub actor: Option<Person>,
    /// The type of credential: `session`, `token`, `command_line`; null for a sign-in attempt.
    pub credential: Option<String>,
    /// The session or the API token.
    pub credential_id: Option<Id>,
    /// The IP address of the connection, if known: behind a proxy that is not trusted, the proxy's.
    pub address: Option<String>,
    /// The type of the subject: `user`, `company`, `team`, `token`, `rule`, `destination`, `delivery`, `report`, `feed`.
    pub subject_type: String,
    /// The subject's id; null for a destination, which has none.
    pub subject_id: Option<Id>,
    /// The subject's name at that time.
    pub subject_name: String,
    /// The company it belongs to, if any.
    pub company_id: Option<Id>,
    /// The changed fields before; for lists, what was removed. Secrets are masked.
    #[schema(value_type = Object)]
    pub before: Map<String, Value>,
    /// The changed fields after; for lists, what was added. Secrets are masked.
    #[schema(value_type = Object)]
    pub after: Map<String, Value>,
}

/// A user as of that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AuditActor)]
pub struct Person {
    /// The user's id; the user may have been deleted since.
    pub id: Id,
    /// The name at that time.
    pub name: String,
}

/// '' means none.
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

/// Entries, newest first, at most `limit`. The log belongs to the platform: only its administrators may read it.
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
        // No id is older than its entry: the primary key limits the search.
        .filter("id >= ?", filter.since.map(changes::first_at))
        .filter("at < ?", filter.until)
        .filter("id < ?", filter.before)
        .push(" order by id desc", Vec::new())
        .page(tx, "audit_entries", limit as usize)
}
