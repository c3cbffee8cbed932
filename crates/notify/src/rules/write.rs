//! Rules into the database.

use std::collections::BTreeSet;

use access::Vault;
use base::Id;
use store::{Error, Tx, params};

use crate::health;

use super::{
    RecipientRow, aad,
    body::{Checked, Wanted},
    cache, read,
};

const INSERT: &str = "insert into notification_rules (id, event_type, channel, min_severity, company_id, enabled, \
     created_at, updated_at, format) values ($1, $2, $3, $4, $5, $6, $7, $7, $8)";
const UPDATE: &str = "update notification_rules set event_type = $2, channel = $3, min_severity = $4, \
     company_id = $5, enabled = $6, updated_at = $7, format = $8 where id = $1";
const DELETE: &str = "delete from notification_rules where id = $1";

/// Writes a new rule.
///
/// # Errors
/// [`Error::Unique`] where there is one for the same type, channel, severity and company (promise R4).
pub(super) fn create(tx: &mut Tx<'_>, vault: &Vault, rule: &Checked) -> Result<Id, Error> {
    let id = tx.id();
    write(tx, INSERT, id, rule)?;
    name(tx, vault, id, rule, &[])?;
    cache::changed(tx)?;
    Ok(id)
}

/// Changes a rule that is there.
///
/// # Errors
/// [`Error::Unique`] as for [`create`].
pub(super) fn change(tx: &mut Tx<'_>, vault: &Vault, id: Id, rule: &Checked) -> Result<(), Error> {
    write(tx, UPDATE, id, rule)?;
    let before = read::recipients(tx, &[id.into()])?;
    name(tx, vault, id, rule, &before)?;
    cache::changed(tx)
}

/// Deletes a rule; whether it was there.
///
/// # Errors
/// The database's.
pub(super) fn delete(tx: &mut Tx<'_>, id: Id) -> Result<bool, Error> {
    let deleted = tx.execute(DELETE, params![id])?;
    cache::changed(tx)?;
    Ok(deleted > 0)
}

fn write(tx: &mut Tx<'_>, sql: &str, id: Id, rule: &Checked) -> Result<(), Error> {
    let now = tx.now();
    let severity = rule.min_severity.map_or("", base::Severity::name);
    let company = rule.company_id.map(|id| id.to_string()).unwrap_or_default();
    tx.execute(
        sql,
        params![
            id,
            rule.event_type,
            rule.channel,
            severity,
            company,
            rule.enabled,
            now,
            rule.format
        ],
    )
    .map(drop)
}

const NAME: &str = "insert into notification_rule_recipients (id, rule_id, kind, value, sealed, label, lane, \
     target_key) values ($1, $2, $3, $4, $5, $6, $7, $8)";
const FORGET: &str = "delete from notification_rule_recipients where id = $1";

/// Names these recipients and no others. Those that stay keep their rows, because deliveries that wait refer to them.
fn name(
    tx: &mut Tx<'_>,
    vault: &Vault,
    rule: Id,
    checked: &Checked,
    before: &[RecipientRow],
) -> Result<(), Error> {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for recipient in &checked.recipients {
        match (recipient, recipient.key()) {
            (Wanted::Kept(label), _) => {
                let kept = before.iter().filter(|row| row.label == *label);
                wanted.extend(kept.map(|row| row.key.clone()));
            }
            (recipient, Some(key)) => {
                if matches!(recipient, Wanted::Url(_)) {
                    health::switch_on(tx, &key)?;
                }
                let new = wanted.insert(key.as_str().to_owned());
                if new && !before.iter().any(|row| row.key == key.as_str()) {
                    add(tx, vault, rule, recipient, key.as_str())?;
                }
            }
            (_, None) => {}
        }
    }
    for gone in before.iter().filter(|row| !wanted.contains(&row.key)) {
        tx.execute(FORGET, params![gone.id])?;
    }
    Ok(())
}

fn add(tx: &mut Tx<'_>, vault: &Vault, rule: Id, recipient: &Wanted, key: &str) -> Result<(), Error> {
    let id = tx.id();
    let sealed = |url: &str| vault.seal(&aad(id, rule), url);
    let (kind, value, sealed, label, lane) = match recipient {
        Wanted::Email(address) => (
            "email",
            address.label.to_string(),
            String::new(),
            String::new(),
            String::new(),
        ),
        Wanted::User(user) => (
            "user",
            user.to_string(),
            String::new(),
            String::new(),
            String::new(),
        ),
        Wanted::Url(url) => (
            "url",
            String::new(),
            sealed(url.url.expose()),
            url.target.label.to_string(),
            url.target.lane.to_string(),
        ),
        Wanted::Kept(_) => return Ok(()),
    };
    tx.execute(NAME, params![id, rule, kind, value, sealed, label, lane, key])
        .map(drop)
}
