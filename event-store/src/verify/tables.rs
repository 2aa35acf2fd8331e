//! What the tables beside the events say: subtrees, right edge, streams, and that nothing lies beyond the head.

use std::collections::HashMap;

use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use super::state::State;
use crate::log::LogPosition;
use crate::proof::head::TreeHead;
use crate::proof::heads;
use crate::read::ReadError;

impl State {
    /// The subtrees that the appender wrote are those of the events.
    pub(super) async fn subtrees(&mut self, pool: &PgPool) -> Result<(), ReadError> {
        let sql = format!(
            "select level, index, hash from {}.tree where (index + 1) << level between $1 + 1 and $2",
            self.log
        );
        let rows = sqlx::query(&sql).bind(self.since as i64).bind(self.last_position as i64).fetch_all(pool).await?;
        let mut stored: HashMap<(i16, i64), Vec<u8>> = HashMap::new();
        for row in &rows {
            stored.insert((row.try_get("level")?, row.try_get("index")?), row.try_get("hash")?);
        }
        for tile in std::mem::take(&mut self.tiles) {
            let (first, last) = ((tile.index << tile.level) + 1, (tile.index + 1) << tile.level);
            match stored.remove(&(i16::from(tile.level), tile.index as i64)) {
                Some(hash) if hash == tile.hash => {}
                // What is wrong in there is named already.
                Some(_) if self.finds_any_in(first, last) => {}
                Some(_) if last <= self.proven => {
                    self.finds(first, &format!("the tree's node over the events {first} to {last} is another"));
                }
                Some(_) => {
                    // A tree head within it narrows it down.
                    let first = first.max(self.proven + 1);
                    self.finds(first, &format!("the events {first} to {last} are not those that were appended"));
                }
                None => self.finds(first, &format!("the tree's node over the events {first} to {last} is missing")),
            }
        }
        Ok(())
    }

    /// The right edge that the appender wrote is that of the events.
    pub(super) fn edge(&mut self) {
        let end = self.target.position;
        if self.frontier.to_bytes() == self.target.frontier {
            return;
        }
        let first = self.unequal_from().max(self.proven + 1).min(end.max(1));
        if !self.finds_any_in(self.unequal_from(), end) {
            self.finds(first, "the events from here on are not those that were appended: the tree has another root");
        }
    }

    /// The newest tree head over no more than the part that is not read, and what it says, where it is right.
    pub(super) async fn newest_below(&mut self, pool: &PgPool) -> Result<Option<TreeHead>, ReadError> {
        let stored = heads::newest_upto(pool, self.log, self.since).await?;
        let outside = self.outside_upto(self.since);
        let Some(stored) = stored else { return Ok(outside) };
        match stored.verified(self.trusted()) {
            Ok(head) => Ok([Some(head), outside].into_iter().flatten().max_by_key(|head| head.size)),
            Err(error) => {
                self.finds(stored.size, &format!("the tree head stored for this size is not right: {error}"));
                Ok(outside)
            }
        }
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
    pub(super) async fn streams(&mut self, pool: &PgPool) -> Result<(), ReadError> {
        const STREAMS: i64 = 10_000;
        let sql = format!(
            "select aggregate_id, version, last_position from {}.streams
             where aggregate_id > $1 and first_position <= $2 and last_position > $3 order by aggregate_id limit $4",
            self.log
        );
        let (since, end) = (self.since as i64, self.target.position);
        let mut after = Uuid::nil();
        let mut found = 0usize;
        loop {
            let query = sqlx::query(&sql).bind(after).bind(end as i64).bind(since).bind(STREAMS);
            let rows = query.fetch_all(pool).await?;
            for row in &rows {
                after = row.try_get("aggregate_id")?;
                let version = u64::try_from(row.try_get::<i64, _>("version")?).unwrap_or(0);
                let last = LogPosition::from_i64(row.try_get("last_position")?).get();
                let counted = self.versions.get(&after).copied();
                found += usize::from(counted.is_some());
                let counted = counted.unwrap_or(0);
                // A stream that has moved on since is longer than what was read.
                if (last <= end && version != counted) || version < counted {
                    self.finds(last, &format!("stream {after} is noted at version {version} and has {counted} events"));
                }
            }
            if (rows.len() as i64) < STREAMS {
                break;
            }
        }
        if found != self.versions.len() {
            self.finds(end, &format!("{} streams have events, {found} of them are noted", self.versions.len()));
        }
        Ok(())
    }

    /// Nothing lies beyond the head, nor before the first position.
    pub(super) async fn beyond(&mut self, pool: &PgPool) -> Result<(), ReadError> {
        let sql = format!(
            "select e.position from {log}.events e, {log}.head h where e.position > h.position or e.position < 1
             order by e.position limit 1",
            log = self.log
        );
        if let Some(position) = sqlx::query_scalar::<_, i64>(&sql).fetch_optional(pool).await? {
            self.finds(position.unsigned_abs(), "an event lies outside the positions that were given out");
        }
        let sql = format!(
            "select t.size, h.position from {log}.tree_heads t, {log}.head h where t.size > h.position
             order by t.size limit 1",
            log = self.log
        );
        if let Some((size, end)) = sqlx::query_as::<_, (i64, i64)>(&sql).fetch_optional(pool).await? {
            let what = format!("the log ends here; a stored tree head was signed over {size} events");
            self.finds(LogPosition::from_i64(end).next().get(), &what);
        }
        Ok(())
    }
}
