//! The data folder: for its owner alone, and for one server at a time.
//!
//! Owns: who may read what the server writes, and the lock that a second server meets. Must not: change what is not ours;
//! a folder that holds other things too stays as it is.

use std::{
    fs::{File, Metadata, Permissions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use rustix::{fs::Mode, process};

/// The file whose lock a running server holds. The lock goes with the process, however that ends.
const LOCK: &str = "server.lock";
/// What else is ours in the folder.
const FOLDERS: &[&str] = &["mail", "spool"];
const FILES: &[&str] = &[LOCK, "node", "secret.key", "secret.key.new"];
/// What our databases' names end in, and those of the files that SQLite puts beside them.
const ENDINGS: &[&str] = &[".db", ".db-wal", ".db-shm", ".db-journal"];
/// What a file system puts at the top of itself.
const FOREIGN: &str = "lost+found";

/// Bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// Files and folders that this process makes are its owner's alone from now on.
pub fn keep_private() {
    process::umask(Mode::RWXG | Mode::RWXO);
}

/// Makes the data folder, or takes from others what they could read in it, which is said.
///
/// # Errors
/// A folder that cannot be made or read.
pub fn prepare(folder: &Path) -> anyhow::Result<()> {
    let at = || format!("data_dir = {}", folder.display());
    std::fs::create_dir_all(folder).with_context(at)?;
    let tightened = tighten(folder).with_context(at)?;
    if let Some(first) = tightened.first() {
        tracing::warn!(
            count = tightened.len(),
            first = %first.display(),
            "other users of this machine could read files of the data folder: they no longer can"
        );
    }
    Ok(())
}

/// Takes the rights of others from what is ours: what it took them from.
fn tighten(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut tightened = Vec::new();
    let mut only_ours = true;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && FOLDERS.contains(&&*name) {
            for inner in std::fs::read_dir(&path)? {
                let inner = inner?;
                if inner.file_type()?.is_file() {
                    take(inner.path(), &mut tightened)?;
                }
            }
            take(path, &mut tightened)?;
        } else if kind.is_file() && is_ours(&name) {
            take(path, &mut tightened)?;
        } else if name != FOREIGN {
            only_ours = false;
        }
    }
    if only_ours {
        take(folder.to_owned(), &mut tightened)?;
    } else if open_to_others(&std::fs::metadata(folder)?) {
        tracing::warn!(
            folder = %folder.display(),
            "the data folder holds files that are not the server's, so other users of this machine may still list it"
        );
    }
    Ok(tightened)
}

fn is_ours(name: &str) -> bool {
    FILES.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn open_to_others(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & OTHERS != 0
}

/// Takes a file's or folder's rights from others, if it belongs to this user. It is not opened: to close a database's file
/// would give up the locks on it.
fn take(path: PathBuf, tightened: &mut Vec<PathBuf>) -> io::Result<()> {
    let metadata = match std::fs::symlink_metadata(&path) {
        // Others work here as well: a mail that is moved away, a log that is merged.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    if metadata.is_symlink() || !open_to_others(&metadata) || metadata.uid() != process::geteuid().as_raw() {
        return Ok(());
    }
    let mode = metadata.permissions().mode() & !OTHERS;
    std::fs::set_permissions(&path, Permissions::from_mode(mode))?;
    tightened.push(path);
    Ok(())
}

/// The data folder of a running server.
pub struct Held(#[expect(dead_code, reason = "the lock ends with the file")] File);

/// Takes the data folder for this server.
///
/// # Errors
/// Another server has it.
pub fn hold(folder: &Path) -> anyhow::Result<Held> {
    let path = folder.join(LOCK);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = file.with_context(|| path.display().to_string())?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "another server is running on the data folder {}: each server needs a data_dir of its own",
            folder
                .canonicalize()
                .unwrap_or_else(|_| folder.to_owned())
                .display()
        ),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "the data folder's file system has no locks: a second server would not be noticed");
        }
    }
    Ok(Held(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn takes_from_others_what_is_ours_and_leaves_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("mail")).unwrap();
        for name in [
            "secret.key",
            "node",
            "my.db",
            "my.db-wal",
            "mail/one.eml",
            "notes.txt",
        ] {
            std::fs::write(at(name), "x").unwrap();
            std::fs::set_permissions(at(name), Permissions::from_mode(0o644)).unwrap();
        }
        for name in ["", "mail"] {
            std::fs::set_permissions(at(name), Permissions::from_mode(0o755)).unwrap();
        }
        assert_eq!(tighten(folder.path()).unwrap().len(), 6);
        assert_eq!(mode(&at("mail")), 0o700);
        assert_eq!(mode(&at("mail/one.eml")), 0o600);
        assert_eq!(mode(&at("my.db-wal")), 0o600);
        assert_eq!((mode(&at("notes.txt")), mode(folder.path())), (0o644, 0o755));
        std::fs::remove_file(at("notes.txt")).unwrap();
        assert_eq!(tighten(folder.path()).unwrap(), [folder.path()]);
        assert_eq!(mode(folder.path()), 0o700);
        assert!(tighten(folder.path()).unwrap().is_empty());
    }

    // promise: L6
    #[test]
    fn only_one_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let held = hold(folder.path()).unwrap();
        let refused = hold(folder.path()).err().unwrap().to_string();
        assert!(refused.contains(&*folder.path().to_string_lossy()), "{refused}");
        drop(held);
        assert!(hold(folder.path()).is_ok());
    }
}
