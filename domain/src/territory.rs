//! Administrative territories of Latvia (ATVK) with their history: which code stands for what, and when.
//!
//! A code is never used again for something else; where borders or status change, a territory gets another code and names the ones
//! before it. So a code of any year can be led to those that hold on a day.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use chrono::NaiveDate;

use crate::values::TerritoryCode;

/// One territory for as long as its code held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    /// Its code.
    pub code: TerritoryCode,
    /// Its name, Latvian: `Madonas novads`.
    pub name: String,
    /// What it is.
    pub level: TerritoryLevel,
    /// First day on which the code held.
    pub valid_from: NaiveDate,
    /// First day on which it held no longer; none while it holds.
    pub valid_until: Option<NaiveDate>,
    /// Codes that it came out of.
    pub predecessors: BTreeSet<TerritoryCode>,
    /// Codes that came out of it.
    pub successors: BTreeSet<TerritoryCode>,
}

/// Level of a territory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TerritoryLevel {
    /// A municipality (novads) or a state city of its own (valstspilsēta).
    Municipality,
    /// A town or a parish (pilsēta, pagasts) within one.
    Parish,
}

impl Territory {
    /// Whether the code held on that day.
    #[must_use]
    pub fn held_on(&self, day: NaiveDate) -> bool {
        self.valid_from <= day && self.valid_until.is_none_or(|until| day < until)
    }

    /// The two digits of region and the two of the municipality, which a parish's code begins with too.
    fn municipality(&self) -> &str {
        &self.code.as_str()[..4]
    }
}

/// Why a code is not one of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTerritory {
    /// There never was such a code.
    #[error("there is no territory `{code}` in the classifier (ATVK)")]
    Unknown {
        /// The code.
        code: TerritoryCode,
    },
    /// The code did not hold on that day.
    #[error("territory `{code}` ({name}) did not hold on {day}{}", those(.instead))]
    NotThen {
        /// The code.
        code: TerritoryCode,
        /// Its name.
        name: String,
        /// The day.
        day: NaiveDate,
        /// Those that stood for it on that day.
        instead: Vec<TerritoryCode>,
    },
}

fn those(codes: &[TerritoryCode]) -> String {
    let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
    if codes.is_empty() { String::new() } else { format!(": then it was {}", codes.join(", ")) }
}

/// A line of the table can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableMistake {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for TableMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// All territories, with those that were, and the first day of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territories(BTreeMap<TerritoryCode, Territory>, Option<NaiveDate>);

impl Territories {
    /// The classifier as it stands in `schema/reference/territories.csv`.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Territories> = LazyLock::new(|| {
            let table = include_str!("../../schema/reference/territories.csv");
            Territories::parse(table).unwrap_or_else(|_| Territories(BTreeMap::new(), None))
        });
        &EMBEDDED
    }

    /// First day that the classifier tells of: what held before isn't known here.
    #[must_use]
    pub fn begins(&self) -> Option<NaiveDate> {
        self.1
    }

    /// Reads the table: `code,name,level,valid_from,valid_to,predecessors,successors`, the last day exclusive, codes parted by blanks.
    ///
    /// # Errors
    /// All lines that can't be used.
    pub fn parse(text: &str) -> Result<Self, Vec<TableMistake>> {
        let (mut territories, mut mistakes) = (BTreeMap::new(), Vec::new());
        let mut lines: BTreeMap<TerritoryCode, usize> = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()).skip(1) {
            match parse_line(line) {
                Ok(territory) => {
                    lines.insert(territory.code.clone(), number);
                    if let Some(twice) = territories.insert(territory.code.clone(), territory) {
                        mistakes.push(TableMistake { line: number, what: format!("`{}` is there twice", twice.code) });
                    }
                }
                Err(what) => mistakes.push(TableMistake { line: number, what }),
            }
        }
        for territory in territories.values() {
            let both_ways = |theirs: &TerritoryCode, back: fn(&Territory) -> &BTreeSet<TerritoryCode>| {
                territories.get(theirs).is_some_and(|other| back(other).contains(&territory.code))
            };
            let one_way = territory.predecessors.iter().filter(|code| !both_ways(code, |other| &other.successors));
            let one_way =
                one_way.chain(territory.successors.iter().filter(|code| !both_ways(code, |other| &other.predecessors)));
            for code in one_way {
                let what = format!("`{}` names `{code}`, which doesn't name it", territory.code);
                mistakes.push(TableMistake { line: lines[&territory.code], what });
            }
        }
        let begins = territories.values().map(|territory| territory.valid_from).min();
        if mistakes.is_empty() { Ok(Self(territories, begins)) } else { Err(mistakes) }
    }

    /// All of them, in order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = &Territory> {
        self.0.values()
    }

    /// The territory of a code, whenever it held.
    #[must_use]
    pub fn get(&self, code: &TerritoryCode) -> Option<&Territory> {
        self.0.get(code)
    }

    /// The territory that a code stood for on a day.
    ///
    /// # Errors
    /// [`NoTerritory`] where the code did not hold then, with those that did.
    pub fn on(&self, code: &TerritoryCode, day: NaiveDate) -> Result<&Territory, NoTerritory> {
        let territory = self.get(code).ok_or_else(|| NoTerritory::Unknown { code: code.clone() })?;
        if territory.held_on(day) {
            return Ok(territory);
        }
        let instead = self.as_of(code, day).into_iter().map(|other| other.code.clone()).collect();
        Err(NoTerritory::NotThen { code: code.clone(), name: territory.name.clone(), day, instead })
    }

    /// What stood on a day for what a code of any day stands for, in order: itself, those it came out of, or those that came out of it.
    /// None for an unknown code, or for a day before the classifier begins.
    #[must_use]
    pub fn as_of(&self, code: &TerritoryCode, day: NaiveDate) -> Vec<&Territory> {
        let (mut found, mut seen) = (BTreeMap::new(), BTreeSet::new());
        let mut asked: Vec<&TerritoryCode> = vec![code];
        while let Some(code) = asked.pop() {
            let Some(territory) = self.0.get(code).filter(|_| seen.insert(code)) else { continue };
            if territory.held_on(day) {
                found.insert(code, territory);
            } else if day < territory.valid_from {
                asked.extend(&territory.predecessors);
            } else {
                asked.extend(&territory.successors);
            }
        }
        found.into_values().collect()
    }

    /// The municipality that a territory lay in on a day: itself, where it is one.
    #[must_use]
    pub fn municipality(&self, code: &TerritoryCode, day: NaiveDate) -> Option<&Territory> {
        let territory = self.as_of(code, day).into_iter().next()?;
        let is_it = |other: &&Territory| {
            other.level == TerritoryLevel::Municipality
                && other.municipality() == territory.municipality()
                && other.held_on(day)
        };
        self.iter().find(is_it)
    }
}

fn parse_line(line: &str) -> Result<Territory, String> {
    let fields: Vec<&str> = line.split(',').collect();
    let [code, name, level, from, until, predecessors, successors] = fields.as_slice() else {
        return Err(format!("has {} fields, not 7", fields.len()));
    };
    let code_of = |text: &str| TerritoryCode::parse(text).map_err(|error| error.to_string());
    let day = |text: &str| text.parse::<NaiveDate>().map_err(|_| format!("`{text}` is no day such as 2021-07-01"));
    let codes = |text: &str| text.split_whitespace().map(code_of).collect::<Result<BTreeSet<_>, _>>();
    let (valid_from, valid_until) = (day(from)?, if until.is_empty() { None } else { Some(day(until)?) });
    if valid_until.is_some_and(|until| until <= valid_from) {
        return Err("ends before it begins".to_owned());
    }
    Ok(Territory {
        code: code_of(code)?,
        name: (*name).to_owned(),
        level: match *level {
            "1" => TerritoryLevel::Municipality,
            "2" => TerritoryLevel::Parish,
            other => return Err(format!("`{other}` is no level: 1 or 2")),
        },
        valid_from,
        valid_until,
        predecessors: codes(predecessors)?,
        successors: codes(successors)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atvk() -> Territories {
        let atvk = Territories::parse(include_str!("../../schema/reference/territories.csv"));
        assert_eq!(atvk.as_ref(), Ok(Territories::embedded()));
        atvk.expect("the table is sound")
    }

    fn code(text: &str) -> TerritoryCode {
        TerritoryCode::parse(text).expect("a code")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn then(text: &str, on: &str) -> Vec<String> {
        atvk().as_of(&code(text), day(on)).into_iter().map(|territory| territory.code.to_string()).collect()
    }

    #[test]
    fn varaklani_joined_madona() {
        assert_eq!(then("0055000", "2023-05-01"), ["0055000"]);
        assert_eq!(then("0055000", "2025-08-01"), ["0038001"]);
        assert_eq!(then("0038001", "2023-05-01"), ["0038000", "0055000"]);
        let told = atvk().on(&code("0055000"), day("2025-08-01")).expect_err("it is gone").to_string();
        assert_eq!(told, "territory `0055000` (Varakļānu novads) did not hold on 2025-08-01: then it was `0038001`");
    }

    #[test]
    fn a_town_that_left_its_parish_was_that_parish() {
        assert_eq!(then("0023400", "2023-01-01"), ["0023200", "0023401"]);
        assert_eq!(then("0023200", "2021-12-31"), ["0023400"]);
    }

    #[test]
    fn a_parish_lies_in_its_municipality_of_that_day() {
        let lay = |text: &str, on: &str| atvk().municipality(&code(text), day(on)).map(|found| found.code.to_string());
        assert_eq!(lay("0055410", "2022-01-01").as_deref(), Some("0055000"));
        assert_eq!(lay("0055410", "2026-01-01").as_deref(), Some("0038001"));
        assert_eq!(lay("0038400", "2026-01-01").as_deref(), Some("0038001"));
        assert_eq!(lay("0001000", "2026-01-01").as_deref(), Some("0001000"));
    }

    #[test]
    fn every_code_leads_to_some_on_every_day_since_the_classifier_began() {
        let atvk = atvk();
        let mut day = day("2021-07-01");
        while day < self::day("2027-01-01") {
            for territory in atvk.iter() {
                let found = atvk.as_of(&territory.code, day);
                assert!(!found.is_empty(), "{} on {day}", territory.code);
                assert!(found.iter().all(|found| found.held_on(day) && found.level == territory.level));
                assert!(atvk.municipality(&territory.code, day).is_some(), "{} on {day}", territory.code);
            }
            day += chrono::TimeDelta::days(13);
        }
        let of = |day, level| atvk.iter().filter(|t| t.held_on(day) && t.level == level).count();
        assert_eq!(of(self::day("2022-01-01"), TerritoryLevel::Municipality), 43);
        assert_eq!(of(self::day("2026-01-01"), TerritoryLevel::Municipality), 42);
    }

    #[test]
    fn all_mistakes_of_a_table_are_told() {
        let head = "code,name,level,valid_from,valid_to,predecessors,successors";
        let table = format!(
            "{head}\n0001000,Rīga,1,2021-07-01,,,\n0001000,Rīga,1,2021-07-01,,,\n2,X,1,2021-07-01,,,\n\
             0002000,X,3,2021-07-01,,,\n0003000,X,1,2021-07-01,2021-07-01,,\n0004000,X,1,2021-07-01,,0005000,\nx"
        );
        let told: Vec<String> =
            Territories::parse(&table).expect_err("mistakes").iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 6, "{told:?}");
        assert!(told.contains(&"line 6: ends before it begins".to_owned()), "{told:?}");
    }
}
