//! Where the fields of an incident came from.

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};

use super::card::Card;
use super::common::Source;
use crate::error::QueryError;
use crate::loaders::{Loading, OriginRow};
use crate::permits::{Guard, RecordPart};
use crate::position::LogPosition;

/// Parts of the record that fields belong to; all others are of its summary.
const OF_PARTS: [(&str, RecordPart); 5] = [
    ("narrative", RecordPart::Narrative),
    ("reporter", RecordPart::Reporter),
    ("result_code", RecordPart::Result),
    ("case_refs", RecordPart::Result),
    ("disposition", RecordPart::Result),
];

/// Where a field of an incident came from.
pub(crate) struct FieldOrigin(OriginRow);

/// Where the fields came from of which the caller is shown what they say.
pub(crate) fn shown(guard: &Guard, rows: Vec<OriginRow>) -> Vec<FieldOrigin> {
    let is_shown = |row: &OriginRow| {
        OF_PARTS.iter().find(|(field, _)| *field == row.field).is_none_or(|(_, part)| guard.shows(*part))
    };
    rows.into_iter().filter(is_shown).map(FieldOrigin).collect()
}

/// Where a field of an incident came from (lauka izcelsme): who said last what it says, and where they had it from.
#[Object]
impl FieldOrigin {
    /// The field, as events name it: `narrative`.
    async fn field(&self) -> &str {
        &self.0.field
    }

    /// The event that said it last: `IncidentSupplemented`.
    async fn event(&self) -> &str {
        &self.0.event_type
    }

    /// Place of that event in the register.
    async fn position(&self, ctx: &Context<'_>) -> Result<LogPosition, QueryError> {
        ctx.position(self.0.position).await
    }

    /// Who recorded it: an officer, or a journal's system.
    async fn actor(&self) -> Option<&str> {
        self.0.told("actor")
    }

    /// Institution that they acted for.
    async fn institution(&self) -> Option<&str> {
        self.0.told("institution")
    }

    /// The journal's record that it was taken from; null where somebody entered it here.
    async fn source(&self) -> Option<Source> {
        Source::of(self.0.told("source_system"), self.0.told("source_external_id"))
    }

    /// The emergency card that the incident was registered from; null where it was not, or the caller may not see it.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>, QueryError> {
        ctx.card(self.0.card).await
    }

    /// When it happened.
    async fn occurred_at(&self) -> DateTime<Utc> {
        self.0.occurred_at
    }

    /// When its journal recorded it; null where no other system had it first.
    async fn source_recorded_at(&self) -> Option<DateTime<Utc>> {
        let at = self.0.told("source_recorded_at")?;
        DateTime::parse_from_rfc3339(at).ok().map(|at| at.to_utc())
    }

    /// When this register recorded it.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.0.recorded_at
    }
}
