//! What came of a forwarded card and goes back.

use super::*;
use crate::examples::{actor, id, sealed};

fn forwarded() -> Scenario<Incident> {
    let by = Some(sure(InstitutionCode::parse("VP-RIGA")));
    let register = RegisterIncident { card: Some(id(3)), forwarded_by: by, ..registration() };
    incident().after(IncidentCommand::RegisterIncident(Box::new(register)))
}

fn request(by: &str) -> IncidentCommand {
    IncidentCommand::RequestAnnulment(RequestAnnulment { reason: sealed(2), by: actor(by) })
}

fn give_back() -> IncidentCommand {
    IncidentCommand::ReturnIncident(ReturnIncident { cause: sealed(1) })
}

#[test]
fn what_came_of_a_forwarded_card_is_given_back_and_never_annulled() {
    let by = sure(InstitutionCode::parse("VP-RIGA"));
    forwarded().when(request("a.ozola")).refused_with([IncidentError::Forwarded { number: number(), by }]);
    let returned = forwarded().after(give_back());
    assert_eq!(returned.record.status(), Some(IncidentStatus::Returned));
    for command in [assign(officer("1")), result("warning"), give_back(), request("a.ozola")] {
        returned.clone().when(command).refused_with([IncidentError::Returned { number: number() }]);
    }
}

#[test]
fn what_came_otherwise_or_was_dealt_with_is_not_given_back() {
    incident().registered().when(give_back()).refused_with([IncidentError::NotForwarded { number: number() }]);
    let with_card = RegisterIncident { card: Some(id(3)), ..registration() };
    let with_card = incident().after(IncidentCommand::RegisterIncident(Box::new(with_card)));
    with_card.when(give_back()).refused_with([IncidentError::NotForwarded { number: number() }]);
    forwarded().with_result().when(give_back()).refused_with([IncidentError::DealtWith { number: number() }]);
}

#[test]
fn who_was_given_it_works_on_it_first_and_may_still_give_it_back() {
    forwarded().after(assign(officer("1"))).when(give_back()).accepted();
    assert_eq!(forwarded().record.forwarded_card(), Some(id(3)));
    assert_eq!(incident().registered().record.forwarded_card(), None);
}
