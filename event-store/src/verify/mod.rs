//! Recomputing everything that a log says of itself (I-9): positions, leaf hashes, the tree, tree heads, times, sequences.
//!
//! It reads in pages of short transactions up to the head that it saw first, so it can run beside the appender. Pages are read
//! and hashed side by side; only what needs the events before it (tree, sequences, times) goes through them in order.

mod page;
mod state;
mod tables;

use std::sync::Arc;

use futures::stream::{self, StreamExt as _};
use serde::Serialize;
use sqlx::{PgPool, Row as _};

use self::page::read;
use self::state::State;
use crate::log::{LogName, LogPosition};
use crate::proof::generation::Lives;
use crate::proof::head::TreeHead;
use crate::proof::nodes::{NodeError, Nodes};
use crate::proof::note::VerifierKey;
use crate::proof::standing::trusted;
use crate::read::ReadError;
use crate::tree::Frontier;

const PAGE: u64 = 2_000;
/// Pages that are read at once.
const AT_ONCE: usize = 4;

/// How to verify.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Begin after this position. What lies before it is taken from the stored hashes, and checked only as a whole against
    /// the newest tree head that was signed over it.
    pub since: u64,
    /// Keys that tree heads may be signed with. Where there are none, those that the database names, which only shows that
    /// it does not contradict itself.
    pub keys: Vec<VerifierKey>,
    /// Tree heads that were kept outside, their signatures checked.
    pub outside: Vec<TreeHead>,
}

/// What a verification found.
#[derive(Debug, Clone, Serialize)]
pub struct Verification {
    /// Which log.
    pub log: String,
    /// Its name in tree heads.
    pub origin: String,
    /// Its generation.
    pub generation: u32,
    /// How far it was read: the head at the beginning.
    pub head: u64,
    /// After which position it was read.
    pub since: u64,
    /// Events that were recomputed.
    pub events: u64,
    /// Root of the tree over all events up to the last that was read, hexadecimal.
    pub root: String,
    /// Signed tree heads that were compared with the tree.
    pub tree_heads: u64,
    /// Up to this position a signed tree head covers the log.
    pub proven: u64,
    /// Tree heads from outside that reach into what a restore lost and a signed statement has made void.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voided: Vec<VoidedHead>,
    /// Where the keys came from: `given`, or from the `database`, which proves less.
    pub keys: String,
    /// Whether all is as it should be.
    pub sound: bool,
    /// The first position where it is not: exactly where an event does not have its hash, else the first of the smallest
    /// part of the tree that is shown to be another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bad_position: Option<u64>,
    /// What is wrong, in order, at most [`MOST_FINDINGS`].
    pub findings: Vec<Finding>,
}

/// A tree head from outside that a generation has made void: its last events are lost, and the log says so.
#[derive(Debug, Clone, Serialize)]
pub struct VoidedHead {
    /// The head, `generation.size`.
    pub head: String,
    /// The generation that made it void.
    pub generation: u32,
    /// First position of that generation; events before it are as they were signed.
    pub begins: u64,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Where.
    pub position: u64,
    /// What.
    pub what: String,
}

/// After so many findings the rest is not told.
pub const MOST_FINDINGS: usize = 20;

/// A log that could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A page was not read to its end.
    #[error("reading a part of the log was broken off")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl From<sqlx::Error> for VerifyError {
    fn from(error: sqlx::Error) -> VerifyError {
        VerifyError::Read(error.into())
    }
}

/// What is read of the log at the beginning.
struct Target {
    origin: String,
    generation: u32,
    lives: Lives,
    position: u64,
    frontier: Vec<u8>,
}

/// Verifies the whole of a log by what its database says, telling `progress` (done, of all) as it goes.
///
/// # Errors
/// As [`verify_with`].
pub async fn verify(
    pool: &PgPool,
    log: LogName,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Verification, VerifyError> {
    verify_with(pool, log, &Options::default(), progress).await
}

/// Verifies a log, telling `progress` (done, of all) as it goes.
///
/// # Errors
/// When the database fails. What is wrong with the log is a finding, not an error.
pub async fn verify_with(
    pool: &PgPool,
    log: LogName,
    options: &Options,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Verification, VerifyError> {
    let target = Arc::new(target(pool, log).await?);
    let mut state = State::new(log, Arc::clone(&target), options, trusted(pool, log, &options.keys).await?);
    if state.since > 0 && !begin_at(pool, &mut state).await? {
        return Ok(state.report());
    }
    let (since, last) = (state.since, target.position);
    let ranges = (since..last).step_by(PAGE as usize).map(|after| (after + 1, (after + PAGE).min(last)));
    let mut pages = stream::iter(ranges)
        .map(|range| tokio::spawn(read(pool.clone(), log, Arc::clone(&target), range)))
        .buffered(AT_ONCE);
    let mut whole = true;
    while let Some(page) = pages.next().await {
        let page = page??;
        whole = state.page(&page);
        if !whole {
            break;
        }
        progress(page.last - since, last - since);
    }
    drop(pages);
    state.subtrees(pool).await?;
    if whole {
        state.edge();
        state.outside_beyond();
        state.streams(pool).await?;
        state.beyond(pool).await?;
    }
    Ok(state.report())
}

/// Takes the tree up to `since` from the stored hashes, and holds it against the newest tree head below it; false when it
/// can't be had.
async fn begin_at(pool: &PgPool, state: &mut State) -> Result<bool, VerifyError> {
    let mut nodes = Nodes::new(pool.clone(), state.log);
    let edge = match nodes.edge(state.since).await {
        Ok(edge) => edge.concat(),
        Err(NodeError::Database(error)) => return Err(error.into()),
        Err(NodeError::Missing { first, count, .. }) => {
            state.finds(first, &format!("the stored hash over {count} events from here on is missing"));
            return Ok(false);
        }
    };
    let Ok(frontier) = Frontier::from_bytes(state.since, &edge) else { return Ok(false) };
    state.frontier = frontier;
    state.last_position = state.since;
    if let Some(head) = state.newest_below(pool).await? {
        match nodes.root(head.size).await {
            Ok(root) if root == head.root => state.proven = head.size,
            Ok(_) => state.finds(1, &format!("the events 1 to {} are not those that were signed", head.size)),
            Err(NodeError::Database(error)) => return Err(error.into()),
            Err(NodeError::Missing { first, .. }) => state.finds(first, "a stored hash is missing"),
        }
    }
    Ok(true)
}

async fn target(pool: &PgPool, log: LogName) -> Result<Target, ReadError> {
    let sql = format!("select origin, generation, position, frontier from {log}.head");
    let row = sqlx::query(&sql).fetch_one(pool).await?;
    Ok(Target {
        origin: row.try_get("origin")?,
        generation: u32::try_from(row.try_get::<i32, _>("generation")?).unwrap_or(0),
        lives: Lives::read(pool, log).await?,
        position: LogPosition::from_i64(row.try_get("position")?).get(),
        frontier: row.try_get("frontier")?,
    })
}
