use uuid::Uuid;

use super::super::command::{
    ChangePersonRoles, IdentifyPerson, InvolveDocument, InvolveItem, InvolveOrganisation, InvolvePerson,
    InvolveVehicle, WithdrawInvolvement,
};
use super::super::state::{Involved, Person, Registered};
use super::super::{Decision, Incident, IncidentError, IncidentEvent, MAX_INVOLVED};

impl Incident {
    /// Adds a person. Somebody who is there already is identified further, not added again.
    pub(in super::super) fn involve_person(&self, command: InvolvePerson) -> Decision {
        let incident = self.open()?;
        let InvolvePerson { person, roles, identification, minor, protections } = command;
        match incident.involved.get(&person.subject) {
            Some(Involved::Person(_)) => {
                let (number, subject) = (incident.number, person.subject);
                return Err(IncidentError::PersonAlreadyInvolved { number, subject }.into());
            }
            other => incident.has_room_for(person.subject, other)?,
        }
        if roles.is_empty() {
            return Err(IncidentError::NoRole.into());
        }
        // What is known of the age is worked out where the command comes in: a rule can't look at a sealed date of birth.
        if person.age_band.is_some_and(|band| band.is_minor() != minor) {
            return Err(IncidentError::MinorContradictsAge.into());
        }
        Ok(vec![IncidentEvent::PersonInvolved { person, roles, identification, minor, protections }])
    }

    /// Says more of who a person is. Personal data can't be compared, so what is given counts as new.
    pub(in super::super) fn identify_person(&self, command: IdentifyPerson) -> Decision {
        let incident = self.open()?;
        let IdentifyPerson { person, identification, minor, protections, reason } = command;
        let known = incident.person(person.subject)?;
        let identification = identification.filter(|new| *new != known.identification);
        let minor = minor.or(person.age_band.map(crate::terms::AgeBand::is_minor));
        if person.age_band.is_some_and(|band| Some(band.is_minor()) != minor) {
            return Err(IncidentError::MinorContradictsAge.into());
        }
        let minor = minor.filter(|new| *new != known.minor);
        let protections = protections.filter(|new| *new != known.protections);
        if person.says_nothing() && identification.is_none() && minor.is_none() && protections.is_none() {
            return Err(IncidentError::NothingToIdentify.into());
        }
        Ok(vec![IncidentEvent::PersonIdentified { person, identification, minor, protections, reason }])
    }

    /// Changes what a person is in it; nothing where they are that already.
    pub(in super::super) fn change_roles(&self, command: ChangePersonRoles) -> Decision {
        let incident = self.open()?;
        let ChangePersonRoles { subject, roles, reason } = command;
        let known = incident.person(subject)?;
        if roles.is_empty() {
            return Err(IncidentError::NoRole.into());
        }
        if known.roles == roles {
            return Ok(Vec::new());
        }
        Ok(vec![IncidentEvent::PersonRolesChanged { subject, roles, reason }])
    }

    /// Adds an organisation, or says anew what it is.
    pub(in super::super) fn involve_organisation(&self, command: InvolveOrganisation) -> Decision {
        let incident = self.open()?;
        let organisation = command.organisation;
        incident.takes(organisation.id, "organisation")?;
        if organisation.roles.is_empty() {
            return Err(IncidentError::NoRole.into());
        }
        Ok(vec![IncidentEvent::OrganisationInvolved { organisation }])
    }

    /// Adds a vehicle, or says anew what it is.
    pub(in super::super) fn involve_vehicle(&self, command: InvolveVehicle) -> Decision {
        let incident = self.open()?;
        let vehicle = command.vehicle;
        incident.takes(vehicle.id, "vehicle")?;
        incident.has_person(vehicle.person)?;
        Ok(vec![IncidentEvent::VehicleInvolved { vehicle }])
    }

    /// Adds an item, or says anew what it is.
    pub(in super::super) fn involve_item(&self, command: InvolveItem) -> Decision {
        let incident = self.open()?;
        let item = command.item;
        incident.takes(item.id, "item")?;
        incident.has_person(item.person)?;
        Ok(vec![IncidentEvent::ItemInvolved { item }])
    }

    /// Adds a document, or says anew what it is.
    pub(in super::super) fn involve_document(&self, command: InvolveDocument) -> Decision {
        let incident = self.open()?;
        let document = command.document;
        incident.takes(document.id, "document")?;
        incident.has_person(document.person)?;
        Ok(vec![IncidentEvent::DocumentInvolved { document }])
    }

    /// Takes back that somebody or something is involved.
    pub(in super::super) fn withdraw_involvement(&self, command: WithdrawInvolvement) -> Decision {
        let incident = self.open()?;
        let WithdrawInvolvement { involvement, reason } = command;
        if !incident.involved.contains_key(&involvement) {
            return Err(incident.not_involved("involvement", involvement).into());
        }
        Ok(vec![IncidentEvent::InvolvementWithdrawn { involvement, reason }])
    }
}

impl Registered {
    fn not_involved(&self, what: &'static str, id: Uuid) -> IncidentError {
        IncidentError::NotInvolved { number: self.number, what, id }
    }

    fn person(&self, subject: Uuid) -> Result<&Person, IncidentError> {
        match self.involved.get(&subject) {
            Some(Involved::Person(person)) => Ok(person),
            _ => Err(self.not_involved("person", subject)),
        }
    }

    /// Refused where a person is named who takes no part.
    pub(in super::super) fn has_person(&self, subject: Option<Uuid>) -> Result<(), IncidentError> {
        subject.map_or(Ok(()), |subject| self.person(subject).map(drop))
    }

    /// Refused where the id stands for something of another kind, or there is no room for a new one.
    fn takes(&self, id: Uuid, what: &'static str) -> Result<(), IncidentError> {
        let known = self.involved.get(&id);
        if known.is_some_and(|known| known.what() == what) {
            return Ok(());
        }
        self.has_room_for(id, known)
    }

    fn has_room_for(&self, id: Uuid, known: Option<&Involved>) -> Result<(), IncidentError> {
        match known {
            Some(other) => Err(IncidentError::IdTaken { id, what: other.what() }),
            None if self.involved.len() >= MAX_INVOLVED => {
                let what = "persons, organisations, vehicles, items and documents";
                Err(IncidentError::TooMany { number: self.number, what, most: MAX_INVOLVED })
            }
            None => Ok(()),
        }
    }
}
