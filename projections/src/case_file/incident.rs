//! What each event of an incident makes of its case file.

use std::collections::{BTreeMap, BTreeSet};

use domain::classifier::PersonRole;
use domain::incident::{Assignee, Identity, IncidentEvent};
use domain::terms::TransferOutcome;
use event_store::consumer::ApplyError;
use event_store::log::StoredEvent;
use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::rows::{ActionRow, LinkRow, OrganisationRow, PersonRow, TransferRow, TransferState};
use super::things::{DocumentRow, ItemRow, OrdinalRow, VehicleRow};
use super::{OfIncident, OfIncidents, Tables, known, sealed};
use crate::fact::{sealed_json, utc};

/// A text of an event, as a table holds it.
fn text(of: Option<&impl ToString>) -> Option<String> {
    of.map(ToString::to_string)
}

fn roles(roles: &BTreeSet<PersonRole>) -> Json<BTreeSet<String>> {
    Json(roles.iter().map(ToString::to_string).collect())
}

/// Where the row begins: with this event, unless it was there before.
fn began<R: OfIncident>(rows: &OfIncidents<R>, key: (Uuid, Uuid), stored: &StoredEvent) -> i64 {
    rows.get(key).map_or(stored.position.as_i64(), OfIncident::first_position)
}

impl Tables {
    /// Takes in an event of an incident.
    pub(super) fn take_in(&mut self, stored: &StoredEvent, event: &IncidentEvent) -> Result<(), ApplyError> {
        let incident = stored.aggregate_id;
        match event {
            IncidentEvent::PersonInvolved { .. }
            | IncidentEvent::PersonIdentified { .. }
            | IncidentEvent::PersonRolesChanged { .. } => self.person(stored, event),
            IncidentEvent::OrganisationInvolved { .. }
            | IncidentEvent::VehicleInvolved { .. }
            | IncidentEvent::ItemInvolved { .. }
            | IncidentEvent::DocumentInvolved { .. } => self.thing(stored, event),
            IncidentEvent::InvolvementWithdrawn { involvement, .. } => {
                let key = (incident, *involvement);
                self.persons.remove(key);
                self.organisations.remove(key);
                self.vehicles.remove(key);
                self.items.remove(key);
                self.documents.remove(key);
                Ok(())
            }
            IncidentEvent::ActionTaken { action, at, by, note } => {
                let (unit, officer) = match by {
                    Some(Assignee::Unit(unit)) => (Some(*unit), None),
                    Some(Assignee::Officer(officer)) => (None, Some(officer.to_string())),
                    None => (None, None),
                };
                self.actions.push(ActionRow {
                    incident,
                    position: stored.position.as_i64(),
                    action: action.to_string(),
                    at: utc(*at),
                    unit,
                    officer,
                    note: sealed(stored, note.as_ref())?,
                });
                Ok(())
            }
            IncidentEvent::IncidentLinked { other, kind, confidence, .. } => {
                let key = (incident, *other);
                let row = LinkRow {
                    incident,
                    other: *other,
                    kind: kind.to_string(),
                    confidence: confidence.to_string(),
                    first_position: began(&self.links, key, stored),
                    last_position: stored.position.as_i64(),
                };
                self.links.put(key, row);
                Ok(())
            }
            IncidentEvent::IncidentUnlinked { other, .. } => {
                self.links.remove((incident, *other));
                Ok(())
            }
            IncidentEvent::SeizedItemAdded { item, ordinal } => {
                let ordinal = i32::try_from(*ordinal).unwrap_or(i32::MAX);
                self.ordinals.put(*item, OrdinalRow { item: *item, incident, ordinal });
                Ok(())
            }
            event => self.transfer(stored, event),
        }
    }

    fn person(&mut self, stored: &StoredEvent, event: &IncidentEvent) -> Result<(), ApplyError> {
        let incident = stored.aggregate_id;
        let of = |subject: &Uuid| (incident, *subject);
        let row = match event {
            IncidentEvent::PersonInvolved { person, roles: are, identification, minor, protections } => {
                let mut row = PersonRow {
                    incident,
                    subject: person.subject,
                    roles: roles(are),
                    identification: identification.to_string(),
                    minor: *minor,
                    protections: Json(protections.iter().map(ToString::to_string).collect()),
                    age_band: None,
                    sex: None,
                    citizenship: None,
                    personal_code_verified: None,
                    identity: "{}".to_owned(),
                    first_position: stored.position.as_i64(),
                    last_position: 0,
                };
                row.identify(stored, person)?;
                self.persons.put(of(&person.subject), row);
                known(self.persons.get_mut(of(&person.subject)), stored, "person")?
            }
            IncidentEvent::PersonIdentified { person, identification, minor, protections, .. } => {
                let row = known(self.persons.get_mut(of(&person.subject)), stored, "person")?;
                row.identify(stored, person)?;
                if let Some(identification) = identification {
                    row.identification = identification.to_string();
                }
                row.minor = minor.unwrap_or(row.minor);
                if let Some(protections) = protections {
                    row.protections = Json(protections.iter().map(ToString::to_string).collect());
                }
                row
            }
            IncidentEvent::PersonRolesChanged { subject, roles: are, .. } => {
                let row = known(self.persons.get_mut(of(subject)), stored, "person")?;
                row.roles = roles(are);
                row
            }
            _ => return Ok(()),
        };
        row.last_position = stored.position.as_i64();
        Ok(())
    }

    fn thing(&mut self, stored: &StoredEvent, event: &IncidentEvent) -> Result<(), ApplyError> {
        let (incident, last_position) = (stored.aggregate_id, stored.position.as_i64());
        match event {
            IncidentEvent::OrganisationInvolved { organisation } => {
                let key = (incident, organisation.id);
                let row = OrganisationRow {
                    incident,
                    id: organisation.id,
                    name: organisation.name.to_string(),
                    number: text(organisation.number.as_ref()),
                    roles: roles(&organisation.roles),
                    first_position: began(&self.organisations, key, stored),
                    last_position,
                };
                self.organisations.put(key, row);
            }
            IncidentEvent::VehicleInvolved { vehicle } => {
                let key = (incident, vehicle.id);
                let row = VehicleRow {
                    incident,
                    id: vehicle.id,
                    relation: vehicle.relation.to_string(),
                    plate: sealed(stored, vehicle.plate.as_ref())?,
                    plate_country: text(vehicle.plate_country.as_ref()),
                    vin: sealed(stored, vehicle.vin.as_ref())?,
                    make: text(vehicle.make.as_ref()),
                    colour: text(vehicle.colour.as_ref()),
                    person: vehicle.person,
                    first_position: began(&self.vehicles, key, stored),
                    last_position,
                };
                self.vehicles.put(key, row);
            }
            IncidentEvent::ItemInvolved { item } => {
                let key = (incident, item.id);
                let row = ItemRow {
                    incident,
                    id: item.id,
                    kind: item.kind.to_string(),
                    relation: item.relation.to_string(),
                    description: sealed(stored, item.description.as_ref())?,
                    serial: text(item.serial.as_ref()),
                    quantity: item.quantity.map(|quantity| quantity.get().into()),
                    value_cents: item.value_cents.map(|value| value.get().into()),
                    person: item.person,
                    first_position: began(&self.items, key, stored),
                    last_position,
                };
                self.items.put(key, row);
            }
            IncidentEvent::DocumentInvolved { document } => {
                let key = (incident, document.id);
                let row = DocumentRow {
                    incident,
                    id: document.id,
                    kind: document.kind.to_string(),
                    relation: document.relation.to_string(),
                    number: sealed(stored, document.number.as_ref())?,
                    country: text(document.country.as_ref()),
                    person: document.person,
                    first_position: began(&self.documents, key, stored),
                    last_position,
                };
                self.documents.put(key, row);
            }
            _ => {}
        }
        Ok(())
    }

    fn transfer(&mut self, stored: &StoredEvent, event: &IncidentEvent) -> Result<(), ApplyError> {
        let (incident, at) = (stored.aggregate_id, utc(stored.occurred_at));
        match event {
            IncidentEvent::TransferOffered { transfer, from, to, deadline, reason } => {
                let row = TransferRow {
                    incident,
                    transfer: *transfer,
                    from_institution: from.to_string(),
                    to_institution: to.to_string(),
                    offered_at: at,
                    deadline: utc(*deadline),
                    state: TransferState::Offered.code().to_owned(),
                    reason: sealed_json(stored, reason)?,
                    cause: None,
                    note: None,
                    answered_at: None,
                    ended_at: None,
                    first_position: stored.position.as_i64(),
                    last_position: stored.position.as_i64(),
                };
                self.transfers.put((incident, *transfer), row);
            }
            IncidentEvent::TransferAccepted { transfer, .. } => {
                self.stands(stored, transfer, TransferState::Accepted)?.answered_at = Some(at);
            }
            IncidentEvent::TransferRejected { transfer, cause, note, .. } => {
                let row = self.stands(stored, transfer, TransferState::Rejected)?;
                (row.answered_at, row.ended_at) = (Some(at), Some(at));
                (row.cause, row.note) = (Some(cause.to_string()), sealed(stored, note.as_ref())?);
            }
            IncidentEvent::TransferWithdrawn { transfer, .. } => {
                self.stands(stored, transfer, TransferState::Withdrawn)?.ended_at = Some(at);
            }
            IncidentEvent::TransferExpired { transfer } => {
                self.stands(stored, transfer, TransferState::Expired)?.ended_at = Some(at);
            }
            IncidentEvent::TransferCompleted { transfer, outcome, note, .. } => {
                let state = match outcome {
                    TransferOutcome::Completed => TransferState::Completed,
                    TransferOutcome::Aborted => TransferState::Aborted,
                    TransferOutcome::Returned => TransferState::Returned,
                };
                let row = self.stands(stored, transfer, state)?;
                (row.ended_at, row.note) = (Some(at), sealed(stored, note.as_ref())?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The transfer, which stands so from now on.
    fn stands(
        &mut self,
        stored: &StoredEvent,
        transfer: &Uuid,
        state: TransferState,
    ) -> Result<&mut TransferRow, ApplyError> {
        let row = known(self.transfers.get_mut((stored.aggregate_id, *transfer)), stored, "transfer")?;
        row.state = state.code().to_owned();
        row.last_position = stored.position.as_i64();
        Ok(row)
    }
}

impl PersonRow {
    /// Takes in what is known of who they are; what isn't said stays.
    fn identify(&mut self, stored: &StoredEvent, person: &Identity) -> Result<(), ApplyError> {
        let Identity {
            subject: _,
            name,
            name_original,
            personal_code,
            personal_code_verified,
            birth_date,
            phone,
            address,
            citizenship,
            sex,
            age_band,
        } = person;
        let mut identity: BTreeMap<&str, Value> = serde_json::from_str(&self.identity).unwrap_or_default();
        let told = [
            ("name", field(stored, name.as_ref())?),
            ("name_original", field(stored, name_original.as_ref())?),
            ("personal_code", field(stored, personal_code.as_ref())?),
            ("birth_date", field(stored, birth_date.as_ref())?),
            ("phone", field(stored, phone.as_ref())?),
            ("address", field(stored, address.as_ref())?),
        ];
        identity.extend(told.into_iter().filter_map(|(name, told)| Some((name, told?))));
        let identity = sealed_json(stored, &identity)?;
        self.identity = identity;
        self.personal_code_verified = personal_code_verified.or(self.personal_code_verified);
        self.citizenship = text(citizenship.as_ref()).or(self.citizenship.take());
        self.sex = text(sex.as_ref()).or(self.sex.take());
        self.age_band = text(age_band.as_ref()).or(self.age_band.take());
        Ok(())
    }
}

/// A sealed field, for an object of many.
fn field<T: Serialize>(stored: &StoredEvent, part: Option<&T>) -> Result<Option<Value>, ApplyError> {
    let json = sealed(stored, part)?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}
