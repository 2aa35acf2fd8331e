//! What each event of an incident makes of its row.

use std::collections::{BTreeMap, BTreeSet};

use domain::incident::{Assignee, IncidentEvent, IncidentStatus};
use domain::terms::RaisedClass;
use event_store::consumer::ApplyError;
use event_store::log::StoredEvent;
use sqlx::types::Json;
use uuid::Uuid;

use super::rows::{Guarded, IncidentRow, UnitOwnerRow};
use crate::fact::{PlaceColumns, SourceColumns, bigint, sealed_json, set_place, utc};
use crate::reach::Participants;
use crate::table::Rows;

/// Takes one event in.
pub(super) fn take_in(
    incidents: &mut Rows<Uuid, IncidentRow>,
    units: &Rows<Uuid, UnitOwnerRow>,
    stored: &StoredEvent,
    event: &IncidentEvent,
) -> Result<(), ApplyError> {
    if let Some(row) = registered(stored, event)? {
        incidents.put(row.id, row);
        return Ok(());
    }
    let row = incidents.get_mut(stored.aggregate_id).ok_or_else(|| ApplyError::Event {
        position: stored.position,
        reason: "the incident has no registration before it".to_owned(),
    })?;
    row.facts(stored, event)?;
    row.work(units, stored, event);
    row.guard(event);
    row.transfer(event);
    row.sum_up();
    let before = IncidentStatus::parse(&row.status).unwrap_or(IncidentStatus::Registered);
    row.status = event.status_after(before).code().to_owned();
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
    Ok(())
}

impl IncidentRow {
    /// What happened, where, when, and what kind of incident it is.
    fn facts(&mut self, stored: &StoredEvent, event: &IncidentEvent) -> Result<(), ApplyError> {
        match event {
            IncidentEvent::IncidentSupplemented { narrative, place, occurred_from, occurred_to, reporter, .. }
            | IncidentEvent::IncidentCorrected { narrative, place, occurred_from, occurred_to, reporter, .. } => {
                if let Some(narrative) = narrative {
                    self.narrative = Some(sealed_json(stored, narrative)?);
                }
                if let Some(reporter) = reporter {
                    self.reporter = Some(sealed_json(stored, reporter)?);
                }
                if place.is_some() {
                    set_place!(self, place.as_ref());
                }
                self.occurred_from = occurred_from.map_or(self.occurred_from, utc);
                self.occurred_to = occurred_to.map(utc).or(self.occurred_to);
            }
            IncidentEvent::IncidentReclassified { type_code, category, respond_by, .. } => {
                if let Some(type_code) = type_code {
                    self.type_code = type_code.to_string();
                }
                if let Some(category) = category {
                    self.category = category.to_string();
                }
                self.respond_by = respond_by.map(utc).or(self.respond_by);
            }
            _ => {}
        }
        if let IncidentEvent::IncidentCorrected { channel, received_at, .. } = event {
            if let Some(channel) = channel {
                self.channel = channel.to_string();
            }
            self.received_at = received_at.map(utc).or(self.received_at);
        }
        Ok(())
    }

    /// Who deals with it, and what came of it.
    fn work(&mut self, units: &Rows<Uuid, UnitOwnerRow>, stored: &StoredEvent, event: &IncidentEvent) {
        match event {
            IncidentEvent::IncidentAssigned { assignee } => {
                let owner = assignee.unit().and_then(|unit| units.get(unit));
                self.taking_part.0.extend(owner.map(|unit| unit.institution.clone()));
                (self.assigned_unit, self.assigned_officer) = match assignee {
                    Assignee::Unit(unit) => (Some(*unit), None),
                    Assignee::Officer(officer) => (None, Some(officer.to_string())),
                };
            }
            IncidentEvent::ResultRecorded { result_code, case_refs } => {
                self.result_code = Some(result_code.to_string());
                self.case_refs = Json(case_refs.iter().map(ToString::to_string).collect());
            }
            IncidentEvent::IncidentClosed { disposition, closing_type, .. } => {
                self.disposition = Some(disposition.to_string());
                self.closing_type = Some(closing_type.to_string());
                self.closed_at = Some(utc(stored.occurred_at));
            }
            IncidentEvent::IncidentReopened { .. } => {
                (self.disposition, self.closing_type, self.closed_at) = (None, None, None);
            }
            IncidentEvent::AnnulmentRequested { .. } => self.annulment_requested = true,
            IncidentEvent::AnnulmentRejected { .. } | IncidentEvent::IncidentAnnulled { .. } => {
                self.annulment_requested = false;
            }
            IncidentEvent::IncidentMerged { into, .. } => self.merged_into = Some(*into),
            IncidentEvent::IncidentUnmerged { .. } => self.merged_into = None,
            _ => {}
        }
    }

    /// What its class depends on.
    fn guard(&mut self, event: &IncidentEvent) {
        let code = |class: &Option<RaisedClass>| class.map(|class| class.code().to_owned());
        match event {
            // Where it is closed as what it was, the event repeats the class that it had.
            IncidentEvent::IncidentReclassified { type_code: Some(_), class, .. }
            | IncidentEvent::IncidentClosed { class, .. } => self.type_class = code(class),
            IncidentEvent::IncidentRestricted { class, .. } => self.restriction = Some(class.code().to_owned()),
            IncidentEvent::RestrictionLifted { .. } => self.restriction = None,
            IncidentEvent::PersonInvolved { person, minor, protections, .. } => {
                self.guard_person(person.subject, Some(*minor), Some(!protections.is_empty()));
            }
            IncidentEvent::PersonIdentified { person, minor, protections, .. } => {
                let protected = protections.as_ref().map(|protections| !protections.is_empty());
                self.guard_person(person.subject, *minor, protected);
            }
            IncidentEvent::InvolvementWithdrawn { involvement, .. } => _ = self.guarded.0.remove(involvement),
            _ => {}
        }
    }

    /// What isn't said of a person stays. Only those whom something guards are remembered.
    fn guard_person(&mut self, subject: Uuid, minor: Option<bool>, protected: Option<bool>) {
        let known = self.guarded.0.remove(&subject).unwrap_or_default();
        let person = Guarded { minor: minor.unwrap_or(known.minor), protected: protected.unwrap_or(known.protected) };
        if person != Guarded::default() {
            self.guarded.0.insert(subject, person);
        }
    }

    /// Who answers for it, and whom it is offered to.
    fn transfer(&mut self, event: &IncidentEvent) {
        match event {
            IncidentEvent::TransferOffered { transfer, to, deadline, .. } => {
                self.offered_to = Some(to.to_string());
                (self.transfer, self.transfer_deadline) = (Some(*transfer), Some(utc(*deadline)));
            }
            IncidentEvent::TransferAccepted { to, .. } => {
                self.offer_ends();
                self.answers(to.to_string());
                // Who takes it on has given it to nobody yet.
                (self.assigned_unit, self.assigned_officer) = (None, None);
            }
            IncidentEvent::TransferRejected { .. }
            | IncidentEvent::TransferWithdrawn { .. }
            | IncidentEvent::TransferExpired { .. } => self.offer_ends(),
            IncidentEvent::TransferCompleted { responsible, .. } => {
                let responsible = responsible.to_string();
                if responsible != self.responsible {
                    self.answers(responsible);
                    (self.assigned_unit, self.assigned_officer) = (None, None);
                }
            }
            _ => {}
        }
    }

    fn offer_ends(&mut self) {
        (self.offered_to, self.transfer, self.transfer_deadline) = (None, None, None);
    }

    /// That institution answers for it from now on; who did before goes on taking part.
    fn answers(&mut self, responsible: String) {
        let before = std::mem::replace(&mut self.responsible, responsible);
        self.taking_part.0.insert(before);
    }

    /// Brings up to date what follows from the rest: its class, the most that its type, its persons or an order ask for, and who takes
    /// part, for as long as an offer waits also whom it is offered to. The same rule as that of the incident itself.
    fn sum_up(&mut self) {
        let parsed = |class: &Option<String>| class.as_deref().and_then(|class| RaisedClass::parse(class).ok());
        let by_persons = (!self.guarded.0.is_empty()).then_some(RaisedClass::Protected);
        let class = parsed(&self.type_class).max(by_persons).max(parsed(&self.restriction));
        self.class = class.map(|class| class.code().to_owned());
        let mut participants = self.taking_part.0.clone();
        participants.extend(self.offered_to.clone());
        self.participants = Json(participants);
    }
}

/// The row of an incident that was just registered.
fn registered(stored: &StoredEvent, event: &IncidentEvent) -> Result<Option<IncidentRow>, ApplyError> {
    let IncidentEvent::IncidentRegistered {
        number,
        channel,
        type_code,
        category,
        place,
        occurred_from,
        occurred_to,
        narrative,
        reporter,
        institution,
        card,
        legacy_number,
        received_at,
        respond_by,
        class,
        split_from,
        forwarded_by,
        recording_ref,
    } = event
    else {
        return Ok(None);
    };
    let place = PlaceColumns::of(place.as_ref());
    let source = SourceColumns::of(stored)?;
    let taking_part: Participants = Json(BTreeSet::from([institution.to_string()]));
    let mut row = IncidentRow {
        id: stored.aggregate_id,
        number: number.to_string(),
        legacy_number: legacy_number.as_ref().map(ToString::to_string),
        institution: institution.to_string(),
        responsible: institution.to_string(),
        class: None,
        channel: channel.to_string(),
        type_code: type_code.to_string(),
        opening_type: type_code.to_string(),
        category: category.to_string(),
        opening_category: category.to_string(),
        status: IncidentStatus::Registered.code().to_owned(),
        territory: place.territory,
        address_code: place.address_code,
        place_text: place.text,
        latitude_e6: place.latitude_e6,
        longitude_e6: place.longitude_e6,
        uncertainty_m: place.uncertainty_m,
        location_source: place.source,
        occurred_from: utc(*occurred_from),
        occurred_to: occurred_to.map(utc),
        registered_at: utc(stored.recorded_at),
        received_at: received_at.map(utc),
        respond_by: respond_by.map(utc),
        first_respond_by: respond_by.map(utc),
        assigned_unit: None,
        assigned_officer: None,
        result_code: None,
        case_refs: Json(Vec::new()),
        disposition: None,
        closing_type: None,
        closed_at: None,
        annulment_requested: false,
        merged_into: None,
        split_from: *split_from,
        forwarded_by: forwarded_by.as_ref().map(ToString::to_string),
        recording_ref: recording_ref.as_ref().map(ToString::to_string),
        offered_to: None,
        transfer: None,
        transfer_deadline: None,
        card: *card,
        source_system: source.system,
        source_external_id: source.external_id,
        narrative: narrative.as_ref().map(|narrative| sealed_json(stored, narrative)).transpose()?,
        reporter: reporter.as_ref().map(|reporter| sealed_json(stored, reporter)).transpose()?,
        participants: Participants::default(),
        taking_part,
        type_class: class.map(|class| class.code().to_owned()),
        restriction: None,
        guarded: Json(BTreeMap::new()),
        first_position: stored.position.as_i64(),
        last_position: stored.position.as_i64(),
        version: bigint(stored.sequence),
    };
    row.sum_up();
    Ok(Some(row))
}
