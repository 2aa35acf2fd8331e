//! The appender's task: collect, compose, claim; catch up where another process was first; answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Executor as _;
use tokio::sync::watch;
use tracing::{error, info, warn};
use uuid::Uuid;

use super::aside::{self, Snapshots};
use super::batch::{Belief, Columns};
use super::beyond::Beyond;
use super::cache::{Cache, ClaimKey};
use super::compose::{Composed, Composer, Verdict};
use super::flight::Ahead;
use super::lanes::Receivers;
use super::link::Link;
use super::snapshot::{self, Due};
use super::work::Changes;
use super::{AppendError, AppenderConfig, Environment, Queued, load};
use crate::log::{LogName, LogPosition};
use crate::read::{COLUMNS, event_of};

/// A clock that runs ahead of the monotonic one by more than this between two batches is not believed at once.
const CLOCK_LEAP: TimeDelta = TimeDelta::seconds(60);
/// Pause before the first new attempt to connect; doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A command without a deadline waits this long for a dead database.
const PATIENCE: Duration = Duration::from_secs(30);
/// Beyond so many foreign events it is cheaper to forget all records than to take the events over.
const FORGET_ALL: u64 = 5_000;

pub(super) async fn run(
    config: AppenderConfig,
    environment: Box<dyn Environment>,
    receivers: Receivers,
    head: watch::Sender<LogPosition>,
    ready: watch::Sender<bool>,
) {
    let (snapshots, due) = aside::snapshots();
    let aside = tokio::spawn(aside::serve(config.clone(), head.subscribe(), due));
    let cache = Cache::new(config.cache, config.ledger);
    let mut writer = Writer {
        config,
        environment,
        cache,
        repeating: false,
        forgotten: -1,
        link: None,
        clock: None,
        head,
        ready,
        snapshots,
    };
    // Readiness is told before the first command comes.
    while !writer.connect().await {
        tokio::time::sleep(LONGEST_PAUSE).await;
    }
    writer.serve(receivers).await;
    drop(writer);
    // The last snapshots and the last notification.
    if tokio::time::timeout(LONGEST_PAUSE, aside).await.is_err() {
        warn!("the last snapshots could not be kept in time; they are made again");
    }
}

pub(super) struct Writer {
    pub(super) config: AppenderConfig,
    environment: Box<dyn Environment>,
    cache: Cache,
    /// Whether commands come that took effect long ago: they are looked up before they are decided, until none is found.
    repeating: bool,
    /// Last position at which a key was destroyed that is forgotten here.
    forgotten: i64,
    pub(super) link: Option<Link>,
    clock: Option<(Instant, DateTime<Utc>)>,
    head: watch::Sender<LogPosition>,
    ready: watch::Sender<bool>,
    snapshots: Snapshots,
}

/// What became of an attempt to write a batch.
pub(super) enum Attempt {
    Written(Box<Composed>),
    /// Another process appended, or knows something that memory did not: catch up under the lock, then again. With what
    /// the batch would have claimed.
    Behind {
        /// Claims that the batch would have made.
        claims: Vec<ClaimKey>,
        /// Whether what memory has of the batch's own records was wrong: not only did another process append.
        doubtful: bool,
    },
    /// The connection is lost: it is not known whether the batch was written.
    Disconnected,
    /// The database refuses the batch itself.
    Refused(sqlx::Error),
}

impl Writer {
    /// Writes all of the batch, or answers why not: the careful way, one step after the other.
    pub(super) async fn write(&mut self, batch: Vec<Queued>) {
        self.write_after(batch, None).await;
    }

    /// As [`Writer::write`], after a first attempt. A batch that the database refuses is split until the guilty command stands
    /// alone.
    pub(super) async fn write_after(&mut self, batch: Vec<Queued>, mut first: Option<Attempt>) {
        let mut waiting = vec![batch];
        while let Some(mut batch) = waiting.pop() {
            let Some(error) = self.write_whole(&mut batch, first.take()).await else { continue };
            if batch.len() > 1 {
                let second = batch.split_off(batch.len() / 2);
                waiting.push(second);
                waiting.push(batch);
            } else if let Some(guilty) = batch.pop() {
                error!(log = %self.config.log, command_id = %guilty.submission.command_id, error = %error,
                       "the database refuses a command");
                guilty.answer(Err(AppendError::of_database(error)));
            }
        }
    }

    /// None when all of the batch is answered; otherwise why the database refuses it.
    async fn write_whole(&mut self, batch: &mut Vec<Queued>, mut first: Option<Attempt>) -> Option<sqlx::Error> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut locked = false;
        loop {
            self.answer_late(batch, began);
            if batch.is_empty() {
                self.unlock(locked).await;
                return None;
            }
            if self.link.is_none() && !self.connect().await {
                locked = false;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
            let attempt = match first.take() {
                Some(attempt) => attempt,
                None => {
                    let last = self.link.as_ref().map_or(DateTime::UNIX_EPOCH, |link| link.belief.recorded_at);
                    let Some(recorded_at) = self.recorded_at(last).await else {
                        for queued in batch.drain(..) {
                            queued.answer(Err(AppendError::Unavailable));
                        }
                        continue;
                    };
                    self.attempt(batch, recorded_at, locked).await
                }
            };
            match attempt {
                Attempt::Written(composed) => {
                    self.advance(composed.columns.after.clone());
                    self.take_over(std::mem::take(batch), *composed);
                    return None;
                }
                Attempt::Behind { .. } if locked => {
                    // Under the lock nothing can move; what still does not fit is the batch's own fault.
                    self.unlock(locked).await;
                    locked = false;
                    if batch.len() > 1 {
                        return Some(sqlx::Error::Protocol("the batch does not fit the log".into()));
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Attempt::Behind { claims, doubtful } => match self.catch_up(batch, &claims, doubtful).await {
                    Ok(()) => locked = true,
                    Err(error) => {
                        locked = false;
                        self.disconnect(&error);
                    }
                },
                Attempt::Disconnected => {
                    locked = false;
                    // A server without room takes the connection and refuses the batch: without a pause that is a hot loop.
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Attempt::Refused(error) => {
                    self.unlock(locked).await;
                    return Some(error);
                }
            }
        }
    }

    async fn attempt(&mut self, batch: &[Queued], recorded_at: DateTime<Utc>, locked: bool) -> Attempt {
        let Some(link) = &self.link else { return Attempt::Disconnected };
        let mut composed = Composed::on(&link.belief);
        if let Err(error) = self.foresee(batch, None, &composed.changes).await {
            return self.judge(error, Vec::new());
        }
        if let Err(error) = self.compose(batch, None, recorded_at, &mut composed).await {
            return self.judge(error, Vec::new());
        }
        let Some(link) = &mut self.link else { return Attempt::Disconnected };
        if composed.columns.commands.id.is_empty() {
            // A claim that succeeds proves the belief; where nothing is claimed, a refusal must ask.
            if !locked && !composed.refused.is_empty() {
                match link.belief.holds(&mut link.loader, self.config.log).await {
                    Ok(true) => {}
                    Ok(false) => return Attempt::Behind { claims: Vec::new(), doubtful: false },
                    Err(error) => return self.judge(error, Vec::new()),
                }
            }
            self.unlock(locked).await;
            return Attempt::Written(Box::new(composed));
        }
        let began = Instant::now();
        let appended = append(&composed.columns, link, self.config.log, locked).await;
        self.measure(began);
        match appended {
            Ok(true) => Attempt::Written(Box::new(composed)),
            Ok(false) => Attempt::Behind { claims: composed.changes.claims.into_keys().collect(), doubtful: false },
            Err(error) => self.judge(error, composed.changes.claims.into_keys().collect()),
        }
    }

    /// Reads what the commands need and memory does not have, in as few round trips as there can be.
    pub(super) async fn foresee(
        &mut self,
        batch: &[Queued],
        ahead: Option<&Ahead>,
        changes: &Changes,
    ) -> Result<(), sqlx::Error> {
        let Some(link) = &mut self.link else { return Err(sqlx::Error::PoolClosed) };
        if self.repeating {
            let ids = batch.iter().map(|queued| queued.submission.command_id);
            let unknown: Vec<Uuid> = ids.filter(|id| !self.cache.ledger.contains(id)).collect();
            let found = load::commands(&mut link.loader, self.config.log, &unknown, &mut self.cache).await?;
            self.repeating = found > 0 || unknown.is_empty();
        }
        self.composer(ahead)?.preload(batch, changes).await
    }

    /// Adds the commands of `batch` that `composed` does not have.
    pub(super) async fn compose(
        &mut self,
        batch: &[Queued],
        ahead: Option<&Ahead>,
        recorded_at: DateTime<Utc>,
        composed: &mut Composed,
    ) -> Result<(), sqlx::Error> {
        self.composer(ahead)?.add(batch, recorded_at, composed).await
    }

    fn composer<'a>(&'a mut self, ahead: Option<&'a Ahead>) -> Result<Composer<'a>, sqlx::Error> {
        let Some(link) = &mut self.link else { return Err(sqlx::Error::PoolClosed) };
        Ok(Composer {
            log: self.config.log,
            master: &self.config.master,
            environment: self.environment.as_mut(),
            cache: &mut self.cache,
            ahead,
            beyond: Beyond::Database(&mut link.loader),
        })
    }

    /// How long a batch took to write.
    pub(super) fn measure(&self, began: Instant) {
        metrics::histogram!("vnr_append_seconds", "log" => self.config.log.as_str())
            .record(began.elapsed().as_secs_f64());
    }

    /// What an error of the database makes of the attempt.
    pub(super) fn judge(&mut self, error: sqlx::Error, claims: Vec<ClaimKey>) -> Attempt {
        match &error {
            sqlx::Error::Database(database) => match database.code().as_deref() {
                // A repeated command, a moved stream, a taken claim that memory did not know.
                Some("VN001" | "VN002" | "VN003" | "VN005" | "23505" | "40001" | "40P01") => {
                    Attempt::Behind { claims, doubtful: true }
                }
                Some("VN004") => {
                    // Another process has wrapped all keys under a newer generation of the master key.
                    match self.config.master.reload() {
                        Ok(()) => {
                            info!(generations = ?self.config.master.generations(), "the master key was read again")
                        }
                        Err(error) => {
                            error!(error = %error, "the master key has a newer generation that can't be read")
                        }
                    }
                    self.disconnect(&sqlx::Error::Protocol("the master key has a newer generation".into()));
                    Attempt::Disconnected
                }
                // The server is going down or starting up, has no room for now, or is a copy that was put in the place of one that failed
                // and can't be written yet (25006).
                Some(code) if code == "25006" || ["57", "53", "08"].iter().any(|class| code.starts_with(class)) => {
                    self.disconnect(&error);
                    Attempt::Disconnected
                }
                _ => Attempt::Refused(error),
            },
            sqlx::Error::Decode(_) | sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. } => {
                Attempt::Refused(error)
            }
            _ => {
                self.disconnect(&error);
                Attempt::Disconnected
            }
        }
    }

    /// Takes the lock on the head, reads it, takes over what others appended and looks up what the batch names.
    ///
    /// ```text
    /// t0  we believe in head 10, another process appends 11 and commits
    /// t1  our append() updates the head where position = 10: no row, nothing written
    /// t2  begin; select … for update waits for whoever appends now; then nobody can append until we commit
    /// t3  a new statement reads the head: it sees all that was committed, whatever t2 saw
    /// t4  the batch is decided again on that, append() runs in this transaction and can't be late
    /// ```
    async fn catch_up(&mut self, batch: &[Queued], claims: &[ClaimKey], doubtful: bool) -> Result<(), sqlx::Error> {
        metrics::counter!("vnr_append_catch_ups_total", "log" => self.config.log.as_str()).increment(1);
        let Some(link) = &mut self.link else { return Err(sqlx::Error::PoolClosed) };
        let log = self.config.log;
        // No transaction is open here: without the lock an append is one statement.
        let connection = link.writing()?;
        connection.execute("begin").await?;
        let now = Belief::read(connection, log, true).await?;
        let foreign = now.position.saturating_sub(link.belief.position);
        if now.generation != link.belief.generation || foreign > FORGET_ALL {
            self.cache.forget_records();
        } else if foreign > 0 {
            let sql =
                format!("select {COLUMNS} from {log}.events where position > $1 and position <= $2 order by position");
            let rows = sqlx::query(&sql)
                .bind(link.belief.position as i64)
                .bind(now.position as i64)
                .fetch_all(link.writing()?)
                .await?;
            for row in &rows {
                let event = event_of(row)?;
                if let Some(stream) = self.cache.streams.peek_mut(&event.aggregate_id)
                    && !stream.take_over(&event)
                {
                    self.cache.streams.pop(&event.aggregate_id);
                }
            }
        }
        if foreign > 0 {
            link.forget_destroyed(log, &mut self.cache, &mut self.forgotten).await?;
        }
        self.cache.claims.clear();
        if doubtful {
            // What the batch itself touches is read afresh: a stream that did not fit was wrong here.
            for touch in batch.iter().flat_map(|queued| &queued.submission.touches) {
                self.cache.streams.pop(&touch.aggregate_id);
            }
        }
        link.belief = now;
        let ids: Vec<Uuid> = batch.iter().map(|queued| queued.submission.command_id).collect();
        self.repeating = load::commands(link.writing()?, log, &ids, &mut self.cache).await? > 0;
        load::claims(link.writing()?, log, claims, &mut self.cache).await
    }

    async fn unlock(&mut self, locked: bool) {
        let Some(link) = self.link.as_mut().filter(|_| locked) else { return };
        let rolled_back = match link.writing() {
            Ok(connection) => connection.execute("rollback").await,
            Err(error) => Err(error),
        };
        if let Err(error) = rolled_back {
            self.disconnect(&error);
        }
    }

    /// Connects and reads the head; false where that can't be done now.
    async fn connect(&mut self) -> bool {
        match Link::open(&self.config).await {
            Ok(link) => {
                let _ = self.head.send_replace(LogPosition::new(link.belief.position));
                // Others may have appended, and destroyed keys, while there was no connection.
                self.cache.forget_records();
                self.forgotten = -1;
                self.link = Some(link);
                let _ = self.ready.send_replace(true);
                info!(log = %self.config.log, "the appender is ready");
                true
            }
            Err(error) => {
                warn!(log = %self.config.log, error = %error, "the appender can't connect; trying again");
                false
            }
        }
    }

    fn disconnect(&mut self, error: &sqlx::Error) {
        match error.as_database_error().and_then(|error| error.code()).as_deref() {
            Some("53100") => error!(log = %self.config.log, error = %error,
                "the database's disk is full: nothing is recorded until there is room; make some, all else goes on by itself"),
            _ => warn!(log = %self.config.log, error = %error, "the appender lost its connection"),
        }
        self.link = None;
        // Without a connection it could not hear that a key was destroyed.
        self.cache.forget_records();
        let _ = self.ready.send_replace(false);
    }

    /// Forgets keys that were destroyed, also where nothing is to be written.
    pub(super) async fn forget_destroyed_when_idle(&mut self) {
        let Some(link) = &mut self.link else { return };
        if let Err(error) = link.forget_destroyed(self.config.log, &mut self.cache, &mut self.forgotten).await {
            self.disconnect(&error);
        }
    }

    /// Time of the next events: never before `last`. None when the clock has jumped ahead and the database's
    /// clock does not agree: such a time could not be taken back (I-2).
    pub(super) async fn recorded_at(&mut self, last: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (instant, wall) = (Instant::now(), self.environment.now());
        if let Some((then, wall_then)) = self.clock {
            let elapsed = TimeDelta::from_std(instant - then).unwrap_or(TimeDelta::zero());
            if wall - wall_then - elapsed > CLOCK_LEAP && !self.database_agrees(wall).await {
                metrics::counter!("vnr_clock_leaps_total").increment(1);
                error!(clock = %wall, expected = %(wall_then + elapsed),
                       "the clock has jumped ahead and the database's has not: nothing is recorded until it is right again");
                return None;
            }
        }
        self.clock = Some((instant, wall));
        Some(wall.max(last))
    }

    async fn database_agrees(&mut self, wall: DateTime<Utc>) -> bool {
        let Some(link) = &mut self.link else { return true };
        let time: Result<DateTime<Utc>, _> =
            sqlx::query_scalar("select clock_timestamp()").fetch_one(&mut link.loader).await;
        time.is_ok_and(|time| (time - wall).abs() < CLOCK_LEAP)
    }

    /// Answers those whose time is up.
    fn answer_late(&self, batch: &mut Vec<Queued>, began: Instant) {
        let now = Instant::now();
        let no_link = self.link.is_none();
        for queued in batch.extract_if(.., |queued| match queued.submission.deadline {
            Some(deadline) => deadline <= now,
            None => no_link && began.elapsed() > PATIENCE,
        }) {
            let answer = if no_link { AppendError::Unavailable } else { AppendError::DeadlinePassed };
            queued.answer(Err(answer));
        }
    }

    /// What the log's end is now.
    pub(super) fn advance(&mut self, after: Belief) {
        let _ = self.head.send_replace(LogPosition::new(after.position));
        if let Some(link) = &mut self.link {
            link.belief = after;
        }
    }

    /// Takes over what was written and answers each command.
    pub(super) fn take_over(&mut self, batch: Vec<Queued>, written: Composed) {
        let Composed { columns, changes, verdicts, mut replies, .. } = written;
        let mut streams = changes.streams;
        for (place, id) in columns.streams.id.iter().enumerate() {
            let Some(stream) = streams.get_mut(id).filter(|stream| stream.version >= stream.snapshot_at) else {
                continue;
            };
            let position = columns.streams.last[place] as u64;
            // The batch's events follow on the position before it.
            let last = position.checked_sub(columns.before.position + 1).and_then(|place| usize::try_from(place).ok());
            let Some(event_id) = last.and_then(|place| columns.events.id.get(place)) else { continue };
            stream.snapshot_at = stream.version + snapshot::WARM;
            // Where there is no room it is made another time.
            let _ = self.snapshots.try_send(Due {
                aggregate_id: *id,
                aggregate_type: stream.aggregate_type.to_string(),
                version: stream.version,
                position,
                event_id: *event_id,
                kind: stream.kind,
                state: Arc::clone(&stream.state),
            });
        }
        for (id, stream) in streams {
            self.cache.streams.put(id, stream);
        }
        for (claim, (_, owner)) in changes.claims {
            self.cache.claims.put(claim, Some(owner));
        }
        metrics::histogram!("vnr_append_batch_commands", "log" => self.config.log.as_str()).record(batch.len() as f64);
        for (queued, verdict) in batch.into_iter().zip(verdicts) {
            let command_id = queued.submission.command_id;
            let answer = match verdict {
                Verdict::Answered(answer) => answer,
                Verdict::Written => match replies.remove(&command_id) {
                    Some(entry) => {
                        let reply = entry.reply.clone();
                        self.cache.ledger.put(command_id, entry);
                        Ok(reply)
                    }
                    None => Err(AppendError::Unavailable),
                },
            };
            queued.answer(answer);
        }
    }
}

/// One round trip; under the lock the open transaction is committed with it.
async fn append(columns: &Columns, link: &mut Link, log: LogName, locked: bool) -> Result<bool, sqlx::Error> {
    let connection = link.writing()?;
    let appended = columns.append(connection, log).await?;
    if locked {
        connection.execute(if appended { "commit" } else { "rollback" }).await?;
    }
    Ok(appended)
}
