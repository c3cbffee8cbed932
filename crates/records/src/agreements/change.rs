//! The changes of an agreement, each with its one event.

use access::Problem;
use base::{Kind, Subject, SubjectType};
use serde_json::json;
use store::{Error, Tx, Value, params};

use super::{Agreement, Status};
use crate::{
    By, Date, Named, Place,
    by::{self, put},
    column::time_or_none,
    differ::{names, set},
    text,
};

/// An agreement to create.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of an agreement")]
pub struct New {
    pub name: String,
    pub reference: String,
    pub description: String,
    pub status: Status,
    pub starts_on: Option<Date>,
    pub expires_on: Date,
    pub hours: Option<u32>,
    pub hours_used: u32,
}

/// What may change about an agreement; none leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields are those of an agreement")]
pub struct Change {
    pub name: Option<String>,
    pub reference: Option<String>,
    pub description: Option<String>,
    pub status: Option<Status>,
    pub starts_on: Option<Option<Date>>,
    pub expires_on: Option<Date>,
    pub hours: Option<Option<u32>>,
    pub hours_used: Option<u32>,
}

const INSERT: &str = "insert into agreements (id, company_id, name, reference, description, status, starts_at, \
     expires_at, hours, hours_used, search, updated_at, created_at) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const UPDATE: &str = "update agreements set name = $3, reference = $4, description = $5, status = $6, starts_at = $7, \
     expires_at = $8, hours = $9, hours_used = $10, search = $11, updated_at = $12 where id = $1 and company_id = $2";

/// Creates an agreement: `agreement.created`.
///
/// # Errors
/// 422 if it expires before it starts.
pub fn create(tx: &mut Tx<'_>, new: New, company: Named, by: &By) -> Result<Agreement, Problem> {
    let (id, now) = (tx.id(), tx.now());
    let agreement = Agreement {
        id,
        company,
        name: new.name,
        reference: new.reference,
        description: new.description,
        status: new.status,
        starts_on: new.starts_on,
        expires_on: new.expires_on,
        hours: new.hours,
        hours_used: new.hours_used,
        created_at: now,
        updated_at: now,
    };
    in_order(&agreement)?;
    let mut values = values(&agreement);
    values.push(agreement.created_at.into());
    tx.execute(INSERT, &values)?;
    emit(tx, Kind::AgreementCreated, &agreement, by, &[])?;
    Ok(agreement)
}

/// Changes an agreement: `agreement.updated`, or nothing if nothing differs. Returns whether it changed.
///
/// # Errors
/// 422 if it would expire before it starts.
pub fn change(tx: &mut Tx<'_>, agreement: &mut Agreement, change: Change, by: &By) -> Result<bool, Problem> {
    let before = agreement.clone();
    set(&mut agreement.name, change.name);
    set(&mut agreement.reference, change.reference);
    set(&mut agreement.description, change.description);
    set(&mut agreement.status, change.status);
    set(&mut agreement.starts_on, change.starts_on);
    set(&mut agreement.expires_on, change.expires_on);
    set(&mut agreement.hours, change.hours);
    set(&mut agreement.hours_used, change.hours_used);
    in_order(agreement)?;
    let fields = differences(&before, agreement);
    if fields.is_empty() {
        return Ok(false);
    }
    agreement.updated_at = tx.now();
    tx.execute(UPDATE, &values(agreement))?;
    emit(tx, Kind::AgreementUpdated, agreement, by, &fields)?;
    Ok(true)
}

const DELETE: &str = "delete from agreements where id = $1 and company_id = $2";

/// Deletes an agreement that is [locked](super::get_for_update): `agreement.deleted`.
///
/// # Errors
/// The store's.
pub fn delete(tx: &mut Tx<'_>, agreement: &Agreement, by: &By) -> Result<(), Problem> {
    tx.execute(DELETE, params![agreement.id, agreement.company.id])?;
    emit(tx, Kind::AgreementDeleted, agreement, by, &[])?;
    Ok(())
}

fn in_order(agreement: &Agreement) -> Result<(), Problem> {
    match agreement.starts_on {
        Some(start) if agreement.expires_on < start => {
            Err(Problem::field("expires_on", "must not be before starts_on"))
        }
        _ => Ok(()),
    }
}

fn differences(before: &Agreement, after: &Agreement) -> Vec<&'static str> {
    names([
        ("name", before.name != after.name),
        ("reference", before.reference != after.reference),
        ("description", before.description != after.description),
        ("status", before.status != after.status),
        ("starts_on", before.starts_on != after.starts_on),
        ("expires_on", before.expires_on != after.expires_on),
        ("hours", before.hours != after.hours),
        ("hours_used", before.hours_used != after.hours_used),
    ])
}

/// The values of `$1` to `$12` of both statements.
fn values(agreement: &Agreement) -> Vec<Value> {
    params![
        agreement.id,
        agreement.company.id,
        &agreement.name,
        &agreement.reference,
        &agreement.description,
        agreement.status,
        time_or_none(agreement.starts_on.map(Date::midnight)),
        agreement.expires_on.midnight(),
        agreement.hours.map_or(-1, i64::from),
        agreement.hours_used,
        text::searched(&[&agreement.name, &agreement.reference, &agreement.description]),
        agreement.updated_at,
    ]
    .to_vec()
}

fn emit(tx: &mut Tx<'_>, kind: Kind, agreement: &Agreement, by: &By, changed: &[&str]) -> Result<(), Error> {
    let subject = Subject {
        kind: SubjectType::Agreement,
        id: agreement.id,
    };
    let mut event = by::event(tx, kind, subject, &Place::of(&agreement.company), by);
    put(&mut event.data, "agreement_id", Some(agreement.id));
    put(&mut event.data, "title", Some(&agreement.name));
    put(&mut event.data, "status", Some(agreement.status));
    put(&mut event.data, "expires_on", Some(agreement.expires_on));
    if !changed.is_empty() {
        event.data.insert("changed".to_owned(), json!(changed));
    }
    tx.emit(event)
}
