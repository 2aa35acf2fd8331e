//! State Police offers an incident to municipal police: what they make of it.

use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::case::Case;
use super::kinds::MUNICIPAL_MATTERS;
use crate::institution::{INSTITUTIONS, Kind as Institution};
use crate::rates::SHARES;

impl Case<'_> {
    /// The municipal police that it can be offered to: what is their business, where it happened; none of their own incidents.
    pub(super) fn competent_force(&self) -> Option<usize> {
        if self.script.sender().kind != Institution::StatePolice || !MUNICIPAL_MATTERS.contains(&self.kind.code) {
            return None;
        }
        let force = |one: &crate::Institution| {
            one.kind == Institution::MunicipalPolice && one.territory == Some(self.scene.territory)
        };
        INSTITUTIONS.iter().position(force)
    }

    /// Offers it, and tells what came of that, to the end of the incident.
    pub(super) fn transfer(&mut self, to: usize) {
        let (at, transfer) = (self.later(15, 120), self.script.new_id());
        self.act(at, |envelope, incident| {
            Command::OfferTransfer(pb::OfferTransfer {
                envelope,
                incident,
                transfer_id: transfer.to_string(),
                to: INSTITUTIONS[to].code.clone(),
                // The register's own: a day from when it is recorded.
                deadline: String::new(),
                reason: "Pašvaldības policijas kompetencē".to_owned(),
            })
        });
        let (accepted, rejected) = (SHARES.accepted, SHARES.accepted + SHARES.rejected);
        match self.script.chance.below(100) {
            answer if answer < accepted => self.accept(to),
            answer if answer < rejected => {
                self.reject(to);
                self.bring_to_an_end();
            }
            answer if answer < rejected + SHARES.withdrawn_offers => {
                let at = self.later(10, 600);
                self.act(at, |envelope, incident| {
                    let reason = "Izskatīs pati Valsts policija".to_owned();
                    Command::WithdrawTransfer(pb::WithdrawTransfer { envelope, incident, reason })
                });
                self.bring_to_an_end();
            }
            // Nobody answers: while the offer stands it is not closed.
            _ => self.result((60, 20 * 1_440)),
        }
    }

    fn accept(&mut self, to: usize) {
        self.script.hand_to(Some(to));
        let (at, officer) = (self.later(8, 700), self.officer());
        let named = self.percent(50);
        self.act(at, |envelope, incident| {
            let assignee = named.then_some(pb::accept_transfer::Assignee::Officer(officer));
            Command::AcceptTransfer(pb::AcceptTransfer { envelope, incident, assignee })
        });
        if !named {
            self.assign();
        }
        self.take_actions();
        match self.script.chance.below(100) {
            returned if returned < SHARES.returned => {
                self.complete(pb::TransferOutcome::Returned, "Nepieciešama Valsts policija");
                self.script.hand_to(None);
                self.bring_to_an_end();
            }
            aborted if aborted < SHARES.returned + SHARES.aborted => {
                self.complete(pb::TransferOutcome::Aborted, "Nav iespējams izskatīt");
                self.bring_to_an_end();
            }
            _ => {
                self.result((60, 12 * 1_440));
                self.close((1, 1_440));
                self.complete(pb::TransferOutcome::Completed, "");
            }
        }
    }

    fn reject(&mut self, to: usize) {
        self.script.hand_to(Some(to));
        let at = self.later(8, 600);
        let cause = self.one_of(&["not-competent", "other-territory", "no-capacity", "not-enough-known"]);
        self.act(at, |envelope, incident| {
            let (cause, note) = (cause.to_owned(), "Atgriežam bez izskatīšanas".to_owned());
            Command::RejectTransfer(pb::RejectTransfer { envelope, incident, cause, note })
        });
        self.script.hand_to(None);
    }

    fn complete(&mut self, outcome: pb::TransferOutcome, note: &str) {
        let at = self.later(5, 600);
        self.act(at, |envelope, incident| {
            let (outcome, note) = (outcome as i32, note.to_owned());
            Command::CompleteTransfer(pb::CompleteTransfer { envelope, incident, outcome, note })
        });
    }
}
