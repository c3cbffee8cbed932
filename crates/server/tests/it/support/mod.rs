//! Test support: the real server in this process or in its own, API clients, the
//! databases it runs on.

mod client;
mod command;
mod nats;
mod outside;
mod process;
mod server;
mod world;

pub use client::{Answer, Client, Frames};
pub use command::Command;
pub use nats::{NATS, Nats};
pub use outside::{Outside, WEBHOOK};
pub use process::Process;
pub use server::{ADMIN, ADMIN_PASSWORD, Database, Server, databases, empty_databases};
pub use world::{PASSWORD, World};

use std::{future::Future, time::Duration};

/// Waits until `look` returns a value: for a condition, not a time.
///
/// # Panics
/// If it has not happened within 30 seconds.
#[track_caller]
pub fn eventually<T, F: Future<Output = Option<T>>>(
    what: &'static str,
    mut look: impl FnMut() -> F,
) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let found = tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        found
            .await
            .unwrap_or_else(|_| panic!("{caller}: {what} did not come"))
    }
}
