//! What a decision works with: records as the batch has left them so far, and the changes it makes to them.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};
use cqrs_es::DomainEvent as _;
use domain::ids::riga_year;
use domain::kernel::{Decide, Moment, RecordedEvent as _, Series};
use domain::{personal, values::CardNumber, values::NationalNumber};
use uuid::Uuid;

use super::cache::{Cache, ClaimKey, Stream};
use super::error::Reason;
use super::flight::Ahead;
use super::kind::Kind;
use super::numbers::Numbers;
use super::{ClaimTaken, Stop, VersionConflict, WrongType};
use crate::seal::{KeyRef, KeyScope};

/// A record that a command will touch.
#[derive(Clone, Copy)]
pub struct Touch {
    pub(super) aggregate_type: &'static str,
    pub(super) aggregate_id: Uuid,
    pub(super) kind: &'static Kind,
}

impl fmt::Debug for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.aggregate_type, self.aggregate_id)
    }
}

impl Touch {
    /// The record `id` of type `A`.
    pub fn of<A: Decide>(id: Uuid) -> Touch {
        Touch { aggregate_type: A::TYPE, aggregate_id: id, kind: Kind::of::<A>() }
    }
}

/// Which record a command was about: named in its reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Type of the record.
    pub aggregate_type: &'static str,
    /// The record.
    pub aggregate_id: Uuid,
    /// Its national number or card number, where it has one.
    pub number: Option<String>,
    /// The part of it that the command was about, where parts have ids of their own.
    pub part: Option<Uuid>,
}

impl Target {
    /// The record `id` of type `A`.
    pub fn of<A: Decide>(id: Uuid) -> Target {
        Target { aggregate_type: A::TYPE, aggregate_id: id, number: None, part: None }
    }

    /// The same, with its number.
    #[must_use]
    pub fn numbered(self, number: impl fmt::Display) -> Target {
        Target { number: Some(number.to_string()), ..self }
    }

    /// With the part that the command was about.
    #[must_use]
    pub fn with_part(self, part: Uuid) -> Target {
        Target { part: Some(part), ..self }
    }
}

/// An event that was decided and not yet written: payload with open personal data.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) aggregate_type: &'static str,
    pub(super) aggregate_id: Uuid,
    pub(super) sequence: u64,
    pub(super) event_type: String,
    pub(super) event_version: String,
    pub(super) payload: String,
}

/// What the commands of a batch have changed so far.
#[derive(Clone, Default)]
pub(super) struct Changes {
    /// Keys that are destroyed.
    pub(super) destroyed: Vec<KeyRef>,
    pub(super) streams: HashMap<Uuid, Stream>,
    pub(super) claims: HashMap<ClaimKey, (&'static str, Uuid)>,
    pub(super) numbers: Numbers,
}

/// A decision at work: one command on the state that the one before left.
pub struct Work<'a> {
    cache: &'a mut Cache,
    ahead: Option<&'a Ahead>,
    batch: &'a Changes,
    /// Records that were loaded for this command.
    loaded: &'a HashMap<Uuid, Stream>,
    /// Keys that were asked for, as they are now.
    keys: &'a HashMap<KeyScope, Vec<KeyRef>>,
    pub(super) own: Changes,
    pub(super) drafts: Vec<Draft>,
    recorded_at: DateTime<Utc>,
    /// Of Riga's calendar at `recorded_at`, once it was asked for.
    year: OnceCell<i32>,
    occurred_at: DateTime<FixedOffset>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        cache: &'a mut Cache,
        ahead: Option<&'a Ahead>,
        batch: &'a Changes,
        loaded: &'a HashMap<Uuid, Stream>,
        keys: &'a HashMap<KeyScope, Vec<KeyRef>>,
        recorded_at: DateTime<Utc>,
        occurred_at: DateTime<FixedOffset>,
    ) -> Work<'a> {
        let own = Changes { numbers: batch.numbers.clone(), ..Changes::default() };
        Work {
            cache,
            ahead,
            batch,
            loaded,
            keys,
            own,
            drafts: Vec::new(),
            recorded_at,
            year: OnceCell::new(),
            occurred_at,
        }
    }

    /// When this command will have been recorded, when it happened, and the numbers that it can take.
    ///
    /// # Errors
    /// A stop, to be handed on: the clock stands outside the years that a number can have.
    pub fn moment(&self) -> Result<Moment, Stop> {
        let year = *self.year.get_or_init(|| riga_year(&self.recorded_at));
        Ok(Moment {
            recorded_at: self.recorded_at,
            occurred_at: self.occurred_at,
            next_incident: NationalNumber::try_new(year, self.own.numbers.next(Series::Incident, year))?,
            next_card: CardNumber::try_new(year, self.own.numbers.next(Series::Card, year))?,
        })
    }

    /// A record's state and version; version 0 where it has no event.
    ///
    /// # Errors
    /// A stop, to be handed on: the record must be loaded first, or is of another type.
    pub fn state<A: Decide>(&mut self, id: Uuid) -> Result<(Arc<A>, u64), Stop> {
        let stream = self.stream::<A>(id)?;
        Ok((state_of(stream, id)?, stream.version))
    }

    /// Whether a record is there, and is of type `A`.
    ///
    /// # Errors
    /// A stop, to be handed on: the record must be loaded first.
    pub fn is<A: Decide>(&mut self, id: Uuid) -> Result<bool, Stop> {
        let stream = self.stream::<A>(id)?;
        Ok(stream.version > 0 && *stream.aggregate_type == *A::TYPE)
    }

    /// The record as this command has left it so far; 0 where it was never asked for.
    pub(super) fn version(&self, id: Uuid) -> u64 {
        self.staged(id).or_else(|| self.cache.streams.peek(&id)).map_or(0, |stream| stream.version)
    }

    /// A record that this command, its batch or the batch ahead has changed, or that was loaded for this command.
    fn staged(&self, id: Uuid) -> Option<&Stream> {
        let staged = self.own.streams.get(&id).or_else(|| self.batch.streams.get(&id));
        staged.or_else(|| self.ahead?.changes.streams.get(&id)).or_else(|| self.loaded.get(&id))
    }

    fn stream<A: Decide>(&mut self, id: Uuid) -> Result<&Stream, Stop> {
        // One that was loaded as of another type, for who named the wrong record, has no state: who names the right one has it loaded.
        let has_state = |stream: &&Stream| *stream.aggregate_type != *A::TYPE || stream.state.is::<A>();
        let known = match self.staged(id).is_some_and(|stream| has_state(&stream)) {
            true => self.staged(id),
            false => self.cache.streams.get(&id).filter(has_state),
        };
        known.ok_or(Stop(Reason::Load(Touch::of::<A>(id))))
    }

    /// Decides `command` on a record and takes over its events. Returns them.
    ///
    /// # Errors
    /// A stop, to be handed on: the domain refuses, or the record must be loaded first.
    pub fn execute<A: Decide>(&mut self, id: Uuid, command: A::Command) -> Result<Vec<A::Event>, Stop> {
        let mut stream = self.stream::<A>(id)?.clone();
        let (state, version) = (state_of::<A>(&stream, id)?, stream.version);
        let events = state.decide(command, &self.moment()?).map_err(Stop::refused)?;
        if events.is_empty() {
            return Ok(events);
        }
        let mut state = A::clone(&state);
        for (sequence, event) in (version + 1..).zip(&events) {
            if let Some(taken) = event.taken_number() {
                self.own.numbers.take(taken);
            }
            let payload = personal::opened(|| serde_json::to_string(event))?;
            self.drafts.push(Draft {
                aggregate_type: A::TYPE,
                aggregate_id: id,
                sequence,
                event_type: event.event_type(),
                event_version: event.event_version(),
                payload,
            });
            state.apply(event.clone());
            stream.version = sequence;
        }
        stream.state = Arc::new(state);
        if *stream.aggregate_type != *A::TYPE {
            stream.aggregate_type = A::TYPE.into();
        }
        stream.kind = Kind::of::<A>();
        self.own.streams.insert(id, stream);
        Ok(events)
    }

    /// Does something, and takes back all of it where it is refused: what was done before stays.
    ///
    /// # Errors
    /// A stop that is no refusal, to be handed on: something must be loaded first.
    pub fn attempt<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<Result<T, Box<dyn std::error::Error + Send + Sync>>, Stop> {
        let (own, drafts) = (self.own.clone(), self.drafts.len());
        match act(self) {
            Ok(done) => Ok(Ok(done)),
            Err(Stop(Reason::Refused(refused))) => {
                self.own = own;
                self.drafts.truncate(drafts);
                Ok(Err(refused))
            }
            Err(stop) => Err(stop),
        }
    }

    /// Refuses unless the record is at `expected`.
    ///
    /// # Errors
    /// A stop, to be handed on: [`VersionConflict`], or the record must be loaded first.
    pub fn expect_version<A: Decide>(&mut self, id: Uuid, expected: Option<u64>) -> Result<(), Stop> {
        let Some(expected) = expected else { return Ok(()) };
        let (_, actual) = self.state::<A>(id)?;
        if actual == expected {
            return Ok(());
        }
        Err(Stop::refused(VersionConflict { aggregate_id: id, expected, actual }))
    }

    /// Claims `key` for a record, for ever. A claim that only the database knows of is found when the batch is written,
    /// and the decision is then asked again.
    ///
    /// # Errors
    /// A stop, to be handed on: [`ClaimTaken`].
    pub fn claim<A: Decide>(&mut self, kind: &'static str, key: &str, id: Uuid) -> Result<(), Stop> {
        let claim = (kind.to_owned(), key.to_owned());
        match self.known_claim(&claim) {
            Some(Some(owner)) if owner == id => Ok(()),
            Some(Some(owner)) => Err(Stop::refused(ClaimTaken { kind: claim.0, key: claim.1, owner })),
            Some(None) | None => {
                self.own.claims.insert(claim, (A::TYPE, id));
                Ok(())
            }
        }
    }

    /// Whose `key` is.
    ///
    /// # Errors
    /// A stop, to be handed on: it must be looked up first.
    pub fn claimed(&mut self, kind: &'static str, key: &str) -> Result<Option<Uuid>, Stop> {
        let claim = (kind.to_owned(), key.to_owned());
        self.known_claim(&claim).ok_or(Stop(Reason::LookUp { kind, key: claim.1 }))
    }

    /// The keys of a record or of a data subject that are there, in order of their ids.
    ///
    /// # Errors
    /// A stop, to be handed on: they must be looked up first.
    pub fn keys(&self, scope: KeyScope) -> Result<Vec<KeyRef>, Stop> {
        let keys = self.keys.get(&scope).ok_or(Stop(Reason::Keys(scope)))?;
        Ok(keys.iter().filter(|key| !self.own.destroyed.contains(key)).copied().collect())
    }

    /// Destroys keys, together with the events of this command or not at all: what they seal can't be read again.
    /// [`Work::keys`] says which there are.
    pub fn destroy_keys(&mut self, keys: &[KeyRef]) {
        self.own.destroyed.extend(keys);
    }

    fn known_claim(&mut self, claim: &ClaimKey) -> Option<Option<Uuid>> {
        let staged = self.own.claims.get(claim).or_else(|| self.batch.claims.get(claim));
        let staged = staged.or_else(|| self.ahead?.changes.claims.get(claim));
        staged.map(|(_, owner)| Some(*owner)).or_else(|| self.cache.claims.get(claim).copied())
    }
}

/// The state of a record of type `A`.
fn state_of<A: Decide>(stream: &Stream, id: Uuid) -> Result<Arc<A>, Stop> {
    match Arc::clone(&stream.state).downcast::<A>() {
        Ok(state) => Ok(state),
        // Asked for before as a record of another type: a record without events has no type yet.
        Err(_) if stream.version == 0 => Ok(Arc::default()),
        Err(_) => Err(Stop::refused(WrongType {
            aggregate_id: id,
            expected: A::TYPE,
            actual: stream.aggregate_type.to_string(),
        })),
    }
}
