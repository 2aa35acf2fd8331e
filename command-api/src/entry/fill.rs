//! What a draft is filled in with where it says nothing: from the card, from what is known of the place, from who enters it.
//!
//! Only an empty field is filled in, and each is told with where it comes from, so that a person sees it before it is registered:
//! registering itself guesses nothing.

use access::Role;
use access::policy::{Competence, InstitutionKind};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Europe::Riga;
use domain::classifier::{Classifiers, IncidentType};
use domain::ids;
use domain::territory::Territories;
use domain::values::TerritoryCode;
use proto::command::v1 as pb;
use uuid::Uuid;

use super::known::Known;
use crate::caller::Caller;

/// Types of cards that are called otherwise as incidents; the others of the same name are the same.
const TYPES: [(&str, &str); 12] = [
    ("traffic-collision", "traffic-accident"),
    ("ecall", "traffic-accident"),
    ("structure-fire", "fire"),
    ("outside-fire", "fire"),
    ("vehicle-fire", "fire"),
    ("forest-fire", "fire"),
    ("industrial-accident", "work-accident"),
    ("suspicious-package", "suspicious-object"),
    ("suicide-threat", "suicide"),
    ("assist-medical", "medical-assist"),
    ("water-rescue", "rescue"),
    ("storm-damage", "weather"),
];

/// A draft with what it was filled in with.
pub(super) struct Filled {
    pub(super) draft: pb::RegisterIncident,
    pub(super) fields: Vec<pb::FilledField>,
}

/// Fills a draft in.
pub(super) fn fill(draft: pb::RegisterIncident, known: &mut Known, caller: &Caller, now: DateTime<Utc>) -> Filled {
    let mut filled = Filled { draft, fields: Vec::new() };
    let card = known.card.as_mut().map(|card| std::mem::take(&mut card.filling)).unwrap_or_default();
    filled.envelope(card.received_at, now);
    let day = filled.day(now);
    let Filled { draft, fields } = &mut filled;
    let from_card = pb::FilledFrom::Card;

    set(fields, "channel", &mut draft.channel, card.channel.into(), from_card);
    let proposed = card.card_type.and_then(|code| incident_type(&code, &caller.classifiers(), day));
    set(fields, "type_code", &mut draft.type_code, proposed.unwrap_or_default(), from_card);
    set(fields, "category", &mut draft.category, category(card.priority).into(), from_card);
    let told_at = card.told_at.map(riga).unwrap_or_default();
    set(fields, "received_at", &mut draft.received_at, told_at, from_card);
    set(fields, "narrative", &mut draft.narrative, card.narrative.unwrap_or_default(), from_card);
    if draft.reporter.as_ref().is_none_or(|reporter| *reporter == pb::Reporter::default()) {
        set(fields, "reporter", &mut draft.reporter, card.reporter, from_card);
    }
    if draft.place.as_ref().is_none_or(|place| *place == pb::Place::default()) {
        set(fields, "place", &mut draft.place, card.place, from_card);
    }

    set(fields, "channel", &mut draft.channel, usual_channel(caller).into(), pb::FilledFrom::Caller);
    if let Some(place) = draft.place.as_mut().filter(|place| **place != pb::Place::default()) {
        let there = known.territory.take().filter(|code| is_territory(code, day));
        set(fields, "place.territory", &mut place.territory, there.unwrap_or_default(), pb::FilledFrom::Place);
        let own = own_city(caller).filter(|code| is_territory(code, day));
        set(fields, "place.territory", &mut place.territory, own.unwrap_or_default(), pb::FilledFrom::Caller);
    }
    filled
}

/// Paths of the fields that a registration must have and the draft lacks.
pub(super) fn missing(draft: &pb::RegisterIncident) -> Vec<String> {
    let required =
        [("channel", draft.channel == 0), ("type_code", draft.type_code.is_empty()), ("category", draft.category == 0)];
    required.into_iter().filter(|(_, is_missing)| *is_missing).map(|(path, _)| path.to_owned()).collect()
}

/// Fills one field in, where it is empty and there is something to fill it with.
fn set<T: Default + PartialEq>(
    fields: &mut Vec<pb::FilledField>,
    path: &str,
    field: &mut T,
    value: T,
    from: pb::FilledFrom,
) {
    if *field == T::default() && value != T::default() {
        *field = value;
        fields.push(pb::FilledField { field: path.to_owned(), from: from.into() });
    }
}

impl Filled {
    /// Of a draft from a card it happened when the call came in; of others now, until somebody says otherwise.
    fn envelope(&mut self, received_at: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let envelope = self.draft.envelope.get_or_insert_default();
        let (fields, register) = (&mut self.fields, pb::FilledFrom::Register);
        set(fields, "envelope.command_id", &mut envelope.command_id, Uuid::now_v7().to_string(), register);
        let called = received_at.map(riga).unwrap_or_default();
        set(fields, "envelope.occurred_at", &mut envelope.occurred_at, called, pb::FilledFrom::Card);
        set(fields, "envelope.occurred_at", &mut envelope.occurred_at, riga(now), register);
    }

    /// Day of Riga's calendar on which it happened.
    fn day(&self, now: DateTime<Utc>) -> NaiveDate {
        let given = self.draft.envelope.as_ref().map(|envelope| DateTime::parse_from_rfc3339(&envelope.occurred_at));
        given.and_then(Result::ok).map_or_else(|| ids::riga_day(&now), |at| ids::riga_day(&at))
    }
}

/// A time as people in Latvia read it: with their offset then.
fn riga(at: DateTime<Utc>) -> String {
    at.with_timezone(&Riga).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// What a card's type is as an incident; a proposal.
fn incident_type(card_type: &str, classifiers: &Classifiers, day: NaiveDate) -> Option<String> {
    let named = TYPES.iter().find(|(card, _)| *card == card_type).map_or(card_type, |(_, incident)| incident);
    classifiers.code::<IncidentType>(named, day).ok().map(|code| code.to_string())
}

/// How fast somebody has to be there by how urgent the card is; a proposal.
fn category(priority: pb::Priority) -> pb::Category {
    match priority {
        pb::Priority::Unspecified => pb::Category::Unspecified,
        pb::Priority::P0 => pb::Category::A,
        pb::Priority::P1 => pb::Category::B,
        pb::Priority::P2 => pb::Category::C,
        pb::Priority::P3 => pb::Category::D,
    }
}

/// How incidents reach who enters them: the State Police's dispatchers answer 110, the contact centre 112. Of others it isn't known.
fn usual_channel(caller: &Caller) -> pb::Channel {
    if !caller.roles.contains(&Role::Dispatcher) {
        return pb::Channel::Unspecified;
    }
    match caller.institution_kind() {
        InstitutionKind::StatePolice => pb::Channel::Phone110,
        InstitutionKind::EmergencyCentre => pb::Channel::Phone112,
        _ => pb::Channel::Unspecified,
    }
}

/// The city that somebody is competent in, where it is one: a county has towns and parishes, between which nobody guesses.
fn own_city(caller: &Caller) -> Option<String> {
    match caller.competence() {
        Competence::In(territories) => match territories.as_slice() {
            [one] if one.is_city() => Some(one.to_string()),
            _ => None,
        },
        Competence::Everywhere => None,
    }
}

/// Whether there was such a territory on a day.
fn is_territory(code: &str, day: NaiveDate) -> bool {
    TerritoryCode::parse(code).is_ok_and(|code| Territories::embedded().on(&code, day).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_proposed_is_one_of_incidents_and_stands_for_one_of_cards() {
        let lists = Classifiers::embedded();
        let day = ids::riga_day(&Utc::now());
        for (card, incident) in TYPES {
            assert!(lists.code::<domain::classifier::CardType>(card, day).is_ok(), "{card}");
            assert_eq!(incident_type(card, lists, day).as_deref(), Some(incident));
        }
        assert_eq!(incident_type("theft", lists, day).as_deref(), Some("theft"));
        assert_eq!(incident_type("odor", lists, day), None, "a person says what that is");
    }

    #[test]
    fn only_an_empty_field_is_filled_in_and_only_with_something() {
        let (mut fields, mut field) = (Vec::new(), String::new());
        set(&mut fields, "a", &mut field, String::new(), pb::FilledFrom::Card);
        assert!(fields.is_empty());
        set(&mut fields, "a", &mut field, "x".to_owned(), pb::FilledFrom::Card);
        set(&mut fields, "a", &mut field, "y".to_owned(), pb::FilledFrom::Caller);
        assert_eq!((field.as_str(), fields.len(), fields[0].from()), ("x", 1, pb::FilledFrom::Card));
    }
}
