//! Where a request reads: the register's database, or a copy of it while that is away.

use std::sync::Arc;

use access::Principal;
use access::policy::PolicyHandle;
use sqlx::PgPool;
use tokio::sync::watch;

use crate::error::QueryError;
use crate::personal::OpenPersonal;

/// A database that requests read: the register's, or a copy.
#[derive(Clone)]
pub struct Database {
    /// Connections of the application's role.
    pub pool: PgPool,
    /// Opens personal data for those who may see it: the key ring of that database.
    pub personal: Arc<dyn OpenPersonal>,
}

/// A copy of the register's database that follows it (a standby), for those who go on while that is away.
#[derive(Clone)]
pub struct Replica {
    /// The copy.
    pub database: Database,
    /// Whether the register's own database is away.
    pub away: watch::Receiver<bool>,
}

/// The databases, and who reads which.
#[derive(Clone)]
pub(crate) struct Databases {
    pub(crate) register: Database,
    pub(crate) replica: Option<Replica>,
    pub(crate) policies: Arc<PolicyHandle>,
}

/// The one that a request reads.
#[derive(Clone)]
pub(crate) struct Chosen {
    pub(crate) database: Database,
    /// Whether it is a copy that is behind, perhaps by minutes.
    pub(crate) is_copy: bool,
    /// Tells that it went away, where it is known.
    away: Option<watch::Receiver<bool>>,
}

impl Databases {
    /// The one that this caller reads now.
    ///
    /// # Errors
    /// The register's is away, and they are none of those who go on.
    pub(crate) fn choose(&self, caller: Option<&Principal>) -> Result<Chosen, QueryError> {
        let Some(replica) = &self.replica else {
            return Ok(Chosen { database: self.register.clone(), is_copy: false, away: None });
        };
        if !*replica.away.borrow() {
            let (database, away) = (self.register.clone(), Some(replica.away.clone()));
            return Ok(Chosen { database, is_copy: false, away });
        }
        // Who is unknown reads nothing, and is told so by the field.
        if caller.is_none_or(|caller| self.goes_on(caller)) {
            return Ok(Chosen { database: replica.database.clone(), is_copy: true, away: None });
        }
        Err(QueryError::Away)
    }

    /// Whether somebody goes on while the register's is away.
    pub(crate) fn goes_on(&self, caller: &Principal) -> bool {
        access::goes_on(self.policies.current().institutions(), caller)
    }

    /// What the progress of the read models is read from now; with whether it can tell of changes by itself.
    pub(crate) fn followed(&self) -> (&PgPool, bool) {
        match &self.replica {
            Some(replica) if *replica.away.borrow() => (&replica.database.pool, false),
            _ => (&self.register.pool, true),
        }
    }
}

impl Chosen {
    /// Waits until this database is known to be away; for ever where nobody knows.
    pub(crate) async fn went_away(&self) {
        let Some(mut away) = self.away.clone() else { return std::future::pending().await };
        if away.wait_for(|away| *away).await.is_err() {
            std::future::pending().await
        }
    }
}
