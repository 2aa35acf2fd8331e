//! Composing a batch in memory: decide, number, seal, serialise, hash.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Instant;

use chrono::{DateTime, Utc};
use ring::aead::NONCE_LEN;
use uuid::Uuid;

use super::batch::{Belief, Columns, NewEvent};
use super::beyond::Beyond;
use super::cache::{Cache, Entry as LedgerEntry, Stream};
use super::error::Reason;
use super::flight::Ahead;
use super::work::{Changes, Draft, Touch, Work};
use super::{AppendError, Environment, Queued, Reply, Submission, Target};
use crate::log::LogName;
use crate::seal::{KeyOwner, KeyRef, KeyScope, MasterKeys, RecordKey, SealError, Sealing, WrappedKey, seal_payload};

/// How an open field begins in a payload. Inside a JSON string the quotation mark would be escaped, so this finds such fields only.
const OPEN_FIELD: &str = r#"{"$open":"#;

/// What is to be answered to a command, once the batch is written.
pub(super) enum Verdict {
    /// It is in the batch, and its reply among the batch's replies.
    Written,
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
    /// Replies of the commands that are in it.
    pub(super) replies: HashMap<Uuid, LedgerEntry>,
}

impl Composed {
    /// Nothing yet, on top of `belief`.
    pub(super) fn on(belief: &Belief) -> Composed {
        Composed {
            columns: Columns::new(belief.clone(), belief.clone()),
            changes: Changes { numbers: belief.numbers.clone(), ..Changes::default() },
            verdicts: Vec::new(),
            refused: Vec::new(),
            replies: HashMap::new(),
        }
    }
}

pub(super) struct Composer<'a> {
    pub(super) log: LogName,
    pub(super) master: &'a MasterKeys,
    pub(super) environment: &'a mut dyn Environment,
    pub(super) cache: &'a mut Cache,
    /// The batch that is being written, on top of which this one is composed.
    pub(super) ahead: Option<&'a Ahead>,
    /// Where is looked for what memory does not have.
    pub(super) beyond: Beyond<'a>,
}

impl Composer<'_> {
    /// Adds the commands of `batch` from the first that `composed` does not have, as of `recorded_at`.
    ///
    /// # Errors
    /// When the database fails while records are loaded: `composed` is then of no use. What one command does wrong is its
    /// verdict, not an error.
    pub(super) async fn add(
        &mut self,
        batch: &[Queued],
        recorded_at: DateTime<Utc>,
        composed: &mut Composed,
    ) -> Result<(), sqlx::Error> {
        let first = composed.verdicts.len();
        composed.columns.after.recorded_at = recorded_at;
        for (place, queued) in batch.iter().enumerate().skip(first) {
            let submission = &queued.submission;
            let verdict = match self.known(submission, &composed.replies) {
                Some(answer) => Verdict::Answered(answer),
                None if queued.answer.is_closed() => Verdict::Answered(Err(AppendError::DeadlinePassed)),
                None if submission.deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                    Verdict::Answered(Err(AppendError::DeadlinePassed))
                }
                None => self.decide(submission, composed).await?,
            };
            if matches!(verdict, Verdict::Answered(Err(AppendError::Refused(_)))) {
                composed.refused.push(place);
            }
            composed.verdicts.push(verdict);
        }
        composed.columns.after.numbers = composed.changes.numbers.clone();
        self.recall(batch, first, composed).await
    }

    /// Answers a refused command from the ledger where it took effect before and memory has forgotten it: what it did
    /// then is often the very reason why it would be refused now.
    async fn recall(&mut self, batch: &[Queued], first: usize, composed: &mut Composed) -> Result<(), sqlx::Error> {
        let new = composed.refused.iter().filter(|place| **place >= first);
        let ids: Vec<Uuid> = new.map(|place| batch[*place].submission.command_id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        self.beyond.commands(self.log, &ids, self.cache).await?;
        let Composed { refused, verdicts, replies, .. } = composed;
        refused.retain(|place| match self.known(&batch[*place].submission, replies) {
            Some(answer) => {
                verdicts[*place] = Verdict::Answered(answer);
                false
            }
            None => true,
        });
        Ok(())
    }

    /// The answer to a command that took effect: in this batch, in the one ahead, or before.
    fn known(
        &mut self,
        submission: &Submission,
        replies: &HashMap<Uuid, LedgerEntry>,
    ) -> Option<Result<Reply, AppendError>> {
        let id = &submission.command_id;
        let ahead = || self.ahead.and_then(|ahead| ahead.replies.get(id));
        let entry = replies.get(id).or_else(ahead).or_else(|| self.cache.ledger.get(id))?;
        if entry.digest != submission.digest {
            return Some(Err(AppendError::CommandIdReused { command_id: *id }));
        }
        Some(Ok(Reply { repeated: true, ..entry.reply.clone() }))
    }

    /// Loads the records that the commands will touch. What is forgotten again, or was not foreseen, is loaded one by one.
    pub(super) async fn preload(&mut self, batch: &[Queued], changes: &Changes) -> Result<(), sqlx::Error> {
        let ahead = |id: &Uuid| self.ahead.is_some_and(|ahead| ahead.changes.streams.contains_key(id));
        let missing: HashMap<Uuid, Touch> = batch
            .iter()
            .filter(|queued| !self.cache.ledger.contains(&queued.submission.command_id))
            .flat_map(|queued| &queued.submission.touches)
            .filter(|touch| {
                let id = &touch.aggregate_id;
                !(self.cache.streams.contains(id) || ahead(id) || changes.streams.contains_key(id))
            })
            .map(|touch| (touch.aggregate_id, *touch))
            .collect();
        self.load(&missing, changes).await
    }

    async fn load(&mut self, missing: &HashMap<Uuid, Touch>, changes: &Changes) -> Result<(), sqlx::Error> {
        self.beyond.streams(self.log, self.master, missing, self.cache).await?;
        // What is being destroyed is still there for who reads now; nothing must be sealed with it any more.
        let ahead = self.ahead.map(|ahead| ahead.changes.destroyed.as_slice()).unwrap_or_default();
        for key in changes.destroyed.iter().chain(ahead) {
            if missing.contains_key(&key.owner.record)
                && let Some(stream) = self.cache.streams.peek_mut(&key.owner.record)
            {
                stream.keys.retain(|(_, known)| known.id() != key.key_id);
            }
        }
        Ok(())
    }

    /// Decides one command and puts what it does into the batch.
    pub(super) async fn decide(
        &mut self,
        submission: &Submission,
        composed: &mut Composed,
    ) -> Result<Verdict, sqlx::Error> {
        let recorded_at = composed.columns.after.recorded_at;
        let mut keys = HashMap::new();
        // What was loaded for this command stays until it is decided, however small the memory.
        let mut loaded = HashMap::new();
        loop {
            let mut work = Work::new(
                self.cache,
                self.ahead,
                &composed.changes,
                &loaded,
                &keys,
                recorded_at,
                submission.occurred_at,
            );
            match (submission.decide)(&mut work) {
                Ok(target) => {
                    let version = work.version(target.aggregate_id);
                    let Work { own, drafts, .. } = work;
                    let written = self.write(submission, &target, version, own, drafts, composed);
                    return Ok(written.unwrap_or_else(|error| Verdict::Answered(Err(error))));
                }
                Err(stop) => match stop.0 {
                    Reason::Refused(error) => return Ok(Verdict::Answered(Err(AppendError::Refused(error)))),
                    Reason::Load(touch) => {
                        self.load(&HashMap::from([(touch.aggregate_id, touch)]), &composed.changes).await?;
                        let stream = self.cache.streams.peek(&touch.aggregate_id).cloned();
                        loaded.extend(stream.map(|stream| (touch.aggregate_id, stream)));
                    }
                    Reason::LookUp { kind, key } => {
                        let keys = [(kind.to_owned(), key)];
                        self.beyond.claims(self.log, &keys, self.cache).await?;
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
        let mut there = self.beyond.keys(self.log, scope).await?;
        if let Some(ahead) = self.ahead {
            there.extend(ahead.keys.iter().filter(|key| scope.covers(key.owner)));
            there.retain(|key| !ahead.changes.destroyed.contains(key));
        }
        let new = composed.columns.keys.iter().filter(|(_, owner)| scope.covers(*owner));
        there.extend(new.map(|(key, owner)| KeyRef { key_id: key.key_id, owner: *owner }));
        there.retain(|key| !composed.columns.destroyed.iter().any(|(gone, _)| gone == key));
        there.sort_unstable();
        there.dedup();
        Ok(there)
    }

    /// Seals, serialises and hashes a command's events into the columns. On an error nothing of it is in them.
    fn write(
        &mut self,
        submission: &Submission,
        target: &Target,
        version: u64,
        mut own: Changes,
        drafts: Vec<Draft>,
        composed: &mut Composed,
    ) -> Result<Verdict, AppendError> {
        let internal = |error: serde_json::Error| AppendError::Internal(Box::new(error));
        // What the command itself seals is sealed under keys that outlive it.
        for key in &own.destroyed {
            if let Some(stream) = own.streams.get_mut(&key.owner.record) {
                stream.keys.retain(|(_, known)| known.id() != key.key_id);
            }
        }
        let mut new_keys = Vec::new();
        let events = drafts.len() as u32;
        let mut sealed = Vec::with_capacity(drafts.len());
        for mut draft in drafts {
            let event_id = self.environment.event_id(composed.columns.after.recorded_at);
            self.seal(&mut draft, event_id, &mut own, &mut new_keys)?;
            sealed.push((event_id, draft));
        }

        let columns = &mut composed.columns;
        let first = columns.after.position + 1;
        for (event_id, draft) in sealed {
            columns.push(NewEvent {
                event_id,
                aggregate_type: draft.aggregate_type,
                aggregate_id: draft.aggregate_id,
                sequence: draft.sequence,
                event_type: draft.event_type,
                event_version: draft.event_version,
                occurred_at: submission.occurred_at.to_utc(),
                payload: draft.payload,
                metadata: submission.metadata.as_json(),
            });
        }
        columns.keys.extend(new_keys);
        for ((kind, key), (owner_kind, owner)) in &own.claims {
            columns.claims.kind.push(kind.clone());
            columns.claims.key.push(key.clone());
            columns.claims.owner_kind.push(owner_kind);
            columns.claims.owner.push(*owner);
        }

        let reply = Reply {
            aggregate_type: target.aggregate_type.to_owned(),
            aggregate_id: target.aggregate_id,
            version,
            generation: columns.after.generation,
            position: columns.after.position,
            number: target.number.clone(),
            part: target.part,
            recorded_at: columns.after.recorded_at,
            events,
            repeated: false,
        };
        columns.commands.id.push(submission.command_id);
        columns.commands.digest.push(submission.digest.to_vec());
        columns.commands.first.push(first as i64);
        columns.commands.events.push(events as i32);
        columns.commands.reply.push(serde_json::to_string(&reply).map_err(internal)?);
        composed.changes.streams.extend(own.streams);
        self.forget(&own.destroyed, composed);
        composed.changes.destroyed.append(&mut own.destroyed);
        composed.changes.claims.extend(own.claims);
        composed.changes.numbers = own.numbers;
        composed.replies.insert(submission.command_id, LedgerEntry { digest: submission.digest, reply });
        Ok(Verdict::Written)
    }

    /// Makes the payload what is stored: personal data sealed under its record's key, which is made where there is none.
    fn seal(
        &mut self,
        draft: &mut Draft,
        event_id: Uuid,
        own: &mut Changes,
        new_keys: &mut Vec<(WrappedKey, KeyOwner)>,
    ) -> Result<(), AppendError> {
        if !draft.payload.contains(OPEN_FIELD) {
            return Ok(());
        }
        let internal = |error: Box<dyn std::error::Error + Send + Sync>| AppendError::Internal(error);
        let Some(stream) = own.streams.get_mut(&draft.aggregate_id) else {
            return Err(internal("a draft without its stream".into()));
        };
        let mut seal =
            Seal { environment: self.environment, master: self.master, record: draft.aggregate_id, stream, new_keys };
        draft.payload = seal_payload(&draft.payload, event_id, &mut seal).map_err(|error| internal(error.into()))?;
        Ok(())
    }

    /// A record as it was before this batch.
    fn before(&self, record: &Uuid) -> Option<&Stream> {
        let ahead = self.ahead.and_then(|ahead| ahead.changes.streams.get(record));
        ahead.or_else(|| self.cache.streams.peek(record))
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
                Entry::Vacant(unchanged) => match self.before(&record) {
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

#[cfg(test)]
mod tests {
    use super::OPEN_FIELD;

    #[test]
    fn an_open_field_begins_as_the_domain_writes_it() {
        assert_eq!(OPEN_FIELD, format!("{{\"{}\":", domain::personal::OPEN));
    }
}
