//! Checks beyond the form of single settings, so that startup reports all errors together and none later.

use access::{FieldError, Secret, validate};
use base::Clock;
use notify::{channels::email, egress::Egress};
use tracing_subscriber::EnvFilter;

use super::Config;
use crate::{secret_key, tls};

pub(super) fn check(config: &Config, errors: &mut Vec<String>) {
    if let Some(key) = &config.secret_key {
        note("secret_key", secret_key::long_enough(key), errors);
    }
    if config.data_dir.as_os_str().is_empty() {
        errors.push("data_dir: must not be empty".to_owned());
    }
    if let Some((email, password)) = &config.admin {
        let detail = |error: FieldError| error.detail;
        note("admin_email", validate::email("", email).map_err(detail), errors);
        let password = access::acceptable_password("", &Secret::new(password.as_str()), email);
        note("admin_password", password.map_err(detail), errors);
    }
    if let Some(files) = &config.tls
        && let Err(tls_errors) = tls::read(files)
    {
        errors.extend(tls_errors);
    }
    if let Some(nats) = &config.nats {
        note("nats_credentials", nats.check(), errors);
    }
    note("log.level", EnvFilter::try_new(&config.log_level), errors);
    outgoing(config, errors);
}

/// Checks mail and outgoing requests with the code that will send them.
fn outgoing(config: &Config, errors: &mut Vec<String>) {
    // One provider for all TLS; startup finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mailer = |smtp_url: Option<&String>, from: &str| {
        let options = email::Options {
            smtp_url: smtp_url.cloned(),
            from: from.to_owned(),
            folder: config.data_dir.clone(),
            ca_file: None,
            timeout: config.email_timeout,
        };
        email::Mailer::new(&options, Clock::system())
    };
    note("smtp.from", mailer(None, &config.smtp_from), errors);
    if config.smtp_url.is_some() {
        note(
            "smtp.url",
            mailer(config.smtp_url.as_ref(), "campanile@localhost"),
            errors,
        );
    }
    if config.ca_file.is_some() {
        let options = notify::egress::Options {
            ca_file: config.ca_file.clone(),
            ..notify::egress::Options::default()
        };
        note("outbound.ca_file", Egress::new(options), errors);
    }
}

fn note<T, E: ToString>(key: &str, result: Result<T, E>, errors: &mut Vec<String>) {
    if let Err(error) = result {
        errors.push(format!("{key}: {}", error.to_string()));
    }
}
