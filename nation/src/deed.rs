//! What somebody does, as a command to the register.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Riga;
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use uuid::Uuid;

use super::Nation;
use super::chance::Chance;
use super::institution::{INSTITUTIONS, Institution};

/// What each command says of itself: only a register of what was made up takes it.
const SIMULATED: &str = "simulated";

/// How urgent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// 112 cards and units.
    Urgent,
    /// A person waits.
    Interactive,
    /// A journal's batch.
    Bulk,
}

/// What the register is expected to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expected {
    /// It takes effect.
    Effect,
    /// It took effect before: the reply is given again.
    Repetition,
    /// It is refused, for what is wrong with it.
    Refusal,
}

/// As whom an institution sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Post {
    /// Its system.
    System,
    /// An officer.
    Officer,
    /// Who leads the officers: the second person, where it takes two.
    Supervisor,
    /// Who leads those that run the register.
    Administrator,
}

/// What is asked of the register.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are the large one")]
pub enum Asked {
    /// What a bulk stream takes as well.
    Streamed(Command),
    /// An annulment is asked for.
    RequestAnnulment(pb::RequestAnnulment),
    /// The second person agrees to it.
    ApproveAnnulment(pb::ApproveAnnulment),
    /// The second person does not.
    RejectAnnulment(pb::RejectAnnulment),
    /// A restriction is taken back.
    LiftRestriction(pb::LiftRestriction),
    /// A journal is made known.
    RegisterJournal(pb::RegisterJournal),
    /// How its records are read.
    AdoptMapping(pb::AdoptMapping),
    /// It is put to the test or into service.
    ChangeJournalPhase(pb::ChangeJournalPhase),
    /// A response plan is proposed.
    ProposePlan(pb::ProposePlan),
    /// The second person puts it into force.
    ApprovePlan(pb::ApprovePlan),
}

/// What belongs together: a call with all that comes of it, an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matter {
    /// Which.
    pub number: u64,
    /// Whether nothing comes about it, and about its records, after this.
    pub ends: bool,
}

/// A command, and when it reaches the register.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// When it reaches the register.
    pub at: DateTime<Utc>,
    /// Who sends it.
    pub sender: &'static Institution,
    /// As whom there.
    pub post: Post,
    /// How urgent it is.
    pub lane: Lane,
    /// What comes of it.
    pub expected: Expected,
    /// Its id.
    pub id: Uuid,
    /// The matter that it is part of; None where it is about units, which never end.
    pub matter: Option<Matter>,
    /// The unit that it is about, or that it needs: its place in the fleet.
    pub unit: Option<u32>,
    /// The command.
    pub command: Asked,
}

impl Deed {
    /// The command, where a bulk stream takes it as well.
    #[must_use]
    pub fn streamed(&self) -> Option<&Command> {
        match &self.command {
            Asked::Streamed(command) => Some(command),
            _ => None,
        }
    }
}

/// What is done about one record, in order.
pub(crate) struct Script<'n> {
    pub(crate) nation: &'n Nation,
    pub(crate) chance: Chance,
    /// Name of the record at its source.
    pub(crate) external_id: String,
    /// Whose journal names it.
    origin: usize,
    sender: usize,
    /// As whom the sender acts.
    pub(crate) post: Post,
    /// Of the command whose envelope was made last.
    id: Uuid,
    pub(crate) deeds: Vec<Deed>,
}

impl<'n> Script<'n> {
    /// An empty one, of the `n`-th matter of a kind.
    pub(crate) fn new(nation: &'n Nation, sender: usize, kind: &str, n: u64) -> Script<'n> {
        let chance = Chance::of(nation.seed, kind, n);
        Script {
            nation,
            chance,
            external_id: format!("{kind}-{n}"),
            origin: sender,
            sender,
            post: Post::System,
            id: Uuid::nil(),
            deeds: Vec::new(),
        }
    }

    /// From now on that institution acts; none is the one that began the record.
    pub(crate) fn hand_to(&mut self, institution: Option<usize>) {
        self.sender = institution.unwrap_or(self.origin);
    }

    pub(crate) fn sender(&self) -> &'static Institution {
        &INSTITUTIONS[self.sender]
    }

    /// The record that it is about.
    pub(crate) fn record(&self) -> Option<pb::RecordRef> {
        Some(external(&INSTITUTIONS[self.origin].journal, &self.external_id))
    }

    /// An id for a part of the record, or for a record of its own.
    pub(crate) fn new_id(&mut self) -> Uuid {
        let chance = &mut self.chance;
        uuid::Builder::from_random_bytes((u128::from(chance.next()) << 64 | u128::from(chance.next())).to_be_bytes())
            .into_uuid()
    }

    /// An envelope with an id of its own. The first of a record says where it comes from.
    pub(crate) fn envelope(&mut self, occurred: DateTime<Utc>, source: Option<pb::Source>) -> Option<pb::Envelope> {
        let (id, envelope) = envelope(&mut self.chance, occurred, source);
        self.id = id;
        envelope
    }

    /// As [`Script::act`], with a unit of the fleet.
    pub(crate) fn act_with(&mut self, unit: usize, at: DateTime<Utc>, lane: Lane, command: Command) {
        self.act(at, lane, command).unit = u32::try_from(unit).ok();
    }

    /// Adds the command whose envelope was made last; it reaches the register at `at`.
    pub(crate) fn act(&mut self, at: DateTime<Utc>, lane: Lane, command: Command) -> &mut Deed {
        self.ask(at, lane, Asked::Streamed(command))
    }

    /// The same of what no bulk stream takes.
    pub(crate) fn ask(&mut self, at: DateTime<Utc>, lane: Lane, command: Asked) -> &mut Deed {
        self.deeds.push(Deed {
            at,
            sender: self.sender(),
            post: self.post,
            lane,
            expected: Expected::Effect,
            id: self.id,
            matter: None,
            unit: None,
            command,
        });
        let last = self.deeds.len() - 1;
        &mut self.deeds[last]
    }
}

/// An envelope with an id of its own.
pub(crate) fn envelope(
    chance: &mut Chance,
    occurred: DateTime<Utc>,
    source: Option<pb::Source>,
) -> (Uuid, Option<pb::Envelope>) {
    let millis = occurred.timestamp_millis().unsigned_abs();
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &chance.ten_bytes()).into_uuid();
    let envelope = pb::Envelope {
        command_id: id.to_string(),
        occurred_at: local(occurred),
        source,
        flags: vec![SIMULATED.to_owned()],
        ..pb::Envelope::default()
    };
    (id, Some(envelope))
}

/// A record by the name that its source gave it.
pub(crate) fn external(system: &str, external_id: &str) -> pb::RecordRef {
    let external = pb::ExternalRef { system: system.to_owned(), external_id: external_id.to_owned() };
    pb::RecordRef { by: Some(pb::record_ref::By::External(external)) }
}

/// As a Latvian system writes it: local time with its offset.
#[must_use]
pub fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Riga).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}
