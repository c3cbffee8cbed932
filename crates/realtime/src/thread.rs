//! Threads of the stream's own: what must not keep a request waiting, nor wait for one. To wake a runtime of one
//! thread also takes half the system calls that waking a pool of them does.

use std::io;

/// Runs this on a thread of its own until it ends.
pub(crate) fn start(name: &str, work: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(move || runtime.block_on(work))?;
    Ok(())
}
