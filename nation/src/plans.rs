//! The response plans that 112 goes by: the illustrative ones, proposed by one supervisor and put into force by another.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use domain::response_plan::{Applies, Coverage, IllustrativePlan, Need, PlanContent, PlanLevel};
use domain::terms::{Priority, Service, UnitKind};
use proto::command::v1 as pb;

use super::chance::Chance;
use super::deed::{Asked, Deed, Expected, Lane, Matter, Post, envelope};
use super::institution::{Institution, Kind};

/// Where the numbers of these matters begin, far from all others.
const MATTERS: u64 = u64::MAX - 1_000;

/// Whoever proposes a plan, and whoever puts it into force.
static TWO: LazyLock<[Institution; 2]> = LazyLock::new(|| {
    ["VUGD", "VKCP"].map(|code| Institution {
        code: code.to_owned(),
        name: "112".to_owned(),
        kind: Kind::EmergencyCentre,
        territory: None,
        journal: "vkcp".to_owned(),
        weight: 0,
    })
});

/// All of them are in force.
pub(crate) fn adopted(seed: u64, at: DateTime<Utc>) -> Vec<Deed> {
    IllustrativePlan::all().into_iter().zip(0..).flat_map(|(plan, n)| adopt(&plan, n, seed, at)).collect()
}

fn adopt(plan: &IllustrativePlan, n: u64, seed: u64, at: DateTime<Utc>) -> [Deed; 2] {
    let mut chance = Chance::of(seed, "plan", n);
    let reason = || "Reaģēšanas kārtība".to_owned();
    let mut deed = |sender: &'static Institution, at, command: &dyn Fn(Option<pb::Envelope>) -> Asked| {
        let (id, envelope) = envelope(&mut chance, at, None);
        Deed {
            at,
            sender,
            post: Post::Administrator,
            lane: Lane::Interactive,
            expected: Expected::Effect,
            id,
            // They never end.
            matter: Some(Matter { number: MATTERS + n, ends: false }),
            unit: None,
            command: command(envelope),
        }
    };
    let (code, digest) = (plan.code.to_string(), plan.content.digest().to_string());
    let [one, other] = &*TWO;
    [
        deed(one, at, &|envelope| {
            let content = Some(content(&plan.content));
            Asked::ProposePlan(pb::ProposePlan { envelope, code: code.clone(), content, reason: reason() })
        }),
        deed(other, at + TimeDelta::milliseconds(500), &|envelope| {
            let (code, digest) = (code.clone(), digest.clone());
            Asked::ApprovePlan(pb::ApprovePlan { envelope, code, digest, reason: reason() })
        }),
    ]
}

/// A term as the contract numbers it.
fn term<T>(kind: &str, code: &str, of: impl FnOnce(&str) -> Option<T>) -> i32
where
    T: Into<i32>,
{
    of(&format!("{kind}_{}", code.to_uppercase())).map_or(0, Into::into)
}

fn service(service: Service) -> i32 {
    term("SERVICE", service.code(), pb::Service::from_str_name)
}

fn kind(kind: UnitKind) -> i32 {
    term("UNIT_KIND", kind.code(), pb::UnitKind::from_str_name)
}

fn content(content: &PlanContent) -> pb::PlanContent {
    pb::PlanContent {
        name: content.name.to_string(),
        applies: Some(applies(&content.applies)),
        rank: content.rank.get().into(),
        levels: content.levels.iter().map(level).collect(),
        coverage: content.coverage.iter().map(coverage).collect(),
    }
}

fn applies(applies: &Applies) -> pb::PlanApplies {
    let priority = |priority: &Priority| term("PRIORITY", priority.code(), pb::Priority::from_str_name);
    pb::PlanApplies {
        card_types: applies.card_types.iter().map(ToString::to_string).collect(),
        priorities: applies.priorities.iter().map(priority).collect(),
        hazards: applies.hazards.iter().map(ToString::to_string).collect(),
        territories: applies.territories.iter().map(ToString::to_string).collect(),
        weekdays: applies.weekdays.iter().map(|day| term("WEEKDAY", day.code(), pb::Weekday::from_str_name)).collect(),
        hours: applies.hours.map(|hours| pb::PlanHours {
            from_minute: hours.from.get().into(),
            until_minute: hours.until.get().into(),
        }),
    }
}

fn level(level: &PlanLevel) -> pb::PlanLevel {
    pb::PlanLevel { level: level.level.get().into(), needs: level.needs.iter().map(need).collect() }
}

fn need(need: &Need) -> pb::PlanNeed {
    pb::PlanNeed {
        service: service(need.service),
        kind: kind(need.kind),
        count: need.count.get().into(),
        min_crew: need.min_crew.map(|crew| crew.get().into()),
        equipment: need.equipment.iter().map(ToString::to_string).collect(),
    }
}

fn coverage(coverage: &Coverage) -> pb::PlanCoverage {
    pb::PlanCoverage {
        institution: coverage.institution.to_string(),
        station: coverage.station.as_ref().map(ToString::to_string).unwrap_or_default(),
        territory: coverage.territory.as_ref().map(ToString::to_string).unwrap_or_default(),
        kind: kind(coverage.kind),
        at_least: coverage.at_least.get().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_illustrative_plan_is_told_whole() {
        for plan in IllustrativePlan::all() {
            let told = content(&plan.content);
            let needs = || told.levels.iter().flat_map(|level| &level.needs);
            assert_eq!(told.levels.len(), plan.content.levels.len(), "{}", plan.code);
            assert!(needs().all(|need| need.service > 0 && need.kind > 0 && need.count > 0), "{told:?}");
            assert!(told.coverage.iter().all(|line| line.kind > 0), "{told:?}");
            let applies = told.applies.expect("when");
            assert!(applies.priorities.iter().chain(&applies.weekdays).all(|term| *term > 0), "{applies:?}");
        }
    }
}
