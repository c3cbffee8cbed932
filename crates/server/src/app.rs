//! The lifecycle of a server: everything is created, started and stopped here.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use access::{Access, Follower, LoginLimits, Secret};
use anyhow::Context;
use base::{Bus, Clock};
use nodes::Nodes;
use notify::{
    Engine,
    channels::{self, Channels},
    engine::Escalation,
};
use realtime::{Bridge, Hub, Shard, Streams};
use records::{
    Records, SlaClock,
    import::Import,
    reports::{Maker, Retention},
};
use store::MigrationSet;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::{
    accept,
    config::Config,
    demo,
    folder::{self, Held},
    health::{Health, Probe},
    keyring::{self, Keyring},
    middleware::Around,
    node,
    router::{self, Parts},
    secret_key,
    startup::{RouterSwitch, Stage},
    telemetry::Metrics,
    tls::{self, Certificate},
};

mod rotation;

pub use crate::database::open_store;
pub use rotation::{finish_rotation, replace_lost_key, rotate_key};

/// Every table, in the order in which crates may refer to each other.
pub const MIGRATIONS: &[MigrationSet] = &[
    store::MIGRATIONS,
    access::MIGRATIONS,
    records::MIGRATIONS,
    notify::MIGRATIONS,
    keyring::MIGRATIONS,
    nodes::MIGRATIONS,
];

/// Over how long open streams are closed at shutdown, so that clients do not all reconnect at once.
const STREAMS_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long pending deliveries may take at shutdown; the rest continue after the next start.
const DELIVERIES_TIMEOUT: Duration = Duration::from_secs(3);

/// How long running imports may take at shutdown; the others fail and release their leases.
const IMPORTS_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the rest of what other nodes should know may take at shutdown.
const LINE_TIMEOUT: Duration = Duration::from_secs(2);

/// How often expired sessions are removed and the last use of the others is saved.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// A running server.
pub struct App {
    /// Released last: until then no other server uses the data folder.
    held: Held,
    address: SocketAddr,
    own_url: String,
    access: Access,
    nodes: Nodes,
    hub: Hub,
    import: Import,
    stop: watch::Sender<bool>,
    /// Ends the line to other nodes, after everything that announces something.
    over: watch::Sender<bool>,
    line: JoinSet<()>,
    serving: JoinSet<()>,
    engine: JoinSet<()>,
    tasks: JoinSet<()>,
}

/// Migrates the database.
///
/// # Errors
/// The cause, worded for a terminal.
pub async fn migrate(config: &Config, clock: &Clock) -> anyhow::Result<()> {
    let store = open_store(config, clock, Bus::new()).await?;
    let migrated = store.migrate(MIGRATIONS).await;
    store.close().await;
    migrated.context("the database cannot be migrated")
}

/// The store, access control, and the keys of the sealed secrets.
pub struct Opened {
    access: Access,
    secret: Secret,
    keyring: Keyring,
}

/// Opens the store and access control, and migrates the database, unless the secret key is wrong.
///
/// # Errors
/// The cause, worded for a terminal.
pub async fn open_access(config: &Config, clock: &Clock, bus: Bus, stage: &Stage) -> anyhow::Result<Opened> {
    folder::prepare(&config.data_dir)?;
    stage.enter("waiting for the database");
    let store = open_store(config, clock, bus).await?;
    let folder = config.data_dir.clone();
    let secret = secret_key::load(config.secret_key.as_deref(), &folder)?;
    stage.enter("migrating");
    let (given, key_clock) = (secret.clone(), clock.clone());
    let opened = store.migrate_then(MIGRATIONS, move |tx| {
        keyring::open(tx, given, || secret_key::generate(&folder, &key_clock))
    });
    let keyring = opened.await.context("the database cannot be used")?;
    stage.enter("starting");
    let secret = match secret {
        Some(secret) => secret,
        None => secret_key::load(None, &config.data_dir)?.context("the secret key is missing")?,
    };
    let mut options = access::Options::new(secret.clone());
    options.session_lifetime = config.session;
    options.public_url.clone_from(&config.public_url);
    options.session_idle = config.session_idle;
    options.cookie_secure = config.is_secure();
    options.login = LoginLimits::new(config.login_attempts, config.login_wait);
    options.shares = config.share_limits;
    Ok(Opened {
        access: Access::with_vault(store, options, keyring.vault(clock)),
        secret,
        keyring,
    })
}

/// Sets a new password for an existing user, or creates an administrator with this address.
///
/// # Errors
/// The cause, worded for a terminal.
pub async fn set_password(config: &Config, clock: &Clock, email: &str, password: &str) -> anyhow::Result<()> {
    let Opened { access, .. } = open_access(config, clock, Bus::new(), &Stage::default()).await?;
    let password = Secret::new(password);
    let done = match access.has_user(email).await {
        Ok(true) => access.reset_password(email, &password).await,
        Ok(false) => access.create_admin(email, email, &password).await,
        Err(problem) => Err(problem),
    };
    access.store().close().await;
    done.map(drop).map_err(|problem| anyhow::anyhow!("{problem}"))
}

impl App {
    /// Creates everything and starts listening.
    ///
    /// # Errors
    /// The cause, worded for a terminal.
    pub async fn start(config: Config, clock: Clock) -> anyhow::Result<Self> {
        // One provider for all TLS; a second start in the same process finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        folder::prepare(&config.data_dir)?;
        let held = folder::hold(&config.data_dir)?;
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.with_context(|| format!("listen = {}", config.listen))?;
        let address = listener.local_addr()?;
        let config = config.reached_at(address);
        let mut tasks = JoinSet::new();
        let tls = tls_acceptor(&config, &clock, &mut tasks)?;
        let (metrics, stage) = (Arc::new(Metrics::new()), Stage::default());
        let around = Around::new(&metrics, &clock, config.is_secure());
        let switch = RouterSwitch::starting(router::starting(&stage, around));
        let (stop, stopped) = watch::channel(false);
        let mut serving = JoinSet::new();
        let rules = accept::Rules::new(tls, &config.trusted_proxies);
        serving.spawn(accept::serve(listener, rules, switch.clone(), stopped.clone()));

        let opened = open_access(&config, &clock, Bus::new(), &stage).await?;
        let access = opened.access.clone();
        if let Some((email, password)) = &config.admin {
            let created = access.first_admin(email, &Secret::new(password.as_str())).await;
            created.map_err(|problem| anyhow::anyhow!("admin_email, admin_password: {problem}"))?;
        }
        let node = node::name(&config.data_dir, &clock)?;
        let nodes = Nodes::new(access.store().clone(), node::own(node, &clock));
        let (hub, bridge) = live_stream(&config, &clock, &access)?;
        start_maintenance(&mut tasks, &opened, &config, &clock);
        let parts = parts(&config, &opened, (&hub, &nodes), metrics)?;
        let (over, is_over) = watch::channel(false);
        let mut line = JoinSet::new();
        let wire = crate::line::wire(&config, &nodes).await?;
        tasks.spawn(heartbeat(&nodes, wire.is_some(), &parts.notify.doorbell));
        let bridge = match wire {
            Some(wire) => {
                let connected = (&access, &parts.notify.doorbell, bridge);
                crate::line::connect(wire, nodes.own(), connected, (&mut line, is_over)).await
            }
            None => bridge,
        };
        bridge.start().context("the live stream cannot start")?;
        let import = parts.import.clone();
        tasks.spawn(fail_interrupted_imports(parts.records.clone()));
        let engine = engine(&config, &parts, node.to_string(), &stopped);
        let router = router::router(parts, clock);
        if config.demo {
            demo::seed(&access, &router).await?;
        }
        switch.open(router);
        Ok(Self {
            held,
            address,
            own_url: config.own_url(),
            access,
            nodes,
            hub,
            import,
            stop,
            over,
            line,
            serving,
            engine,
            tasks,
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same, as a URL.
    pub fn own_url(&self) -> &str {
        &self.own_url
    }

    /// Shuts down in order: no new requests, the streams, pending requests and imports, pending deliveries, the store.
    pub async fn stop(mut self) {
        self.hub.begin_close(STREAMS_TIMEOUT);
        self.stop.send_replace(true);
        let answered = async { while self.serving.join_next().await.is_some() {} };
        // Concurrently, so that clients waiting for an import receive its result.
        tokio::join!(answered, self.import.stop(IMPORTS_TIMEOUT));
        self.hub.close(STREAMS_TIMEOUT).await;
        while self.engine.join_next().await.is_some() {}
        self.over.send_replace(true);
        let sent = async { while self.line.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LINE_TIMEOUT, sent).await;
        self.tasks.shutdown().await;
        sweep_once(&self.access).await;
        self.nodes.leave().await;
        self.access.store().close().await;
        drop(self.held);
    }
}

/// Starts the maintenance tasks that are not part of the engine.
fn start_maintenance(tasks: &mut JoinSet<()>, opened: &Opened, config: &Config, clock: &Clock) {
    let limits = config.report_limits;
    let access = &opened.access;
    let store = access.store().clone();
    tasks.spawn(Follower::new(access.clone()).run());
    tasks.spawn(sweep(access.clone(), clock.clone()));
    tasks.spawn(Maker::new(store.clone()).within(limits).run());
    tasks.spawn(Retention::new(store.clone(), limits.retention).run());
    let (secret, vault) = (opened.secret.clone(), access.vault().clone());
    tasks.spawn(keyring::follow(store, secret, vault, opened.keyring.sealing()));
}

/// Fails the imports that an earlier process left behind. It may have to wait until their leases expire, and nothing
/// waits for it.
async fn fail_interrupted_imports(records: Records) {
    while let Err(problem) = records::import::recover(&records).await {
        tracing::warn!(%problem, "interrupted imports are not cleaned up yet");
        tokio::time::sleep(SWEEP_INTERVAL).await;
    }
}

/// Shows that this node is alive, and has the engine take over what nodes that are not had in flight.
fn heartbeat(nodes: &Nodes, shared: bool, doorbell: &notify::Doorbell) -> impl Future<Output = ()> + use<> {
    let (nodes, doorbell) = (nodes.clone(), doorbell.clone());
    nodes.run(shared, move |node| doorbell.node_ended(&node.to_string()))
}

/// Starts the SLA clock and the engine.
fn engine(config: &Config, parts: &Parts, node: String, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
    let options = notify::engine::Options {
        node: node.into(),
        grace: DELIVERIES_TIMEOUT,
        lease: config.lease(),
        burst: config.burst_per_minute,
        escalation: Escalation {
            after: config.escalate_after,
            unread_after: config.unread_after,
            still_open: Arc::new(records::sla::standing),
        },
        ..notify::engine::Options::default()
    };
    let mut engine = JoinSet::new();
    engine.spawn(SlaClock::new(parts.records.clone()).run(stopping(stopped.clone())));
    engine.spawn(run_engine(parts, options, stopped.clone()));
    engine
}

/// TLS, if there is a certificate, which is reloaded from now on.
fn tls_acceptor(
    config: &Config,
    clock: &Clock,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<Option<TlsAcceptor>> {
    let Some(files) = config.tls.clone() else {
        return Ok(None);
    };
    let certificate = Certificate::load(files).map_err(|wrong| anyhow::anyhow!(wrong.join("\n")))?;
    tasks.spawn(Arc::clone(&certificate).follow(clock.clone()));
    Ok(Some(tls::acceptor(certificate)?))
}

/// Starts the live stream, except for the bridge from the bus to it.
fn live_stream(config: &Config, clock: &Clock, access: &Access) -> anyhow::Result<(Hub, Bridge)> {
    let options = realtime::Options {
        per_user: config.stream_connections_per_user,
        total: config.stream_connections,
        ..realtime::Options::default()
    };
    let (hub, shards) = Hub::new(&options, clock.clone());
    let bridge = Bridge::new(hub.clone(), access.store().bus(), access);
    let shards = shards.into_iter().try_for_each(Shard::start);
    shards.context("the live stream cannot start")?;
    Ok((hub, bridge))
}

fn parts(
    config: &Config,
    opened: &Opened,
    (hub, nodes): (&Hub, &Nodes),
    metrics: Arc<Metrics>,
) -> anyhow::Result<Parts> {
    let access = opened.access.clone();
    let clock = access.store().clock();
    let channels = Channels::new(channel_options(config, &opened.keyring), clock.clone())?;
    let records = Records::new(access.store().clone(), record_settings(config));
    let doorbell = notify::Doorbell::new();
    let health = Health {
        store: access.store().clone(),
        hub: hub.clone(),
        metrics,
        probe: Probe::default(),
        doorbell: doorbell.clone(),
    };
    Ok(Parts {
        import: Import::new(
            records.clone(),
            config.data_dir.join("spool"),
            config.import_limits,
        ),
        calendar: calendar::Calendar::new(access.clone(), &config.public_url),
        records,
        notify: notify::http::State {
            access: access.clone(),
            channels,
            doorbell,
            company_of: Arc::new(records::company_of),
            managers: config.managers.clone(),
            unread_after: config.unread_after,
        },
        nodes: nodes.clone(),
        streams: Streams::new(hub.clone(), access.clone(), clock.clone()),
        health,
        access,
    })
}

/// Runs the engine until the server stops.
fn run_engine(
    parts: &Parts,
    options: notify::engine::Options,
    stopped: watch::Receiver<bool>,
) -> impl Future<Output = ()> + use<> {
    let notify::http::State {
        access,
        channels,
        doorbell,
        ..
    } = parts.notify.clone();
    let metrics = Arc::clone(&parts.health.metrics);
    let reads = Arc::clone(&metrics);
    let options = notify::engine::Options {
        observer: notify::engine::Observer::new(move |ended| metrics.attempt(ended)),
        read_observer: notify::ReadObserver::new(move |read| reads.first_read(read)),
        ..options
    };
    let engine = Engine::new(access, channels, doorbell, options);
    async move { engine.run(stopping(stopped)).await }
}

/// Resolves when the server stops.
async fn stopping(mut stopped: watch::Receiver<bool>) {
    // A dropped sender means that the server stops.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Cleans up sessions and tokens periodically.
async fn sweep(access: Access, clock: Clock) {
    loop {
        sweep_once(&access).await;
        clock.sleep(SWEEP_INTERVAL).await;
    }
}

async fn sweep_once(access: &Access) {
    if let Err(problem) = access.sweep().await {
        tracing::warn!(%problem, "sessions and tokens could not be cleaned up");
    }
}

fn record_settings(config: &Config) -> records::Settings {
    records::Settings {
        sla_days: config.sla_days,
        retest_days: config.retest_days,
        sla_steps: config.sla_steps,
        agreement_steps: config.agreement_steps,
        reports: config.report_limits,
    }
}

fn channel_options(config: &Config, keyring: &Keyring) -> channels::Options {
    let egress = notify::egress::Options {
        allow_networks: config.allow_networks.clone(),
        resolve: config.resolve.clone(),
        ca_file: config.ca_file.clone(),
    };
    let email = channels::email::Options {
        smtp_url: config.smtp_url.clone(),
        from: config.smtp_from.clone(),
        folder: config.data_dir.join("mail"),
        ca_file: config.ca_file.clone(),
        timeout: config.email_timeout,
    };
    let signing = channels::SigningMaster(keyring.signatures.to_vec());
    channels::Options {
        public_url: config.public_url.clone(),
        hosts: config.hosts.clone(),
        egress,
        webhook_timeout: config.webhook_timeout,
        chat_timeout: config.chat_timeout,
        email,
        signing,
    }
}
