//! What a plan says: whom it sends at each alarm level, and what must stay.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Applies, PlanError};
use crate::terms::{Service, UnitKind};
use crate::values::{
    AlarmLevel, Code, ContentDigest, CrewSize, InstitutionCode, Label, PlanRank, Station, TerritoryCode, UnitCount,
};

/// The content of a response plan (reaģēšanas plāns): one version of it, as it was proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanContent {
    /// What people call it.
    pub name: Label,
    /// When it applies.
    #[serde(default)]
    pub applies: Applies,
    /// Of two plans that ask for equally much the one of higher rank goes first.
    pub rank: PlanRank,
    /// What goes at each alarm level (trauksmes līmenis), from 1 on. Each states all that is needed, not what comes on top.
    pub levels: Vec<PlanLevel>,
    /// What must stay free wherever units are sent from (pārklājums).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<Coverage>,
}

/// What goes at one alarm level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanLevel {
    /// The level.
    pub level: AlarmLevel,
    /// All that is needed at it.
    pub needs: Vec<Need>,
}

/// So many units of one kind, each with at least that crew and equipment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    /// Whose units (dienests).
    pub service: Service,
    /// What they are.
    pub kind: UnitKind,
    /// How many.
    pub count: UnitCount,
    /// Fewest people in each (apkalpe).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_crew: Option<CrewSize>,
    /// What each must carry (aprīkojums).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub equipment: BTreeSet<Code>,
}

/// So many units of one kind stay free at a station, or in a territory (pārklājums).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Whose station: stations of several institutions may be called alike.
    pub institution: InstitutionCode,
    /// The station; all of the institution together, where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<Station>,
    /// Those that are there for this territory, or for one that lies in it; all, where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub territory: Option<TerritoryCode>,
    /// What they are.
    pub kind: UnitKind,
    /// Fewest that stay.
    pub at_least: UnitCount,
}

impl PlanContent {
    /// Most alarm levels of a plan.
    pub const MOST_LEVELS: usize = 5;
    /// Most needs of one level.
    pub const MOST_NEEDS: usize = 32;
    /// Most lines on what must stay.
    pub const MOST_COVERAGE: usize = 256;

    /// What names this content in events: SHA-256 over its JSON, whose fields and sets have one order.
    #[must_use]
    pub fn digest(&self) -> ContentDigest {
        // Plain data: writing it as JSON doesn't fail.
        let json = serde_json::to_vec(self).unwrap_or_default();
        ContentDigest::of(Sha256::digest(json).into())
    }

    /// What goes at an alarm level: at one beyond the plan's greatest, that one.
    #[must_use]
    pub fn level(&self, asked: AlarmLevel) -> Option<&PlanLevel> {
        self.levels.iter().filter(|level| level.level <= asked).max_by_key(|level| level.level)
    }

    /// All that is wrong with it.
    pub(super) fn broken(&self) -> Vec<PlanError> {
        let mut broken = Vec::new();
        if let Some(hours) = self.applies.hours.filter(|hours| hours.from == hours.until) {
            broken.push(PlanError::NoHours { minute: hours.from.get() });
        }
        let numbers: Vec<u8> = self.levels.iter().map(|level| level.level.get()).collect();
        if numbers.is_empty()
            || numbers.len() > Self::MOST_LEVELS
            || !numbers.iter().copied().eq((1..=9).take(numbers.len()))
        {
            broken.push(PlanError::Levels { levels: numbers });
        }
        for level in &self.levels {
            broken.extend(level.broken());
        }
        for pair in self.levels.windows(2) {
            let [lesser, greater] = pair else { continue };
            broken.extend(greater.fewer_than(lesser));
        }
        if self.coverage.len() > Self::MOST_COVERAGE {
            broken.push(PlanError::TooMuchCoverage { count: self.coverage.len() });
        }
        let mut seen = BTreeSet::new();
        for line in &self.coverage {
            if !seen.insert((&line.institution, &line.station, &line.territory, line.kind)) {
                let (institution, station) = (line.institution.clone(), line.station.clone());
                broken.push(PlanError::CoverageTwice { institution, station, kind: line.kind });
            }
        }
        broken
    }
}

impl PlanLevel {
    fn broken(&self) -> Vec<PlanError> {
        let (level, count) = (self.level.get(), self.needs.len());
        let mut broken = Vec::new();
        if !(1..=PlanContent::MOST_NEEDS).contains(&count) {
            broken.push(PlanError::Needs { level, count });
        }
        let mut seen = BTreeSet::new();
        for need in &self.needs {
            if !seen.insert((need.service, need.kind, need.min_crew, &need.equipment)) {
                broken.push(PlanError::NeedTwice { level, service: need.service, kind: need.kind });
            }
        }
        broken
    }

    fn counts(&self) -> BTreeMap<(Service, UnitKind), u32> {
        let mut counts = BTreeMap::new();
        for need in &self.needs {
            *counts.entry((need.service, need.kind)).or_default() += u32::from(need.count.get());
        }
        counts
    }

    /// Kinds of which it sends fewer than the level below it: a greater alarm never takes back what a lesser one sent.
    fn fewer_than(&self, lesser: &Self) -> Vec<PlanError> {
        let counts = self.counts();
        let fewer = lesser.counts().into_iter().filter(|(key, least)| counts.get(key).copied().unwrap_or(0) < *least);
        fewer.map(|((service, kind), _)| PlanError::LevelShrinks { level: self.level.get(), service, kind }).collect()
    }
}
