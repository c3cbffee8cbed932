//! What a finding went through.

use base::{Id, Scope, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx, params};

use super::Status;
use crate::{By, Named, column};

/// One step of a finding's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FindingMove)]
pub struct Move {
    /// Where it stood.
    pub from: Status,
    /// Where it went.
    pub to: Status,
    /// What the person said.
    pub comment: Option<String>,
    /// Who it was; null for an import or somebody who is gone.
    pub actor: Option<Named>,
    /// The scan whose import it was.
    pub scan_id: Option<Id>,
    /// When.
    pub at: Time,
}

/// A step to write down.
pub(super) struct Step<'a> {
    pub(super) finding: Id,
    pub(super) from: Status,
    pub(super) to: Status,
    pub(super) comment: &'a str,
}

const INSERT: &str = "insert into finding_moves (id, finding_id, from_status, to_status, comment, actor_id, scan_id, \
     at) values ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) fn add(tx: &mut Tx<'_>, step: &Step<'_>, by: &By) -> Result<(), Error> {
    let (id, now) = (tx.id(), tx.now());
    let values = params![
        id,
        step.finding,
        step.from,
        step.to,
        step.comment,
        column::id_or_none(by.id()),
        column::id_or_none(by.scan),
        now
    ];
    tx.execute(INSERT, values).map(drop)
}

impl FromRow for Move {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let comment: String = row.get(2)?;
        Ok(Self {
            from: row.get(0)?,
            to: row.get(1)?,
            comment: (!comment.is_empty()).then_some(comment),
            actor: column::named(row, 3)?,
            scan_id: column::id(row, 5)?,
            at: row.get(6)?,
        })
    }
}

const MOVES: &str = "select m.from_status, m.to_status, m.comment, m.actor_id, u.name, m.scan_id, m.at \
     from finding_moves m join findings f on f.id = m.finding_id left join users u on u.id = m.actor_id \
     where 1 = 1";
/// More steps than a finding has in a life.
const LIMIT: i64 = 500;

/// The steps of a finding, the latest first, at most 500.
///
/// # Errors
/// The store's.
pub(super) fn of(tx: &mut Tx<'_>, finding: Id, scope: &Scope) -> Result<Vec<Move>, Error> {
    Select::new(MOVES)
        .scope("f.company_id", scope)
        .filter("m.finding_id = ?", Some(finding))
        .push(" order by m.id desc limit ?", vec![LIMIT.into()])
        .all(tx)
}
