use super::examples::proceedings;
use super::*;
use crate::examples::{actor, id};
use crate::scenario::Scenario;

fn request(by: &str) -> RetentionCommand {
    RetentionCommand::RequestErasure(RequestErasure {
        scope: ErasureScope::Record(id(1)),
        ground: ErasureGround::RetentionExpired,
        reason: None,
        by: actor(by),
    })
}

fn approve(by: &str) -> RetentionCommand {
    let keys = vec![DestroyedKey { key: id(8), record: id(1), subject: None }];
    RetentionCommand::ApproveErasure(ApproveErasure { keys, held_elsewhere: Vec::new(), by: actor(by) })
}

fn hold() -> RetentionCommand {
    let scope = ErasureScope::Record(id(1));
    RetentionCommand::PlaceHold(PlaceHold { scope, reference: proceedings(), by: actor("p.kalnins") })
}

fn lift() -> RetentionCommand {
    RetentionCommand::LiftHold(LiftHold { reference: proceedings(), by: actor("p.kalnins") })
}

fn case() -> Scenario<RetentionCase> {
    Scenario::new()
}

fn refusals(case: &Scenario<RetentionCase>, command: RetentionCommand) -> Vec<&'static str> {
    let refused = case.record.decide(command, &case.moment).unwrap_err();
    refused.reasons().map(crate::kernel::Rule::rule).collect()
}

#[test]
fn an_erasure_takes_two_persons() {
    assert_eq!(refusals(&case(), approve("p.kalnins")), ["erasure_not_requested"]);
    let requested = case().after(request("a.ozola"));
    assert_eq!(refusals(&requested, approve("a.ozola")), ["erasure_needs_two_persons"]);
    let events = requested.record.decide(approve("p.kalnins"), &requested.moment).unwrap();
    let [RetentionEvent::SubjectKeysDestroyed { keys, requested_by, approved_by, .. }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!((keys.len(), requested_by, approved_by), (1, &actor("a.ozola"), &actor("p.kalnins")));
    assert_eq!(refusals(&requested.after(approve("p.kalnins")), approve("p.kalnins")), ["erasure_not_requested"]);
}

#[test]
fn a_hold_stops_request_and_approval_until_it_is_lifted() {
    let held = case().after(hold());
    assert_eq!(refusals(&held, request("a.ozola")), ["legal_hold"]);
    let held_later = case().after(request("a.ozola")).after(hold());
    assert_eq!(refusals(&held_later, approve("p.kalnins")), ["legal_hold"]);
    let lifted = held_later.after(lift());
    assert!(lifted.record.decide(approve("p.kalnins"), &lifted.moment).is_ok());
    assert_eq!(refusals(&lifted, lift()), ["no_such_hold"]);
}

#[test]
fn every_hold_is_told_also_those_on_what_the_erasure_would_reach() {
    let held = case().after(request("a.ozola")).after(hold());
    let other = HoldReference::parse("KP 2").unwrap();
    let keys = vec![DestroyedKey { key: id(8), record: id(1), subject: None }];
    let command = ApproveErasure { keys, held_elsewhere: vec![other, proceedings()], by: actor("p.kalnins") };
    assert_eq!(refusals(&held, RetentionCommand::ApproveErasure(command)), ["legal_hold", "legal_hold"]);
}

#[test]
fn where_there_is_no_key_nothing_is_said_to_be_erased() {
    let requested = case().after(request("a.ozola"));
    let command = ApproveErasure { keys: Vec::new(), held_elsewhere: Vec::new(), by: actor("p.kalnins") };
    assert_eq!(refusals(&requested, RetentionCommand::ApproveErasure(command)), ["nothing_to_erase"]);
}

#[test]
fn a_rejected_request_is_gone_and_saying_the_same_again_changes_nothing() {
    let requested = case().after(request("a.ozola"));
    assert_eq!(requested.record.decide(request("a.ozola"), &requested.moment).unwrap(), []);
    assert_eq!(refusals(&requested, request("p.kalnins")), ["erasure_already_requested"]);
    let reject = RetentionCommand::RejectErasure(RejectErasure { reason: None, by: actor("p.kalnins") });
    let rejected = requested.after(reject.clone());
    assert_eq!(refusals(&rejected, reject), ["erasure_not_requested"]);
    let held = case().after(hold());
    assert_eq!(held.record.decide(hold(), &held.moment).unwrap(), []);
}
