//! Consultations (piekļuves žurnāla skats): who looked at which record, when and what for, out of the `access` log.

mod rows;
mod signals;

use domain::access_day::{AccessDayEvent, DataScope};
use domain::values::Actor;
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::rows::{LookFilter, LookRow, LookedAtRow};
pub use self::signals::{Signal, SignalKind, Thresholds};
use crate::event::{ACCESS_DAY, DecodedEvent, RegisterEvent};
use crate::fact::{int, metadata, utc};
use crate::projection::Projection;
use crate::table::Statements;

/// The projector of consultations.
#[derive(Debug)]
pub struct Consultations {
    looks: Statements,
    looked_at: Statements,
}

impl Projection for Consultations {
    const NAME: &'static str = "consultations";
    const VERSION: u32 = 1;
    const LOGS: &'static [LogName] = &[LogName::ACCESS];
    const AGGREGATES: &'static [&'static str] = &[ACCESS_DAY];
    const TABLES: &'static [&'static str] = &["looks", "looked_at"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self {
            looks: Statements::new::<LookRow>(schema, "record"),
            looked_at: Statements::new::<LookedAtRow>(schema, "record"),
        }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let (mut looks, mut looked_at) = (Vec::with_capacity(batch.len()), Vec::new());
        for DecodedEvent { stored, event } in batch {
            let RegisterEvent::AccessDay(event) = event else { continue };
            let (look, records) = look(stored, event)?;
            let (position, scopes) = (look.position, look.scopes.clone().unwrap_or_default());
            looked_at.extend(records.iter().map(|record| LookedAtRow {
                record: *record,
                position,
                scopes: scopes.clone(),
            }));
            looks.push(look);
        }
        self.looks.upsert(tx, &looks).await?;
        self.looked_at.upsert(tx, &looked_at).await?;
        Ok(())
    }
}

/// The row of an event, and the records that it is about.
fn look<'e>(stored: &StoredEvent, event: &'e AccessDayEvent) -> Result<(LookRow, &'e [Uuid]), ApplyError> {
    let role = metadata(stored)?.remove("role");
    let row = LookRow::new(stored.position.as_i64(), utc(stored.recorded_at), role);
    Ok(match event {
        AccessDayEvent::RecordConsulted { by, way, records, scopes, purpose, reference, query, count } => {
            let row = LookRow {
                kind: LookRow::CONSULTED.to_owned(),
                purpose: Some(purpose.to_string()),
                reference: reference.as_ref().map(ToString::to_string),
                way: Some(way.code().to_owned()),
                scopes: Some(listed(scopes)),
                query: Some(query.to_string()),
                count: int(*count),
                ..row.by(Some(by))
            };
            (row, records)
        }
        AccessDayEvent::DataDisclosed { by, recipient, records, scopes, purpose, reference, content, count } => {
            let row = LookRow {
                kind: LookRow::DISCLOSED.to_owned(),
                purpose: Some(purpose.to_string()),
                reference: reference.as_ref().map(ToString::to_string),
                scopes: Some(listed(scopes)),
                query: Some(content.to_string()),
                recipient: Some(recipient.to_string()),
                count: int(*count),
                ..row.by(Some(by))
            };
            (row, records)
        }
        AccessDayEvent::AccessRefused { by, attempt, record, cause, purpose, more } => {
            let row = LookRow {
                kind: LookRow::REFUSED.to_owned(),
                purpose: purpose.as_ref().map(ToString::to_string),
                attempt: Some(attempt.to_string()),
                cause: Some(cause.code().to_owned()),
                record: *record,
                count: int(*more).saturating_add(1),
                ..row.by(by.as_ref())
            };
            (row, &[])
        }
    })
}

impl LookRow {
    fn by(self, by: Option<&Actor>) -> Self {
        Self { institution: by.map(|by| by.institution.to_string()), actor: by.map(|by| by.user.to_string()), ..self }
    }
}

fn listed(scopes: &[DataScope]) -> String {
    scopes.iter().map(|scope| scope.code()).collect::<Vec<_>>().join(",")
}
