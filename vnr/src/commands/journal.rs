//! `vnr journal …`: source journals, shown and run. What is shown tells of journals and of no person, so no look at it is told to the access
//! log.

use std::collections::BTreeMap;
use std::path::Path;

use access::Purpose;
use anyhow::{Context as _, anyhow};
use domain::source_journal::RecordMapping;
use domain::source_record::Fault;
use projections::source_journals::{JournalRow, QuarantineRow};
use proto::command::v1 as pb;
use proto::command::v1::source_journal_service_client::SourceJournalServiceClient;
use serde_json::{Value, json};

use super::sending::{Speaking, envelope, said, speak, tell};
use super::with_database;
use crate::cli::{JournalCommand, MapJournalArgs, PhaseArgs, PhaseChoice, RegisterJournalArgs, SendingArgs};
use crate::compose::Database;
use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped, riga};
use crate::settings::Settings;

/// Records that are read at once.
const PAGE: u32 = 500;

pub(super) async fn run(settings: &Settings, command: JournalCommand) -> Result<(), Failure> {
    match command {
        JournalCommand::List { json } => list(settings, json).await,
        JournalCommand::Quarantine { system, json } => quarantine(settings, &system, json).await,
        JournalCommand::Register(args) => register(settings, &args).await,
        JournalCommand::Map(args) => map(settings, &args).await,
        JournalCommand::Phase(args) => phase(settings, &args).await,
    }
}

async fn journals(database: &Database) -> Result<Vec<JournalRow>, Failure> {
    let mut connection = database.tools().await?.acquire().await.map_err(anyhow::Error::new)?;
    Ok(JournalRow::all(&mut connection).await.map_err(anyhow::Error::new)?)
}

async fn list(settings: &Settings, as_json: bool) -> Result<(), Failure> {
    let rows = with_database(settings, journals).await?;
    if as_json {
        output::json(&json!({ "journals": rows.iter().map(told).collect::<Vec<_>>() }));
        return Ok(());
    }
    let left = ["journal", "institution", "stands", "last heard"];
    let columns = [
        "journal",
        "institution",
        "stands",
        "mapping",
        "last no.",
        "registered",
        "supplemented",
        "late",
        "waiting",
        "quality",
        "last heard",
    ];
    let align = |name| if left.contains(&name) { Align::Left } else { Align::Right };
    let mut table = Table::new(columns.map(|name| (name, align(name))));
    let count = |number: i64| grouped(number.unsigned_abs());
    for row in &rows {
        table.row([
            row.system.clone(),
            row.institution.clone(),
            row.phase.clone(),
            row.mapping.to_string(),
            count(row.last_sequence),
            count(row.registered),
            count(row.supplemented),
            count(row.late),
            count(row.waiting),
            row.quality().map_or_else(|| "–".to_owned(), |quality| format!("{quality:.1} %")),
            row.last_received_at.map(riga).unwrap_or_default(),
        ]);
    }
    table.print();
    Ok(())
}

fn told(row: &JournalRow) -> Value {
    json!({
        "system": row.system, "institution": row.institution, "lv": row.label_lv, "en": row.label_en, "phase": row.phase,
        "mapping": row.mapping, "last_sequence": row.last_sequence, "last_received_at": row.last_received_at,
        "sent": row.sent(), "registered": row.registered, "supplemented": row.supplemented, "confirmed": row.confirmed,
        "late": row.late, "tried": row.tried, "quarantined": row.quarantined, "released": row.released,
        "discarded": row.discarded, "waiting": row.waiting, "out_of_order": row.out_of_order, "timed": row.timed,
        "prompt": row.prompt, "quality": row.quality(),
    })
}

async fn quarantine(settings: &Settings, system: &str, as_json: bool) -> Result<(), Failure> {
    let rows = with_database(settings, async |database: &Database| {
        let mut connection = database.tools().await?.acquire().await.map_err(anyhow::Error::new)?;
        let journal = JournalRow::by_system(&mut connection, system).await.map_err(anyhow::Error::new)?;
        let journal =
            journal.with_context(|| format!("there is no journal `{system}`: `vnr journal list` names them"))?;
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page =
                QuarantineRow::list(&mut connection, journal.id, after, PAGE).await.map_err(anyhow::Error::new)?;
            let Some(last) = page.last() else { return Ok::<_, Failure>(rows) };
            after = Some(last.keyset());
            rows.extend(page);
        }
    });
    let rows = rows.await?;
    let faults = |row: &QuarantineRow| -> Result<Vec<Fault>, Failure> {
        Ok(serde_json::from_str(&row.faults).context("the faults of a record can't be read")?)
    };
    if as_json {
        let told = |row: &QuarantineRow| -> Result<Value, Failure> {
            Ok(json!({
                "record": row.id, "external_id": row.external_id, "sequence": row.sequence, "mapping": row.mapping,
                "since": row.recorded_at, "faults": faults(row)?,
            }))
        };
        let records: Vec<Value> = rows.iter().map(told).collect::<Result<_, _>>()?;
        output::json(&json!({ "records": records }));
        return Ok(());
    }
    let mut table = Table::new(
        ["record", "no.", "since", "why"].map(|name| (name, if name == "no." { Align::Right } else { Align::Left })),
    );
    for row in &rows {
        let why = faults(row)?.iter().map(in_words).collect::<Vec<_>>().join(", ");
        table.row([row.external_id.clone(), row.sequence.to_string(), riga(row.recorded_at), why]);
    }
    table.print();
    output::line(format!("{} records wait to be mended", grouped(rows.len() as u64)));
    Ok(())
}

/// What is wrong, without the words that may repeat what the record says.
fn in_words(fault: &Fault) -> String {
    match (&fault.field, &fault.rule) {
        (_, Some(rule)) => rule.clone(),
        (Some(field), None) if fault.path.is_empty() => format!("{field} (not mapped)"),
        (Some(field), None) => format!("{field} ({})", fault.path),
        (None, None) => fault.path.clone(),
    }
}

async fn client(settings: &Settings, sending: &SendingArgs) -> Result<SourceJournalServiceClient<Speaking>, Failure> {
    Ok(SourceJournalServiceClient::new(speak(settings, sending, Purpose::Administration).await?))
}

async fn register(settings: &Settings, args: &RegisterJournalArgs) -> Result<(), Failure> {
    let RegisterJournalArgs { system, institution, lv, en, sending } = args;
    let message = pb::RegisterJournal {
        envelope: envelope(),
        system: system.clone(),
        institution: institution.clone(),
        lv: lv.clone(),
        en: en.clone(),
    };
    let answer = client(settings, sending).await?.register_journal(message).await;
    let reply = answer.map_err(|status| said(&status))?.into_inner();
    tell(sending, &reply, &format!("{system} is registered: say how it is read with `vnr journal map`"));
    Ok(())
}

async fn map(settings: &Settings, args: &MapJournalArgs) -> Result<(), Failure> {
    let MapJournalArgs { system, file, reason, sending } = args;
    let mapping = Some(wire(read(file)?));
    let (system_name, reason) = (system.clone(), reason.clone());
    let message = pb::AdoptMapping { envelope: envelope(), system: system_name, mapping, reason };
    let answer = client(settings, sending).await?.adopt_mapping(message).await;
    let reply = answer.map_err(|status| said(&status))?.into_inner();
    let what = match reply.events {
        0 => format!("{system} is read like that already: nothing has changed"),
        _ => format!("{system} is read by this mapping from now on"),
    };
    tell(sending, &reply, &what);
    Ok(())
}

fn read(path: &Path) -> Result<RecordMapping, Failure> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
    let wrong = |error: &dyn std::fmt::Display| anyhow!("{} is no mapping:\n  {error}", path.display());
    let mapping: RecordMapping = toml::from_str(&text).map_err(|error| wrong(&error))?;
    mapping.check().map_err(|error| wrong(&error))?;
    Ok(mapping)
}

fn wire(mapping: RecordMapping) -> pb::RecordMapping {
    let by_code = |(field, value): (domain::source_journal::RecordField, String)| (field.to_string(), value);
    let codes = mapping.codes.into_iter().map(|(field, codes)| (field.to_string(), pb::CodeMap { codes }));
    pb::RecordMapping {
        fields: mapping.fields.into_iter().map(|(name, field)| (name, field.to_string())).collect(),
        ignored: mapping.ignored.into_iter().collect(),
        codes: codes.collect::<BTreeMap<_, _>>(),
        defaults: mapping.defaults.into_iter().map(by_code).collect(),
    }
}

async fn phase(settings: &Settings, args: &PhaseArgs) -> Result<(), Failure> {
    let PhaseArgs { system, phase, reason, sending } = args;
    let to = match phase {
        PhaseChoice::Testing => pb::JournalPhase::Testing,
        PhaseChoice::Live => pb::JournalPhase::Live,
        PhaseChoice::Suspended => pb::JournalPhase::Suspended,
    };
    let (system_name, reason) = (system.clone(), reason.clone());
    let message = pb::ChangeJournalPhase { envelope: envelope(), system: system_name, phase: to.into(), reason };
    let answer = client(settings, sending).await?.change_journal_phase(message).await;
    let reply = answer.map_err(|status| said(&status))?.into_inner();
    let what = match phase {
        PhaseChoice::Testing => "is tested: its records are judged, and nothing is registered",
        PhaseChoice::Live => "is in service: its records are registered",
        PhaseChoice::Suspended => "is suspended: it sends nothing",
    };
    tell(sending, &reply, &format!("{system} {what}"));
    Ok(())
}
