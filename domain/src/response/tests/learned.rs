//! Travel times that were learned from past drives.

use proptest::prelude::*;

use super::*;

/// Steps of [`point`] to the north, each of 111 metres, and what a drive of that length takes there: a minute, and 15 seconds a step.
fn drive(n: u32, steps: i32) -> Drive {
    Drive {
        began: now() + TimeDelta::minutes(n.into()),
        home: Home::Station(vugd(), station("Rīga 1")),
        kind: UnitKind::FireEngine,
        priority: Some(Priority::P1),
        to: point(steps, 0),
        seconds: 60 + 15 * steps.unsigned_abs(),
    }
}

/// Four hundred drives from the station at (0, 0), as far as 40 steps either way.
fn drives() -> Vec<Drive> {
    (0..400_u32).map(|n| drive(n, i32::try_from(n % 81).unwrap_or(0) - 40)).collect()
}

fn leg(priority: Option<Priority>, steps: i32) -> Leg {
    Leg { kind: UnitKind::FireEngine, priority, from: point(0, 0), to: point(steps, 0) }
}

#[test]
fn drives_teach_where_a_station_is_and_how_long_ways_from_there_take() {
    let learned = LearnedTravel::learn(&drives());
    let home = learned.place_of(&Home::of(id(1), &vugd(), Some(&station("Rīga 1")))).expect("400 drives tell");
    assert!(metres(home, point(0, 0)) < 150, "{home:?}");
    assert_eq!((learned.homes(), learned.drives()), (1, 400));
    for steps in [4_i32, 10, 20, 30] {
        let (took, told) = (60 + 15 * steps.unsigned_abs(), learned.seconds(leg(Some(Priority::P1), steps)));
        assert!(took.abs_diff(told) < took / 4, "{steps} steps: {told} s, they took {took}");
        let straight = StraightLine.seconds(leg(None, steps));
        assert!(
            took.abs_diff(told) < took.abs_diff(straight),
            "{steps} steps: {told} s, {straight} on the straight line"
        );
    }
    // Another priority goes as all of that kind, another kind on the straight line.
    assert_eq!(learned.seconds(leg(Some(Priority::P3), 20)), learned.seconds(leg(None, 20)));
    let ladder = Leg { kind: UnitKind::Ladder, ..leg(None, 20) };
    assert_eq!(learned.seconds(ladder), StraightLine.seconds(ladder));
}

#[test]
fn few_drives_teach_little_and_none_nothing() {
    let nothing = LearnedTravel::learn(&[]);
    assert_eq!(nothing.seconds(leg(None, 20)), StraightLine.seconds(leg(None, 20)));
    let few: Vec<Drive> = drives().into_iter().take(19).collect();
    assert_eq!(LearnedTravel::learn(&few), nothing, "nobody knows where they set out from");
    // One band with a single drive of an hour among those that are known: it stays near the straight line.
    let mut drives = drives();
    drives.push(Drive { seconds: 3_600, ..drive(1, 100) });
    let (told, straight) = (LearnedTravel::learn(&drives).seconds(leg(None, 90)), StraightLine.seconds(leg(None, 90)));
    assert!(told < straight + 300, "{told} s, {straight} on the straight line");
}

#[test]
fn a_unit_that_does_not_say_where_it_is_is_believed_to_be_at_home_while_it_is_free() {
    let learned = LearnedTravel::learn(&drives());
    let silent = |n, status| RosterUnit { seen: None, status, ..engine(n, 0) };
    let elsewhere = RosterUnit { station: Some(station("Rīga 2")), ..silent(4, UnitStatus::Available) };
    let roster = [engine(1, 15), silent(2, UnitStatus::Available), silent(3, UnitStatus::Clearing), elsewhere];
    let plans = [plan("fire", vec![need(UnitKind::FireEngine, 2)])];
    let told = recommend(&plans, &fire(), &roster, When::at(now()), &learned);
    assert_eq!(chosen(&told), [id(2), id(1)]);
    let doubts: Vec<bool> = told.chosen().map(|chosen| chosen.doubts.contains(&Doubt::PositionAssumed)).collect();
    assert_eq!(doubts, [true, false]);
    assert_eq!((why(&told, 3), why(&told, 4)), (vec!["position_unknown"], vec!["position_unknown"]));
    // The straight line alone knows no homes.
    let told = recommend(&plans, &fire(), &roster, When::at(now()), &StraightLine);
    assert_eq!((chosen(&told), why(&told, 2)), (vec![id(1)], vec!["position_unknown"]));
}

#[test]
fn estimates_are_tried_on_later_drives_than_those_that_taught() {
    let mut later = drives();
    later.push(Drive { home: Home::Unit(id(9)), ..drive(1_000, 3) });
    let tried = back_test(later);
    assert_eq!((tried.teaching, tried.homes, tried.left), (280, 1, 1));
    let all = tried.all.expect("120 were tried");
    assert_eq!((all.drives, tried.kinds.len()), (120, 1));
    assert!(all.learned.mean < all.straight.mean / 2, "{all:?}");
    assert!(all.learned.median <= all.learned.p90 && all.straight.median <= all.straight.p90);
    assert_eq!(back_test(Vec::new()).all, None);
}

fn any_drive() -> impl Strategy<Value = Drive> {
    let what = (0u32..10_000, -60i32..60, -60i32..60, 1u32..7_200);
    (what, 0usize..3, proptest::option::of(0usize..4)).prop_map(|((n, north, east, seconds), home, priority)| Drive {
        home: Home::Unit(id(u128::try_from(home).unwrap_or(0))),
        priority: priority.map(|priority| Priority::ALL[priority]),
        to: point(north, east),
        seconds,
        ..drive(n, 0)
    })
}

proptest! {
    #[test]
    fn farther_never_takes_less_and_the_order_of_drives_teaches_nothing(
        drives in proptest::collection::vec(any_drive(), 0..200),
        seed in any::<u64>(),
    ) {
        let learned = LearnedTravel::learn(&drives);
        for priority in Priority::ALL.iter().copied().map(Some).chain([None]) {
            let told: Vec<u32> = (0..400).map(|steps| learned.seconds(leg(priority, steps))).collect();
            prop_assert!(told.is_sorted(), "{told:?}");
        }
        let mut shuffled: Vec<(u64, Drive)> = drives.iter().cloned().enumerate().map(|(n, drive)| {
            (seed.wrapping_add(n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15), drive)
        }).collect();
        shuffled.sort_by_key(|(key, _)| *key);
        let shuffled: Vec<Drive> = shuffled.into_iter().map(|(_, drive)| drive).collect();
        prop_assert_eq!(&LearnedTravel::learn(&shuffled), &learned);
        prop_assert_eq!(back_test(shuffled), back_test(drives));
    }
}
