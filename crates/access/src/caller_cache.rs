//! A cache of recent callers, for streams that all reconnect at once.
//!
//! Owns: when a cached caller may be used. Must not: cache a refusal, or answer when in doubt.
//!
//! An entry is valid only while the [`Follower`](crate::Follower) keeps confirming that no change was missed. A
//! change removes the entries it affects, and increments the epoch: a lookup that began before it is not cached.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Id, Time};

use crate::{AccessChange, Caller};

/// How many entries are kept. Beyond that the oldest session or token is removed.
const CALLERS: usize = 65_536;

/// For how long a confirmation that no change was missed is valid.
const CONFIRMED: Duration = Duration::from_secs(1);

/// Callers by the hash of their credential.
#[derive(Default)]
pub(crate) struct CallerCache(Mutex<State>);

#[derive(Default)]
struct State {
    epoch: u64,
    confirmed: Option<Time>,
    by_session: BTreeMap<Id, (String, Caller)>,
    by_hash: HashMap<String, Id>,
    /// The sessions of each user.
    by_user: BTreeSet<(Id, Id)>,
}

impl CallerCache {
    /// Confirms that no change made up to then was missed.
    pub(crate) fn confirm(&self, at: Time) {
        self.state().confirmed = Some(at);
    }

    /// The caller of this credential, if cached.
    pub(crate) fn find(&self, hash: &str, now: Time) -> Option<Caller> {
        let state = self.state();
        if !state.holds(now) {
            return None;
        }
        let (_, caller) = state.by_session.get(state.by_hash.get(hash)?)?;
        (caller.expires_at > now && caller.idle_at > now).then(|| caller.clone())
    }

    /// The epoch to pass to `keep` for a lookup that begins now.
    pub(crate) fn epoch(&self) -> u64 {
        self.state().epoch
    }

    /// Caches the result of a lookup that began in this epoch.
    pub(crate) fn keep(&self, epoch: u64, hash: String, caller: &Caller, now: Time) {
        let mut state = self.state();
        if epoch != state.epoch || !state.holds(now) {
            return;
        }
        state.by_hash.insert(hash.clone(), caller.session);
        state.by_user.insert((caller.user_id, caller.session));
        state.by_session.insert(caller.session, (hash, caller.clone()));
        if state.by_session.len() > CALLERS
            && let Some((&first, _)) = state.by_session.first_key_value()
        {
            state.remove(first);
        }
    }

    /// Removes the callers affected by the changes, and invalidates every lookup in progress.
    pub(crate) fn forget(&self, changes: &[AccessChange]) {
        let mut state = self.state();
        state.epoch += 1;
        for change in changes {
            match *change {
                AccessChange::Session(session) => state.remove(session),
                AccessChange::User(user) => {
                    while let Some(session) = state.session_of(user) {
                        state.remove(session);
                    }
                }
                AccessChange::Unknown => {
                    state.by_session.clear();
                    state.by_hash.clear();
                    state.by_user.clear();
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn holds(&self, now: Time) -> bool {
        // After the clock was set back, nothing is valid until the next poll.
        self.confirmed
            .is_some_and(|at| at <= now && now.since(at) <= CONFIRMED)
    }

    fn session_of(&self, user: Id) -> Option<Id> {
        let first = (user, Id::from_parts(0, [0; 10]));
        let (of, session) = self.by_user.range(first..).next()?;
        (*of == user).then_some(*session)
    }

    fn remove(&mut self, session: Id) {
        if let Some((hash, caller)) = self.by_session.remove(&session) {
            self.by_hash.remove(&hash);
            self.by_user.remove(&(caller.user_id, session));
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{Clock, Scope};

    use super::*;

    fn caller(clock: &Clock, user: Id) -> Caller {
        Caller {
            user_id: user,
            name: String::new(),
            email: String::new(),
            is_admin: false,
            scope: Scope::of([]),
            roles: std::sync::Arc::default(),
            session: clock.id(),
            is_token: true,
            expires_at: Time::from_nanos(i64::MAX),
            idle_at: Time::from_nanos(i64::MAX),
            peer: None,
        }
    }

    fn confirmed_cache() -> (Clock, CallerCache) {
        let clock = Clock::manual(Time::from_nanos(1_700_000_000_000_000_000));
        let cache = CallerCache::default();
        cache.confirm(clock.now());
        (clock, cache)
    }

    fn sizes(cache: &CallerCache) -> (usize, usize, usize) {
        let state = cache.state();
        (state.by_session.len(), state.by_hash.len(), state.by_user.len())
    }

    // promise: E8
    #[test]
    fn a_lookup_overtaken_by_a_change_is_not_cached() {
        let (clock, cache) = confirmed_cache();
        let (now, user) = (clock.now(), clock.id());
        let caller = caller(&clock, user);
        for change in [
            AccessChange::User(user),
            AccessChange::Session(caller.session),
            AccessChange::Unknown,
            // It is not known yet whose lookup it is.
            AccessChange::User(clock.id()),
        ] {
            let epoch = cache.epoch();
            cache.forget(&[change]);
            cache.keep(epoch, "a".to_owned(), &caller, now);
            assert!(cache.find("a", now).is_none(), "{change:?}");
        }
        cache.keep(cache.epoch(), "a".to_owned(), &caller, now);
        assert!(cache.find("a", now).is_some());
        cache.forget(&[AccessChange::Unknown]);
        assert!(cache.find("a", now).is_none());
        assert_eq!(sizes(&cache), (0, 0, 0));
    }

    // promise: E8
    #[test]
    fn nothing_is_cached_or_returned_in_doubt() {
        let (clock, cache) = confirmed_cache();
        let caller = caller(&clock, clock.id());
        let now = clock.now();
        let (late, early) = (
            now.after(Duration::from_millis(1_001)),
            now.before(Duration::from_nanos(1)),
        );
        for doubtful in [late, early] {
            cache.keep(cache.epoch(), "a".to_owned(), &caller, doubtful);
            assert!(cache.find("a", now).is_none());
        }
        cache.keep(cache.epoch(), "a".to_owned(), &caller, now);
        assert!(cache.find("a", now).is_some());
        assert!(cache.find("a", late).is_none());
        assert!(cache.find("a", early).is_none(), "the clock was set back");
    }

    #[test]
    fn the_oldest_is_removed_when_there_are_too_many() {
        let (clock, cache) = confirmed_cache();
        let (now, user) = (clock.now(), clock.id());
        let hash = |n: usize| format!("hash {n}");
        for n in 0..=CALLERS {
            cache.keep(cache.epoch(), hash(n), &caller(&clock, user), now);
        }
        assert!(cache.find(&hash(0), now).is_none());
        assert!(cache.find(&hash(1), now).is_some() && cache.find(&hash(CALLERS), now).is_some());
        cache.forget(&[AccessChange::User(clock.id())]);
        assert!(cache.find(&hash(1), now).is_some());
        cache.forget(&[AccessChange::User(user)]);
        assert_eq!(sizes(&cache), (0, 0, 0));
    }
}
