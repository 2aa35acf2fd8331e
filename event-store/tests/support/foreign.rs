//! What programs of other versions write into a counter's stream.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::kernel::{BrokenRule, Decide, Moment, RecordedEvent, Refusal, Upcaster, Versioned, handle_by_decision};
use event_store::append::{Appender, AppenderConfig, Submission, Target, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Store, add};

/// Any payload, in a version of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Value", into = "Value")]
pub struct Foreign {
    event_type: String,
    version: u32,
    fields: Value,
}

impl From<Value> for Foreign {
    fn from(payload: Value) -> Foreign {
        Foreign { event_type: String::new(), version: 0, fields: payload }
    }
}

impl From<Foreign> for Value {
    fn from(event: Foreign) -> Value {
        json!({ event.event_type: event.fields })
    }
}

impl DomainEvent for Foreign {
    fn event_type(&self) -> String {
        self.event_type.clone()
    }
    fn event_version(&self) -> String {
        self.version.to_string()
    }
}

impl Versioned for Foreign {
    const TYPES: &'static [&'static str] = &[];
    const UPCASTERS: &'static [Upcaster] = &[];

    fn newest(_: &str) -> Option<u32> {
        Some(u32::MAX)
    }
}

impl RecordedEvent for Foreign {}

#[derive(Debug, thiserror::Error)]
#[error("never refused")]
pub struct Never;

impl Refusal for Never {
    fn broken_rules(&self) -> Vec<BrokenRule> {
        Vec::new()
    }
}

/// Calls itself a counter.
#[derive(Debug, Clone, Default, Serialize, Deserialize, schemars::JsonSchema)]
struct Impostor;

impl Aggregate for Impostor {
    const TYPE: &'static str = "counter";
    type Command = Foreign;
    type Event = Foreign;
    type Error = Never;
    type Services = Moment;

    async fn handle(&mut self, command: Foreign, moment: &Moment, sink: &EventSink<Self>) -> Result<(), Never> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, _: Foreign) {}
}

impl Decide for Impostor {
    fn decide(&self, command: Foreign, _: &Moment) -> Result<Vec<Foreign>, Never> {
        Ok(vec![command])
    }
}

impl Store {
    /// Writes an event as another program would, with an appender of its own.
    pub async fn write_foreign(&self, counter: Uuid, event_type: &str, version: u32, fields: Value) {
        let event = Foreign { event_type: event_type.to_owned(), version, fields };
        let config: AppenderConfig = self.config();
        let submission = Submission {
            touches: vec![Touch::of::<Impostor>(counter)],
            decide: Box::new(move |work| {
                work.execute::<Impostor>(counter, event.clone())?;
                Ok(Target::of::<Impostor>(counter))
            }),
            ..add(counter, 0)
        };
        Appender::start(config).0.submit(submission).await.unwrap();
    }
}
