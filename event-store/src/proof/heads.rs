//! The tree heads and keys that a log's tables hold. Who can write the tables can write these too: what they say counts only
//! as far as keys from elsewhere have signed it.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row as _};

use super::head::TreeHead;
use super::note::{NoteError, SignedNote, VerifierKey};
use crate::log::LogName;

/// A tree head as its row has it. The columns repeat what the note says; only the note is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHead {
    /// Events below it.
    pub size: u64,
    /// Root, as the column has it.
    pub root: Vec<u8>,
    /// The note.
    pub note: String,
}

impl StoredHead {
    /// The head that the note says, where a trusted key has signed it and the columns say the same.
    ///
    /// # Errors
    /// When not.
    pub fn verified(&self, trusted: &[VerifierKey]) -> Result<TreeHead, NoteError> {
        let head = TreeHead::verified(&SignedNote::parse(&self.note)?, trusted)?;
        if head.size != self.size || head.root.as_slice() != self.root {
            return Err(NoteError::Malformed("the row has another size or root than the note in it"));
        }
        Ok(head)
    }

    fn of(row: &PgRow) -> Result<StoredHead, sqlx::Error> {
        let size = u64::try_from(row.try_get::<i64, _>("size")?).unwrap_or(0);
        Ok(StoredHead { size, root: row.try_get("root")?, note: row.try_get("note")? })
    }
}

/// A notary's key as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// 1 is the first.
    pub number: u32,
    /// Public key.
    pub vkey: String,
    /// Note by which the key before vouches for it.
    pub succession: Option<String>,
}

/// The newest tree head that was signed, if any.
///
/// # Errors
/// When the database fails.
pub async fn newest(pool: &PgPool, log: LogName) -> Result<Option<StoredHead>, sqlx::Error> {
    newest_upto(pool, log, i64::MAX as u64).await
}

/// The newest tree head that was signed over no more than `size` events, if any.
///
/// # Errors
/// When the database fails.
pub async fn newest_upto(pool: &PgPool, log: LogName, size: u64) -> Result<Option<StoredHead>, sqlx::Error> {
    let sql = format!("select size, root, note from {log}.tree_heads where size <= $1 order by size desc limit 1");
    sqlx::query(&sql).bind(size as i64).fetch_optional(pool).await?.as_ref().map(StoredHead::of).transpose()
}

/// The tree heads larger than `after` and not larger than `upto`, in order, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn page(
    pool: &PgPool,
    log: LogName,
    (after, upto): (u64, u64),
    limit: i64,
) -> Result<Vec<StoredHead>, sqlx::Error> {
    let sql =
        format!("select size, root, note from {log}.tree_heads where size > $1 and size <= $2 order by size limit $3");
    let rows = sqlx::query(&sql).bind(after as i64).bind(upto as i64).bind(limit).fetch_all(pool).await?;
    rows.iter().map(StoredHead::of).collect()
}

/// The keys, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn keys(pool: &PgPool, log: LogName) -> Result<Vec<StoredKey>, sqlx::Error> {
    let sql = format!("select number, vkey, succession from {log}.notary_keys order by number");
    let rows = sqlx::query(&sql).fetch_all(pool).await?;
    let key = |row: &PgRow| {
        Ok(StoredKey {
            number: u32::try_from(row.try_get::<i32, _>("number")?).unwrap_or(0),
            vkey: row.try_get("vkey")?,
            succession: row.try_get("succession")?,
        })
    };
    rows.iter().map(key).collect()
}

/// The statements by which keys vouch for one another, oldest first. Rows that hold none are passed over: they add no trust.
///
/// # Errors
/// When the database fails.
pub async fn successions(pool: &PgPool, log: LogName) -> Result<Vec<SignedNote>, sqlx::Error> {
    let keys = keys(pool, log).await?;
    Ok(keys.iter().filter_map(|key| SignedNote::parse(key.succession.as_deref()?).ok()).collect())
}

/// Makes a key the last one of a log that a restore has taken the statement on it from. It counts only where its folder has the
/// key before it too; who has only that one's public part has to be given this one's.
///
/// # Errors
/// When the database fails.
pub async fn insert_lost_key(pool: &PgPool, log: LogName, number: u32, key: &VerifierKey) -> Result<(), sqlx::Error> {
    insert_key(&mut *pool.acquire().await?, log, number, key, None).await
}

pub(super) async fn insert_head(
    connection: &mut PgConnection,
    log: LogName,
    head: &TreeHead,
    key: &VerifierKey,
    note: &SignedNote,
) -> Result<(), sqlx::Error> {
    let sql =
        format!("insert into {log}.tree_heads (size, generation, root, key_id, note) values ($1, $2, $3, $4, $5)");
    sqlx::query(&sql)
        .bind(head.size as i64)
        .bind(head.generation as i32)
        .bind(head.root.as_slice())
        .bind(key.id().as_slice())
        .bind(note.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn insert_key(
    connection: &mut PgConnection,
    log: LogName,
    number: u32,
    key: &VerifierKey,
    succession: Option<&SignedNote>,
) -> Result<(), sqlx::Error> {
    let sql = format!("insert into {log}.notary_keys (number, key_id, vkey, succession) values ($1, $2, $3, $4)");
    sqlx::query(&sql)
        .bind(number as i32)
        .bind(key.id().as_slice())
        .bind(key.to_string())
        .bind(succession.map(SignedNote::to_string))
        .execute(connection)
        .await?;
    Ok(())
}
