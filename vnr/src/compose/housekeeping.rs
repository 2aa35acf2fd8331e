//! What has to be done from time to time: partitions of the logs ahead of need, and the list of erased keys.

use std::path::PathBuf;
use std::time::Duration;

use event_store::log::LogName;
use event_store::migrate::ensure_partitions;
use event_store::seal::erasures::{ErasureList, reconcile};
use sqlx::PgPool;
use tokio::task::JoinHandle;

/// Partitions reach millions of events and two months ahead, so ten minutes are early enough for any load.
const EVERY: Duration = Duration::from_secs(600);

/// Makes partitions and looks after the list from time to time, as the owner's role. The first were made by the migrations.
pub(super) fn start(owner: PgPool, erasures: PathBuf) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            for log in LogName::ALL {
                if let Err(error) = ensure_partitions(&owner, log).await {
                    tracing::error!(%error, %log, "partitions ahead of need can't be made; appends fail when the last is full");
                }
                if let Err(error) = reconcile(&owner, log, &ErasureList::of(&erasures, log)).await {
                    tracing::error!(%error, %log, "destroyed keys are not on the list outside: a restore could bring them back");
                }
            }
        }
    })
}
