//! The real thing: bus, bridge, hub and endpoint on hyper, with a look-up that answers from memory.

use std::sync::Arc;

use access::{AccessChange, Caller};
use axum::{Router, routing::get};
use base::{Bus, Clock, Id, Scope, Time};
use realtime::{Bridge, Gate, Hub, Options, Streams, gate::Answer, http};
use tokio::sync::broadcast;

use crate::server::obey;

/// Everyone is a member of the one company.
struct Anyone {
    clock: Clock,
    company: Id,
    changes: broadcast::Sender<AccessChange>,
}

impl Gate for Anyone {
    fn caller<'a>(&'a self, _: &'a str) -> Answer<'a> {
        let id = self.clock.id();
        Box::pin(std::future::ready(Ok(Caller {
            user_id: id,
            name: String::new(),
            email: String::new(),
            is_admin: false,
            scope: Scope::of([self.company]),
            roles: Arc::default(),
            session: id,
            is_token: false,
            expires_at: Time::from_nanos(i64::MAX),
        })))
    }

    fn changes(&self) -> broadcast::Receiver<AccessChange> {
        self.changes.subscribe()
    }
}

/// Serves until its input ends.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let clock = Clock::system();
    let company = clock.id();
    let bus = Bus::new();
    let publishing = bus.clone();
    let address = runtime.block_on(async {
        let (hub, shards) = Hub::new(&Options::default(), clock.clone());
        for shard in shards {
            tokio::spawn(shard.run());
        }
        let gate = Arc::new(Anyone {
            clock: clock.clone(),
            company,
            changes: broadcast::Sender::new(16),
        });
        tokio::spawn(Bridge::new(hub.clone(), &bus, &*gate).run());
        let router = Router::new()
            .route("/", get(http::stream))
            .with_state(Streams::behind(hub, gate, clock));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, router).await });
        address
    });
    obey(address, company, |event| publishing.publish([event].into()));
}
