//! Work that takes long, on threads that give way: while there is anything else to do, it waits.
//!
//! Owns: the threads. Must not: bound how much of it there is; who begins it does.

use std::sync::OnceLock;

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

/// How much less of the processor its threads get, as `nice` counts.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Runs `f`, which may take seconds and may block, on a thread that gives way to requests that take a moment.
pub fn spawn_background<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    static THREADS: OnceLock<Option<Runtime>> = OnceLock::new();
    let threads = THREADS.get_or_init(|| {
        let mut builder = Builder::new_current_thread();
        builder.thread_name("background").on_thread_start(give_way);
        builder.build().ok()
    });
    match threads {
        Some(threads) => threads.spawn_blocking(f),
        // Without threads of its own it is done all the same.
        None => tokio::task::spawn_blocking(f),
    }
}

/// The thread that calls this gives way from now on. On Linux this is of a thread; elsewhere it would be of the whole process.
fn give_way() {
    // Refused, it goes on as any other.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICE);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The priority of the calling thread.
    fn nice() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
        // The name before it may hold anything.
        let fields = stat
            .rsplit_once(") ")
            .map(|(_, fields)| fields.split(' ').nth(16));
        fields
            .flatten()
            .and_then(|nice| nice.parse().ok())
            .unwrap_or(i32::MIN)
    }

    // promise: U3
    #[tokio::test]
    async fn it_gives_way_and_nobody_else_does() {
        let before = nice();
        assert_eq!(spawn_background(nice).await.unwrap(), (before + NICE).min(19));
        assert_eq!(nice(), before);
        assert_eq!(tokio::task::spawn_blocking(nice).await.unwrap(), before);
    }
}
