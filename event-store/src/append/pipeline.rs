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

use tokio::time::MissedTickBehavior;

use super::compose::Composed;
use super::flight::{Ahead, Flight, Landed};
use super::lanes::Receivers;
use super::link::FORGET_EVERY;
use super::work::Changes;
use super::writer::{Attempt, Writer};
use super::{Lane, Queued};

/// So many commands are composed in one go, before the batch that is being written is looked at again: where it has landed the
/// database waits.
const AT_ONCE: usize = 8;

/// The batch that is being composed.
#[derive(Default)]
struct Staged {
    batch: Vec<Queued>,
    /// How many of it are bulk.
    bulk: usize,
    /// Its first commands. None before the first.
    composed: Option<Composed>,
    /// Whether it can't be composed ahead, and takes the careful way.
    careful: bool,
}

impl Staged {
    /// So many of the batch are composed.
    fn done(&self) -> usize {
        self.composed.as_ref().map_or(0, |composed| composed.verdicts.len())
    }

    /// Whether there is more to compose.
    fn unfinished(&self) -> bool {
        !self.careful && self.done() < self.batch.len()
    }

    /// The careful way meets the error again, and says what it is.
    fn give_up(&mut self, error: &sqlx::Error) {
        tracing::debug!(error = %error, "a batch could not be composed ahead");
        self.composed = None;
        self.careful = true;
    }
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
                flight = self.launch(&mut next).await;
                if flight.is_none() && !next.unfinished() {
                    if !next.batch.is_empty() {
                        self.write(std::mem::take(&mut next).batch).await;
                    } else if receivers.ended() {
                        return;
                    }
                }
            }
            let (room, bulk_room) = self.room(&next);
            tokio::select! {
                biased;
                (landed, landed_flight) = landing(&mut flight) => {
                    flight = self.settle(landed_flight, landed, &mut next, look_due).await;
                }
                () = std::future::ready(()), if next.unfinished() => {
                    self.stage(flight.as_ref().map(|flight| &flight.ahead), &mut next).await;
                }
                arrivals = receivers.collect(room, bulk_room), if room > 0 && !receivers.ended() => {
                    self.arrive(flight.as_ref().map(|flight| &flight.ahead), &mut next, arrivals).await;
                }
                _ = look.tick() => look_due = true,
            }
        }
    }

    /// How many more commands the next batch takes, and how many of them may be bulk: half of a batch at most, so that what
    /// is urgent finds room in the very next one.
    fn room(&self, next: &Staged) -> (usize, usize) {
        let limit = self.config.batch;
        let room = limit.saturating_sub(next.batch.len());
        (room, room.min((limit / 2).max(1).saturating_sub(next.bulk)))
    }

    /// Adds commands to the batch, and reads what they need.
    async fn arrive(&mut self, ahead: Option<&Ahead>, next: &mut Staged, arrivals: Vec<Queued>) {
        let nothing = Changes::default();
        let changes = next.composed.as_ref().map_or(&nothing, |composed| &composed.changes);
        if let Err(error) = self.foresee(&arrivals, ahead, changes).await {
            next.give_up(&error);
        }
        next.bulk += bulk(&arrivals);
        next.batch.extend(arrivals);
    }

    /// Composes some more of the batch.
    async fn stage(&mut self, ahead: Option<&Ahead>, next: &mut Staged) {
        let until = next.batch.len().min(next.done() + AT_ONCE);
        let begun = next.composed.take().or_else(|| {
            let link = self.link.as_ref()?;
            Some(Composed::on(ahead.map_or(&link.belief, |ahead| &ahead.belief)))
        });
        let Some(mut composed) = begun else {
            next.careful = true;
            return;
        };
        let Some(recorded_at) = self.recorded_at(composed.columns.after.recorded_at).await else {
            next.careful = true;
            return;
        };
        match self.compose(&next.batch[..until], ahead, recorded_at, &mut composed).await {
            Ok(()) => next.composed = Some(composed),
            Err(error) => next.give_up(&error),
        }
    }

    /// Sends off what is composed, where that is on what is now known to be the head.
    async fn launch(&mut self, next: &mut Staged) -> Option<Flight> {
        let (composed, link) = (next.composed.as_ref()?, self.link.as_mut()?);
        let (columns, now) = (&composed.columns, Instant::now());
        let composed_ones = &next.batch[..composed.verdicts.len()];
        if composed_ones.iter().any(|queued| queued.submission.deadline.is_some_and(|deadline| deadline <= now))
            || (columns.before.generation, columns.before.position) != (link.belief.generation, link.belief.position)
        {
            next.careful = true;
        }
        if next.careful || columns.commands.id.is_empty() {
            return None;
        }
        let connection = link.take()?;
        let Staged { mut batch, composed, .. } = std::mem::take(next);
        let composed = composed?;
        next.batch = batch.split_off(composed.verdicts.len());
        next.bulk = bulk(&next.batch);
        Some(Flight::launch(batch, composed, connection, &self.config).await)
    }

    /// Answers the batch that was written; where it was not, takes the careful way with it. What is composed on top of it is
    /// sent off first, so that the database need not wait for the answers to be given.
    async fn settle(&mut self, flight: Flight, landed: Landed, next: &mut Staged, pause: bool) -> Option<Flight> {
        let Flight { batch, verdicts, ahead, began, .. } = flight;
        let Landed { connection, columns, written } = landed;
        self.measure(began);
        if let Some(link) = &mut self.link {
            link.put(connection);
        }
        let Ahead { belief, changes, replies, .. } = ahead;
        // What is composed on top of it is void where it was not written.
        let attempt = match written {
            Ok(true) => {
                self.advance(belief);
                let launched = if pause { None } else { self.launch(next).await };
                self.take_over(batch, Composed { columns, changes, verdicts, replies, refused: Vec::new() });
                return launched;
            }
            Ok(false) => Attempt::Behind { claims: changes.claims.into_keys().collect(), doubtful: false },
            Err(error) => self.judge(error, changes.claims.into_keys().collect()),
        };
        next.composed = None;
        self.write_after(batch, Some(attempt)).await;
        None
    }
}

fn bulk(batch: &[Queued]) -> usize {
    batch.iter().filter(|queued| queued.submission.lane == Lane::Bulk).count()
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
