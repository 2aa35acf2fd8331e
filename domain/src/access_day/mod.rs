//! What one person or system looked at on one day (piekļuves diena), in the `access` log: consultations, disclosures, refusals.
//! Directive 2016/680, article 25: each with its justification, date and time, who it was, and the recipients.

mod command;
mod error;
mod event;
mod examples;
#[cfg(test)]
mod tests;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use command::{AccessDayCommand, ConsultRecords, DiscloseData, RefuseAccess, Shown};
pub use error::AccessDayError;
pub use event::{AccessDayEvent, AccessWay, DataScope, RefusalCause};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};

/// Most records of one event: more are told in several, of one command.
pub const MAX_RECORDS: usize = 500;
/// Most records of one command: as many as the largest answer shows.
pub const MAX_RECORDS_AT_ONCE: usize = 20_000;
/// So many refusals of a day are told one by one; after them only how many more there were, so that nobody fills the disk.
pub const REFUSALS_IN_FULL: u32 = 100;

/// What is known of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessDay {
    /// Consultations and disclosures.
    looks: u64,
    /// Refusals that were told.
    refusals: u32,
}

impl AccessDay {
    fn consult(command: ConsultRecords) -> Result<Vec<AccessDayEvent>, Refused<AccessDayError>> {
        let ConsultRecords { by, way, shown, purpose, reference, query, count } = command;
        let told = |Shown { scopes, records }| AccessDayEvent::RecordConsulted {
            by: by.clone(),
            way,
            records,
            scopes,
            purpose: purpose.clone(),
            reference: reference.clone(),
            query: query.clone(),
            count,
        };
        Ok(in_parts(shown)?.into_iter().map(told).collect())
    }

    fn disclose(command: DiscloseData) -> Result<Vec<AccessDayEvent>, Refused<AccessDayError>> {
        let DiscloseData { by, recipient, shown, purpose, reference, content, count } = command;
        let told = |Shown { scopes, records }| AccessDayEvent::DataDisclosed {
            by: by.clone(),
            recipient: recipient.clone(),
            records,
            scopes,
            purpose: purpose.clone(),
            reference: reference.clone(),
            content: content.clone(),
            count,
        };
        Ok(in_parts(shown)?.into_iter().map(told).collect())
    }

    fn refuse(&self, command: RefuseAccess) -> Vec<AccessDayEvent> {
        let RefuseAccess { by, attempt, record, cause, purpose, more } = command;
        // A sum of what was not told goes in at any time: there is one in ten minutes at most.
        if more == 0 && self.refusals >= REFUSALS_IN_FULL {
            return Vec::new();
        }
        vec![AccessDayEvent::AccessRefused { by, attempt, record, cause, purpose, more }]
    }
}

/// The same in parts that an event holds, the records of each in order and once.
fn in_parts(shown: Vec<Shown>) -> Result<Vec<Shown>, Refused<AccessDayError>> {
    let count = shown.iter().map(|part| part.records.len()).sum();
    let mut broken = Vec::new();
    if shown.is_empty() || shown.iter().any(|part| part.scopes.is_empty()) {
        broken.push(AccessDayError::NoScope);
    }
    if count > MAX_RECORDS_AT_ONCE {
        broken.push(AccessDayError::TooManyRecords { count });
    }
    Refused::unless_empty(broken)?;
    let mut parts = Vec::new();
    for Shown { scopes, mut records } in shown {
        records.sort_unstable();
        records.dedup();
        if records.is_empty() {
            parts.push(Shown { scopes, records });
            continue;
        }
        parts.extend(records.chunks(MAX_RECORDS).map(|some| Shown { scopes: scopes.clone(), records: some.to_vec() }));
    }
    Ok(parts)
}

impl Decide for AccessDay {
    fn decide(&self, command: AccessDayCommand, _: &Moment) -> Result<Vec<AccessDayEvent>, Refused<AccessDayError>> {
        match command {
            AccessDayCommand::ConsultRecords(command) => Self::consult(command),
            AccessDayCommand::DiscloseData(command) => Self::disclose(command),
            AccessDayCommand::RefuseAccess(command) => Ok(self.refuse(command)),
        }
    }
}

impl Aggregate for AccessDay {
    const TYPE: &'static str = "access_day";
    type Command = AccessDayCommand;
    type Event = AccessDayEvent;
    type Error = Refused<AccessDayError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: AccessDayCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<AccessDayError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: AccessDayEvent) {
        match event {
            AccessDayEvent::RecordConsulted { .. } | AccessDayEvent::DataDisclosed { .. } => self.looks += 1,
            AccessDayEvent::AccessRefused { .. } => self.refusals = self.refusals.saturating_add(1),
        }
    }
}
