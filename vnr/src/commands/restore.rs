//! `vnr restore`: from a base backup and the write-ahead log, and what is lost.

use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset, Utc};
use event_store::log::LogName;
use event_store::private_pg::{BackupFolder, PrivatePg, Restore};
use event_store::proof::keys::KeyFolder;
use event_store::proof::standing::{Standing, adopt, trusted};
use event_store::proof::witness::WitnessFolder;
use event_store::read::LogReader;
use event_store::seal::KeySource;
use event_store::verify::{Options, Verification, verify_with};
use serde_json::json;

use super::backup::manifest::{Found, all};
use super::backup::{folder, not_included};
use super::log::show_verification;
use crate::cli::RestoreArgs;
use crate::compose::Database;
use crate::compose::honesty::compare;
use crate::compose::personal_data::replay_erasures;
use crate::failure::Failure;
use crate::output::{self, grouped, riga};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, args: &RestoreArgs) -> Result<(), Failure> {
    if settings.database_url.is_some() {
        return Err(Failure::Usage(
            "this PostgreSQL is yours: restore it with what backs it up (pgBackRest, Barman, CloudNativePG), then run `vnr log \
             verify` and `vnr doctor`; where a tree head outside is ahead of the log, `vnr log recover` comes next"
                .to_owned(),
        ));
    }
    let backups = folder(settings)?;
    let backup = chosen(&backups, args.backup.as_deref(), args.to)?;
    output::aside(format!("restoring {}", backup.folder.display()));
    let restored = PrivatePg::restore(Restore {
        data_dir: settings.data_dir.clone(),
        base: backup.data(),
        archive: backups.wal().is_dir().then(|| backups.clone()),
        // To the microsecond, as PostgreSQL reads it.
        to: args.to.map(|to| to.with_timezone(&Utc).format("%Y-%m-%d %H:%M:%S%.6f+00").to_string()),
        replace: args.replace,
    })
    .await?;
    let moved = restored.moved_aside;
    let database = Database::restored(settings, restored.server).await?;
    let judged = judge(settings, &database).await;
    database.close().await;
    tell(settings, args, &backup, moved.as_deref(), &judged?)
}

/// A log as it was restored.
struct Judged {
    log: LogName,
    end: String,
    recorded_at: DateTime<Utc>,
    standing: Option<Standing>,
    verification: Verification,
    witness: PathBuf,
}

impl Judged {
    fn lost(&self) -> Option<String> {
        match &self.standing {
            Some(Standing::Lost { signed, .. }) => Some(format!("{}.{}", signed.generation, signed.size)),
            _ => None,
        }
    }
}

async fn judge(settings: &Settings, database: &Database) -> Result<Vec<Judged>, Failure> {
    replay_erasures(settings, database).await?;
    let pool = &database.app;
    let mut judged = Vec::new();
    for log in LogName::ALL {
        let head = LogReader::new(pool.clone(), log).head().await?;
        let standing = compare(settings, pool, log).await?;
        let keys = KeyFolder::new(&settings.notary_dir).verifiers(&head.origin)?;
        if standing == Some(Standing::Whole)
            && let Some(note) = WitnessFolder::new(&settings.witness_dir, log).newest()?
        {
            adopt(&database.owner, log, &trusted(pool, log, &keys).await?, &note).await?;
        }
        let options = Options { since: 0, keys, outside: Vec::new() };
        judged.push(Judged {
            log,
            end: format!("{}.{}", head.generation, head.position),
            recorded_at: head.recorded_at,
            standing,
            verification: verify_with(pool, log, &options, &mut |_, _| {}).await?,
            witness: WitnessFolder::newest_file(&settings.witness_dir, log),
        });
    }
    Ok(judged)
}

fn tell(
    settings: &Settings,
    args: &RestoreArgs,
    backup: &Found,
    moved: Option<&Path>,
    judged: &[Judged],
) -> Result<(), Failure> {
    let lost: Vec<&Judged> = judged.iter().filter(|log| log.lost().is_some()).collect();
    let next = match lost.as_slice() {
        [] => "vnr up".to_owned(),
        lost => lost.iter().fold("vnr log recover".to_owned(), |command, log| {
            format!("{command} --witness {}", log.witness.display())
        }),
    };
    if args.json {
        let logs: Vec<_> = judged
            .iter()
            .map(|log| {
                json!({ "log": log.log.as_str(), "end": log.end, "lost_upto": log.lost(),
                        "compared": log.standing.is_some(), "verification": log.verification })
            })
            .collect();
        output::json(&json!({ "backup": backup.manifest.name, "logs": logs, "moved_aside": moved, "next": next }));
    } else {
        show(settings, backup, moved, judged);
        output::line(format!("next: `{next}`"));
    }
    let sound =
        judged.iter().all(|log| log.verification.sound && !matches!(log.standing, Some(Standing::Forked { .. })));
    if sound && lost.is_empty() { Ok(()) } else { Err(Failure::CheckFailed) }
}

fn show(settings: &Settings, backup: &Found, moved: Option<&Path>, judged: &[Judged]) {
    output::line(format!("restored from {} (taken {})", backup.manifest.name, riga(backup.manifest.finished_at)));
    if let Some(moved) = moved {
        output::line(format!("  what was there before is kept in {}", moved.display()));
    }
    for log in judged {
        let recorded = if log.verification.head == 0 { "empty".to_owned() } else { riga(log.recorded_at) };
        output::line(format!("{}: up to {}, recorded {recorded}", log.log, log.end));
        show_verification(&log.verification, None);
        let witness = log.witness.display();
        match &log.standing {
            Some(Standing::Lost { end, signed }) => output::line(format!(
                "  LOST: the tree head in {witness} was signed over {} events. What was answered with positions from {}.{} to {}.{} \
                 is not there, and maybe more of the last second",
                grouped(signed.size),
                end.generation,
                end.position + 1,
                signed.generation,
                signed.size
            )),
            Some(Standing::Whole) => output::line(format!(
                "  nothing that was signed is lost, by {witness}; what was answered in the second before a crash may be unsigned"
            )),
            Some(Standing::Forked { .. }) => {
                output::line(format!("  NOT what was signed in {witness}: run `vnr log verify --log {}`", log.log));
            }
            Some(Standing::Unknown { why }) => output::line(format!("  {witness} says nothing: {why}")),
            None => {
                output::line(format!("  there is no tree head outside ({witness}) to see by whether anything is lost"))
            }
        }
    }
    let mut keys = vec![("the notary's folder", &settings.notary_dir)];
    if let KeySource::File(file) = &settings.master_key {
        keys.push(("the master key", file));
    }
    for (what, place) in keys.iter().filter(|(_, place)| !place.exists()) {
        output::line(format!("{what} is not at {}: put it back before the system is started", place.display()));
    }
    output::line("no backup holds these; see that they are those of the system that was backed up:");
    not_included(settings).iter().for_each(|what| output::line(format!("  {what}")));
}

/// The backup that was named, or the newest that was whole by the moment asked for.
fn chosen(folder: &BackupFolder, named: Option<&str>, to: Option<DateTime<FixedOffset>>) -> Result<Found, Failure> {
    if let Some(name) = named {
        let found = Found::at(&folder.base().join(name)).or_else(|| Found::at(Path::new(name)));
        return found.ok_or_else(|| {
            Failure::Usage(format!(
                "there is no backup `{name}` in {}; `vnr backup list` shows all",
                folder.dir().display()
            ))
        });
    }
    let mut all = all(folder);
    all.retain(|backup| to.is_none_or(|to| backup.manifest.finished_at <= to));
    all.pop().ok_or_else(|| {
        Failure::Usage(format!(
            "there is no backup in {} that was whole by then; `vnr backup list` shows all",
            folder.dir().display()
        ))
    })
}
