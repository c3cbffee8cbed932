//! Who is calling, and what they may do.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use base::{Id, Scope, Time};
use store::Requester;

use crate::{Peer, Problem, Role};

/// The person behind a request. A handler that takes one refuses everyone else with 401.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user_id: Id,
    /// Their name.
    pub name: String,
    /// Their email address.
    pub email: String,
    /// Whether they administer the platform.
    pub is_admin: bool,
    /// The companies they may see.
    pub scope: Scope,
    /// Their role in each company they are a member of.
    pub roles: Arc<BTreeMap<Id, Role>>,
    /// The session or API token they came with.
    pub session: Id,
    /// Whether that is an API token.
    pub is_token: bool,
    /// When it ends at the latest; the end of time for an API token without an expiry.
    pub expires_at: Time,
    /// When it ends unless it is used before; the end of time for an API token.
    pub idle_at: Time,
    /// The address of their connection, where it is known. For the audit log, not for a decision.
    pub peer: Option<Peer>,
}

/// What a token is told that asks for more than a token may do.
const NOT_BY_TOKEN: &str =
    "An API token cannot manage people, credentials or destinations. Sign in to do this.";

impl Caller {
    /// For whom what they ask is done: their company, or they themselves where they see several.
    pub(crate) fn requester(&self) -> Requester {
        match &self.scope {
            Scope::Companies(companies) if companies.len() == 1 => {
                Requester::Of(companies.first().copied().unwrap_or(self.user_id))
            }
            _ => Requester::Of(self.user_id),
        }
    }

    /// Whether they may do in `company` what needs `role`. Administrators may do everything everywhere.
    ///
    /// # Errors
    /// 404 outside their scope, 403 where their role is too low.
    pub fn may(&self, company: Id, role: Role) -> Result<(), Problem> {
        if self.is_admin {
            return Ok(());
        }
        match self.roles.get(&company) {
            Some(has) if self.scope.allows(company) => {
                if *has >= role {
                    Ok(())
                } else {
                    Err(Problem::forbidden(format!(
                        "This needs the role {role} in the company."
                    )))
                }
            }
            _ => Err(Problem::not_found()),
        }
    }

    /// Whether they came with a session. What lasts beyond a token is not for a token: one that leaked must not become the
    /// account, or leave something behind that goes on when it is revoked. See [`InSession`] for whole handlers.
    ///
    /// # Errors
    /// 403.
    pub fn in_session(&self) -> Result<(), Problem> {
        if self.is_token {
            return Err(Problem::forbidden(NOT_BY_TOKEN));
        }
        Ok(())
    }

    /// Whether they administer the platform.
    ///
    /// # Errors
    /// 403.
    pub fn admin(&self) -> Result<(), Problem> {
        if self.is_admin {
            Ok(())
        } else {
            Err(Problem::forbidden("This needs an administrator of the platform."))
        }
    }
}

/// What [`authenticate`](crate::authenticate) found out about a request.
#[derive(Clone)]
pub(crate) struct Outcome(pub(crate) Result<Caller, Problem>);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Without the middleware nobody is known: nothing is open by mistake.
        match parts.extensions.get::<Outcome>() {
            Some(Outcome(outcome)) => outcome.clone(),
            None => Err(Problem::unauthorized()),
        }
    }
}

/// A person in a session, for handlers that an API token may not call: they refuse it with 403.
#[derive(Debug, Clone)]
pub struct InSession(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for InSession {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.in_session()?;
        Ok(Self(caller))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(is_admin: bool, roles: BTreeMap<Id, Role>) -> Caller {
        let scope = if is_admin {
            Scope::All
        } else {
            Scope::of(roles.keys().copied())
        };
        Caller {
            user_id: Id::from_parts(1, [1; 10]),
            name: String::new(),
            email: String::new(),
            is_admin,
            scope,
            roles: Arc::new(roles),
            session: Id::from_parts(1, [2; 10]),
            is_token: false,
            expires_at: Time::default(),
            idle_at: Time::default(),
            peer: None,
        }
    }

    #[test]
    fn a_role_counts_in_its_company_only() {
        let (mine, other) = (Id::from_parts(2, [1; 10]), Id::from_parts(2, [2; 10]));
        for has in Role::ALL {
            let caller = caller(false, BTreeMap::from([(mine, has)]));
            for needs in Role::ALL {
                let status = caller
                    .may(mine, needs)
                    .err()
                    .map(|problem| problem.status().as_u16());
                assert_eq!(status, (needs > has).then_some(403), "{has} for {needs}");
                assert_eq!(caller.may(other, needs), Err(Problem::not_found()));
            }
            assert!(caller.admin().is_err());
        }
        let admin = caller(true, BTreeMap::new());
        assert!(admin.may(other, Role::Manager).is_ok() && admin.admin().is_ok());
    }
}
