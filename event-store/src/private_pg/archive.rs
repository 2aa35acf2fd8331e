//! The folder of backups: base backups, and the write-ahead log that PostgreSQL hands over segment by segment.
//!
//! ```text
//! system                     identifier of the one cluster that the folder belongs to
//! base/2026-11-21T11-16-21Z/ one base backup: manifest.json, and data/ as pg_basebackup wrote it
//! wal/0000…03.gz             one segment, compressed: a segment that was closed early is mostly zeros
//! ```
//!
//! A segment appears under its name only when it is whole and on the disk; one that is there is never written over, and the
//! same one again (PostgreSQL asks again after a crash) is no failure. A full disk makes the command fail: PostgreSQL keeps
//! the segment and tries again.

use std::fs;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::binaries::Binaries;
use super::cluster::{Cluster, private_dir};
use super::error::PrivatePgError;

/// A quiet system hands over what it has after this long: so much is lost at most with the whole machine.
pub const ARCHIVE_TIMEOUT_SECONDS: u32 = 60;

/// A folder of backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFolder {
    dir: PathBuf,
}

impl BackupFolder {
    /// That folder. It need not be there yet.
    pub fn new(dir: impl Into<PathBuf>) -> BackupFolder {
        BackupFolder { dir: dir.into() }
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where base backups are.
    pub fn base(&self) -> PathBuf {
        self.dir.join("base")
    }

    /// Where the write-ahead log is.
    pub fn wal(&self) -> PathBuf {
        self.dir.join("wal")
    }

    /// Makes the folders, so that the account that PostgreSQL runs as can write there.
    pub(super) fn prepare(&self, account: &Account) -> Result<(), PrivatePgError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let made = fs::DirBuilder::new().recursive(true).mode(0o711).create(&self.dir);
        made.map_err(PrivatePgError::folder(&self.dir))?;
        for folder in [self.base(), self.wal()] {
            private_dir(&folder, account)?;
            if !account.reaches(&folder) {
                return Err(PrivatePgError::BackupFolderUnreachable { dir: self.dir.clone() });
            }
        }
        Ok(())
    }

    /// The folder is one cluster's: two of them would hand over segments of the same name.
    pub(super) fn belongs_to(&self, cluster: &Cluster, binaries: &Binaries) -> Result<(), PrivatePgError> {
        let (Some(ours), file) = (system_identifier(cluster, binaries), self.dir.join("system")) else { return Ok(()) };
        match fs::read_to_string(&file) {
            Ok(theirs) if theirs.trim() == ours => Ok(()),
            Ok(_) => Err(PrivatePgError::BackupFolderOfAnother { dir: self.dir.clone() }),
            Err(_) => fs::write(&file, format!("{ours}\n")).map_err(PrivatePgError::folder(file)),
        }
    }

    /// Settings of a server that hands its write-ahead log over to this folder.
    pub(super) fn settings(&self, cluster: &Cluster) -> Vec<String> {
        vec![
            "archive_mode=on".to_owned(),
            format!("archive_timeout={ARCHIVE_TIMEOUT_SECONDS}s"),
            format!("archive_command={}", self.archive_command(&allowed(cluster))),
        ]
    }

    fn archive_command(&self, allowed: &Path) -> String {
        let (wal, allowed) = (shell(&self.wal()), shell(allowed));
        format!(
            "test -e {allowed} || exit 1; f={wal}/%f.gz; if test -e \"$f\"; then gzip -dc \"$f\" | cmp -s - \"%p\"; \
             else gzip -1 -c < \"%p\" > \"$f.part\" && sync \"$f.part\" && mv \"$f.part\" \"$f\" && sync {wal}; fi"
        )
    }

    /// The command by which a server that recovers gets a segment: from this folder, else from what a replaced server left.
    pub(super) fn restore_command(folder: Option<&BackupFolder>, left: Option<&Path>) -> String {
        let mut command = String::new();
        if let Some(folder) = folder {
            let wal = shell(&folder.wal());
            command.push_str(&format!("if test -e {wal}/%f.gz; then gzip -dc {wal}/%f.gz > \"%p\"; exit $?; fi; "));
        }
        if let Some(left) = left {
            let left = shell(&left.join("pg_wal"));
            command.push_str(&format!("if test -e {left}/%f; then cp {left}/%f \"%p\"; exit $?; fi; "));
        }
        command.push_str("exit 1");
        command
    }

    /// The folder that a cluster was handing over to when it last served.
    pub(super) fn remembered(cluster: &Cluster) -> Option<BackupFolder> {
        let dir = fs::read_to_string(allowed(cluster)).ok()?;
        let dir = dir.strip_suffix('\n').unwrap_or(&dir);
        (!dir.is_empty()).then(|| BackupFolder::new(dir))
    }

    /// Has the server hand over the histories of timelines too that began while nothing was handed over (at a restore).
    pub(super) fn ask_for_histories(&self, cluster: &Cluster) -> Result<(), PrivatePgError> {
        let wal = cluster.data.join("pg_wal");
        for entry in fs::read_dir(&wal).map_err(PrivatePgError::folder(&wal))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".history") || self.wal().join(format!("{name}.gz")).exists() {
                continue;
            }
            let status = wal.join("archive_status").join(format!("{name}.ready"));
            fs::write(&status, "")
                .and_then(|()| cluster.account.own(&status))
                .map_err(PrivatePgError::folder(status))?;
        }
        Ok(())
    }
}

/// While this file is missing nothing is handed over. A restore takes it away: what was restored for trial, or has lost events
/// and was not recovered yet, must not write its timeline into the archive of the register that serves.
///
/// It holds the folder, so that a tool that starts the server for a moment goes on handing over to it: a segment that is filled
/// while nothing is handed over would be missing there for ever, and no restore goes over it.
pub(super) fn allowed(cluster: &Cluster) -> PathBuf {
    cluster.home.join("archiving-allowed")
}

/// A path as one word of a shell, in a setting of PostgreSQL that reads `%`.
fn shell(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''").replace('%', "%%"))
}

/// What PostgreSQL calls a cluster, from its making on and through each restore.
fn system_identifier(cluster: &Cluster, binaries: &Binaries) -> Option<String> {
    control(&cluster.account, binaries, &cluster.data, "Database system identifier:")
}

/// The timeline that a cluster was on at its last checkpoint.
pub(super) fn timeline(account: &Account, binaries: &Binaries, data: &Path) -> Option<String> {
    control(account, binaries, data, "Latest checkpoint's TimeLineID:")
}

fn control(account: &Account, binaries: &Binaries, data: &Path, field: &str) -> Option<String> {
    let told = account.command(&binaries.program("pg_controldata")).arg("-D").arg(data).output().ok()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let line = told.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// As PostgreSQL runs it: with the segment's path and name put in.
    fn runs(command: &str, path: &Path, name: &str) -> bool {
        let command = command.replace("%p", &path.to_string_lossy()).replace("%f", name).replace("%%", "%");
        Command::new("sh").args(["-c", &command]).status().unwrap().success()
    }

    #[test]
    fn a_segment_is_handed_over_whole_once_and_never_written_over() {
        let place = std::env::temp_dir().join(format!("vnr-archive 100%'s-{}", std::process::id()));
        let (folder, allowed) = (BackupFolder::new(place.join("backup")), place.join("allowed"));
        fs::create_dir_all(folder.wal()).unwrap();
        let (archive, segment) = (folder.archive_command(&allowed), place.join("segment"));
        fs::write(&segment, "first").unwrap();
        assert!(!runs(&archive, &segment, "01"), "not before it is allowed");
        fs::write(&allowed, "").unwrap();
        // What a crash left half is made anew.
        fs::write(folder.wal().join("01.gz.part"), "half").unwrap();
        assert!(runs(&archive, &segment, "01"));
        assert!(runs(&archive, &segment, "01"), "the same again is no failure");
        fs::write(&segment, "another").unwrap();
        assert!(!runs(&archive, &segment, "01"), "another one of that name is refused");

        let (restore, back) = (BackupFolder::restore_command(Some(&folder), None), place.join("back"));
        assert!(runs(&restore, &back, "01") && !runs(&restore, &back, "02"));
        assert_eq!(fs::read_to_string(&back).unwrap(), "first");
        fs::remove_dir_all(folder.wal()).unwrap();
        assert!(!runs(&archive, &segment, "03"), "PostgreSQL keeps it and asks again");
        fs::remove_dir_all(&place).unwrap();
    }

    #[test]
    fn a_folder_with_any_name_is_one_word_of_the_command() {
        let folder = BackupFolder::new("/a b/it's 100%");
        let command = folder.archive_command(Path::new("/home/archiving-allowed"));
        assert!(command.contains(r"f='/a b/it'\''s 100%%/wal'/%f.gz;"), "{command}");
        let restore = BackupFolder::restore_command(Some(&folder), Some(Path::new("/old")));
        assert!(restore.contains(r"test -e '/a b/it'\''s 100%%/wal'/%f.gz"), "{restore}");
        assert!(restore.contains("cp '/old/pg_wal'/%f"), "{restore}");
    }
}
