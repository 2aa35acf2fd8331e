//! What has to be done ahead of need: partitions of the logs.

use std::time::Duration;

use event_store::log::LogName;
use event_store::migrate::ensure_partitions;
use sqlx::PgPool;
use tokio::task::JoinHandle;

/// Partitions reach millions of events and two months ahead, so ten minutes are early enough for any load.
const EVERY: Duration = Duration::from_secs(600);

/// Makes partitions from time to time, as the owner's role. The first were made by the migrations.
pub(super) fn start(owner: PgPool) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            for log in LogName::ALL {
                if let Err(error) = ensure_partitions(&owner, log).await {
                    tracing::error!(%error, %log, "partitions ahead of need can't be made; appends fail when the last is full");
                }
            }
        }
    })
}
