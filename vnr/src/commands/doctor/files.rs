//! What can be seen without a database: settings, disks, keys, folders.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use access::Journal;
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use event_store::log::LogName;
use event_store::private_pg::{ARCHIVE_TIMEOUT_SECONDS, BackupFolder};
use event_store::proof::keys::KeyFolder;
use event_store::proof::witness::WitnessFolder;
use event_store::seal::erasures::ErasureList;
use event_store::seal::{KeySource, MasterKeys};

use super::Checks;
use crate::commands::backup::manifest::{all, segments};
use crate::output::{grouped, riga};
use crate::settings::Settings;

/// Below these, in megabytes, a disk is nearly or quite full.
const LITTLE_ROOM_MB: u64 = 5_000;
const NO_ROOM_MB: u64 = 500;
/// A backup should not be older.
const OLD_BACKUP: TimeDelta = TimeDelta::hours(26);

pub(super) fn look(settings: &Settings, checks: &mut Checks) {
    let database = if settings.database_url.is_some() { "a PostgreSQL of yours" } else { "a private PostgreSQL" };
    checks.ok("settings", format!("understood; {database}, data in {}", settings.data_dir.display()));
    clock(checks);
    room("disk of the data", &settings.data_dir, "data_dir", checks);
    master_key(settings, checks);
    notary_keys(settings, checks);
    witness(settings, checks);
    erasures(settings, checks);
    backups(settings, checks);
    journal(settings, checks);
}

/// The journal of looks that 112 had while the database was away.
fn journal(settings: &Settings, checks: &mut Checks) {
    let (check, folder) = ("journal of looks", &settings.access_journal);
    if !Journal::is_there(folder) {
        let found = match settings.replica_url {
            Some(_) => format!("{} is not there yet", folder.display()),
            None => "no copy of the database is read (--replica-url)".to_owned(),
        };
        return checks.skipped(check, found);
    }
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let names: Vec<String> = names.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    let (untold, torn) = (|name: &&String| name.ends_with(".untold"), |name: &&String| name.contains(".torn-at-"));
    if let Some(file) = names.iter().find(untold) {
        let to_do = "see why the access log refused them (the log of vnr says), tell the data-protection officer, then move the file away";
        checks.fail(
            check,
            format!("{} holds looks that are not in the access log", folder.join(file).display()),
            to_do,
        );
    } else if let Some(file) = names.iter().find(torn) {
        let to_do = "after a power cut there is nothing in it that was ever answered for; else keep it, and look for who was at the disk";
        checks.warn(check, format!("a torn end was cut off: {}", folder.join(file).display()), to_do);
    } else {
        checks.ok(check, format!("in {}; what waits in it is told while vnr runs", folder.display()));
    }
}

fn clock(checks: &mut Checks) {
    let now = Utc::now();
    if (2024..2100).contains(&now.year()) {
        checks.ok("clock", format!("{} in Riga", riga(now)));
    } else {
        checks.fail(
            "clock",
            format!("it is {now}"),
            "set the clock of this machine (NTP): events keep its time for ever",
        );
    }
}

fn room(what: &str, dir: &Path, setting: &str, checks: &mut Checks) {
    let Some(free) = free_mb(dir) else {
        return checks.skipped(what, format!("{} is not there yet", dir.display()));
    };
    let found = format!("{} MB free for {}", grouped(free), dir.display());
    let to_do = format!("make room, or move it to a larger disk ({setting}); a full disk stops all recording");
    match free {
        free if free < NO_ROOM_MB => checks.fail(what, found, to_do),
        free if free < LITTLE_ROOM_MB => checks.warn(what, found, to_do),
        _ => checks.ok(what, found),
    }
}

/// By the system's `df`, the portable way.
fn free_mb(dir: &Path) -> Option<u64> {
    let out =
        Command::new("df").arg("-Pk").arg(dir).env("LC_ALL", "C").output().ok().filter(|out| out.status.success())?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let kilobytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kilobytes >> 10)
}

fn master_key(settings: &Settings, checks: &mut Checks) {
    let what = "master key";
    let KeySource::File(file) = &settings.master_key else {
        match MasterKeys::load(settings.master_key.clone()) {
            Ok(master) => checks.ok(what, format!("{}, generation {}", master.source(), master.newest())),
            Err(error) => checks.fail(what, error.to_string(), "mend it: without the master key nothing starts"),
        }
        return;
    };
    match fs::metadata(file) {
        Err(_) if settings.data_dir.exists() => checks.fail(
            what,
            format!("{} is not there", file.display()),
            "put it back, or name it with --master-key-file: personal data can't be read without it, and no backup holds it",
        ),
        Err(_) => checks.skipped(what, "there is no data folder yet; `vnr up` makes both"),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => checks.fail(
            what,
            format!("{} may be read by others", file.display()),
            format!("chmod 600 {}", file.display()),
        ),
        Ok(_) if file.starts_with(&settings.data_dir) => checks.warn(
            what,
            format!("{} lies beside the data that it protects", file.display()),
            "keep it elsewhere (--master-key-file), and a copy of it in a safe: no backup holds it",
        ),
        Ok(_) => checks.ok(what, file.display().to_string()),
    }
}

fn notary_keys(settings: &Settings, checks: &mut Checks) {
    let folder = KeyFolder::new(&settings.notary_dir);
    let what = "notary's key";
    match folder.current() {
        Ok(Some(key)) if settings.notary_dir.starts_with(&settings.data_dir) => checks.warn(
            what,
            format!("number {} in {}, beside the data", key.number(), settings.notary_dir.display()),
            "keep it elsewhere (--notary-dir), with a copy in a safe: no backup holds it, and a restore that lost events needs it",
        ),
        Ok(Some(key)) => checks.ok(what, format!("number {} in {}", key.number(), settings.notary_dir.display())),
        Ok(None) if settings.data_dir.exists() => checks.fail(
            what,
            format!("none in {}", settings.notary_dir.display()),
            "put the folder back, or name it with --notary-dir; only a new register makes its first key by itself (`vnr up`)",
        ),
        Ok(None) => checks.skipped(what, "there is no data folder yet; `vnr up` makes both"),
        Err(error) => checks.fail(what, error.to_string(), "mend the file, or put it back from its copy"),
    }
}

fn device(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|found| found.dev())
}

fn same_disk(settings: &Settings, other: &Path) -> bool {
    matches!((device(&settings.data_dir), device(other)), (Some(a), Some(b)) if a == b)
}

fn witness(settings: &Settings, checks: &mut Checks) {
    let dir = &settings.witness_dir;
    let what = "tree heads outside";
    let newest: Option<PathBuf> =
        LogName::ALL.map(|log| WitnessFolder::newest_file(dir, log)).into_iter().find(|file| file.exists());
    match newest {
        None => checks.warn(
            what,
            format!("none in {}", dir.display()),
            "let a notary run (`vnr up`), and see that --witness-dir is the folder that it always was: by them a loss is seen",
        ),
        Some(_) if same_disk(settings, dir) => checks.warn(
            what,
            format!("in {}, on the disk of the data", dir.display()),
            "keep them on another machine (--witness-dir): they go with the disk whose loss they should show",
        ),
        Some(_) => checks.ok(what, dir.display().to_string()),
    }
}

fn erasures(settings: &Settings, checks: &mut Checks) {
    let (dir, what) = (&settings.erasure_dir, "erased keys outside");
    let mut listed = 0;
    for log in LogName::ALL {
        match ErasureList::of(dir, log).read() {
            Ok(found) => listed += found.len(),
            Err(error) => {
                return checks.fail(what, error.to_string(), "mend it: a restore brings back what it does not name");
            }
        }
    }
    let found = format!("{} in {}", grouped(listed as u64), dir.display());
    match same_disk(settings, dir) {
        true if listed > 0 => checks.warn(
            what,
            format!("{found}, on the disk of the data"),
            "keep the list on another machine (--erasure-dir): a restore without it brings erased people back",
        ),
        _ => checks.ok(what, found),
    }
}

fn backups(settings: &Settings, checks: &mut Checks) {
    let what = "backups";
    let Some(dir) = &settings.backup_dir else {
        if settings.database_url.is_some() {
            return checks.skipped(what, "the database is yours: what runs it backs it up");
        }
        return checks.fail(
            what,
            "none",
            "give --backup-dir (on another machine) to `vnr up`, and run `vnr backup` daily",
        );
    };
    let folder = BackupFolder::new(dir);
    room("disk of the backups", dir, "backup_dir", checks);
    let found = all(&folder);
    let Some(last) = found.last() else {
        return checks.fail(what, format!("none in {}", dir.display()), "run `vnr backup`, daily");
    };
    let (age, told) = (Utc::now() - last.manifest.finished_at, riga(last.manifest.finished_at));
    let (count, last_segment) = segments(&folder);
    let since = last_segment.map_or("none".to_owned(), riga);
    let found =
        format!("{} base backups, the last at {told}; {} segments, the last at {since}", found.len(), grouped(count));
    if age > OLD_BACKUP {
        checks.warn(what, found, "the last base backup is more than a day old: run `vnr backup --keep 7` daily");
    } else if same_disk(settings, dir) {
        checks.warn(what, found, "they lie on the disk of the data: a disk that dies takes both (--backup-dir)");
    } else {
        checks.ok(what, found);
    }
    gap(settings, &folder, last.manifest.archiving, last_segment, checks);
}

/// A segment that nobody handed over although it is due.
fn gap(settings: &Settings, folder: &BackupFolder, archiving: bool, last: Option<DateTime<Utc>>, checks: &mut Checks) {
    let what = "write-ahead log";
    if settings.database_url.is_some() {
        return checks.skipped(what, "the database is yours");
    }
    match last {
        None if !archiving => checks.warn(
            what,
            format!("nothing was handed over to {} yet", folder.wal().display()),
            format!(
                "start the system with --backup-dir: then at most {ARCHIVE_TIMEOUT_SECONDS} s of work go with the machine, not all \
                 since the last base backup"
            ),
        ),
        last => checks.ok(what, format!("handed over; the last segment at {}", last.map_or("-".to_owned(), riga))),
    }
}
