//! Acts on read models (lasāmo modeļu uzturēšana): who built which anew, switched, rolled back, dropped, paused or retried, and why.

mod rows;

use domain::personal::Personal;
use domain::read_model::ReadModelEvent;
use domain::values::{Actor, ReadModelName, Reason};
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;

pub use self::rows::ActRow;
use crate::event::{DecodedEvent, READ_MODEL, RegisterEvent};
use crate::fact::{bigint, int, sealed_json, utc};
use crate::projection::Projection;
use crate::table::Statements;

/// The projector of acts on read models.
#[derive(Debug)]
pub struct ReadModelActs {
    acts: Statements,
}

impl Projection for ReadModelActs {
    const NAME: &'static str = "read_model_acts";
    const VERSION: u32 = 1;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[READ_MODEL];
    const TABLES: &'static [&'static str] = &["acts"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self { acts: Statements::new::<ActRow>(schema, "position") }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let mut acts = Vec::new();
        for DecodedEvent { stored, event } in batch {
            if let RegisterEvent::ReadModel(event) = event {
                acts.push(row(stored, event)?);
            }
        }
        self.acts.upsert(tx, &acts).await?;
        Ok(())
    }
}

fn row(stored: &StoredEvent, event: &ReadModelEvent) -> Result<ActRow, ApplyError> {
    use ReadModelEvent as E;
    let act = |read_model: &ReadModelName, by: &Option<Actor>, reason: &Personal<Reason>| {
        Ok::<_, ApplyError>(ActRow {
            position: stored.position.as_i64(),
            read_model: read_model.to_string(),
            act: stored.event_type.clone(),
            body: None,
            from_version: None,
            version: None,
            records: 0,
            by_institution: by.as_ref().map(|by| by.institution.to_string()),
            by_user: by.as_ref().map(|by| by.user.to_string()),
            reason: sealed_json(stored, reason)?,
            at: utc(stored.occurred_at),
        })
    };
    Ok(match event {
        E::RebuildBegun { read_model, version, by, reason } => {
            ActRow { version: Some(int(*version)), ..act(read_model, by, reason)? }
        }
        E::ReadModelSwitched { read_model, from, version, by, reason }
        | E::ReadModelRolledBack { read_model, from, version, by, reason } => {
            ActRow { from_version: Some(int(*from)), version: Some(int(*version)), ..act(read_model, by, reason)? }
        }
        E::ReadModelDropped { read_model, body, version, by, reason } => {
            ActRow { body: Some(body.code().to_owned()), version: Some(int(*version)), ..act(read_model, by, reason)? }
        }
        E::ProjectionPaused { read_model, by, reason } | E::ProjectionResumed { read_model, by, reason } => {
            act(read_model, by, reason)?
        }
        E::ParkedRecordsRetried { read_model, records, by, reason } => {
            ActRow { records: int(bigint(records.len() as u64)), ..act(read_model, by, reason)? }
        }
    })
}
