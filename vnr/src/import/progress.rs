//! How far an import has come: written so that it can be broken off anywhere.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::input::Fingerprint;
use super::rejects::Lengths;

/// What is known of an import that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// File that is imported.
    pub input: Fingerprint,
    /// SHA-256 of the mapping.
    pub mapping: String,
    /// Register that it is imported into.
    pub target: String,
    /// When the import was begun, RFC 3339.
    pub begun_at: String,
    /// Groups of which everything is known, from the first one on.
    pub groups_done: u64,
    /// Counts over those groups.
    pub counts: Counts,
    /// How far the reject files were written for those groups.
    pub rejects: Lengths,
}

/// Why an import can't go on from a progress file.
#[derive(Debug, thiserror::Error)]
pub enum ProgressError {
    /// It is of another import.
    #[error(
        "{path} is the progress of another import: {what} is another. \
         Finish that import first, name another --progress-file, or begin anew with --restart"
    )]
    Other {
        /// The progress file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// Another importer works with it.
    #[error("another import is working with {0}")]
    InUse(PathBuf),
    /// It can't be read.
    #[error("{path} is no progress file; begin anew with --restart")]
    Damaged {
        /// The progress file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The file system refuses.
    #[error("can't keep the progress in {path}")]
    Io {
        /// The progress file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The progress file of an import, held by one importer at a time.
#[derive(Debug)]
pub(super) struct ProgressFile {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl ProgressFile {
    /// Takes hold of the progress file.
    ///
    /// # Errors
    /// Where another importer holds it.
    pub(super) fn hold(path: &Path) -> Result<Self, ProgressError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock_path = PathBuf::from(name);
        let io = |source| ProgressError::Io { path: path.to_owned(), source };
        let lock = File::options().create(true).write(true).truncate(false).open(&lock_path).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), lock_path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ProgressError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// The progress of an import that was broken off.
    ///
    /// # Errors
    /// Where it can't be read.
    pub(super) fn load(&self) -> Result<Option<Progress>, ProgressError> {
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| ProgressError::Damaged { path: self.path.clone(), source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.io(source)),
        }
    }

    /// Refuses to go on with another import's progress.
    ///
    /// # Errors
    /// Says what differs.
    pub(super) fn check(&self, found: &Progress, wanted: &Progress, same_register: bool) -> Result<(), ProgressError> {
        let differs = if found.input != wanted.input {
            "the file"
        } else if found.mapping != wanted.mapping {
            "the mapping"
        } else if found.target != wanted.target && !same_register {
            "the register (--same-register says that it only has a new address)"
        } else {
            return Ok(());
        };
        Err(ProgressError::Other { path: self.path.clone(), what: differs })
    }

    /// Writes the progress so that the file is always whole.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(super) fn save(&self, progress: &Progress) -> Result<(), ProgressError> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".new");
        let new = PathBuf::from(name);
        let save = || {
            let mut file = File::create(&new)?;
            file.write_all(&serde_json::to_vec_pretty(progress)?)?;
            file.sync_data()?;
            fs::rename(&new, &self.path)?;
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        save().map_err(|source| self.io(source))
    }

    /// Removes the file: the import is done.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(super) fn remove(self) -> Result<(), ProgressError> {
        for path in [&self.path, &self.lock_path] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.io(error)),
                _ => {}
            }
        }
        Ok(())
    }

    fn io(&self, source: io::Error) -> ProgressError {
        ProgressError::Io { path: self.path.clone(), source }
    }
}
