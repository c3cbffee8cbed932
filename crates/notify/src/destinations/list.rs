//! Every destination, for administrators: its owner, and its health.
//!
//! Must not: return a URL unmasked, or write anything.

use access::Vault;
use base::{Id, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx};

use super::table;
use crate::channel::Channel;

/// A URL that messages are posted to, or the mail server. A URL that several rules, teams or people name is listed for
/// each of them.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = KnownDestination)]
pub struct Known {
    /// Its owner: `url` (a rule's), `team` or `user` (a personal chat), as in a delivery; `platform` for the mail
    /// server and for an address that it rejected.
    pub recipient_type: &'static str,
    /// The id of the rule's recipient, the team or the user; for the mail server its own.
    pub recipient: Id,
    /// The rule, if it belongs to one.
    pub rule_id: Option<Id>,
    /// The name of the team or the user. Untrusted text: escape it.
    pub name: Option<String>,
    /// The company of the team or the rule.
    pub company_id: Option<Id>,
    /// The channel.
    pub channel: Channel,
    /// The URL, masked.
    pub destination: String,
    /// The payload template, on `chat`.
    pub template: Option<String>,
    /// Whether its owner wants posts there: false if the rule or the personal chat is turned off.
    pub wanted: bool,
    /// Whether it is turned on: false if it rejected permanently, so that messages to it are canceled.
    pub on: bool,
    /// When it was turned off.
    pub off_at: Option<Time>,
    /// Whether the secret key can decrypt its URL. Until it can, messages to it wait.
    pub opens: bool,
    /// Why it was turned off.
    pub off_reason: Option<String>,
    /// How many messages in a row it rejected permanently.
    pub refusals: u32,
    /// Since when messages to it are given up, without a delivered one in between.
    pub failing_since: Option<Time>,
    /// When it last accepted a message.
    pub last_success_at: Option<Time>,
    /// The status of its last response, HTTP or SMTP.
    pub last_status: Option<u16>,
    /// The success rate of its last attempts, from 0 to 1; about a thousand. Null if there were none.
    pub success_rate: Option<f64>,
    /// The average latency of an attempt, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Its id: in events about it, for a test, and to resend failed messages.
    pub destination_id: Id,
}

/// A position in the list: the kind of the owner, in the order of the list, and the id.
pub(super) type Position = (i64, Id);

/// The position of a destination.
pub(super) fn position(known: &Known) -> Position {
    let kind = match known.recipient_type {
        "url" => 1,
        "team" => 2,
        "user" => 3,
        _ => 4,
    };
    (kind, known.destination_id)
}

const KIND: &str = "case d.owner_kind when 'rule' then 1 when 'team' then 2 when 'user' then 3 else 4 end";
const LIST: &str = "select d.id, d.owner_kind, d.owner, d.channel, d.label, d.template, d.off_at, d.off_reason, \
     d.refusals, d.given_up_at, d.last_success_at, d.last_status, d.attempts, d.successes, d.took_ms, \
     coalesce(t.company_id, r.company_id, ''), coalesce(t.name, u.name, ''), coalesce(r.enabled, c.enabled, 0) \
     from destinations d left join teams t on t.id = d.team_id \
     left join notification_rules r on r.id = d.rule_id left join users u on u.id = d.user_id \
     left join chat_settings c on c.user_id = d.user_id and c.channel = d.channel where 1 = 1";

struct Listed(Known);

impl FromRow for Listed {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let id: Id = row.get(0)?;
        let kind: String = row.get(1)?;
        let owner: Option<Id> = row.get::<String>(2)?.parse().ok();
        let (off_at, attempts, successes): (i64, i64, i64) = (row.get(6)?, row.get(12)?, row.get(13)?);
        let some_time = |index| {
            row.get::<Time>(index)
                .map(|time| (time > Time::default()).then_some(time))
        };
        let some_text = |index| {
            row.get::<String>(index)
                .map(|text| Some(text).filter(|text| !text.is_empty()))
        };
        let (recipient_type, recipient) = match kind.as_str() {
            "rule" => ("url", id),
            "team" => ("team", owner.unwrap_or(id)),
            "user" => ("user", owner.unwrap_or(id)),
            _ => ("platform", id),
        };
        let last_status: u32 = row.get(11)?;
        #[expect(clippy::cast_precision_loss, reason = "both are a few thousand at most")]
        let success_rate = (attempts > 0).then(|| successes as f64 / attempts as f64);
        let latency = row.get::<i64>(14)?.checked_div(attempts);
        Ok(Self(Known {
            recipient_type,
            recipient,
            rule_id: owner.filter(|_| kind == "rule"),
            name: some_text(16)?,
            company_id: some_text(15)?.and_then(|id| id.parse().ok()),
            channel: row.word(3)?,
            destination: row.get(4)?,
            template: some_text(5)?,
            wanted: matches!(kind.as_str(), "team" | "platform") || row.get::<bool>(17)?,
            on: off_at == 0,
            opens: true,
            off_at: some_time(6)?,
            off_reason: some_text(7)?.filter(|_| off_at > 0),
            refusals: row.get(8)?,
            failing_since: some_time(9)?,
            last_success_at: some_time(10)?,
            last_status: u16::try_from(last_status).ok().filter(|status| *status > 0),
            success_rate,
            latency_ms: latency.and_then(|latency| u64::try_from(latency).ok()),
            destination_id: id,
        }))
    }
}

/// The destinations after `after`, at most `limit`: those of rules, of teams, of people, and the mail server.
///
/// # Errors
/// Database errors.
pub(super) fn list(
    tx: &mut Tx<'_>,
    vault: &Vault,
    after: Option<Position>,
    limit: u32,
) -> Result<Vec<Known>, Error> {
    let mut select = Select::new(LIST);
    if let Some((kind, id)) = after {
        select = select.push(
            &format!(" and ({KIND} > ? or ({KIND} = ? and d.id > ?))"),
            vec![kind.into(), kind.into(), id.into()],
        );
    }
    let rows: Vec<Listed> = select.push(&format!(" order by {KIND}, d.id"), Vec::new()).page(
        tx,
        "destinations",
        limit as usize,
    )?;
    let mut all: Vec<Known> = rows.into_iter().map(|row| row.0).collect();
    let ids: Vec<Id> = all.iter().map(|known| known.destination_id).collect();
    let closed = table::undecryptable(tx, vault, &ids)?;
    for known in &mut all {
        known.opens = !closed.contains(&known.destination_id);
    }
    Ok(all)
}
