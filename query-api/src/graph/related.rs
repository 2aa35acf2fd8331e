//! Incidents that have something in common with another.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use access::policy::{Action, RecordKind};
use async_graphql::{Context, ID, Object, SimpleObject};
use domain::access_day::DataScope;
use domain::classifier::{Classifiers, IncidentType};
use domain::incident::related::{
    self, Circumstances, MOST_UNCERTAIN_M, NEAR_REPEAT_M, NEAR_REPEAT_WITHIN, Shared, is_family_violence,
};
use domain::values::{AddressCode, GeoPoint};
use projections::Order;
use projections::case_file::PersonRow;
use projections::case_search::{IncidentFilter, IncidentRow};
use projections::event::INCIDENT;
use projections::lookups::{LookupKind, LookupRow};
use sqlx::PgConnection;
use uuid::Uuid;

use super::common::uuid;
use super::fresh::fresh;
use super::incident::Incident;
use super::paging;
use super::terms::RelationReason;
use crate::error::QueryError;
use crate::permits::{Guard, RecordPart};
use crate::position::LogPosition;
use crate::snapshot::Given;

/// Incidents that are looked at for each thing that may be the same, the latest.
const MOST_LOOKED_AT: u32 = 200;

/// An incident that has something in common with another.
#[derive(SimpleObject)]
pub(crate) struct RelatedIncident {
    /// The incident.
    incident: Incident,
    /// What they have in common, the weightiest first.
    reasons: Vec<Relation>,
}

/// What two incidents have in common.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct Relation {
    /// What.
    reason: RelationReason,
    /// Metres that lie between them, of a near repeat.
    apart: Option<i64>,
}

#[derive(Default)]
pub(crate) struct RelatedQuery;

#[Object]
impl RelatedQuery {
    /// Incidents that have something in common with one (sakarības): the same address, a person or a vehicle, the same type close by within
    /// days, violence in one family. Of those that the caller may see, and by what they see of both; those with most in common first, then
    /// the latest. The 200 latest are looked at for each. A person decides whether it means something, and links them with `LinkIncidents`.
    #[graphql(complexity = "paging::cost(Some(first), child_complexity)")]
    async fn related_incidents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the incident.")] incident: ID,
        #[graphql(default = 20, validator(minimum = 0, maximum = 200), desc = "At most so many.")] first: i32,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Vec<RelatedIncident>, QueryError> {
        let id = uuid("incident", Some(incident))?.unwrap_or_default();
        fresh(ctx, min_position).await?;
        ctx.reach_any(Action::View, &[RecordKind::Incident]).await?;
        let reach = ctx.reach(Action::View, RecordKind::Incident).await?;
        let permits = ctx.permits().await?;
        let classifiers = ctx.classifiers()?;
        let mut reading = ctx.snapshot()?.read().await?;
        let Some(row) = IncidentRow::by_id(&mut reading, id).await? else { return Ok(Vec::new()) };
        let Some(mine) = circumstances(&row, classifiers) else { return Ok(Vec::new()) };
        let (point, address, type_code) = (mine.point, row.address_code.clone(), row.type_code.clone());
        let Some(seen) = ctx.or_keeps_back(row.id, Incident::seen(permits, row)) else { return Ok(Vec::new()) };
        let same = Same::read(&mut reading, id, seen.guard()).await?;

        let reached = IncidentFilter { reached: vec![reach.clone()], ..IncidentFilter::default() };
        let mut found = Vec::new();
        if address.is_some() {
            let there = IncidentFilter { address_code: address, ..reached.clone() };
            found.extend(latest(&mut reading, &there).await?);
        }
        let named: Vec<Uuid> = same.persons.union(&same.vehicles).copied().collect();
        if !named.is_empty() {
            found.extend(latest(&mut reading, &IncidentFilter { ids: Some(named), ..reached }).await?);
        }
        if let Some((point, _)) = point {
            let around = (point, NEAR_REPEAT_M + MOST_UNCERTAIN_M);
            let begun = (mine.occurred_from - NEAR_REPEAT_WITHIN, mine.occurred_from + NEAR_REPEAT_WITHIN);
            let rows = IncidentRow::around(&mut reading, around, begun, &type_code, &reach, MOST_LOOKED_AT).await?;
            found.extend(rows);
        }
        drop(reading);
        seen.shown(ctx)?;

        let others: BTreeMap<Uuid, IncidentRow> = found.into_iter().map(|row| (row.id, row)).collect();
        let mut told = Vec::new();
        for row in others.into_values().filter(|row| row.id != id) {
            let Some(theirs) = circumstances(&row, classifiers) else { continue };
            let registered_at = row.registered_at;
            let Some(other) = Incident::seen(permits, row) else { continue };
            let shared = same.shared_with(other.record(), other.guard());
            let reasons = related::related(&mine, &theirs, shared);
            if !reasons.is_empty() {
                told.push((Reverse((reasons.len(), registered_at)), shared, reasons, other));
            }
        }
        told.sort_by_key(|(place, ..)| *place);
        told.truncate(first.unsigned_abs() as usize);
        let told = told.into_iter().map(|(_, shared, reasons, other)| {
            for (is_shared, scope) in [(shared.person, DataScope::Persons), (shared.vehicle, DataScope::Property)] {
                if is_shared {
                    ctx.shows(id, scope)?;
                    ctx.shows(other.record(), scope)?;
                }
            }
            let reasons = reasons.into_iter().map(|(reason, apart)| {
                let apart = apart.and_then(|apart| i64::try_from(apart).ok());
                Ok(Relation { reason: RelationReason::of_code(reason.code())?, apart })
            });
            let reasons = reasons.collect::<Result<_, QueryError>>()?;
            Ok(RelatedIncident { incident: other.shown(ctx)?, reasons })
        });
        told.collect()
    }
}

/// Incidents in which somebody or something of one is again.
#[derive(Default)]
struct Same {
    persons: BTreeSet<Uuid>,
    vehicles: BTreeSet<Uuid>,
}

impl Same {
    /// As far as the caller sees persons and vehicles of the one: that somebody is elsewhere again tells who they are.
    async fn read(reading: &mut PgConnection, incident: Uuid, guard: Guard) -> Result<Self, QueryError> {
        let mut same = Self::default();
        if sees_persons(guard) {
            same.persons.extend(PersonRow::incidents_like(reading, incident).await?);
            let by_code = LookupRow::records_like(reading, incident, LookupKind::PersonalCode, INCIDENT).await?;
            same.persons.extend(by_code);
        }
        if guard.shows(RecordPart::Property) {
            for kind in [LookupKind::Plate, LookupKind::Vin] {
                same.vehicles.extend(LookupRow::records_like(reading, incident, kind, INCIDENT).await?);
            }
        }
        Ok(same)
    }

    /// What of it the caller may know of another incident.
    fn shared_with(&self, other: Uuid, guard: Guard) -> Shared {
        Shared {
            person: sees_persons(guard) && self.persons.contains(&other),
            vehicle: guard.shows(RecordPart::Property) && self.vehicles.contains(&other),
        }
    }
}

/// A person may be under suspicion or not, so whoever is told that they are the same must see both.
fn sees_persons(guard: Guard) -> bool {
    guard.shows(RecordPart::Persons) && guard.shows(RecordPart::Suspects)
}

async fn latest(reading: &mut PgConnection, filter: &IncidentFilter) -> Result<Vec<IncidentRow>, QueryError> {
    Ok(IncidentRow::search(reading, filter, None, Order::NewestFirst, MOST_LOOKED_AT).await?)
}

/// What relations are told by.
fn circumstances(row: &IncidentRow, classifiers: &Classifiers) -> Option<Circumstances> {
    let point = row.latitude_e6.zip(row.longitude_e6);
    let point = point.and_then(|(latitude, longitude)| GeoPoint::try_new(latitude, longitude).ok());
    let uncertainty = row.uncertainty_m.and_then(|metres| u32::try_from(metres).ok()).unwrap_or(0);
    Some(Circumstances {
        occurred_from: row.occurred_from,
        point: point.map(|point| (point, uncertainty)),
        address: row.address_code.as_deref().and_then(|code| AddressCode::parse(code).ok()),
        type_code: IncidentType::parse(&row.type_code).ok()?,
        family_violence: is_family_violence(classifiers, &row.type_code, &row.occurred_from),
    })
}
