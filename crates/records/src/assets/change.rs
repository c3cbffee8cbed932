//! The changes of an asset, each with its one event.

use access::{Problem, ownership};
use base::{Id, Subject, SubjectType};
use serde_json::json;
use store::{Error, Tx, Value, params};

use super::{Asset, Criticality, Kind, Status};
use crate::{
    By, Named, Place,
    by::{self, put},
    differ::{names, set},
    owned::{self, Owned},
    tags::{self, Tagged},
    text,
};

/// An asset to create.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of an asset")]
pub struct New {
    pub name: String,
    pub kind: Kind,
    pub identifier: String,
    pub description: String,
    pub criticality: Criticality,
    pub owned: Owned,
    pub tags: Vec<String>,
}

/// What may change about an asset; none leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields are those of an asset")]
pub struct Change {
    pub name: Option<String>,
    pub kind: Option<Kind>,
    pub identifier: Option<String>,
    pub description: Option<String>,
    pub criticality: Option<Criticality>,
    pub status: Option<Status>,
    pub owned: Option<Owned>,
    pub tags: Option<Vec<String>>,
}

const INSERT: &str = "insert into assets (id, company_id, name, kind, identifier, description, criticality, status, \
     search, updated_at, tags, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const UPDATE: &str = "update assets set name = $3, kind = $4, identifier = $5, description = $6, criticality = $7, \
     status = $8, search = $9, updated_at = $10, tags = $11 where id = $1 and company_id = $2";

/// Creates an asset: `asset.created`.
///
/// # Errors
/// The store's.
pub fn create(tx: &mut Tx<'_>, new: New, company: Named, by: &By) -> Result<Asset, Problem> {
    let (id, now) = (tx.id(), tx.now());
    let asset = Asset {
        id,
        company,
        name: new.name,
        kind: new.kind,
        identifier: new.identifier,
        description: new.description,
        criticality: new.criticality,
        status: Status::Active,
        owned: new.owned,
        tags: new.tags,
        created_at: now,
        updated_at: now,
    };
    let mut values = values(&asset);
    values.push(asset.created_at.into());
    tx.execute(INSERT, &values)?;
    around(tx, None, &asset)?;
    emit(tx, base::Kind::AssetCreated, &asset, by, &[])?;
    Ok(asset)
}

/// Changes an asset: `asset.updated`, or nothing if nothing differs. Returns whether it changed.
///
/// # Errors
/// The store's.
pub fn change(tx: &mut Tx<'_>, asset: &mut Asset, change: Change, by: &By) -> Result<bool, Problem> {
    let before = asset.clone();
    set(&mut asset.name, change.name);
    set(&mut asset.kind, change.kind);
    set(&mut asset.identifier, change.identifier);
    set(&mut asset.description, change.description);
    set(&mut asset.criticality, change.criticality);
    set(&mut asset.status, change.status);
    set(&mut asset.owned, change.owned);
    set(&mut asset.tags, change.tags);
    let fields = differences(&before, asset);
    if fields.is_empty() {
        return Ok(false);
    }
    asset.updated_at = tx.now();
    tx.execute(UPDATE, &values(asset))?;
    around(tx, Some(&before), asset)?;
    emit(tx, base::Kind::AssetUpdated, asset, by, &fields)?;
    Ok(true)
}

// The index on the findings leaves out '', and SQLite must see that the value is not ''.
const FINDINGS: &str = "select id from findings where asset_id = $1 and asset_id <> '' limit 1";
const DELETE: &str = "delete from assets where id = $1 and company_id = $2";

/// Deletes an asset that is [locked](super::get_for_update) and has no findings: `asset.deleted`.
///
/// # Errors
/// 409 if it has findings.
pub fn delete(tx: &mut Tx<'_>, asset: &Asset, by: &By) -> Result<(), Problem> {
    if tx.one::<(Id,)>(FINDINGS, params![asset.id])?.is_some() {
        return Err(Problem::conflict("This asset has findings. Retire it instead."));
    }
    ownership::clear_owners(tx, (SubjectType::Asset, asset.id))?;
    tx.execute(DELETE, params![asset.id, asset.company.id])?;
    emit(tx, base::Kind::AssetDeleted, asset, by, &[])?;
    Ok(())
}

/// Writes its owners and tags, which are in other tables.
fn around(tx: &mut Tx<'_>, before: Option<&Asset>, asset: &Asset) -> Result<(), Error> {
    let company = asset.company.id;
    let was = before.map_or(&[][..], |before| &before.tags);
    tags::write(tx, (Tagged::Asset, asset.id), company, (was, &asset.tags))?;
    let nobody = Owned::default();
    if before.map_or(&nobody, |before| &before.owned) == &asset.owned {
        return Ok(());
    }
    owned::write(tx, company, (SubjectType::Asset, asset.id), &asset.owned)
}

fn differences(before: &Asset, after: &Asset) -> Vec<&'static str> {
    names([
        ("name", before.name != after.name),
        ("kind", before.kind != after.kind),
        ("identifier", before.identifier != after.identifier),
        ("description", before.description != after.description),
        ("criticality", before.criticality != after.criticality),
        ("status", before.status != after.status),
        ("owners", before.owned != after.owned),
        ("tags", before.tags != after.tags),
    ])
}

/// The values of `$1` to `$11` of both statements.
fn values(asset: &Asset) -> Vec<Value> {
    params![
        asset.id,
        asset.company.id,
        &asset.name,
        asset.kind,
        &asset.identifier,
        &asset.description,
        asset.criticality,
        asset.status,
        text::searched(&[&asset.name, &asset.identifier, &asset.description]),
        asset.updated_at,
        tags::stored(&asset.tags),
    ]
    .to_vec()
}

fn emit(tx: &mut Tx<'_>, kind: base::Kind, asset: &Asset, by: &By, changed: &[&str]) -> Result<(), Error> {
    let subject = Subject {
        kind: SubjectType::Asset,
        id: asset.id,
    };
    let mut event = by::event(tx, kind, subject, &Place::of(&asset.company), by);
    put(&mut event.data, "asset_id", Some(asset.id));
    put(&mut event.data, "asset_name", Some(&asset.name));
    put(&mut event.data, "title", Some(&asset.name));
    put(&mut event.data, "status", Some(asset.status));
    if !asset.tags.is_empty() {
        event.data.insert("tags".to_owned(), json!(asset.tags));
    }
    if !changed.is_empty() {
        event.data.insert("changed".to_owned(), json!(changed));
    }
    tx.emit(event)
}
