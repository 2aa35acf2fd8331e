//! How a log stands to what was signed of it outside: before anything is served, and after a restore.

use sqlx::PgPool;

use super::generation::{Lives, Place};
use super::head::TreeHead;
use super::heads::{self, insert_head};
use super::nodes::{NodeError, Nodes};
use super::note::{NoteError, SignedNote, VerifierKey};
use super::succession;
use crate::log::{Head, LogName};
use crate::read::{LogReader, ReadError};

/// How a log stands to a tree head that was kept outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It begins with what was signed, or a generation has made void what of that was lost.
    Whole,
    /// It ends before what was signed: it was restored, and events that were answered are lost.
    Lost {
        /// Where it ends.
        end: Place,
        /// The tree head outside.
        signed: TreeHead,
    },
    /// It has other events than those that were signed.
    Forked {
        /// The tree head outside.
        signed: TreeHead,
    },
    /// Nobody whose key is known here has signed that tree head, or it is of another log: it says nothing.
    Unknown {
        /// Why.
        why: String,
    },
}

/// A log that could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A hash could not be read.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl From<sqlx::Error> for StandingError {
    fn from(error: sqlx::Error) -> StandingError {
        StandingError::Read(error.into())
    }
}

/// The keys that count for a log: `given` ones and those they vouch for; where none are given, those that the database names.
///
/// # Errors
/// When the database fails.
pub async fn trusted(pool: &PgPool, log: LogName, given: &[VerifierKey]) -> Result<Vec<VerifierKey>, sqlx::Error> {
    if given.is_empty() {
        let named = heads::keys(pool, log).await?;
        return Ok(named.iter().filter_map(|key| VerifierKey::parse(&key.vkey).ok()).collect());
    }
    let mut keys = given.to_vec();
    for statement in heads::successions(pool, log).await? {
        // One that is wrong adds no key.
        if let Ok(extended) = succession::extend(&keys, &[statement]) {
            keys = extended;
        }
    }
    Ok(keys)
}

/// Compares a log with a tree head from outside. The note has to be read before this is called: the log goes on growing, and
/// must not be found to lack what was signed meanwhile.
///
/// # Errors
/// When the log can't be read.
pub async fn standing(
    pool: &PgPool,
    log: LogName,
    trusted: &[VerifierKey],
    note: &str,
) -> Result<Standing, StandingError> {
    let head = LogReader::new(pool.clone(), log).head().await?;
    let signed = match SignedNote::parse(note).and_then(|note| TreeHead::verified(&note, trusted)) {
        Ok(signed) => signed,
        Err(error) => return Ok(Standing::Unknown { why: error.to_string() }),
    };
    if signed.origin != head.origin {
        let why = NoteError::Untrusted(format!("a key of {}", signed.origin));
        return Ok(Standing::Unknown { why: format!("it is of {}, not of {}: {why}", signed.origin, head.origin) });
    }
    let lives = Lives::read(pool, log).await?;
    if lives.statements(trusted).iter().any(|statement| statement.voids(&signed)) {
        return Ok(Standing::Whole);
    }
    let cut = lives.common_with(signed.generation).is_some_and(|last| signed.size > last);
    if signed.size > head.position.get() || signed.generation > head.generation || cut {
        return Ok(Standing::Lost { end: end(&head), signed });
    }
    let root = Nodes::new(pool.clone(), log).root(signed.size).await;
    match root {
        Ok(root) if root == signed.root => Ok(Standing::Whole),
        Ok(_) | Err(NodeError::Missing { .. }) => Ok(Standing::Forked { signed }),
        Err(error) => Err(error.into()),
    }
}

/// Where a log ends.
pub fn end(head: &Head) -> Place {
    Place { generation: head.generation, position: head.position.get() }
}

/// Takes a tree head from outside into the database where it is missing there and the log is [`Standing::Whole`] to it: a
/// restore may end between an append and the note of its signature. True where it was missing.
///
/// # Errors
/// When the log can't be read or written.
pub async fn adopt(pool: &PgPool, log: LogName, trusted: &[VerifierKey], note: &str) -> Result<bool, StandingError> {
    let Ok(note) = SignedNote::parse(note) else { return Ok(false) };
    let Ok(head) = TreeHead::verified(&note, trusted) else { return Ok(false) };
    let there = heads::newest_upto(pool, log, head.size).await?;
    let at_end = LogReader::new(pool.clone(), log).head().await?;
    let missing = there.is_none_or(|stored| stored.size < head.size);
    let signer = note.signers(trusted).ok().and_then(|signers| signers.first().copied().cloned());
    let (true, Some(signer)) = (missing && head.size > 0 && head.size <= at_end.position.get(), signer) else {
        return Ok(false);
    };
    if Nodes::new(pool.clone(), log).root(head.size).await? != head.root {
        return Ok(false);
    }
    let mut connection = pool.acquire().await?;
    insert_head(&mut connection, log, &head, &signer, &note).await?;
    Ok(true)
}
