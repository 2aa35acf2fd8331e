//! The choice of plan and units.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::recommendation::{Chosen, Doubt, LeftOut, LeftReason, NeedFilled, PlanLeft, PlanReason};
use super::{CardSeen, Leg, PlanVersion, RosterUnit, TravelEstimate, metres};
use crate::ids::riga_day;
use crate::response_plan::{Applies, Coverage, Mismatch, Need, lies_in};
use crate::terms::UnitStatus;
use crate::values::GeoPoint;

/// How old a position may be: a unit that said longer ago where it is may be anywhere. Illustrative.
pub const MAX_POSITION_AGE: TimeDelta = TimeDelta::minutes(30);

/// The plan to follow, and why no other.
pub(super) fn plan(
    plans: &[PlanVersion],
    misfit: impl Fn(&Applies) -> Vec<Mismatch>,
) -> (Option<&PlanVersion>, Vec<PlanLeft>) {
    let key = |plan: &PlanVersion| (plan.content.applies.specificity(), plan.content.rank);
    let judged: Vec<_> = plans.iter().map(|plan| (plan, misfit(&plan.content.applies))).collect();
    let fits = judged.iter().filter(|(_, mismatches)| mismatches.is_empty()).map(|(plan, _)| *plan);
    let best = fits.max_by_key(|plan| (key(plan), Reverse((&plan.code, plan.version))));
    let left = judged
        .into_iter()
        .filter(|(plan, _)| best.is_none_or(|best| (&best.code, best.version) != (&plan.code, plan.version)));
    let left = left.map(|(plan, mismatches)| {
        let reason = match best {
            Some(best) if mismatches.is_empty() => {
                let ((points, rank), (most, highest)) = (key(plan), key(best));
                if points < most {
                    PlanReason::LessSpecific
                } else if rank < highest {
                    PlanReason::LowerRank
                } else {
                    PlanReason::LaterCode
                }
            }
            _ => PlanReason::Mismatch(mismatches),
        };
        PlanLeft { code: plan.code.clone(), version: plan.version, reason }
    });
    let mut left: Vec<PlanLeft> = left.collect();
    left.sort_by(|a, b| (&a.code, a.version).cmp(&(&b.code, b.version)));
    (best, left)
}

/// How far a unit is from the card.
#[derive(Debug, Clone, Copy)]
struct Way {
    seconds: u32,
    metres: u64,
    /// Nobody said where the unit is: it is believed to be at home.
    assumed: bool,
}

/// A unit that is looked at, and what was found.
struct Candidate<'a> {
    unit: &'a RosterUnit,
    way: Option<Way>,
    /// What speaks against it whatever it would go for.
    against: BTreeSet<LeftReason>,
    /// What spoke against it for one need or another.
    found: BTreeSet<LeftReason>,
    goes: bool,
}

/// Who goes for each need, and why nobody else.
pub(super) fn units(
    needs: &[Need],
    coverage: &[Coverage],
    card: &CardSeen,
    roster: &[RosterUnit],
    at: DateTime<Utc>,
    travel: &impl TravelEstimate,
) -> (Vec<NeedFilled>, Vec<LeftOut>) {
    let mut candidates: Vec<Candidate<'_>> =
        roster.iter().map(|unit| candidate(unit, needs, card, at, travel)).collect();
    // From here on by time, then way, then id, whatever order they came in.
    candidates.sort_by_key(|candidate| {
        (candidate.way.map_or((u32::MAX, u64::MAX), |way| (way.seconds, way.metres)), candidate.unit.id)
    });
    let mut stays = Stays::new(coverage, roster, riga_day(&at));
    let mut filled: BTreeMap<usize, NeedFilled> = BTreeMap::new();
    let mut there: BTreeSet<Uuid> = BTreeSet::new();
    for index in hardest_first(needs) {
        let need = &needs[index];
        let already = on_card(need, card, roster, &mut there);
        let missing = need.count.get().saturating_sub(u8::try_from(already.len()).unwrap_or(u8::MAX));
        let mut filling = NeedFilled { need: need.clone(), already, chosen: Vec::new(), missing };
        for candidate in candidates.iter_mut().filter(|candidate| !candidate.goes && asks_for(need, candidate.unit)) {
            let Some(way) = candidate.way.filter(|_| candidate.against.is_empty()) else { continue };
            let misses = misses(need, candidate.unit);
            if !misses.is_empty() {
                candidate.found.extend(misses);
            } else if filling.missing == 0 {
                candidate.found.insert(LeftReason::Slower);
            } else if let Some(broken) = stays.broken_without(candidate.unit) {
                candidate.found.insert(LeftReason::BreaksCoverage(broken.clone()));
            } else {
                stays.leaves(candidate.unit);
                candidate.goes = true;
                filling.missing -= 1;
                let Way { seconds, metres, assumed } = way;
                let mut doubts = doubts(need, candidate.unit);
                doubts.extend(assumed.then_some(Doubt::PositionAssumed));
                filling.chosen.push(Chosen { unit: candidate.unit.id, seconds, metres, doubts });
            }
        }
        filled.insert(index, filling);
    }
    let left = candidates.into_iter().filter(|candidate| !candidate.goes);
    let left = left.map(|Candidate { unit, way, mut against, found, .. }| {
        against.extend(found);
        LeftOut { unit: unit.id, reasons: against, seconds: way.map(|way| way.seconds) }
    });
    let mut left: Vec<LeftOut> = left.collect();
    left.sort_by_key(|left| left.unit);
    (filled.into_values().collect(), left)
}

/// The needs in the order in which they choose: who asks for most first, or an easier need might take the one unit that a harder one could
/// have had.
fn hardest_first(needs: &[Need]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|index| {
        let need = &needs[*index];
        (Reverse(need.equipment.len()), Reverse(need.min_crew), need, *index)
    });
    order
}

/// Whether a unit is of the service and kind that a need asks for.
fn asks_for(need: &Need, unit: &RosterUnit) -> bool {
    unit.service == Some(need.service) && unit.kind == need.kind
}

/// Units on the card that count towards a need: each towards one only, by id.
fn on_card(need: &Need, card: &CardSeen, roster: &[RosterUnit], there: &mut BTreeSet<Uuid>) -> Vec<Uuid> {
    let Some(id) = card.id else { return Vec::new() };
    let fits = |unit: &&RosterUnit| unit.card == Some(id) && asks_for(need, unit) && misses(need, unit).is_empty();
    let mut on_it: Vec<Uuid> =
        roster.iter().filter(fits).map(|unit| unit.id).filter(|id| !there.contains(id)).collect();
    on_it.sort_unstable();
    on_it.truncate(need.count.get().into());
    there.extend(&on_it);
    on_it
}

/// A unit, how far it is, and what speaks against it whatever it would go for.
fn candidate<'a>(
    unit: &'a RosterUnit,
    needs: &[Need],
    card: &CardSeen,
    at: DateTime<Utc>,
    travel: &impl TravelEstimate,
) -> Candidate<'a> {
    let mut against = BTreeSet::new();
    if unit.card.is_some() && unit.card == card.id {
        against.insert(LeftReason::AlreadyThere);
    } else {
        against.extend(not_free(unit));
    }
    if !needs.iter().any(|need| asks_for(need, unit)) {
        against.insert(LeftReason::WrongKind);
    }
    let way = place(unit, at, travel).and_then(|(from, assumed)| {
        let to = card.point.ok_or(LeftReason::CardWithoutPoint)?;
        let seconds = travel.seconds(Leg { kind: unit.kind, priority: card.priority, from, to });
        Ok(Way { seconds, metres: metres(from, to), assumed })
    });
    let way = way.map_err(|reason| against.insert(reason)).ok();
    Candidate { unit, way, against, found: BTreeSet::new(), goes: false }
}

/// Where a unit is, and whether that is assumed: one that is free and does not say is at home, where that is known.
fn place(unit: &RosterUnit, at: DateTime<Utc>, travel: &impl TravelEstimate) -> Result<(GeoPoint, bool), LeftReason> {
    let unsaid = match unit.seen {
        Some(seen) if at.signed_duration_since(seen.at) <= MAX_POSITION_AGE => return Ok((seen.point, false)),
        Some(_) => LeftReason::PositionTooOld,
        None => LeftReason::PositionUnknown,
    };
    let at_home = unit.status == UnitStatus::Available && unit.is_free();
    let home = at_home.then(|| travel.home(unit)).flatten();
    home.map(|home| (home, true)).ok_or(unsaid)
}

/// Why a unit can't be sent at all; nothing where it can.
fn not_free(unit: &RosterUnit) -> Option<LeftReason> {
    match unit.status {
        UnitStatus::OffDuty => Some(LeftReason::OffDuty),
        UnitStatus::OutOfService | UnitStatus::Emergency => Some(LeftReason::OutOfService),
        _ if unit.is_free() => None,
        _ => Some(LeftReason::Busy),
    }
}

/// What a need asks for and a unit is known not to have. What is not known is a doubt, not a reason: nobody would go where nobody says
/// how many are in a car.
fn misses(need: &Need, unit: &RosterUnit) -> Vec<LeftReason> {
    let crew = unit.outfit.crew.as_ref().map(|crew| crew.size);
    let too_small = need.min_crew.zip(crew).is_some_and(|(least, crew)| crew < least);
    let known = unit.outfit.equipment.is_some();
    let (carried, missing): (BTreeSet<_>, BTreeSet<_>) =
        need.equipment.iter().filter(|_| known).cloned().partition(|code| unit.outfit.carries(code));
    let broken: BTreeSet<_> = carried.intersection(&unit.outfit.out_of_service).cloned().collect();
    let missing = (!missing.is_empty()).then_some(LeftReason::EquipmentMissing(missing));
    let broken = (!broken.is_empty()).then_some(LeftReason::EquipmentOutOfService(broken));
    too_small.then_some(LeftReason::CrewTooSmall).into_iter().chain(missing).chain(broken).collect()
}

fn doubts(need: &Need, unit: &RosterUnit) -> BTreeSet<Doubt> {
    let doubts = [
        (need.min_crew.is_some() && unit.outfit.crew.is_none(), Doubt::CrewUnknown),
        (!need.equipment.is_empty() && unit.outfit.equipment.is_none(), Doubt::EquipmentUnknown),
        (unit.status == UnitStatus::ConditionallyAvailable, Doubt::ConditionallyAvailable),
        (unit.status == UnitStatus::Clearing, Doubt::Clearing),
    ];
    doubts.into_iter().filter_map(|(is_so, doubt)| is_so.then_some(doubt)).collect()
}

/// How many units stay free for each line of what must stay.
struct Stays<'a> {
    lines: Vec<(&'a Coverage, usize)>,
    /// On this day: territories are those of a day.
    day: NaiveDate,
}

impl<'a> Stays<'a> {
    fn new(coverage: &'a [Coverage], roster: &[RosterUnit], day: NaiveDate) -> Self {
        let free = |line: &Coverage| roster.iter().filter(|unit| unit.is_free() && counts_for(line, unit, day)).count();
        Self { lines: coverage.iter().map(|line| (line, free(line))).collect(), day }
    }

    /// The first line that would be broken, or broken further, if a unit left.
    fn broken_without(&self, unit: &RosterUnit) -> Option<&'a Coverage> {
        let mut lines = self.lines.iter().filter(|(line, _)| counts_for(line, unit, self.day));
        lines.find(|(line, free)| *free <= usize::from(line.at_least.get())).map(|(line, _)| *line)
    }

    fn leaves(&mut self, unit: &RosterUnit) {
        let lines = self.lines.iter_mut().filter(|(line, _)| counts_for(line, unit, self.day));
        lines.for_each(|(_, free)| *free = free.saturating_sub(1));
    }
}

fn counts_for(line: &Coverage, unit: &RosterUnit, day: NaiveDate) -> bool {
    line.kind == unit.kind
        && line.institution == unit.institution
        && line.station.as_ref().is_none_or(|station| unit.station.as_ref() == Some(station))
        && line.territory.as_ref().is_none_or(|territory| lies_in(unit.territory.as_ref(), day).contains(territory))
}
