//! Every URL that messages are posted to: whose it is, and whether it is switched on.
//!
//! Must not: answer a URL unmasked, or write anything.

use std::{collections::BTreeMap, str::FromStr};

use access::{Caller, Json, Page, PageQuery, Problem, Query, Vault, directory};
use axum::extract::State as Extract;
use base::{Id, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx, Value};

use crate::{channel::Channel, health, http::State, plan::UrlTarget, target::Key};

/// A URL that messages are posted to. One that several rules, teams or people name is there for each of them.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = KnownDestination)]
pub struct Known {
    /// Whose it is: `url` (a rule's), `team` or `user` (a personal chat). As in a delivery.
    pub recipient_type: &'static str,
    /// The id of the rule's recipient, the team or the person.
    pub recipient: Id,
    /// The rule, where it is a rule's.
    pub rule_id: Option<Id>,
    /// The name of the team or the person. Text from outside: escape it.
    pub name: Option<String>,
    /// The company of the team or the rule.
    pub company_id: Option<Id>,
    /// The channel.
    pub channel: Channel,
    /// The URL, masked.
    pub destination: String,
    /// Whether its owner wants posts there: false where the rule or the personal chat is switched off.
    pub wanted: bool,
    /// Whether it is switched on: false where it refused for good, so that messages to it are cancelled.
    pub on: bool,
    /// When it was switched off.
    pub off_at: Option<Time>,
    /// Why it was switched off.
    pub off_reason: Option<String>,
    /// How many messages in a row it refused for good.
    pub refusals: u32,
    /// Its id in the events that tell of its being switched off; null where it never refused anything.
    pub destination_id: Option<Id>,
    #[serde(skip)]
    key: Option<Key>,
    #[serde(skip)]
    saved_at: Time,
}

impl Known {
    fn new(recipient_type: &'static str, recipient: Id, channel: Channel) -> Self {
        Self {
            recipient_type,
            recipient,
            rule_id: None,
            name: None,
            company_id: None,
            channel,
            destination: String::new(),
            wanted: true,
            on: true,
            off_at: None,
            off_reason: None,
            refusals: 0,
            destination_id: None,
            key: None,
            saved_at: Time::default(),
        }
    }

    fn cursor(&self) -> Cursor {
        Cursor {
            source: SOURCES.iter().position(|source| *source == self.recipient_type),
            id: self.recipient,
            channel: self.channel,
        }
    }

    fn judged(&mut self, health: &health::Health) {
        self.refusals = health.refusals;
        self.destination_id = Some(health.id);
        // A team's address that was saved again since is on.
        if health.off_at > Time::default() && self.saved_at <= health.off_at {
            self.on = false;
            self.off_at = Some(health.off_at);
            self.off_reason = Some(health.reason.clone());
        }
    }
}

/// Where the URLs are, in the order in which they are listed.
const SOURCES: [&str; 3] = ["url", "team", "user"];

/// A place in the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cursor {
    source: Option<usize>,
    id: Id,
    channel: Channel,
}

impl Cursor {
    fn text(&self) -> String {
        let source = self.source.map_or("", |at| SOURCES[at]);
        format!("{source}:{}:{}", self.id, self.channel)
    }
}

impl FromStr for Cursor {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, ':');
        let mut part = || parts.next().ok_or(());
        let source = part()?;
        let source = SOURCES.iter().position(|known| *known == source).ok_or(())?;
        Ok(Self {
            source: Some(source),
            id: part()?.parse().map_err(drop)?,
            channel: part()?.parse().map_err(drop)?,
        })
    }
}

/// Every URL that messages are posted to, of rules, teams and personal chats, and whether it is switched on.
#[utoipa::path(get, path = "/destinations", tag = "deliveries", params(PageQuery), responses(
    (status = 200, description = "One page; URLs are masked", body = Page<Known>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list_destinations(
    Extract(state): Extract<State>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Known>>, Problem> {
    caller.admin()?;
    let (limit, after) = (page.limit()?, page.after::<Cursor>()?);
    let vault = state.access.vault().clone();
    let store = state.access.store();
    let known = store
        .read(move |tx| list(tx, &vault, after.as_ref(), limit as usize + 1))
        .await?;
    Ok(Json(Page::cut(known, limit, |last| last.cursor().text())))
}

/// The URLs behind `after`, at most `limit`.
fn list(tx: &mut Tx<'_>, vault: &Vault, after: Option<&Cursor>, limit: usize) -> Result<Vec<Known>, Error> {
    let mut known = Vec::new();
    let first = after.and_then(|after| after.source).unwrap_or(0);
    for (source, name) in SOURCES.iter().enumerate().skip(first) {
        let from = after.filter(|_| source == first).map(|after| after.id);
        // Room for what `after` itself leaves out: a record has one URL per channel.
        let room = limit - known.len() + 2;
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let rows = match *name {
            "url" => of_rules(tx, from, room)?,
            "team" => of_teams(tx, vault, from, room)?,
            _ => of_people(tx, from, room)?,
        };
        known.extend(
            rows.into_iter()
                .filter(|row| after.is_none_or(|after| row.cursor() > *after)),
        );
        known.truncate(limit);
        if known.len() == limit {
            break;
        }
    }
    judge(tx, &mut known)?;
    Ok(known)
}

/// Says of each how it answered lately.
fn judge(tx: &mut Tx<'_>, known: &mut [Known]) -> Result<(), Error> {
    let keys: Vec<Value> = known
        .iter()
        .filter_map(|known| Some(known.key.as_ref()?.as_str().into()))
        .collect();
    let health = health::of(tx, &keys)?;
    for known in known {
        if let Some(health) = known.key.as_ref().and_then(|key| health.get(key)) {
            known.judged(health);
        }
    }
    Ok(())
}

const OF_RULES: &str = "select r.id, n.channel, r.label, r.target_key, n.enabled, n.company_id, n.id \
     from notification_rule_recipients r join notification_rules n on n.id = r.rule_id where r.kind = 'url'";
const OF_PEOPLE: &str =
    "select user_id, channel, label, target_key, enabled from chat_settings where sealed <> ''";

/// What rules and personal chats share: id, channel, label, key, enabled.
fn of_row(recipient_type: &'static str, row: &Row) -> Result<Known, Error> {
    let mut known = Known::new(recipient_type, row.get(0)?, row.get(1)?);
    known.destination = row.get(2)?;
    known.key = Some(Key::stored(&row.get::<String>(3)?));
    known.wanted = row.get(4)?;
    Ok(known)
}

struct OfRule(Known);

impl FromRow for OfRule {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let mut known = of_row("url", row)?;
        // '' stands for any.
        let company: String = row.get(5)?;
        if !company.is_empty() {
            known.company_id = Some(row.get(5)?);
        }
        known.rule_id = Some(row.get(6)?);
        Ok(Self(known))
    }
}

struct OfPerson(Known);

impl FromRow for OfPerson {
    fn from_row(row: &Row) -> Result<Self, Error> {
        of_row("user", row).map(Self)
    }
}

fn of_rules(tx: &mut Tx<'_>, from: Option<Id>, limit: u32) -> Result<Vec<Known>, Error> {
    let rows: Vec<OfRule> = Select::new(OF_RULES)
        .filter("r.id >= ?", from)
        .push(" order by r.id limit ?", vec![limit.into()])
        .all(tx)?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

fn of_people(tx: &mut Tx<'_>, from: Option<Id>, limit: u32) -> Result<Vec<Known>, Error> {
    let rows: Vec<OfPerson> = Select::new(OF_PEOPLE)
        .filter("user_id >= ?", from)
        .push(" order by user_id, channel limit ?", vec![limit.into()])
        .all(tx)?;
    let mut rows: Vec<Known> = rows.into_iter().map(|row| row.0).collect();
    let ids: Vec<Id> = rows.iter().map(|row| row.recipient).collect();
    let people = directory::people(tx, &ids)?;
    let names: BTreeMap<Id, String> = people
        .into_iter()
        .map(|person| (person.id, person.name))
        .collect();
    for row in &mut rows {
        row.name = names.get(&row.recipient).cloned();
    }
    Ok(rows)
}

fn of_teams(tx: &mut Tx<'_>, vault: &Vault, from: Option<Id>, limit: u32) -> Result<Vec<Known>, Error> {
    let mut known = Vec::new();
    for team in directory::teams_with_addresses(tx, vault, from, limit)? {
        for (channel, url, saved_at) in [
            (Channel::Slack, team.slack_url, team.slack_saved_at),
            (Channel::Teams, team.teams_url, team.teams_saved_at),
        ] {
            let Some(url) = url else { continue };
            let target = UrlTarget::new(vault, url).target;
            known.push(Known {
                name: Some(team.name.clone()),
                company_id: Some(team.company_id),
                destination: target.label.to_string(),
                key: Some(target.key),
                saved_at,
                ..Known::new("team", team.id, channel)
            });
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests;
