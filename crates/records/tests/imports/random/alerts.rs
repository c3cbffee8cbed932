//! Alerts of ZAP: an alert stays one finding while its places come and go; a verdict covers the places it was given
//! for, and new ones get a separate finding.
//!
//! Owns: the worlds of alerts and their model, based on the promises. Must not: call what matches entries.

use base::Id;
use proptest::prelude::*;
use records::findings::Status;

use super::{
    older,
    rows::{Row, name},
    tool::{Kind, ROUNDS, Round, Seen, Tally, World, Written, ensure, word},
};

/// Worlds that share a site.
const ON_A_SITE: usize = 40;
/// Maximum number of different things the rule finds in one world.
const THINGS: usize = 2;
/// Places, each a bit of a set.
type Places = u16;
const PLACES: usize = 7;
/// One more than the set of all of them.
const ALL: Places = 1 << PLACES;

/// What happens to one of these things.
#[derive(Debug, Clone)]
enum Change {
    /// It is at these places now.
    At(usize, Places),
    /// These places come or go.
    Turn(usize, Places),
    /// It is fixed.
    Fixed(usize),
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Findings that get a verdict, or lose theirs.
    judge: Vec<usize>,
    changes: Vec<Change>,
}

#[derive(Debug, Clone)]
pub(crate) struct Script {
    first: [Places; THINGS],
    steps: Vec<Step>,
    twice: bool,
}

/// A finding in the model.
#[derive(Debug, Clone)]
struct Known {
    id: Id,
    thing: usize,
    places: Places,
    status: Status,
    gone: bool,
}

impl Known {
    fn is_verdict(&self) -> bool {
        matches!(self.status, Status::FalsePositive | Status::Duplicate)
    }

    fn is_open(&self) -> bool {
        self.status == Status::Open
    }
}

pub(crate) struct Alerts {
    number: usize,
    script: Script,
    /// Where each thing is.
    things: [Places; THINGS],
    /// What the scan report contains.
    reported: [Places; THINGS],
    known: Vec<Known>,
}

fn places() -> impl Strategy<Value = Places> {
    prop_oneof![1 => Just(0), 4 => 1..ALL]
}

fn step() -> impl Strategy<Value = Step> {
    let thing = 0..THINGS;
    let some = 1..ALL;
    let change = prop_oneof![
        1 => (thing.clone(), some.clone()).prop_map(|(thing, places)| Change::At(thing, places)),
        4 => (thing.clone(), some).prop_map(|(thing, places)| Change::Turn(thing, places)),
        1 => thing.prop_map(Change::Fixed),
    ];
    let judge = prop::collection::vec(0..9_usize, 0..3);
    (judge, prop::collection::vec(change, 0..3)).prop_map(|(judge, changes)| Step { judge, changes })
}

impl World for Alerts {
    const NAME: &'static str = "ZAP";
    type Script = Script;

    fn scripts() -> BoxedStrategy<Script> {
        let steps = prop::collection::vec(step(), ROUNDS - 1);
        let script = ([places(), places()], steps, prop::bool::weighted(0.1));
        script
            .prop_map(|(first, steps, twice)| Script { first, steps, twice })
            .boxed()
    }

    fn new(number: usize, script: Script) -> Self {
        Self {
            number,
            things: script.first,
            reported: [0; THINGS],
            script,
            known: Vec::new(),
        }
    }

    fn live(&mut self, round: &Round) -> Vec<(Id, Status)> {
        let step = round
            .number
            .checked_sub(1)
            .and_then(|at| self.script.steps.get(at))
            .cloned();
        let mut moves = Vec::new();
        if let Some(step) = step {
            moves.extend(step.judge.into_iter().filter_map(|which| self.judge(which)));
            for change in step.changes {
                match change {
                    Change::At(thing, places) => self.things[thing] = places,
                    Change::Turn(thing, places) => self.things[thing] ^= places,
                    Change::Fixed(thing) => self.things[thing] = 0,
                }
            }
        }
        let older = round.kind == Kind::Older;
        self.reported = if older { self.script.first } else { self.things };
        if !round.names(self.site()) {
            self.reported = [0; THINGS];
        }
        moves
    }

    fn write(&self, _: &Round) -> (Vec<Written>, u64) {
        let there = (0..THINGS).filter(|thing| self.reported[*thing] != 0);
        let mut written: Vec<_> = there.map(|thing| self.alert(thing)).collect();
        let twice = written.first().filter(|_| self.script.twice).cloned();
        let repeated = u64::from(twice.is_some());
        written.extend(twice);
        (written, repeated)
    }

    fn check(&mut self, seen: &Seen<'_>) -> Result<Tally, String> {
        if !seen.round.names(self.site()) {
            return older::unchanged(seen.before, seen.rows, |_| false).map(|()| Tally::default());
        }
        let listed = seen
            .rows
            .iter()
            .map(|row| self.listed(row))
            .collect::<Result<Vec<_>, _>>()?;
        let what = || {
            let reported = self.reported.map(|places| format!("{places:b}"));
            format!(
                "\nreported {reported:?}, before {:#?}\nnow {listed:#?}",
                self.known
            )
        };
        self.judged_stay(&listed)
            .map_err(|error| format!("{error}{}", what()))?;
        let checked = if seen.round.kind == Kind::Older {
            older::unchanged(seen.before, seen.rows, |row| row.first == seen.scan)
                .and_then(|()| self.after_older(&listed))
        } else {
            let held: Vec<_> = seen.rows.iter().map(|row| row.last == seen.scan).collect();
            self.after_latest(seen, (&listed, &held))
        };
        checked.map_err(|error| format!("{error}{}", what()))?;
        let before = |one: &Known| {
            self.known
                .iter()
                .find(|known| known.id == one.id)
                .map(|known| known.status)
        };
        let count = |from: Option<Status>, to: Status| {
            listed
                .iter()
                .filter(|one| before(one) == from && one.status == to)
                .count() as u64
        };
        let tally = Tally {
            created: count(None, Status::Open),
            reopened: count(Some(Status::Closed), Status::Open),
            closed: count(Some(Status::Open), Status::Closed),
        };
        self.known = listed;
        Ok(tally)
    }

    fn report(entries: &[Written], hosts: usize, round: &Round) -> (String, u64, u64) {
        let partial = u64::from(round.kind == Kind::Partial && hosts > 0);
        let site = |site: usize| {
            let broken = (site == 0 && partial > 0).then_some(r#"{"pluginid":"1","riskcode":"9"}"#);
            let of_site = entries
                .iter()
                .filter(|one| one.host == site)
                .map(|one| one.text.as_str());
            let alerts: Vec<_> = broken.into_iter().chain(of_site).collect();
            format!(
                r#"{{"@name":"https://s{site}.test","alerts":[{}]}}"#,
                alerts.join(",")
            )
        };
        // The broken alert needs a site that is named.
        let named = (0..hosts).filter(|at| round.names(*at) || *at == 0 && partial > 0);
        let sites: Vec<_> = named.map(site).collect();
        let report = format!(
            r#"{{"@version":"2.15","@programName":"ZAP","created":"2024-01-01T{:02}:00:00Z","site":[{}]}}"#,
            round.hour(),
            sites.join(",")
        );
        (report, partial, partial)
    }

    fn hosts(worlds: usize) -> usize {
        worlds / ON_A_SITE + 1
    }
}

impl Alerts {
    fn site(&self) -> usize {
        self.number / ON_A_SITE
    }

    fn place(&self, at: usize) -> String {
        format!("https://s{}.test/{}/p{at}", self.site(), name(self.number))
    }

    fn alert(&self, thing: usize) -> Written {
        let places = (0..PLACES).filter(|at| (self.reported[thing] >> at) & 1 == 1);
        let places: Vec<_> = places
            .map(|at| format!(r#"{{"uri":"{}","method":"GET","param":"q"}}"#, self.place(at)))
            .collect();
        let name = name(self.number);
        let text = format!(
            r#"{{"pluginid":"40018","alert":"{name} alert","name":"{name} alert","riskcode":"2","confidence":"2","desc":"<p>thing {}</p>","instances":[{}],"count":"{}"}}"#,
            word(thing),
            places.join(","),
            places.len()
        );
        Written {
            host: self.site(),
            text,
        }
    }

    /// A user gives a verdict on a finding, or withdraws it.
    fn judge(&mut self, which: usize) -> Option<(Id, Status)> {
        let mut listed: Vec<_> = self
            .known
            .iter_mut()
            .filter(|one| one.status != Status::Closed)
            .collect();
        let at = which % listed.len().max(1);
        let one = listed.get_mut(at)?;
        one.status = match which {
            _ if one.is_verdict() => Status::Open,
            0..3 => Status::Duplicate,
            _ => Status::FalsePositive,
        };
        Some((one.id, one.status))
    }

    /// A finding in the list.
    fn listed(&self, row: &Row) -> Result<Known, String> {
        let mut places = 0;
        for shown in row.places() {
            let at = (0..PLACES).find(|at| shown == format!("{} (q)", self.place(*at)));
            let Some(at) = at else {
                return Err(format!("{shown} is not one of its places"));
            };
            places |= 1 << at;
        }
        let thing = (0..THINGS).find(|thing| row.description.contains(&format!("thing {}", word(*thing))));
        let Some(thing) = thing else {
            return Err(format!("{row:?} is not a known thing"));
        };
        let (id, status, gone) = (row.id, row.status, row.gone);
        Ok(Known {
            id,
            thing,
            places,
            status,
            gone,
        })
    }

    /// A verdict stays with the places it was given for (promise M4).
    fn judged_stay(&self, listed: &[Known]) -> Result<(), String> {
        for known in self.known.iter().filter(|one| one.is_verdict()) {
            let now = listed.iter().find(|one| one.id == known.id);
            let same = |now: &Known| {
                (now.thing, now.places, now.status) == (known.thing, known.places, known.status)
            };
            ensure(now.is_some_and(same), || {
                format!("{known:?} had a verdict and is {now:?}")
            })?;
        }
        Ok(())
    }

    /// The places of a thing that no verdict covers.
    fn rest(&self, thing: usize) -> Places {
        let judged = self
            .known
            .iter()
            .filter(|one| one.is_verdict() && one.thing == thing);
        judged.fold(self.reported[thing], |rest, one| rest & !one.places)
    }

    /// Whether the thing may be another one with a different text: it is new, and the other one is not in the scan
    /// report. Then the promises do not decide whether it is the same thing with a new text (M5) or a new one (M4).
    fn is_open_question(&self, thing: usize) -> bool {
        let heard = self.known.iter().any(|one| one.thing == thing);
        let others = (0..THINGS).filter(|other| *other != thing);
        !heard && !self.known.is_empty() && others.into_iter().any(|other| self.reported[other] == 0)
    }

    fn after_latest(&self, seen: &Seen<'_>, (listed, held): (&[Known], &[bool])) -> Result<(), String> {
        let doubt = (0..THINGS).any(|thing| self.reported[thing] != 0 && self.is_open_question(thing));
        for thing in 0..THINGS {
            let open = listed
                .iter()
                .zip(held)
                .filter(|(one, held)| **held && one.is_open() && one.thing == thing);
            let open: Vec<&Known> = open.map(|(one, _)| one).collect();
            if doubt {
                self.all_is_listed(thing, listed)?;
                continue;
            }
            let rest = self.rest(thing);
            ensure(
                open.iter().map(|one| one.places).eq((rest != 0).then_some(rest)),
                || format!("thing {thing} must be open at {rest:b}"),
            )?;
            if let [now] = open.as_slice() {
                self.stays_itself(now)?;
            }
        }
        for (one, held) in listed.iter().zip(held) {
            ensure(!(*held && one.gone), || format!("{one:?} is marked as gone"))?;
            let before = self.known.iter().find(|known| known.id == one.id);
            let covers = one.is_verdict() && one.places & self.reported[one.thing] != 0;
            ensure(doubt || !one.is_verdict() || *held == covers, || {
                format!("{one:?} covers: {covers}")
            })?;
            if *held {
                continue;
            }
            let Some(before) = before else {
                return Err(format!("no report contains {one:?}"));
            };
            if seen.round.closes() {
                let closed = one.status == Status::Closed || one.is_verdict() && one.gone;
                ensure(closed, || format!("{one:?} is not in the report"))?;
            } else {
                let same = (one.status, one.gone, one.places) == (before.status, before.gone, before.places);
                ensure(same, || {
                    format!("{before:?} became {one:?} though nothing is closed")
                })?;
            }
        }
        Ok(())
    }

    /// An open alert stays the same finding (promises M3 and M5).
    fn stays_itself(&self, now: &Known) -> Result<(), String> {
        let own = self
            .known
            .iter()
            .filter(|one| one.thing == now.thing && one.is_open() && !one.gone);
        let own: Vec<_> = own.collect();
        let is = |one: &&Known| one.id == now.id;
        ensure(own.is_empty() || own.iter().any(is), || {
            format!("{now:?} is no longer {own:?}")
        })?;
        if !own.is_empty() {
            return Ok(());
        }
        // It was fixed and is found again: it is one of those at its places.
        let back = self
            .known
            .iter()
            .filter(|one| one.thing == now.thing && one.status == Status::Closed);
        let back: Vec<_> = back.filter(|one| one.places & now.places != 0).collect();
        ensure(back.is_empty() || back.iter().any(is), || {
            format!("{now:?} was {back:?}")
        })
    }

    /// Every place is in the list, open or under a verdict.
    fn all_is_listed(&self, thing: usize, listed: &[Known]) -> Result<(), String> {
        let present = listed
            .iter()
            .filter(|one| one.is_open() || one.is_verdict() && !one.gone);
        let places = present.fold(0, |places, one| places | one.places);
        ensure(self.reported[thing] & !places == 0, || {
            format!("a place of thing {thing} is not in the list")
        })
    }

    /// For a thing that is not in the list, or only with a verdict elsewhere, a finding is created (promise P4).
    fn after_older(&self, listed: &[Known]) -> Result<(), String> {
        for thing in 0..THINGS {
            let new = listed
                .iter()
                .filter(|one| !self.known.iter().any(|known| known.id == one.id));
            let new: Vec<_> = new
                .filter(|one| one.thing == thing)
                .map(|one| one.places)
                .collect();
            let known = self
                .known
                .iter()
                .any(|one| one.thing == thing && !one.is_verdict());
            let rest = self.rest(thing);
            if known {
                ensure(new.is_empty(), || format!("thing {thing} is listed twice"))?;
            } else if !self.known.iter().any(|one| !one.is_verdict()) && !self.is_open_question(thing) {
                let expected: Vec<_> = (rest != 0).then_some(rest).into_iter().collect();
                ensure(new == expected, || {
                    format!("thing {thing} must be created at {rest:b}")
                })?;
            }
        }
        Ok(())
    }
}
