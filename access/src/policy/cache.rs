//! What has been decided, by profiles.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

/// So many askers do not wait for each other.
const SHARDS: usize = 16;
/// Keys in a shard. A register in use has some hundred in all; each takes a few KB.
const LARGEST: usize = 512;

/// Decisions of one version of the policies. They hold for as long as the version does, so nothing ever expires; a shard that is full
/// begins again.
pub(super) struct Cache<K, V> {
    hasher: RandomState,
    shards: [RwLock<HashMap<K, Arc<V>>>; SHARDS],
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| RwLock::default()) }
    }
}

impl<K: Hash + Eq, V> Cache<K, V> {
    /// The decisions about profiles. Of those who ask for new ones at once each may decide; what they decide is the same.
    pub(super) fn get(&self, key: K, decide: impl FnOnce(&K) -> V) -> Arc<V> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{AccessProfile, Class, InstitutionKind, RecordKind, RecordProfile, Relation, Roles};
    use crate::principal::{Institution, Purpose, Role};

    type Key = (AccessProfile, RecordProfile);

    fn key(n: usize) -> Key {
        let who = AccessProfile {
            institution: Institution::parse(&format!("PP-{n}")).expect("a code"),
            kind: InstitutionKind::MunicipalPolice,
            roles: Roles::default().with(Role::Officer),
            purpose: Purpose::Response,
            has_reference: false,
            trained: true,
        };
        let what = RecordProfile {
            kind: RecordKind::Incident,
            class: Class::Restricted,
            relation: Relation::Own,
            owner_kind: InstitutionKind::MunicipalPolice,
            granted: false,
            broken_glass: false,
            second_person: false,
        };
        (who, what)
    }

    #[test]
    fn what_is_kept_is_not_decided_again() {
        let cache = Cache::default();
        assert_eq!(*cache.get(key(1), |_| 1), 1);
        assert_eq!(*cache.get(key(1), |_| unreachable!("it is kept")), 1);
        assert_eq!(*cache.get(key(2), |_| 2), 2);
    }

    #[test]
    fn however_many_profiles_ask_no_more_are_kept_than_there_is_room_for() {
        let cache = Cache::default();
        for n in 0..3 * SHARDS * LARGEST {
            assert_eq!(*cache.get(key(n), |_| n), n);
        }
        let kept = |shard: &RwLock<HashMap<Key, Arc<usize>>>| shard.read().expect("no panic").len();
        let largest = cache.shards.iter().map(kept).max();
        assert!(largest.is_some_and(|kept| kept > 0 && kept <= LARGEST), "{largest:?}");
    }
}
