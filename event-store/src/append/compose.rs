//! Composing a batch in memory: decide, number, seal, serialise, hash.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Instant;

use chrono::{DateTime, Utc};
use ring::aead::NONCE_LEN;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::batch::{Belief, Columns};
use super::cache::{Cache, Entry as LedgerEntry, Stream};
use super::error::Reason;
use super::work::{Changes, Draft, Touch, Work};
use super::{AppendError, Environment, Queued, Reply, Submission, Target};
use crate::leaf::Leaf;
use crate::log::LogName;
use crate::seal::{KeyOwner, KeyRef, KeyScope, MasterKeys, RecordKey, SealError, Sealing, WrappedKey, seal_payload};
use domain::personal::OPEN as OPEN_MARK;

/// What is to be answered to a command, once the batch is written.
pub(super) enum Verdict {
    /// It is in the batch; its reply is in the ledger columns.
    Written(Reply),
    /// It repeats a command of the batch.
    Repeats,
    /// Nothing is written for it.
    Answered(Result<Reply, AppendError>),
}

/// A batch, ready to be written, and what to answer afterwards.
pub(super) struct Composed {
    pub(super) columns: Columns,
    pub(super) changes: Changes,
    pub(super) verdicts: Vec<Verdict>,
    /// Places of the commands that are refused. A refusal holds for the head it was decided on.
    pub(super) refused: Vec<usize>,
}

pub(super) struct Composer<'a> {
    pub(super) log: LogName,
    pub(super) master: &'a MasterKeys,
    pub(super) environment: &'a mut dyn Environment,
    pub(super) cache: &'a mut Cache,
    pub(super) connection: &'a mut PgConnection,
}

impl Composer<'_> {
    /// Composes the batch on top of `belief`.
    ///
    /// # Errors
    /// When the database fails while records are loaded. What one command does wrong is its verdict, not an error.
    pub(super) async fn compose(
        &mut self,
        batch: &[Queued],
        belief: &Belief,
        recorded_at: DateTime<Utc>,
    ) -> Result<Composed, sqlx::Error> {
        self.preload(batch).await?;
        let after = Belief { recorded_at, ..belief.clone() };
        let mut composed = Composed {
            columns: Columns::new(belief.clone(), after),
            changes: Changes { numbers: belief.numbers.clone(), ..Changes::default() },
            verdicts: Vec::with_capacity(batch.len()),
            refused: Vec::new(),
        };
        let mut seen: HashMap<Uuid, usize> = HashMap::new();
        for (place, queued) in batch.iter().enumerate() {
            let submission = &queued.submission;
            let verdict = match self.known(submission) {
                Some(answer) => Verdict::Answered(answer),
                None if queued.answer.is_closed() => Verdict::Answered(Err(AppendError::DeadlinePassed)),
                None if submission.deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                    Verdict::Answered(Err(AppendError::DeadlinePassed))
                }
                None => match seen.get(&submission.command_id) {
                    Some(first) if batch[*first].submission.digest == submission.digest => Verdict::Repeats,
                    Some(_) => Verdict::Answered(Err(reused(submission))),
                    None => self.decide(submission, &mut composed).await?,
                },
            };
            match verdict {
                Verdict::Written(_) => {
                    seen.insert(submission.command_id, place);
                }
                Verdict::Answered(Err(AppendError::Refused(_))) => composed.refused.push(place),
                Verdict::Repeats | Verdict::Answered(_) => {}
            }
            composed.verdicts.push(verdict);
        }
        composed.columns.after.numbers = composed.changes.numbers.clone();
        self.recall(batch, &mut composed).await?;
        Ok(composed)
    }

    /// Answers a refused command from the ledger where it took effect before and memory has forgotten it: what it did
    /// then is often the very reason why it would be refused now.
    async fn recall(&mut self, batch: &[Queued], composed: &mut Composed) -> Result<(), sqlx::Error> {
        if composed.refused.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = composed.refused.iter().map(|place| batch[*place].submission.command_id).collect();
        super::load::commands(self.connection, self.log, &ids, self.cache).await?;
        let Composed { refused, verdicts, .. } = composed;
        refused.retain(|place| match self.known(&batch[*place].submission) {
            Some(answer) => {
                verdicts[*place] = Verdict::Answered(answer);
                false
            }
            None => true,
        });
        Ok(())
    }

    /// The answer to a command that memory knows.
    fn known(&mut self, submission: &Submission) -> Option<Result<Reply, AppendError>> {
        let entry = self.cache.ledger.get(&submission.command_id)?;
        Some(answer_again(entry, submission))
    }

    async fn preload(&mut self, batch: &[Queued]) -> Result<(), sqlx::Error> {
        let missing: HashMap<Uuid, Touch> = batch
            .iter()
            .filter(|queued| !self.cache.ledger.contains(&queued.submission.command_id))
            .flat_map(|queued| &queued.submission.touches)
            .filter(|touch| !self.cache.streams.contains(&touch.aggregate_id))
            .map(|touch| (touch.aggregate_id, *touch))
            .collect();
        self.load(&missing).await
    }

    async fn load(&mut self, missing: &HashMap<Uuid, Touch>) -> Result<(), sqlx::Error> {
        super::load::streams(self.connection, self.log, self.master, missing, self.cache).await
    }

    /// Decides one command and puts what it does into the batch.
    async fn decide(&mut self, submission: &Submission, composed: &mut Composed) -> Result<Verdict, sqlx::Error> {
        let recorded_at = composed.columns.after.recorded_at;
        let mut keys = HashMap::new();
        loop {
            let mut work = Work::new(self.cache, &composed.changes, &keys, recorded_at, submission.occurred_at);
            match (submission.decide)(&mut work) {
                Ok(target) => {
                    let Work { own, drafts, .. } = work;
                    let written = self.write(submission, &target, own, &drafts, composed);
                    return Ok(written.unwrap_or_else(|error| Verdict::Answered(Err(error))));
                }
                Err(stop) => match stop.0 {
                    Reason::Refused(error) => return Ok(Verdict::Answered(Err(AppendError::Refused(error)))),
                    Reason::Load(touch) => self.load(&HashMap::from([(touch.aggregate_id, touch)])).await?,
                    Reason::LookUp { kind, key } => {
                        let keys = [(kind.to_owned(), key)];
                        super::load::claims(self.connection, self.log, &keys, self.cache).await?;
                    }
                    Reason::Keys(scope) => {
                        let there = self.keys(scope, composed).await?;
                        keys.insert(scope, there);
                    }
                },
            }
        }
    }

    /// The keys that are there once the batch so far is written.
    async fn keys(&mut self, scope: KeyScope, composed: &Composed) -> Result<Vec<KeyRef>, sqlx::Error> {
        let mut there = super::load::keys(self.connection, self.log, scope).await?;
        let new = composed.columns.keys.iter().filter(|(_, owner)| scope.covers(*owner));
        there.extend(new.map(|(key, owner)| KeyRef { key_id: key.key_id, owner: *owner }));
        there.retain(|key| !composed.columns.destroyed.iter().any(|(gone, _)| gone == key));
        there.sort_unstable();
        Ok(there)
    }

    /// Seals, serialises and hashes a command's events into the columns. On an error nothing of it is in them.
    fn write(
        &mut self,
        submission: &Submission,
        target: &Target,
        mut own: Changes,
        drafts: &[Draft],
        composed: &mut Composed,
    ) -> Result<Verdict, AppendError> {
        let internal = |error: serde_json::Error| AppendError::Internal(Box::new(error));
        let metadata = serde_json::to_string(&submission.metadata).map_err(internal)?;
        // What the command itself seals is sealed under keys that outlive it.
        for key in &own.destroyed {
            if let Some(stream) = own.streams.get_mut(&key.owner.record) {
                stream.keys.retain(|(_, known)| known.id() != key.key_id);
            }
        }
        let mut new_keys = Vec::new();
        let mut sealed = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let event_id = self.environment.event_id(composed.columns.after.recorded_at);
            sealed.push((event_id, self.seal(draft, event_id, &mut own, &mut new_keys)?));
        }

        let columns = &mut composed.columns;
        let first = columns.after.position + 1;
        for (draft, (event_id, payload)) in drafts.iter().zip(sealed) {
            let leaf = Leaf {
                origin: &columns.after.origin,
                generation: columns.after.generation,
                event_id,
                aggregate_type: draft.aggregate_type,
                aggregate_id: draft.aggregate_id,
                sequence: draft.sequence,
                event_type: &draft.event_type,
                event_version: &draft.event_version,
                occurred_at: submission.occurred_at.to_utc(),
                recorded_at: columns.after.recorded_at,
                payload: &payload,
                metadata: &metadata,
            }
            .hash();
            columns.after.position += 1;
            columns.after.frontier.push(leaf, &mut columns.tiles);
            let events = &mut columns.events;
            events.id.push(event_id);
            events.kind.push(draft.aggregate_type);
            events.aggregate.push(draft.aggregate_id.to_string());
            events.sequence.push(draft.sequence as i64);
            events.event_type.push(draft.event_type.clone());
            events.event_version.push(draft.event_version.clone());
            events.payload.push(payload);
            events.metadata.push(metadata.clone());
            events.occurred_at.push(submission.occurred_at.to_utc());
            events.leaf.push(leaf.to_vec());
            note_stream(columns, draft);
        }
        columns.keys.extend(new_keys);
        for ((kind, key), (owner_kind, owner)) in &own.claims {
            columns.claims.kind.push(kind.clone());
            columns.claims.key.push(key.clone());
            columns.claims.owner_kind.push(owner_kind);
            columns.claims.owner.push(*owner);
        }

        let version = own.streams.get(&target.aggregate_id).map(|stream| stream.version);
        let version = version
            .or_else(|| composed.changes.streams.get(&target.aggregate_id).map(|stream| stream.version))
            .or_else(|| self.cache.streams.peek(&target.aggregate_id).map(|stream| stream.version))
            .unwrap_or(0);
        let reply = Reply {
            aggregate_type: target.aggregate_type.to_owned(),
            aggregate_id: target.aggregate_id,
            version,
            generation: columns.after.generation,
            position: columns.after.position,
            number: target.number.clone(),
            recorded_at: columns.after.recorded_at,
            events: drafts.len() as u32,
            repeated: false,
        };
        columns.commands.id.push(submission.command_id);
        columns.commands.digest.push(submission.digest.to_vec());
        columns.commands.first.push(first as i64);
        columns.commands.events.push(drafts.len() as i32);
        columns.commands.reply.push(serde_json::to_string(&reply).map_err(internal)?);
        composed.changes.streams.extend(own.streams);
        self.forget(&own.destroyed, composed);
        composed.changes.claims.extend(own.claims);
        composed.changes.numbers = own.numbers;
        Ok(Verdict::Written(reply))
    }

    /// The payload as it is stored: personal data sealed under its record's key, which is made where there is none.
    fn seal(
        &mut self,
        draft: &Draft,
        event_id: Uuid,
        own: &mut Changes,
        new_keys: &mut Vec<(WrappedKey, KeyOwner)>,
    ) -> Result<String, AppendError> {
        // Inside a JSON string the quotation mark would be escaped, so this finds marks only.
        if !draft.payload.contains(&format!("{{\"{OPEN_MARK}\":")) {
            return Ok(draft.payload.clone());
        }
        let internal = |error: Box<dyn std::error::Error + Send + Sync>| AppendError::Internal(error);
        let Some(stream) = own.streams.get_mut(&draft.aggregate_id) else {
            return Err(internal("a draft without its stream".into()));
        };
        let mut payload: Value = serde_json::from_str(&draft.payload).map_err(|error| internal(error.into()))?;
        let mut seal =
            Seal { environment: self.environment, master: self.master, record: draft.aggregate_id, stream, new_keys };
        seal_payload(&mut payload, event_id, &mut seal).map_err(|error| internal(error.into()))?;
        serde_json::to_string(&payload).map_err(|error| internal(error.into()))
    }

    /// Puts destroyed keys into the batch, and takes them from the records as they are after it: what is sealed next gets a
    /// new key.
    fn forget(&self, destroyed: &[KeyRef], composed: &mut Composed) {
        for key in destroyed {
            let columns = &mut composed.columns;
            let made_here = columns.keys.iter().position(|(new, _)| new.key_id == key.key_id);
            if let Some(place) = made_here {
                columns.keys.swap_remove(place);
            }
            columns.destroyed.push((*key, made_here.is_none()));
            let record = key.owner.record;
            let stream = match composed.changes.streams.entry(record) {
                Entry::Occupied(changed) => changed.into_mut(),
                Entry::Vacant(unchanged) => match self.cache.streams.peek(&record) {
                    Some(stream) => unchanged.insert(stream.clone()),
                    None => continue,
                },
            };
            stream.keys.retain(|(_, known)| known.id() != key.key_id);
        }
    }
}

/// Sealing for one record: its keys, and new ones where there are none.
struct Seal<'a> {
    environment: &'a mut dyn Environment,
    master: &'a MasterKeys,
    record: Uuid,
    stream: &'a mut Stream,
    new_keys: &'a mut Vec<(WrappedKey, KeyOwner)>,
}

impl Sealing for Seal<'_> {
    fn key(&mut self, subject: Option<Uuid>) -> Result<RecordKey, SealError> {
        if let Some(key) = self.stream.key(subject) {
            return Ok(key.clone());
        }
        let (mut id, mut bytes) = ([0; 16], [0; 32]);
        self.environment.fill(&mut id).map_err(|_| SealError::NoRandomness)?;
        self.environment.fill(&mut bytes).map_err(|_| SealError::NoRandomness)?;
        let nonce = self.nonce()?;
        let key_id = uuid::Builder::from_random_bytes(id).into_uuid();
        let (key, wrapped) = self.master.new_record_key(key_id, bytes, nonce);
        self.new_keys.push((wrapped, KeyOwner { record: self.record, subject }));
        self.stream.keys.push((subject, key.clone()));
        Ok(key)
    }

    fn nonce(&mut self) -> Result<[u8; NONCE_LEN], SealError> {
        let mut bytes = [0; NONCE_LEN];
        self.environment.fill(&mut bytes).map_err(|_| SealError::NoRandomness)?;
        Ok(bytes)
    }
}

/// Notes that the batch moves the draft's stream: to this version, and to the position just given.
fn note_stream(columns: &mut Columns, draft: &Draft) {
    let streams = &mut columns.streams;
    // The same stream often comes again at once; the batch is small, so looking from the end is cheap.
    if let Some(place) = streams.id.iter().rposition(|id| *id == draft.aggregate_id) {
        streams.version[place] = draft.sequence as i64;
        streams.last[place] = columns.after.position as i64;
        return;
    }
    streams.id.push(draft.aggregate_id);
    streams.kind.push(draft.aggregate_type);
    streams.base.push(draft.sequence as i64 - 1);
    streams.version.push(draft.sequence as i64);
    streams.first.push(columns.after.position as i64);
    streams.last.push(columns.after.position as i64);
}

/// The stored reply, or that the id was used for something else.
pub(super) fn answer_again(entry: &LedgerEntry, submission: &Submission) -> Result<Reply, AppendError> {
    if entry.digest != submission.digest {
        return Err(reused(submission));
    }
    Ok(Reply { repeated: true, ..entry.reply.clone() })
}

fn reused(submission: &Submission) -> AppendError {
    AppendError::CommandIdReused { command_id: submission.command_id }
}
