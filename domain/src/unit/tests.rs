use cqrs_es::test::TestFramework;
use proptest::prelude::*;

use super::*;
use crate::examples::{at, id, sure};
use crate::scenario::{Scenario, moment};

fn unit() -> Scenario<Unit> {
    Scenario::new()
}

impl Scenario<Unit> {
    fn registered(self) -> Self {
        self.after(register(UnitKind::FireEngine))
    }

    fn on_duty(self) -> Self {
        self.registered().after(UnitCommand::StartDuty)
    }

    fn on_card(self, card: u128) -> Self {
        self.on_duty().after(assign(card))
    }
}

fn call_sign() -> CallSign {
    sure(CallSign::parse("R-101"))
}

fn register(kind: UnitKind) -> UnitCommand {
    let institution = sure(InstitutionCode::parse("VUGD"));
    let (station, source_kind) = (None, None);
    UnitCommand::RegisterUnit(RegisterUnit { institution, call_sign: call_sign(), kind, station, source_kind })
}

fn report(status: UnitStatus) -> UnitCommand {
    UnitCommand::ReportStatus(ReportStatus { status, vendor_code: None })
}

fn assign(card: u128) -> UnitCommand {
    UnitCommand::Assign(Assign { card: id(card) })
}

fn release(card: Option<u128>) -> UnitCommand {
    UnitCommand::Release(Release { card: card.map(id), diverted_to: None })
}

fn flagged(outcome: (Vec<UnitEvent>, Unit)) -> Vec<UnitAnomaly> {
    outcome.0.iter().flat_map(|event| event.anomalies().to_vec()).collect()
}

#[test]
fn a_call_sign_is_one_units_for_ever() {
    let record = unit().when(register(UnitKind::Patrol)).accepted().1;
    assert_eq!((record.status(), record.card()), (Some(UnitStatus::OffDuty), None));
    unit().registered().when(register(UnitKind::FireEngine)).changes_nothing();
    let taken = UnitError::AlreadyRegistered { call_sign: call_sign() };
    unit().registered().when(register(UnitKind::Patrol)).refused_with([taken]);
}

#[test]
fn nothing_is_asked_of_a_unit_that_is_not_registered() {
    for command in [UnitCommand::StartDuty, UnitCommand::EndDuty, report(UnitStatus::EnRoute), assign(1), release(None)]
    {
        unit().when(command).refused_with([UnitError::NotRegistered]);
    }
}

#[test]
fn a_crew_comes_on_duty_and_goes() {
    let on_duty = unit().on_duty();
    assert_eq!(on_duty.record.status(), Some(UnitStatus::Available));
    on_duty.clone().when(UnitCommand::StartDuty).changes_nothing();
    let off = on_duty.after(UnitCommand::EndDuty);
    assert_eq!(off.record.status(), Some(UnitStatus::OffDuty));
    off.when(UnitCommand::EndDuty).changes_nothing();
}

#[test]
fn nobody_goes_off_duty_while_on_a_card() {
    let refusal = UnitError::DutyOnCard { call_sign: call_sign(), card: id(1) };
    unit().on_card(1).when(UnitCommand::EndDuty).refused_with([refusal]);
}

#[test]
fn a_unit_is_on_one_card_at_most() {
    let busy = UnitError::UnitBusy { call_sign: call_sign(), card: id(1) };
    unit().on_card(1).when(assign(2)).refused_with([busy]);
    unit().on_card(1).when(assign(1)).changes_nothing();
    let free = unit().on_card(1).after(release(Some(1)));
    assert_eq!((free.record.card(), free.record.status()), (None, Some(UnitStatus::Available)));
    free.when(assign(2)).accepted();
}

#[test]
fn a_unit_is_released_from_the_card_that_it_is_on() {
    let call_sign = call_sign();
    let another = UnitError::OnAnotherCard { call_sign: call_sign.clone(), card: id(1), stated: id(2) };
    unit().on_card(1).when(release(Some(2))).refused_with([another]);
    unit().on_duty().when(release(None)).refused_with([UnitError::NotOnCard { call_sign }]);
    unit().on_card(1).when(release(None)).accepted();
}

#[test]
fn a_unit_that_is_out_of_service_stays_so_when_released() {
    let broken_down = unit().on_card(1).after(report(UnitStatus::OutOfService)).after(release(None));
    assert_eq!(broken_down.record.status(), Some(UnitStatus::OutOfService));
}

#[test]
fn the_ordinary_way_through_a_call_is_not_flagged() {
    use UnitStatus::*;
    let mut unit = unit().on_card(1);
    for status in [Acknowledged, EnRoute, OnScene, Transporting, AtDestination, Clearing, Available] {
        assert_eq!(flagged(unit.clone().when(report(status)).accepted()), [], "{status}");
        unit = unit.after(report(status));
    }
}

#[test]
fn a_jump_is_kept_and_flagged() {
    use UnitStatus::*;
    let (events, record) = unit().on_card(1).when(report(OnScene)).accepted();
    assert_eq!(record.status(), Some(OnScene));
    assert_eq!(
        events,
        [UnitEvent::StatusReported {
            status: OnScene,
            vendor_code: None,
            card: Some(id(1)),
            at: at("21:40:00"),
            anomalies: vec![UnitAnomaly::IllegalJump],
        }]
    );
    assert_eq!(flagged(unit().on_duty().when(report(Transporting)).accepted()), [UnitAnomaly::IllegalJump]);
    assert_eq!(flagged(unit().on_card(1).when(report(OffDuty)).accepted()), [UnitAnomaly::IllegalJump]);
}

#[test]
fn help_is_called_from_any_status() {
    for status in UnitStatus::ALL {
        let unit = unit().on_card(1).after(report(*status));
        assert_eq!(flagged(unit.when(report(UnitStatus::Emergency)).accepted()), [], "{status}");
    }
}

#[test]
fn a_report_from_before_is_kept_and_does_not_change_the_present() {
    let on_scene =
        unit().on_card(1).after(report(UnitStatus::EnRoute)).at("21:50:00").after(report(UnitStatus::OnScene));
    let (events, record) = on_scene.at("21:45:00").when(report(UnitStatus::Acknowledged)).accepted();
    assert_eq!(flagged((events, Unit::default())), [UnitAnomaly::OutOfOrder]);
    assert_eq!(record.status(), Some(UnitStatus::OnScene));
}

#[test]
fn a_unit_that_is_not_free_can_be_sent_and_is_flagged() {
    assert_eq!(flagged(unit().registered().when(assign(1)).accepted()), [UnitAnomaly::NotAvailable]);
    let broken_down = unit().on_duty().after(report(UnitStatus::OutOfService));
    assert_eq!(flagged(broken_down.when(assign(1)).accepted()), [UnitAnomaly::NotAvailable]);
}

#[test]
fn the_same_status_again_is_a_report_again() {
    let (events, _) = unit().on_duty().when(report(UnitStatus::Available)).accepted();
    assert_eq!((events.len(), events[0].anomalies()), (1, &[][..]));
}

#[test]
fn stock_cqrs_es_runs_the_same_decisions() {
    let given = vec![UnitEvent::examples()[0].clone()];
    TestFramework::<Unit>::with(moment("21:42:00"))
        .given(given)
        .when(UnitCommand::StartDuty)
        .then_expect_events(vec![UnitEvent::DutyStarted { at: at("21:42:00"), anomalies: Vec::new() }]);
}

fn any_command() -> impl Strategy<Value = UnitCommand> {
    prop_oneof![
        prop::sample::select(UnitKind::ALL[..2].to_vec()).prop_map(register),
        Just(UnitCommand::StartDuty),
        Just(UnitCommand::EndDuty),
        prop::sample::select(UnitStatus::ALL.to_vec()).prop_map(report),
        (0u128..3).prop_map(assign),
        prop::option::of(0u128..3).prop_map(release),
    ]
}

proptest! {
    #[test]
    fn no_sequence_of_commands_puts_a_unit_on_two_cards(
        steps in prop::collection::vec((any_command(), 0u32..60), 0..60)
    ) {
        let mut record = Unit::default();
        let mut card = None;
        let mut present: Option<(DateTime<FixedOffset>, UnitStatus)> = None;
        for (command, minute) in steps {
            let moment = moment(&format!("21:{minute:02}:00"));
            let reports = matches!(command, UnitCommand::ReportStatus(_));
            let decision = record.decide(command, &moment);
            prop_assert!(!reports || decision.is_ok() || record.status().is_none(), "reports are never refused");
            for event in decision.unwrap_or_default() {
                match &event {
                    UnitEvent::UnitAssigned { card: new, .. } => prop_assert_eq!(card.replace(*new), None),
                    UnitEvent::UnitReleased { card: old, .. } => prop_assert_eq!(card.take(), Some(*old)),
                    UnitEvent::StatusReported { card: on, .. } => prop_assert_eq!(*on, card),
                    UnitEvent::DutyEnded { .. } => prop_assert_eq!(card, None),
                    UnitEvent::UnitRegistered { .. } | UnitEvent::DutyStarted { .. } => {}
                }
                if let (Some(at), Some(status)) = (event.at(), event.status_after()) {
                    prop_assert!(present.is_none_or(|(latest, _)| latest <= at), "the present only moves forward");
                    present = Some((at, status));
                }
                record.apply(event);
            }
            prop_assert_eq!(record.card(), card);
            prop_assert!(present.is_none() || record.status() == present.map(|(_, status)| status));
            let state = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<Unit>(&state).unwrap(), record.clone());
        }
    }

    #[test]
    fn applying_any_event_in_any_order_never_fails(order in prop::collection::vec(0usize..6, 0..20)) {
        let examples = UnitEvent::examples();
        let mut record = Unit::default();
        order.into_iter().for_each(|n| record.apply(examples[n].clone()));
    }
}
