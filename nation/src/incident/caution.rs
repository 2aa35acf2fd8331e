//! What is to be known beforehand the next time: of the address, of a person there, of their vehicle.

use chrono::{DateTime, TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::register_caution::About;

use super::case::Case;
use super::kinds::Who;
use super::persons::full;
use crate::deed::local;
use crate::rates::SHARES;
use crate::vehicle::Vehicle;

/// How long one holds at first, in days.
const HOLDS_DAYS: (i64, i64) = (90, 365);

impl Case<'_> {
    /// Somebody makes known what to be careful of; some of it is renewed, some lifted before its time. It outlives the incident, so it
    /// goes by a clock of its own.
    pub(super) fn caution(&mut self) {
        let family = self.kind.cast.iter().any(|part| part.who == Who::Family);
        let often = if family { SHARES.cautions_of_families } else { SHARES.cautions };
        if !self.script.chance.in_a_million(u64::from(often) * 10) {
            return;
        }
        let (at, id) = (self.later(20, 1_440), self.script.new_id().to_string());
        let (kind, about, subject_id, advice) = self.what_of(family, at);
        let expires = at + TimeDelta::days(self.script.chance.between(HOLDS_DAYS.0, HOLDS_DAYS.1));
        let command = pb::RegisterCaution {
            id: id.clone(),
            kind: kind.to_owned(),
            about: Some(about),
            subject_id,
            advice: advice.to_owned(),
            expires_at: local(expires),
            ..pb::RegisterCaution::default()
        };
        self.act(at, |envelope, incident| {
            Command::RegisterCaution(pb::RegisterCaution { envelope, incident, ..command })
        });
        let mut then = at;
        if self.percent(SHARES.renewed) {
            then = self.days_after(then, 30, 80);
            let expires_at = local(then + TimeDelta::days(180));
            let renewed = pb::RenewCaution {
                id: id.clone(),
                expires_at,
                reason: "Apstākļi nav mainījušies".to_owned(),
                ..pb::RenewCaution::default()
            };
            self.act(then, |envelope, _| Command::RenewCaution(pb::RenewCaution { envelope, ..renewed }));
        }
        if self.percent(SHARES.lifted) {
            then = self.days_after(then, 5, 60);
            let lifted = pb::LiftCaution { id, reason: "Vairs nav pamata".to_owned(), ..pb::LiftCaution::default() };
            self.act(then, |envelope, _| Command::LiftCaution(pb::LiftCaution { envelope, ..lifted }));
        }
    }

    /// What of whom, and what to do about it.
    fn what_of(&mut self, family: bool, at: DateTime<Utc>) -> (&'static str, About, String, &'static str) {
        let suspect = self.subject_of(&["suspect", "offender"]).filter(|involved| involved.known).cloned();
        let victim = self.subject_of(&["victim"]).filter(|involved| involved.known).cloned();
        let nation = self.script.nation;
        match (suspect, victim, self.script.chance.below(10)) {
            (_, Some(victim), 0..4) if family => {
                let person = full(nation, &mut self.script.chance, &victim.person);
                let advice = "Ierasties bez skaņas signāla";
                ("violence-victim", About::Person(person), victim.subject.to_string(), advice)
            }
            (Some(suspect), _, 0..5) => {
                let person = full(nation, &mut self.script.chance, &suspect.person);
                let kind = self.one_of(&["violence", "weapon", "escape", "infection"]);
                (kind, About::Person(person), suspect.subject.to_string(), "Doties vismaz divatā")
            }
            (Some(suspect), _, 5) => {
                let vehicle = Vehicle::of(nation, &suspect.person);
                let about = pb::CautionedVehicle { plate: vehicle.plate.clone(), ..pb::CautionedVehicle::default() };
                ("escape", About::Vehicle(about), String::new(), "Neapturēt vienatnē")
            }
            _ => {
                let place = self.scene.as_place(pb::LocationSource::Address, None, at);
                let kind = self.one_of(&["dog", "access", "violence", "hazardous-substances", "vulnerable-person"]);
                (kind, About::Address(place), String::new(), "Sazināties ar saimnieku pirms ieiešanas")
            }
        }
    }

    fn days_after(&mut self, at: DateTime<Utc>, from: i64, until: i64) -> DateTime<Utc> {
        at + TimeDelta::seconds(86_400 * self.script.chance.between(from, until) + self.script.chance.between(1, 3_600))
    }
}
