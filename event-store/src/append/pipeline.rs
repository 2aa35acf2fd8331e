//! The usual way: while one batch is being written the next is composed on top of it, as its commands come.
//!
//! ```text
//!   database      ── append 1 ──────────> ── append 2 ──────────> ── append 3 ──>
//!   appender      compose 2 on top of 1 │ answer 1, compose 3 … │ answer 2, compose 4 …
//! ```
//!
//! What is composed on top of a batch that then is not written is thrown away, and its commands take the careful way of
//! [`Writer::write`], one batch after the other. Nothing is answered before its own batch is written.

use std::time::Instant;

use futures::FutureExt as _;
use tokio::time::MissedTickBehavior;

use super::Queued;
use super::compose::Composed;
use super::flight::{Ahead, Flight, Landed};
use super::lanes::Receivers;
use super::link::FORGET_EVERY;
use super::writer::{Attempt, Writer};

/// Below so many commands it pays to let those who were just answered ask again before the next batch is written: what a
/// commit costs is then shared by all. Above, composing while the database writes saves more.
const FEW: usize = 64;

/// The batch that is being composed.
#[derive(Default)]
struct Staged {
    batch: Vec<Queued>,
    /// None where it could not be composed: it takes the careful way.
    composed: Option<Composed>,
    /// How many of it are bulk.
    bulk: usize,
}

impl Writer {
    /// Serves until all senders are gone and all that was queued is answered.
    pub(super) async fn serve(&mut self, mut receivers: Receivers) {
        let mut look = tokio::time::interval(FORGET_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look_due = false;
        let mut flight: Option<Flight> = None;
        let mut next = Staged::default();
        loop {
            if flight.is_none() {
                if std::mem::take(&mut look_due) {
                    self.forget_destroyed_when_idle().await;
                }
                if !next.batch.is_empty() && next.batch.len() < FEW {
                    tokio::task::yield_now().await;
                    let room = self.config.batch.saturating_sub(next.batch.len());
                    let bulk_room = self.bulk_room(&next);
                    if let Some(arrivals) = receivers.collect(room, bulk_room).now_or_never() {
                        self.stage(None, &mut next, arrivals).await;
                    }
                }
                if !next.batch.is_empty() {
                    flight = self.launch(std::mem::take(&mut next)).await;
                } else if receivers.ended() {
                    return;
                }
            }
            let room = self.config.batch.saturating_sub(next.batch.len());
            let bulk_room = self.bulk_room(&next);
            tokio::select! {
                biased;
                (landed, landed_flight) = landing(&mut flight) => {
                    self.settle(landed_flight, landed, &mut next).await;
                }
                arrivals = receivers.collect(room, bulk_room), if room > 0 && !receivers.ended() => {
                    self.stage(flight.as_ref().map(|flight| &flight.ahead), &mut next, arrivals).await;
                }
                _ = look.tick() => look_due = true,
            }
        }
    }

    /// Bulk takes half of a batch at most, so that what is urgent finds room in the very next one.
    fn bulk_room(&self, next: &Staged) -> usize {
        let limit = self.config.batch;
        let room = limit.saturating_sub(next.batch.len());
        room.min((limit / 2).max(1).saturating_sub(next.bulk))
    }

    /// Adds commands to the batch that is being composed.
    async fn stage(&mut self, ahead: Option<&Ahead>, next: &mut Staged, arrivals: Vec<Queued>) {
        let first = next.batch.is_empty();
        next.bulk += arrivals.iter().filter(|queued| queued.submission.lane == super::Lane::Bulk).count();
        next.batch.extend(arrivals);
        let begun = match (first, next.composed.take()) {
            (true, _) => self.link.as_ref().map(|link| match ahead {
                Some(ahead) => Composed::on(&ahead.belief),
                None => Composed::on(&link.belief),
            }),
            (false, begun) => begun,
        };
        let Some(mut composed) = begun else { return };
        let last = composed.columns.after.recorded_at;
        let Some(recorded_at) = self.recorded_at(last).await else { return };
        match self.compose(&next.batch, ahead, recorded_at, &mut composed).await {
            Ok(()) => next.composed = Some(composed),
            // The careful way meets it again, and says what it is.
            Err(error) => tracing::debug!(error = %error, "a batch could not be composed ahead"),
        }
    }

    /// Starts writing a batch that is composed on what is now known to be the head; any other takes the careful way.
    async fn launch(&mut self, next: Staged) -> Option<Flight> {
        let Staged { batch, composed, .. } = next;
        let now = Instant::now();
        let late = |queued: &Queued| queued.submission.deadline.is_some_and(|deadline| deadline <= now);
        let ready = composed.filter(|composed| {
            let before = &composed.columns.before;
            let link = self.link.as_ref();
            !composed.columns.commands.id.is_empty()
                && !batch.iter().any(late)
                && link.is_some_and(|link| {
                    link.belief.position == before.position && link.belief.generation == before.generation
                })
        });
        let connection = if ready.is_some() { self.link.as_mut().and_then(|link| link.take()) } else { None };
        match (ready, connection) {
            (Some(composed), Some(connection)) => Some(Flight::launch(batch, composed, connection, &self.config)),
            _ => {
                self.write(batch).await;
                None
            }
        }
    }

    /// Answers the batch that was written; where it was not, takes the careful way with it.
    async fn settle(&mut self, flight: Flight, landed: Landed, next: &mut Staged) {
        let Flight { batch, verdicts, ahead, began, .. } = flight;
        let Landed { connection, columns, written } = landed;
        self.measure(began);
        if let Some(link) = &mut self.link {
            link.put(connection);
        }
        match written {
            Ok(true) => self.take_over(batch, verdicts, columns, ahead.changes),
            Ok(false) => {
                next.composed = None;
                let claims = ahead.changes.claims.into_keys().collect();
                self.write_after(batch, Some(Attempt::Behind { claims, doubtful: false })).await;
            }
            Err(error) => {
                next.composed = None;
                let attempt = self.judge(error, ahead.changes.claims.into_keys().collect());
                self.write_after(batch, Some(attempt)).await;
            }
        }
    }
}

/// Waits for the batch that is being written; for ever where there is none.
async fn landing(flight: &mut Option<Flight>) -> (Landed, Flight) {
    let landed = match flight {
        Some(flight) => flight.landing().await,
        None => std::future::pending().await,
    };
    match flight.take() {
        Some(flight) => (landed, flight),
        None => std::future::pending().await,
    }
}
