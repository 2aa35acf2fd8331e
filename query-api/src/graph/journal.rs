//! Source journals (ENŽ): how each stands, and what of it waits to be mended.

use std::collections::BTreeMap;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use projections::source_journals::{JournalRow, QuarantineRow};
use serde::Deserialize;

use super::common::id;
use super::fresh::fresh;
use super::paging::{self, Counted, Page, Paging, TimeKey, page};
use super::personal::{Told, opened_whole};
use super::terms::JournalPhase;
use crate::error::QueryError;
use crate::lang::Lang;
use crate::permits::{Guard, Permits, RecordPart};
use crate::position::LogPosition;
use crate::snapshot::Given;

#[derive(Default)]
pub(crate) struct JournalQuery;

#[Object]
impl JournalQuery {
    /// The source journals that the caller may see: their institution's, all of them for those who run the journals.
    async fn journals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Vec<SourceJournal>, QueryError> {
        ctx.caller()?;
        fresh(ctx, min_position).await?;
        let permits = ctx.permits().await?;
        let rows = JournalRow::all(&mut *ctx.snapshot()?.read().await?).await?;
        Ok(rows.into_iter().filter_map(|row| SourceJournal::seen(permits, row)).collect())
    }

    /// A source journal; null where there is none that the caller may see.
    async fn journal(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Under which name it sends, `enz-ogre`.")] system: String,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Option<SourceJournal>, QueryError> {
        ctx.caller()?;
        fresh(ctx, min_position).await?;
        let permits = ctx.permits().await?;
        let row = JournalRow::by_system(&mut *ctx.snapshot()?.read().await?, &system).await?;
        Ok(row.and_then(|row| SourceJournal::seen(permits, row)))
    }
}

/// A source journal and what of it the caller may see.
pub(crate) struct SourceJournal {
    row: JournalRow,
    guard: Guard,
    /// Whether it is the caller's own institution's: what waits is shown as it was sent only to who sent it.
    own: bool,
}

impl SourceJournal {
    fn seen(permits: &Permits, row: JournalRow) -> Option<Self> {
        let (guard, seen, own) = permits.of_journal(&row);
        seen.then_some(Self { row, guard, own })
    }
}

/// A source journal (ENŽ, elektroniskais notikumu žurnāls): a municipality's own journal that sends its records here.
#[Object]
impl SourceJournal {
    /// Its record.
    async fn id(&self) -> ID {
        id(self.row.id)
    }

    /// Under which name it sends.
    async fn system(&self) -> &str {
        &self.row.system
    }

    /// Whose it is.
    async fn institution(&self) -> &str {
        &self.row.institution
    }

    /// What people read.
    async fn label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Language of the label; that of the request where it is left out.")] lang: Option<Lang>,
    ) -> &str {
        match ctx.lang(lang) {
            Lang::Lv => &self.row.label_lv,
            Lang::En => &self.row.label_en,
        }
    }

    /// Where it stands.
    async fn phase(&self) -> Result<JournalPhase, QueryError> {
        JournalPhase::of_code(&self.row.phase)
    }

    /// Version of the mapping that its records are read by; 0 where it has none.
    async fn mapping_version(&self) -> i32 {
        self.row.mapping
    }

    /// The furthest place in its own order that it has sent; 0 where it has no order. Where it was cut off, it goes on after this, or
    /// some before: what is known already does nothing.
    async fn last_sequence(&self) -> i64 {
        self.row.last_sequence
    }

    /// When it sent something last.
    async fn last_received_at(&self) -> Option<DateTime<Utc>> {
        self.row.last_received_at
    }

    /// What has come of its records.
    async fn counts(&self) -> JournalCounts {
        let row = &self.row;
        JournalCounts {
            sent: row.sent(),
            registered: row.registered,
            supplemented: row.supplemented,
            confirmed: row.confirmed,
            late: row.late,
            tried: row.tried,
            quarantined: row.quarantined,
            released: row.released,
            discarded: row.discarded,
            waiting: row.waiting,
            out_of_order: row.out_of_order,
            timed: row.timed,
            prompt: row.prompt,
        }
    }

    /// How good what it sends is, in percent: the mean of the shares of records that were sound when they came, that came in the
    /// journal's own order, and that came within an hour. Null before it has sent anything. Illustrative.
    async fn quality(&self) -> Option<f64> {
        self.row.quality()
    }

    /// Its records that wait to be mended, the oldest first.
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn quarantine(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
    ) -> Result<Page<QuarantinedRecord>, QueryError> {
        let paging = Paging::of(first, after.as_deref())?;
        let rows = {
            let mut reading = ctx.snapshot()?.read().await?;
            QuarantineRow::list(&mut reading, self.row.id, paging.keyset(), paging.rows_to_read()).await?
        };
        let (guard, own) = (self.guard, self.own);
        let rows = rows.into_iter().map(|row| QuarantinedRecord { row, guard, own }).collect();
        Ok(page(&paging, rows, |kept| TimeKey::of(kept.row.keyset()), Counted::Quarantine(self.row.id)))
    }
}

/// What has come of a journal's records.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct JournalCounts {
    /// Versions of records that it has sent, repetitions aside.
    sent: i64,
    /// Incidents that they made.
    registered: i64,
    /// That changed an incident.
    supplemented: i64,
    /// That said what was known, at a later place in its order.
    confirmed: i64,
    /// That were older than what was known: kept, and the incident stayed as it was.
    late: i64,
    /// That were tried while it was tested.
    tried: i64,
    /// That could not be taken over.
    quarantined: i64,
    /// Of those, taken over once they were mended.
    released: i64,
    /// Of those, not for this register.
    discarded: i64,
    /// Records that wait to be mended.
    waiting: i64,
    /// That came after later ones.
    out_of_order: i64,
    /// Of which it is known when the journal recorded them.
    timed: i64,
    /// Of those, here within an hour.
    prompt: i64,
}

/// A record that waits, and what of it the caller may see.
pub(crate) struct QuarantinedRecord {
    row: QuarantineRow,
    guard: Guard,
    own: bool,
}

/// Parts of a record that its content can tell of.
const PARTS: [RecordPart; 3] = [RecordPart::Narrative, RecordPart::Reporter, RecordPart::Persons];

/// What those are told to the access log as.
const SCOPES: [DataScope; 4] = [DataScope::Narrative, DataScope::Reporter, DataScope::Persons, DataScope::PersonalCode];

#[derive(Deserialize)]
struct StoredFault {
    #[serde(default)]
    path: String,
    field: Option<String>,
    rule: Option<String>,
}

/// What is sealed of it.
#[derive(Deserialize)]
struct Content {
    fields: BTreeMap<String, String>,
    #[serde(default)]
    messages: Vec<String>,
}

impl QuarantinedRecord {
    /// What it says; nothing where it is kept from the caller, or erased.
    async fn content(&self, ctx: &Context<'_>) -> Result<Option<Content>, QueryError> {
        if !self.own || !PARTS.into_iter().all(|part| self.guard.shows(part)) {
            return Ok(None);
        }
        for scope in SCOPES {
            ctx.shows(self.row.id, scope)?;
        }
        let told = Told { sealed_in: self.row.id, scope: DataScope::Narrative };
        let value = opened_whole(ctx, told, &self.row.content).await?;
        let wrong = |_| QueryError::internal("a record in quarantine is of another form");
        value.map(serde_json::from_value).transpose().map_err(wrong)
    }
}

/// A record that waits to be mended (karantīna).
#[Object]
impl QuarantinedRecord {
    /// The record.
    async fn id(&self) -> ID {
        id(self.row.id)
    }

    /// Its id in the journal.
    async fn external_id(&self) -> &str {
        &self.row.external_id
    }

    /// Its place in the journal's order; 0 where that has none.
    async fn sequence(&self) -> i64 {
        self.row.sequence
    }

    /// Version of the mapping that it was read by.
    async fn mapping_version(&self) -> i32 {
        self.row.mapping
    }

    /// Since when it waits.
    async fn since(&self) -> DateTime<Utc> {
        self.row.recorded_at
    }

    /// Why it can't be taken over, all of it.
    async fn faults(&self, ctx: &Context<'_>) -> Result<Vec<RecordFault>, QueryError> {
        let faults: Vec<StoredFault> = serde_json::from_str(&self.row.faults)
            .map_err(|_| QueryError::internal("the faults of a record are of another form"))?;
        let words = ctx.look_ahead().field("message").exists();
        let content = if words { self.content(ctx).await? } else { None };
        let mut messages = content.map(|content| content.messages).unwrap_or_default().into_iter();
        let faults = faults.into_iter().map(|StoredFault { path, field, rule }| RecordFault {
            path,
            field,
            rule,
            message: messages.next(),
        });
        Ok(faults.collect())
    }

    /// Its fields, as the journal has them; null where they are kept from this caller or erased.
    async fn fields(&self, ctx: &Context<'_>) -> Result<Option<Vec<RecordValue>>, QueryError> {
        let content = self.content(ctx).await?;
        let fields = |content: Content| content.fields.into_iter().map(|(name, value)| RecordValue { name, value });
        Ok(content.map(|content| fields(content).collect()))
    }
}

/// Why a record can't be taken over.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct RecordFault {
    /// Field of this register that it is about, `place.territory`; empty where it is about the record as a whole.
    path: String,
    /// What the journal calls that field.
    field: Option<String>,
    /// The rule that it breaks; null where its form is wrong.
    rule: Option<String>,
    /// What is wrong in words; null where that is kept from this caller, since the words may repeat what the record says.
    message: Option<String>,
}

/// A field of a record.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct RecordValue {
    /// Its name in the journal.
    name: String,
    /// What it says.
    value: String,
}
