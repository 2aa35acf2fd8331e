use thiserror::Error;
use uuid::Uuid;

use super::Clock;
use crate::kernel::Rule;
use crate::terms::Service;
use crate::values::{CardNumber, InstitutionCode};

/// Rules of an emergency card that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CardError {
    /// There is no such card.
    #[error("there is no such card: a card begins with the call that was received")]
    NotReceived,
    /// The call was received before.
    #[error("this call is already on card {number}")]
    AlreadyReceived {
        /// Number of that card.
        number: CardNumber,
    },
    /// The call would be answered in the future.
    #[error("answered_at lies in the future: check the sender's clock")]
    AnsweredInFuture,
    /// Of a card that has ended only what is told afterwards changes: its incident, files, reviews, duplicates.
    #[error(
        "card {number} has ended: its incident can still be linked, files added, and it can be reviewed and forwarded"
    )]
    Completed {
        /// Its number.
        number: CardNumber,
    },
    /// The first qualification must say what it is.
    #[error("card {number} has no type yet: say what it is (type_code)")]
    TypeMissing {
        /// Its number.
        number: CardNumber,
    },
    /// The first qualification must say how urgent it is.
    #[error("card {number} has no priority yet: say how urgent it is (priority)")]
    PriorityMissing {
        /// Its number.
        number: CardNumber,
    },
    /// Services follow from what it is.
    #[error("card {number} isn't qualified: say what it is before deciding who goes")]
    NotQualified {
        /// Its number.
        number: CardNumber,
    },
    /// A decision for nobody.
    #[error("no service is named: name those that go; where nobody goes, complete the card")]
    NoServices,
    /// A service that was told can't be dropped from the decision.
    #[error("{service} was already notified: it stays among the services of the card")]
    ServiceAlreadyNotified {
        /// Service.
        service: Service,
    },
    /// Only a decided service is told.
    #[error("it wasn't decided that {service} goes: decide the services first")]
    ServiceNotDecided {
        /// Service.
        service: Service,
    },
    /// Only a told service takes it on.
    #[error("{service} wasn't notified: it can't accept what it wasn't told")]
    ServiceNotNotified {
        /// Service.
        service: Service,
    },
    /// The unit isn't on the card.
    #[error("unit {unit} isn't on card {number}")]
    UnitNotOnCard {
        /// Unit.
        unit: Uuid,
        /// Number of the card.
        number: CardNumber,
    },
    /// Another unit than was recommended is sent without a word.
    #[error("unit {unit} is not among those that the response plan recommended: say why it goes (override_reason)")]
    OverrideWithoutReason {
        /// Unit.
        unit: Uuid,
    },
    /// It can't be completed while units are on it.
    #[error("card {number} still has {} on it: release them, then complete it", units_on(units))]
    HasUnits {
        /// Its number.
        number: CardNumber,
        /// Units.
        units: Vec<Uuid>,
    },
    /// Services were decided, so it was an emergency.
    #[error("services were decided for card {number}: complete it, or cancel it")]
    HasServices {
        /// Its number.
        number: CardNumber,
    },
    /// Nothing is told of the situation.
    #[error(
        "nothing is told: say whether it is under control, what endangers people, how many are hurt, or what was told"
    )]
    NothingTold,
    /// Only what has ended is reviewed.
    #[error("card {number} has not ended: it is reviewed afterwards")]
    NotEnded {
        /// Its number.
        number: CardNumber,
    },
    /// Nothing of an archived card changes.
    #[error("card {number} is archived: nothing of it changes any more")]
    Archived {
        /// Its number.
        number: CardNumber,
    },
    /// The time after which the register ends or archives it by itself is not over.
    #[error("the time of card {number} is not over")]
    NotInTime {
        /// Its number.
        number: CardNumber,
    },
    /// A card is no duplicate of itself.
    #[error("card {number} can't be about the same as itself: name the other card")]
    DuplicateOfItself {
        /// Its number.
        number: CardNumber,
    },
    /// It is marked already.
    #[error("card {number} is already marked as about the same as {of}: take that back first")]
    AlreadyDuplicate {
        /// Its number.
        number: CardNumber,
        /// The card that goes on for both.
        of: Uuid,
    },
    /// A card that others are about the same as goes on for them.
    #[error("others are about the same as card {number}: mark them, or it, the other way round")]
    HasDuplicates {
        /// Its number.
        number: CardNumber,
    },
    /// It isn't marked.
    #[error("card {number} is not marked as about the same as another")]
    NotDuplicate {
        /// Its number.
        number: CardNumber,
    },
    /// It is with that institution already.
    #[error("card {number} is already forwarded to {to}")]
    AlreadyForwarded {
        /// Its number.
        number: CardNumber,
        /// To whom.
        to: InstitutionCode,
    },
    /// It was not forwarded there.
    #[error("card {number} is not with {to}")]
    NotForwarded {
        /// Its number.
        number: CardNumber,
        /// To whom.
        to: InstitutionCode,
    },
    /// That incident is not one that the card was forwarded to.
    #[error("incident {incident} did not come of card {number} by forwarding")]
    NotOfForward {
        /// Its number.
        number: CardNumber,
        /// The incident.
        incident: Uuid,
    },
    /// What a person enters can't be: one clock lies before another that comes first. A source's own clocks are kept and flagged.
    #[error("{clock} would lie before {before}: check the time; what a source system recorded so is kept and flagged")]
    ClockImpossible {
        /// The clock that comes too early.
        clock: Clock,
        /// The clock that comes first.
        before: Clock,
    },
    /// It is tied to another incident.
    #[error("card {number} is already linked to incident {incident}")]
    LinkedToAnother {
        /// Its number.
        number: CardNumber,
        /// That incident.
        incident: Uuid,
    },
}

fn units_on(units: &[Uuid]) -> String {
    let names: Vec<_> = units.iter().map(Uuid::to_string).collect();
    format!("{} {}", if units.len() == 1 { "unit" } else { "units" }, names.join(", "))
}

impl Rule for CardError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotReceived => "card_not_received",
            Self::AlreadyReceived { .. } => "card_already_received",
            Self::AnsweredInFuture => "card_answered_in_future",
            Self::Completed { .. } => "card_completed",
            Self::TypeMissing { .. } => "card_type_missing",
            Self::PriorityMissing { .. } => "card_priority_missing",
            Self::NotQualified { .. } => "card_not_qualified",
            Self::NoServices => "no_services",
            Self::ServiceAlreadyNotified { .. } => "service_already_notified",
            Self::ServiceNotDecided { .. } => "service_not_decided",
            Self::ServiceNotNotified { .. } => "service_not_notified",
            Self::UnitNotOnCard { .. } => "unit_not_on_card",
            Self::OverrideWithoutReason { .. } => "override_without_reason",
            Self::HasUnits { .. } => "card_has_units",
            Self::LinkedToAnother { .. } => "card_linked_to_another",
            Self::HasServices { .. } => "card_has_services",
            Self::NothingTold => "nothing_told",
            Self::NotEnded { .. } => "card_not_ended",
            Self::Archived { .. } => "card_archived",
            Self::NotInTime { .. } => "card_not_in_time",
            Self::DuplicateOfItself { .. } => "duplicate_of_itself",
            Self::AlreadyDuplicate { .. } => "already_duplicate",
            Self::HasDuplicates { .. } => "card_has_duplicates",
            Self::NotDuplicate { .. } => "not_duplicate",
            Self::AlreadyForwarded { .. } => "already_forwarded",
            Self::NotForwarded { .. } => "not_forwarded",
            Self::NotOfForward { .. } => "not_of_forward",
            Self::ClockImpossible { .. } => "clock_impossible",
        }
    }
}
