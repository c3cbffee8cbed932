//! The name that distinguishes this server from others on one database: stable across restarts, unique per server.

use std::path::Path;

use anyhow::Context;
use base::{Clock, Id};

/// Where the name is stored, in the data folder, which each server has for itself.
const FILE: &str = "node";

/// The name in the data folder, generated at the first start.
///
/// # Errors
/// If the folder or file cannot be used.
pub(crate) fn name(data_dir: &Path, clock: &Clock) -> anyhow::Result<String> {
    let path = data_dir.join(FILE);
    match std::fs::read_to_string(&path) {
        // Interrupted during the first start, or damaged: a new name does no harm, because the old one's pending work
        // is released when its lease expires.
        Ok(name) if name.trim().parse::<Id>().is_ok() => return Ok(name.trim().to_owned()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| path.display().to_string());
        }
        _ => {}
    }
    let name = clock.id().to_string();
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
