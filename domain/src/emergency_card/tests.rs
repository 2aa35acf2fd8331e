use std::collections::BTreeSet;

use cqrs_es::test::TestFramework;
use proptest::prelude::*;

use super::*;
use crate::classifier::{CardType, Disposition};
use crate::examples::{at, id, place, sealed, sure};
use crate::incident::IncidentStatus;
use crate::kernel::{Decide, Moment};
use crate::scenario::{Scenario, moment};
use crate::terms::{Channel, Priority};
use crate::values::{Code, InstitutionCode, NationalNumber, PersonName, Reporter};

fn card() -> Scenario<EmergencyCard> {
    Scenario::new()
}

impl Scenario<EmergencyCard> {
    fn received(self) -> Self {
        self.after(receive(None))
    }

    fn qualified(self) -> Self {
        self.after(qualify(Some("structure-fire"), Some(Priority::P1)))
    }

    fn decided<const N: usize>(self, services: [Service; N]) -> Self {
        self.after(decide(services))
    }

    fn with_unit(self, unit: u128) -> Self {
        self.after(attach(unit))
    }
}

fn number() -> CardNumber {
    sure(CardNumber::try_new(2026, 1))
}

fn receive(answered_at: Option<&str>) -> CardCommand {
    CardCommand::ReceiveCall(Box::new(ReceiveCall {
        channel: Channel::Phone112,
        caller: Some(sure(Reporter::try_new(Some(sure(PersonName::parse("Anna Bērziņa"))), None, None))),
        place: Some(place()),
        answered_at: answered_at.map(at),
        narrative: None,
        recording_ref: None,
        institution: sure(InstitutionCode::parse("VUGD-112")),
    }))
}

fn qualify(type_code: Option<&str>, priority: Option<Priority>) -> CardCommand {
    let type_code = type_code.map(|code| sure(CardType::parse(code)));
    CardCommand::QualifyCard(Box::new(QualifyCard { type_code, priority, ..QualifyCard::default() }))
}

fn decide<const N: usize>(services: [Service; N]) -> CardCommand {
    CardCommand::DecideServices(DecideServices { services: BTreeSet::from(services), reason: None })
}

fn notify(service: Service) -> CardCommand {
    CardCommand::NotifyService(NotifyService { service })
}

fn accept(service: Service) -> CardCommand {
    CardCommand::AcceptService(AcceptService { service })
}

fn attach(unit: u128) -> CardCommand {
    CardCommand::AttachUnit(AttachUnit::unasked(id(unit)))
}

fn clear(unit: u128) -> CardCommand {
    CardCommand::ClearUnit(ClearUnit { unit: id(unit), diverted: false })
}

fn complete() -> CardCommand {
    let disposition = sure(Disposition::parse("settled"));
    CardCommand::CompleteCard(CompleteCard { disposition, source_disposition: None })
}

fn link(incident: u128) -> CardCommand {
    CardCommand::LinkIncident(LinkIncident { incident: id(incident) })
}

#[test]
fn a_call_opens_a_card_under_the_next_number() {
    let record = card().when(receive(Some("21:40:05"))).accepted().1;
    assert_eq!((record.number(), record.status()), (Some(number()), Some(CardStatus::Received)));
    card().received().when(receive(None)).refused_with([CardError::AlreadyReceived { number: number() }]);
}

#[test]
fn an_answer_before_the_call_is_kept_and_flagged() {
    let (events, _) = card().when(receive(Some("21:39:59"))).accepted();
    let CardEvent::CallReceived { anomalies, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(*anomalies, [ClockAnomaly { clock: Clock::Answered, before: Clock::Received }]);
    card().when(receive(Some("21:50:00"))).refused_with([CardError::AnsweredInFuture]);
}

#[test]
fn the_first_qualification_says_type_and_priority() {
    card()
        .received()
        .when(qualify(None, None))
        .refused_with([CardError::TypeMissing { number: number() }, CardError::PriorityMissing { number: number() }]);
    let record = card().received().when(qualify(Some("alarm"), Some(Priority::P2))).accepted().1;
    assert_eq!(record.status(), Some(CardStatus::Qualified));
}

#[test]
fn a_later_qualification_records_only_what_is_new() {
    let qualified = card().received().qualified().at("21:45:00");
    qualified.clone().when(qualify(Some("structure-fire"), Some(Priority::P1))).changes_nothing();
    qualified.when(qualify(Some("structure-fire"), Some(Priority::P0))).records(&[CardEvent::CardRequalified {
        type_code: None,
        priority: Some(Priority::P0),
        place: None,
        hazards: None,
        casualties: None,
        alarm_level: None,
        source_priority: None,
        at: at("21:45:00"),
    }]);
}

#[test]
fn services_are_decided_once_it_is_known_what_it_is() {
    let received = card().received();
    received.clone().when(decide([Service::Gas])).refused_with([CardError::NotQualified { number: number() }]);
    received.when(decide([])).refused_with([CardError::NotQualified { number: number() }, CardError::NoServices]);
}

#[test]
fn only_a_decided_service_is_notified_and_only_a_notified_one_accepts() {
    let decided = card().received().qualified().decided([Service::FireRescue]);
    let service = Service::Medical;
    decided.clone().when(notify(service)).refused_with([CardError::ServiceNotDecided { service }]);
    decided.clone().when(accept(service)).refused_with([CardError::ServiceNotDecided { service }]);
    let service = Service::FireRescue;
    decided.clone().when(accept(service)).refused_with([CardError::ServiceNotNotified { service }]);
    let accepted = decided.after(notify(service)).after(accept(service));
    accepted.clone().when(notify(service)).changes_nothing();
    accepted.when(accept(service)).changes_nothing();
}

#[test]
fn a_service_that_was_told_stays_among_the_services() {
    let told = card()
        .received()
        .qualified()
        .decided([Service::FireRescue, Service::Medical, Service::Gas])
        .after(notify(Service::FireRescue))
        .after(notify(Service::Medical));
    told.clone().when(decide([Service::Gas])).refused_with([
        CardError::ServiceAlreadyNotified { service: Service::FireRescue },
        CardError::ServiceAlreadyNotified { service: Service::Medical },
    ]);
    told.clone().when(decide([Service::FireRescue, Service::Medical])).accepted();
    told.when(decide([Service::Gas, Service::Medical, Service::FireRescue])).changes_nothing();
}

#[test]
fn a_unit_may_be_sent_before_it_is_known_what_it_is() {
    let record = card().received().when(attach(1)).accepted().1;
    assert_eq!(record.status(), Some(CardStatus::Dispatched));
    card().received().with_unit(1).when(attach(1)).changes_nothing();
}

#[test]
fn who_sends_another_unit_than_was_recommended_says_why() {
    let advised = |recommended, reason: Option<u8>| {
        let plan = sure(Code::parse("structure-fire"));
        CardCommand::AttachUnit(AttachUnit {
            unit: id(1),
            recommendation: Some(PlanAdvice { plan, version: 3, recommended }),
            override_reason: reason.map(sealed),
        })
    };
    card().received().when(advised(false, None)).refused_with([CardError::OverrideWithoutReason { unit: id(1) }]);
    let (events, _) = card().received().when(advised(false, Some(7))).accepted();
    let [CardEvent::UnitAttached { recommendation: Some(advice), override_reason, .. }] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((advice.version, advice.recommended, override_reason), (3, false, &Some(sealed(7))));
    card().received().when(advised(true, None)).accepted();
    // What is already so changes nothing, whatever was recommended.
    card().received().with_unit(1).when(advised(false, None)).changes_nothing();
}

#[test]
fn a_card_with_units_on_it_is_not_completed() {
    let units = vec![id(1), id(2)];
    let sent = card().received().qualified().with_unit(1).with_unit(2);
    sent.clone().when(complete()).refused_with([CardError::HasUnits { number: number(), units }]);
    let done = sent.after(clear(1)).after(clear(2)).when(complete()).accepted().1;
    assert_eq!(done.status(), Some(CardStatus::Completed));
}

#[test]
fn a_unit_that_is_not_on_the_card_is_not_cleared() {
    let unit = id(1);
    card().received().when(clear(1)).refused_with([CardError::UnitNotOnCard { unit, number: number() }]);
}

#[test]
fn a_completed_card_takes_only_its_incident() {
    let done = card().received().qualified().after(complete());
    for command in [qualify(Some("alarm"), None), decide([Service::Gas]), attach(1), clear(1), complete()] {
        done.clone().when(command).refused_with([CardError::Completed { number: number() }]);
    }
    done.when(link(5)).accepted();
}

#[test]
fn a_card_is_linked_to_one_incident() {
    let linked = card().received().after(link(5));
    linked.clone().when(link(5)).changes_nothing();
    linked.when(link(6)).refused_with([CardError::LinkedToAnother { number: number(), incident: id(5) }]);
}

fn no_emergency() -> CardCommand {
    CardCommand::CloseNonEmergency(CloseNonEmergency { kind: NoEmergency::Mistaken, note: None })
}

fn situation(under_control: Option<bool>) -> CardCommand {
    CardCommand::UpdateSituation(UpdateSituation { under_control, ..UpdateSituation::default() })
}

fn institution(code: &str) -> InstitutionCode {
    sure(InstitutionCode::parse(code))
}

fn forward(to: &str) -> CardCommand {
    CardCommand::ForwardCard(ForwardCard { to: institution(to), by: institution("VP-RIGA"), note: None })
}

fn receive_forward(to: &str, incident: u128) -> CardCommand {
    let number = sure(NationalNumber::try_new(2026, 1));
    let (to, incident, at) = (institution(to), id(incident), at("21:59:30"));
    CardCommand::ReceiveForward(ReceiveForward { to, incident, number, at })
}

fn progress(incident: u128, status: IncidentStatus) -> CardCommand {
    let progress = ForwardProgress { incident: id(incident), status, result: None, disposition: None };
    CardCommand::ReportForward(ReportForward { progress })
}

#[test]
fn t2_and_t11_are_told_once_and_the_place_as_often_as_it_is_known_better() {
    let confirm = CardCommand::ConfirmLocation(ConfirmLocation { place: place() });
    let located = card().received().at("21:41:00").after(confirm.clone());
    located.clone().when(confirm).changes_nothing();
    let (events, record) = located.at("21:50:00").when(situation(Some(true))).accepted();
    assert!(
        matches!(&events[..], [CardEvent::SituationUpdated { under_control: Some(true), anomalies, .. }] if anomalies.is_empty())
    );
    assert_eq!(record.status(), Some(CardStatus::UnderControl));
}

#[test]
fn a_unit_may_be_free_before_the_whole_is_under_control() {
    let freed = card().received().at("21:41:00").with_unit(1).at("21:50:00").after(clear(1)).at("21:55:00");
    let (events, _) = freed.when(situation(Some(true))).accepted();
    assert_eq!(events[0].anomalies(), []);
}

#[test]
fn what_is_under_control_may_get_out_of_it_again() {
    let calm = card().received().with_unit(1).after(situation(Some(true)));
    calm.clone().when(situation(Some(true))).changes_nothing();
    calm.clone().when(situation(None)).refused_with([CardError::NothingTold]);
    let record = calm.when(situation(Some(false))).accepted().1;
    assert_eq!(record.status(), Some(CardStatus::Dispatched));
}

#[test]
fn of_what_a_person_enters_a_clock_before_its_forerunners_is_impossible_and_a_late_step_is_not() {
    let early = card().received().at("21:42:00").qualified().at("21:39:00").when(attach(1)).accepted().0;
    let impossible = [
        CardError::ClockImpossible { clock: Clock::Attached, before: Clock::Received },
        CardError::ClockImpossible { clock: Clock::Attached, before: Clock::Qualified },
    ];
    assert_eq!(early[0].possible(), Refused::unless_empty(impossible.to_vec()));
    let sent = card().received().at("21:41:00").with_unit(1);
    let late = sent.at("21:42:00").when(qualify(Some("alarm"), Some(Priority::P3))).accepted().0;
    assert_eq!(late[0].possible(), Ok(()));
}

#[test]
fn a_service_takes_it_on_over_the_telephone_once_it_was_decided() {
    let by_phone = |service| CardCommand::HandOverByPhone(HandOverByPhone { service, to: Some(sealed(3)) });
    let decided = card().received().qualified().decided([Service::Medical]);
    let service = Service::Gas;
    decided.clone().when(by_phone(service)).refused_with([CardError::ServiceNotDecided { service }]);
    let taken = decided.after(by_phone(Service::Medical));
    taken.clone().when(by_phone(Service::Medical)).changes_nothing();
    taken.when(accept(Service::Medical)).changes_nothing();
}

#[test]
fn what_was_no_emergency_has_nobody_going() {
    let record = card().received().when(no_emergency()).accepted().1;
    assert_eq!(record.status(), Some(CardStatus::NonEmergency));
    let decided = card().received().qualified().decided([Service::Gas]);
    decided.when(no_emergency()).refused_with([CardError::HasServices { number: number() }]);
    let (units, number) = (vec![id(1)], number());
    card().received().with_unit(1).when(no_emergency()).refused_with([CardError::HasUnits { number, units }]);
}

#[test]
fn a_card_that_nobody_ended_ends_after_a_day_without_units_and_is_put_away_three_months_later() {
    let open = card().received();
    let number = number();
    open.clone().when(CardCommand::LapseCard).refused_with([CardError::NotInTime { number }]);
    let a_day = |scenario: Scenario<EmergencyCard>| scenario.later(chrono::TimeDelta::hours(24));
    let busy = a_day(card().received().with_unit(1));
    busy.when(CardCommand::LapseCard).refused_with([CardError::HasUnits { number, units: vec![id(1)] }]);
    let lapsed = a_day(open).after(CardCommand::LapseCard);
    assert_eq!(lapsed.record.status(), Some(CardStatus::Lapsed));
    lapsed.clone().when(CardCommand::ArchiveCard).refused_with([CardError::NotInTime { number }]);
    let archived = lapsed.later(chrono::TimeDelta::days(92)).after(CardCommand::ArchiveCard);
    assert_eq!(archived.record.status(), Some(CardStatus::Archived));
    archived.clone().when(link(5)).refused_with([CardError::Archived { number }]);
    archived.when(forward("RPP")).refused_with([CardError::Archived { number }]);
}

#[test]
fn a_duplicate_is_linked_by_a_person_and_can_be_taken_back() {
    let mark = |of| CardCommand::MarkDuplicate(MarkDuplicate { of: id(of), reason: None });
    let unmark = || CardCommand::UnmarkDuplicate(UnmarkDuplicate { reason: None });
    let before = card().received();
    let marked = before.clone().after(mark(7));
    assert_eq!(marked.record.duplicate_of(), Some(id(7)));
    marked.clone().when(mark(7)).changes_nothing();
    marked.clone().when(mark(8)).refused_with([CardError::AlreadyDuplicate { number: number(), of: id(7) }]);
    // One card goes on for all: there are no chains, so no circles.
    marked
        .clone()
        .when(CardCommand::TakeDuplicate(id(9)))
        .refused_with([CardError::AlreadyDuplicate { number: number(), of: id(7) }]);
    before
        .clone()
        .after(CardCommand::TakeDuplicate(id(9)))
        .when(mark(7))
        .refused_with([CardError::HasDuplicates { number: number() }]);
    assert_eq!(marked.after(unmark()).record, before.record);
    before.when(unmark()).refused_with([CardError::NotDuplicate { number: number() }]);
}

#[test]
fn a_forwarded_card_is_received_once_and_what_becomes_of_it_is_told() {
    let number = number();
    card().received().when(forward("RPP")).refused_with([CardError::NotQualified { number }]);
    let waiting = card().received().qualified().after(forward("RPP"));
    waiting.clone().when(forward("RPP")).refused_with([CardError::AlreadyForwarded { number, to: institution("RPP") }]);
    waiting
        .clone()
        .when(receive_forward("JELGAVA-PP", 6))
        .refused_with([CardError::NotForwarded { number, to: institution("JELGAVA-PP") }]);
    // When it was received there is not when the call was, with which the incident began.
    let (events, _) = waiting.clone().when(receive_forward("RPP", 6)).accepted();
    assert!(
        matches!(&events[..], [CardEvent::ForwardReceived { at: then, .. }] if *then == at("21:59:30")),
        "{events:?}"
    );
    let received = waiting.after(receive_forward("RPP", 6));
    received.clone().when(receive_forward("RPP", 6)).changes_nothing();
    received
        .clone()
        .when(receive_forward("RPP", 7))
        .refused_with([CardError::NotForwarded { number, to: institution("RPP") }]);
    received.clone().when(progress(6, IncidentStatus::Registered)).changes_nothing();
    received
        .clone()
        .when(progress(8, IncidentStatus::Closed))
        .refused_with([CardError::NotOfForward { number, incident: id(8) }]);
    let told = received.after(progress(6, IncidentStatus::Assigned));
    told.clone().when(progress(6, IncidentStatus::Assigned)).changes_nothing();
    let back = told.after(CardCommand::ReturnForward(ReturnForward { incident: id(6), cause: sealed(4) }));
    assert_eq!(back.record.forward(&institution("RPP")).map(|forward| forward.stage), Some(ForwardStage::Returned));
    back.clone().when(progress(6, IncidentStatus::Returned)).changes_nothing();
    // It may go to another then, or to the same once more.
    back.clone().when(forward("JELGAVA-PP")).accepted();
    back.when(forward("RPP")).accepted();
}

#[test]
fn every_card_that_has_ended_can_be_reviewed_and_no_other() {
    let review = || {
        CardCommand::ReviewCard(Box::new(ReviewCard {
            score: sure(ReviewScore::try_new(90)),
            findings: BTreeSet::from([ReviewFinding::NoAdvice]),
            note: None,
            by: crate::examples::actor("a.ozola"),
        }))
    };
    card().received().when(review()).refused_with([CardError::NotEnded { number: number() }]);
    let cancelled = CardCommand::CancelCard(CancelCard { reason: sealed(5) });
    for end in [no_emergency(), cancelled] {
        card().received().after(end).when(review()).accepted();
    }
    card().received().qualified().after(complete()).when(review()).accepted();
}

fn flagged((events, _): (Vec<CardEvent>, EmergencyCard)) -> Vec<(Clock, Clock)> {
    let anomalies = match &events[0] {
        CardEvent::CardQualified { anomalies, .. }
        | CardEvent::ServiceAccepted { anomalies, .. }
        | CardEvent::UnitAttached { anomalies, .. }
        | CardEvent::UnitCleared { anomalies, .. }
        | CardEvent::CardCompleted { anomalies, .. } => anomalies,
        other => panic!("{other:?}"),
    };
    anomalies.iter().map(|anomaly| (anomaly.clock, anomaly.before)).collect()
}

#[test]
fn clocks_in_order_are_not_flagged() {
    let sent = card().received().at("21:41:00").qualified().at("21:42:00").with_unit(1).at("22:00:00");
    assert_eq!(flagged(sent.clone().when(clear(1)).accepted()), []);
    assert_eq!(flagged(sent.after(clear(1)).when(complete()).accepted()), []);
}

#[test]
fn a_clock_before_its_forerunners_is_flagged_with_each_of_them() {
    let qualified = card().received().at("21:42:00").qualified();
    assert_eq!(
        flagged(qualified.at("21:39:00").when(attach(1)).accepted()),
        [(Clock::Attached, Clock::Received), (Clock::Attached, Clock::Qualified)]
    );
}

#[test]
fn a_clock_told_late_is_flagged_against_the_ones_that_it_should_precede() {
    let sent = card().received().at("21:41:00").with_unit(1);
    assert_eq!(
        flagged(sent.at("21:42:00").when(qualify(Some("alarm"), Some(Priority::P3))).accepted()),
        [(Clock::Attached, Clock::Qualified)]
    );
}

#[test]
fn clocks_of_different_units_and_services_are_not_compared() {
    let card = card().received().qualified().decided([Service::FireRescue, Service::Medical]);
    let told = card.at("21:45:00").after(notify(Service::FireRescue)).at("21:41:00").after(notify(Service::Medical));
    assert_eq!(flagged(told.clone().at("21:42:00").when(accept(Service::Medical)).accepted()), []);
    assert_eq!(flagged(told.at("21:42:00").when(attach(1)).accepted()), []);
}

#[test]
fn a_unit_that_comes_again_is_not_compared_with_its_first_time() {
    let again = card().received().with_unit(1).at("21:50:00").after(clear(1)).at("21:55:00");
    assert_eq!(flagged(again.when(attach(1)).accepted()), []);
}

#[test]
fn the_state_holds_no_personal_data() {
    let state = serde_json::to_string(&card().received().record).unwrap();
    assert!(!state.contains("Bērziņa"), "{state}");
}

#[test]
fn stock_cqrs_es_runs_the_same_decisions() {
    TestFramework::<EmergencyCard>::with(moment("21:42:00"))
        .given(vec![CardEvent::examples()[0].clone()])
        .when(attach(1))
        .then_expect_events(vec![CardEvent::UnitAttached {
            unit: id(1),
            recommendation: None,
            override_reason: None,
            at: at("21:42:00"),
            anomalies: Vec::new(),
        }]);
}

fn any_command() -> impl Strategy<Value = CardCommand> {
    let service = || prop::sample::select(Service::ALL[..3].to_vec());
    prop_oneof![
        Just(receive(None)),
        prop::option::of(prop::sample::select(vec!["alarm", "gas-leak"]))
            .prop_map(|code| qualify(code, Some(Priority::P2))),
        prop::collection::btree_set(service(), 0..3)
            .prop_map(|services| CardCommand::DecideServices(DecideServices { services, reason: None })),
        service().prop_map(notify),
        service().prop_map(accept),
        (0u128..3).prop_map(attach),
        (0u128..3).prop_map(clear),
        Just(complete()),
        (0u128..2).prop_map(link),
        any_rest(),
    ]
}

/// Commands beside the way from the call to the last unit's release.
fn any_rest() -> impl Strategy<Value = CardCommand> {
    let other = || (10u128..12).prop_map(id);
    let to = || prop::sample::select(vec!["RPP", "JELGAVA-PP"]);
    prop_oneof![
        Just(CardCommand::ConfirmLocation(ConfirmLocation { place: place() })),
        prop::option::of(any::<bool>()).prop_map(situation),
        prop::sample::select(Service::ALL[..3].to_vec())
            .prop_map(|service| CardCommand::HandOverByPhone(HandOverByPhone { service, to: None })),
        Just(no_emergency()),
        Just(CardCommand::CancelCard(CancelCard { reason: sealed(1) })),
        Just(CardCommand::LapseCard),
        Just(CardCommand::ArchiveCard),
        other().prop_map(|of| CardCommand::MarkDuplicate(MarkDuplicate { of, reason: None })),
        Just(CardCommand::UnmarkDuplicate(UnmarkDuplicate { reason: None })),
        other().prop_map(CardCommand::TakeDuplicate),
        other().prop_map(CardCommand::ReleaseDuplicate),
        to().prop_map(forward),
        (to(), 20u128..22).prop_map(|(to, incident)| receive_forward(to, incident)),
        (20u128..22).prop_map(|n| CardCommand::ReturnForward(ReturnForward { incident: id(n), cause: sealed(2) })),
        (20u128..22).prop_map(|n| progress(n, IncidentStatus::Closed)),
    ]
}

/// What may still be told of a card that has ended.
fn told_afterwards(event: &CardEvent) -> bool {
    use CardEvent as E;
    matches!(
        event,
        E::CardLinked { .. }
            | E::FileAdded { .. }
            | E::CardArchived { .. }
            | E::DuplicateMarked { .. }
            | E::DuplicateUnmarked { .. }
            | E::DuplicateTaken { .. }
            | E::DuplicateReleased { .. }
            | E::CardReviewed { .. }
            | E::CardForwarded { .. }
            | E::ForwardReceived { .. }
            | E::ForwardReturned { .. }
            | E::ForwardProgressed { .. }
    )
}

fn any_moment() -> impl Strategy<Value = Moment> {
    (0u32..60).prop_map(|minute| moment(&format!("21:{minute:02}:00")))
}

proptest! {
    #[test]
    fn no_sequence_of_commands_breaks_a_card(steps in prop::collection::vec((any_command(), any_moment()), 0..60)) {
        let mut record = EmergencyCard::default();
        let (mut told, mut sent) = (BTreeSet::new(), BTreeSet::new());
        for (command, moment) in steps {
            let before = record.clone();
            for event in record.decide(command, &moment).unwrap_or_default() {
                match &event {
                    CardEvent::ServiceNotified { service, .. } => prop_assert!(told.insert(*service)),
                    CardEvent::ServiceAccepted { service, .. } => prop_assert!(told.contains(service)),
                    CardEvent::UnitAttached { unit, .. } => prop_assert!(sent.insert(*unit)),
                    CardEvent::UnitCleared { unit, .. } => prop_assert!(sent.remove(unit)),
                    CardEvent::CardCompleted { .. } => prop_assert!(sent.is_empty()),
                    _ => {}
                }
                let completed = before.status().is_some_and(|status| !status.is_open());
                prop_assert!(!completed || told_afterwards(&event), "a card that has ended changes: {event:?}");
                record.apply(event);
            }
            let back = before.status() == Some(CardStatus::UnderControl) && record.status() == Some(CardStatus::Dispatched);
            prop_assert!(before.status() <= record.status() || back, "a card only moves forward");
            prop_assert!(record.units().eq(sent.iter().copied()));
            let state = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<EmergencyCard>(&state).unwrap(), record.clone());
        }
    }

    #[test]
    fn applying_any_event_in_any_order_never_fails(order in prop::collection::vec(0usize..27, 0..40)) {
        let examples = CardEvent::examples();
        let mut record = EmergencyCard::default();
        order.into_iter().for_each(|n| record.apply(examples[n].clone()));
    }
}
