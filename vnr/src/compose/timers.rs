//! What the register records by itself when a time has come: that a grant is over, or the offer of an incident to another institution.
//!
//! Nothing depends on it (a grant that is over gives no access, an offer that is over is not accepted, whatever was recorded), so it may
//! come a minute late; it makes the history whole. Any process may do it, and several may at once: the command's id follows from the
//! grant or the transfer, so it takes effect once.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::Decide;
use domain::access_grant::{AccessGrant, GrantCommand};
use domain::incident::{Incident, IncidentCommand};
use event_store::append::{AppendError, Appender, Decision, Lane, Metadata, Submission, Target, Touch, Work};
use event_store::seal::MasterKeys;
use projections::access_grants::GrantRow;
use projections::case_search::IncidentRow;
use sqlx::{PgConnection, PgPool};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How often it is looked for what is over.
const EVERY: Duration = Duration::from_secs(5);
/// So many of a kind at once; the next ones come with the next look, when the read model knows of these.
const AT_ONCE: u32 = 100;
/// Who it is that records it: the register itself.
const ACTOR: &str = "vnr-timer";

/// Looks from time to time, for as long as it is let.
pub(super) fn start(pool: &PgPool, register: Option<Appender>, master: &Arc<MasterKeys>) -> JoinHandle<()> {
    let (pool, master) = (pool.clone(), Arc::clone(master));
    tokio::spawn(async move {
        let Some(register) = register else { return };
        loop {
            for kind in [Kind::Grant, Kind::Transfer] {
                if let Err(error) = expire(kind, &pool, &register, &master).await {
                    // The database is away, or the read model is not made yet: it waits.
                    tracing::debug!(%error, ?kind, "what is over can't be recorded at present");
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    })
}

/// What has an end that nobody records.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Grant,
    Transfer,
}

/// One of them whose time is over.
struct Over {
    /// The record that is told.
    record: Uuid,
    /// What of it is over: the command's id follows from this.
    what: Uuid,
}

impl Kind {
    /// Those whose time is over at `now`, the longest over first.
    async fn over(self, connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Over>, sqlx::Error> {
        Ok(match self {
            Self::Grant => {
                let grants = GrantRow::over(connection, now, AT_ONCE).await?;
                grants.into_iter().map(|grant| Over { record: grant, what: grant }).collect()
            }
            Self::Transfer => {
                let transfers = IncidentRow::transfers_over(connection, now, AT_ONCE).await?;
                transfers.into_iter().map(|(record, what)| Over { record, what }).collect()
            }
        })
    }

    /// What records it, and the record that it touches.
    fn end(self, record: Uuid) -> (Decision, Touch) {
        match self {
            Self::Grant => asked::<AccessGrant>(record, || GrantCommand::ExpireGrant),
            Self::Transfer => asked::<Incident>(record, || IncidentCommand::ExpireTransfer),
        }
    }
}

/// One command of one record.
fn asked<A: Decide>(record: Uuid, command: fn() -> A::Command) -> (Decision, Touch) {
    let decide = move |work: &mut Work<'_>| {
        work.execute::<A>(record, command())?;
        Ok(Target::of::<A>(record))
    };
    (Box::new(decide), Touch::of::<A>(record))
}

async fn expire(kind: Kind, pool: &PgPool, register: &Appender, master: &MasterKeys) -> anyhow::Result<()> {
    let over = kind.over(&mut *pool.acquire().await?, Utc::now()).await?;
    for Over { record, what } in over {
        match register.submit(command(kind, record, what, master)).await {
            Ok(_) => tracing::info!(?kind, %record, %what, "its time is over"),
            Err(AppendError::Refused(reason)) => {
                tracing::warn!(?kind, %record, %what, %reason, "its time is not over by the log");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn command(kind: Kind, record: Uuid, what: Uuid, master: &MasterKeys) -> Submission {
    let command_id = Uuid::new_v5(&what, b"its time is over");
    let id = command_id.hyphenated().to_string();
    let metadata = Metadata::new()
        .with("actor", ACTOR)
        .with("command_id", &id)
        .with("correlation_id", &id)
        .with("institution", "IC")
        .with("occurred_offset", "+00:00")
        .with("purpose", "operation")
        .with("role", "system");
    let (decide, touch) = kind.end(record);
    Submission {
        command_id,
        lane: Lane::Bulk,
        deadline: None,
        digest: master.digest("timer", command_id.as_bytes()),
        metadata,
        occurred_at: Utc::now().fixed_offset(),
        touches: vec![touch],
        decide,
    }
}
