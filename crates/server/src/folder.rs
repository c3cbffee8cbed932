//! The data folder: readable only by its owner, and used by one server at a time.
//!
//! Owns: who may read what the server writes, and the lock that stops a second server. Must not: change files that are not ours;
//! a folder that also contains other files stays as it is.

use std::{
    fs::{File, Metadata, Permissions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use rustix::{fs::Mode, process};

/// The file whose lock a running server holds. The lock ends with the process, however that ends.
const LOCK: &str = "server.lock";
/// Our other files and folders in it.
const FOLDERS: &[&str] = &["mail", "spool"];
const FILES: &[&str] = &[LOCK, "node", "secret.key", "secret.key.new"];
/// Extensions of our databases, and of the files that SQLite puts next to them.
const ENDINGS: &[&str] = &[".db", ".db-wal", ".db-shm", ".db-journal"];
/// What a file system has at its root.
const FOREIGN: &str = "lost+found";

/// Permission bits of everyone but the owner.
const OTHERS: u32 = 0o077;

/// Makes files and folders that this process creates private to its owner from now on.
pub fn keep_private() {
    process::umask(Mode::RWXG | Mode::RWXO);
}

/// Creates the data folder, or removes other users' permissions in it, and logs that.
///
/// # Errors
/// If the folder cannot be created or read.
pub fn prepare(folder: &Path) -> anyhow::Result<()> {
    let at = || format!("data_dir = {}", folder.display());
    std::fs::create_dir_all(folder).with_context(at)?;
    let tightened = tighten(folder).with_context(at)?;
    if let Some(first) = tightened.first() {
        tracing::warn!(
            count = tightened.len(),
            first = %first.display(),
            "other users of this machine could read files in the data folder; their permissions were removed"
        );
    }
    Ok(())
}

/// Removes other users' permissions from what is ours; returns what was changed.
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
                    make_private(inner.path(), &mut tightened)?;
                }
            }
            make_private(path, &mut tightened)?;
        } else if kind.is_file() && is_ours(&name) {
            make_private(path, &mut tightened)?;
        } else if name != FOREIGN {
            only_ours = false;
        }
    }
    if only_ours {
        make_private(folder.to_owned(), &mut tightened)?;
    } else if open_to_others(&std::fs::metadata(folder)?) {
        tracing::warn!(
            folder = %folder.display(),
            "the data folder contains files that are not the server's, so other users of this machine may still list it"
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

/// Removes other users' permissions from a file or folder owned by this user. It is not opened: closing a database file
/// would release the locks on it.
fn make_private(path: PathBuf, tightened: &mut Vec<PathBuf>) -> io::Result<()> {
    let metadata = match std::fs::symlink_metadata(&path) {
        // Files may disappear meanwhile: a mail that is moved away, a log that is merged.
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

/// Locks the data folder for this server.
///
/// # Errors
/// If another server has it.
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
            "another server is using the data folder {}: each server needs its own data_dir",
            folder
                .canonicalize()
                .unwrap_or_else(|_| folder.to_owned())
                .display()
        ),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "the data folder's file system does not support locks: a second server would not be detected");
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
    fn makes_our_files_private_and_leaves_the_rest() {
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
    fn only_one_server_locks_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let held = hold(folder.path()).unwrap();
        let refused = hold(folder.path()).err().unwrap().to_string();
        assert!(refused.contains(&*folder.path().to_string_lossy()), "{refused}");
        drop(held);
        assert!(hold(folder.path()).is_ok());
    }
}
