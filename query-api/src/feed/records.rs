//! Which of the records that are followed have moved. What of a record somebody is shown depends on them, so they read it
//! themselves, when there is something to read.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use event_store::log::LogName;
use projections::Projection as _;
use projections::timeline::{EntryRow, Timeline};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Board;
use crate::error::QueryError;
use crate::freshness::Tide;
use crate::position::LogPosition;

/// How many follow each record.
type Counts = Arc<Mutex<HashMap<Uuid, usize>>>;

/// The last entries in the timelines of the records that are followed.
#[derive(Default)]
pub(crate) struct Records {
    counts: Counts,
    progress: Option<LogPosition>,
    last: HashMap<Uuid, u64>,
}

impl Records {
    /// Follows a record until it is dropped. Who then reads the record for themselves misses nothing: a reading of the feed that
    /// began before looks for it in vain, so it counts as moved; every later one looks for it.
    pub(crate) fn follow(&self, record: Uuid) -> Followed {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(record).or_default() += 1;
        Followed { record, counts: Arc::clone(&self.counts) }
    }

    /// Whether something may have happened to a record after a position that was told of it.
    pub(crate) fn has_moved(&self, record: Uuid, told: LogPosition) -> bool {
        self.progress.is_some_and(|progress| progress.generation != told.generation)
            || self.last.get(&record).is_some_and(|last| *last > told.position)
    }
}

/// A record that somebody follows.
pub(crate) struct Followed {
    pub(crate) record: Uuid,
    counts: Counts,
}

impl Drop for Followed {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.record) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.record);
            }
        }
    }
}

/// What a reading found.
pub(crate) struct News {
    progress: LogPosition,
    /// The records that were looked for.
    asked: HashSet<Uuid>,
    moved: Vec<(Uuid, u64)>,
}

impl Board for Records {
    type Asked = (HashSet<Uuid>, u64);
    type News = News;

    fn is_behind(&self, tide: &Tide) -> bool {
        self.progress != Some(tide.progress(Timeline::NAME, LogName::REGISTER))
    }

    fn asks(&self) -> Self::Asked {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        (counts.keys().copied().collect(), self.progress.map_or(0, |progress| progress.position))
    }

    async fn read((asked, after): Self::Asked, connection: &mut PgConnection) -> Result<Self::News, QueryError> {
        let progress = Tide::read(connection).await?.progress(Timeline::NAME, LogName::REGISTER);
        let moved = EntryRow::last_after(connection, &Vec::from_iter(asked.iter().copied()), after).await?;
        Ok(News { progress, asked, moved })
    }

    fn take_in(&mut self, News { progress, asked, moved }: News) -> bool {
        let before = self.progress.replace(progress);
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        self.last.retain(|record, _| counts.contains_key(record));
        let unasked = counts.keys().filter(|record| !asked.contains(record));
        let moved: HashMap<Uuid, u64> = unasked.map(|record| (*record, progress.position)).chain(moved).collect();
        drop(counts);
        let changed = !moved.is_empty() || before.is_some_and(|before| before.generation != progress.generation);
        self.last.extend(moved);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: u64) -> LogPosition {
        LogPosition { generation: 1, position }
    }

    fn reading(board: &Records, upto: u64, moved: &[(Uuid, u64)]) -> News {
        News { progress: at(upto), asked: board.asks().0, moved: moved.to_vec() }
    }

    #[test]
    fn only_a_record_that_moved_is_to_be_read_and_who_leaves_is_forgotten() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut board = Records::default();
        let (followed, also) = (board.follow(one), board.follow(one));
        let _other = board.follow(other);
        let news = reading(&board, 10, &[(one, 9)]);
        assert!(board.take_in(news));
        assert!(board.has_moved(one, at(8)) && !board.has_moved(one, at(9)) && !board.has_moved(other, at(1)));
        let news = reading(&board, 20, &[]);
        assert!(!board.take_in(news), "nobody is woken for what they do not follow");
        drop((followed, also));
        let news = reading(&board, 30, &[]);
        board.take_in(news);
        assert_eq!((board.last.len(), board.asks().0), (0, HashSet::from([other])));
    }

    #[test]
    fn whoever_comes_while_it_is_read_looks_for_themselves() {
        let record = Uuid::from_u128(1);
        let mut board = Records::default();
        let news = reading(&board, 10, &[]);
        let _followed = board.follow(record);
        assert!(board.take_in(news));
        assert!(board.has_moved(record, at(9)) && !board.has_moved(record, at(10)));
    }
}
