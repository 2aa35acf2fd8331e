//! Whether a file is still the one that was read.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What of a file changes when its content does. The time of the last change of its entry is part of it, so that a file that is
/// put in place with an old date is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Of the file as it is. Taken before the file is read: what is written while it is read is noticed the next time.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let of = std::fs::metadata(path)?;
        Ok(Self {
            inode: of.ino(),
            size: of.size(),
            modified: (of.mtime(), of.mtime_nsec()),
            changed: (of.ctime(), of.ctime_nsec()),
        })
    }

    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}
