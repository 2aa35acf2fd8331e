//! Rows of the timeline, and the questions that are asked of them.

use access::policy::Reach;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow as _, PgConnection, Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

use crate::table::table_row;
use crate::{cards, case_search, reach};

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
        /// When its source recorded it.
        source_recorded_at: Option<DateTime<Utc>> => "timestamptz",
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

table_row! {
    /// Which incident a seized item belongs to.
    pub struct ItemRow in "items" key ("item") {
        /// The item.
        item: Uuid => "uuid",
        /// The incident that it was seized in.
        incident: Uuid => "uuid",
    }
}

/// A page of a record's timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimelinePage {
    /// Whose timeline.
    pub record: Uuid,
    /// Entries after this position of the log.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
    /// Also what others recorded about it: reports of units, custody of seized items, grants, emergency access, erasures. Without it only
    /// the record's own events and those of other incidents and cards.
    pub whole: bool,
}

/// Events of other records show these alone; all where nobody is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible {
    /// Incidents.
    pub incidents: Reach,
    /// Emergency cards.
    pub cards: Reach,
}

impl EntryRow {
    /// Pages of timelines, each in the order of the log; with each entry the place of its page among `pages`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pages(
        connection: &mut PgConnection,
        pages: &[TimelinePage],
        visible: Option<&Visible>,
    ) -> Result<Vec<(usize, Self)>, sqlx::Error> {
        let mut query = QueryBuilder::new("select asked.page, e.* from unnest(");
        query.push_bind(pages.iter().map(|page| page.record).collect::<Vec<_>>()).push("::uuid[], ");
        query.push_bind(pages.iter().map(|page| page.after).collect::<Vec<_>>()).push("::bigint[], ");
        query.push_bind(pages.iter().map(|page| i64::from(page.limit)).collect::<Vec<_>>()).push("::bigint[], ");
        query.push_bind(pages.iter().map(|page| page.whole).collect::<Vec<_>>());
        query.push(
            "::boolean[]) with ordinality as asked (record, after, most, whole, page)
             cross join lateral (select * from timeline.entries t
                                 where t.record = asked.record and t.position > asked.after and ",
        );
        push_visible(&mut query, visible);
        query.push(" order by t.position limit asked.most) e order by asked.page, e.position");
        let rows = query.build().fetch_all(connection).await?;
        let read = |row: &PgRow| {
            let page = usize::try_from(row.try_get::<i64, _>("page")? - 1).unwrap_or_default();
            Ok((page, Self::from_row(row)?))
        };
        rows.iter().map(read).collect()
    }

    /// The last entry after a position in the timeline of each of these records that has one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_after(
        connection: &mut PgConnection,
        records: &[Uuid],
        after: u64,
    ) -> Result<Vec<(Uuid, u64)>, sqlx::Error> {
        let sql = "select record, max(position) from timeline.entries
                   where record = any($1) and position > $2 group by record";
        let asked = sqlx::query_as::<_, (Uuid, i64)>(sql).bind(records).bind(after.cast_signed());
        let last = asked.fetch_all(connection).await?.into_iter();
        Ok(last.map(|(record, position)| (record, position.unsigned_abs())).collect())
    }

    /// How many entries the timelines of records have, by record; `limit` and `after` don't count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts(
        connection: &mut PgConnection,
        pages: &[TimelinePage],
        visible: Option<&Visible>,
    ) -> Result<Vec<(Uuid, bool, i64)>, sqlx::Error> {
        let mut query = QueryBuilder::new("select asked.record, asked.whole, count(*) from unnest(");
        query.push_bind(pages.iter().map(|page| page.record).collect::<Vec<_>>()).push("::uuid[], ");
        query.push_bind(pages.iter().map(|page| page.whole).collect::<Vec<_>>());
        query.push("::boolean[]) as asked (record, whole) join timeline.entries t on t.record = asked.record where ");
        push_visible(&mut query, visible);
        query.push(" group by asked.record, asked.whole");
        query.build_query_as().fetch_all(connection).await
    }
}

/// Whether an entry `t` of the timeline `asked` is shown. What another record says there is shown to those who may see that record.
fn push_visible(query: &mut QueryBuilder<'_, Postgres>, visible: Option<&Visible>) {
    let Some(Visible { incidents, cards }) = visible else {
        query.push("true");
        return;
    };
    query.push("case when t.aggregate_id = t.record then true when t.aggregate_type = 'incident' then exists (");
    query.push("select from case_search.incidents where id = t.aggregate_id");
    reach::push(query, incidents, &case_search::COLUMNS);
    query.push(
        ") when t.aggregate_type = 'emergency_card' then exists (select from cards.cards where id = t.aggregate_id",
    );
    reach::push(query, cards, &cards::COLUMNS);
    query.push(") else asked.whole end");
}
