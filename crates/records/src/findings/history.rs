//! The history of a finding.

use base::{Event, Id, Scope, Time};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Error, FromRow, Row, Select, Tx, Value, params};

use super::status::Status;
use crate::{By, Named, column, rows, text};

/// One step in a finding's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FindingMove)]
pub struct Move {
    /// The previous status; null if the status did not change.
    pub from: Option<Status>,
    /// The new status; null if the status did not change.
    pub to: Option<Status>,
    /// Other changes.
    pub changes: Vec<Changed>,
    /// The user's comment.
    pub comment: Option<String>,
    /// The actor; null for an import or a deleted user.
    pub actor: Option<Named>,
    /// The scan whose import it was.
    pub scan_id: Option<Id>,
    /// The event that announced it; null if one event announced many steps.
    pub event_id: Option<Id>,
    /// When.
    pub at: Time,
}

/// A field that changed. Long texts are truncated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FindingFieldChange)]
pub struct Changed {
    /// Its name in the API.
    pub field: String,
    /// The previous value; null for none.
    pub before: Option<String>,
    /// The new value; null for none.
    pub after: Option<String>,
}

/// Maximum length of a value in the history, in characters.
const KEPT: usize = 300;

impl Changed {
    /// The field, if the two differ.
    pub(super) fn between<T: PartialEq>(
        field: &str,
        (before, after): (&T, &T),
        show: impl Fn(&T) -> Option<String>,
    ) -> Option<Self> {
        let kept = |value: &T| show(value).map(|text| base::text::block(&text, KEPT));
        (before != after).then(|| Self {
            field: field.to_owned(),
            before: kept(before),
            after: kept(after),
        })
    }

    /// A new value without a previous one.
    pub(super) fn to(field: &str, after: String) -> Self {
        Self {
            field: field.to_owned(),
            before: None,
            after: Some(after),
        }
    }
}

/// A step to record.
#[derive(Default)]
pub(super) struct Step<'a> {
    pub(super) moved: Option<(Status, Status)>,
    pub(super) changes: &'a [Changed],
    pub(super) comment: &'a str,
}

const INSERT: &str = "insert into finding_moves (id, finding_id, from_status, to_status, comment, actor_id, scan_id, \
     at, changes, event_id)";

/// Records the step that belongs to this event of a finding.
pub(super) fn add(tx: &mut Tx<'_>, event: &Event, step: &Step<'_>, by: &By) -> Result<(), Error> {
    let row = row(tx, event, step, by);
    write(tx, vec![row])
}

/// Records several steps: from [`row`].
pub(super) fn write(tx: &mut Tx<'_>, steps: Vec<Vec<Value>>) -> Result<(), Error> {
    rows::insert(tx, (INSERT, ""), steps).map(drop)
}

/// The step that belongs to this event of a finding, as a row.
pub(super) fn row(tx: &Tx<'_>, event: &Event, step: &Step<'_>, by: &By) -> Vec<Value> {
    let (id, now) = (tx.id(), tx.now());
    let status = |status: Option<Status>| status.map_or("", Status::name);
    let changes = if step.changes.is_empty() {
        String::new()
    } else {
        json!(step.changes).to_string()
    };
    params![
        id,
        event.subject.id,
        status(step.moved.map(|(from, _)| from)),
        status(step.moved.map(|(_, to)| to)),
        step.comment,
        column::id_or_none(by.id()),
        column::id_or_none(by.scan),
        now,
        changes,
        column::id_or_none(Some(event.id)),
    ]
    .to_vec()
}

impl FromRow for Move {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let status = |index| -> Result<Option<Status>, Error> {
            let name: String = row.get(index)?;
            if name.is_empty() {
                return Ok(None);
            }
            row.get(index).map(Some)
        };
        let changes: String = row.get(7)?;
        Ok(Self {
            from: status(0)?,
            to: status(1)?,
            comment: text::given(row.get(2)?),
            actor: column::named(row, 3)?,
            scan_id: column::id(row, 5)?,
            at: row.get(6)?,
            event_id: column::id(row, 8)?,
            changes: if changes.is_empty() {
                Vec::new()
            } else {
                serde_json::from_str(&changes)
                    .map_err(|error| Error::Decode(format!("a step of a finding: {error}")))?
            },
        })
    }
}

const MOVES: &str = "select m.from_status, m.to_status, m.comment, m.actor_id, u.name, m.scan_id, m.at, m.changes, \
     m.event_id from finding_moves m join findings f on f.id = m.finding_id left join users u on u.id = m.actor_id \
     where 1 = 1";
const MOVES_OF_DELETED: &str = "select m.from_status, m.to_status, m.comment, m.actor_id, u.name, m.scan_id, m.at, \
     m.changes, m.event_id from deleted_finding_moves m join deleted_findings f on f.id = m.finding_id \
     left join users u on u.id = m.actor_id where 1 = 1";
/// More steps than a finding ever has.
const LIMIT: usize = 500;

/// The steps of a finding, latest first, at most 500.
///
/// # Errors
/// The store's.
pub(super) fn of(tx: &mut Tx<'_>, finding: Id, scope: &Scope) -> Result<Vec<Move>, Error> {
    latest(tx, MOVES, finding, scope)
}

/// The same for a deleted finding.
///
/// # Errors
/// The store's.
pub(super) fn of_deleted(tx: &mut Tx<'_>, finding: Id, scope: &Scope) -> Result<Vec<Move>, Error> {
    latest(tx, MOVES_OF_DELETED, finding, scope)
}

fn latest(tx: &mut Tx<'_>, moves: &str, finding: Id, scope: &Scope) -> Result<Vec<Move>, Error> {
    Select::new(moves)
        .scope("f.company_id", scope)
        .filter("m.finding_id = ?", Some(finding))
        .push(" order by m.id desc", Vec::new())
        .page(tx, "finding_moves", LIMIT)
}
