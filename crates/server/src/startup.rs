//! The router behind the port: first one that says the server is starting, then the full one.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;

/// How far startup has come, as text for clients. Clones share it.
#[derive(Clone)]
pub struct Stage(Arc<Mutex<&'static str>>);

impl Default for Stage {
    fn default() -> Self {
        Self(Arc::new(Mutex::new("starting")))
    }
}

impl Stage {
    /// Sets what is being done from now on.
    pub fn enter(&self, stage: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// What is being done.
    pub fn now(&self) -> &'static str {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The current router. Clones share it.
#[derive(Clone)]
pub struct RouterSwitch(Arc<Inner>);

struct Inner {
    starting: Router,
    whole: OnceLock<Router>,
}

impl RouterSwitch {
    /// Answers with this router until [`open`](Self::open).
    pub fn starting(router: Router) -> Self {
        Self(Arc::new(Inner {
            starting: router,
            whole: OnceLock::new(),
        }))
    }

    /// Answers with the full router from now on, also on existing connections.
    pub fn open(&self, router: Router) {
        let _ = self.0.whole.set(router);
    }

    /// The current router.
    pub fn router(&self) -> Router {
        self.0.whole.get().unwrap_or(&self.0.starting).clone()
    }
}
