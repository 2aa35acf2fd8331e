//! `vnr log stats | verify | tail`.

use std::io::IsTerminal;
use std::time::Instant;

use event_store::log::LogName;
use event_store::read::LogReader;
use event_store::verify::{Verification, verify};
use indicatif::ProgressBar;
use replay_tools::stats::stats;
use replay_tools::tail::{TailEntry, tail};
use sqlx::PgPool;

use super::with_database;
use crate::cli::LogCommand;
use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped, riga};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: LogCommand) -> Result<(), Failure> {
    match command {
        LogCommand::Stats { json } => {
            with_database(settings, async |database| show_stats(&database.app, json).await).await
        }
        LogCommand::Verify { log, json } => {
            let logs = match log {
                Some(name) => vec![named(&name)?],
                None => LogName::ALL.to_vec(),
            };
            with_database(settings, async |database| verify_logs(&database.app, &logs, json).await).await
        }
        LogCommand::Tail { log, last, follow, json } => {
            let log = named(&log)?;
            with_database(settings, async |database| follow_log(&database.app, log, last, follow, json).await).await
        }
    }
}

fn named(name: &str) -> Result<LogName, Failure> {
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

async fn verify_logs(pool: &PgPool, logs: &[LogName], json: bool) -> Result<(), Failure> {
    let mut verifications = Vec::new();
    for log in logs {
        verifications.push(verify_one(pool, *log).await?);
    }
    if json {
        output::json(&serde_json::json!({ "logs": verifications }));
    } else {
        verifications.iter().for_each(|verification| show_verification(verification, None));
    }
    if verifications.iter().all(|verification| verification.sound) { Ok(()) } else { Err(Failure::CheckFailed) }
}

/// Verifies one log; on a terminal, with a bar.
pub(crate) async fn verify_one(pool: &PgPool, log: LogName) -> Result<Verification, Failure> {
    let shown = std::io::stderr().is_terminal();
    let bar = if shown { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let found = verify(pool, log, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    Ok(found?)
}

/// Prints what was found; `since` adds how fast it went.
pub(crate) fn show_verification(found: &Verification, since: Option<Instant>) {
    let events = grouped(found.events);
    let time = since.map_or(String::new(), |since| format!(" in {:.1} s", since.elapsed().as_secs_f64()));
    if found.sound {
        output::line(format!("{}: sound, {events} events{time}, root {}", found.log, found.root));
        return;
    }
    let first = found.first_bad_position.map_or(String::new(), |position| format!(", first at position {position}"));
    output::line(format!("{}: NOT SOUND{first} ({events} events read{time})", found.log));
    for finding in &found.findings {
        output::line(format!("  position {}: {}", finding.position, finding.what));
    }
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
        "{:>9}  {}  {} {} v{}  {}  {}",
        entry.position,
        riga(entry.recorded_at),
        entry.record_type,
        entry.record_id,
        entry.version,
        entry.event,
        entry.content
    ));
}
