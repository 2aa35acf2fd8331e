//! Who writes the journal: one thread, which makes durable together what came together.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use ring::hmac;
use tokio::sync::{oneshot, watch};

use super::Standing;
use super::error::JournalError;
use super::file::{Opened, fresh};
use super::frame::{Chain, HEADER};

/// Most looks that are made durable at once.
const GROUP: usize = 256;
/// Most bytes that may wait to be told: some millions of looks.
const MOST: u64 = 2 << 30;

/// What the writer is asked for.
pub(super) enum Message {
    /// A look is to be kept.
    Keep { payload: Vec<u8>, answer: Answer },
    /// All before `end` was told: an empty journal takes this one's place, where nothing was kept since.
    Renew { end: u64, answer: Answer },
}

type Answer = oneshot::Sender<Result<(), JournalError>>;

/// The file, and where it ends.
pub(super) struct Writer {
    path: PathBuf,
    file: File,
    /// Released when the writer ends.
    _lock: File,
    key: hmac::Key,
    chain: Chain,
    /// Whether something stands behind the end that was written in part, or may be.
    unclean: bool,
    told: watch::Sender<Standing>,
}

impl Writer {
    pub(super) fn new(opened: Opened, key: hmac::Key, told: watch::Sender<Standing>) -> Self {
        let Opened { path, file, lock, chain, .. } = opened;
        Self { path, file, _lock: lock, key, chain, unclean: false, told }
    }

    /// Writes until nobody can ask any more.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        while let Ok(first) = messages.recv() {
            let mut looks = Vec::new();
            let mut renewal = None;
            let more = std::iter::from_fn(|| messages.try_recv().ok());
            for message in std::iter::once(first).chain(more) {
                match message {
                    Message::Keep { payload, answer } => looks.push((payload, answer)),
                    Message::Renew { end, answer } => renewal = Some((end, answer)),
                }
                if looks.len() >= GROUP || renewal.is_some() {
                    break;
                }
            }
            self.keep(looks);
            if let Some((end, answer)) = renewal {
                let _ = answer.send(self.renew(end));
            }
        }
    }

    fn keep(&mut self, looks: Vec<(Vec<u8>, Answer)>) {
        let standing = *self.told.borrow();
        let (mut chain, mut bytes, mut kept) = (self.chain.clone(), Vec::new(), Vec::new());
        for (payload, answer) in looks {
            let added = match standing.end + (bytes.len() + payload.len()) as u64 > MOST {
                true => Err(JournalError::Full),
                false => chain.add(&self.key, &payload, &mut bytes),
            };
            match added {
                Ok(()) => kept.push(answer),
                Err(error) => _ = answer.send(Err(error)),
            }
        }
        if kept.is_empty() {
            return;
        }
        match self.write(&bytes, standing.end) {
            Ok(()) => {
                self.chain = chain;
                self.told.send_modify(|standing| {
                    standing.end += bytes.len() as u64;
                    standing.waiting += kept.len() as u64;
                });
                for answer in kept {
                    // Whoever has gone was shown nothing; the look stays told.
                    let _ = answer.send(Ok(()));
                }
            }
            Err(error) => {
                tracing::error!(%error, file = %self.path.display(), "the journal of looks can't be written: 112 screens are shown nothing");
                for answer in kept {
                    let source = io::Error::new(error.kind(), error.to_string());
                    let _ = answer.send(Err(JournalError::File { file: self.path.clone(), source }));
                }
            }
        }
    }

    /// Writes behind `end`, for good. What could be written in part only is taken away before anything else is written.
    fn write(&mut self, bytes: &[u8], end: u64) -> io::Result<()> {
        if self.unclean {
            self.file.set_len(end)?;
            self.file.seek(SeekFrom::Start(end))?;
        }
        self.unclean = true;
        self.file.write_all(bytes)?;
        self.file.sync_data()?;
        self.unclean = false;
        Ok(())
    }

    fn renew(&mut self, end: u64) -> Result<(), JournalError> {
        if self.told.borrow().end != end {
            return Ok(());
        }
        let (file, chain) = fresh(&self.path)?;
        (self.file, self.chain, self.unclean) = (file, chain, false);
        self.told.send_modify(|standing| {
            *standing = Standing { waiting: 0, end: HEADER, turn: standing.turn + 1 };
        });
        Ok(())
    }
}
