//! Sessions that could not be stored because the database does not accept writes: users who sign in then can still read.
//!
//! Owns: those sessions, in memory. Must not: outlive what ends a session; each use checks in the database whether the user
//! still has the same password and has not been signed out everywhere since.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Id, Time};

use crate::AccessChange;

/// How long one lasts: no list shows it, and it ends with the process.
pub(crate) const LIFETIME: Duration = Duration::from_hours(1);

/// How many there may be.
const MOST: usize = 1_000;

/// A session that exists only in memory.
#[derive(Clone)]
pub(crate) struct Unsaved {
    pub(crate) session: Id,
    pub(crate) user: Id,
    /// The hash of the password used.
    pub(crate) password: String,
    /// When it began, or the user last kept it while ending all others.
    pub(crate) began_at: Time,
    pub(crate) expires_at: Time,
}

/// All of them, by the hash of their text.
#[derive(Default)]
pub(crate) struct UnsavedSessions(Mutex<HashMap<String, Unsaved>>);

impl UnsavedSessions {
    /// Stores a session; returns whether there was space for it.
    pub(crate) fn keep(&self, hash: String, session: Unsaved, now: Time) -> bool {
        let mut all = self.all();
        all.retain(|_, session| session.expires_at > now);
        if all.len() >= MOST {
            return false;
        }
        all.insert(hash, session);
        true
    }

    /// The session with this hash.
    pub(crate) fn find(&self, hash: &str, now: Time) -> Option<Unsaved> {
        let all = self.all();
        all.get(hash).filter(|session| session.expires_at > now).cloned()
    }

    /// Ends all of them earlier by this many nanoseconds, if `by` is negative.
    pub(crate) fn end_earlier(&self, by: i64) {
        let earlier = |at: Time| Time::from_nanos(at.nanos().saturating_add(by.min(0)));
        for session in self.all().values_mut() {
            session.began_at = earlier(session.began_at);
            session.expires_at = earlier(session.expires_at);
        }
    }

    /// Ends one of a user, for the caller to announce; none if it is unknown.
    pub(crate) fn end(&self, user: Id, session: Id) -> Option<AccessChange> {
        self.take(|other| other.user == user && other.session == session)
            .pop()
    }

    /// Ends those of a user, except one, for the caller to announce.
    pub(crate) fn end_others(&self, user: Id, but: Id) -> Vec<AccessChange> {
        self.take(|session| session.user == user && session.session != but)
    }

    /// Keeps one of a user although all others ended then.
    pub(crate) fn keep_on(&self, session: Id, at: Time) {
        for other in self.all().values_mut().filter(|other| other.session == session) {
            other.began_at = at;
        }
    }

    fn take(&self, ends: impl Fn(&Unsaved) -> bool) -> Vec<AccessChange> {
        let mut all = self.all();
        let ended = all.extract_if(|_, session| ends(session));
        ended
            .map(|(_, session)| AccessChange::Session(session.session))
            .collect()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Unsaved>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    #[test]
    fn expires_and_is_limited() {
        let (clock, all) = (Clock::system(), UnsavedSessions::default());
        let now = clock.now();
        let one = |user| Unsaved {
            session: clock.id(),
            user,
            password: String::new(),
            began_at: now,
            expires_at: now.after(LIFETIME),
        };
        let (ana, ben) = (clock.id(), clock.id());
        let first = one(ana);
        assert!(all.keep("first".into(), first.clone(), now) && all.keep("second".into(), one(ana), now));
        assert!(all.keep("third".into(), one(ben), now));
        assert!(all.find("first", now).is_some() && all.find("first", now.after(LIFETIME)).is_none());
        assert_eq!(all.end_others(ana, first.session).len(), 1);
        assert!(all.find("first", now).is_some() && all.find("second", now).is_none());
        assert_eq!(all.end(ben, first.session), None, "another's");
        let ended = AccessChange::Session(first.session);
        assert_eq!(all.end(ana, first.session), Some(ended));
        assert_eq!(all.end(ana, first.session), None);
        assert!(all.find("first", now).is_none() && all.find("third", now).is_some());
        assert!((1..MOST).all(|number| all.keep(number.to_string(), one(ana), now)));
        assert!(!all.keep("more".into(), one(ana), now));
        assert!(
            all.keep("later".into(), one(ana), now.after(LIFETIME)),
            "they have ended"
        );
    }
}
