//! Writes external events to the event table, each once.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use access::{directory, validate::Check};
use base::{Event, Id, Kind, Subject, SubjectType};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::{Tx, params};

use super::{Taken, cloud::Cloud};
use crate::{
    By, Named, Place, Refused, by,
    findings::{assignees, responsible::ByRule},
};

/// Maximum length of a source in messages, in characters.
const SHOWN: usize = 200;

const CLAIM: &str = "insert into external_events (company_id, source, source_id, event_id, sent_by, received_at) \
     values ($1, $2, $3, $4, $5, $6) on conflict (company_id, source, source_id) do nothing";
const FIRST: &str =
    "select event_id from external_events where company_id = $1 and source = $2 and source_id = $3";

/// Accepts all of them or none. The caller may write in each company.
///
/// # Errors
/// 404 for a company that does not exist; 422 for assignees of another company.
pub(super) fn take(tx: &mut Tx<'_>, sender: Id, clouds: Vec<Cloud>) -> Result<Vec<Taken>, Refused> {
    let places = places(tx, &clouds)?;
    assignees(tx, &clouds)?;
    let mut taken = Vec::with_capacity(clouds.len());
    for cloud in &clouds {
        taken.push(Taken {
            id: cloud.id.clone(),
            source: cloud.source.clone(),
            event_id: tx.id(),
            duplicate: false,
        });
    }
    // In the order of the key, so that two batches never deadlock.
    let mut order: Vec<usize> = (0..clouds.len()).collect();
    order.sort_by_key(|at| key(&clouds[*at]));
    for at in order {
        claim(tx, sender, &clouds[at], &mut taken[at])?;
    }
    let mut rules = BTreeMap::new();
    for (cloud, taken) in clouds.into_iter().zip(&taken) {
        if taken.duplicate {
            continue;
        }
        let company = cloud.company;
        let place = places.get(&company).ok_or(Refused::NotFound)?;
        let mut event = event(tx, (sender, taken.event_id), cloud, place)?;
        // Another platform never changes a record: our own findings are assigned only here.
        let elsewhere = event.data.contains_key("external");
        if elsewhere && matches!(event.kind, Kind::FindingCreated | Kind::FindingReopened) {
            let rules = match rules.entry(company) {
                Entry::Occupied(rules) => rules.into_mut(),
                Entry::Vacant(place) => place.insert(ByRule::of(tx, company)?),
            };
            rules.assign_event(&mut event);
        }
        tx.emit(event)?;
    }
    Ok(taken)
}

fn key(cloud: &Cloud) -> (Id, &str, &str) {
    (cloud.company, &cloud.source, &cloud.id)
}

fn places(tx: &mut Tx<'_>, clouds: &[Cloud]) -> Result<BTreeMap<Id, Place>, Refused> {
    let mut places = BTreeMap::new();
    for id in clouds.iter().map(|cloud| cloud.company).collect::<BTreeSet<_>>() {
        let name = directory::company_name(tx, id)?.ok_or(Refused::NotFound)?;
        let company = Named { id, name };
        places.insert(
            id,
            Place {
                company,
                project: None,
            },
        );
    }
    Ok(places)
}

fn assignees(tx: &mut Tx<'_>, clouds: &[Cloud]) -> Result<(), Refused> {
    let mut check = Check::new();
    for cloud in clouds
        .iter()
        .filter(|cloud| !cloud.users.is_empty() || !cloud.teams.is_empty())
    {
        let field = |name| format!("{}data.{name}", cloud.place);
        let (users, teams) = (field("assignee_user_ids"), field("assignee_team_ids"));
        let ids = (&*cloud.users, &*cloud.teams);
        assignees::check(tx, cloud.company, ids, (&users, &teams), &mut check)?;
    }
    Ok(check.valid()?)
}

/// Records that it was received; if it was before, returns the first one's id.
fn claim(tx: &mut Tx<'_>, sender: Id, cloud: &Cloud, taken: &mut Taken) -> Result<(), Refused> {
    let now = tx.now();
    let (company, source, id) = key(cloud);
    if tx.execute(CLAIM, params![company, source, id, taken.event_id, sender, now])? > 0 {
        return Ok(());
    }
    let first: Option<(Id,)> = tx.one(FIRST, params![company, source, id])?;
    (taken.event_id,) = first.ok_or(Refused::Fault)?;
    taken.duplicate = true;
    Ok(())
}

fn event(tx: &mut Tx<'_>, (sender, id): (Id, Id), cloud: Cloud, place: &Place) -> Result<Event, Refused> {
    let (kind, company) = (subject_type(cloud.kind), cloud.company);
    let ours = match &cloud.subject {
        Some(subject) => ours(tx, kind, company, subject)?,
        None => None,
    };
    let subject = Subject {
        kind,
        id: ours.unwrap_or_else(|| derived(&cloud)),
    };
    // The sender did not do it: no message says so, and it is not a user's own action.
    let mut event = by::event(tx, cloud.kind, subject, place, &By::SYSTEM);
    (event.id, event.at, event.actor) = (id, cloud.at, Some(sender));
    event.by_token = true;
    event.severity = cloud.severity;
    (event.assignee_users, event.assignee_teams) = (once(cloud.users), once(cloud.teams));
    event.data.extend(cloud.data);
    let source = base::text::line(&cloud.source, SHOWN);
    event.data.insert("source".to_owned(), source.into());
    if ours.is_none() {
        // There is no such record in Campanile: nothing may link to it.
        event.data.insert("external".to_owned(), Value::Bool(true));
    }
    Ok(event)
}

fn once(mut ids: Vec<Id>) -> Vec<Id> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The type of record that events of this kind are about.
fn subject_type(kind: Kind) -> SubjectType {
    match kind.category() {
        "scan" => SubjectType::Scan,
        "asset" => SubjectType::Asset,
        "project" => SubjectType::Project,
        "agreement" => SubjectType::Agreement,
        // Findings, their deadlines and retests; no other kinds are accepted.
        _ => SubjectType::Finding,
    }
}

const FINDING: &str = "select id from findings where id = $1 and company_id = $2";
const SCAN: &str = "select id from scans where id = $1 and company_id = $2";
const ASSET: &str = "select id from assets where id = $1 and company_id = $2";
const PROJECT: &str = "select id from projects where id = $1 and company_id = $2";
const AGREEMENT: &str = "select id from agreements where id = $1 and company_id = $2";

/// The record of the company that `finding/UUID` refers to, if there is one.
fn ours(tx: &mut Tx<'_>, kind: SubjectType, company: Id, subject: &str) -> Result<Option<Id>, store::Error> {
    let named = subject
        .split_once('/')
        .filter(|(named, _)| *named == kind.name())
        .and_then(|(_, id)| id.parse::<Id>().ok());
    let Some(id) = named else { return Ok(None) };
    let find = match kind {
        SubjectType::Scan => SCAN,
        SubjectType::Asset => ASSET,
        SubjectType::Project => PROJECT,
        SubjectType::Agreement => AGREEMENT,
        _ => FINDING,
    };
    let found: Option<(Id,)> = tx.one(find, params![id, company])?;
    Ok(found.map(|(id,)| id))
}

/// The id of a record of another platform: the same for the same subject of the same source, and not that of any
/// record.
fn derived(cloud: &Cloud) -> Id {
    let (what, name) = match &cloud.subject {
        Some(subject) => ("subject", subject),
        None => ("id", &cloud.id),
    };
    let mut hash = Sha256::new();
    for part in [&cloud.company.to_string(), &cloud.source, what, name] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    // From the first millisecond of 1970, in which no record was created.
    Id::from_parts(0, random)
}
