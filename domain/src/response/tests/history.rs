//! The roster as it was comes out of the events, and with it the same answer.

use proptest::prelude::*;

use super::*;
use crate::kernel::Decide as _;
use crate::scenario::moment;
use crate::track::{TrackEvent, TrackPoint};
use crate::unit::{
    Assign, ChangeCrew, ChangeEquipment, EquipmentService, RegisterUnit, Release, ReportStatus, Unit, UnitCommand,
    UnitEvent,
};
use cqrs_es::Aggregate as _;

/// What was recorded of units and tracks, in its order.
#[derive(Debug, Clone)]
enum Recorded {
    Unit(Uuid, UnitEvent),
    Track(TrackEvent),
}

fn service(institution: &InstitutionCode) -> Option<Service> {
    (*institution == vugd()).then_some(Service::FireRescue)
}

fn roster(recorded: &[Recorded]) -> Vec<RosterUnit> {
    let mut roster = Roster::default();
    for event in recorded {
        match event {
            Recorded::Unit(id, event) => roster.unit(*id, event, service),
            Recorded::Track(event) => roster.track(event),
        }
    }
    roster.units()
}

fn command(kind: usize, what: usize) -> UnitCommand {
    match kind {
        0..=2 => UnitCommand::StartDuty,
        3 => UnitCommand::EndDuty,
        4 => UnitCommand::Assign(Assign { card: id(1_000 + what as u128 % 2) }),
        5 => UnitCommand::Release(Release { card: None, diverted_to: None }),
        6 => {
            let equipment = ["foam", "boat"].into_iter().take(1 + what % 2).map(code).collect();
            let equipment = EquipmentService { equipment };
            match what % 4 {
                0 => UnitCommand::ChangeCrew(ChangeCrew { crew: crew_of(1 + what as u32 % 6) }),
                1 => UnitCommand::ChangeEquipment(ChangeEquipment { equipment: equipment.equipment }),
                2 => UnitCommand::PutEquipmentOutOfService(equipment),
                _ => UnitCommand::ReturnEquipmentToService(equipment),
            }
        }
        _ => UnitCommand::ReportStatus(ReportStatus {
            status: UnitStatus::ALL[what % UnitStatus::ALL.len()],
            vendor_code: None,
            vendor_scheme: None,
        }),
    }
}

/// What was asked of one of five units, or where one was: all that was not refused, with the units as they then are.
fn recorded(asked: Vec<(usize, usize, usize, u32)>) -> (Vec<Recorded>, Vec<Unit>) {
    let (mut recorded, mut units) = (Vec::new(), vec![Unit::default(); 5]);
    for (n, unit) in units.iter_mut().enumerate() {
        let register = UnitCommand::RegisterUnit(RegisterUnit {
            institution: vugd(),
            call_sign: sure(CallSign::parse(&format!("E{n}"))),
            kind: UnitKind::FireEngine,
            station: Some(station("Rīga 1")),
            territory: None,
            source_kind: None,
        });
        for event in unit.decide(register, &moment("20:00:00")).expect("a new unit") {
            unit.apply(event.clone());
            recorded.push(Recorded::Unit(id(n as u128), event));
        }
    }
    for (n, kind, what, minute) in asked {
        let at = moment(&format!("21:{:02}:00", minute % 60));
        if kind == 9 {
            let place = point(i32::try_from(what).unwrap_or(0), 0);
            let points = vec![TrackPoint { at: at.occurred_at, point: place, speed_kmh: None, heading_deg: None }];
            recorded.push(Recorded::Track(TrackEvent::TrackReported { unit: id(n as u128), points, late: 0 }));
            continue;
        }
        for event in units[n].decide(command(kind, what), &at).unwrap_or_default() {
            units[n].apply(event.clone());
            recorded.push(Recorded::Unit(id(n as u128), event));
        }
    }
    (recorded, units)
}

fn asked() -> impl Strategy<Value = Vec<(usize, usize, usize, u32)>> {
    prop::collection::vec((0usize..5, 0usize..10, 0usize..60, 0u32..60), 0..60)
}

proptest! {
    #[test]
    fn the_roster_of_the_events_is_what_the_units_are(asked in asked()) {
        let (recorded, units) = recorded(asked);
        let roster = roster(&recorded);
        prop_assert_eq!(roster.len(), units.len());
        for (unit, known) in units.iter().zip(&roster) {
            prop_assert_eq!((Some(known.status), known.card), (unit.status().or(None), unit.card()));
            prop_assert_eq!(Some(&known.outfit), unit.outfit());
            prop_assert_eq!((known.service, known.institution.clone()), (Some(Service::FireRescue), vugd()));
        }
    }

    #[test]
    fn the_same_inputs_of_history_give_the_same_answer_whatever_came_later(asked in asked(), cut in 0usize..60) {
        let (all, _) = recorded(asked);
        let then = &all[..cut.min(all.len())];
        let plans = [plan("fire", vec![need(UnitKind::FireEngine, 2)])];
        let told = of(&plans, &roster(then));
        // Later the log is longer: what it held then is its beginning, read once more.
        let read_again: Vec<Recorded> = all.iter().take(then.len()).cloned().collect();
        prop_assert_eq!(of(&plans, &roster(&read_again)), told.clone());
        // And what is told holds of the units as they then were.
        let mut latest = std::collections::BTreeMap::new();
        for event in then {
            if let Recorded::Track(TrackEvent::TrackReported { unit, points, .. }) = event {
                let known = latest.entry(*unit).or_insert(points[0].at);
                *known = points[0].at.max(*known);
            }
        }
        for goes in told.chosen() {
            let seen = latest.get(&goes.unit).expect("it said where it is");
            prop_assert!(now().signed_duration_since(*seen) <= MAX_POSITION_AGE);
        }
    }
}
