//! Passwords: Argon2id on blocking threads, with limited concurrency.
//!
//! Owns: the parameters, the limits on how many are processed and how many wait, each caller's share of that, and the work
//! that is done for an account that does not exist. Must not: keep or print a password.

use std::{net::IpAddr, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};
use base::{Bounds, Clock, Full, Id, Turns};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

use crate::{
    Problem, Secret,
    limits::network,
    password_rules::{MAX, MIN},
    problem::FieldError,
    rates::{Rate, Rates},
    schema,
};

/// The most characters of a password that is compared with the stored one.
pub(crate) const LONGEST: usize = 1_000;

/// The schema of a new password.
pub(crate) struct NewPassword;

impl utoipa::ToSchema for NewPassword {}
impl utoipa::PartialSchema for NewPassword {
    fn schema() -> RefOr<Schema> {
        let secret = secret().min_length(Some(MIN)).max_length(Some(MAX));
        secret.pattern(Some(schema::not_blank())).into()
    }
}

/// The schema of a password to compare.
pub(crate) struct Password;

impl utoipa::ToSchema for Password {}
impl utoipa::PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        secret().max_length(Some(LONGEST)).into()
    }
}

fn secret() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).write_only(true)
}

/// Sign-ins: each takes 19 MiB and a core. One at a time per address, so that others get a slot
/// whatever comes from there.
const SIGN_INS: Bounds = Bounds {
    at_once: 2,
    each: 1,
    waiting: 32,
    waiting_in_all: 512,
};

/// Of these, per account and address: one is processed and one waits.
const ACCOUNT: Bounds = Bounds::each(2);

/// Everything else: new passwords, and the current password before a change. It has its own slot, so that it
/// never blocks a sign-in.
const CHANGES: Bounds = Bounds {
    at_once: 1,
    each: 1,
    waiting: 8,
    waiting_in_all: 128,
};

/// How often an account's current password is compared other than for signing in: nobody changes theirs more often.
const COMPARED: Rate = Rate {
    burst: 10,
    interval: Duration::from_mins(1),
};

/// After how long to retry if the caller's own share is used up: it is free again before.
const BUSY: Duration = Duration::from_secs(1);

/// An arbitrary hash with the current parameters: the same work for an account that does not exist.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y2FtcGFuaWxlZGVjb3k$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// For whom a password is hashed or compared.
#[derive(Clone, Copy)]
pub(crate) enum HashFor<'a> {
    /// A sign-in, before the user is known: the account's email address and the connection's IP address.
    SignIn(&'a str, Option<IpAddr>),
    /// A signed-in user.
    User(Id),
    /// The command line.
    CommandLine,
}

/// Hashes and compares passwords.
pub(crate) struct Passwords {
    sign_ins: Turns<Option<u128>>,
    accounts: Turns<(String, Option<u128>)>,
    changes: Turns<Option<Id>>,
    compared: Rates,
    clock: Clock,
}

impl Passwords {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self {
            sign_ins: Turns::new(SIGN_INS),
            accounts: Turns::new(ACCOUNT),
            changes: Turns::new(CHANGES),
            compared: Rates::new(),
            clock: clock.clone(),
        }
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// 429 if the caller has others in progress, 503 if too many are in progress.
    pub(crate) async fn hash(&self, caller: HashFor<'_>, password: Secret) -> Result<String, Problem> {
        let salt: [u8; 16] = self.clock.random();
        self.work(caller, move || {
            argon()
                .hash_password_with_salt(password.expose().as_bytes(), &salt)
                .map(|hash| hash.to_string())
        })
        .await?
        .map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Problem::internal()
        })
    }

    /// Whether the password matches the PHC string. Without a string it does not, after the same work.
    ///
    /// # Errors
    /// 429 if the caller has others in progress or had too many recently, 503 if too many are in progress.
    pub(crate) async fn verify(
        &self,
        caller: HashFor<'_>,
        password: Secret,
        hash: Option<String>,
    ) -> Result<bool, Problem> {
        if let HashFor::User(user) = caller {
            let counted = self.compared.take(user, COMPARED, self.clock.steady());
            counted.map_err(Problem::too_many)?;
        }
        self.work(caller, move || {
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(DECOY);
            let fits = PasswordHash::new(hash).is_ok_and(|hash| {
                argon()
                    .verify_password(password.expose().as_bytes(), &hash)
                    .is_ok()
            });
            fits && known
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        caller: HashFor<'_>,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = self.place(caller).await.map_err(full)?;
        tokio::task::spawn_blocking(move || {
            // The work continues if the client disconnects, so the slot must be held until it is done.
            let _held = place;
            f()
        })
        .await
        .map_err(|_| Problem::internal())
    }

    /// A slot to process one password, until it is dropped.
    async fn place(&self, caller: HashFor<'_>) -> Result<Box<dyn Send>, Full> {
        let user = match caller {
            HashFor::SignIn(account, peer) => {
                let address = peer.map(network);
                let of_account = self.accounts.take((account.to_owned(), address))?;
                return Ok(Box::new((of_account, self.sign_ins.wait(address).await?)));
            }
            HashFor::User(user) => Some(user),
            HashFor::CommandLine => None,
        };
        Ok(Box::new(self.changes.wait(user).await?))
    }
}

fn full(full: Full) -> Problem {
    match full {
        Full::Own => Problem::too_many(BUSY),
        Full::All => Problem::unavailable(),
    }
}

/// Argon2id with 19 MiB, two passes, one lane: the second choice of OWASP's Password Storage Cheat Sheet.
fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// Whether a text may be compared with a password: a longer one cannot be one.
pub(crate) fn comparable(field: &str, password: &Secret) -> Result<(), FieldError> {
    if password.expose().chars().take(LONGEST + 1).count() > LONGEST {
        return Err(FieldError::new(field, "is longer than any password"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn matches_its_own_hash_and_no_other() {
        let passwords = Passwords::new(&Clock::system());
        let command_line = HashFor::CommandLine;
        let hash = passwords
            .hash(command_line, Secret::new("correct horse"))
            .await
            .unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(
            hash,
            passwords
                .hash(command_line, Secret::new("correct horse"))
                .await
                .unwrap(),
            "salted"
        );
        let verify = |password, hash: Option<&str>| {
            passwords.verify(command_line, Secret::new(password), hash.map(ToOwned::to_owned))
        };
        assert_eq!(verify("correct horse", Some(&hash)).await, Ok(true));
        assert_eq!(verify("correct house", Some(&hash)).await, Ok(false));
        assert_eq!(verify("", None).await, Ok(false));
        assert_eq!(verify("x", Some("")).await, Ok(false));
    }

    #[test]
    fn an_unknown_account_costs_the_same_work() {
        let decoy = PasswordHash::new(DECOY).unwrap();
        let real = argon().hash_password_with_salt(b"x", &[0; 16]).unwrap();
        assert_eq!(decoy.params.to_string(), real.params.to_string());
        assert_eq!(decoy.algorithm, real.algorithm);
        assert_eq!(decoy.version, real.version);
        let length = |hash: &PasswordHash| hash.hash.as_ref().map(argon2::password_hash::phc::Output::len);
        assert_eq!(length(&decoy), length(&real));
    }

    fn user(n: usize) -> HashFor<'static> {
        HashFor::User(Id::from_parts(1, [u8::try_from(n).unwrap(); 10]))
    }

    /// A sign-in to this account from the address with this end.
    fn sign_in(account: &str, last: u8) -> HashFor<'_> {
        HashFor::SignIn(account, Some(IpAddr::from([192, 0, 2, last])))
    }

    /// Lets everything that was spawned come as far as it can without a password being worked on.
    async fn settle() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    // promise: U3
    #[tokio::test]
    async fn password_changes_do_not_block_sign_ins() {
        let passwords = Arc::new(Passwords::new(&Clock::system()));
        let one = passwords.place(user(0)).await.unwrap();
        let mut waiting = JoinSet::new();
        for n in 0..CHANGES.waiting_in_all {
            let passwords = Arc::clone(&passwords);
            let who = user(n / CHANGES.waiting);
            waiting.spawn(async move { passwords.place(who).await.map(drop) });
        }
        settle().await;
        let own = passwords.hash(user(0), Secret::new("x")).await.unwrap_err();
        assert_eq!(own.status(), 429, "its own share is used up");
        let other = passwords.hash(user(200), Secret::new("x")).await.unwrap_err();
        assert_eq!(other.status(), 503, "too many are waiting");
        let ada = HashFor::SignIn("ada@example.org", None);
        assert_eq!(passwords.verify(ada, Secret::new("x"), None).await, Ok(false));
        drop(one);
        assert!(waiting.join_all().await.iter().all(Result::is_ok));
    }

    // promise: U3
    #[tokio::test]
    async fn one_address_or_account_does_not_block_other_sign_ins() {
        let passwords = Arc::new(Passwords::new(&Clock::system()));
        let held = passwords.place(sign_in("eve", 1)).await.unwrap();
        let mut waiting = JoinSet::new();
        for n in 0..SIGN_INS.waiting {
            let passwords = Arc::clone(&passwords);
            waiting.spawn(async move {
                let account = format!("eve{n}");
                let place = passwords.place(sign_in(&account, 1)).await;
                place.map(drop)
            });
        }
        settle().await;
        let one_more = passwords.verify(sign_in("more", 1), Secret::new("x"), None);
        assert_eq!(one_more.await.unwrap_err().status(), 429, "from one address");
        let ada = passwords.verify(sign_in("ada", 2), Secret::new("x"), None);
        assert_eq!(ada.await, Ok(false), "another address");
        drop(held);
        assert!(waiting.join_all().await.iter().all(Result::is_ok));

        let first = passwords.place(sign_in("ada", 3)).await.unwrap();
        let again = tokio::spawn({
            let passwords = Arc::clone(&passwords);
            async move { passwords.place(sign_in("ada", 3)).await.map(drop) }
        });
        settle().await;
        assert!(!again.is_finished());
        let third = passwords.place(sign_in("ada", 3)).await;
        assert_eq!(third.err(), Some(Full::Own), "one account from one address");
        let elsewhere = passwords.place(sign_in("ada", 4)).await;
        assert!(
            elsewhere.is_ok(),
            "nobody is locked out by others' attempts on that account"
        );
        drop(first);
        assert_eq!(again.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn comparisons_of_the_current_password_are_limited() {
        let clock = Clock::manual(base::Time::from_nanos(1_700_000_000_000_000_000));
        let passwords = Passwords::new(&clock);
        let ada = HashFor::User(Id::from_parts(1, [1; 10]));
        for _ in 0..COMPARED.burst {
            assert_eq!(passwords.verify(ada, Secret::new("x"), None).await, Ok(false));
        }
        let refused = passwords.verify(ada, Secret::new("x"), None).await.unwrap_err();
        assert_eq!(refused.status(), 429);
        clock.advance(COMPARED.interval);
        assert_eq!(passwords.verify(ada, Secret::new("x"), None).await, Ok(false));
    }
}
