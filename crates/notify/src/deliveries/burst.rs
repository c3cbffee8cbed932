//! How many single messages one person gets per minute, on one channel; any more are bundled in a summary.
//!
//! Owns: the decision, made in the transaction of the plan and stored in a row that is locked meanwhile, so that it
//! holds through crashes and between nodes. The first message over the limit becomes the summary: it waits for a
//! minute, and messages until then join it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use base::{Id, Time};
use store::{Error, FromRow, Row, Tx, Value, params, rows};

use crate::{
    channel::Channel,
    plan::Planned,
    target::{Key, Recipient},
};

/// The window for counting messages, and how long a summary collects.
const WINDOW: Duration = Duration::from_mins(1);

/// How a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As a single message.
    Single,
    /// It becomes a summary with this id, which is due then.
    Opens(Id, Time),
    /// It is bundled in this summary.
    Joins(Id),
}

/// A recipient's place: who is notified where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    channel: Channel,
    recipient: String,
    key: Key,
}

impl Place {
    /// None for what does not go to a person: posts to teams and URLs of rules are not bundled.
    fn of(planned: &Planned) -> Option<Self> {
        let recipient = match &planned.recipient {
            Recipient::User(_) | Recipient::Address(_) => &planned.recipient,
            Recipient::Team(_) | Recipient::Url(_) => return None,
        };
        Some(Self {
            channel: planned.channel,
            recipient: format!("{} {}", recipient.kind(), recipient.reference()),
            key: planned.target.key.clone(),
        })
    }
}

/// Recent messages of a place.
#[derive(Debug, Default)]
struct Recent {
    singles: Vec<Time>,
    summary: Option<(Id, Time)>,
    /// Whether this transaction knows that the summary still waits.
    confirmed: bool,
}

/// The places of one transaction, locked until it ends.
#[derive(Debug)]
pub(crate) struct Bursts {
    limit: usize,
    places: BTreeMap<Place, Recent>,
}

struct Stored(Place, Recent);

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let place = Place {
            channel: row.word(0)?,
            recipient: row.get(1)?,
            key: Key::stored(&row.get::<String>(2)?),
        };
        let (singles, summary): (String, String) = (row.get(3)?, row.get(4)?);
        let summary = if summary.is_empty() {
            None
        } else {
            Some((row.get(4)?, row.get(5)?))
        };
        let singles = singles
            .split_ascii_whitespace()
            .map(|nanos| nanos.parse().map(Time::from_nanos))
            .collect::<Result<_, _>>()
            .map_err(|_| Error::Decode("times of single messages".to_owned()))?;
        let recent = Recent {
            singles,
            summary,
            confirmed: false,
        };
        Ok(Self(place, recent))
    }
}

const HEAD: &str = "insert into delivery_bursts (channel, recipient, target_key, singles, summary_id, summary_at, \
     updated_at)";
const WIDTH: usize = 7;
// The empty change is the lock.
const LOCK: &str = "on conflict (channel, recipient, target_key) do update set updated_at = excluded.updated_at \
     returning channel, recipient, target_key, singles, summary_id, summary_at";
const SAVE: &str = "on conflict (channel, recipient, target_key) do update set singles = excluded.singles, \
     summary_id = excluded.summary_id, summary_at = excluded.summary_at";
// Updated, so that a claim of it waits for the messages that join, or these see that it was claimed.
const WAITS: &str =
    "update deliveries set updated_at = $2 where id = $1 and state = 'pending' and attempts = 0";

impl Bursts {
    /// The recent messages of these places; at most `limit` single messages per minute, 0 for no limit.
    ///
    /// # Errors
    /// Database errors.
    pub(crate) fn open<'a>(
        tx: &mut Tx<'_>,
        limit: u32,
        planned: impl Iterator<Item = &'a Planned>,
    ) -> Result<Self, Error> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        // In order, so that two transactions never deadlock.
        let places: BTreeSet<Place> = planned.filter(|_| limit > 0).filter_map(Place::of).collect();
        let now = tx.now();
        let rows = places.iter().map(|place| row(place, &Recent::default(), now));
        let stored: Vec<Stored> = rows::insert_returning(tx, (HEAD, LOCK), rows.collect())?;
        Ok(Self {
            limit,
            places: stored
                .into_iter()
                .map(|Stored(place, recent)| (place, recent))
                .collect(),
        })
    }

    /// How this message is sent.
    ///
    /// # Errors
    /// Database errors.
    pub(crate) fn mode(&mut self, tx: &mut Tx<'_>, planned: &Planned) -> Result<Mode, Error> {
        let now = tx.now();
        let Some(recent) = Place::of(planned).and_then(|place| self.places.get_mut(&place)) else {
            return Ok(Mode::Single);
        };
        if let Some((summary, until)) = recent.summary
            && until > now
        {
            if recent.confirmed || tx.execute(WAITS, params![summary, now])? > 0 {
                recent.confirmed = true;
                return Ok(Mode::Joins(summary));
            }
            recent.summary = None;
        }
        // A time in the future is from before the clock was set back.
        recent.singles.retain(|at| *at <= now && at.after(WINDOW) > now);
        if recent.singles.len() < self.limit {
            recent.singles.push(now);
            return Ok(Mode::Single);
        }
        let (summary, until) = (tx.id(), now.after(WINDOW));
        recent.summary = Some((summary, until));
        recent.confirmed = true;
        Ok(Mode::Opens(summary, until))
    }

    /// Stores the decisions.
    ///
    /// # Errors
    /// Database errors.
    pub(crate) fn save(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let now = tx.now();
        let rows = self.places.iter().map(|(place, recent)| row(place, recent, now));
        rows::post(tx, (HEAD, SAVE), rows.collect())
    }
}

fn row(place: &Place, recent: &Recent, now: Time) -> [Value; WIDTH] {
    let singles: Vec<String> = recent.singles.iter().map(|at| at.nanos().to_string()).collect();
    let (summary, until) = recent
        .summary
        .map_or_else(Default::default, |(id, until)| (id.to_string(), until));
    [
        place.channel.name().into(),
        place.recipient.as_str().into(),
        place.key.as_str().into(),
        singles.join(" ").into(),
        summary.into(),
        until.into(),
        now.into(),
    ]
}
