//! One transaction of the planner: from events to inbox rows, deliveries and reasons, all or nothing.
//!
//! Single events go first; those of an import or a bulk change are grouped by decision ([`crate::groups`]), and groups
//! are closed when all of their bundle is planned.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use base::{Event, Id, Severity, Time, failpoint};
use store::{
    Error, Tx, Value,
    outbox::{self, Grouping, Unreadable},
    params, rows,
};

use super::{lanes::Slot, shared::Shared};
use crate::{
    channel::Channel,
    channels::webhook::Format,
    deliveries::{self, Address, Bursts, ClaimedDelivery, Mode, NewDelivery},
    facts::{self, Wanted},
    groups::{self, Closer},
    inbox::{self, Addition, Notification, Owner},
    message::{self, Detail},
    opened::FirstRead,
    plan::{self, Plan, Planned, Why, World},
    reads,
    target::Recipient,
};

/// The result of a batch.
#[derive(Default)]
pub(super) struct Batch {
    /// How many events were planned.
    pub(super) events: usize,
    /// The messages to send now.
    pub(super) claimed: Vec<(ClaimedDelivery, Slot)>,
    /// The lanes in which something waits.
    pub(super) waits: Vec<(Arc<str>, Time)>,
    /// Whether some of the events go to the managers unless someone reads them.
    pub(super) unread: bool,
    /// What people read first by acting on it.
    pub(super) reads: Vec<FirstRead>,
    /// Whether there is more to do, although no event waits.
    pub(super) more: bool,
}

/// An event and its consequences.
struct Decided {
    event: Arc<Event>,
    plan: Plan,
    /// Its inbox row, if anyone gets one.
    draft: Option<Notification>,
    /// Its webhook bodies, one in each requested format.
    bodies: Vec<(Format, String)>,
    /// Why there are no consequences, if deciding panicked.
    fault: &'static str,
}

/// How many bundled events one transaction plans for each single event: they share most of their cost.
const BUNDLED: u32 = 8;
/// About how many recipients the events of one transaction have: it holds SQLite's one writer.
const RECIPIENTS: usize = 2_048;
/// How many people a team counts for.
const TEAM: usize = 8;

/// The remaining budget of recipients for the events of one transaction.
struct Budget {
    left: usize,
    is_empty: bool,
}

impl Budget {
    fn new(recipients: usize) -> Self {
        Self {
            left: recipients,
            is_empty: true,
        }
    }

    /// Whether the recipients of this event fit as well; those of the first always do.
    fn fits(&mut self, event: &Event) -> bool {
        let recipients = 1 + event.assignee_users.len() + event.assignee_teams.len() * TEAM;
        let fits = self.left >= recipients || self.is_empty;
        self.is_empty = false;
        self.left = self.left.saturating_sub(recipients);
        fits
    }
}

/// Plans the oldest unplanned events, at most `limit` single ones; bundled ones while they fit.
pub(super) fn plan(tx: &mut Tx<'_>, shared: &Shared, limit: u32) -> Result<Batch, Error> {
    let mut budget = Budget::new(shared.store.step(RECIPIENTS));
    let oldest = outbox::unplanned(tx, Grouping::Single, limit.into(), |event| budget.fits(event))?;
    let mut unreadable = oldest.unreadable;
    let alone = ready(tx, oldest.events)?;
    budget.is_empty = alone.is_empty();
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let bundled = if alone.len() < most && (limit > 1 || alone.is_empty()) {
        let most = if limit > 1 {
            limit.saturating_mul(BUNDLED)
        } else {
            1
        };
        let bundled = outbox::unplanned(tx, Grouping::Bundled, most.into(), |event| budget.fits(event))?;
        unreadable.extend(bundled.unreadable);
        bundled.events
    } else {
        Vec::new()
    };
    if limit == 1 {
        let first = alone.first().or(bundled.first()).map(|event| event.id);
        shared.trying.store(first);
    }
    quarantine_unreadable(tx, &unreadable)?;
    if alone.is_empty() && bundled.is_empty() {
        let mut batch = rest(tx, shared)?;
        batch.more |= !unreadable.is_empty();
        return Ok(batch);
    }
    failpoint::hit("notify.planning");
    let vault = shared.access.vault();
    let rules = shared.rules.current(tx, vault)?;
    let all: Vec<Event> = alone.iter().chain(&bundled).cloned().collect();
    let wanted = Wanted::by_events(&all, &rules);
    let world = facts::world(tx, vault, rules, wanted)?;
    let decide = |events: Vec<Event>| -> Vec<Decided> {
        let events = events.into_iter().map(Arc::new);
        events.map(|event| decide(event, &world, shared)).collect()
    };
    let (mut alone, bundled) = (decide(alone), decide(bundled));
    inbox::finished(tx, &all)?;
    let mut batch = Batch::default();
    group(tx, shared, &mut alone, &bundled, &mut batch)?;
    // The inbox first: it is the cheap and reliable part (promise B5).
    let rows: Vec<(Vec<Owner>, &Notification)> = alone
        .iter()
        .filter_map(|decided| Some((owners(decided, &world), decided.draft.as_ref()?)))
        .collect();
    let additions: Vec<Addition<'_>> = rows
        .iter()
        .map(|(users, draft)| Addition { users, draft })
        .collect();
    inbox::add(tx, &additions)?;
    send(tx, shared, &world, (&alone, &bundled), &mut batch)?;
    keep_reasons(tx, alone.iter())?;
    keep_reasons(tx, bundled.iter().filter(|decided| !decided.fault.is_empty()))?;
    let planned = alone
        .iter()
        .map(|decided| (&*decided.event, decided.plan.reasons.as_slice()));
    batch.unread |= reads::expect(tx, planned, &shared.options.escalation)?;
    batch.reads = reads::acted(tx, &all)?;
    batch.events = alone.len() + bundled.len();
    Ok(batch)
}

/// Who gets a row about a single event, and why.
fn owners(decided: &Decided, world: &World) -> Vec<Owner> {
    let Decided { event, plan, .. } = decided;
    let reasons_to_notify = plan.reasons_to_notify();
    let owner = |user: &Id| {
        let recipient = Recipient::User(*user);
        let why = reasons_to_notify.get(&(Channel::InApp, &recipient));
        let cause = why.map(|why| world.cause(why, &recipient));
        Owner::new(*user, cause, event, false)
    };
    plan.inbox.iter().map(owner).collect()
}

/// The events that can be planned: the end of an import waits until everything it brought is planned.
fn ready(tx: &mut Tx<'_>, mut events: Vec<Event>) -> Result<Vec<Event>, Error> {
    let closing: Vec<Id> = events.iter().filter_map(groups::closes).collect();
    let busy = outbox::unplanned_bundles(tx, &closing)?;
    events.retain(|event| groups::closes(event).is_none_or(|bundle| !busy.contains(&bundle)));
    Ok(events)
}

/// What there is to do when no event waits: pages of webhooks, and groups whose bundle was never ended.
fn rest(tx: &mut Tx<'_>, shared: &Shared) -> Result<Batch, Error> {
    let mut batch = Batch::default();
    let lease = shared.lease();
    let public_url = shared.channels.public_url();
    let rules = shared.rules.current(tx, shared.access.vault())?;
    let pages = groups::next_pages(tx, &rules, (&lease, public_url))?;
    batch.waits.extend(pages.waits);
    batch.more = pages.any;
    if !pages.any {
        for group in groups::waiting(tx, None)? {
            let closed = groups::close(tx, &group, None, (&lease, public_url))?;
            batch.unread |= reads::expect_group(tx, group.id, &shared.options.escalation)?;
            batch.waits.extend(closed.waits);
            batch.more = true;
        }
    }
    Ok(batch)
}

/// Collects bundled events, and closes complete groups. Recipients of a group's message get none about the end of its
/// import.
fn group(
    tx: &mut Tx<'_>,
    shared: &Shared,
    alone: &mut [Decided],
    bundled: &[Decided],
    batch: &mut Batch,
) -> Result<(), Error> {
    let decided: Vec<(Arc<Event>, &Plan)> = bundled
        .iter()
        .map(|decided| (Arc::clone(&decided.event), &decided.plan))
        .collect();
    let touched = groups::collect(tx, shared.access.vault(), &decided)?;
    let planned: Vec<Id> = alone
        .iter()
        .chain(bundled)
        .map(|decided| decided.event.id)
        .collect();
    outbox::all_planned(tx, &planned)?;
    let lease = shared.lease();
    let how = (&lease, shared.channels.public_url());
    for closing in alone.iter_mut() {
        let Some(bundle) = groups::closes(&closing.event) else {
            continue;
        };
        for group in groups::waiting(tx, Some(bundle))? {
            let closer = Closer {
                event: &closing.event,
            };
            let done = groups::close(tx, &group, Some(&closer), how)?;
            batch.unread |= reads::expect_group(tx, group.id, &shared.options.escalation)?;
            done.suppress_in(&mut closing.plan);
            batch.waits.extend(done.waits);
            batch.more |= done.pages;
        }
    }
    // A bulk change has no end event.
    let bulk: Vec<Id> = touched
        .iter()
        .filter(|group| group.is_bulk)
        .map(|group| group.bundle)
        .collect();
    let busy = outbox::unplanned_bundles(tx, &bulk)?;
    for group in touched {
        if group.is_bulk && !busy.contains(&group.bundle) {
            let closed = groups::close(tx, &group, None, how)?;
            batch.unread |= reads::expect_group(tx, group.id, &shared.options.escalation)?;
            batch.waits.extend(closed.waits);
            batch.more |= closed.pages;
        }
    }
    Ok(())
}

/// A panic while deciding affects one event only: deciding is pure, so it would panic again.
fn decide(event: Arc<Event>, world: &World, shared: &Shared) -> Decided {
    let decided = catch_unwind(AssertUnwindSafe(|| {
        let plan = plan::plan(&event, world);
        let hooks = plan
            .deliveries
            .iter()
            .filter(|planned| planned.channel == Channel::Webhook);
        let formats: Vec<Format> = hooks.map(|planned| format(&event, world, planned)).collect();
        if plan.inbox.is_empty() && formats.is_empty() {
            return (plan, None, Vec::new());
        }
        let message = message::compose(&event, shared.channels.public_url(), Detail::Full);
        let draft = (!plan.inbox.is_empty()).then(|| Notification::draft(&event, &message));
        let mut bodies: Vec<(Format, String)> = Vec::new();
        for format in formats {
            if body(&bodies, format).is_none() {
                bodies.push((format, format.body(&message, shared.channels.public_url())));
            }
        }
        (plan, draft, bodies)
    }));
    let ((plan, draft, bodies), fault) = if let Ok(parts) = decided {
        (parts, "")
    } else {
        tracing::error!(event = %event.id, "an event was quarantined: planning it panicked");
        ((Plan::default(), None, Vec::new()), "planning panicked")
    };
    Decided {
        event,
        plan,
        draft,
        bodies,
        fault,
    }
}

/// The format in which a webhook gets the event: that of the rule that names it.
fn format(event: &Event, world: &World, planned: &Planned) -> Format {
    match planned.recipient {
        Recipient::Url(row) => world.rules.url(event, planned.channel, row),
        _ => None,
    }
    .map_or_else(Format::default, |url| url.format)
}

fn body(bodies: &[(Format, String)], format: Format) -> Option<&str> {
    let found = bodies.iter().find(|(known, _)| *known == format);
    found.map(|(_, body)| body.as_str())
}

/// A message about a single event, and why its recipient gets it.
type Single<'a> = (&'a Decided, &'a Planned, Option<&'a Why>);

/// The messages of an event that are stored.
fn singles(decided: &Decided, keeps: impl Fn(&Planned) -> bool) -> Vec<Single<'_>> {
    let reasons_to_notify = decided.plan.reasons_to_notify();
    let kept = decided.plan.deliveries.iter().filter(|planned| keeps(planned));
    kept.map(|planned| {
        let why = reasons_to_notify.get(&(planned.channel, &planned.recipient));
        (decided, planned, why.copied())
    })
    .collect()
}

/// Writes the deliveries: of bundled events only those that are sent individually. Those that get a slot are claimed at
/// once.
fn send(
    tx: &mut Tx<'_>,
    shared: &Shared,
    world: &World,
    (alone, bundled): (&[Decided], &[Decided]),
    batch: &mut Batch,
) -> Result<(), Error> {
    let singles: Vec<Single<'_>> = alone
        .iter()
        .flat_map(|decided| singles(decided, |_| true))
        .chain(
            bundled
                .iter()
                .flat_map(|decided| singles(decided, |planned| planned.batch == plan::Batch::Event)),
        )
        .collect();
    let counted = singles
        .iter()
        .filter(|(decided, ..)| !is_critical(&decided.event));
    let mut bursts = Bursts::open(tx, shared.options.burst, counted.map(|(_, planned, _)| *planned))?;
    let mut sending = Sending {
        shared,
        world,
        now: tx.now(),
        steady: tx.clock().steady(),
        slots: Vec::new(),
        waits: Vec::new(),
    };
    let mut new = Vec::with_capacity(singles.len());
    for (decided, planned, why) in singles {
        // A critical event waits for no summary.
        let mode = if is_critical(&decided.event) {
            Mode::Single
        } else {
            bursts.mode(tx, planned)?
        };
        let (now, due) = sending.start(&decided.event, planned, mode);
        let body = match planned.channel {
            Channel::Webhook => {
                let format = format(&decided.event, world, planned);
                body(&decided.bodies, format).unwrap_or_default().to_owned()
            }
            _ => String::new(),
        };
        new.push(NewDelivery {
            event: &decided.event,
            planned,
            body,
            now,
            mode,
            due,
            of: None,
            // A webhook's body does not contain it.
            cause: why
                .filter(|_| planned.channel != Channel::Webhook)
                .map(|why| world.cause(why, &planned.recipient)),
        });
    }
    bursts.save(tx)?;
    let Sending { slots, waits, .. } = sending;
    let claimed = deliveries::insert(tx, new, &shared.lease())?;
    batch.claimed.extend(claimed.into_iter().zip(slots));
    batch.waits.extend(waits);
    Ok(())
}

/// Whether it is critical or urgent.
fn is_critical(event: &Event) -> bool {
    event
        .severity
        .is_some_and(|severity| severity >= Severity::Critical)
}

/// What can be sent at once, and what waits.
struct Sending<'a> {
    shared: &'a Shared,
    world: &'a World,
    now: Time,
    steady: Time,
    slots: Vec<Slot>,
    waits: Vec<(Arc<str>, Time)>,
}

impl Sending<'_> {
    /// The current address of the message, if there is a slot for it, and when it is due.
    fn start(&mut self, event: &Event, planned: &Planned, mode: Mode) -> (Option<Address>, Time) {
        let lane = &planned.target.lane;
        let due = match mode {
            Mode::Single => match self.slot(event, planned) {
                Ok((slot, to)) => {
                    self.slots.push(slot);
                    return (Some(to), self.now);
                }
                Err(due) => due,
            },
            Mode::Opens(_, due) => due,
            Mode::Joins(_) => return (None, self.now),
        };
        self.waits.push((Arc::clone(lane), due));
        (None, due)
    }

    /// A slot and the address, or when the message is due.
    fn slot(&self, event: &Event, planned: &Planned) -> Result<(Slot, Address), Time> {
        let Planned {
            channel,
            recipient,
            target,
            ..
        } = planned;
        let now = self.now;
        let slot = self.shared.lanes.slot_for_new(&target.lane, now).ok_or(now)?;
        let to = deliveries::address(event, self.world, *channel, recipient, &target.key).map_err(|_| now)?;
        let asked = self.shared.pace.check_new(*channel, &target.key, self.steady);
        asked.map_err(|later| now.after(later.since(self.steady)))?;
        Ok((slot, to))
    }
}

const KEEP: &str = "insert into event_plans (event_id, planned_at, fault, reasons)";

/// Stores why each recipient was notified or not, for the trace.
fn keep_reasons<'a>(tx: &mut Tx<'_>, decided: impl Iterator<Item = &'a Decided>) -> Result<(), Error> {
    let now = tx.now();
    let mut rows: Vec<[Value; 4]> = Vec::new();
    for decided in decided {
        if decided.plan.reasons.is_empty() && decided.fault.is_empty() {
            continue;
        }
        let reasons =
            serde_json::to_string(&decided.plan.reasons).map_err(|error| Error::Decode(error.to_string()))?;
        rows.push([
            decided.event.id.into(),
            now.into(),
            decided.fault.into(),
            reasons.into(),
        ]);
    }
    rows::post(tx, (KEEP, ""), rows)
}

/// Stores why an event is not planned, instead of reasons.
fn keep_fault(tx: &mut Tx<'_>, event: Id, fault: &str) -> Result<(), Error> {
    let now = tx.now();
    let row: [Value; 4] = [event.into(), now.into(), fault.into(), "[]".into()];
    rows::insert(tx, (KEEP, "on conflict (event_id) do nothing"), vec![row]).map(drop)
}

/// Quarantines the event that failed when tried alone, with the reason.
pub(super) fn quarantine(tx: &mut Tx<'_>, tried: Id, fault: &str) -> Result<(), Error> {
    keep_fault(tx, tried, fault)?;
    outbox::planned(tx, tried)
}

/// Quarantines events that cannot be read, with the reason: they do not block others, and wait for a server that can
/// read them.
fn quarantine_unreadable(tx: &mut Tx<'_>, events: &[Unreadable]) -> Result<(), Error> {
    for event in events {
        let Unreadable { id, kind, why } = event;
        tracing::error!(event = %id, kind, why, "an event was quarantined");
        keep_fault(tx, *id, why)?;
    }
    outbox::set_aside(tx, events)
}

const NO_FAULT: &str = "delete from event_plans where event_id = $1 and fault <> ''";

/// Quarantined events that can be read now wait to be planned again.
pub(super) fn release(tx: &mut Tx<'_>, events: &[Id]) -> Result<(), Error> {
    for event in events {
        tx.execute(NO_FAULT, params![event])?;
    }
    outbox::wait_again(tx, events)
}
