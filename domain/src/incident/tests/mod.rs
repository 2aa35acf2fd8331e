//! Given, when, then: the rules of an incident, topic by topic.

mod involvement;
mod machine;
mod relation;
mod restriction;
mod returned;
mod transfer;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use cqrs_es::test::TestFramework;
use proptest::prelude::*;

use super::*;
use crate::classifier::{Disposition, IncidentType, ResponseLimits, ResultCode};
use crate::examples::{at, id, place, sure};
use crate::kernel::{Refusal, Rule};
use crate::personal::Personal;
use crate::scenario::{Scenario, moment};
use crate::terms::{Category, Channel};
use crate::values::{CaseRef, InstitutionCode, Narrative, Officer, PersonName, Reason, Reporter};

fn incident() -> Scenario<Incident> {
    Scenario::new()
}

impl Scenario<Incident> {
    fn registered(self) -> Self {
        self.after(register())
    }

    fn with_result(self) -> Self {
        self.after(result("preventive-talk"))
    }

    fn closed(self) -> Self {
        self.after(close(None))
    }
}

fn kind(code: &str) -> IncidentType {
    sure(IncidentType::parse(code))
}

fn number() -> NationalNumber {
    sure(NationalNumber::try_new(2026, 1))
}

fn why(text: &str) -> Personal<Reason> {
    Personal::Open(sure(Reason::parse(text)))
}

fn registration() -> RegisterIncident {
    RegisterIncident {
        channel: Channel::Phone110,
        type_code: kind("theft"),
        category: Category::B,
        rules: rules(None),
        place: Some(place()),
        received_at: Some(at("21:32:00")),
        occurred_from: Some(at("21:00:00")),
        occurred_to: Some(at("21:30:00")),
        narrative: Some(Personal::Open(sure(Narrative::parse("Nozagts velosipēds.")))),
        reporter: Some(sure(Reporter::try_new(Some(sure(PersonName::parse("Anna Bērziņa"))), None, None))),
        institution: sure(InstitutionCode::parse("VP-RIGA")),
        card: None,
        legacy_number: None,
        split_from: None,
        forwarded_by: None,
        recording_ref: None,
    }
}

/// What the classifiers say: 25 minutes in a city, 40 in the country.
fn rules(class: Option<crate::terms::RaisedClass>) -> TypeRules {
    let limits = ResponseLimits { city: TimeDelta::minutes(25), rural: TimeDelta::minutes(40) };
    TypeRules { class, limits: Some(limits) }
}

fn register() -> IncidentCommand {
    IncidentCommand::RegisterIncident(Box::new(registration()))
}

fn supplement(change: impl FnOnce(&mut SupplementIncident)) -> IncidentCommand {
    let mut command = SupplementIncident::default();
    change(&mut command);
    IncidentCommand::SupplementIncident(Box::new(command))
}

fn reclassify(type_code: Option<&str>, category: Option<Category>) -> IncidentCommand {
    let reason = why("Konstatēta vardarbība");
    let rules = TypeRules::default();
    IncidentCommand::ReclassifyIncident(ReclassifyIncident { type_code: type_code.map(kind), category, rules, reason })
}

fn assign(assignee: Assignee) -> IncidentCommand {
    IncidentCommand::AssignIncident(AssignIncident { assignee })
}

fn officer(number: &str) -> Assignee {
    Assignee::Officer(sure(Officer::parse(number)))
}

fn result(code: &str) -> IncidentCommand {
    let result_code = sure(ResultCode::parse(code));
    IncidentCommand::RecordResult(RecordResult { result_code, case_refs: BTreeSet::new() })
}

fn close(closing_type: Option<&str>) -> IncidentCommand {
    let disposition = sure(Disposition::parse("report-taken"));
    IncidentCommand::CloseIncident(CloseIncident { disposition, closing_type: closing_type.map(kind), class: None })
}

fn reopen() -> IncidentCommand {
    IncidentCommand::ReopenIncident(ReopenIncident { reason: why("Jauns liecinieks") })
}

#[test]
fn an_incident_is_registered_under_the_next_national_number() {
    let incident = incident().when(register()).accepted().1;
    assert_eq!(incident.number(), Some(number()));
    assert_eq!(incident.status(), Some(IncidentStatus::Registered));
}

#[test]
fn an_incident_without_a_beginning_began_when_it_was_reported() {
    let command = RegisterIncident { occurred_from: None, occurred_to: None, ..registration() };
    let (events, _) = incident().when(IncidentCommand::RegisterIncident(Box::new(command))).accepted();
    let IncidentEvent::IncidentRegistered { occurred_from, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(*occurred_from, at("21:40:00"));
}

fn earlier() -> IncidentCommand {
    IncidentCommand::NoteEarlierVersion(Box::new(NoteEarlierVersion {
        sequence: 4,
        recorded_there: Some(at("21:10:00")),
        superseded_at: Some(at("21:20:00")),
        channel: Channel::Phone112,
        type_code: kind("robbery"),
        category: Category::A,
        place: None,
        received_at: None,
        occurred_from: Some(at("20:50:00")),
        occurred_to: None,
        narrative: Some(Personal::Open(sure(Narrative::parse("Atņemts velosipēds.")))),
        reporter: None,
        result: Some((sure(ResultCode::parse("preventive-talk")), BTreeSet::new())),
    }))
}

#[test]
fn what_its_journal_had_said_before_is_noted_and_the_incident_stays_as_it_is() {
    for incident in [incident().registered(), incident().registered().with_result().closed()] {
        let before = incident.record.clone();
        let (events, record) = incident.when(earlier()).accepted();
        assert!(matches!(&events[..], [IncidentEvent::EarlierVersionNoted { sequence: 4, .. }]), "{events:?}");
        assert_eq!(record, before);
    }
    incident().when(earlier()).refused_with([IncidentError::NotRegistered]);
}

#[test]
fn an_incident_is_registered_once() {
    incident().registered().when(register()).refused_with([IncidentError::AlreadyRegistered { number: number() }]);
}

#[test]
fn all_that_is_wrong_with_the_times_is_told_at_once() {
    let command =
        RegisterIncident { occurred_from: Some(at("23:30:00")), occurred_to: Some(at("23:00:00")), ..registration() };
    incident().when(IncidentCommand::RegisterIncident(Box::new(command))).refused_with([
        IncidentError::InFuture { field: "occurred_from" },
        IncidentError::InFuture { field: "occurred_to" },
        IncidentError::EndsBeforeItBegins,
    ]);
}

#[test]
fn nothing_is_asked_of_an_incident_that_is_not_registered() {
    for command in [reclassify(Some("robbery"), None), result("warning"), close(None), reopen(), assign(officer("1"))] {
        incident().when(command).refused_with([IncidentError::NotRegistered]);
    }
}

#[test]
fn a_supplement_records_only_what_is_new() {
    let (events, _) = incident()
        .registered()
        .when(supplement(|new| {
            new.place = Some(place());
            new.occurred_to = Some(at("21:35:00"));
        }))
        .accepted();
    let IncidentEvent::IncidentSupplemented { place, occurred_from, occurred_to, .. } = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!((place, occurred_from, occurred_to), (&None, &None, &Some(at("21:35:00"))));
}

#[test]
fn a_supplement_of_what_is_already_so_changes_nothing() {
    incident().registered().when(supplement(|new| new.place = Some(place()))).changes_nothing();
    incident().registered().when(supplement(|new| new.occurred_from = Some(at("21:00:00")))).changes_nothing();
}

#[test]
fn a_supplement_says_something() {
    let only_why = supplement(|new| new.reason = Some(why("Precizējums")));
    incident().registered().when(only_why).refused_with([IncidentError::NothingToSupplement]);
}

#[test]
fn a_supplement_can_not_end_the_incident_before_it_begins() {
    let ends = supplement(|new| new.occurred_to = Some(at("20:00:00")));
    incident().registered().when(ends).refused_with([IncidentError::EndsBeforeItBegins]);
    let begins = supplement(|new| new.occurred_from = Some(at("21:31:00")));
    incident().registered().when(begins).refused_with([IncidentError::EndsBeforeItBegins]);
}

#[test]
fn a_reclassification_records_only_what_is_new() {
    incident().registered().when(reclassify(Some("robbery"), Some(Category::B))).records(&[
        IncidentEvent::IncidentReclassified {
            type_code: Some(kind("robbery")),
            category: None,
            class: None,
            respond_by: None,
            reason: why("Konstatēta vardarbība"),
        },
    ]);
    incident().registered().when(reclassify(Some("theft"), Some(Category::B))).changes_nothing();
    incident().registered().when(reclassify(None, None)).refused_with([IncidentError::NothingToReclassify]);
}

#[test]
fn an_incident_is_given_to_a_unit_or_an_officer() {
    let assigned = incident()
        .registered()
        .when(assign(officer("1234")))
        .records(&[IncidentEvent::IncidentAssigned { assignee: officer("1234") }]);
    assert_eq!(assigned.status(), Some(IncidentStatus::Assigned));
    let given = incident().registered().after(assign(Assignee::Unit(id(2))));
    given.clone().when(assign(Assignee::Unit(id(2)))).changes_nothing();
    given.when(assign(officer("1234"))).accepted();
}

#[test]
fn an_incident_without_a_result_does_not_close() {
    incident().registered().when(close(None)).refused_with([IncidentError::NoResult { number: number() }]);
}

#[test]
fn an_incident_closes_as_what_it_turned_out_to_be() {
    let closed = |closing| incident().registered().with_result().when(close(closing)).accepted();
    let closing_type = |events: &[IncidentEvent]| match &events[0] {
        IncidentEvent::IncidentClosed { closing_type, .. } => closing_type.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(closing_type(&closed(None).0), kind("theft"));
    assert_eq!(closing_type(&closed(Some("lost-property")).0), kind("lost-property"));
    assert_eq!(closed(None).1.status(), Some(IncidentStatus::Closed));
}

#[test]
fn nothing_of_a_closed_incident_changes() {
    let closed = incident().registered().with_result().closed();
    for command in [
        supplement(|new| new.place = Some(place())),
        reclassify(Some("robbery"), None),
        assign(officer("1")),
        result("warning"),
        close(None),
    ] {
        closed.clone().when(command).refused_with([IncidentError::Closed { number: number() }]);
    }
}

#[test]
fn only_a_closed_incident_is_reopened() {
    incident().registered().when(reopen()).refused_with([IncidentError::NotClosed { number: number() }]);
    let reopened = incident().registered().with_result().closed().after(reopen());
    assert_eq!(reopened.record.status(), Some(IncidentStatus::InProgress));
    reopened.when(close(None)).accepted();
}

#[test]
fn a_result_is_replaced_by_another_and_not_by_the_same() {
    let dealt_with = incident().registered().with_result();
    dealt_with.clone().when(result("preventive-talk")).changes_nothing();
    dealt_with.clone().when(result("warning")).accepted();
    let reopened = dealt_with.closed().after(reopen());
    let confirmed = reopened.when(result("preventive-talk")).accepted().1;
    assert_eq!(confirmed.status(), Some(IncidentStatus::ResultRecorded));
}

#[test]
fn an_incident_goes_on_in_a_bounded_number_of_processes() {
    let case_refs = (0..=MAX_CASE_REFS).map(|n| sure(CaseRef::parse(&n.to_string()))).collect();
    let result_code = sure(ResultCode::parse("other"));
    incident()
        .registered()
        .when(IncidentCommand::RecordResult(RecordResult { result_code, case_refs }))
        .refused_with([IncidentError::TooManyCaseRefs { count: MAX_CASE_REFS + 1 }]);
}

#[test]
fn the_state_holds_no_personal_data() {
    let state = serde_json::to_string(&incident().registered().record).unwrap();
    assert!(!state.contains("Bērziņa") && !state.contains("velosipēds"), "{state}");
}

#[test]
fn stock_cqrs_es_runs_the_same_decisions() {
    let given = || vec![IncidentEvent::examples()[0].clone()];
    TestFramework::<Incident>::with(moment("21:40:00"))
        .given(given())
        .when(assign(officer("7")))
        .then_expect_events(vec![IncidentEvent::IncidentAssigned { assignee: officer("7") }]);
    TestFramework::<Incident>::with(moment("21:40:00"))
        .given(given())
        .when(close(None))
        .then_expect_error(IncidentError::NoResult { number: number() }.into());
}

#[test]
fn a_refusal_tells_the_rule_by_name_and_what_to_do() {
    let refused = incident().registered().record.decide(close(None), &moment("21:40:00")).unwrap_err();
    let told = crate::kernel::broken_rules(&refused).unwrap();
    assert_eq!(told, refused.broken_rules());
    assert_eq!(told[0].rule, "incident_has_no_result");
    assert_eq!(told[0].message, "incident VNR-2026-0000001 has no result: record how it was dealt with, then close it");
    assert_eq!(IncidentError::NotRegistered.rule(), "incident_not_registered");
}

#[test]
fn a_deadline_follows_from_category_and_place() {
    let deadline = |change: fn(&mut RegisterIncident)| {
        let mut command = registration();
        change(&mut command);
        let (events, _) = incident().when(IncidentCommand::RegisterIncident(Box::new(command))).accepted();
        let IncidentEvent::IncidentRegistered { respond_by, .. } = &events[0] else { panic!("{events:?}") };
        *respond_by
    };
    assert_eq!(deadline(|_| {}), Some(at("21:57:00")));
    let country = |command: &mut RegisterIncident| {
        let territory = Some(sure(crate::values::TerritoryCode::parse("0038001")));
        let parts = crate::values::PlaceParts { territory, ..Default::default() };
        command.place = Some(sure(Place::try_new(parts)));
    };
    assert_eq!(deadline(country), Some(at("22:12:00")));
    assert_eq!(deadline(|command| command.place = None), None);
    assert_eq!(deadline(|command| command.received_at = None), Some(at("22:05:00")));
}

/// Invariant 19 of the domain.
#[test]
fn a_category_change_recalculates_the_deadline_but_keeps_the_original() {
    let limits = ResponseLimits { city: TimeDelta::minutes(15), rural: TimeDelta::minutes(25) };
    let to_a = ReclassifyIncident {
        type_code: None,
        category: Some(Category::A),
        rules: TypeRules { class: None, limits: Some(limits) },
        reason: why("Apdraudējums turpinās"),
    };
    let (events, _) = incident().registered().when(IncidentCommand::ReclassifyIncident(to_a)).accepted();
    let IncidentEvent::IncidentReclassified { respond_by, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(*respond_by, Some(at("21:47:00")), "from when it was received");
    let registered = incident().when(register()).accepted().0;
    let IncidentEvent::IncidentRegistered { respond_by, .. } = &registered[0] else { panic!("{registered:?}") };
    assert_eq!(*respond_by, Some(at("21:57:00")), "the first one stays in the registration");
}

fn correct(by_supervisor: bool, change: impl FnOnce(&mut CorrectIncident)) -> IncidentCommand {
    let mut command = CorrectIncident {
        reason: why("Kļūda datumā"),
        by_supervisor,
        channel: None,
        narrative: None,
        place: None,
        received_at: None,
        occurred_from: None,
        occurred_to: None,
        reporter: None,
    };
    change(&mut command);
    IncidentCommand::CorrectIncident(Box::new(command))
}

#[test]
fn a_correction_records_only_what_is_new() {
    let wrong = |command: &mut CorrectIncident| {
        command.channel = Some(Channel::InPerson);
        command.occurred_from = Some(at("21:00:00"));
        command.received_at = Some(at("21:33:00"));
    };
    let (events, _) = incident().registered().when(correct(false, wrong)).accepted();
    let IncidentEvent::IncidentCorrected { channel, occurred_from, received_at, .. } = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!((*channel, *occurred_from, *received_at), (Some(Channel::InPerson), None, Some(at("21:33:00"))));
    incident().registered().when(correct(false, |_| {})).refused_with([IncidentError::NothingToCorrect]);
    let same = correct(false, |command| command.channel = Some(Channel::Phone110));
    incident().registered().when(same).changes_nothing();
}

#[test]
fn only_a_supervisor_corrects_a_closed_incident() {
    let closed = incident().registered().with_result().closed();
    let late = |command: &mut CorrectIncident| command.occurred_to = Some(at("21:31:00"));
    closed
        .clone()
        .when(correct(false, late))
        .refused_with([IncidentError::CorrectionNeedsSupervisor { number: number() }]);
    let corrected = closed.when(correct(true, late)).accepted().1;
    assert_eq!(corrected.status(), Some(IncidentStatus::Closed));
}

#[test]
fn actions_are_recorded_while_an_incident_is_open() {
    let act = |when: Option<&str>| {
        IncidentCommand::RecordAction(Box::new(RecordAction {
            action: sure(crate::classifier::ActionCode::parse("scene-examined")),
            at: when.map(at),
            by: Some(officer("4711")),
            note: None,
        }))
    };
    let (events, _) = incident().registered().when(act(None)).accepted();
    let IncidentEvent::ActionTaken { at: when, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(*when, at("21:40:00"));
    incident().registered().when(act(Some("23:00:00"))).refused_with([IncidentError::InFuture { field: "at" }]);
    let closed = incident().registered().with_result().closed();
    closed.when(act(None)).refused_with([IncidentError::Closed { number: number() }]);
}

fn any_command() -> impl Strategy<Value = IncidentCommand> {
    let of_type = prop::option::of(prop::sample::select(vec!["theft", "robbery", "fraud"]));
    let minutes = prop::option::of(0u32..60);
    prop_oneof![
        Just(register()),
        (minutes.clone(), minutes, any::<bool>()).prop_map(|(from, to, with_place)| supplement(|new| {
            new.occurred_from = from.map(|m| at(&format!("20:{m:02}:00")));
            new.occurred_to = to.map(|m| at(&format!("20:{m:02}:00")));
            new.place = with_place.then(place);
        })),
        (of_type.clone(), prop::option::of(prop::sample::select(Category::ALL.to_vec())))
            .prop_map(|(type_code, category)| reclassify(type_code, category)),
        (0u128..3).prop_map(|n| assign(Assignee::Unit(id(n)))),
        prop::sample::select(vec!["warning", "other"]).prop_map(result),
        of_type.prop_map(close),
        Just(reopen()),
    ]
}

proptest! {
    #[test]
    fn no_sequence_of_commands_changes_a_closed_incident(commands in prop::collection::vec(any_command(), 0..40)) {
        let mut record = Incident::default();
        for command in commands {
            let before = record.clone();
            let Ok(events) = record.decide(command, &moment("21:40:00")) else { continue };
            for event in events {
                let was_closed = before.status() == Some(IncidentStatus::Closed);
                let reopens = matches!(event, IncidentEvent::IncidentReopened { .. });
                prop_assert_eq!(was_closed, reopens);
                record.apply(event);
            }
            if let Some(open) = &record.registered {
                prop_assert!(open.occurred_to.is_none_or(|to| open.occurred_from <= to));
                prop_assert!(open.status != IncidentStatus::Closed || open.result.is_some());
            }
            prop_assert!(before.number().is_none() || before.number() == record.number());
            let state = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<Incident>(&state).unwrap(), record.clone());
        }
    }

    #[test]
    fn applying_any_event_in_any_order_never_fails(order in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        let examples = IncidentEvent::examples();
        let mut record = Incident::default();
        order.into_iter().for_each(|n| record.apply(n.get(&examples).clone()));
    }
}
