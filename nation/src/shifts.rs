//! Shifts of fire stations: planned, opened, handed over to the next with the change of crews, and closed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Riga;
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::deed::{Deed, Lane, Matter, Script, local};
use super::fleet::Fleet;
use super::institution::EMERGENCY_CENTRE;
use super::{Nation, TERRITORIES};

/// Whose stations these are.
const INSTITUTION: &str = "VUGD";
/// How many shifts take turns at a station.
const TEAMS: u64 = 4;
/// Of a hundred shifts so many call the reserve, and of so many the line-up is put right afterwards.
const CALL_RESERVE: u32 = 5;
const ARE_CORRECTED: u32 = 3;

/// The shift that is on duty.
#[derive(Debug, Clone)]
struct OnDuty {
    key: pb::ShiftKey,
    officer: String,
    line_up: pb::LineUp,
    matter: u64,
    team: u64,
}

/// The stations, by their territory, and the shift that is on duty there.
#[derive(Debug, Default)]
pub(crate) struct Stations {
    on_duty: BTreeMap<usize, OnDuty>,
    shifts: u64,
}

fn reference(key: &pb::ShiftKey) -> Option<pb::ShiftRef> {
    Some(pb::ShiftRef { by: Some(pb::shift_ref::By::Key(key.clone())) })
}

impl Stations {
    /// What is done at all stations when crews change at `at`. `crews` are those that come, by unit; `matters` counts matters.
    pub(crate) fn change(
        &mut self,
        nation: &Nation,
        fleet: &Fleet,
        crews: &BTreeMap<usize, pb::Crew>,
        (at, until): (DateTime<Utc>, DateTime<Utc>),
        matters: &mut u64,
    ) -> Vec<Deed> {
        let mut stations: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, unit) in fleet.0.iter().enumerate().filter(|(_, unit)| unit.institution == INSTITUTION) {
            stations.entry(unit.territory).or_default().push(index);
        }
        let mut deeds = Vec::new();
        for (station, units) in stations {
            let matter = *matters;
            *matters += 1;
            let mut script = Script::new(nation, EMERGENCY_CENTRE, "station-shift", self.shifts);
            self.shifts += 1;
            let lines = units
                .iter()
                .map(|unit| pb::ShiftUnit { unit: fleet.0[*unit].reference(), crew: crews.get(unit).cloned() });
            let lines: Vec<pb::ShiftUnit> = lines.collect();
            let manned: u32 = lines.iter().filter_map(|line| line.crew.as_ref()).map(|crew| crew.size).sum();
            // Those who stay at the station: at the telephone, and now and then one who came too.
            let present = manned + 1 + script.chance.below(2);
            let line_up = pb::LineUp { present, units: lines };
            let before = self.on_duty.get(&station).cloned();
            let key = pb::ShiftKey {
                institution: INSTITUTION.to_owned(),
                station: TERRITORIES[station].seat.to_owned(),
                date: at.with_timezone(&Riga).date_naive().to_string(),
                // The first one stands until the first change of crews.
                shift: if before.is_none() { "night" } else { "day" }.to_owned(),
            };
            let team = before.as_ref().map_or(0, |before| (before.team + 1) % TEAMS);
            let officer = format!("{}-{}", 3_000 + station, team + 1);
            let next = OnDuty { key, officer, line_up, matter, team };
            deeds.extend(turn(script, before.as_ref(), &next, &units, (at, until)));
            self.on_duty.insert(station, next);
        }
        deeds
    }
}

/// One shift of a station is planned and takes over from the one before. All of it goes in its order: it hangs on the station's first unit.
fn turn(
    mut script: Script<'_>,
    before: Option<&OnDuty>,
    next: &OnDuty,
    units: &[usize],
    (at, until): (DateTime<Utc>, DateTime<Utc>),
) -> Vec<Deed> {
    let ask = |script: &mut Script<'_>, at, matter, ends, command: &dyn Fn(Option<pb::Envelope>) -> Command| {
        let command = command(script.envelope(at, None));
        let deed = script.act(at, Lane::Interactive, command);
        deed.matter = Some(Matter { number: matter, ends });
        deed.unit = units.first().and_then(|unit| u32::try_from(*unit).ok());
    };
    let after = |seconds| at + TimeDelta::seconds(seconds);
    let (unit_refs, matter): (Vec<_>, _) =
        (next.line_up.units.iter().filter_map(|line| line.unit.clone()).collect(), next.matter);
    ask(&mut script, after(30), matter, false, &|envelope| {
        let minimum = pb::ShiftMinimum { kind: pb::UnitKind::FireEngine as i32, at_least: 1, of_institution: false };
        Command::PlanShift(pb::PlanShift {
            envelope,
            key: Some(next.key.clone()),
            starts_at: local(at),
            ends_at: local(until),
            strength: next.line_up.present + 1,
            units: unit_refs.clone(),
            minimum: vec![minimum],
        })
    });
    if let Some(before) = before {
        ask(&mut script, after(60), before.matter, false, &|envelope| {
            Command::HandOverShift(pb::HandOverShift {
                envelope,
                shift: reference(&before.key),
                handed_over_by: before.officer.clone(),
                taken_over_by: next.officer.clone(),
                notes: String::new(),
            })
        });
    }
    ask(&mut script, after(90), matter, false, &|envelope| {
        Command::OpenShift(pb::OpenShift {
            envelope,
            shift: reference(&next.key),
            officer: next.officer.clone(),
            line_up: Some(next.line_up.clone()),
            after: before.and_then(|before| reference(&before.key)),
        })
    });
    if script.chance.percent(CALL_RESERVE) {
        let people = 1 + script.chance.below(4);
        ask(&mut script, after(5 * 3_600), matter, false, &|envelope| {
            let shift = reference(&next.key);
            Command::CallReserve(pb::CallReserve { envelope, shift, people, units: Vec::new() })
        });
    }
    if let Some(before) = before {
        let corrected = script.chance.percent(ARE_CORRECTED);
        ask(&mut script, after(120), before.matter, !corrected, &|envelope| {
            Command::CloseShift(pb::CloseShift { envelope, shift: reference(&before.key) })
        });
        if corrected {
            ask(&mut script, after(600), before.matter, true, &|envelope| {
                let line_up = pb::LineUp { present: before.line_up.present + 1, ..before.line_up.clone() };
                Command::CorrectShift(pb::CorrectShift {
                    envelope,
                    shift: reference(&before.key),
                    line_up: Some(line_up),
                    reason: "Viens ieradās vēlāk".to_owned(),
                })
            });
        }
    }
    script.deeds
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Post, Timeline};

    fn call_sign(unit: &pb::UnitRef) -> (String, String) {
        match unit.by.as_ref() {
            Some(pb::unit_ref::By::CallSign(named)) => (named.institution.clone(), named.call_sign.clone()),
            other => panic!("{other:?} is no call sign"),
        }
    }

    #[test]
    fn a_shift_names_only_units_that_are_registered_by_then() {
        let nation = Nation::new(7, 0.01);
        let (mut sent, mut registered, mut named) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for deed in Timeline::new(&nation, nation.from, 2) {
            // Whoever sends deeds side by side waits here for the answers to all before.
            if deed.post == Post::Administrator {
                registered.append(&mut sent);
            }
            let line_up = |line_up: &Option<pb::LineUp>| -> Vec<pb::UnitRef> {
                line_up.iter().flat_map(|all| &all.units).filter_map(|line| line.unit.clone()).collect()
            };
            let units = match deed.streamed() {
                Some(Command::RegisterUnit(unit)) => {
                    sent.insert((unit.institution.clone(), unit.call_sign.clone()));
                    continue;
                }
                Some(Command::PlanShift(plan)) => plan.units.clone(),
                Some(Command::OpenShift(open)) => line_up(&open.line_up),
                Some(Command::CorrectShift(correct)) => line_up(&correct.line_up),
                Some(Command::CallReserve(reserve)) => reserve.units.clone(),
                _ => continue,
            };
            named.extend(units.iter().map(call_sign));
            assert!(named.is_subset(&registered), "{} at {}", deed.id, deed.at);
        }
        assert!(named.len() > 10, "{}", named.len());
    }

    #[test]
    fn each_shift_of_a_station_follows_the_one_before_and_another_officer_takes_over() {
        let nation = Nation::new(7, 0.001);
        let mut on_duty: BTreeMap<String, pb::ShiftKey> = BTreeMap::new();
        let (mut opened, mut closed) = (0, 0);
        for deed in Timeline::new(&nation, nation.from, 4) {
            match deed.streamed() {
                Some(Command::OpenShift(open)) => {
                    let key_of = |shift: &Option<pb::ShiftRef>| match shift.as_ref()?.by.as_ref()? {
                        pb::shift_ref::By::Key(key) => Some(key.clone()),
                        pb::shift_ref::By::Id(_) => None,
                    };
                    let key = key_of(&open.shift).expect("named by its key");
                    assert_eq!(on_duty.insert(key.station.clone(), key), key_of(&open.after));
                    opened += 1;
                }
                Some(Command::HandOverShift(over)) => assert_ne!(over.handed_over_by, over.taken_over_by),
                Some(Command::CloseShift(_)) => closed += 1,
                _ => {}
            }
        }
        assert_eq!((opened, closed), (5 * on_duty.len(), 4 * on_duty.len()));
    }
}
