//! Reading much of a log: forwards or backwards, all of it or some types or slices, to its end or for ever.
//!
//! A scan goes by windows of positions, each a short transaction of its own (I-13), and fetches windows ahead of the one that
//! is worked on. What it holds in memory is three windows, however long the log is. An error is told as one, at the place where
//! it happened, and the scan can be asked again from there: a broken connection half way is never an end.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use futures::Stream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::log::{LogPosition, StoredEvent};
use crate::read::{LogReader, ReadError};
use crate::tail::HeadWatch;

/// Into how many slices the records of a log are divided, by their ids: parts of a job that may run side by side, since all
/// events of a record lie in one.
pub const SLICES: u16 = 1_024;

/// How many windows are fetched ahead of the one that is worked on: two keep PostgreSQL busy while one of them is waited for.
const AHEAD: usize = 2;

/// In which direction a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// From the oldest to the newest.
    #[default]
    Forwards,
    /// From the newest to the oldest.
    Backwards,
}

/// What of a log is read, in which order. By default all of it, from the first event to the last that there is at the start.
#[derive(Debug, Clone)]
pub struct Selection {
    after: LogPosition,
    upto: Option<LogPosition>,
    direction: Direction,
    pub(crate) aggregate_types: Vec<String>,
    pub(crate) event_types: Vec<String>,
    pub(crate) slices: Option<RangeInclusive<u16>>,
    window: u32,
}

impl Default for Selection {
    fn default() -> Selection {
        Selection {
            after: LogPosition::START,
            upto: None,
            direction: Direction::Forwards,
            aggregate_types: Vec::new(),
            event_types: Vec::new(),
            slices: None,
            window: 5_000,
        }
    }
}

impl Selection {
    /// Everything.
    pub fn all() -> Selection {
        Selection::default()
    }

    /// Only events after this position.
    #[must_use]
    pub fn after(self, after: LogPosition) -> Selection {
        Selection { after, ..self }
    }

    /// Only events up to this position, itself included. "As known at T" is such a prefix (I-2).
    #[must_use]
    pub fn upto(self, upto: LogPosition) -> Selection {
        Selection { upto: Some(upto), ..self }
    }

    /// From the newest to the oldest.
    #[must_use]
    pub fn backwards(self) -> Selection {
        Selection { direction: Direction::Backwards, ..self }
    }

    /// Only events of records of these types.
    #[must_use]
    pub fn of_records(self, types: &[&str]) -> Selection {
        Selection { aggregate_types: types.iter().map(|&name| name.to_owned()).collect(), ..self }
    }

    /// Only events of these types.
    #[must_use]
    pub fn of_events(self, types: &[&str]) -> Selection {
        Selection { event_types: types.iter().map(|&name| name.to_owned()).collect(), ..self }
    }

    /// Only events of records in these slices, of [`SLICES`]; see [`StoredEvent::slice`].
    #[must_use]
    pub fn in_slices(self, slices: RangeInclusive<u16>) -> Selection {
        Selection { slices: Some(slices), ..self }
    }

    /// How many positions are read in one transaction: 5,000 where it is not said.
    #[must_use]
    pub fn by_windows_of(self, positions: u32) -> Selection {
        Selection { window: positions.max(1), ..self }
    }

    /// Whether every event between two positions belongs to it, so that a missing one is seen.
    pub(crate) fn is_whole(&self) -> bool {
        self.aggregate_types.is_empty() && self.event_types.is_empty() && self.slices.is_none()
    }
}

/// A window of positions: after the first, up to the second.
type Window = (LogPosition, LogPosition);

/// A scan under way.
#[derive(Debug)]
pub struct Scan {
    reader: LogReader,
    selection: Selection,
    /// What is left to be read: after the first, up to the second.
    left: Window,
    /// The windows after the present one, in the order in which they are read.
    ahead: VecDeque<Ahead>,
}

/// A window that is being fetched. Dropped, it is not fetched any further.
#[derive(Debug)]
struct Ahead {
    window: Window,
    task: JoinHandle<Result<Vec<StoredEvent>, ReadError>>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl LogReader {
    /// Begins a scan. It ends at the last event that there is now, or earlier where the selection says so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn scan(&self, selection: Selection) -> Result<Scan, ReadError> {
        let head = self.head().await?.position;
        let upto = selection.upto.map_or(head, |upto| upto.min(head));
        let left = (selection.after.min(upto), upto);
        Ok(Scan { reader: self.clone(), selection, left, ahead: VecDeque::new() })
    }

    /// What there is and, as it comes, what will be: history and tail of a log joined without a gap or a repeat. `head` tells
    /// of the log's growth.
    pub fn subscribe(&self, selection: Selection, head: &HeadWatch) -> Subscription {
        let at = selection.after;
        let head = head.subscribe();
        Subscription { scan: Scan { reader: self.clone(), selection, left: (at, at), ahead: VecDeque::new() }, head }
    }
}

impl Scan {
    /// The next events: those of one window of positions; none at the end. Windows in which nothing was selected are passed over.
    ///
    /// # Errors
    /// When the database fails, and when an event is missing in a scan of the whole log. The scan stands where it stood: asked
    /// again it tries again.
    pub async fn next(&mut self) -> Result<Option<Vec<StoredEvent>>, ReadError> {
        while self.left.0 < self.left.1 {
            let (window, rest) = self.cut(self.left);
            let events = match self.ahead.pop_front() {
                Some(mut ahead) if ahead.window == window => match (&mut ahead.task).await {
                    Ok(events) => events?,
                    Err(_cancelled) => self.reader.window(window.0, window.1, &self.selection).await?,
                },
                _ => {
                    self.ahead.clear();
                    self.reader.window(window.0, window.1, &self.selection).await?
                }
            };
            self.left = rest;
            self.fetch_ahead();
            if !events.is_empty() {
                return Ok(Some(self.in_order(events)));
            }
        }
        Ok(None)
    }

    /// Event by event. After an error the stream goes on where it was.
    pub fn events(self) -> impl Stream<Item = Result<StoredEvent, ReadError>> + Send {
        futures::stream::unfold((self, VecDeque::new()), |(mut scan, mut page): (Scan, VecDeque<StoredEvent>)| async {
            if page.is_empty() {
                match scan.next().await {
                    Ok(Some(events)) => page = events.into(),
                    Ok(None) => return None,
                    Err(error) => return Some((Err(error), (scan, page))),
                }
            }
            page.pop_front().map(|event| (Ok(event), (scan, page)))
        })
    }

    /// The next window of what is left, and what is left then.
    fn cut(&self, (after, upto): Window) -> (Window, Window) {
        let width = u64::from(self.selection.window);
        match self.selection.direction {
            Direction::Forwards => {
                let end = LogPosition::new((after.get() + width).min(upto.get()));
                ((after, end), (end, upto))
            }
            Direction::Backwards => {
                let end = LogPosition::new(upto.get().saturating_sub(width).max(after.get()));
                ((end, upto), (after, end))
            }
        }
    }

    /// Has the next windows fetched, beside what is done with the present one.
    fn fetch_ahead(&mut self) {
        let mut left = self.left;
        for place in 0..AHEAD {
            if left.0 >= left.1 {
                break;
            }
            let (window, rest) = self.cut(left);
            left = rest;
            if place >= self.ahead.len() {
                let (reader, selection) = (self.reader.clone(), self.selection.clone());
                let task = tokio::spawn(async move { reader.window(window.0, window.1, &selection).await });
                self.ahead.push_back(Ahead { window, task });
            }
        }
    }

    fn in_order(&self, mut events: Vec<StoredEvent>) -> Vec<StoredEvent> {
        if self.selection.direction == Direction::Backwards {
            events.reverse();
        }
        events
    }
}

/// A scan that does not end; see [`LogReader::subscribe`].
#[derive(Debug)]
pub struct Subscription {
    scan: Scan,
    head: watch::Receiver<LogPosition>,
}

impl Subscription {
    /// The next events, waiting for them where there are none yet; none when the selection's last position has passed or
    /// nobody watches the head any more.
    ///
    /// # Errors
    /// When the database fails. The subscription stands where it stood: asked again it tries again.
    pub async fn next(&mut self) -> Result<Option<Vec<StoredEvent>>, ReadError> {
        loop {
            if let Some(events) = self.scan.next().await? {
                return Ok(Some(events));
            }
            let seen = self.scan.left.1;
            if self.scan.selection.upto.is_some_and(|upto| seen >= upto) {
                return Ok(None);
            }
            let Ok(grown) = self.head.wait_for(|head| *head > seen).await.map(|head| *head) else { return Ok(None) };
            self.scan.left = (seen, self.scan.selection.upto.map_or(grown, |upto| upto.min(grown)));
        }
    }

    /// Up to where everything that was selected has been given.
    pub fn position(&self) -> LogPosition {
        self.scan.left.0
    }
}
