//! What became of a record, for the answer.

use std::sync::{Arc, Mutex, PoisonError};

use domain::source_record::{Fault, RecordEffect, RecordEvent};
use proto::command::v1 as pb;

use super::Faults;

/// Says what became of a record once it is decided. A decision may be asked again: what it said last holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Option<pb::IntakeOutcome>>>);

impl Told {
    /// What became of it; nothing before it is decided.
    pub(crate) fn outcome(&self) -> Option<pb::IntakeOutcome> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn effect(&self, effect: pb::IntakeEffect) {
        self.say(effect, Vec::new());
    }

    pub(super) fn quarantined(&self, faults: &Faults) {
        let faults = faults.iter().map(|(fault, message)| told(fault, message.clone())).collect();
        self.say(pb::IntakeEffect::Quarantined, faults);
    }

    /// What became of it when it came first: its event, or none where nothing happened. What is wrong in words is sealed by now.
    pub(crate) fn recalled(&self, event: Option<RecordEvent>) {
        match event {
            None => self.effect(pb::IntakeEffect::Unchanged),
            Some(
                RecordEvent::SourceRecordReceived { effect, .. } | RecordEvent::SourceRecordReleased { effect, .. },
            ) => self.effect(of_effect(effect)),
            Some(RecordEvent::SourceRecordQuarantined { faults, .. }) => {
                let faults = faults.iter().map(|fault| told(fault, String::new())).collect();
                self.say(pb::IntakeEffect::Quarantined, faults);
            }
            Some(RecordEvent::SourceRecordDiscarded { .. }) => self.effect(pb::IntakeEffect::Unspecified),
        }
    }

    fn say(&self, effect: pb::IntakeEffect, faults: Vec<pb::IntakeFault>) {
        let outcome = pb::IntakeOutcome { effect: effect.into(), faults };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}

fn told(fault: &Fault, message: String) -> pb::IntakeFault {
    pb::IntakeFault {
        path: fault.path.clone(),
        field: fault.field.clone().unwrap_or_default(),
        rule: fault.rule.clone().unwrap_or_default(),
        message,
    }
}

/// An effect as the contract has it.
pub(super) fn of_effect(effect: RecordEffect) -> pb::IntakeEffect {
    match effect {
        RecordEffect::Registered => pb::IntakeEffect::Registered,
        RecordEffect::Supplemented => pb::IntakeEffect::Supplemented,
        RecordEffect::Confirmed => pb::IntakeEffect::Unchanged,
        RecordEffect::Late => pb::IntakeEffect::Late,
        RecordEffect::Tried => pb::IntakeEffect::Tried,
    }
}
