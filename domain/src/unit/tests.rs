use cqrs_es::test::TestFramework;
use proptest::prelude::*;

use super::*;
use crate::examples::{at, id, sure};
use crate::scenario::{Scenario, moment};
use crate::values::{CrewSize, Officer};

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
    let (station, territory, source_kind) = (None, None, None);
    let call_sign = call_sign();
    UnitCommand::RegisterUnit(RegisterUnit { institution, call_sign, kind, station, territory, source_kind })
}

fn report(status: UnitStatus) -> UnitCommand {
    UnitCommand::ReportStatus(ReportStatus { status, vendor_code: None, vendor_scheme: None })
}

fn assign(card: u128) -> UnitCommand {
    UnitCommand::Assign(Assign { card: id(card) })
}

fn release(card: Option<u128>) -> UnitCommand {
    UnitCommand::Release(Release { card: card.map(id), diverted_to: None })
}

fn codes(codes: &[&str]) -> BTreeSet<Code> {
    codes.iter().map(|code| sure(Code::parse(code))).collect()
}

fn crew(people: u32) -> UnitCommand {
    let size = sure(CrewSize::try_new(people));
    UnitCommand::ChangeCrew(ChangeCrew { crew: Crew { size, commander: None, qualifications: Default::default() } })
}

fn equipment(carried: &[&str]) -> UnitCommand {
    UnitCommand::ChangeEquipment(ChangeEquipment { equipment: codes(carried) })
}

fn out_of_service(broken: &[&str]) -> UnitCommand {
    UnitCommand::PutEquipmentOutOfService(EquipmentService { equipment: codes(broken) })
}

fn back_in_service(mended: &[&str]) -> UnitCommand {
    UnitCommand::ReturnEquipmentToService(EquipmentService { equipment: codes(mended) })
}

fn vendor(scheme: VendorScheme, code: &str) -> UnitCommand {
    UnitCommand::ReportVendorStatus(ReportVendorStatus { scheme, code: sure(SourceCode::parse(code)) })
}

fn people(record: &Unit) -> Option<u8> {
    Some(record.outfit()?.crew.as_ref()?.size.get())
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
            vendor_scheme: None,
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
fn a_crew_is_there_until_it_changes_or_the_duty_ends() {
    let off_duty = UnitError::CrewOffDuty { call_sign: call_sign() };
    unit().registered().when(crew(4)).refused_with([off_duty]);
    let manned = unit().on_duty().after(crew(4));
    assert_eq!(people(&manned.record), Some(4));
    manned.clone().when(crew(4)).changes_nothing();
    assert_eq!(people(&manned.clone().after(crew(3)).record), Some(3));
    let gone = manned.clone().after(UnitCommand::EndDuty);
    assert_eq!(people(&gone.record), None);
    assert_eq!(people(&gone.after(UnitCommand::StartDuty).record), None, "the next crew is not the last one");
    let reported = manned.after(report(UnitStatus::OffDuty));
    assert_eq!(people(&reported.record), None, "however it went off duty");
}

#[test]
fn nobody_is_more_often_in_a_crew_than_they_are() {
    let driver = sure(Code::parse("driver"));
    let crew = Crew {
        size: sure(CrewSize::try_new(2)),
        commander: Some(sure(Officer::parse("V-1"))),
        qualifications: [(driver.clone(), sure(CrewSize::try_new(3)))].into(),
    };
    let reasons = [
        UnitError::MoreQualifiedThanCrew { qualification: driver, count: 3, size: 2 },
        UnitError::CrewOffDuty { call_sign: call_sign() },
    ];
    unit().registered().when(UnitCommand::ChangeCrew(ChangeCrew { crew })).refused_with(reasons);
}

#[test]
fn equipment_stays_in_the_vehicle_and_may_break_and_be_mended() {
    let not_carried =
        |code: &str| UnitError::EquipmentNotCarried { call_sign: call_sign(), equipment: sure(Code::parse(code)) };
    unit().registered().when(out_of_service(&["foam"])).refused_with([not_carried("foam")]);
    let carries = unit().registered().after(equipment(&["foam", "boat"]));
    carries.clone().when(equipment(&["boat", "foam"])).changes_nothing();
    carries
        .clone()
        .when(out_of_service(&["drone", "foam", "saw"]))
        .refused_with([not_carried("drone"), not_carried("saw")]);
    let broken = carries.after(out_of_service(&["foam"]));
    broken.clone().when(out_of_service(&["foam"])).changes_nothing();
    let outfit = broken.record.outfit().unwrap();
    assert_eq!(
        (outfit.equipment.as_ref(), &outfit.out_of_service),
        (Some(&codes(&["boat", "foam"])), &codes(&["foam"]))
    );
    let (events, _) = broken.clone().when(out_of_service(&["boat", "foam"])).accepted();
    let news = UnitEvent::EquipmentOutOfService { equipment: codes(&["boat"]), at: at("21:40:00"), anomalies: vec![] };
    assert_eq!(events, [news], "only what is news is told");
    let duty = broken.after(UnitCommand::StartDuty).after(UnitCommand::EndDuty);
    assert_eq!(duty.record.outfit().unwrap().out_of_service, codes(&["foam"]));
    let mended = duty.clone().after(back_in_service(&["foam"]));
    assert!(mended.record.outfit().unwrap().out_of_service.is_empty());
    mended.when(back_in_service(&["foam"])).changes_nothing();
    let taken_out = duty.after(equipment(&["boat"]));
    assert!(taken_out.record.outfit().unwrap().out_of_service.is_empty(), "what isn't there isn't broken");
}

#[test]
fn crew_and_equipment_that_come_late_are_kept_and_change_nothing() {
    let now = unit().on_duty().at("21:50:00").after(crew(4)).after(equipment(&["foam"])).at("21:45:00");
    for late in [crew(2), equipment(&["boat"]), out_of_service(&["foam"])] {
        let outcome = now.clone().when(late).accepted();
        assert_eq!(outcome.1.outfit(), now.record.outfit());
        assert_eq!(flagged(outcome), [UnitAnomaly::OutOfOrder]);
    }
    // Who says what the unit does is somebody else: that isn't late because a crew was told since.
    assert_eq!(flagged(now.when(report(UnitStatus::OutOfService)).accepted()), []);
    let next_duty =
        unit().on_duty().after(crew(4)).at("21:50:00").after(UnitCommand::EndDuty).after(UnitCommand::StartDuty);
    assert_eq!(flagged(next_duty.at("21:45:00").when(crew(3)).accepted()), [UnitAnomaly::OutOfOrder]);
}

#[test]
fn a_code_of_a_known_list_is_told_in_the_registers_terms() {
    use UnitStatus::*;
    use VendorScheme::*;
    let said = |scheme, code: &str| {
        let (events, _) = unit().on_card(1).when(vendor(scheme, code)).accepted();
        let [UnitEvent::StatusReported { status, vendor_code, vendor_scheme, .. }] = &events[..] else { panic!() };
        assert_eq!(vendor_code.as_ref().map(ToString::to_string), Some(code.to_owned()));
        assert_eq!(*vendor_scheme, Some(scheme));
        *status
    };
    let fms = [Emergency, Available, Available, EnRoute, OnScene, Assigned, OutOfService, Transporting];
    for (code, status) in fms.into_iter().enumerate() {
        assert_eq!(said(Fms, &code.to_string()), status, "FMS {code}");
    }
    assert_eq!((said(Fms, "8"), said(Fms, "9")), (ConditionallyAvailable, Assigned));
    assert_eq!((said(Eido, "Available"), said(Eido, "NotAvailable")), (Available, Assigned));
    assert_eq!(
        (said(Resgrid, "Enroute"), said(Resgrid, "onscene"), said(Resgrid, "Manual")),
        (EnRoute, OnScene, Assigned)
    );
    let free = unit().on_duty().after(vendor(Eido, "NotAvailable"));
    assert_eq!(free.record.status(), Some(OutOfService), "nothing else keeps it busy");
    let code = sure(SourceCode::parse("11"));
    let unknown = UnitError::UnknownVendorCode(UnknownVendorCode { scheme: Fms, code });
    assert_eq!(unknown.to_string(), "`11` is no status of fms: one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9");
    unit().on_duty().when(vendor(Fms, "11")).refused_with([unknown]);
}

#[test]
fn lists_of_codes_have_no_code_twice_and_all_that_their_authors_have() {
    let counts = VendorScheme::ALL.iter().map(|scheme| {
        let codes: BTreeSet<_> = scheme.codes().into_iter().map(str::to_ascii_lowercase).collect();
        assert_eq!(codes.len(), scheme.codes().len(), "{scheme}");
        codes.len()
    });
    assert_eq!(counts.collect::<Vec<_>>(), [10, 3, 13]);
}

#[test]
fn stock_cqrs_es_runs_the_same_decisions() {
    let given = vec![UnitEvent::examples()[0].clone()];
    TestFramework::<Unit>::with(moment("21:42:00"))
        .given(given)
        .when(UnitCommand::StartDuty)
        .then_expect_events(vec![UnitEvent::DutyStarted { at: at("21:42:00"), anomalies: Vec::new() }]);
}

fn what() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["foam", "boat"], 0..=2)
}

fn any_command() -> impl Strategy<Value = UnitCommand> {
    prop_oneof![
        prop::sample::select(UnitKind::ALL[..2].to_vec()).prop_map(register),
        Just(UnitCommand::StartDuty),
        Just(UnitCommand::EndDuty),
        prop::sample::select(UnitStatus::ALL.to_vec()).prop_map(report),
        (0u128..3).prop_map(assign),
        prop::option::of(0u128..3).prop_map(release),
        (1u32..4).prop_map(crew),
        what().prop_map(|codes| equipment(&codes)),
        what().prop_map(|codes| out_of_service(&codes)),
        what().prop_map(|codes| back_in_service(&codes)),
        (0u8..10).prop_map(|code| vendor(VendorScheme::Fms, &code.to_string())),
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
            let reports = matches!(command, UnitCommand::ReportStatus(_) | UnitCommand::ReportVendorStatus(_));
            let decision = record.decide(command, &moment);
            prop_assert!(!reports || decision.is_ok() || record.status().is_none(), "reports are never refused");
            for event in decision.unwrap_or_default() {
                match &event {
                    UnitEvent::UnitAssigned { card: new, .. } => prop_assert_eq!(card.replace(*new), None),
                    UnitEvent::UnitReleased { card: old, .. } => prop_assert_eq!(card.take(), Some(*old)),
                    UnitEvent::StatusReported { card: on, .. } => prop_assert_eq!(*on, card),
                    UnitEvent::DutyEnded { .. } => prop_assert_eq!(card, None),
                    _ => {}
                }
                if let (Some(at), Some(status)) = (event.at(), event.status_after()) {
                    prop_assert!(present.is_none_or(|(latest, _)| latest <= at), "the present only moves forward");
                    present = Some((at, status));
                }
                record.apply(event);
            }
            prop_assert_eq!(record.card(), card);
            if let Some(outfit) = record.outfit() {
                let on_duty = record.status() != Some(UnitStatus::OffDuty);
                prop_assert!(on_duty || outfit.crew.is_none(), "nobody is in a unit that is off duty");
                prop_assert!(outfit.out_of_service.iter().all(|code| outfit.carries(code)));
            }
            prop_assert!(present.is_none() || record.status() == present.map(|(_, status)| status));
            let state = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<Unit>(&state).unwrap(), record.clone());
        }
    }

    #[test]
    fn applying_any_event_in_any_order_never_fails(order in prop::collection::vec(0usize..10, 0..20)) {
        let examples = UnitEvent::examples();
        let mut record = Unit::default();
        order.into_iter().for_each(|n| record.apply(examples[n].clone()));
    }
}
