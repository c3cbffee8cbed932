//! The idle connections.
//!
//! Owns: them, and connecting. Must not: limit their number; callers have a [place](crate::share::Place).

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::session::Session;
use crate::Error;

pub(super) struct Sessions {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    within: Duration,
    /// The last used one is used next: its caches are warm, and the ones that are rarely needed stay cold.
    idle: Mutex<Vec<Session>>,
}

impl Sessions {
    /// Connects to this server, each time in at most this time.
    ///
    /// # Errors
    /// [`Error::Database`] if TLS cannot be set up.
    pub(super) fn new(config: Config, within: Duration) -> Result<Self, Error> {
        let tls = super::tls(&config)?;
        Ok(Self {
            config,
            tls,
            within,
            idle: Mutex::default(),
        })
    }

    /// An idle connection that still works, or a new one. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the server does not accept it in time.
    pub(super) fn take(&self) -> Result<Session, Error> {
        loop {
            // The lock is not held while it is tested.
            let Some(session) = self.idle().pop() else {
                return Session::connect(&self.config, self.tls.as_ref(), self.within);
            };
            if session.is_open() {
                return Ok(session);
            }
        }
    }

    /// Keeps a connection that is in no transaction.
    pub(super) fn put(&self, session: Session) {
        self.idle().push(session);
    }

    /// Ends all idle ones. Blocks the thread.
    pub(super) fn end(&self) {
        let idle = std::mem::take(&mut *self.idle());
        for session in idle {
            session.end();
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
