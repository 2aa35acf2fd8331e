use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ValueError;

/// A point on earth in WGS 84, in micro-degrees: no floating-point number enters the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct GeoPoint {
    latitude_e6: i32,
    longitude_e6: i32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Raw {
    /// Micro-degrees north of the equator.
    #[schemars(range(min = -90_000_000, max = 90_000_000))]
    latitude_e6: i32,
    /// Micro-degrees east of Greenwich.
    #[schemars(range(min = -180_000_000, max = 180_000_000))]
    longitude_e6: i32,
}

impl GeoPoint {
    /// The point at that latitude and longitude.
    ///
    /// # Errors
    /// Where the latitude is beyond ±90 degrees or the longitude beyond ±180.
    pub fn try_new(latitude_e6: i32, longitude_e6: i32) -> Result<Self, ValueError> {
        let within = |what, value: i32, most: i32| {
            let beyond = ValueError::Range { what, from: -i64::from(most), to: i64::from(most) };
            if (-most..=most).contains(&value) { Ok(value) } else { Err(beyond) }
        };
        Ok(Self {
            latitude_e6: within("latitude in micro-degrees", latitude_e6, 90_000_000)?,
            longitude_e6: within("longitude in micro-degrees", longitude_e6, 180_000_000)?,
        })
    }

    /// Micro-degrees north of the equator.
    #[must_use]
    pub fn latitude_e6(self) -> i32 {
        self.latitude_e6
    }

    /// Micro-degrees east of Greenwich.
    #[must_use]
    pub fn longitude_e6(self) -> i32 {
        self.longitude_e6
    }
}

impl TryFrom<Raw> for GeoPoint {
    type Error = ValueError;

    fn try_from(raw: Raw) -> Result<Self, ValueError> {
        Self::try_new(raw.latitude_e6, raw.longitude_e6)
    }
}

impl From<GeoPoint> for Raw {
    fn from(point: GeoPoint) -> Self {
        Self { latitude_e6: point.latitude_e6, longitude_e6: point.longitude_e6 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_lies_on_earth() {
        assert!(GeoPoint::try_new(90_000_000, -180_000_000).is_ok());
        assert!(GeoPoint::try_new(90_000_001, 0).is_err());
        assert!(GeoPoint::try_new(0, 180_000_001).is_err());
        assert!(GeoPoint::try_new(i32::MIN, i32::MIN).is_err());
    }

    #[test]
    fn a_point_off_earth_is_not_read_from_json_either() {
        assert!(serde_json::from_str::<GeoPoint>(r#"{"latitude_e6":56951500,"longitude_e6":24113300}"#).is_ok());
        assert!(serde_json::from_str::<GeoPoint>(r#"{"latitude_e6":95000000,"longitude_e6":24113300}"#).is_err());
    }
}
