//! Dedicated threads for the connections: an answer of the database does not wait behind a request that is being processed.
//!
//! Owns: those threads. Must not: know the statements.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
    thread::available_parallelism,
};

use deadpool_postgres::Connect;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinHandle,
};
use tokio_postgres::{Client, Config, Error};

type Connecting<'a> = Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + 'a>>;

/// Processors per thread; at least one thread.
const PROCESSORS: usize = 4;

/// The threads; they end with this.
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    pub(super) fn start() -> std::io::Result<Self> {
        let processors = available_parallelism().map_or(1, usize::from);
        Builder::new_multi_thread()
            .worker_threads(processors.div_ceil(PROCESSORS))
            .thread_name("postgres")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    /// Connects by the same means, but on these threads.
    pub(super) fn connect<C: Connect>(&self, by: C) -> OnThreads<C> {
        let threads = self.0.as_ref().map(|runtime| runtime.handle().clone());
        OnThreads { by, threads }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

pub(super) struct OnThreads<C> {
    by: C,
    threads: Option<Handle>,
}

impl<C: Connect> Connect for OnThreads<C> {
    fn connect(&self, config: &Config) -> Connecting<'_> {
        let mut connecting = self.by.connect(config);
        Box::pin(poll_fn(move |context| -> Poll<_> {
            // The socket, its timers and the task that serves it belong to the entered runtime.
            let _entered = self.threads.as_ref().map(Handle::enter);
            connecting.as_mut().poll(context)
        }))
    }
}
