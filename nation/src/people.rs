//! The people. Each follows from the seed and their number, so that nobody has to be remembered.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use domain::ids::riga_day;
use domain::terms::AgeBand;
use domain::values::PersonalCode;
use uuid::Uuid;

use super::Nation;
use super::chance::Chance;
use super::place::Address;

/// Common first names of women.
const WOMEN: [&str; 32] = [
    "Anna",
    "Kristīne",
    "Inese",
    "Inga",
    "Ilze",
    "Anita",
    "Marija",
    "Jeļena",
    "Līga",
    "Sandra",
    "Ināra",
    "Dace",
    "Aija",
    "Santa",
    "Laura",
    "Evita",
    "Zane",
    "Elīna",
    "Agnese",
    "Ieva",
    "Linda",
    "Vita",
    "Olga",
    "Svetlana",
    "Natālija",
    "Sofija",
    "Emīlija",
    "Alise",
    "Marta",
    "Paula",
    "Elza",
    "Katrīna",
];
/// Common first names of men.
const MEN: [&str; 32] = [
    "Jānis",
    "Andris",
    "Juris",
    "Edgars",
    "Aleksandrs",
    "Mārtiņš",
    "Aivars",
    "Kaspars",
    "Valdis",
    "Artūrs",
    "Raivis",
    "Guntis",
    "Pēteris",
    "Māris",
    "Normunds",
    "Sergejs",
    "Vladimirs",
    "Igors",
    "Uldis",
    "Gints",
    "Toms",
    "Roberts",
    "Rihards",
    "Kristaps",
    "Oskars",
    "Gustavs",
    "Marks",
    "Daniels",
    "Ralfs",
    "Emīls",
    "Dmitrijs",
    "Viktors",
];
/// Common surnames, of a man and of a woman.
const SURNAMES: [(&str, &str); 48] = [
    ("Bērziņš", "Bērziņa"),
    ("Kalniņš", "Kalniņa"),
    ("Ozoliņš", "Ozoliņa"),
    ("Jansons", "Jansone"),
    ("Ozols", "Ozola"),
    ("Liepiņš", "Liepiņa"),
    ("Krūmiņš", "Krūmiņa"),
    ("Balodis", "Balode"),
    ("Eglītis", "Eglīte"),
    ("Zariņš", "Zariņa"),
    ("Pētersons", "Pētersone"),
    ("Vītols", "Vītola"),
    ("Kļaviņš", "Kļaviņa"),
    ("Kārkliņš", "Kārkliņa"),
    ("Vanags", "Vanaga"),
    ("Šmits", "Šmite"),
    ("Siliņš", "Siliņa"),
    ("Dzenis", "Dzene"),
    ("Ābols", "Ābola"),
    ("Krauklis", "Kraukle"),
    ("Lapiņš", "Lapiņa"),
    ("Mežs", "Meža"),
    ("Rozītis", "Rozīte"),
    ("Sproģis", "Sproģe"),
    ("Zvirbulis", "Zvirbule"),
    ("Lācis", "Lāce"),
    ("Vilks", "Vilka"),
    ("Strautiņš", "Strautiņa"),
    ("Celmiņš", "Celmiņa"),
    ("Grīnbergs", "Grīnberga"),
    ("Blūms", "Blūma"),
    ("Cīrulis", "Cīrule"),
    ("Dukurs", "Dukure"),
    ("Freimanis", "Freimane"),
    ("Gailis", "Gaile"),
    ("Hermanis", "Hermane"),
    ("Ivanovs", "Ivanova"),
    ("Petrovs", "Petrova"),
    ("Smirnovs", "Smirnova"),
    ("Kozlovs", "Kozlova"),
    ("Fjodorovs", "Fjodorova"),
    ("Vasiļjevs", "Vasiļjeva"),
    ("Kuzņecovs", "Kuzņecova"),
    ("Romanovs", "Romanova"),
    ("Kovaļevskis", "Kovaļevska"),
    ("Pavlovs", "Pavlova"),
    ("Stepanovs", "Stepanova"),
    ("Orlovs", "Orlova"),
];

/// People who live together, and where. On average there are 2.3 of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Household {
    /// Its number.
    pub number: u64,
    /// Where it lives.
    pub address: Address,
    surname: usize,
}

impl Household {
    /// That one of the nation's.
    #[must_use]
    pub fn of(nation: &Nation, number: u64) -> Household {
        let mut chance = Chance::of(nation.seed, "household", number);
        let surname = chance.below(SURNAMES.len() as u32) as usize;
        Household { number, address: Address::home(nation, number), surname }
    }

    /// Who lives there, the one of age first.
    #[must_use]
    pub fn members(&self, nation: &Nation) -> Vec<Person> {
        let first = |household: u64| (household * 23).div_ceil(10);
        let numbers = first(self.number)..first(self.number + 1).min(nation.people());
        numbers.map(|number| Person::of(nation, number)).collect()
    }
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their number.
    pub number: u64,
    /// First name and surname.
    pub name: String,
    /// Whether she is a woman.
    pub woman: bool,
    /// When they were born.
    pub born: NaiveDate,
    /// Of the kind that tells nothing, with a check digit that holds.
    pub code: PersonalCode,
    /// `+3710…`: no Latvian number begins so.
    pub phone: String,
    /// With whom they live.
    pub household: u64,
}

impl Person {
    /// That one of the nation's.
    #[must_use]
    pub fn of(nation: &Nation, number: u64) -> Person {
        let number = number % nation.people();
        let household = Household::of(nation, number * 10 / 23);
        let mut chance = Chance::of(nation.seed, "person", number);
        let woman = chance.percent(54);
        let first = if woman { chance.one_of(&WOMEN) } else { chance.one_of(&MEN) };
        // One in six keeps a name of their own.
        let surname = if chance.percent(17) { chance.below(SURNAMES.len() as u32) as usize } else { household.surname };
        let surname = if woman { SURNAMES[surname].1 } else { SURNAMES[surname].0 };
        // The first of a household is of age. Of the nation 19 % are under 18, so of the others it is a third.
        let first_of_household = number == 0 || (number - 1) * 10 / 23 != household.number;
        let age = match first_of_household {
            true => chance.about(20, 90),
            false if chance.percent(33) => chance.between(0, 17),
            false => chance.about(18, 88),
        };
        let day = chance.between(1, 365) as u32;
        let born = NaiveDate::from_yo_opt(nation.from.year() - age as i32 - 1, day).unwrap_or_default();
        Person {
            number,
            name: format!("{first} {surname}"),
            woman,
            born,
            code: personal_code(number),
            phone: format!("+3710{:07}", number % 10_000_000),
            household: household.number,
        }
    }

    /// Somebody of age whom police meets: one in three of these is one of few who come again and again.
    pub(crate) fn met(nation: &Nation, chance: &mut Chance) -> Person {
        Person::met_who(nation, chance, |person| !person.is_minor(nation.since()))
    }

    /// Likewise, somebody who is this; where nobody is found, who was met last.
    pub(crate) fn met_who(nation: &Nation, chance: &mut Chance, is: impl Fn(&Person) -> bool) -> Person {
        let mut person = Person::met_at_all(nation, chance);
        for _ in 0..60 {
            if is(&person) {
                break;
            }
            person = Person::met_at_all(nation, chance);
        }
        person
    }

    fn met_at_all(nation: &Nation, chance: &mut Chance) -> Person {
        let all = nation.people();
        let few = (all / 50).max(1);
        let among = if chance.percent(33) { few } else { all };
        let number = (u128::from(chance.next()) * u128::from(among)) >> 64;
        // The few live all over the land.
        let number = if among == few { number as u64 * 47 } else { number as u64 };
        Person::of(nation, number)
    }

    /// How many years old they are then.
    #[must_use]
    pub fn age(&self, at: DateTime<Utc>) -> u32 {
        riga_day(&at).years_since(self.born).unwrap_or(0)
    }

    /// Whether they are under 18 then.
    #[must_use]
    pub fn is_minor(&self, at: DateTime<Utc>) -> bool {
        AgeBand::of_years(self.age(at)).is_minor()
    }

    /// Id as a data subject: the same wherever they are met.
    #[must_use]
    pub fn subject(&self, nation: &Nation) -> Uuid {
        let mut chance = Chance::of(nation.seed, "subject", self.number);
        uuid::Builder::from_random_bytes((u128::from(chance.next()) << 64 | u128::from(chance.next())).to_be_bytes())
            .into_uuid()
    }
}

/// A code that begins with 329. Codes are drawn by chance from all of `32…` since 2017, so no part of it is nobody's; this keeps
/// to a tenth of it.
fn personal_code(number: u64) -> PersonalCode {
    let first = format!("329{:07}", number % 10_000_000);
    let mut codes = (0..10).filter_map(|check| PersonalCode::parse(&format!("{first}{check}")).ok());
    codes.find(|code| code.verified()).unwrap_or_else(|| unreachable!("one of ten check digits holds"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn somebody_is_the_same_whenever_they_are_met() {
        let nation = Nation::new(7, 0.01);
        assert_eq!(Person::of(&nation, 4_711), Person::of(&nation, 4_711));
        assert_ne!(Person::of(&nation, 4_711).name, Person::of(&Nation::new(8, 0.01), 4_711).name);
        assert!(Person::of(&nation, 4_711).code.verified());
    }

    #[test]
    fn households_share_a_home_and_mostly_a_name() {
        let nation = Nation::new(7, 0.01);
        let mut sizes = BTreeMap::new();
        for number in 0..2_300 {
            *sizes.entry(Person::of(&nation, number).household).or_insert(0) += 1;
        }
        assert_eq!(sizes.len(), 1_000);
        assert!(sizes.values().all(|size| (2..=3).contains(size)));
        let stem =
            |number| Person::of(&nation, number).name.split(' ').nth(1).map(|n| n.chars().take(4).collect::<String>());
        let first = |household: u64| (household * 23).div_ceil(10);
        let alike = (0..1_000).filter(|n| stem(first(*n)) == stem(first(*n) + 1)).count();
        assert!(alike > 500, "{alike}");
    }

    #[test]
    fn one_in_five_is_under_age_and_police_meet_them_as_such_only_where_that_is_meant() {
        let nation = Nation::new(7, 0.01);
        let minor = |person: &Person| person.is_minor(nation.since());
        let minors = (0..5_000).filter(|number| minor(&Person::of(&nation, *number))).count();
        assert!((850..1_050).contains(&minors), "{minors} of 5,000");
        let mut chance = Chance::new(3);
        assert!((0..500).all(|_| !minor(&Person::met(&nation, &mut chance))));
        assert!((0..500).all(|_| minor(&Person::met_who(&nation, &mut chance, minor))));
    }

    #[test]
    fn members_of_a_household_live_in_it() {
        let nation = Nation::new(7, 0.01);
        for number in 0..1_000 {
            let members = Household::of(&nation, number).members(&nation);
            assert!((2..=3).contains(&members.len()));
            assert!(members.iter().all(|person| person.household == number));
            assert!(!members[0].is_minor(nation.since()));
        }
    }

    #[test]
    fn some_are_met_again_and_again() {
        let nation = Nation::new(7, 0.1);
        let mut chance = Chance::new(1);
        let mut met = BTreeMap::new();
        for _ in 0..20_000 {
            *met.entry(Person::met(&nation, &mut chance).number).or_insert(0) += 1;
        }
        let often = met.values().filter(|times| **times >= 3).sum::<i32>();
        assert!(often > 1_000, "{often} of 20,000 with somebody who was met three times or more");
    }
}
