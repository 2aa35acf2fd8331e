//! What the register records by itself when a time has come: that a grant is over.
//!
//! Nobody's access depends on it (what is over gives none, whatever was recorded), so it may come a minute late; it makes the history of
//! a grant whole. Any process may do it, and several may at once: the command's id follows from the grant, so it takes effect once.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use domain::access_grant::{AccessGrant, GrantCommand};
use event_store::append::{AppendError, Appender, Lane, Metadata, Submission, Target, Touch, Work};
use event_store::seal::MasterKeys;
use projections::access_grants::GrantRow;
use sqlx::PgPool;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How often it is looked for what is over.
const EVERY: Duration = Duration::from_secs(5);
/// So many grants at once.
const AT_ONCE: u32 = 100;
/// Who it is that records it: the register itself.
const ACTOR: &str = "vnr-timer";

/// Looks from time to time, for as long as it is let.
pub(super) fn start(pool: &PgPool, register: Option<Appender>, master: &Arc<MasterKeys>) -> JoinHandle<()> {
    let (pool, master) = (pool.clone(), Arc::clone(master));
    tokio::spawn(async move {
        let Some(register) = register else { return };
        loop {
            if let Err(error) = expire_grants(&pool, &register, &master).await {
                // The database is away, or the read model is not made yet: it waits.
                tracing::debug!(%error, "it can't be recorded at present that grants are over");
            }
            tokio::time::sleep(EVERY).await;
        }
    })
}

async fn expire_grants(pool: &PgPool, register: &Appender, master: &MasterKeys) -> anyhow::Result<()> {
    loop {
        let over = GrantRow::over(&mut *pool.acquire().await?, Utc::now(), AT_ONCE).await?;
        for grant in &over {
            match register.submit(expire(*grant, master)).await {
                Ok(_) => tracing::info!(%grant, "a grant is over"),
                Err(AppendError::Refused(reason)) => tracing::warn!(%grant, %reason, "a grant is not over by the log"),
                Err(error) => return Err(error.into()),
            }
        }
        // The read model comes after the log: what was just recorded may be in it still.
        if over.len() < AT_ONCE as usize {
            return Ok(());
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn expire(grant: Uuid, master: &MasterKeys) -> Submission {
    let command_id = Uuid::new_v5(&grant, b"its time is over");
    let id = command_id.hyphenated().to_string();
    let metadata = Metadata::new()
        .with("actor", ACTOR)
        .with("command_id", &id)
        .with("correlation_id", &id)
        .with("institution", "IC")
        .with("occurred_offset", "+00:00")
        .with("purpose", "operation")
        .with("role", "system");
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<AccessGrant>(grant, GrantCommand::ExpireGrant)?;
        Ok(Target::of::<AccessGrant>(grant))
    });
    Submission {
        command_id,
        lane: Lane::Bulk,
        deadline: None,
        digest: master.digest("timer", command_id.as_bytes()),
        metadata,
        occurred_at: Utc::now().fixed_offset(),
        touches: vec![Touch::of::<AccessGrant>(grant)],
        decide,
    }
}
