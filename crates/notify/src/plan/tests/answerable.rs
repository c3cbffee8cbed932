//! Who is responsible for what in a random world: owners, ownership rules, followers, members and administrators.

use access::{
    Role,
    ownership::{self, Match},
};

use super::facts::{Facts, TOOLS, id, ids};
use crate::plan::World;

/// Who is responsible for what.
pub(super) fn put(facts: &Facts, world: &mut World) {
    for (place, (company, tool, (users, teams))) in facts.ownership.iter().enumerate() {
        let of = Match {
            tool: tool.map(|at| TOOLS[at].to_owned()),
            ..Match::default()
        };
        let position = u32::try_from(place + 1).unwrap();
        let (users, teams) = (ids(b'u', Some(users)), ids(b't', Some(teams)));
        let rule = ownership::Rule::new(position, of, users, teams).unwrap();
        world.ownership.entry(id(b'c', *company)).or_default().push(rule);
    }
    for (record, (users, teams)) in facts.owners.iter().enumerate() {
        let owners = (ids(b'u', Some(users)), ids(b't', Some(teams)));
        world.owners.insert(id(b'p', record), owners);
    }
    world
        .followers
        .insert(id(b's', 0), ids(b'u', Some(&facts.followers)));
    for (number, user) in facts.users.iter().enumerate() {
        for company in &user.companies {
            let role = if user.manages.contains(company) {
                Role::Manager
            } else {
                Role::Analyst
            };
            let members = world.members.entry(id(b'c', *company)).or_default();
            members.push((id(b'u', number), role));
        }
        if user.admin && user.active {
            world.administrators.push(id(b'u', number));
        }
    }
}
