//! What a card's own events change.

use std::collections::BTreeSet;

use domain::classifier::Hazard;
use domain::emergency_card::{CardEvent, CardStatus, review};
use domain::terms::Priority;
use domain::values::Casualties;
use event_store::consumer::ApplyError;
use event_store::log::StoredEvent;
use sqlx::types::Json;
use uuid::Uuid;

use super::{CardRow, Tables};
use crate::fact::{PlaceColumns, SourceColumns, bigint, earliest, int, sealed_json, set_place, utc};
use crate::reach::Participants;

/// The unit that a card's event is about.
pub(super) fn unit_of(event: &CardEvent) -> Option<Uuid> {
    match event {
        CardEvent::UnitAttached { unit, .. } | CardEvent::UnitCleared { unit, .. } => Some(*unit),
        _ => None,
    }
}

impl Tables {
    pub(super) fn take_in_card(&mut self, stored: &StoredEvent, event: &CardEvent) -> Result<(), ApplyError> {
        let card = stored.aggregate_id;
        self.touched.insert(card);
        if let Some(row) = received(stored, event)? {
            self.cards.put(card, row);
            return Ok(());
        }
        match event {
            CardEvent::UnitAttached { unit, at, .. } => {
                let row = self.card_unit(card, *unit, stored.position);
                earliest(&mut row.attached_at, utc(*at));
                (row.cleared_at, row.diverted) = (None, false);
            }
            CardEvent::UnitCleared { unit, diverted, at, .. } => {
                let row = self.card_unit(card, *unit, stored.position);
                (row.cleared_at, row.diverted) = (Some(utc(*at)), *diverted);
            }
            event => self.take_in_forward(stored, event)?,
        }
        let row = self.cards.get_mut(card).ok_or_else(|| ApplyError::Event {
            position: stored.position,
            reason: "no call was received for the card before it".to_owned(),
        })?;
        change(row, event);
        row.card_anomalies += int(event.anomalies().len());
        row.changed_at = utc(stored.recorded_at);
        let before = CardStatus::parse(&row.status).unwrap_or(CardStatus::Received);
        let after = event.status_after(before);
        if before.is_open() && !after.is_open() {
            row.completed_at = event.clock_at().map(utc);
            row.review_cause = review_cause(row, after);
        }
        row.status = after.code().to_owned();
        row.last_position = stored.position.as_i64();
        row.version = bigint(stored.sequence);
        Ok(())
    }
}

fn change(row: &mut CardRow, event: &CardEvent) {
    match event {
        CardEvent::CallReceived { .. } => {}
        CardEvent::CardQualified {
            type_code,
            priority,
            place,
            hazards,
            casualties,
            alarm_level,
            source_priority,
            at,
            ..
        } => {
            row.type_code = Some(type_code.to_string());
            row.priority = Some(priority.to_string());
            if place.is_some() {
                set_place!(row, place.as_ref());
            }
            row.hazards = codes(hazards);
            row.casualties = casualties.map(count);
            row.alarm_level = alarm_level.map(|level| i32::from(level.get()));
            row.source_priority = source_priority.as_ref().map(ToString::to_string);
            earliest(&mut row.qualified_at, utc(*at));
        }
        CardEvent::CardRequalified {
            type_code,
            priority,
            place,
            hazards,
            casualties,
            alarm_level,
            source_priority,
            at: _,
        } => {
            row.type_code = type_code.as_ref().map(ToString::to_string).or(row.type_code.take());
            row.priority = priority.as_ref().map(ToString::to_string).or(row.priority.take());
            if place.is_some() {
                set_place!(row, place.as_ref());
            }
            if let Some(hazards) = hazards {
                row.hazards = codes(hazards);
            }
            let casualties = casualties.map(count);
            row.casualties = casualties.or(row.casualties);
            row.alarm_level = alarm_level.map(|level| i32::from(level.get())).or(row.alarm_level);
            row.source_priority = source_priority.as_ref().map(ToString::to_string).or(row.source_priority.take());
        }
        CardEvent::ServicesDecided { services, at, .. } => {
            let mut known = std::mem::take(&mut row.services.0);
            let decided = services.iter().map(|service| {
                let code = service.code().to_owned();
                let times = known.remove(&code).unwrap_or_default();
                (code, times)
            });
            row.services = Json(decided.collect());
            earliest(&mut row.decided_at, utc(*at));
        }
        CardEvent::ServiceNotified { service, at, .. } => {
            let times = row.services.0.entry(service.code().to_owned()).or_default();
            earliest(&mut times.notified_at, utc(*at));
        }
        CardEvent::ServiceAccepted { service, at, .. } | CardEvent::HandedOverByPhone { service, at, .. } => {
            let times = row.services.0.entry(service.code().to_owned()).or_default();
            earliest(&mut times.accepted_at, utc(*at));
        }
        CardEvent::CardCompleted { disposition, source_disposition, .. } => {
            row.disposition = Some(disposition.to_string());
            row.source_disposition = source_disposition.as_ref().map(ToString::to_string);
        }
        CardEvent::CardLinked { incident } => row.incident = Some(*incident),
        event => change_rest(row, event),
    }
}

/// The same of what is told beside the way from the call to the last unit's release.
fn change_rest(row: &mut CardRow, event: &CardEvent) {
    match event {
        CardEvent::LocationConfirmed { place, at, .. } => {
            set_place!(row, Some(place));
            earliest(&mut row.located_at, utc(*at));
        }
        CardEvent::SituationUpdated { under_control, hazards, casualties, at, .. } => {
            row.under_control = under_control.or(row.under_control);
            if *under_control == Some(true) {
                earliest(&mut row.under_control_at, utc(*at));
            }
            if let Some(hazards) = hazards {
                row.hazards = codes(hazards);
            }
            row.casualties = casualties.map(count).or(row.casualties);
        }
        CardEvent::FileAdded { file, .. } => row.files.0.push(file.clone()),
        CardEvent::CardClosedNonEmergency { kind, .. } => row.no_emergency = Some(kind.code().to_owned()),
        CardEvent::CardArchived { at } => row.archived_at = Some(utc(*at)),
        CardEvent::DuplicateMarked { of, .. } => row.duplicate_of = Some(*of),
        CardEvent::DuplicateUnmarked { .. } => row.duplicate_of = None,
        CardEvent::CardReviewed { score, findings, at, .. } => {
            row.reviewed_at = Some(utc(*at));
            row.review_score = Some(i32::from(score.get()));
            row.findings = Json(findings.iter().map(|finding| finding.code().to_owned()).collect());
        }
        _ => {}
    }
}

/// Why a card that has just ended must be reviewed.
fn review_cause(row: &CardRow, ended: CardStatus) -> Option<String> {
    let priority = row.priority.as_deref().and_then(|code| Priority::parse(code).ok());
    let cause = review::due(row.id, priority, row.answered_at, row.decided_at, ended == CardStatus::Lapsed);
    cause.map(|cause| cause.code().to_owned())
}

fn count(casualties: Casualties) -> i32 {
    i32::try_from(u32::from(casualties)).unwrap_or(i32::MAX)
}

fn codes(hazards: &BTreeSet<Hazard>) -> Json<Vec<String>> {
    Json(hazards.iter().map(ToString::to_string).collect())
}

/// The row of a card that was just opened.
fn received(stored: &StoredEvent, event: &CardEvent) -> Result<Option<CardRow>, ApplyError> {
    let CardEvent::CallReceived {
        number,
        channel,
        institution,
        received_at,
        answered_at,
        caller,
        place,
        narrative,
        recording_ref,
        anomalies,
    } = event
    else {
        return Ok(None);
    };
    let place = PlaceColumns::of(place.as_ref());
    let source = SourceColumns::of(stored)?;
    Ok(Some(CardRow {
        id: stored.aggregate_id,
        number: number.to_string(),
        institution: institution.to_string(),
        channel: channel.to_string(),
        source_system: source.system,
        source_external_id: source.external_id,
        type_code: None,
        priority: None,
        source_priority: None,
        alarm_level: None,
        casualties: None,
        hazards: Json(Vec::new()),
        status: CardStatus::Received.code().to_owned(),
        territory: place.territory,
        address_code: place.address_code,
        place_text: place.text,
        latitude_e6: place.latitude_e6,
        longitude_e6: place.longitude_e6,
        uncertainty_m: place.uncertainty_m,
        location_source: place.source,
        received_at: utc(*received_at),
        answered_at: answered_at.map(utc),
        located_at: None,
        qualified_at: None,
        decided_at: None,
        first_dispatched_at: None,
        first_en_route_at: None,
        first_on_scene_at: None,
        under_control: None,
        under_control_at: None,
        changed_at: utc(stored.recorded_at),
        completed_at: None,
        archived_at: None,
        no_emergency: None,
        duplicate_of: None,
        files: Json(Vec::new()),
        review_cause: None,
        reviewed_at: None,
        review_score: None,
        findings: Json(Vec::new()),
        services: Json(Default::default()),
        disposition: None,
        source_disposition: None,
        incident: None,
        recording_ref: recording_ref.as_ref().map(ToString::to_string),
        caller: caller.as_ref().map(|caller| sealed_json(stored, caller)).transpose()?,
        narrative: narrative.as_ref().map(|narrative| sealed_json(stored, narrative)).transpose()?,
        participants: Participants::default(),
        units: 0,
        units_on_scene: 0,
        anomalies: int(anomalies.len()),
        card_anomalies: int(anomalies.len()),
        registered_at: utc(stored.recorded_at),
        first_position: stored.position.as_i64(),
        last_position: stored.position.as_i64(),
        version: bigint(stored.sequence),
    }))
}
