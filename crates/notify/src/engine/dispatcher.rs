//! Claims due messages, lane by lane, and hands them to be sent.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use base::{Throttle, Time};
use tokio::sync::watch;

use super::{
    lanes::Slot,
    sender::Sender,
    shared::{Shared, log_waiting, recover, stopping},
};
use crate::deliveries::{self, Claim, RecoverFrom, Round};

/// How many messages one claim takes.
const CLAIM: usize = 128;

/// How long it waits for slots of messages in flight.
const GATHER: Duration = Duration::from_millis(5);

/// When the tables are checked.
#[derive(Default)]
struct Schedule {
    /// The next time, on the monotonic clock.
    at: Time,
    /// After which quarantined message to continue.
    after: String,
}

pub(super) async fn run(shared: Arc<Shared>, mut sender: Sender, mut stopped: watch::Receiver<bool>) {
    let clock = shared.store.clock().clone();
    let logged = Throttle::new();
    let mut schedule = Schedule {
        at: clock.steady(),
        ..Schedule::default()
    };
    while !*stopped.borrow() {
        let pause = match step(&shared, &mut sender, &mut schedule).await {
            Ok(true) => continue,
            Ok(false) => {
                let check = schedule.at.since(clock.steady());
                let due = shared.lanes.next_due();
                due.map_or(check, |due| due.since(clock.now()).min(check))
            }
            Err(error) => {
                log_waiting(&logged, "dispatching", &error);
                let pause = clock.sleep(shared.options.pause);
                tokio::select! {
                    () = pause => {}
                    () = stopping(&mut stopped) => {}
                }
                continue;
            }
        };
        tokio::select! {
            () = shared.lanes.changed() => {}
            () = shared.doorbell.0.dispatcher.notified() => {}
            () = clock.sleep(pause) => {}
            () = stopping(&mut stopped) => {}
        }
    }
    sender.finish().await;
}

/// Checks the table at the start, at every tick and when the doorbell rang; then claims what is due. Whether there may
/// be more.
async fn step(shared: &Shared, sender: &mut Sender, schedule: &mut Schedule) -> Result<bool, store::Error> {
    let steady = shared.store.clock().steady();
    let is_time = steady >= schedule.at;
    if shared.doorbell.0.check.swap(false, Ordering::AcqRel) || is_time {
        let unpaused = std::mem::take(&mut *shared.doorbell.0.unpaused());
        shared.pace.resume(&unpaused.keys, unpaused.all);
        // Set first: an error makes the next step check again at once.
        schedule.at = steady;
        if is_time {
            release_readable(shared, schedule).await?;
        }
        check(shared).await?;
        schedule.at = steady.after(shared.options.tick);
    }
    gather(shared).await;
    let now = shared.now();
    let slots = shared.lanes.due(now, CLAIM);
    if slots.is_empty() {
        return Ok(false);
    }
    claim(shared, sender, slots).await?;
    Ok(true)
}

/// Waits briefly for more free slots, if there are only a few: a claim for one message costs almost as much as one for many.
async fn gather(shared: &Shared) {
    let more = async {
        let now = shared.now();
        while shared.lanes.next_due().is_some_and(|due| due <= now) && !shared.lanes.is_worth_claiming(now) {
            shared.lanes.changed().await;
        }
    };
    let _ = tokio::time::timeout(GATHER, more).await;
}

/// Whether quarantined messages can be read now.
async fn release_readable(shared: &Shared, schedule: &mut Schedule) -> Result<(), store::Error> {
    let after = std::mem::take(&mut schedule.after);
    let read = move |tx: &mut store::Tx<'_>| deliveries::readable_now(tx, &after);
    let (read, next) = shared.store.read(read).await?;
    schedule.after = next.unwrap_or_default();
    if !read.is_empty() {
        tracing::info!(count = read.len(), "quarantined messages can be read again");
        let again = move |tx: &mut store::Tx<'_>| deliveries::release(tx, &read);
        shared.store.write(again).await?;
    }
    Ok(())
}

/// Gives up attempts that nobody will finish, and learns what waits.
async fn check(shared: &Shared) -> Result<(), store::Error> {
    recover(shared, RecoverFrom::Expired).await?;
    take_over(shared).await?;
    let waiting = shared.store.read(deliveries::waiting).await?;
    for (lane, due) in waiting {
        shared.lanes.waits(&lane, due);
    }
    Ok(())
}

/// Gives up the attempts of nodes that ended.
async fn take_over(shared: &Shared) -> Result<(), store::Error> {
    loop {
        let Some(node) = shared.doorbell.0.ended().pop() else {
            return Ok(());
        };
        let done = recover(shared, RecoverFrom::Ended(Arc::clone(&node))).await;
        if done.is_err() {
            shared.doorbell.0.ended().push(node);
            return done;
        }
    }
}

async fn claim(shared: &Shared, sender: &mut Sender, slots: Vec<Slot>) -> Result<(), store::Error> {
    let mut by_lane: BTreeMap<Arc<str>, Vec<Slot>> = BTreeMap::new();
    for slot in slots {
        by_lane.entry(Arc::clone(slot.lane())).or_default().push(slot);
    }
    let wanted: Vec<(Arc<str>, usize)> = by_lane
        .iter()
        .map(|(lane, slots)| (Arc::clone(lane), slots.len()))
        .collect();
    let arrivals = shared.lanes.arrivals();
    let claim = take(shared, wanted).await?;
    let now = shared.now();
    for (lane, next) in &claim.next {
        let due = next.map(|due| later(due, now, shared, claim.taken.contains(lane)));
        shared.lanes.correct(lane, arrivals, due);
    }
    for delivery in claim.claimed {
        if let Some(slot) = by_lane.get_mut(&delivery.lane).and_then(Vec::pop) {
            sender.send(delivery, slot);
        }
    }
    Ok(())
}

/// When to check a lane again. If something is due in it but nothing could be taken, another node has it at the moment:
/// checking again at once would be a busy loop.
fn later(due: Time, now: Time, shared: &Shared, took: bool) -> Time {
    if took || due > now {
        due
    } else {
        now.after(shared.options.pause)
    }
}

async fn take(shared: &Shared, lanes: Vec<(Arc<str>, usize)>) -> Result<Claim, store::Error> {
    let vault = shared.access.vault().clone();
    let round = Round {
        lanes,
        lease: shared.lease(),
        pace: Arc::clone(&shared.pace),
    };
    let cache = Arc::clone(&shared.rules);
    let claimed = shared
        .store
        .write(move |tx| {
            let rules = cache.current(tx, &vault)?;
            deliveries::claim(tx, &vault, rules, &round)
        })
        .await;
    if claimed.is_err() {
        shared.rules.forget();
    }
    claimed
}
