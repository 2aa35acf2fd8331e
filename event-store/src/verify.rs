//! Recomputing everything that a log says of itself (I-9): positions, leaf hashes, the tree, times, sequences, numbers.
//!
//! It reads in pages of short transactions up to the head that it saw first, so it can run beside the appender.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use crate::leaf::Leaf;
use crate::log::{LogName, LogPosition, StoredEvent};
use crate::read::{LogReader, ReadError};
use crate::tree::{Frontier, Hash, TileRoot};

const PAGE: u32 = 5_000;

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
    /// Events that were recomputed.
    pub events: u64,
    /// Root of the tree over them, hexadecimal.
    pub root: String,
    /// Whether all is as it should be.
    pub sound: bool,
    /// The first position where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bad_position: Option<u64>,
    /// What is wrong, in order, at most [`MOST_FINDINGS`].
    pub findings: Vec<Finding>,
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

/// What is read of the head at the beginning.
struct Target {
    origin: String,
    generation: u32,
    position: u64,
    frontier: Vec<u8>,
}

struct Verifier {
    log: LogName,
    target: Target,
    frontier: Frontier,
    tiles: Vec<TileRoot>,
    versions: HashMap<Uuid, u64>,
    last_recorded_at: DateTime<Utc>,
    last_position: u64,
    findings: Vec<Finding>,
}

/// Verifies a log, telling `progress` (done, of all) as it goes.
///
/// # Errors
/// When the database fails. What is wrong with the log is a finding, not an error.
pub async fn verify(
    pool: &PgPool,
    log: LogName,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Verification, ReadError> {
    let target = target(pool, log).await?;
    let reader = LogReader::new(pool.clone(), log);
    let mut verifier = Verifier {
        log,
        target,
        frontier: Frontier::new(),
        tiles: Vec::new(),
        versions: HashMap::new(),
        last_recorded_at: DateTime::<Utc>::MIN_UTC,
        last_position: 0,
        findings: Vec::new(),
    };
    while verifier.last_position < verifier.target.position {
        let left = verifier.target.position - verifier.last_position;
        let limit = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        match reader.page(LogPosition::new(verifier.last_position), limit).await {
            Ok(events) if events.is_empty() => {
                verifier.finds(verifier.last_position + 1, "the event is missing");
                break;
            }
            Ok(events) => events.iter().for_each(|event| verifier.event(event)),
            Err(ReadError::Hole { missing, .. }) => {
                verifier.finds(missing.get(), "the event is missing");
                break;
            }
            Err(ReadError::NotAnEvent { what, .. }) => {
                verifier.finds(verifier.last_position + 1, &format!("in the page from here: {what}"));
                break;
            }
            Err(error) => return Err(error),
        }
        progress(verifier.last_position, verifier.target.position);
    }
    if verifier.last_position == verifier.target.position {
        verifier.tree(pool).await?;
        verifier.streams(pool).await?;
        verifier.beyond(pool).await?;
    }
    Ok(verifier.report())
}

async fn target(pool: &PgPool, log: LogName) -> Result<Target, ReadError> {
    let sql = format!("select origin, generation, position, frontier from {log}.head");
    let row = sqlx::query(&sql).fetch_one(pool).await?;
    Ok(Target {
        origin: row.try_get("origin")?,
        generation: u32::try_from(row.try_get::<i32, _>("generation")?).unwrap_or(0),
        position: LogPosition::from_i64(row.try_get("position")?).get(),
        frontier: row.try_get("frontier")?,
    })
}

impl Verifier {
    fn finds(&mut self, position: u64, what: &str) {
        self.findings.push(Finding { position, what: what.to_owned() });
    }

    fn finds_any_in(&self, first: u64, last: u64) -> bool {
        self.findings.iter().any(|finding| (first..=last).contains(&finding.position))
    }

    fn event(&mut self, event: &StoredEvent) {
        let position = event.position.get();
        let hash: Hash = Leaf::of(event, &self.target.origin, self.target.generation).hash();
        if hash.as_slice() != event.leaf_hash {
            self.finds(position, "the event does not have the hash that was stored with it");
        }
        // The tree is grown from what is stored, so that a changed hash is found in the tree as well.
        let stored = Hash::try_from(event.leaf_hash.as_slice()).unwrap_or(hash);
        self.frontier.push(stored, &mut self.tiles);
        let version = self.versions.entry(event.aggregate_id).or_default();
        *version += 1;
        if *version != event.sequence {
            let expected = *version;
            *version = event.sequence;
            self.finds(position, &format!("the stream's next sequence is {expected}, not {}", event.sequence));
        }
        if event.recorded_at < self.last_recorded_at {
            self.finds(position, "it was recorded before the event before it");
        }
        self.last_recorded_at = event.recorded_at;
        self.last_position = position;
    }

    /// The subtrees and the right edge that the appender wrote are those of the events.
    async fn tree(&mut self, pool: &PgPool) -> Result<(), ReadError> {
        let sql = format!("select level, index, hash from {}.tree where (index + 1) << level <= $1", self.log);
        let rows = sqlx::query(&sql).bind(self.target.position as i64).fetch_all(pool).await?;
        let mut stored: HashMap<(i16, i64), Vec<u8>> = HashMap::new();
        for row in &rows {
            stored.insert((row.try_get("level")?, row.try_get("index")?), row.try_get("hash")?);
        }
        for tile in std::mem::take(&mut self.tiles) {
            let first = (tile.index << tile.level) + 1;
            let last = (tile.index + 1) << tile.level;
            match stored.remove(&(i16::from(tile.level), tile.index as i64)) {
                Some(hash) if hash == tile.hash => {}
                // What is wrong in there is named already.
                Some(_) if self.finds_any_in(first, last) => {}
                Some(_) => self.finds(first, &format!("the events {first} to {last} are not those that were appended")),
                None => self.finds(first, &format!("the tree's node over the events {first} to {last} is missing")),
            }
        }
        let first = self.unequal_from();
        if self.frontier.to_bytes() != self.target.frontier && !self.finds_any_in(first, self.target.position) {
            self.finds(first, "the events from here on are not those that were appended: the tree has another root");
        }
        Ok(())
    }

    /// First position of the leftmost complete subtree whose root is not the stored one.
    fn unequal_from(&self) -> u64 {
        let (ours, stored) = (self.frontier.to_bytes(), &self.target.frontier);
        let leaves = self.frontier.leaves();
        let mut first = 0u64;
        for (place, level) in (0..64).rev().filter(|level| leaves >> level & 1 == 1).enumerate() {
            let range = place * 32..(place + 1) * 32;
            if stored.get(range.clone()) != ours.get(range) {
                break;
            }
            first += 1 << level;
        }
        first + 1
    }

    /// The stream table says of each stream what its events say.
    async fn streams(&mut self, pool: &PgPool) -> Result<(), ReadError> {
        const STREAMS: i64 = 10_000;
        let sql = format!(
            "select aggregate_id, version, last_position from {}.streams
             where aggregate_id > $1 and first_position <= $2 order by aggregate_id limit $3",
            self.log
        );
        let mut after = Uuid::nil();
        let mut found = 0usize;
        loop {
            let rows =
                sqlx::query(&sql).bind(after).bind(self.target.position as i64).bind(STREAMS).fetch_all(pool).await?;
            for row in &rows {
                after = row.try_get("aggregate_id")?;
                let version = u64::try_from(row.try_get::<i64, _>("version")?).unwrap_or(0);
                let last = LogPosition::from_i64(row.try_get("last_position")?).get();
                found += 1;
                let counted = self.versions.get(&after).copied().unwrap_or(0);
                // A stream that has moved on since is longer than what was read.
                if (last <= self.target.position && version != counted) || version < counted {
                    self.finds(last, &format!("stream {after} is noted at version {version} and has {counted} events"));
                }
            }
            if (rows.len() as i64) < STREAMS {
                break;
            }
        }
        if found != self.versions.len() {
            self.finds(
                self.target.position,
                &format!("{} streams have events, {found} are noted", self.versions.len()),
            );
        }
        Ok(())
    }

    /// Nothing lies beyond the head, nor before the first position.
    async fn beyond(&mut self, pool: &PgPool) -> Result<(), ReadError> {
        let sql = format!(
            "select e.position from {log}.events e, {log}.head h where e.position > h.position or e.position < 1
             order by e.position limit 1",
            log = self.log
        );
        if let Some(position) = sqlx::query_scalar::<_, i64>(&sql).fetch_optional(pool).await? {
            self.finds(position.unsigned_abs(), "an event lies outside the positions that were given out");
        }
        Ok(())
    }

    fn report(mut self) -> Verification {
        self.findings.sort_by_key(|finding| finding.position);
        let first_bad_position = self.findings.first().map(|finding| finding.position);
        self.findings.truncate(MOST_FINDINGS);
        Verification {
            log: self.log.to_string(),
            origin: self.target.origin,
            generation: self.target.generation,
            head: self.target.position,
            events: self.frontier.leaves(),
            root: self.frontier.root().iter().map(|byte| format!("{byte:02x}")).collect(),
            sound: first_bad_position.is_none(),
            first_bad_position,
            findings: self.findings,
        }
    }
}
