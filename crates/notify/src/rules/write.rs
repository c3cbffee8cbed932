//! Writes rules to the database.

use std::collections::BTreeSet;

use access::Vault;
use base::Id;
use store::{Error, Tx, params};

use crate::destinations::{self, New, Owner};

use super::{
    body::{Checked, Wanted},
    cache, read,
    rule::RecipientRow,
};

const INSERT: &str = "insert into notification_rules (id, event_type, channel, min_severity, company_id, enabled, \
     created_at, updated_at, format, filters, batch, disabled_reason) \
     values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, '')";
const UPDATE: &str = "update notification_rules set event_type = $2, channel = $3, min_severity = $4, \
     company_id = $5, enabled = $6, updated_at = $7, format = $8, filters = $9, batch = $10, \
     disabled_reason = '' where id = $1";
const DELETE: &str = "delete from notification_rules where id = $1";

/// Writes a new rule.
///
/// # Errors
/// [`Error::Unique`] if there is one for the same type, channel, severity and company (promise R4).
pub(super) fn create(tx: &mut Tx<'_>, vault: &Vault, rule: &Checked) -> Result<Id, Error> {
    let id = tx.id();
    write(tx, INSERT, id, rule)?;
    name(tx, vault, id, rule, &[])?;
    cache::changed(tx)?;
    Ok(id)
}

/// Changes an existing rule.
///
/// # Errors
/// [`Error::Unique`] as for [`create`].
pub(super) fn change(tx: &mut Tx<'_>, vault: &Vault, id: Id, rule: &Checked) -> Result<(), Error> {
    write(tx, UPDATE, id, rule)?;
    let before = read::recipients(tx, &[id.into()])?;
    name(tx, vault, id, rule, &before)?;
    cache::changed(tx)
}

/// Deletes a rule; whether it existed.
///
/// # Errors
/// Database errors.
pub(super) fn delete(tx: &mut Tx<'_>, id: Id) -> Result<bool, Error> {
    let deleted = tx.execute(DELETE, params![id])?;
    destinations::remove_all(tx, Owner::Rule(id))?;
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
            rule.channel.name(),
            severity,
            company,
            rule.enabled,
            now,
            rule.format.name(),
            rule.filters.canonical(),
            rule.batch
        ],
    )
    .map(drop)
}

const NAME: &str = "insert into notification_rule_recipients (id, rule_id, kind, value, sealed, label, lane, \
     target_key) values ($1, $2, $3, $4, '', '', '', $5)";
const FORGET: &str = "delete from notification_rule_recipients where id = $1";

/// Sets these recipients and no others. Those that stay keep their rows.
fn name(
    tx: &mut Tx<'_>,
    vault: &Vault,
    rule: Id,
    checked: &Checked,
    before: &[RecipientRow],
) -> Result<(), Error> {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for recipient in &checked.recipients {
        let Some(key) = recipient.key() else { continue };
        let key = key.as_str().to_owned();
        let none = String::new;
        let (kind, value) = match recipient {
            Wanted::Email(address) => ("email", address.label.to_string()),
            Wanted::User(user) => ("user", user.to_string()),
            Wanted::Team(team) => ("team", team.to_string()),
            Wanted::Role(named) => ("role", named.to_string()),
            Wanted::Owners => ("owners", none()),
            Wanted::Followers => ("followers", none()),
            Wanted::Url(_) | Wanted::Kept(_) => continue,
        };
        let new = wanted.insert(key.clone());
        if new && !before.iter().any(|row| row.key == key) {
            let id = tx.id();
            tx.execute(NAME, params![id, rule, kind, value, key])?;
        }
    }
    for gone in before.iter().filter(|row| !wanted.contains(&row.key)) {
        tx.execute(FORGET, params![gone.id])?;
    }
    post_to(tx, vault, rule, checked)
}

/// Sets these URLs and no others. Those that stay keep their rows, because waiting deliveries refer to them.
fn post_to(tx: &mut Tx<'_>, vault: &Vault, rule: Id, checked: &Checked) -> Result<(), Error> {
    let owner = Owner::Rule(rule);
    let before = destinations::of_owners(tx, &[rule.into()])?;
    let mut stay: BTreeSet<Id> = BTreeSet::new();
    for recipient in &checked.recipients {
        match recipient {
            Wanted::Kept(label) => {
                let kept = before.iter().filter(|stored| stored.label == *label);
                stay.extend(kept.map(|stored| stored.id));
            }
            Wanted::Url(url) => {
                let new = New {
                    owner,
                    company: None,
                    channel: checked.channel,
                    url,
                };
                stay.insert(destinations::save(tx, vault, &new)?);
            }
            _ => {}
        }
    }
    for gone in before.iter().filter(|stored| !stay.contains(&stored.id)) {
        destinations::remove(tx, gone.id)?;
    }
    destinations::set_template(tx, owner, checked.channel, &checked.template)
}
