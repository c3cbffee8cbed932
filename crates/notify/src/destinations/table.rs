//! The rows of destinations: URLs with their owners.
//!
//! Owns: the sealing context of a URL, and the one place where one is saved. Saving a URL turns it on.
//! Must not: return a URL unmasked to anything but the plan and the sender.

use access::{Secret, Vault};
use base::{Id, Throttle};
use store::{Error, FromRow, Row, Select, Tx, Value, Word, params};

use super::health;
use crate::{
    channel::Channel,
    sql,
    target::{Key, MAIL_LANE, UrlTarget},
};

/// The owner of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    Rule(Id),
    Team(Id),
    User(Id),
}

impl Owner {
    /// The name of the kind, in storage.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Rule(_) => "rule",
            Self::Team(_) => "team",
            Self::User(_) => "user",
        }
    }

    /// The id within its kind.
    pub(crate) const fn id(self) -> Id {
        match self {
            Self::Rule(id) | Self::Team(id) | Self::User(id) => id,
        }
    }

    /// The owner that [`kind`](Self::kind) and [`id`](Self::id) name.
    pub(crate) fn parse(kind: &str, id: Id) -> Option<Self> {
        match kind {
            "rule" => Some(Self::Rule(id)),
            "team" => Some(Self::Team(id)),
            "user" => Some(Self::User(id)),
            _ => None,
        }
    }
}

/// A destination as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) channel: Channel,
    sealed: String,
    /// Empty if it was not computed yet.
    pub(crate) key: String,
    pub(crate) label: String,
    /// The name of its template, on channels that have templates.
    pub(crate) template: String,
    /// The company of the team.
    pub(crate) company: Option<Id>,
    /// What a copy is sealed for until it is settled; else empty.
    sealed_for: String,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let kind: String = row.get(1)?;
        Ok(Self {
            id: row.get(0)?,
            owner: Owner::parse(&kind, row.get(2)?)
                .ok_or_else(|| Error::Decode(format!("an owner of the kind {kind:?}")))?,
            channel: row.word(3)?,
            sealed: row.get(4)?,
            key: row.get(5)?,
            label: row.get(6)?,
            template: row.get(7)?,
            company: row.get(8)?,
            sealed_for: row.get(9)?,
        })
    }
}

impl Stored {
    /// The URL. None if it cannot be decrypted with the current key: that is logged.
    pub(crate) fn opened(&self, vault: &Vault) -> Option<Secret> {
        static LAST_LOGGED: Throttle = Throttle::new();
        let opened = vault.open(&self.sealed_as(), &self.sealed).ok();
        if opened.is_none()
            && let Some(times) = LAST_LOGGED.due()
        {
            tracing::error!(destination = %self.id, times, "a stored URL cannot be decrypted with the current secret key");
        }
        opened
    }

    /// The URL with what is known of it, even if it cannot be decrypted.
    pub(crate) fn target(&self, vault: &Vault) -> UrlTarget {
        let target = match self.opened(vault) {
            Some(url) => UrlTarget::new(vault, url),
            None => UrlTarget::sealed(&self.key, &self.label),
        };
        target.with_template(&self.template)
    }

    /// What it is sealed for now.
    fn sealed_as(&self) -> String {
        if self.sealed_for.is_empty() {
            self.aad()
        } else {
            self.sealed_for.clone()
        }
    }

    fn aad(&self) -> String {
        aad(self.owner, self.company, (self.id, self.channel))
    }
}

/// The sealing context of a URL. As in the tables that the URLs of rules, teams and people came from.
fn aad(owner: Owner, company: Option<Id>, (id, channel): (Id, Channel)) -> String {
    match owner {
        Owner::Rule(rule) => format!("rule {rule} recipient {id}"),
        Owner::Team(team) => {
            let company = company.map(|id| id.to_string()).unwrap_or_default();
            format!("team {team} company {company}")
        }
        Owner::User(user) => format!("chat {channel} user {user}"),
    }
}

const SELECT: &str = "select d.id, d.owner_kind, d.owner, d.channel, d.sealed, d.target_key, d.label, d.template, \
     t.company_id, d.sealed_for from destinations d left join teams t on t.id = d.team_id where d.sealed <> ''";

/// The destinations of these owners, of any kind, in the order in which they were created.
///
/// # Errors
/// Database errors.
pub(crate) fn of_owners(tx: &mut Tx<'_>, owners: &[Value]) -> Result<Vec<Stored>, Error> {
    let mut stored: Vec<Stored> = sql::among(tx, SELECT, "d.owner", owners)?;
    stored.sort_by_key(|stored| stored.id);
    Ok(stored)
}

/// Those of enabled rules.
///
/// # Errors
/// Database errors.
pub(crate) fn of_enabled_rules(tx: &mut Tx<'_>) -> Result<Vec<Stored>, Error> {
    Select::new(SELECT)
        .push(
            " and d.rule_id in (select id from notification_rules where enabled = 1) order by d.id",
            Vec::new(),
        )
        .readable(tx, "destination")
}

/// Which of these the secret key cannot decrypt.
///
/// # Errors
/// Database errors.
pub(super) fn undecryptable(tx: &mut Tx<'_>, vault: &Vault, ids: &[Id]) -> Result<Vec<Id>, Error> {
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    let stored: Vec<Stored> = sql::among(tx, SELECT, "d.id", &ids)?;
    let closed = stored.iter().filter(|stored| stored.opened(vault).is_none());
    Ok(closed.map(|stored| stored.id).collect())
}

/// The one with this id.
///
/// # Errors
/// Database errors.
pub(crate) fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<Stored>, Error> {
    Select::new(SELECT).filter("d.id = ?", Some(id)).one(tx)
}

const OWN: &str = " and d.owner_kind = 'user' and d.owner = ? and d.channel = ?";

/// What the person saved on this channel.
///
/// # Errors
/// Database errors.
pub(crate) fn own(tx: &mut Tx<'_>, user: Id, channel: Channel) -> Result<Option<Stored>, Error> {
    Select::new(SELECT)
        .push(OWN, vec![user.into(), channel.name().into()])
        .one(tx)
}

/// What identifies a destination: its channel, its key, and its label.
pub(crate) type KnownBy = (Channel, String, String);

const KNOWN_BY: &str = "select channel, target_key, label from destinations where id = $1";

/// What identifies the destination with this id, including one without a URL.
///
/// # Errors
/// Database errors.
pub(crate) fn key(tx: &mut Tx<'_>, id: Id) -> Result<Option<KnownBy>, Error> {
    let row: Option<(Word<Channel>, String, String)> = tx.one(KNOWN_BY, params![id])?;
    Ok(row.map(|(Word(channel), key, label)| (channel, key, label)))
}

/// A destination to save.
pub(crate) struct New<'a> {
    pub(crate) owner: Owner,
    /// The company of a team.
    pub(crate) company: Option<Id>,
    pub(crate) channel: Channel,
    pub(crate) url: &'a UrlTarget,
}

const SAME: &str =
    "select id from destinations where owner_kind = $1 and owner = $2 and channel = $3 and target_key = $4";
const AGAIN: &str =
    "update destinations set template = $2, saved_at = $3, sealed = $4, sealed_for = '' where id = $1";
const INSERT: &str = "insert into destinations (id, owner_kind, owner, rule_id, team_id, user_id, channel, sealed, \
     target_key, label, template, saved_at, refusals, off_at, off_reason, given_up_at) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, '', 0)";

/// Saves a URL, and turns it on. The same one again keeps its row, because waiting deliveries refer to it.
///
/// # Errors
/// Database errors.
pub(crate) fn save(tx: &mut Tx<'_>, vault: &Vault, new: &New<'_>) -> Result<Id, Error> {
    let (now, target) = (tx.now(), &new.url.target);
    let (kind, owner) = (new.owner.kind(), new.owner.id());
    let template = &*new.url.template;
    health::switch_on(tx, &target.key)?;
    let same = params![kind, owner, new.channel.name(), target.key.as_str()];
    let url = new.url.url.as_ref();
    let url = url.ok_or(Error::Fault("only a known URL can be saved"))?;
    let seal = |id| vault.seal(&aad(new.owner, new.company, (id, new.channel)), url.expose());
    if let Some((id,)) = tx.one::<(Id,)>(SAME, same)? {
        // Sealed again: it may have been one that the secret key cannot decrypt.
        tx.execute(AGAIN, params![id, template, now, seal(id)])?;
        return Ok(id);
    }
    let id = tx.id();
    let sealed = seal(id);
    let (rule, team, user) = match new.owner {
        Owner::Rule(id) => (Some(id), None, None),
        Owner::Team(id) => (None, Some(id), None),
        Owner::User(id) => (None, None, Some(id)),
    };
    let row = params![
        id,
        kind,
        owner,
        rule,
        team,
        user,
        new.channel.name(),
        sealed,
        target.key.as_str(),
        &*target.label,
        template,
        now
    ];
    tx.execute(INSERT, row)?;
    Ok(id)
}

const OTHERS: &str =
    "delete from destinations where owner_kind = $1 and owner = $2 and channel = $3 and id <> $4";

/// Saves the one URL that a team or a person has on a channel, replacing another.
///
/// # Errors
/// Database errors.
pub(crate) fn set(tx: &mut Tx<'_>, vault: &Vault, new: &New<'_>) -> Result<(), Error> {
    let id = save(tx, vault, new)?;
    let (kind, owner) = (new.owner.kind(), new.owner.id());
    tx.execute(OTHERS, params![kind, owner, new.channel.name(), id])
        .map(drop)
}

const CLEAR: &str = "delete from destinations where owner_kind = $1 and owner = $2 and channel = $3";

/// Removes what the owner has on a channel.
///
/// # Errors
/// Database errors.
pub(crate) fn clear(tx: &mut Tx<'_>, owner: Owner, channel: Channel) -> Result<(), Error> {
    tx.execute(CLEAR, params![owner.kind(), owner.id(), channel.name()])
        .map(drop)
}

const REMOVE: &str = "delete from destinations where id = $1";

/// Removes one.
///
/// # Errors
/// Database errors.
pub(crate) fn remove(tx: &mut Tx<'_>, id: Id) -> Result<(), Error> {
    tx.execute(REMOVE, params![id]).map(drop)
}

const REMOVE_ALL: &str = "delete from destinations where owner_kind = $1 and owner = $2";

/// Removes everything of an owner that is deleted.
///
/// # Errors
/// Database errors.
pub(crate) fn remove_all(tx: &mut Tx<'_>, owner: Owner) -> Result<(), Error> {
    tx.execute(REMOVE_ALL, params![owner.kind(), owner.id()])
        .map(drop)
}

const TEMPLATE: &str =
    "update destinations set template = $4 where owner_kind = $1 and owner = $2 and channel = $3";

/// Sets the template of the owner's destination on a channel; its URL is unchanged.
///
/// # Errors
/// Database errors.
pub(crate) fn set_template(
    tx: &mut Tx<'_>,
    owner: Owner,
    channel: Channel,
    template: &str,
) -> Result<(), Error> {
    let params = params![owner.kind(), owner.id(), channel.name(), template];
    tx.execute(TEMPLATE, params).map(drop)
}

/// How many keys one transaction computes.
const SETTLED: u32 = 200;
const UNSETTLED: &str = " and (d.target_key = '' or d.sealed_for <> '') order by d.id limit ?";
// The health of a URL without a key is in the old table; a copy has it already.
const SETTLE: &str = "update destinations set target_key = $2, sealed = $3, sealed_for = '', \
     refusals = case target_key when '' \
       then coalesce((select refusals from destination_health where target_key = $2), 0) else refusals end, \
     off_at = case target_key when '' then coalesce((select off_at from destination_health \
       where target_key = $2 and off_at >= destinations.saved_at), 0) else off_at end, \
     off_reason = case target_key when '' \
       then coalesce((select reason from destination_health where target_key = $2), '') else off_reason end where id = $1";

const MAIL_SERVER: &str = "insert into destinations (id, owner_kind, owner, channel, sealed, target_key, label, \
     template, saved_at, refusals, off_at, off_reason, given_up_at) \
     values ($1, 'platform', '', $2, '', $3, 'mail server', '', 0, 0, 0, '', 0) \
     on conflict (owner_kind, owner, channel, target_key) do nothing";

/// Ensures that the mail server has its row, computes the keys of URLs that came from tables without one, and seals
/// copies for their own rows; how many there were.
///
/// # Errors
/// Database errors.
pub(crate) fn settle(tx: &mut Tx<'_>, vault: &Vault) -> Result<u32, Error> {
    let rows: Vec<Stored> = Select::new(SELECT)
        .push(UNSETTLED, vec![SETTLED.into()])
        .readable(tx, "destination")?;
    let id = tx.id();
    tx.execute(MAIL_SERVER, params![id, Channel::Email.name(), MAIL_LANE])?;
    let mut count = 0;
    for row in rows {
        let (key, sealed) = row.opened(vault).map_or_else(
            // It is not used until it is saved again, and is not checked again.
            || (format!("unreadable {}", row.id), row.sealed.clone()),
            |url| {
                let key = Key::of_url(vault, url.expose()).as_str().to_owned();
                (key, vault.seal(&row.aad(), url.expose()))
            },
        );
        tx.execute(SETTLE, params![row.id, key, sealed])?;
        count += 1;
    }
    Ok(count)
}

const AFTER: &str = " order by d.id limit ?";
const RESEAL: &str = "update destinations set sealed = $3, sealed_for = '' where id = $1 and sealed = $2";

/// Seals URLs with the vault's first key that only an older key can decrypt: those after this id, up to a limit. How
/// many were sealed again, and after which id to continue; none at the end.
///
/// # Errors
/// Database errors.
pub fn reseal(tx: &mut Tx<'_>, vault: &Vault, after: Option<Id>) -> Result<(u64, Option<Id>), Error> {
    let rows: Vec<Stored> = Select::new(SELECT)
        .filter("d.id > ?", after)
        .push(AFTER, vec![SETTLED.into()])
        .all(tx)?;
    let next = rows.last().map(|row| row.id);
    let mut count = 0;
    for row in rows {
        let (own, aad) = (row.aad(), row.sealed_as());
        if vault.is_current(&aad, &row.sealed) {
            continue;
        }
        // What no key can decrypt stays: its key may be restored.
        if let Ok(url) = vault.open(&aad, &row.sealed) {
            let sealed = vault.seal(&own, url.expose());
            count += tx.execute(RESEAL, params![row.id, row.sealed, sealed])?;
        }
    }
    Ok((count, next))
}

/// Whether there are sealed URLs, and whether the vault can decrypt at least one of them: a single URL may be damaged.
///
/// # Errors
/// Database errors.
pub fn opens(tx: &mut Tx<'_>, vault: &Vault) -> Result<Option<bool>, Error> {
    let rows: Vec<Stored> = Select::new(SELECT).all(tx)?;
    let open = |row: &Stored| vault.open(&row.sealed_as(), &row.sealed).is_ok();
    Ok((!rows.is_empty()).then(|| rows.iter().any(open)))
}

const LOST: &str = "the secret key was lost: save the URL again";
const ABANDON: &str =
    "update destinations set off_at = $1, off_reason = $2 where sealed <> '' and off_at = 0";

/// Turns every URL off, because the key that decrypts them is lost. How many there were.
///
/// # Errors
/// Database errors.
pub fn abandon(tx: &mut Tx<'_>) -> Result<u64, Error> {
    let now = tx.now();
    tx.execute(ABANDON, params![now, LOST])
}
