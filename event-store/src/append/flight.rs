//! A batch that is being written, while the next one is composed on top of it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Instant;

use sqlx::PgConnection;
use uuid::Uuid;

use super::batch::{Belief, Columns};
use super::cache::Entry;
use super::compose::{Composed, Verdict};
use super::work::Changes;
use super::{AppenderConfig, Queued};
use crate::seal::KeyRef;

/// What the log will hold once the batch is written.
pub(super) struct Ahead {
    pub(super) belief: Belief,
    pub(super) changes: Changes,
    /// Replies of its commands.
    pub(super) replies: HashMap<Uuid, Entry>,
    /// Keys that it makes.
    pub(super) keys: Vec<KeyRef>,
}

/// What came of writing it. The connection comes back.
pub(super) struct Landed {
    pub(super) connection: PgConnection,
    pub(super) columns: Columns,
    pub(super) written: Result<bool, sqlx::Error>,
}

/// A batch that is being written.
pub(super) struct Flight {
    pub(super) batch: Vec<Queued>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) ahead: Ahead,
    pub(super) began: Instant,
    landing: Pin<Box<dyn Future<Output = Landed> + Send>>,
    landed: Option<Landed>,
}

impl Flight {
    /// Sends the batch off: on return the database has it, or as much as the socket takes at once. Goes on while
    /// [`Flight::landing`] is awaited.
    pub(super) async fn launch(
        batch: Vec<Queued>,
        composed: Composed,
        mut connection: PgConnection,
        config: &AppenderConfig,
    ) -> Flight {
        let Composed { columns, changes, verdicts, replies, .. } = composed;
        let keys = columns.keys.iter().map(|(key, owner)| KeyRef { key_id: key.key_id, owner: *owner });
        let ahead = Ahead { replies, keys: keys.collect(), belief: columns.after.clone(), changes };
        let log = config.log;
        let landing = Box::pin(async move {
            let written = columns.append(&mut connection, log).await;
            Landed { connection, columns, written }
        });
        let mut flight = Flight { batch, verdicts, ahead, began: Instant::now(), landing, landed: None };
        if let Poll::Ready(landed) = futures::poll!(flight.landing.as_mut()) {
            flight.landed = Some(landed);
        }
        flight
    }

    /// Waits for the end. Safe to cancel.
    pub(super) async fn landing(&mut self) -> Landed {
        match self.landed.take() {
            Some(landed) => landed,
            None => self.landing.as_mut().await,
        }
    }
}
