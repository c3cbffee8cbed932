//! Rules out of the database: for administrators, and for the plan.

use std::collections::HashMap;

use access::{NotOpened, Secret, Vault};
use base::Id;
use store::{Error, Select, Tx, Value};

use super::{RecipientRow, Recipients, Rule, RuleRow, aad, secrets};
use crate::{
    channel::Channel,
    channels::webhook::{Format, Signing},
    plan::{self, UrlTarget},
    sql,
    target::{Key, MAIL_LANE, Target},
};

const RULES: &str = "select id, event_type, channel, min_severity, company_id, enabled, created_at, updated_at, format \
     from notification_rules where 1 = 1";
const RECIPIENTS: &str = "select id, rule_id, kind, value, sealed, label, lane, target_key \
     from notification_rule_recipients where 1 = 1";
const ENABLED: &str = "select r.id, r.rule_id, r.kind, r.value, r.sealed, r.label, r.lane, r.target_key \
     from notification_rule_recipients r join notification_rules n on n.id = r.rule_id where n.enabled = 1 order by r.id";

/// Which rules a list shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) event_type: Option<base::Kind>,
    pub(crate) channel: Option<Channel>,
    pub(crate) after: Option<Id>,
}

/// Rules in the order they were made, at most `limit`.
///
/// # Errors
/// The database's.
pub(crate) fn list(tx: &mut Tx<'_>, filter: &Filter, limit: u32) -> Result<Vec<Rule>, Error> {
    let rows: Vec<RuleRow> = Select::new(RULES)
        .filter("event_type = ?", filter.event_type)
        .filter("channel = ?", filter.channel)
        .filter("id > ?", filter.after)
        .push(" order by id limit ?", vec![limit.into()])
        .all(tx)?;
    with_recipients(tx, rows)
}

/// The rule, if there is one.
///
/// # Errors
/// The database's.
pub(crate) fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<Rule>, Error> {
    let rows: Vec<RuleRow> = Select::new(RULES).filter("id = ?", Some(id)).all(tx)?;
    Ok(with_recipients(tx, rows)?.pop())
}

fn with_recipients(tx: &mut Tx<'_>, rows: Vec<RuleRow>) -> Result<Vec<Rule>, Error> {
    let ids: Vec<Value> = rows.iter().map(|row| row.id.into()).collect();
    let mut named: HashMap<Id, Recipients> = HashMap::new();
    for row in recipients(tx, &ids)? {
        let named = named.entry(row.rule).or_default();
        match row.kind.as_str() {
            "email" => named.emails.push(row.value),
            "user" => named.user_ids.extend(row.value.parse::<Id>()),
            _ => named.urls.push(row.label),
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| Rule {
            recipients: named.remove(&row.id).unwrap_or_default(),
            id: row.id,
            event_type: row.kind,
            channel: row.channel,
            min_severity: row.min_severity,
            company_id: row.company,
            enabled: row.enabled,
            format: (row.channel == Channel::Webhook).then_some(row.format),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
        .collect())
}

/// The rows of these rules' recipients, in the order they were named.
///
/// # Errors
/// The database's.
pub(super) fn recipients(tx: &mut Tx<'_>, rules: &[Value]) -> Result<Vec<RecipientRow>, Error> {
    let mut rows: Vec<RecipientRow> = sql::among(tx, RECIPIENTS, "rule_id", rules)?;
    rows.sort_by_key(|row| row.id);
    Ok(rows)
}

/// The rules that count, as the plan wants them. A URL that does not open with the present key is left out, and
/// logged.
///
/// # Errors
/// The database's.
pub(super) fn for_plan(tx: &mut Tx<'_>, vault: &Vault) -> Result<plan::Rules, Error> {
    let rows: Vec<RuleRow> = Select::new(RULES)
        .push(" and enabled = 1 order by id", Vec::new())
        .all(tx)?;
    let signing = secrets::all(tx)?;
    let mut named: HashMap<Id, Vec<RecipientRow>> = HashMap::new();
    for row in tx.all::<RecipientRow>(ENABLED, &[])? {
        named.entry(row.rule).or_default().push(row);
    }
    Ok(plan::Rules::new(rows.into_iter().map(|row| {
        let recipients = named.remove(&row.id).unwrap_or_default();
        let mut rule = planned(&row, recipients, vault);
        for (_, url) in &mut rule.urls {
            url.format = row.format;
            url.signing = signing.get(&url.target.key).copied().unwrap_or_default();
        }
        rule
    })))
}

fn planned(row: &RuleRow, recipients: Vec<RecipientRow>, vault: &Vault) -> plan::Rule {
    let mut rule = plan::Rule {
        id: row.id,
        kind: row.kind,
        channel: row.channel,
        min_severity: row.min_severity,
        company: row.company,
        users: Vec::new(),
        addresses: Vec::new(),
        urls: Vec::new(),
    };
    for recipient in recipients {
        match recipient.kind.as_str() {
            "email" => rule.addresses.push(Target {
                key: Key::stored(&recipient.key),
                lane: MAIL_LANE.into(),
                label: recipient.value.into(),
            }),
            "user" => rule.users.extend(recipient.value.parse::<Id>()),
            _ => match opened(vault, &recipient) {
                Ok(url) => rule.urls.push((recipient.id, target(&recipient, url))),
                Err(NotOpened) => {
                    tracing::error!(rule = %row.id, "a rule's stored URL does not open with the present secret key");
                }
            },
        }
    }
    rule
}

fn target(row: &RecipientRow, url: Secret) -> UrlTarget {
    UrlTarget {
        target: Target {
            key: Key::stored(&row.key),
            lane: row.lane.as_str().into(),
            label: row.label.as_str().into(),
        },
        url,
        saved_at: base::Time::default(),
        signing: Signing::default(),
        format: Format::default(),
    }
}

/// The URL of a recipient's row.
///
/// # Errors
/// Where it was sealed with another key.
pub(super) fn opened(vault: &Vault, row: &RecipientRow) -> Result<Secret, NotOpened> {
    vault.open(&aad(row.id, row.rule), &row.sealed)
}
