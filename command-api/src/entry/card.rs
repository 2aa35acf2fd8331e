//! The 112 card that a draft comes from: what of it is shown, and what of it goes into the draft.

use access::policy::{CodeShown, Field, Masks};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use domain::personal::OPEN;
use domain::terms::{Channel, LocationSource, Priority};
use event_store::log::LogName;
use event_store::read::LogReader;
use event_store::seal::{KeyRing, open_payload};
use projections::cards::{CardRow, CardUnitRow};
use proto::command::v1 as pb;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::known::Shown;
use crate::caller::Caller;
use crate::gateway::Deps;
use crate::question::utc;
use crate::wire::{Reader, RecordRef, Wire as _};

/// A card that the caller may see.
#[derive(Debug)]
pub(super) struct CardKnown {
    pub(super) id: Uuid,
    pub(super) told: pb::KnownCard,
    pub(super) filling: Filling,
    masks: Masks,
    wants_reporter: bool,
    wants_narrative: bool,
}

/// What a draft can take over from a card.
#[derive(Debug, Default)]
pub(super) struct Filling {
    pub(super) received_at: Option<DateTime<Utc>>,
    /// When the police were told.
    pub(super) told_at: Option<DateTime<Utc>>,
    pub(super) channel: pb::Channel,
    pub(super) card_type: Option<String>,
    pub(super) priority: pb::Priority,
    pub(super) place: Option<pb::Place>,
    pub(super) reporter: Option<pb::Reporter>,
    pub(super) narrative: Option<String>,
}

impl CardKnown {
    /// The card that is named; none where there is none that the caller may see.
    pub(super) async fn read(
        caller: &Caller,
        connection: &mut PgConnection,
        named: pb::RecordRef,
        draft: Option<&pb::RegisterIncident>,
    ) -> Result<Option<Self>, sqlx::Error> {
        let named = Reader::new(caller.classifiers()).optional_record("card", "emergency_card", Some(named));
        let row = match named {
            Some(RecordRef::Id(id)) => CardRow::by_id(connection, id).await?,
            Some(RecordRef::Number(number)) => CardRow::by_number(connection, &number).await?,
            None => None,
        };
        let Some(row) = row else { return Ok(None) };
        let masks = caller.masks(&row.resource());
        if !masks.summary() {
            return Ok(None);
        }
        let units = match masks.shows(Field::Units) {
            true => CardUnitRow::of_cards(connection, &[row.id]).await?,
            false => Vec::new(),
        };
        let wants_reporter = masks.shows(Field::Reporter) && draft.is_none_or(|draft| draft.reporter.is_none());
        let wants_narrative = masks.shows(Field::Narrative) && draft.is_none_or(|draft| draft.narrative.is_empty());
        let filling = filling_of(&row, caller);
        let hazards = if masks.shows(Field::Hazards) { row.hazards.0 } else { Vec::new() };
        let told = pb::KnownCard {
            id: row.id.to_string(),
            number: row.number,
            status: row.status,
            type_code: row.type_code.unwrap_or_default(),
            priority: filling.priority.into(),
            received_at: utc(row.received_at),
            hazards,
            units: units.into_iter().map(unit).collect(),
            incidents: None,
        };
        Ok(Some(Self { id: row.id, told, filling, masks, wants_reporter, wants_narrative }))
    }

    /// The card with all that a draft can take over from it, for what takes it over without showing it to anybody.
    pub(super) async fn whole(deps: &Deps, caller: &Caller, row: CardRow) -> Result<Self, sqlx::Error> {
        let masks = caller.masks(&row.resource());
        let mut filling = filling_of(&row, caller);
        let opened = opened(deps, row.id).await?;
        filling.reporter = whole_reporter_of(&opened);
        filling.narrative = text_of(&opened["narrative"]);
        let told = pb::KnownCard { id: row.id.to_string(), number: row.number, ..Default::default() };
        Ok(Self { id: row.id, told, filling, masks, wants_reporter: false, wants_narrative: false })
    }

    /// Opens what the draft lacks and the caller may see, and notes what is shown. Not while a connection is held: it takes others.
    pub(super) async fn open(&mut self, deps: &Deps, shown: &mut Shown) -> Result<(), sqlx::Error> {
        let scopes = shown.entry(self.id).or_default();
        scopes.insert(DataScope::Summary);
        if !self.wants_reporter && !self.wants_narrative {
            return Ok(());
        }
        let opened = opened(deps, self.id).await?;
        if self.wants_reporter {
            self.filling.reporter = reporter_of(&opened, self.masks);
        }
        if self.wants_narrative {
            self.filling.narrative = text_of(&opened["narrative"]);
        }
        if let Some(reporter) = &self.filling.reporter {
            scopes.insert(DataScope::Reporter);
            scopes.extend((!reporter.personal_code.is_empty()).then_some(DataScope::PersonalCode));
        }
        scopes.extend(self.filling.narrative.is_some().then_some(DataScope::Narrative));
        Ok(())
    }
}

fn filling_of(row: &CardRow, caller: &Caller) -> Filling {
    let services = caller.services();
    let told = row.services.0.iter().filter(|(code, _)| services.iter().any(|service| service.code() == *code));
    Filling {
        received_at: Some(row.received_at),
        told_at: told.filter_map(|(_, times)| times.notified_at).min(),
        channel: Channel::parse(&row.channel).map(Channel::wire).unwrap_or_default(),
        card_type: row.type_code.clone(),
        priority: row
            .priority
            .as_deref()
            .and_then(|code| Priority::parse(code).ok())
            .map(Priority::wire)
            .unwrap_or_default(),
        place: place_of(row),
        reporter: None,
        narrative: None,
    }
}

fn place_of(row: &CardRow) -> Option<pb::Place> {
    let point = row.latitude_e6.zip(row.longitude_e6);
    let source = row.location_source.as_deref().and_then(|code| LocationSource::parse(code).ok());
    let place = pb::Place {
        address_code: row.address_code.clone().unwrap_or_default(),
        territory: row.territory.clone().unwrap_or_default(),
        text: row.place_text.clone().unwrap_or_default(),
        point: point.map(|(latitude_e6, longitude_e6)| pb::GeoPoint { latitude_e6, longitude_e6 }),
        uncertainty_m: row.uncertainty_m.and_then(|metres| u32::try_from(metres).ok()),
        source: source.map(LocationSource::wire).unwrap_or_default().into(),
    };
    (place != pb::Place::default()).then_some(place)
}

fn unit(row: CardUnitRow) -> pb::KnownUnit {
    let time = |at: Option<DateTime<Utc>>| at.map(utc).unwrap_or_default();
    pb::KnownUnit {
        id: row.unit.to_string(),
        institution: row.institution.unwrap_or_default(),
        call_sign: row.call_sign.unwrap_or_default(),
        attached_at: time(row.attached_at),
        on_scene_at: time(row.on_scene_at),
        cleared_at: time(row.cleared_at),
    }
}

/// What the card's first event says, opened: who called and what was said are in no other.
async fn opened(deps: &Deps, card: Uuid) -> Result<Value, sqlx::Error> {
    let unreadable = || sqlx::Error::Protocol("a card's call could not be opened".to_owned());
    let log = LogName::REGISTER;
    let first = LogReader::new(deps.pool.clone(), log).stream_page(card, 0, 1).await.map_err(|_| unreadable())?;
    let Some(first) = first.first() else { return Ok(Value::Null) };
    let keys = KeyRing::new(deps.pool.clone(), log, deps.master.clone());
    let keys = keys.by_record(&[card]).await.map_err(|_| unreadable())?;
    let mut payload: Value = serde_json::from_str(&first.payload).map_err(|_| unreadable())?;
    open_payload(&mut payload, first.event_id, &keys).map_err(|_| unreadable())?;
    Ok(payload["CallReceived"].take())
}

/// The caller as somebody who reports: what is erased or kept from who asks is not there. A masked personal code is none that could be
/// registered.
fn reporter_of(opened: &Value, masks: Masks) -> Option<pb::Reporter> {
    let mut reporter = whole_reporter_of(opened)?;
    if masks.personal_code() != CodeShown::Full {
        reporter.personal_code.clear();
    }
    (reporter != pb::Reporter::default()).then_some(reporter)
}

/// The caller as somebody who reports; none where nothing of them is left.
fn whole_reporter_of(opened: &Value) -> Option<pb::Reporter> {
    let of = |field: &str| text_of(&opened["caller"][field]).unwrap_or_default();
    let (name, phone, personal_code) = (of("name"), of("phone"), of("personal_code"));
    let reporter = pb::Reporter { name, phone, personal_code, subject_id: String::new() };
    (reporter != pb::Reporter::default()).then_some(reporter)
}

fn text_of(field: &Value) -> Option<String> {
    Some(field.get(OPEN)?.as_str()?.to_owned())
}
