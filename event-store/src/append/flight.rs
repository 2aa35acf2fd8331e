//! A batch that is being written, while the next one is composed on top of it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
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
}

impl Flight {
    /// Starts writing; goes on while [`Flight::landing`] is awaited.
    pub(super) fn launch(
        batch: Vec<Queued>,
        composed: Composed,
        mut connection: PgConnection,
        config: &AppenderConfig,
    ) -> Flight {
        let Composed { columns, changes, verdicts, .. } = composed;
        let replies = batch.iter().zip(&verdicts).filter_map(|(queued, verdict)| match verdict {
            Verdict::Written(reply) => {
                let submission = &queued.submission;
                Some((submission.command_id, Entry { digest: submission.digest, reply: reply.clone() }))
            }
            Verdict::Repeats | Verdict::Answered(_) => None,
        });
        let keys = columns.keys.iter().map(|(key, owner)| KeyRef { key_id: key.key_id, owner: *owner });
        let ahead = Ahead { replies: replies.collect(), keys: keys.collect(), belief: columns.after.clone(), changes };
        let log = config.log;
        let landing = Box::pin(async move {
            let written = columns.append(&mut connection, log).await;
            Landed { connection, columns, written }
        });
        Flight { batch, verdicts, ahead, began: Instant::now(), landing }
    }

    /// Waits for the end.
    pub(super) async fn landing(&mut self) -> Landed {
        self.landing.as_mut().await
    }
}
