//! The key that secrets at rest are sealed with.

use std::{io::Write, path::Path};

use access::Secret;
use anyhow::Context;
use base::Clock;
use base64::Engine;
use sha2::{Digest, Sha256};

/// Where a key that nobody set is kept, below the data folder.
const FILE: &str = "secret.key";

/// The key of the settings, or the one in the data folder, made there at the first start.
///
/// # Errors
/// A folder or file that cannot be used.
pub(crate) fn load(setting: Option<&str>, data_dir: &Path, clock: &Clock) -> anyhow::Result<Secret> {
    if let Some(key) = setting {
        long_enough(key).map_err(|fault| anyhow::anyhow!("secret_key: {fault}"))?;
        return Ok(Secret::new(key));
    }
    let path = data_dir.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(key) if key.trim().len() >= 32 => Ok(Secret::new(key.trim())),
        Ok(_) => anyhow::bail!("{} holds no key; restore it from a backup", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(&path, clock),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Whether a text may be the key.
pub(crate) fn long_enough(key: &str) -> Result<(), &'static str> {
    if key.len() < 32 {
        return Err("at least 32 characters are needed");
    }
    Ok(())
}

/// A key of its own for one purpose, so that one purpose's key tells nothing of another's.
pub(crate) fn derived(key: &Secret, purpose: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(b"campanile ");
    hash.update(purpose);
    hash.update([0]);
    hash.update(key.expose());
    hash.finalize().to_vec()
}

fn make(path: &Path, clock: &Clock) -> anyhow::Result<Secret> {
    let key = base64::engine::general_purpose::STANDARD.encode(clock.random::<32>());
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        writeln!(file, "{key}")?;
        file.sync_all()
    });
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(Secret::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let made = load(None, folder.path(), &clock).unwrap();
        let again = load(None, folder.path(), &clock).unwrap();
        assert_eq!(made.expose(), again.expose());
        let bits = std::fs::metadata(folder.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(bits & 0o777, 0o600);
        std::fs::write(folder.path().join(FILE), "short").unwrap();
        assert!(
            load(None, folder.path(), &clock).is_err(),
            "a damaged key is not replaced"
        );
        assert!(load(Some("short"), folder.path(), &clock).is_err());
    }
}
