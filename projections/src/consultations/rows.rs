//! Rows of the consultations, and the questions that are asked of them.

use access::policy::Reach;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::reach::{self, Columns};
use crate::table::{columns, table_row};

/// What access to the access log depends on: whose part of it it is.
const COLUMNS: Columns = Columns { id: "null::uuid", class: None, institution: "l.institution", tied: None };

table_row! {
    /// A look, a disclosure or a refusal.
    pub struct LookRow in "looks" key ("position") {
        /// Position in the access log.
        position: i64 => "int8",
        /// [`LookRow::CONSULTED`], [`LookRow::DISCLOSED`] or [`LookRow::REFUSED`].
        kind: String => "text",
        /// When it was recorded.
        at: DateTime<Utc> => "timestamptz",
        /// Institution of the one who looked.
        institution: Option<String> => "text",
        /// Who looked.
        actor: Option<String> => "text",
        /// As what.
        role: Option<String> => "text",
        /// What for.
        purpose: Option<String> => "text",
        /// Case, card or task.
        reference: Option<String> => "text",
        /// In what way.
        way: Option<String> => "text",
        /// What was shown, with commas between.
        scopes: Option<String> => "text",
        /// Keyed digest of the question, or SHA-256 of what was handed over.
        query: Option<String> => "text",
        /// Records that it was about; of refusals, how many it stands for.
        count: i32 => "int4",
        /// Who was given it.
        recipient: Option<String> => "text",
        /// What was asked for in vain.
        attempt: Option<String> => "text",
        /// Why it was refused.
        cause: Option<String> => "text",
        /// Record that was asked for in vain.
        record: Option<Uuid> => "uuid",
    }
}

table_row! {
    /// A record that was shown or handed over.
    pub struct LookedAtRow in "looked_at" key ("record", "position") {
        /// The record.
        record: Uuid => "uuid",
        /// Position in the access log.
        position: i64 => "int8",
        /// What of it, with commas between.
        scopes: String => "text",
    }
}

/// Which looks are asked for; all conditions hold together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LookFilter {
    /// At any of these records; none where any will do.
    pub records: Option<Vec<Uuid>>,
    /// By this person or system.
    pub actor: Option<String>,
    /// By somebody of this institution.
    pub institution: Option<String>,
    /// From then on.
    pub from: Option<DateTime<Utc>>,
    /// Before then.
    pub before: Option<DateTime<Utc>>,
    /// Of the parts of the log that somebody reaches in each of these ways; all where nobody is asking.
    pub reached: Vec<Reach>,
}

impl LookRow {
    /// Somebody was shown something.
    pub const CONSULTED: &'static str = "consulted";
    /// Somebody outside was given something.
    pub const DISCLOSED: &'static str = "disclosed";
    /// Somebody was refused.
    pub const REFUSED: &'static str = "refused";

    pub(super) fn new(position: i64, at: DateTime<Utc>, role: Option<String>) -> Self {
        Self {
            position,
            kind: String::new(),
            at,
            institution: None,
            actor: None,
            role,
            purpose: None,
            reference: None,
            way: None,
            scopes: None,
            query: None,
            count: 0,
            recipient: None,
            attempt: None,
            cause: None,
            record: None,
        }
    }

    /// Looks, latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(
        connection: &mut PgConnection,
        filter: &LookFilter,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let mut sql = QueryBuilder::<Postgres>::new(format!(
            "select {} from consultations.looks l where true",
            columns::<Self>()
        ));
        if let Some(records) = &filter.records {
            sql.push(" and (exists (select from consultations.looked_at a where a.position = l.position and a.record = any (");
            sql.push_bind(records);
            sql.push(")) or l.record = any (").push_bind(records).push("))");
        }
        if let Some(actor) = &filter.actor {
            sql.push(" and l.actor = ").push_bind(actor);
        }
        if let Some(institution) = &filter.institution {
            sql.push(" and l.institution = ").push_bind(institution);
        }
        if let Some(from) = filter.from {
            sql.push(" and l.at >= ").push_bind(from);
        }
        if let Some(before) = filter.before {
            sql.push(" and l.at < ").push_bind(before);
        }
        for reach in &filter.reached {
            reach::push(&mut sql, reach, &COLUMNS);
        }
        sql.push(" order by l.position desc limit ").push_bind(i64::from(limit));
        sql.build_query_as().fetch_all(connection).await
    }
}

impl LookedAtRow {
    /// Records of these looks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_looks(connection: &mut PgConnection, looks: &[i64]) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from consultations.looked_at where position = any ($1) order by position, record",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(looks).fetch_all(connection).await
    }
}
