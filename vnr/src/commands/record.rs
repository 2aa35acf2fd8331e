//! `vnr record history | prove`.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use domain::access_day::DataScope;
use event_store::log::LogName;
use event_store::proof::head::TreeHead;
use event_store::proof::note::SignedNote;
use replay_tools::history::{Axis, History, history};
use replay_tools::prove::prove;
use replay_tools::resolve;
use sqlx::PgPool;
use uuid::Uuid;

use super::acting::{self, Acting, Job, Look};
use super::with_database;
use crate::cli::{ActingArgs, KnownTo, RecordCommand};
use crate::compose::Database;
use crate::failure::Failure;
use crate::output::{self, grouped, riga};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: RecordCommand) -> Result<(), Failure> {
    let (number, as_known_at, axis, json, acting) = match command {
        RecordCommand::History { number, as_known_at, axis, json, acting } => (number, as_known_at, axis, json, acting),
        RecordCommand::Prove { number, output, acting } => {
            return prove_record(settings, &number, &output, &acting).await;
        }
    };
    let axis = match axis {
        KnownTo::Log => Axis::Log,
        KnownTo::Source => Axis::Source,
    };
    let known_at = as_known_at.map(|moment| (moment.to_utc(), axis));
    with_database(settings, async |database| {
        let (acting, id) = permitted(settings, database, &number, ("record_history", &acting)).await?;
        let history = read(database.tools().await?, &number, known_at).await?;
        let question = format!("record history {number} {known_at:?}");
        let look = Look { question: &question, records: &[id], scopes: &[DataScope::History] };
        acting.tell(settings, database, look).await?;
        if json {
            output::json(&history)
        } else {
            show(&number, &history)
        }
        Ok(())
    })
    .await
}

/// Who may read all events of the record of this name, and its id.
async fn permitted(
    settings: &Settings,
    database: &Database,
    name: &str,
    (attempt, acting): (&str, &ActingArgs),
) -> Result<(Acting, Uuid), Failure> {
    let acting = Acting::begin(settings, database, acting, Job::Audit).await?;
    let (record_type, id) = resolve(database.tools().await?, name).await?;
    let record = acting::resource(database, &record_type, id).await?;
    match acting.permit_history(&record) {
        Ok(()) => Ok((acting, id)),
        Err(denied) => Err(acting.refused(settings, database, (attempt, Some(id)), denied).await),
    }
}

async fn prove_record(settings: &Settings, number: &str, file: &Path, acting: &ActingArgs) -> Result<(), Failure> {
    with_database(settings, async |database| {
        let (acting, id) = permitted(settings, database, number, ("record_prove", acting)).await?;
        let (record_type, _) = resolve(database.tools().await?, number).await?;
        let question = format!("record prove {number}");
        let look = Look { question: &question, records: &[id], scopes: &[DataScope::History] };
        acting.tell(settings, database, look).await?;
        let evidence = prove(database.tools().await?, LogName::REGISTER, (&record_type, id)).await?;
        let head = TreeHead::parse(&SignedNote::parse(&evidence.tree_head)?.text)?;
        write(file, &evidence.to_text()?)?;
        let (events, size) = (evidence.events.len(), grouped(head.size));
        output::aside(format!(
            "{number}: {events} events, proved by the tree head over {size} events of {}",
            head.origin
        ));
        Ok(())
    })
    .await
}

/// Writes a bundle, to standard output for `-`.
pub(super) fn write(file: &Path, text: &str) -> Result<(), Failure> {
    if file == Path::new("-") {
        output::line(text.trim_end());
        return Ok(());
    }
    Ok(fs::write(file, text).with_context(|| format!("{} can't be written", file.display()))?)
}

/// The history of the record of this name.
pub(crate) async fn read(
    pool: &PgPool,
    name: &str,
    known_at: Option<(chrono::DateTime<chrono::Utc>, Axis)>,
) -> Result<History, Failure> {
    let (record_type, id) = resolve(pool, name).await?;
    Ok(history(pool, LogName::REGISTER, (&record_type, id), known_at).await?)
}

/// Prints a history, an event a paragraph.
pub(crate) fn show(name: &str, history: &History) {
    output::line(format!("{name}: {} {}", history.record_type, history.record_id));
    for entry in &history.entries {
        let source = entry.source_recorded_at.map_or(String::new(), |at| format!(", at its source {}", riga(at)));
        output::line(format!("{:>4}. {}  {}", entry.version, riga(entry.occurred_at), entry.event));
        output::line(format!(
            "      recorded {}{source}, position {}, by {} ({})",
            riga(entry.recorded_at),
            entry.position,
            entry.actor,
            entry.institution
        ));
        if !entry.content.is_null() {
            output::line(format!("      {}", entry.content));
        }
    }
    output::line(format!(
        "{} events shown; two independent readers (ours and postgres-es) agree on all {}",
        history.entries.len(),
        history.agreed_by_two_readers
    ));
}
