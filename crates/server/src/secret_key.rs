//! The key that secrets at rest are sealed with.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use access::{Key, Secret};
use anyhow::Context;
use base::Clock;
use base64::Engine;
use sha2::{Digest, Sha256};

/// Where a generated key is stored, in the data folder.
const FILE: &str = "secret.key";
/// Where the next one is stored during a rotation.
const NEXT: &str = "secret.key.new";

/// The key of the settings, or the one in the data folder; none if there is neither.
///
/// # Errors
/// If the file cannot be used or contains no key.
pub(crate) fn load(setting: Option<&str>, data_dir: &Path) -> anyhow::Result<Option<Secret>> {
    if let Some(key) = setting {
        long_enough(key).map_err(|fault| anyhow::anyhow!("secret_key: {fault}"))?;
        return Ok(Some(Secret::new(key)));
    }
    read(&data_dir.join(FILE))
}

fn read(path: &Path) -> anyhow::Result<Option<Secret>> {
    match std::fs::read_to_string(path) {
        Ok(key) if long_enough(key.trim()).is_ok() => Ok(Some(Secret::new(key.trim()))),
        Ok(_) => anyhow::bail!("{} contains no key; restore it from a backup", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Generates a key in the data folder, if there is none.
///
/// # Errors
/// If the folder or file cannot be used.
pub(crate) fn generate(data_dir: &Path, clock: &Clock) -> anyhow::Result<Secret> {
    write(&data_dir.join(FILE), clock)
}

/// The next key for the data folder, generated next to the current one unless an earlier attempt left one.
///
/// # Errors
/// If the folder or file cannot be used.
pub(crate) fn generate_next(data_dir: &Path, clock: &Clock) -> anyhow::Result<Secret> {
    let path = data_dir.join(NEXT);
    match read(&path)? {
        Some(key) => Ok(key),
        None => write(&path, clock),
    }
}

/// Replaces the current key by the one that [`generate_next`] generated.
///
/// # Errors
/// If the file cannot be renamed.
pub(crate) fn adopt_next(data_dir: &Path) -> anyhow::Result<()> {
    let (from, to) = (data_dir.join(NEXT), data_dir.join(FILE));
    std::fs::rename(&from, &to).with_context(|| to.display().to_string())?;
    File::open(data_dir)?.sync_all()?;
    Ok(())
}

/// Whether a text may be the key.
pub(crate) fn long_enough(key: &str) -> Result<(), &'static str> {
    if key.len() < 32 {
        return Err("must have at least 32 characters");
    }
    Ok(())
}

/// A separate key for one purpose, which reveals nothing about those of other purposes.
pub(crate) fn derived(key: &Secret, purpose: &str) -> Key {
    let mut hash = Sha256::new();
    hash.update(b"campanile ");
    hash.update(purpose);
    hash.update([0]);
    hash.update(key.expose());
    hash.finalize().into()
}

fn write(path: &Path, clock: &Clock) -> anyhow::Result<Secret> {
    let key = base64::engine::general_purpose::STANDARD.encode(clock.random::<32>());
    let written = write_new(path, |file| writeln!(file, "{key}"));
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(Secret::new(key))
}

/// Creates a file that must not exist. If writing fails, on a full disk for instance, no file remains: the next start
/// would mistake it for a damaged key.
fn write_new(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    if written.is_err() {
        std::fs::remove_file(path)?;
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: L3
    #[test]
    fn a_full_disk_leaves_no_incomplete_key_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let full = write_new(&path, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(load(None, folder.path()).unwrap().is_none());
        let generated = generate(folder.path(), &Clock::system()).unwrap();
        let other = write_new(&path, |_| Err(io::ErrorKind::StorageFull.into()));
        assert_eq!(other.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(load(None, folder.path()).unwrap(), Some(generated), "it stays");
    }

    #[test]
    fn is_generated_once_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        assert!(load(None, folder.path()).unwrap().is_none());
        let generated = generate(folder.path(), &clock).unwrap();
        let again = load(None, folder.path()).unwrap().unwrap();
        assert_eq!(generated.expose(), again.expose());
        assert!(generate(folder.path(), &clock).is_err(), "one exists");
        let bits = std::fs::metadata(folder.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(bits & 0o777, 0o600);
        let next = generate_next(folder.path(), &clock).unwrap();
        assert_eq!(
            generate_next(folder.path(), &clock).unwrap(),
            next,
            "of the first attempt"
        );
        adopt_next(folder.path()).unwrap();
        assert_eq!(load(None, folder.path()).unwrap(), Some(next));
        std::fs::write(folder.path().join(FILE), "short").unwrap();
        assert!(
            load(None, folder.path()).is_err(),
            "a damaged key is not replaced"
        );
        assert!(load(Some("short"), folder.path()).is_err());
    }
}
