//! A unit (ekipāža): a crew with its vehicle, what it is doing and the card that it is on.

mod command;
mod error;
mod event;
mod examples;
mod status;
#[cfg(test)]
mod tests;

use chrono::{DateTime, FixedOffset};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{Assign, RegisterUnit, Release, ReportStatus, UnitCommand};
pub use error::UnitError;
pub use event::{UnitAnomaly, UnitEvent};
pub use status::can_be_sent;

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::terms::{UnitKind, UnitStatus};
use crate::values::{CallSign, InstitutionCode, SourceCode, Station};

/// What is known of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unit {
    known: Option<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Known {
    institution: InstitutionCode,
    call_sign: CallSign,
    kind: UnitKind,
    station: Option<Station>,
    source_kind: Option<SourceCode>,
    status: UnitStatus,
    card: Option<Uuid>,
    /// Latest time of all that was told of it.
    latest: Option<DateTime<FixedOffset>>,
}

type Decision = Result<Vec<UnitEvent>, Refused<UnitError>>;

impl Unit {
    /// Institution that it belongs to; nothing before it is registered.
    #[must_use]
    pub fn institution(&self) -> Option<&InstitutionCode> {
        Some(&self.known.as_ref()?.institution)
    }

    /// The card that it is on.
    #[must_use]
    pub fn card(&self) -> Option<Uuid> {
        self.known.as_ref()?.card
    }

    /// What it is doing; nothing before it is registered.
    #[must_use]
    pub fn status(&self) -> Option<UnitStatus> {
        Some(self.known.as_ref()?.status)
    }

    fn known(&self) -> Result<&Known, UnitError> {
        self.known.as_ref().ok_or(UnitError::NotRegistered)
    }

    /// Makes it known. The same particulars again change nothing; others are refused, a call sign is one unit's for ever.
    fn register(&self, command: RegisterUnit) -> Decision {
        let RegisterUnit { institution, call_sign, kind, station, source_kind } = command;
        match &self.known {
            None => Ok(vec![UnitEvent::UnitRegistered { institution, call_sign, kind, station, source_kind }]),
            Some(known)
                if known.institution == institution
                    && known.call_sign == call_sign
                    && known.kind == kind
                    && known.station == station
                    && known.source_kind == source_kind =>
            {
                Ok(Vec::new())
            }
            Some(known) => Err(UnitError::AlreadyRegistered { call_sign: known.call_sign.clone() }.into()),
        }
    }

    /// Its crew comes on duty; nothing where it already is.
    fn start_duty(&self, moment: &Moment) -> Decision {
        let unit = self.known()?;
        if unit.status != UnitStatus::OffDuty {
            return Ok(Vec::new());
        }
        Ok(vec![UnitEvent::DutyStarted { at: moment.occurred_at, anomalies: unit.order(moment) }])
    }

    /// Its crew goes off duty; nothing where it already is. Refused while it is on a card.
    fn end_duty(&self, moment: &Moment) -> Decision {
        let unit = self.known()?;
        if let Some(card) = unit.card {
            return Err(UnitError::DutyOnCard { call_sign: unit.call_sign.clone(), card }.into());
        }
        if unit.status == UnitStatus::OffDuty {
            return Ok(Vec::new());
        }
        Ok(vec![UnitEvent::DutyEnded { at: moment.occurred_at, anomalies: unit.order(moment) }])
    }

    /// It says what it is doing: an observation, so it is always kept, also when it says the same again. A jump that the
    /// order of statuses doesn't know, and a report from before what is known, are flagged.
    fn report(&self, command: ReportStatus, moment: &Moment) -> Decision {
        let unit = self.known()?;
        let ReportStatus { status, vendor_code } = command;
        let mut anomalies = unit.order(moment);
        if anomalies.is_empty() && !status::follows(unit.status, status, unit.card.is_some()) {
            anomalies.push(UnitAnomaly::IllegalJump);
        }
        Ok(vec![UnitEvent::StatusReported { status, vendor_code, card: unit.card, at: moment.occurred_at, anomalies }])
    }

    /// It is given a card; nothing where it is already on it. Refused while it is on another: a unit is on one card at most.
    fn assign(&self, command: &Assign, moment: &Moment) -> Decision {
        let unit = self.known()?;
        match unit.card {
            Some(card) if card == command.card => return Ok(Vec::new()),
            Some(card) => return Err(UnitError::UnitBusy { call_sign: unit.call_sign.clone(), card }.into()),
            None => {}
        }
        let mut anomalies = unit.order(moment);
        if anomalies.is_empty() && !status::can_be_sent(unit.status) {
            anomalies.push(UnitAnomaly::NotAvailable);
        }
        Ok(vec![UnitEvent::UnitAssigned { card: command.card, at: moment.occurred_at, anomalies }])
    }

    /// Its part in a card is over. Refused where it is on none, or on another than stated.
    fn release(&self, command: &Release, moment: &Moment) -> Decision {
        let unit = self.known()?;
        let call_sign = || unit.call_sign.clone();
        let card = unit.card.ok_or_else(|| UnitError::NotOnCard { call_sign: call_sign() })?;
        if let Some(stated) = command.card.filter(|stated| *stated != card) {
            return Err(UnitError::OnAnotherCard { call_sign: call_sign(), card, stated }.into());
        }
        Ok(vec![UnitEvent::UnitReleased {
            card,
            diverted_to: command.diverted_to,
            status: status::after_release(unit.status),
            at: moment.occurred_at,
            anomalies: unit.order(moment),
        }])
    }
}

impl Known {
    /// Flags what lies before the latest that is known.
    fn order(&self, moment: &Moment) -> Vec<UnitAnomaly> {
        let late = self.latest.is_some_and(|latest| moment.occurred_at < latest);
        if late { vec![UnitAnomaly::OutOfOrder] } else { Vec::new() }
    }
}

impl Decide for Unit {
    fn decide(&self, command: UnitCommand, moment: &Moment) -> Decision {
        match command {
            UnitCommand::RegisterUnit(command) => self.register(command),
            UnitCommand::StartDuty => self.start_duty(moment),
            UnitCommand::EndDuty => self.end_duty(moment),
            UnitCommand::ReportStatus(command) => self.report(command, moment),
            UnitCommand::Assign(command) => self.assign(&command, moment),
            UnitCommand::Release(command) => self.release(&command, moment),
        }
    }
}

impl Aggregate for Unit {
    const TYPE: &'static str = "unit";
    type Command = UnitCommand;
    type Event = UnitEvent;
    type Error = Refused<UnitError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: UnitCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<UnitError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: UnitEvent) {
        let (status, at) = (event.status_after(), event.at());
        if let UnitEvent::UnitRegistered { institution, call_sign, kind, station, source_kind } = event {
            let status = UnitStatus::OffDuty;
            let known = Known { institution, call_sign, kind, station, source_kind, status, card: None, latest: None };
            self.known = Some(known);
            return;
        }
        let Some(unit) = &mut self.known else { return };
        match event {
            UnitEvent::UnitAssigned { card, .. } => unit.card = Some(card),
            UnitEvent::UnitReleased { .. } => unit.card = None,
            _ => {}
        }
        unit.status = status.unwrap_or(unit.status);
        unit.latest = unit.latest.max(at);
    }
}
