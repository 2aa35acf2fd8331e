//! Why a look can't be kept, or a journal not be opened.

use std::io;
use std::path::{Path, PathBuf};

/// Why the journal of looks can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process has it open.
    #[error(
        "{} is open in another process: each process that answers queries needs a folder of its own (--access-journal)",
        file.display()
    )]
    InUse {
        /// The journal.
        file: PathBuf,
    },
    /// It is not what was written.
    #[error(
        "{} is damaged at byte {at}: {what}. It holds looks that the access log doesn't have. Keep the file, bring it back from \
         where it was whole, or, where it can't be, have it moved aside by a person who notes the loss; then start again",
        file.display()
    )]
    Damaged {
        /// The journal.
        file: PathBuf,
        /// Where what was written ends.
        at: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// The folder or the file can't be used.
    #[error("{} can't be used", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A look is larger than a frame may be.
    #[error("a look of {bytes} bytes is more than the journal takes at once: ask for less at once")]
    TooLarge {
        /// How large.
        bytes: usize,
    },
    /// As much waits as the journal may hold.
    #[error("the journal of looks is full")]
    Full,
    /// The journal's writer has ended.
    #[error("the journal of looks is closed")]
    Ended,
}

impl JournalError {
    /// Of this file.
    pub(super) fn file(file: &Path) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::File { file, source }
    }
}
