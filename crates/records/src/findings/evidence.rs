//! What findings are recognised by in the next scan report.
//!
//! Owns: the table `finding_evidence`. Must not: decide what is the same; [`matching`](crate::matching) does.

use std::collections::{BTreeMap, BTreeSet};

use base::Id;
use formats::Identity;
use store::{Error, FromRow, Row, Select, Tx, Value, params};

use super::status::Status;
use crate::rows;

/// The stored evidence of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// The target of the scan reports that contain it; none for a finding of an earlier version that no scan report has
    /// matched yet.
    pub(crate) target: Option<Id>,
    /// The group, as a text that sorts like the number.
    pub(crate) group: String,
    /// The rest of its identity.
    pub(crate) identity: String,
    /// Its file.
    pub(crate) path: String,
    /// The content of the last scan report about it.
    pub(crate) content: String,
}

impl Evidence {
    /// The evidence of an entry of a target.
    pub(crate) fn of(target: Id, found: &formats::Found, content: String) -> Self {
        Self {
            target: Some(target),
            group: group_key(found.identity.group),
            identity: found.identity.to_text(),
            path: found.path.clone(),
            content,
        }
    }
}

/// A group in its stored form.
pub(crate) fn group_key(group: u128) -> String {
    format!("{group:032x}")
}

/// A stored finding of a target.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) id: Id,
    pub(crate) status: Status,
    /// Whether the previous scan report contained it.
    pub(crate) present: bool,
    pub(crate) identity: Identity,
}

struct KnownRow(Known, String);

impl FromRow for KnownRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let group: String = row.get(1)?;
        let number = u128::from_str_radix(&group, 16);
        let number = number.map_err(|_| Error::Decode("a group that is not a number".to_owned()))?;
        let identity = Identity::from_text(number, &row.get::<String>(2)?)
            .ok_or_else(|| Error::Decode("the evidence of a finding".to_owned()))?;
        let status = row.get(3)?;
        let gone_at: i64 = row.get(4)?;
        let known = Known {
            id: row.get(0)?,
            status,
            present: gone_at == 0 && status != Status::Closed,
            identity,
        };
        Ok(Self(known, group))
    }
}

const OF_TARGET: &str = "select e.finding_id, e.group_key, e.evidence, f.status, f.gone_at from finding_evidence e \
     join findings f on f.id = e.finding_id where e.target_id = $1 and e.target_id <> '' \
     and (e.group_key, e.finding_id) > ($2, $3) order by e.group_key, e.finding_id limit $4";

/// Where the next page of a target's findings begins: after this group and id.
pub(crate) type Cursor = (String, String);

/// A page of the stored findings of a target, ordered by group; a shorter page is the last one.
pub(crate) fn page(
    tx: &mut Tx<'_>,
    target: Id,
    after: &Cursor,
    limit: usize,
) -> Result<(Vec<Known>, Cursor), Error> {
    let rows: Vec<KnownRow> = tx.all(OF_TARGET, params![target, &after.0, &after.1, limit])?;
    let next = rows.last().map_or_else(
        || after.clone(),
        |KnownRow(known, group)| (group.clone(), known.id.to_string()),
    );
    Ok((rows.into_iter().map(|KnownRow(known, _)| known).collect(), next))
}

const PATHS: &str = "select distinct path from finding_evidence where target_id = $1 and path <> '' limit $2";

/// Some of the paths of a target's findings.
pub(crate) fn paths(tx: &mut Tx<'_>, target: Id) -> Result<BTreeSet<String>, Error> {
    let rows: Vec<(String,)> = tx.all(PATHS, params![target, 2_000])?;
    Ok(rows.into_iter().map(|(path,)| path).collect())
}

const SELECT: &str =
    "select finding_id, target_id, group_key, evidence, path, said from finding_evidence where 1 = 1";

struct EvidenceRow(Id, Evidence);

impl FromRow for EvidenceRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let evidence = Evidence {
            target: crate::column::id(row, 1)?,
            group: row.get(2)?,
            identity: row.get(3)?,
            path: row.get(4)?,
            content: row.get(5)?,
        };
        Ok(Self(row.get(0)?, evidence))
    }
}

/// The evidence of these findings.
pub(crate) fn of(tx: &mut Tx<'_>, ids: &[Id]) -> Result<BTreeMap<Id, Evidence>, Error> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<EvidenceRow> = Select::new(SELECT).within("finding_id", ids).all(tx)?;
    Ok(rows
        .into_iter()
        .map(|EvidenceRow(id, evidence)| (id, evidence))
        .collect())
}

const WITH_STATUS: &str = "select e.finding_id, e.target_id, e.group_key, e.evidence, e.path, e.said, f.status \
     from finding_evidence e join findings f on f.id = e.finding_id where 1 = 1";

struct WithStatusRow(EvidenceRow, Status);

impl FromRow for WithStatusRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self(EvidenceRow::from_row(row)?, row.get(6)?))
    }
}

/// The same with the status of each finding; with `lock` they are locked until the end of this transaction.
pub(crate) fn with_status(
    tx: &mut Tx<'_>,
    ids: &[Id],
    lock: bool,
) -> Result<BTreeMap<Id, (Status, Evidence)>, Error> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let lock = if lock { tx.for_update("f") } else { String::new() };
    let select = Select::new(WITH_STATUS).within("e.finding_id", ids);
    let rows: Vec<WithStatusRow> = select.push(&lock, Vec::new()).all(tx)?;
    Ok(rows
        .into_iter()
        .map(|WithStatusRow(EvidenceRow(id, evidence), status)| (id, (status, evidence)))
        .collect())
}

const WRITE: &str = "insert into finding_evidence (finding_id, target_id, group_key, evidence, path, said)";
const OVER: &str = "on conflict (finding_id) do update set target_id = excluded.target_id, group_key = excluded.group_key, \
     evidence = excluded.evidence, path = excluded.path, said = excluded.said";

/// Writes the evidence of these findings, each once.
pub(crate) fn write(tx: &mut Tx<'_>, evidence: Vec<(Id, Evidence)>) -> Result<(), Error> {
    let row = |(id, evidence): (Id, Evidence)| {
        vec![
            Value::from(id),
            crate::column::id_or_none(evidence.target).into(),
            evidence.group.into(),
            evidence.identity.into(),
            evidence.path.into(),
            evidence.content.into(),
        ]
    };
    rows::insert(tx, (WRITE, OVER), evidence.into_iter().map(row).collect()).map(drop)
}

const UNTARGETED: &str = "select f.id, f.tool, f.fingerprint, f.status from findings f where f.company_id = $1 \
     and f.project_id = $2 and f.target_id = '' and f.tool <> '' and f.id > $3 order by f.id limit $4";

/// A page of the tool findings in a place that no scan report of this version has matched yet: with tool, fingerprint
/// and status.
pub(crate) fn untargeted(
    tx: &mut Tx<'_>,
    (company, project): (Id, &str),
    after: &str,
    limit: usize,
) -> Result<Vec<(Id, String, String, Status)>, Error> {
    tx.all(UNTARGETED, params![company, project, after, limit])
}
