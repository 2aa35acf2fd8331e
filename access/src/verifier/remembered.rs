//! Tokens that were checked. Checking one costs some 100 µs, as much as a command; remembering it costs a look.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::claims::Holder;

/// A power of two. Each has its own lock, and looking takes it for reading only.
const SHARDS: usize = 16;
const MOST_IN_SHARD: usize = 1024;

/// A token that was checked.
pub(super) struct Entry {
    holder: Arc<Holder>,
    /// Place of its issuer in the list.
    pub(super) issuer: usize,
    /// The set of keys that it was checked with.
    pub(super) generation: u64,
    /// Since others had to leave.
    used: AtomicBool,
}

impl Entry {
    pub(super) fn new(holder: Arc<Holder>, issuer: usize, generation: u64) -> Self {
        Self { holder, issuer, generation, used: AtomicBool::new(true) }
    }

    pub(super) fn expires(&self) -> i64 {
        self.holder.expires
    }
}

type Shard = RwLock<HashMap<[u8; 32], Entry>>;

/// By the token's SHA-256: the token itself is not kept.
#[derive(Default)]
pub(super) struct Remembered {
    shards: [Shard; SHARDS],
}

impl Remembered {
    /// Who holds the token, where it was checked and `is_current` still.
    pub(super) fn find(&self, digest: &[u8; 32], is_current: impl Fn(&Entry) -> bool) -> Option<Arc<Holder>> {
        let shard = self.shard(digest).read().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.get(digest).filter(|entry| is_current(entry))?;
        // Written once in a while only: a line of memory that all write to would be a lock by another name.
        if !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        Some(Arc::clone(&entry.holder))
    }

    /// Remembers. Where there is no room those leave that are not to be kept, then those that were not used for longest.
    pub(super) fn insert(&self, digest: [u8; 32], entry: Entry, keep: impl Fn(&Entry) -> bool) {
        let mut shard = self.shard(&digest).write().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= MOST_IN_SHARD {
            shard.retain(|_, entry| keep(entry));
        }
        if shard.len() >= MOST_IN_SHARD {
            shard.retain(|_, entry| entry.used.swap(false, Ordering::Relaxed));
        }
        if shard.len() >= MOST_IN_SHARD
            && let Some(any) = shard.keys().next().copied()
        {
            shard.remove(&any);
        }
        shard.insert(digest, entry);
    }

    fn shard(&self, digest: &[u8; 32]) -> &Shard {
        &self.shards[usize::from(digest[0]) % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::principal::{Institution, Principal, Purpose, Role};

    fn entry(expires: i64) -> Entry {
        let institution = Institution::parse("VP").expect("a code");
        let until = DateTime::from_timestamp(expires, 0).expect("a time");
        let principal = Principal::new("test", institution, vec![Role::Officer], Purpose::Response, until);
        Entry::new(Arc::new(Holder::unbound(principal)), 0, 0)
    }

    fn digest(number: usize) -> [u8; 32] {
        let mut digest = [0; 32];
        digest[1..9].copy_from_slice(&number.to_be_bytes());
        digest
    }

    #[test]
    fn those_that_are_over_make_room_and_the_others_stay() {
        let remembered = Remembered::default();
        let live = |entry: &Entry| entry.expires() > 100;
        for number in 0..MOST_IN_SHARD {
            let expires = if number % 2 == 0 { 50 } else { 200 };
            remembered.insert(digest(number), entry(expires), live);
        }
        remembered.insert(digest(MOST_IN_SHARD), entry(200), live);
        let there = |number: usize| remembered.find(&digest(number), |_| true).is_some();
        assert!((0..MOST_IN_SHARD).all(|number| there(number) == (number % 2 == 1)));
        assert!(there(MOST_IN_SHARD));
    }

    #[test]
    fn however_many_come_the_room_is_bounded() {
        let remembered = Remembered::default();
        for number in 0..5 * MOST_IN_SHARD {
            remembered.insert(digest(number), entry(200), |_| true);
            assert!(remembered.find(&digest(number), |_| true).is_some());
            assert!(remembered.shards[0].read().expect("a shard").len() <= MOST_IN_SHARD);
        }
    }

    #[test]
    fn those_that_were_not_used_leave_before_those_that_were() {
        let remembered = Remembered::default();
        for number in 0..=MOST_IN_SHARD {
            remembered.insert(digest(number), entry(200), |_| true);
        }
        // There was no room for the last one, so since then it counts who is used.
        let there = |number: &usize| remembered.find(&digest(*number), |_| true).is_some();
        let used: Vec<usize> = (0..100).filter(there).collect();
        remembered.insert(digest(MOST_IN_SHARD + 1), entry(200), |_| true);
        assert!(used.len() >= 99 && used.iter().all(there));
        assert!(remembered.shards[0].read().expect("a shard").len() <= 102);
    }
}
