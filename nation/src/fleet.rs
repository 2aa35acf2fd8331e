//! Units, where they stand, and when they are free.

use chrono::{DateTime, Utc};
use proto::command::v1 as pb;

use super::Nation;
use super::chance::Chance;
use super::territory::TERRITORIES;

/// A crew with its vehicle.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    /// Code of its institution.
    pub(crate) institution: &'static str,
    pub(crate) call_sign: String,
    pub(crate) kind: pb::UnitKind,
    pub(crate) territory: usize,
    pub(crate) free_at: DateTime<Utc>,
    pub(crate) on_duty: bool,
}

impl Unit {
    pub(crate) fn reference(&self) -> Option<pb::UnitRef> {
        let call_sign = pb::CallSign { institution: self.institution.to_owned(), call_sign: self.call_sign.clone() };
        Some(pb::UnitRef { by: Some(pb::unit_ref::By::CallSign(call_sign)) })
    }

    /// Codes of what such a unit carries.
    pub(crate) fn equipment(&self) -> &'static [&'static str] {
        match self.kind {
            pb::UnitKind::FireEngine => &["breathing-apparatus", "foam", "hydraulic-rescue-tool", "thermal-camera"],
            pb::UnitKind::Ladder => &["aerial-ladder", "breathing-apparatus"],
            pb::UnitKind::Patrol => &["breathalyser", "first-aid"],
            pb::UnitKind::Investigation => &["scene-kit"],
            _ => &[],
        }
    }
}

/// Who comes into a unit of a kind: as many as there are places, now and then one fewer; one of them drives, one commands.
pub(crate) fn crew(kind: pb::UnitKind, unit: usize, chance: &mut Chance) -> pb::Crew {
    let (places, skill) = match kind {
        pb::UnitKind::FireEngine => (5, "breathing-apparatus"),
        pb::UnitKind::Ladder => (2, "breathing-apparatus"),
        pb::UnitKind::Investigation => (3, "scene-of-crime"),
        _ => (2, "first-aid"),
    };
    let size = places - u32::from(chance.below(5) == 0 && places > 1);
    let qualification = |code: &str, count| pb::Qualification { code: code.to_owned(), count };
    pb::Crew {
        size,
        commander: format!("{}-{:02}", 1_000 + unit, chance.below(20)),
        qualifications: vec![qualification("driver", 1), qualification(skill, size)],
    }
}

/// All units.
#[derive(Debug)]
pub(crate) struct Fleet(pub(crate) Vec<Unit>);

/// Letters of the call sign, and how many people one is there for.
const KINDS: [(&str, pb::UnitKind, &str, u64); 4] = [
    ("VUGD", pb::UnitKind::FireEngine, "AC", 11_000),
    ("VUGD", pb::UnitKind::Ladder, "AK", 45_000),
    ("VP", pb::UnitKind::Patrol, "EK", 5_000),
    ("VP", pb::UnitKind::Investigation, "IZ", 30_000),
];

impl Fleet {
    pub(crate) fn new(nation: &Nation, from: DateTime<Utc>) -> Fleet {
        let mut units = Vec::new();
        for (place, territory) in TERRITORIES.iter().enumerate() {
            for (institution, kind, letters, people) in KINDS {
                let wanted = nation.scaled(u64::from(territory.inhabitants)) / people;
                for number in 1..=wanted.max(1) {
                    let call_sign = format!("{letters}{:02}-{number}", place + 1);
                    units.push(Unit { institution, call_sign, kind, territory: place, free_at: from, on_duty: false });
                }
            }
        }
        Fleet(units)
    }

    /// Up to `count` units of a kind that are free, the territory's own before its neighbours in the list.
    pub(crate) fn free(&self, kind: pb::UnitKind, territory: usize, count: usize, at: DateTime<Utc>) -> Vec<usize> {
        let mut found: Vec<usize> = (0..self.0.len())
            .filter(|index| {
                let unit = &self.0[*index];
                unit.kind == kind && unit.on_duty && unit.free_at <= at
            })
            .collect();
        let near = |index: &usize| (self.0[*index].territory.abs_diff(territory), *index);
        // Few of many are wanted: the others are not put in order.
        if count < found.len() {
            found.select_nth_unstable_by_key(count, near);
            found.truncate(count);
        }
        found.sort_unstable_by_key(near);
        found
    }
}
