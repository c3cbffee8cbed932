//! What distinguishes this server from others on one database: an id that is stable across restarts and unique per server,
//! and the name of its machine.

use std::path::Path;

use anyhow::Context;
use base::{Clock, Id};
use nodes::Node;

/// Where the name is stored, in the data folder, which each server has for itself.
const FILE: &str = "node";

/// How this process describes itself to the others and to administrators.
pub(crate) fn own(id: Id, clock: &Clock) -> Node {
    let machine = rustix::system::uname();
    Node {
        id,
        run: clock.id(),
        name: machine.nodename().to_string_lossy().into_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        since: clock.now(),
    }
}

/// The id in the data folder, generated at the first start.
///
/// # Errors
/// If the folder or file cannot be used.
pub(crate) fn name(data_dir: &Path, clock: &Clock) -> anyhow::Result<Id> {
    let path = data_dir.join(FILE);
    match std::fs::read_to_string(&path) {
        // Interrupted during the first start, or damaged: a new name does no harm, because the old one's pending work
        // is released when its lease expires.
        Ok(name) => {
            if let Ok(name) = name.trim().parse() {
                return Ok(name);
            }
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| path.display().to_string());
        }
        Err(_) => {}
    }
    let name = clock.id();
    std::fs::write(&path, format!("{name}\n"))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_generated_once_per_folder() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let clock = Clock::system();
        let generated = name(one.path(), &clock).unwrap();
        assert_eq!(name(one.path(), &clock).unwrap(), generated);
        assert_ne!(name(other.path(), &clock).unwrap(), generated);
        std::fs::write(one.path().join(FILE), "").unwrap();
        assert_ne!(name(one.path(), &clock).unwrap(), generated);
        assert!(name(&one.path().join("missing"), &clock).is_err());
    }
}
