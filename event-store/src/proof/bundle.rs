//! Evidence that leaves the house: files that are checked with nothing but the notary's public keys.
//!
//! Both kinds are JSON of one exact form (`docs/PROOFS.md`): the fields in this order, two spaces of indentation, a newline at
//! the end. Whatever else is in a file makes it another file, so that no byte of it is without meaning.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::DateTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::check::{self, ProofError};
use super::head::TreeHead;
use super::note::{NoteError, SignedNote, VerifierKey};
use super::succession;
use crate::leaf::Leaf;
use crate::log::StoredEvent;
use crate::tree::Hash;

/// What `format` says in an evidence bundle.
pub const EVIDENCE: &str = "vnr-evidence-1";
/// What `format` says in a consistency bundle.
pub const CONSISTENCY: &str = "vnr-consistency-1";
/// A text of a leaf is shorter than this many bytes.
const TEXT_LIMIT: usize = 65_535;

/// A bundle that proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is no JSON, or lacks a field, or has one too many.
    #[error("the file is no bundle")]
    Json(#[from] serde_json::Error),
    /// It has another format.
    #[error("the file is neither {EVIDENCE} nor {CONSISTENCY}, but `{0}`")]
    Format(String),
    /// It says what a bundle says, but not in its exact form.
    #[error("the file was changed after it was written: it is not in the exact form of a bundle")]
    Form,
    /// A tree head or a statement on keys is not accepted.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The tree head is of another log.
    #[error("the tree head is one of {found}, not of {wanted}")]
    Origin {
        /// What the bundle says.
        wanted: String,
        /// What the tree head says.
        found: String,
    },
    /// There is nothing in it.
    #[error("there is no event in it")]
    NoEvents,
    /// An event is not where it should be in the record, or what it should be.
    #[error("the event at position {position} {what}")]
    Event {
        /// Its position.
        position: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// An event is not in the log.
    #[error("the event at position {position} is not proved to be in the log: {source}")]
    Inclusion {
        /// Its position.
        position: u64,
        /// Why.
        source: ProofError,
    },
    /// The newer tree does not begin with the older one.
    #[error("the newer tree head is not proved to extend the older one: {0}")]
    Consistency(#[from] ProofError),
    /// A hash is none.
    #[error("a proof holds something that is no SHA-256 in base64")]
    Hash,
}

impl BundleError {
    /// The position of the event that is wrong, where one is.
    pub fn position(&self) -> Option<u64> {
        match self {
            BundleError::Event { position, .. } | BundleError::Inclusion { position, .. } => Some(*position),
            _ => None,
        }
    }
}

/// All events of one record, each with the proof that it is in the log of a signed tree head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`EVIDENCE`].
    pub format: String,
    /// Name of the log.
    pub origin: String,
    /// Type of the record, `incident`.
    pub aggregate_type: String,
    /// The record.
    pub aggregate_id: Uuid,
    /// Signed note: the tree that the events are in.
    pub tree_head: String,
    /// Signed notes by which keys vouch for one another, oldest first.
    pub key_changes: Vec<String>,
    /// The record's events, from its first on, without a gap.
    pub events: Vec<EvidenceEvent>,
}

/// One event: the fields of its leaf, and its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceEvent {
    /// Place in the log; its leaf has the index position − 1.
    pub position: u64,
    /// Generation of the log that it was recorded in.
    pub generation: u32,
    /// Its id.
    pub event_id: Uuid,
    /// Place in the record, from 1.
    pub sequence: u64,
    /// Its type.
    pub event_type: String,
    /// Version of its payload's shape.
    pub event_version: String,
    /// When it happened, microseconds since 1970-01-01T00:00:00Z.
    pub occurred_at_us: i64,
    /// When it was recorded, the same.
    pub recorded_at_us: i64,
    /// JSON text, as it was hashed.
    pub payload: String,
    /// JSON text, as it was hashed.
    pub metadata: String,
    /// Hashes of RFC 9162 §2.1.3, base64, from the leaf up.
    pub inclusion_proof: Vec<String>,
}

impl EvidenceEvent {
    /// A stored event with its proof.
    pub fn new(event: &StoredEvent, generation: u32, proof: &[Hash]) -> EvidenceEvent {
        EvidenceEvent {
            position: event.position.get(),
            generation,
            event_id: event.event_id,
            sequence: event.sequence,
            event_type: event.event_type.clone(),
            event_version: event.event_version.clone(),
            occurred_at_us: event.occurred_at.timestamp_micros(),
            recorded_at_us: event.recorded_at.timestamp_micros(),
            payload: event.payload.clone(),
            metadata: event.metadata.clone(),
            inclusion_proof: encoded(proof),
        }
    }

    fn leaf<'a>(&'a self, bundle: &'a Evidence) -> Result<Leaf<'a>, BundleError> {
        let wrong = |what| BundleError::Event { position: self.position, what };
        let texts = [&bundle.origin, &bundle.aggregate_type, &self.event_type, &self.event_version];
        if texts.iter().any(|text| text.len() >= TEXT_LIMIT) {
            return Err(wrong("has a text that is too long"));
        }
        let time = |us| DateTime::from_timestamp_micros(us).ok_or(wrong("has a time that is none"));
        Ok(Leaf {
            origin: &bundle.origin,
            generation: self.generation,
            event_id: self.event_id,
            aggregate_type: &bundle.aggregate_type,
            aggregate_id: bundle.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
            occurred_at: time(self.occurred_at_us)?,
            recorded_at: time(self.recorded_at_us)?,
            payload: &self.payload,
            metadata: &self.metadata,
        })
    }
}

impl Evidence {
    /// The exact text of the file.
    ///
    /// # Errors
    /// Never for what was built from a log; serialising texts and numbers can't fail.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        text(self)
    }

    /// Checks that each event is in the tree of that head, and that together they are the record's first ones.
    ///
    /// # Errors
    /// When one is not.
    pub fn check_events(&self, head: &TreeHead) -> Result<(), BundleError> {
        if head.origin != self.origin {
            return Err(BundleError::Origin { wanted: self.origin.clone(), found: head.origin.clone() });
        }
        if self.events.is_empty() {
            return Err(BundleError::NoEvents);
        }
        let mut before = 0;
        for (event, sequence) in self.events.iter().zip(1u64..) {
            let position = event.position;
            if event.sequence != sequence {
                return Err(BundleError::Event { position, what: "is not the next of the record" });
            }
            if position <= before || position > head.size {
                return Err(BundleError::Event { position, what: "is not where it can be in the log" });
            }
            before = position;
            let (leaf, proof) = (event.leaf(self)?.hash(), decoded(&event.inclusion_proof)?);
            check::inclusion(&leaf, position - 1, head.size, &proof, &head.root)
                .map_err(|source| BundleError::Inclusion { position, source })?;
        }
        Ok(())
    }
}

/// Two tree heads of a log, and the proof that the newer extends the older.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    /// [`CONSISTENCY`].
    pub format: String,
    /// Name of the log.
    pub origin: String,
    /// Signed note.
    pub older_head: String,
    /// Signed note.
    pub newer_head: String,
    /// Signed notes by which keys vouch for one another, oldest first.
    pub key_changes: Vec<String>,
    /// Hashes of RFC 9162 §2.1.4, base64, in its order.
    pub consistency_proof: Vec<String>,
}

impl Consistency {
    /// The exact text of the file.
    ///
    /// # Errors
    /// Never for what was built from a log.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        text(self)
    }
}

/// What a bundle proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proved {
    /// These events are in the log of that tree head.
    Events(Box<Evidence>, TreeHead),
    /// The newer log is the older one with events added at its end.
    Extension {
        /// The older head.
        older: TreeHead,
        /// The newer head.
        newer: TreeHead,
    },
}

/// Checks a file, given the keys that are trusted.
///
/// # Errors
/// When it proves nothing.
pub fn check(file: &str, trusted: &[VerifierKey]) -> Result<Proved, BundleError> {
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    match serde_json::from_str::<Format>(file)?.format.as_str() {
        EVIDENCE => {
            let bundle: Evidence = exact(file)?;
            let head = signed(&bundle.tree_head, trusted, &bundle.key_changes)?;
            bundle.check_events(&head)?;
            Ok(Proved::Events(Box::new(bundle), head))
        }
        CONSISTENCY => {
            let bundle: Consistency = exact(file)?;
            let older = signed(&bundle.older_head, trusted, &bundle.key_changes)?;
            let newer = signed(&bundle.newer_head, trusted, &bundle.key_changes)?;
            for head in [&older, &newer] {
                if head.origin != bundle.origin {
                    return Err(BundleError::Origin { wanted: bundle.origin, found: head.origin.clone() });
                }
            }
            let proof = decoded(&bundle.consistency_proof)?;
            check::consistency((older.size, &older.root), (newer.size, &newer.root), &proof)?;
            Ok(Proved::Extension { older, newer })
        }
        other => Err(BundleError::Format(other.to_owned())),
    }
}

fn signed(note: &str, trusted: &[VerifierKey], key_changes: &[String]) -> Result<TreeHead, BundleError> {
    let statements = key_changes.iter().map(|note| one_note(note)).collect::<Result<Vec<_>, _>>()?;
    let trusted = succession::extend(trusted, &statements)?;
    Ok(TreeHead::verified(&one_note(note)?, &trusted)?)
}

/// A note in exactly the form that it has when it is written.
fn one_note(text: &str) -> Result<SignedNote, BundleError> {
    let note = SignedNote::parse(text)?;
    if note.to_string() == text { Ok(note) } else { Err(BundleError::Form) }
}

fn text(bundle: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(bundle)? + "\n")
}

fn exact<T: DeserializeOwned + Serialize>(file: &str) -> Result<T, BundleError> {
    let bundle: T = serde_json::from_str(file)?;
    if text(&bundle)? == file { Ok(bundle) } else { Err(BundleError::Form) }
}

/// Hashes as bundles hold them.
pub fn encoded(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| BASE64.encode(hash)).collect()
}

fn decoded(hashes: &[String]) -> Result<Vec<Hash>, BundleError> {
    let hash = |text: &String| BASE64.decode(text).ok().and_then(|bytes| Hash::try_from(bytes).ok());
    hashes.iter().map(|text| hash(text).ok_or(BundleError::Hash)).collect()
}
