//! Rows of shifts, and the questions that are asked of them.

use std::collections::{BTreeMap, BTreeSet};

use access::policy::Reach;
use chrono::{DateTime, NaiveDate, Utc};
use domain::roster_shift::{LineUp, Minimum, Relief, ShiftState};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::keyset::{Keyset, Order};
use crate::reach::{self, Columns};
use crate::table::{columns, table_row};

/// What access to a shift depends on: whose it is.
pub(crate) const COLUMNS: Columns = Columns { id: "id", class: None, institution: "institution", tied: None };

/// People of the reserve who were called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// When.
    pub at: DateTime<Utc>,
    /// How many.
    pub people: i32,
    /// Units that they come with, or are put into.
    pub units: BTreeSet<Uuid>,
}

/// A line-up that was put right after the shift was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// When.
    pub at: DateTime<Utc>,
    /// What it said before.
    pub was: LineUp,
    /// What it says since.
    pub is: LineUp,
    /// Why: JSON text, sealed.
    pub reason: String,
}

table_row! {
    /// A shift of a station.
    pub struct ShiftRow in "shifts" key ("id") {
        /// Id of the shift.
        id: Uuid => "uuid",
        /// Whose it is.
        institution: String => "text",
        /// The station.
        station: String => "text",
        /// Day on which it begins.
        date: NaiveDate => "date",
        /// Which of that day's.
        shift: String => "text",
        /// How far it is.
        state: String => "text",
        /// When it is to begin.
        starts_at: DateTime<Utc> => "timestamptz",
        /// When it is to end.
        ends_at: DateTime<Utc> => "timestamptz",
        /// How many people are to come.
        planned: i32 => "int4",
        /// Units that they are to be in.
        planned_units: Json<BTreeSet<Uuid>> => "jsonb",
        /// Fewest units that have to be free.
        minimum: Json<Vec<Minimum>> => "jsonb",
        /// Who commands it.
        officer: Option<String> => "text",
        /// How many people are there; nothing before it opens.
        present: Option<i32> => "int4",
        /// Who is there.
        line_up: Json<LineUp> => "jsonb",
        /// How many people of the reserve were called.
        reserve: i32 => "int4",
        /// Each call of the reserve.
        reserves: Json<Vec<Reserve>> => "jsonb",
        /// Who takes over from whom, by card.
        rotations: Json<BTreeMap<Uuid, Vec<Relief>>> => "jsonb",
        /// What was put right.
        corrections: Json<Vec<Correction>> => "jsonb",
        /// The shift that it follows.
        after: Option<Uuid> => "uuid",
        /// The shift that follows it.
        next: Option<Uuid> => "uuid",
        /// When it was opened.
        opened_at: Option<DateTime<Utc>> => "timestamptz",
        /// When it was handed over.
        handed_over_at: Option<DateTime<Utc>> => "timestamptz",
        /// By whom.
        handed_over_by: Option<String> => "text",
        /// To whom.
        taken_over_by: Option<String> => "text",
        /// What the next shift must know: JSON text, sealed.
        notes: Option<String> => "text",
        /// When it was closed.
        closed_at: Option<DateTime<Utc>> => "timestamptz",
        /// Position of its first event.
        first_position: i64 => "int8",
        /// Position of its last event.
        last_position: i64 => "int8",
        /// Sequence of its last event.
        version: i64 => "int8",
    }
}

/// Which shifts are meant: all conditions that are given hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShiftFilter {
    /// Of this institution.
    pub institution: Option<String>,
    /// Of this station.
    pub station: Option<String>,
    /// That begin on this day or later.
    pub from: Option<NaiveDate>,
    /// That begin on this day or earlier.
    pub until: Option<NaiveDate>,
    /// That are one of these.
    pub states: Vec<String>,
    /// That somebody reaches in each of these ways; all where nobody is asking.
    pub reached: Vec<Reach>,
}

impl ShiftRow {
    /// The shift of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("select {} from shifts.shifts where id = $1", columns::<Self>());
        sqlx::query_as(&sql).bind(id).fetch_optional(connection).await
    }

    /// A page of shifts by the time when they begin: at most `limit` of them, beyond `after` in that order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(
        connection: &mut PgConnection,
        filter: &ShiftFilter,
        after: Option<Keyset>,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let mut query = QueryBuilder::new(format!("select {} from shifts.shifts where true", columns::<Self>()));
        filter.push_to(&mut query);
        Order::NewestFirst.push_to(&mut query, "starts_at", after, limit);
        query.build_query_as().fetch_all(connection).await
    }

    /// How many shifts there are of that kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(connection: &mut PgConnection, filter: &ShiftFilter) -> Result<i64, sqlx::Error> {
        let mut query = QueryBuilder::new("select count(*) from shifts.shifts where true");
        filter.push_to(&mut query);
        query.build_query_scalar().fetch_one(connection).await
    }

    /// The shifts that are on duty, by institution and station: a station has one at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn on_duty(connection: &mut PgConnection, filter: &ShiftFilter) -> Result<Vec<Self>, sqlx::Error> {
        let mut query =
            QueryBuilder::new(format!("select {} from shifts.shifts where state = 'open'", columns::<Self>()));
        filter.push_to(&mut query);
        query.push(" order by institution, station, id");
        query.build_query_as().fetch_all(connection).await
    }

    /// Its place in a list by the time when it begins.
    pub fn keyset(&self) -> Keyset {
        Keyset { at: self.starts_at, id: self.id }
    }

    /// Whether it is on duty.
    pub fn is_open(&self) -> bool {
        self.state == ShiftState::Open.code()
    }
}

impl ShiftFilter {
    fn push_to(&self, query: &mut QueryBuilder<'_, Postgres>) {
        for (column, value) in [("institution", &self.institution), ("station", &self.station)] {
            if let Some(value) = value {
                query.push(format_args!(" and {column} = ")).push_bind(value.clone());
            }
        }
        for (beyond, day) in [(">=", self.from), ("<=", self.until)] {
            if let Some(day) = day {
                query.push(format_args!(" and date {beyond} ")).push_bind(day);
            }
        }
        if !self.states.is_empty() {
            query.push(" and state = any(").push_bind(self.states.clone()).push(")");
        }
        for reach in &self.reached {
            reach::push(query, reach, &COLUMNS);
        }
    }
}
