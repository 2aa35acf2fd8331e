//! What a recommendation is made of, from the read models: the card as its caller sees it, the plans in force, the units that they may see.

use std::sync::Arc;
use std::time::Instant;

use access::policy::{Action, Field, RecordKind};
use domain::classifier::{CardType, Hazard};
use domain::response::{CardSeen, PlanVersion, RosterUnit, SeenAt};
use domain::terms::{Priority, UnitKind, UnitStatus};
use domain::values::{AlarmLevel, CallSign, GeoPoint, InstitutionCode, Station, TerritoryCode};
use projections::cards::CardRow;
use projections::roster::{RosterFilter, RosterRow};
use sqlx::PgConnection;

use super::plans::KnownPlans;
use crate::caller::{Caller, NotPermitted};
use crate::gateway::Deps;
use crate::question::{PATIENCE, kind_of, one_moment};
use crate::status::UnknownRecord;
use crate::wire::RecordRef;

/// Most units that are looked at: more than all services of the country have.
const MOST_UNITS: u32 = 10_000;

/// What is asked about.
pub(super) enum About {
    Card(RecordRef),
    Draft(Box<CardSeen>),
}

/// What a recommendation is made of.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) card: CardSeen,
    pub(super) plans: Arc<[PlanVersion]>,
    pub(super) roster: Vec<RosterUnit>,
}

/// Why there is nothing to recommend from.
pub(super) enum Unread {
    NotPermitted(NotPermitted),
    Unknown(UnknownRecord),
    Unavailable,
}

impl From<sqlx::Error> for Unread {
    fn from(error: sqlx::Error) -> Self {
        tracing::warn!(kind = kind_of(&error), "plans and units could not be read");
        Self::Unavailable
    }
}

/// Reads it, all as at one moment.
pub(super) async fn inputs(
    deps: &Deps,
    plans: &KnownPlans,
    caller: &Caller,
    about: About,
    deadline: Option<Instant>,
) -> Result<Inputs, Unread> {
    let patience = deadline.map_or(PATIENCE, |by| by.saturating_duration_since(Instant::now()).min(PATIENCE));
    let read = async {
        let mut transaction = one_moment(&deps.pool, patience).await?;
        let card = match about {
            About::Card(named) => card(caller, &mut transaction, named).await?,
            About::Draft(draft) => *draft,
        };
        let plans = plans.in_force(&mut transaction).await?;
        let reached = vec![caller.reach(Action::View, RecordKind::Unit)];
        let filter = RosterFilter { reached, ..RosterFilter::default() };
        let roster = RosterRow::list(&mut transaction, &filter, None, MOST_UNITS).await?;
        transaction.rollback().await?;
        let roster: Vec<RosterUnit> = roster.iter().filter_map(|row| unit(row, caller)).collect();
        Ok(Inputs { card, plans, roster })
    };
    tokio::time::timeout(patience, read).await.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into()))
}

/// The card that is named, where the caller may see it.
async fn card(caller: &Caller, connection: &mut PgConnection, named: RecordRef) -> Result<CardSeen, Unread> {
    let (row, name) = match named {
        RecordRef::Id(id) => (CardRow::by_id(connection, id).await?, format!("emergency_card {id}")),
        RecordRef::Number(number) => (CardRow::by_number(connection, &number).await?, number),
    };
    let row = row.ok_or(Unread::Unknown(UnknownRecord { name }))?;
    let resource = row.resource();
    caller.permit_to(Action::View, &resource).map_err(Unread::NotPermitted)?;
    let hazards = match caller.masks(&resource).shows(Field::Hazards) {
        true => row.hazards.0.iter().filter_map(|code| Hazard::parse(code).ok()).collect(),
        false => Default::default(),
    };
    let level = row.alarm_level.and_then(|level| u32::try_from(level).ok());
    Ok(CardSeen {
        id: Some(row.id),
        type_code: row.type_code.as_deref().and_then(|code| CardType::parse(code).ok()),
        priority: row.priority.as_deref().and_then(|code| Priority::parse(code).ok()),
        hazards,
        territory: row.territory.as_deref().and_then(|code| TerritoryCode::parse(code).ok()),
        point: row.latitude_e6.zip(row.longitude_e6).and_then(|(north, east)| GeoPoint::try_new(north, east).ok()),
        alarm_level: level.and_then(|level| AlarmLevel::try_new(level).ok()),
    })
}

/// A unit as recommendations know it; one of a kind or status that a newer program wrote is left out.
fn unit(row: &RosterRow, caller: &Caller) -> Option<RosterUnit> {
    let institution = InstitutionCode::parse(&row.unit.institution).ok()?;
    let seen = row.point.as_ref().and_then(|point| {
        let at = point.at;
        GeoPoint::try_new(point.latitude_e6, point.longitude_e6).ok().map(|point| SeenAt { point, at })
    });
    Some(RosterUnit {
        id: row.unit.id,
        service: caller.service_of(&institution),
        institution,
        call_sign: CallSign::parse(&row.unit.call_sign).ok()?,
        kind: UnitKind::parse(&row.unit.kind).ok()?,
        status: UnitStatus::parse(&row.unit.status).ok()?,
        card: row.unit.card,
        station: row.unit.station.as_deref().and_then(|station| Station::parse(station).ok()),
        territory: row.unit.territory.as_deref().and_then(|code| TerritoryCode::parse(code).ok()),
        outfit: row.unit.outfit.0.clone(),
        seen,
    })
}
