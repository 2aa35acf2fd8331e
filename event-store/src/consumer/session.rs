//! A lease at work: pages are read, sorted out, handed over and written down, one transaction each.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use metrics::{counter, gauge};
use sqlx::{Executor as _, PgPool};
use tokio::task::JoinHandle;
use tracing::{error, warn};
use uuid::Uuid;

use super::batch::{Sorted, Verdict, hand_over, judge, sort_out};
use super::ledger::{Advance, Lease, Ledger, Parking};
use super::throttle::Throttle;
use super::{ConsumerError, Delivery, Handler, Progress};
use crate::log::{Head, LogName, LogPosition};
use crate::proof::generation::Place;
use crate::read::{LogReader, ReadError};
use crate::window::{Page, PageRange, Wanted};

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Events that it dealt with; none at the end of the log.
    pub events: u64,
    /// Where the consumer stands in that log now.
    pub progress: LogPosition,
}

/// A consumer whose lease is held here.
#[derive(Debug)]
pub struct Session {
    ledger: Ledger,
    readers: Vec<LogReader>,
    fence: i64,
    progress: BTreeMap<&'static str, Progress>,
    /// Where it ends, of a slice.
    upto: BTreeMap<&'static str, LogPosition>,
    parked: HashSet<Uuid>,
    throttle: Throttle,
    ahead: Option<ReadAhead>,
    renewed: Instant,
}

/// The page after the present one, being read while that is written.
#[derive(Debug)]
struct ReadAhead {
    log: LogName,
    after: LogPosition,
    page: JoinHandle<Result<Page, ReadError>>,
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        self.page.abort();
    }
}

impl Session {
    /// Tries to take the lease; nothing while somebody else holds it. `readers` read the consumer's logs.
    ///
    /// # Errors
    /// When the database fails, the consumer isn't there or was written by another version, or the log ends before it.
    pub async fn open(ledger: &Ledger, readers: &[LogReader]) -> Result<Option<Session>, ConsumerError> {
        match ledger.acquire().await? {
            Some(lease) => Session::of(ledger, lease, readers).await.map(Some),
            None => Ok(None),
        }
    }

    /// Takes the lease from whoever holds it: their next batch finds that it is gone, and is undone.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn take_over(ledger: &Ledger, readers: &[LogReader]) -> Result<Session, ConsumerError> {
        let lease = ledger.take_over().await?;
        Session::of(ledger, lease, readers).await
    }

    async fn of(ledger: &Ledger, lease: Lease, readers: &[LogReader]) -> Result<Session, ConsumerError> {
        let logs = ledger.consumer.logs.iter();
        let mut session = Session {
            readers: logs.filter_map(|log| readers.iter().find(|reader| reader.log() == *log).cloned()).collect(),
            ledger: ledger.clone(),
            fence: lease.fence,
            progress: lease.progress,
            upto: lease.upto,
            parked: lease.parked,
            throttle: Throttle::new(ledger.consumer.build.is_filled()),
            ahead: None,
            renewed: Instant::now(),
        };
        if let Err(error) = session.check_logs().await {
            session.close().await;
            return Err(error);
        }
        Ok(session)
    }

    /// Where it stands in a log.
    pub fn progress(&self, log: LogName) -> LogPosition {
        self.progress.get(log.as_str()).map(|progress| progress.position).unwrap_or_default()
    }

    /// Readers of its logs.
    pub fn readers(&self) -> &[LogReader] {
        &self.readers
    }

    /// Gives the lease back, so that another need not wait until it runs out.
    pub async fn close(self) {
        if let Err(error) = self.ledger.release(self.fence).await {
            warn!(consumer = self.ledger.consumer.name, %error, "the lease could not be given back; it runs out by itself");
        }
    }

    /// Keeps the lease, where that has not been done for `after`.
    ///
    /// # Errors
    /// When the database fails, or another worker has taken over.
    pub async fn renew(&mut self, after: Duration) -> Result<(), ConsumerError> {
        if self.renewed.elapsed() >= after {
            self.ledger.renew(self.fence).await?;
            self.renewed = Instant::now();
        }
        Ok(())
    }

    /// Takes the next page of one log in.
    ///
    /// # Errors
    /// See [`ConsumerError`]. After any of them the session is to be opened again.
    pub async fn step<H: Handler>(&mut self, handler: &mut H, log: LogName) -> Result<Step, ConsumerError> {
        let Some(reader) = self.readers.iter().find(|reader| reader.log() == log).cloned() else {
            return Err(ConsumerError::Unknown { name: self.ledger.consumer.name, log });
        };
        let before = self.progress(log);
        let limit = self.throttle.page();
        let wanted = self.wanted(handler);
        let page = self.next_page(&reader, before, limit, &wanted).await?;
        let Some(range) = page.range else {
            self.tell_lag(log, None);
            return Ok(Step { events: 0, progress: before });
        };
        let behind = range.width >= u64::from(limit);
        if behind {
            self.read_ahead(&reader, range.last, wanted);
        }
        self.tell_lag(log, Some(range.first_recorded_at));

        let begun = Instant::now();
        let sorted = sort_out(handler, &self.parked, page.events, (before, range.last));
        self.take_in(handler, log, sorted, &range).await?;
        let progress = self.progress(log);
        let events = progress.get() - before.get();
        let (name, build) = (self.ledger.consumer.name, self.ledger.consumer.build.label());
        counter!("vnr_projection_events_total", "projection" => name, "build" => build).increment(events);
        self.throttle.took(begun.elapsed());
        if behind {
            self.throttle.rest(&reader, progress).await?;
        }
        Ok(Step { events, progress })
    }

    fn wanted<H: Handler>(&self, handler: &H) -> Wanted {
        Wanted { types: handler.reads(), apart: handler.apart(), slices: self.ledger.consumer.build.slices() }
    }

    async fn next_page(
        &mut self,
        reader: &LogReader,
        after: LogPosition,
        limit: u32,
        wanted: &Wanted,
    ) -> Result<Page, ConsumerError> {
        if let Some(mut ahead) = self.ahead.take_if(|ahead| ahead.log == reader.log() && ahead.after == after) {
            // A page that could not be read ahead is read again.
            if let Ok(Ok(page)) = (&mut ahead.page).await {
                return Ok(page);
            }
        }
        self.ahead = None;
        let upto = self.upto.get(reader.log().as_str()).copied();
        Ok(reader.wanted(after, limit, upto, wanted).await?)
    }

    fn read_ahead(&mut self, reader: &LogReader, after: LogPosition, wanted: Wanted) {
        let (reader, log, limit) = (reader.clone(), reader.log(), self.throttle.page());
        let upto = self.upto.get(log.as_str()).copied();
        let page = tokio::spawn(async move { reader.wanted(after, limit, upto, &wanted).await });
        self.ahead = Some(ReadAhead { log, after, page });
    }

    /// Takes a sorted page in: as one batch, or in pieces where an event of it is guilty.
    async fn take_in<H: Handler>(
        &mut self,
        handler: &mut H,
        log: LogName,
        sorted: Sorted<H::Event>,
        range: &PageRange,
    ) -> Result<(), ConsumerError> {
        let Sorted { deliveries, mut broken, upto, newer } = sorted;
        let mut pieces = VecDeque::from([deliveries]);
        while let Some(mut piece) = pieces.pop_front() {
            piece.retain(|delivery| !self.parked.contains(&delivery.stored.aggregate_id));
            // The last piece moves the progress to the end of the page, over what was left out.
            let end = if pieces.is_empty() { upto } else { piece.last().map(|delivery| delivery.stored.position) };
            let Some(end) = end else { continue };
            // Records that failed to decode within this piece are parked with it.
            let rest = broken.split_off(broken.partition_point(|record| record.position <= end));
            let parking = std::mem::replace(&mut broken, rest);
            let at_end = piece.last().map(|delivery| delivery.stored.recorded_at);
            let recorded_at = if end == range.last { Some(range.last_recorded_at) } else { at_end };
            match self.write(handler, log, (end, recorded_at), &parking, &piece).await {
                Ok(()) => {}
                Err(ConsumerError::Apply(error)) if error.is_of_the_events() => {
                    broken.splice(0..0, parking);
                    match judge(&piece, &error) {
                        Verdict::SplitAt(at) => {
                            let second = piece.split_off(at);
                            pieces.push_front(second);
                            pieces.push_front(piece);
                        }
                        Verdict::Guilty(at) => {
                            let Some(guilty) = piece.get(at) else { return Err(ConsumerError::Apply(error)) };
                            let record = Parking {
                                aggregate_id: guilty.stored.aggregate_id,
                                position: guilty.stored.position,
                                error: error.telling(),
                            };
                            let place = broken.partition_point(|other| other.position < record.position);
                            broken.insert(place, record.clone());
                            // What comes before it in the piece is tried again without it, then the rest.
                            piece.retain(|delivery| {
                                delivery.stored.aggregate_id != record.aggregate_id
                                    || delivery.stored.position < record.position
                            });
                            for piece in &mut pieces {
                                piece.retain(|delivery| delivery.stored.aggregate_id != record.aggregate_id);
                            }
                            pieces.push_front(piece);
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        match newer {
            Some(newer) => Err(ConsumerError::Waiting(newer)),
            None => Ok(()),
        }
    }

    /// One transaction: the progress, the records to park, and what the handler writes.
    async fn write<H: Handler>(
        &mut self,
        handler: &mut H,
        log: LogName,
        (end, recorded_at): (LogPosition, Option<DateTime<Utc>>),
        parking: &[Parking],
        batch: &[Delivery<H::Event>],
    ) -> Result<(), ConsumerError> {
        let now = self.progress.get(log.as_str()).copied().unwrap_or_default();
        let to = Progress { position: end, ..now };
        let step = Advance { log, fence: self.fence, from: now.position, to, recorded_at };
        let mut tx = self.ledger.pool.begin().await?;
        if self.ledger.consumer.build.is_filled() {
            // A crash takes progress and rows alike, and they are made again.
            tx.execute("set local synchronous_commit = off").await?;
        }
        self.ledger.advance_in_tx(&mut tx, &step).await?;
        self.ledger.park_in_tx(&mut tx, log, parking).await?;
        if let Err(error) = hand_over(handler, &mut tx, batch).await {
            tx.rollback().await?;
            return Err(ConsumerError::Apply(error));
        }
        tx.commit().await?;

        self.renewed = Instant::now();
        self.progress.insert(log.as_str(), to);
        let (name, build) = (self.ledger.consumer.name, self.ledger.consumer.build.label());
        if self.is_whole() {
            gauge!("vnr_projection_progress", "projection" => name, "build" => build, "log" => log.as_str())
                .set(end.get() as f64);
            gauge!("vnr_projection_parked", "projection" => name, "build" => build)
                .set((self.parked.len() + parking.len()) as f64);
        }
        for record in parking {
            self.parked.insert(record.aggregate_id);
            error!(
                consumer = name,
                build,
                log = log.as_str(),
                aggregate_id = %record.aggregate_id,
                position = %record.position,
                reason = record.error,
                "a record is parked: its events from here on are left out until it is retried"
            );
        }
        Ok(())
    }

    /// Whether it is of a whole body: of slices side by side no figure says how far the body is.
    fn is_whole(&self) -> bool {
        self.ledger.consumer.build.slices().is_none()
    }

    fn tell_lag(&self, log: LogName, oldest: Option<DateTime<Utc>>) {
        if !self.is_whole() {
            return;
        }
        let seconds = oldest.map_or(0.0, |at| (Utc::now() - at).as_seconds_f64().max(0.0));
        let (name, build) = (self.ledger.consumer.name, self.ledger.consumer.build.label());
        gauge!("vnr_projection_lag_seconds", "projection" => name, "build" => build, "log" => log.as_str())
            .set(seconds);
    }

    /// Refuses where a log no longer has what was taken in from it. Else its present generation is taken over.
    async fn check_logs(&mut self) -> Result<(), ConsumerError> {
        for reader in &self.readers {
            let head = reader.head().await?;
            let known = self.progress.entry(reader.log().as_str()).or_default();
            let last_common = last_common(&self.ledger.pool, reader.log(), *known, &head).await?;
            if known.position > last_common {
                let place = |position: LogPosition| Place { generation: known.generation, position: position.get() };
                return Err(ConsumerError::AheadOfLog {
                    name: self.ledger.consumer.name,
                    log: reader.log(),
                    progress: place(known.position),
                    head: place(last_common),
                });
            }
            known.generation = head.generation;
        }
        Ok(())
    }
}

/// Last position up to which the log is still the one that was read.
async fn last_common(pool: &PgPool, log: LogName, known: Progress, head: &Head) -> Result<LogPosition, ConsumerError> {
    if head.generation == known.generation {
        return Ok(head.position);
    }
    let sql = format!("select min(first_position) from {log}.generations where generation > $1");
    let first: Option<i64> =
        sqlx::query_scalar(&sql).bind(i32::try_from(known.generation).unwrap_or(i32::MAX)).fetch_one(pool).await?;
    let before = first.map_or(head.position, |first| LogPosition::from_i64(first - 1));
    Ok(before.min(head.position))
}
