//! An issuer's keys as they are now, and the task that keeps them so.
//!
//! One task reads the source: in its own time, and when somebody has a token whose key is not known. So a rotation loses no
//! request: who asks at t is refused only after a reading that began at t or later, and all who wait share it. Readings that
//! are asked for are some seconds apart, so that made-up keys can't make us a burden to the issuer; who asks in between waits.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::jwk::KeyFault;
use super::set::{KeySet, NotASet};
use super::source::{Pace, Source, SourceError};
use crate::error::AccessError;

/// Requests that wait for keys at once. More are made-up tokens; they are told to try again.
const MOST_WAITING: usize = 4096;
/// A source that fails is asked again after a time that doubles up to this.
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// One who waits gives up after this and the time between two readings: one may be under way, another begin, and then theirs.
const PATIENCE: Duration = Duration::from_secs(16);

/// A set of keys, and its number.
pub(crate) struct Known {
    pub(crate) set: KeySet,
    /// Grows whenever the set changes.
    pub(crate) generation: u64,
}

/// How often the source is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) pace: Pace,
    /// Least time between two readings, when somebody asks.
    pub(crate) apart: Duration,
}

/// A reading that is over.
#[derive(Debug, Clone, Copy)]
struct Done {
    begun: Instant,
    succeeded: bool,
}

/// What the task is at.
#[derive(Debug, Clone, Copy)]
struct State {
    under_way: bool,
    done: Option<Done>,
}

struct Asking {
    /// When somebody asked last.
    asked: watch::Sender<Option<Instant>>,
    state: watch::Receiver<State>,
    waiting: Semaphore,
    patience: Duration,
}

impl Asking {
    async fn wait<T>(&self, attempt: impl Fn() -> Result<T, AccessError>) -> Result<T, AccessError> {
        let gone = |_| AccessError::KeysUnavailable;
        let mut state = self.state.clone();
        if state.borrow().under_way {
            state.wait_for(|state| !state.under_way).await.map_err(gone)?;
            if let Ok(found) = attempt() {
                return Ok(found);
            }
        }
        let now = Instant::now();
        self.asked.send_modify(|asked| *asked = Some(asked.map_or(now, |before| before.max(now))));
        let is_ours = |state: &State| state.done.is_some_and(|done| done.begun >= now);
        let done = state.wait_for(is_ours).await.map_err(gone)?.done;
        if done.is_some_and(|done| done.succeeded) { attempt() } else { Err(AccessError::KeysUnavailable) }
    }
}

/// An issuer's keys.
pub(crate) struct LiveKeys {
    known: RwLock<Arc<Known>>,
    /// That of `known`, to be looked at without a lock.
    generation: AtomicU64,
    /// Keys that never change have nobody to ask.
    asking: Option<Asking>,
}

impl LiveKeys {
    /// Keys that never change.
    pub(crate) fn fixed(set: KeySet) -> Arc<Self> {
        Arc::new(Self::new(set, None))
    }

    /// Keys that are read from a source, for as long as somebody holds them. `set` is what is known already.
    pub(crate) fn kept(issuer: &str, set: KeySet, source: Source, times: Times, runtime: &Handle) -> Arc<Self> {
        let (asked, asks) = watch::channel(None);
        let is_known = matches!(source, Source::File { read: Some(_), .. });
        let (told, state) = watch::channel(State { under_way: !is_known, done: None });
        let patience = times.apart + PATIENCE;
        let asking = Asking { asked, state, waiting: Semaphore::new(MOST_WAITING), patience };
        let keys = Arc::new(Self::new(set, Some(asking)));
        let keeper = Keeper {
            issuer: issuer.to_owned(),
            keys: Arc::downgrade(&keys),
            source,
            times,
            told,
            failures: 0,
            begun: None,
            faults: None,
        };
        let first = if is_known { times.pace.file } else { Duration::ZERO };
        runtime.spawn(keeper.keep(asks, first));
        keys
    }

    fn new(set: KeySet, asking: Option<Asking>) -> Self {
        let known = RwLock::new(Arc::new(Known { set, generation: 0 }));
        Self { known, generation: AtomicU64::new(0), asking }
    }

    /// Number of the set as it is.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The set as it is.
    pub(crate) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has the source read, and tries again with what it holds then. A reading that is under way may have what is missing; only
    /// where it has not, another one is asked for.
    ///
    /// # Errors
    /// That of `attempt`; [`AccessError::KeysUnavailable`] when the source could not be read.
    pub(crate) async fn renewed<T>(&self, attempt: impl Fn() -> Result<T, AccessError>) -> Result<T, AccessError> {
        let Some(asking) = &self.asking else {
            return attempt();
        };
        let _place = asking.waiting.try_acquire().map_err(|_| AccessError::KeysUnavailable)?;
        let waited = tokio::time::timeout(asking.patience, asking.wait(&attempt)).await;
        waited.unwrap_or(Err(AccessError::KeysUnavailable))
    }

    /// Puts a set in place; says whether it is another one.
    fn publish(&self, set: KeySet) -> bool {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.set.fingerprint() == set.fingerprint() {
            return false;
        }
        let generation = known.generation + 1;
        *known = Arc::new(Known { set, generation });
        self.generation.store(generation, Ordering::Release);
        true
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Content(#[from] NotASet),
}

/// Logs what is wrong with a set.
pub(crate) fn tell_faults(issuer: &str, is_empty: bool, faults: &[(usize, KeyFault)]) {
    for (place, fault) in faults {
        tracing::warn!(issuer, place, %fault, "a key of the issuer is not used");
    }
    if is_empty {
        tracing::warn!(issuer, "the issuer has no key that can be used: none of its tokens holds");
    }
}

struct Keeper {
    issuer: String,
    keys: Weak<LiveKeys>,
    source: Source,
    times: Times,
    told: watch::Sender<State>,
    failures: u32,
    begun: Option<Instant>,
    /// What was wrong with the last set.
    faults: Option<Vec<(usize, KeyFault)>>,
}

impl Keeper {
    async fn keep(mut self, mut asks: watch::Receiver<Option<Instant>>, first: Duration) {
        let mut next = Instant::now() + first;
        loop {
            let begun = self.begun;
            let is_new = |asked: &Option<Instant>| asked.is_some_and(|asked| begun.is_none_or(|begun| asked > begun));
            let asked = tokio::select! {
                () = tokio::time::sleep_until(next) => false,
                asked = asks.wait_for(is_new) => match asked {
                    Ok(_) => true,
                    // Nobody holds the keys any more.
                    Err(_) => return,
                },
            };
            if let (true, Some(begun)) = (asked, begun) {
                tokio::time::sleep_until(begun + self.times.apart).await;
            }
            // In this order: who sees no reading under way may ask before it begins, and is served by it.
            self.told.send_modify(|state| state.under_way = true);
            let begun = Instant::now();
            self.begun = Some(begun);
            let read = self.read(asked).await;
            let succeeded = read.is_ok();
            next = Instant::now() + self.tell(read);
            self.told.send_replace(State { under_way: false, done: Some(Done { begun, succeeded }) });
        }
    }

    async fn read(&mut self, asked: bool) -> Result<Duration, Failure> {
        let reading = self.source.read(asked, self.times.pace).await?;
        let (Some(published), Some(keys)) = (reading.published, self.keys.upgrade()) else {
            return Ok(reading.again_in);
        };
        let (set, faults) = KeySet::read(&published).inspect_err(|_| self.source.forget())?;
        let is_empty = set.is_empty();
        let is_other = keys.publish(set);
        if is_other {
            tracing::info!(issuer = self.issuer, generation = keys.generation(), "the issuer has other keys now");
        }
        if is_other || self.faults.as_ref() != Some(&faults) {
            tell_faults(&self.issuer, is_empty, &faults);
            self.faults = Some(faults);
        }
        Ok(reading.again_in)
    }

    /// Logs the first of several failures and the end of them; says when to come again.
    fn tell(&mut self, read: Result<Duration, Failure>) -> Duration {
        match read {
            Ok(again_in) => {
                if self.failures > 0 {
                    tracing::info!(issuer = self.issuer, failures = self.failures, "the issuer's keys are read again");
                }
                self.failures = 0;
                again_in
            }
            Err(failure) => {
                let error: &(dyn Error + 'static) = &failure;
                if self.failures == 0 {
                    tracing::warn!(
                        issuer = self.issuer,
                        error,
                        "the issuer's keys can't be read: those before still hold"
                    );
                }
                let wait = self.times.apart * 2_u32.pow(self.failures.min(10));
                self.failures = self.failures.saturating_add(1);
                wait.min(LONGEST_RETRY)
            }
        }
    }
}
