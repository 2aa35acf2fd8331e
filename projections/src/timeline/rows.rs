//! Rows of the timeline, and the questions that are asked of them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::table::{columns, table_row};

table_row! {
    /// An event in the timeline of a record.
    pub struct EntryRow in "entries" key ("record", "position") {
        /// Whose timeline it stands in.
        record: Uuid => "uuid",
        /// Position in the log.
        position: i64 => "int8",
        /// Type of the record whose event it is.
        aggregate_type: String => "text",
        /// The record whose event it is: another one where the event names this record.
        aggregate_id: Uuid => "uuid",
        /// Its place among that record's events.
        sequence: i64 => "int8",
        /// What happened.
        event_type: String => "text",
        /// When it happened.
        occurred_at: DateTime<Utc> => "timestamptz",
        /// When the log recorded it.
        recorded_at: DateTime<Utc> => "timestamptz",
        /// Institution of the one who said so.
        institution: Option<String> => "text",
        /// Who said so.
        actor: Option<String> => "text",
        /// Foreign system that it comes from.
        source_system: Option<String> => "text",
        /// Marks of the source's data quality, with commas between them.
        flags: Option<String> => "text",
        /// What the event says, without personal data.
        facts: Json<Value> => "jsonb",
    }
}

impl EntryRow {
    /// A page of a record's timeline in the order of the log: at most `limit` entries after the position `after`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn page(
        connection: &mut PgConnection,
        record: Uuid,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from timeline.entries where record = $1 and position > $2 order by position limit $3",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(record).bind(after).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// How many entries a record's timeline has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(connection: &mut PgConnection, record: Uuid) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("select count(*) from timeline.entries where record = $1")
            .bind(record)
            .fetch_one(connection)
            .await
    }
}
