//! Sends the commands of groups in order, many in flight, and books what becomes of them.
//!
//! The commands that end a group are sent only after every row of the group has been taken, at a fixed distance behind
//! its last row, so that the order of sending does not depend on how fast results come.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use hdrhistogram::Histogram;
use lru::LruCache;
use proto::command::v1::{CommandEnvelope, CommandResult};
use tokio::sync::mpsc;
use tonic::Status;
use uuid::Uuid;

use super::ImportError;
use super::compose::{Command, Composed};
use super::ledger::{Ledger, RowResult};
use super::link::{Link, Target, is_passing};
use super::outcome::{Outcome, name_of};
use super::pace::{Pace, Speed};
use super::watch::Watch;
use super::window::Window;

/// Ids of `once` steps that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(65_536).expect("is not zero");
/// Most groups that are open at once.
const MOST_OPEN: usize = 4096;
/// A stream that gives no result for so long is taken for dead.
const SILENCE: Duration = Duration::from_secs(30);
/// How often it is looked at how far the sending is, and, where the file is played in time, what is due.
const TICK: Duration = Duration::from_millis(200);
const PACED_TICK: Duration = Duration::from_millis(20);
/// Shortest and longest pause before the register is tried again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// How commands are sent.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    /// Register that they go to.
    pub target: Target,
    /// Most commands in flight.
    pub window: usize,
    /// How fast the file is played, where it is played in time.
    pub speed: Option<Speed>,
    /// How long a register that is away is waited for.
    pub patience: Duration,
    /// When the import was begun: what was recorded since, and sent twice, is its own.
    pub begun_at: DateTime<Utc>,
    /// Whether the import was broken off before.
    pub resumed: bool,
}

struct OpenGroup {
    label: String,
    rows: Vec<RowResult>,
    waiting: usize,
    end: Vec<Command>,
    ended: bool,
}

/// Sends what comes from the composer.
pub(super) struct Pipeline<'w> {
    sending: Sending,
    groups: mpsc::Receiver<Result<Composed, std::io::Error>>,
    /// Ids of `once` steps that were sent: what is forgotten is only sent again.
    sent_once: LruCache<Uuid, ()>,
    ledger: Ledger,
    watch: &'w dyn Watch,
    window: Window,
    link: Option<Link>,
    outbox: VecDeque<(u64, Command)>,
    /// What is not due yet, where the file is played in time.
    pace: Option<Pace>,
    open: BTreeMap<u64, OpenGroup>,
    /// Groups that are not ended, with how many commands had been taken when their last row was.
    held: VecDeque<(u64, u64)>,
    next_group: u64,
    taken: u64,
    all_read: bool,
    latencies: Histogram<u64>,
    heard: Instant,
    settled: Instant,
    attempts: u32,
}

impl<'w> Pipeline<'w> {
    /// A pipeline from `groups` into `ledger`.
    ///
    /// # Errors
    /// Never with the bounds of the histogram that it has.
    pub(super) fn new(
        sending: Sending,
        groups: mpsc::Receiver<Result<Composed, std::io::Error>>,
        ledger: Ledger,
        watch: &'w dyn Watch,
    ) -> Result<Self, ImportError> {
        let latencies = Histogram::new_with_bounds(1, 600_000_000, 3).map_err(|_| ImportError::Histogram)?;
        let now = Instant::now();
        let pace = sending.speed.map(Pace::new);
        Ok(Self {
            sending,
            pace,
            groups,
            sent_once: LruCache::new(REMEMBERED),
            ledger,
            watch,
            window: Window::default(),
            link: None,
            outbox: VecDeque::new(),
            open: BTreeMap::new(),
            held: VecDeque::new(),
            next_group: 0,
            taken: 0,
            all_read: false,
            latencies,
            heard: now,
            settled: now,
            attempts: 0,
        })
    }

    /// Sends everything; gives the books and the times that commands took, in microseconds.
    ///
    /// # Errors
    /// Where the register stays away, does not want the commands, or a file can't be read or written. The progress up
    /// to there is kept.
    pub(super) async fn run(mut self) -> Result<(Ledger, Histogram<u64>), ImportError> {
        match self.send_all().await {
            Ok(()) => Ok((self.ledger, self.latencies)),
            Err(error) => {
                self.ledger.save()?;
                Err(error)
            }
        }
    }

    async fn send_all(&mut self) -> Result<(), ImportError> {
        let mut tick = tokio::time::interval(if self.pace.is_some() { PACED_TICK } else { TICK });
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            self.fill();
            if self.link.is_none() && !self.window.is_empty() {
                self.connect().await?;
            }
            let wants_group = !self.all_read
                && self.outbox.is_empty()
                && self.open.len() < MOST_OPEN
                && self.pace.as_ref().map_or_else(|| !self.end_is_due(), Pace::wants_group);
            let waits = self.pace.as_ref().is_some_and(|pace| !pace.is_empty());
            if self.window.is_empty() && self.all_read && self.outbox.is_empty() && self.held.is_empty() && !waits {
                return self.book();
            }
            tokio::select! {
                result = result_of(&mut self.link), if !self.window.is_empty() => self.hear(result)?,
                group = self.groups.recv(), if wants_group => self.take(group)?,
                _ = tick.tick() => {
                    self.watch.sent(self.ledger.counts(), self.window.len());
                    if !self.window.is_empty() && self.heard.elapsed() > SILENCE {
                        self.hear(Err(Status::unavailable("the register gave no answer")))?;
                    }
                }
            }
            self.book()?;
        }
    }

    /// Sends what there is room for.
    fn fill(&mut self) {
        loop {
            if let Some(pace) = &mut self.pace {
                self.outbox.extend(std::iter::from_fn(|| pace.next()));
            }
            while self.window.len() < self.sending.window
                && let Some((group, command)) = self.outbox.pop_front()
            {
                if command.once && self.sent_once.put(command.id, ()).is_some() {
                    self.open.entry(group).and_modify(|group| group.waiting -= 1);
                    continue;
                }
                if self.window.is_empty() {
                    (self.heard, self.settled) = (Instant::now(), Instant::now());
                }
                let message = self.window.push(group, command);
                if let Some(link) = &self.link {
                    link.send(message);
                }
            }
            if !self.outbox.is_empty() || !self.end_next() {
                return;
            }
        }
    }

    /// Whether the oldest group must be ended before another is taken.
    fn end_is_due(&self) -> bool {
        let distance = self.sending.window as u64 / 2;
        self.held.front().is_some_and(|(_, mark)| self.all_read || self.taken - mark >= distance)
    }

    /// Ends the oldest group if it is due and everything of it is known.
    fn end_next(&mut self) -> bool {
        if self.pace.is_some() {
            return self.end_played();
        }
        if !self.end_is_due() {
            return false;
        }
        let Some((index, group)) = self.held.front().and_then(|(index, _)| Some((*index, self.open.get_mut(index)?)))
        else {
            return self.held.pop_front().is_some();
        };
        if group.waiting > 0 {
            return false;
        }
        self.held.pop_front();
        group.ended = true;
        let end = std::mem::take(&mut group.end);
        if !group.rows.iter().any(RowResult::is_refused) {
            group.waiting = end.len();
            self.taken += end.len() as u64;
            self.outbox.extend(end.into_iter().map(|command| (index, command)));
        }
        true
    }

    /// Ends the groups of which everything is known and whose end is due, where the file is played in time.
    fn end_played(&mut self) -> bool {
        let (Some(pace), before) = (&self.pace, self.outbox.len()) else { return false };
        let (open, outbox) = (&mut self.open, &mut self.outbox);
        self.held.retain(|(index, _)| {
            let Some(group) = open.get_mut(index) else { return false };
            if group.waiting > 0 || !group.end.iter().all(|command| pace.is_due(command.at)) {
                return true;
            }
            group.ended = true;
            let end = std::mem::take(&mut group.end);
            if !group.rows.iter().any(RowResult::is_refused) {
                group.waiting = end.len();
                outbox.extend(end.into_iter().map(|command| (*index, command)));
            }
            false
        });
        self.outbox.len() > before
    }

    fn take(&mut self, group: Option<Result<Composed, std::io::Error>>) -> Result<(), ImportError> {
        let Some(group) = group else {
            self.all_read = true;
            return Ok(());
        };
        let Composed { label, rows, commands, end } = group.map_err(ImportError::Read)?;
        let index = self.next_group;
        self.next_group += 1;
        self.taken += commands.len() as u64;
        let ended = end.is_empty();
        if !ended {
            self.held.push_back((index, self.taken));
        }
        let rows = rows.into_iter().map(RowResult::new).collect();
        self.open.insert(index, OpenGroup { label, rows, waiting: commands.len(), end, ended });
        match &mut self.pace {
            Some(pace) => pace.take(index, commands),
            None => self.outbox.extend(commands.into_iter().map(|command| (index, command))),
        }
        Ok(())
    }

    fn hear(&mut self, result: Result<Option<CommandResult>, Status>) -> Result<(), ImportError> {
        match result {
            Ok(Some(result)) => {
                self.heard = Instant::now();
                self.note(result)?;
                self.settle()
            }
            Ok(None) => self.goes_away("the register ended the stream"),
            Err(status) if is_passing(status.code()) => self.goes_away(status.message()),
            Err(status) => Err(unwelcome(&status)),
        }
    }

    fn note(&mut self, result: CommandResult) -> Result<(), ImportError> {
        let Ok(id) = result.command_id.parse::<Uuid>() else { return Ok(()) };
        let Some(flight) = self.window.waiting(id) else { return Ok(()) };
        let outcome = Outcome::of(result, &flight.step, flight.once);
        if let Outcome::Passing(message) = &outcome {
            return self.goes_away(&message.clone());
        }
        if let Some(took) = self.window.note(id, outcome) {
            self.latencies.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), ImportError> {
        while let Some((flight, outcome)) = self.window.settle() {
            self.settled = Instant::now();
            self.attempts = 0;
            let own = (flight.resent || self.sending.resumed) && self.is_own(&outcome);
            let Some(group) = self.open.get_mut(&flight.group) else { continue };
            group.waiting -= 1;
            let Some(row) = group.rows.get_mut(flight.row) else { continue };
            match outcome {
                Outcome::New { events } => (row.new, row.events) = (row.new + 1, row.events + u64::from(events)),
                Outcome::Repeated { events, .. } if own => {
                    (row.new, row.events) = (row.new + 1, row.events + u64::from(events));
                }
                Outcome::Repeated { .. } => row.repeated += 1,
                Outcome::Refused(reasons) => {
                    row.refuse(reasons);
                    // The next row that needs it says it again.
                    self.sent_once.pop(&flight.id);
                }
                Outcome::Unwelcome(message) => return Err(unwelcome(&Status::unauthenticated(message))),
                Outcome::Passing(_) => {}
            }
        }
        Ok(())
    }

    /// Whether a command that was sent twice took effect the first time in this import, and not before it.
    fn is_own(&self, outcome: &Outcome) -> bool {
        let Outcome::Repeated { recorded_at, .. } = outcome else { return false };
        DateTime::parse_from_rfc3339(recorded_at).is_ok_and(|at| at >= self.sending.begun_at)
    }

    /// Books groups of which everything is known, in their order.
    fn book(&mut self) -> Result<(), ImportError> {
        while let Some(entry) = self.open.first_entry()
            && entry.get().ended
            && entry.get().waiting == 0
        {
            let group = entry.remove();
            self.ledger.book(&group.label, &group.rows)?;
        }
        Ok(())
    }

    /// Connects, again and again while there is patience, and sends what is not settled.
    async fn connect(&mut self) -> Result<(), ImportError> {
        loop {
            if self.attempts > 0 {
                let pause = (PAUSE.0 * 2_u32.saturating_pow(self.attempts.min(10))).min(PAUSE.1);
                tokio::time::sleep(pause).await;
            }
            self.attempts += 1;
            let again: Vec<CommandEnvelope> = self.window.resend();
            match Link::open(&self.sending.target, self.sending.window, again).await {
                Ok(link) => {
                    self.link = Some(link);
                    self.heard = Instant::now();
                    self.watch.connected();
                    return Ok(());
                }
                Err(status) if !is_passing(status.code()) => return Err(unwelcome(&status)),
                Err(status) => self.goes_away(status.message())?,
            }
        }
    }

    /// Notes that the register is away; an error once it has settled nothing for too long.
    fn goes_away(&mut self, why: &str) -> Result<(), ImportError> {
        self.watch.waiting(why);
        self.link = None;
        if self.settled.elapsed() <= self.sending.patience {
            return Ok(());
        }
        let (target, seconds) = (self.sending.target.url().to_owned(), self.sending.patience.as_secs());
        Err(ImportError::Away { target, seconds, message: why.to_owned() })
    }
}

async fn result_of(link: &mut Option<Link>) -> Result<Option<CommandResult>, Status> {
    match link {
        Some(link) => link.result().await,
        None => Ok(None),
    }
}

fn unwelcome(status: &Status) -> ImportError {
    ImportError::Unwelcome { code: name_of(status.code()), message: status.message().to_owned() }
}
