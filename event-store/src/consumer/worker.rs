//! The loop that works for a consumer: stands by until the lease is free, follows the logs, and goes on after any failure.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{Consumer, ConsumerError, Handler, Heads, Ledger, ProgressWatch, Session};
use crate::read::LogReader;

/// How long a lease lasts without being kept.
pub const LEASE: Duration = Duration::from_secs(5);
/// How often an idle worker keeps its lease.
const RENEW: Duration = Duration::from_millis(1_500);
/// How often those who stand by look whether the lease is free.
const STAND_BY: Duration = Duration::from_millis(500);
/// Pauses after failures: doubled from the first to the last.
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);
const LAST_BACK_OFF: Duration = Duration::from_secs(5);
/// Pause after a refusal that only a person or a newer program can lift.
const REFUSED: Duration = Duration::from_secs(2);
/// Longest pause before an event of a newer program is looked at again. The lease is free meanwhile, for that program.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Who works for one consumer, and with what.
#[derive(Debug)]
pub struct Worker<H> {
    /// The rows of the consumer.
    pub ledger: Ledger,
    /// Readers of its logs.
    pub readers: Vec<LogReader>,
    /// Tells when the logs have grown.
    pub heads: Arc<Heads>,
    /// Is told of all progress.
    pub progress: ProgressWatch,
    /// Takes the events in.
    pub handler: H,
}

impl<H> Worker<H> {
    /// The consumer that it works for.
    pub fn consumer(&self) -> &Consumer {
        &self.ledger.consumer
    }
}

/// Works until `shutdown` turns true, or its sender is gone. Never ends by itself: a dead database is waited for.
pub async fn run<H: Handler>(worker: &mut Worker<H>, shutdown: &mut watch::Receiver<bool>) {
    let mut back_off = FIRST_BACK_OFF;
    while !*shutdown.borrow() {
        let pause = match serve(worker, shutdown, &mut back_off).await {
            Ok(()) => STAND_BY,
            Err(ConsumerError::LeaseLost { .. }) => {
                info!(consumer = worker.consumer().name, "another worker has taken over");
                STAND_BY
            }
            Err(error) => {
                let pause = pause_after(&error, &mut back_off);
                tell(&worker.ledger, &error, pause).await;
                pause
            }
        };
        if sleep_unless(shutdown, pause).await.is_break() {
            return;
        }
    }
}

fn pause_after(error: &ConsumerError, back_off: &mut Duration) -> Duration {
    match error {
        ConsumerError::Waiting(_) => {
            let pause = (*back_off).max(REFUSED);
            *back_off = (pause * 2).min(LONGEST_WAIT);
            pause
        }
        ConsumerError::Unknown { .. } | ConsumerError::OtherVersion { .. } | ConsumerError::AheadOfLog { .. } => {
            REFUSED
        }
        _ => {
            let pause = (*back_off).min(LAST_BACK_OFF);
            *back_off = (pause * 2).min(LAST_BACK_OFF);
            pause
        }
    }
}

/// Tells whether the consumer stands before an event of a newer program.
fn tell_waiting(consumer: &Consumer, waiting: bool) {
    gauge!("vnr_projection_waiting", "projection" => consumer.name, "build" => consumer.build.label())
        .set(f64::from(u8::from(waiting)));
}

/// Logs the error, and notes it where `vnr projections list` finds it.
async fn tell(ledger: &Ledger, error: &ConsumerError, pause: Duration) {
    if matches!(error, ConsumerError::Waiting(_)) {
        tell_waiting(&ledger.consumer, true);
    }
    let telling = error.telling();
    warn!(consumer = ledger.consumer.name, pause_ms = pause.as_millis() as u64, "{telling}");
    // Where the database is dead, the log line has to do.
    let _ = tokio::time::timeout(Duration::from_secs(1), ledger.note_error(&telling)).await;
}

/// One lease: from taking it to losing it. `Ok` while somebody else holds it, and at shutdown.
async fn serve<H: Handler>(
    worker: &mut Worker<H>,
    shutdown: &mut watch::Receiver<bool>,
    back_off: &mut Duration,
) -> Result<(), ConsumerError> {
    let Some(mut session) = Session::open(&worker.ledger, &worker.readers).await? else { return Ok(()) };
    info!(consumer = worker.consumer().name, build = worker.consumer().build.label(), "took the lease");
    let served = follow(worker, &mut session, shutdown, back_off).await;
    match &served {
        Err(ConsumerError::LeaseLost { .. }) => {}
        _ => session.close().await,
    }
    served
}

async fn follow<H: Handler>(
    worker: &mut Worker<H>,
    session: &mut Session,
    shutdown: &mut watch::Receiver<bool>,
    back_off: &mut Duration,
) -> Result<(), ConsumerError> {
    let consumer = worker.ledger.consumer.clone();
    for log in consumer.logs {
        worker.progress.report(&consumer, *log, session.progress(*log));
    }
    loop {
        let mut events = 0;
        for log in consumer.logs {
            if *shutdown.borrow() {
                return Ok(());
            }
            let step = session.step(&mut worker.handler, *log).await?;
            worker.progress.report(&consumer, *log, step.progress);
            let behind = worker.heads.position(*log).get().saturating_sub(step.progress.get());
            gauge!("vnr_projection_lag_events", "projection" => consumer.name, "build" => consumer.build.label(),
                   "log" => log.as_str())
            .set(behind as f64);
            events += step.events;
        }
        tell_waiting(&consumer, false);
        if events > 0 {
            *back_off = FIRST_BACK_OFF;
            continue;
        }
        session.renew(RENEW).await?;
        let known: Vec<_> = consumer.logs.iter().map(|log| (*log, session.progress(*log))).collect();
        tokio::select! {
            _ = worker.heads.any_beyond(&known, RENEW) => {}
            _ = shutdown.changed() => return Ok(()),
        }
    }
}

/// Sleeps; breaks off where the process is to end.
async fn sleep_unless(shutdown: &mut watch::Receiver<bool>, pause: Duration) -> ControlFlow<()> {
    tokio::select! {
        () = tokio::time::sleep(pause) => ControlFlow::Continue(()),
        changed = shutdown.changed() => match changed {
            Ok(()) if !*shutdown.borrow() => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{DecodeError, LogPosition};

    #[test]
    fn an_event_of_a_newer_program_is_looked_at_again_ever_more_rarely() {
        let newer = || DecodeError::Newer {
            position: LogPosition::new(7),
            event_type: "Said".to_owned(),
            event_version: "2".to_owned(),
        };
        let mut back_off = FIRST_BACK_OFF;
        let pauses = [(); 6].map(|()| pause_after(&ConsumerError::Waiting(newer()), &mut back_off).as_secs());
        assert_eq!(pauses, [2, 4, 8, 16, 30, 30]);
        let dead = ConsumerError::Database(sqlx::Error::PoolClosed);
        assert_eq!(pause_after(&dead, &mut back_off), LAST_BACK_OFF);
    }
}
