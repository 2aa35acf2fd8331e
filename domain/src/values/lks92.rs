//! Coordinates of the state's plane system (LKS-92, Latvia TM, EPSG:3059), and to and from WGS 84.
//!
//! A transverse Mercator projection of the GRS 80 ellipsoid: central meridian 24° E, scale 0.9996 there, 500 km added to eastings and
//! 6,000 km taken from northings. LKS-92 (ETRS 89) and WGS 84 count as one datum here, as they do in EPSG's null transformation; they
//! drift apart by some centimetres in a year. The series is Krüger's to the sixth order (Karney, Transverse Mercator with an accuracy of
//! a few nanometers, 2011): exact to well below a millimetre in Latvia and around it.

use super::{GeoPoint, ValueError};

/// A point in LKS-92, in millimetres. The northing comes first, as in EPSG:3059 and in the address register, where it is called `x`.
///
/// Swapping the two is the commonest mistake there is with these numbers. [`Lks92::try_new`] refuses what lies outside the country and its
/// waters, so it is found where it leads outside: in three fifths of the country. Elsewhere the territory tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lks92 {
    northing_mm: i64,
    easting_mm: i64,
}

/// Central meridian, degrees.
const MERIDIAN: f64 = 24.0;
const SCALE: f64 = 0.9996;
const FALSE_EASTING: f64 = 500_000.0;
const FALSE_NORTHING: f64 = -6_000_000.0;
/// GRS 80: half the major axis in metres, and flattening.
const A: f64 = 6_378_137.0;
const F: f64 = 1.0 / 298.257_222_101;
/// Third flattening.
const N: f64 = F / (2.0 - F);

/// Northings and eastings of Latvia and its waters, in metres, with some kilometres to spare.
const NORTHINGS: (i64, i64) = (150_000, 480_000);
const EASTINGS: (i64, i64) = (170_000, 780_000);

impl Lks92 {
    /// The point of that northing and easting, in millimetres.
    ///
    /// # Errors
    /// Where it lies outside Latvia and its waters, as it does when the two are swapped in most of the country.
    pub fn try_new(northing_mm: i64, easting_mm: i64) -> Result<Self, ValueError> {
        let within = |what, value: i64, (from, to): (i64, i64)| match (from * 1_000..=to * 1_000).contains(&value) {
            true => Ok(value),
            false => Err(ValueError::Range { what, from: from * 1_000, to: to * 1_000 }),
        };
        Ok(Self {
            northing_mm: within("northing (LKS-92 x) in millimetres", northing_mm, NORTHINGS)?,
            easting_mm: within("easting (LKS-92 y) in millimetres", easting_mm, EASTINGS)?,
        })
    }

    /// Millimetres north of the system's zero.
    #[must_use]
    pub fn northing_mm(self) -> i64 {
        self.northing_mm
    }

    /// Millimetres east of the system's zero.
    #[must_use]
    pub fn easting_mm(self) -> i64 {
        self.easting_mm
    }

    /// The same point in WGS 84.
    ///
    /// # Errors
    /// None for a point that [`Lks92::try_new`] took.
    pub fn to_wgs84(self) -> Result<GeoPoint, ValueError> {
        let metres = |millimetres: i64| millimetres as f64 / 1_000.0;
        let (latitude, longitude) = unproject(metres(self.northing_mm), metres(self.easting_mm));
        let micro = |degrees: f64| (degrees * 1e6).round() as i32;
        GeoPoint::try_new(micro(latitude), micro(longitude))
    }
}

impl TryFrom<GeoPoint> for Lks92 {
    type Error = ValueError;

    /// # Errors
    /// Where the point lies outside Latvia and its waters.
    fn try_from(point: GeoPoint) -> Result<Self, ValueError> {
        let degrees = |micro: i32| f64::from(micro) / 1e6;
        let (northing, easting) = project(degrees(point.latitude_e6()), degrees(point.longitude_e6()));
        let millimetres = |metres: f64| (metres * 1_000.0).round() as i64;
        Self::try_new(millimetres(northing), millimetres(easting))
    }
}

/// Radius of the sphere whose meridian is as long as the ellipsoid's, in metres.
fn rectifying_radius() -> f64 {
    let n2 = N * N;
    A / (1.0 + N) * (1.0 + n2 / 4.0 + n2 * n2 / 64.0 + n2 * n2 * n2 / 256.0)
}

/// Krüger's coefficients from the sphere to the plane.
fn alpha() -> [f64; 6] {
    let [n, n2, n3, n4, n5, n6] = powers();
    [
        n / 2.0 - 2.0 * n2 / 3.0 + 5.0 * n3 / 16.0 + 41.0 * n4 / 180.0 - 127.0 * n5 / 288.0 + 7891.0 * n6 / 37_800.0,
        13.0 * n2 / 48.0 - 3.0 * n3 / 5.0 + 557.0 * n4 / 1440.0 + 281.0 * n5 / 630.0 - 1_983_433.0 * n6 / 1_935_360.0,
        61.0 * n3 / 240.0 - 103.0 * n4 / 140.0 + 15_061.0 * n5 / 26_880.0 + 167_603.0 * n6 / 181_440.0,
        49_561.0 * n4 / 161_280.0 - 179.0 * n5 / 168.0 + 6_601_661.0 * n6 / 7_257_600.0,
        34_729.0 * n5 / 80_640.0 - 3_418_889.0 * n6 / 1_995_840.0,
        212_378_941.0 * n6 / 319_334_400.0,
    ]
}

/// Krüger's coefficients from the plane to the sphere.
fn beta() -> [f64; 6] {
    let [n, n2, n3, n4, n5, n6] = powers();
    [
        n / 2.0 - 2.0 * n2 / 3.0 + 37.0 * n3 / 96.0 - n4 / 360.0 - 81.0 * n5 / 512.0 + 96_199.0 * n6 / 604_800.0,
        n2 / 48.0 + n3 / 15.0 - 437.0 * n4 / 1440.0 + 46.0 * n5 / 105.0 - 1_118_711.0 * n6 / 3_870_720.0,
        17.0 * n3 / 480.0 - 37.0 * n4 / 840.0 - 209.0 * n5 / 4480.0 + 5569.0 * n6 / 90_720.0,
        4397.0 * n4 / 161_280.0 - 11.0 * n5 / 504.0 - 830_251.0 * n6 / 7_257_600.0,
        4583.0 * n5 / 161_280.0 - 108_847.0 * n6 / 3_991_680.0,
        20_648_693.0 * n6 / 638_668_800.0,
    ]
}

fn powers() -> [f64; 6] {
    let n2 = N * N;
    [N, n2, n2 * N, n2 * n2, n2 * n2 * N, n2 * n2 * n2]
}

/// Northing and easting in metres of a latitude and longitude in degrees.
fn project(latitude: f64, longitude: f64) -> (f64, f64) {
    let e = (F * (2.0 - F)).sqrt();
    let (phi, lambda) = (latitude.to_radians(), (longitude - MERIDIAN).to_radians());
    let conformal = (phi.sin().atanh() - e * (e * phi.sin()).atanh()).sinh();
    let xi = conformal.atan2(lambda.cos());
    let eta = (lambda.sin() / conformal.hypot(lambda.cos())).asinh();
    let (mut north, mut east) = (xi, eta);
    for (order, coefficient) in (1..).zip(alpha()) {
        let twice = 2.0 * f64::from(order);
        north += coefficient * (twice * xi).sin() * (twice * eta).cosh();
        east += coefficient * (twice * xi).cos() * (twice * eta).sinh();
    }
    let radius = SCALE * rectifying_radius();
    (FALSE_NORTHING + radius * north, FALSE_EASTING + radius * east)
}

/// Latitude and longitude in degrees of a northing and easting in metres.
fn unproject(northing: f64, easting: f64) -> (f64, f64) {
    let e = (F * (2.0 - F)).sqrt();
    let radius = SCALE * rectifying_radius();
    let (xi, eta) = ((northing - FALSE_NORTHING) / radius, (easting - FALSE_EASTING) / radius);
    let (mut north, mut east) = (xi, eta);
    for (order, coefficient) in (1..).zip(beta()) {
        let twice = 2.0 * f64::from(order);
        north -= coefficient * (twice * xi).sin() * (twice * eta).cosh();
        east -= coefficient * (twice * xi).cos() * (twice * eta).sinh();
    }
    let lambda = east.sinh().atan2(north.cos());
    let conformal = north.sin() / east.sinh().hypot(north.cos());
    // Newton's method: three rounds are exact to the last digit.
    let mut tangent = conformal;
    for _ in 0..5 {
        let secant = tangent.hypot(1.0);
        let sigma = (e * (e * tangent / secant).atanh()).sinh();
        let there = tangent * sigma.hypot(1.0) - sigma * secant;
        let slope = (1.0 - e * e) * secant * there.hypot(1.0) / (1.0 + (1.0 - e * e) * tangent * tangent);
        tangent += (conformal - there) / slope;
    }
    (tangent.atan().to_degrees(), MERIDIAN + lambda.to_degrees())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What PROJ 9 says of a grid over Latvia, made by `scripts/lks92-grid.py`: micro-degrees of latitude and longitude, northing and
    /// easting in tenths of a millimetre.
    const GRID: &str = include_str!("lks92-grid.csv");

    fn rows() -> impl Iterator<Item = [i64; 4]> {
        GRID.lines().skip(1).map(|line| {
            let numbers: Vec<i64> = line.split(',').map(|number| number.parse().expect("a number")).collect();
            numbers.try_into().expect("four numbers")
        })
    }

    #[test]
    fn it_agrees_with_proj_within_a_millimetre_everywhere_in_latvia() {
        let mut points = 0;
        for [latitude, longitude, northing, easting] in rows() {
            let point = GeoPoint::try_new(latitude as i32, longitude as i32).expect("on earth");
            let ours = Lks92::try_from(point).expect("in Latvia");
            assert!((ours.northing_mm() * 10 - northing).abs() <= 10, "{point:?}: {ours:?}, {northing}");
            assert!((ours.easting_mm() * 10 - easting).abs() <= 10, "{point:?}: {ours:?}, {easting}");
            // A micro-degree is 6 to 11 cm: back again it is the same one.
            assert_eq!(ours.to_wgs84(), Ok(point));
            points += 1;
        }
        assert!(points > 500);
    }

    #[test]
    fn the_towns_lie_where_they_are() {
        for (latitude, longitude, easting, northing) in [
            (56_951_500, 24_113_300, 506_891_680, 311_992_860),
            (56_504_700, 21_010_700, 316_033_410, 266_257_190),
            (55_874_700, 26_536_200, 658_669_450, 195_042_030),
            (57_541_100, 25_427_400, 585_445_400, 378_519_400),
        ] {
            let point = Lks92::try_from(GeoPoint::try_new(latitude, longitude).expect("on earth")).expect("in Latvia");
            assert!((point.easting_mm() - easting).abs() <= 10, "{point:?}");
            assert!((point.northing_mm() - northing).abs() <= 10, "{point:?}");
        }
    }

    #[test]
    fn swapped_axes_are_refused_where_they_lead_out_of_the_country() {
        let riga = Lks92::try_new(311_992_860, 506_891_680);
        assert!(riga.is_ok());
        assert!(Lks92::try_new(506_891_680, 311_992_860).is_err());
        assert!(Lks92::try_from(GeoPoint::try_new(37_774_900, -122_419_400).expect("on earth")).is_err());
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_place(latitude in 55_600_000..58_200_000_i32, longitude in 19_000_000..28_300_000_i32) {
            let point = GeoPoint::try_new(latitude, longitude).expect("on earth");
            prop_assert_eq!(Lks92::try_from(point).and_then(Lks92::to_wgs84), Ok(point));
        }
    }
}
