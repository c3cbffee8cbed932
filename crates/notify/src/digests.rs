//! What one or several recipients of a group get: which events, how many of each severity, and which of them are named.
//!
//! Owns: sets of events with the same decision, and the digests made of them. Must not: decide who gets one; that is
//! [`crate::groups`].

mod words;

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    sync::Arc,
};

use base::{Event, Id, Kind, Scope, Severity};
use serde::{Deserialize, Serialize};
use store::{Error, FromRow, Row, Tx, Value, outbox, params, rows, unreadable};

use crate::{
    message::{Change, Detail, Message},
    sql,
};

/// Events of a group with the same decision.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    pub(crate) id: Id,
    pub(crate) kind: Kind,
    pub(crate) severity: Option<Severity>,
    pub(crate) change: Change,
    pub(crate) first_event: Id,
    pub(crate) count: u64,
}

impl Set {
    /// The order in which a message names them: most severe first.
    pub(crate) fn rank(&self) -> (std::cmp::Reverse<Option<Severity>>, Change, Id) {
        (std::cmp::Reverse(self.severity), self.change, self.first_event)
    }
}

/// How many events a message names.
const NAMED: usize = 100;
/// How many of them are read for one row of the inbox.
const SHOWN: usize = 3;

/// The content of a group's message. Stored as JSON, so that it is the same whenever it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest {
    /// The sets of events.
    pub(crate) sets: Vec<Id>,
    /// The counts of each change and severity.
    pub(crate) counts: Vec<(Change, Option<Severity>, u64)>,
    /// The kinds of event.
    pub(crate) kinds: Vec<Kind>,
    /// The events to name and their findings, most severe first.
    pub(crate) named: Vec<(Id, Id)>,
}

/// Digests by their ids.
pub(crate) type Digests = HashMap<Id, Digest>;

impl FromRow for Set {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let (severity, change): (String, String) = (row.get(2)?, row.get(3)?);
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            severity: severity.parse().ok(),
            change: Change::parse(&change).unwrap_or(Change::Other),
            first_event: row.get(4)?,
            count: row.get(5)?,
        })
    }
}

/// The columns of a set, for [`Set`].
pub(crate) const SETS: &str =
    "select id, event_type, severity, change, first_event, count from event_sets where 1 = 1";
const MEMBERS: &str =
    "select event_id, finding_id from event_set_members where set_id = $1 order by event_id limit $2";

/// The members of sets that were read.
pub(crate) type Members = HashMap<Id, Vec<(Id, Id)>>;

impl Digest {
    /// The digest of these sets, in the order in which a message names them. `members` returns the first events of a
    /// set with their findings.
    pub(crate) fn of<E>(
        sets: &[&Set],
        mut members: impl FnMut(Id) -> Result<Vec<(Id, Id)>, E>,
    ) -> Result<Self, E> {
        let mut sets = sets.to_vec();
        sets.sort_by_key(|set| set.rank());
        let mut counts: BTreeMap<(Change, Option<Severity>), u64> = BTreeMap::new();
        let mut kinds = Vec::new();
        let mut named = Vec::new();
        for set in &sets {
            *counts.entry((set.change, set.severity)).or_default() += set.count;
            if !kinds.contains(&set.kind) {
                kinds.push(set.kind);
            }
            if named.len() < NAMED {
                named.extend(members(set.id)?);
            }
        }
        named.truncate(NAMED);
        Ok(Self {
            sets: sets.iter().map(|set| set.id).collect(),
            counts: counts
                .into_iter()
                .map(|((change, severity), count)| (change, severity, count))
                .collect(),
            kinds,
            named,
        })
    }

    /// How many events it is about.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().map(|(_, _, count)| count).sum()
    }

    /// The event that represents it: the most severe one.
    pub(crate) fn lead(&self) -> Option<Id> {
        self.named.first().map(|(event, _)| *event)
    }

    /// The events that a message names, if they still exist.
    pub(crate) fn events(&self, tx: &mut Tx<'_>) -> Result<Vec<Arc<Event>>, Error> {
        self.some(tx, self.named.len())
    }

    fn some(&self, tx: &mut Tx<'_>, limit: usize) -> Result<Vec<Arc<Event>>, Error> {
        let ids: Vec<Id> = self.named.iter().take(limit).map(|(event, _)| *event).collect();
        let mut events: HashMap<Id, Arc<Event>> = outbox::events(tx, &ids, &Scope::All)?
            .into_iter()
            .map(|event| (event.id, Arc::new(event)))
            .collect();
        Ok(ids.iter().filter_map(|id| events.remove(id)).collect())
    }

    /// Which events an inbox row shows.
    pub(crate) fn shown(&self) -> impl Iterator<Item = Id> + '_ {
        self.named.iter().take(SHOWN).map(|(event, _)| *event)
    }

    /// The message; `of` is the end of the import, or the event that represents a bulk change.
    pub(crate) fn message(
        &self,
        of: &Event,
        named: &[Arc<Event>],
        public_url: &str,
        detail: Detail,
    ) -> Message {
        words::message(self, of, named, public_url, detail)
    }

    /// The digest of only those sets that may still be sent.
    pub(crate) fn keep(
        &self,
        tx: &mut Tx<'_>,
        mut keeps: impl FnMut(&Event) -> bool,
    ) -> Result<Option<Self>, Error> {
        let ids: Vec<Value> = self.sets.iter().map(Value::from).collect();
        let sets: Vec<Set> = sql::among(tx, SETS, "id", &ids)?;
        let first: Vec<Id> = sets.iter().map(|set| set.first_event).collect();
        let first: HashMap<Id, Event> = outbox::events(tx, &first, &Scope::All)?
            .into_iter()
            .map(|event| (event.id, event))
            .collect();
        let kept: Vec<&Set> = sets
            .iter()
            .filter(|set| first.get(&set.first_event).is_some_and(&mut keeps))
            .collect();
        if kept.is_empty() {
            return Ok(None);
        }
        if kept.len() == self.sets.len() {
            return Ok(Some(self.clone()));
        }
        read_of(tx, &kept, &mut Members::new()).map(Some)
    }
}

/// The digest of these sets, with their members from the database; those that were read are cached.
pub(crate) fn read_of(tx: &mut Tx<'_>, sets: &[&Set], read: &mut Members) -> Result<Digest, Error> {
    Digest::of(sets, |set| {
        Ok(match read.entry(set) {
            Entry::Occupied(members) => members.get().clone(),
            Entry::Vacant(place) => place.insert(tx.all(MEMBERS, params![set, NAMED])?).clone(),
        })
    })
}

const DIGESTS: &str = "select id, content from event_digests where 1 = 1";

/// The digests with these ids.
///
/// # Errors
/// Database errors.
pub(crate) fn stored(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Digests, Error> {
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    Ok(decoded(sql::among(tx, DIGESTS, "id", &ids)?).collect())
}

/// The digests of these groups.
pub(crate) fn stored_of_groups(tx: &mut Tx<'_>, groups: &[Id]) -> Result<Vec<(Id, Digest)>, Error> {
    let groups: Vec<Value> = groups.iter().map(Value::from).collect();
    Ok(decoded(sql::among(tx, DIGESTS, "group_id", &groups)?).collect())
}

/// Those that can be read.
fn decoded(rows: Vec<(Id, String)>) -> impl Iterator<Item = (Id, Digest)> {
    rows.into_iter().filter_map(|(id, content)| {
        let digest = serde_json::from_str(&content).map_err(|error| Error::Decode(error.to_string()));
        let noted = digest.inspect_err(|error| unreadable::note("digest", error));
        noted.ok().map(|digest| (id, digest))
    })
}

const OF: &str = "select d.content, g.closer_event from event_digests d join event_groups g on g.id = d.group_id \
     where d.id = $1";

/// A digest, and the event for the end of its import, if that has ended.
type Kept = (Digest, Option<Arc<Event>>);

/// A digest, and the end of its import.
///
/// # Errors
/// Database errors.
pub(crate) fn read(tx: &mut Tx<'_>, id: Id) -> Result<Option<Kept>, Error> {
    let Some((content, closer)) = tx.one::<(String, String)>(OF, params![id])? else {
        return Ok(None);
    };
    let digest = serde_json::from_str(&content).map_err(|error| Error::Decode(error.to_string()))?;
    let closer = match closer.parse() {
        Ok(id) => outbox::event(tx, id, &Scope::All)?.map(Arc::new),
        Err(_) => None,
    };
    Ok(Some((digest, closer)))
}

const DIGEST: &str = "insert into event_digests (id, group_id, content)";

/// Writes digests of a group.
pub(crate) fn write(tx: &mut Tx<'_>, group: Id, digests: &[(Id, Digest)]) -> Result<(), Error> {
    let mut rows: Vec<[Value; 3]> = Vec::with_capacity(digests.len());
    for (id, digest) in digests {
        let content = serde_json::to_string(digest).map_err(|error| Error::Decode(error.to_string()))?;
        rows.push([(*id).into(), group.into(), content.into()]);
    }
    rows::post(tx, (DIGEST, ""), rows)
}
