//! What the command line does with the secret key: rotating it, and starting over without it.
//!
//! Must not: run a server.

use access::Secret;
use anyhow::Context;
use base::{Bus, Clock};

use super::{MIGRATIONS, open_access, open_store};
use crate::{config::Config, folder, keyring, secret_key, startup::Stage};

/// Rotates the secret key to `new` while servers run; `None` generates one in the data folder. Returns the next
/// steps as text.
///
/// # Errors
/// The cause, worded for a terminal.
pub async fn rotate_key(config: &Config, clock: &Clock, new: Option<Secret>) -> anyhow::Result<String> {
    let opened = open_access(config, clock, Bus::new(), &Stage::default()).await?;
    let store = opened.access.store();
    let in_folder = new.is_none();
    let new = match new {
        Some(new) => new,
        None => secret_key::generate_next(&config.data_dir, clock)?,
    };
    secret_key::long_enough(new.expose()).map_err(|fault| anyhow::anyhow!("the new secret key: {fault}"))?;
    let done = keyring::rotate(store, &opened.secret, &new).await;
    store.close().await;
    let count = done?;
    if in_folder {
        secret_key::adopt_next(&config.data_dir)?;
    }
    let next_step = if in_folder {
        "secret.key in the data folder holds the new one"
    } else {
        "give every server the new one"
    };
    Ok(format!(
        "{count} stored secrets were re-encrypted. The old and the new secret key both open this database: {next_step}, restart \
         every server, then finish with `campanile rotate-key --finish`"
    ))
}

/// Finishes a key rotation: only the current key opens the database from now on. Returns a summary as text.
///
/// # Errors
/// The cause, worded for a terminal.
pub async fn finish_rotation(config: &Config, clock: &Clock) -> anyhow::Result<String> {
    let opened = open_access(config, clock, Bus::new(), &Stage::default()).await?;
    let store = opened.access.store();
    let done = keyring::finish(store, &opened.secret).await;
    store.close().await;
    let count = done?;
    Ok(format!(
        "{count} stored secrets were re-encrypted. Only the current secret key opens this database"
    ))
}

/// Starts over with a new secret key because the previous one is lost, and with it the stored URLs. Returns a summary.
///
/// # Errors
/// The cause, worded for a terminal; also if a server is running.
pub async fn replace_lost_key(config: &Config, clock: &Clock) -> anyhow::Result<String> {
    folder::prepare(&config.data_dir)?;
    let _held = folder::hold(&config.data_dir)?;
    let store = open_store(config, clock, Bus::new()).await?;
    let secret = match secret_key::load(config.secret_key.as_deref(), &config.data_dir)? {
        Some(secret) => secret,
        None => secret_key::generate(&config.data_dir, clock)?,
    };
    let done = store.migrate_then(MIGRATIONS, move |tx| keyring::replace_lost(tx, &secret));
    let done = done.await;
    store.close().await;
    let count = match done {
        Err(keyring::KeyError::Store(error)) => return Err(error).context("the database cannot be used"),
        done => done?,
    };
    Ok(format!(
        "the current secret key opens this database. {count} URLs were disabled: save them again"
    ))
}
