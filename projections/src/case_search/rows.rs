//! Rows of the case search, and the questions that are asked of them.

use std::collections::BTreeMap;

use access::policy::Reach;
use chrono::{DateTime, Utc};
use domain::values::{GeoPoint, SerialNumber};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::grid::fields_around;
use crate::keyset::{Keyset, Order};
use crate::reach::{self, Columns, Participants};
use crate::table::{columns, table_row};

/// What access to an incident depends on.
pub(crate) const COLUMNS: Columns =
    Columns { id: "id", class: Some("class"), institution: "responsible", tied: Some(("territory", "participants")) };

/// Why a person in an incident raises its class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarded {
    /// They are under 18.
    pub minor: bool,
    /// They are protected.
    pub protected: bool,
}

table_row! {
    /// An incident.
    pub struct IncidentRow in "incidents" key ("id") {
        /// Id of the record.
        id: Uuid => "uuid",
        /// National number.
        number: String => "text",
        /// Number in the register that it comes from.
        legacy_number: Option<String> => "text",
        /// Institution that registered it.
        institution: String => "text",
        /// Institution that answers for it: the one that registered it, until another accepted it.
        responsible: String => "text",
        /// Class that it was raised to; nothing while it is as restricted as any.
        class: Option<String> => "text",
        /// How it was reported.
        channel: String => "text",
        /// Present type.
        type_code: String => "text",
        /// Type at registration.
        opening_type: String => "text",
        /// Present response category.
        category: String => "text",
        /// Response category at registration.
        opening_category: String => "text",
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
        /// When it began.
        occurred_from: DateTime<Utc> => "timestamptz",
        /// When it ended, where it lasted.
        occurred_to: Option<DateTime<Utc>> => "timestamptz",
        /// When the log recorded it first.
        registered_at: DateTime<Utc> => "timestamptz",
        /// When the unit that leads operations was told.
        received_at: Option<DateTime<Utc>> => "timestamptz",
        /// Until when somebody has to be there, by its present category.
        respond_by: Option<DateTime<Utc>> => "timestamptz",
        /// The same by its category at registration.
        first_respond_by: Option<DateTime<Utc>> => "timestamptz",
        /// Unit that deals with it.
        assigned_unit: Option<Uuid> => "uuid",
        /// Officer who deals with it.
        assigned_officer: Option<String> => "text",
        /// How it was dealt with.
        result_code: Option<String> => "text",
        /// Processes that it went on in.
        case_refs: Json<Vec<String>> => "jsonb",
        /// How it ended.
        disposition: Option<String> => "text",
        /// What it turned out to be.
        closing_type: Option<String> => "text",
        /// When it was closed; nothing while it is open.
        closed_at: Option<DateTime<Utc>> => "timestamptz",
        /// Whether somebody has asked for it to be annulled, and nobody has decided.
        annulment_requested: bool => "bool",
        /// The incident that it goes on in.
        merged_into: Option<Uuid> => "uuid",
        /// The incident that it was part of.
        split_from: Option<Uuid> => "uuid",
        /// Who forwarded the card that it comes from, where that is how it came.
        forwarded_by: Option<String> => "text",
        /// Where the recording of the call is kept.
        recording_ref: Option<String> => "text",
        /// Institution that it is offered to.
        offered_to: Option<String> => "text",
        /// That transfer.
        transfer: Option<Uuid> => "uuid",
        /// Until when it has to be accepted.
        transfer_deadline: Option<DateTime<Utc>> => "timestamptz",
        /// Emergency card that it comes from.
        card: Option<Uuid> => "uuid",
        /// Foreign system that it comes from.
        source_system: Option<String> => "text",
        /// Its id there.
        source_external_id: Option<String> => "text",
        /// What happened: JSON text, sealed.
        narrative: Option<String> => "text",
        /// Who reported it: JSON text, personal data sealed.
        reporter: Option<String> => "text",
        /// Institutions that take part in it now.
        participants: Participants => "jsonb",
        /// Of these, those that do for ever: who registered it, who answered for it before, whose units it was given to.
        taking_part: Participants => "jsonb",
        /// Class that its type asks for.
        type_class: Option<String> => "text",
        /// Class that it was raised to by an order.
        restriction: Option<String> => "text",
        /// Persons in it who are minors or protected.
        guarded: Json<BTreeMap<Uuid, Guarded>> => "jsonb",
        /// Position of its first event.
        first_position: i64 => "int8",
        /// Position of its last event.
        last_position: i64 => "int8",
        /// Sequence of its last event.
        version: i64 => "int8",
    }
}

table_row! {
    /// Whose a unit is.
    pub struct UnitOwnerRow in "units" key ("id") {
        /// The unit.
        id: Uuid => "uuid",
        /// Institution that it belongs to.
        institution: String => "text",
    }
}

/// Which incidents are meant: all conditions that are given hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// Among these.
    pub ids: Option<Vec<Uuid>>,
    /// At this object of the address register.
    pub address_code: Option<String>,
    /// In which this data subject takes part.
    pub person: Option<Uuid>,
    /// With an item of this number that its maker put on it, seized or not, however it is written.
    pub item_serial: Option<SerialNumber>,
    /// Registered by this institution.
    pub institution: Option<String>,
    /// That this institution answers for.
    pub responsible: Option<String>,
    /// Offered to this institution.
    pub offered_to: Option<String>,
    /// Raised to this class.
    pub class: Option<String>,
    /// That go on in this incident.
    pub merged_into: Option<Uuid>,
    /// In one of these states.
    pub statuses: Vec<String>,
    /// Of one of these types now.
    pub types: Vec<String>,
    /// Of one of these response categories.
    pub categories: Vec<String>,
    /// In one of these territories.
    pub territories: Vec<String>,
    /// Reported in this way.
    pub channel: Option<String>,
    /// From this foreign system.
    pub source_system: Option<String>,
    /// That had this number in the register that they come from.
    pub legacy_number: Option<String>,
    /// That come from this card.
    pub card: Option<Uuid>,
    /// Given to this unit.
    pub assigned_unit: Option<Uuid>,
    /// Registered at this time or later.
    pub registered_from: Option<DateTime<Utc>>,
    /// Registered before this time.
    pub registered_before: Option<DateTime<Utc>>,
    /// Began at this time or later.
    pub occurred_from: Option<DateTime<Utc>>,
    /// Began before this time.
    pub occurred_before: Option<DateTime<Utc>>,
    /// Whose place has all of these words.
    pub place_words: Option<String>,
    /// That are found by these words of their texts, as `case_words` is asked for them.
    pub words: Option<String>,
    /// That somebody reaches in each of these ways; all where nobody is asking.
    pub reached: Vec<Reach>,
}

impl IncidentRow {
    /// The incident of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<Self>, sqlx::Error> {
        Ok(Self::by_ids(connection, &[id]).await?.pop())
    }

    /// The incidents of those ids, in no order; those that aren't there are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_ids(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!("select {} from case_search.incidents where id = any($1)", columns::<Self>());
        sqlx::query_as(&sql).bind(ids).fetch_all(connection).await
    }

    /// The incident of that national number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_number(connection: &mut PgConnection, number: &str) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("select {} from case_search.incidents where number = $1", columns::<Self>());
        sqlx::query_as(&sql).bind(number).fetch_optional(connection).await
    }

    /// The incident that a foreign system knows by that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_source(
        connection: &mut PgConnection,
        system: &str,
        external_id: &str,
    ) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from case_search.incidents where source_system = $1 and source_external_id = $2
             order by first_position limit 1",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(system).bind(external_id).fetch_optional(connection).await
    }

    /// The incidents that go on in those, in the order in which they were registered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn absorbed_by(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from case_search.incidents where merged_into = any($1) order by registered_at, id",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(ids).fetch_all(connection).await
    }

    /// A page of incidents by time of registration: at most `limit` of them, beyond `after` in that order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(
        connection: &mut PgConnection,
        filter: &IncidentFilter,
        after: Option<Keyset>,
        order: Order,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let mut query =
            QueryBuilder::new(format!("select {} from case_search.incidents where true", columns::<Self>()));
        filter.push_to(&mut query);
        order.push_to(&mut query, "registered_at", after, limit);
        query.build_query_as().fetch_all(connection).await
    }

    /// The latest incidents at these objects of the address register, by time of registration: at most `limit` of each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn latest_at(
        connection: &mut PgConnection,
        address_codes: &[String],
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from unnest($1::text[]) as asked (code), lateral (
                 select * from case_search.incidents where address_code = asked.code
                 order by registered_at desc, id desc limit $2) as incidents
             order by registered_at desc, id desc",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(address_codes).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// How many incidents there are of that kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(connection: &mut PgConnection, filter: &IncidentFilter) -> Result<i64, sqlx::Error> {
        let mut query = QueryBuilder::new("select count(*) from case_search.incidents where true");
        filter.push_to(&mut query);
        query.build_query_scalar().fetch_one(connection).await
    }

    /// Incidents with the offers of them to another institution whose time is over at `now` and of which nothing says so yet, the
    /// longest over first: at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn transfers_over(
        connection: &mut PgConnection,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
        let sql = "select id, transfer from case_search.incidents
                   where transfer is not null and transfer_deadline < $1 order by transfer_deadline, id limit $2";
        sqlx::query_as(sql).bind(now).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// Incidents of those types that were registered since then and have an event beyond that position, in the order of their last
    /// events: at most `limit`. Those that were annulled, or go on in another, are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touched(
        connection: &mut PgConnection,
        types: &[String],
        registered_from: DateTime<Utc>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from case_search.incidents
             where registered_at >= $1 and type_code = any($2) and last_position > $3
               and status not in ('annulled', 'merged')
             order by last_position limit $4",
            columns::<Self>()
        );
        let query = sqlx::query_as(&sql).bind(registered_from).bind(types).bind(after).bind(i64::from(limit));
        query.fetch_all(connection).await
    }

    /// Incidents of that type that began within that time and lie in the fields of the grid around a point: some may be further away than so
    /// many metres. The latest first, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn around(
        connection: &mut PgConnection,
        (point, metres): (GeoPoint, u32),
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        type_code: &str,
        reach: &Reach,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let mut query = QueryBuilder::new(format!("select {} from case_search.incidents", columns::<Self>()));
        query.push(" where field = any(").push_bind(fields_around(point, metres));
        query.push(") and occurred_from between ").push_bind(from).push(" and ").push_bind(until);
        query.push(" and type_code = ").push_bind(type_code.to_owned());
        reach::push(&mut query, reach, &COLUMNS);
        query.push(" order by occurred_from desc, id desc limit ").push_bind(i64::from(limit));
        query.build_query_as().fetch_all(connection).await
    }

    /// Its place in a list by time of registration.
    pub fn keyset(&self) -> Keyset {
        Keyset { at: self.registered_at, id: self.id }
    }
}

impl IncidentFilter {
    fn push_to(&self, query: &mut QueryBuilder<'_, Postgres>) {
        if let Some(ids) = &self.ids {
            query.push(" and id = any(").push_bind(ids.clone()).push(")");
        }
        if let Some(person) = self.person {
            let of_person = " and id in (select incident from case_file.persons where subject = ";
            query.push(of_person).push_bind(person).push(")");
        }
        if let Some(serial) = &self.item_serial {
            let serial = serial.compact();
            query
                .push(" and id in (select incident from case_file.items where serial_key = ")
                .push_bind(serial.clone());
            query.push(" union all select incident from case_file.seized_items where serial_key = ").push_bind(serial);
            query.push(")");
        }
        let same = [
            ("address_code", &self.address_code),
            ("institution", &self.institution),
            ("responsible", &self.responsible),
            ("offered_to", &self.offered_to),
            ("class", &self.class),
            ("channel", &self.channel),
            ("source_system", &self.source_system),
            ("legacy_number", &self.legacy_number),
        ];
        for (column, value) in same {
            if let Some(value) = value {
                query.push(format_args!(" and {column} = ")).push_bind(value.clone());
            }
        }
        let among = [
            ("status", &self.statuses),
            ("type_code", &self.types),
            ("category", &self.categories),
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
        let ids = [("card", self.card), ("assigned_unit", self.assigned_unit), ("merged_into", self.merged_into)];
        for (column, value) in ids {
            if let Some(value) = value {
                query.push(format_args!(" and {column} = ")).push_bind(value);
            }
        }
        let times = [
            ("registered_at >=", self.registered_from),
            ("registered_at <", self.registered_before),
            ("occurred_from >=", self.occurred_from),
            ("occurred_from <", self.occurred_before),
        ];
        for (condition, value) in times {
            if let Some(value) = value {
                query.push(format_args!(" and {condition} ")).push_bind(value);
            }
        }
        if let Some(words) = &self.place_words {
            query.push(" and place_words @@ plainto_tsquery('simple', ").push_bind(words.clone()).push(")");
        }
        if let Some(words) = &self.words {
            let found = " and id in (select incident from case_words.cases where words @@ ";
            query.push(found).push_bind(words.clone()).push("::tsquery)");
        }
        for reach in &self.reached {
            reach::push(query, reach, &COLUMNS);
        }
    }
}
