//! A seized item (izņemta manta) and who has it: a chain of custody without a gap. It outlives the incident that it was seized in.

mod command;
mod error;
mod event;
mod examples;
#[cfg(test)]
mod tests;

use chrono::{DateTime, FixedOffset};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{DisposeItem, SeizeItem, SeizedItemCommand, TransferCustody};
pub use error::SeizedItemError;
pub use event::{Custodian, SeizedItemEvent};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::terms::DisposalOutcome;

/// What is known of a seized item; no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeizedItem {
    seized: Option<Seized>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Seized {
    incident: Uuid,
    custodian: Custodian,
    /// Since when they have it.
    since: DateTime<FixedOffset>,
    outcome: Option<DisposalOutcome>,
}

type Decision = Result<Vec<SeizedItemEvent>, Refused<SeizedItemError>>;

impl SeizedItem {
    /// The incident that it was seized in; nothing before it was.
    #[must_use]
    pub fn incident(&self) -> Option<Uuid> {
        Some(self.seized.as_ref()?.incident)
    }

    /// Who has it; nobody before it was seized, and after custody has ended.
    #[must_use]
    pub fn custodian(&self) -> Option<&Custodian> {
        let seized = self.seized.as_ref()?;
        seized.outcome.is_none().then_some(&seized.custodian)
    }

    /// What became of it, once custody has ended.
    #[must_use]
    pub fn outcome(&self) -> Option<DisposalOutcome> {
        self.seized.as_ref()?.outcome
    }

    /// Begins its custody.
    fn seize(&self, command: SeizeItem, moment: &Moment) -> Decision {
        if let Some(seized) = &self.seized {
            return Err(SeizedItemError::AlreadySeized { incident: seized.incident }.into());
        }
        let at = in_time(command.at, moment)?;
        Ok(vec![SeizedItemEvent::ItemSeized {
            incident: command.incident,
            kind: command.kind,
            description: command.description,
            serial: command.serial,
            quantity: command.quantity,
            value_cents: command.value_cents,
            basis: command.basis,
            protocol: command.protocol,
            from_person: command.from_person,
            place: command.place,
            custodian: command.custodian,
            seal: command.seal,
            at,
        }])
    }

    fn in_custody(&self) -> Result<&Seized, SeizedItemError> {
        let seized = self.seized.as_ref().ok_or(SeizedItemError::NotSeized)?;
        match seized.outcome {
            Some(outcome) => Err(SeizedItemError::CustodyEnded { outcome }),
            None => Ok(seized),
        }
    }

    /// Hands it on. Who has it has to be who is named: a chain has no gap. Nothing where that custodian has it already.
    fn transfer(&self, command: TransferCustody, moment: &Moment) -> Decision {
        let seized = self.in_custody()?;
        let TransferCustody { from, to, at, seal, reason } = command;
        if to == seized.custodian {
            return Ok(Vec::new());
        }
        let at = in_time(at, moment)?;
        let mut broken = Vec::new();
        if from != seized.custodian {
            broken.push(SeizedItemError::OtherCustodian { custodian: seized.custodian.clone() });
        }
        if at < seized.since {
            broken.push(SeizedItemError::BeforeLastHandover { since: seized.since });
        }
        Refused::unless_empty(broken)?;
        Ok(vec![SeizedItemEvent::CustodyTransferred { from, to, at, seal, reason }])
    }

    /// Ends its custody.
    fn dispose(&self, command: DisposeItem, moment: &Moment) -> Decision {
        let seized = self.in_custody()?;
        let DisposeItem { outcome, to, at, decision, reason } = command;
        let at = in_time(at, moment)?;
        if at < seized.since {
            return Err(SeizedItemError::BeforeLastHandover { since: seized.since }.into());
        }
        Ok(vec![SeizedItemEvent::ItemDisposed { outcome, to, at, decision, reason }])
    }
}

/// When it happened: by the envelope where nothing is given.
fn in_time(at: Option<DateTime<FixedOffset>>, moment: &Moment) -> Result<DateTime<FixedOffset>, SeizedItemError> {
    let at = at.unwrap_or(moment.occurred_at);
    if moment.is_future(at) { Err(SeizedItemError::InFuture) } else { Ok(at) }
}

impl Decide for SeizedItem {
    fn decide(&self, command: SeizedItemCommand, moment: &Moment) -> Decision {
        match command {
            SeizedItemCommand::SeizeItem(command) => self.seize(*command, moment),
            SeizedItemCommand::TransferCustody(command) => self.transfer(command, moment),
            SeizedItemCommand::DisposeItem(command) => self.dispose(command, moment),
        }
    }
}

impl Aggregate for SeizedItem {
    const TYPE: &'static str = "seized_item";
    type Command = SeizedItemCommand;
    type Event = SeizedItemEvent;
    type Error = Refused<SeizedItemError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: SeizedItemCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<SeizedItemError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: SeizedItemEvent) {
        match (event, &mut self.seized) {
            (SeizedItemEvent::ItemSeized { incident, custodian, at, .. }, _) => {
                self.seized = Some(Seized { incident, custodian, since: at, outcome: None });
            }
            (SeizedItemEvent::CustodyTransferred { to, at, .. }, Some(seized)) => {
                (seized.custodian, seized.since) = (to, at);
            }
            (SeizedItemEvent::ItemDisposed { outcome, .. }, Some(seized)) => seized.outcome = Some(outcome),
            (_, None) => {}
        }
    }
}
