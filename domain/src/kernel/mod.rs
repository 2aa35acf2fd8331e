//! What every aggregate shares: the moment of a decision, the decision itself, and how a refusal is told.

pub mod upcast;

use std::error::Error;
use std::fmt;

use chrono::{DateTime, FixedOffset, Utc};
use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use schemars::JsonSchema;

pub(crate) use self::upcast::domain_event;
pub use self::upcast::{Upcaster, Versioned};
use crate::values::{CardNumber, NationalNumber};

/// When a decision is taken, and the numbers that it would take: all that it may know beside its record and its command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When this log records it.
    pub recorded_at: DateTime<Utc>,
    /// When it happened, by its sender, with the sender's offset.
    pub occurred_at: DateTime<FixedOffset>,
    /// Number of the next incident; taken by the decision that puts it into an event.
    pub next_incident: NationalNumber,
    /// Number of the next emergency card; taken likewise.
    pub next_card: CardNumber,
}

impl Moment {
    /// How far a sender's clock may run ahead of the log's: 5 minutes.
    pub const CLOCK_SKEW: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

    /// Whether `at` lies further ahead of the log's clock than a sender's clock may.
    #[must_use]
    pub fn is_future(&self, at: DateTime<FixedOffset>) -> bool {
        at.with_timezone(&Utc) > self.recorded_at + Self::CLOCK_SKEW
    }
}

/// An aggregate whose decisions are pure: what it is told, what it knows and the moment give the events, nothing else does.
///
/// The commands of a batch are decided on the state that the ones before left, and may be decided again when another
/// process has appended first; so a decision must never do anything.
///
/// Its state may be kept as a snapshot, so it must hold no personal data in clear: serialising that fails.
pub trait Decide:
    Aggregate<Services = Moment, Event: RecordedEvent, Error: Refusal, Command: Send> + Clone + JsonSchema + 'static
{
    /// Raised when events make another state than before that looks the same: snapshots of older meaning are then ignored,
    /// as those of another shape are by themselves.
    const STATE_MEANING: u32 = 1;

    /// Events that follow from `command`; none where it says what is already so.
    ///
    /// # Errors
    /// Refused with every rule that it breaks.
    fn decide(&self, command: Self::Command, moment: &Moment) -> Result<Vec<Self::Event>, Self::Error>;
}

/// An event as the register's log keeps it.
pub trait RecordedEvent: DomainEvent + Versioned {
    /// The number that it uses up, where it does.
    fn taken_number(&self) -> Option<TakenNumber> {
        None
    }
}

/// A number that an event uses up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TakenNumber {
    /// Series that it is of.
    pub series: Series,
    /// Year of Riga's calendar.
    pub year: i32,
    /// Place in that year, from 1.
    pub ordinal: u64,
}

/// A series of numbers without gaps within a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Series {
    /// National numbers of incidents, `VNR-2026-0000001`.
    Incident,
    /// Numbers of emergency cards, `VEK-2026-0000001`.
    Card,
}

impl Series {
    /// What its numbers begin with, and its name in the log's head.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Incident => "VNR",
            Self::Card => "VEK",
        }
    }
}

/// `Aggregate::handle` by way of [`Decide::decide`], so that stock cqrs-es runs the same aggregates.
///
/// # Errors
/// When the decision refuses; nothing is written then.
pub async fn handle_by_decision<A: Decide>(
    aggregate: &mut A,
    command: A::Command,
    moment: &Moment,
    sink: &EventSink<A>,
) -> Result<(), A::Error> {
    for event in aggregate.decide(command, moment)? {
        sink.write(event, aggregate).await;
    }
    Ok(())
}

/// One broken rule of an aggregate: what the caller can act on is data, the name is stable.
pub trait Rule: Error + Send + Sync + 'static {
    /// Stable name in snake case, `card_has_units`.
    fn rule(&self) -> &'static str;
}

/// Why a decision was refused: never empty, every rule that was broken.
pub trait Refusal: Error + Send + Sync + 'static {
    /// The broken rules, by name and in a sentence that says what to do.
    fn broken_rules(&self) -> Vec<BrokenRule>;
}

/// A broken rule, as it is told to the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRule {
    /// Stable name, `card_has_units`.
    pub rule: &'static str,
    /// What is wrong and what to do, for a person.
    pub message: String,
}

/// A refused decision of an aggregate, with all its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused<R> {
    first: R,
    others: Vec<R>,
}

impl<R> Refused<R> {
    /// The broken rules, in the order in which they were checked; at least one.
    pub fn reasons(&self) -> impl Iterator<Item = &R> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Nothing where `reasons` is empty, a refusal where it isn't.
    pub(crate) fn unless_empty(reasons: Vec<R>) -> Result<(), Self> {
        let mut reasons = reasons.into_iter();
        match reasons.next() {
            None => Ok(()),
            Some(first) => Err(Self { first, others: reasons.collect() }),
        }
    }
}

impl<R> From<R> for Refused<R> {
    fn from(reason: R) -> Self {
        Self { first: reason, others: Vec::new() }
    }
}

impl<R: Rule> fmt::Display for Refused<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        self.others.iter().try_for_each(|reason| write!(f, "; {reason}"))
    }
}

impl<R: Rule> Error for Refused<R> {}

impl<R: Rule> Refusal for Refused<R> {
    fn broken_rules(&self) -> Vec<BrokenRule> {
        self.reasons().map(|reason| BrokenRule { rule: reason.rule(), message: reason.to_string() }).collect()
    }
}

/// A value of a message that can't be right, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field, `place.point.latitude_e6`, `hazards[1]`.
    pub path: String,
    /// What is wrong and what would be right. Never repeats personal data.
    pub message: String,
}

/// All that is wrong with a message, gathered before it is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds that the field at `path` is wrong.
    pub fn add(&mut self, path: impl fmt::Display, message: impl fmt::Display) {
        self.0.push(Violation { path: path.to_string(), message: message.to_string() });
    }

    /// The value of a parse, or nothing and one violation more.
    pub fn take<T, E: fmt::Display>(&mut self, path: impl fmt::Display, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.add(path, error)).ok()
    }

    /// Adds the violations of a part, whose paths begin at `prefix`.
    pub fn nest(&mut self, prefix: &str, part: Violations) {
        self.0.extend(part.0.into_iter().map(|v| Violation { path: format!("{prefix}.{}", v.path), ..v }));
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The violations, in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }

    /// `value` where nothing was wrong.
    ///
    /// # Errors
    /// The list itself, where it isn't empty.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", violation.path, violation.message)?;
        }
        Ok(())
    }
}

impl Error for Violations {}

/// The broken rules of a refused decision of any aggregate; nothing where the error is something else.
#[must_use]
pub fn broken_rules(error: &(dyn Error + 'static)) -> Option<Vec<BrokenRule>> {
    fn of<R: Rule>(error: &(dyn Error + 'static)) -> Option<Vec<BrokenRule>> {
        error.downcast_ref::<Refused<R>>().map(Refusal::broken_rules)
    }
    of::<crate::incident::IncidentError>(error)
        .or_else(|| of::<crate::emergency_card::CardError>(error))
        .or_else(|| of::<crate::unit::UnitError>(error))
        .or_else(|| of::<crate::track::TrackError>(error))
        .or_else(|| of::<crate::retention::RetentionError>(error))
        .or_else(|| of::<crate::access_grant::GrantError>(error))
        .or_else(|| of::<crate::emergency_access::EmergencyAccessError>(error))
        .or_else(|| of::<crate::access_policy::PolicyError>(error))
        .or_else(|| of::<crate::log_life::LogLifeError>(error))
        .or_else(|| of::<crate::classifier::ClassifierError>(error))
        .or_else(|| of::<crate::seized_item::SeizedItemError>(error))
        .or_else(|| of::<crate::source_journal::JournalError>(error))
        .or_else(|| of::<crate::source_record::RecordError>(error))
        .or_else(|| of::<crate::notice::NoticeError>(error))
        .or_else(|| of::<crate::caution::CautionError>(error))
        .or_else(|| of::<crate::response_plan::PlanError>(error))
        .or_else(|| of::<crate::roster_shift::ShiftError>(error))
        .or_else(|| of::<crate::read_model::ReadModelError>(error))
}
