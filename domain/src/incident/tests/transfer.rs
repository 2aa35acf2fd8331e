//! Transfers between institutions.

use super::*;
use crate::classifier::TransferCause;
use crate::terms::TransferOutcome;

fn institution(code: &str) -> InstitutionCode {
    sure(InstitutionCode::parse(code))
}

pub(super) fn offer(n: u128, to: &str) -> IncidentCommand {
    let (transfer, to) = (id(n), institution(to));
    IncidentCommand::OfferTransfer(OfferTransfer {
        transfer,
        to,
        deadline: Some(at("23:00:00")),
        reason: why("Cita teritorija"),
    })
}

fn accept(by: &str) -> IncidentCommand {
    IncidentCommand::AcceptTransfer(AcceptTransfer { by: institution(by), assignee: None })
}

fn reject(by: &str) -> IncidentCommand {
    let cause = sure(TransferCause::parse("not-competent"));
    IncidentCommand::RejectTransfer(RejectTransfer { by: institution(by), cause, note: None })
}

fn withdraw() -> IncidentCommand {
    IncidentCommand::WithdrawTransfer(WithdrawTransfer { reason: why("Nav vajadzīgs") })
}

fn complete(by: &str, outcome: TransferOutcome) -> IncidentCommand {
    IncidentCommand::CompleteTransfer(CompleteTransfer { by: institution(by), outcome, note: None })
}

fn offered() -> Scenario<Incident> {
    incident().registered().after(assign(officer("1"))).after(offer(41, "PP-RIGA"))
}

fn responsible(record: &Incident) -> String {
    record.responsible().unwrap().to_string()
}

/// Invariant 7 of the domain.
#[test]
fn the_sender_stays_responsible_until_acceptance() {
    let offered = offered();
    assert_eq!(responsible(&offered.record), "VP-RIGA");
    offered.clone().when(supplement(|new| new.occurred_to = Some(at("21:35:00")))).accepted();
    let accepted = offered.after(accept("PP-RIGA"));
    assert_eq!(responsible(&accepted.record), "PP-RIGA");
    assert_eq!(accepted.record.status(), Some(IncidentStatus::Registered), "nobody there has it yet");
    assert_eq!(accepted.record.institution().unwrap().as_str(), "VP-RIGA", "who registered it stays so");
    assert_eq!(accepted.record.formerly().map(InstitutionCode::as_str).collect::<Vec<_>>(), ["VP-RIGA"]);
}

#[test]
fn only_who_an_offer_is_made_to_answers_it() {
    let to = institution("PP-RIGA");
    offered().when(accept("PP-LIEPAJA")).refused_with([IncidentError::NotYourTransfer { to: to.clone() }]);
    offered().when(reject("VP-RIGA")).refused_with([IncidentError::NotYourTransfer { to }]);
}

#[test]
fn an_offer_has_one_end() {
    let expire = IncidentCommand::ExpireTransfer;
    let none = || [IncidentError::NoTransferPending { number: number() }];
    for end in [accept("PP-RIGA"), reject("PP-RIGA"), withdraw()] {
        let ended = offered().after(end);
        ended.clone().when(accept("PP-RIGA")).refused_with(none());
        ended.clone().when(reject("PP-RIGA")).refused_with(none());
        ended.clone().when(withdraw()).refused_with(none());
        ended.when(expire.clone()).changes_nothing();
    }
    let over = offered().at("23:00:01").after(expire);
    over.clone().when(accept("PP-RIGA")).refused_with(none());
    assert_eq!(responsible(&over.record), "VP-RIGA");
}

#[test]
fn an_offer_is_accepted_in_time() {
    let deadline = at("23:00:00");
    offered().at("23:00:01").when(accept("PP-RIGA")).refused_with([IncidentError::TransferOverdue { deadline }]);
    offered().at("23:00:00").when(accept("PP-RIGA")).accepted();
    offered().when(IncidentCommand::ExpireTransfer).refused_with([IncidentError::TransferNotOverdue { deadline }]);
}

#[test]
fn an_incident_is_offered_to_one_other_institution_at_a_time() {
    offered().when(offer(41, "PP-RIGA")).changes_nothing();
    let to = institution("PP-RIGA");
    offered().when(offer(42, "PP-LIEPAJA")).refused_with([IncidentError::TransferPending { number: number(), to }]);
    let own = institution("VP-RIGA");
    incident().registered().when(offer(41, "VP-RIGA")).refused_with([IncidentError::TransferToItself { to: own }]);
    let over = IncidentCommand::OfferTransfer(OfferTransfer {
        transfer: id(41),
        to: institution("PP-RIGA"),
        deadline: Some(at("21:40:00")),
        reason: why("x"),
    });
    incident().registered().when(over).refused_with([IncidentError::TransferDeadline]);
}

#[test]
fn an_offer_holds_a_day_where_nothing_else_is_said() {
    let open = IncidentCommand::OfferTransfer(OfferTransfer {
        transfer: id(41),
        to: institution("PP-RIGA"),
        deadline: None,
        reason: why("x"),
    });
    let (events, _) = incident().registered().when(open).accepted();
    let IncidentEvent::TransferOffered { deadline, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(*deadline, at("21:40:00") + TimeDelta::hours(24));
}

#[test]
fn an_offered_incident_is_neither_closed_nor_annulled_nor_merged() {
    let offered = offered().with_result();
    let by = crate::examples::actor("a.ozola");
    for command in [
        close(None),
        IncidentCommand::RequestAnnulment(RequestAnnulment { reason: why("x"), by }),
        IncidentCommand::MergeIncident(MergeIncident { into: id(33), reason: why("x") }),
    ] {
        let to = institution("PP-RIGA");
        offered.clone().when(command).refused_with([IncidentError::TransferPending { number: number(), to }]);
    }
}

#[test]
fn a_transfer_that_was_accepted_ends_once_by_who_accepted_it() {
    let accepted = offered().after(accept("PP-RIGA"));
    let to = institution("PP-RIGA");
    accepted
        .clone()
        .when(complete("VP-RIGA", TransferOutcome::Completed))
        .refused_with([IncidentError::NotYourTransfer { to }]);
    let working = accepted.clone().after(assign(officer("9"))).after(complete("PP-RIGA", TransferOutcome::Aborted));
    assert_eq!(working.record.status(), Some(IncidentStatus::Assigned), "it is still with who deals with it");
    let ended = accepted.with_result().closed().after(complete("PP-RIGA", TransferOutcome::Completed));
    assert_eq!(
        (responsible(&ended.record), ended.record.status()),
        ("PP-RIGA".to_owned(), Some(IncidentStatus::Closed))
    );
    ended
        .when(complete("PP-RIGA", TransferOutcome::Aborted))
        .refused_with([IncidentError::NoTransferAccepted { number: number() }]);
}

#[test]
fn a_transfer_can_go_back() {
    let accepted = offered().after(accept("PP-RIGA")).after(assign(officer("9")));
    let back = accepted.after(complete("PP-RIGA", TransferOutcome::Returned));
    assert_eq!(
        (responsible(&back.record), back.record.status()),
        ("VP-RIGA".to_owned(), Some(IncidentStatus::Registered))
    );
    back.when(offer(42, "PP-RIGA")).accepted();
}
