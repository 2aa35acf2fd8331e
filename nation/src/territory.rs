//! Where the nation lives: the first level of the territory classifier (ATVK) as it is since 1 July 2025.

use std::sync::LazyLock;

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
    fn there_are_forty_two_with_the_nations_people() {
        assert_eq!(TERRITORIES.len(), 42);
        let all: u32 = TERRITORIES.iter().map(|territory| territory.inhabitants).sum();
        assert!((1_850_000..1_900_000).contains(&all), "{all}");
        assert!(TERRITORIES.iter().all(|territory| TerritoryCode::parse(territory.code).is_ok()));
        assert_eq!(TERRITORIES.iter().filter(|territory| territory.is_city()).count(), 7);
    }
}
