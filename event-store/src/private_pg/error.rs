//! What can go wrong with a private server, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why the private PostgreSQL could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivatePgError {
    /// No usable PostgreSQL programs on this machine.
    #[error(
        "PostgreSQL 15 or newer was not found{found}. Run `make pg`, or install it (Debian: `apt-get install postgresql`), \
         or set VNR_PG_BIN to the folder with `initdb` and `postgres`, or use a server of your own with --database-url"
    )]
    NoBinaries {
        /// What was looked at and why it would not do; empty when there was nothing.
        found: String,
    },

    /// Another process holds the data folder.
    #[error(
        "another vnr (pid {pid}) is using this data folder ({}). Stop it, or choose another folder with --data-dir",
        dir.display()
    )]
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// The holder as it wrote itself down; `?` when it has not yet.
        pid: String,
    },

    /// Started by root on a machine with neither a `postgres` nor a `nobody` user.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a `postgres` nor a `nobody` user to run it as. \
         Start vnr as an ordinary user"
    )]
    NoUnprivilegedUser,

    /// The folder belongs to somebody else.
    #[error("{} belongs to another user (uid {owner}). Start vnr as that user, or choose another folder with --data-dir", dir.display())]
    NotOurs {
        /// The folder.
        dir: PathBuf,
        /// Its owner.
        owner: u32,
    },

    /// A file or folder can't be made, read or removed.
    #[error("can't use {} for the private PostgreSQL. Check its permissions, or choose another folder with --data-dir", path.display())]
    Folder {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },

    /// No room left.
    #[error("the disk of {} is full. Make room there, or choose a folder on another disk with --data-dir. PostgreSQL said:\n{log}", dir.display())]
    DiskFull {
        /// The cluster's folder.
        dir: PathBuf,
        /// The end of the server's log.
        log: String,
    },

    /// The data was written by another major version.
    #[error(
        "{} holds data of PostgreSQL {data}, and the newest suitable programs found here are of version {found}. \
         Install PostgreSQL {data} (or point VNR_PG_BIN to it), or choose another folder with --data-dir",
        dir.display()
    )]
    WrongVersion {
        /// The cluster's folder.
        dir: PathBuf,
        /// Major version that wrote the data.
        data: u32,
        /// Major version found on the machine.
        found: u32,
    },

    /// The data folder is damaged.
    #[error(
        "the data folder {} is broken: {what}. Restore it from a backup; if nothing in it is worth keeping, move it away \
         (`mv {} {}.broken`) and start again{log}",
        dir.display(), dir.display(), dir.display()
    )]
    Broken {
        /// The cluster's folder.
        dir: PathBuf,
        /// What is wrong with it.
        what: String,
        /// The end of the server's log, with a heading, or nothing.
        log: String,
    },

    /// `initdb` failed for another reason.
    #[error("PostgreSQL's initdb failed in {}:\n{log}", dir.display())]
    InitFailed {
        /// The cluster's folder.
        dir: PathBuf,
        /// What initdb printed last.
        log: String,
    },

    /// The server of an earlier run does not end.
    #[error(
        "an earlier PostgreSQL (pid {pid}) still runs in {} after a minute of waiting. Stop it with `kill -INT {pid}` and start again",
        dir.display()
    )]
    OldServerStays {
        /// Its process id.
        pid: u32,
        /// The cluster's folder.
        dir: PathBuf,
    },

    /// The server did not come up in time.
    #[error("PostgreSQL in {} was not ready after {seconds} s. The end of its log:\n{log}", dir.display())]
    NotReady {
        /// The cluster's folder.
        dir: PathBuf,
        /// How long it was waited for.
        seconds: u64,
        /// The end of the server's log.
        log: String,
    },

    /// There is no cluster.
    #[error("there is no PostgreSQL in {} to back up; --data-dir names another folder", dir.display())]
    NothingThere {
        /// The data folder.
        dir: PathBuf,
    },

    /// There is a cluster where one is to be restored.
    #[error(
        "{} holds a register already: nothing was touched. Restore into another folder with --data-dir, or give --replace to \
         move what is there aside (it is kept, and what it had not handed to the archive yet is used)",
        dir.display()
    )]
    AlreadyThere {
        /// The data folder.
        dir: PathBuf,
    },

    /// What was named as one is no backup.
    #[error("{} is no base backup; `vnr backup list` shows those that there are", dir.display())]
    NoBackup {
        /// What was named.
        dir: PathBuf,
    },

    /// A backup is not what it was.
    #[error("the backup {} is damaged: restore an older one (`vnr backup list`). pg_verifybackup said:\n{said}", dir.display())]
    DamagedBackup {
        /// The backup.
        dir: PathBuf,
        /// What pg_verifybackup said.
        said: String,
    },

    /// The moment to restore to lies beyond what was archived.
    #[error(
        "the archive ends before the moment given with --to: leave --to out to restore all that there is, or give an earlier \
         one. PostgreSQL said:\n{log}"
    )]
    BeyondArchive {
        /// The end of the server's log.
        log: String,
    },

    /// PostgreSQL's user can't write into the folder of backups.
    #[error(
        "the user that PostgreSQL runs as can't reach the backup folder {}. Choose one that it can, with --backup-dir \
         (below /var or /srv, say, not below /root)",
        dir.display()
    )]
    BackupFolderUnreachable {
        /// The folder.
        dir: PathBuf,
    },

    /// The folder of backups is another cluster's.
    #[error(
        "the backup folder {} belongs to another register: their files would have the same names. Give each its own with \
         --backup-dir",
        dir.display()
    )]
    BackupFolderOfAnother {
        /// The folder.
        dir: PathBuf,
    },

    /// A program ended with an error.
    #[error("{program} failed: {}", said.trim())]
    Tool {
        /// The program.
        program: &'static str,
        /// What it said.
        said: String,
    },

    /// A program of PostgreSQL can't be run.
    #[error("can't run {}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },

    /// Roles and databases can't be made.
    #[error("can't prepare the private PostgreSQL's roles and databases")]
    Setup(#[from] sqlx::Error),

    /// The thread that starts the server ended early.
    #[error("the start of the private PostgreSQL was interrupted")]
    Interrupted,
}

impl PrivatePgError {
    pub(super) fn folder(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Folder { path: path.as_ref().to_owned(), source }
    }

    /// Judges by the log why a server ended before it was ready.
    pub(super) fn from_log(dir: &Path, log: String) -> Self {
        let dir = dir.to_owned();
        if is_full(&log) {
            return Self::DiskFull { dir, log };
        }
        if log.contains("recovery ended before configured recovery target was reached") {
            return Self::BeyondArchive { log };
        }
        let log = format!(". PostgreSQL said:\n{log}");
        Self::Broken { dir, what: "PostgreSQL does not start in it".into(), log }
    }

    /// Judges by what `initdb` said why it failed.
    pub(super) fn from_init(dir: &Path, log: String) -> Self {
        let dir = dir.to_owned();
        if is_full(&log) { Self::DiskFull { dir, log } } else { Self::InitFailed { dir, log } }
    }
}

fn is_full(log: &str) -> bool {
    log.contains("No space left on device") || log.contains("Disk quota exceeded")
}
