//! A small world: two companies, people of every role, a team, and the records over it.

use access::{Access, Caller, Role, testing};
use base::{Clock, Event, Id, bus::Batch};
use records::{Records, Settings};
use store::{MigrationSet, Store};
use tokio::sync::broadcast;

static TABLES: [MigrationSet; 3] = [store::MIGRATIONS, access::MIGRATIONS, records::MIGRATIONS];

/// Noon of the day on which every test begins.
pub(crate) const START: &str = "2026-03-01T12:00:00Z";

/// Everything a test speaks about.
pub(crate) struct World {
    pub(crate) database: &'static str,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) records: Records,
    /// The company most of it happens in, and another.
    pub(crate) ours: Id,
    pub(crate) theirs: Id,
    pub(crate) viewer: Caller,
    pub(crate) analyst: Caller,
    pub(crate) manager: Caller,
    /// A manager of the other company.
    pub(crate) stranger: Caller,
    pub(crate) admin: Caller,
    pub(crate) team: Id,
    pub(crate) their_team: Id,
    events: broadcast::Receiver<Batch>,
}

impl World {
    /// The world on each database there is.
    pub(crate) async fn all() -> Vec<Self> {
        let clock = Clock::manual(START.parse().unwrap());
        let mut worlds = Vec::new();
        for (database, store) in store::testing::stores_with(clock.clone(), &TABLES).await {
            worlds.push(Self::new(database, store, clock.clone()).await);
        }
        worlds
    }

    async fn new(database: &'static str, store: Store, clock: Clock) -> Self {
        let access = testing::access(&store);
        let (ours, theirs) = (
            testing::company(&store, "Ours").await,
            testing::company(&store, "Theirs").await,
        );
        let viewer = member(&access, ours, "viewer", Role::Viewer).await;
        let analyst = member(&access, ours, "analyst", Role::Analyst).await;
        let manager = member(&access, ours, "manager", Role::Manager).await;
        let stranger = member(&access, theirs, "stranger", Role::Manager).await;
        let admin = testing::admin(&store, "admin@example.org").await;
        let admin = testing::caller(&access, admin).await;
        let team = testing::team(&access, ours, "Red", &[], [None, None]).await;
        let their_team = testing::team(&access, theirs, "Blue", &[], [None, None]).await;
        Self {
            events: store.bus().subscribe(),
            records: Records::new(store.clone(), Settings::default()),
            database,
            clock,
            store,
            access,
            ours,
            theirs,
            viewer,
            analyst,
            manager,
            stranger,
            admin,
            team,
            their_team,
        }
    }

    /// What was announced since the last call.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Ok(batch) = self.events.try_recv() {
            events.extend(batch.iter().cloned());
        }
        events
    }

    /// The names of the kinds of what was announced since the last call.
    pub(crate) fn kinds(&mut self) -> Vec<&'static str> {
        self.events().iter().map(|event| event.kind.name()).collect()
    }
}

async fn member(access: &Access, company: Id, name: &str, role: Role) -> Caller {
    let user = testing::user(access.store(), &format!("{name}@example.org")).await;
    testing::member(access.store(), company, user, role).await;
    testing::caller(access, user).await
}
