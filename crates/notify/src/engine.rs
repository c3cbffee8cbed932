//! Turns events into rows and messages, in the background: the code that raises an event does not wait for it (promise
//! B4).
//!
//! Owns: five loops. The planner takes unplanned events and records who is notified; the dispatcher claims due
//! messages; the recorder records their outcomes; the reader records who read what first, and notifies the managers of
//! what nobody read; the timekeeper adjusts to changes of the system clock. Their state is in the tables: whatever
//! stops them, the next start continues from there (promise B3).
//! Must not: depend on being woken. The bus, the doorbell and the clock only make it faster.

mod batch;
mod dispatcher;
mod lanes;
mod planner;
mod reader;
mod recorder;
mod sender;
mod settings;
mod shared;
mod timekeeper;

use std::{future::Future, sync::Arc};

use access::Access;
use base::Throttle;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

pub use settings::Options;
pub use shared::Send;

pub use crate::{
    deliveries::{Ended, Observer},
    doorbell::Doorbell,
    reads::unread::{Escalation, StillOpen},
};

use crate::{
    channels::{Channels, email},
    deliveries::{self, RecoverFrom},
    destinations, target,
};
use lanes::Lanes;
use shared::{Shared, Trying, log_waiting, recover};

/// The delivery engine. [`run`](Self::run) it once.
pub struct Engine {
    shared: Arc<Shared>,
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

    /// An engine that sends messages through `send` instead: for tests.
    pub fn sending(
        access: Access,
        channels: Channels,
        doorbell: Doorbell,
        options: Options,
        send: Send,
    ) -> Self {
        let process = i64::from_be_bytes(access.store().clock().random());
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
                trying: Trying::default(),
                in_flight: deliveries::InFlight::default(),
                process,
            }),
        }
    }

    /// Works until `shutdown`, then takes nothing new, gives messages in flight time to finish ([`Options::grace`]),
    /// records the outcomes and returns. What did not finish in time is recovered by the next start.
    pub async fn run(self, shutdown: impl Future<Output = ()> + std::marker::Send) {
        let Self { shared } = self;
        let (stop, stopped) = watch::channel(false);
        // Before anything is read, so that nothing is missed in between.
        let events = shared.store.bus().subscribe();
        tokio::pin!(shutdown);
        tokio::select! {
            () = &mut shutdown => return,
            // Before anything is claimed: whatever is in flight now was left behind.
            () = recover_own(&shared) => {}
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
        loops.spawn(timekeeper::run(Arc::clone(&shared), stopped.clone()));
        loops.spawn(reader::run(Arc::clone(&shared), stopped));
        tokio::select! {
            () = &mut shutdown => {}
            ended = loops.join_next() => {
                if let Some(Err(error)) = ended {
                    tracing::error!(%error, "a loop of the delivery engine ended unexpectedly");
                }
            }
        }
        stop.send_replace(true);
        while loops.join_next().await.is_some() {}
    }
}

/// Gives up what this node had in flight when it ended, however long the database takes to respond.
async fn recover_own(shared: &Shared) {
    let work = async || {
        settle(shared).await?;
        shared.store.write(deliveries::retry_sealed).await?;
        recover(shared, RecoverFrom::Own(Arc::clone(&shared.options.node))).await
    };
    let logged = Throttle::new();
    while let Err(error) = work().await {
        log_waiting(&logged, "the delivery engine", &error);
        shared.store.clock().sleep(shared.options.pause).await;
    }
}

/// Computes what a migration could not: it has no key.
async fn settle(shared: &Shared) -> Result<(), store::Error> {
    loop {
        let vault = shared.access.vault().clone();
        let settled = shared
            .store
            .write(move |tx| destinations::settle(tx, &vault))
            .await?;
        if settled == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
