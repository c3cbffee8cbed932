//! Who has a stream open, and in which shard.
//!
//! Owns: the limits, where a new stream goes, which shards an audience has listeners in.
//! Must not: decide who gets what; that is the index. A seat is there before its connection, so no shard is passed
//! over that has somebody; one that is asked in vain finds nobody.

use std::{
    collections::HashMap,
    iter::once,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::{Audience, Id, Scope};

use crate::hub::Refused;

/// Up to how many streams of one company go to the same shard: an event of a small company wakes one shard, a large
/// one is written to by all of them.
const FEW: u32 = 64;

/// How many companies of a new stream are looked at for a shard: any will do.
const LOOKED_AT: usize = 8;

/// The number of a shard. Small, for one is kept with every stream.
pub(crate) type Shard = u16;

/// The seats of a hub.
pub(crate) struct Seats {
    per_user: usize,
    total: usize,
    taken: Mutex<Taken>,
}

struct Taken {
    /// How many streams each shard has; nothing for one that takes no more.
    shards: Vec<Option<u32>>,
    all: usize,
    /// How many streams of a crowd a shard has.
    crowds: HashMap<(Crowd, Shard), u32>,
}

/// What streams have in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Crowd {
    User(Id),
    Company(Id),
    Administrators,
}

/// One of them, given back when it is dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    user: Id,
    scope: Scope,
    shard: Shard,
}

impl Seats {
    pub(crate) fn new(shards: Shard, per_user: usize, total: usize) -> Self {
        Self {
            per_user,
            total,
            taken: Mutex::new(Taken {
                shards: vec![Some(0); shards.into()],
                all: 0,
                crowds: HashMap::new(),
            }),
        }
    }

    /// A seat for one more stream of this person.
    pub(crate) fn take(seats: &Arc<Self>, user: Id, scope: &Scope) -> Result<Seat, Refused> {
        let mut taken = seats.taken();
        if taken.all >= seats.total {
            return Err(Refused::Full);
        }
        if taken.of(Crowd::User(user)) >= seats.per_user {
            return Err(Refused::User);
        }
        let shard = taken.shard_for(scope).ok_or(Refused::Closing)?;
        taken.enter(shard, user, scope);
        Ok(Seat {
            seats: Arc::clone(seats),
            user,
            scope: scope.clone(),
            shard,
        })
    }

    /// This shard takes no more.
    pub(crate) fn retire(&self, shard: Shard) {
        if let Some(retired) = self.taken().shards.get_mut(usize::from(shard)) {
            *retired = None;
        }
    }

    /// The shards in which somebody may be whom the audience reaches.
    pub(crate) fn listening(&self, audience: Audience, mut each: impl FnMut(Shard)) {
        let taken = self.taken();
        let listens = |shard| match audience {
            Audience::Platform => true,
            Audience::User(user) => taken.count(Crowd::User(user), shard) > 0,
            Audience::Company(company) => [Crowd::Company(company), Crowd::Administrators]
                .into_iter()
                .any(|crowd| taken.count(crowd, shard) > 0),
        };
        for (shard, _) in (0..).zip(&taken.shards) {
            if listens(shard) {
                each(shard);
            }
        }
    }

    /// How many are taken.
    pub(crate) fn count(&self) -> usize {
        self.taken().all
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Each change is complete before anything in it could panic.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Where the connection goes.
    pub(crate) const fn shard(&self) -> Shard {
        self.shard
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().leave(self.shard, self.user, &self.scope);
    }
}

/// What streams of this scope have in common with others.
fn crowds(scope: &Scope) -> impl Iterator<Item = Crowd> {
    let (administrators, companies) = match scope {
        Scope::All => (Some(Crowd::Administrators), None),
        Scope::Companies(companies) => (None, Some(companies.iter())),
    };
    let companies = companies.into_iter().flatten().copied().map(Crowd::Company);
    administrators.into_iter().chain(companies)
}

impl Taken {
    fn count(&self, crowd: Crowd, shard: Shard) -> u32 {
        self.crowds.get(&(crowd, shard)).copied().unwrap_or_default()
    }

    /// How many there are in all shards.
    fn of(&self, crowd: Crowd) -> usize {
        let shards = (0..).zip(&self.shards);
        shards.map(|(shard, _)| self.count(crowd, shard) as usize).sum()
    }

    /// Where others of its companies are, as long as they are few; else where the fewest are.
    fn shard_for(&self, scope: &Scope) -> Option<Shard> {
        let open = || {
            (0..)
                .zip(&self.shards)
                .filter_map(|(shard, streams)| Some((shard, (*streams)?)))
        };
        let common = |shard| {
            let mut looked_at = crowds(scope).take(LOOKED_AT);
            looked_at.any(|crowd| (1..FEW).contains(&self.count(crowd, shard)))
        };
        let beside_others = open().map(|(shard, _)| shard).find(|shard| common(*shard));
        let emptiest = || open().min_by_key(|(_, streams)| *streams).map(|(shard, _)| shard);
        beside_others.or_else(emptiest)
    }

    fn enter(&mut self, shard: Shard, user: Id, scope: &Scope) {
        self.all += 1;
        if let Some(Some(streams)) = self.shards.get_mut(usize::from(shard)) {
            *streams += 1;
        }
        for crowd in once(Crowd::User(user)).chain(crowds(scope)) {
            *self.crowds.entry((crowd, shard)).or_default() += 1;
        }
    }

    fn leave(&mut self, shard: Shard, user: Id, scope: &Scope) {
        self.all -= 1;
        if let Some(Some(streams)) = self.shards.get_mut(usize::from(shard)) {
            *streams -= 1;
        }
        for crowd in once(Crowd::User(user)).chain(crowds(scope)) {
            if let Some(count) = self.crowds.get_mut(&(crowd, shard)) {
                *count -= 1;
                if *count == 0 {
                    self.crowds.remove(&(crowd, shard));
                }
            }
        }
        if self.all == 0 {
            // What many needed is not kept for an empty room.
            self.crowds = HashMap::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    fn listening(seats: &Seats, audience: Audience) -> Vec<Shard> {
        let mut shards = Vec::new();
        seats.listening(audience, |shard| shards.push(shard));
        shards
    }

    #[test]
    fn a_small_company_stays_in_one_shard_and_a_large_one_is_spread() {
        let clock = Clock::system();
        let seats = Arc::new(Seats::new(4, 10, 10_000));
        let companies: Vec<Id> = (0..40).map(|_| clock.id()).collect();
        let mut kept = Vec::new();
        for company in companies.iter().cycle().take(400) {
            kept.push(Seats::take(&seats, clock.id(), &Scope::of([*company])).unwrap());
        }
        for company in &companies {
            assert_eq!(listening(&seats, Audience::Company(*company)).len(), 1);
        }
        let large = clock.id();
        for _ in 0..2_000 {
            kept.push(Seats::take(&seats, clock.id(), &Scope::of([large])).unwrap());
        }
        assert_eq!(listening(&seats, Audience::Company(large)), [0, 1, 2, 3]);
        for shard in 0..4 {
            let streams = kept.iter().filter(|seat| seat.shard() == shard).count();
            assert!((500..=700).contains(&streams), "{streams}");
        }
    }

    #[test]
    fn an_audience_is_where_its_listeners_are() {
        let clock = Clock::system();
        let seats = Arc::new(Seats::new(3, 2, 5));
        let (one, other, user) = (clock.id(), clock.id(), clock.id());
        let take = |user, scope| Seats::take(&seats, user, &scope);
        assert!(listening(&seats, Audience::Company(one)).is_empty());
        let seat = take(user, Scope::of([one, other])).unwrap();
        for audience in [
            Audience::Company(one),
            Audience::Company(other),
            Audience::User(user),
        ] {
            assert_eq!(listening(&seats, audience), [seat.shard()]);
        }
        assert_eq!(listening(&seats, Audience::Platform), [0, 1, 2]);
        let administrator = take(clock.id(), Scope::All).unwrap();
        assert_ne!(administrator.shard(), seat.shard(), "the fewest are there");
        assert_eq!(
            listening(&seats, Audience::Company(clock.id())),
            [administrator.shard()]
        );
        let second = take(user, Scope::of([])).unwrap();
        assert!(matches!(take(user, Scope::All), Err(Refused::User)));
        let others: Vec<_> = (0..2).map(|_| take(clock.id(), Scope::All).unwrap()).collect();
        assert!(matches!(take(clock.id(), Scope::All), Err(Refused::Full)));
        drop((seat, second, administrator, others));
        assert!(listening(&seats, Audience::Company(one)).is_empty());
        assert!(listening(&seats, Audience::User(user)).is_empty());
        assert_eq!(seats.count(), 0);
    }

    #[test]
    fn a_shard_that_takes_none_is_passed_over() {
        let clock = Clock::system();
        let seats = Arc::new(Seats::new(2, 10, 10));
        let first = Seats::take(&seats, clock.id(), &Scope::All).unwrap();
        seats.retire(first.shard());
        let second = Seats::take(&seats, clock.id(), &Scope::All).unwrap();
        assert_ne!(first.shard(), second.shard());
        seats.retire(second.shard());
        let third = Seats::take(&seats, clock.id(), &Scope::All);
        assert!(matches!(third, Err(Refused::Closing)));
    }
}
