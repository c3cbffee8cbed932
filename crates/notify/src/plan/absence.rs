//! Why someone was not considered at all, or why no rule turned a channel on for them.
//!
//! By the current people and rules: nothing is stored about people who were not considered. Must not: decide who is
//! notified.

use base::{Event, Id, Kind, Severity};

use super::{World, act, named, responsible, rule::Mismatch};
use crate::channel::Channel;

/// Why someone was not considered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// This event type has no notifications.
    Silent,
    /// The event's company is outside their scope.
    OutOfScope,
    /// The account is disabled.
    Disabled,
    /// They did it themselves.
    OwnAct,
    /// They were assigned already, and an assignment notifies new assignees.
    AssignedBefore,
    /// A rule names them, but has a higher minimum severity.
    BelowThreshold(Severity),
    /// A rule names them, but is limited to other projects, assets, tags, tools or statuses.
    Filtered,
    /// They are not responsible, and no rule names them.
    NotConcerned,
}

/// Why this person was not considered for the event.
pub fn absence(event: &Event, world: &World, user: Id) -> Absence {
    if !event.kind.about().notifies {
        return Absence::Silent;
    }
    let person = world.person(user);
    if person.is_some_and(|person| !person.scope.reaches(user, event.audience)) {
        return Absence::OutOfScope;
    }
    if person.is_none_or(|person| !person.active) {
        return Absence::Disabled;
    }
    if person.is_some_and(|person| !person.own_acts) && act::is_own(event, user) {
        return Absence::OwnAct;
    }
    if event.kind == Kind::FindingAssigned && responsible::is_assigned(event, user) {
        return Absence::AssignedBefore;
    }
    near_miss(event, world, user).unwrap_or(Absence::NotConcerned)
}

/// Why the rules that would notify this person do not apply to the event: for the one that is closest.
pub fn near_miss(event: &Event, world: &World, user: Id) -> Option<Absence> {
    let mut involved = responsible::involved(event, world).users.into_iter();
    let involved = involved.any(|(id, _)| id == user);
    let rules = act::kinds(event).flat_map(|kind| {
        let channels = Channel::ALL.into_iter().filter(|channel| !channel.has_url());
        channels.flat_map(move |channel| world.rules.of(kind, channel))
    });
    let obstacles = rules
        .filter(|rule| {
            let at = |address: &crate::target::Target| world.person_at(&address.label) == Some(user);
            let names = || named(event, world, rule).into_iter().any(|(id, _)| id == user);
            involved || names() || rule.addresses.iter().any(at)
        })
        .filter_map(|rule| rule.mismatch(event));
    let (mut least, mut filtered) = (None::<Severity>, false);
    for mismatch in obstacles {
        match mismatch {
            Mismatch::Severity(from) => least = Some(least.map_or(from, |least| least.min(from))),
            Mismatch::Filters => filtered = true,
            Mismatch::Company => {}
        }
    }
    least
        .map(Absence::BelowThreshold)
        .or(filtered.then_some(Absence::Filtered))
}
