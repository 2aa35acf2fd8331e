//! One process for each data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::error::PrivatePgError;

/// Held for as long as the data folder is used; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock, or names who has it.
    pub(super) fn take(data_dir: &Path) -> Result<Self, PrivatePgError> {
        let path = data_dir.join("lock");
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(PrivatePgError::folder(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                let pid = if pid.trim().is_empty() { "?" } else { pid.trim() }.to_owned();
                return Err(PrivatePgError::InUse { dir: data_dir.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(PrivatePgError::Folder { path, source }),
        }
        let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(PrivatePgError::folder(&path))?;
        Ok(Self { _file: file })
    }
}
