//! Generations of the master key: which the log knows, wrapping all keys anew under the newest, retiring an old one.
//!
//! The log itself is never touched: only the wrapping of keys changes. A running process learns of a new generation when an
//! append that makes a key is told so (`VN004`), or when it meets a key that is wrapped with it; it then reads its source again.

use std::collections::BTreeMap;

use ring::aead::NONCE_LEN;
use ring::rand::{SecureRandom as _, SystemRandom};
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use super::{MasterKeyError, MasterKeys, SealError, WrappedKey};
use crate::log::LogName;

/// Keys that are wrapped anew in one transaction.
const PAGE: i64 = 1_000;

/// A generation, as the log knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub number: i32,
    /// How many keys it wraps now.
    pub keys: u64,
    /// Whether it was retired.
    pub retired: bool,
    /// Whether the source of the master key has it.
    pub present: bool,
}

/// Checks that the master key is the one that this log's keys are wrapped with, and makes its generations known to the log.
///
/// # Errors
/// [`MasterKeyError::Other`] where it is another key, [`MasterKeyError::Missing`] where a generation in use is not there.
pub async fn check(pool: &PgPool, log: LogName, master: &MasterKeys) -> Result<(), MasterKeyError> {
    for (number, known, retired) in known(pool, log).await? {
        let source_name = || master.source().to_string();
        match master.check(number) {
            Some(own) if own[..] != known[..] => {
                return Err(MasterKeyError::Other { source_name: source_name(), generation: number });
            }
            None if !retired => return Err(MasterKeyError::Missing { source_name: source_name(), generation: number }),
            _ => {}
        }
    }
    for number in master.generations() {
        let sql =
            format!("insert into {log}.master_keys (generation, key_check) values ($1, $2) on conflict do nothing");
        let own = master.check(number).unwrap_or_default();
        sqlx::query(&sql).bind(number).bind(own.as_slice()).execute(pool).await?;
    }
    Ok(())
}

/// The generations that the log or the source of the master key knows, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn generations(pool: &PgPool, log: LogName, master: &MasterKeys) -> Result<Vec<Generation>, sqlx::Error> {
    let mut found: BTreeMap<i32, Generation> = BTreeMap::new();
    for number in master.generations() {
        found.insert(number, Generation { number, keys: 0, retired: false, present: true });
    }
    for (number, _, retired) in known(pool, log).await? {
        let unknown = Generation { number, keys: 0, retired, present: false };
        found.entry(number).or_insert(unknown).retired = retired;
    }
    let sql = format!("select master, count(*) from {log}.keys group by master");
    for (number, keys) in sqlx::query_as::<_, (i32, i64)>(&sql).fetch_all(pool).await? {
        let unknown = Generation { number, keys: 0, retired: false, present: false };
        found.entry(number).or_insert(unknown).keys = keys.unsigned_abs();
    }
    Ok(found.into_values().collect())
}

async fn known(pool: &PgPool, log: LogName) -> Result<Vec<(i32, Vec<u8>, bool)>, sqlx::Error> {
    let sql =
        format!("select generation, key_check, retired_at is not null from {log}.master_keys order by generation");
    sqlx::query_as(&sql).fetch_all(pool).await
}

/// Wraps all keys anew under the newest generation; tells `progress` how many are done. Returns how many there were. Broken
/// off, it is simply done again. `owner` is a pool of the role that owns the tables.
///
/// # Errors
/// When the database fails or a key does not open under the generation that wraps it.
pub async fn rewrap(
    owner: &PgPool,
    log: LogName,
    master: &MasterKeys,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, SealError> {
    let random = SystemRandom::new();
    let newest = master.newest();
    let select = format!(
        "select key_id, master, wrapped from {log}.keys where master < $1 order by key_id limit {PAGE} for update"
    );
    let update = format!(
        "update {log}.keys k set master = $1, wrapped = u.wrapped
         from unnest($2::uuid[], $3::bytea[]) u (id, wrapped) where k.key_id = u.id"
    );
    let mut done = 0;
    loop {
        let mut transaction = owner.begin().await?;
        let rows = sqlx::query(&select).bind(newest).fetch_all(&mut *transaction).await?;
        if rows.is_empty() {
            return Ok(done);
        }
        let (mut ids, mut wrapped) = (Vec::new(), Vec::new());
        for row in &rows {
            let key_id: Uuid = row.try_get("key_id")?;
            let stored = WrappedKey { key_id, master: row.try_get("master")?, wrapped: row.try_get("wrapped")? };
            let mut nonce = [0; NONCE_LEN];
            random.fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
            ids.push(key_id);
            wrapped.push(master.rewrap(&stored, nonce)?.wrapped);
        }
        sqlx::query(&update).bind(newest).bind(&ids).bind(&wrapped).execute(&mut *transaction).await?;
        transaction.commit().await?;
        done += rows.len() as u64;
        progress(done);
    }
}

/// Notes that a generation is retired: its source may destroy it. False where keys are still wrapped with it.
///
/// # Errors
/// When the database fails.
pub async fn retire(owner: &PgPool, log: LogName, generation: i32) -> Result<bool, sqlx::Error> {
    let sql = format!(
        "update {log}.master_keys set retired_at = coalesce(retired_at, clock_timestamp())
         where generation = $1 and not exists (select from {log}.keys where master = $1)"
    );
    Ok(sqlx::query(&sql).bind(generation).execute(owner).await?.rows_affected() > 0)
}
