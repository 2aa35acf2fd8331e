//! Backup, restore, a new generation, and the doctor.

use std::path::PathBuf;

use chrono::{DateTime, FixedOffset};
use clap::{Args, Subcommand};

/// Arguments of `vnr backup`.
#[derive(Debug, Clone, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  vnr backup --backup-dir /srv/backup/vnr            a base backup, while the system runs or not
  vnr backup --backup-dir /srv/backup/vnr --keep 7   and the older ones but seven go, with the log that only they need
  vnr backup list --backup-dir /srv/backup/vnr

With --backup-dir (or VNR_BACKUP_DIR, or backup_dir in vnr.toml) given to `vnr up` too, PostgreSQL hands its write-ahead log over
all the time. The master key, the notary's keys and the settings are in no backup: keep them elsewhere."
)]
pub struct BackupArgs {
    /// What else
    #[command(subcommand)]
    pub command: Option<BackupCommand>,
    /// Keeps so many base backups, this one included; older ones are removed [default: all]
    #[arg(long, value_name = "BACKUPS", value_parser = clap::value_parser!(u16).range(1..))]
    pub keep: Option<u16>,
    /// For programs: the manifest
    #[arg(long)]
    pub json: bool,
}

/// `vnr backup …`.
#[derive(Debug, Clone, Subcommand)]
pub enum BackupCommand {
    /// The base backups that there are, and how far the write-ahead log goes on after them
    List {
        /// For programs: the manifests
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `vnr restore`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  vnr restore --backup-dir /srv/backup/vnr --data-dir /var/lib/vnr             the newest backup, and all that was handed over since
  vnr restore 2026-11-21T02-00-00Z --backup-dir /srv/backup/vnr --data-dir trial
  vnr restore --to 2026-11-21T13:45:00+02:00 --backup-dir /srv/backup/vnr --replace

It verifies the logs, compares them with the tree heads in the witness folder, and says whether anything that was answered is lost
(exit code 3) and which command comes next.")]
pub struct RestoreArgs {
    /// Name of a base backup, or its folder [default: the newest that is old enough]
    pub backup: Option<String>,
    /// Nothing that was recorded after this moment
    #[arg(long, value_name = "TIME")]
    pub to: Option<DateTime<FixedOffset>>,
    /// Moves a register that is in the data folder aside; what it had not handed over yet is used
    #[arg(long)]
    pub replace: bool,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `vnr log recover`.
#[derive(Debug, Clone, Args)]
pub struct RecoverArgs {
    /// File of signed tree heads that were kept outside; may be given more than once [default: those in the witness folder]
    #[arg(long, value_name = "TREE-HEAD")]
    pub witness: Vec<PathBuf>,
    /// Only this log: register, tracks or access [default: each that has lost something]
    #[arg(long, value_name = "NAME")]
    pub log: Option<String>,
    /// File of public keys (`vnr notary keys`) that tree heads must be signed with [default: the notary's folder]
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// A number known to have been given out, VNR-2026-0001234; may be given more than once
    #[arg(long, value_name = "NUMBER")]
    pub number: Vec<String>,
    /// A position known to have been given out, 1.1234
    #[arg(long, value_name = "GENERATION.POSITION", requires = "log")]
    pub position: Option<String>,
    /// Numbers of each series left out beyond those known: they may have been given out in the last second, unsigned
    #[arg(long, value_name = "NUMBERS", default_value_t = 1_000)]
    pub margin: u64,
    /// What happened, for those who read the log later; nothing personal
    #[arg(long, value_name = "TEXT", default_value = "restored from a backup that lacks the last events")]
    pub reason: String,
    /// Says what would be done, and does nothing
    #[arg(long)]
    pub dry_run: bool,
    /// For programs
    #[arg(long)]
    pub json: bool,
}
