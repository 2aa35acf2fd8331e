//! Readers that tail the log while it is written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use event_store::leaf::Leaf;
use event_store::log::{Head, LogPosition, StoredEvent};
use event_store::read::LogReader;
use event_store::tail::HeadWatch;
use event_store::tree::Hash;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio::sync::watch;

use crate::support::journal::{Journal, lines};
use crate::support::roles::told;
use crate::support::{LOG, pool};

/// How far a reader has come, with a hash over the content of every event that came to it, in the order in which they came:
/// two readers with the same hash have seen the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) position: LogPosition,
    pub(crate) hash: u128,
    pub(crate) recorded_at: DateTime<Utc>,
}

impl Seen {
    pub(crate) const NOTHING: Seen = Seen { position: LogPosition::START, hash: 0, recorded_at: DateTime::UNIX_EPOCH };

    /// One more; returns the hash of its leaf, computed anew.
    pub(crate) fn take(&mut self, event: &StoredEvent, log: &Head) -> Hash {
        assert_eq!(event.position, self.position.next(), "the next event is not the next");
        assert!(event.recorded_at >= self.recorded_at, "{} was recorded before the one before it", event.position);
        let leaf = Leaf::of(event, &log.origin, log.generation).hash();
        assert_eq!(event.leaf_hash, leaf, "{} has another leaf", event.position);
        let both = Sha256::new().chain_update(self.hash.to_be_bytes()).chain_update(leaf).finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&both[..16]);
        *self = Seen { position: event.position, hash: u128::from_be_bytes(half), recorded_at: event.recorded_at };
        leaf
    }
}

/// Reads what comes, telling how far it is, until it has seen all up to `end`.
async fn tail(pool: PgPool, mut seen: Seen, end: watch::Receiver<u64>, told: &mut (dyn FnMut(&Seen) + Send)) -> Seen {
    let head = HeadWatch::start(pool.clone(), LOG);
    let reader = LogReader::new(pool, LOG);
    let log = reader.head().await.unwrap();
    while seen.position.get() < *end.borrow() {
        head.beyond(seen.position, Duration::from_millis(200)).await;
        let page = reader.page(seen.position, 500).await.unwrap();
        for event in &page {
            seen.take(event, &log);
        }
        if !page.is_empty() {
            told(&seen);
        }
    }
    seen
}

/// The reader that lives as long as the test.
pub(crate) async fn living(pool: PgPool, end: watch::Receiver<u64>) -> Seen {
    tail(pool, Seen::NOTHING, end, &mut |_| {}).await
}

pub(crate) fn journal(folder: &Path) -> PathBuf {
    folder.join("reader")
}

/// The progress of the reader that is killed, page by page. A line is both what it did with a page and how far it is, so a kill
/// loses both or none.
pub(crate) fn progress(folder: &Path) -> Vec<Seen> {
    let seen = lines(&journal(folder)).into_iter().map(|line| Seen {
        position: LogPosition::new(line[0].parse().unwrap()),
        hash: line[1].parse().unwrap(),
        recorded_at: DateTime::from_timestamp_micros(line[2].parse().unwrap()).unwrap(),
    });
    seen.collect()
}

/// Role: tails from where the process before it was killed.
#[tokio::test]
async fn role_reader() {
    let Some(url) = told("url") else { return };
    let folder = PathBuf::from(told("folder").unwrap());
    let seen = progress(&folder).last().copied().unwrap_or(Seen::NOTHING);
    let mut journal = Journal::open(&journal(&folder));
    let (_never, for_ever) = watch::channel(u64::MAX);
    let written = &mut |seen: &Seen| {
        let Seen { position, hash, recorded_at } = seen;
        journal.line(format_args!("{position} {hash} {}", recorded_at.timestamp_micros()));
    };
    tail(pool(&url, 3).await, seen, for_ever, written).await;
}
