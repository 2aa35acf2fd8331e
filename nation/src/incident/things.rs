//! What an incident is about beside people: vehicles, items, documents, and shops.

use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::case::Case;
use super::kinds::About;
use crate::people::Person;
use crate::vehicle::{Vehicle, involved, shop};

/// Roles of those who a vehicle is of, in the order in which they are asked.
const DRIVES: [&str; 4] = ["driver", "owner", "victim", "offender"];

impl Case<'_> {
    /// Adds what it is about.
    pub(super) fn involve_things(&mut self) {
        match self.kind.about {
            About::Nothing => {}
            About::Item { kinds, relation } => self.item(kinds, relation),
            About::Shop => self.shop(),
            About::Documents => self.documents(),
            About::Vehicle(relation) => self.vehicle(relation),
            About::Collision => self.collision(),
            About::Seized { kinds, percent } => {
                if self.percent(percent) {
                    self.seize(kinds);
                }
            }
        }
    }

    fn item(&mut self, kinds: &[&'static str], relation: &'static str) {
        let (kind, id) = (self.one_of(kinds), self.script.new_id());
        let owner = self.subject_of(&["victim"]).map(|owner| owner.subject);
        let item = pb::InvolveItem {
            id: id.to_string(),
            kind: kind.to_owned(),
            relation: relation.to_owned(),
            description: description(kind).to_owned(),
            serial: self.serial(kind),
            quantity: Some(1),
            value_cents: Some(self.value(kind)),
            person: owner.map(|owner| owner.to_string()).unwrap_or_default(),
            ..pb::InvolveItem::default()
        };
        self.involve_item(item.clone(), (2, 20));
        // Some are found again: what it is, is said anew.
        if self.percent(9) {
            self.involve_item(pb::InvolveItem { relation: "recovered".to_owned(), ..item }, (600, 9 * 1_440));
        }
    }

    fn involve_item(&mut self, item: pb::InvolveItem, (from, to): (i64, i64)) {
        let at = self.later(from, to);
        self.act(at, |envelope, incident| Command::InvolveItem(pb::InvolveItem { envelope, incident, ..item }));
    }

    /// A shop, and what was taken from it; most of that is given back at once.
    fn shop(&mut self) {
        let (name, number) = shop(self.script.nation, &mut self.script.chance);
        let (at, id) = (self.later(1, 8), self.script.new_id());
        self.act(at, |envelope, incident| {
            Command::InvolveOrganisation(pb::InvolveOrganisation {
                envelope,
                incident,
                id: id.to_string(),
                name,
                number,
                roles: vec!["victim".to_owned()],
            })
        });
        let kinds = ["food", "food", "alcohol", "alcohol", "clothing", "tobacco", "electronics", "tool"];
        for _ in 0..self.script.chance.between(1, 2) {
            let (kind, id) = (self.one_of(&kinds), self.script.new_id());
            let item = pb::InvolveItem {
                id: id.to_string(),
                kind: kind.to_owned(),
                relation: if self.percent(60) { "recovered" } else { "stolen" }.to_owned(),
                description: description(kind).to_owned(),
                quantity: Some(self.script.chance.between(1, 6) as u32),
                value_cents: Some(self.value(kind)),
                ..pb::InvolveItem::default()
            };
            self.involve_item(item, (1, 6));
        }
    }

    fn documents(&mut self) {
        let owner = self.subject_of(&["owner"]).map(|owner| owner.subject.to_string()).unwrap_or_default();
        let kinds = ["identity-card", "identity-card", "passport", "driving-licence", "vehicle-registration"];
        for _ in 0..self.script.chance.between(1, 2) {
            let (kind, id, at) = (self.one_of(&kinds), self.script.new_id(), self.later(1, 8));
            // Real ones have no zero after their letters.
            let number = format!("PA0{:06}", self.script.chance.below(1_000_000));
            self.act(at, |envelope, incident| {
                Command::InvolveDocument(pb::InvolveDocument {
                    envelope,
                    incident,
                    id: id.to_string(),
                    kind: kind.to_owned(),
                    relation: "lost".to_owned(),
                    number,
                    country: "LV".to_owned(),
                    person: owner.clone(),
                })
            });
        }
    }

    /// The vehicle of who drives or owns one; one that was stolen may be found.
    fn vehicle(&mut self, relation: &'static str) {
        let Some(of) = self.subject_of(&DRIVES).cloned() else { return };
        let vehicle = Vehicle::of(self.script.nation, &of.person);
        let id = self.script.new_id().to_string();
        let stolen = relation == "stolen";
        let command = pb::InvolveVehicle { person: of.subject.to_string(), ..involved(&vehicle, id, relation) };
        // Whose number nobody looked up is known by its plate.
        let command =
            if stolen || self.percent(35) { command } else { pb::InvolveVehicle { vin: String::new(), ..command } };
        self.involve_vehicle(command.clone(), (1, 10));
        if stolen && self.percent(42) {
            self.involve_vehicle(pb::InvolveVehicle { relation: "found".to_owned(), ..command }, (600, 12 * 1_440));
        }
    }

    /// One for each driver, and for who drove on one of which nothing is known.
    fn collision(&mut self) {
        let drivers: Vec<_> = self.involved.iter().filter(|person| person.role == "driver").cloned().collect();
        for driver in &drivers {
            let (vehicle, id) = (Vehicle::of(self.script.nation, &driver.person), self.script.new_id().to_string());
            let command = pb::InvolveVehicle {
                person: driver.subject.to_string(),
                vin: String::new(),
                ..involved(&vehicle, id, "accident")
            };
            self.involve_vehicle(command, (1, 8));
        }
        if drivers.len() == 1 && self.percent(30) {
            let nation = self.script.nation;
            let other = Vehicle::of(nation, &Person::met(nation, &mut self.script.chance));
            let id = self.script.new_id().to_string();
            let gone =
                pb::InvolveVehicle { plate: String::new(), vin: String::new(), ..involved(&other, id, "involved") };
            self.involve_vehicle(gone, (1, 8));
        }
    }

    fn involve_vehicle(&mut self, vehicle: pb::InvolveVehicle, (from, to): (i64, i64)) {
        let at = self.later(from, to);
        self.act(at, |envelope, incident| {
            Command::InvolveVehicle(pb::InvolveVehicle { envelope, incident, ..vehicle })
        });
    }

    /// A number that its maker put on it, where that kind has one and somebody knows it.
    pub(super) fn serial(&mut self, kind: &str) -> String {
        let has_one = matches!(
            kind,
            "bicycle" | "scooter" | "phone" | "computer" | "electronics" | "camera" | "firearm" | "tool"
        );
        if has_one && self.percent(45) {
            format!("SN{:08}", self.script.chance.below(100_000_000))
        } else {
            String::new()
        }
    }

    /// What one is worth, in cents.
    pub(super) fn value(&mut self, kind: &str) -> u32 {
        let (from, to) = match kind {
            "food" | "tobacco" | "alcohol" => (150, 6_000),
            "bicycle" | "scooter" | "phone" | "computer" | "camera" | "electronics" => (8_000, 140_000),
            "jewellery" | "watch" | "machinery" => (10_000, 300_000),
            _ => (500, 60_000),
        };
        self.script.chance.about(from, to) as u32
    }
}

/// What it is like.
pub(super) fn description(kind: &str) -> &'static str {
    match kind {
        "bicycle" => "Melns kalnu velosipēds ar bagāžnieku.",
        "scooter" => "Elektroskrejritenis, pelēks.",
        "phone" => "Viedtālrunis melnā apvalkā.",
        "computer" => "Klēpjdators, sudraba krāsā.",
        "bag" => "Melna plecu soma, maks ar kartēm.",
        "tool" => "Akumulatora urbjmašīna kastē.",
        "jewellery" => "Zelta ķēdīte un gredzens.",
        "alcohol" => "Stiprais alkohols, 0,5 l pudeles.",
        "tobacco" => "Cigaretes bez akcīzes markas.",
        "drugs" => "Balta viela plastmasas maisiņā.",
        "firearm" => "Pistole bez numura, aptvere.",
        "ammunition" => "Patronas kārbā.",
        "explosive" => "Sarūsējis lādiņš no kara laika.",
        "knife" => "Nazis ar melnu spalu.",
        "trace" => "Paraugs aploksnē.",
        _ => "Bez īpašām pazīmēm.",
    }
}
