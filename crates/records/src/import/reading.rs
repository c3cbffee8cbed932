//! Reads scan reports off the request threads: it may take seconds.

use std::fs::File;

use tokio::task::JoinHandle;

/// Up to this size a scan report is read quickly, in bytes.
const SMALL: u64 = 256 * 1024;

/// Reads a scan report: a large one on a background thread that yields, a small one at once.
pub(super) fn spawn_reading<T: Send + 'static>(
    file: &File,
    read: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    match file.metadata() {
        Ok(about) if about.len() <= SMALL => tokio::task::spawn_blocking(read),
        _ => base::spawn_background(read),
    }
}
