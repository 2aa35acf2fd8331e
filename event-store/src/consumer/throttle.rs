//! How much a consumer takes on at once, and when it lets others go first.
//!
//! Whoever is at the head of a log takes what there is. Whoever is far behind (a rebuild, a read model after a pause) has work for
//! minutes, and would take the processors and the disk from those who write. So it looks whether the log grows meanwhile. As long as it
//! does, it works in short batches, and rests after each for a multiple of what that took; when nobody writes, it goes as fast as it can.

use std::time::{Duration, Instant};

use crate::log::LogPosition;
use crate::read::{LogReader, ReadError};

/// A batch should take about this long where nobody is in the way: readers hold no transaction for long (I-13).
const BATCH_TIME: Duration = Duration::from_millis(400);
/// The same for one who yields: so long a command may have to wait for a processor.
const SHORT_BATCH_TIME: Duration = Duration::from_millis(20);
/// Where others write, it rests so many times as long as it works: what is filled can wait, who serves should be there soon.
const REST_OF_FILLED: u32 = 3;
const REST_OF_SERVING: u32 = 1;
/// Who serves is far behind from so many events on: a read model that was paused, say. Nearer to the head it never rests, or else it might
/// never get there.
const FAR_BEHIND: u64 = 20_000;
/// How often it is looked whether others write, where nobody did.
const LOOK: Duration = Duration::from_millis(100);
/// Others write as long as the log has grown within this time.
const QUIET: Duration = Duration::from_secs(1);
/// Sizes of a page.
const SMALLEST_PAGE: u32 = 50;
const FIRST_PAGE: u32 = 500;
const LARGEST_PAGE: u32 = 4_000;
/// The same where a body is filled: what is read ahead of it is in memory too.
const LARGEST_FILLED_PAGE: u32 = 16_000;

/// What is known of the pace of others, and of one's own.
#[derive(Debug)]
pub(super) struct Throttle {
    filled: bool,
    page: u32,
    far_behind: bool,
    took: Duration,
    looked: Option<(Instant, LogPosition)>,
    grew: Option<Instant>,
}

impl Throttle {
    /// For a body that is filled, or one that is kept up to date.
    pub(super) fn new(filled: bool) -> Throttle {
        Throttle { filled, page: FIRST_PAGE, far_behind: filled, took: Duration::ZERO, looked: None, grew: None }
    }

    /// Positions to take on next.
    pub(super) fn page(&self) -> u32 {
        self.page
    }

    /// Notes how long a batch took: the next one is as large as fits its time.
    pub(super) fn took(&mut self, took: Duration) {
        self.took = took;
        let time = if self.yields() { SHORT_BATCH_TIME } else { BATCH_TIME };
        if took > time {
            self.page = (self.page / 2).max(SMALLEST_PAGE);
        } else if took < time / 4 {
            let largest = if self.filled { LARGEST_FILLED_PAGE } else { LARGEST_PAGE };
            self.page = (self.page * 2).min(largest);
        }
    }

    /// Lets others go first, where they write and there is much to do: it stands at `progress`.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn rest(&mut self, reader: &LogReader, progress: LogPosition) -> Result<(), ReadError> {
        if self.looked.is_none_or(|(at, _)| at.elapsed() >= LOOK) {
            let head = reader.head().await?.position;
            self.saw(head);
            self.far_behind = self.filled || head.get().saturating_sub(progress.get()) > FAR_BEHIND;
        }
        if self.yields() {
            let times = if self.filled { REST_OF_FILLED } else { REST_OF_SERVING };
            tokio::time::sleep(self.took.min(SHORT_BATCH_TIME * 10) * times).await;
        }
        Ok(())
    }

    fn saw(&mut self, head: LogPosition) {
        if self.looked.is_some_and(|(_, before)| head > before) {
            self.grew = Some(Instant::now());
        }
        self.looked = Some((Instant::now(), head));
    }

    fn yields(&self) -> bool {
        self.far_behind && self.grew.is_some_and(|at| at.elapsed() < QUIET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nobody_writes_batches_grow_to_what_fits_their_time() {
        let mut throttle = Throttle::new(true);
        throttle.saw(LogPosition::new(7));
        throttle.saw(LogPosition::new(7));
        for _ in 0..10 {
            throttle.took(Duration::from_millis(50));
        }
        assert_eq!(throttle.page(), LARGEST_FILLED_PAGE);
        throttle.took(Duration::from_secs(1));
        assert_eq!(throttle.page(), LARGEST_FILLED_PAGE / 2);
    }

    #[test]
    fn where_the_log_grows_batches_are_short() {
        let mut throttle = Throttle::new(true);
        throttle.saw(LogPosition::new(7));
        throttle.saw(LogPosition::new(8));
        for _ in 0..10 {
            throttle.took(Duration::from_millis(50));
        }
        assert_eq!(throttle.page(), SMALLEST_PAGE);
    }

    #[test]
    fn who_serves_and_is_near_the_head_does_not_rest() {
        let mut throttle = Throttle::new(false);
        throttle.saw(LogPosition::new(7));
        throttle.saw(LogPosition::new(8));
        assert!(!throttle.yields());
    }
}
