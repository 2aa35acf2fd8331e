//! Reading a page of a log and hashing it, apart from what depends on the events before it: pages are read side by side.

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use super::Target;
use crate::leaf::Leaf;
use crate::log::{LogName, StoredEvent};
use crate::proof::heads::{self, StoredHead};
use crate::read::{COLUMNS, ReadError, event_of};
use crate::tree::Hash;

/// What is left of an event once its leaf has been computed.
pub(super) struct Hashed {
    pub(super) position: u64,
    pub(super) aggregate_id: Uuid,
    pub(super) sequence: u64,
    pub(super) recorded_at: DateTime<Utc>,
    /// As stored; as computed where what is stored is no hash at all.
    pub(super) leaf: Hash,
    /// Whether the event has the hash that was stored with it.
    pub(super) fits: bool,
}

/// Events `first` to `last`, as far as they are there, and the tree heads that were signed over them.
pub(super) struct Page {
    pub(super) last: u64,
    pub(super) events: Vec<Hashed>,
    /// Why the events end before `last`.
    pub(super) ends: Option<String>,
    pub(super) heads: Vec<StoredHead>,
}

pub(super) async fn read(
    pool: PgPool,
    log: LogName,
    target: std::sync::Arc<Target>,
    (first, last): (u64, u64),
) -> Result<Page, ReadError> {
    let sql = format!("select {COLUMNS} from {log}.events where position between $1 and $2 order by position");
    let mut page = Page { last, events: Vec::with_capacity(super::PAGE as usize), ends: None, heads: Vec::new() };
    let mut rows = sqlx::query(&sql).bind(first as i64).bind(last as i64).fetch(&pool);
    while let Some(row) = rows.try_next().await? {
        // A gap is found here; it is named with the first position that is missing.
        if row.try_get::<i64, _>(0)? != (first + page.events.len() as u64) as i64 {
            break;
        }
        match event_of(&row) {
            Ok(event) => page.events.push(hashed(&event, &target)),
            Err(sqlx::Error::Decode(what) | sqlx::Error::ColumnDecode { source: what, .. }) => {
                page.ends = Some(format!("this is no event: {what}"));
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    drop(rows);
    if page.ends.is_none() && page.events.len() as u64 != last + 1 - first {
        page.ends = Some("the event is missing".to_owned());
    }
    page.heads = heads::page(&pool, log, (first - 1, last), i64::MAX).await?;
    Ok(page)
}

fn hashed(event: &StoredEvent, target: &Target) -> Hashed {
    let position = event.position.get();
    let computed = Leaf::of(event, &target.origin, target.lives.of(position)).hash();
    Hashed {
        position,
        aggregate_id: event.aggregate_id,
        sequence: event.sequence,
        recorded_at: event.recorded_at,
        // The tree is grown from what is stored, so that a changed hash is found in the tree as well.
        leaf: Hash::try_from(event.leaf_hash.as_slice()).unwrap_or(computed),
        fits: computed.as_slice() == event.leaf_hash,
    }
}
