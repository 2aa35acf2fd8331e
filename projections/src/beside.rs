//! Keeping bodies up to date that do not serve: a candidate until it is switched to, and what served before for as long as it may be gone
//! back to. Whoever switches finds them at the head of the log, and readers see the same moment before and after.

use std::time::Duration;

use event_store::consumer::{self, Build, Ledger, Worker};
use sqlx::PgPool;
use tokio::sync::watch;

use crate::projection::Projector;

/// How often it is looked whether there is such a body. Nobody waits for it.
const LOOK: Duration = Duration::from_secs(1);

/// Works for a body whenever there is one of this program's version that is filled, until `shutdown` turns true.
pub(crate) async fn follow_beside(mut worker: Worker<Projector>, mut shutdown: watch::Receiver<bool>) {
    let (pool, name) = (worker.ledger.pool().clone(), worker.consumer().name);
    let (build, version) = (worker.consumer().build, worker.consumer().version);
    while !*shutdown.borrow() {
        if is_there(&pool, name, build, version).await {
            let (stop, mut stopped) = watch::channel(false);
            let gone = async {
                while is_there(&pool, name, build, version).await {
                    tokio::time::sleep(LOOK).await;
                }
            };
            let mut ending = shutdown.clone();
            let ended = async {
                tokio::select! {
                    () = gone => {}
                    _ = ending.changed() => {}
                }
                // The worker ends its batch and gives its lease back.
                let _ = stop.send(true);
            };
            tokio::join!(consumer::run(&mut worker, &mut stopped), ended);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = shutdown.changed() => return,
        }
    }
}

/// Whether the body is there. While the database does not answer, it is as it was.
async fn is_there(pool: &PgPool, name: &str, build: Build, version: u32) -> bool {
    let Ok(mut connection) = pool.acquire().await else { return true };
    match Ledger::body(&mut connection, name, build).await {
        Ok(body) => body.is_some_and(|body| body.filled && body.version == version),
        Err(_) => true,
    }
}
