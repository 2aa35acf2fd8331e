//! `vnr subject list | export | erase | hold | release | due`: personal data.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{NaiveDate, Utc};
use domain::access_day::DataScope;
use domain::ids::riga_day;
use domain::retention::{ErasureScope, RetentionCase};
use domain::values::Recipient;
use event_store::log::LogName;
use event_store::seal::{KeyRing, KeyScope, MasterKeys};
use replay_tools::personal::{Keys, export, sealed_counts};
use replay_tools::resolve;
use replay_tools::retention::{Schedule, case_of, due};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::acting::{self, Acting, Job, Look};
use super::with_database;
use crate::cli::{ActingArgs, SubjectCommand};
use crate::compose::Database;
use crate::failure::Failure;
use crate::output::{self, Align, Table, riga};
use crate::settings::Settings;

mod send;

pub(super) async fn run(settings: &Settings, command: SubjectCommand) -> Result<(), Failure> {
    match command {
        SubjectCommand::List { target, json } => {
            with_database(settings, async |database| list(settings, database, &target, json).await).await
        }
        SubjectCommand::Export { target, output, recipient, acting } => {
            with_database(settings, async |database| {
                export_to(settings, database, &target, (&output, &recipient), &acting).await
            })
            .await
        }
        SubjectCommand::Erase(args) => send::erase(&args).await,
        SubjectCommand::Hold(args) => send::hold(&args).await,
        SubjectCommand::Release(args) => send::release(&args).await,
        SubjectCommand::Due { schedule, on, limit, json } => {
            let schedule = read_schedule(schedule.as_deref())?;
            let day = on.unwrap_or_else(|| riga_day(&Utc::now()));
            with_database(settings, async |database| list_due(database, &schedule, day, limit, json).await).await
        }
    }
}

async fn ring(settings: &Settings, database: &Database) -> Result<KeyRing, Failure> {
    let master = Arc::new(MasterKeys::load(settings.master_key.clone())?);
    Ok(KeyRing::new(database.tools().await?.clone(), LogName::REGISTER, master))
}

/// A record by its number or id, or else a data subject by its id.
async fn scope_of(pool: &PgPool, ring: &KeyRing, target: &str) -> Result<ErasureScope, Failure> {
    if let Ok(id) = Uuid::try_parse(target.trim()) {
        let keys = Keys::of(ring, KeyScope::Subject(id)).await?;
        if !keys.present.is_empty() || !keys.destroyed.is_empty() {
            return Ok(ErasureScope::Subject(id));
        }
    }
    Ok(ErasureScope::Record(resolve(pool, target).await?.1))
}

fn keys_of(scope: ErasureScope) -> KeyScope {
    match scope {
        ErasureScope::Record(id) => KeyScope::Record(id),
        ErasureScope::Subject(id) => KeyScope::Subject(id),
    }
}

async fn list(settings: &Settings, database: &Database, target: &str, json: bool) -> Result<(), Failure> {
    let (pool, ring) = (database.tools().await?, ring(settings, database).await?);
    let scope = scope_of(pool, &ring, target).await?;
    let keys = match scope {
        ErasureScope::Record(record) => Keys::with_kept_beside(pool, &ring, record).await?,
        ErasureScope::Subject(subject) => Keys::of(&ring, KeyScope::Subject(subject)).await?,
    };
    let counts = sealed_counts(pool, LogName::REGISTER, &keys).await?;
    let case = case_of(pool, scope).await?;
    let present = keys.present.iter().map(|key| (key, "sealed"));
    let rows: Vec<_> = present.chain(keys.destroyed.iter().map(|key| (key, "erased"))).collect();
    let fields = |key: &Uuid| counts.get(key).copied().unwrap_or(0);
    if json {
        let row = |(key, state): &(&event_store::seal::KeyRef, &str)| {
            json!({
                "record": key.owner.record, "subject": key.owner.subject, "key": key.key_id,
                "fields": fields(&key.key_id), "state": state,
            })
        };
        output::json(&json!({
            "keys": rows.iter().map(row).collect::<Vec<_>>(),
            "held_for": case.holds().map(ToString::to_string).collect::<Vec<_>>(),
            "erasure_requested_by": case.requested_by().map(ToString::to_string),
        }));
        return Ok(());
    }
    let columns =
        [("record", Align::Left), ("data subject", Align::Left), ("fields", Align::Right), ("state", Align::Left)];
    let mut table = Table::new(columns);
    for (key, state) in rows {
        let subject = key.owner.subject.map_or("the record's own".to_owned(), |subject| subject.to_string());
        table.row([key.owner.record.to_string(), subject, fields(&key.key_id).to_string(), state.to_owned()]);
    }
    table.print();
    tell_case(&case);
    Ok(())
}

fn tell_case(case: &RetentionCase) {
    for reference in case.holds() {
        output::line(format!("it must be kept for {reference}"));
    }
    if let Some(by) = case.requested_by() {
        output::line(format!("{by} has asked for its erasure; another person may approve it"));
    }
}

async fn export_to(
    settings: &Settings,
    database: &Database,
    target: &str,
    (file, recipient): (&Path, &Recipient),
    acting: &ActingArgs,
) -> Result<(), Failure> {
    let (pool, ring) = (database.tools().await?, ring(settings, database).await?);
    let scope = scope_of(pool, &ring, target).await?;
    let acting = Acting::begin(settings, database, acting, Job::Handover).await?;
    let keys = Keys::of(&ring, keys_of(scope)).await?;
    for record in keys.sealing() {
        let (record_type, id) = resolve(pool, &record.to_string()).await?;
        let resource = acting::handed_over(database, &record_type, id).await?;
        if let Err(denied) = acting.permit_persons(&resource) {
            return Err(acting.refused(settings, database, ("subject_export", Some(id)), denied).await);
        }
    }
    let records: Vec<Uuid> = keys.records().into_iter().collect();
    let question = format!("subject export {target}");
    let scopes = [DataScope::Summary, DataScope::Narrative, DataScope::Reporter, DataScope::PersonalCode];
    let look = || Look { question: &question, records: &records, scopes: &scopes };
    // What is handed over is named by its digest, and no text is there before it is opened. So it is told twice: that somebody looks,
    // by which the database gives the keys, and then what they hand over.
    let looked_at = acting.tell(settings, database, look()).await?;
    let exported = export(pool, LogName::REGISTER, &ring, (&keys, looked_at)).await?;
    let text = serde_json::to_string_pretty(&exported)?;
    acting.disclose(settings, database, (recipient, &text), look()).await?;
    if file == Path::new("-") {
        output::line(text);
        return Ok(());
    }
    let written = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    written
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .with_context(|| format!("{} can't be written", file.display()))?;
    let fields: usize = exported.records.iter().map(|record| record.fields.len()).sum();
    output::aside(format!("{fields} fields of {} records, in clear, in {}", exported.records.len(), file.display()));
    Ok(())
}

fn read_schedule(file: Option<&Path>) -> Result<Schedule, Failure> {
    let text = match file {
        Some(file) => fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?,
        None => Schedule::ILLUSTRATIVE.to_owned(),
    };
    Schedule::parse(&text).map_err(|error| Failure::Usage(error.to_string()))
}

async fn list_due(
    database: &Database,
    schedule: &Schedule,
    day: NaiveDate,
    limit: usize,
    json: bool,
) -> Result<(), Failure> {
    let rows = due(database.tools().await?, schedule, day, limit).await?;
    if json {
        output::json(&json!({ "illustrative": schedule.illustrative, "on": day, "due": rows }));
        return Ok(());
    }
    if schedule.illustrative {
        output::aside("the schedule is illustrative: its periods are invented, nothing may be erased by them");
    }
    let columns = ["record", "done", "due", "rule", "held for", "asked for by"].map(|name| (name, Align::Left));
    let mut table = Table::new(columns);
    for row in &rows {
        table.row([
            row.number.clone(),
            riga(row.done_at),
            row.due_on.to_string(),
            row.rule.clone(),
            row.held_for.join(", "),
            row.requested_by.clone().unwrap_or_default(),
        ]);
    }
    table.print();
    output::line(format!("{} records are due", rows.len()));
    Ok(())
}
