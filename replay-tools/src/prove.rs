//! Evidence on a record, and that one tree head extends another, for people who check it elsewhere.

use std::time::{Duration, Instant};

use event_store::log::LogName;
use event_store::proof::bundle::{BundleError, CONSISTENCY, Consistency, EVIDENCE, Evidence, EvidenceEvent, encoded};
use event_store::proof::generation::Lives;
use event_store::proof::head::TreeHead;
use event_store::proof::heads::{self, StoredHead};
use event_store::proof::nodes::{NodeError, Nodes};
use event_store::proof::note::{NoteError, SignedNote};
use event_store::read::{LogReader, ReadError};
use sqlx::PgPool;
use uuid::Uuid;

/// The notary is at most a second behind; it is waited for so long.
const NOTARY: Duration = Duration::from_secs(3);

/// Evidence that could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A hash could not be read.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A tree head is none.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// There is no tree head over it.
    #[error(
        "no signed tree head covers position {position} of {log} yet; a running notary (`vnr up`, `vnr serve notary`) signs \
         one within a second"
    )]
    NotSigned {
        /// Which log.
        log: LogName,
        /// The last event of the record, or of the older head.
        position: u64,
    },
    /// What is stored does not lead to what was signed.
    #[error("the log is not what was signed: run `vnr log verify`")]
    NotSound(#[from] BundleError),
    /// A tree head is of another log, or has more events than the log.
    #[error("the tree head over {size} events of {origin} is none of {log}, which has {head}")]
    OtherLog {
        /// Which log.
        log: LogName,
        /// Origin of the head.
        origin: String,
        /// Its size.
        size: u64,
        /// How many events the log has.
        head: u64,
    },
    /// It can't be written as JSON.
    #[error("the evidence can't be written")]
    Write(#[from] serde_json::Error),
}

impl From<sqlx::Error> for ProveError {
    fn from(error: sqlx::Error) -> ProveError {
        ProveError::Read(error.into())
    }
}

/// Evidence on all events that a record has now.
///
/// # Errors
/// When the log can't be read, is not signed so far, or is not what was signed.
pub async fn prove(pool: &PgPool, log: LogName, record: (&str, Uuid)) -> Result<Evidence, ProveError> {
    let (aggregate_type, aggregate_id) = record;
    let reader = LogReader::new(pool.clone(), log);
    let events = reader.stream(aggregate_id).await?;
    let last = events.last().map_or(0, |event| event.position.get());
    let stored = covering(pool, log, last).await?;
    let head = TreeHead::parse(&SignedNote::parse(&stored.note)?.text)?;
    let generations = Lives::read(pool, log).await?;
    let mut nodes = Nodes::new(pool.clone(), log);
    let mut evidence = Evidence {
        format: EVIDENCE.to_owned(),
        origin: head.origin.clone(),
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id,
        tree_head: stored.note,
        key_changes: key_changes(pool, log).await?,
        events: Vec::with_capacity(events.len()),
    };
    for event in &events {
        let position = event.position.get();
        let proof = nodes.inclusion(position - 1, head.size).await?;
        evidence.events.push(EvidenceEvent::new(event, generations.of(position), &proof));
    }
    // What would be refused elsewhere does not leave the house as evidence.
    evidence.check_events(&head)?;
    Ok(evidence)
}

/// The proof that the newer tree head (the newest, where none is given) extends the older one.
///
/// # Errors
/// When the heads are none of this log, or the log can't be read or does not prove it.
pub async fn prove_consistency(
    pool: &PgPool,
    log: LogName,
    older: &SignedNote,
    newer: Option<&SignedNote>,
) -> Result<Consistency, ProveError> {
    let older_head = TreeHead::parse(&older.text)?;
    let newer = match newer {
        Some(note) => note.clone(),
        None => SignedNote::parse(&covering(pool, log, older_head.size).await?.note)?,
    };
    let newer_head = TreeHead::parse(&newer.text)?;
    let head = LogReader::new(pool.clone(), log).head().await?;
    for tree_head in [&older_head, &newer_head] {
        if tree_head.origin != head.origin || tree_head.size > head.position.get() {
            return Err(ProveError::OtherLog {
                log,
                origin: tree_head.origin.clone(),
                size: tree_head.size,
                head: head.position.get(),
            });
        }
    }
    let proof = Nodes::new(pool.clone(), log).consistency(older_head.size, newer_head.size).await?;
    let (old, new) = ((older_head.size, &older_head.root), (newer_head.size, &newer_head.root));
    event_store::proof::check::consistency(old, new, &proof).map_err(BundleError::from)?;
    Ok(Consistency {
        format: CONSISTENCY.to_owned(),
        origin: head.origin,
        older_head: older.to_string(),
        newer_head: newer.to_string(),
        key_changes: key_changes(pool, log).await?,
        consistency_proof: encoded(&proof),
    })
}

async fn key_changes(pool: &PgPool, log: LogName) -> Result<Vec<String>, sqlx::Error> {
    Ok(heads::successions(pool, log).await?.iter().map(SignedNote::to_string).collect())
}

/// The newest tree head, once it covers that position.
async fn covering(pool: &PgPool, log: LogName, position: u64) -> Result<StoredHead, ProveError> {
    let begun = Instant::now();
    loop {
        match heads::newest(pool, log).await? {
            Some(head) if head.size >= position => return Ok(head),
            _ if begun.elapsed() > NOTARY => return Err(ProveError::NotSigned { log, position }),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
