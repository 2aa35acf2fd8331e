//! Words that incidents are found by (vārdu meklēšana): of the place, the narrative, who reported it, and the names of who takes part.
//!
//! Texts are sealed, so this read model opens each, makes words of it (`crate::words`), and keeps a keyed digest of each stem: PostgreSQL
//! searches digests as it would search words, and whoever has the database without the master key has neither. What is in it is a function
//! of the events *and of which keys are destroyed* (I-11), as with look-ups.

mod rows;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::incident::IncidentEvent;
use domain::retention::RetentionEvent;
use event_store::consumer::{ApplyError, Consumer, Handler};
use event_store::log::{DecodeError, LogName, LogPosition, StoredEvent};
use event_store::seal::{RecordKey, SealedField, sealed_fields};
use futures::future::BoxFuture;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use self::rows::Statements;
pub use self::rows::{OpenText, Suggestion, TextRow, WordQuestion, stems_in_clear};
pub use self::told::WordPart;
use self::told::{Told, told};
use crate::event::{DecodedEvent, INCIDENT, RETENTION, RegisterEvent, decode};
use crate::fact::utc;
use crate::lookups::LookupKeys;
use crate::projection::Projector;
use crate::registry::ReadModel;

/// Its name, and that of its schema.
pub const NAME: &str = "case_words";
const VERSION: u32 = 1;
const LOGS: &[LogName] = &[LogName::REGISTER];
const AGGREGATES: &[&str] = &[INCIDENT, RETENTION];
const TABLES: &[&str] = &["texts", "cases", "vocabulary"];

/// The read model that works with these keys. Its vocabulary is of all incidents together, so it isn't built in slices.
pub(crate) fn read_model(keys: LookupKeys) -> ReadModel {
    let projector = move |schema: &str| -> Projector { Box::new(CaseWords::new(schema, keys.clone())) };
    ReadModel::new(Consumer::live(NAME, VERSION, LOGS), (TABLES, include_str!("schema.sql")), false, projector)
}

/// Key of a text.
type Key = (Uuid, Uuid, WordPart);

/// A text as a batch leaves it.
enum Said {
    Clear(String),
    Sealed(SealedField, LogPosition),
    Nothing,
}

/// What a batch says.
#[derive(Default)]
struct Batch {
    texts: BTreeMap<Key, Said>,
    registered: BTreeMap<Uuid, chrono::DateTime<chrono::Utc>>,
    destroyed: BTreeSet<Uuid>,
}

impl Batch {
    fn of(batch: &[DecodedEvent]) -> Result<Self, ApplyError> {
        let mut said = Self::default();
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::Incident(event) => said.incident(stored, event)?,
                RegisterEvent::Retention(event) => {
                    if let RetentionEvent::SubjectKeysDestroyed { keys, .. } = event.as_ref() {
                        said.destroyed.extend(keys.iter().map(|key| key.key));
                    }
                }
                _ => {}
            }
        }
        Ok(said)
    }

    fn incident(&mut self, stored: &StoredEvent, event: &IncidentEvent) -> Result<(), ApplyError> {
        let id = stored.aggregate_id;
        if matches!(event, IncidentEvent::IncidentRegistered { .. }) {
            self.registered.insert(id, utc(stored.recorded_at));
        }
        for told in told(event) {
            match told {
                Told::Clear(part, text) => {
                    self.texts.insert((id, Uuid::nil(), part), Said::Clear(text));
                }
                Told::Sealed(part, of, path) => {
                    let said = sealed_at(stored, path)?.unwrap_or(Said::Nothing);
                    self.texts.insert((id, of, part), said);
                }
                Told::Amended(part, of, path) => {
                    if let Some(said) = sealed_at(stored, path)? {
                        self.texts.insert((id, of, part), said);
                    }
                }
                Told::Gone(part, of) => {
                    self.texts.insert((id, of, part), Said::Nothing);
                }
            }
        }
        Ok(())
    }

    fn keys(&self) -> BTreeSet<Uuid> {
        let sealed = self.texts.values().filter_map(|said| match said {
            Said::Sealed(field, _) => field.key_id(),
            _ => None,
        });
        sealed.collect()
    }
}

fn sealed_at(stored: &StoredEvent, path: &str) -> Result<Option<Said>, ApplyError> {
    let payload: Value = serde_json::from_str(&stored.payload)
        .map_err(|error| ApplyError::Event { position: stored.position, reason: error.to_string() })?;
    let field = sealed_fields(&payload, stored.event_id).into_iter().find(|field| field.path == path);
    Ok(field.map(|field| Said::Sealed(field, stored.position)))
}

/// The projector of words.
struct CaseWords {
    statements: Statements,
    keys: LookupKeys,
}

impl CaseWords {
    fn new(schema: &str, keys: LookupKeys) -> Self {
        Self { statements: Statements::new(schema), keys }
    }

    async fn take_in(&self, tx: &mut PgConnection, events: &[DecodedEvent]) -> Result<(), ApplyError> {
        let batch = Batch::of(events)?;
        let keys = self.keys.by_id(batch.keys()).await?;
        let mut touched: BTreeSet<Uuid> = batch.texts.keys().map(|(incident, ..)| *incident).collect();
        touched.extend(batch.registered.keys());
        touched.extend(self.statements.sealed_under(tx, &batch.destroyed).await?);
        let before = self.statements.texts(tx, &touched).await?;

        let mut now = before.clone();
        now.retain(|_, row| row.sealed_under.is_none_or(|key| !batch.destroyed.contains(&key)));
        let mut new_words = BTreeMap::new();
        for (key, said) in &batch.texts {
            match self.text(*key, said, &keys, &mut new_words)? {
                // A key that was destroyed later in the log is gone already, or goes with the batch that says so.
                Some(row) if row.sealed_under.is_none_or(|key| !batch.destroyed.contains(&key)) => {
                    now.insert(*key, row);
                }
                _ => {
                    now.remove(key);
                }
            }
        }
        self.statements.write_texts(tx, &before, &now).await?;
        self.statements.write_vocabulary(tx, (&before, &now), &new_words).await?;
        self.statements.register(tx, &batch.registered).await?;
        self.statements.write_cases(tx, &touched, &now).await?;
        Ok(())
    }

    /// The row of a text; none where there is none, or its key is gone. Words of names go into `new_words` by their digests.
    fn text(
        &self,
        (incident, part, kind): Key,
        said: &Said,
        keys: &HashMap<Uuid, RecordKey>,
        new_words: &mut BTreeMap<String, String>,
    ) -> Result<Option<TextRow>, ApplyError> {
        let (text, sealed_under) = match said {
            Said::Nothing => return Ok(None),
            Said::Clear(text) => (text.clone(), None),
            Said::Sealed(field, position) => {
                let broken = |reason: String| ApplyError::Event { position: *position, reason };
                let opened = field.open(keys).map_err(|error| broken(error.to_string()))?;
                // The cause could quote what was sealed.
                let Some(Value::String(text)) = opened else { return Ok(None) };
                (text, field.key_id())
            }
        };
        let open = OpenText { incident, part, kind, sealed_under, text: &text };
        let (row, words) = TextRow::of(open, self.keys.master());
        new_words.extend(words);
        Ok(Some(row))
    }
}

impl Handler for CaseWords {
    type Event = RegisterEvent;

    fn reads(&self) -> &'static [&'static str] {
        AGGREGATES
    }

    fn decode(&self, event: &StoredEvent) -> Result<RegisterEvent, DecodeError> {
        decode(event)
    }

    fn apply<'a>(
        &'a mut self,
        tx: &'a mut PgConnection,
        batch: &'a [DecodedEvent],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(self.take_in(tx, batch))
    }
}
