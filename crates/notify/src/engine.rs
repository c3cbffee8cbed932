//! What turns events into rows and messages, in the background: nobody who announces an event waits for it
//! (promise B4).
//!
//! Owns: four loops. The planner takes events nobody has planned and writes down who is told; the dispatcher claims
//! messages that are due; the recorder writes down what became of them; the escalator takes to the managers what nobody
//! read. The tables are their memory: whatever stops
//! them, the next start goes on from there (promise B3).
//! Must not: wake by anything it could not do without. The bus, the doorbell and the clock only make it quicker.

mod batch;
mod dispatcher;
mod escalator;
mod lanes;
mod observer;
mod planner;
mod recorder;
mod sender;
mod settings;

use std::{
    future::Future,
    sync::{Arc, atomic::AtomicBool},
};

use access::Access;
use base::Time;
use futures_util::future::BoxFuture;
use store::Store;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};

pub use observer::{Ended, Observer};
pub use settings::{Escalation, Options, Stands};

use crate::{
    channel::Channel,
    channels::{Attempt, Channels, Outbound, email},
    deliveries::{self, Lease, Whose},
    rules, target,
};
use lanes::Lanes;
use sender::Sent;

/// Sends one message: [`Channels::send`], or a test's own.
pub type Send = Arc<dyn Fn(Channel, Outbound) -> BoxFuture<'static, Attempt> + std::marker::Send + Sync>;

/// The delivery engine. [`run`](Self::run) it once.
pub struct Engine {
    shared: Arc<Shared>,
}

/// Wakes the engine: for whoever put something into its tables, or heard that another node did.
#[derive(Debug, Clone, Default)]
pub struct Doorbell(Arc<Bells>);

#[derive(Debug, Default)]
struct Bells {
    planner: Notify,
    dispatcher: Notify,
    escalator: Notify,
    /// Whether the dispatcher is to look into the table again.
    look: AtomicBool,
}

impl Doorbell {
    /// A doorbell nobody has rung.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something may have to be planned or sent.
    pub fn ring(&self) {
        self.0.look.store(true, std::sync::atomic::Ordering::Release);
        self.0.planner.notify_one();
        self.0.dispatcher.notify_one();
    }
}

/// What the loops share.
struct Shared {
    store: Store,
    access: Access,
    channels: Channels,
    send: Send,
    options: Options,
    rules: Arc<rules::Cache>,
    lanes: Arc<Lanes>,
    pace: Arc<deliveries::Pace>,
    doorbell: Doorbell,
}

impl Shared {
    fn lease(&self) -> Lease {
        Lease {
            node: Arc::clone(&self.options.node),
            until: self.now().after(self.options.lease),
        }
    }

    fn now(&self) -> Time {
        self.store.clock().now()
    }
}

impl Engine {
    /// An engine that sends through `channels`.
    pub fn new(access: Access, channels: Channels, doorbell: Doorbell, options: Options) -> Self {
        let sending = channels.clone();
        let send: Send = Arc::new(move |channel, outbound| {
            let channels = sending.clone();
            Box::pin(async move { channels.send(channel, &outbound).await })
        });
        Self::sending(access, channels, doorbell, options, send)
    }

    /// An engine whose messages go through `send` instead: for tests.
    pub fn sending(
        access: Access,
        channels: Channels,
        doorbell: Doorbell,
        options: Options,
        send: Send,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                store: access.store().clone(),
                lanes: Lanes::with_narrow(
                    options.parallel,
                    options.per_lane,
                    target::MAIL_LANE,
                    email::CONNECTIONS,
                ),
                rules: Arc::default(),
                pace: Arc::default(),
                access,
                channels,
                send,
                options,
                doorbell,
            }),
        }
    }

    /// Works until `shutdown` comes, then takes nothing new, gives what is under way its time ([`Options::grace`]),
    /// writes down what became of it and returns. What did not end in time is taken up by the next start.
    pub async fn run(self, shutdown: impl Future<Output = ()> + std::marker::Send) {
        let Self { shared } = self;
        let (stop, stopped) = watch::channel(false);
        // Before anything is read, so that nothing falls between.
        let events = shared.store.bus().subscribe();
        tokio::pin!(shutdown);
        tokio::select! {
            () = &mut shutdown => return,
            // Before anything is claimed: what is under way now is what was left behind.
            () = take_up(&shared) => {}
        }
        let (sent, to_record) = mpsc::channel(shared.options.parallel.max(1));
        let mut loops = JoinSet::new();
        loops.spawn(planner::run(
            Arc::clone(&shared),
            events,
            sender::Sender::new(&shared, sent.clone()),
            stopped.clone(),
        ));
        loops.spawn(dispatcher::run(
            Arc::clone(&shared),
            sender::Sender::new(&shared, sent),
            stopped.clone(),
        ));
        loops.spawn(recorder::run(Arc::clone(&shared), to_record, stopped.clone()));
        loops.spawn(escalator::run(Arc::clone(&shared), stopped));
        tokio::select! {
            () = &mut shutdown => {}
            ended = loops.join_next() => {
                if let Some(Err(error)) = ended {
                    tracing::error!(%error, "a loop of the delivery engine ended by itself");
                }
            }
        }
        stop.send_replace(true);
        while loops.join_next().await.is_some() {}
    }
}

/// Gives up what this node had under way when it ended, however long the database takes to answer.
async fn take_up(shared: &Shared) {
    while let Err(error) = recover(shared, Whose::Own(Arc::clone(&shared.options.node))).await {
        tracing::warn!(%error, "the delivery engine waits for the database");
        shared.store.clock().sleep(shared.options.pause).await;
    }
}

/// How many deliveries one transaction recovers.
const RECOVERED: usize = 500;

/// Gives up attempts that nobody will end, and says what waits because of it.
async fn recover(shared: &Shared, whose: Whose) -> Result<(), store::Error> {
    loop {
        let whose = whose.clone();
        let (done, waits) = shared
            .store
            .write(move |tx| deliveries::recover(tx, &whose, RECOVERED))
            .await?;
        written_down(shared, &done, waits);
        if done.len() < RECOVERED {
            return Ok(());
        }
        tracing::info!(
            found = done.len(),
            "took up deliveries whose outcome was never recorded"
        );
    }
}

/// Outcomes are committed: says so to whoever watches, and what waits because of them.
fn written_down(shared: &Shared, done: &[deliveries::Done], waits: deliveries::Recorded) {
    for one in done {
        shared.options.observer.tell(one.ended());
    }
    for (lane, due) in waits {
        shared.lanes.waits(&lane, due);
    }
}

/// Waits until the engine is to stop.
async fn stopping(stopped: &mut watch::Receiver<bool>) {
    // Without a sender there is nobody left to work for.
    let _ = stopped.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests;
