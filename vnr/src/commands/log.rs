//! `vnr log stats | verify | tiles | tail`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use event_store::log::LogName;
use event_store::proof::head::TreeHead;
use event_store::proof::heads;
use event_store::proof::keys::KeyFolder;
use event_store::proof::note::VerifierKey;
use event_store::proof::witness::WitnessFolder;
use event_store::proof::{succession, tiles};
use event_store::read::LogReader;
use event_store::verify::{Options, Verification, verify_with};
use indicatif::{ProgressBar, ProgressStyle};
use replay_tools::stats::stats;
use replay_tools::tail::{TailEntry, tail};
use sqlx::PgPool;

use super::{keys, with_database};
use crate::cli::LogCommand;
use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped, riga};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: LogCommand) -> Result<(), Failure> {
    match command {
        LogCommand::Stats { json } => {
            with_database(settings, async |database| show_stats(&database.app, json).await).await
        }
        LogCommand::Verify { log, since, against, key, json } => {
            let logs = match log {
                Some(name) => vec![named(&name)?],
                None => LogName::ALL.to_vec(),
            };
            let given = Given { since: since.unwrap_or(0), against, keys: keys::read(&key)? };
            with_database(settings, async |database| verify_logs(settings, &database.app, &logs, &given, json).await)
                .await
        }
        LogCommand::Tiles { log, out } => {
            let log = named(&log)?;
            with_database(settings, async |database| write_tiles(&database.app, log, &out).await).await
        }
        LogCommand::Generations { json } => {
            with_database(settings, async |database| super::generations::show(settings, &database.app, json).await)
                .await
        }
        LogCommand::Recover(args) => super::recover::run(settings, &args).await,
        LogCommand::Tail { log, last, follow, json } => {
            let log = named(&log)?;
            with_database(settings, async |database| follow_log(&database.app, log, last, follow, json).await).await
        }
    }
}

pub(super) fn named(name: &str) -> Result<LogName, Failure> {
    let known = || LogName::ALL.map(|log| log.to_string()).join(", ");
    LogName::parse(name).ok_or_else(|| Failure::Usage(format!("there is no log `{name}`; there are {}", known())))
}

async fn show_stats(pool: &PgPool, json: bool) -> Result<(), Failure> {
    let stats = stats(pool).await?;
    if json {
        output::json(&stats);
        return Ok(());
    }
    let mut table = Table::new([
        ("log", Align::Left),
        ("generation", Align::Right),
        ("head", Align::Right),
        ("records", Align::Right),
        ("MB", Align::Right),
        ("last recorded", Align::Left),
        ("root", Align::Left),
    ]);
    for log in stats.logs {
        table.row([
            log.log,
            log.generation.to_string(),
            grouped(log.head),
            grouped(log.streams.unsigned_abs()),
            grouped(log.bytes.unsigned_abs() >> 20),
            log.recorded_at.map_or("-".to_owned(), riga),
            log.root,
        ]);
    }
    table.print();
    Ok(())
}

/// What a verification was given on the command line.
#[derive(Default)]
struct Given {
    since: u64,
    against: Vec<PathBuf>,
    keys: Vec<VerifierKey>,
}

async fn verify_logs(
    settings: &Settings,
    pool: &PgPool,
    logs: &[LogName],
    given: &Given,
    json: bool,
) -> Result<(), Failure> {
    let mut verifications = Vec::new();
    for log in logs {
        let options = options(settings, pool, *log, given).await?;
        verifications.push(verify_one(pool, *log, &options).await?);
    }
    if json {
        output::json(&serde_json::json!({ "logs": verifications }));
    } else {
        verifications.iter().for_each(|verification| show_verification(verification, None));
    }
    if verifications.iter().all(|verification| verification.sound) { Ok(()) } else { Err(Failure::CheckFailed) }
}

/// Keys and tree heads that the database can't have changed: those given, else those of this system's folders.
async fn options(settings: &Settings, pool: &PgPool, log: LogName, given: &Given) -> Result<Options, Failure> {
    let head = LogReader::new(pool.clone(), log).head().await?;
    let origin = &head.origin;
    let keys = if given.keys.is_empty() {
        KeyFolder::new(&settings.notary_dir).verifiers(origin)?
    } else {
        given.keys.iter().filter(|key| key.name() == origin).cloned().collect()
    };
    let trusted = if keys.is_empty() {
        // Without a key from elsewhere, a tree head kept outside shows at least that the database agrees with it.
        let named = heads::keys(pool, log).await?;
        named.iter().map(|key| VerifierKey::parse(&key.vkey)).collect::<Result<_, _>>()?
    } else {
        succession::extend(&keys, &heads::successions(pool, log).await?)?
    };
    let newest = WitnessFolder::newest_file(&settings.witness_dir, log);
    let files = given.against.iter().chain(newest.exists().then_some(&newest));
    let mut outside = Vec::new();
    for file in files {
        for note in keys::notes(file)? {
            // A file may hold the tree heads of several logs.
            if note.text.lines().next() == Some(origin) {
                let head = TreeHead::verified(&note, &trusted);
                outside.push(head.with_context(|| format!("a tree head in {} can't be used", file.display()))?);
            }
        }
    }
    Ok(Options { since: given.since, keys, outside })
}

/// Verifies one log with the keys and tree heads of this system's own folders.
pub(crate) async fn verify_own(settings: &Settings, pool: &PgPool, log: LogName) -> Result<Verification, Failure> {
    verify_one(pool, log, &options(settings, pool, log, &Given::default()).await?).await
}

/// Verifies one log; on a terminal, with a bar.
async fn verify_one(pool: &PgPool, log: LogName, options: &Options) -> Result<Verification, Failure> {
    let bar = bar(log);
    let found = verify_with(pool, log, options, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    Ok(found?)
}

/// A bar on a terminal, nothing elsewhere.
fn bar(log: LogName) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = "{wide_bar} {human_pos}/{human_len} events of {msg}  {per_sec}  ETA {eta}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(log.as_str());
    bar
}

/// Prints what was found; `since` adds how fast it went.
pub(crate) fn show_verification(found: &Verification, since: Option<Instant>) {
    let events = grouped(found.events);
    let time = since.map_or(String::new(), |since| format!(" in {:.1} s", since.elapsed().as_secs_f64()));
    for voided in &found.voided {
        output::line(format!(
            "{}: generation {} made a tree head outside void ({}): a restore had lost the events from position {} on",
            found.log,
            voided.generation,
            voided.head,
            grouped(voided.begins)
        ));
    }
    if found.sound {
        let after = if found.since > 0 { format!(" after position {}", grouped(found.since)) } else { String::new() };
        output::line(format!("{}: sound, {events} events{after}{time}, root {}", found.log, found.root));
        output::line(format!(
            "  {} tree heads fit; signed up to position {}",
            grouped(found.tree_heads),
            grouped(found.proven)
        ));
        if found.keys == "database" && found.tree_heads > 0 {
            output::line("  their keys are those that the database names: give --key to rely on nothing in it");
        }
        return;
    }
    let first = found.first_bad_position.map_or(String::new(), |position| format!(", first at position {position}"));
    output::line(format!("{}: NOT SOUND{first} ({events} events read{time})", found.log));
    for finding in &found.findings {
        output::line(format!("  position {}: {}", finding.position, finding.what));
    }
}

async fn write_tiles(pool: &PgPool, log: LogName, folder: &Path) -> Result<(), Failure> {
    let bar = bar(log);
    let exported = tiles::export(pool, log, folder, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    let exported = exported?;
    let (files, size) = (grouped(exported.files), grouped(exported.size));
    output::line(format!("{log}: {files} files written, tiles of {size} events in {}", folder.display()));
    Ok(())
}

async fn follow_log(pool: &PgPool, log: LogName, last: u64, follow: bool, json: bool) -> Result<(), Failure> {
    let reader = LogReader::new(pool.clone(), log);
    let mut show = |entry: TailEntry| {
        if json {
            output::json(&entry)
        } else {
            show_entry(&entry)
        }
        true
    };
    tokio::select! {
        ended = tail(&reader, last, follow, &mut show) => Ok(ended?),
        told = tokio::signal::ctrl_c() => Ok(told?),
    }
}

fn show_entry(entry: &TailEntry) {
    output::line(format!(
        "{:>11}  {}  {} {} v{}  {}  {}",
        format!("{}.{}", entry.generation, entry.position),
        riga(entry.recorded_at),
        entry.record_type,
        entry.record_id,
        entry.version,
        entry.event,
        entry.content
    ));
}
