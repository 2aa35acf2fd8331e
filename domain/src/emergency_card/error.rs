use thiserror::Error;
use uuid::Uuid;

use crate::kernel::Rule;
use crate::terms::Service;
use crate::values::CardNumber;

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
    /// Nothing of a completed card changes but its incident.
    #[error("card {number} is completed: only its incident can still be linked")]
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
        }
    }
}
