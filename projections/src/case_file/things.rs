//! Rows of vehicles, items, documents and seized items.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{FromRow as _, PgConnection, Row as _};
use uuid::Uuid;

use super::rows::read_by_incident;
use crate::table::{TableRow as _, columns, table_row};

table_row! {
    /// A vehicle in an incident.
    pub struct VehicleRow in "vehicles" key ("incident", "id") {
        /// The incident.
        incident: Uuid => "uuid",
        /// Id of the involvement.
        id: Uuid => "uuid",
        /// What it is in it.
        relation: String => "text",
        /// Plate with its country: JSON text, sealed.
        plate: Option<String> => "text",
        /// Country of the plate.
        plate_country: Option<String> => "text",
        /// Vehicle identification number: JSON text, sealed.
        vin: Option<String> => "text",
        /// Make and model.
        make: Option<String> => "text",
        /// Colour.
        colour: Option<String> => "text",
        /// Who drove or owns it: the data subject.
        person: Option<Uuid> => "uuid",
        /// Position of the event that involved it.
        first_position: i64 => "int8",
        /// Position of the last event about it.
        last_position: i64 => "int8",
    }
}

table_row! {
    /// An item in an incident.
    pub struct ItemRow in "items" key ("incident", "id") {
        /// The incident.
        incident: Uuid => "uuid",
        /// Id of the involvement.
        id: Uuid => "uuid",
        /// What it is.
        kind: String => "text",
        /// What it is in it.
        relation: String => "text",
        /// What it is like: JSON text, sealed.
        description: Option<String> => "text",
        /// Number that its maker put on it.
        serial: Option<String> => "text",
        /// How many.
        quantity: Option<i64> => "int8",
        /// What all of it is worth, in cents of a euro.
        value_cents: Option<i64> => "int8",
        /// Whose it is: the data subject.
        person: Option<Uuid> => "uuid",
        /// Position of the event that involved it.
        first_position: i64 => "int8",
        /// Position of the last event about it.
        last_position: i64 => "int8",
    }
}

table_row! {
    /// A document in an incident.
    pub struct DocumentRow in "documents" key ("incident", "id") {
        /// The incident.
        incident: Uuid => "uuid",
        /// Id of the involvement.
        id: Uuid => "uuid",
        /// What it is.
        kind: String => "text",
        /// What it is in it.
        relation: String => "text",
        /// Its number: JSON text, sealed.
        number: Option<String> => "text",
        /// Country that issued it.
        country: Option<String> => "text",
        /// Whose it is: the data subject.
        person: Option<Uuid> => "uuid",
        /// Position of the event that involved it.
        first_position: i64 => "int8",
        /// Position of the last event about it.
        last_position: i64 => "int8",
    }
}

read_by_incident! { VehicleRow by "first_position", ItemRow by "first_position", DocumentRow by "first_position" }

/// Somebody who had a seized item, in the chain of its custody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustodyStep {
    /// The institution.
    pub institution: String,
    /// The storage, or the person's service number.
    pub keeper: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Seal that was put on the item then.
    pub seal: Option<String>,
    /// Why they got it: JSON text, sealed.
    pub reason: Option<String>,
}

table_row! {
    /// A seized item.
    pub struct SeizedItemRow in "seized_items" key ("id") {
        /// The item.
        id: Uuid => "uuid",
        /// The incident that it was seized in.
        incident: Uuid => "uuid",
        /// What it is.
        kind: String => "text",
        /// What it is like: JSON text, sealed.
        description: Option<String> => "text",
        /// Number that its maker put on it.
        serial: Option<String> => "text",
        /// How many.
        quantity: Option<i64> => "int8",
        /// What all of it is worth, in cents of a euro.
        value_cents: Option<i64> => "int8",
        /// By which law.
        basis: String => "text",
        /// Protocol of the seizure.
        protocol: Option<String> => "text",
        /// From whom: the data subject.
        from_person: Option<Uuid> => "uuid",
        /// Where: JSON text, sealed.
        place: Option<String> => "text",
        /// When.
        seized_at: DateTime<Utc> => "timestamptz",
        /// Institution that has it; once custody has ended, that had it last.
        institution: String => "text",
        /// The storage there, or the person's service number.
        keeper: String => "text",
        /// Seal that is on it.
        seal: Option<String> => "text",
        /// Since when they have it.
        since: DateTime<Utc> => "timestamptz",
        /// Everybody who had it, in order: a chain without a gap.
        custody: Json<Vec<CustodyStep>> => "jsonb",
        /// What became of it; nothing while it is in custody.
        outcome: Option<String> => "text",
        /// Institution that it went to.
        disposed_to: Option<String> => "text",
        /// When custody ended.
        disposed_at: Option<DateTime<Utc>> => "timestamptz",
        /// Number of the decision.
        decision: Option<String> => "text",
        /// Why: JSON text, sealed.
        reason: Option<String> => "text",
        /// Position of its first event.
        first_position: i64 => "int8",
        /// Position of its last event.
        last_position: i64 => "int8",
        /// Sequence of its last event.
        version: i64 => "int8",
    }
}

table_row! {
    /// Number of a seized item within its incident.
    pub struct OrdinalRow in "ordinals" key ("item") {
        /// The item.
        item: Uuid => "uuid",
        /// The incident.
        incident: Uuid => "uuid",
        /// The number, from 1.
        ordinal: i32 => "int4",
    }
}

/// A seized item with its number within the incident; none where the incident has not said it yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberedItem {
    /// The item.
    pub item: SeizedItemRow,
    /// Its number.
    pub ordinal: Option<i32>,
}

impl SeizedItemRow {
    /// The seized item of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("select {} from case_file.seized_items where id = $1", columns::<Self>());
        sqlx::query_as(&sql).bind(id).fetch_optional(connection).await
    }
}

impl NumberedItem {
    /// The items that were seized in these incidents, by their numbers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_incidents(connection: &mut PgConnection, incidents: &[Uuid]) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select s.*, o.ordinal from case_file.{} s left join case_file.{} o on o.item = s.id
             where s.incident = any($1) order by s.incident, o.ordinal, s.first_position",
            SeizedItemRow::TABLE,
            OrdinalRow::TABLE
        );
        let rows = sqlx::query(&sql).bind(incidents).fetch_all(connection).await?;
        let read =
            rows.iter().map(|row| Ok(Self { item: SeizedItemRow::from_row(row)?, ordinal: row.try_get("ordinal")? }));
        read.collect()
    }
}
