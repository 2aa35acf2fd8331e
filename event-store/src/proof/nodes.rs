//! The roots of subtrees, from what the log has stored: leaf hashes, and the roots of complete subtrees of 256, 65,536 …
//! leaves. A proof needs at most a few hundred of them, however long the log is.

use std::collections::HashMap;

use sqlx::{PgPool, Row as _};

use super::subtree::{Span, Subtree, consistency, inclusion};
use crate::log::LogName;
use crate::tree::{Hash, TILE_HEIGHT, empty_root, node_hash};

/// Roots of subtrees that can't be had.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The database failed; asking again may help.
    #[error("the tree could not be read from the database")]
    Database(#[from] sqlx::Error),
    /// A leaf hash or a root that must be there is not: the log was tampered with, or is damaged.
    #[error("{log} lacks the hash over {count} events from position {first} on: run `vnr log verify --log {log}`")]
    Missing {
        /// Which log.
        log: LogName,
        /// Position of the first event below it.
        first: u64,
        /// How many events lie below it.
        count: u64,
    },
}

/// Reads roots of subtrees of one log, and keeps what it has read: neighbours share most of their proofs.
///
/// What it keeps is never wrong later: a complete subtree does not change.
#[derive(Debug)]
pub struct Nodes {
    pool: PgPool,
    log: LogName,
    /// Leaf hashes (level 0) and stored roots (8, 16 …), and what was computed of them.
    known: HashMap<Subtree, Hash>,
}

impl Nodes {
    /// Of that log.
    pub fn new(pool: PgPool, log: LogName) -> Nodes {
        Nodes { pool, log, known: HashMap::new() }
    }

    /// Which log.
    pub fn log(&self) -> LogName {
        self.log
    }

    /// Root of the tree over the first `leaves` events. They must have been appended.
    ///
    /// # Errors
    /// When the database fails or the log lacks a hash.
    pub async fn root(&mut self, leaves: u64) -> Result<Hash, NodeError> {
        if leaves == 0 {
            return Ok(empty_root());
        }
        Ok(self.roots(&[Span::tree(leaves)]).await?.remove(0))
    }

    /// Roots of the complete subtrees at the right edge of the tree of that many leaves, left to right.
    ///
    /// # Errors
    /// When the database fails or the log lacks a hash.
    pub async fn edge(&mut self, leaves: u64) -> Result<Vec<Hash>, NodeError> {
        let subtrees: Vec<Subtree> = Span::tree(leaves).complete().collect();
        self.load(&subtrees).await?;
        subtrees.into_iter().map(|subtree| self.hash(subtree)).collect()
    }

    /// The proof that the leaf of that index (position − 1) is in the tree of that many leaves.
    ///
    /// # Errors
    /// When the database fails or the log lacks a hash.
    pub async fn inclusion(&mut self, leaf: u64, leaves: u64) -> Result<Vec<Hash>, NodeError> {
        self.roots(&inclusion(leaf, leaves)).await
    }

    /// The proof that the tree of `newer` leaves begins with that of `older`.
    ///
    /// # Errors
    /// When the database fails or the log lacks a hash.
    pub async fn consistency(&mut self, older: u64, newer: u64) -> Result<Vec<Hash>, NodeError> {
        self.roots(&consistency(older, newer)).await
    }

    async fn roots(&mut self, spans: &[Span]) -> Result<Vec<Hash>, NodeError> {
        let subtrees: Vec<Subtree> = spans.iter().flat_map(|span| span.complete()).collect();
        self.load(&subtrees).await?;
        spans.iter().map(|span| self.span(*span)).collect()
    }

    fn span(&mut self, span: Span) -> Result<Hash, NodeError> {
        let roots = span.complete().map(|subtree| self.hash(subtree)).collect::<Result<Vec<Hash>, NodeError>>()?;
        let folded = roots.into_iter().rev().reduce(|right, left| node_hash(&left, &right));
        Ok(folded.unwrap_or_else(empty_root))
    }

    /// The root of a subtree below which everything has been loaded.
    fn hash(&mut self, subtree: Subtree) -> Result<Hash, NodeError> {
        if let Some(hash) = self.known.get(&subtree) {
            return Ok(*hash);
        }
        if subtree.level.is_multiple_of(TILE_HEIGHT) {
            return Err(NodeError::Missing {
                log: self.log,
                first: (subtree.index << subtree.level) + 1,
                count: 1 << subtree.level,
            });
        }
        let [left, right] = [0, 1].map(|side| Subtree { level: subtree.level - 1, index: subtree.index * 2 + side });
        let hash = node_hash(&self.hash(left)?, &self.hash(right)?);
        self.known.insert(subtree, hash);
        Ok(hash)
    }

    /// Reads what is stored below these subtrees and not known yet, in one query for leaves and one for the rest.
    async fn load(&mut self, subtrees: &[Subtree]) -> Result<(), NodeError> {
        let (mut leaves, mut roots) = (Ranges::default(), Ranges::default());
        for subtree in subtrees.iter().filter(|subtree| !self.known.contains_key(subtree)) {
            let stored = subtree.level - subtree.level % TILE_HEIGHT;
            let height = subtree.level - stored;
            if subtree.descendants(height).all(|below| self.known.contains_key(&below)) {
                continue;
            }
            let (first, last) = (subtree.index << height, ((subtree.index + 1) << height) - 1);
            if stored == 0 {
                leaves.add(0, first, last);
            } else {
                roots.add(stored, first, last);
            }
        }
        if !leaves.level.is_empty() {
            let sql = format!(
                "select 0::smallint as level, e.position - 1 as index, e.leaf_hash as hash
                 from unnest($1::smallint[], $2::bigint[], $3::bigint[]) r (level, first, last)
                 join {}.events e on e.position between r.first + 1 and r.last + 1",
                self.log
            );
            self.take(&sql, &leaves).await?;
        }
        if !roots.level.is_empty() {
            let sql = format!(
                "select t.level, t.index, t.hash
                 from unnest($1::smallint[], $2::bigint[], $3::bigint[]) r (level, first, last)
                 join {}.tree t on t.level = r.level and t.index between r.first and r.last",
                self.log
            );
            self.take(&sql, &roots).await?;
        }
        Ok(())
    }

    async fn take(&mut self, sql: &str, ranges: &Ranges) -> Result<(), NodeError> {
        let query = sqlx::query(sql).bind(&ranges.level).bind(&ranges.first).bind(&ranges.last);
        for row in query.fetch_all(&self.pool).await? {
            let level = u8::try_from(row.try_get::<i16, _>("level")?).unwrap_or(u8::MAX);
            let index = u64::try_from(row.try_get::<i64, _>("index")?).unwrap_or(u64::MAX);
            // What is no hash counts as missing.
            if let Ok(hash) = Hash::try_from(row.try_get::<&[u8], _>("hash")?) {
                self.known.insert(Subtree { level, index }, hash);
            }
        }
        Ok(())
    }
}

/// Ranges of stored hashes to read, as the arrays of a query.
#[derive(Debug, Default)]
struct Ranges {
    level: Vec<i16>,
    first: Vec<i64>,
    last: Vec<i64>,
}

impl Ranges {
    fn add(&mut self, level: u8, first: u64, last: u64) {
        self.level.push(i16::from(level));
        self.first.push(first as i64);
        self.last.push(last as i64);
    }
}
