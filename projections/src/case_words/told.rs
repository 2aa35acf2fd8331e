//! Which texts of events incidents are found by.

use domain::incident::IncidentEvent;
use domain::values::Place;
use uuid::Uuid;

/// Where in an incident a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WordPart {
    /// Name of a person who takes part (iesaistītā persona).
    Person,
    /// The place, as it was written (vieta).
    Place,
    /// Name of who reported it (ziņotājs).
    Reporter,
    /// What happened (apraksts).
    Narrative,
}

impl WordPart {
    /// All of them.
    pub const ALL: [WordPart; 4] = [Self::Person, Self::Place, Self::Reporter, Self::Narrative];

    /// As rows have it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Place => "place",
            Self::Reporter => "reporter",
            Self::Narrative => "narrative",
        }
    }

    /// Its weight in what an incident is found by.
    pub(super) const fn weight(self) -> char {
        match self {
            Self::Person => 'A',
            Self::Place => 'B',
            Self::Reporter => 'C',
            Self::Narrative => 'D',
        }
    }

    /// Whether it is a name, which may be misspelt.
    pub(super) const fn is_name(self) -> bool {
        matches!(self, Self::Person | Self::Reporter)
    }

    pub(super) fn of_code(code: &str) -> Option<WordPart> {
        Self::ALL.into_iter().find(|part| part.code() == code)
    }
}

/// What an event says of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// It says this now, in clear.
    Clear(WordPart, String),
    /// It says now what stands sealed at that path, or nothing where nothing does.
    Sealed(WordPart, Uuid, &'static str),
    /// The same; where nothing stands there, it says what it said.
    Amended(WordPart, Uuid, &'static str),
    /// It isn't there any more.
    Gone(WordPart, Uuid),
}

/// What an event says of the texts of its incident.
pub(super) fn told(event: &IncidentEvent) -> Vec<Told> {
    use IncidentEvent as E;
    use WordPart as W;
    let nil = Uuid::nil();
    let mut told = Vec::new();
    let mut place = |place: &Option<Place>| {
        if let Some(place) = place {
            let text = place.parts().text.as_ref().map(ToString::to_string).unwrap_or_default();
            told.push(Told::Clear(W::Place, text));
        }
    };
    match event {
        E::IncidentRegistered { place: at, narrative, reporter, .. } => {
            place(at);
            told.extend(narrative.as_ref().map(|_| Told::Sealed(W::Narrative, nil, "/IncidentRegistered/narrative")));
            told.extend(reporter.as_ref().map(|_| Told::Sealed(W::Reporter, nil, "/IncidentRegistered/reporter/name")));
        }
        E::IncidentSupplemented { place: at, narrative, reporter, .. } => {
            place(at);
            told.extend(narrative.as_ref().map(|_| Told::Sealed(W::Narrative, nil, "/IncidentSupplemented/narrative")));
            told.extend(
                reporter.as_ref().map(|_| Told::Sealed(W::Reporter, nil, "/IncidentSupplemented/reporter/name")),
            );
        }
        E::IncidentCorrected { place: at, narrative, reporter, .. } => {
            place(at);
            told.extend(narrative.as_ref().map(|_| Told::Sealed(W::Narrative, nil, "/IncidentCorrected/narrative")));
            told.extend(reporter.as_ref().map(|_| Told::Sealed(W::Reporter, nil, "/IncidentCorrected/reporter/name")));
        }
        E::PersonInvolved { person, .. } => {
            told.push(Told::Sealed(W::Person, person.subject, "/PersonInvolved/person/name"));
        }
        E::PersonIdentified { person, .. } => {
            told.push(Told::Amended(W::Person, person.subject, "/PersonIdentified/person/name"));
        }
        E::InvolvementWithdrawn { involvement, .. } => told.push(Told::Gone(W::Person, *involvement)),
        _ => {}
    }
    told
}

#[cfg(test)]
mod tests {
    use event_store::seal::sealed_fields;

    use super::*;

    #[test]
    fn every_name_and_narrative_that_stands_sealed_in_an_event_is_found_by() {
        let mut found = 0;
        for event in IncidentEvent::examples() {
            // What a journal had said before is known, and nothing is found by it.
            if matches!(event, IncidentEvent::EarlierVersionNoted { .. }) {
                continue;
            }
            let payload = serde_json::to_value(&event).unwrap();
            let told = told(&event);
            for field in sealed_fields(&payload, Uuid::nil()) {
                let searched = field.path.ends_with("/narrative") || field.path.ends_with("/name");
                let of_it = told.iter().any(|told| match told {
                    Told::Sealed(_, _, path) | Told::Amended(_, _, path) => *path == field.path,
                    _ => false,
                });
                assert!(!searched || of_it, "{}", field.path);
                found += usize::from(of_it);
            }
        }
        assert!(found >= 6, "{found}");
    }
}
