//! What happened to grouped events: where their group reported them.
//!
//! Must not: write anything.

use std::collections::HashSet;

use base::Id;
use store::{Error, FromRow, Row, Tx, params};

use super::target::{GroupTarget, Targets};
use crate::{
    channel::Channel,
    digests::{Digest, stored_of_groups},
    plan::Reason,
    sql,
    target::{Key, Recipient},
};

/// The group of an event.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    group: Id,
    set: Id,
    /// The id of the import or the bulk change.
    pub(crate) bundle: Id,
    pub(crate) is_bulk: bool,
    /// The event that ended the import, if there is one.
    pub(crate) closer: Option<Id>,
    /// Whether its messages are written.
    pub(crate) closed: bool,
    /// Why someone is notified of the event or is not.
    pub(crate) reasons: Vec<Reason>,
    targets: Vec<GroupTarget>,
}

impl FromRow for Past {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let decode = |error: serde_json::Error| Error::Decode(error.to_string());
        let (reasons, targets): (String, String) = (row.get(2)?, row.get(3)?);
        let targets: Targets = serde_json::from_str(&targets).map_err(decode)?;
        Ok(Self {
            set: row.get(0)?,
            group: row.get(1)?,
            reasons: serde_json::from_str(&reasons).map_err(decode)?,
            targets: targets.messages,
            bundle: row.get(4)?,
            is_bulk: row.get(5)?,
            closer: row.get::<String>(6)?.parse().ok(),
            closed: row.get::<i64>(7)? != 0,
        })
    }
}

const OF_EVENT: &str = "select s.id, s.group_id, s.reasons, s.targets, g.bundle_id, g.is_bulk, g.closer_event, g.closed_at \
     from event_set_members m join event_sets s on s.id = m.set_id \
     join event_groups g on g.id = s.group_id where m.event_id = $1";

/// The group of a bundled event, if it was planned and anyone was considered.
///
/// # Errors
/// Database errors.
pub(crate) fn of_event(tx: &mut Tx<'_>, event: Id) -> Result<Option<Past>, Error> {
    let found: Vec<Past> = tx.readable("event_sets", OF_EVENT, params![event])?;
    Ok(found.into_iter().next())
}

const BEFORE: &str = "select count(*) from event_set_members where set_id = $1 and event_id < $2";
const COUNT: &str = "select count(*) from event_set_members where set_id = $1";

impl Past {
    /// The digests that name or count the event.
    ///
    /// # Errors
    /// Database errors.
    pub(crate) fn digests(&self, tx: &mut Tx<'_>) -> Result<Vec<(Id, Digest)>, Error> {
        let mut digests = stored_of_groups(tx, &[self.group])?;
        digests.retain(|(_, digest)| digest.sets.contains(&self.set));
        Ok(digests)
    }

    /// The destination of a recipient of the group's messages.
    pub(crate) fn key(&self, channel: Channel, recipient: &Recipient) -> Option<Key> {
        let mut targets = self.targets.iter();
        let target = targets.find(|target| target.channel == channel && target.recipient == *recipient)?;
        Some(Key::stored(&target.key))
    }

    /// On which page of a webhook's posts the event is, from 0.
    ///
    /// # Errors
    /// Database errors.
    pub(crate) fn page(&self, tx: &mut Tx<'_>, event: Id, digest: &Digest) -> Result<usize, Error> {
        let count = |row: Option<(u64,)>| row.map_or(0, |(count,)| count);
        let mut before = count(tx.one(BEFORE, params![self.set, event])?);
        for set in digest.sets.iter().take_while(|set| **set != self.set) {
            before += count(tx.one(COUNT, params![*set])?);
        }
        Ok(super::pages::page_of(before))
    }
}

const OF_BUNDLE: &str = "select id from event_groups where bundle_id = $1 and closer_event = $2";

/// The digests of the groups that this event ended.
///
/// # Errors
/// Database errors.
pub(crate) fn ended_by(tx: &mut Tx<'_>, bundle: Id, closer: Id) -> Result<Vec<(Id, Digest)>, Error> {
    let groups: Vec<(Id,)> = tx.all(OF_BUNDLE, params![bundle, closer])?;
    let groups: Vec<Id> = groups.into_iter().map(|(id,)| id).collect();
    stored_of_groups(tx, &groups)
}

struct GroupTargets(Id, Targets);

impl FromRow for GroupTargets {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let targets: String = row.get(1)?;
        let targets = serde_json::from_str(&targets).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Self(row.get(0)?, targets))
    }
}

/// Who had a message about a bundle: a person in the inbox, or a destination.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Reached {
    Inbox(Id),
    Key(Channel, Key),
}

const GROUPS: &str = "select id, bundle_id from event_groups where 1 = 1";
const TARGETS: &str = "select group_id, targets from event_sets where 1 = 1";

/// Who had a message about these bundles, as planned then.
///
/// # Errors
/// Database errors.
pub(crate) fn reached(tx: &mut Tx<'_>, bundles: &[Id]) -> Result<HashSet<(Id, Reached)>, Error> {
    let bundles: Vec<store::Value> = bundles.iter().map(Into::into).collect();
    let groups: std::collections::HashMap<Id, Id> =
        sql::among::<(Id, Id)>(tx, GROUPS, "bundle_id", &bundles)?
            .into_iter()
            .collect();
    let ids: Vec<store::Value> = groups.keys().map(Into::into).collect();
    let mut reached = HashSet::new();
    for GroupTargets(group, targets) in sql::among::<GroupTargets>(tx, TARGETS, "group_id", &ids)? {
        let Some(bundle) = groups.get(&group) else {
            continue;
        };
        reached.extend(
            targets
                .inbox
                .into_iter()
                .map(|user| (*bundle, Reached::Inbox(user))),
        );
        let keys = targets.messages.into_iter();
        reached.extend(keys.map(|target| (*bundle, Reached::Key(target.channel, Key::stored(&target.key)))));
    }
    Ok(reached)
}
