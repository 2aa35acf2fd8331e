//! Telling the access log what the journal holds: oldest first, each once, through whatever fails meanwhile.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use event_store::append::{AppendError, Appender, Submission};

use super::frame::{Frames, Stop};
use super::{Journal, JournalError, Look};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A look that the log refuses so often, while it takes others, is put aside for a person.
const TRIES: u32 = 5;

/// Tells the access log what a journal holds.
pub(crate) struct Forwarding<S> {
    pub(crate) journal: Journal,
    pub(crate) appender: Appender,
    /// How a look is told to the log.
    pub(crate) submission: S,
}

/// What became of a look.
enum Told {
    /// The log has it.
    Yes,
    /// It can't be told now.
    NotNow(AppendError),
    /// The log refuses it.
    Never(AppendError),
}

impl<S: Fn(&Look) -> Submission + Send> Forwarding<S> {
    /// Forwards for as long as the journal lives.
    pub(crate) async fn run(self) {
        let mut standing = self.journal.watch();
        loop {
            let waited = standing.wait_for(|standing| standing.waiting > 0).await;
            let (Ok(waiting), begun) = (waited.map(|standing| standing.waiting), std::time::Instant::now()) else {
                return;
            };
            tracing::warn!(looks = waiting, "looks wait in the journal to be told to the access log");
            match self.forward_all().await {
                Ok(told) => tracing::info!(
                    looks = told,
                    seconds = begun.elapsed().as_secs(),
                    "all looks of the journal are in the access log"
                ),
                Err(error) => {
                    metrics::counter!("vnr_access_journal_failures_total").increment(1);
                    tracing::error!(%error, "the journal of looks can't be forwarded: looks are not in the access log");
                    tokio::time::sleep(LONGEST_PAUSE * 30).await;
                }
            }
        }
    }

    /// Forwards until nothing waits and an empty journal has taken this one's place; how many were told.
    async fn forward_all(&self) -> Result<u64, JournalError> {
        let turn = self.journal.standing().turn;
        let mut frames = self.journal.reader()?;
        let mut told = 0;
        loop {
            let end = self.journal.standing().end;
            match frames.next(end) {
                Ok(payload) => {
                    self.forward(&payload, &mut frames).await?;
                    told += 1;
                    let left = self.journal.standing().waiting.saturating_sub(told);
                    metrics::gauge!("vnr_access_journal_waiting").set(left as f64);
                }
                Err(Stop::End) => {
                    self.journal.renew(end).await?;
                    if self.journal.standing().turn != turn {
                        return Ok(told);
                    }
                }
                Err(stop) => return frames.error(stop).map_or(Ok(told), Err),
            }
        }
    }

    /// Tells one look, however long it takes; one that the log never takes is put aside.
    async fn forward(&self, payload: &[u8], frames: &mut Frames<std::fs::File>) -> Result<(), JournalError> {
        let look = match Look::parse(payload) {
            Ok(look) => look,
            Err(error) => {
                tracing::error!(%error, at = frames.at, "a look in the journal means nothing to this program");
                return self.put_aside(payload);
            }
        };
        let (mut pause, mut refused) = (FIRST_PAUSE, 0);
        loop {
            match self.tell(&look).await {
                Told::Yes => return Ok(()),
                Told::NotNow(error) => tracing::debug!(%error, "the access log can't be written yet"),
                Told::Never(error) => {
                    refused += 1;
                    if refused >= TRIES {
                        tracing::error!(?error, command_id = %look.command_id, "the access log refuses a look of the journal");
                        return self.put_aside(payload);
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn tell(&self, look: &Look) -> Told {
        match self.appender.submit((self.submission)(look)).await {
            Ok(_) => Told::Yes,
            Err(
                error @ (AppendError::Unavailable
                | AppendError::LaneFull { .. }
                | AppendError::DeadlinePassed
                | AppendError::TooOld(_)),
            ) => Told::NotNow(error),
            Err(error) => Told::Never(error),
        }
    }

    /// Keeps a look that can't be told beside the journal, a line of JSON each: nothing is lost, and a person can mend it.
    fn put_aside(&self, payload: &[u8]) -> Result<(), JournalError> {
        let file = self.journal.0.path.with_extension("untold");
        metrics::counter!("vnr_access_journal_untold_total").increment(1);
        tracing::error!(file = %file.display(), "a look is put aside: it is not in the access log until a person has seen to it");
        let write = || {
            let mut aside = OpenOptions::new().create(true).append(true).mode(0o600).open(&file)?;
            aside.write_all(&[payload, b"\n"].concat())?;
            aside.sync_all()
        };
        write().map_err(JournalError::file(&file))
    }
}
