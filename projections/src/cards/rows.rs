//! Rows of the cards, and the questions that are asked of them.

use std::collections::BTreeMap;

use access::policy::Reach;
use chrono::{DateTime, Utc};
use domain::emergency_card::CardFile;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::keyset::{Keyset, Order};
use crate::reach::{self, Columns, Participants};
use crate::table::{columns, table_row};

/// What access to a card depends on.
pub(crate) const COLUMNS: Columns =
    Columns { id: "id", class: None, institution: "institution", tied: Some(("territory", "participants")) };

/// When a decided service was told and when it took the card on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTimes {
    /// T5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notified_at: Option<DateTime<Utc>>,
    /// T6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<DateTime<Utc>>,
}

table_row! {
    /// An emergency card.
    pub struct CardRow in "cards" key ("id") {
        /// Id of the record.
        id: Uuid => "uuid",
        /// Card number.
        number: String => "text",
        /// Institution that received the call.
        institution: String => "text",
        /// How the call came.
        channel: String => "text",
        /// Foreign system that it comes from.
        source_system: Option<String> => "text",
        /// Its id there.
        source_external_id: Option<String> => "text",
        /// What it is about.
        type_code: Option<String> => "text",
        /// How urgent.
        priority: Option<String> => "text",
        /// The source's own priority code.
        source_priority: Option<String> => "text",
        /// 1 is the ordinary alarm.
        alarm_level: Option<i32> => "int4",
        /// People believed hurt.
        casualties: Option<i32> => "int4",
        /// What endangers people there.
        hazards: Json<Vec<String>> => "jsonb",
        /// Where it stands.
        status: String => "text",
        /// Territory (ATVK).
        territory: Option<String> => "text",
        /// Object of the address register.
        address_code: Option<String> => "text",
        /// Place as written.
        place_text: Option<String> => "text",
        /// Micro-degrees north.
        latitude_e6: Option<i32> => "int4",
        /// Micro-degrees east.
        longitude_e6: Option<i32> => "int4",
        /// Radius of uncertainty in metres.
        uncertainty_m: Option<i32> => "int4",
        /// How the point was found.
        location_source: Option<String> => "text",
        /// T0.
        received_at: DateTime<Utc> => "timestamptz",
        /// T1.
        answered_at: Option<DateTime<Utc>> => "timestamptz",
        /// T2.
        located_at: Option<DateTime<Utc>> => "timestamptz",
        /// T3.
        qualified_at: Option<DateTime<Utc>> => "timestamptz",
        /// T4.
        decided_at: Option<DateTime<Utc>> => "timestamptz",
        /// T7 of the first unit.
        first_dispatched_at: Option<DateTime<Utc>> => "timestamptz",
        /// T9 of the first unit.
        first_en_route_at: Option<DateTime<Utc>> => "timestamptz",
        /// T10 of the first unit.
        first_on_scene_at: Option<DateTime<Utc>> => "timestamptz",
        /// Whether it is under control, where somebody said so.
        under_control: Option<bool> => "bool",
        /// T11.
        under_control_at: Option<DateTime<Utc>> => "timestamptz",
        /// When the log recorded the last of its events.
        changed_at: DateTime<Utc> => "timestamptz",
        /// T13, however it ended.
        completed_at: Option<DateTime<Utc>> => "timestamptz",
        /// When it was put away.
        archived_at: Option<DateTime<Utc>> => "timestamptz",
        /// What it was instead of an emergency.
        no_emergency: Option<String> => "text",
        /// The card that goes on for this one too.
        duplicate_of: Option<Uuid> => "uuid",
        /// Recordings and other files.
        files: Json<Vec<CardFile>> => "jsonb",
        /// Why it must be reviewed; nothing where it need not, or has not ended.
        review_cause: Option<String> => "text",
        /// When it was reviewed last.
        reviewed_at: Option<DateTime<Utc>> => "timestamptz",
        /// How well it was dealt with, of 100, by that review.
        review_score: Option<i32> => "int4",
        /// What that review found.
        findings: Json<Vec<String>> => "jsonb",
        /// Decided services, by code.
        services: Json<BTreeMap<String, ServiceTimes>> => "jsonb",
        /// How it ended.
        disposition: Option<String> => "text",
        /// The source's own disposition.
        source_disposition: Option<String> => "text",
        /// Incident that came of it.
        incident: Option<Uuid> => "uuid",
        /// Where the recording is kept.
        recording_ref: Option<String> => "text",
        /// Who called: JSON text, personal data sealed.
        caller: Option<String> => "text",
        /// What was said: JSON text, sealed.
        narrative: Option<String> => "text",
        /// Institutions whose units were on it, and services that go.
        participants: Participants => "jsonb",
        /// Units that were ever on it.
        units: i32 => "int4",
        /// Of these, units that came to the scene.
        units_on_scene: i32 => "int4",
        /// Odd times and jumps, of the card and of its units.
        anomalies: i32 => "int4",
        /// Of these, the card's own.
        card_anomalies: i32 => "int4",
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
    /// A unit's part in a card. Of each time the earliest report counts.
    pub struct CardUnitRow in "card_units" key ("card", "unit") {
        /// The card.
        card: Uuid => "uuid",
        /// The unit.
        unit: Uuid => "uuid",
        /// Institution that the unit belongs to.
        institution: Option<String> => "text",
        /// Its call sign.
        call_sign: Option<String> => "text",
        /// What it is.
        kind: Option<String> => "text",
        /// When it was sent (T7).
        attached_at: Option<DateTime<Utc>> => "timestamptz",
        /// When it said that it goes.
        acknowledged_at: Option<DateTime<Utc>> => "timestamptz",
        /// When it set out (T9).
        en_route_at: Option<DateTime<Utc>> => "timestamptz",
        /// When it was at the scene (T10).
        on_scene_at: Option<DateTime<Utc>> => "timestamptz",
        /// When it took somebody away.
        transporting_at: Option<DateTime<Utc>> => "timestamptz",
        /// When it had brought them.
        at_destination_at: Option<DateTime<Utc>> => "timestamptz",
        /// When its part was over (T12); nothing while it is on the card.
        cleared_at: Option<DateTime<Utc>> => "timestamptz",
        /// Whether it was taken away for another card.
        diverted: bool => "bool",
        /// Odd times and jumps.
        anomalies: i32 => "int4",
        /// Position of the last event that is told here.
        last_position: i64 => "int8",
    }
}

table_row! {
    /// What a unit is called.
    pub struct UnitNameRow in "units" key ("id") {
        /// The unit.
        id: Uuid => "uuid",
        /// Institution that it belongs to.
        institution: String => "text",
        /// Its call sign.
        call_sign: String => "text",
        /// What it is.
        kind: String => "text",
    }
}

/// Which cards are meant: all conditions that are given hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardFilter {
    /// Received by this institution.
    pub institution: Option<String>,
    /// At this object of the address register.
    pub address_code: Option<String>,
    /// From this foreign system.
    pub source_system: Option<String>,
    /// In one of these states.
    pub statuses: Vec<String>,
    /// Of one of these types.
    pub types: Vec<String>,
    /// Of one of these priorities.
    pub priorities: Vec<String>,
    /// In one of these territories.
    pub territories: Vec<String>,
    /// From which this incident came.
    pub incident: Option<Uuid>,
    /// About the same as this card.
    pub duplicate_of: Option<Uuid>,
    /// That must be reviewed, and were not; or the others.
    pub to_review: Option<bool>,
    /// Received (T0) at this time or later.
    pub received_from: Option<DateTime<Utc>>,
    /// Received (T0) before this time.
    pub received_before: Option<DateTime<Utc>>,
    /// That somebody reaches in each of these ways; all where nobody is asking.
    pub reached: Vec<Reach>,
}

impl CardRow {
    /// The card of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<Self>, sqlx::Error> {
        Ok(Self::by_ids(connection, &[id]).await?.pop())
    }

    /// The cards of those ids, in no order; those that aren't there are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_ids(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!("select {} from cards.cards where id = any($1)", columns::<Self>());
        sqlx::query_as(&sql).bind(ids).fetch_all(connection).await
    }

    /// The card of that number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_number(connection: &mut PgConnection, number: &str) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("select {} from cards.cards where number = $1", columns::<Self>());
        sqlx::query_as(&sql).bind(number).fetch_optional(connection).await
    }

    /// The card that a foreign system knows by that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_source(
        connection: &mut PgConnection,
        system: &str,
        external_id: &str,
    ) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from cards.cards where source_system = $1 and source_external_id = $2
             order by first_position limit 1",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(system).bind(external_id).fetch_optional(connection).await
    }

    /// A page of cards by time of the call (T0): at most `limit` of them, beyond `after` in that order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(
        connection: &mut PgConnection,
        filter: &CardFilter,
        after: Option<Keyset>,
        order: Order,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let mut query = QueryBuilder::new(format!("select {} from cards.cards where true", columns::<Self>()));
        filter.push_to(&mut query);
        order.push_to(&mut query, "received_at", after, limit);
        query.build_query_as().fetch_all(connection).await
    }

    /// How many cards there are of that kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(connection: &mut PgConnection, filter: &CardFilter) -> Result<i64, sqlx::Error> {
        let mut query = QueryBuilder::new("select count(*) from cards.cards where true");
        filter.push_to(&mut query);
        query.build_query_scalar().fetch_one(connection).await
    }

    /// Cards whose call came in between two times, that somebody reaches: the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn around(
        connection: &mut PgConnection,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        reached: Reach,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let filter = CardFilter {
            received_from: Some(from),
            received_before: Some(until),
            reached: vec![reached],
            ..CardFilter::default()
        };
        Self::search(connection, &filter, None, Order::NewestFirst, limit).await
    }

    /// Cards on which no unit is, that nobody has ended, and of which the log recorded nothing since `before`: the longest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn left_open(
        connection: &mut PgConnection,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        let sql = "select id from cards.cards c where completed_at is null and changed_at < $1
                     and not exists (select from cards.card_units u where u.card = c.id
                                     and u.attached_at is not null and u.cleared_at is null)
                   order by changed_at limit $2";
        sqlx::query_scalar(sql).bind(before).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// Cards that have ended and of which the log recorded nothing since `before`, and that were not put away: the longest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn to_put_away(
        connection: &mut PgConnection,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        let sql =
            "select id from cards.cards where completed_at is not null and archived_at is null and changed_at < $1
                   order by changed_at limit $2";
        sqlx::query_scalar(sql).bind(before).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// Its place in a list by time of the call.
    pub fn keyset(&self) -> Keyset {
        Keyset { at: self.received_at, id: self.id }
    }
}

impl CardUnitRow {
    /// The units of those cards, by card and in the order in which they were sent.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_cards(connection: &mut PgConnection, cards: &[Uuid]) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from cards.card_units where card = any($1) order by card, attached_at nulls last, call_sign, unit",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(cards).fetch_all(connection).await
    }

    /// The cards that a unit was last on, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_unit(connection: &mut PgConnection, unit: Uuid, limit: u32) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from cards.card_units where unit = $1 order by attached_at desc limit $2",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(unit).bind(i64::from(limit)).fetch_all(connection).await
    }
}

impl CardFilter {
    /// Adds the conditions, over a table `cards` or its alias in scope.
    pub(super) fn push_to(&self, query: &mut QueryBuilder<'_, Postgres>) {
        let same = [
            ("address_code", &self.address_code),
            ("institution", &self.institution),
            ("source_system", &self.source_system),
        ];
        for (column, value) in same {
            if let Some(value) = value {
                query.push(format_args!(" and {column} = ")).push_bind(value.clone());
            }
        }
        let among = [
            ("status", &self.statuses),
            ("type_code", &self.types),
            ("priority", &self.priorities),
            ("territory", &self.territories),
        ];
        for (column, values) in among {
            match values.as_slice() {
                [] => {}
                // One value keeps the order of the index that begins with it.
                [value] => _ = query.push(format_args!(" and {column} = ")).push_bind(value.clone()),
                many => _ = query.push(format_args!(" and {column} = any(")).push_bind(many.to_vec()).push(")"),
            }
        }
        if let Some(incident) = self.incident {
            query.push(" and incident = ").push_bind(incident);
        }
        if let Some(duplicate_of) = self.duplicate_of {
            query.push(" and duplicate_of = ").push_bind(duplicate_of);
        }
        match self.to_review {
            Some(true) => _ = query.push(" and review_cause is not null and reviewed_at is null"),
            Some(false) => _ = query.push(" and (review_cause is null or reviewed_at is not null)"),
            None => {}
        }
        for (condition, value) in [("received_at >=", self.received_from), ("received_at <", self.received_before)] {
            if let Some(value) = value {
                query.push(format_args!(" and {condition} ")).push_bind(value);
            }
        }
        for reach in &self.reached {
            reach::push(query, reach, &COLUMNS);
        }
    }
}
