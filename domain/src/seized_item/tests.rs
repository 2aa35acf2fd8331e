use proptest::prelude::*;

use super::examples::custodian;
use super::*;
use crate::classifier::{ItemKind, SeizureBasis};
use crate::examples::{at, id, sure};
use crate::scenario::{Scenario, moment};

fn item() -> Scenario<SeizedItem> {
    Scenario::new().at("22:00:00")
}

fn seize() -> SeizedItemCommand {
    SeizedItemCommand::SeizeItem(Box::new(SeizeItem {
        incident: id(1),
        kind: sure(ItemKind::parse("knife")),
        description: None,
        serial: None,
        quantity: None,
        value_cents: None,
        basis: sure(SeizureBasis::parse("criminal-procedure")),
        protocol: None,
        from_person: None,
        place: None,
        custodian: custodian("4711"),
        seal: None,
        at: Some(at("21:00:00")),
    }))
}

fn hand(from: &str, to: &str, when: Option<&str>) -> SeizedItemCommand {
    let (from, to) = (custodian(from), custodian(to));
    SeizedItemCommand::TransferCustody(TransferCustody { from, to, at: when.map(at), seal: None, reason: None })
}

fn dispose(outcome: DisposalOutcome, when: Option<&str>) -> SeizedItemCommand {
    SeizedItemCommand::DisposeItem(DisposeItem { outcome, to: None, at: when.map(at), decision: None, reason: None })
}

#[test]
fn an_item_is_seized_once_and_has_a_custodian_from_then_on() {
    let seized = item().after(seize());
    assert_eq!(seized.record.custodian(), Some(&custodian("4711")));
    assert_eq!(seized.record.incident(), Some(id(1)));
    seized.when(seize()).refused_with([SeizedItemError::AlreadySeized { incident: id(1) }]);
}

#[test]
fn only_who_has_an_item_hands_it_on() {
    let seized = item().after(seize());
    seized
        .clone()
        .when(hand("4712", "Glabātava", None))
        .refused_with([SeizedItemError::OtherCustodian { custodian: custodian("4711") }]);
    let kept = seized.after(hand("4711", "Glabātava", None));
    assert_eq!(kept.record.custodian(), Some(&custodian("Glabātava")));
    kept.when(hand("4711", "Glabātava", None)).changes_nothing();
}

#[test]
fn a_chain_of_custody_runs_with_time() {
    let seized = item().after(seize());
    let early = hand("4712", "Glabātava", Some("20:59:59"));
    seized.clone().when(early).refused_with([
        SeizedItemError::OtherCustodian { custodian: custodian("4711") },
        SeizedItemError::BeforeLastHandover { since: at("21:00:00") },
    ]);
    seized.clone().when(hand("4711", "Glabātava", Some("23:00:00"))).refused_with([SeizedItemError::InFuture]);
    seized
        .when(dispose(DisposalOutcome::Returned, Some("20:00:00")))
        .refused_with([SeizedItemError::BeforeLastHandover { since: at("21:00:00") }]);
}

#[test]
fn after_custody_has_ended_nobody_hands_the_item_on() {
    let ended = item().after(seize()).after(dispose(DisposalOutcome::Destroyed, None));
    assert_eq!((ended.record.custodian(), ended.record.outcome()), (None, Some(DisposalOutcome::Destroyed)));
    for command in [hand("4711", "Glabātava", None), dispose(DisposalOutcome::Returned, None)] {
        let outcome = DisposalOutcome::Destroyed;
        ended.clone().when(command).refused_with([SeizedItemError::CustodyEnded { outcome }]);
    }
}

#[test]
fn nothing_is_asked_of_an_item_that_was_not_seized() {
    for command in [hand("4711", "Glabātava", None), dispose(DisposalOutcome::Returned, None)] {
        item().when(command).refused_with([SeizedItemError::NotSeized]);
    }
}

fn any_command() -> impl Strategy<Value = SeizedItemCommand> {
    let keeper = || prop::sample::select(vec!["4711", "4712", "Glabātava"]);
    let time =
        || prop::option::of(prop::sample::select(vec!["20:00:00", "21:00:00", "21:30:00", "22:00:00", "23:59:00"]));
    prop_oneof![
        Just(seize()),
        (keeper(), keeper(), time()).prop_map(|(from, to, at)| hand(from, to, at)),
        (prop::sample::select(DisposalOutcome::ALL), time()).prop_map(|(outcome, at)| dispose(outcome, at)),
    ]
}

proptest! {
    /// Invariant 9 of the domain.
    #[test]
    fn every_seized_item_has_exactly_one_custodian_at_any_time(commands in prop::collection::vec(any_command(), 0..30)) {
        let mut record = SeizedItem::default();
        let (mut custodian, mut since, mut ended) = (None, None, false);
        for command in commands {
            for event in record.decide(command, &moment("22:00:00")).unwrap_or_default() {
                prop_assert!(!ended, "nothing happens after the end");
                match &event {
                    SeizedItemEvent::ItemSeized { custodian: first, at, .. } => {
                        prop_assert_eq!(&custodian, &None);
                        (custodian, since) = (Some(first.clone()), Some(*at));
                    }
                    SeizedItemEvent::CustodyTransferred { from, to, at, .. } => {
                        prop_assert_eq!(custodian.as_ref(), Some(from));
                        prop_assert!(since.is_some_and(|since| since <= *at));
                        (custodian, since) = (Some(to.clone()), Some(*at));
                    }
                    SeizedItemEvent::ItemDisposed { at, .. } => {
                        prop_assert!(since.is_some_and(|since| since <= *at));
                        ended = true;
                    }
                }
                record.apply(event);
            }
            prop_assert_eq!(record.custodian(), custodian.as_ref().filter(|_| !ended));
        }
    }
}
