//! Rows of the roster, and the questions that are asked of them.

use access::policy::{Owners, Reach};
use chrono::{DateTime, Utc};
use domain::terms::UnitStatus;
use domain::unit::{Outfit, can_be_sent};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, QueryBuilder, Row as _};
use uuid::Uuid;

use crate::reach::{self, Columns};
use crate::table::{TableRow, table_row};

/// What access to a unit depends on: whose it is.
const COLUMNS: Columns = Columns { id: "u.id", class: None, institution: "u.institution", tied: None };

table_row! {
    /// A unit: what it is and what it is doing.
    pub struct UnitRow in "units" key ("id") {
        /// Id of the unit.
        id: Uuid => "uuid",
        /// Institution that it belongs to.
        institution: String => "text",
        /// Its call sign.
        call_sign: String => "text",
        /// What it is.
        kind: String => "text",
        /// Home station.
        station: Option<String> => "text",
        /// Territory that it is there for: ATVK code.
        territory: Option<String> => "text",
        /// The source's own kind.
        source_kind: Option<String> => "text",
        /// Whether its crew is on duty.
        on_duty: bool => "bool",
        /// What it is doing.
        status: String => "text",
        /// The same in the sender's own code.
        vendor_code: Option<String> => "text",
        /// List that the sender's code is of.
        vendor_scheme: Option<String> => "text",
        /// Since when it is doing that.
        status_since: DateTime<Utc> => "timestamptz",
        /// Card that it is on.
        card: Option<Uuid> => "uuid",
        /// Its crew and what it carries.
        outfit: Json<Outfit> => "jsonb",
        /// Odd times and jumps so far.
        anomalies: i32 => "int4",
        /// When the log recorded it first.
        registered_at: DateTime<Utc> => "timestamptz",
        /// Position of its first event.
        first_position: i64 => "int8",
        /// Position of its last event.
        last_position: i64 => "int8",
        /// Sequence of its last event.
        version: i64 => "int8",
    }
}

table_row! {
    /// Where a unit was last.
    pub struct PointRow in "points" key ("unit") {
        /// The unit.
        unit: Uuid => "uuid",
        /// Micro-degrees north.
        latitude_e6: i32 => "int4",
        /// Micro-degrees east.
        longitude_e6: i32 => "int4",
        /// When it was there.
        at: DateTime<Utc> => "timestamptz",
        /// Kilometres an hour.
        speed_kmh: Option<i32> => "int4",
        /// Degrees clockwise from north.
        heading_deg: Option<i32> => "int4",
        /// Position of the event in `tracks`.
        last_position: i64 => "int8",
    }
}

/// A unit and where it was last.
#[derive(Debug, Clone, PartialEq)]
pub struct RosterRow {
    /// The unit.
    pub unit: UnitRow,
    /// Where it was last; nothing where it never said.
    pub point: Option<PointRow>,
}

impl<'r> FromRow<'r, PgRow> for RosterRow {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let point = match row.try_get::<Option<DateTime<Utc>>, _>("point_at")? {
            None => None,
            Some(at) => Some(PointRow {
                unit: row.try_get("id")?,
                latitude_e6: row.try_get("latitude_e6")?,
                longitude_e6: row.try_get("longitude_e6")?,
                at,
                speed_kmh: row.try_get("speed_kmh")?,
                heading_deg: row.try_get("heading_deg")?,
                last_position: row.try_get("point_position")?,
            }),
        };
        Ok(RosterRow { unit: UnitRow::from_row(row)?, point })
    }
}

/// Which units are meant: all conditions that are given hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RosterFilter {
    /// Of this institution.
    pub institution: Option<String>,
    /// Doing one of these.
    pub statuses: Vec<String>,
    /// Of one of these kinds.
    pub kinds: Vec<String>,
    /// Of this home station.
    pub station: Option<String>,
    /// There for one of these territories.
    pub territories: Vec<String>,
    /// On duty, or off.
    pub on_duty: Option<bool>,
    /// On this card.
    pub card: Option<Uuid>,
    /// Of these institutions, by what they are.
    pub owners: Option<Owners>,
    /// That somebody reaches in each of these ways; all where nobody is asking.
    pub reached: Vec<Reach>,
}

/// A unit's place in the roster: by call sign.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RosterKeyset {
    /// Call sign.
    pub call_sign: String,
    /// Tells units of one call sign (of several institutions) apart.
    pub id: Uuid,
}

impl RosterRow {
    fn select() -> String {
        let unit: Vec<_> = UnitRow::COLUMNS.iter().map(|(name, _)| format!("u.{name}")).collect();
        format!(
            "select {}, p.latitude_e6, p.longitude_e6, p.at as point_at, p.speed_kmh, p.heading_deg,
                    p.last_position as point_position
             from roster.units u left join roster.points p on p.unit = u.id",
            unit.join(", ")
        )
    }

    /// The unit of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<Self>, sqlx::Error> {
        Ok(Self::by_ids(connection, &[id]).await?.pop())
    }

    /// The units of those ids, in no order; those that aren't there are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_ids(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!("{} where u.id = any($1)", Self::select());
        sqlx::query_as(&sql).bind(ids).fetch_all(connection).await
    }

    /// Units that have changed after a position in the register or one in the tracks, in no order; all where none are given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changed_after(
        connection: &mut PgConnection,
        after: Option<(u64, u64)>,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let Some((register, tracks)) = after else {
            return sqlx::query_as(&Self::select()).fetch_all(connection).await;
        };
        let sql = format!("{} where u.last_position > $1 or p.last_position > $2", Self::select());
        sqlx::query_as(&sql).bind(register.cast_signed()).bind(tracks.cast_signed()).fetch_all(connection).await
    }

    /// The unit of that call sign.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_call_sign(
        connection: &mut PgConnection,
        institution: &str,
        call_sign: &str,
    ) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("{} where u.institution = $1 and u.call_sign = $2", Self::select());
        sqlx::query_as(&sql).bind(institution).bind(call_sign).fetch_optional(connection).await
    }

    /// A page of units by call sign: at most `limit` of them, beyond `after`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        connection: &mut PgConnection,
        filter: &RosterFilter,
        after: Option<&RosterKeyset>,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let mut query = QueryBuilder::new(format!("{} where true", Self::select()));
        filter.push_to(&mut query);
        if let Some(after) = after {
            query.push(" and (u.call_sign, u.id) > (").push_bind(after.call_sign.clone());
            query.push(", ").push_bind(after.id).push(")");
        }
        query.push(" order by u.call_sign, u.id limit ").push_bind(i64::from(limit));
        query.build_query_as().fetch_all(connection).await
    }

    /// How many units there are of that kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(connection: &mut PgConnection, filter: &RosterFilter) -> Result<i64, sqlx::Error> {
        let mut query = QueryBuilder::new("select count(*) from roster.units u where true");
        filter.push_to(&mut query);
        query.build_query_scalar().fetch_one(connection).await
    }

    /// Its place in the roster.
    pub fn keyset(&self) -> RosterKeyset {
        RosterKeyset { call_sign: self.unit.call_sign.clone(), id: self.unit.id }
    }
}

/// How many units of a kind are free at a station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeUnits {
    /// Whose they are.
    pub institution: String,
    /// Their home station; nothing where none was stated.
    pub station: Option<String>,
    /// What they are.
    pub kind: String,
    /// How many.
    pub free: i64,
}

impl FreeUnits {
    /// Those of all stations: units that could be sent now and are on no card.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn now(connection: &mut PgConnection, reached: &[Reach]) -> Result<Vec<Self>, sqlx::Error> {
        let sendable = UnitStatus::ALL.iter().filter(|status| can_be_sent(**status));
        let statuses = sendable.map(|status| status.code().to_owned()).collect();
        let filter = RosterFilter { statuses, reached: reached.to_vec(), ..RosterFilter::default() };
        let sql = "select u.institution, u.station, u.kind, count(*) as free from roster.units u where u.card is null";
        let mut query = QueryBuilder::new(sql);
        filter.push_to(&mut query);
        query.push(" group by u.institution, u.station, u.kind");
        let rows: Vec<(String, Option<String>, String, i64)> = query.build_query_as().fetch_all(connection).await?;
        let free = |(institution, station, kind, free)| Self { institution, station, kind, free };
        Ok(rows.into_iter().map(free).collect())
    }
}

/// What of a unit changes, where a question finds it.
struct Changing {
    status: &'static str,
    on_duty: &'static str,
    card: &'static str,
}

impl RosterFilter {
    fn push_to(&self, query: &mut QueryBuilder<'_, sqlx::Postgres>) {
        self.push(query, &Changing { status: "u.status", on_duty: "u.on_duty", card: "u.card" });
    }

    /// The same over units as they were at a moment.
    pub(crate) fn push_then(&self, query: &mut QueryBuilder<'_, sqlx::Postgres>) {
        self.push(query, &Changing { status: "st.status", on_duty: "(st.status <> 'off_duty')", card: "now_on.card" });
    }

    fn push(&self, query: &mut QueryBuilder<'_, sqlx::Postgres>, changing: &Changing) {
        for (column, value) in [("institution", &self.institution), ("station", &self.station)] {
            if let Some(value) = value {
                query.push(format_args!(" and u.{column} = ")).push_bind(value.clone());
            }
        }
        let lists = [(changing.status, &self.statuses), ("u.kind", &self.kinds), ("u.territory", &self.territories)];
        for (column, values) in lists {
            match values.as_slice() {
                [] => {}
                // One value keeps the order of the index that begins with it.
                [value] => _ = query.push(format_args!(" and {column} = ")).push_bind(value.clone()),
                many => _ = query.push(format_args!(" and {column} = any(")).push_bind(many.to_vec()).push(")"),
            }
        }
        if let Some(owners) = &self.owners {
            query.push(" and ");
            reach::push_owners(query, owners, &COLUMNS);
        }
        for reach in &self.reached {
            reach::push(query, reach, &COLUMNS);
        }
        if let Some(on_duty) = self.on_duty {
            query.push(format_args!(" and {} = ", changing.on_duty)).push_bind(on_duty);
        }
        if let Some(card) = self.card {
            query.push(format_args!(" and {} = ", changing.card)).push_bind(card);
        }
    }
}
