//! What is written beside a base backup, and finding those that there are.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use event_store::private_pg::BackupFolder;
use serde::{Deserialize, Serialize};

/// First field of a manifest.
pub(crate) const FORMAT: &str = "vnr-backup-1";
/// Its file.
pub(crate) const FILE: &str = "manifest.json";

/// One log as it was when the backup began; a restore has at least so much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogAt {
    /// Its name.
    pub(crate) log: String,
    /// Its name in tree heads.
    pub(crate) origin: String,
    /// Its end, `generation.position`.
    pub(crate) position: String,
    /// Root of the tree over its events, hexadecimal.
    pub(crate) root: String,
}

/// What is known of a base backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// [`FORMAT`].
    pub(crate) format: String,
    /// Its name: when it began.
    pub(crate) name: String,
    /// When it began.
    pub(crate) begun_at: DateTime<Utc>,
    /// When it was whole.
    pub(crate) finished_at: DateTime<Utc>,
    /// `postgres --version`.
    pub(crate) postgresql: String,
    /// What `pg_verifybackup` said of it.
    pub(crate) verified: String,
    /// First segment of the write-ahead log that it needs.
    pub(crate) first_segment: String,
    /// Whether the server handed its write-ahead log over: without it a restore ends where the backup does.
    pub(crate) archiving: bool,
    /// Bytes on the disk.
    pub(crate) bytes: u64,
    /// The logs when it began.
    pub(crate) logs: Vec<LogAt>,
    /// What is needed beside it and not in it.
    pub(crate) not_included: Vec<String>,
}

/// A base backup that is there.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// What is written beside it.
    pub(crate) manifest: Manifest,
}

impl Found {
    /// The base backup in this folder, where there is a whole one.
    pub(crate) fn at(folder: &Path) -> Option<Found> {
        let text = fs::read_to_string(folder.join(FILE)).ok()?;
        let manifest: Manifest = serde_json::from_str(&text).ok()?;
        Some(Found { folder: folder.to_owned(), manifest })
    }

    /// Where PostgreSQL's files are.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

/// The whole base backups, oldest first.
pub(crate) fn all(folder: &BackupFolder) -> Vec<Found> {
    let entries = fs::read_dir(folder.base()).into_iter().flatten().flatten();
    let whole = |path: &PathBuf| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let mut found: Vec<Found> =
        entries.map(|entry| entry.path()).filter(whole).filter_map(|path| Found::at(&path)).collect();
    found.sort_by_key(|backup| backup.manifest.begun_at);
    found
}

/// How many segments of the write-ahead log there are, and when the last came.
pub(crate) fn segments(folder: &BackupFolder) -> (u64, Option<DateTime<Utc>>) {
    let entries = fs::read_dir(folder.wal()).into_iter().flatten().flatten();
    let whole = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "gz"));
    whole.fold((0, None), |(count, last), entry| {
        let at = entry.metadata().and_then(|found| found.modified()).ok().map(DateTime::<Utc>::from);
        (count + 1, last.max(at))
    })
}
