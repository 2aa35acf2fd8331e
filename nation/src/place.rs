//! Streets, homes and the places where things happen again and again.

use chrono::{DateTime, Utc};
use domain::ids::riga_day;
use proto::command::v1 as pb;

use super::Nation;
use super::chance::Chance;
use super::territory::TERRITORIES;

/// Names that streets have in every town.
const STREETS: [&str; 40] = [
    "Brīvības iela",
    "Rīgas iela",
    "Raiņa iela",
    "Skolas iela",
    "Parka iela",
    "Dārza iela",
    "Liepu iela",
    "Bērzu iela",
    "Ozolu iela",
    "Meža iela",
    "Jaunā iela",
    "Lāčplēša iela",
    "Krišjāņa Barona iela",
    "Stacijas iela",
    "Pils iela",
    "Zaļā iela",
    "Saules iela",
    "Upes iela",
    "Ziedu iela",
    "Kalna iela",
    "Tērbatas iela",
    "Miera iela",
    "Jūras iela",
    "Ganību iela",
    "Celtnieku iela",
    "Rūpniecības iela",
    "Dzirnavu iela",
    "Baznīcas iela",
    "Tirgus iela",
    "Avotu iela",
    "Pļavu iela",
    "Ābeļu iela",
    "Kļavu iela",
    "Priežu iela",
    "Egļu iela",
    "Aviācijas iela",
    "Ezera iela",
    "Bauskas iela",
    "Daugavas iela",
    "Vienības gatve",
];

/// What draws trouble: what it is, its part of what happens in public, in thousandths.
const SPOTS: [(&str, u32); 6] = [
    ("stacija", 220),
    ("autoosta", 160),
    ("tirgus", 150),
    ("tirdzniecības centrs", 240),
    ("skola", 130),
    ("parks", 100),
];

/// Somewhere with a house number, or a place that everybody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Place among the territories.
    pub territory: usize,
    /// Its code: invented, of a length that the address register does not have.
    pub code: String,
    /// As it is written.
    pub text: String,
    /// WGS 84 in micro-degrees: latitude, longitude.
    pub point: (i32, i32),
}

impl Address {
    /// Where a household lives: territories have as many as people live there.
    #[must_use]
    pub fn home(nation: &Nation, household: u64) -> Address {
        let mut chance = Chance::of(nation.seed, "home", household);
        let territory = territory(&mut chance);
        Address::with_number(&mut chance, territory)
    }

    /// Where something happens in a territory: at a home, in a street, or where trouble is known.
    pub(crate) fn scene(nation: &Nation, chance: &mut Chance, territory: usize) -> Address {
        // Families are at home: with the others it comes to 30 % of all.
        if !chance.percent(32) {
            return Address::with_number(chance, territory);
        }
        let (kind, _) = *chance.weighted(&SPOTS, |spot| spot.1);
        // A territory has a few of each; they never move.
        let n = u64::from(chance.below(1 + TERRITORIES[territory].inhabitants / 60_000));
        let mut fixed = Chance::of(nation.seed, kind, n * 64 + territory as u64);
        let address = Address::with_number(&mut fixed, territory);
        Address { text: format!("{}, {kind}", address.text), ..address }
    }

    fn with_number(chance: &mut Chance, territory: usize) -> Address {
        let place = &TERRITORIES[territory];
        let streets = if place.is_city() { STREETS.len() } else { 24 };
        let street = STREETS[chance.below(streets as u32) as usize];
        let number = chance.about(1, if place.is_city() { 120 } else { 60 });
        let flat = if place.is_city() && chance.percent(70) { chance.between(1, 60) } else { 0 };
        let door = if flat > 0 { format!("-{flat}") } else { String::new() };
        // A street lies where it lies: its point follows from its name and the number along it.
        let street_number = STREETS.iter().position(|name| *name == street).unwrap_or(0) as u64;
        let mut line = Chance::of(street_number, "street", territory as u64);
        let reach = if place.is_city() { 45_000 } else { 20_000 };
        let (from, along) = (
            (line.between(-reach, reach), line.between(-reach, reach)),
            (line.between(-90, 90), line.between(-90, 90)),
        );
        let at = |centre: i32, from: i64, along: i64| centre + (from + along * number) as i32;
        Address {
            territory,
            code: format!("9{territory:02}{street_number:02}{number:03}{flat:02}"),
            text: format!("{street} {number}{door}, {}", place.seat),
            point: (at(place.centre.0, from.0, along.0), at(place.centre.1, from.1 * 2, along.1 * 2)),
        }
    }

    /// As a command has it then.
    pub(crate) fn as_place(
        &self,
        source: pb::LocationSource,
        uncertainty_m: Option<u32>,
        at: DateTime<Utc>,
    ) -> pb::Place {
        pb::Place {
            // Whoever gives an address has it from the address register.
            address_code: if source == pb::LocationSource::Address { self.code.clone() } else { String::new() },
            territory: TERRITORIES[self.territory].code_on(riga_day(&at)).to_owned(),
            text: self.text.clone(),
            point: Some(pb::GeoPoint { latitude_e6: self.point.0, longitude_e6: self.point.1 }),
            uncertainty_m,
            source: source as i32,
        }
    }
}

/// Some territory, by the number of its people.
pub(crate) fn territory(chance: &mut Chance) -> usize {
    let indexes: [usize; 42] = std::array::from_fn(|index| index);
    *chance.weighted(&indexes, |index| TERRITORIES.get(*index).map_or(0, |territory| territory.inhabitants))
}
