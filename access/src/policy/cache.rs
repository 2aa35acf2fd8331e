//! What has been decided, by profiles.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use super::evaluate::Row;
use super::profile::{AccessProfile, RecordProfile};

type Key = (AccessProfile, RecordProfile);

/// So many askers do not wait for each other.
const SHARDS: usize = 16;
/// Pairs of profiles in a shard. A register in use has some hundred in all; each takes a few KB.
const LARGEST: usize = 512;

/// Decisions of one version of the policies. They hold for as long as the version does, so nothing ever expires; a shard that is full
/// begins again.
pub(super) struct Cache {
    hasher: RandomState,
    shards: [RwLock<HashMap<Key, Arc<Row>>>; SHARDS],
}

impl Default for Cache {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| RwLock::default()) }
    }
}

impl Cache {
    /// The decisions about a pair of profiles. Of those who ask for a new pair at once each may decide; what they decide is the same.
    pub(super) fn get(&self, key: Key, decide: impl FnOnce(&Key) -> Row) -> Arc<Row> {
        let shard = &self.shards[self.hasher.hash_one(&key) as usize % SHARDS];
        if let Some(row) = shard.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(row);
        }
        let row = Arc::new(decide(&key));
        let mut rows = shard.write().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= LARGEST {
            rows.clear();
        }
        Arc::clone(rows.entry(key).or_insert(row))
    }
}
