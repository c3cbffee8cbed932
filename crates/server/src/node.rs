//! The name by which this server is told from others on one database: the same after a restart, another for each.

use std::path::Path;

use anyhow::Context;
use base::{Clock, Id};

/// Where the name is kept, below the data folder, which is each server's own.
const FILE: &str = "node";

/// The name in the data folder, made there at the first start.
///
/// # Errors
/// A folder or file that cannot be used.
pub(crate) fn name(data_dir: &Path, clock: &Clock) -> anyhow::Result<String> {
    let path = data_dir.join(FILE);
    match std::fs::read_to_string(&path) {
        // Cut off in the middle of the first start, or damaged: a name nobody has does no harm, for what the old one
        // had under way comes back when its lease ends.
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
    fn is_made_once_for_each_folder() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let clock = Clock::system();
        let made = name(one.path(), &clock).unwrap();
        assert_eq!(name(one.path(), &clock).unwrap(), made);
        assert_ne!(name(other.path(), &clock).unwrap(), made);
        std::fs::write(one.path().join(FILE), "").unwrap();
        assert_ne!(name(one.path(), &clock).unwrap(), made);
        assert!(name(&one.path().join("missing"), &clock).is_err());
    }
}
