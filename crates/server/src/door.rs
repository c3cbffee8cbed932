//! What the port answers: that the server starts, then everything.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;

/// How far the start has come, in words for whoever asks. Clones share it.
#[derive(Clone)]
pub struct Stage(Arc<Mutex<&'static str>>);

impl Default for Stage {
    fn default() -> Self {
        Self(Arc::new(Mutex::new("starting")))
    }
}

impl Stage {
    /// Says what is being done from now on.
    pub fn enter(&self, stage: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// What is being done.
    pub fn now(&self) -> &'static str {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The router of the moment. Clones share it.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    starting: Router,
    whole: OnceLock<Router>,
}

impl Door {
    /// Answers by this router until [`open`](Self::open).
    pub fn starting(router: Router) -> Self {
        Self(Arc::new(Inner {
            starting: router,
            whole: OnceLock::new(),
        }))
    }

    /// Answers by the whole router from now on, also on connections that are there.
    pub fn open(&self, router: Router) {
        let _ = self.0.whole.set(router);
    }

    /// The router of this moment.
    pub fn router(&self) -> Router {
        self.0.whole.get().unwrap_or(&self.0.starting).clone()
    }
}
