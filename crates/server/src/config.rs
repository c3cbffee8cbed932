//! Settings: the built-in defaults, then the file of `--config`, then the environment.
//!
//! The defaults are `config.default.toml`, which is the manual too, so the two cannot differ. Every error of the
//! settings is reported at once.

mod check;
mod layers;
mod reader;
#[cfg(test)]
mod tests;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use notify::channels::destination::Hosts;
use records::sla;

use crate::tls;
use layers::Layers;
use reader::Reader;

pub use layers::environment;

/// Every key with its default and a comment.
pub const DEFAULTS: &str = include_str!("../../../config.default.toml");

/// Keys whose value is a secret: never shown, and also read from the file that `…_FILE` names.
const SECRETS: &[&str] = &[
    "database_url",
    "nats_url",
    "secret_key",
    "admin_password",
    "smtp.url",
];

/// After how many times the longest attempt's timeout other nodes take over a pending message, and the minimum.
const LEASE: u32 = 4;
const LEAST_LEASE: Duration = Duration::from_secs(10);

/// Everything that can be set. Keys, units and defaults are in `config.default.toml`.
#[derive(Clone)]
#[expect(missing_docs, reason = "config.default.toml says what each key means")]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: String,
    pub tls: Option<tls::Files>,
    pub trusted_proxies: Vec<IpNet>,
    pub database_url: String,
    pub nats: Option<nodes::Nats>,
    pub data_dir: PathBuf,
    pub secret_key: Option<String>,
    pub admin: Option<(String, String)>,
    pub demo: bool,
    pub connections: usize,
    pub database_wait: Duration,
    pub session: Duration,
    pub session_idle: Duration,
    pub login_attempts: u32,
    pub login_wait: Duration,
    pub sla_days: sla::Days,
    pub retest_days: u32,
    pub sla_steps: sla::Ladder,
    pub escalate_after: Duration,
    pub unread_after: Duration,
    pub agreement_steps: sla::Ladder,
    pub smtp_url: Option<String>,
    pub smtp_from: String,
    pub allow_networks: Vec<IpNet>,
    pub resolve: Vec<notify::egress::Resolve>,
    pub hosts: Hosts,
    pub ca_file: Option<PathBuf>,
    pub webhook_timeout: Duration,
    pub chat_timeout: Duration,
    pub email_timeout: Duration,
    /// The destinations that managers' rules may use.
    pub managers: notify::http::Managers,
    pub burst_per_minute: u32,
    pub import_limits: records::import::Limits,
    pub report_limits: records::reports::Limits,
    pub share_limits: access::ShareLimits,
    pub stream_connections: usize,
    pub stream_connections_per_user: usize,
    pub log_level: String,
    pub log_json: bool,
}

/// All errors in the settings, one per line, without the values of secrets.
#[derive(Debug, thiserror::Error)]
#[error("the settings are invalid:\n{}", .0.join("\n"))]
pub struct Invalid(pub Vec<String>);

impl Config {
    /// Reads the three layers; `environment` is the process's variables, see [`environment`].
    ///
    /// # Errors
    /// [`Invalid`] with all errors.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Invalid> {
        let Layers {
            defaults,
            merged,
            errors,
        } = layers::read(file, environment);
        let mut reader = Reader::new(merged, errors);
        reader.refuse_unknown(&defaults);
        let config = Self::read(&mut reader);
        check::check(&config, &mut reader.errors);
        if reader.errors.is_empty() {
            Ok(config)
        } else {
            Err(Invalid(reader.errors))
        }
    }

    /// The same, once the listening address is known: a port 0 has been replaced by the real one, also in the default
    /// address of links.
    #[must_use]
    pub fn reached_at(mut self, address: SocketAddr) -> Self {
        let unset = self.public_url == self.own_url();
        self.listen = address;
        if unset {
            self.public_url = self.own_url();
        }
        self
    }

    /// Whether users reach it over https only, here or at a proxy.
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The URL of the address it listens on itself, ignoring any proxy in front.
    pub fn own_url(&self) -> String {
        own_url(self.tls.as_ref(), self.listen)
    }

    /// For how long a message belongs to the node that sends it: longer than any attempt takes.
    pub fn lease(&self) -> Duration {
        let posts = self.webhook_timeout.max(self.chat_timeout);
        (posts.max(self.email_timeout) * LEASE).max(LEAST_LEASE)
    }

    fn read(reader: &mut Reader) -> Self {
        let listen = reader.parsed("listen", SocketAddr::from(([127, 0, 0, 1], 8080)));
        let tls = reader.both("tls.cert_file", "tls.key_file");
        let tls = tls.map(|(cert, key)| tls::Files {
            cert: cert.into(),
            key: key.into(),
        });
        let public_url = match reader.text("public_url") {
            url if url.is_empty() => own_url(tls.as_ref(), listen),
            url => reader.public_url(&url),
        };
        let admin = reader.both("admin_email", "admin_password");
        let sla_days = sla::Days {
            informational: reader.days("sla.informational"),
            low: reader.days("sla.low"),
            medium: reader.days("sla.medium"),
            high: reader.days("sla.high"),
            critical: reader.days("sla.critical"),
            urgent: reader.days("sla.urgent"),
        };
        Self {
            listen,
            public_url,
            tls,
            trusted_proxies: reader.list("trusted_proxies"),
            database_url: reader.database_url(),
            nats: reader.nats(),
            data_dir: reader.text("data_dir").into(),
            secret_key: reader.optional("secret_key"),
            admin,
            demo: reader.parsed("demo", false),
            connections: reader.number("database.connections", 2..=256),
            database_wait: Duration::from_secs(reader.number("database.wait_seconds", 0..=86_400)),
            session: Duration::from_hours(reader.number("login.session_hours", 1..=8_760)),
            session_idle: Duration::from_mins(reader.number("login.idle_minutes", 5..=525_600)),
            login_attempts: reader.number("login.attempts", 1..=1_000),
            login_wait: Duration::from_secs(reader.number("login.wait_seconds", 1..=86_400)),
            sla_days,
            retest_days: reader.days("sla.retest"),
            sla_steps: sla::Ladder::up_to(reader.steps("sla.warning_hours", sla::ladder::MAX_HOURS)),
            escalate_after: Duration::from_hours(reader.number("sla.escalate_hours", 0..=720)),
            unread_after: Duration::from_hours(reader.number("attention.unread_hours", 0..=720)),
            agreement_steps: sla::Ladder::before(
                reader
                    .steps("agreements.warning_days", sla::ladder::MAX_HOURS / 24)
                    .into_iter()
                    .map(|days| days * 24),
            ),
            smtp_url: reader.optional("smtp.url"),
            smtp_from: reader.text("smtp.from"),
            allow_networks: reader.list("outbound.allow_networks"),
            resolve: reader.list("outbound.resolve"),
            hosts: Hosts {
                slack_gov: reader.parsed("outbound.slack_gov", false),
                teams: reader.list("outbound.teams_hosts"),
                chat: reader.list("outbound.chat_hosts"),
            },
            ca_file: reader.optional("outbound.ca_file").map(PathBuf::from),
            webhook_timeout: reader.seconds("outbound.webhook_timeout"),
            chat_timeout: reader.seconds("outbound.chat_timeout"),
            email_timeout: reader.seconds("outbound.email_timeout"),
            managers: notify::http::Managers {
                email_domains: reader.list("outbound.manager_email_domains"),
                hosts: reader.list("outbound.manager_hosts"),
            },
            burst_per_minute: reader.number("delivery.burst_per_minute", 0..=1_000),
            import_limits: records::import::Limits {
                taken: reader.number::<usize>("import.max_megabytes", 1..=4_096) * 1_000_000,
                unpacked: reader.number::<usize>("import.max_unpacked_megabytes", 1..=16_384) * 1_000_000,
                spooled: reader.number::<usize>("import.spool_megabytes", 1..=1_000_000) * 1_000_000,
                pace: reader.number("import.min_bytes_per_second", 0..=1_000_000),
                longest: Duration::from_mins(reader.number("import.max_upload_minutes", 1..=1_440)),
            },
            report_limits: records::reports::Limits {
                per_day: reader.number("reports.per_day", 1..=100_000),
                stored: reader.number::<u64>("reports.max_megabytes", 1..=1_000_000) * 1_000_000,
                retention: Duration::from_hours(24 * reader.number("reports.retention_days", 0..=36_500)),
            },
            share_limits: access::ShareLimits {
                requests: reader.number("limits.requests", 4..=100_000),
                searches: reader.number("limits.searches_per_minute", 1..=100_000),
                tests: reader.number("limits.tests_per_minute", 1..=100_000),
                dry_runs: reader.number("limits.rule_previews_per_minute", 1..=100_000),
            },
            stream_connections: reader.number("stream.connections", 1..=1_000_000),
            stream_connections_per_user: reader.number("stream.connections_per_user", 1..=10_000),
            log_level: reader.text("log.level"),
            log_json: reader.one_of("log.format", &["json", "text"]) == "json",
        }
    }
}

fn own_url(tls: Option<&tls::Files>, listen: SocketAddr) -> String {
    let scheme = if tls.is_some() { "https" } else { "http" };
    format!("{scheme}://{listen}")
}

/// The effective settings as TOML, without comments, secrets hidden.
///
/// # Errors
/// [`Invalid`], as [`Config::load`].
pub fn shown(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<String, Invalid> {
    let environment: Vec<_> = environment.into_iter().collect();
    Config::load(file, environment.clone())?;
    let Layers { merged, errors, .. } = layers::read(file, environment);
    Ok(Reader::new(merged, errors).shown(SECRETS))
}
