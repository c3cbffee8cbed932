//! Findings in the database: one list of columns, read and written only here.

use std::collections::BTreeMap;

use base::{Id, Time};
use formats::Details;
use store::{Error, FromRow, Row, Select, Tx, params};

use super::finding::Finding;
use crate::{
    Named, Place,
    by::rank,
    column::{self, id_or_none, time_or_none},
    tags, text,
};

/// Every query for findings begins with this.
pub(super) const SELECT: &str = "select f.id, f.company_id, c.name, f.project_id, p.name, f.tool, f.fingerprint, \
     f.rule_id, f.location, f.cwe, f.title, f.description, f.severity, f.status, f.first_scan_id, f.last_scan_id, \
     f.sla_due_at, f.sla_by_hand, f.retest_due_at, f.closed_at, f.closed_by_scan, f.created_by, f.created_at, \
     f.updated_at, f.last_seen_at, f.asset_id, a.name, f.target_id, t.name, f.details, f.related_id, f.gone_at, \
     f.tags, case when f.status = 'accepted_risk' and not exists (select 1 from approvals h where h.finding_id = f.id \
     and h.status = 'approved') then 1 else 0 end from findings f \
     join companies c on c.id = f.company_id left join projects p on p.id = f.project_id \
     left join assets a on a.id = f.asset_id left join scan_targets t on t.id = f.target_id where 1 = 1";

impl FromRow for Finding {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            place: Place {
                company: Named {
                    id: row.get(1)?,
                    name: row.get(2)?,
                },
                project: column::named(row, 3)?,
            },
            asset: column::named(row, 25)?,
            target: column::named(row, 27)?,
            details: details(&row.get::<String>(29)?)?,
            related: column::id(row, 30)?,
            tool: row.get(5)?,
            fingerprint: row.get(6)?,
            rule_id: row.get(7)?,
            location: row.get(8)?,
            cwe: row.get(9)?,
            title: row.get(10)?,
            description: row.get(11)?,
            severity: row.get(12)?,
            status: row.get(13)?,
            first_scan: column::id(row, 14)?,
            last_scan: column::id(row, 15)?,
            sla_due_at: column::time(row, 16)?,
            sla_by_hand: row.get(17)?,
            retest_due_at: column::time(row, 18)?,
            closed_at: column::time(row, 19)?,
            closed_by_scan: row.get(20)?,
            created_by: column::id(row, 21)?,
            created_at: row.get(22)?,
            updated_at: row.get(23)?,
            last_seen_at: row.get(24)?,
            gone_at: column::time(row, 31)?,
            tags: tags::read(&row.get::<String>(32)?)?,
            accepted_without_approval: row.get(33)?,
            users: Vec::new(),
            teams: Vec::new(),
        })
    }
}

fn details(text: &str) -> Result<Details, Error> {
    if text.is_empty() {
        return Ok(Details::default());
    }
    serde_json::from_str(text).map_err(|error| Error::Decode(format!("the details of a finding: {error}")))
}

/// The findings of a query that began with [`SELECT`], with their assignees.
pub(super) fn all(tx: &mut Tx<'_>, select: &Select) -> Result<Vec<Finding>, Error> {
    let mut findings: Vec<Finding> = select.all(tx)?;
    let ids: Vec<Id> = findings.iter().map(|finding| finding.id).collect();
    let mut users = assigned(tx, USERS, &ids)?;
    let mut teams = assigned(tx, TEAMS, &ids)?;
    for finding in &mut findings {
        finding.users = users.remove(&finding.id).unwrap_or_default();
        finding.teams = teams.remove(&finding.id).unwrap_or_default();
    }
    Ok(findings)
}

const USERS: &str = "select a.finding_id, u.id, u.name from finding_users a join users u on u.id = a.user_id \
     where 1 = 1";
const TEAMS: &str = "select a.finding_id, t.id, t.name from finding_teams a join teams t on t.id = a.team_id \
     where 1 = 1";

fn assigned(tx: &mut Tx<'_>, sql: &str, ids: &[Id]) -> Result<BTreeMap<Id, Vec<Named>>, Error> {
    let mut assigned: BTreeMap<Id, Vec<Named>> = BTreeMap::new();
    if ids.is_empty() {
        return Ok(assigned);
    }
    let rows: Vec<(Id, Id, String)> = Select::new(sql).within("a.finding_id", ids).all(tx)?;
    for (finding, id, name) in rows {
        assigned.entry(finding).or_default().push(Named { id, name });
    }
    for people in assigned.values_mut() {
        people.sort_unstable();
    }
    Ok(assigned)
}

const INSERT: &str = "insert into findings (id, company_id, project_id, tool, fingerprint, rule_id, location, cwe, \
     title, description, severity, severity_rank, status, first_scan_id, last_scan_id, sla_due_at, sla_by_hand, \
     retest_due_at, closed_at, closed_by_scan, search, updated_at, last_seen_at, asset_id, clock_at, target_id, \
     details, component, related_id, gone_at, tags, created_by, created_at, assigned) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
     $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)";
// The clock's next check stays the same unless its inputs changed.
const UPDATE: &str = "update findings set project_id = $3, tool = $4, fingerprint = $5, rule_id = $6, location = $7, \
     cwe = $8, title = $9, description = $10, severity = $11, severity_rank = $12, status = $13, first_scan_id = $14, \
     last_scan_id = $15, sla_due_at = $16, sla_by_hand = $17, retest_due_at = $18, closed_at = $19, \
     closed_by_scan = $20, search = $21, updated_at = $22, last_seen_at = $23, asset_id = $24, \
     target_id = $26, details = $27, component = $28, related_id = $29, gone_at = $30, tags = $31, \
     clock_at = case when sla_due_at = $16 and retest_due_at = $18 and status = $13 then clock_at else $25 end \
     where id = $1 and company_id = $2";

/// Writes a new finding, without its assignees except for whether there are any. `next_check` is when the clock must check
/// it: from [`super::due::next_check`].
pub(super) fn insert(tx: &mut Tx<'_>, finding: &Finding, next_check: Option<Time>) -> Result<(), Error> {
    let mut values = values(finding, next_check);
    let assigned = !finding.users.is_empty() || !finding.teams.is_empty();
    let made = params![id_or_none(finding.created_by), finding.created_at, assigned].to_vec();
    values.extend(made);
    tx.execute(INSERT, &values).map(drop)
}

/// Writes an existing finding, without its assignees; `next_check` as for [`insert`].
pub(super) fn update(tx: &mut Tx<'_>, finding: &Finding, next_check: Option<Time>) -> Result<(), Error> {
    match tx.execute(UPDATE, &values(finding, next_check))? {
        1 => Ok(()),
        _ => Err(Error::Fault("a finding that was read no longer exists")),
    }
}

/// The values of `$1` to `$31` of both statements.
fn values(finding: &Finding, next_check: Option<Time>) -> Vec<store::Value> {
    params![
        finding.id,
        finding.place.company.id,
        id_or_none(finding.place.project.as_ref().map(|project| project.id)),
        &finding.tool,
        &finding.fingerprint,
        &finding.rule_id,
        &finding.location,
        &finding.cwe,
        &finding.title,
        &finding.description,
        finding.severity,
        rank(finding.severity),
        finding.status,
        id_or_none(finding.first_scan),
        id_or_none(finding.last_scan),
        time_or_none(finding.sla_due_at),
        finding.sla_by_hand,
        time_or_none(finding.retest_due_at),
        time_or_none(finding.closed_at),
        finding.closed_by_scan,
        searched(finding),
        finding.updated_at,
        finding.last_seen_at,
        id_or_none(finding.asset.as_ref().map(|asset| asset.id)),
        time_or_none(next_check),
        id_or_none(finding.target.as_ref().map(|target| target.id)),
        stored(&finding.details),
        finding
            .details
            .component
            .as_ref()
            .map_or("", |component| &component.name),
        id_or_none(finding.related),
        time_or_none(finding.gone_at),
        tags::stored(&finding.tags),
    ]
    .to_vec()
}

/// The details in their stored form; empty for none.
fn stored(details: &Details) -> String {
    if *details == Details::default() {
        return String::new();
    }
    serde_json::to_string(details).unwrap_or_default()
}

fn searched(finding: &Finding) -> String {
    text::searched(&[
        &finding.title,
        &finding.location,
        &finding.rule_id,
        &finding.cwe,
        &finding.tool,
        &finding.description,
        &finding.details.identifiers.join(" "),
        finding
            .details
            .component
            .as_ref()
            .map_or("", |component| &component.name),
    ])
}
