//! Who is in a unit, and what it carries.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{UnitAnomaly, UnitError, UnitEvent};
use crate::terms::UnitStatus;
use crate::values::{Code, CrewSize, Officer};

/// The crew of a unit (apkalpe): how many and what they can do, never who they are; the commander by the service number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Crew {
    /// How many people, the commander too.
    pub size: CrewSize,
    /// Who commands it (vecākais), by the service number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commander: Option<Officer>,
    /// How many of them can do what (kvalifikācija), `driver`, `diver`, `paramedic`: one person may count for several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub qualifications: BTreeMap<Code, CrewSize>,
}

impl Crew {
    /// Most kinds of qualification of one crew.
    pub const MOST_QUALIFICATIONS: usize = 32;

    /// All that is wrong with it: nobody can be more often than they are.
    #[must_use]
    pub fn broken(&self) -> Vec<UnitError> {
        let more = self.qualifications.iter().filter(|(_, count)| **count > self.size);
        let more = more.map(|(code, count)| UnitError::MoreQualifiedThanCrew {
            qualification: code.clone(),
            count: count.get(),
            size: self.size.get(),
        });
        more.collect()
    }
}

/// Crew and equipment of a unit as they are now (apkalpe un aprīkojums), by its events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outfit {
    /// Who is in it; nothing where nobody said since its duty began.
    pub crew: Option<Crew>,
    /// Codes of what it carries, whether that can be used or not; nothing where nobody ever said.
    pub equipment: Option<BTreeSet<Code>>,
    /// What of that can't be used.
    pub out_of_service: BTreeSet<Code>,
}

impl Outfit {
    /// Takes in an event of a unit that did `before` until then. What came out of order is in the history only. A duty that begins or ends
    /// leaves no crew of another one; equipment stays in the vehicle.
    pub fn take_in(&mut self, event: &UnitEvent, before: UnitStatus) {
        if event.anomalies().contains(&UnitAnomaly::OutOfOrder) {
            return;
        }
        if event.changes_duty(before) {
            self.crew = None;
        }
        match event {
            UnitEvent::CrewChanged { crew, .. } => self.crew = Some(crew.clone()),
            UnitEvent::EquipmentChanged { equipment, .. } => {
                self.out_of_service.retain(|code| equipment.contains(code));
                self.equipment = Some(equipment.clone());
            }
            UnitEvent::EquipmentOutOfService { equipment, .. } => {
                self.out_of_service.extend(equipment.iter().cloned());
            }
            UnitEvent::EquipmentBackInService { equipment, .. } => {
                self.out_of_service.retain(|code| !equipment.contains(code));
            }
            UnitEvent::UnitRegistered { .. }
            | UnitEvent::DutyStarted { .. }
            | UnitEvent::DutyEnded { .. }
            | UnitEvent::StatusReported { .. }
            | UnitEvent::UnitAssigned { .. }
            | UnitEvent::UnitReleased { .. } => {}
        }
    }

    /// Whether it is known to carry that.
    #[must_use]
    pub fn carries(&self, code: &Code) -> bool {
        self.equipment.as_ref().is_some_and(|carried| carried.contains(code))
    }
}
