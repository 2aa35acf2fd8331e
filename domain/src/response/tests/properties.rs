//! Whatever the plans, the card and the roster.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::classifier::Hazard;
use crate::response_plan::{Hours, MinuteOfDay, Weekday};

const EQUIPMENT: [&str; 3] = ["foam", "boat", "hydraulics"];
const STATIONS: [&str; 2] = ["Rīga 1", "Rīga 2"];

fn equipment() -> impl Strategy<Value = BTreeSet<Code>> {
    subsequence(EQUIPMENT.to_vec(), 0..=3).prop_map(|codes| codes.into_iter().map(code).collect())
}

fn outfit() -> impl Strategy<Value = Outfit> {
    let parts = (prop::option::of(1u32..=6), prop::option::of(equipment()), equipment());
    parts.prop_map(|(people, equipment, out)| {
        let out = equipment.iter().flat_map(|carried| carried.intersection(&out)).cloned().collect();
        Outfit { crew: people.map(crew_of), equipment, out_of_service: out }
    })
}

fn crew() -> impl Strategy<Value = CrewSize> {
    (1u32..=6).prop_map(|people| sure(CrewSize::try_new(people)))
}

fn kind() -> impl Strategy<Value = UnitKind> {
    select(vec![UnitKind::FireEngine, UnitKind::FireEngine, UnitKind::Ladder])
}

fn status() -> impl Strategy<Value = UnitStatus> {
    let mostly_free = [vec![UnitStatus::Available; 12], UnitStatus::ALL.to_vec()].concat();
    select(mostly_free)
}

fn unit(n: u32) -> impl Strategy<Value = RosterUnit> {
    let what = (kind(), status(), prop::option::weighted(0.9, Just(Service::FireRescue)));
    let has = (outfit(), prop::option::of(select(STATIONS.to_vec())));
    let is =
        (prop::option::weighted(0.1, 999u128..=1_000), prop::option::weighted(0.9, (-20i32..20, -20i32..20, 0i64..40)));
    (what, has, is).prop_map(move |((kind, status, service), (outfit, at), (card, seen))| RosterUnit {
        service,
        kind,
        status,
        outfit,
        station: at.map(station),
        card: card.map(id),
        seen: seen.map(|(north, east, age)| SeenAt { point: point(north, east), at: now() - TimeDelta::minutes(age) }),
        ..engine(n, 0)
    })
}

fn roster() -> impl Strategy<Value = Vec<RosterUnit>> {
    (0usize..20).prop_flat_map(|count| (1..=u32::try_from(count).unwrap_or(0)).map(unit).collect::<Vec<_>>())
}

fn needs() -> impl Strategy<Value = Vec<Need>> {
    let one = (kind(), 1u32..4, prop::option::of(crew()), equipment());
    let one = one.prop_map(|(kind, count, min_crew, equipment)| Need { min_crew, equipment, ..need(kind, count) });
    prop::collection::vec(one, 1..4)
}

fn coverage() -> impl Strategy<Value = Vec<Coverage>> {
    let line = (prop::option::of(select(STATIONS.to_vec())), 1u32..3).prop_map(|(at, least)| stays(at, least));
    prop::collection::vec(line, 0..3)
}

fn applies() -> impl Strategy<Value = Applies> {
    let codes = |codes: Vec<&'static str>| subsequence(codes, 0..=2);
    let hours = prop::option::of((0u32..1440, 0u32..1440)).prop_map(|hours| {
        let minute = |minute| sure(MinuteOfDay::try_new(minute));
        hours.map(|(from, until)| Hours { from: minute(from), until: minute(until) })
    });
    let of_card = (codes(vec!["structure-fire", "gas-leak"]), codes(vec!["smoke", "gas"]));
    let of_time = (hours, subsequence(Weekday::ALL.to_vec(), 0..=7));
    (of_card, of_time).prop_map(|((types, hazards), (hours, weekdays))| Applies {
        card_types: types.into_iter().map(|code| sure(CardType::parse(code))).collect(),
        hazards: hazards.into_iter().map(|code| sure(Hazard::parse(code))).collect(),
        weekdays: weekdays.into_iter().collect(),
        hours,
        ..Applies::default()
    })
}

/// Plans, the first of which always applies.
fn plans() -> impl Strategy<Value = Vec<PlanVersion>> {
    let content = (applies(), 0u32..3, needs(), coverage());
    prop::collection::vec(content, 1..6).prop_map(|contents| {
        let versions = (0..).zip(contents).map(|(n, (applies, rank, needs, coverage))| {
            let mut version = plan(&format!("plan-{n}"), needs);
            version.content.applies = if n == 0 { Applies::default() } else { applies };
            (version.content.rank, version.content.coverage) = (sure(PlanRank::try_new(rank)), coverage);
            version
        });
        versions.collect()
    })
}

fn one_plan(with_coverage: bool) -> impl Strategy<Value = Vec<PlanVersion>> {
    (needs(), coverage()).prop_map(move |(needs, coverage)| {
        let mut version = plan("plan", needs);
        version.content.coverage = if with_coverage { coverage } else { Vec::new() };
        vec![version]
    })
}

/// What is followed of all plans.
fn followed<'a>(told: &Recommendation, plans: &'a [PlanVersion]) -> &'a PlanVersion {
    let code = told.plan.as_ref().map(|plan| &plan.code);
    plans.iter().find(|plan| Some(&plan.code) == code).expect("one that applies")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_what_comes_in_makes_no_difference(
        (plans, shuffled_plans) in plans().prop_flat_map(|plans| (Just(plans.clone()), Just(plans).prop_shuffle())),
        (roster, shuffled) in roster().prop_flat_map(|roster| (Just(roster.clone()), Just(roster).prop_shuffle())),
    ) {
        let told = of(&plans, &roster);
        prop_assert_eq!(&of(&shuffled_plans, &shuffled), &told);
        // Every plan and every unit is told of, once.
        prop_assert_eq!(told.plans_left.len() + 1, plans.len());
        let mut units: Vec<Uuid> = told.units_left.iter().map(|left| left.unit).chain(chosen(&told)).collect();
        units.sort_unstable();
        prop_assert_eq!(units, roster.iter().map(|unit| unit.id).collect::<Vec<_>>());
        prop_assert!(told.units_left.iter().all(|left| !left.reasons.is_empty()));
    }

    #[test]
    fn whoever_goes_fits_what_they_go_for_and_goes_once(plans in plans(), roster in roster()) {
        let told = of(&plans, &roster);
        let mut seen = BTreeSet::new();
        for filled in &told.needs {
            let need = &filled.need;
            for chosen in &filled.chosen {
                prop_assert!(seen.insert(chosen.unit), "{} goes twice", chosen.unit);
                let unit = roster.iter().find(|unit| unit.id == chosen.unit).expect("it is in the roster");
                prop_assert!(unit.is_free());
                prop_assert_eq!((unit.service, unit.kind), (Some(need.service), need.kind));
                let Outfit { crew, equipment, out_of_service } = &unit.outfit;
                prop_assert!(crew.is_none() || crew.as_ref().map(|crew| crew.size) >= need.min_crew);
                prop_assert!(equipment.as_ref().is_none_or(|has| need.equipment.is_subset(has)));
                prop_assert!(need.equipment.is_disjoint(out_of_service));
                // And what isn't known is told, no more and no less.
                let doubts = |doubt| chosen.doubts.contains(&doubt);
                prop_assert_eq!(doubts(Doubt::CrewUnknown), need.min_crew.is_some() && crew.is_none());
                prop_assert_eq!(doubts(Doubt::EquipmentUnknown), !need.equipment.is_empty() && equipment.is_none());
                let seen = unit.seen.expect("it is known where it is");
                prop_assert!(now() - seen.at <= MAX_POSITION_AGE);
                let leg = Leg { kind: unit.kind, priority: fire().priority, from: seen.point, to: point(0, 0) };
                prop_assert_eq!(chosen.seconds, StraightLine.seconds(leg));
            }
            prop_assert!(filled.chosen.is_sorted_by_key(|chosen| (chosen.seconds, chosen.metres, chosen.unit)));
            let there = filled.already.len() + filled.chosen.len() + usize::from(filled.missing);
            prop_assert_eq!(there, usize::from(need.count.get()));
        }
    }

    #[test]
    fn what_must_stay_stays_wherever_somebody_leaves(plans in plans(), roster in roster()) {
        let told = of(&plans, &roster);
        for line in &followed(&told, &plans).content.coverage {
            let counts = |unit: &&RosterUnit| {
                unit.is_free() && unit.kind == line.kind && (line.station.is_none() || unit.station == line.station)
            };
            let (left, goes): (Vec<_>, Vec<_>) = roster.iter().filter(counts).partition(|unit| !told.names(unit.id));
            prop_assert!(goes.is_empty() || left.len() >= usize::from(line.at_least.get()));
        }
    }

    #[test]
    fn whoever_is_known_to_lack_something_is_told_what(plans in one_plan(false), roster in roster()) {
        let told = of(&plans, &roster);
        let asked: BTreeSet<Code> = told.needs.iter().flat_map(|filled| filled.need.equipment.clone()).collect();
        for left in &told.units_left {
            let unit = roster.iter().find(|unit| unit.id == left.unit).expect("it is in the roster");
            for reason in &left.reasons {
                match reason {
                    LeftReason::EquipmentMissing(codes) => {
                        prop_assert!(!codes.is_empty() && codes.is_subset(&asked));
                        prop_assert!(unit.outfit.equipment.as_ref().is_some_and(|has| has.is_disjoint(codes)));
                    }
                    LeftReason::EquipmentOutOfService(codes) => {
                        prop_assert!(!codes.is_empty() && codes.is_subset(&asked));
                        prop_assert!(codes.is_subset(&unit.outfit.out_of_service));
                    }
                    LeftReason::CrewTooSmall => prop_assert!(unit.outfit.crew.is_some()),
                    _ => {}
                }
            }
        }
    }

    // A unit that stays may be what lets another go, where something must stay: so this is asked without such lines.
    #[test]
    fn whoever_does_not_go_makes_no_difference_to_who_does(plans in one_plan(false), roster in roster()) {
        let told = of(&plans, &roster);
        for left in told.units_left.iter().filter(|left| !left.reasons.contains(&LeftReason::AlreadyThere)) {
            let without: Vec<_> = roster.iter().filter(|unit| unit.id != left.unit).cloned().collect();
            prop_assert_eq!(&of(&plans, &without).needs, &told.needs);
        }
    }

    #[test]
    fn a_unit_that_fits_and_is_faster_than_all_goes(plans in one_plan(true), roster in roster()) {
        let told = of(&plans, &roster);
        let Some(wanted) = told.needs.iter().find(|filled| filled.already.len() < usize::from(filled.need.count.get())) else {
            return Ok(());
        };
        let new = RosterUnit {
            // Where nothing has to stay, at the scene, with everything.
            institution: sure(InstitutionCode::parse("OTHER")),
            kind: wanted.need.kind,
            outfit: Outfit {
                crew: Some(crew_of(6)),
                equipment: Some(EQUIPMENT.into_iter().map(code).collect()),
                out_of_service: BTreeSet::new(),
            },
            ..engine(0, 0)
        };
        let with = [roster.as_slice(), std::slice::from_ref(&new)].concat();
        prop_assert!(of(&plans, &with).names(new.id));
    }
}
