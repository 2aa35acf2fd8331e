//! Rows of grants and of emergency access, and the questions that are asked of them.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, QueryBuilder};
use uuid::Uuid;

use crate::keyset::{Keyset, Order};
use crate::table::{columns, table_row};

table_row! {
    /// A grant and what became of it.
    pub struct GrantRow in "grants" key ("id") {
        /// Id of the grant.
        id: Uuid => "uuid",
        /// How far it has come; whether it gives access depends on the time too.
        status: String => "text",
        /// Institution of who is to have it.
        grantee_institution: String => "text",
        /// Who is to have it.
        grantee: String => "text",
        /// What it opens: `record`, `class` or `role`.
        scope: String => "text",
        /// The record, where it opens one.
        record: Option<Uuid> => "uuid",
        /// The class of records, where it opens one.
        class: Option<String> => "text",
        /// Institution of the role, where it opens what one sees.
        role_institution: Option<String> => "text",
        /// The role there.
        role: Option<String> => "text",
        /// What it is for.
        purpose: String => "text",
        /// From when on.
        valid_from: DateTime<Utc> => "timestamptz",
        /// Until when.
        valid_until: DateTime<Utc> => "timestamptz",
        /// Why, as JSON text with personal data sealed.
        reason: String => "text",
        /// When the log recorded the request.
        requested_at: DateTime<Utc> => "timestamptz",
        /// Institution of who asked.
        requested_institution: String => "text",
        /// Who asked.
        requested_by: String => "text",
        /// When it was approved or rejected.
        decided_at: Option<DateTime<Utc>> => "timestamptz",
        /// Institution of who decided.
        decided_institution: Option<String> => "text",
        /// Who decided.
        decided_by: Option<String> => "text",
        /// Why it was rejected; sealed likewise.
        decision_reason: Option<String> => "text",
        /// When it was revoked, or its time was over, where that was recorded.
        ended_at: Option<DateTime<Utc>> => "timestamptz",
        /// Institution of who revoked it.
        ended_institution: Option<String> => "text",
        /// Who revoked it.
        ended_by: Option<String> => "text",
        /// Why it was revoked; sealed likewise.
        ending_reason: Option<String> => "text",
        /// Position of its first event.
        first_position: i64 => "int8",
        /// Position of its last event.
        last_position: i64 => "int8",
        /// Sequence of its last event.
        version: i64 => "int8",
    }
}

table_row! {
    /// An emergency access, who vouched for it and what its review found.
    pub struct EmergencyRow in "emergencies" key ("id") {
        /// Id of the emergency access.
        id: Uuid => "uuid",
        /// The record.
        record: Uuid => "uuid",
        /// What it is for.
        purpose: String => "text",
        /// Why it could not wait, as JSON text with personal data sealed.
        reason: String => "text",
        /// Until when it gives access, once it is open.
        valid_until: DateTime<Utc> => "timestamptz",
        /// Until when somebody may vouch.
        vouch_by: DateTime<Utc> => "timestamptz",
        /// When the log recorded the declaration.
        declared_at: DateTime<Utc> => "timestamptz",
        /// Institution of who asked.
        institution: String => "text",
        /// Who asked.
        declared_by: String => "text",
        /// When somebody vouched: it is open from then on.
        opened_at: Option<DateTime<Utc>> => "timestamptz",
        /// Until when it must be reviewed.
        review_by: Option<DateTime<Utc>> => "timestamptz",
        /// Institution of who vouched.
        second_institution: Option<String> => "text",
        /// Who vouched.
        second: Option<String> => "text",
        /// Why; sealed likewise.
        second_note: Option<String> => "text",
        /// When it was reviewed.
        reviewed_at: Option<DateTime<Utc>> => "timestamptz",
        /// What the review found.
        outcome: Option<String> => "text",
        /// Institution of who reviewed.
        reviewer_institution: Option<String> => "text",
        /// Who reviewed.
        reviewer: Option<String> => "text",
        /// Why; sealed likewise.
        review_note: Option<String> => "text",
        /// Position of its first event.
        first_position: i64 => "int8",
        /// Position of its last event.
        last_position: i64 => "int8",
        /// Sequence of its last event.
        version: i64 => "int8",
    }
}

/// Which grants are meant: all conditions that are given hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// As far as this.
    pub status: Option<String>,
    /// For people of this institution.
    pub institution: Option<String>,
    /// For this record.
    pub record: Option<Uuid>,
}

impl GrantRow {
    /// Whether a grant gives access to somebody (`$1` institution, `$2` name) at a moment (`$3`).
    ///
    /// [`RightsHeld`](super::RightsHeld) says the same of everybody.
    pub(super) const ACTIVE: &str = "status = 'approved' and grantee_institution = $1 and grantee = $2
             and valid_until > $3 and valid_from <= $3";

    /// The grants that give `subject` of `institution` access at `now`: approved, and their time lasts, whatever was recorded.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn active(
        connection: &mut PgConnection,
        subject: &str,
        institution: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from access_grants.grants
             where {} order by valid_until, id",
            columns::<Self>(),
            Self::ACTIVE
        );
        let institution = institution.to_ascii_uppercase();
        sqlx::query_as(&sql).bind(institution).bind(subject).bind(now).fetch_all(connection).await
    }

    /// Ids of grants whose time is over at `now` and of which nothing says so yet, the longest over first: at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn over(connection: &mut PgConnection, now: DateTime<Utc>, limit: u32) -> Result<Vec<Uuid>, sqlx::Error> {
        let sql = "select id from access_grants.grants
                   where status in ('requested', 'approved') and valid_until <= $1 order by valid_until, id limit $2";
        sqlx::query_scalar(sql).bind(now).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// The grant of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("select {} from access_grants.grants where id = $1", columns::<Self>());
        sqlx::query_as(&sql).bind(id).fetch_optional(connection).await
    }

    /// A page of grants by the time of their request: at most `limit` of them, beyond `after`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        connection: &mut PgConnection,
        filter: &GrantFilter,
        after: Option<Keyset>,
        order: Order,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let select = format!("select {} from access_grants.grants where true", columns::<Self>());
        let mut query = QueryBuilder::new(select);
        for (column, value) in [("status", &filter.status), ("grantee_institution", &filter.institution)] {
            if let Some(value) = value {
                query.push(format_args!(" and {column} = ")).push_bind(value.clone());
            }
        }
        if let Some(record) = filter.record {
            query.push(" and record = ").push_bind(record);
        }
        order.push_to(&mut query, "requested_at", after, limit);
        query.build_query_as().fetch_all(connection).await
    }

    /// Its place in the list.
    pub fn keyset(&self) -> Keyset {
        Keyset { at: self.requested_at, id: self.id }
    }
}

impl EmergencyRow {
    /// Whether an emergency access is open for somebody (`$1` institution, `$2` name) at a moment (`$3`).
    pub(super) const OPEN: &str = "opened_at is not null and institution = $1 and declared_by = $2
             and valid_until > $3 and outcome is distinct from 'unjustified'";

    /// What is open for `subject` of `institution` at `now`: somebody vouched, its time lasts, and no review stopped it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(
        connection: &mut PgConnection,
        subject: &str,
        institution: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from access_grants.emergencies
             where {} order by valid_until, id",
            columns::<Self>(),
            Self::OPEN
        );
        let institution = institution.to_ascii_uppercase();
        sqlx::query_as(&sql).bind(institution).bind(subject).bind(now).fetch_all(connection).await
    }

    /// What still waits for somebody to vouch at `now`, what lapses first coming first: at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting(
        connection: &mut PgConnection,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from access_grants.emergencies
             where opened_at is null and vouch_by > $1 and valid_until > $1 order by vouch_by, id limit $2",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(now).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// What was opened and nobody has reviewed, what is due first coming first: at most `limit`. See [`EmergencyRow::is_overdue`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unreviewed(connection: &mut PgConnection, limit: u32) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from access_grants.emergencies
             where opened_at is not null and reviewed_at is null order by review_by, id limit $1",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// How many reviews are overdue at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_overdue(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<i64, sqlx::Error> {
        let sql = "select count(*) from access_grants.emergencies
                   where opened_at is not null and reviewed_at is null and review_by <= $1";
        sqlx::query_scalar(sql).bind(now).fetch_one(connection).await
    }

    /// The emergency access of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("select {} from access_grants.emergencies where id = $1", columns::<Self>());
        sqlx::query_as(&sql).bind(id).fetch_optional(connection).await
    }

    /// Whether it was opened and nobody has reviewed it in time.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.reviewed_at.is_none() && self.review_by.is_some_and(|review_by| review_by <= now)
    }
}
