//! Emergency cards (kartiņas) with their clocks, and the units on them.
//!
//! A card's own events tell what it is and which units were sent; the units tell the rest while they are on it (`StatusReported`
//! names the card). Of each clock of a unit the earliest report counts, so that the order of reports doesn't matter.

mod card;
mod forward;
mod rows;
mod statistics;
mod times;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, Utc};
use domain::terms::{Service, UnitStatus};
use domain::unit::UnitEvent;
use event_store::consumer::ApplyError;
use event_store::log::{LogName, LogPosition, StoredEvent};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

pub use self::forward::{CardForwardRow, Untold};
pub(crate) use self::rows::COLUMNS;
pub use self::rows::{CardFilter, CardRow, CardUnitRow, ServiceTimes, UnitNameRow};
pub use self::statistics::{CallsOfType, CardStatistics, ResponseTimes};
pub use self::times::{Times, double_dispatches};
use crate::event::{CARD, DecodedEvent, RegisterEvent, UNIT};
use crate::fact::{earliest, int, utc};
use crate::projection::Projection;
use crate::reach::of_service;
use crate::table::{Rows, Statements};

/// The projector of the cards.
#[derive(Debug)]
pub struct Cards {
    cards: Statements,
    card_units: Statements,
    forwards: Statements,
    units: Statements,
}

/// What a batch works on.
struct Tables {
    cards: Rows<Uuid, CardRow>,
    card_units: Rows<(Uuid, Uuid), CardUnitRow>,
    forwards: Rows<(Uuid, Uuid), CardForwardRow>,
    units: Rows<Uuid, UnitNameRow>,
    touched: BTreeSet<Uuid>,
}

impl Projection for Cards {
    const NAME: &'static str = "cards";
    const VERSION: u32 = 4;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[CARD, UNIT];
    const TABLES: &'static [&'static str] = &["cards", "card_units", "forwards", "units"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self {
            cards: Statements::new::<CardRow>(schema, "id"),
            card_units: Statements::new::<CardUnitRow>(schema, "card"),
            forwards: Statements::new::<CardForwardRow>(schema, "card"),
            units: Statements::new::<UnitNameRow>(schema, "id"),
        }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let (mut cards, mut units) = (BTreeSet::new(), BTreeSet::new());
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::Card(event) => {
                    cards.insert(stored.aggregate_id);
                    units.extend(card::unit_of(event));
                }
                RegisterEvent::Unit(event) => {
                    units.insert(stored.aggregate_id);
                    cards.extend(card_of(event));
                }
                _ => {}
            }
        }
        let (cards, units) = (Vec::from_iter(cards), Vec::from_iter(units));
        let mut tables = Tables {
            cards: Rows::of(self.cards.load::<CardRow>(tx, &cards).await?.into_iter().map(|row| (row.id, row))),
            card_units: Rows::of(
                self.card_units
                    .load::<CardUnitRow>(tx, &cards)
                    .await?
                    .into_iter()
                    .map(|row| ((row.card, row.unit), row)),
            ),
            forwards: Rows::of(
                self.forwards
                    .load::<CardForwardRow>(tx, &cards)
                    .await?
                    .into_iter()
                    .map(|row| (forward::key(row.card, &row.institution), row)),
            ),
            units: Rows::of(self.units.load::<UnitNameRow>(tx, &units).await?.into_iter().map(|row| (row.id, row))),
            touched: BTreeSet::new(),
        };
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::Card(event) => tables.take_in_card(stored, event)?,
                RegisterEvent::Unit(event) => tables.take_in_unit(stored, event),
                _ => {}
            }
        }
        tables.sum_up();
        self.units.upsert(tx, &tables.units.changed()).await?;
        self.cards.upsert(tx, &tables.cards.changed()).await?;
        self.card_units.upsert(tx, &tables.card_units.changed()).await?;
        self.forwards.upsert(tx, &tables.forwards.changed()).await?;
        Ok(())
    }
}

/// The card that a unit's event is about, as far as the cards show it.
fn card_of(event: &UnitEvent) -> Option<Uuid> {
    match event {
        UnitEvent::StatusReported { card, .. } => *card,
        _ => None,
    }
}

impl Tables {
    /// The unit's row on the card.
    fn card_unit(&mut self, card: Uuid, unit: Uuid, position: LogPosition) -> &mut CardUnitRow {
        let name = self.units.get(unit);
        let (institution, call_sign, kind) = match name {
            Some(name) => (Some(name.institution.clone()), Some(name.call_sign.clone()), Some(name.kind.clone())),
            None => (None, None, None),
        };
        self.touched.insert(card);
        let row = self.card_units.entry((card, unit), || CardUnitRow {
            card,
            unit,
            institution,
            call_sign,
            kind,
            attached_at: None,
            acknowledged_at: None,
            en_route_at: None,
            on_scene_at: None,
            transporting_at: None,
            at_destination_at: None,
            cleared_at: None,
            diverted: false,
            anomalies: 0,
            last_position: 0,
        });
        row.last_position = position.as_i64();
        row
    }

    fn take_in_unit(&mut self, stored: &StoredEvent, event: &UnitEvent) {
        let unit = stored.aggregate_id;
        match event {
            UnitEvent::UnitRegistered { institution, call_sign, kind, .. } => {
                let name = UnitNameRow {
                    id: unit,
                    institution: institution.to_string(),
                    call_sign: call_sign.to_string(),
                    kind: kind.to_string(),
                };
                self.units.put(unit, name);
            }
            UnitEvent::StatusReported { status, card: Some(card), at, anomalies, .. } => {
                let row = self.card_unit(*card, unit, stored.position);
                row.reported(*status, *at);
                row.anomalies += int(anomalies.len());
            }
            _ => {}
        }
    }

    /// Brings up to date what a card's row says about its units.
    fn sum_up(&mut self) {
        let mut sums: BTreeMap<Uuid, Sum> = BTreeMap::new();
        for ((card, _), unit) in self.card_units.iter() {
            sums.entry(card).or_default().add(unit);
        }
        let mut forwarded: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
        for ((card, _), forward) in self.forwards.iter() {
            forwarded.entry(card).or_default().push(forward.institution.clone());
        }
        for card in &self.touched {
            let Some(row) = self.cards.get_mut(*card) else { continue };
            let Sum { units, on_scene, anomalies, institutions, dispatched_at, en_route_at, on_scene_at } =
                sums.remove(card).unwrap_or_default();
            let services = row.services.0.keys().filter_map(|service| of_service(Service::parse(service).ok()?));
            let forwarded = forwarded.remove(card).unwrap_or_default();
            row.participants = Json(institutions.into_iter().chain(services).chain(forwarded).collect());
            (row.units, row.units_on_scene) = (units, on_scene);
            row.anomalies = row.card_anomalies + anomalies;
            row.first_dispatched_at = dispatched_at;
            row.first_en_route_at = en_route_at;
            row.first_on_scene_at = on_scene_at;
        }
    }
}

/// What a card's row says about its units.
#[derive(Default)]
struct Sum {
    units: i32,
    on_scene: i32,
    anomalies: i32,
    institutions: BTreeSet<String>,
    dispatched_at: Option<DateTime<Utc>>,
    en_route_at: Option<DateTime<Utc>>,
    on_scene_at: Option<DateTime<Utc>>,
}

impl Sum {
    fn add(&mut self, unit: &CardUnitRow) {
        self.units += 1;
        self.on_scene += i32::from(unit.on_scene_at.is_some());
        self.anomalies += unit.anomalies;
        self.institutions.extend(unit.institution.clone());
        let clocks = [
            (&mut self.dispatched_at, unit.attached_at),
            (&mut self.en_route_at, unit.en_route_at),
            (&mut self.on_scene_at, unit.on_scene_at),
        ];
        for (first, told) in clocks {
            if let Some(told) = told {
                earliest(first, told);
            }
        }
    }
}

impl CardUnitRow {
    /// The unit said what it is doing while it was on the card.
    fn reported(&mut self, status: UnitStatus, at: DateTime<FixedOffset>) {
        let clock = match status {
            UnitStatus::Acknowledged => &mut self.acknowledged_at,
            UnitStatus::EnRoute => &mut self.en_route_at,
            UnitStatus::OnScene => &mut self.on_scene_at,
            UnitStatus::Transporting => &mut self.transporting_at,
            UnitStatus::AtDestination => &mut self.at_destination_at,
            _ => return,
        };
        earliest(clock, utc(at));
    }
}
