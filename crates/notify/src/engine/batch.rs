//! One transaction of the planner: from events to inbox rows, deliveries and reasons, all or nothing.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use base::{Event, Id, Time};
use store::{Error, Tx, Value, outbox};

use super::{Shared, lanes::Turn};
use crate::{
    channel::Channel,
    channels::webhook::Format,
    deliveries::{self, Address, Bursts, Letter, New, Way},
    escalations,
    facts::{self, Wanted},
    inbox::{self, Addition, Notification},
    message::{self, Detail},
    plan::{self, Plan, Planned, World},
    sql,
    target::Recipient,
};

/// What a batch brought.
#[derive(Default)]
pub(super) struct Batch {
    /// How many events were planned.
    pub(super) events: usize,
    /// What is to be sent now.
    pub(super) letters: Vec<(Letter, Turn)>,
    /// The lanes in which something waits.
    pub(super) waits: Vec<(Arc<str>, Time)>,
    /// Whether some of the events go to the managers unless somebody reads them.
    pub(super) escalations: bool,
}

/// An event and what follows from it.
struct Decided {
    event: Arc<Event>,
    plan: Plan,
    /// Its row in the inbox, if anybody gets one.
    draft: Option<Notification>,
    /// Its bodies on webhooks, one in each form that is wanted.
    bodies: Vec<(Format, String)>,
    /// Why nothing follows, where deciding broke.
    fault: &'static str,
}

/// Plans the oldest events that nobody has planned, at most `limit`.
pub(super) fn plan(tx: &mut Tx<'_>, shared: &Shared, limit: u32) -> Result<Batch, Error> {
    let events = outbox::unplanned(tx, limit.into())?;
    if events.is_empty() {
        return Ok(Batch::default());
    }
    let vault = shared.access.vault();
    let rules = shared.rules.current(tx, vault)?;
    let wanted = Wanted::by_events(&events, &rules);
    let world = facts::world(tx, vault, rules, wanted)?;
    let decided: Vec<Decided> = events
        .into_iter()
        .map(|event| decide(Arc::new(event), &world, shared))
        .collect();
    // The inbox first: it is the cheap and reliable part (promise B5).
    let additions: Vec<Addition<'_>> = decided
        .iter()
        .filter_map(|decided| {
            let draft = decided.draft.as_ref()?;
            Some(Addition {
                users: &decided.plan.inbox,
                draft,
            })
        })
        .collect();
    inbox::add(tx, &additions)?;
    let mut batch = send(tx, shared, &world, &decided)?;
    keep_reasons(tx, &decided)?;
    for decided in &decided {
        let (event, users) = (&decided.event, &decided.plan.inbox);
        batch.escalations |= escalations::expect(tx, event, users, shared.options.escalation.after)?;
    }
    let planned: Vec<Id> = decided.iter().map(|decided| decided.event.id).collect();
    outbox::all_planned(tx, &planned)?;
    batch.events = decided.len();
    Ok(batch)
}

/// A panic in deciding is one event's alone: deciding is pure, so it would break again.
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
        tracing::error!(event = %event.id, "an event was set aside: planning it panicked");
        ((Plan::default(), None, Vec::new()), "planning it panicked")
    };
    Decided {
        event,
        plan,
        draft,
        bodies,
        fault,
    }
}

/// The form in which a webhook wants the event: that of the rule which names it.
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

/// Writes the deliveries. Those for which there is a turn are claimed at once.
fn send(tx: &mut Tx<'_>, shared: &Shared, world: &World, decided: &[Decided]) -> Result<Batch, Error> {
    let planned = decided.iter().flat_map(|decided| &decided.plan.deliveries);
    let mut bursts = Bursts::open(tx, shared.options.burst, planned)?;
    let mut sending = Sending {
        shared,
        world,
        now: tx.now(),
        turns: Vec::new(),
        waits: Vec::new(),
    };
    let mut new = Vec::new();
    for decided in decided {
        for planned in &decided.plan.deliveries {
            let way = bursts.way(tx, planned)?;
            let (now, due) = sending.start(&decided.event, planned, way);
            let body = match planned.channel {
                Channel::Webhook => {
                    let format = format(&decided.event, world, planned);
                    body(&decided.bodies, format).unwrap_or_default().to_owned()
                }
                _ => String::new(),
            };
            new.push(New {
                event: &decided.event,
                planned,
                body,
                now,
                way,
                due,
            });
        }
    }
    bursts.save(tx)?;
    let Sending { turns, waits, .. } = sending;
    let letters = deliveries::insert(tx, new, &shared.lease())?;
    Ok(Batch {
        letters: letters.into_iter().zip(turns).collect(),
        waits,
        ..Batch::default()
    })
}

/// What may go at once, and what waits.
struct Sending<'a> {
    shared: &'a Shared,
    world: &'a World,
    now: Time,
    turns: Vec<Turn>,
    waits: Vec<(Arc<str>, Time)>,
}

impl Sending<'_> {
    /// Where the message goes right now, if there is a turn for it, and when it is due.
    fn start(&mut self, event: &Event, planned: &Planned, way: Way) -> (Option<Address>, Time) {
        let lane = &planned.target.lane;
        let due = match way {
            Way::Single => match self.turn(event, planned) {
                Ok((turn, to)) => {
                    self.turns.push(turn);
                    return (Some(to), self.now);
                }
                Err(due) => due,
            },
            Way::Opens(_, due) => due,
            Way::Joins(_) => return (None, self.now),
        };
        self.waits.push((Arc::clone(lane), due));
        (None, due)
    }

    /// A turn and the address, or when the message is due.
    fn turn(&self, event: &Event, planned: &Planned) -> Result<(Turn, Address), Time> {
        let Planned {
            channel,
            recipient,
            target,
        } = planned;
        let now = self.now;
        let turn = self.shared.lanes.overtake_nobody(&target.lane, now).ok_or(now)?;
        let to = deliveries::address(event, self.world, *channel, recipient, &target.key).map_err(|_| now)?;
        self.shared.pace.ask_new(*channel, &target.key, now)?;
        Ok((turn, to))
    }
}

const KEEP: &str = "insert into event_plans (event_id, planned_at, fault, reasons)";

/// Keeps why somebody was told or was not, for the trace.
fn keep_reasons(tx: &mut Tx<'_>, decided: &[Decided]) -> Result<(), Error> {
    let now = tx.now();
    let mut rows: Vec<Value> = Vec::new();
    for decided in decided {
        if decided.plan.reasons.is_empty() && decided.fault.is_empty() {
            continue;
        }
        let reasons =
            serde_json::to_string(&decided.plan.reasons).map_err(|error| Error::Decode(error.to_string()))?;
        rows.extend([
            decided.event.id.into(),
            now.into(),
            decided.fault.into(),
            reasons.into(),
        ]);
    }
    sql::insert(tx, KEEP, 4, &rows, "")
}

/// Sets the oldest unplanned event aside, with the reason; which one it was.
pub(super) fn set_aside(tx: &mut Tx<'_>, fault: &str) -> Result<Option<Id>, Error> {
    let Some(event) = outbox::oldest(tx)? else {
        return Ok(None);
    };
    let now = tx.now();
    let row = [event.into(), now.into(), fault.into(), "[]".into()];
    sql::insert(tx, KEEP, 4, &row, "on conflict (event_id) do nothing")?;
    outbox::planned(tx, event)?;
    Ok(Some(event))
}
