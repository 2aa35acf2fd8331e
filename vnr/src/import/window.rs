//! Commands in flight, settled in the order in which they were sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::command::v1::CommandEnvelope;
use uuid::Uuid;

use super::compose::Command;
use super::origin::Origin;
use super::outcome::Outcome;

/// A command that is in flight.
#[derive(Debug)]
pub(super) struct Flight {
    /// Id of the command.
    pub id: Uuid,
    /// Step that it came of.
    pub step: Arc<Origin>,
    /// Whether it is said only once.
    pub once: bool,
    /// Group that it belongs to.
    pub group: u64,
    /// Row of the group that it is charged to.
    pub row: usize,
    /// Whether it was sent more than once.
    pub resent: bool,
    message: CommandEnvelope,
    sent: Instant,
    outcome: Option<Outcome>,
}

/// The commands in flight.
///
/// A refusal counts only once everything sent before it is settled: where an earlier command must be sent again, a later
/// one may have been refused only because the earlier one had not been there, and is sent again with it.
#[derive(Debug, Default)]
pub(super) struct Window {
    flights: VecDeque<Flight>,
}

impl Window {
    /// How many are in flight.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }

    /// Whether none is.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.flights.is_empty()
    }

    /// Takes a command that is sent now.
    pub(super) fn push(&mut self, group: u64, command: Command) -> CommandEnvelope {
        let Command { id, step, once, row, message, .. } = command;
        let copy = message.clone();
        let (sent, resent, outcome) = (Instant::now(), false, None);
        self.flights.push_back(Flight { id, step, once, group, row, resent, message, sent, outcome });
        copy
    }

    /// The first command of that id whose result isn't known.
    #[must_use]
    pub(super) fn waiting(&self, id: Uuid) -> Option<&Flight> {
        self.flights.iter().find(|flight| flight.id == id && flight.outcome.is_none())
    }

    /// Notes what became of the command that [`Self::waiting`] gives; says how long it took.
    pub(super) fn note(&mut self, id: Uuid, outcome: Outcome) -> Option<Duration> {
        let flight = self.flights.iter_mut().find(|flight| flight.id == id && flight.outcome.is_none())?;
        flight.outcome = Some(outcome);
        Some(flight.sent.elapsed())
    }

    /// The oldest command, if it is settled.
    pub(super) fn settle(&mut self) -> Option<(Flight, Outcome)> {
        let outcome = self.flights.front_mut()?.outcome.take()?;
        Some((self.flights.pop_front()?, outcome))
    }

    /// What must be sent again on a new stream, in order: all but what took effect.
    pub(super) fn resend(&mut self) -> Vec<CommandEnvelope> {
        let mut again = Vec::new();
        for flight in &mut self.flights {
            if !matches!(flight.outcome, Some(Outcome::New { .. } | Outcome::Repeated { .. })) {
                flight.outcome = None;
                flight.resent = true;
                flight.sent = Instant::now();
                again.push(flight.message.clone());
            }
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::reason::Reason;

    fn window(count: u128) -> Window {
        let mut window = Window::default();
        for number in 0..count {
            window.push(0, Command::for_test(Uuid::from_u128(number)));
        }
        window
    }

    fn refused() -> Outcome {
        Outcome::Refused(vec![Reason::of_row("NOT_FOUND", "no such card")])
    }

    #[test]
    fn results_are_settled_in_the_order_of_sending() {
        let mut window = window(3);
        window.note(Uuid::from_u128(1), Outcome::New { events: 1 });
        assert!(window.settle().is_none());
        window.note(Uuid::from_u128(0), refused());
        assert_eq!(window.settle().unwrap().0.id, Uuid::from_u128(0));
        assert_eq!(window.settle().unwrap().0.id, Uuid::from_u128(1));
        assert!(window.settle().is_none());
    }

    #[test]
    fn what_was_refused_behind_an_unsettled_command_is_sent_again() {
        let mut window = window(4);
        // What became of the first one isn't known when the stream breaks.
        window.note(Uuid::from_u128(1), refused());
        window.note(Uuid::from_u128(2), Outcome::New { events: 1 });
        assert!(window.settle().is_none());
        assert_eq!(window.resend().len(), 3);
        for number in [0, 1, 3] {
            window.note(Uuid::from_u128(number), Outcome::New { events: 1 });
        }
        let settled: Vec<Outcome> = std::iter::from_fn(|| window.settle()).map(|(_, outcome)| outcome).collect();
        assert_eq!(settled, vec![Outcome::New { events: 1 }; 4]);
        assert!(window.is_empty());
    }

    #[test]
    fn two_commands_of_one_id_get_a_result_each() {
        let mut window = window(0);
        for _ in 0..2 {
            window.push(0, Command::for_test(Uuid::nil()));
        }
        window.note(Uuid::nil(), Outcome::New { events: 1 });
        window.note(Uuid::nil(), refused());
        assert_eq!(window.settle().unwrap().1, Outcome::New { events: 1 });
        assert_eq!(window.settle().unwrap().1, refused());
    }
}
