//! How long it takes until someone reads an event: medians and 90th percentiles, computed in the database.
//!
//! A percentile is the nearest rank: the shortest time within which at least that share of the read events was read.
//! Must not: include a company outside the scope.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use access::directory;
use base::{Id, Scope, Severity, Time};
use serde::Serialize;
use store::{Error, Select, Tx};

/// The most teams of one answer.
const TEAMS: usize = 200;

/// How often and how quickly events were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = TimesToKnow)]
pub struct Times {
    /// How many events notified someone, or are critical or urgent and reached nobody.
    pub events: u64,
    /// How many of them someone has read.
    pub read: u64,
    /// How many nobody has read.
    pub unread: u64,
    /// How many of these, critical or urgent, reached nobody.
    pub reached_nobody: u64,
    /// The median in seconds from the event to its first reader, of the events that were read; null for none.
    pub median_seconds: Option<f64>,
    /// The 90th percentile.
    pub p90_seconds: Option<f64>,
}

/// Events of one severity.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = TimeToKnowBySeverity)]
pub struct BySeverity {
    /// The severity; null for events without one.
    pub severity: Option<Severity>,
    /// The figures.
    #[serde(flatten)]
    pub times: Times,
}

/// Events that notified one team, or for which it is responsible.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = TimeToKnowByTeam)]
pub struct ByTeam {
    /// The team.
    pub team_id: Id,
    /// Its name. Untrusted text: escape it.
    pub team_name: String,
    /// Its company.
    pub company_id: Id,
    /// The figures; the first reader can be anyone who was notified.
    #[serde(flatten)]
    pub times: Times,
}

/// The figures.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct TimeToKnow {
    /// The requested company; null for all that the caller manages.
    pub company_id: Option<Id>,
    /// Events since this time.
    pub from: Time,
    /// Events before this time.
    pub to: Time,
    /// After how many hours unread critical and urgent events are announced to the managers; 0 for never.
    pub unread_hours: u64,
    /// All events.
    pub total: Times,
    /// By severity, most severe first; those without one last.
    pub severities: Vec<BySeverity>,
    /// By team, most unread events first; at most 200.
    pub teams: Vec<ByTeam>,
    /// How many more teams there are.
    pub more_teams: usize,
}

/// Which events.
#[derive(Debug, Clone)]
pub(super) struct Which {
    pub(super) scope: Scope,
    pub(super) company: Option<Id>,
    pub(super) from: Time,
    pub(super) to: Time,
}

/// The figures of these events.
///
/// # Errors
/// Database errors.
pub(super) fn read(tx: &mut Tx<'_>, which: &Which, unread_after: Duration) -> Result<TimeToKnow, Error> {
    let total = times(tx, which, TOTAL)?.into_values().next().unwrap_or_default();
    let mut severities: Vec<BySeverity> = times(tx, which, BY_SEVERITY)?
        .into_iter()
        .map(|(severity, times)| BySeverity {
            severity: severity.parse().ok(),
            times,
        })
        .collect();
    severities.sort_by_key(|one| Reverse(one.severity));
    let (teams, more_teams) = teams(tx, which)?;
    Ok(TimeToKnow {
        company_id: which.company,
        from: which.from,
        to: which.to,
        unread_hours: unread_after.as_secs() / 3600,
        total,
        severities,
        teams,
        more_teams,
    })
}

fn teams(tx: &mut Tx<'_>, which: &Which) -> Result<(Vec<ByTeam>, usize), Error> {
    let by_team = times(tx, which, BY_TEAM)?;
    let ids: Vec<Id> = by_team.keys().filter_map(|id| id.parse().ok()).collect();
    // A team that was deleted since has no name and is left out, like one of a company outside the scope.
    let mut teams: Vec<ByTeam> = directory::team_names(tx, &ids)?
        .into_iter()
        .filter(|team| which.scope.allows(team.company_id))
        .filter_map(|team| {
            let times = *by_team.get(&team.id.to_string())?;
            Some(ByTeam {
                team_id: team.id,
                team_name: team.name,
                company_id: team.company_id,
                times,
            })
        })
        .collect();
    teams.sort_by_key(|team| {
        (
            Reverse(team.times.unread),
            Reverse(team.times.events),
            team.team_id,
        )
    });
    let more = teams.len().saturating_sub(TEAMS);
    teams.truncate(TEAMS);
    Ok((teams, more))
}

const TOTAL: &str = "select '' as name, r.id, r.events, r.reached, r.read_at, r.read_at - r.at as took \
     from first_reads r where r.events > 0";
const BY_SEVERITY: &str = "select r.severity as name, r.id, r.events, r.reached, r.read_at, r.read_at - r.at as took \
     from first_reads r where r.events > 0";
const BY_TEAM: &str = "select t.team_id as name, r.id, r.events, r.reached, r.read_at, r.read_at - r.at as took \
     from first_reads r join first_read_teams t on t.read_id = case when r.set_id = '' then r.id else r.set_id end \
     where r.events > 0";

const COUNTS: &str = "select name, cast(sum(events) as bigint), \
     cast(sum(case when read_at > 0 then events else 0 end) as bigint), \
     cast(sum(case when reached = 0 then events else 0 end) as bigint) from (";
const RANKS: &str = "select name, cast(min(case when upto * 2 >= whole then took end) as bigint), \
     cast(min(case when upto * 10 >= whole * 9 then took end) as bigint) from (\
     select name, took, sum(events) over (partition by name order by took, id) as upto, \
     sum(events) over (partition by name) as whole from (";

/// The figures by the name of these rows.
fn times(tx: &mut Tx<'_>, which: &Which, rows: &str) -> Result<BTreeMap<String, Times>, Error> {
    let rows = rows_of(which, rows);
    let counts = Select::new(COUNTS)
        .union([rows.clone()])
        .push(") as x group by name", Vec::new());
    let counts: Vec<(String, u64, u64, u64)> = counts.all(tx)?;
    let read = rows.push(" and r.read_at > 0", Vec::new());
    let ranks = Select::new(RANKS)
        .union([read])
        .push(") as y) as z group by name", Vec::new());
    let ranks: Vec<(String, Option<Time>, Option<Time>)> = ranks.all(tx)?;
    let mut times: BTreeMap<String, Times> = counts
        .into_iter()
        .map(|(name, events, read, reached_nobody)| {
            let times = Times {
                events,
                read,
                unread: events.saturating_sub(read),
                reached_nobody,
                ..Times::default()
            };
            (name, times)
        })
        .collect();
    for (name, median, ninety) in ranks {
        if let Some(times) = times.get_mut(&name) {
            times.median_seconds = median.map(seconds);
            times.p90_seconds = ninety.map(seconds);
        }
    }
    Ok(times)
}

fn rows_of(which: &Which, rows: &str) -> Select {
    // Ids sort by time, and no event is raised more than an hour early: without a company, the primary key finds the
    // window.
    let slack = which.from.before(Duration::from_hours(1));
    let first = Id::from_parts(slack.millis(), [0; 10]);
    Select::new(rows)
        .scope("r.company_id", &which.scope)
        .filter("r.id >= ?", Some(first))
        .filter("r.at >= ?", Some(which.from))
        .filter("r.at < ?", Some(which.to))
}

/// A duration in seconds.
fn seconds(took: Time) -> f64 {
    Duration::from_nanos(u64::try_from(took.nanos()).unwrap_or_default()).as_secs_f64()
}
