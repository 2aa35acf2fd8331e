//! The smallest aggregate there is: a counter that can't go over its limit.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::kernel::{BrokenRule, Decide, Moment, RecordedEvent, Refusal};
use serde::{Deserialize, Serialize};

/// The limit.
pub const LIMIT: i64 = 1_000_000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CounterEvent {
    Added { n: i64 },
}

impl DomainEvent for CounterEvent {
    fn event_type(&self) -> String {
        "Added".to_owned()
    }
    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl RecordedEvent for CounterEvent {}

#[derive(Debug, thiserror::Error)]
#[error("the counter would go over its limit")]
pub struct OverLimit;

impl Refusal for OverLimit {
    fn broken_rules(&self) -> Vec<BrokenRule> {
        vec![BrokenRule { rule: "over_limit", message: self.to_string() }]
    }
}

/// Adds this much.
#[derive(Debug, Clone)]
pub struct Add(pub i64);

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Counter {
    pub total: i64,
}

impl Aggregate for Counter {
    const TYPE: &'static str = "counter";
    type Command = Add;
    type Event = CounterEvent;
    type Error = OverLimit;
    type Services = Moment;

    async fn handle(&mut self, command: Add, moment: &Moment, sink: &EventSink<Self>) -> Result<(), OverLimit> {
        for event in self.decide(command, moment)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: CounterEvent) {
        let CounterEvent::Added { n } = event;
        self.total += n;
    }
}

impl Decide for Counter {
    fn decide(&self, Add(n): Add, _: &Moment) -> Result<Vec<CounterEvent>, OverLimit> {
        if self.total + n > LIMIT {
            return Err(OverLimit);
        }
        Ok(if n == 0 { Vec::new() } else { vec![CounterEvent::Added { n }] })
    }
}

/// Another type of record, to be mistaken for a counter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Other;

impl Aggregate for Other {
    const TYPE: &'static str = "other";
    type Command = Add;
    type Event = CounterEvent;
    type Error = OverLimit;
    type Services = Moment;

    async fn handle(&mut self, command: Add, moment: &Moment, sink: &EventSink<Self>) -> Result<(), OverLimit> {
        for event in self.decide(command, moment)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, _: CounterEvent) {}
}

impl Decide for Other {
    fn decide(&self, Add(n): Add, _: &Moment) -> Result<Vec<CounterEvent>, OverLimit> {
        Ok(vec![CounterEvent::Added { n }])
    }
}
