//! Claims what is due, lane by lane, and hands it to be sent.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use base::Time;
use tokio::sync::watch;

use super::{Shared, lanes::Turn, recover, sender::Sender, stopping};
use crate::deliveries::{self, Claim, Round, Whose};

/// How many messages one claim takes.
const CLAIM: usize = 128;

pub(super) async fn run(shared: Arc<Shared>, mut sender: Sender, mut stopped: watch::Receiver<bool>) {
    let clock = shared.store.clock().clone();
    let mut look_at = clock.now();
    while !*stopped.borrow() {
        let until = match step(&shared, &mut sender, &mut look_at).await {
            Ok(true) => continue,
            Ok(false) => shared.lanes.next_due().map_or(look_at, |due| due.min(look_at)),
            Err(error) => {
                tracing::warn!(%error, "dispatching waits for the database");
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
            () = clock.sleep_until(until) => {}
            () = stopping(&mut stopped) => {}
        }
    }
    sender.finish().await;
}

/// Looks into the table at the start, at every tick and when somebody rang; then claims what is due. Whether there
/// may be more.
async fn step(shared: &Shared, sender: &mut Sender, look_at: &mut Time) -> Result<bool, store::Error> {
    let now = shared.now();
    if shared.doorbell.0.look.swap(false, Ordering::AcqRel) || now >= *look_at {
        // Set first: an error makes the next step look again at once.
        *look_at = now;
        look(shared).await?;
        *look_at = now.after(shared.options.tick);
    }
    let turns = shared.lanes.due(now, CLAIM);
    if turns.is_empty() {
        return Ok(false);
    }
    claim(shared, sender, turns).await?;
    Ok(true)
}

/// Gives up what nobody will end, and learns what waits.
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

/// When to look into a lane again. A lane in which something is due but nothing could be taken is another node's at
/// the moment: asking again at once would be asking all the time.
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
