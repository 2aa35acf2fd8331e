//! The roster as at a moment (ierindas ziņas): what the register knew of units then, by their events.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::terms::{Service, UnitKind, UnitStatus};
use crate::track::TrackEvent;
use crate::unit::{self, Outfit, UnitEvent};
use crate::values::{CallSign, GeoPoint, InstitutionCode, Station, TerritoryCode};

/// A unit as it was at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterUnit {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub institution: InstitutionCode,
    /// Its call sign.
    pub call_sign: CallSign,
    /// The service that its institution is; none where it is none.
    pub service: Option<Service>,
    /// What it is.
    pub kind: UnitKind,
    /// What it is doing.
    pub status: UnitStatus,
    /// The card that it is on.
    pub card: Option<Uuid>,
    /// Its home station.
    pub station: Option<Station>,
    /// Territory that it is there for.
    pub territory: Option<TerritoryCode>,
    /// Its crew and what it carries, as far as somebody said.
    pub outfit: Outfit,
    /// Where it was last.
    pub seen: Option<SeenAt>,
}

/// Where a unit was, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenAt {
    /// Where.
    pub point: GeoPoint,
    /// When.
    pub at: DateTime<Utc>,
}

impl RosterUnit {
    /// Whether it could be sent now: its status lets it, and it is on no card.
    #[must_use]
    pub fn is_free(&self) -> bool {
        unit::can_be_sent(self.status) && self.card.is_none()
    }
}

/// The roster as it comes out of events: those that the register had recorded by a moment, in their order.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    units: BTreeMap<Uuid, RosterUnit>,
    seen: BTreeMap<Uuid, SeenAt>,
}

impl Roster {
    /// Takes in what happened to a unit; `service` says which service an institution is.
    pub fn unit(&mut self, id: Uuid, event: &UnitEvent, service: impl Fn(&InstitutionCode) -> Option<Service>) {
        if let UnitEvent::UnitRegistered { institution, call_sign, kind, station, territory, .. } = event {
            self.units.insert(
                id,
                RosterUnit {
                    id,
                    service: service(institution),
                    institution: institution.clone(),
                    call_sign: call_sign.clone(),
                    kind: *kind,
                    status: UnitStatus::OffDuty,
                    card: None,
                    station: station.clone(),
                    territory: territory.clone(),
                    outfit: Outfit::default(),
                    seen: None,
                },
            );
        }
        let Some(unit) = self.units.get_mut(&id) else { return };
        match event {
            UnitEvent::UnitAssigned { card, .. } => unit.card = Some(*card),
            UnitEvent::UnitReleased { .. } => unit.card = None,
            _ => {}
        }
        unit.outfit.take_in(event, unit.status);
        unit.status = event.status_after().unwrap_or(unit.status);
    }

    /// Takes in where a unit was: the latest point counts, of two at one moment the one told later.
    pub fn track(&mut self, event: &TrackEvent) {
        let TrackEvent::TrackReported { unit, points, .. } = event;
        let Some(latest) = points.iter().max_by_key(|point| point.at) else { return };
        let seen = SeenAt { point: latest.point, at: latest.at.with_timezone(&Utc) };
        let known = self.seen.entry(*unit).or_insert(seen);
        if known.at <= seen.at {
            *known = seen;
        }
    }

    /// All units, by id.
    #[must_use]
    pub fn units(self) -> Vec<RosterUnit> {
        let Self { units, seen } = self;
        units.into_values().map(|unit| RosterUnit { seen: seen.get(&unit.id).copied(), ..unit }).collect()
    }
}
