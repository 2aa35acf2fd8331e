//! Values that an expression can give, and how texts are read as them.

use serde_json::json;

use super::time::SourceTime;

/// What an expression gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// As it was.
    Text(String),
    /// A moment.
    Time(SourceTime),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Truth(bool),
    /// A point on earth, in micro-degrees.
    Point {
        /// Micro-degrees north.
        latitude_e6: i32,
        /// Micro-degrees east.
        longitude_e6: i32,
    },
}

impl Value {
    /// The value as a field of a message in protobuf's JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Time(time) => json!(time.at.to_rfc3339()),
            Self::Number(number) => json!(number),
            Self::Truth(truth) => json!(truth),
            Self::Point { latitude_e6, longitude_e6 } => {
                json!({ "latitude_e6": latitude_e6, "longitude_e6": longitude_e6 })
            }
        }
    }

    /// The value as a part of a text, such as a key.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Time(time) => time.at.to_rfc3339(),
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::Point { latitude_e6, longitude_e6 } => format!("{latitude_e6},{longitude_e6}"),
        }
    }
}

/// Reads a whole number of 0 or more.
#[must_use]
pub(super) fn unsigned(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number >= 0)
}

/// Reads yes or no, as sources write it.
#[must_use]
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// Reads decimal degrees as micro-degrees, to the nearest, without floating point.
#[must_use]
pub(super) fn micro_degrees(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let mut micro: i64 = whole.parse().ok()?;
    for place in 0..6 {
        let digit = fraction.as_bytes().get(place).map_or(0, |digit| i64::from(digit - b'0'));
        micro = micro * 10 + digit;
    }
    if fraction.as_bytes().get(6).is_some_and(|digit| *digit >= b'5') {
        micro += 1;
    }
    Some(if negative { -micro } else { micro })
}

/// Reads `(lat, lon)` or `lat,lon` in decimal degrees.
#[must_use]
pub(super) fn point(text: &str) -> Option<Value> {
    let text = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(text);
    let (latitude, longitude) = text.split_once(',')?;
    let within = |text: &str, most: i64| {
        let micro = micro_degrees(text.trim())?;
        (-most..=most).contains(&micro).then(|| i32::try_from(micro).ok()).flatten()
    };
    Some(Value::Point { latitude_e6: within(latitude, 90_000_000)?, longitude_e6: within(longitude, 180_000_000)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_degrees_become_micro_degrees_to_the_nearest() {
        assert_eq!(micro_degrees("37.77762423892872"), Some(37_777_624));
        assert_eq!(micro_degrees("-122.39998150"), Some(-122_399_982));
        assert_eq!(micro_degrees("56"), Some(56_000_000));
        assert_eq!(micro_degrees("0.0000005"), Some(1));
        for text in ["", ".5", "1e3", "NaN", "--1", "1.2.3", "56,9", "1000"] {
            assert_eq!(micro_degrees(text), None, "{text}");
        }
    }

    #[test]
    fn a_point_is_latitude_and_longitude() {
        let point_of = |latitude_e6, longitude_e6| Some(Value::Point { latitude_e6, longitude_e6 });
        assert_eq!(point("(37.5, -122.25)"), point_of(37_500_000, -122_250_000));
        assert_eq!(point("59.329324,18.068581"), point_of(59_329_324, 18_068_581));
        for text in ["", "()", "(91, 0)", "(0, 181)", "(1, 2", "1 2"] {
            assert_eq!(point(text), None, "{text}");
        }
    }

    #[test]
    fn yes_and_no_have_many_spellings() {
        assert_eq!(truth("TRUE"), Some(true));
        assert_eq!(truth("n"), Some(false));
        assert_eq!(truth("maybe"), None);
    }
}
