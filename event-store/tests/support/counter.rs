//! The smallest aggregate there is: a counter that can't go over its limit. Its event has a history of three versions.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::Personal;
use domain::kernel::upcast::Fields;
use domain::kernel::{BrokenRule, Decide, Moment, RecordedEvent, Refusal, Upcaster, Versioned, handle_by_decision};
use serde::{Deserialize, Serialize};

/// The limit.
pub const LIMIT: i64 = 1_000_000;

/// What version 1 called `by` and version 2 `amount`, is `n` today; versions before 3 did not tell its unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CounterEvent {
    Added {
        n: i64,
        unit: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<Personal<String>>,
    },
}

/// Of whoever adds this much the name is kept: something personal.
pub const NAMED: i64 = 77;

impl CounterEvent {
    /// As the counter adds today.
    pub fn added(n: i64) -> CounterEvent {
        let who = (n == NAMED).then(|| Personal::Open("Anna Paraudziņa".to_owned()));
        CounterEvent::Added { n, unit: "piece".to_owned(), who }
    }
}

fn renamed(fields: &mut Fields, from: &str, to: &str) {
    if let Some(value) = fields.remove(from) {
        fields.insert(to.to_owned(), value);
    }
}

impl Versioned for CounterEvent {
    const TYPES: &'static [&'static str] = &["Added"];
    const UPCASTERS: &'static [Upcaster] = &[
        Upcaster { event_type: "Added", from: 1, upcast: |fields| renamed(fields, "by", "amount") },
        Upcaster {
            event_type: "Added",
            from: 2,
            upcast: |fields| {
                renamed(fields, "amount", "n");
                fields.insert("unit".to_owned(), "piece".into());
            },
        },
    ];
}

impl DomainEvent for CounterEvent {
    fn event_type(&self) -> String {
        "Added".to_owned()
    }
    fn event_version(&self) -> String {
        "3".to_owned()
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

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
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
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: CounterEvent) {
        let CounterEvent::Added { n, .. } = event;
        self.total += n;
    }
}

impl Decide for Counter {
    fn decide(&self, Add(n): Add, _: &Moment) -> Result<Vec<CounterEvent>, OverLimit> {
        if self.total + n > LIMIT {
            return Err(OverLimit);
        }
        Ok(if n == 0 { Vec::new() } else { vec![CounterEvent::added(n)] })
    }
}

/// Another type of record, to be mistaken for a counter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Other;

impl Aggregate for Other {
    const TYPE: &'static str = "other";
    type Command = Add;
    type Event = CounterEvent;
    type Error = OverLimit;
    type Services = Moment;

    async fn handle(&mut self, command: Add, moment: &Moment, sink: &EventSink<Self>) -> Result<(), OverLimit> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, _: CounterEvent) {}
}

impl Decide for Other {
    fn decide(&self, Add(n): Add, _: &Moment) -> Result<Vec<CounterEvent>, OverLimit> {
        Ok(vec![CounterEvent::added(n)])
    }
}
