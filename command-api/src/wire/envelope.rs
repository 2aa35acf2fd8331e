//! What travels with every command.

use access::Principal;
use chrono::{DateTime, FixedOffset};
use domain::kernel::Decide;
use domain::values::{ExternalId, SourceSystem};
use event_store::append::Metadata;
use proto::command::v1 as pb;
use uuid::Uuid;

use super::{Item, Reader};

/// Most flags of an envelope.
const MOST_FLAGS: usize = 16;

/// A flag: what the command says was made up.
const SIMULATED: &str = "simulated";

/// Who it is, when it happened, where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) command_id: Uuid,
    pub(crate) expected_version: Option<u64>,
    pub(crate) occurred_at: DateTime<FixedOffset>,
    pub(crate) source: Option<SourceOf>,
    correlation_id: Option<Uuid>,
    causation_id: Option<Uuid>,
    flags: Vec<String>,
}

/// Where a foreign system had it.
#[derive(Debug, Clone)]
pub(crate) struct SourceOf {
    pub(crate) system: SourceSystem,
    pub(crate) external_id: Option<ExternalId>,
    sequence: u64,
    recorded_at: Option<DateTime<FixedOffset>>,
}

impl Envelope {
    /// Reads it; `None` where something is wrong with it.
    pub(crate) fn read(reader: &mut Reader, envelope: Option<pb::Envelope>) -> Option<Envelope> {
        let Some(envelope) = envelope else {
            reader.wrong("envelope", "is required");
            return None;
        };
        let command_id = reader.required_uuid("envelope.command_id", &envelope.command_id);
        let correlation_id = reader.uuid("envelope.correlation_id", &envelope.correlation_id);
        let causation_id = reader.uuid("envelope.causation_id", &envelope.causation_id);
        let occurred_at = reader.required_time("envelope.occurred_at", &envelope.occurred_at);
        let source = envelope.source.and_then(|source| SourceOf::read(reader, &source));
        for (index, flag) in reader.at_most("envelope.flags", &envelope.flags, MOST_FLAGS).iter().enumerate() {
            let is_flag = (1..=64).contains(&flag.len())
                && flag.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_flag {
                reader.wrong(Item("envelope.flags", index), "must be lower-case words with `_`, at most 64 characters");
            }
        }
        Some(Envelope {
            command_id: command_id?,
            expected_version: envelope.expected_version,
            occurred_at: occurred_at?,
            source,
            correlation_id,
            causation_id,
            flags: envelope.flags,
        })
    }

    /// Whether it says that it was made up.
    pub(crate) fn is_simulated(&self) -> bool {
        self.flags.iter().any(|flag| flag == SIMULATED)
    }

    /// What becomes the metadata of each event of the command.
    pub(crate) fn metadata(&self, principal: &Principal) -> Metadata {
        let mut metadata = Metadata::new().with("actor", &principal.subject);
        if let Some(id) = self.causation_id {
            note_id(&mut metadata, "causation_id", id);
        }
        note_id(&mut metadata, "command_id", self.command_id);
        note_id(&mut metadata, "correlation_id", self.correlation_id.unwrap_or(self.command_id));
        if !self.flags.is_empty() {
            metadata.add("flags", &self.flags.join(","));
        }
        metadata.add("institution", principal.institution.as_str());
        metadata.add("occurred_offset", &self.occurred_at.offset().to_string());
        metadata.add("purpose", &principal.purpose.to_string());
        metadata.add("role", &principal.role_names());
        let Some(source) = &self.source else { return metadata };
        if let Some(external_id) = &source.external_id {
            metadata.add("source_external_id", &external_id.to_string());
        }
        if let Some(at) = source.recorded_at {
            metadata.add("source_recorded_at", &at.to_rfc3339());
        }
        if source.sequence > 0 {
            metadata.add("source_sequence", &source.sequence.to_string());
        }
        metadata.with("source_system", &source.system.to_string())
    }
}

fn note_id(metadata: &mut Metadata, name: &str, id: Uuid) {
    metadata.add(name, id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

impl SourceOf {
    fn read(reader: &mut Reader, source: &pb::Source) -> Option<SourceOf> {
        let system = reader.required("envelope.source.system", &source.system, SourceSystem::parse);
        let external_id = reader.text("envelope.source.external_id", &source.external_id, ExternalId::parse);
        let recorded_at = reader.time("envelope.source.recorded_at", &source.recorded_at);
        Some(SourceOf { system: system?, external_id, sequence: source.sequence, recorded_at })
    }

    /// Its place in the source's own order of records; 0 where it has none.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When it recorded it, as far as it says.
    pub(crate) fn recorded_at(&self) -> Option<DateTime<FixedOffset>> {
        self.recorded_at
    }

    /// Key of the claim that a record of type `A` with this source makes: its source has one such record of that name,
    /// for ever.
    pub(crate) fn claim_key<A: Decide>(&self) -> Option<String> {
        Some(source_claim::<A>(&self.system, self.external_id.as_ref()?))
    }
}

/// The same of a record that is named by itself.
pub(crate) fn source_claim<A: Decide>(system: &SourceSystem, external_id: &ExternalId) -> String {
    format!("{}|{system}|{external_id}", A::TYPE)
}
