//! What the query API asks of the rest: whose token it is, and whether all is well.

use access::TokenVerifier;
use futures::FutureExt;
use futures::future::BoxFuture;
use query_api::{Authenticate, Caller, Readiness};
use sqlx::PgPool;

use super::appenders::Appenders;

/// Checks tokens for the query API.
pub(super) struct Gate(pub(super) TokenVerifier);

impl Authenticate for Gate {
    fn authenticate(&self, token: &str) -> Result<Caller, String> {
        let principal = self.0.verify(token).map_err(|error| error.to_string())?;
        principal.check_query().map_err(|error| error.to_string())?;
        Ok(Caller {
            role: principal.role_names(),
            sees_personal_data: principal.sees_personal_data(),
            institution: principal.institution.to_string(),
            purpose: principal.purpose.to_string(),
            subject: principal.subject,
            expires_at: principal.expires_at,
        })
    }
}

/// Says what keeps this process from serving.
pub(super) struct Health {
    pool: PgPool,
    appenders: Option<Appenders>,
}

impl Health {
    pub(super) fn new(pool: PgPool, appenders: Option<Appenders>) -> Self {
        Self { pool, appenders }
    }
}

impl Readiness for Health {
    fn reasons(&self) -> BoxFuture<'_, Vec<String>> {
        async {
            let mut reasons = Vec::new();
            if sqlx::query("select 1").execute(&self.pool).await.is_err() {
                reasons.push("the database does not answer".to_owned());
            }
            if self.appenders.as_ref().is_some_and(|appenders| !appenders.are_ready()) {
                reasons.push("a log can't be appended to at the moment".to_owned());
            }
            reasons
        }
        .boxed()
    }
}
