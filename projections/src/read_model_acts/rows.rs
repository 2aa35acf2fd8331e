//! Rows of acts on read models, and the question that is asked of them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::table::{columns, table_row};

table_row! {
    /// Something that was done to a read model.
    pub struct ActRow in "acts" key ("position") {
        /// Position of the event.
        position: i64 => "int8",
        /// Which read model.
        read_model: String => "text",
        /// Type of the event: `ReadModelSwitched`.
        act: String => "text",
        /// Of what was dropped: `candidate` or `previous`.
        body: Option<String> => "text",
        /// Version of what served before.
        from_version: Option<i32> => "int4",
        /// Version that it is about.
        version: Option<i32> => "int4",
        /// How many records were retried.
        records: i32 => "int4",
        /// Institution of who acted; none where the program did by itself.
        by_institution: Option<String> => "text",
        /// Who acted.
        by_user: Option<String> => "text",
        /// Why: JSON text, sealed.
        reason: String => "text",
        /// When.
        at: DateTime<Utc> => "timestamptz",
    }
}

impl ActRow {
    /// What was done to a read model, or to all, the latest first: at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        connection: &mut PgConnection,
        read_model: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let select = columns::<Self>();
        let of_one = if read_model.is_some() { "where read_model = $2" } else { "where $2::text is null" };
        let sql = format!("select {select} from read_model_acts.acts {of_one} order by position desc limit $1");
        sqlx::query_as(&sql).bind(i64::from(limit)).bind(read_model).fetch_all(connection).await
    }
}
