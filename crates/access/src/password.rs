//! Passwords: Argon2id on blocking threads, few at once.
//!
//! Owns: the parameters, the bound on how many are worked on and how many wait, and the work that is done for an
//! account that does not exist. Must not: keep or print a password.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};
use base::Clock;
use tokio::sync::Semaphore;

use crate::{Problem, Secret, problem::FieldError};

/// The fewest characters of a password.
pub(crate) const MIN: usize = 8;

/// The most characters of a password.
pub(crate) const MAX: usize = 256;

/// How many are worked on at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;

/// How many may wait for their turn; beyond that, 503.
const WAITING: usize = 64;

/// A hash of nothing in particular with the present parameters: the same work for an account that does not exist.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y2FtcGFuaWxlZGVjb3k$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and compares passwords. Clones share the bound.
#[derive(Clone)]
pub(crate) struct Passwords {
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
    clock: Clock,
}

impl Passwords {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self {
            running: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            clock: clock.clone(),
        }
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// 503 where too many wait already.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String, Problem> {
        let salt: [u8; 16] = self.clock.random();
        self.work(move || {
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

    /// Whether the password is the one of the PHC string. Without a string it is not, after the same work.
    ///
    /// # Errors
    /// 503 where too many wait already.
    pub(crate) async fn verify(&self, password: Secret, hash: Option<String>) -> Result<bool, Problem> {
        self.work(move || {
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

    async fn work<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Problem::unavailable())?;
        let turn = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|_| Problem::unavailable())?;
        tokio::task::spawn_blocking(move || {
            // The work goes on when whoever asked hangs up, so the bound must hold until it is done.
            let _held = (place, turn);
            f()
        })
        .await
        .map_err(|_| Problem::internal())
    }
}

/// Argon2id with 19 MiB, two passes, one lane: the second choice of OWASP's Password Storage Cheat Sheet.
fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// Whether a text may become a password.
pub fn acceptable(field: &str, password: &Secret) -> Result<(), FieldError> {
    match password.expose().chars().take(MAX + 1).count() {
        0..MIN => Err(FieldError::new(
            field,
            format!("it is shorter than {MIN} characters"),
        )),
        MIN..=MAX => Ok(()),
        _ => Err(FieldError::new(
            field,
            format!("it is longer than {MAX} characters"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fits_its_own_hash_and_no_other() {
        let passwords = Passwords::new(&Clock::system());
        let hash = passwords.hash(Secret::new("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(
            hash,
            passwords.hash(Secret::new("correct horse")).await.unwrap(),
            "salted"
        );
        let verify = |password, hash: Option<&str>| {
            passwords.verify(Secret::new(password), hash.map(ToOwned::to_owned))
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

    #[tokio::test]
    async fn refuses_when_too_many_wait() {
        let passwords = Passwords::new(&Clock::system());
        let busy = Arc::clone(&passwords.places)
            .acquire_many_owned(u32::try_from(AT_ONCE + WAITING).unwrap())
            .await
            .unwrap();
        let refused = passwords.hash(Secret::new("x")).await.unwrap_err();
        assert_eq!(refused.status(), 503);
        drop(busy);
        assert!(passwords.hash(Secret::new("x")).await.is_ok());
    }

    #[test]
    fn a_password_is_neither_short_nor_endless() {
        for (length, fits) in [(0, false), (7, false), (8, true), (256, true), (257, false)] {
            let password = Secret::new("ä".repeat(length));
            assert_eq!(acceptable("password", &password).is_ok(), fits, "{length}");
        }
    }
}
