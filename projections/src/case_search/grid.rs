//! A grid over the map, so that an index finds what is close by: rows know their field, a question names the fields around a point.

use domain::values::GeoPoint;

/// Height of a field in micro-degrees.
const HIGH_E6: i64 = 5_000;
/// Width of a field in micro-degrees.
const WIDE_E6: i64 = 10_000;
/// Fields of one row are numbered from here on: more than there are around the globe.
const ROW: i64 = 100_000;
/// Metres of a micro-degree north, and of one east at the equator.
const METRES_OF_E6: f64 = 0.111_32;

/// Numbers of the fields that anything within so many metres of a point lies in, and maybe something more. Where the point is further north
/// than anybody lives, fields are too narrow to be counted, and none is told.
pub(super) fn fields_around(point: GeoPoint, metres: u32) -> Vec<i64> {
    let (north, east) = (i64::from(point.latitude_e6()), i64::from(point.longitude_e6()));
    // The circle of latitude that is shortest within reach.
    let reach = (f64::from(metres) / METRES_OF_E6).ceil();
    let furthest = ((north.abs() as f64 + reach) / 1_000_000.0).to_radians().cos();
    if furthest < 0.1 {
        return Vec::new();
    }
    let (high, wide) = (reach as i64, (reach / furthest).ceil() as i64);
    let rows = (north - high).div_euclid(HIGH_E6)..=(north + high).div_euclid(HIGH_E6);
    let columns = (east - wide).div_euclid(WIDE_E6)..=(east + wide).div_euclid(WIDE_E6);
    rows.flat_map(|row| columns.clone().map(move |column| row * ROW + column)).collect()
}

#[cfg(test)]
mod tests {
    use domain::response::metres;

    use super::*;

    fn field_of(point: GeoPoint) -> i64 {
        let (north, east) = (i64::from(point.latitude_e6()), i64::from(point.longitude_e6()));
        north.div_euclid(HIGH_E6) * ROW + east.div_euclid(WIDE_E6)
    }

    fn point(north: i32, east: i32) -> GeoPoint {
        GeoPoint::try_new(north, east).expect("a point")
    }

    #[test]
    fn whatever_is_within_reach_lies_in_one_of_the_fields() {
        let mut within_reach = 0;
        // Steps that no field is a multiple of, so that all of its parts are met.
        for (north, east) in (0..60).flat_map(|n| (0..60).map(move |e| (56_900_003 + 331 * n, 24_000_007 + 617 * e))) {
            for (up, right) in
                [(0, 0), (3_571, 0), (-3_571, 0), (0, 6_523), (0, -6_523), (2_500, -4_500), (-17_900, 1_000)]
            {
                let (here, there) = (point(north, east), point(north + up, east + right));
                let reach = u32::try_from(metres(here, there)).expect("some metres") + 1;
                assert!(fields_around(here, reach).contains(&field_of(there)), "{here:?} {there:?}");
                within_reach += 1;
            }
        }
        assert!(within_reach > 20_000);
    }

    #[test]
    fn a_few_hundred_metres_are_a_few_fields() {
        assert!(fields_around(point(56_950_000, 24_100_000), 400).len() <= 9);
        assert!(fields_around(point(89_000_000, 24_100_000), 400).is_empty());
        assert_eq!(fields_around(point(-1, -1), 1), [-ROW - 1, -ROW, -1, 0], "south and west of nought too");
    }
}
