use std::collections::BTreeMap;

use super::examples::mapping;
use super::*;
use crate::examples::{actor, sealed, sure};
use crate::scenario::Scenario;
use crate::values::Label;

fn ogre() -> InstitutionCode {
    sure(InstitutionCode::parse("PP-OGRE"))
}

fn register() -> JournalCommand {
    JournalCommand::RegisterJournal(RegisterJournal {
        system: sure(SourceSystem::parse("enz-ogre")),
        institution: ogre(),
        lv: sure(Label::parse("Ogres žurnāls")),
        en: sure(Label::parse("Journal of Ogre")),
        by: actor("a.ozola"),
    })
}

fn adopt(mapping: RecordMapping) -> JournalCommand {
    JournalCommand::AdoptMapping(Box::new(AdoptMapping { mapping, reason: sealed(1), by: actor("a.ozola") }))
}

fn phase(phase: JournalPhase) -> JournalCommand {
    JournalCommand::ChangeJournalPhase(ChangeJournalPhase { phase, reason: sealed(1), by: actor("a.ozola") })
}

fn journal() -> Scenario<SourceJournal> {
    Scenario::new().after(register()).after(adopt(mapping()))
}

#[test]
fn a_journal_is_tested_before_it_serves_and_needs_a_mapping_for_both() {
    let known = Scenario::<SourceJournal>::new().after(register());
    known.clone().when(phase(JournalPhase::Testing)).refused_with([JournalError::NoMapping]);
    let (from, to) = (JournalPhase::Registered, JournalPhase::Live);
    journal().when(phase(to)).refused_with([JournalError::NotInThatOrder { from, to }]);
    let live = journal().after(phase(JournalPhase::Testing)).after(phase(JournalPhase::Live));
    assert_eq!(live.record.phase(), Some(JournalPhase::Live));
    live.when(phase(JournalPhase::Live)).changes_nothing();
}

#[test]
fn only_its_own_institution_sends_and_only_while_it_is_to() {
    let phase_of = |scenario: &Scenario<SourceJournal>| scenario.record.sends_for(&ogre()).map(|(version, _)| version);
    assert_eq!(phase_of(&Scenario::new()), Err(JournalError::NotRegistered.into()));
    let known = journal();
    assert_eq!(phase_of(&known), Err(JournalError::NotInService { phase: JournalPhase::Registered }.into()));
    let testing = known.after(phase(JournalPhase::Testing));
    assert_eq!(phase_of(&testing), Ok(1));
    let other = sure(InstitutionCode::parse("PP-LIEPAJA"));
    let refused = testing.record.sends_for(&other).map(|_| ());
    assert_eq!(refused, Err(JournalError::OtherInstitution { institution: ogre() }.into()));
    let stopped = testing.after(phase(JournalPhase::Suspended));
    assert_eq!(phase_of(&stopped), Err(JournalError::NotInService { phase: JournalPhase::Suspended }.into()));
}

#[test]
fn what_waits_is_mended_while_its_journal_is_suspended_and_registered_only_where_that_has_served() {
    let mends = |scenario: &Scenario<SourceJournal>| scenario.record.mends_for(&ogre()).map(|(version, _)| version);
    assert_eq!(mends(&Scenario::new()), Err(JournalError::NotRegistered.into()));
    let known = journal();
    assert_eq!(mends(&known), Err(JournalError::NotInService { phase: JournalPhase::Registered }.into()));
    let testing = known.after(phase(JournalPhase::Testing));
    let live = testing.clone().after(phase(JournalPhase::Live));
    let (never_served, served) =
        (testing.clone().after(phase(JournalPhase::Suspended)), live.clone().after(phase(JournalPhase::Suspended)));
    for (stands, only_tries) in [(&testing, true), (&live, false), (&never_served, true), (&served, false)] {
        assert_eq!((mends(stands), stands.record.only_tries()), (Ok(1), only_tries), "{:?}", stands.record.phase());
    }
    assert!(served.record.sends_for(&ogre()).is_err(), "it sends nothing all the same");
    let other = sure(InstitutionCode::parse("PP-LIEPAJA"));
    let refused = served.record.mends_for(&other).map(|_| ());
    assert_eq!(refused, Err(JournalError::OtherInstitution { institution: ogre() }.into()));
    assert!(served.after(phase(JournalPhase::Testing)).record.only_tries(), "it is tested anew");
}

#[test]
fn another_mapping_is_another_version_and_the_same_is_nothing_new() {
    journal().when(adopt(mapping())).changes_nothing();
    let other = RecordMapping { ignored: Default::default(), ..mapping() };
    let (events, _) = journal().when(adopt(other)).accepted();
    assert!(matches!(&events[..], [JournalEvent::MappingAdopted { version: 2, .. }]));
}

#[test]
fn a_journal_is_registered_once() {
    let (system, institution) = (sure(SourceSystem::parse("enz-ogre")), ogre());
    journal().when(register()).refused_with([JournalError::AlreadyRegistered { system, institution }]);
}

fn record(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_record_is_read_by_its_mapping() {
    let read =
        mapping().read(&record(&[("veids", " ZĀDZ "), ("apraksts", "Nozagts"), ("rindas_id", "7"), ("laiks", "")]));
    let read = read.expect("all is known");
    assert_eq!(read.get(IncidentField::TypeCode), "theft");
    assert_eq!(read.get(IncidentField::Narrative), "Nozagts");
    assert_eq!(read.get(IncidentField::Category), "C");
    assert_eq!(read.get(IncidentField::OccurredFrom), "");
    assert_eq!((read.name_of("type_code"), read.name_of("place.text")), (Some("veids"), None));
    let code_of_ours = mapping().read(&record(&[("veids", "robbery")])).expect("all is known");
    assert_eq!(code_of_ours.get(IncidentField::TypeCode), "robbery");
}

#[test]
fn what_a_mapping_says_nothing_of_is_told_and_not_dropped() {
    let unknown = mapping().read(&record(&[("veids", "ZĀDZ"), ("liecinieks", "x"), ("auto", "y")]));
    assert_eq!(unknown, Err(vec!["auto".to_owned(), "liecinieks".to_owned()]));
}

#[test]
fn all_that_is_wrong_with_a_mapping_is_told() {
    let mut wrong = mapping();
    wrong.fields.insert("veids2".to_owned(), IncidentField::TypeCode.into());
    wrong.ignored.insert("veids".to_owned());
    wrong.defaults.remove(&IncidentField::Channel.into());
    wrong.codes.entry(IncidentField::TypeCode.into()).or_default().insert("X\u{7}".to_owned(), "theft".to_owned());
    let paths: Vec<String> = wrong.check().expect_err("wrong").iter().map(|found| found.path.clone()).collect();
    assert_eq!(paths, ["fields", "ignored", "codes.type_code", "fields"]);
    assert_eq!(mapping().check(), Ok(()));
}

#[test]
fn fields_of_persons_and_vehicles_are_named_by_their_places() {
    for name in ["narrative", "place.text", "persons[0].name", "persons[4].role", "vehicles[2].plate"] {
        assert_eq!(RecordField::parse(name).map(|field| field.to_string()).as_deref(), Ok(name));
        let json = serde_json::to_string(name).expect("a text");
        let read: RecordField = serde_json::from_str(&json).expect("as the log has it");
        assert_eq!(serde_json::to_string(&read).expect("as the log has it"), json);
    }
    for (name, hint) in [
        ("persons[5].name", "counted from persons[0] to persons[4]"),
        ("persons[00].name", "counted from persons[0]"),
        ("vehicles[3].plate", "to vehicles[2]"),
        ("persons[0].nmae", "use one of role, name"),
        ("narative", "narrative"),
    ] {
        let told = RecordField::parse(name).expect_err(name).to_string();
        assert!(told.contains(hint), "{told}");
    }
    let mut mapping = mapping();
    mapping.fields.insert("auto".to_owned(), RecordField::Vehicle(0, VehicleField::Plate));
    let wrong = mapping.check().expect_err("no relation");
    assert!(wrong.to_string().contains("vehicles[0].relation"), "{wrong}");
}
