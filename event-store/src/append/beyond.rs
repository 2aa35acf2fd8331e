//! What lies beyond memory: the database, or nothing.

use std::collections::HashMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::cache::{Cache, ClaimKey};
use super::load;
use super::work::Touch;
use crate::log::LogName;
use crate::seal::{KeyRef, KeyScope, MasterKeys};

/// Where is looked for what memory does not have.
pub(super) enum Beyond<'a> {
    /// In the log.
    Database(&'a mut PgConnection),
    /// Nowhere: the log is being made, and all of it that can still be touched is in memory.
    Nothing,
}

impl Beyond<'_> {
    /// As [`load::streams`].
    pub(super) async fn streams(
        &mut self,
        log: LogName,
        master: &MasterKeys,
        missing: &HashMap<Uuid, Touch>,
        cache: &mut Cache,
    ) -> Result<(), sqlx::Error> {
        match self {
            Beyond::Database(connection) => load::streams(connection, log, master, missing, cache).await,
            Beyond::Nothing => {
                for (id, touch) in missing {
                    cache.streams.put(*id, load::no_events(touch)?);
                }
                Ok(())
            }
        }
    }

    /// As [`load::claims`].
    pub(super) async fn claims(
        &mut self,
        log: LogName,
        wanted: &[ClaimKey],
        cache: &mut Cache,
    ) -> Result<(), sqlx::Error> {
        match self {
            Beyond::Database(connection) => load::claims(connection, log, wanted, cache).await,
            Beyond::Nothing => {
                for claim in wanted {
                    cache.claims.put(claim.clone(), None);
                }
                Ok(())
            }
        }
    }

    /// As [`load::keys`].
    pub(super) async fn keys(&mut self, log: LogName, scope: KeyScope) -> Result<Vec<KeyRef>, sqlx::Error> {
        match self {
            Beyond::Database(connection) => load::keys(connection, log, scope).await,
            Beyond::Nothing => Ok(Vec::new()),
        }
    }

    /// As [`load::commands`].
    pub(super) async fn commands(
        &mut self,
        log: LogName,
        ids: &[Uuid],
        cache: &mut Cache,
    ) -> Result<usize, sqlx::Error> {
        match self {
            Beyond::Database(connection) => load::commands(connection, log, ids, cache).await,
            Beyond::Nothing => Ok(0),
        }
    }
}
