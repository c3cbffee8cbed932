//! Who has a stream open, and in which shard.
//!
//! Owns: the limits, where a new stream goes, which shards an audience has listeners in.
//! Must not: decide who gets what; that is the index. A shard that is asked in vain finds nobody, a seat is there
//! before its connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::{Audience, Id, Scope};

use crate::hub::Refused;

/// Up to how many streams of one company go to the same shard: an event of a small company wakes one shard, a large
/// one is written to by all of them.
const CROWD: u32 = 64;

/// How many companies of a new stream are looked at for a shard: any will do.
const LOOKED_AT: usize = 8;

/// The seats of a hub.
pub(crate) struct Seats {
    per_user: usize,
    total: usize,
    taken: Mutex<Taken>,
}

struct Taken {
    /// How many streams each shard has; nothing for one that takes none.
    shards: Vec<Option<u32>>,
    all: usize,
    /// How many streams a shard has of a user or a company.
    listeners: HashMap<(Audience, usize), u32>,
    /// How many streams of administrators each shard has.
    administrators: Vec<u32>,
}

/// One of them, given back when it is dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    pub(crate) shard: usize,
    user: Id,
    scope: Scope,
}

impl Seats {
    pub(crate) fn new(shards: usize, per_user: usize, total: usize) -> Self {
        Self {
            per_user,
            total,
            taken: Mutex::new(Taken {
                shards: vec![Some(0); shards],
                all: 0,
                listeners: HashMap::new(),
                administrators: vec![0; shards],
            }),
        }
    }

    /// A seat for one more stream of this person.
    pub(crate) fn take(seats: &Arc<Self>, user: Id, scope: &Scope) -> Result<Seat, Refused> {
        let mut taken = seats.taken();
        if taken.all >= seats.total {
            return Err(Refused::Full);
        }
        if taken.of(Audience::User(user)) >= seats.per_user {
            return Err(Refused::User);
        }
        let shard = taken.shard_for(scope).ok_or(Refused::Closing)?;
        taken.enter(shard, user, scope);
        Ok(Seat {
            seats: Arc::clone(seats),
            shard,
            user,
            scope: scope.clone(),
        })
    }

    /// This shard takes no more.
    pub(crate) fn retire(&self, shard: usize) {
        if let Some(retired) = self.taken().shards.get_mut(shard) {
            *retired = None;
        }
    }

    /// The shards in which somebody may be whom the audience reaches.
    pub(crate) fn listening(&self, audience: Audience, mut each: impl FnMut(usize)) {
        let taken = self.taken();
        for shard in 0..taken.shards.len() {
            let listens = match audience {
                Audience::Platform => true,
                Audience::User(_) => taken.count(audience, shard) > 0,
                Audience::Company(_) => {
                    taken.administrators.get(shard).is_some_and(|count| *count > 0)
                        || taken.count(audience, shard) > 0
                }
            };
            if listens {
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

impl Taken {
    fn count(&self, audience: Audience, shard: usize) -> u32 {
        self.listeners
            .get(&(audience, shard))
            .copied()
            .unwrap_or_default()
    }

    /// How many there are in all shards.
    fn of(&self, audience: Audience) -> usize {
        let shards = 0..self.shards.len();
        shards.map(|shard| self.count(audience, shard) as usize).sum()
    }

    /// Where its company's others are, as long as they are few; else where the fewest are.
    fn shard_for(&self, scope: &Scope) -> Option<usize> {
        let open = || {
            let shards = self.shards.iter().enumerate();
            shards.filter_map(|(shard, streams)| Some((shard, (*streams)?)))
        };
        let few = |count: u32| (1..CROWD).contains(&count);
        let settled = |shard: usize| match scope {
            Scope::All => self.administrators.get(shard).copied().is_some_and(few),
            Scope::Companies(companies) => {
                let mut looked_at = companies.iter().take(LOOKED_AT);
                looked_at.any(|company| few(self.count(Audience::Company(*company), shard)))
            }
        };
        let with_others = open().map(|(shard, _)| shard).find(|shard| settled(*shard));
        with_others.or_else(|| open().min_by_key(|(_, streams)| *streams).map(|(shard, _)| shard))
    }

    fn enter(&mut self, shard: usize, user: Id, scope: &Scope) {
        self.all += 1;
        if let Some(Some(streams)) = self.shards.get_mut(shard) {
            *streams += 1;
        }
        *self.listeners.entry((Audience::User(user), shard)).or_default() += 1;
        match scope {
            Scope::All => {
                if let Some(count) = self.administrators.get_mut(shard) {
                    *count += 1;
                }
            }
            Scope::Companies(companies) => {
                for company in companies.iter() {
                    *self
                        .listeners
                        .entry((Audience::Company(*company), shard))
                        .or_default() += 1;
                }
            }
        }
    }

    fn leave(&mut self, shard: usize, user: Id, scope: &Scope) {
        self.all -= 1;
        if let Some(Some(streams)) = self.shards.get_mut(shard) {
            *streams -= 1;
        }
        self.forget(Audience::User(user), shard);
        match scope {
            Scope::All => {
                if let Some(count) = self.administrators.get_mut(shard) {
                    *count -= 1;
                }
            }
            Scope::Companies(companies) => {
                for company in companies.iter() {
                    self.forget(Audience::Company(*company), shard);
                }
            }
        }
        if self.all == 0 {
            // What a crowd needed is not kept for an empty room.
            self.listeners = HashMap::new();
        }
    }

    fn forget(&mut self, audience: Audience, shard: usize) {
        if let Some(count) = self.listeners.get_mut(&(audience, shard)) {
            *count -= 1;
            if *count == 0 {
                self.listeners.remove(&(audience, shard));
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().leave(self.shard, self.user, &self.scope);
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    fn listening(seats: &Seats, audience: Audience) -> Vec<usize> {
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
            let streams = kept.iter().filter(|seat| seat.shard == shard).count();
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
            assert_eq!(listening(&seats, audience), [seat.shard]);
        }
        assert_eq!(listening(&seats, Audience::Platform), [0, 1, 2]);
        let administrator = take(clock.id(), Scope::All).unwrap();
        assert_ne!(administrator.shard, seat.shard, "the fewest are there");
        assert_eq!(
            listening(&seats, Audience::Company(clock.id())),
            [administrator.shard]
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
        seats.retire(first.shard);
        let second = Seats::take(&seats, clock.id(), &Scope::All).unwrap();
        assert_ne!(first.shard, second.shard);
        seats.retire(second.shard);
        let third = Seats::take(&seats, clock.id(), &Scope::All);
        assert!(matches!(third, Err(Refused::Closing)));
    }
}
