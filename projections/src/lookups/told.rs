//! What events say that their records are found by. A kind of record that is to be found too is added here, and nowhere else.

use domain::caution::{About, CautionEvent};
use domain::emergency_card::CardEvent;
use domain::incident::IncidentEvent;
use uuid::Uuid;

use super::LookupKind;
use crate::event::{CARD, CAUTION, INCIDENT, RETENTION, RegisterEvent};

/// Types of the records that are found.
pub(super) const RECORDS: &[&str] = &[INCIDENT, CARD, CAUTION];
/// Types of streams that matter: those, and what destroys keys.
pub(super) const AGGREGATES: &[&str] = &[INCIDENT, CARD, CAUTION, RETENTION];

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
        RegisterEvent::Incident(event) => of_incident(event),
        RegisterEvent::Card(event) => of_card(event),
        RegisterEvent::Caution(event) => of_caution(event),
        _ => Vec::new(),
    }
}

fn of_incident(event: &IncidentEvent) -> Vec<Told> {
    let code = LookupKind::PersonalCode;
    match event {
        IncidentEvent::VehicleInvolved { vehicle } => {
            let part = vehicle.id;
            vec![
                Told::Replaced { part, kind: LookupKind::Plate, path: "/VehicleInvolved/vehicle/plate" },
                Told::Replaced { part, kind: LookupKind::Vin, path: "/VehicleInvolved/vehicle/vin" },
            ]
        }
        IncidentEvent::DocumentInvolved { document } => {
            let path = "/DocumentInvolved/document/number";
            vec![Told::Replaced { part: document.id, kind: LookupKind::Document, path }]
        }
        IncidentEvent::PersonInvolved { person, .. } => {
            let part = person.subject;
            vec![
                Told::Replaced { part, kind: code, path: "/PersonInvolved/person/personal_code" },
                Told::Replaced { part, kind: LookupKind::Phone, path: "/PersonInvolved/person/phone" },
            ]
        }
        // What isn't said of a person stays.
        IncidentEvent::PersonIdentified { person, .. } => {
            let part = person.subject;
            vec![
                Told::Amended { part, kind: code, path: "/PersonIdentified/person/personal_code" },
                Told::Amended { part, kind: LookupKind::Phone, path: "/PersonIdentified/person/phone" },
            ]
        }
        IncidentEvent::InvolvementWithdrawn { involvement, .. } => vec![Told::Gone { part: *involvement }],
        _ => Vec::new(),
    }
}

/// Who called is all that a card has of persons.
fn of_card(event: &CardEvent) -> Vec<Told> {
    let CardEvent::CallReceived { caller: Some(caller), .. } = event else { return Vec::new() };
    let part = caller.subject().unwrap_or_default();
    vec![
        Told::Replaced { part, kind: LookupKind::PersonalCode, path: "/CallReceived/caller/personal_code" },
        Told::Replaced { part, kind: LookupKind::Phone, path: "/CallReceived/caller/phone" },
    ]
}

/// What it is about is all of a caution, and never another.
fn of_caution(event: &CautionEvent) -> Vec<Told> {
    let CautionEvent::CautionRegistered { about, .. } = event else { return Vec::new() };
    match about {
        About::Address(_) => Vec::new(),
        About::Person(person) => {
            let (part, code) = (person.subject, LookupKind::PersonalCode);
            vec![
                Told::Replaced { part, kind: code, path: "/CautionRegistered/about/Person/personal_code" },
                Told::Replaced { part, kind: LookupKind::Phone, path: "/CautionRegistered/about/Person/phone" },
            ]
        }
        About::Vehicle(_) => {
            let path = "/CautionRegistered/about/Vehicle/plate";
            vec![Told::Replaced { part: Uuid::nil(), kind: LookupKind::Plate, path }]
        }
    }
}

#[cfg(test)]
mod tests {
    use event_store::seal::sealed_fields;

    use super::*;

    #[test]
    fn every_number_code_and_phone_that_stands_sealed_in_an_event_is_looked_for() {
        let mut found = 0;
        let incidents = IncidentEvent::examples()
            .into_iter()
            .map(|event| (serde_json::to_value(&event).unwrap(), RegisterEvent::Incident(Box::new(event))));
        let cards = CardEvent::examples()
            .into_iter()
            .map(|event| (serde_json::to_value(&event).unwrap(), RegisterEvent::Card(Box::new(event))));
        let cautions = CautionEvent::examples()
            .into_iter()
            .map(|event| (serde_json::to_value(&event).unwrap(), RegisterEvent::Caution(Box::new(event))));
        for (payload, event) in incidents.chain(cards).chain(cautions) {
            let sealed: Vec<String> =
                sealed_fields(&payload, Uuid::nil()).into_iter().map(|field| field.path).collect();
            let names = |path: &&String| {
                ["/plate", "/vin", "/document/number", "/personal_code", "/phone"]
                    .iter()
                    .any(|name| path.ends_with(name))
            };
            let told = told(&event);
            let told: Vec<&str> = told.iter().filter_map(|told| told.path()).collect();
            for path in sealed.iter().filter(names) {
                // Who reports something is no part of it.
                assert!(told.contains(&path.as_str()) || path.contains("/reporter/"), "{path}");
                found += usize::from(told.contains(&path.as_str()));
            }
        }
        assert!(found >= 10, "{found}");
    }
}
