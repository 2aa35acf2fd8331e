//! Rows of the roster of the past, and the one question that is asked of them: the roster at a moment.

use chrono::{DateTime, Utc};
use domain::terms::UnitStatus;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

use crate::roster::{RosterFilter, RosterKeyset};
use crate::table::table_row;

table_row! {
    /// A unit: what it is.
    pub struct HistoryUnitRow in "units" key ("id") {
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
        /// When it was made known, by who did it.
        registered_at: DateTime<Utc> => "timestamptz",
        /// When the log recorded that.
        recorded_at: DateTime<Utc> => "timestamptz",
        /// Position of that.
        position: i64 => "int8",
        /// Sequence of the assignment that no release was told of yet.
        assigned: Option<i64> => "int8",
        /// When that was.
        assigned_at: Option<DateTime<Utc>> => "timestamptz",
    }
}

table_row! {
    /// Something that was told of a unit.
    pub struct ToldRow in "events" key ("unit", "sequence") {
        /// The unit.
        unit: Uuid => "uuid",
        /// Its place in what was recorded of the unit.
        sequence: i64 => "int8",
        /// What it tells of.
        tells: String => "text",
        /// Status that the unit has by it.
        status: String => "text",
        /// The same in the sender's own code.
        vendor_code: Option<String> => "text",
        /// Card that it was assigned to or released from.
        card: Option<Uuid> => "uuid",
        /// Sequence of the assignment that this release ends.
        ends: Option<i64> => "int8",
        /// When it happened; of a release not before its assignment.
        at: DateTime<Utc> => "timestamptz",
        /// When the log recorded it.
        recorded_at: DateTime<Utc> => "timestamptz",
        /// Its position.
        position: i64 => "int8",
    }
}

impl ToldRow {
    /// Its crew came on duty.
    pub const DUTY_STARTED: &'static str = "duty_started";
    /// Its crew went off duty.
    pub const DUTY_ENDED: &'static str = "duty_ended";
    /// It said what it is doing.
    pub const REPORTED: &'static str = "reported";
    /// It was given a card.
    pub const ASSIGNED: &'static str = "assigned";
    /// Its part in a card is over.
    pub const RELEASED: &'static str = "released";
}

/// Which past is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The moment (T): by when things happened.
    pub at: DateTime<Utc>,
    /// By what was recorded up to then (K); by all that is known, where nothing is given.
    pub known_at: Option<DateTime<Utc>>,
}

/// A unit as it was at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RosterAtRow {
    /// Id of the unit.
    pub id: Uuid,
    /// Institution that it belongs to.
    pub institution: String,
    /// Its call sign.
    pub call_sign: String,
    /// What it is.
    pub kind: String,
    /// Home station.
    pub station: Option<String>,
    /// Territory that it is there for: ATVK code.
    pub territory: Option<String>,
    /// The source's own kind.
    pub source_kind: Option<String>,
    /// What it was doing.
    pub status: String,
    /// The same in the sender's own code.
    pub vendor_code: Option<String>,
    /// Since when it was doing that.
    pub since: DateTime<Utc>,
    /// Card that it was on.
    pub card: Option<Uuid>,
    /// Since when.
    pub card_since: Option<DateTime<Utc>>,
    /// When the log recorded what the status follows from.
    pub recorded_at: DateTime<Utc>,
    /// Position of that.
    pub position: i64,
}

impl<'r> FromRow<'r, PgRow> for RosterAtRow {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        Ok(RosterAtRow {
            id: row.try_get("id")?,
            institution: row.try_get("institution")?,
            call_sign: row.try_get("call_sign")?,
            kind: row.try_get("kind")?,
            station: row.try_get("station")?,
            territory: row.try_get("territory")?,
            source_kind: row.try_get("source_kind")?,
            status: row.try_get("status")?,
            vendor_code: row.try_get("vendor_code")?,
            since: row.try_get("since")?,
            card: row.try_get("card")?,
            card_since: row.try_get("card_since")?,
            recorded_at: row.try_get("recorded_at")?,
            position: row.try_get("position")?,
        })
    }
}

/// What was told last, by when it happened.
const ORDER: &str = "e.at desc, e.sequence desc limit 1";

impl RosterAtRow {
    /// A page of units by call sign as they were at a moment: at most `limit` of them, beyond `after`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        connection: &mut PgConnection,
        moment: Moment,
        filter: &RosterFilter,
        after: Option<&RosterKeyset>,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        Self::page(moment, filter, after, limit).build_query_as().fetch_all(connection).await
    }

    /// How many units of that kind there were at a moment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(
        connection: &mut PgConnection,
        moment: Moment,
        filter: &RosterFilter,
    ) -> Result<i64, sqlx::Error> {
        let mut query = QueryBuilder::new("select count(*) from (");
        push_units(&mut query, moment, filter);
        query.push(") then_there");
        query.build_query_scalar().fetch_one(connection).await
    }

    /// How the database comes to a page, for tests.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn explain(
        connection: &mut PgConnection,
        moment: Moment,
        filter: &RosterFilter,
        limit: u32,
    ) -> Result<String, sqlx::Error> {
        let mut query = QueryBuilder::new("explain ");
        push_page(&mut query, moment, filter, None, limit);
        let lines: Vec<String> = query.build_query_scalar().fetch_all(connection).await?;
        Ok(lines.join("\n"))
    }

    fn page<'q>(
        moment: Moment,
        filter: &RosterFilter,
        after: Option<&RosterKeyset>,
        limit: u32,
    ) -> QueryBuilder<'q, Postgres> {
        let mut query = QueryBuilder::new("");
        push_page(&mut query, moment, filter, after, limit);
        query
    }

    /// Its place in the roster.
    pub fn keyset(&self) -> RosterKeyset {
        RosterKeyset { call_sign: self.call_sign.clone(), id: self.id }
    }

    /// Whether its crew was on duty.
    pub fn on_duty(&self) -> bool {
        self.status != UnitStatus::OffDuty.code()
    }
}

/// Units of a page, and of these only since when they did what they did.
fn push_page(
    query: &mut QueryBuilder<'_, Postgres>,
    moment: Moment,
    filter: &RosterFilter,
    after: Option<&RosterKeyset>,
    limit: u32,
) {
    query.push("with page as materialized (");
    push_units(query, moment, filter);
    if let Some(after) = after {
        query.push(" and (u.call_sign, u.id) > (").push_bind(after.call_sign.clone());
        query.push(", ").push_bind(after.id).push(")");
    }
    query.push(" order by u.call_sign, u.id limit ").push_bind(i64::from(limit));
    query.push(") select p.*, coalesce(p.begun_at, run.at, p.registered_at) as since from page p");
    // What it did last before that was something else, and the first after it that says what it does.
    query.push(
        " left join lateral (select e.at, e.sequence, e.status from roster_history.events e
            where e.unit = p.id and (e.at, e.sequence) < (p.told_at, p.told)
              and (e.tells <> 'duty_started' or p.told_status = 'off_duty')
              and (e.ends is null or e.ends = p.assigned) and e.status <> p.told_status",
    );
    push_known(query, moment);
    query.push(format_args!(" order by {ORDER}) other on true"));
    query.push(
        " left join lateral (select e.at from roster_history.events e
            where e.unit = p.id and e.status = p.told_status and (e.at, e.sequence) <= (p.told_at, p.told)
              and (e.at, e.sequence) > (coalesce(other.at, '-infinity'), coalesce(other.sequence, 0))
              and (e.at, e.sequence) >= (coalesce(p.assigned_at, '-infinity'), coalesce(p.assigned, 0))
              and (e.tells <> 'duty_started' or coalesce(other.status, 'off_duty') = 'off_duty')
              and (e.ends is null or e.ends = p.assigned)",
    );
    push_known(query, moment);
    query.push(" order by e.at, e.sequence limit 1) run on true order by p.call_sign, p.id");
}

/// Units with what they were doing; ends in conditions, so that more can follow.
fn push_units(query: &mut QueryBuilder<'_, Postgres>, moment: Moment, filter: &RosterFilter) {
    query.push(
        "select u.*, told.at as told_at, told.sequence as told, told.status as told_status, begun.at as begun_at,
                coalesce(begun.recorded_at, told.recorded_at, u.recorded) as recorded_at,
                coalesce(begun.position, told.position, u.registered) as position,
                case when begun.at is null then told.vendor_code end as vendor_code,
                st.status, assigned.sequence as assigned, assigned.at as assigned_at,
                now_on.card, now_on.card_since
         from (select id, institution, call_sign, kind, station, territory, source_kind, registered_at, recorded_at as recorded,
                      position as registered from roster_history.units) u",
    );
    query.push(
        " left join lateral (select e.at, e.sequence, e.card from roster_history.events e
            where e.unit = u.id and e.tells = 'assigned'",
    );
    push_then(query, moment);
    query.push(format_args!(" order by {ORDER}) assigned on true"));
    query.push(
        " left join lateral (select e.at from roster_history.events e where e.unit = u.id and e.ends = assigned.sequence",
    );
    push_then(query, moment);
    query.push(") released on true");
    query.push(
        " left join lateral (select e.at, e.sequence, e.status, e.vendor_code, e.recorded_at, e.position
            from roster_history.events e
            where e.unit = u.id and e.tells <> 'duty_started' and (e.ends is null or e.ends = assigned.sequence)",
    );
    push_then(query, moment);
    query.push(format_args!(" order by {ORDER}) told on true"));
    query.push(
        " left join lateral (select e.at, e.recorded_at, e.position from roster_history.events e
            where e.unit = u.id and e.tells = 'duty_started' and coalesce(told.status, 'off_duty') = 'off_duty'
              and (e.at, e.sequence) > (coalesce(told.at, '-infinity'), coalesce(told.sequence, 0))",
    );
    push_then(query, moment);
    query.push(" order by e.at, e.sequence limit 1) begun on true");
    query.push(
        " cross join lateral (select case when begun.at is not null then 'available'
                                          else coalesce(told.status, 'off_duty') end as status) st
          cross join lateral (select case when released.at is null then assigned.card end as card,
                                     case when released.at is null then assigned.at end as card_since) now_on
          where (u.registered_at <= ",
    );
    query.push_bind(moment.at).push(" or told.at is not null or begun.at is not null)");
    if let Some(known_at) = moment.known_at {
        query.push(" and u.recorded <= ").push_bind(known_at);
    }
    filter.push_then(query);
}

/// What had happened by then, as far as it is to be known.
fn push_then(query: &mut QueryBuilder<'_, Postgres>, moment: Moment) {
    query.push(" and e.at <= ").push_bind(moment.at);
    push_known(query, moment);
}

fn push_known(query: &mut QueryBuilder<'_, Postgres>, moment: Moment) {
    if let Some(known_at) = moment.known_at {
        query.push(" and e.recorded_at <= ").push_bind(known_at);
    }
}
