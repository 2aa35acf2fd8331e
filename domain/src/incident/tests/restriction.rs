//! Classes and annulment.

use super::*;
use crate::examples::actor;
use crate::terms::RaisedClass;

fn restrict(class: RaisedClass) -> IncidentCommand {
    IncidentCommand::RestrictIncident(RestrictIncident { class, reason: why("Operatīva informācija") })
}

fn lift() -> IncidentCommand {
    IncidentCommand::LiftRestriction(LiftRestriction { reason: why("Nav vairs vajadzīgs") })
}

fn request(by: &str) -> IncidentCommand {
    IncidentCommand::RequestAnnulment(RequestAnnulment { reason: why("Reģistrēts divreiz"), by: actor(by) })
}

fn approve(by: &str) -> IncidentCommand {
    IncidentCommand::ApproveAnnulment(ApproveAnnulment { by: actor(by) })
}

fn reject(by: &str) -> IncidentCommand {
    IncidentCommand::RejectAnnulment(RejectAnnulment { reason: why("Nav kļūda"), by: actor(by) })
}

#[test]
fn an_incident_is_as_restricted_as_its_type_asks_for() {
    let command = RegisterIncident { rules: rules(Some(RaisedClass::Protected)), ..registration() };
    let protected = incident().after(IncidentCommand::RegisterIncident(Box::new(command)));
    assert_eq!(protected.record.class(), Some(RaisedClass::Protected));
    assert_eq!(
        protected.clone().after(reclassify(None, Some(Category::A))).record.class(),
        Some(RaisedClass::Protected)
    );
    assert_eq!(
        protected.after(reclassify(Some("theft"), None)).record.class(),
        Some(RaisedClass::Protected),
        "same type"
    );
    assert_eq!(incident().registered().record.class(), None);
}

#[test]
fn another_type_asks_for_its_own_class() {
    let command = RegisterIncident {
        type_code: kind("domestic-violence"),
        rules: rules(Some(RaisedClass::Protected)),
        ..registration()
    };
    let protected = incident().after(IncidentCommand::RegisterIncident(Box::new(command)));
    assert_eq!(protected.clone().after(reclassify(Some("noise"), None)).record.class(), None);
    assert_eq!(protected.with_result().after(close(Some("noise"))).record.class(), None);
}

#[test]
fn a_restriction_is_set_and_lifted_also_when_an_incident_is_closed() {
    let closed = incident().registered().with_result().closed();
    let secret = closed.after(restrict(RaisedClass::Secret));
    assert_eq!(secret.record.class(), Some(RaisedClass::Secret));
    secret.clone().when(restrict(RaisedClass::Secret)).changes_nothing();
    let lifted = secret.after(lift());
    assert_eq!(lifted.record.class(), None);
    lifted.when(lift()).refused_with([IncidentError::NotRestricted { number: number() }]);
}

#[test]
fn an_incident_is_annulled_by_two_persons() {
    let asked = incident().registered().after(request("a.ozola"));
    asked.clone().when(request("a.ozola")).changes_nothing();
    asked
        .clone()
        .when(request("p.kalnins"))
        .refused_with([IncidentError::AnnulmentPending { number: number(), by: actor("a.ozola") }]);
    asked
        .clone()
        .when(approve("a.ozola"))
        .refused_with([IncidentError::AnnulmentNeedsTwoPersons { by: actor("a.ozola") }]);
    let annulled = asked.when(approve("p.kalnins")).accepted().1;
    assert_eq!((annulled.status(), annulled.number()), (Some(IncidentStatus::Annulled), Some(number())));
}

#[test]
fn nothing_of_an_annulled_incident_changes() {
    let annulled = incident().registered().after(request("a.ozola")).after(approve("p.kalnins"));
    for command in [
        supplement(|new| new.place = Some(place())),
        reclassify(Some("robbery"), None),
        assign(officer("1")),
        result("warning"),
        close(None),
        reopen(),
        restrict(RaisedClass::Secret),
        request("a.ozola"),
        correct(true, |command| command.channel = Some(Channel::Sms)),
    ] {
        annulled.clone().when(command).refused_with([IncidentError::Annulled { number: number() }]);
    }
}

#[test]
fn an_annulment_that_was_rejected_can_be_asked_for_again() {
    incident()
        .registered()
        .when(reject("a.ozola"))
        .refused_with([IncidentError::NoAnnulmentRequested { number: number() }]);
    let rejected = incident().registered().after(request("a.ozola")).after(reject("p.kalnins"));
    rejected
        .clone()
        .when(approve("p.kalnins"))
        .refused_with([IncidentError::NoAnnulmentRequested { number: number() }]);
    rejected.when(request("p.kalnins")).accepted();
}

#[test]
fn what_is_about_to_be_annulled_is_not_closed() {
    let asked = incident().registered().with_result().after(request("a.ozola"));
    asked.when(close(None)).refused_with([IncidentError::AnnulmentPending { number: number(), by: actor("a.ozola") }]);
}
