//! What a nation's deeds come to, beside what the real one's figures are.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Timelike as _};
use chrono_tz::Europe::Riga;
use proto::command::v1::command_envelope::Command;

use super::deed::{Asked, Deed, Expected, Lane};
use super::institution::Kind;
use super::journal::VERSION;
use super::{Nation, RATES};

/// Counts of deeds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Incidents that State Police registers, those from cards included.
    pub state_incidents: u64,
    /// Incidents of municipal and port police.
    pub municipal_incidents: u64,
    /// Calls to 112.
    pub calls: u64,
    /// Incidents that come of a card.
    pub cards_to_police: u64,
    /// All commands.
    pub commands: u64,
    /// What is done in incidents, by what it is called in the contract.
    pub acts: BTreeMap<&'static str, u64>,
    /// Commands by what is expected of them.
    pub expected: BTreeMap<Expected, u64>,
    /// Commands by lane.
    pub lanes: BTreeMap<Lane, u64>,
    /// Incidents by institution.
    pub institutions: BTreeMap<&'static str, u64>,
    /// Incidents and calls by hour of the day, local time.
    pub hours: [u64; 24],
    /// The same by day of the week, Monday first.
    pub days: [u64; 7],
}

/// A figure beside the real one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside {
    /// What.
    pub what: &'static str,
    /// As many there are.
    pub count: u64,
    /// As many there should be in that time in a nation of that size.
    pub expected: f64,
    /// In the real one, in a year.
    pub real: u64,
}

impl Summary {
    /// Takes one in.
    pub fn add(&mut self, deed: &Deed) {
        self.commands += 1;
        *self.expected.entry(deed.expected).or_default() += 1;
        *self.lanes.entry(deed.lane).or_default() += 1;
        if deed.expected != Expected::Effect {
            return;
        }
        if let Some(act) = act(&deed.command) {
            *self.acts.entry(act).or_default() += 1;
        }
        match deed.streamed() {
            Some(Command::RegisterIncident(register)) => {
                self.cards_to_police += u64::from(register.card.is_some());
                self.add_incident(deed);
            }
            // Other versions of a record make no incident of their own.
            Some(Command::PushRecord(push)) if push.fields.get(VERSION).is_some_and(|version| version == "1") => {
                self.add_incident(deed);
            }
            // The new one of the two is an incident of its own.
            Some(Command::SplitIncident(_)) => self.add_incident(deed),
            Some(Command::ReceiveCall(_)) => self.calls += 1,
            _ => return,
        }
        let local = deed.at.with_timezone(&Riga);
        self.hours[local.hour() as usize] += 1;
        self.days[local.weekday().num_days_from_monday() as usize] += 1;
    }

    fn add_incident(&mut self, deed: &Deed) {
        match deed.sender.kind {
            Kind::StatePolice => self.state_incidents += 1,
            _ => self.municipal_incidents += 1,
        }
        *self.institutions.entry(deed.sender.code.as_str()).or_default() += 1;
    }

    /// The figures that the real nation states, after so many days.
    #[must_use]
    pub fn beside(&self, nation: &Nation, days: u32) -> [Beside; 4] {
        let rates = nation.rates();
        let of = |what, count, rate: u64, real| Beside {
            what,
            count,
            expected: rate as f64 * f64::from(days) / 365.25,
            real,
        };
        [
            of("incidents of State Police", self.state_incidents, rates.state_incidents, RATES.state_incidents),
            of(
                "incidents of municipal and port police",
                self.municipal_incidents,
                rates.municipal_incidents,
                RATES.municipal_incidents,
            ),
            of("calls to 112", self.calls, rates.calls, RATES.calls),
            of("cards that became incidents", self.cards_to_police, rates.cards_to_police, RATES.cards_to_police),
        ]
    }
}

macro_rules! acts {
    ($($streamed:ident)+; $($other:ident)+) => {
        /// What an incident's command is called in the contract; none of what is about cards and units.
        fn act(asked: &Asked) -> Option<&'static str> {
            match asked {
                $(Asked::Streamed(Command::$streamed(_)) => Some(stringify!($streamed)),)+
                $(Asked::$other(_) => Some(stringify!($other)),)+
                Asked::Streamed(_) => None,
            }
        }
    };
}

acts! {
    RegisterIncident SupplementIncident ReclassifyIncident AssignIncident RecordResult CloseIncident ReopenIncident CorrectIncident
    RecordAction RestrictIncident InvolvePerson IdentifyPerson ChangePersonRoles InvolveOrganisation InvolveVehicle InvolveItem
    InvolveDocument WithdrawInvolvement LinkIncidents UnlinkIncidents MergeIncident UnmergeIncident SplitIncident OfferTransfer
    AcceptTransfer RejectTransfer WithdrawTransfer CompleteTransfer SeizeItem TransferCustody DisposeItem RegisterCaution RenewCaution LiftCaution PushRecord;
    RequestAnnulment ApproveAnnulment RejectAnnulment LiftRestriction RegisterJournal AdoptMapping ChangeJournalPhase ProposePlan ApprovePlan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timeline;

    #[test]
    fn a_year_comes_to_the_real_figures() {
        let nation = Nation::new(7, 0.01);
        let mut summary = Summary::default();
        Timeline::new(&nation, nation.from, 365).for_each(|deed| summary.add(&deed));
        for figure in summary.beside(&nation, 365) {
            let off = (figure.count as f64 / figure.expected - 1.0).abs();
            assert!(off < 0.06, "{figure:?}");
        }
        assert!(summary.institutions.len() >= 34, "{:?}", summary.institutions);
        assert!(summary.hours[16] > summary.hours[4] * 2, "{:?}", summary.hours);
        assert!(summary.days[4] > summary.days[1], "{:?}", summary.days);
    }
}
