//! What the register knows already of a draft's card, place, vehicles and persons: what the caller may see, and nothing of the rest.
//!
//! It comes from the read models. Where they can't be read in time the draft is looked at without: who enters it goes on.

use std::collections::{BTreeMap, BTreeSet};

use access::Consultation;
use access::policy::{Action, RecordKind};
use chrono::Utc;
use domain::access_day::{AccessWay, DataScope};
use domain::classifier::CodeSystem;
use domain::values::{PersonalCode, PlateNumber};
use projections::Order;
use projections::case_search::{IncidentFilter, IncidentRow};
use projections::cautions::{CautionFilter, CautionRow};
use projections::event::{CAUTION, INCIDENT};
use projections::lookups::{Lookup, LookupRow};
use proto::command::v1 as pb;
use sqlx::PgConnection;
use uuid::Uuid;

use super::card::CardKnown;
use crate::caller::Caller;
use crate::commands::country_of;
use crate::gateway::Deps;
use crate::question::{PATIENCE, kind_of, one_moment, utc};

/// So many of the latest incidents are shown.
const SHOWN: u32 = 5;
/// So many of the latest cautions are shown.
const MOST_CAUTIONS: u32 = 10;
/// Records of one plate, or of one personal code, that are looked at.
const MOST_LOOKED_UP: u32 = 500;
/// Vehicles of one draft that are looked for.
const MOST_VEHICLES: usize = 10;
/// Persons of one draft that are looked for.
const MOST_PERSONS: usize = 10;

/// What is known, with what of it is shown.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) card: Option<CardKnown>,
    pub(super) place: Option<pb::KnownPlace>,
    /// The only territory that incidents at the same address have.
    pub(super) territory: Option<String>,
    pub(super) vehicles: Vec<pb::KnownVehicle>,
    pub(super) persons: Vec<pb::KnownPerson>,
    pub(super) unread: bool,
    pub(super) shown: Shown,
    count: usize,
}

/// Records that an answer shows, and what of each.
pub(super) type Shown = BTreeMap<Uuid, BTreeSet<DataScope>>;

/// Reads what is known.
pub(super) async fn read(
    deps: &Deps,
    caller: &Caller,
    draft: Option<&pb::RegisterIncident>,
    vehicles: &[pb::InvolveVehicle],
    persons: &[pb::InvolvePerson],
) -> Known {
    let read = async {
        let mut known = Known::default();
        let mut transaction = one_moment(&deps.pool, PATIENCE).await?;
        let mut reading = Reading { deps, caller, connection: &mut transaction, known: &mut known };
        reading.of_draft(draft, vehicles, persons).await?;
        transaction.rollback().await?;
        if let Some(card) = &mut known.card {
            card.open(deps, &mut known.shown).await?;
        }
        Ok::<Known, sqlx::Error>(known)
    };
    let error = match tokio::time::timeout(PATIENCE, read).await {
        Ok(Ok(known)) => return known,
        Ok(Err(error)) => error,
        Err(_) => sqlx::Error::PoolTimedOut,
    };
    tracing::warn!(kind = kind_of(&error), "what is known of a draft could not be read");
    Known { unread: true, ..Known::default() }
}

struct Reading<'a> {
    deps: &'a Deps,
    caller: &'a Caller,
    connection: &'a mut PgConnection,
    known: &'a mut Known,
}

impl Reading<'_> {
    async fn of_draft(
        &mut self,
        draft: Option<&pb::RegisterIncident>,
        vehicles: &[pb::InvolveVehicle],
        persons: &[pb::InvolvePerson],
    ) -> Result<(), sqlx::Error> {
        let card = draft.and_then(|draft| draft.card.clone());
        if let Some(card) = card {
            self.known.card = CardKnown::read(self.caller, self.connection, card, draft).await?;
        }
        if let Some(card) = &self.known.card {
            let filter = IncidentFilter { card: Some(card.id), ..IncidentFilter::default() };
            let incidents = self.incidents(filter, &[], DataScope::Summary).await?;
            if let Some(card) = &mut self.known.card {
                card.told.incidents = Some(incidents);
            }
        }
        let typed = draft.and_then(|draft| draft.place.as_ref()).filter(|place| **place != pb::Place::default());
        let place = typed.or_else(|| self.known.card.as_ref()?.filling.place.as_ref()).cloned();
        if let Some(filter) = place.as_ref().and_then(same_place) {
            let incidents = self.incidents(filter.clone(), &[], DataScope::Summary).await?;
            self.known.territory = only_territory(&filter, &incidents);
            let cautions = match filter.address_code {
                Some(code) => self.cautions(CautionFilter { address_code: Some(code), ..Default::default() }).await?,
                None => Vec::new(),
            };
            self.known.place = Some(pb::KnownPlace { incidents: Some(incidents), cautions });
        }
        for (index, vehicle) in vehicles.iter().take(MOST_VEHICLES).enumerate() {
            let Ok(plate) = PlateNumber::parse(&vehicle.plate, country_of(&vehicle.plate_country)) else { continue };
            // That a vehicle is in an incident is part of what is involved in it.
            let needed = (&[Action::ViewProperty][..], DataScope::Property);
            let (incidents, cautions) = self.looked_up(Lookup::Plate(&plate), needed).await?;
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            self.known.vehicles.push(pb::KnownVehicle { index, incidents: Some(incidents), cautions });
        }
        for (index, person) in persons.iter().take(MOST_PERSONS).enumerate() {
            let code = person.person.as_ref().map(|details| details.personal_code.as_str()).unwrap_or_default();
            let Ok(code) = PersonalCode::parse(code) else { continue };
            // They may be under suspicion there or not, and their code is what tells that it is they.
            let needed = [Action::ViewPersons, Action::ViewSuspects, Action::ViewPersonalCodeMasked];
            let needed = (&needed[..], DataScope::Persons);
            let (incidents, cautions) = self.looked_up(Lookup::PersonalCode(&code), needed).await?;
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            self.known.persons.push(pb::KnownPerson { index, incidents: Some(incidents), cautions });
        }
        Ok(())
    }

    /// The incidents in which something is that stands sealed there, and the cautions about it: as far as the caller may do that with the
    /// incidents, which are told as that.
    async fn looked_up(
        &mut self,
        lookup: Lookup<'_>,
        (needed, scope): (&[Action], DataScope),
    ) -> Result<(pb::KnownIncidents, Vec<pb::KnownCaution>), sqlx::Error> {
        let digest = lookup.digest(&self.deps.master);
        let ids = LookupRow::records_with(self.connection, INCIDENT, &digest, MOST_LOOKED_UP).await?;
        let filter = IncidentFilter { ids: Some(ids), ..IncidentFilter::default() };
        let incidents = self.incidents(filter, needed, scope).await?;
        let ids = LookupRow::records_with(self.connection, CAUTION, &digest, MOST_LOOKED_UP).await?;
        let cautions = self.cautions(CautionFilter { ids: Some(ids), ..CautionFilter::default() }).await?;
        Ok((incidents, cautions))
    }

    /// The cautions of a kind that hold and that the caller may see.
    async fn cautions(&mut self, filter: CautionFilter) -> Result<Vec<pb::KnownCaution>, sqlx::Error> {
        let reached = vec![self.caller.reach(Action::View, RecordKind::Caution)];
        let filter = CautionFilter { holding_at: Some(Utc::now()), reached, ..filter };
        let rows = CautionRow::search(self.connection, &filter, None, Order::NewestFirst, MOST_CAUTIONS).await?;
        for row in &rows {
            self.known.shown.entry(row.id).or_default().insert(DataScope::Summary);
        }
        self.known.count += rows.len();
        let kinds = self.caller.classifiers();
        let kinds = kinds.list(CodeSystem::CautionKind);
        let protects = |kind: &str| kinds.last(kind).is_some_and(|entry| entry.attribute("protects").is_some());
        let told = |row: CautionRow| pb::KnownCaution {
            id: row.id.to_string(),
            protects: protects(&row.kind),
            kind: row.kind,
            class: row.class.unwrap_or_default(),
            institution: row.institution,
            expires_at: utc(row.expires_at),
        };
        Ok(rows.into_iter().map(told).collect())
    }

    /// The incidents of a kind that the caller may see, and do that with. Of others nothing is told: neither that there are any, nor how
    /// many.
    async fn incidents(
        &mut self,
        filter: IncidentFilter,
        beside: &[Action],
        scope: DataScope,
    ) -> Result<pb::KnownIncidents, sqlx::Error> {
        let reached = [Action::View].iter().chain(beside);
        let reached = reached.map(|action| self.caller.reach(*action, RecordKind::Incident)).collect();
        let filter = IncidentFilter { reached, ..filter };
        let rows = IncidentRow::search(self.connection, &filter, None, Order::NewestFirst, SHOWN).await?;
        let all = match u32::try_from(rows.len()) {
            // There may be more than are shown.
            Ok(SHOWN) => IncidentRow::count(self.connection, &filter).await?,
            shown => i64::from(shown.unwrap_or(SHOWN)),
        };
        for row in &rows {
            self.known.shown.entry(row.id).or_default().insert(scope);
        }
        self.known.count += usize::try_from(all).unwrap_or_default();
        let count = u32::try_from(all).unwrap_or(u32::MAX);
        Ok(pb::KnownIncidents { count, latest: rows.into_iter().map(brief).collect() })
    }
}

impl Known {
    /// What the access log is told; nothing where nothing is shown.
    pub(super) fn consultation(&self, question: &[u8]) -> Option<Consultation> {
        (!self.shown.is_empty()).then(|| Consultation {
            way: AccessWay::Query,
            records: self.shown.clone(),
            other: DataScope::Summary,
            question: question.to_vec(),
            count: self.count.max(self.shown.len()),
        })
    }
}

/// What incidents at the same place are found by: the object of the address register, or all words of an address with a number. A
/// street alone is no address.
fn same_place(place: &pb::Place) -> Option<IncidentFilter> {
    if !place.address_code.is_empty() {
        return Some(IncidentFilter { address_code: Some(place.address_code.clone()), ..IncidentFilter::default() });
    }
    let text = place.text.trim();
    let is_address = text.contains(|c: char| c.is_ascii_digit()) && text.contains(char::is_alphabetic);
    let territories = Some(place.territory.clone()).filter(|code| !code.is_empty()).into_iter().collect();
    is_address.then(|| IncidentFilter { place_words: Some(text.to_owned()), territories, ..IncidentFilter::default() })
}

/// Where an address lies follows from others there only where it is the address by its code, and all agree.
fn only_territory(filter: &IncidentFilter, incidents: &pb::KnownIncidents) -> Option<String> {
    filter.address_code.as_ref()?;
    let mut territories = incidents.latest.iter().map(|incident| &incident.territory);
    let first = territories.next().filter(|code| !code.is_empty())?;
    territories.all(|code| code == first).then(|| first.clone())
}

fn brief(row: IncidentRow) -> pb::KnownIncident {
    pb::KnownIncident {
        id: row.id.to_string(),
        number: row.number,
        type_code: row.type_code,
        status: row.status,
        occurred_from: utc(row.occurred_from),
        registered_at: utc(row.registered_at),
        responsible: row.responsible,
        place_text: row.place_text.unwrap_or_default(),
        territory: row.territory.unwrap_or_default(),
    }
}
