//! The job of the store's benches: a report of some 500 bytes on one of 10,000 cases, with a name that is personal.

use std::collections::BTreeMap;
use std::convert::Infallible;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::Personal;
use domain::kernel::{BrokenRule, Decide, Moment, RecordedEvent, Refusal, Upcaster, Versioned};
use event_store::append::{Lane, Submission, Target, Touch};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Cases that are reported on.
pub const CASES: u64 = 10_000;

/// Nothing is refused here but by version.
#[derive(Debug, thiserror::Error)]
#[error("never")]
pub struct Never(#[from] Infallible);

impl Refusal for Never {
    fn broken_rules(&self) -> Vec<BrokenRule> {
        match self.0 {}
    }
}

/// What a report says: 400 bytes of it, and who said it.
#[derive(Debug, Clone)]
pub struct Report {
    /// Who said it.
    pub by: String,
    /// What.
    pub text: String,
}

impl Report {
    /// The n-th report: never twice the same.
    pub fn new(n: u64) -> Report {
        let mut text = format!("{n:020} ");
        while text.len() < 400 {
            text.push_str("Apsekota vieta, nopratināti liecinieki, izņemti pierādījumi. ");
        }
        Report { by: format!("Liecinieks {n}"), text }
    }
}

macro_rules! case {
    ($(#[$doc:meta])* $case:ident, $event:ident, $name:literal, $by:ty) => {
        /// What was reported.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum $event {
            /// A report came in.
            Reported {
                /// Who said it.
                by: $by,
                /// What.
                text: String,
                /// How many reports there are now.
                count: u64,
            },
        }

        impl DomainEvent for $event {
            fn event_type(&self) -> String {
                "Reported".to_owned()
            }
            fn event_version(&self) -> String {
                "1".to_owned()
            }
        }

        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize, schemars::JsonSchema)]
        pub struct $case {
            count: u64,
        }

        impl $case {
            /// What a report does.
            pub fn report(&self, Report { by, text }: Report) -> Vec<$event> {
                vec![$event::Reported { by: by.into(), text, count: self.count + 1 }]
            }
        }

        impl Aggregate for $case {
            const TYPE: &'static str = $name;
            type Command = Report;
            type Event = $event;
            type Error = Never;
            type Services = Moment;

            async fn handle(&mut self, report: Report, _: &Moment, sink: &EventSink<Self>) -> Result<(), Never> {
                for event in self.report(report) {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: $event) {
                let $event::Reported { count, .. } = event;
                self.count = count;
            }
        }
    };
}

case!(
    /// A case in the register: names are sealed.
    Case, CaseEvent, "case", Personal<String>
);
case!(
    /// A case as stock cqrs-es has it: names in clear.
    PlainCase, PlainEvent, "plain_case", String
);

impl Versioned for CaseEvent {
    const TYPES: &'static [&'static str] = &["Reported"];
    const UPCASTERS: &'static [Upcaster] = &[];
}

impl RecordedEvent for CaseEvent {}

impl Decide for Case {
    fn decide(&self, report: Report, _: &Moment) -> Result<Vec<CaseEvent>, Never> {
        Ok(self.report(report))
    }
}

/// Id of a case.
pub fn case_id(n: u64) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(n))
}

/// Some case, in an order that looks random.
pub fn some_case(caller: usize, n: u64) -> u64 {
    (caller as u64 * 7_919 + n * 104_729) % CASES
}

/// As much metadata as the register writes.
pub fn metadata(command_id: Uuid) -> BTreeMap<String, String> {
    [
        ("actor", "bench"),
        ("institution", "VUGD"),
        ("role", "system"),
        ("purpose", "response"),
        ("command_id", &command_id.to_string()),
        ("correlation_id", &command_id.to_string()),
        ("occurred_offset", "+02:00"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The command as the store takes it.
pub fn submission(command_id: Uuid, case: Uuid, n: u64, expected: Option<u64>) -> Submission {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&n.to_be_bytes());
    Submission {
        command_id,
        lane: Lane::Interactive,
        deadline: None,
        digest,
        metadata: metadata(command_id).into_iter().collect(),
        occurred_at: chrono::Utc::now().fixed_offset(),
        touches: vec![Touch::of::<Case>(case)],
        decide: Box::new(move |work| {
            work.expect_version::<Case>(case, expected)?;
            work.execute::<Case>(case, Report::new(n))?;
            Ok(Target::of::<Case>(case))
        }),
    }
}
