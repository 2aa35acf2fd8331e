//! What the appender keeps in memory: records with their versions, command ids with their replies, claims with their owners.
//!
//! All of it is right for the head that the appender believes in. A claim of positions that succeeds proves the belief;
//! one that fails makes it forget what others changed.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use uuid::Uuid;

use super::Reply;
use super::kind::{Kind, State};
use crate::log::StoredEvent;
use crate::seal::{RecordKey, key_ids};

/// A record as of its version. Version 0 has no event.
#[derive(Clone)]
pub(super) struct Stream {
    pub(super) aggregate_type: Arc<str>,
    pub(super) version: u64,
    pub(super) state: State,
    /// Its own key and those of data subjects in it, as far as they exist.
    pub(super) keys: Vec<(Option<Uuid>, RecordKey)>,
    pub(super) kind: &'static Kind,
    /// The version from which on it is worth a snapshot.
    pub(super) snapshot_at: u64,
}

impl Stream {
    /// Takes over an event that another process appended; false where it does not follow on what is known, so that the
    /// record has to be read anew.
    pub(super) fn take_over(&mut self, event: &StoredEvent) -> bool {
        // The event may have come with a key that is not known here.
        let known = |id: Uuid| self.keys.iter().any(|(_, key)| key.id() == id);
        if event.sequence != self.version + 1 || !key_ids(&event.payload).all(known) {
            return false;
        }
        let Ok(state) = (self.kind.hydrate)(Some(Arc::clone(&self.state)), std::slice::from_ref(event)) else {
            return false;
        };
        self.state = state;
        self.version = event.sequence;
        true
    }

    /// The key of a data subject in it, or its own.
    pub(super) fn key(&self, subject: Option<Uuid>) -> Option<&RecordKey> {
        self.keys.iter().find(|(owner, _)| *owner == subject).map(|(_, key)| key)
    }
}

/// A command that took effect.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) digest: [u8; 32],
    pub(super) reply: Reply,
}

/// Kind and key of a claim.
pub(super) type ClaimKey = (String, String);

pub(super) struct Cache {
    pub(super) streams: LruCache<Uuid, Stream>,
    pub(super) ledger: LruCache<Uuid, Entry>,
    /// `None`: it was looked up and nobody has it.
    pub(super) claims: LruCache<ClaimKey, Option<Uuid>>,
}

impl Cache {
    pub(super) fn new(streams: usize, ledger: usize) -> Cache {
        let bound = |n: usize| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
        Cache {
            streams: LruCache::new(bound(streams)),
            ledger: LruCache::new(bound(ledger)),
            claims: LruCache::new(bound(ledger)),
        }
    }

    /// One that forgets nothing by itself.
    pub(super) fn unbounded() -> Cache {
        Cache { streams: LruCache::unbounded(), ledger: LruCache::unbounded(), claims: LruCache::unbounded() }
    }

    /// Forgets these keys, wherever they are: they were destroyed.
    pub(super) fn forget_keys(&mut self, destroyed: &HashSet<Uuid>) {
        if !destroyed.is_empty() {
            self.streams
                .iter_mut()
                .for_each(|(_, stream)| stream.keys.retain(|(_, key)| !destroyed.contains(&key.id())));
        }
    }

    /// Forgets records and claims; replies stay, they never change.
    pub(super) fn forget_records(&mut self) {
        self.streams.clear();
        self.claims.clear();
    }
}
