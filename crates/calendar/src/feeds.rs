//! Subscribable feeds: what each shows, and reading it with its key.
//!
//! Owns: a feed's settings, and its entries at the moment it is fetched: what its owner may see counts then, not when
//! it was created. Must not: keep a key; `access::feed_keys` does.

pub mod http;

use std::time::Duration;

use access::{
    Refused, directory,
    feed_keys::{self, FeedKey},
};
use base::{Id, Scope, Time};
use jiff::tz::TimeZone;
use records::{
    Date,
    dated::{self, Item, Kind},
};
use serde::{Deserialize, Serialize};
use store::Tx;

use crate::{Window, window};

/// How many months a feed covers, back and ahead.
const MONTHS: [i64; 2] = [-3, 13];

/// The most entries of the past, and of the future.
const ENTRIES: [u32; 2] = [1_000, 4_000];

/// A feed's settings, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) company_id: Option<Id>,
    pub(crate) mine: bool,
    pub(crate) alarms: Vec<u32>,
    /// None for all.
    pub(crate) kinds: Option<Vec<Kind>>,
}

impl Settings {
    pub(crate) fn of(key: &FeedKey) -> Result<Self, Refused> {
        serde_json::from_str(&key.settings).map_err(|_| {
            tracing::error!(feed = %key.id, "the stored settings of a calendar feed cannot be read");
            Refused::Fault
        })
    }

    pub(crate) fn text(&self) -> Result<String, Refused> {
        serde_json::to_string(self).map_err(|_| Refused::Fault)
    }
}

/// A feed as found by its key.
pub(crate) struct Found {
    pub(crate) key: FeedKey,
    pub(crate) settings: Settings,
    pub(crate) items: Vec<Item>,
    /// Whether there is more.
    pub(crate) cut: bool,
}

/// The feed of this key now.
///
/// # Errors
/// 404 for a key that is not valid: unknown, revoked, of a disabled user, or of a company that its owner no longer
/// sees.
pub(crate) fn read(tx: &mut Tx<'_>, key: &str) -> Result<Found, Refused> {
    let opened = feed_keys::open(tx, key)?.ok_or(Refused::NotFound)?;
    let settings = Settings::of(&opened.key)?;
    if let Some(company) = settings.company_id
        && !directory::has_company(tx, company, &opened.scope)?
    {
        return Err(Refused::NotFound);
    }
    let (items, cut) = entries(tx, &settings, opened.key.user_id, &opened.scope)?;
    Ok(Found {
        key: opened.key,
        settings,
        items,
        cut,
    })
}

/// Past and future entries, relative to the beginning of the day UTC, so that a feed is the same all day. Of too many
/// past ones, the latest are kept.
fn entries(
    tx: &mut Tx<'_>,
    settings: &Settings,
    owner: Id,
    scope: &Scope,
) -> Result<(Vec<Item>, bool), Refused> {
    let today = Date::of(tx.now()).midnight();
    let [back, ahead] = MONTHS.map(|count| window::months(today, count));
    let mut ask = |from: Time, to: Time, limit: u32| {
        let (first_day, last_day) = Window { from, to }.days(&TimeZone::UTC);
        let query = dated::Query {
            scope: scope.clone(),
            company: settings.company_id,
            assigned_to: settings.mine.then_some(owner),
            kinds: settings.kinds.clone().unwrap_or_else(|| Kind::ALL.to_vec()),
            from,
            to,
            first_day,
            last_day,
            stamps: true,
            after: None,
            limit: limit + 1,
        };
        dated::due(tx, &query)
    };
    let [past_most, coming_most] = ENTRIES;
    let mut days = today.since(back).as_secs() / 86_400;
    let mut past = ask(back, today, past_most)?;
    let mut cut = false;
    while past.len() > past_most as usize {
        cut = true;
        days /= 2;
        past = if days == 0 {
            Vec::new()
        } else {
            ask(today.before(Duration::from_hours(24 * days)), today, past_most)?
        };
    }
    let mut coming = ask(today, ahead, coming_most)?;
    cut |= coming.len() > coming_most as usize;
    coming.truncate(coming_most as usize);
    past.append(&mut coming);
    Ok((past, cut))
}
