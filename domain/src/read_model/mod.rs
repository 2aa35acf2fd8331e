//! A read model (lasāmais modelis) as its keepers act on it: built anew, switched to, rolled back, dropped, paused, resumed, what was
//! parked retried. The record of each holds who did what and why; what serves at the moment is in the database that serves it.

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
use uuid::Uuid;

pub use command::{
    Act, BeginRebuild, DropReadModel, ReadModelCommand, RetryParkedRecords, RollBackReadModel, SwitchReadModel,
};
pub use error::ReadModelError;
pub use event::{ReadModelBody, ReadModelEvent};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};

/// Most records of one retry; more are told in several.
pub const MAX_RECORDS: usize = 1_000;

/// What is known of a read model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadModel {
    /// Version that serves, as far as acts have said.
    serving: Option<u32>,
    paused: bool,
}

type Decision = Result<Vec<ReadModelEvent>, Refused<ReadModelError>>;

impl ReadModel {
    /// Version of what serves; nothing where it was never switched.
    #[must_use]
    pub fn serving(&self) -> Option<u32> {
        self.serving
    }

    /// Whether it takes nothing in.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }
}

fn checked(records: Vec<Uuid>) -> Result<Vec<Uuid>, ReadModelError> {
    match records.len() {
        1..=MAX_RECORDS => Ok(records),
        count => Err(ReadModelError::Records { count }),
    }
}

impl Decide for ReadModel {
    fn decide(&self, command: ReadModelCommand, _: &Moment) -> Decision {
        Ok(vec![match command {
            ReadModelCommand::BeginRebuild(BeginRebuild { act: Act { read_model, by, reason }, version }) => {
                ReadModelEvent::RebuildBegun { read_model, version, by, reason }
            }
            ReadModelCommand::SwitchReadModel(SwitchReadModel { act, from, version }) => {
                let Act { read_model, by, reason } = act;
                ReadModelEvent::ReadModelSwitched { read_model, from, version, by, reason }
            }
            ReadModelCommand::RollBackReadModel(RollBackReadModel { act, from, version }) => {
                let Act { read_model, by, reason } = act;
                ReadModelEvent::ReadModelRolledBack { read_model, from, version, by, reason }
            }
            ReadModelCommand::DropReadModel(DropReadModel { act, body, version }) => {
                let Act { read_model, by, reason } = act;
                ReadModelEvent::ReadModelDropped { read_model, body, version, by, reason }
            }
            ReadModelCommand::PauseProjection(_) if self.paused => return Ok(Vec::new()),
            ReadModelCommand::PauseProjection(Act { read_model, by, reason }) => {
                ReadModelEvent::ProjectionPaused { read_model, by, reason }
            }
            ReadModelCommand::ResumeProjection(_) if !self.paused => return Ok(Vec::new()),
            ReadModelCommand::ResumeProjection(Act { read_model, by, reason }) => {
                ReadModelEvent::ProjectionResumed { read_model, by, reason }
            }
            ReadModelCommand::RetryParkedRecords(RetryParkedRecords { act, records }) => {
                let (Act { read_model, by, reason }, records) = (act, checked(records)?);
                ReadModelEvent::ParkedRecordsRetried { read_model, records, by, reason }
            }
        }])
    }
}

impl Aggregate for ReadModel {
    const TYPE: &'static str = "read_model";
    type Command = ReadModelCommand;
    type Event = ReadModelEvent;
    type Error = Refused<ReadModelError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: ReadModelCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<ReadModelError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: ReadModelEvent) {
        match event {
            ReadModelEvent::ReadModelSwitched { version, .. } | ReadModelEvent::ReadModelRolledBack { version, .. } => {
                self.serving = Some(version);
            }
            ReadModelEvent::ProjectionPaused { .. } => self.paused = true,
            ReadModelEvent::ProjectionResumed { .. } => self.paused = false,
            ReadModelEvent::RebuildBegun { .. }
            | ReadModelEvent::ReadModelDropped { .. }
            | ReadModelEvent::ParkedRecordsRetried { .. } => {}
        }
    }
}
