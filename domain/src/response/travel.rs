//! How long a unit needs to get somewhere.

use super::RosterUnit;
use crate::terms::{Priority, UnitKind};
use crate::values::GeoPoint;

/// A way that a unit might go to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// What goes.
    pub kind: UnitKind,
    /// How urgent the card is.
    pub priority: Option<Priority>,
    /// Where it is.
    pub from: GeoPoint,
    /// Where the card is.
    pub to: GeoPoint,
}

/// An estimate of travel times. The same question has the same answer, or the same inputs would not recommend the same.
pub trait TravelEstimate {
    /// Seconds from setting out until it is there.
    fn seconds(&self, leg: Leg) -> u32;

    /// Where a unit is believed to be at home; nothing where nobody knows.
    fn home(&self, unit: &RosterUnit) -> Option<GeoPoint>;
}

/// The straight line, made longer as roads are, at one speed for each kind. Illustrative numbers: none of them was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StraightLine;

impl StraightLine {
    /// How much longer a road is than the straight line, in hundredths. Illustrative.
    pub const DETOUR_PERCENT: u64 = 135;

    /// Speed of a kind of unit on its way to a call, in metres an hour. Illustrative.
    #[must_use]
    pub const fn metres_an_hour(kind: UnitKind) -> u64 {
        match kind {
            UnitKind::Patrol | UnitKind::Ambulance => 70_000,
            UnitKind::Command | UnitKind::Investigation => 65_000,
            UnitKind::FireEngine | UnitKind::Rescue => 60_000,
            UnitKind::Support => 55_000,
            UnitKind::Ladder => 50_000,
        }
    }

    /// Seconds for so many metres on the straight line. Rounded up: an estimate rather tells too much than too little.
    #[must_use]
    pub fn seconds_over(kind: UnitKind, metres: u64) -> u32 {
        let road = metres.saturating_mul(Self::DETOUR_PERCENT * 36);
        u32::try_from(road.div_ceil(Self::metres_an_hour(kind))).unwrap_or(u32::MAX)
    }
}

impl TravelEstimate for StraightLine {
    fn seconds(&self, leg: Leg) -> u32 {
        Self::seconds_over(leg.kind, metres(leg.from, leg.to))
    }

    fn home(&self, _: &RosterUnit) -> Option<GeoPoint> {
        None
    }
}

/// Metres between two points, in whole numbers only, so that every machine finds the same: on a plane that touches the earth half-way
/// between them. Within Latvia it differs from the great circle by less than one in a thousand.
#[must_use]
pub fn metres(from: GeoPoint, to: GeoPoint) -> u64 {
    /// Micrometres of a micro-degree on a sphere of 6371 km: 111.195 km a degree.
    const MICROMETRES: u64 = 111_195;
    let north = u64::from(from.latitude_e6().abs_diff(to.latitude_e6()));
    let east = u64::from(from.longitude_e6().abs_diff(to.longitude_e6()));
    let east = east.min(360_000_000_u64.saturating_sub(east));
    let middle = (i64::from(from.latitude_e6()) + i64::from(to.latitude_e6())) / 2;
    let east = east * cosine_e6(middle.unsigned_abs()) / 1_000_000;
    let (north, east) = (north * MICROMETRES, east * MICROMETRES);
    // At most 2e13 each: the squares need 128 bits.
    let square = u128::from(north).pow(2) + u128::from(east).pow(2);
    u64::try_from(square.isqrt() / 1_000_000).unwrap_or(u64::MAX)
}

/// Millionths of the cosine of a latitude in micro-degrees, between whole degrees on the straight line.
fn cosine_e6(latitude_e6: u64) -> u64 {
    let (degree, rest) = (latitude_e6 / 1_000_000, latitude_e6 % 1_000_000);
    let at = |degree: u64| usize::try_from(degree).ok().and_then(|at| COSINES_E6.get(at)).copied().unwrap_or(0);
    let (here, next) = (at(degree), at(degree + 1));
    here - (here - next) * rest / 1_000_000
}

/// Millionths of the cosine of 0, 1, … 90 degrees.
const COSINES_E6: [u64; 91] = [
    1_000_000, 999_848, 999_391, 998_630, 997_564, 996_195, 994_522, 992_546, 990_268, 987_688, 984_808, 981_627,
    978_148, 974_370, 970_296, 965_926, 961_262, 956_305, 951_057, 945_519, 939_693, 933_580, 927_184, 920_505,
    913_545, 906_308, 898_794, 891_007, 882_948, 874_620, 866_025, 857_167, 848_048, 838_671, 829_038, 819_152,
    809_017, 798_636, 788_011, 777_146, 766_044, 754_710, 743_145, 731_354, 719_340, 707_107, 694_658, 681_998,
    669_131, 656_059, 642_788, 629_320, 615_661, 601_815, 587_785, 573_576, 559_193, 544_639, 529_919, 515_038,
    500_000, 484_810, 469_472, 453_990, 438_371, 422_618, 406_737, 390_731, 374_607, 358_368, 342_020, 325_568,
    309_017, 292_372, 275_637, 258_819, 241_922, 224_951, 207_912, 190_809, 173_648, 156_434, 139_173, 121_869,
    104_528, 87_156, 69_756, 52_336, 34_899, 17_452, 0,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::sure;

    fn point(latitude_e6: i32, longitude_e6: i32) -> GeoPoint {
        sure(GeoPoint::try_new(latitude_e6, longitude_e6))
    }

    fn seconds(kind: UnitKind, from: GeoPoint, to: GeoPoint) -> u32 {
        StraightLine.seconds(Leg { kind, priority: None, from, to })
    }

    #[test]
    fn distances_are_those_of_the_great_circle() {
        // As the haversine formula gives them on the sphere of 6371 km, in another program.
        for (from, to, there) in [
            ((56_951_500, 24_113_300), (56_504_700, 21_010_700), 195_660),
            ((56_951_500, 24_113_300), (55_874_700, 26_536_200), 191_160),
            ((56_951_500, 24_113_300), (56_957_800, 24_123_400), 930),
            ((57_541_100, 25_427_400), (57_541_100, 25_427_400), 0),
        ] {
            let found = metres(point(from.0, from.1), point(to.0, to.1));
            assert!(found.abs_diff(there) <= there / 1_000 + 1, "{found} metres, not {there}");
            assert_eq!(found, metres(point(to.0, to.1), point(from.0, from.1)));
        }
    }

    #[test]
    fn no_two_points_on_earth_are_too_far_apart_to_tell() {
        assert_eq!(metres(point(90_000_000, 0), point(-90_000_000, 0)), 20_015_100);
        assert_eq!(metres(point(0, -180_000_000), point(0, 180_000_000)), 0);
        let kinds = UnitKind::ALL.iter();
        let far = |kind: &UnitKind| seconds(*kind, point(90_000_000, 0), point(-90_000_000, 0));
        assert!(kinds.map(far).all(|seconds| seconds > 1_000_000));
    }

    #[test]
    fn what_is_farther_takes_longer_and_nothing_takes_no_time() {
        let riga = point(56_951_500, 24_113_300);
        assert_eq!(seconds(UnitKind::Patrol, riga, riga), 0);
        let near = seconds(UnitKind::FireEngine, riga, point(56_957_800, 24_123_400));
        // 931 metres, 1257 on the road, at 60 km/h.
        assert_eq!(near, 76);
        assert!(seconds(UnitKind::Ladder, riga, point(56_957_800, 24_123_400)) > near);
    }
}
