//! Processes that hold keys of personal data in memory: the appenders. Each says in the name of its connection up to which
//! erasure it has forgotten what was destroyed, so that an erasure can wait for all of them. One that loses its connection
//! forgets all keys.

use std::fmt;
use std::time::{Duration, Instant};

use sqlx::{PgPool, Row as _};

use crate::log::{LogName, LogPosition};

/// Name of an appender's connection.
pub(super) fn name(log: LogName, forgotten: i64) -> String {
    format!("{}{forgotten}", prefix(log))
}

fn prefix(log: LogName) -> String {
    format!("vnr appender {log}, keys forgotten up to ")
}

/// A process that may still hold destroyed keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Process of the database that serves it.
    pub backend: i32,
    /// Where it runs; none where it came by a socket of the same machine.
    pub address: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address.as_deref().unwrap_or("this machine");
        write!(f, "an appender on {address} (database process {})", self.backend)
    }
}

/// Waits until every appender has forgotten the keys that were destroyed up to `position`, at most for `patience`. Returns
/// those that have not.
///
/// # Errors
/// When the database fails.
pub async fn all_have_forgotten(
    pool: &PgPool,
    log: LogName,
    position: LogPosition,
    patience: Duration,
) -> Result<Vec<Holder>, sqlx::Error> {
    let began = Instant::now();
    loop {
        let late = late(pool, log, position).await?;
        if late.is_empty() || began.elapsed() > patience {
            return Ok(late);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn late(pool: &PgPool, log: LogName, position: LogPosition) -> Result<Vec<Holder>, sqlx::Error> {
    let sql = "select pid, host(client_addr) as address, substr(application_name, length($1) + 1) as forgotten
               from pg_stat_activity where datname = current_database() and starts_with(application_name, $1)";
    let rows = sqlx::query(sql).bind(prefix(log)).fetch_all(pool).await?;
    let mut holders = Vec::new();
    for row in &rows {
        let forgotten = row.try_get::<String, _>("forgotten")?.parse().unwrap_or(-1_i64);
        if forgotten < i64::try_from(position.get()).unwrap_or(i64::MAX) {
            holders.push(Holder { backend: row.try_get("pid")?, address: row.try_get("address")? });
        }
    }
    Ok(holders)
}
