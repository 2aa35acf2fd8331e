//! Rows of the source journals, and the questions that are asked of them.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, QueryBuilder};
use uuid::Uuid;

use crate::keyset::{Keyset, Order};
use crate::table::{columns, table_row};

table_row! {
    /// A source journal (ENŽ) and what has come of its records.
    pub struct JournalRow in "journals" key ("id") {
        /// Its record.
        id: Uuid => "uuid",
        /// Under which name it sends.
        system: String => "text",
        /// Whose it is.
        institution: String => "text",
        /// What it is called in Latvian.
        label_lv: String => "text",
        /// What it is called in English.
        label_en: String => "text",
        /// Where it stands.
        phase: String => "text",
        /// Version of its mapping; 0 where it has none.
        mapping: i32 => "int4",
        /// When the log recorded that there is such a journal.
        registered_at: DateTime<Utc> => "timestamptz",
        /// The furthest place in its own order that it has sent; 0 where it has no order.
        last_sequence: i64 => "int8",
        /// When it sent something last.
        last_received_at: Option<DateTime<Utc>> => "timestamptz",
        /// Incidents that its records made.
        registered: i64 => "int8",
        /// Records that changed an incident.
        supplemented: i64 => "int8",
        /// Records that said what was known, at a later place in its order.
        confirmed: i64 => "int8",
        /// Versions of records that were older than what was known.
        late: i64 => "int8",
        /// Records that were tried while it was tested.
        tried: i64 => "int8",
        /// Versions of records that could not be taken over.
        quarantined: i64 => "int8",
        /// Of those, taken over once they were mended.
        released: i64 => "int8",
        /// Of those, not for this register.
        discarded: i64 => "int8",
        /// Records that wait to be mended.
        waiting: i64 => "int8",
        /// Records that came after later ones.
        out_of_order: i64 => "int8",
        /// Records of which it is known when the journal recorded them.
        timed: i64 => "int8",
        /// Of those, here within an hour.
        prompt: i64 => "int8",
        /// Position of its first event.
        first_position: i64 => "int8",
        /// Position of the last event that it was changed by.
        last_position: i64 => "int8",
        /// Sequence of the journal's own last event.
        version: i64 => "int8",
    }
}

table_row! {
    /// A record that waits to be mended (karantīna).
    pub struct QuarantineRow in "quarantine" key ("journal", "id") {
        /// The journal that sent it.
        journal: Uuid => "uuid",
        /// The record.
        id: Uuid => "uuid",
        /// Its id in the journal.
        external_id: String => "text",
        /// Its place in the journal's order; 0 where that has none.
        sequence: i64 => "int8",
        /// Version of the mapping that it was read by.
        mapping: i32 => "int4",
        /// Why it can't be taken over: JSON, `[{"path","field","rule"}]`.
        faults: String => "text",
        /// What it says, and what is wrong in words: JSON text, sealed.
        content: String => "text",
        /// Since when it waits.
        recorded_at: DateTime<Utc> => "timestamptz",
        /// Position of the event that put it there.
        last_position: i64 => "int8",
    }
}

impl JournalRow {
    /// Versions of records that it has sent, those aside that said what was known.
    pub fn sent(&self) -> i64 {
        self.registered + self.supplemented + self.confirmed + self.late + self.quarantined - self.released
    }

    /// How good what it sends is, in percent: the mean of three shares, of records that were sound when they came, that came in the
    /// journal's order, and that came within an hour of being recorded there. None before it has sent anything. Illustrative: no law
    /// says how journals are judged.
    pub fn quality(&self) -> Option<f64> {
        let sent = self.sent();
        let share = |of: i64, all: i64| (all > 0).then(|| of as f64 / all as f64);
        let sound = share(sent - self.quarantined, sent)?;
        let in_order = share(sent - self.late - self.out_of_order, sent)?;
        let prompt = share(self.prompt, self.timed);
        let shares: Vec<f64> = [Some(sound), Some(in_order), prompt].into_iter().flatten().collect();
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        Some((mean.clamp(0.0, 1.0) * 1_000.0).round() / 10.0)
    }

    /// All journals, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all(connection: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!("select {} from source_journals.journals order by system", columns::<Self>());
        sqlx::query_as(&sql).fetch_all(connection).await
    }

    /// The journal of that name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_system(connection: &mut PgConnection, system: &str) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("select {} from source_journals.journals where system = $1", columns::<Self>());
        sqlx::query_as(&sql).bind(system).fetch_optional(connection).await
    }

    /// The institution of the journal that a record came from; none where there is no such record.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn institution_of(connection: &mut PgConnection, record: Uuid) -> Result<Option<String>, sqlx::Error> {
        let sql = "select j.institution
                   from register.streams s
                   join register.events e on e.position = s.first_position
                   join source_journals.journals j on j.system = e.payload -> e.event_type ->> 'journal'
                   where s.aggregate_id = $1 and s.aggregate_type = 'source_record'";
        sqlx::query_scalar(sql).bind(record).fetch_optional(connection).await
    }
}

impl QuarantineRow {
    /// Where it stands in the list.
    pub fn keyset(&self) -> Keyset {
        Keyset { at: self.recorded_at, id: self.id }
    }

    /// What waits of a journal, the oldest first: at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        connection: &mut PgConnection,
        journal: Uuid,
        after: Option<Keyset>,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let select = columns::<Self>();
        let mut query = QueryBuilder::new(format!("select {select} from source_journals.quarantine where journal = "));
        query.push_bind(journal);
        Order::OldestFirst.push_to(&mut query, "recorded_at", after, limit);
        query.build_query_as().fetch_all(connection).await
    }

    /// How many wait of a journal.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(connection: &mut PgConnection, journal: Uuid) -> Result<i64, sqlx::Error> {
        let sql = "select count(*) from source_journals.quarantine where journal = $1";
        sqlx::query_scalar(sql).bind(journal).fetch_one(connection).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(registered: i64, quarantined: i64, late: i64, prompt: i64) -> JournalRow {
        JournalRow {
            id: Uuid::nil(),
            system: "enz-ogre".to_owned(),
            institution: "PP-OGRE".to_owned(),
            label_lv: String::new(),
            label_en: String::new(),
            phase: "live".to_owned(),
            mapping: 1,
            registered_at: DateTime::<Utc>::UNIX_EPOCH,
            last_sequence: 0,
            last_received_at: None,
            registered,
            supplemented: 0,
            confirmed: 0,
            late,
            tried: 0,
            quarantined,
            released: 0,
            discarded: 0,
            waiting: quarantined,
            out_of_order: 0,
            timed: registered,
            prompt,
            first_position: 1,
            last_position: 1,
            version: 1,
        }
    }

    #[test]
    fn quality_is_the_mean_of_what_is_sound_in_order_and_prompt() {
        assert_eq!(journal(0, 0, 0, 0).quality(), None);
        assert_eq!(journal(10, 0, 0, 10).quality(), Some(100.0));
        assert_eq!(journal(8, 2, 0, 8).quality(), Some(93.3));
        assert_eq!(journal(8, 0, 2, 4).quality(), Some(76.7));
    }
}
