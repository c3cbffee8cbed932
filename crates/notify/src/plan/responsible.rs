//! Who is responsible for the event's record: the first level that reaches anyone (promise O1).
//!
//! The same function serves the plan, the trace and the dry run. Must not: check rules, channels or preferences.

use access::ownership::{self, Facts, Owners};
use base::{Event, Id, Kind, SubjectType};
use serde_json::Value;

use super::{
    reason::Why,
    world::{World, admits_team},
};

/// The responsible people and teams, and why each is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Responsible {
    /// People.
    pub users: Vec<(Id, Why)>,
    /// Teams.
    pub teams: Vec<(Id, Why)>,
}

impl Responsible {
    fn of(users: &[Id], teams: &[Id], why: &Why) -> Self {
        Self {
            users: users.iter().map(|id| (*id, why.clone())).collect(),
            teams: teams.iter().map(|id| (*id, why.clone())).collect(),
        }
    }

    fn extend(&mut self, (users, teams): &Owners, why: &Why) {
        let more = Self::of(users, teams, why);
        self.users.extend(more.users);
        self.teams.extend(more.teams);
    }

    /// Whether any of them can be notified: an active person in scope, or a team that can be reached.
    fn reaches(&self, event: &Event, world: &World) -> bool {
        let person = |id: &Id| is_reachable(event, world, *id);
        self.users.iter().any(|(id, _)| person(id))
            || self.teams.iter().any(|(id, _)| {
                world.team(*id).is_some_and(|team| {
                    admits_team(event, team).is_ok() && (team.has_chat() || team.members.iter().any(person))
                })
            })
    }
}

fn is_reachable(event: &Event, world: &World, user: Id) -> bool {
    world
        .person(user)
        .is_some_and(|person| person.active && person.scope.reaches(user, event.audience))
}

/// Whether someone is always responsible for the event's record.
fn is_owned(event: &Event) -> bool {
    event.subject.kind == SubjectType::Finding && event.kind.about().severity && !is_addressed(event)
}

/// Whether the event itself names its recipients: the managers, for what nobody has read.
fn is_addressed(event: &Event) -> bool {
    matches!(event.kind, Kind::SlaEscalated | Kind::FindingUnread)
}

/// Who is responsible; nobody for an event that is not about a finding.
pub fn responsible(event: &Event, world: &World) -> Responsible {
    if !is_owned(event) {
        return Responsible::default();
    }
    let assigned = assignees(event, event.kind == Kind::FindingAssigned);
    // An assignment notifies new assignees; existing ones keep the event at this level.
    if assigned.reaches(event, world) || assignees(event, false).reaches(event, world) {
        return assigned;
    }
    let levels = [
        by_rule as fn(&Event, &World) -> Responsible,
        owners,
        managers,
        administrators,
    ];
    let first = levels
        .into_iter()
        .map(|level| level(event, world))
        .find(|level| level.reaches(event, world));
    // Assignees who cannot be reached are still listed: the trace shows why they were not notified.
    let mut all = assigned;
    let first = first.unwrap_or_default();
    all.users.extend(first.users);
    all.teams.extend(first.teams);
    all
}

/// The assignees: all of them, or only new ones. If the event also names others, its data shows who the assignees are.
fn assignees(event: &Event, newly: bool) -> Responsible {
    let listed = |key: &str, otherwise: &[Id]| match event.data.get(key) {
        Some(Value::Array(ids)) if !newly => ids
            .iter()
            .filter_map(|id| id.as_str()?.parse().ok())
            .collect::<Vec<Id>>(),
        _ => otherwise.to_vec(),
    };
    let users = listed("assignee_user_ids", &event.assignee_users);
    let teams = listed("assignee_team_ids", &event.assignee_teams);
    Responsible::of(&users, &teams, &Why::Assignee)
}

/// Whether the finding is assigned to this person, new or not.
pub(super) fn is_assigned(event: &Event, user: Id) -> bool {
    assignees(event, false).users.iter().any(|(id, _)| *id == user)
}

fn by_rule(event: &Event, world: &World) -> Responsible {
    let company = event.audience.company();
    let Some(rules) = company.and_then(|company| world.ownership.get(&company)) else {
        return Responsible::default();
    };
    match ownership::first(rules, &Facts::of(event)) {
        Some(rule) => Responsible::of(&rule.user_ids, &rule.team_ids, &Why::OwnershipRule(rule.position)),
        None => Responsible::default(),
    }
}

pub(super) fn owners(event: &Event, world: &World) -> Responsible {
    let facts = Facts::of(event);
    let mut all = Responsible::default();
    for (record, why) in [
        (facts.asset, Why::Owner(SubjectType::Asset)),
        (facts.project, Why::Owner(SubjectType::Project)),
    ] {
        if let Some(owned) = record.and_then(|id| world.owners.get(&id)) {
            all.extend(owned, &why);
        }
    }
    all
}

fn managers(event: &Event, world: &World) -> Responsible {
    let company = event.audience.company();
    let managers: Vec<Id> = company
        .into_iter()
        .flat_map(|company| world.managers(company))
        .collect();
    Responsible::of(&managers, &[], &Why::Manager)
}

fn administrators(_: &Event, world: &World) -> Responsible {
    Responsible::of(&world.administrators, &[], &Why::Administrator)
}

/// Whom the plan considers without a rule that names them: people responsible, people the event itself names, and
/// followers. Each once, with the first reason.
pub(super) fn involved(event: &Event, world: &World) -> Responsible {
    let mut all = responsible(event, world);
    all.users
        .extend(event.assignee_users.iter().map(|id| (*id, Why::Concerned)));
    all.teams
        .extend(event.assignee_teams.iter().map(|id| (*id, Why::Concerned)));
    all.users
        .extend(followers(event, world).map(|id| (id, Why::Follower)));
    // If a team has no chat, its members are notified instead (promise O5).
    for (id, _) in &all.teams {
        if let Some(team) = world.team(*id)
            && !team.has_chat()
            && admits_team(event, team).is_ok()
        {
            let members = team.members.iter().map(|member| (*member, Why::Member(*id)));
            all.users.extend(members);
        }
    }
    each_once(&mut all.users);
    each_once(&mut all.teams);
    all
}

/// Who follows the event's record, or its project.
pub(super) fn followers<'a>(event: &Event, world: &'a World) -> impl Iterator<Item = Id> + 'a {
    let project = event.text("project_id").and_then(|id| id.parse().ok());
    [Some(event.subject.id), project]
        .into_iter()
        .flatten()
        .filter_map(|record| world.followers.get(&record))
        .flatten()
        .copied()
}

fn each_once(named: &mut Vec<(Id, Why)>) {
    // Most events involve a few: they are compared faster than hashed.
    const FEW: usize = 16;
    if named.len() <= FEW {
        let mut seen = Vec::with_capacity(named.len());
        named.retain(|(id, _)| {
            let new = !seen.contains(id);
            seen.push(*id);
            new
        });
        return;
    }
    let mut seen = std::collections::HashSet::with_capacity(named.len());
    named.retain(|(id, _)| seen.insert(*id));
}
