//! A unit (ekipāža): a crew with its vehicle, what it is doing and the card that it is on.

mod command;
mod crew;
mod error;
mod event;
mod examples;
mod status;
#[cfg(test)]
mod tests;
mod vendor;

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{
    Assign, ChangeCrew, ChangeEquipment, EquipmentService, RegisterUnit, Release, ReportStatus, ReportVendorStatus,
    UnitCommand,
};
pub use crew::{Crew, Outfit};
pub use error::UnitError;
pub use event::{UnitAnomaly, UnitEvent};
pub use status::can_be_sent;
pub use vendor::{Said, UnknownVendorCode, VendorScheme};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::terms::{UnitKind, UnitStatus};
use crate::values::{CallSign, Code, InstitutionCode, SourceCode, Station, TerritoryCode};

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
    territory: Option<TerritoryCode>,
    source_kind: Option<SourceCode>,
    status: UnitStatus,
    card: Option<Uuid>,
    /// Latest time of all that was told of it.
    latest: Option<DateTime<FixedOffset>>,
    /// Its crew and what it carries.
    outfit: Outfit,
    /// Latest time of what was told of its crew, or of its duty: an older crew is not the present one.
    crew_told: Option<DateTime<FixedOffset>>,
    /// Latest time of what was told of its equipment.
    equipment_told: Option<DateTime<FixedOffset>>,
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

    /// Its crew and what it carries; nothing before it is registered.
    #[must_use]
    pub fn outfit(&self) -> Option<&Outfit> {
        Some(&self.known.as_ref()?.outfit)
    }

    fn known(&self) -> Result<&Known, UnitError> {
        self.known.as_ref().ok_or(UnitError::NotRegistered)
    }

    /// Makes it known. The same particulars again change nothing; others are refused, a call sign is one unit's for ever.
    fn register(&self, command: RegisterUnit) -> Decision {
        let RegisterUnit { institution, call_sign, kind, station, territory, source_kind } = command;
        match &self.known {
            None => {
                Ok(vec![UnitEvent::UnitRegistered { institution, call_sign, kind, station, territory, source_kind }])
            }
            Some(known)
                if known.institution == institution
                    && known.call_sign == call_sign
                    && known.kind == kind
                    && known.station == station
                    && known.territory == territory
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
        let ReportStatus { status, vendor_code, vendor_scheme } = command;
        let mut anomalies = unit.order(moment);
        if anomalies.is_empty() && !status::follows(unit.status, status, unit.card.is_some()) {
            anomalies.push(UnitAnomaly::IllegalJump);
        }
        let (card, at) = (unit.card, moment.occurred_at);
        Ok(vec![UnitEvent::StatusReported { status, vendor_code, vendor_scheme, card, at, anomalies }])
    }

    /// It says what it is doing by a code of a known list: kept with what the list says that it means. Refused where the list doesn't
    /// have it: who sends something else states the status.
    fn report_vendor(&self, command: ReportVendorStatus, moment: &Moment) -> Decision {
        let unit = self.known()?;
        let ReportVendorStatus { scheme, code } = command;
        let status = scheme.said(&code).map_err(UnitError::from)?.by_one_that(unit.status);
        let report = ReportStatus { status, vendor_code: Some(code), vendor_scheme: Some(scheme) };
        self.report(report, moment)
    }

    /// Its crew is another; nothing where it is as it was. Refused off duty: then nobody is in it.
    fn change_crew(&self, command: ChangeCrew, moment: &Moment) -> Decision {
        let unit = self.known()?;
        let mut reasons = command.crew.broken();
        if unit.status == UnitStatus::OffDuty {
            reasons.push(UnitError::CrewOffDuty { call_sign: unit.call_sign.clone() });
        }
        Refused::unless_empty(reasons)?;
        let anomalies = late(unit.crew_told, moment);
        if anomalies.is_empty() && unit.outfit.crew.as_ref() == Some(&command.crew) {
            return Ok(Vec::new());
        }
        Ok(vec![UnitEvent::CrewChanged { crew: command.crew, at: moment.occurred_at, anomalies }])
    }

    /// It carries something else; nothing where it is as it was. A vehicle carries things off duty too.
    fn change_equipment(&self, command: ChangeEquipment, moment: &Moment) -> Decision {
        let unit = self.known()?;
        let anomalies = late(unit.equipment_told, moment);
        if anomalies.is_empty() && unit.outfit.equipment.as_ref() == Some(&command.equipment) {
            return Ok(Vec::new());
        }
        let (equipment, at) = (command.equipment, moment.occurred_at);
        Ok(vec![UnitEvent::EquipmentChanged { equipment, at, anomalies }])
    }

    /// Something that it carries can't be used, or can again; nothing of what is so already. Refused where it doesn't carry it.
    fn equipment_service(&self, command: EquipmentService, works: bool, moment: &Moment) -> Decision {
        let unit = self.known()?;
        let not_carried = |equipment: &Code| UnitError::EquipmentNotCarried {
            call_sign: unit.call_sign.clone(),
            equipment: equipment.clone(),
        };
        Refused::unless_empty(
            command.equipment.iter().filter(|code| !unit.outfit.carries(code)).map(not_carried).collect(),
        )?;
        let (at, anomalies) = (moment.occurred_at, late(unit.equipment_told, moment));
        // What comes late is kept as it was said: it changes nothing of now.
        let news = |code: &Code| !anomalies.is_empty() || unit.outfit.out_of_service.contains(code) == works;
        let equipment: BTreeSet<Code> = command.equipment.into_iter().filter(news).collect();
        Ok(match (equipment.is_empty(), works) {
            (true, _) => Vec::new(),
            (false, true) => vec![UnitEvent::EquipmentBackInService { equipment, at, anomalies }],
            (false, false) => vec![UnitEvent::EquipmentOutOfService { equipment, at, anomalies }],
        })
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
        late(self.latest, moment)
    }
}

/// Flags what lies before the latest that is known.
fn late(latest: Option<DateTime<FixedOffset>>, moment: &Moment) -> Vec<UnitAnomaly> {
    let late = latest.is_some_and(|latest| moment.occurred_at < latest);
    if late { vec![UnitAnomaly::OutOfOrder] } else { Vec::new() }
}

impl Decide for Unit {
    fn decide(&self, command: UnitCommand, moment: &Moment) -> Decision {
        match command {
            UnitCommand::RegisterUnit(command) => self.register(command),
            UnitCommand::StartDuty => self.start_duty(moment),
            UnitCommand::EndDuty => self.end_duty(moment),
            UnitCommand::ReportStatus(command) => self.report(command, moment),
            UnitCommand::ReportVendorStatus(command) => self.report_vendor(command, moment),
            UnitCommand::ChangeCrew(command) => self.change_crew(command, moment),
            UnitCommand::ChangeEquipment(command) => self.change_equipment(command, moment),
            UnitCommand::PutEquipmentOutOfService(command) => self.equipment_service(command, false, moment),
            UnitCommand::ReturnEquipmentToService(command) => self.equipment_service(command, true, moment),
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
        if let UnitEvent::UnitRegistered { institution, call_sign, kind, station, territory, source_kind } = event {
            let status = UnitStatus::OffDuty;
            self.known = Some(Known {
                institution,
                call_sign,
                kind,
                station,
                territory,
                source_kind,
                status,
                card: None,
                latest: None,
                outfit: Outfit::default(),
                crew_told: None,
                equipment_told: None,
            });
            return;
        }
        let Some(unit) = &mut self.known else { return };
        match &event {
            UnitEvent::UnitAssigned { card, .. } => unit.card = Some(*card),
            UnitEvent::UnitReleased { .. } => unit.card = None,
            _ => {}
        }
        unit.outfit.take_in(&event, unit.status);
        // Each kind of report has an order of its own: who states a crew is not who says what the unit does.
        match event {
            UnitEvent::CrewChanged { .. } => unit.crew_told = unit.crew_told.max(at),
            UnitEvent::EquipmentChanged { .. }
            | UnitEvent::EquipmentOutOfService { .. }
            | UnitEvent::EquipmentBackInService { .. } => unit.equipment_told = unit.equipment_told.max(at),
            _ => {
                if event.changes_duty(unit.status) {
                    unit.crew_told = unit.crew_told.max(at);
                }
                unit.latest = unit.latest.max(at);
            }
        }
        unit.status = status.unwrap_or(unit.status);
    }
}
