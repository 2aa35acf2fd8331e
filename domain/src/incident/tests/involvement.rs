//! Persons and things in an incident.

use super::*;
use crate::classifier::{ItemKind, ItemRelation, PersonRole, VehicleRelation};
use crate::terms::{AgeBand, Identification, Protection, RaisedClass, Sex};
use crate::values::OrganisationName;
use uuid::Uuid;

pub(super) fn roles(codes: &[&str]) -> BTreeSet<PersonRole> {
    codes.iter().map(|code| sure(PersonRole::parse(code))).collect()
}

pub(super) fn involve(subject: u128, change: impl FnOnce(&mut InvolvePerson)) -> IncidentCommand {
    let person =
        Identity { name: Some(Personal::Open(sure(PersonName::parse("Anna")))), ..Identity::unknown(id(subject)) };
    let mut command = InvolvePerson {
        person,
        roles: roles(&["witness"]),
        identification: Identification::Stated,
        minor: false,
        protections: BTreeSet::new(),
    };
    change(&mut command);
    IncidentCommand::InvolvePerson(Box::new(command))
}

fn identify(subject: u128, change: impl FnOnce(&mut IdentifyPerson)) -> IncidentCommand {
    let mut command = IdentifyPerson {
        person: Identity::unknown(id(subject)),
        identification: None,
        minor: None,
        protections: None,
        reason: None,
    };
    change(&mut command);
    IncidentCommand::IdentifyPerson(Box::new(command))
}

fn change_roles(subject: u128, codes: &[&str]) -> IncidentCommand {
    let (subject, roles, reason) = (id(subject), roles(codes), why("Pārbaude"));
    IncidentCommand::ChangePersonRoles(ChangePersonRoles { subject, roles, reason })
}

fn vehicle(n: u128, person: Option<u128>) -> IncidentCommand {
    let vehicle = Vehicle {
        id: id(n),
        relation: sure(VehicleRelation::parse("suspect")),
        plate: None,
        plate_country: None,
        vin: None,
        make: None,
        colour: None,
        person: person.map(id),
    };
    IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle { vehicle }))
}

fn item(n: u128) -> IncidentCommand {
    let item = Item {
        id: id(n),
        kind: sure(ItemKind::parse("bicycle")),
        relation: sure(ItemRelation::parse("stolen")),
        description: None,
        serial: None,
        quantity: None,
        value_cents: None,
        person: None,
    };
    IncidentCommand::InvolveItem(Box::new(InvolveItem { item }))
}

fn withdraw(involvement: Uuid) -> IncidentCommand {
    IncidentCommand::WithdrawInvolvement(WithdrawInvolvement { involvement, reason: why("Kļūda") })
}

#[test]
fn what_a_person_is_stands_on_the_involvement() {
    let involved = incident().registered().after(involve(7, |person| person.roles = roles(&["victim", "witness"])));
    involved.clone().when(change_roles(7, &["victim", "witness"])).changes_nothing();
    involved.clone().when(change_roles(7, &["suspect"])).accepted();
    involved.clone().when(change_roles(7, &[])).refused_with([IncidentError::NoRole]);
    let (what, id) = ("person", id(8));
    involved.when(change_roles(8, &["suspect"])).refused_with([IncidentError::NotInvolved {
        number: number(),
        what,
        id,
    }]);
}

#[test]
fn a_person_is_involved_once_and_identified_further() {
    let involved = incident().registered().after(involve(7, |_| {}));
    let (number, subject) = (number(), id(7));
    involved.clone().when(involve(7, |_| {})).refused_with([IncidentError::PersonAlreadyInvolved { number, subject }]);
    involved.clone().when(identify(7, |_| {})).refused_with([IncidentError::NothingToIdentify]);
    let by_document = |command: &mut IdentifyPerson| command.identification = Some(Identification::Document);
    let identified = involved.after(identify(7, by_document));
    identified.clone().when(identify(7, by_document)).refused_with([IncidentError::NothingToIdentify]);
    identified.when(identify(7, |command| command.person.sex = Some(Sex::Female))).accepted();
}

#[test]
fn nobody_takes_part_as_nothing() {
    incident()
        .registered()
        .when(involve(7, |person| person.roles = BTreeSet::new()))
        .refused_with([IncidentError::NoRole]);
}

/// Invariant 18 of the domain.
#[test]
fn minors_and_protected_persons_raise_the_class() {
    let minor = |person: &mut InvolvePerson| {
        person.minor = true;
        person.person.age_band = Some(AgeBand::From14);
    };
    let with_minor = incident().registered().after(involve(7, minor));
    assert_eq!(with_minor.record.class(), Some(RaisedClass::Protected));
    let grown = identify(7, |command| command.person.age_band = Some(AgeBand::From18));
    assert_eq!(with_minor.clone().after(grown).record.class(), None, "the age was wrong");
    assert_eq!(with_minor.after(withdraw(id(7))).record.class(), None, "it was somebody else");
    let victim = incident().registered().after(involve(8, |person| {
        person.protections = BTreeSet::from([Protection::ViolenceVictim]);
    }));
    assert_eq!(victim.record.class(), Some(RaisedClass::Protected));
    let secret =
        IncidentCommand::RestrictIncident(RestrictIncident { class: RaisedClass::Secret, reason: why("Slepeni") });
    assert_eq!(victim.after(secret).record.class(), Some(RaisedClass::Secret), "the highest counts");
}

#[test]
fn a_minor_is_one_by_age() {
    let contradiction = involve(7, |person| person.person.age_band = Some(AgeBand::Under7));
    incident().registered().when(contradiction).refused_with([IncidentError::MinorContradictsAge]);
    let involved = incident().registered().after(involve(7, |_| {}));
    let child = identify(7, |command| command.person.age_band = Some(AgeBand::From7));
    let (events, _) = involved.clone().when(child).accepted();
    let IncidentEvent::PersonIdentified { minor, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(*minor, Some(true));
    let contradiction = identify(7, |command| {
        (command.minor, command.person.age_band) = (Some(true), Some(AgeBand::From65));
    });
    involved.when(contradiction).refused_with([IncidentError::MinorContradictsAge]);
}

#[test]
fn an_id_stands_for_one_thing_in_an_incident() {
    let involved = incident().registered().after(involve(7, |_| {})).after(vehicle(8, Some(7)));
    involved.clone().when(item(8)).refused_with([IncidentError::IdTaken { id: id(8), what: "vehicle" }]);
    involved.clone().when(involve(8, |_| {})).refused_with([IncidentError::IdTaken { id: id(8), what: "vehicle" }]);
    involved.clone().when(vehicle(8, None)).accepted();
    let (what, id) = ("person", id(9));
    involved.when(vehicle(10, Some(9))).refused_with([IncidentError::NotInvolved { number: number(), what, id }]);
}

#[test]
fn an_organisation_takes_part_as_something() {
    let organisation = |codes: &[&str]| {
        let name = sure(OrganisationName::parse("SIA Paraugs"));
        let organisation = Organisation { id: id(21), name, number: None, roles: roles(codes) };
        IncidentCommand::InvolveOrganisation(Box::new(InvolveOrganisation { organisation }))
    };
    incident().registered().when(organisation(&[])).refused_with([IncidentError::NoRole]);
    incident().registered().when(organisation(&["owner"])).accepted();
}

#[test]
fn what_was_recorded_in_error_is_withdrawn() {
    let involved = incident().registered().after(item(23)).after(withdraw(id(23)));
    let (what, id) = ("involvement", id(23));
    involved.clone().when(withdraw(id)).refused_with([IncidentError::NotInvolved { number: number(), what, id }]);
    involved.when(item(23)).accepted();
}

#[test]
fn an_incident_holds_a_bounded_number_of_persons_and_things() {
    let full = (0..MAX_INVOLVED as u128).fold(incident().registered(), |incident, n| incident.after(item(1_000 + n)));
    let what = "persons, organisations, vehicles, items and documents";
    let refused = IncidentError::TooMany { number: number(), what, most: MAX_INVOLVED };
    full.clone().when(involve(7, |_| {})).refused_with([refused]);
    full.when(item(1_000)).accepted();
}

#[test]
fn the_state_knows_no_names() {
    let state = serde_json::to_string(&incident().registered().after(involve(7, |_| {})).record).unwrap();
    assert!(!state.contains("Anna"), "{state}");
}

#[test]
fn each_change_of_an_involvement_makes_another_version_of_it() {
    let mut incident = incident().registered();
    let mut seen = BTreeSet::new();
    for command in [
        involve(7, |_| {}),
        identify(7, |command| command.identification = Some(Identification::Document)),
        change_roles(7, &["victim"]),
        vehicle(8, None),
        vehicle(8, Some(7)),
    ] {
        incident = incident.after(command);
        let versions = [7, 8].map(|one| incident.record.involvement(id(one)));
        assert!(seen.insert(versions), "{versions:?}");
    }
    let withdraw = WithdrawInvolvement { involvement: id(7), reason: why("Kļūda") };
    let before = incident.record.involvement(id(7));
    let incident = incident.after(IncidentCommand::WithdrawInvolvement(withdraw));
    assert_eq!((incident.record.involvement(id(7)), before.is_some()), (None, true));
    let again = incident.after(involve(7, |_| {})).record.involvement(id(7));
    assert!(again > before, "what is involved anew is never as it was: {again:?}");
}
