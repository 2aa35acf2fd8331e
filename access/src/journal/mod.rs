//! The journal of looks (avārijas žurnāls): while the register's database is away, 112 screens go on reading from a copy of it, and what
//! they are shown is kept here first, on this machine's own disk. Afterwards it is told to the access log, in order, once.
//!
//! ```text
//!   look ──> keep(): a frame, fsynced with those that came meanwhile ──> answer
//!                      │
//!            register is back: forward each, oldest first, under the command id that it was kept under ──> access log
//!                      │
//!            all told: an empty journal takes the full one's place
//! ```
//!
//! - One process writes a journal; its file is locked.
//! - A frame's tag is keyed and covers the frame before it: what was changed, left out or put in between is found.
//! - What was never answered for may be torn at the end, and is cut off there; any other damage is refused, and nothing is lost by it.
//! - Forwarding a look twice tells it once: the log knows the command id.

mod error;
mod file;
mod forward;
mod frame;
mod look;
#[cfg(test)]
mod tests;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use ring::hmac;
use tokio::sync::{oneshot, watch};

pub use self::error::JournalError;
pub(crate) use self::forward::Forwarding;
pub(crate) use self::look::Look;

use self::writer::{Message, Writer};

/// Looks that may wait to be written; beyond them the journal says that it is full.
const QUEUE: usize = 4_096;

/// What is in the journal and not yet told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Looks that are durable here and not in the access log.
    pub waiting: u64,
    /// Where the journal ends, in bytes: what lies before is durable.
    end: u64,
    /// How many journals this one has followed since the start.
    turn: u64,
}

/// A journal of looks, open in this process. Clones share it.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    path: PathBuf,
    key: hmac::Key,
    queue: std::sync::mpsc::SyncSender<Message>,
    standing: watch::Receiver<Standing>,
}

impl Journal {
    /// Opens the journal of a folder, which is made where it is not there; what waits in it is forwarded. `key` is 32 secret bytes that are the same each time.
    ///
    /// # Errors
    /// [`JournalError`]: another process has it open, it is damaged, or the folder can't be used.
    pub fn open(folder: &Path, key: &[u8; 32]) -> Result<Self, JournalError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let opened = file::open(folder, &key)?;
        if opened.cut > 0 {
            tracing::warn!(file = %opened.path.display(), bytes = opened.cut,
                "the end of the journal of looks was torn and is cut off: it was never answered for");
        }
        let standing = Standing { waiting: opened.frames, end: opened.end, turn: 0 };
        let (told, standing) = watch::channel(standing);
        let (queue, messages) = std::sync::mpsc::sync_channel(QUEUE);
        let path = opened.path.clone();
        let writer = Writer::new(opened, key.clone(), told);
        let spawned = thread::Builder::new().name("looks-journal".into()).spawn(move || writer.run(&messages));
        spawned.map_err(JournalError::file(&path))?;
        Ok(Self(Arc::new(Inner { path, key, queue, standing })))
    }

    /// Whether there is one in this folder, with whatever waits in it.
    pub fn is_there(folder: &Path) -> bool {
        file::is_there(folder)
    }

    /// Keeps a look; it is durable on return.
    ///
    /// # Errors
    /// The disk is full or fails, or too much waits already; then nothing may be shown.
    pub(crate) async fn keep(&self, look: &Look) -> Result<(), JournalError> {
        let payload = look.to_bytes()?;
        let (answer, kept) = oneshot::channel();
        let message = Message::Keep { payload, answer };
        self.0.queue.try_send(message).map_err(|_| JournalError::Full)?;
        kept.await.unwrap_or(Err(JournalError::Ended))
    }

    /// What waits here to be told.
    pub fn standing(&self) -> Standing {
        *self.0.standing.borrow()
    }

    /// Tells each change of it.
    pub(crate) fn watch(&self) -> watch::Receiver<Standing> {
        self.0.standing.clone()
    }

    /// Reads what is durable, from a place on.
    fn reader(&self) -> Result<frame::Frames<File>, JournalError> {
        frame::Frames::open(&self.0.path, &self.0.key)
    }

    /// Puts an empty journal in the place of this one, where nothing was kept after `end`.
    async fn renew(&self, end: u64) -> Result<(), JournalError> {
        let (answer, renewed) = oneshot::channel();
        let queue = self.0.queue.clone();
        // The queue may be full of looks for a moment: they go first.
        let asked = tokio::task::spawn_blocking(move || queue.send(Message::Renew { end, answer })).await;
        match asked {
            Ok(Ok(())) => renewed.await.unwrap_or(Err(JournalError::Ended)),
            _ => Err(JournalError::Ended),
        }
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal({})", self.0.path.display())
    }
}
