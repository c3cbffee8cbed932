//! Settings: the built-in defaults, then the file of `--config`, then the environment.
//!
//! The defaults are `config.default.toml`, which is the manual too, so the two cannot differ. Every error of the
//! settings is told at once.

mod reader;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use ipnet::IpNet;

use reader::Reader;
use records::sla;

/// Every key with its default and a comment.
pub const DEFAULTS: &str = include_str!("../../../config.default.toml");

/// Keys whose value is a secret: never shown, and also read from the file that `…_FILE` names.
const SECRETS: &[&str] = &["database_url", "secret_key", "admin_password", "smtp.url"];

/// Variables with our prefix that are no settings.
const NOT_SETTINGS: &[&str] = &[
    "CAMPANILE_TEST_",
    "CAMPANILE_FAILPOINT",
    "CAMPANILE_BIN",
    "CAMPANILE_E2E_",
];

/// Everything that can be set. Keys, units and defaults stand in `config.default.toml`.
#[derive(Clone)]
#[expect(missing_docs, reason = "config.default.toml says what each key means")]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: String,
    pub database_url: String,
    pub data_dir: PathBuf,
    pub secret_key: Option<String>,
    pub admin: Option<(String, String)>,
    pub demo: bool,
    pub connections: usize,
    pub session: Duration,
    pub login_attempts: u32,
    pub login_wait: Duration,
    pub sla_days: sla::Days,
    pub retest_days: u32,
    pub smtp_url: Option<String>,
    pub smtp_from: String,
    pub allow_networks: Vec<IpNet>,
    pub resolve: Vec<notify::egress::Resolve>,
    pub ca_file: Option<PathBuf>,
    pub webhook_timeout: Duration,
    pub chat_timeout: Duration,
    pub email_timeout: Duration,
    pub import_limit: usize,
    pub stream_connections: usize,
    pub stream_connections_per_user: usize,
    pub log_level: String,
    pub log_json: bool,
}

/// All that is wrong with the settings, a line each. Values of secrets are not in it.
#[derive(Debug, thiserror::Error)]
#[error("the settings are wrong:\n{}", .0.join("\n"))]
pub struct Wrong(pub Vec<String>);

impl Config {
    /// Reads the three layers; `environment` is the process's variables.
    ///
    /// # Errors
    /// [`Wrong`] with everything that does not fit.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Wrong> {
        let (figment, errors) = layers(file, environment);
        let mut reader = Reader::new(&figment, errors);
        reader.refuse_unknown(&Figment::from(Toml::string(DEFAULTS)));
        let config = Self::read(&mut reader);
        if reader.errors.is_empty() {
            Ok(config)
        } else {
            Err(Wrong(reader.errors))
        }
    }

    /// The same, once it is known where it listens: a port 0 has become another, and so has the address in links
    /// that nobody set.
    #[must_use]
    pub fn reached_at(mut self, address: SocketAddr) -> Self {
        if self.public_url == format!("http://{}", self.listen) {
            self.public_url = format!("http://{address}");
        }
        self.listen = address;
        self
    }

    fn read(reader: &mut Reader) -> Self {
        let listen = reader.parsed("listen", SocketAddr::from(([127, 0, 0, 1], 8080)));
        let public_url = match reader.text("public_url") {
            url if url.is_empty() => format!("http://{listen}"),
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
            database_url: reader.database_url(),
            data_dir: reader.text("data_dir").into(),
            secret_key: reader.optional("secret_key"),
            admin,
            demo: reader.parsed("demo", false),
            connections: reader.number("database.connections", 2..=256),
            session: Duration::from_hours(reader.number("login.session_hours", 1..=8_760)),
            login_attempts: reader.number("login.attempts", 1..=1_000),
            login_wait: Duration::from_secs(reader.number("login.wait_seconds", 1..=86_400)),
            sla_days,
            retest_days: reader.days("sla.retest"),
            smtp_url: reader.optional("smtp.url"),
            smtp_from: reader.text("smtp.from"),
            allow_networks: reader.list("outbound.allow_networks"),
            resolve: reader.list("outbound.resolve"),
            ca_file: reader.optional("outbound.ca_file").map(PathBuf::from),
            webhook_timeout: reader.seconds("outbound.webhook_timeout"),
            chat_timeout: reader.seconds("outbound.chat_timeout"),
            email_timeout: reader.seconds("outbound.email_timeout"),
            import_limit: reader.number::<usize>("import.max_megabytes", 1..=4_096) * 1_000_000,
            stream_connections: reader.number("stream.connections", 1..=1_000_000),
            stream_connections_per_user: reader.number("stream.connections_per_user", 1..=10_000),
            log_level: reader.text("log.level"),
            log_json: reader.one_of("log.format", &["json", "text"]) == "json",
        }
    }
}

/// What is in force, as TOML with comments left out and secrets hidden.
///
/// # Errors
/// [`Wrong`], as [`Config::load`].
pub fn shown(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<String, Wrong> {
    let environment: Vec<_> = environment.into_iter().collect();
    Config::load(file, environment.clone())?;
    let (figment, errors) = layers(file, environment);
    let reader = Reader::new(&figment, errors);
    Ok(reader.shown(SECRETS))
}

fn layers(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> (Figment, Vec<String>) {
    let mut errors = Vec::new();
    let mut figment = Figment::from(Toml::string(DEFAULTS));
    if let Some(file) = file {
        match std::fs::read_to_string(file) {
            Ok(text) => figment = figment.merge(Toml::string(&text)),
            Err(error) => errors.push(format!("--config {}: {error}", file.display())),
        }
    }
    for (name, value) in environment {
        let Some(key) = key_of(&name) else { continue };
        let secret = key.strip_suffix("_file").filter(|key| SECRETS.contains(key));
        let (key, value) = match secret.map(|key| (key, std::fs::read_to_string(&value))) {
            None => (key.as_str(), value),
            Some((key, Ok(text))) => (key, text.trim_end_matches(['\r', '\n']).to_owned()),
            Some((_, Err(error))) => {
                errors.push(format!("{name}: {error}"));
                continue;
            }
        };
        figment = figment.merge(Serialized::default(key, value));
    }
    (figment, errors)
}

/// `smtp.url` of `CAMPANILE_SMTP__URL`; nothing for a variable that is no setting.
fn key_of(variable: &str) -> Option<String> {
    if NOT_SETTINGS.iter().any(|prefix| variable.starts_with(prefix)) {
        return None;
    }
    variable
        .strip_prefix("CAMPANILE_")
        .map(|rest| rest.to_lowercase().replace("__", "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, Wrong> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(None, variables)
    }

    #[test]
    fn the_manual_is_a_valid_setting_by_itself() {
        let config = load(&[]).unwrap();
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
        assert!(!config.demo && config.smtp_url.is_none() && config.admin.is_none());
    }

    #[test]
    fn the_environment_wins_and_numbers_stay_text_where_text_is_meant() {
        let config = load(&[
            ("CAMPANILE_ADMIN_EMAIL", "a@b.test"),
            ("CAMPANILE_ADMIN_PASSWORD", "007"),
            ("CAMPANILE_OUTBOUND__ALLOW_NETWORKS", "10.0.0.0/8, 127.0.0.0/8"),
            ("CAMPANILE_PUBLIC_URL", "https://campanile.example/"),
            ("CAMPANILE_TEST_POSTGRES", "not a setting"),
        ])
        .unwrap();
        assert_eq!(config.admin, Some(("a@b.test".to_owned(), "007".to_owned())));
        assert_eq!(config.allow_networks.len(), 2);
        assert_eq!(config.public_url, "https://campanile.example");
    }

    #[test]
    fn every_error_is_named_at_once_and_no_secret_is_in_it() {
        let Err(Wrong(errors)) = load(&[
            ("CAMPANILE_LISTEN", "here"),
            ("CAMPANILE_DATABASE_URL", "mysql://me:hunter2@db/x"),
            ("CAMPANILE_SMTP__URL_FILE", "/does/not/exist"),
            ("CAMPANILE_SMPT__URL", "smtp://x"),
            ("CAMPANILE_OUTBOUND__ALLOW_NETWORKS", "10.0.0.0/99"),
            ("CAMPANILE_ADMIN_EMAIL", "a@b.test"),
            ("CAMPANILE_DEMO", "perhaps"),
        ]) else {
            panic!("it was accepted")
        };
        assert_eq!(errors.len(), 7, "{errors:#?}");
        assert!(!errors.join(" ").contains("hunter2"), "{errors:#?}");
    }

    #[test]
    fn shows_what_is_in_force_without_secrets() {
        let variables = [(
            "CAMPANILE_SMTP__URL".to_owned(),
            "smtp://me:hunter2@mail".to_owned(),
        )];
        let text = shown(None, variables).unwrap();
        assert!(text.contains("listen = \"127.0.0.1:8080\""), "{text}");
        assert!(text.contains("\"***\"") && !text.contains("hunter2"), "{text}");
    }
}
