//! The list of destroyed keys that is kept outside the database: no backup is restored without it.
//!
//! One JSON object a line, in the order in which keys were destroyed; it is only ever added to. It names keys and records by
//! their ids and holds nothing personal. [`reconcile`] makes list and database agree in both directions: what the database
//! destroyed is added to the list; what the list names and a restore has brought back is destroyed again.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use crate::log::LogName;

/// A list that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ErasureListError {
    /// It could not be read or written.
    #[error("the erasure list {path} can't be read or written")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line of it is not what it should be.
    #[error(
        "line {line} of the erasure list {path} is not a destroyed key; mend it, for what it named must stay erased"
    )]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The database failed.
    #[error("the database could not be brought to agree with the erasure list")]
    Database(#[from] sqlx::Error),
}

/// A destroyed key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The key.
    pub key_id: Uuid,
    /// Record whose data it sealed.
    pub record: Uuid,
    /// Data subject within it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Uuid>,
    /// Position of the event that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
    /// When.
    pub destroyed_at: DateTime<Utc>,
}

/// What [`reconcile`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Destroyed keys that were added to the list.
    pub listed: usize,
    /// Keys that were there again and were destroyed again.
    pub destroyed_again: u64,
}

/// The list of one log.
#[derive(Debug, Clone)]
pub struct ErasureList {
    path: PathBuf,
}

impl ErasureList {
    /// The list of `log` in that folder.
    pub fn of(folder: &Path, log: LogName) -> ErasureList {
        ErasureList { path: folder.join(format!("{log}.erasures")) }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it; nothing where it was never written. A last line without its end was being written when the program
    /// died: it is not counted, and is written again.
    ///
    /// # Errors
    /// [`ErasureListError`].
    pub fn read(&self) -> Result<Vec<Erasure>, ErasureListError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.failed(source)),
        };
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let lines = text[..whole].lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(index, line)| {
                serde_json::from_str(line).map_err(|source| ErasureListError::Malformed {
                    path: self.path.clone(),
                    line: index + 1,
                    source,
                })
            })
            .collect()
    }

    fn add(&self, erasures: &[Erasure]) -> Result<(), ErasureListError> {
        if erasures.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for erasure in erasures {
            text += &serde_json::to_string(erasure).map_err(|error| self.failed(error.into()))?;
            text.push('\n');
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|source| self.failed(source))?;
        }
        let file = fs::OpenOptions::new().create(true).append(true).open(&self.path);
        let written = file.and_then(|mut file| {
            // After half a line, which `read` does not count, a new one begins.
            let half = file.metadata()?.len() > 0 && !fs::read(&self.path)?.ends_with(b"\n");
            if half {
                let whole = fs::read(&self.path)?;
                let end = whole.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                file.set_len(end as u64)?;
            }
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> ErasureListError {
        ErasureListError::File { path: self.path.clone(), source }
    }
}

/// Makes the list and the database agree. Run after each erasure, now and then, and after a restore before anything is served.
///
/// # Errors
/// [`ErasureListError`]; what was done stays done.
pub async fn reconcile(pool: &PgPool, log: LogName, list: &ErasureList) -> Result<Reconciled, ErasureListError> {
    let listed = list.read()?;
    let named: HashSet<Uuid> = listed.iter().map(|erasure| erasure.key_id).collect();
    let destroyed = destroyed(pool, log).await?;
    let known: HashSet<Uuid> = destroyed.iter().map(|erasure| erasure.key_id).collect();

    let back: Vec<&Erasure> = listed.iter().filter(|erasure| !known.contains(&erasure.key_id)).collect();
    let mut destroyed_again = 0;
    if !back.is_empty() {
        destroyed_again = destroy_again(pool, log, &back).await?;
    }
    let new: Vec<Erasure> = destroyed.into_iter().filter(|erasure| !named.contains(&erasure.key_id)).collect();
    list.add(&new)?;
    Ok(Reconciled { listed: new.len(), destroyed_again })
}

async fn destroyed(pool: &PgPool, log: LogName) -> Result<Vec<Erasure>, sqlx::Error> {
    let sql = format!(
        "select key_id, aggregate_id, subject, position, destroyed_at from {log}.destroyed_keys
         order by destroyed_at, key_id"
    );
    let rows = sqlx::query(&sql).fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            Ok(Erasure {
                key_id: row.try_get("key_id")?,
                record: row.try_get("aggregate_id")?,
                subject: row.try_get("subject")?,
                position: row.try_get("position")?,
                destroyed_at: row.try_get("destroyed_at")?,
            })
        })
        .collect()
}

/// The position is left out: it may belong to an event that the restore has lost.
async fn destroy_again(pool: &PgPool, log: LogName, back: &[&Erasure]) -> Result<u64, sqlx::Error> {
    let ids: Vec<Uuid> = back.iter().map(|erasure| erasure.key_id).collect();
    let records: Vec<Uuid> = back.iter().map(|erasure| erasure.record).collect();
    let subjects: Vec<Option<Uuid>> = back.iter().map(|erasure| erasure.subject).collect();
    let mut transaction = pool.begin().await?;
    let gone = sqlx::query(&format!("delete from {log}.keys where key_id = any ($1)"))
        .bind(&ids)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    let sql = format!(
        "insert into {log}.destroyed_keys (key_id, aggregate_id, subject, destroyed_at)
         select u.id, u.record, u.subject, clock_timestamp()
         from unnest($1::uuid[], $2::uuid[], $3::uuid[]) u (id, record, subject) on conflict do nothing"
    );
    sqlx::query(&sql).bind(&ids).bind(&records).bind(&subjects).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(gone)
}
