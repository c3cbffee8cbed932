//! Who came lately: the answers of look-ups in memory, for streams that come again all at once.
//!
//! Owns: when such an answer may be given again. Must not: keep a refusal, or answer when in doubt.
//!
//! An answer holds only while the [`Follower`](crate::Follower) says, each time anew, that no change was missed. A
//! change forgets the answers it concerns, and counts the epoch on: a look-up that began before it is not kept.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Id, Time};

use crate::{AccessChange, Caller};

/// How many answers are kept. Beyond that the session or token that was made first goes.
const CALLERS: usize = 65_536;

/// For how long it holds that no change was missed.
const CONFIRMED: Duration = Duration::from_secs(1);

/// Callers by the hash of their credential.
#[derive(Default)]
pub(crate) struct Known(Mutex<State>);

#[derive(Default)]
struct State {
    epoch: u64,
    confirmed: Option<Time>,
    by_session: BTreeMap<Id, (String, Caller)>,
    by_hash: HashMap<String, Id>,
    /// Which sessions are whose.
    by_user: BTreeSet<(Id, Id)>,
}

impl Known {
    /// No change that was made up to then was missed.
    pub(crate) fn confirm(&self, at: Time) {
        self.state().confirmed = Some(at);
    }

    /// The caller of this credential, if that is known.
    pub(crate) fn find(&self, hash: &str, now: Time) -> Option<Caller> {
        let state = self.state();
        if !state.holds(now) {
            return None;
        }
        let (_, caller) = state.by_session.get(state.by_hash.get(hash)?)?;
        (caller.expires_at > now && caller.idle_at > now).then(|| caller.clone())
    }

    /// What a look-up that begins now says when it wants to be kept.
    pub(crate) fn epoch(&self) -> u64 {
        self.state().epoch
    }

    /// Keeps the answer of a look-up that began in this epoch.
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

    /// Forgets whom the changes concern, and every look-up that is under way.
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
        // A clock that was set back says nothing until the next look.
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

    fn confirmed() -> (Clock, Known) {
        let clock = Clock::manual(Time::from_nanos(1_700_000_000_000_000_000));
        let known = Known::default();
        known.confirm(clock.now());
        (clock, known)
    }

    fn sizes(known: &Known) -> (usize, usize, usize) {
        let state = known.state();
        (state.by_session.len(), state.by_hash.len(), state.by_user.len())
    }

    // promise: E8
    #[test]
    fn a_look_up_that_a_change_overtook_is_not_kept() {
        let (clock, known) = confirmed();
        let (now, user) = (clock.now(), clock.id());
        let caller = caller(&clock, user);
        for change in [
            AccessChange::User(user),
            AccessChange::Session(caller.session),
            AccessChange::Unknown,
            // Nobody knows yet whose look-up it is.
            AccessChange::User(clock.id()),
        ] {
            let epoch = known.epoch();
            known.forget(&[change]);
            known.keep(epoch, "a".to_owned(), &caller, now);
            assert!(known.find("a", now).is_none(), "{change:?}");
        }
        known.keep(known.epoch(), "a".to_owned(), &caller, now);
        assert!(known.find("a", now).is_some());
        known.forget(&[AccessChange::Unknown]);
        assert!(known.find("a", now).is_none());
        assert_eq!(sizes(&known), (0, 0, 0));
    }

    // promise: E8
    #[test]
    fn nothing_is_kept_or_given_in_doubt() {
        let (clock, known) = confirmed();
        let caller = caller(&clock, clock.id());
        let now = clock.now();
        let (late, early) = (
            now.after(Duration::from_millis(1_001)),
            now.before(Duration::from_nanos(1)),
        );
        for doubtful in [late, early] {
            known.keep(known.epoch(), "a".to_owned(), &caller, doubtful);
            assert!(known.find("a", now).is_none());
        }
        known.keep(known.epoch(), "a".to_owned(), &caller, now);
        assert!(known.find("a", now).is_some());
        assert!(known.find("a", late).is_none());
        assert!(known.find("a", early).is_none(), "the clock was set back");
    }

    #[test]
    fn the_first_made_goes_when_there_are_too_many() {
        let (clock, known) = confirmed();
        let (now, user) = (clock.now(), clock.id());
        let hash = |n: usize| format!("hash {n}");
        for n in 0..=CALLERS {
            known.keep(known.epoch(), hash(n), &caller(&clock, user), now);
        }
        assert!(known.find(&hash(0), now).is_none());
        assert!(known.find(&hash(1), now).is_some() && known.find(&hash(CALLERS), now).is_some());
        known.forget(&[AccessChange::User(clock.id())]);
        assert!(known.find(&hash(1), now).is_some());
        known.forget(&[AccessChange::User(user)]);
        assert_eq!(sizes(&known), (0, 0, 0));
    }
}
