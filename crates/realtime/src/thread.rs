//! The stream's own threads: work that must not delay requests, or be delayed by them. Waking a runtime of one
//! thread also takes half the system calls of waking a thread pool.

use std::io;

/// Runs this on its own thread until it ends.
pub(crate) fn start(name: &str, work: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(move || runtime.block_on(work))?;
    Ok(())
}
