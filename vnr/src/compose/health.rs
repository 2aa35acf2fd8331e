//! Whether all is well with this process: what `/readyz` tells.

use futures::FutureExt;
use futures::future::BoxFuture;
use query_api::{Readiness, read_model_faults};
use serde_json::{Map, Value};
use sqlx::PgPool;

use super::appenders::Appenders;
use super::policies::InForce;

/// Says what keeps this process from serving.
pub(super) struct Health {
    pool: PgPool,
    appenders: Appenders,
    policies: InForce,
}

impl Health {
    pub(super) fn new(pool: PgPool, appenders: Appenders, policies: InForce) -> Self {
        Self { pool, appenders, policies }
    }
}

impl Readiness for Health {
    fn reasons(&self) -> BoxFuture<'_, Vec<String>> {
        async {
            let mut reasons = Vec::new();
            reasons.extend(read_model_faults(&self.pool).await);
            if !self.appenders.are_ready() {
                reasons.push("a log can't be appended to at the moment".to_owned());
            }
            reasons
        }
        .boxed()
    }

    fn details(&self) -> Map<String, Value> {
        Map::from_iter([("policies".to_owned(), self.policies.told())])
    }
}
