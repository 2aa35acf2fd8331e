//! Vehicles, plates and shops: nobody's, by what their numbers begin with.

use domain::values::LegalEntityNumber;
use proto::command::v1 as pb;

use super::Nation;
use super::chance::Chance;
use super::people::Person;

/// Makes and models that are common on the roads.
const MAKES: [&str; 16] = [
    "VW Golf",
    "VW Passat",
    "Audi A4",
    "Audi A6",
    "BMW 320",
    "BMW X5",
    "Volvo V70",
    "Volvo XC60",
    "Toyota RAV4",
    "Toyota Corolla",
    "Škoda Octavia",
    "Opel Astra",
    "Ford Focus",
    "Renault Megane",
    "Mercedes-Benz Vito",
    "Nissan Qashqai",
];
/// Their colours.
const COLOURS: [&str; 8] = ["melna", "balta", "pelēka", "sudraba", "zila", "sarkana", "zaļa", "brūna"];
/// Letters of a VIN, and of plates without those that plates don't have.
const LETTERS: &[u8; 20] = b"ABCDEFGHJKLMNPRSTUVZ";
/// Names of shops.
const SHOPS: [&str; 12] = [
    "Maizes stūris",
    "Pārtikas pasaule",
    "Mūsu veikals",
    "Lielais grozs",
    "Apavu nams",
    "Sporta preces",
    "Elektronikas salons",
    "Māja un dārzs",
    "Drogu lapa",
    "Apģērbu skapis",
    "Dzērienu bode",
    "Degvielas punkts",
];

/// A vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vehicle {
    /// A zero follows its letters: no Latvian plate of the ordinary series has one there.
    pub(crate) plate: String,
    /// Begins with a zero: no maker has a code that does (ISO 3780).
    pub(crate) vin: String,
    pub(crate) make: &'static str,
    pub(crate) colour: &'static str,
}

impl Vehicle {
    /// The one that somebody drives, whenever they are met.
    pub(crate) fn of(nation: &Nation, person: &Person) -> Vehicle {
        let mut chance = Chance::of(nation.seed, "vehicle", person.number);
        let mut letters = |count: usize| (0..count).map(|_| char::from(chance.one_of(LETTERS))).collect::<String>();
        let (plate, vin) = (letters(2), letters(8));
        let number = person.number % 1_000_000;
        Vehicle {
            plate: format!("{plate}-0{}", chance.between(1, 999)),
            vin: format!("00{vin}0{number:06}"),
            make: chance.one_of(&MAKES),
            colour: chance.one_of(&COLOURS),
        }
    }
}

/// A shop, by its name and its number as a legal entity.
pub(crate) fn shop(nation: &Nation, chance: &mut Chance) -> (String, String) {
    let n = chance.below(u32::try_from(nation.people() / 400).unwrap_or(u32::MAX).max(12));
    let name = SHOPS[n as usize % SHOPS.len()];
    (format!("SIA \"{name} {}\"", n / SHOPS.len() as u32 + 1), legal_entity(u64::from(n)))
}

/// A number that begins with 7: legal entities have 4 and 5, institutions of the state 9. The `n`-th whose check digit holds.
fn legal_entity(n: u64) -> String {
    // One in eleven has no check digit that holds; so the next is asked in its place.
    let numbers = (n * 3..n * 3 + 3).flat_map(|n| (0..10).map(move |check| format!("7{n:09}{check}")));
    let mut valid = numbers.filter(|number| LegalEntityNumber::parse(number).is_ok_and(LegalEntityNumber::verified));
    valid.next().unwrap_or_default()
}

/// What is kept of a vehicle in a command.
pub(crate) fn involved(vehicle: &Vehicle, id: String, relation: &str) -> pb::InvolveVehicle {
    pb::InvolveVehicle {
        id,
        relation: relation.to_owned(),
        plate: vehicle.plate.clone(),
        vin: vehicle.vin.clone(),
        make: vehicle.make.to_owned(),
        colour: vehicle.colour.to_owned(),
        ..pb::InvolveVehicle::default()
    }
}

#[cfg(test)]
mod tests {
    use domain::values::{PlateNumber, Vin};

    use super::*;

    #[test]
    fn plates_and_numbers_are_well_formed_and_nobodys() {
        let nation = Nation::new(7, 0.01);
        for number in 0..500 {
            let vehicle = Vehicle::of(&nation, &Person::of(&nation, number));
            let plate = PlateNumber::parse(&vehicle.plate, "LV").unwrap();
            assert!(!plate.is_regular(), "{plate}");
            assert!(Vin::parse(&vehicle.vin).is_ok(), "{}", vehicle.vin);
        }
    }

    #[test]
    fn shops_have_numbers_whose_check_digit_holds() {
        let numbers: std::collections::BTreeSet<String> = (0..2_000).map(legal_entity).collect();
        assert_eq!(numbers.len(), 2_000);
        assert!(numbers.iter().all(|number| LegalEntityNumber::parse(number).unwrap().verified()));
        assert!(shop(&Nation::new(7, 0.01), &mut Chance::new(1)).0.starts_with("SIA"));
    }
}
