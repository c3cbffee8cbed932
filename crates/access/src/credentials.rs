//! Sessions and API tokens: random texts of which only the hash is kept.

use std::{collections::BTreeMap, sync::Arc};

use base::{Clock, Id, Scope, Time};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use store::{FromRow, Row, Tx, params};

use crate::{Caller, Role, Secret};

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Of a login.
    Session,
    /// Made by hand, for programs.
    Token,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
        }
    }

    /// What its text begins with, so that people and secret scanners know it.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "cms_",
            Self::Token => "cmp_",
        }
    }

    /// A new one: 256 random bits.
    pub(crate) fn make(self, clock: &Clock) -> Secret {
        let random: [u8; 32] = clock.random();
        Secret::new(format!("{}{}", self.prefix(), URL_SAFE_NO_PAD.encode(random)))
    }
}

/// The length of every credential: a prefix and 43 characters.
const LENGTH: usize = 47;

/// The hash it is kept as, or none for a text that cannot be one. The text is random, so a plain hash does.
pub(crate) fn hash(credential: &str) -> Option<String> {
    let possible = credential.len() == LENGTH
        && [Kind::Session, Kind::Token]
            .iter()
            .any(|kind| credential.starts_with(kind.prefix()));
    possible.then(|| {
        Sha256::digest(credential.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    })
}

struct Found {
    id: Id,
    is_token: bool,
    expires_at: Time,
    user: (Id, String, String, bool),
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            is_token: row.get::<String>(1)? == Kind::Token.name(),
            expires_at: row.get(2)?,
            user: (row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?),
        })
    }
}

const BY_HASH: &str = "select c.id, c.kind, c.expires_at, u.id, u.name, u.email, u.is_admin \
     from credentials c join users u on u.id = c.user_id \
     where c.hash = $1 and u.disabled = 0 and (c.expires_at = 0 or c.expires_at > $2)";
const ROLES: &str = "select company_id, role from memberships where user_id = $1";

/// Who comes with the credential of this hash, if it is still good.
pub(crate) fn caller(tx: &mut Tx<'_>, hash: &str) -> Result<Option<Caller>, store::Error> {
    let now = tx.now();
    let Some(found) = tx.one::<Found>(BY_HASH, params![hash, now])? else {
        return Ok(None);
    };
    let (user_id, name, email, is_admin) = found.user;
    let roles: BTreeMap<Id, Role> = tx
        .all::<(Id, Role)>(ROLES, params![user_id])?
        .into_iter()
        .collect();
    Ok(Some(Caller {
        user_id,
        name,
        email,
        is_admin,
        scope: if is_admin {
            Scope::All
        } else {
            Scope::of(roles.keys().copied())
        },
        roles: Arc::new(roles),
        session: found.id,
        is_token: found.is_token,
        expires_at: if found.expires_at == Time::default() {
            Time::from_nanos(i64::MAX)
        } else {
            found.expires_at
        },
    }))
}
