//! `vnr record history | prove`.

mod history;
mod show;

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use domain::access_day::DataScope;
use event_store::log::LogName;
use event_store::proof::head::TreeHead;
use event_store::proof::note::SignedNote;
use replay_tools::history::{Histories, History};
use replay_tools::prove::prove;
use replay_tools::resolve;
use sqlx::PgPool;

pub(crate) use self::show::show;
use super::acting::{self, Acting, Job, Look};
use super::with_database;
use crate::cli::{ActingArgs, RecordCommand};
use crate::failure::Failure;
use crate::output::{self, grouped};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: RecordCommand) -> Result<(), Failure> {
    match command {
        RecordCommand::History(args) => history::run(settings, &args).await,
        RecordCommand::Prove { number, output, acting } => prove_record(settings, &number, &output, &acting).await,
    }
}

async fn prove_record(settings: &Settings, number: &str, file: &Path, acting: &ActingArgs) -> Result<(), Failure> {
    with_database(settings, async |database| {
        let acting = Acting::begin(settings, database, acting, Job::Audit).await?;
        let (record_type, id) = resolve(database.tools().await?, number).await?;
        let record = acting::resource(database, &record_type, id).await?;
        if let Err(denied) = acting.permit_history(&record) {
            return Err(acting.refused(settings, database, ("record_prove", Some(id)), denied).await);
        }
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

/// The history of the record of this name, with nothing that is personal.
pub(crate) async fn read(pool: &PgPool, name: &str) -> Result<History, Failure> {
    let (record_type, id) = resolve(pool, name).await?;
    let sealed = Histories::of(pool, LogName::REGISTER).await?.read((&record_type, id)).await?;
    Ok(sealed.shown(None, None)?)
}
