//! The keys in the database: one for each record, and for each data subject within it; wrapped by the master key.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use super::{MasterKeys, RecordKey, SealError, WrappedKey};
use crate::append::Reply;
use crate::log::{LogName, LogPosition};

/// Whose personal data a key seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyOwner {
    /// The record.
    pub record: Uuid,
    /// The data subject within it; none for what is the record's own, such as free text.
    pub subject: Option<Uuid>,
}

/// A key and whose it is, without the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyRef {
    /// Its id, random; also in each text that it seals.
    pub key_id: Uuid,
    /// Whose data it seals.
    pub owner: KeyOwner,
}

/// Which keys are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// All of a record: its own, and those of every subject in it.
    Record(Uuid),
    /// All of a data subject, in whatever records it appears.
    Subject(Uuid),
}

impl KeyScope {
    /// Whether the key of this owner is meant.
    pub fn covers(self, owner: KeyOwner) -> bool {
        match self {
            Self::Record(record) => owner.record == record,
            Self::Subject(subject) => owner.subject == Some(subject),
        }
    }

    pub(crate) fn column(self) -> (&'static str, Uuid) {
        match self {
            Self::Record(record) => ("aggregate_id", record),
            Self::Subject(subject) => ("subject", subject),
        }
    }
}

/// Where the access log says who looks at something, and what for: the positions of one consultation or disclosure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookedAt {
    /// Of its first event.
    pub from: LogPosition,
    /// Of its last one.
    pub to: LogPosition,
}

impl LookedAt {
    /// Where it stands by the reply to it.
    pub fn of(reply: &Reply) -> LookedAt {
        let first = (reply.position + 1).saturating_sub(u64::from(reply.events));
        LookedAt { from: LogPosition::new(first), to: LogPosition::new(reply.position) }
    }
}

/// Reads keys of records from the database and unwraps them. It keeps none: a destroyed key is gone at once.
#[derive(Debug, Clone)]
pub struct KeyRing {
    pool: PgPool,
    log: LogName,
    master: Arc<MasterKeys>,
}

impl KeyRing {
    /// The keys of that log's records.
    pub fn new(pool: PgPool, log: LogName, master: Arc<MasterKeys>) -> KeyRing {
        KeyRing { pool, log, master }
    }

    /// What unwraps them.
    pub fn master(&self) -> &MasterKeys {
        &self.master
    }

    /// The keys of these ids, by id, in one query. A destroyed key is absent.
    ///
    /// # Errors
    /// When the database fails or a key can't be unwrapped with the master key.
    pub async fn by_id(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, RecordKey>, SealError> {
        let sql = format!("select {KEY_COLUMNS} from {}.keys where key_id = any ($1)", self.log);
        let rows = sqlx::query(&sql).bind(ids).fetch_all(&self.pool).await?;
        rows.iter().map(|row| read_key(row, &self.master).map(|(key, _)| (key.id, key))).collect()
    }

    /// The keys of these records, by id, in one query: what a rebuild asks for page by page.
    ///
    /// # Errors
    /// As [`KeyRing::by_id`].
    pub async fn by_record(&self, records: &[Uuid]) -> Result<HashMap<Uuid, RecordKey>, SealError> {
        let sql = format!("select {KEY_COLUMNS} from {}.keys where aggregate_id = any ($1)", self.log);
        let rows = sqlx::query(&sql).bind(records).fetch_all(&self.pool).await?;
        rows.iter().map(|row| read_key(row, &self.master).map(|(key, _)| (key.id, key))).collect()
    }

    /// The keys of these records, by id, for the role of tools: the database hands them out only where the access log says within the
    /// last minutes, at these positions, who looks at the personal data of all of them.
    ///
    /// # Errors
    /// As [`KeyRing::by_id`], and where the access log doesn't say so.
    pub async fn looked_at(&self, look: LookedAt, records: &[Uuid]) -> Result<HashMap<Uuid, RecordKey>, SealError> {
        let sql = format!("select {KEY_COLUMNS} from {}.keys_looked_at($1, $2, $3)", self.log);
        let query = sqlx::query(&sql).bind(look.from.as_i64()).bind(look.to.as_i64()).bind(records);
        let rows = query.fetch_all(&self.pool).await?;
        rows.iter().map(|row| read_key(row, &self.master).map(|(key, _)| (key.id, key))).collect()
    }

    /// The keys that are there, without the keys themselves, in order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn present(&self, scope: KeyScope) -> Result<Vec<KeyRef>, sqlx::Error> {
        let (column, id) = scope.column();
        let sql = format!(
            "select key_id, aggregate_id, subject from {}.key_owners where {column} = $1 order by key_id",
            self.log
        );
        sqlx::query(&sql).bind(id).fetch_all(&self.pool).await?.iter().map(key_ref).collect()
    }

    /// The keys that were destroyed, in order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn destroyed(&self, scope: KeyScope) -> Result<Vec<KeyRef>, sqlx::Error> {
        let (column, id) = scope.column();
        let sql = format!(
            "select key_id, aggregate_id, subject from {}.destroyed_keys where {column} = $1 order by key_id",
            self.log
        );
        sqlx::query(&sql).bind(id).fetch_all(&self.pool).await?.iter().map(key_ref).collect()
    }
}

pub(crate) const KEY_COLUMNS: &str = "key_id, aggregate_id, subject, master, wrapped";

/// A row of `keys` or `destroyed_keys`, without the key itself.
pub(crate) fn key_ref(row: &sqlx::postgres::PgRow) -> Result<KeyRef, sqlx::Error> {
    let owner = KeyOwner { record: row.try_get("aggregate_id")?, subject: row.try_get("subject")? };
    Ok(KeyRef { key_id: row.try_get("key_id")?, owner })
}

/// A row of `keys`: the key and whose it is.
pub(crate) fn read_key(row: &sqlx::postgres::PgRow, master: &MasterKeys) -> Result<(RecordKey, KeyOwner), SealError> {
    let stored =
        WrappedKey { key_id: row.try_get("key_id")?, master: row.try_get("master")?, wrapped: row.try_get("wrapped")? };
    Ok((master.unwrap(&stored)?, key_ref(row)?.owner))
}
