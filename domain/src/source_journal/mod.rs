//! A source journal (ENŽ, elektroniskais notikumu žurnāls): a municipality's own journal that sends its records here, and how they are
//! read. What became of each record is in [`crate::source_record`]; how far a journal has come, a read model counts.

mod command;
mod error;
mod event;
mod examples;
mod field;
mod mapping;
#[cfg(test)]
mod tests;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use command::{AdoptMapping, ChangeJournalPhase, JournalCommand, RegisterJournal};
pub use error::JournalError;
pub use event::JournalEvent;
pub use field::{IncidentField, MAX_PERSONS, MAX_VEHICLES, PersonField, RecordField, UnknownField, VehicleField};
pub use mapping::{MappedRecord, RecordMapping};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::lang::terms;
use crate::values::{InstitutionCode, SourceSystem};

terms! {
    /// Where a source journal stands (žurnāla statuss).
    JournalPhase("journal phase") {
        /// Known; sends nothing yet.
        Registered = "registered", "Reģistrēts", "Registered";
        /// Its records are read and judged, and nothing is registered.
        Testing = "testing", "Testē", "Testing";
        /// Its records are registered.
        Live = "live", "Darbojas", "Live";
        /// Sends nothing for the time being.
        Suspended = "suspended", "Apturēts", "Suspended";
    }
}

/// What is known of a source journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceJournal {
    registered: Option<Registered>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Registered {
    system: SourceSystem,
    institution: InstitutionCode,
    phase: JournalPhase,
    /// Whether it has been in service, so that what waits of it is registered once it is mended.
    served: bool,
    /// Version of its mapping; 0 where it has none.
    version: u32,
    mapping: RecordMapping,
}

type Decision = Result<Vec<JournalEvent>, Refused<JournalError>>;

impl SourceJournal {
    /// Whose it is.
    #[must_use]
    pub fn institution(&self) -> Option<&InstitutionCode> {
        Some(&self.registered.as_ref()?.institution)
    }

    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Option<JournalPhase> {
        Some(self.registered.as_ref()?.phase)
    }

    /// How its records are read, and the version of that, for an institution that sends one.
    ///
    /// # Errors
    /// It isn't registered, it is another's, or it isn't to send.
    pub fn sends_for(&self, institution: &InstitutionCode) -> Result<(u32, &RecordMapping), Refused<JournalError>> {
        let journal = self.of(institution)?;
        match journal.phase {
            JournalPhase::Testing | JournalPhase::Live => Ok((journal.version, &journal.mapping)),
            phase => Err(JournalError::NotInService { phase }.into()),
        }
    }

    /// How a record of its that waits is read once an institution mends it, and the version of that. A journal that is suspended sends
    /// nothing; what it had sent before is mended all the same.
    ///
    /// # Errors
    /// It isn't registered, it is another's, or it never was to send.
    pub fn mends_for(&self, institution: &InstitutionCode) -> Result<(u32, &RecordMapping), Refused<JournalError>> {
        let journal = self.of(institution)?;
        match journal.phase {
            JournalPhase::Testing | JournalPhase::Live | JournalPhase::Suspended => {
                Ok((journal.version, &journal.mapping))
            }
            phase => Err(JournalError::NotInService { phase }.into()),
        }
    }

    /// Whether its records are only tried: it is being tested, or was suspended before it ever served.
    #[must_use]
    pub fn only_tries(&self) -> bool {
        self.registered.as_ref().is_some_and(|journal| match journal.phase {
            JournalPhase::Testing => true,
            JournalPhase::Suspended => !journal.served,
            JournalPhase::Registered | JournalPhase::Live => false,
        })
    }

    /// Lets an institution see to what it has sent, whether or not it is to send more.
    ///
    /// # Errors
    /// It isn't registered, or it is another's.
    pub fn belongs_to(&self, institution: &InstitutionCode) -> Result<(), Refused<JournalError>> {
        Ok(self.of(institution).map(|_| ())?)
    }

    fn of(&self, institution: &InstitutionCode) -> Result<&Registered, JournalError> {
        let journal = self.registered()?;
        match journal.institution == *institution {
            true => Ok(journal),
            false => Err(JournalError::OtherInstitution { institution: journal.institution.clone() }),
        }
    }

    fn registered(&self) -> Result<&Registered, JournalError> {
        self.registered.as_ref().ok_or(JournalError::NotRegistered)
    }

    fn register(&self, command: RegisterJournal) -> Decision {
        if let Some(Registered { system, institution, .. }) = &self.registered {
            return Err(
                JournalError::AlreadyRegistered { system: system.clone(), institution: institution.clone() }.into()
            );
        }
        let RegisterJournal { system, institution, lv, en, by } = command;
        Ok(vec![JournalEvent::JournalRegistered { system, institution, lv, en, by }])
    }

    /// Another mapping is another version. What was read by the one before stays as it was read.
    fn adopt(&self, command: AdoptMapping) -> Decision {
        let journal = self.registered()?;
        let AdoptMapping { mapping, reason, by } = command;
        if journal.version > 0 && journal.mapping == mapping {
            return Ok(Vec::new());
        }
        Ok(vec![JournalEvent::MappingAdopted { version: journal.version + 1, mapping, reason, by }])
    }

    fn change_phase(&self, command: ChangeJournalPhase) -> Decision {
        use JournalPhase::{Live, Registered, Suspended, Testing};
        let journal = self.registered()?;
        let ChangeJournalPhase { phase: to, reason, by } = command;
        let from = journal.phase;
        if from == to {
            return Ok(Vec::new());
        }
        let in_order = matches!(
            (from, to),
            (Registered | Live | Suspended, Testing) | (Testing | Suspended, Live) | (Testing | Live, Suspended)
        );
        if !in_order {
            return Err(JournalError::NotInThatOrder { from, to }.into());
        }
        if journal.version == 0 {
            return Err(JournalError::NoMapping.into());
        }
        Ok(vec![JournalEvent::JournalPhaseChanged { from, to, reason, by }])
    }
}

impl Decide for SourceJournal {
    fn decide(&self, command: JournalCommand, _: &Moment) -> Decision {
        match command {
            JournalCommand::RegisterJournal(command) => self.register(command),
            JournalCommand::AdoptMapping(command) => self.adopt(*command),
            JournalCommand::ChangeJournalPhase(command) => self.change_phase(command),
        }
    }
}

impl Aggregate for SourceJournal {
    const TYPE: &'static str = "source_journal";
    type Command = JournalCommand;
    type Event = JournalEvent;
    type Error = Refused<JournalError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: JournalCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<JournalError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: JournalEvent) {
        match (event, &mut self.registered) {
            (JournalEvent::JournalRegistered { system, institution, .. }, _) => {
                let (phase, served) = (JournalPhase::Registered, false);
                let (version, mapping) = (0, RecordMapping::default());
                self.registered = Some(Registered { system, institution, phase, served, version, mapping });
            }
            (JournalEvent::MappingAdopted { version, mapping, .. }, Some(journal)) => {
                (journal.version, journal.mapping) = (version, mapping);
            }
            (JournalEvent::JournalPhaseChanged { to, .. }, Some(journal)) => {
                journal.phase = to;
                journal.served |= to == JournalPhase::Live;
            }
            (_, None) => {}
        }
    }
}
