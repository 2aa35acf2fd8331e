//! Rows of the response plans, and the questions that are asked of them.

use chrono::{DateTime, Utc};
use domain::response::PlanVersion;
use domain::values::Code;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::table::{columns, table_row};

table_row! {
    /// A content that was proposed for a plan, and what became of it.
    pub struct PlanRow in "versions" key ("position") {
        /// Position of the event that proposed it: its name.
        position: i64 => "int8",
        /// The plan.
        plan: Uuid => "uuid",
        /// Code of the plan.
        code: String => "text",
        /// Which version of the plan it is, from 1; nothing before it was approved.
        number: Option<i32> => "int4",
        /// What became of it: `proposed`, `in_force`, `replaced`, `retired`, `rejected`.
        status: String => "text",
        /// Digest of the content.
        digest: String => "text",
        /// The content, as JSON.
        content: String => "text",
        /// When the log recorded the proposal.
        proposed_at: DateTime<Utc> => "timestamptz",
        /// Institution of who proposed it.
        proposed_institution: String => "text",
        /// Who proposed it.
        proposed_by: String => "text",
        /// Why, as JSON text with personal data sealed.
        reason: String => "text",
        /// When it was approved or rejected; approved, it is in force from then on.
        decided_at: Option<DateTime<Utc>> => "timestamptz",
        /// Institution of who decided.
        decided_institution: Option<String> => "text",
        /// Who decided.
        decided_by: Option<String> => "text",
        /// Why; sealed likewise.
        decision_reason: Option<String> => "text",
        /// When another version took its place, or the plan was retired.
        ended_at: Option<DateTime<Utc>> => "timestamptz",
        /// Institution of who retired it.
        ended_institution: Option<String> => "text",
        /// Who retired it.
        ended_by: Option<String> => "text",
        /// Why; sealed likewise.
        end_reason: Option<String> => "text",
        /// Position of its last event.
        last_position: i64 => "int8",
        /// Sequence of its last event.
        version: i64 => "int8",
    }
}

impl PlanRow {
    /// Waits for a second person.
    pub const PROPOSED: &'static str = "proposed";
    /// Approved, and no other since.
    pub const IN_FORCE: &'static str = "in_force";
    /// Approved, and later another in its place.
    pub const REPLACED: &'static str = "replaced";
    /// Approved, and later taken out of force.
    pub const RETIRED: &'static str = "retired";
    /// Turned down.
    pub const REJECTED: &'static str = "rejected";

    /// The versions in force now, by code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn in_force(connection: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        let select = columns::<Self>();
        let sql = format!("select {select} from response_plans.versions where status = $1 order by code");
        sqlx::query_as(&sql).bind(Self::IN_FORCE).fetch_all(connection).await
    }

    /// The names of the versions in force now, by code: while these are the same, so is everything that [`Self::in_force`] gives.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn positions_in_force(connection: &mut PgConnection) -> Result<Vec<i64>, sqlx::Error> {
        let sql =
            "select coalesce(array_agg(position order by code), '{}') from response_plans.versions where status = $1";
        sqlx::query_scalar(sql).bind(Self::IN_FORCE).fetch_one(connection).await
    }

    /// The versions that were in force at a moment, by code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn in_force_at(connection: &mut PgConnection, at: DateTime<Utc>) -> Result<Vec<Self>, sqlx::Error> {
        let select = columns::<Self>();
        let sql = format!(
            "select {select} from response_plans.versions
             where number is not null and decided_at <= $1 and (ended_at is null or ended_at > $1) order by code, number"
        );
        sqlx::query_as(&sql).bind(at).fetch_all(connection).await
    }

    /// All that was ever proposed for the plan of that code, the latest first: at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_code(connection: &mut PgConnection, code: &str, limit: u32) -> Result<Vec<Self>, sqlx::Error> {
        let select = columns::<Self>();
        let sql =
            format!("select {select} from response_plans.versions where code = $1 order by position desc limit $2");
        sqlx::query_as(&sql).bind(code).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// What is in force or waits, by code: at most `limit`, beyond the code and position `after`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        connection: &mut PgConnection,
        after: Option<(&str, i64)>,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let select = columns::<Self>();
        let sql = format!(
            "select {select} from response_plans.versions
             where status = any($1) and ($2::text is null or (code, position) > ($2, $3))
             order by code, position limit $4"
        );
        let (code, position) = after.unzip();
        let query = sqlx::query_as(&sql).bind([Self::PROPOSED, Self::IN_FORCE].as_slice());
        query.bind(code).bind(position.unwrap_or_default()).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// As recommendations are made by it; none where it was never approved, or a newer program wrote what this one can't read.
    #[must_use]
    pub fn plan_version(&self) -> Option<PlanVersion> {
        let code = Code::parse(&self.code).ok()?;
        let version = u32::try_from(self.number?).ok()?;
        Some(PlanVersion { code, version, content: serde_json::from_str(&self.content).ok()? })
    }
}
