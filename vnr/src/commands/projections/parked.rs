//! `vnr projections parked …`.

use event_store::consumer::{ParkedRecord, parked};
use event_store::log::LogName;
use event_store::read::LogReader;
use serde_json::json;
use uuid::Uuid;

use super::keeping::keep;
use crate::cli::{KeeperArgs, ParkedCommand};
use crate::compose::Database;
use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped, riga};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, database: &Database, command: ParkedCommand) -> Result<(), Failure> {
    match command {
        ParkedCommand::List { name, json } => list(database, name.as_deref(), json).await,
        ParkedCommand::Show { name, record, json } => show(database, &name, record, json).await,
        ParkedCommand::Retry { keeper, record } => retry(settings, database, keeper, record).await,
    }
}

async fn list(database: &Database, name: Option<&str>, json: bool) -> Result<(), Failure> {
    let records = parked(&database.app, name).await?;
    if json {
        output::json(&records);
        return Ok(());
    }
    if records.is_empty() {
        output::line("no record is parked");
        return Ok(());
    }
    let mut table = Table::new([
        ("projection", Align::Left),
        ("body", Align::Left),
        ("record", Align::Left),
        ("log", Align::Left),
        ("from position", Align::Right),
        ("since", Align::Left),
        ("why", Align::Left),
    ]);
    for record in records {
        table.row([
            record.name,
            record.build,
            record.aggregate_id.to_string(),
            record.log,
            grouped(record.first_position.unsigned_abs()),
            riga(record.at),
            record.error,
        ]);
    }
    table.print();
    Ok(())
}

async fn show(database: &Database, name: &str, record: Uuid, json: bool) -> Result<(), Failure> {
    let all = parked(&database.app, Some(name)).await?;
    let found: Vec<ParkedRecord> = all.into_iter().filter(|parked| parked.aggregate_id == record).collect();
    let Some(first) = found.first() else {
        return Err(Failure::Usage(format!("{name} has not parked {record}: `vnr projections parked list {name}`")));
    };
    let log = LogName::parse(&first.log).ok_or_else(|| anyhow::anyhow!("there is no log {}", first.log))?;
    let events = LogReader::new(database.app.clone(), log).stream(record).await.map_err(anyhow::Error::new)?;
    let left_out: Vec<_> = events.iter().filter(|event| event.position.as_i64() >= first.first_position).collect();
    if json {
        let left_out: Vec<_> = left_out
            .iter()
            .map(|event| {
                json!({
                    "position": event.position.get(),
                    "sequence": event.sequence,
                    "event_type": event.event_type,
                    "event_version": event.event_version,
                    "recorded_at": event.recorded_at,
                })
            })
            .collect();
        output::json(&json!({ "parked": found, "left_out": left_out }));
        return Ok(());
    }
    for parked in &found {
        output::line(format!(
            "{} ({}) leaves {record} out since {}: {}",
            parked.name,
            parked.build,
            riga(parked.at),
            parked.error
        ));
    }
    output::line(format!("{} events are left out:", left_out.len()));
    let mut table = Table::new([
        ("position", Align::Right),
        ("sequence", Align::Right),
        ("event", Align::Left),
        ("version", Align::Right),
        ("recorded", Align::Left),
    ]);
    for event in left_out {
        table.row([
            grouped(event.position.get()),
            event.sequence.to_string(),
            event.event_type.clone(),
            event.event_version.clone(),
            riga(event.recorded_at),
        ]);
    }
    table.print();
    output::line(format!("mend the cause, then `vnr projections parked retry {name} --record {record} --reason …`"));
    Ok(())
}

async fn retry(
    settings: &Settings,
    database: &Database,
    keeper: KeeperArgs,
    record: Option<Uuid>,
) -> Result<(), Failure> {
    let (json, name) = (keeper.json, keeper.name.clone());
    keep(settings, database, keeper, async |keeping| {
        let outcomes = keeping.retry(record).await?;
        let failed = outcomes.iter().filter(|(_, outcome)| outcome.is_err()).count();
        if json {
            let told: Vec<_> = outcomes
                .iter()
                .map(|(id, outcome)| match outcome {
                    Ok(events) => json!({ "record": id, "events": events }),
                    Err(error) => json!({ "record": id, "error": error.to_string() }),
                })
                .collect();
            output::json(&told);
        } else if outcomes.is_empty() {
            output::line(format!("{name} has parked no such record"));
        }
        for (id, outcome) in outcomes.iter().filter(|_| !json) {
            match outcome {
                Ok(events) => output::line(format!("{id}: {} events were taken in", grouped(*events))),
                Err(error) => output::line(format!("{id}: stays parked: {error}")),
            }
        }
        if failed > 0 {
            return Err(Failure::Failed(anyhow::anyhow!("{failed} of {} records stay parked", outcomes.len())));
        }
        Ok(())
    })
    .await
}
