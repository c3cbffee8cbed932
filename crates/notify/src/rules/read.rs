//! Reads rules from the database: for administrators, and for the plan.

use std::collections::HashMap;

use access::Vault;
use base::Id;
use store::{Error, Select, Tx, Value};

use super::rule::{RecipientRow, Recipients, Rule, RuleRow};
use crate::{
    channel::Channel,
    destinations::{self, Stored},
    plan, signing, sql,
    target::{Key, MAIL_LANE, Target},
};

const RULES: &str = "select id, event_type, channel, min_severity, company_id, enabled, created_at, updated_at, format, \
     filters, batch, disabled_reason from notification_rules where 1 = 1";
// URLs were here too, before they were destinations.
const RECIPIENTS: &str = "select id, rule_id, kind, value, target_key \
     from notification_rule_recipients where kind <> 'url'";
const ENABLED: &str = "select r.id, r.rule_id, r.kind, r.value, r.target_key \
     from notification_rule_recipients r join notification_rules n on n.id = r.rule_id \
     where n.enabled = 1 and r.kind <> 'url' order by r.id";

/// Which rules a list contains.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) event_type: Option<base::Kind>,
    pub(crate) channel: Option<Channel>,
    pub(crate) after: Option<Id>,
    /// Only those of these companies, and those of the platform.
    pub(crate) companies: Option<Vec<Id>>,
}

/// Rules in the order they were created, at most `limit`.
///
/// # Errors
/// Database errors.
pub(crate) fn list(tx: &mut Tx<'_>, filter: &Filter, limit: u32) -> Result<Vec<Rule>, Error> {
    let select = Select::new(RULES)
        .filter("event_type = ?", filter.event_type)
        .filter("channel = ?", filter.channel.map(Channel::name))
        .filter("id > ?", filter.after);
    let select = match &filter.companies {
        Some(companies) => {
            let company = companies.iter().map(ToString::to_string);
            select.within("company_id", company.chain([String::new()]))
        }
        None => select,
    };
    let select = select.push(" order by id", Vec::new());
    let rows: Vec<RuleRow> = select.page(tx, "rule", limit as usize)?;
    with_recipients(tx, rows)
}

/// The rule, if there is one.
///
/// # Errors
/// Database errors.
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
            "team" => named.team_ids.extend(row.value.parse::<Id>()),
            "role" => named.roles.extend(row.value.parse::<access::Role>()),
            "owners" => named.owners = true,
            "followers" => named.followers = true,
            _ => {}
        }
    }
    let mut templates: HashMap<Id, String> = HashMap::new();
    for stored in destinations::of_owners(tx, &ids)? {
        let rule = stored.owner.id();
        named.entry(rule).or_default().urls.push(stored.label);
        templates.insert(rule, stored.template);
    }
    Ok(rows
        .into_iter()
        .map(|row| Rule {
            recipients: named.remove(&row.id).unwrap_or_default(),
            template: templates.remove(&row.id).filter(|template| !template.is_empty()),
            id: row.id,
            event_type: row.kind,
            channel: row.channel,
            min_severity: row.min_severity,
            company_id: row.company,
            enabled: row.enabled,
            filters: row.filters,
            batch: row.batch,
            disabled_reason: Some(row.disabled_reason).filter(|reason| !reason.is_empty()),
            format: (row.channel == Channel::Webhook).then_some(row.format),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
        .collect())
}

/// The rows of these rules' recipients, in the order they were named.
///
/// # Errors
/// Database errors.
pub(super) fn recipients(tx: &mut Tx<'_>, rules: &[Value]) -> Result<Vec<RecipientRow>, Error> {
    let mut rows: Vec<RecipientRow> = sql::among(tx, RECIPIENTS, "rule_id", rules)?;
    rows.sort_by_key(|row| row.id);
    Ok(rows)
}

/// The enabled rules, in the plan's form. A rule that cannot be read, such as one for an event type that only a later
/// version knows, is left out.
///
/// # Errors
/// Database errors.
pub(super) fn for_plan(tx: &mut Tx<'_>, vault: &Vault) -> Result<plan::Rules, Error> {
    let rows: Vec<RuleRow> = Select::new(RULES)
        .push(" and enabled = 1 order by id", Vec::new())
        .readable(tx, "rule")?;
    let signing = signing::all(tx)?;
    let mut named: HashMap<Id, Vec<RecipientRow>> = HashMap::new();
    for row in tx.readable::<RecipientRow>("rule recipient", ENABLED, &[])? {
        named.entry(row.rule).or_default().push(row);
    }
    let mut urls: HashMap<Id, Vec<Stored>> = HashMap::new();
    for stored in destinations::of_enabled_rules(tx)? {
        urls.entry(stored.owner.id()).or_default().push(stored);
    }
    Ok(plan::Rules::new(rows.into_iter().map(|row| {
        let mut rule = planned(&row, named.remove(&row.id).unwrap_or_default());
        for stored in urls.remove(&row.id).unwrap_or_default() {
            let mut url = stored.target(vault);
            url.format = row.format;
            url.signing = signing.get(&url.target.key).copied().unwrap_or_default();
            rule.urls.push((stored.id, url));
        }
        rule
    })))
}

fn planned(row: &RuleRow, recipients: Vec<RecipientRow>) -> plan::Rule {
    let mut rule = plan::Rule {
        min_severity: row.min_severity,
        company: row.company,
        filters: row.filters.clone(),
        batch: row.batch,
        ..plan::Rule::new(row.id, row.kind, row.channel)
    };
    for recipient in recipients {
        match recipient.kind.as_str() {
            "email" => rule.addresses.push(Target {
                key: Key::stored(&recipient.key),
                lane: MAIL_LANE.into(),
                label: recipient.value.into(),
            }),
            "user" => rule.users.extend(recipient.value.parse::<Id>()),
            "team" => rule.teams.extend(recipient.value.parse::<Id>()),
            "role" => rule.roles.extend(recipient.value.parse::<access::Role>()),
            "owners" => rule.owners = true,
            "followers" => rule.followers = true,
            _ => {}
        }
    }
    rule
}
