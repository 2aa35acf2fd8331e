//! The three lanes into the appender, each with its own bound. Bulk never delays or refuses urgent.

use std::fmt;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{AppendError, Queued};

/// How urgent a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// 112 cards and units.
    Urgent,
    /// A person waits for the answer.
    Interactive,
    /// Journals, imports.
    Bulk,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lane::Urgent => "urgent",
            Lane::Interactive => "interactive",
            Lane::Bulk => "bulk",
        })
    }
}

/// How many commands can wait in each lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneBounds {
    /// Cards and units.
    pub urgent: usize,
    /// People.
    pub interactive: usize,
    /// Journals, imports.
    pub bulk: usize,
}

impl Default for LaneBounds {
    fn default() -> LaneBounds {
        LaneBounds { urgent: 4_096, interactive: 2_048, bulk: 2_048 }
    }
}

/// After so long a full lane is worth trying again: a few batches' time.
const RETRY_AFTER: Duration = Duration::from_millis(200);

#[derive(Debug, Clone)]
pub(super) struct Senders {
    urgent: Sender<Queued>,
    interactive: Sender<Queued>,
    bulk: Sender<Queued>,
}

pub(super) struct Receivers {
    urgent: Receiver<Queued>,
    interactive: Receiver<Queued>,
    bulk: Receiver<Queued>,
}

pub(super) fn open(bounds: LaneBounds) -> (Senders, Receivers) {
    let (urgent, urgent_receiver) = channel(bounds.urgent);
    let (interactive, interactive_receiver) = channel(bounds.interactive);
    let (bulk, bulk_receiver) = channel(bounds.bulk);
    (
        Senders { urgent, interactive, bulk },
        Receivers { urgent: urgent_receiver, interactive: interactive_receiver, bulk: bulk_receiver },
    )
}

impl Senders {
    fn of(&self, lane: Lane) -> &Sender<Queued> {
        match lane {
            Lane::Urgent => &self.urgent,
            Lane::Interactive => &self.interactive,
            Lane::Bulk => &self.bulk,
        }
    }

    pub(super) fn try_send(&self, queued: Queued) -> Result<(), AppendError> {
        let lane = queued.submission.lane;
        self.of(lane).try_send(queued).map_err(|error| match error {
            TrySendError::Full(_) => AppendError::LaneFull { lane, retry_after: RETRY_AFTER },
            TrySendError::Closed(_) => AppendError::Unavailable,
        })
    }

    pub(super) async fn send(&self, queued: Queued) -> Result<(), AppendError> {
        self.of(queued.submission.lane).send(queued).await.map_err(|_| AppendError::Unavailable)
    }
}

impl Receivers {
    /// Whether nothing is queued and nothing can come any more.
    pub(super) fn ended(&self) -> bool {
        [&self.urgent, &self.interactive, &self.bulk].iter().all(|lane| lane.is_closed() && lane.is_empty())
    }

    /// What has queued up, the most urgent first: at most `room` commands, `bulk_room` of them bulk. Waits for the first. Empty
    /// when all senders are gone. Safe to cancel.
    pub(super) async fn collect(&mut self, room: usize, bulk_room: usize) -> Vec<Queued> {
        let mut batch = Vec::new();
        if bulk_room == 0 && self.urgent.is_closed() && self.interactive.is_closed() {
            std::future::pending::<()>().await;
        }
        let first = tokio::select! {
            biased;
            Some(queued) = self.urgent.recv() => Some(queued),
            Some(queued) = self.interactive.recv() => Some(queued),
            Some(queued) = self.bulk.recv(), if bulk_room > 0 => Some(queued),
            else => None,
        };
        let Some(first) = first else { return batch };
        let bulk = usize::from(first.submission.lane == Lane::Bulk);
        batch.push(first);
        take(&mut self.urgent, &mut batch, room);
        take(&mut self.interactive, &mut batch, room);
        let bulk_end = room.min(batch.len() + bulk_room - bulk);
        take(&mut self.bulk, &mut batch, bulk_end);
        batch
    }
}

fn take(lane: &mut Receiver<Queued>, batch: &mut Vec<Queued>, limit: usize) {
    while batch.len() < limit {
        match lane.try_recv() {
            Ok(queued) => batch.push(queued),
            Err(_) => return,
        }
    }
}
