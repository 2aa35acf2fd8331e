//! What is taken away, and who has it until its end.

use chrono::{DateTime, TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::case::Case;
use super::things::description;
use crate::institution::Kind as Institution;
use crate::rates::SHARES;

impl Case<'_> {
    /// Takes an item away: an officer has it first, then a storage, in between perhaps an expert. It outlives the incident, so its chain
    /// goes by a clock of its own.
    pub(super) fn seize(&mut self, kinds: &[&'static str]) {
        let (at, id, kind) = (self.later(3, 40), self.script.new_id().to_string(), self.one_of(kinds));
        let found = self.kind.code == "lost-property";
        let from = if found { self.subject_of(&["reporter"]) } else { self.subject_of(&["suspect", "offender"]) };
        let from_person = from.map(|from| from.subject.to_string()).unwrap_or_default();
        let basis = match self.kind.code {
            _ if found => "found-property",
            "alcohol" => "administrative-procedure",
            _ => "criminal-procedure",
        };
        let officer = self.officer();
        let (serial, value) = (self.serial(kind), self.value(kind));
        let item = pb::SeizeItem {
            id: id.clone(),
            kind: kind.to_owned(),
            description: description(kind).to_owned(),
            serial,
            quantity: Some(self.script.chance.between(1, if kind == "ammunition" { 40 } else { 3 }) as u32),
            value_cents: Some(value).filter(|_| !matches!(kind, "drugs" | "trace" | "explosive")),
            basis: basis.to_owned(),
            protocol: format!("IZ-{:06}", self.script.chance.below(1_000_000)),
            from_person,
            place: self.scene.text.clone(),
            custodian: keeper(&officer),
            seal: self.seal(),
            ..pb::SeizeItem::default()
        };
        self.act(at, |envelope, incident| Command::SeizeItem(pb::SeizeItem { envelope, incident, ..item }));
        let mut chain = Chain { id, holder: officer, at };
        if self.script.chance.in_a_million(10_000) {
            self.dispose(&mut chain, pb::DisposalOutcome::RecordedInError, (5, 60));
            return;
        }
        self.hand_on(&mut chain, "Glabātava", "Nodots glabāšanā", (60, 2 * 1_440));
        let state = self.script.sender().kind == Institution::StatePolice;
        if state && matches!(kind, "drugs" | "firearm" | "explosive" | "trace" | "clothing" | "ammunition") {
            self.hand_on(&mut chain, "Ekspertīžu birojs", "Nodots ekspertīzei", (1_440, 9 * 1_440));
            self.hand_on(&mut chain, "Glabātava", "Ekspertīze pabeigta", (9 * 1_440, 40 * 1_440));
        }
        if self.percent(SHARES.disposed) {
            let outcome = match kind {
                _ if found => pb::DisposalOutcome::Returned,
                "drugs" | "explosive" if !state => pb::DisposalOutcome::HandedOver,
                "drugs" | "alcohol" | "tobacco" | "explosive" | "trace" => pb::DisposalOutcome::Destroyed,
                "firearm" | "ammunition" | "knife" => pb::DisposalOutcome::Confiscated,
                _ => pb::DisposalOutcome::Returned,
            };
            self.dispose(&mut chain, outcome, (10 * 1_440, 60 * 1_440));
        }
    }

    fn hand_on(&mut self, chain: &mut Chain, to: &str, why: &str, (from, until): (i64, i64)) {
        chain.wait(self, from, until);
        let before = std::mem::replace(&mut chain.holder, to.to_owned());
        let (id, seal) = (chain.id.clone(), self.seal());
        let command = pb::TransferCustody {
            id,
            from: keeper(&before),
            to: keeper(to),
            seal,
            reason: why.to_owned(),
            ..pb::TransferCustody::default()
        };
        self.act(chain.at, |envelope, _| Command::TransferCustody(pb::TransferCustody { envelope, ..command }));
    }

    fn dispose(&mut self, chain: &mut Chain, outcome: pb::DisposalOutcome, (from, until): (i64, i64)) {
        chain.wait(self, from, until);
        let decision = format!("{:011}", self.script.chance.below(u32::MAX));
        let command = pb::DisposeItem {
            id: chain.id.clone(),
            outcome: outcome as i32,
            to: if outcome == pb::DisposalOutcome::HandedOver { "VP".to_owned() } else { String::new() },
            decision: if outcome == pb::DisposalOutcome::RecordedInError { String::new() } else { decision },
            reason: "Lēmums par izņemto mantu".to_owned(),
            ..pb::DisposeItem::default()
        };
        self.act(chain.at, |envelope, _| Command::DisposeItem(pb::DisposeItem { envelope, ..command }));
    }

    fn seal(&mut self) -> String {
        format!("PL{:07}", self.script.chance.below(10_000_000))
    }
}

/// Who has an item, and since when.
struct Chain {
    id: String,
    holder: String,
    at: DateTime<Utc>,
}

impl Chain {
    fn wait(&mut self, case: &mut Case<'_>, from: i64, to: i64) {
        let chance = &mut case.script.chance;
        self.at += TimeDelta::seconds(60 * chance.about(from, to) + chance.between(1, 59));
    }
}

/// Somebody, or a storage, of who acts.
fn keeper(name: &str) -> Option<pb::Custodian> {
    Some(pb::Custodian { institution: String::new(), keeper: name.to_owned() })
}
