//! Long-running work on low-priority threads: it yields to anything else.
//!
//! Owns: the threads. Must not: limit how much of it runs; the code that starts it does.

use std::sync::OnceLock;

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

/// The `nice` value of its threads.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Runs `f`, which may take seconds and may block, on a thread that yields to short requests.
pub fn spawn_background<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    static THREADS: OnceLock<Option<Runtime>> = OnceLock::new();
    let threads = THREADS.get_or_init(|| {
        let mut builder = Builder::new_current_thread();
        builder.thread_name("background").on_thread_start(lower_priority);
        builder.build().ok()
    });
    match threads {
        Some(threads) => threads.spawn_blocking(f),
        // Without its own threads, the work is still done.
        None => tokio::task::spawn_blocking(f),
    }
}

/// Lowers the priority of the calling thread. On Linux this is per thread; elsewhere it would affect the whole process.
fn lower_priority() {
    // If refused, it runs with normal priority.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICE);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The priority of the calling thread.
    fn nice() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
        // The name before it may contain anything.
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
    async fn only_background_threads_have_low_priority() {
        let before = nice();
        assert_eq!(spawn_background(nice).await.unwrap(), (before + NICE).min(19));
        assert_eq!(nice(), before);
        assert_eq!(tokio::task::spawn_blocking(nice).await.unwrap(), before);
    }
}
