//! A page of a log for somebody who reads only some of it: what nobody reads stays in the database, and a missing event is seen all the
//! same, because positions are counted there.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use crate::log::{LogPosition, StoredEvent};
use crate::read::{COLUMNS, LogReader, ReadError};
use crate::scan::SLICES;

/// What of a log somebody reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Types of streams.
    pub types: &'static [&'static str],
    /// Of which of these only the records in `slices` are read.
    pub apart: &'static [&'static str],
    /// Slices of records; all where there is none.
    pub slices: Option<RangeInclusive<u16>>,
}

/// A page: all positions of a range of the log, and those of its events that are wanted.
#[derive(Debug)]
pub struct Page {
    /// What is wanted, in order.
    pub events: Vec<StoredEvent>,
    /// The range; nothing where the log ends before it.
    pub range: Option<PageRange>,
}

/// The range of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRange {
    /// Last position.
    pub last: LogPosition,
    /// How many positions.
    pub width: u64,
    /// When the first of its events was recorded.
    pub first_recorded_at: DateTime<Utc>,
    /// When the last was.
    pub last_recorded_at: DateTime<Utc>,
}

impl Wanted {
    /// Everything of these types.
    pub const fn all_of(types: &'static [&'static str]) -> Wanted {
        Wanted { types, apart: &[], slices: None }
    }

    /// The condition that says so. Types are names of ours and stand in it as they are: COPY takes no parameters.
    fn condition(&self) -> String {
        let Some(slices) = self.slices.as_ref().filter(|_| !self.apart.is_empty()) else { return one_of(self.types) };
        let (whole, apart): (Vec<&str>, Vec<&str>) = self.types.iter().partition(|name| !self.apart.contains(name));
        format!(
            "({} or ({} and ('x' || right(aggregate_id, 4))::bit(16)::int % {SLICES} between {} and {}))",
            one_of(&whole),
            one_of(&apart),
            slices.start(),
            slices.end()
        )
    }
}

fn one_of(types: &[&str]) -> String {
    let mut list = String::new();
    for name in types {
        let comma = if list.is_empty() { "" } else { ", " };
        let _ = write!(list, "{comma}'{}'", name.replace('\'', "''"));
    }
    if list.is_empty() { "false".to_owned() } else { format!("aggregate_type in ({list})") }
}

impl LogReader {
    /// The page after `after`: at most `limit` positions, not beyond `upto`, and the wanted events of them. A page without a range means
    /// that the log ends there, or that `upto` is reached.
    ///
    /// # Errors
    /// When the database fails, or when a position is missing, whether its event was wanted or not.
    pub async fn wanted(
        &self,
        after: LogPosition,
        limit: u32,
        upto: Option<LogPosition>,
        wanted: &Wanted,
    ) -> Result<Page, ReadError> {
        let end = LogPosition::new(after.get().saturating_add(u64::from(limit)));
        let end = upto.map_or(end, |upto| upto.min(end));
        let nothing = Page { events: Vec::new(), range: None };
        if end <= after {
            return Ok(nothing);
        }
        // Positions alone, which their index knows: the rows themselves are read once, below.
        let sql = format!(
            "select page.width, page.last, first.recorded_at as first_at, last.recorded_at as last_at
             from (select count(*) as width, min(position) as first, max(position) as last
                   from {log}.events where position > $1 and position <= $2) page
             left join {log}.events first on first.position = page.first
             left join {log}.events last on last.position = page.last",
            log = self.log()
        );
        let row = sqlx::query(&sql).bind(after.as_i64()).bind(end.as_i64()).fetch_one(self.pool()).await?;
        let Some(last) = row.try_get::<Option<i64>, _>("last")?.map(LogPosition::from_i64) else { return Ok(nothing) };
        let width = u64::try_from(row.try_get::<i64, _>("width")?).unwrap_or(0);
        if width < last.get() - after.get() {
            return Err(self.first_hole(after, last).await?);
        }
        let range = PageRange {
            last,
            width,
            first_recorded_at: row.try_get("first_at")?,
            last_recorded_at: row.try_get("last_at")?,
        };
        // None of the positions is missing, and none goes: what is there afterwards is all of what is wanted.
        let events = self.between(after, last, &wanted.condition(), width).await?;
        Ok(Page { events, range: Some(range) })
    }

    /// Which position is missing between two.
    async fn first_hole(&self, after: LogPosition, last: LogPosition) -> Result<ReadError, ReadError> {
        let sql = format!(
            "select min(n) from generate_series($1::bigint + 1, $2) n
             where not exists (select from {}.events e where e.position = n)",
            self.log()
        );
        let missing: Option<i64> =
            sqlx::query_scalar(&sql).bind(after.as_i64()).bind(last.as_i64()).fetch_one(self.pool()).await?;
        // One that is there by now was hidden while it was counted: the next attempt tells.
        let missing = missing.map_or(after.next(), LogPosition::from_i64);
        Ok(ReadError::Hole { log: self.log(), missing })
    }

    /// The columns of events between two positions under a condition, in order.
    fn between_sql(&self, condition: &str, after: &str, last: &str) -> String {
        format!(
            "select {COLUMNS} from {}.events where position > {after} and position <= {last} and {condition} order by position",
            self.log()
        )
    }

    async fn between(
        &self,
        after: LogPosition,
        last: LogPosition,
        condition: &str,
        most: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        if last.get() - after.get() < crate::read::WIDE {
            let sql = self.between_sql(condition, "$1", "$2");
            return self.events(sqlx::query(&sql).bind(after.as_i64()).bind(last.as_i64()), most).await;
        }
        let sql = self.between_sql(condition, &after.to_string(), &last.to_string());
        self.copied(&sql, most).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_apart_is_sliced() {
        let all = Wanted::all_of(&["incident", "unit"]);
        assert_eq!(all.condition(), "aggregate_type in ('incident', 'unit')");
        assert_eq!(Wanted::all_of(&[]).condition(), "false");
        let sliced = Wanted { types: &["incident", "unit"], apart: &["incident"], slices: Some(0..=511) };
        assert_eq!(
            sliced.condition(),
            "(aggregate_type in ('unit') or (aggregate_type in ('incident') \
             and ('x' || right(aggregate_id, 4))::bit(16)::int % 1024 between 0 and 511))"
        );
    }
}
