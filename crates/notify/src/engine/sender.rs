//! Sends claimed deliveries in the background, each in a task of its own: whatever one of them does, the others
//! continue (promises B5, S3).

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use base::failpoint;
use futures_util::FutureExt;
use tokio::{sync::mpsc, task::JoinSet};

use super::{lanes::Slot, shared::Shared};
use crate::{
    channel::Channel,
    channels::{Attempt, Outbound, Outcome},
    deliveries::{self, AttemptResult, ClaimedDelivery, Content, State, retry},
    links::Links,
    target::Recipient,
};

/// A finished attempt, to be recorded.
pub(super) type Sent = AttemptResult;

/// The tasks of one loop.
pub(super) struct Sender {
    shared: Arc<Shared>,
    sent: mpsc::Sender<Sent>,
    tasks: JoinSet<()>,
}

/// After this many attempts that panicked in our own code a message is quarantined.
const PANICS: u32 = 3;

impl Sender {
    pub(super) fn new(shared: &Arc<Shared>, sent: mpsc::Sender<Sent>) -> Self {
        Self {
            shared: Arc::clone(shared),
            sent,
            tasks: JoinSet::new(),
        }
    }

    /// Sends the delivery in the background.
    pub(super) fn send(&mut self, delivery: ClaimedDelivery, slot: Slot) {
        while self.tasks.try_join_next().is_some() {}
        let shared = Arc::clone(&self.shared);
        let sent = self.sent.clone();
        self.tasks.spawn(async move {
            failpoint::hit("notify.before_send");
            let done = deliver(&shared, delivery).await;
            failpoint::hit("notify.sent");
            // The recorder outlives every sender. The slot is held until it takes the outcome, so that sending does not
            // get ahead of recording.
            let _ = sent.send(done).await;
            drop(slot);
        });
    }

    /// Lets messages in flight finish, within the engine's grace period; the rest is aborted and recovered by the next
    /// start.
    pub(super) async fn finish(mut self) {
        let clock = self.shared.store.clock().clone();
        let grace = clock.sleep(self.shared.options.grace);
        tokio::select! {
            () = async { while self.tasks.join_next().await.is_some() {} } => {}
            () = grace => {
                tracing::warn!(cut = self.tasks.len(), "messages in flight were aborted; the next start recovers them");
            }
        }
        self.tasks.shutdown().await;
    }
}

async fn deliver(shared: &Shared, delivery: ClaimedDelivery) -> Sent {
    if is_late(shared, &delivery) {
        return unsent(shared, &delivery);
    }
    let (attempt, panicked) = attempt(shared, &delivery).await;
    // A missing response is about the destination, any response only about the message.
    let silent = attempt.status.is_none()
        && matches!(attempt.outcome, Outcome::Unknown | Outcome::RefusedForNow { .. });
    shared.lanes.answered(&delivery.lane, !silent);
    pause_url(shared, &delivery, attempt.outcome);
    let unknowns = delivery.unknowns + u32::from(attempt.outcome == Outcome::Unknown);
    let attempts = delivery.attempt.saturating_sub(delivery.earlier);
    let next = if panicked && attempts >= PANICS {
        retry::Next::End(State::Failed, format!("quarantined: {}", attempt.reason))
    } else {
        let fraction = shared.store.clock().fraction();
        retry::next(delivery.channel, &attempt, attempts, unknowns, fraction)
    };
    if attempt.outcome != Outcome::Delivered {
        tracing::warn!(
            delivery = %delivery.id, channel = %delivery.channel, attempt = delivery.attempt,
            outcome = attempt.outcome.name(), status = attempt.status, reason = attempt.reason,
            "a message was not delivered"
        );
    }
    AttemptResult::of(&delivery, shared.now(), attempt, next)
}

/// Whether this process was suspended between the claim and now: another node may have taken the delivery over. A test's
/// clock moves at any time.
fn is_late(shared: &Shared, delivery: &ClaimedDelivery) -> bool {
    let clock = shared.store.clock();
    !clock.is_manual() && clock.steady().since(delivery.held.since()) >= deliveries::FENCE
}

/// Gives a claim back unused; it has no effect if another node has taken the delivery over.
fn unsent(shared: &Shared, delivery: &ClaimedDelivery) -> Sent {
    let outcome = Outcome::RefusedForNow { retry_after: None };
    let attempt = Attempt::without_answer(outcome, "the server was suspended before it sent this");
    let next = retry::Next::Retry(Duration::ZERO, attempt.reason.clone());
    Sent {
        // It says nothing about the destination.
        key: None,
        ..AttemptResult::of(delivery, shared.now(), attempt, next)
    }
}

/// A URL that asks for a pause gets one for every message, not only for this one, and at most until it accepts one.
fn pause_url(shared: &Shared, delivery: &ClaimedDelivery, outcome: Outcome) {
    if let Outcome::RefusedForNow {
        retry_after: Some(wait),
    } = outcome
        && delivery.channel.has_url()
    {
        let steady = shared.store.clock().steady();
        shared
            .pace
            .pause(&delivery.key, steady.after(wait.min(retry::LONGEST)), steady);
    } else if outcome == Outcome::Delivered {
        shared.pace.resume(std::slice::from_ref(&delivery.key), false);
    }
}

/// Makes the attempt; whether it panicked in our own code.
async fn attempt(shared: &Shared, delivery: &ClaimedDelivery) -> (Attempt, bool) {
    let work = async {
        let outbound = outbound(shared, delivery);
        (shared.send)(delivery.channel, outbound).await
    };
    // A panic is contained here: it affects this message only.
    if let Ok(attempt) = AssertUnwindSafe(work).catch_unwind().await {
        return (attempt, false);
    }
    let outcome = Outcome::RefusedForNow { retry_after: None };
    let reason = "sending it panicked; see the log";
    (Attempt::without_answer(outcome, reason), true)
}

fn outbound(shared: &Shared, delivery: &ClaimedDelivery) -> Outbound {
    Outbound {
        delivery_id: delivery.id,
        message: delivery.message(shared.channels.public_url()),
        destination: delivery.address.text.expose().to_owned(),
        signing: delivery.address.signing,
        template: delivery.address.template.to_string(),
        body: (delivery.channel == Channel::Webhook).then(|| delivery.body.clone()),
        unsubscribe: match (delivery.channel, &delivery.recipient, &delivery.content) {
            (Channel::Email, Recipient::User(user), Content::One(event) | Content::Lone(event, _)) => {
                Some(Links::of(&shared.channels).link(*user, event.kind))
            }
            // A summary is about several kinds.
            _ => None,
        },
    }
}
