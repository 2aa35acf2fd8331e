//! Consumers: those who follow the logs and keep something up to date with them, read models and process managers alike.
//!
//! A consumer has a row of progress for each log that it reads. A worker holds the consumer's lease, takes the events
//! after its progress in pages, hands them to a [`Handler`], and moves the progress in the transaction in which the
//! handler wrote: by compare-and-set on the progress and on the fence of the lease (I-10). So each event takes effect
//! exactly once, whatever dies and whoever believes to hold the lease:
//!
//! ```text
//!   t0  worker A holds the lease with fence 7, stands at 100 and stops for a minute (swapped out, cut off)
//!   t1  the lease runs out; worker B takes it: fence 8
//!   t2  B takes 101–200 in: progress 200
//!   t3  A wakes up and wants to move 100 -> 150 with fence 7: no such row, its whole transaction is undone
//! ```
//!
//! An event that can't be taken in parks its record: its later events are left out too, so that no record is seen with a
//! hole, an alarm is raised, and all others move on.

mod batch;
mod bodies;
mod build;
mod error;
mod heads;
mod ledger;
mod listing;
mod progress;
mod retry;
mod session;
mod throttle;
mod worker;

use futures::future::BoxFuture;
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::bodies::BodyState;
pub use self::build::{Build, Filled, MOST_SLICES};
pub use self::error::{ApplyError, ConsumerError};
pub use self::heads::Heads;
pub use self::ledger::{Ledger, Progress};
pub use self::listing::{ConsumerStatus, ParkedRecord, parked, statuses};
pub use self::progress::{CHANNEL, NotReached, ProgressWatch};
pub use self::retry::{retry_parked, retry_parked_in_tx};
pub use self::session::{Session, Step};
pub use self::worker::{LEASE, Worker, run};

use crate::log::{DecodeError, LogName, StoredEvent};
use crate::migrate::MigrationSet;

/// A consumer: its name, the version of its code, and the logs that it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// Name, in the database and in metrics.
    pub name: &'static str,
    /// Which body of data.
    pub build: Build,
    /// Version of the code; what another version wrote is left alone.
    pub version: u32,
    /// Logs that it reads, in the order in which pages of them are taken.
    pub logs: &'static [LogName],
}

impl Consumer {
    /// The consumer that serves.
    pub const fn live(name: &'static str, version: u32, logs: &'static [LogName]) -> Consumer {
        Consumer { name, build: Build::Live, version, logs }
    }

    /// Another body of the same.
    #[must_use]
    pub fn body(&self, build: Build) -> Consumer {
        Consumer { build, ..self.clone() }
    }
}

/// An event on its way into a consumer: as it lies in the log, and decoded.
#[derive(Debug, Clone)]
pub struct Delivery<E> {
    /// As it lies in the log.
    pub stored: StoredEvent,
    /// What it says.
    pub event: E,
}

/// What a consumer does with events.
///
/// A handler keeps nothing between calls that the database does not have: a batch may be undone and come again in other
/// pieces. What it writes must not depend on how the log was cut into batches, nor on clock or chance (I-11).
pub trait Handler: Send {
    /// A decoded event.
    type Event: Send + Sync;

    /// Types of streams that matter to it; the events of others are passed over unread.
    fn reads(&self) -> &'static [&'static str];

    /// Of these the types whose streams may be taken in apart from one another: what an event of one stream does depends on no other of
    /// them. Where there are any, a body can be filled in slices; streams of the other types go to every slice.
    fn apart(&self) -> &'static [&'static str] {
        &[]
    }

    /// What the event says.
    ///
    /// # Errors
    /// [`DecodeError::Newer`] makes the consumer wait for a newer program, the others park the record.
    fn decode(&self, event: &StoredEvent) -> Result<Self::Event, DecodeError>;

    /// Takes the events in, all of one log and in its order, by writing through `tx`.
    ///
    /// # Errors
    /// Whatever it says, everything written through `tx` is undone.
    fn apply<'a>(
        &'a mut self,
        tx: &'a mut PgConnection,
        batch: &'a [Delivery<Self::Event>],
    ) -> BoxFuture<'a, Result<(), ApplyError>>;
}

impl<H: Handler + ?Sized> Handler for Box<H> {
    type Event = H::Event;

    fn reads(&self) -> &'static [&'static str] {
        (**self).reads()
    }

    fn apart(&self) -> &'static [&'static str] {
        (**self).apart()
    }

    fn decode(&self, event: &StoredEvent) -> Result<Self::Event, DecodeError> {
        (**self).decode(event)
    }

    fn apply<'a>(
        &'a mut self,
        tx: &'a mut PgConnection,
        batch: &'a [Delivery<Self::Event>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        (**self).apply(tx, batch)
    }
}

/// What makes the tables of the consumer runtime.
pub fn migration_set() -> MigrationSet {
    MigrationSet { base: 50_000, name: "consumers".to_owned(), log: None, files: schema::CONSUMERS, values: Vec::new() }
}

/// Name of a worker: unique, and telling where it runs.
pub fn holder_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    let unique = Uuid::now_v7().simple().to_string();
    format!("{}/{}/{}", if host.is_empty() { "host" } else { host }, std::process::id(), &unique[24..])
}
