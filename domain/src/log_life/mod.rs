//! The life of a log (žurnāla paaudzes): a restore that lost events which were answered begins a new generation, and an
//! event says what is void. Each log has one such record, in itself.

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

pub use command::{BeginGeneration, LogLifeCommand};
pub use error::LogLifeError;
pub use event::{LogLifeEvent, LogPlace, VoidedNumbers};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};

/// What is known of a log's life.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogLife {
    /// The newest generation that an event began; 0 while the log is in its first.
    newest: u32,
}

impl LogLife {
    /// Begins a generation: a new one, that makes something void, with a reason.
    fn begin(&self, command: BeginGeneration) -> Result<Vec<LogLifeEvent>, Refused<LogLifeError>> {
        let BeginGeneration { generation, begins, root, voids, numbers, witness, statement, reason } = command;
        let mut broken = Vec::new();
        let current = self.newest.max(1);
        if generation <= current {
            broken.push(LogLifeError::GenerationNotNew { asked: generation, current });
        }
        if voids.position < begins && numbers.is_empty() {
            broken.push(LogLifeError::NothingVoid);
        }
        if reason.trim().is_empty() {
            broken.push(LogLifeError::NoReason);
        }
        Refused::unless_empty(broken)?;
        Ok(vec![LogLifeEvent::GenerationBegun { generation, begins, root, voids, numbers, witness, statement, reason }])
    }
}

impl Decide for LogLife {
    fn decide(&self, command: LogLifeCommand, _: &Moment) -> Result<Vec<LogLifeEvent>, Refused<LogLifeError>> {
        match command {
            LogLifeCommand::BeginGeneration(command) => self.begin(*command),
        }
    }
}

impl Aggregate for LogLife {
    const TYPE: &'static str = "log";
    type Command = LogLifeCommand;
    type Event = LogLifeEvent;
    type Error = Refused<LogLifeError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: LogLifeCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<LogLifeError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: LogLifeEvent) {
        let LogLifeEvent::GenerationBegun { generation, .. } = event;
        self.newest = generation;
    }
}
