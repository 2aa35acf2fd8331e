//! `vnr backup [list]`.

pub(crate) mod manifest;

use std::fs::{self, File, TryLockError};
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use chrono::Utc;
use event_store::private_pg::{BackupFolder, BackupSource, BaseBackup, PrivatePgError};
use indicatif::{ProgressBar, ProgressStyle};
use replay_tools::stats::stats;
use sqlx::PgPool;

use self::manifest::{FILE, FORMAT, Found, LogAt, Manifest, all, segments};
use super::with_database;
use crate::cli::{BackupArgs, BackupCommand};
use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped, riga};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, args: &BackupArgs) -> Result<(), Failure> {
    let folder = folder(settings)?;
    match &args.command {
        Some(BackupCommand::List { json }) => list(&folder, *json),
        None => {
            let pool = async |database: &crate::compose::Database| take(settings, &folder, &database.owner, args).await;
            with_database(settings, pool).await
        }
    }
}

/// The folder of backups; it has to be named.
pub(crate) fn folder(settings: &Settings) -> Result<BackupFolder, Failure> {
    let none = || {
        Failure::Usage(
            "which folder of backups? Give --backup-dir (or VNR_BACKUP_DIR, or backup_dir in vnr.toml), best on another machine"
                .to_owned(),
        )
    };
    let dir = settings.backup_dir.as_ref().ok_or_else(none)?;
    Ok(BackupFolder::new(std::path::absolute(dir)?))
}

/// What a restore needs and no backup holds.
pub(crate) fn not_included(settings: &Settings) -> Vec<String> {
    vec![
        format!("the master key ({}): without it personal data can't be read", settings.master_key),
        format!("the list of erased keys ({}): what it names stays erased", settings.erasure_dir.display()),
        format!("the notary's keys ({}): without them no tree head is signed", settings.notary_dir.display()),
        format!("signed tree heads ({}): by them a loss is seen", settings.witness_dir.display()),
        "the settings (vnr.toml, environment)".to_owned(),
    ]
}

async fn take(settings: &Settings, folder: &BackupFolder, pool: &PgPool, args: &BackupArgs) -> Result<(), Failure> {
    let source = match settings.owner_url() {
        Some(url) => BackupSource::foreign(url, folder)?,
        None => BackupSource::private(&settings.data_dir)?,
    };
    fs::create_dir_all(folder.dir()).with_context(|| format!("{} can't be made", folder.dir().display()))?;
    let _one_at_a_time = lock(&folder.dir().join("backup.lock"))?;
    let begun_at = Utc::now();
    // Read before it begins: so much is in it at least.
    let logs = stats(pool).await?.logs.into_iter().map(|log| LogAt {
        position: format!("{}.{}", log.generation, log.head),
        log: log.log,
        origin: log.origin,
        root: log.root,
    });
    let logs: Vec<LogAt> = logs.collect();
    let archiving: String = sqlx::query_scalar("show archive_mode").fetch_one(pool).await?;

    let name = begun_at.format("%Y-%m-%dT%H-%M-%SZ").to_string();
    let (part, target) = (folder.base().join(format!(".{name}.part")), folder.base().join(&name));
    remove_parts(folder);
    let taken = in_background(source.clone(), folder.clone(), part.join("data")).await;
    let taken = match taken {
        Ok(taken) => taken,
        Err(error) => {
            let _ = fs::remove_dir_all(&part);
            return Err(refused(settings, error));
        }
    };
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        name,
        begun_at,
        finished_at: Utc::now(),
        postgresql: taken.postgresql,
        verified: taken.verified,
        first_segment: taken.first_segment,
        archiving: archiving == "on",
        bytes: taken.bytes,
        logs,
        not_included: not_included(settings),
    };
    write(&part.join(FILE), &(serde_json::to_string_pretty(&manifest)? + "\n"))?;
    fs::rename(&part, &target)?;
    File::open(folder.base())?.sync_all()?;
    let found = Found { folder: target, manifest };
    let removed = match args.keep {
        Some(keep) => retain(&source, folder, usize::from(keep))?,
        None => (0, 0),
    };
    if args.json {
        output::json(&found.manifest);
    } else {
        show(settings, &found, removed);
    }
    Ok(())
}

/// Takes it on a thread that may block; on a terminal, with a bar.
async fn in_background(
    source: BackupSource,
    folder: BackupFolder,
    target: std::path::PathBuf,
) -> Result<BaseBackup, PrivatePgError> {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  ETA {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let working = tokio::task::spawn_blocking(move || {
        let taken = source.take(&folder, &target, &mut |done, all| {
            bar.set_length(all << 10);
            bar.set_position(done << 10);
        });
        bar.finish_and_clear();
        taken
    });
    working.await.map_err(|_| PrivatePgError::Interrupted)?
}

/// What can be done where the database is somebody's own and does not let us.
fn refused(settings: &Settings, error: PrivatePgError) -> Failure {
    let foreign = settings.database_url.is_some();
    match error {
        error @ (PrivatePgError::Tool { .. } | PrivatePgError::NoBinaries { .. }) if foreign => anyhow::Error::from(error)
            .context(
                "this PostgreSQL is yours, and pg_basebackup is not let in. The role of --database-owner-url needs the attribute \
                 REPLICATION and a line `host replication …` in pg_hba.conf; or back it up with what runs it (pgBackRest, Barman, \
                 CloudNativePG): after a restore `vnr doctor` and `vnr log verify` say whether anything is lost",
            )
            .into(),
        error => error.into(),
    }
}

/// Removes all but the newest so many, and the segments that only they need.
fn retain(source: &BackupSource, folder: &BackupFolder, keep: usize) -> Result<(usize, u64), Failure> {
    let found = all(folder);
    let (old, kept) = found.split_at(found.len().saturating_sub(keep));
    for backup in old {
        // Renamed first: half a backup is never taken for one.
        let going = folder.base().join(format!(".{}.part", backup.manifest.name));
        fs::rename(&backup.folder, &going)?;
        fs::remove_dir_all(&going)?;
    }
    let first = kept.iter().map(|backup| backup.manifest.first_segment.as_str()).min_by_key(|name| segment(name));
    let segments = match first {
        Some(first) if !first.is_empty() => source.prune(folder, first)?,
        _ => 0,
    };
    Ok((old.len(), segments))
}

/// Place of a segment in the log, whatever its timeline.
fn segment(name: &str) -> String {
    name.get(8..).unwrap_or_default().to_owned()
}

/// What earlier attempts left that were cut off.
fn remove_parts(folder: &BackupFolder) {
    for entry in fs::read_dir(folder.base()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".part") {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn lock(path: &Path) -> Result<File, Failure> {
    let file = File::create(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(anyhow::anyhow!("another `vnr backup` is under way in this folder").into())
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}

fn show(settings: &Settings, found: &Found, removed: (usize, u64)) {
    let Found { folder, manifest } = found;
    output::line(format!(
        "{}: {} MB, {}; {}",
        folder.display(),
        grouped(manifest.bytes >> 20),
        manifest.postgresql,
        manifest.verified
    ));
    for log in &manifest.logs {
        output::line(format!("  {} up to position {} at least, root {}", log.log, log.position, log.root));
    }
    if removed.0 + usize::try_from(removed.1).unwrap_or(0) > 0 {
        output::line(format!("  removed: older backups {}, files of the write-ahead log {}", removed.0, removed.1));
    }
    if manifest.archiving {
        output::line("  the write-ahead log is handed over all the time: a restore goes on beyond this backup");
    } else if settings.database_url.is_none() {
        output::line(
            "  no write-ahead log is handed over now: a restore ends here, unless `vnr up` runs with --backup-dir too",
        );
    }
    output::line("not in it, keep it elsewhere:");
    manifest.not_included.iter().for_each(|what| output::line(format!("  {what}")));
}

fn list(folder: &BackupFolder, json: bool) -> Result<(), Failure> {
    let found = all(folder);
    let manifests: Vec<&Manifest> = found.iter().map(|backup| &backup.manifest).collect();
    let (count, last) = segments(folder);
    if json {
        output::json(&serde_json::json!({ "backups": manifests, "segments": count, "last_segment_at": last }));
        return Ok(());
    }
    if manifests.is_empty() {
        output::line(format!("no backup in {}; `vnr backup` takes one", folder.dir().display()));
        return Ok(());
    }
    let mut table = Table::new([
        ("backup", Align::Left),
        ("taken", Align::Left),
        ("MB", Align::Right),
        ("register", Align::Right),
        ("tracks", Align::Right),
        ("PostgreSQL", Align::Left),
    ]);
    for manifest in manifests {
        let position = |log: &str| {
            let found = manifest.logs.iter().find(|at| at.log == log);
            found.map_or("-".to_owned(), |at| at.position.clone())
        };
        table.row([
            manifest.name.clone(),
            riga(manifest.finished_at),
            grouped(manifest.bytes >> 20),
            position("register"),
            position("tracks"),
            manifest.postgresql.clone(),
        ]);
    }
    table.print();
    let last = last.map_or("none yet".to_owned(), riga);
    output::line(format!("segments of the write-ahead log: {}, the last at {last}", grouped(count)));
    Ok(())
}
