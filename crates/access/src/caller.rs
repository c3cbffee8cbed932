//! Who is calling, and what they may do.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use base::{Id, Scope, Time};
use store::Requester;

use crate::{Peer, Problem, Refused, Role};

/// The user behind a request. A handler that takes one refuses everyone else with 401.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user_id: Id,
    /// Their name.
    pub name: String,
    /// Their email address.
    pub email: String,
    /// Whether they are a platform administrator.
    pub is_admin: bool,
    /// The companies they may see.
    pub scope: Scope,
    /// Their role in each company they are a member of.
    pub roles: Arc<BTreeMap<Id, Role>>,
    /// The session or API token used.
    pub session: Id,
    /// Whether that is an API token.
    pub is_token: bool,
    /// When it expires at the latest; the end of time for an API token that never expires.
    pub expires_at: Time,
    /// When it expires if not used before; the end of time for an API token.
    pub idle_at: Time,
    /// The IP address of the connection, if known. For the audit log, not for decisions.
    pub peer: Option<Peer>,
}

/// The refusal of a token that requests more than a token may do.
const NOT_BY_TOKEN: &str =
    "An API token cannot manage users, credentials or destinations. Sign in to do this.";

impl Caller {
    /// Who the database work is attributed to: their company, or the user if they see several.
    pub(crate) fn requester(&self) -> Requester {
        match &self.scope {
            Scope::Companies(companies) if companies.len() == 1 => {
                Requester::Of(companies.first().copied().unwrap_or(self.user_id))
            }
            _ => Requester::Of(self.user_id),
        }
    }

    /// Checks that they have `role` in `company`. Administrators may do everything everywhere.
    ///
    /// # Errors
    /// 404 outside their scope, 403 if their role is too low.
    pub fn may(&self, company: Id, role: Role) -> Result<(), Refused> {
        if self.is_admin {
            return Ok(());
        }
        match self.roles.get(&company) {
            Some(has) if self.scope.allows(company) => {
                if *has >= role {
                    Ok(())
                } else {
                    Err(Refused::forbidden(format!(
                        "This requires the role {role} in the company."
                    )))
                }
            }
            _ => Err(Refused::NotFound),
        }
    }

    /// Checks that they use a session. A token must not create what outlives it: a leaked token must not take over the
    /// account, or leave something behind that remains after it is revoked. See [`InSession`] for whole handlers.
    ///
    /// # Errors
    /// 403.
    pub fn in_session(&self) -> Result<(), Refused> {
        if self.is_token {
            return Err(Refused::forbidden(NOT_BY_TOKEN));
        }
        Ok(())
    }

    /// Checks that they are a platform administrator.
    ///
    /// # Errors
    /// 403.
    pub fn admin(&self) -> Result<(), Refused> {
        if self.is_admin {
            Ok(())
        } else {
            Err(Refused::forbidden("This requires a platform administrator."))
        }
    }
}

/// The result of [`authenticate`](crate::authenticate) for a request.
#[derive(Clone)]
pub(crate) struct Outcome(pub(crate) Result<Caller, Problem>);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Without the middleware there is no caller: nothing is open by mistake.
        match parts.extensions.get::<Outcome>() {
            Some(Outcome(outcome)) => outcome.clone(),
            None => Err(Problem::unauthorized()),
        }
    }
}

/// A user in a session, for handlers that an API token may not call: they refuse it with 403.
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
                let refused = caller.may(mine, needs).err();
                let too_low = matches!(refused, Some(Refused::Forbidden(_)));
                assert_eq!(too_low, needs > has, "{has} for {needs}");
                assert_eq!(refused.is_some(), needs > has, "{has} for {needs}");
                assert_eq!(caller.may(other, needs), Err(Refused::NotFound));
            }
            assert!(caller.admin().is_err());
        }
        let admin = caller(true, BTreeMap::new());
        assert!(admin.may(other, Role::Manager).is_ok() && admin.admin().is_ok());
    }
}
