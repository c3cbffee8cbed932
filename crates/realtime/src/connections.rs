//! The registry of open streams and their shards.
//!
//! Owns: the limits, where a new stream goes, which shards an audience has listeners in.
//! Must not: decide who gets what; that is the index. A registration exists before its connection, so no shard with a
//! listener is skipped; one without listeners simply finds none.

use std::{
    collections::HashMap,
    iter::once,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::{Audience, Id, Scope};

use crate::hub::Refused;

/// The most streams of one company that go to the same shard: an event of a small company wakes one shard, a large
/// one is served by all of them.
const MAX_TOGETHER: u32 = 64;

/// How many companies of a new stream are considered for choosing a shard: any will do.
const COMPANIES_CONSIDERED: usize = 8;

/// The number of a shard. Small, because it is stored with every stream.
pub(crate) type Shard = u16;

/// The open streams of a hub.
pub(crate) struct Connections {
    per_user: usize,
    total: usize,
    taken: Mutex<Taken>,
}

struct Taken {
    /// How many streams each shard has; `None` for one that accepts no more.
    shards: Vec<Option<u32>>,
    all: usize,
    /// How many streams of a group a shard has.
    groups: HashMap<(Group, Shard), u32>,
}

/// What streams have in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    User(Id),
    Company(Id),
    Administrators,
}

/// A registered stream, released when dropped.
pub(crate) struct Registration {
    connections: Arc<Connections>,
    user: Id,
    scope: Scope,
    shard: Shard,
}

impl Connections {
    pub(crate) fn new(shards: Shard, per_user: usize, total: usize) -> Self {
        Self {
            per_user,
            total,
            taken: Mutex::new(Taken {
                shards: vec![Some(0); shards.into()],
                all: 0,
                groups: HashMap::new(),
            }),
        }
    }

    /// Registers one more stream of this user.
    pub(crate) fn register(
        connections: &Arc<Self>,
        user: Id,
        scope: &Scope,
    ) -> Result<Registration, Refused> {
        let mut taken = connections.taken();
        if taken.all >= connections.total {
            return Err(Refused::Full);
        }
        if taken.of(Group::User(user)) >= connections.per_user {
            return Err(Refused::User);
        }
        let shard = taken.shard_for(scope).ok_or(Refused::Closing)?;
        taken.enter(shard, user, scope);
        Ok(Registration {
            connections: Arc::clone(connections),
            user,
            scope: scope.clone(),
            shard,
        })
    }

    /// Marks a shard that accepts no more streams.
    pub(crate) fn retire(&self, shard: Shard) {
        if let Some(retired) = self.taken().shards.get_mut(usize::from(shard)) {
            *retired = None;
        }
    }

    /// The shards that may have listeners of the audience.
    pub(crate) fn listening(&self, audience: Audience, mut each: impl FnMut(Shard)) {
        let taken = self.taken();
        let listens = |shard| match audience {
            Audience::Platform => true,
            Audience::User(user) => taken.count(Group::User(user), shard) > 0,
            Audience::Company(company) => [Group::Company(company), Group::Administrators]
                .into_iter()
                .any(|group| taken.count(group, shard) > 0),
        };
        for (shard, _) in (0..).zip(&taken.shards) {
            if listens(shard) {
                each(shard);
            }
        }
    }

    /// The number of open streams.
    pub(crate) fn count(&self) -> usize {
        self.taken().all
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Each change is complete before anything in it could panic.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registration {
    /// The connection's shard.
    pub(crate) const fn shard(&self) -> Shard {
        self.shard
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.connections.taken().leave(self.shard, self.user, &self.scope);
    }
}

/// The groups of streams with this scope.
fn groups(scope: &Scope) -> impl Iterator<Item = Group> {
    let (administrators, companies) = match scope {
        Scope::All => (Some(Group::Administrators), None),
        Scope::Companies(companies) => (None, Some(companies.iter())),
    };
    let companies = companies.into_iter().flatten().copied().map(Group::Company);
    administrators.into_iter().chain(companies)
}

impl Taken {
    fn count(&self, group: Group, shard: Shard) -> u32 {
        self.groups.get(&(group, shard)).copied().unwrap_or_default()
    }

    /// The number in all shards.
    fn of(&self, group: Group) -> usize {
        let shards = (0..).zip(&self.shards);
        shards.map(|(shard, _)| self.count(group, shard) as usize).sum()
    }

    /// The shard of other streams of its companies, as long as they are few; else the one with the fewest streams.
    fn shard_for(&self, scope: &Scope) -> Option<Shard> {
        let open = || {
            (0..)
                .zip(&self.shards)
                .filter_map(|(shard, streams)| Some((shard, (*streams)?)))
        };
        let common = |shard| {
            let mut looked_at = groups(scope).take(COMPANIES_CONSIDERED);
            looked_at.any(|group| (1..MAX_TOGETHER).contains(&self.count(group, shard)))
        };
        let with_others = open().map(|(shard, _)| shard).find(|shard| common(*shard));
        let emptiest = || open().min_by_key(|(_, streams)| *streams).map(|(shard, _)| shard);
        with_others.or_else(emptiest)
    }

    fn enter(&mut self, shard: Shard, user: Id, scope: &Scope) {
        self.all += 1;
        if let Some(Some(streams)) = self.shards.get_mut(usize::from(shard)) {
            *streams += 1;
        }
        for group in once(Group::User(user)).chain(groups(scope)) {
            *self.groups.entry((group, shard)).or_default() += 1;
        }
    }

    fn leave(&mut self, shard: Shard, user: Id, scope: &Scope) {
        self.all -= 1;
        if let Some(Some(streams)) = self.shards.get_mut(usize::from(shard)) {
            *streams -= 1;
        }
        for group in once(Group::User(user)).chain(groups(scope)) {
            if let Some(count) = self.groups.get_mut(&(group, shard)) {
                *count -= 1;
                if *count == 0 {
                    self.groups.remove(&(group, shard));
                }
            }
        }
        if self.all == 0 {
            // Releases memory that only many streams needed.
            self.groups = HashMap::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    fn listening(connections: &Connections, audience: Audience) -> Vec<Shard> {
        let mut shards = Vec::new();
        connections.listening(audience, |shard| shards.push(shard));
        shards
    }

    #[test]
    fn a_small_company_stays_in_one_shard_and_a_large_one_is_spread() {
        let clock = Clock::system();
        let connections = Arc::new(Connections::new(4, 10, 10_000));
        let companies: Vec<Id> = (0..40).map(|_| clock.id()).collect();
        let mut kept = Vec::new();
        for company in companies.iter().cycle().take(400) {
            kept.push(Connections::register(&connections, clock.id(), &Scope::of([*company])).unwrap());
        }
        for company in &companies {
            assert_eq!(listening(&connections, Audience::Company(*company)).len(), 1);
        }
        let large = clock.id();
        for _ in 0..2_000 {
            kept.push(Connections::register(&connections, clock.id(), &Scope::of([large])).unwrap());
        }
        assert_eq!(listening(&connections, Audience::Company(large)), [0, 1, 2, 3]);
        for shard in 0..4 {
            let streams = kept
                .iter()
                .filter(|registration| registration.shard() == shard)
                .count();
            assert!((500..=700).contains(&streams), "{streams}");
        }
    }

    #[test]
    fn listeners_of_an_audience_are_found() {
        let clock = Clock::system();
        let connections = Arc::new(Connections::new(3, 2, 5));
        let (one, other, user) = (clock.id(), clock.id(), clock.id());
        let register = |user, scope| Connections::register(&connections, user, &scope);
        assert!(listening(&connections, Audience::Company(one)).is_empty());
        let registration = register(user, Scope::of([one, other])).unwrap();
        for audience in [
            Audience::Company(one),
            Audience::Company(other),
            Audience::User(user),
        ] {
            assert_eq!(listening(&connections, audience), [registration.shard()]);
        }
        assert_eq!(listening(&connections, Audience::Platform), [0, 1, 2]);
        let administrator = register(clock.id(), Scope::All).unwrap();
        assert_ne!(administrator.shard(), registration.shard(), "it has the fewest");
        assert_eq!(
            listening(&connections, Audience::Company(clock.id())),
            [administrator.shard()]
        );
        let second = register(user, Scope::of([])).unwrap();
        assert!(matches!(register(user, Scope::All), Err(Refused::User)));
        let others: Vec<_> = (0..2)
            .map(|_| register(clock.id(), Scope::All).unwrap())
            .collect();
        assert!(matches!(register(clock.id(), Scope::All), Err(Refused::Full)));
        drop((registration, second, administrator, others));
        assert!(listening(&connections, Audience::Company(one)).is_empty());
        assert!(listening(&connections, Audience::User(user)).is_empty());
        assert_eq!(connections.count(), 0);
    }

    #[test]
    fn a_shard_that_accepts_none_is_skipped() {
        let clock = Clock::system();
        let connections = Arc::new(Connections::new(2, 10, 10));
        let first = Connections::register(&connections, clock.id(), &Scope::All).unwrap();
        connections.retire(first.shard());
        let second = Connections::register(&connections, clock.id(), &Scope::All).unwrap();
        assert_ne!(first.shard(), second.shard());
        connections.retire(second.shard());
        let third = Connections::register(&connections, clock.id(), &Scope::All);
        assert!(matches!(third, Err(Refused::Closing)));
    }
}
