//! Where the nation lives: the first level of the territory classifier (ATVK) as it is since 1 July 2025.

use std::sync::LazyLock;

use chrono::NaiveDate;

/// The one that is not as old as the classifier: its code, the code of the larger part that it was put together of, and since when.
const PUT_TOGETHER: (&str, &str, Option<NaiveDate>) = ("0038001", "0038000", NaiveDate::from_ymd_opt(2024, 6, 30));

/// A city of state significance (valstspilsēta) or a municipality (novads).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    /// Its code, `0001000`.
    pub code: &'static str,
    /// Its name, `Rīga`.
    pub name: &'static str,
    /// Where its council sits.
    pub seat: &'static str,
    /// How many live there, rounded.
    pub inhabitants: u32,
    /// Where the seat lies, WGS 84 in micro-degrees: latitude, longitude.
    pub centre: (i32, i32),
}

/// All of them.
pub static TERRITORIES: LazyLock<Vec<Territory>> = LazyLock::new(|| {
    let lines = include_str!("../data/territories.csv").lines().filter(|line| !line.starts_with(['#', 'c']));
    lines.filter_map(read).collect()
});

fn read(line: &'static str) -> Option<Territory> {
    let mut fields = line.split(',');
    let (code, name, seat) = (fields.next()?, fields.next()?, fields.next()?);
    let inhabitants = fields.next()?.parse().ok()?;
    let centre = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Territory { code, name, seat, inhabitants, centre })
}

impl Territory {
    /// Its code on a day: a record is checked by the classifier as it was when it happened.
    #[must_use]
    pub fn code_on(&self, day: NaiveDate) -> &'static str {
        let (code, before, since) = PUT_TOGETHER;
        if self.code == code && since.is_some_and(|since| day < since) { before } else { self.code }
    }

    /// Whether it is mostly one city.
    #[must_use]
    pub fn is_city(&self) -> bool {
        !self.name.ends_with("novads")
    }
}

#[cfg(test)]
mod tests {
    use domain::values::TerritoryCode;

    use super::*;

    #[test]
    fn each_has_a_code_that_held_on_the_day() {
        let table = include_str!("../../schema/reference/territories.csv");
        let classifier = domain::territory::Territories::parse(table).unwrap();
        for day in ["2021-07-01", "2024-06-29", "2024-06-30", "2026-01-01"] {
            let day = day.parse().unwrap();
            for territory in TERRITORIES.iter() {
                let code = TerritoryCode::parse(territory.code_on(day)).unwrap();
                assert!(classifier.on(&code, day).is_ok(), "{code} on {day}");
            }
        }
    }

    #[test]
    fn there_are_forty_two_with_the_nations_people() {
        assert_eq!(TERRITORIES.len(), 42);
        let all: u32 = TERRITORIES.iter().map(|territory| territory.inhabitants).sum();
        assert!((1_850_000..1_900_000).contains(&all), "{all}");
        assert!(TERRITORIES.iter().all(|territory| TerritoryCode::parse(territory.code).is_ok()));
        assert_eq!(TERRITORIES.iter().filter(|territory| territory.is_city()).count(), 7);
    }
}
