//! The only tenant rule: which companies a caller may see.

use std::{collections::BTreeSet, sync::Arc};

use crate::{Audience, Id};

/// The companies a caller may see. It has no default: the code that creates one chooses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every company: a platform administrator.
    All,
    /// Only these companies; an empty set sees none.
    Companies(Arc<BTreeSet<Id>>),
}

impl Scope {
    /// The scope of these companies.
    pub fn of(companies: impl IntoIterator<Item = Id>) -> Self {
        Self::Companies(Arc::new(companies.into_iter().collect()))
    }

    /// Whether a record of `company` may be seen.
    pub fn allows(&self, company: Id) -> bool {
        match self {
            Self::All => true,
            Self::Companies(companies) => companies.contains(&company),
        }
    }

    /// Whether `user`, whose scope this is, may see events for `audience` (promises E7, F6).
    pub fn reaches(&self, user: Id, audience: Audience) -> bool {
        match audience {
            Audience::Company(company) => self.allows(company),
            Audience::Platform => true,
            Audience::User(only) => only == user,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    // promise: E7
    #[test]
    fn administrators_see_every_company_but_no_one_elses_inbox() {
        let clock = Clock::system();
        let (mine, other, me, them) = (clock.id(), clock.id(), clock.id(), clock.id());
        let scope = Scope::of([mine]);
        assert!(scope.reaches(me, Audience::Company(mine)));
        assert!(!scope.reaches(me, Audience::Company(other)));
        assert!(scope.reaches(me, Audience::Platform));
        assert!(scope.reaches(me, Audience::User(me)));
        assert!(!scope.reaches(me, Audience::User(them)));
        assert!(Scope::All.reaches(me, Audience::Company(other)));
        assert!(!Scope::All.reaches(me, Audience::User(them)));
        assert!(!Scope::of([]).allows(mine));
    }
}
