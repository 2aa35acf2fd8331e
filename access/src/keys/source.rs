//! Where an issuer's keys come from.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::fetch::{Address, FetchError};
use crate::stamp::Stamp;

/// Without a word of the issuer.
const FRESH_FOR: Duration = Duration::from_secs(300);
/// No set of keys is larger.
const MOST_BYTES: u64 = 256 * 1024;

/// A place that is read again and again.
pub(crate) enum Source {
    /// A file, and what it was when it was read last.
    File { path: PathBuf, read: Option<Stamp> },
    /// An address.
    Url(Address),
}

/// How often a place is read without being asked to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// A file's stamp is looked at this often.
    pub(crate) file: Duration,
    /// An address is asked no more often than this, whatever it says of freshness.
    pub(crate) soonest: Duration,
    /// And no less often than this.
    pub(crate) latest: Duration,
}

/// Why a place could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("the file can't be read")]
    File(#[from] io::Error),
    #[error("the file is larger than {MOST_BYTES} bytes")]
    Large,
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

/// What was read, and when to come again.
pub(crate) struct Reading {
    /// Nothing where it is known to be the same as before.
    pub(crate) published: Option<Vec<u8>>,
    pub(crate) again_in: Duration,
}

impl Source {
    /// What was read last was no good: it is read again though it be the same.
    pub(crate) fn forget(&mut self) {
        if let Self::File { read, .. } = self {
            *read = None;
        }
    }

    /// Reads. Somebody who asks gets what is there now, not what the stamp says of it.
    pub(crate) async fn read(&mut self, asked: bool, pace: Pace) -> Result<Reading, SourceError> {
        match self {
            Self::File { path, read } => {
                let stamp = Stamp::of(path)?;
                let again_in = pace.file;
                if *read == Some(stamp) && !asked {
                    return Ok(Reading { published: None, again_in });
                }
                if stamp.size() > MOST_BYTES {
                    return Err(SourceError::Large);
                }
                let published = tokio::fs::read(path).await?;
                *read = Some(stamp);
                Ok(Reading { published: Some(published), again_in })
            }
            Self::Url(address) => {
                let answer = address.get().await?;
                let again_in = answer.fresh_for.unwrap_or(FRESH_FOR).min(pace.latest).max(pace.soonest);
                Ok(Reading { published: Some(answer.body), again_in })
            }
        }
    }
}
