//! Rows of the policy's history, and the questions that are asked of them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::table::{columns, table_row};

table_row! {
    /// A text that was proposed as the access policy, and what became of it.
    pub struct ProposalRow in "proposals" key ("position") {
        /// Position of the event that proposed it: its name.
        position: i64 => "int8",
        /// The policy; there is one.
        policy: Uuid => "uuid",
        /// Digest of the text.
        digest: String => "text",
        /// What became of it: `proposed`, `in_force`, `replaced`, `rejected`.
        status: String => "text",
        /// When the log recorded the proposal.
        proposed_at: DateTime<Utc> => "timestamptz",
        /// Institution of who proposed it.
        proposed_institution: String => "text",
        /// Who proposed it.
        proposed_by: String => "text",
        /// Why, as JSON text with personal data sealed.
        reason: String => "text",
        /// When it was adopted or rejected; adopted, it is in force from then on.
        decided_at: Option<DateTime<Utc>> => "timestamptz",
        /// Institution of who decided.
        decided_institution: Option<String> => "text",
        /// Who decided.
        decided_by: Option<String> => "text",
        /// Why; sealed likewise.
        decision_reason: Option<String> => "text",
        /// When another was adopted in its place.
        replaced_at: Option<DateTime<Utc>> => "timestamptz",
        /// Position of its last event.
        last_position: i64 => "int8",
        /// Sequence of its last event.
        version: i64 => "int8",
    }
}

table_row! {
    /// A file of a text that was proposed.
    pub struct FileRow in "files" key ("digest", "name") {
        /// Digest of the text.
        digest: String => "text",
        /// Name of the file.
        name: String => "text",
        /// What it says.
        content: String => "text",
    }
}

impl ProposalRow {
    /// Waits for a second person.
    pub const PROPOSED: &'static str = "proposed";
    /// Adopted, and no other since.
    pub const IN_FORCE: &'static str = "in_force";
    /// Adopted, and later another in its place.
    pub const REPLACED: &'static str = "replaced";
    /// Turned down.
    pub const REJECTED: &'static str = "rejected";

    /// The version that was adopted last; none where none ever was, then the policies that the program came with hold.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn in_force(connection: &mut PgConnection) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("select {} from access_policies.proposals where status = $1", columns::<Self>());
        sqlx::query_as(&sql).bind(Self::IN_FORCE).fetch_optional(connection).await
    }

    /// All that were ever proposed, the latest first: at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(connection: &mut PgConnection, limit: u32) -> Result<Vec<Self>, sqlx::Error> {
        let select = columns::<Self>();
        let sql = format!("select {select} from access_policies.proposals order by position desc limit $1");
        sqlx::query_as(&sql).bind(i64::from(limit)).fetch_all(connection).await
    }
}

impl FileRow {
    /// The files of a text, in the order of their names.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(connection: &mut PgConnection, digest: &str) -> Result<Vec<Self>, sqlx::Error> {
        let select = columns::<Self>();
        let sql = format!("select {select} from access_policies.files where digest = $1 order by name");
        sqlx::query_as(&sql).bind(digest).fetch_all(connection).await
    }
}
