//! The real server: bus, bridge, hub, endpoint and accept loop, with users, companies and sessions in a
//! SQLite database; each client is a different user.

use std::{net::SocketAddr, path::Path, sync::Arc};

use access::{Access, Role, testing as people};
use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use base::{Bus, Clock, Event, Id};
use campanile::accept;
use realtime::{Bridge, Hub, Options, Streams, http};
use store::{MigrationSet, Store};
use tokio::{net::TcpListener, runtime::Runtime, sync::watch, task::JoinSet};

use crate::orders::{Publish, execute};

static TABLES: &[MigrationSet] = &[store::MIGRATIONS, access::MIGRATIONS];

/// How many users are created at once, so that commits are shared.
const AT_ONCE: usize = 512;

/// Creates the users and saves their sessions and companies next to the database.
pub(crate) fn seed(folder: &Path, connections: usize, companies: usize) {
    std::fs::create_dir_all(folder).unwrap();
    runtime().block_on(async {
        let store = open(folder, Bus::new()).await;
        let access = people::access(&store);
        let ids = created(companies, |n| {
            let store = store.clone();
            async move { people::company(&store, &format!("Company {n}")).await }
        })
        .await;
        let shared: Arc<[Id]> = ids.clone().into();
        let tokens = created(connections, |n| {
            let (access, company) = (access.clone(), shared[n % companies]);
            async move {
                let user = people::user(access.store(), &format!("person-{n}@example.org")).await;
                people::member(access.store(), company, user, Role::Viewer).await;
                people::session(&access, user).await
            }
        })
        .await;
        store.close().await;
        let companies: Vec<String> = ids.iter().map(ToString::to_string).collect();
        std::fs::write(folder.join("companies"), companies.join("\n")).unwrap();
        std::fs::write(folder.join("tokens"), tokens.join("\n")).unwrap();
    });
}

/// Creates a number of things, many at once, in order.
async fn created<T: Send + 'static, F>(count: usize, make: impl Fn(usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let mut all: Vec<Option<T>> = (0..count).map(|_| None).collect();
    let mut tasks = JoinSet::new();
    for n in 0..count {
        if tasks.len() >= AT_ONCE {
            let (n, one) = tasks.join_next().await.unwrap().unwrap();
            all[n] = Some(one);
        }
        let making = make(n);
        tasks.spawn(async move { (n, making.await) });
    }
    while let Some(one) = tasks.join_next().await {
        let (n, one) = one.unwrap();
        all[n] = Some(one);
    }
    all.into_iter().map(Option::unwrap).collect()
}

/// The sessions, by client.
pub(crate) fn tokens(folder: &Path) -> Vec<String> {
    lines(folder, "tokens")
}

fn lines(folder: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    text.lines().map(ToOwned::to_owned).collect()
}

async fn open(folder: &Path, bus: Bus) -> Store {
    let url = format!("sqlite://{}", folder.join("bench.db").display());
    let store = Store::open(store::Options::new(url), Clock::system(), bus)
        .await
        .unwrap();
    store.migrate(TABLES).await.unwrap();
    store
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Serves until its input ends.
pub(crate) fn serve(folder: &Path, connections: usize) {
    let runtime = runtime();
    let bus = Bus::new();
    let companies: Vec<Id> = lines(folder, "companies")
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
    let store = runtime.block_on(open(folder, bus.clone()));
    let (_stop, stopped) = watch::channel(false);
    let address = runtime.block_on(start(people::access(&store), connections, stopped));
    execute(address, &[std::process::id()], &companies, Publishing(bus));
}

struct Publishing(Bus);

impl Publish for Publishing {
    fn publish(&mut self, _: usize, event: Event) {
        self.0.publish([event].into());
    }
}

/// Starts it like the server.
async fn start(access: Access, connections: usize, stopped: watch::Receiver<bool>) -> SocketAddr {
    let clock = access.store().clock().clone();
    let options = Options {
        // Dropped ones may still hold their slots while all reconnect.
        total: 2 * connections + 100,
        ..Options::default()
    };
    let (hub, shards) = Hub::new(&options, clock.clone());
    for shard in shards {
        shard.start().unwrap();
    }
    let bridge = Bridge::new(hub.clone(), access.store().bus(), &access);
    bridge.start().unwrap();
    tokio::spawn(access::Follower::new(access.clone()).run());
    let router = Router::new()
        .route("/me", get(access::http::me::get))
        .route("/auth/logout", post(access::http::auth::logout))
        .with_state(access.clone())
        .layer(from_fn_with_state(access.clone(), access::authenticate))
        .merge(
            Router::new()
                .route("/stream", get(http::stream))
                .with_state(Streams::new(hub, access, clock)),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(accept::serve(
        listener,
        accept::Rules::new(None, &[]),
        campanile::startup::RouterSwitch::starting(router),
        stopped,
    ));
    address
}
