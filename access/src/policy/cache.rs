//! What has been decided, by profiles.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use super::profile::{AccessProfile, RecordProfile};

type Key = (AccessProfile, RecordProfile);

/// So many askers do not wait for each other.
const SHARDS: usize = 16;
/// Pairs of profiles in a shard. A register in use has some hundred in all; each takes a few KB.
const LARGEST: usize = 512;

/// Decisions of one version of the policies. They hold for as long as the version does, so nothing ever expires; a shard that is full
/// begins again.
pub(super) struct Cache<V> {
    hasher: RandomState,
    shards: [RwLock<HashMap<Key, Arc<V>>>; SHARDS],
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| RwLock::default()) }
    }
}

impl<V> Cache<V> {
    /// The decisions about a pair of profiles. Of those who ask for a new pair at once each may decide; what they decide is the same.
    pub(super) fn get(&self, key: Key, decide: impl FnOnce(&Key) -> V) -> Arc<V> {
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
    use crate::policy::{Class, InstitutionKind, RecordKind, Relation, Roles};
    use crate::principal::{Institution, Purpose, Role};

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
