//! What events say that their records are found by. A kind of record that is to be found too is added here, and nowhere else.

use domain::caution::{About, CautionEvent};
use domain::incident::IncidentEvent;
use uuid::Uuid;

use super::LookupKind;
use crate::event::{CAUTION, INCIDENT, RegisterEvent};

/// Types of the records that are found.
pub(super) const RECORDS: &[&str] = &[INCIDENT, CAUTION];

/// What an event says of one part of its record: of a person, of a vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It is found by what stands sealed at that path of the payload, and by nothing where nothing stands there.
    Replaced {
        /// Id of the part.
        part: Uuid,
        /// What it is found by.
        kind: LookupKind,
        /// JSON pointer in the event's payload.
        path: &'static str,
    },
    /// The same; where nothing stands there it stays found by what was said before.
    Amended {
        /// Id of the part.
        part: Uuid,
        /// What it is found by.
        kind: LookupKind,
        /// JSON pointer in the event's payload.
        path: &'static str,
    },
    /// It is no part any more, and found by nothing.
    Gone {
        /// Id of the part.
        part: Uuid,
    },
}

impl Told {
    /// Where the thing stands in the payload.
    #[cfg(test)]
    fn path(&self) -> Option<&'static str> {
        match self {
            Self::Replaced { path, .. } | Self::Amended { path, .. } => Some(path),
            Self::Gone { .. } => None,
        }
    }
}

/// What an event says that its record is found by.
pub(super) fn told(event: &RegisterEvent) -> Vec<Told> {
    match event {
        RegisterEvent::Incident(event) => of_incident(event).into_iter().collect(),
        RegisterEvent::Caution(event) => of_caution(event).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What it is about is all of a caution, and never another.
fn of_caution(event: &CautionEvent) -> Option<Told> {
    let CautionEvent::CautionRegistered { about, .. } = event else { return None };
    Some(match about {
        About::Address(_) => return None,
        About::Person(person) => Told::Replaced {
            part: person.subject,
            kind: LookupKind::PersonalCode,
            path: "/CautionRegistered/about/Person/personal_code",
        },
        About::Vehicle(_) => Told::Replaced {
            part: Uuid::nil(),
            kind: LookupKind::Plate,
            path: "/CautionRegistered/about/Vehicle/plate",
        },
    })
}

fn of_incident(event: &IncidentEvent) -> Option<Told> {
    Some(match event {
        IncidentEvent::VehicleInvolved { vehicle } => {
            Told::Replaced { part: vehicle.id, kind: LookupKind::Plate, path: "/VehicleInvolved/vehicle/plate" }
        }
        IncidentEvent::PersonInvolved { person, .. } => Told::Replaced {
            part: person.subject,
            kind: LookupKind::PersonalCode,
            path: "/PersonInvolved/person/personal_code",
        },
        // What isn't said of a person stays.
        IncidentEvent::PersonIdentified { person, .. } => Told::Amended {
            part: person.subject,
            kind: LookupKind::PersonalCode,
            path: "/PersonIdentified/person/personal_code",
        },
        IncidentEvent::InvolvementWithdrawn { involvement, .. } => Told::Gone { part: *involvement },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use event_store::seal::sealed_fields;

    use super::*;

    #[test]
    fn every_plate_and_personal_code_that_stands_sealed_in_an_event_is_looked_for() {
        let mut found = 0;
        let incidents = IncidentEvent::examples()
            .into_iter()
            .map(|event| (serde_json::to_value(&event).unwrap(), RegisterEvent::Incident(Box::new(event))));
        let cautions = CautionEvent::examples()
            .into_iter()
            .map(|event| (serde_json::to_value(&event).unwrap(), RegisterEvent::Caution(Box::new(event))));
        for (payload, event) in incidents.chain(cautions) {
            let sealed: Vec<String> =
                sealed_fields(&payload, Uuid::nil()).into_iter().map(|field| field.path).collect();
            let names = |path: &&String| path.ends_with("/plate") || path.ends_with("/personal_code");
            let told = told(&event);
            let told: Vec<&str> = told.iter().filter_map(|told| told.path()).collect();
            for path in sealed.iter().filter(names) {
                // Who reports something is no part of it.
                assert!(told.contains(&path.as_str()) || path.contains("/reporter/"), "{path}");
                found += usize::from(told.contains(&path.as_str()));
            }
        }
        assert!(found >= 5, "{found}");
    }
}
