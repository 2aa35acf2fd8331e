//! Given, when, then: a record is led to where the rule is asked, the command is given, and what a user would see is judged.

use std::fmt::Debug;

use chrono::Utc;
use cqrs_es::Aggregate;

use crate::examples::{at, sure};
use crate::kernel::{Decide, Moment, Refused};
use crate::values::{CardNumber, NationalNumber};

/// The moment of a decision at `time` on the day of the examples, recorded at once.
pub(crate) fn moment(time: &str) -> Moment {
    let occurred_at = at(time);
    Moment {
        recorded_at: occurred_at.with_timezone(&Utc),
        occurred_at,
        next_incident: sure(NationalNumber::try_new(2026, 1)),
        next_card: sure(CardNumber::try_new(2026, 1)),
    }
}

/// A record and the moment at which it is asked.
#[derive(Clone)]
pub(crate) struct Scenario<A> {
    pub(crate) record: A,
    pub(crate) moment: Moment,
}

impl<A: Decide> Scenario<A> {
    /// A record of which nothing is known, at 21:40.
    pub(crate) fn new() -> Self {
        Self { record: A::default(), moment: moment("21:40:00") }
    }

    /// From then on it is `time`.
    pub(crate) fn at(mut self, time: &str) -> Self {
        self.moment = moment(time);
        self
    }

    /// From then on it is so much later.
    pub(crate) fn later(mut self, by: chrono::TimeDelta) -> Self {
        self.moment.occurred_at += by;
        self.moment.recorded_at += by;
        self
    }

    /// The command took place.
    pub(crate) fn after(mut self, command: A::Command) -> Self {
        let events = self.record.decide(command, &self.moment).unwrap_or_else(|refusal| panic!("given: {refusal}"));
        events.into_iter().for_each(|event| self.record.apply(event));
        self
    }

    /// The command is given.
    pub(crate) fn when(self, command: A::Command) -> Outcome<A> {
        Outcome { result: self.record.decide(command, &self.moment), record: self.record }
    }
}

/// What came of a command.
pub(crate) struct Outcome<A: Aggregate> {
    result: Result<Vec<A::Event>, A::Error>,
    record: A,
}

impl<A: Decide> Outcome<A> {
    /// It was accepted with these events; gives the record after them.
    #[track_caller]
    pub(crate) fn records(self, expected: &[A::Event]) -> A {
        let events = self.accepted();
        assert_eq!(events.0, expected);
        events.1
    }

    /// It was accepted and nothing was recorded, because it says what is already so.
    #[track_caller]
    pub(crate) fn changes_nothing(self) {
        assert_eq!(self.accepted().0, Vec::new());
    }

    /// It was accepted; gives its events and the record after them.
    #[track_caller]
    pub(crate) fn accepted(mut self) -> (Vec<A::Event>, A) {
        let events = self.result.unwrap_or_else(|refusal| panic!("refused: {refusal}"));
        events.iter().cloned().for_each(|event| self.record.apply(event));
        (events, self.record)
    }
}

impl<A, R> Outcome<A>
where
    A: Aggregate<Error = Refused<R>>,
    R: PartialEq + Debug,
{
    /// It was refused for these reasons.
    #[track_caller]
    pub(crate) fn refused_with<const N: usize>(self, reasons: [R; N]) {
        match self.result {
            Ok(events) => panic!("accepted with {events:?}"),
            Err(refused) => assert_eq!(refused.reasons().collect::<Vec<_>>(), reasons.iter().collect::<Vec<_>>()),
        }
    }
}
