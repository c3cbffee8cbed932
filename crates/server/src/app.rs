//! The life of a server: everything is made, started and stopped here.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use access::{Access, Follower, LoginLimits, Secret};
use anyhow::Context;
use base::{Bus, Clock};
use notify::{
    Engine,
    channels::{self, Channels},
    engine::Escalation,
};
use realtime::{Bridge, Hub, Shard, Streams};
use records::{Records, SlaClock, import::Import, reports::Maker};
use store::{MigrationSet, Store};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::{
    accept,
    config::Config,
    demo,
    health::Health,
    node,
    router::{self, Parts},
    secret_key,
    telemetry::Metrics,
    tls::{self, Certificate},
};

/// Every table, in the order in which crates may refer to each other.
pub const MIGRATIONS: &[MigrationSet] = &[
    store::MIGRATIONS,
    access::MIGRATIONS,
    records::MIGRATIONS,
    notify::MIGRATIONS,
];

/// Over how long open streams are ended at a stop: their clients come back elsewhere, not all at once.
const STREAMS_END: Duration = Duration::from_millis(1500);
/// How long deliveries that are under way may take at a stop; the rest goes on after the next start.
const SENDS_END: Duration = Duration::from_secs(3);

/// How often expired sessions are removed, and noted when the others were last used.
const SWEEP: Duration = Duration::from_mins(1);

/// A server that runs.
pub struct App {
    address: SocketAddr,
    own_url: String,
    access: Access,
    hub: Hub,
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
    engine: JoinSet<()>,
    tasks: JoinSet<()>,
}

/// Opens the database and brings its tables up to date.
///
/// # Errors
/// What stands in the way, for a person at a terminal.
pub async fn open_store(config: &Config, clock: &Clock, bus: Bus) -> anyhow::Result<Store> {
    let mut options = store::Options::new(&config.database_url);
    options.connections = config.connections;
    let store = Store::open(options, clock.clone(), bus)
        .await
        .context("the database cannot be opened")?;
    store
        .migrate(MIGRATIONS)
        .await
        .context("the tables cannot be brought up to date")?;
    Ok(store)
}

/// Opens the data and who may see it.
///
/// # Errors
/// What stands in the way, for a person at a terminal.
pub async fn open_access(config: &Config, clock: &Clock, bus: Bus) -> anyhow::Result<(Access, Secret)> {
    let folder = &config.data_dir;
    std::fs::create_dir_all(folder).with_context(|| format!("data_dir = {}", folder.display()))?;
    let store = open_store(config, clock, bus).await?;
    let key = secret_key::load(config.secret_key.as_deref(), folder, clock)?;
    let mut options = access::Options::new(key.clone());
    options.session_lifetime = config.session;
    options.public_url.clone_from(&config.public_url);
    options.cookie_secure = config.public_url.starts_with("https://");
    options.hosts.clone_from(&config.hosts);
    options.login = LoginLimits::new(config.login_attempts, config.login_wait);
    Ok((Access::new(store, options), key))
}

/// Gives an existing person a new password, or makes an administrator of this address.
///
/// # Errors
/// What stands in the way, for a person at a terminal.
pub async fn set_password(config: &Config, clock: &Clock, email: &str, password: &str) -> anyhow::Result<()> {
    let (access, _) = open_access(config, clock, Bus::new()).await?;
    let password = Secret::new(password);
    let done = match access.reset_password(email, &password).await {
        Err(problem) if problem.status() == 404 => access.create_admin(email, email, &password).await,
        other => other,
    };
    access.store().close().await;
    done.map(drop).map_err(|problem| anyhow::anyhow!("{problem}"))
}

impl App {
    /// Makes everything and starts to listen.
    ///
    /// # Errors
    /// What stands in the way, for a person at a terminal.
    pub async fn start(config: Config, clock: Clock) -> anyhow::Result<Self> {
        // One provider for all TLS; a second start in one process finds it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let bus = Bus::new();
        let (access, key) = open_access(&config, &clock, bus).await?;
        let store = access.store().clone();
        if let Some((email, password)) = &config.admin {
            let made = access.first_admin(email, &Secret::new(password.as_str())).await;
            made.map_err(|problem| anyhow::anyhow!("admin_email, admin_password: {problem}"))?;
        }
        let recovered = records::import::recover(&store).await;
        recovered.map_err(|problem| anyhow::anyhow!("imports that were cut off: {problem}"))?;
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.with_context(|| format!("listen = {}", config.listen))?;
        let address = listener.local_addr()?;
        let config = config.reached_at(address);

        let mut tasks = JoinSet::new();
        let tls = secure(&config, &clock, &mut tasks)?;
        let hub = live(&config, &clock, &access)?;
        tasks.spawn(Follower::new(access.clone()).run());
        tasks.spawn(sweep(access.clone(), clock.clone()));
        tasks.spawn(Maker::new(store.clone()).run());
        let parts = parts(&config, &key, access.clone(), &hub)?;
        let (stop, stopped) = watch::channel(false);
        let mut engine = JoinSet::new();
        let node = node::name(&config.data_dir, &clock)?;
        let options = notify::engine::Options {
            node: node.into(),
            grace: SENDS_END,
            burst: config.burst_per_minute,
            escalation: Escalation {
                after: config.escalate_after,
                stands: Arc::new(records::sla::stands),
            },
            ..notify::engine::Options::default()
        };
        engine.spawn(SlaClock::new(parts.records.clone()).run(stop_of(stopped.clone())));
        engine.spawn(deliver(&parts, options, stopped.clone()));
        let router = router::router(parts, clock);
        if config.demo {
            demo::seed(&access, &router).await?;
        }
        let mut serving = JoinSet::new();
        let patience = accept::HEADER_TIMEOUT;
        serving.spawn(accept::serve(listener, tls, router, stopped, patience));
        Ok(Self {
            address,
            own_url: config.own_url(),
            access,
            hub,
            stop,
            serving,
            engine,
            tasks,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    pub fn own_url(&self) -> &str {
        &self.own_url
    }

    /// Ends in order: no new requests, the streams, the requests under way, the deliveries under way, the data.
    pub async fn stop(mut self) {
        self.hub.begin_close(STREAMS_END);
        self.stop.send_replace(true);
        while self.serving.join_next().await.is_some() {}
        self.hub.close(STREAMS_END).await;
        while self.engine.join_next().await.is_some() {}
        self.tasks.shutdown().await;
        swept(&self.access).await;
        self.access.store().close().await;
    }
}

/// TLS, if there is a certificate, which is looked after from now on.
fn secure(config: &Config, clock: &Clock, tasks: &mut JoinSet<()>) -> anyhow::Result<Option<TlsAcceptor>> {
    let Some(files) = config.tls.clone() else {
        return Ok(None);
    };
    let certificate = Certificate::load(files).map_err(|wrong| anyhow::anyhow!(wrong.join("\n")))?;
    tasks.spawn(Arc::clone(&certificate).follow(clock.clone()));
    Ok(Some(tls::acceptor(certificate)?))
}

/// Starts the live stream.
fn live(config: &Config, clock: &Clock, access: &Access) -> anyhow::Result<Hub> {
    let options = realtime::Options {
        per_user: config.stream_connections_per_user,
        total: config.stream_connections,
        ..realtime::Options::default()
    };
    let (hub, shards) = Hub::new(&options, clock.clone());
    let bridge = Bridge::new(hub.clone(), access.store().bus(), access);
    let shards = shards.into_iter().try_for_each(Shard::start);
    shards
        .and_then(|()| bridge.start())
        .context("the live stream cannot begin")?;
    Ok(hub)
}

fn parts(config: &Config, key: &Secret, access: Access, hub: &Hub) -> anyhow::Result<Parts> {
    let clock = access.store().clock();
    let channels = Channels::new(channel_options(config, key), clock.clone())?;
    let records = Records::new(access.store().clone(), record_settings(config));
    let health = Health {
        store: access.store().clone(),
        hub: hub.clone(),
        metrics: Arc::new(Metrics::new()),
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
            doorbell: notify::Doorbell::new(),
        },
        streams: Streams::new(hub.clone(), access.clone(), clock.clone()),
        health,
        access,
    })
}

/// Runs the engine until the server stops.
fn deliver(
    parts: &Parts,
    options: notify::engine::Options,
    stopped: watch::Receiver<bool>,
) -> impl Future<Output = ()> + use<> {
    let notify::http::State {
        access,
        channels,
        doorbell,
    } = parts.notify.clone();
    let metrics = Arc::clone(&parts.health.metrics);
    let options = notify::engine::Options {
        observer: notify::engine::Observer::new(move |ended| metrics.attempt(ended)),
        ..options
    };
    let engine = Engine::new(access, channels, doorbell, options);
    async move { engine.run(stop_of(stopped)).await }
}

/// When the server stops.
async fn stop_of(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone is a server that stops.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Looks after sessions and tokens, now and then.
async fn sweep(access: Access, clock: Clock) {
    loop {
        swept(&access).await;
        clock.sleep(SWEEP).await;
    }
}

async fn swept(access: &Access) {
    if let Err(problem) = access.sweep().await {
        tracing::warn!(%problem, "sessions and tokens were not looked after");
    }
}

fn record_settings(config: &Config) -> records::Settings {
    records::Settings {
        sla_days: config.sla_days,
        retest_days: config.retest_days,
        sla_steps: config.sla_steps,
        agreement_steps: config.agreement_steps,
    }
}

fn channel_options(config: &Config, key: &Secret) -> channels::Options {
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
    let signing = channels::SigningMaster(secret_key::derived(key, "webhook signatures"));
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
