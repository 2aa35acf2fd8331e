//! A caution (brīdinājums): what those who go to an address, meet a person or stop a vehicle must know beforehand, and persons who are
//! protected there. It holds until a day, is renewed or lifted, and is shown to those whom the policies allow.

mod about;
mod command;
mod error;
mod event;
mod examples;
#[cfg(test)]
mod tests;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use about::{About, CautionedVehicle};
pub use command::{CautionCommand, LiftCaution, RegisterCaution, RenewCaution};
pub use error::CautionError;
pub use event::CautionEvent;

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::lang::terms;
use crate::terms::RaisedClass;
use crate::values::{InstitutionCode, TerritoryCode};

/// Longest time for which a caution holds before somebody has to look at it again, in days. Illustrative: no regulation was found.
pub const MAX_DAYS: i64 = 730;

terms! {
    /// What a caution is about (brīdinājuma objekts).
    AboutKind("kind of what a caution is about") {
        /// An address.
        Address = "address", "Adrese", "Address";
        /// A person.
        Person = "person", "Persona", "Person";
        /// A vehicle.
        Vehicle = "vehicle", "Transportlīdzeklis", "Vehicle";
    }
}

/// What is known of a caution; no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caution {
    registered: Option<Registered>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Registered {
    institution: InstitutionCode,
    class: Option<RaisedClass>,
    /// Where the address is.
    territory: Option<TerritoryCode>,
    expires_at: DateTime<FixedOffset>,
    lifted: bool,
}

type Decision = Result<Vec<CautionEvent>, Refused<CautionError>>;

impl Caution {
    /// Whose it is; nothing before it was registered.
    #[must_use]
    pub fn institution(&self) -> Option<&InstitutionCode> {
        Some(&self.registered.as_ref()?.institution)
    }

    /// Class that it was raised to.
    #[must_use]
    pub fn class(&self) -> Option<RaisedClass> {
        self.registered.as_ref()?.class
    }

    /// Territory of its address, where it is about one.
    #[must_use]
    pub fn territory(&self) -> Option<&TerritoryCode> {
        self.registered.as_ref()?.territory.as_ref()
    }

    /// Whether it holds at a time.
    #[must_use]
    pub fn holds_at(&self, at: DateTime<Utc>) -> bool {
        self.registered.as_ref().is_some_and(|caution| !caution.lifted && caution.expires_at > at)
    }

    /// Registers it.
    ///
    /// Refused where it would be over at once, or hold longer than [`MAX_DAYS`], or where nobody could find it again: an address
    /// without its code, a person without a name and a personal code.
    fn register(&self, command: RegisterCaution, moment: &Moment) -> Decision {
        if let Some(caution) = &self.registered {
            return Err(CautionError::AlreadyRegistered { institution: caution.institution.clone() }.into());
        }
        let RegisterCaution { institution, kind, about, advice, class, incident, expires_at } = command;
        let mut broken: Vec<CautionError> = about.findable().err().into_iter().collect();
        broken.extend(wrong_end(expires_at, moment));
        Refused::unless_empty(broken)?;
        Ok(vec![CautionEvent::CautionRegistered { institution, kind, about, advice, class, incident, expires_at }])
    }

    fn standing(&self) -> Result<&Registered, CautionError> {
        let caution = self.registered.as_ref().ok_or(CautionError::NotRegistered)?;
        if caution.lifted { Err(CautionError::Lifted) } else { Ok(caution) }
    }

    /// Lets it hold until another time; one that has run out holds again.
    fn renew(&self, command: RenewCaution, moment: &Moment) -> Decision {
        let caution = self.standing()?;
        let RenewCaution { expires_at, reason } = command;
        if expires_at == caution.expires_at {
            return Ok(Vec::new());
        }
        Refused::unless_empty(wrong_end(expires_at, moment).into_iter().collect())?;
        Ok(vec![CautionEvent::CautionRenewed { expires_at, reason }])
    }

    /// Takes it back. Nothing where it was lifted before.
    fn lift(&self, command: LiftCaution) -> Decision {
        match self.standing() {
            Ok(_) => Ok(vec![CautionEvent::CautionLifted { reason: command.reason }]),
            Err(CautionError::Lifted) => Ok(Vec::new()),
            Err(broken) => Err(broken.into()),
        }
    }
}

/// By when it happened, not by when it is recorded: what an old register or a journal tells late may be over by then, and is history.
fn wrong_end(expires_at: DateTime<FixedOffset>, moment: &Moment) -> Option<CautionError> {
    if expires_at <= moment.occurred_at {
        Some(CautionError::ExpiresInPast)
    } else if expires_at > moment.occurred_at + TimeDelta::days(MAX_DAYS) {
        Some(CautionError::ExpiresTooLate)
    } else {
        None
    }
}

impl Decide for Caution {
    fn decide(&self, command: CautionCommand, moment: &Moment) -> Decision {
        match command {
            CautionCommand::RegisterCaution(command) => self.register(*command, moment),
            CautionCommand::RenewCaution(command) => self.renew(command, moment),
            CautionCommand::LiftCaution(command) => self.lift(command),
        }
    }
}

impl Aggregate for Caution {
    const TYPE: &'static str = "caution";
    type Command = CautionCommand;
    type Event = CautionEvent;
    type Error = Refused<CautionError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: CautionCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<CautionError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: CautionEvent) {
        match (event, &mut self.registered) {
            (CautionEvent::CautionRegistered { institution, about, class, expires_at, .. }, _) => {
                let territory = about.territory().cloned();
                self.registered = Some(Registered { institution, class, territory, expires_at, lifted: false });
            }
            (CautionEvent::CautionRenewed { expires_at, .. }, Some(caution)) => caution.expires_at = expires_at,
            (CautionEvent::CautionLifted { .. }, Some(caution)) => caution.lifted = true,
            (_, None) => {}
        }
    }
}
