//! Whether all is well with this process: what `/readyz` tells.

use access::Journal;
use futures::FutureExt;
use futures::future::BoxFuture;
use query_api::{Readiness, Replica, read_model_faults};
use serde_json::{Map, Value, json};
use sqlx::PgPool;

use super::appenders::Appenders;
use super::policies::InForce;

/// Says what keeps this process from serving.
pub(super) struct Health {
    pool: PgPool,
    appenders: Appenders,
    policies: InForce,
    /// What those who go on read while the database is away.
    replica: Option<Replica>,
    /// What of it waits to be told.
    journal: Option<Journal>,
}

impl Health {
    pub(super) fn new(
        pool: PgPool,
        appenders: Appenders,
        policies: InForce,
        replica: Option<Replica>,
        journal: Option<Journal>,
    ) -> Self {
        Self { pool, appenders, policies, replica, journal }
    }
}

impl Readiness for Health {
    fn reasons(&self) -> BoxFuture<'_, Vec<String>> {
        async {
            let mut reasons = Vec::new();
            if let Some(replica) = self.replica.as_ref().filter(|replica| *replica.away.borrow()) {
                // Whoever sends people here must not turn away those who go on; the others are told to come again.
                if sqlx::query("select 1").execute(&replica.database.pool).await.is_err() {
                    reasons.push("the database is away, and its copy does not answer".to_owned());
                }
                return reasons;
            }
            reasons.extend(read_model_faults(&self.pool).await);
            if !self.appenders.are_ready() {
                reasons.push("a log can't be appended to at the moment".to_owned());
            }
            reasons
        }
        .boxed()
    }

    fn details(&self) -> Map<String, Value> {
        let mut details = Map::from_iter([("policies".to_owned(), self.policies.told())]);
        if let Some(replica) = &self.replica {
            let reads = if *replica.away.borrow() { "copy" } else { "register" };
            details.insert("reads".to_owned(), json!(reads));
        }
        if let Some(journal) = &self.journal {
            details.insert("looks_waiting".to_owned(), json!(journal.standing().waiting));
        }
        details
    }
}
