//! The changes of a project, each with its one event.

use access::{Problem, ownership};
use base::{Id, Kind, Subject, SubjectType};
use serde_json::json;
use store::{Error, Tx, Value, params};

use super::{Project, Status};
use crate::{
    By, Date, Named, Place,
    by::{self, put},
    column::time_or_none,
    differ::{names, set},
    owned::{self, Owned},
    tags::{self, Tagged},
    text,
};

/// A project to create.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of a project")]
pub struct New {
    pub name: String,
    pub description: String,
    pub status: Status,
    pub starts_on: Option<Date>,
    pub ends_on: Option<Date>,
    pub owned: Owned,
    pub tags: Vec<String>,
}

impl New {
    /// One with only this name and status.
    pub fn named(name: impl Into<String>, status: Status) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            status,
            starts_on: None,
            ends_on: None,
            owned: Owned::default(),
            tags: Vec::new(),
        }
    }
}

/// What may change about a project; none leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields are those of a project")]
pub struct Change {
    pub name: Option<String>,
    pub description: Option<String>,
    pub status: Option<Status>,
    pub starts_on: Option<Option<Date>>,
    pub ends_on: Option<Option<Date>>,
    pub owned: Option<Owned>,
    pub tags: Option<Vec<String>>,
}

const INSERT: &str = "insert into projects (id, company_id, name, description, status, starts_at, ends_at, search, \
     updated_at, tags, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const UPDATE: &str = "update projects set name = $3, description = $4, status = $5, starts_at = $6, ends_at = $7, \
     search = $8, updated_at = $9, tags = $10 where id = $1 and company_id = $2";

/// Creates a project: `project.created`.
///
/// # Errors
/// 422 if it ends before it starts.
pub fn create(tx: &mut Tx<'_>, new: New, company: Named, by: &By) -> Result<Project, Problem> {
    let (id, now) = (tx.id(), tx.now());
    let project = Project {
        id,
        company,
        name: new.name,
        description: new.description,
        status: new.status,
        starts_on: new.starts_on,
        ends_on: new.ends_on,
        owned: new.owned,
        tags: new.tags,
        created_at: now,
        updated_at: now,
    };
    in_order(&project)?;
    let mut values = values(&project);
    values.push(project.created_at.into());
    tx.execute(INSERT, &values)?;
    around(tx, None, &project)?;
    emit(tx, Kind::ProjectCreated, &project, by, &[])?;
    Ok(project)
}

/// Changes a project: `project.updated`, or nothing if nothing differs. Returns whether it changed.
///
/// # Errors
/// 422 if it would end before it starts.
pub fn change(tx: &mut Tx<'_>, project: &mut Project, change: Change, by: &By) -> Result<bool, Problem> {
    let before = project.clone();
    set(&mut project.name, change.name);
    set(&mut project.description, change.description);
    set(&mut project.status, change.status);
    set(&mut project.starts_on, change.starts_on);
    set(&mut project.ends_on, change.ends_on);
    set(&mut project.owned, change.owned);
    set(&mut project.tags, change.tags);
    in_order(project)?;
    let fields = differences(&before, project);
    if fields.is_empty() {
        return Ok(false);
    }
    project.updated_at = tx.now();
    tx.execute(UPDATE, &values(project))?;
    around(tx, Some(&before), project)?;
    emit(tx, Kind::ProjectUpdated, project, by, &fields)?;
    Ok(true)
}

// The index on the findings leaves out '', and SQLite must see that the value is not ''.
const FINDINGS: &str = "select id from findings where project_id = $1 and project_id <> '' limit 1";
const SCANS: &str = "select id from scans where project_id = $1 limit 1";
const DELETE: &str = "delete from projects where id = $1 and company_id = $2";

/// Deletes an empty project that is [locked](super::get_for_update): `project.deleted`.
///
/// # Errors
/// 409 if it has findings or scans.
pub fn delete(tx: &mut Tx<'_>, project: &Project, by: &By) -> Result<(), Problem> {
    for sql in [FINDINGS, SCANS] {
        if tx.one::<(Id,)>(sql, params![project.id])?.is_some() {
            return Err(Problem::conflict("This project has findings or scans."));
        }
    }
    ownership::clear_owners(tx, (SubjectType::Project, project.id))?;
    tx.execute(DELETE, params![project.id, project.company.id])?;
    emit(tx, Kind::ProjectDeleted, project, by, &[])?;
    Ok(())
}

fn in_order(project: &Project) -> Result<(), Problem> {
    match (project.starts_on, project.ends_on) {
        (Some(start), Some(end)) if end < start => {
            Err(Problem::field("ends_on", "must not be before starts_on"))
        }
        _ => Ok(()),
    }
}

/// Writes its owners and tags, which are in other tables.
fn around(tx: &mut Tx<'_>, before: Option<&Project>, project: &Project) -> Result<(), Error> {
    let company = project.company.id;
    let was = before.map_or(&[][..], |before| &before.tags);
    tags::write(tx, (Tagged::Project, project.id), company, (was, &project.tags))?;
    let nobody = Owned::default();
    if before.map_or(&nobody, |before| &before.owned) == &project.owned {
        return Ok(());
    }
    owned::write(tx, company, (SubjectType::Project, project.id), &project.owned)
}

fn differences(before: &Project, after: &Project) -> Vec<&'static str> {
    names([
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("status", before.status != after.status),
        ("starts_on", before.starts_on != after.starts_on),
        ("ends_on", before.ends_on != after.ends_on),
        ("owners", before.owned != after.owned),
        ("tags", before.tags != after.tags),
    ])
}

/// The values of `$1` to `$10` of both statements.
fn values(project: &Project) -> Vec<Value> {
    let midnight = |day: Option<Date>| time_or_none(day.map(Date::midnight));
    params![
        project.id,
        project.company.id,
        &project.name,
        &project.description,
        project.status,
        midnight(project.starts_on),
        midnight(project.ends_on),
        text::searched(&[&project.name, &project.description]),
        project.updated_at,
        tags::stored(&project.tags),
    ]
    .to_vec()
}

fn emit(tx: &mut Tx<'_>, kind: Kind, project: &Project, by: &By, changed: &[&str]) -> Result<(), Error> {
    let subject = Subject {
        kind: SubjectType::Project,
        id: project.id,
    };
    let mut event = by::event(tx, kind, subject, &Place::of(&project.company), by);
    put(&mut event.data, "project_id", Some(project.id));
    put(&mut event.data, "project_name", Some(&project.name));
    put(&mut event.data, "title", Some(&project.name));
    put(&mut event.data, "status", Some(project.status));
    if !project.tags.is_empty() {
        event.data.insert("tags".to_owned(), json!(project.tags));
    }
    if !changed.is_empty() {
        event.data.insert("changed".to_owned(), json!(changed));
    }
    tx.emit(event)
}
