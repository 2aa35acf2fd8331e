//! What a forwarded card becomes: the incident is registered and the card told, or neither.

use access::Institution;
use chrono::{DateTime, FixedOffset};
use domain::emergency_card::{CardCommand, CardError, EmergencyCard, ForwardStage, ReceiveForward};
use domain::incident::Incident;
use domain::kernel::{Refused, Violations};
use domain::values::{InstitutionCode, RecordingRef};
use event_store::append::{Stop, Touch, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::registration;
use crate::caller::Caller;
use crate::commands::Prepared;
use crate::wire::{Envelope, Reader};

/// A card that was forwarded, and to whom.
#[derive(Debug, Clone)]
pub(crate) struct Forwarded {
    pub(crate) card: Uuid,
    pub(crate) to: Institution,
    pub(crate) by: InstitutionCode,
    pub(crate) recording_ref: Option<RecordingRef>,
    /// When it is received there.
    pub(crate) at: DateTime<FixedOffset>,
}

impl Forwarded {
    /// Reads the draft, of an envelope that its sender made.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(crate) fn prepare(self, mut draft: pb::RegisterIncident, caller: &Caller) -> Result<Prepared, Violations> {
        let mut reader = Reader::new(caller.classifiers());
        let envelope = Envelope::read(&mut reader, draft.envelope.take());
        if let Some(envelope) = &envelope {
            reader.occurred_at(envelope.occurred_at);
        }
        let id = Uuid::now_v7();
        let registration = registration(&mut reader, draft, id, caller);
        let (envelope, mut registration) = reader.finish(envelope.zip(registration))?;
        registration.command.forwarded_by = Some(self.by);
        registration.command.recording_ref = self.recording_ref;
        let (card, to, at) = (self.card, self.to, self.at);
        let touched = vec![Touch::of::<Incident>(id), Touch::of::<EmergencyCard>(card)];
        let decide = Box::new(move |work: &mut Work<'_>| {
            let (state, _) = work.state::<EmergencyCard>(card)?;
            let waits = state.forward(&to).is_some_and(|forward| forward.stage == ForwardStage::Waiting);
            if let (false, Some(number)) = (waits, state.number()) {
                return Err(Stop::refused(Refused::from(CardError::NotForwarded { number, to: to.clone() })));
            }
            let target = registration.execute(work, id, None)?;
            let (incident, _) = work.state::<Incident>(id)?;
            if let Some(number) = incident.number() {
                let receive = ReceiveForward { to: to.clone(), incident: id, number, at };
                work.execute::<EmergencyCard>(card, CardCommand::ReceiveForward(receive))?;
            }
            Ok(target)
        });
        Ok(Prepared::register(envelope, touched, decide))
    }
}
