//! A recommendation as the wire has it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::response::{Chosen, LeftOut, LeftReason, NeedFilled, PlanLeft, PlanReason, Recommendation, RosterUnit};
use domain::response_plan::{Coverage, Mismatch, Need};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::read::Inputs;
use super::travel::Travel;
use crate::question::utc;
use crate::wire::Wire as _;

/// The whole of it.
pub(super) fn reply(
    told: &Recommendation,
    inputs: &Inputs,
    travel: &Travel,
    at: DateTime<Utc>,
) -> pb::RecommendResponseReply {
    let units: BTreeMap<Uuid, &RosterUnit> = inputs.roster.iter().map(|unit| (unit.id, unit)).collect();
    let of_other_kind = |left: &&LeftOut| left.reasons.contains(&LeftReason::WrongKind);
    let (other_kinds, left): (Vec<_>, Vec<_>) = told.units_left.iter().partition(of_other_kind);
    pb::RecommendResponseReply {
        card: inputs.card.id.map(|id| id.to_string()).unwrap_or_default(),
        at: utc(at),
        plan: told.plan.as_ref().map(|plan| pb::RecommendedPlan {
            code: plan.code.to_string(),
            version: plan.version,
            name: plan.name.to_string(),
            level: plan.level.into(),
            specificity: plan.specificity.into(),
            rank: plan.rank.into(),
        }),
        plans_left: told.plans_left.iter().map(plan_left).collect(),
        needs: told.needs.iter().map(|filled| filled_need(filled, &units)).collect(),
        services: told.services().into_iter().map(|service| service.wire().into()).collect(),
        units_left: left.into_iter().map(|left| unit_left(left, &units)).collect(),
        units_of_other_kinds: u32::try_from(other_kinds.len()).unwrap_or(u32::MAX),
        travel: Some(pb::TravelBasis {
            drives: travel.learned.drives(),
            until: travel.until.filter(|_| travel.learned.drives() > 0).map(utc).unwrap_or_default(),
        }),
    }
}

/// Ids of all units that an answer names.
pub(super) fn units(answer: &pb::RecommendResponseReply) -> impl Iterator<Item = Uuid> {
    let chosen = answer.needs.iter().flat_map(|need| &need.chosen).filter_map(|chosen| chosen.unit.as_ref());
    let left = answer.units_left.iter().filter_map(|left| left.unit.as_ref());
    let already = answer.needs.iter().flat_map(|need| &need.already);
    let ids = chosen.chain(left).map(|unit| &unit.id).chain(already);
    ids.filter_map(|id| Uuid::try_parse(id).ok())
}

fn plan_left(left: &PlanLeft) -> pb::PlanLeft {
    let mismatches = match &left.reason {
        PlanReason::Mismatch(mismatches) => mismatches.as_slice(),
        PlanReason::LessSpecific | PlanReason::LowerRank | PlanReason::LaterCode => &[],
    };
    pb::PlanLeft {
        code: left.code.to_string(),
        version: left.version,
        reason: left.reason.code().to_owned(),
        mismatches: mismatches.iter().map(|mismatch: &Mismatch| mismatch.code().to_owned()).collect(),
    }
}

fn filled_need(filled: &NeedFilled, units: &BTreeMap<Uuid, &RosterUnit>) -> pb::NeedFilled {
    let chosen = |chosen: &Chosen| pb::RecommendedUnit {
        unit: rostered(chosen.unit, units),
        seconds: chosen.seconds,
        metres: chosen.metres,
        doubts: chosen.doubts.iter().map(|doubt| doubt.code().to_owned()).collect(),
    };
    pb::NeedFilled {
        need: Some(need(&filled.need)),
        already: filled.already.iter().map(Uuid::to_string).collect(),
        chosen: filled.chosen.iter().map(chosen).collect(),
        missing: filled.missing.into(),
    }
}

fn need(need: &Need) -> pb::PlanNeed {
    pb::PlanNeed {
        service: need.service.wire().into(),
        kind: need.kind.wire().into(),
        count: need.count.into(),
        min_crew: need.min_crew.map(Into::into),
        equipment: need.equipment.iter().map(ToString::to_string).collect(),
    }
}

fn unit_left(left: &LeftOut, units: &BTreeMap<Uuid, &RosterUnit>) -> pb::UnitLeft {
    let reason = |reason: &LeftReason| {
        let mut told = pb::UnitLeftReason { reason: reason.code().to_owned(), ..pb::UnitLeftReason::default() };
        match reason {
            LeftReason::EquipmentMissing(codes) | LeftReason::EquipmentOutOfService(codes) => {
                told.equipment = codes.iter().map(ToString::to_string).collect()
            }
            LeftReason::BreaksCoverage(stays) => told.coverage = Some(coverage(stays)),
            _ => {}
        }
        told
    };
    pb::UnitLeft {
        unit: rostered(left.unit, units),
        reasons: left.reasons.iter().map(reason).collect(),
        seconds: left.seconds,
    }
}

fn coverage(stays: &Coverage) -> pb::PlanCoverage {
    pb::PlanCoverage {
        institution: stays.institution.to_string(),
        station: stays.station.as_ref().map(ToString::to_string).unwrap_or_default(),
        territory: stays.territory.as_ref().map(ToString::to_string).unwrap_or_default(),
        kind: stays.kind.wire().into(),
        at_least: stays.at_least.into(),
    }
}

fn rostered(id: Uuid, units: &BTreeMap<Uuid, &RosterUnit>) -> Option<pb::RosteredUnit> {
    let unit = units.get(&id)?;
    Some(pb::RosteredUnit {
        id: id.to_string(),
        institution: unit.institution.to_string(),
        call_sign: unit.call_sign.to_string(),
        kind: unit.kind.wire().into(),
        status: unit.status.wire().into(),
        station: unit.station.as_ref().map(ToString::to_string).unwrap_or_default(),
        seen_at: unit.seen.map(|seen| utc(seen.at)).unwrap_or_default(),
    })
}
