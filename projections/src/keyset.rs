//! Paging by keyset: the next page begins beyond the last row seen, wherever rows were added meanwhile.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// A row's place in a list by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Keyset {
    /// Time that the list is ordered by.
    pub at: DateTime<Utc>,
    /// Id of the row: tells rows of one moment apart.
    pub id: Uuid,
}

/// Which end of a list by time comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The newest.
    #[default]
    NewestFirst,
    /// The oldest.
    OldestFirst,
}

impl Order {
    /// Adds where the page begins, its order and its length, over the columns `time` and `id`.
    pub(crate) fn push_to(
        self,
        query: &mut QueryBuilder<'_, Postgres>,
        time: &'static str,
        after: Option<Keyset>,
        limit: u32,
    ) {
        let (beyond, direction) = match self {
            Order::NewestFirst => ("<", "desc"),
            Order::OldestFirst => (">", "asc"),
        };
        if let Some(after) = after {
            query.push(format_args!(" and ({time}, id) {beyond} ("));
            query.push_bind(after.at).push(", ").push_bind(after.id).push(")");
        }
        query.push(format_args!(" order by {time} {direction}, id {direction} limit "));
        query.push_bind(i64::from(limit));
    }
}
