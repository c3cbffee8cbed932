//! Claims due messages, lane by lane, and hands them to be sent.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use base::{Throttle, Time};
use tokio::sync::watch;

use super::{
    lanes::Turn,
    sender::Sender,
    shared::{Shared, recover, stopping, waits},
};
use crate::deliveries::{self, Claim, Round, Whose};

/// How many messages one claim takes.
const CLAIM: usize = 128;

/// When the tables are checked.
#[derive(Default)]
struct Looks {
    /// The next time, on the monotonic clock.
    at: Time,
    /// After which quarantined message to continue.
    aside: String,
}

pub(super) async fn run(shared: Arc<Shared>, mut sender: Sender, mut stopped: watch::Receiver<bool>) {
    let clock = shared.store.clock().clone();
    let said = Throttle::new();
    let mut looks = Looks {
        at: clock.steady(),
        ..Looks::default()
    };
    while !*stopped.borrow() {
        let pause = match step(&shared, &mut sender, &mut looks).await {
            Ok(true) => continue,
            Ok(false) => {
                let look = looks.at.since(clock.steady());
                let due = shared.lanes.next_due();
                due.map_or(look, |due| due.since(clock.now()).min(look))
            }
            Err(error) => {
                waits(&said, "dispatching", &error);
                let pause = clock.sleep(shared.options.pause);
                tokio::select! {
                    () = pause => {}
                    () = stopping(&mut stopped) => {}
                }
                continue;
            }
        };
        tokio::select! {
            () = shared.lanes.rung() => {}
            () = shared.doorbell.0.dispatcher.notified() => {}
            () = clock.sleep(pause) => {}
            () = stopping(&mut stopped) => {}
        }
    }
    sender.finish().await;
}

/// Checks the table at the start, at every tick and when the doorbell rang; then claims what is due. Whether there may
/// be more.
async fn step(shared: &Shared, sender: &mut Sender, looks: &mut Looks) -> Result<bool, store::Error> {
    let steady = shared.store.clock().steady();
    let is_time = steady >= looks.at;
    if shared.doorbell.0.look.swap(false, Ordering::AcqRel) || is_time {
        let heard = std::mem::take(&mut *shared.doorbell.0.heard());
        shared.pace.speak(&heard.keys, heard.all);
        // Set first: an error makes the next step check again at once.
        looks.at = steady;
        if is_time {
            read_again(shared, looks).await?;
        }
        look(shared).await?;
        looks.at = steady.after(shared.options.tick);
    }
    let now = shared.now();
    let turns = shared.lanes.due(now, CLAIM);
    if turns.is_empty() {
        return Ok(false);
    }
    claim(shared, sender, turns).await?;
    Ok(true)
}

/// Whether quarantined messages can be read now.
async fn read_again(shared: &Shared, looks: &mut Looks) -> Result<(), store::Error> {
    let after = std::mem::take(&mut looks.aside);
    let read = move |tx: &mut store::Tx<'_>| deliveries::readable_again(tx, &after);
    let (read, next) = shared.store.read(read).await?;
    looks.aside = next.unwrap_or_default();
    if !read.is_empty() {
        tracing::info!(count = read.len(), "quarantined messages can be read again");
        let again = move |tx: &mut store::Tx<'_>| deliveries::wait_again(tx, &read);
        shared.store.write(again).await?;
    }
    Ok(())
}

/// Gives up attempts that nobody will finish, and learns what waits.
async fn look(shared: &Shared) -> Result<(), store::Error> {
    recover(shared, Whose::Expired).await?;
    let waiting = shared.store.read(deliveries::waiting).await?;
    for (lane, due) in waiting {
        shared.lanes.waits(&lane, due);
    }
    Ok(())
}

async fn claim(shared: &Shared, sender: &mut Sender, turns: Vec<Turn>) -> Result<(), store::Error> {
    let mut by_lane: BTreeMap<Arc<str>, Vec<Turn>> = BTreeMap::new();
    for turn in turns {
        by_lane.entry(Arc::clone(turn.lane())).or_default().push(turn);
    }
    let wanted: Vec<(Arc<str>, usize)> = by_lane
        .iter()
        .map(|(lane, turns)| (Arc::clone(lane), turns.len()))
        .collect();
    let arrivals = shared.lanes.arrivals();
    let claim = take(shared, wanted).await?;
    let now = shared.now();
    for (lane, next) in &claim.next {
        let due = next.map(|due| later(due, now, shared, claim.taken.contains(lane)));
        shared.lanes.correct(lane, arrivals, due);
    }
    for letter in claim.letters {
        if let Some(turn) = by_lane.get_mut(&letter.lane).and_then(Vec::pop) {
            sender.send(letter, turn);
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
