//! The end of a group: what each recipient gets, written in one transaction but for the pages of webhooks.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use base::{Event, Id, Kind, Scope, Time};
use store::{Error, FromRow, Row, Tx, Value, outbox, params, rows};

use super::{
    collect::Grouped,
    target::{GroupTarget, Targets},
};
use crate::{
    channel::Channel,
    deliveries::{Lease, Mode, NewDelivery, insert},
    digests::{self, Digest, Members, SETS, Set},
    facts,
    inbox::{self, Addition, Notification, Owner},
    message::Detail,
    plan::{Cause, Plan, Planned, Reason, Why},
    sql,
    target::{Key, Recipient},
};

/// The event that ends an import.
pub(crate) struct Closer<'a> {
    pub(crate) event: &'a Arc<Event>,
}

/// The result of closing a group.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    /// Who has a row about the group, instead of one about the end of the import.
    pub(crate) users: Vec<Id>,
    /// Destinations that get a message about the group, instead of one about the end of the import.
    pub(crate) keys: Vec<Key>,
    /// The lanes in which something waits.
    pub(crate) waits: Vec<(Arc<str>, Time)>,
    /// Whether webhook posts are still to be written.
    pub(crate) pages: bool,
}

impl Closed {
    /// Recipients of a message about the group get none about the end of its import; only webhooks get both.
    pub(crate) fn suppress_in(&self, plan: &mut Plan) {
        plan.inbox.retain(|user| !self.users.contains(user));
        plan.deliveries.retain(|planned| {
            planned.channel == Channel::Webhook || !self.keys.contains(&planned.target.key)
        });
    }
}

/// The bundle that ends with this event, if one does.
pub(crate) fn closes(event: &Event) -> Option<Id> {
    let undone = event.kind == Kind::ScanUpdated && event.data.contains_key("undone");
    let ended = matches!(
        event.kind,
        Kind::ScanCompleted | Kind::ScanFailed | Kind::ScanDeleted
    );
    (ended || undone).then_some(event.subject.id)
}

/// A set, where its events are sent, and why each recipient gets them.
pub(super) struct WithTargets(
    pub(super) Set,
    pub(super) Targets,
    pub(super) HashMap<(Channel, Recipient), Why>,
);

impl FromRow for WithTargets {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let decode = |error: serde_json::Error| Error::Decode(error.to_string());
        let (targets, reasons): (String, String) = (row.get(6)?, row.get(7)?);
        let targets = serde_json::from_str(&targets).map_err(decode)?;
        let reasons: Vec<Reason> = serde_json::from_str(&reasons).map_err(decode)?;
        let notified = reasons.into_iter().filter(|reason| reason.why.is_notified());
        let whys = notified
            .map(|reason| ((reason.channel, reason.recipient), reason.why))
            .collect();
        Ok(Self(Set::from_row(row)?, targets, whys))
    }
}

const CLOSE: &str =
    "update event_groups set closed_at = $2, closer_event = $3 where id = $1 and closed_at = 0";
const PAGES: &str = "insert into event_pages (group_id, target_key, digest_id, target, after_event, page)";

/// Closes a group: writes its inbox rows, its messages, and what is to be posted to webhooks.
///
/// # Errors
/// Database errors.
pub(crate) fn close(
    tx: &mut Tx<'_>,
    group: &Grouped,
    closer: Option<&Closer<'_>>,
    (lease, public_url): (&Lease, &str),
) -> Result<Closed, Error> {
    let now = tx.now();
    let closer_event = closer
        .map(|closer| closer.event.id.to_string())
        .unwrap_or_default();
    if tx.execute(CLOSE, params![group.id, now, closer_event])? == 0 {
        return Ok(Closed::default());
    }
    // The reason it stayed open may have ended without notice.
    outbox::end(tx, group.bundle)?;
    let select = SETS.replacen(" from", ", targets, reasons from", 1);
    let sets: Vec<WithTargets> = sql::among(tx, &select, "group_id", &[group.id.into()])?;
    let Some(of) = representative(tx, group, closer, &sets)? else {
        return Ok(Closed::default());
    };
    let whys = sets.iter().flat_map(|set| &set.2);
    let teams = facts::team_names(tx, whys.map(|((_, recipient), why)| (why, Some(recipient))))?;
    let mut digests = DigestWriter::new(&sets, teams);
    let by_recipient = SetsByRecipient::of(&sets);
    let SetsByRecipient { inbox, messages } = &by_recipient;
    for which in inbox.values().chain(messages.values()) {
        digests.add(tx, which)?;
    }
    digests.save(tx, group.id)?;
    let mut done = by_recipient.closed();
    let imported = closer.is_some();
    add_rows(tx, (&of, imported), inbox, &digests, public_url)?;
    send(tx, (group, &of), messages, &digests, (lease, &mut done))?;
    Ok(done)
}

/// The event that represents the group: the end of the import, or the one that leads a bulk change.
fn representative(
    tx: &mut Tx<'_>,
    group: &Grouped,
    closer: Option<&Closer<'_>>,
    sets: &[WithTargets],
) -> Result<Option<Arc<Event>>, Error> {
    if let Some(closer) = closer {
        return Ok(Some(Arc::clone(closer.event)));
    }
    let most_severe = sets.iter().map(|set| &set.0).min_by_key(|set| set.rank());
    let id = most_severe.map_or(group.lead, |set| set.first_event);
    Ok(outbox::event(tx, id, &Scope::All)?.map(Arc::new))
}

/// Which sets each recipient gets, by their indexes: one row for each person, one message for each recipient on each
/// channel.
pub(super) struct SetsByRecipient {
    pub(super) inbox: BTreeMap<Id, Vec<usize>>,
    pub(super) messages: BTreeMap<GroupTarget, Vec<usize>>,
}

impl SetsByRecipient {
    pub(super) fn of(sets: &[WithTargets]) -> Self {
        Self {
            inbox: recipients(sets, |targets| targets.inbox.clone()),
            messages: merge_webhooks(recipients(sets, |targets| targets.messages.clone())),
        }
    }

    /// Who gets a message about the group.
    pub(super) fn closed(&self) -> Closed {
        let messages = self.messages.keys();
        let messages = messages.filter(|target| target.channel != Channel::Webhook);
        Closed {
            users: self.inbox.keys().copied().collect(),
            keys: messages.map(|target| Key::stored(&target.key)).collect(),
            ..Closed::default()
        }
    }
}

/// The indexes of the sets for each of them.
fn recipients<T: Ord>(sets: &[WithTargets], of: impl Fn(&Targets) -> Vec<T>) -> BTreeMap<T, Vec<usize>> {
    let mut which: BTreeMap<T, Vec<usize>> = BTreeMap::new();
    for (at, WithTargets(_, targets, _)) in sets.iter().enumerate() {
        for recipient in of(targets) {
            let places = which.entry(recipient).or_default();
            if places.last() != Some(&at) {
                places.push(at);
            }
        }
    }
    which
}

/// A webhook URL gets one batch for all rules that name it.
fn merge_webhooks(messages: BTreeMap<GroupTarget, Vec<usize>>) -> BTreeMap<GroupTarget, Vec<usize>> {
    let mut hooks: BTreeMap<String, (GroupTarget, Vec<usize>)> = BTreeMap::new();
    let mut all = BTreeMap::new();
    for (target, which) in messages {
        if target.channel != Channel::Webhook {
            all.insert(target, which);
            continue;
        }
        let (_, places) = hooks
            .entry(target.key.clone())
            .or_insert_with(|| (target, Vec::new()));
        places.extend(which);
    }
    for (target, mut which) in hooks.into_values() {
        which.sort_unstable();
        which.dedup();
        all.insert(target, which);
    }
    all
}

/// Digests of a group: recipients that get the same share one.
struct DigestWriter<'a> {
    sets: &'a [WithTargets],
    /// The names of teams.
    teams: HashMap<Id, String>,
    members: Members,
    digests: BTreeMap<Vec<usize>, (Id, Digest)>,
}

impl<'a> DigestWriter<'a> {
    fn new(sets: &'a [WithTargets], teams: HashMap<Id, String>) -> Self {
        Self {
            sets,
            teams,
            members: Members::new(),
            digests: BTreeMap::new(),
        }
    }

    fn add(&mut self, tx: &mut Tx<'_>, which: &[usize]) -> Result<(), Error> {
        if !self.digests.contains_key(which) {
            let sets: Vec<&Set> = which.iter().map(|at| &self.sets[*at].0).collect();
            let digest = digests::read_of(tx, &sets, &mut self.members)?;
            self.digests.insert(which.to_vec(), (tx.id(), digest));
        }
        Ok(())
    }

    fn save(&self, tx: &mut Tx<'_>, group: Id) -> Result<(), Error> {
        let all: Vec<(Id, Digest)> = self.digests.values().cloned().collect();
        digests::write(tx, group, &all)
    }

    fn get(&self, which: &[usize]) -> Option<&(Id, Digest)> {
        self.digests.get(which)
    }

    /// Why the recipient of these sets gets them: of several reasons the closest.
    fn cause(&self, which: &[usize], channel: Channel, recipient: &Recipient) -> Option<Cause> {
        let place = (channel, recipient.clone());
        let whys = which.iter().filter_map(|at| self.sets[*at].2.get(&place));
        let closest = whys.min_by_key(|why| why.rank())?;
        let name = |team| self.teams.get(&team).cloned();
        Some(Cause::of(closest.clone(), recipient, name))
    }
}

/// The inbox rows: one per person, which also represents the end of the import.
fn add_rows(
    tx: &mut Tx<'_>,
    (of, imported): (&Arc<Event>, bool),
    inbox: &BTreeMap<Id, Vec<usize>>,
    digests: &DigestWriter<'_>,
    public_url: &str,
) -> Result<(), Error> {
    type Users = Vec<(Id, Option<Cause>)>;
    let mut by_digest: BTreeMap<Id, (Users, &Digest)> = BTreeMap::new();
    for (user, which) in inbox {
        if let Some((id, digest)) = digests.get(which) {
            let cause = digests.cause(which, Channel::InApp, &Recipient::User(*user));
            by_digest
                .entry(*id)
                .or_insert_with(|| (Vec::new(), digest))
                .0
                .push((*user, cause));
        }
    }
    let mut drafts: Vec<(Vec<Owner>, Notification)> = Vec::new();
    for (id, (users, digest)) in by_digest {
        let named = digest.events(tx)?;
        // A bulk change has no end event: each row is about the most severe of its events.
        let of = if imported { Some(of) } else { named.first() };
        let Some(of) = of else { continue };
        let message = digest.message(of, &named, public_url, Detail::Full);
        let mut draft = Notification::draft(of, &message);
        draft.digest = Some(id);
        // When the only finding it is about is done, so is the row; one of several is not enough.
        draft.finding = match digest.count() {
            1 => named.first().map(|event| event.subject.id),
            _ => None,
        };
        let many = digest.count() > 1;
        let owners = users.into_iter();
        let owners = owners.map(|(user, cause)| Owner::new(user, cause, of, many));
        drafts.push((owners.collect(), draft));
    }
    let additions: Vec<Addition<'_>> = drafts
        .iter()
        .map(|(users, draft)| Addition { users, draft })
        .collect();
    inbox::add(tx, &additions)
}

/// The messages: due at once. A group is one message, so no limit on their number delays it.
fn send(
    tx: &mut Tx<'_>,
    (group, of): (&Grouped, &Arc<Event>),
    messages: &BTreeMap<GroupTarget, Vec<usize>>,
    digests: &DigestWriter<'_>,
    (lease, closed): (&Lease, &mut Closed),
) -> Result<(), Error> {
    let now = tx.now();
    let mut pages: Vec<[Value; 6]> = Vec::new();
    let mut planned: Vec<(Planned, (Id, Id), Option<Cause>)> = Vec::new();
    for (target, which) in messages {
        let Some((id, digest)) = digests.get(which) else {
            continue;
        };
        if target.channel == Channel::Webhook {
            let json = serde_json::to_string(target).map_err(|error| Error::Decode(error.to_string()))?;
            pages.push([
                group.id.into(),
                target.key.as_str().into(),
                (*id).into(),
                json.into(),
                "".into(),
                0.into(),
            ]);
        } else if let Some(lead) = digest.lead() {
            let cause = digests.cause(which, target.channel, &target.recipient);
            planned.push((target.planned(), (*id, lead), cause));
        }
    }
    closed.pages = !pages.is_empty();
    rows::post(
        tx,
        (PAGES, "on conflict (group_id, target_key) do nothing"),
        pages,
    )?;
    let new = planned
        .iter()
        .map(|(planned, of_digest, cause)| NewDelivery {
            event: of,
            planned,
            body: String::new(),
            now: None,
            mode: Mode::Single,
            due: now,
            of: Some(*of_digest),
            cause: cause.clone(),
        })
        .collect();
    insert(tx, new, lease)?;
    for (planned, ..) in &planned {
        closed.waits.push((Arc::clone(&planned.target.lane), now));
    }
    Ok(())
}
