//! Comments on a finding.
//!
//! Owns: the table `finding_comments` and each change of it with its event. Must not: change the finding's status.

use std::collections::BTreeSet;

use access::{Page, PageQuery};
use base::{Id, Kind, Scope, Time};
use serde::Serialize;
use serde_json::json;
use store::{Error, FromRow, Row, Select, Tx, params};

use super::{event, finding::Finding};
use crate::{By, Named, Refused, by::put, column};

/// A comment on a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FindingComment)]
pub struct Comment {
    /// Its id.
    pub id: Id,
    /// The author; null if deleted.
    pub author: Option<Named>,
    /// The text.
    pub body: String,
    /// When it was written.
    pub created_at: Time,
    /// When it was last edited.
    pub updated_at: Time,
}

impl FromRow for Comment {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            author: column::named(row, 1)?,
            body: row.get(3)?,
            created_at: row.get(4)?,
            updated_at: row.get(5)?,
        })
    }
}

const SELECT: &str = "select m.id, m.author_id, u.name, m.body, m.created_at, m.updated_at from finding_comments m \
     join findings f on f.id = m.finding_id left join users u on u.id = m.author_id where 1 = 1";

/// A page of the comments on a finding of the scope, newest first.
///
/// # Errors
/// 422 for an invalid limit or cursor.
pub fn list(tx: &mut Tx<'_>, finding: Id, scope: &Scope, page: &PageQuery) -> Result<Page<Comment>, Refused> {
    let (limit, after) = (page.rows()?, page.position::<Id>()?);
    let comments = Select::new(SELECT)
        .scope("f.company_id", scope)
        .filter("m.finding_id = ?", Some(finding))
        .filter("m.id < ?", after)
        .push(" order by m.id desc limit ?", vec![(limit + 1).into()])
        .all(tx)?;
    Ok(Page::cut(comments, limit, |comment: &Comment| comment.id))
}

/// A comment on this finding.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, finding: &Finding, id: Id) -> Result<Comment, Refused> {
    Select::new(SELECT)
        .filter("m.finding_id = ?", Some(finding.id))
        .filter("m.id = ?", Some(id))
        .one(tx)?
        .ok_or(Refused::NotFound)
}

const INSERT: &str = "insert into finding_comments (id, finding_id, author_id, body, created_at, updated_at) \
     values ($1, $2, $3, $4, $5, $5)";
const AUTHORS: &str = "select distinct author_id from finding_comments where finding_id = $1 limit 100";

/// Adds a comment to a locked finding: `finding.commented`, for its assignees and earlier commenters.
///
/// # Errors
/// The store's.
pub fn add(tx: &mut Tx<'_>, finding: &Finding, body: String, by: &By) -> Result<Comment, Refused> {
    let (id, now) = (tx.id(), tx.now());
    let earlier: Vec<(Id,)> = tx.all(AUTHORS, params![finding.id])?;
    tx.execute(
        INSERT,
        params![id, finding.id, column::id_or_none(by.id()), &body, now],
    )?;
    let mut event = event::of(tx, Kind::FindingCommented, finding, by);
    // Separate from earlier commenters: they do not replace a missing assignee.
    event::name_assignees(&mut event, finding);
    let concerned: BTreeSet<Id> = event
        .assignee_users
        .iter()
        .copied()
        .chain(earlier.into_iter().map(|(id,)| id))
        .collect();
    event.assignee_users = concerned.into_iter().collect();
    put(&mut event.data, "comment_id", Some(id));
    put(&mut event.data, "comment", Some(&body));
    tx.emit(event)?;
    Ok(Comment {
        id,
        author: by.actor.clone(),
        body,
        created_at: now,
        updated_at: now,
    })
}

const UPDATE: &str =
    "update finding_comments set body = $3, updated_at = $4 where id = $1 and finding_id = $2";

/// Edits a comment: `finding.updated`, or nothing if the text is the same.
///
/// # Errors
/// The store's.
pub fn reword(
    tx: &mut Tx<'_>,
    finding: &Finding,
    comment: &mut Comment,
    body: String,
    by: &By,
) -> Result<(), Refused> {
    if comment.body == body {
        return Ok(());
    }
    (comment.body, comment.updated_at) = (body, tx.now());
    tx.execute(
        UPDATE,
        params![comment.id, finding.id, &comment.body, comment.updated_at],
    )?;
    updated(tx, finding, by)
}

const DELETE: &str = "delete from finding_comments where id = $1 and finding_id = $2";

/// Deletes a comment: `finding.updated`.
///
/// # Errors
/// The store's.
pub fn delete(tx: &mut Tx<'_>, finding: &Finding, comment: &Comment, by: &By) -> Result<(), Refused> {
    tx.execute(DELETE, params![comment.id, finding.id])?;
    updated(tx, finding, by)
}

fn updated(tx: &mut Tx<'_>, finding: &Finding, by: &By) -> Result<(), Refused> {
    let mut updated = event::of(tx, Kind::FindingUpdated, finding, by);
    updated.data.insert("changed".to_owned(), json!(["comments"]));
    tx.emit(updated)?;
    Ok(())
}
