//! Appending to a log: compose, then claim (I-3).
//!
//! One task for each log and process, the appender, takes what has queued up while the last commit was in flight,
//! decides each command on the state that the one before left, fills in positions, numbers and times, seals, serialises
//! and hashes in memory, then writes one transaction whose first act claims the next positions from the head.
//! A claim that succeeds proves that nobody appended since, and so that all that was decided still holds.
//!
//! ```text
//!   gRPC calls ──> lanes (urgent | interactive | bulk) ──> compose ──> append() in one round trip ──> replies
//!                                                             ^             │ another process was first
//!                                                             └── catch up ─┘ (lock the head, read the tail)
//! ```

mod aside;
mod batch;
mod beyond;
mod cache;
mod compose;
mod environment;
mod error;
mod flight;
mod generation;
pub mod holders;
mod kind;
mod lanes;
mod link;
mod load;
mod metadata;
pub(crate) mod numbers;
mod pipeline;
mod reply;
mod snapshot;
mod whole;
mod work;
mod writer;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use chrono::{DateTime, FixedOffset};
use sqlx::PgPool;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use self::environment::{Environment, NoRandomness, SystemEnvironment};
pub use self::error::{AppendError, ClaimTaken, Stop, VersionConflict, WrongType};
pub use self::generation::{Begun, GenerationError, Lossy, begin_generation};
pub use self::lanes::{Lane, LaneBounds};
pub use self::metadata::Metadata;
pub use self::reply::Reply;
pub use self::whole::{Made, WholeLog, WholeLogError, Written};
pub use self::work::{Target, Touch, Work};
use crate::log::{LogName, LogPosition};
use crate::seal::MasterKeys;

/// Decides a command: reads and changes records through [`Work`]. It may be called more than once for one command, each
/// time on the newest state, so it must not do anything else.
pub type Decision = Box<dyn Fn(&mut Work<'_>) -> Result<Target, Stop> + Send + Sync>;

/// A command on its way into the log.
pub struct Submission {
    /// Chosen by the sender; the same id takes effect once (I-4).
    pub command_id: Uuid,
    /// How urgent it is.
    pub lane: Lane,
    /// It is not written after this moment.
    pub deadline: Option<Instant>,
    /// Keyed digest of what is asked: tells a repetition from another command under the same id.
    pub digest: [u8; 32],
    /// Who, why and where from: becomes the metadata of each event.
    pub metadata: Metadata,
    /// When it happened.
    pub occurred_at: DateTime<FixedOffset>,
    /// Records that it will touch, so that those of a batch are loaded at once. Others are loaded when they are asked for.
    pub touches: Vec<Touch>,
    /// What it does.
    pub decide: Decision,
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission")
            .field("command_id", &self.command_id)
            .field("lane", &self.lane)
            .finish_non_exhaustive()
    }
}

/// A submission and where its answer goes.
pub(crate) struct Queued {
    pub(crate) submission: Submission,
    pub(crate) answer: oneshot::Sender<Result<Reply, AppendError>>,
}

impl Queued {
    pub(crate) fn answer(self, answer: Result<Reply, AppendError>) {
        // A caller that has gone may ask again by its command id.
        let _ = self.answer.send(answer);
    }
}

/// What an appender is started with.
#[derive(Debug, Clone)]
pub struct AppenderConfig {
    /// The log it appends to.
    pub log: LogName,
    /// Where it takes its own connection from; the application's role.
    pub pool: PgPool,
    /// Wraps the keys of personal data.
    pub master: Arc<MasterKeys>,
    /// How many commands can wait in each lane.
    pub bounds: LaneBounds,
    /// Most commands in one transaction.
    pub batch: usize,
    /// Records kept in memory.
    pub cache: usize,
    /// Command ids kept in memory.
    pub ledger: usize,
}

impl AppenderConfig {
    /// The usual sizes.
    pub fn new(log: LogName, pool: PgPool, master: Arc<MasterKeys>) -> AppenderConfig {
        AppenderConfig { log, pool, master, bounds: LaneBounds::default(), batch: 256, cache: 50_000, ledger: 65_536 }
    }
}

/// Appends to one log. Clones share the one appender of the process; it ends when the last is dropped.
#[derive(Debug, Clone)]
pub struct Appender {
    lanes: lanes::Senders,
    head: watch::Receiver<LogPosition>,
    ready: watch::Receiver<bool>,
}

impl Appender {
    /// Starts the appender of `config.log` in this process. The task ends when the last clone is dropped and all that
    /// was queued is answered.
    pub fn start(config: AppenderConfig) -> (Appender, JoinHandle<()>) {
        Self::start_in(config, Box::new(SystemEnvironment))
    }

    /// As `start`, with clock, ids and randomness from `environment`.
    pub fn start_in(config: AppenderConfig, environment: Box<dyn Environment>) -> (Appender, JoinHandle<()>) {
        let (lanes, receivers) = lanes::open(config.bounds);
        let (head_sender, head) = watch::channel(LogPosition::START);
        let (ready_sender, ready) = watch::channel(false);
        let task = tokio::spawn(writer::run(config, environment, receivers, head_sender, ready_sender));
        (Appender { lanes, head, ready }, task)
    }

    /// Appends a command and waits for its answer. A full lane refuses at once.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub async fn submit(&self, submission: Submission) -> Result<Reply, AppendError> {
        self.enqueue(submission)?.await
    }

    /// Queues a command, or refuses at once when its lane is full. Commands are decided in the order of their lane.
    ///
    /// # Errors
    /// When the lane is full or the appender has ended.
    pub fn enqueue(&self, submission: Submission) -> Result<Pending, AppendError> {
        let (answer, pending) = oneshot::channel();
        self.lanes.try_send(Queued { submission, answer })?;
        Ok(Pending(pending))
    }

    /// Queues a command, waiting for room in its lane.
    ///
    /// # Errors
    /// When the appender has ended.
    pub async fn enqueue_waiting(&self, submission: Submission) -> Result<Pending, AppendError> {
        let (answer, pending) = oneshot::channel();
        self.lanes.send(Queued { submission, answer }).await?;
        Ok(Pending(pending))
    }

    /// The position of the last event that this process knows to be committed.
    pub fn head(&self) -> LogPosition {
        *self.head.borrow()
    }

    /// Tells each new position that this process has committed.
    pub fn subscribe(&self) -> watch::Receiver<LogPosition> {
        self.head.clone()
    }

    /// Whether it has a connection and knows the head.
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Tells when it gains or loses its connection.
    pub fn readiness(&self) -> watch::Receiver<bool> {
        self.ready.clone()
    }
}

/// The answer to a queued command, once it is there.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Reply, AppendError>>);

impl Future for Pending {
    type Output = Result<Reply, AppendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(AppendError::Unavailable)))
    }
}
