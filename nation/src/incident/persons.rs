//! Who takes part in an incident, what is known of them, and what becomes known later.

use chrono::{DateTime, Utc};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use uuid::Uuid;

use super::case::{Case, Involved};
use super::kinds::{Part, Who};
use crate::people::Person;
use crate::place::Address;
use crate::rates::SHARES;

/// Most people of one incident here.
const MOST: usize = 4;

impl Case<'_> {
    /// Adds who takes part: one at least.
    pub(super) fn involve_people(&mut self) {
        let parts = self.kind.cast;
        for (place, part) in parts.iter().enumerate() {
            let last_chance = self.involved.is_empty() && place + 1 == parts.len();
            if self.involved.len() < MOST && (self.percent(part.percent) || last_chance) {
                self.involve(part);
            }
        }
    }

    fn involve(&mut self, part: &Part) {
        let at = self.later(1, 12);
        let Some(person) = self.who(part.who, at) else { return };
        if self.involved.iter().any(|other| other.person.number == person.number) {
            return;
        }
        let nation = self.script.nation;
        let known = part.who != Who::Stranger || self.percent(55);
        // Of whom nothing is known may be anybody: they get an id that leads to nobody.
        let subject = if known { person.subject(nation) } else { self.script.new_id() };
        let (identification, details) = self.details(&person, part, known);
        let minor = details.as_ref().is_none_or(|details| details.birth_date.is_empty());
        let minor = (known && minor && person.is_minor(at)).then_some(true);
        let protections = self.protections(part);
        let roles = self.roles(part);
        self.involved.push(Involved { subject, person, role: part.role, known });
        self.act(at, |envelope, incident| {
            Command::InvolvePerson(pb::InvolvePerson {
                envelope,
                incident,
                subject_id: subject.to_string(),
                person: details,
                roles,
                identification: identification as i32,
                minor,
                protections,
            })
        });
    }

    /// Who it is; nobody, where a family has no such member.
    fn who(&mut self, who: Who, at: DateTime<Utc>) -> Option<Person> {
        let (nation, chance) = (self.script.nation, &mut self.script.chance);
        let taken = |person: &Person| self.involved.iter().any(|other| other.person.number == person.number);
        match who {
            Who::Reporter => Some(match &self.reporter {
                Some(reporter) => reporter.clone(),
                None => Person::met(nation, chance),
            }),
            Who::Adult | Who::Stranger => Some(Person::met(nation, chance)),
            Who::Minor => {
                let school_age = |person: &Person| (7..18).contains(&person.age(at));
                Some(Person::met_who(nation, chance, school_age)).filter(school_age)
            }
            Who::Family => self.family.first().cloned(),
            Who::Partner => {
                let grown = self.family.iter().find(|person| !person.is_minor(at) && !taken(person)).cloned();
                // Who lived there once is as often the one.
                grown.filter(|_| chance.percent(70)).or_else(|| Some(Person::met(nation, chance)))
            }
            Who::Child => self.family.iter().find(|person| person.is_minor(at) && !taken(person)).cloned(),
        }
    }

    fn roles(&mut self, part: &Part) -> Vec<String> {
        let drunk = part.role == "driver" && self.kind.code == "drink-driving";
        let more = match part.role {
            "driver" if drunk => Some("suspect"),
            "driver" if self.kind.code == "traffic-offence" => Some("offender"),
            "victim" if self.percent(14) && matches!(self.kind.code, "assault" | "domestic-violence" | "robbery") => {
                Some("injured")
            }
            _ => None,
        };
        [Some(part.role), more].into_iter().flatten().map(str::to_owned).collect()
    }

    fn protections(&mut self, part: &Part) -> Vec<i32> {
        let violence = part.role == "victim" && matches!(self.kind.code, "domestic-violence" | "sexual-offence");
        let order = violence && part.who == Who::Family && self.percent(15);
        let special = part.role == "witness" && self.kind.code == "homicide" && self.percent(5);
        [
            (violence, pb::Protection::ViolenceVictim),
            (order, pb::Protection::ProtectionOrder),
            (special, pb::Protection::SpecialProtection),
        ]
        .into_iter()
        .filter_map(|(is, protection)| is.then_some(protection as i32))
        .collect()
    }

    /// How well it is known who somebody is, and what is.
    fn details(
        &mut self,
        person: &Person,
        part: &Part,
        known: bool,
    ) -> (pb::Identification, Option<pb::PersonDetails>) {
        if !known {
            let sex = if self.percent(80) { sex(person) } else { pb::Sex::Unspecified };
            let details = pb::PersonDetails { sex: sex as i32, ..pb::PersonDetails::default() };
            return (pb::Identification::Unknown, Some(details).filter(|_| sex != pb::Sex::Unspecified));
        }
        let (nation, chance) = (self.script.nation, &mut self.script.chance);
        let young = part.who == Who::Child || part.who == Who::Minor;
        match chance.below(100) {
            0..45 if !young => (pb::Identification::Document, Some(full(nation, chance, person))),
            0..60 => (pb::Identification::Register, Some(full(nation, chance, person))),
            _ => {
                let birth_date = if chance.percent(40) { person.born.to_string() } else { String::new() };
                let phone = if young || chance.percent(40) { String::new() } else { person.phone.clone() };
                let details = pb::PersonDetails {
                    name: person.name.clone(),
                    birth_date,
                    phone,
                    sex: sex(person) as i32,
                    ..pb::PersonDetails::default()
                };
                (pb::Identification::Stated, Some(details))
            }
        }
    }

    /// What becomes known later: who somebody is, and what they were.
    pub(super) fn learn_of_people(&mut self) {
        for place in 0..self.involved.len() {
            let Involved { subject, person, role, known } = self.involved[place].clone();
            if !known && self.percent(SHARES.identified) {
                self.identify(place, &person, subject);
            }
            if role == "suspect" && self.percent(SHARES.roles_changed) {
                let at = self.later(30, 2 * 1_440);
                let to = self.one_of(&["detainee", "detainee", "witness"]);
                self.act(at, |envelope, incident| {
                    Command::ChangePersonRoles(pb::ChangePersonRoles {
                        envelope,
                        incident,
                        subject_id: subject.to_string(),
                        roles: vec![to.to_owned()],
                        reason: "Precizēts pēc liecinieku paskaidrojumiem".to_owned(),
                    })
                });
            }
        }
    }

    fn identify(&mut self, place: usize, person: &Person, subject: Uuid) {
        let at = self.later(60, 4 * 1_440);
        let (nation, chance) = (self.script.nation, &mut self.script.chance);
        let details = full(nation, chance, person);
        self.involved[place].known = true;
        self.act(at, |envelope, incident| {
            Command::IdentifyPerson(pb::IdentifyPerson {
                envelope,
                incident,
                subject_id: subject.to_string(),
                person: Some(details),
                identification: pb::Identification::Register as i32,
                minor: None,
                protections: None,
                reason: "Atpazīts videoierakstā".to_owned(),
            })
        });
    }

    /// Takes back the last who was added, if it is a witness: it was somebody else.
    pub(super) fn withdraw_witness(&mut self) {
        let Some(witness) = self.involved.pop_if(|last| last.role == "witness") else { return };
        let at = self.later(20, 600);
        self.act(at, |envelope, incident| {
            Command::WithdrawInvolvement(pb::WithdrawInvolvement {
                envelope,
                incident,
                id: witness.subject.to_string(),
                reason: "Iesaistīta cita persona".to_owned(),
            })
        });
    }

    /// The subject of the first in it who is this.
    pub(super) fn subject_of(&self, roles: &[&str]) -> Option<&Involved> {
        self.involved.iter().find(|involved| roles.contains(&involved.role))
    }
}

fn sex(person: &Person) -> pb::Sex {
    if person.woman { pb::Sex::Female } else { pb::Sex::Male }
}

/// All that a document or a register says.
pub(super) fn full(nation: &crate::Nation, chance: &mut crate::Chance, person: &Person) -> pb::PersonDetails {
    // Not all who live here are citizens.
    let citizenship = match chance.below(100) {
        0..88 => "LV",
        88..92 => "UA",
        92..95 => "LT",
        95..97 => "EE",
        _ => "",
    };
    pb::PersonDetails {
        name: person.name.clone(),
        name_original: String::new(),
        personal_code: person.code.to_string(),
        birth_date: person.born.to_string(),
        phone: if chance.percent(60) { person.phone.clone() } else { String::new() },
        address: Address::home(nation, person.household).text,
        citizenship: citizenship.to_owned(),
        sex: sex(person) as i32,
    }
}
