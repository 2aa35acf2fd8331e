//! What questions beside the commands have in common: they are answered from the read models, as those stand at one moment and only for as
//! long as somebody waits, and what an answer shows is told to the access log before it leaves.

use std::time::Duration;

use access::{AccessLogError, Consultation};
use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::{PgPool, Postgres, Transaction};
use tonic::Status;

use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::status;

/// Who types, or has to send somebody, waits no longer: they go on without.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// All read models as at one moment, to read from for so long.
pub(crate) async fn one_moment(
    pool: &PgPool,
    patience: Duration,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut transaction = pool.begin_with("begin isolation level repeatable read, read only").await?;
    let limit = format!("set local statement_timeout = {}", patience.as_millis().max(1));
    sqlx::query(&limit).execute(&mut *transaction).await?;
    Ok(transaction)
}

/// What kind of error of the database it is. Only that: the rest may quote what was typed.
pub(crate) fn kind_of(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => database.code().map(|code| code.into_owned()).unwrap_or_default(),
        sqlx::Error::PoolTimedOut => "not in time".to_owned(),
        _ => "connection".to_owned(),
    }
}

/// A time as answers have it.
pub(crate) fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

impl Gateway {
    /// Tells the access log what is shown; only when that is durable the answer may leave (I-12).
    pub(crate) async fn tell(&self, caller: &Caller, consultation: Consultation) -> Result<(), Status> {
        let told = self.deps().access.consulted(caller, consultation, self.deps().register.head()).await;
        told.map(drop).map_err(|error| match error {
            AccessLogError::Name { .. } => Status::unauthenticated(error.to_string()),
            error => status::untold(&error),
        })
    }
}
