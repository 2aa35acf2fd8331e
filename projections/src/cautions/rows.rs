//! Rows of cautions, and the questions that are asked of them.

use std::collections::{BTreeSet, HashMap};

use access::policy::Reach;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::keyset::{Keyset, Order};
use crate::reach::{self, Columns};
use crate::table::{columns, table_row};

/// What access to a caution depends on. Nobody takes part in one.
pub(crate) const COLUMNS: Columns =
    Columns { id: "id", class: Some("class"), institution: "institution", tied: Some(("territory", "'[]'::jsonb")) };

table_row! {
    /// A caution.
    pub struct CautionRow in "cautions" key ("id") {
        /// Id of the caution.
        id: Uuid => "uuid",
        /// Whose it is.
        institution: String => "text",
        /// What to be careful of, or why somebody is protected.
        kind: String => "text",
        /// What it is about: `address`, `person` or `vehicle`.
        about: String => "text",
        /// Class that it was raised to; nothing while it is as restricted as any.
        class: Option<String> => "text",
        /// Territory of the address (ATVK).
        territory: Option<String> => "text",
        /// Object of the address register.
        address_code: Option<String> => "text",
        /// The address as written.
        place_text: Option<String> => "text",
        /// Micro-degrees north.
        latitude_e6: Option<i32> => "int4",
        /// Micro-degrees east.
        longitude_e6: Option<i32> => "int4",
        /// The data subject.
        subject: Option<Uuid> => "uuid",
        /// Who they are: JSON text, personal data sealed.
        identity: Option<String> => "text",
        /// Plate of the vehicle: JSON text, sealed.
        plate: Option<String> => "text",
        /// Country of the plate.
        plate_country: Option<String> => "text",
        /// Make and model.
        make: Option<String> => "text",
        /// Colour.
        colour: Option<String> => "text",
        /// What to do about it: JSON text, sealed.
        advice: Option<String> => "text",
        /// The incident that it is known from.
        incident: Option<Uuid> => "uuid",
        /// When the log recorded it first.
        registered_at: DateTime<Utc> => "timestamptz",
        /// Until when it holds.
        expires_at: DateTime<Utc> => "timestamptz",
        /// When it was taken back.
        lifted_at: Option<DateTime<Utc>> => "timestamptz",
        /// Why: JSON text, sealed.
        lifted_because: Option<String> => "text",
        /// Position of its first event.
        first_position: i64 => "int8",
        /// Position of its last event.
        last_position: i64 => "int8",
        /// Sequence of its last event.
        version: i64 => "int8",
    }
}

/// Which cautions are meant: all conditions that are given hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CautionFilter {
    /// Among these.
    pub ids: Option<Vec<Uuid>>,
    /// At this object of the address register.
    pub address_code: Option<String>,
    /// About this data subject.
    pub subject: Option<Uuid>,
    /// Known from this incident.
    pub incident: Option<Uuid>,
    /// Of this institution.
    pub institution: Option<String>,
    /// Of one of these kinds.
    pub kinds: Vec<String>,
    /// That hold at this time: neither run out nor lifted by now.
    pub holding_at: Option<DateTime<Utc>>,
    /// That somebody reaches in each of these ways; all where nobody is asking.
    pub reached: Vec<Reach>,
}

impl CautionRow {
    /// The caution of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("select {} from cautions.cautions where id = $1", columns::<Self>());
        sqlx::query_as(&sql).bind(id).fetch_optional(connection).await
    }

    /// A page of cautions by the time when they were registered: at most `limit` of them, beyond `after` in that order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(
        connection: &mut PgConnection,
        filter: &CautionFilter,
        after: Option<Keyset>,
        order: Order,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let mut query = QueryBuilder::new(format!("select {} from cautions.cautions where true", columns::<Self>()));
        filter.push_to(&mut query);
        order.push_to(&mut query, "registered_at", after, limit);
        query.build_query_as().fetch_all(connection).await
    }

    /// How many cautions there are of that kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(connection: &mut PgConnection, filter: &CautionFilter) -> Result<i64, sqlx::Error> {
        let mut query = QueryBuilder::new("select count(*) from cautions.cautions where true");
        filter.push_to(&mut query);
        query.build_query_scalar().fetch_one(connection).await
    }

    /// The cautions that hold at `at` and are met on records: about the address that is named beside each, about a person in it or who
    /// called, by data subject, personal code or phone, and about a vehicle in it. As often as they are met, in no order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn met(
        connection: &mut PgConnection,
        records: &[(Uuid, Option<String>)],
        at: DateTime<Utc>,
    ) -> Result<Vec<Met>, sqlx::Error> {
        let (ids, addresses): (Vec<Uuid>, Vec<Option<String>>) = records.iter().cloned().unzip();
        let found: Vec<(Uuid, String, Uuid)> =
            sqlx::query_as(MET).bind(ids).bind(addresses).bind(at).fetch_all(&mut *connection).await?;
        let wanted: BTreeSet<Uuid> = found.iter().map(|(_, _, caution)| *caution).collect();
        let wanted: Vec<Uuid> = wanted.into_iter().collect();
        let sql = format!("select {} from cautions.cautions where id = any($1)", columns::<Self>());
        let rows: Vec<Self> = sqlx::query_as(&sql).bind(wanted).fetch_all(connection).await?;
        let rows: HashMap<Uuid, Self> = rows.into_iter().map(|row| (row.id, row)).collect();
        let met = |(record, by, caution)| Some(Met { record, by, caution: rows.get(&caution)?.clone() });
        Ok(found.into_iter().filter_map(met).collect())
    }

    /// Whether it holds at that time.
    pub fn holds_at(&self, at: DateTime<Utc>) -> bool {
        self.lifted_at.is_none() && self.expires_at > at
    }

    /// Its place in a list by the time when it was registered.
    pub fn keyset(&self) -> Keyset {
        Keyset { at: self.registered_at, id: self.id }
    }
}

/// A caution that is met on a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Met {
    /// The record.
    pub record: Uuid,
    /// By what of it: `address`, `person` or `vehicle`.
    pub by: String,
    /// The caution.
    pub caution: CautionRow,
}

/// What was just erased is met by nobody, also before the projector has heard of it.
const MET: &str = "
    with asked as (select * from unnest($1::uuid[], $2::text[]) as asked (record, address_code)),
    met as (
        select record, 'address' as by, id as caution from asked join cautions.cautions using (address_code)
        union
        select asked.record, case mine.kind when 'plate' then 'vehicle' else 'person' end, other.record
        from asked
        join lookups.lookups mine using (record)
        join lookups.lookups other on (other.kind, other.digest) = (mine.kind, mine.digest)
        where other.record_type = 'caution'
          and exists (select from register.keys k where k.key_id = mine.sealed_under)
          and exists (select from register.keys k where k.key_id = other.sealed_under)
        union
        select asked.record, 'person', cautions.id
        from asked
        join case_file.persons on persons.incident = asked.record
        join cautions.cautions using (subject)
    )
    select met.record, met.by, met.caution
    from met join cautions.cautions on cautions.id = met.caution
    where cautions.lifted_at is null and cautions.expires_at > $3";

impl CautionFilter {
    fn push_to(&self, query: &mut QueryBuilder<'_, Postgres>) {
        if let Some(ids) = &self.ids {
            query.push(" and id = any(").push_bind(ids.clone()).push(")");
        }
        let same = [("address_code", &self.address_code), ("institution", &self.institution)];
        for (column, value) in same {
            if let Some(value) = value {
                query.push(format_args!(" and {column} = ")).push_bind(value.clone());
            }
        }
        for (column, value) in [("subject", self.subject), ("incident", self.incident)] {
            if let Some(value) = value {
                query.push(format_args!(" and {column} = ")).push_bind(value);
            }
        }
        if !self.kinds.is_empty() {
            query.push(" and kind = any(").push_bind(self.kinds.clone()).push(")");
        }
        if let Some(at) = self.holding_at {
            query.push(" and lifted_at is null and expires_at > ").push_bind(at);
        }
        for reach in &self.reached {
            reach::push(query, reach, &COLUMNS);
        }
    }
}
