use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::examples::{actor, at, sealed, sure};
use crate::ids::riga_day;
use crate::lang::Lang;
use crate::scenario::Scenario;
use crate::terms::Category;
use crate::values::Code;

/// Entries of a file with these lines.
fn entries(lines: &[&str]) -> Vec<Entry> {
    let text = format!("code,valid_from,valid_until,lv,en\n{}\n", lines.join("\n"));
    read_entries(text.as_bytes()).expect("entries")
}

fn load(lines: &[&str]) -> ClassifierCommand {
    load_over(lines, &[])
}

fn load_over(lines: &[&str], baseline: &[&str]) -> ClassifierCommand {
    ClassifierCommand::LoadClassifier(Box::new(LoadClassifier {
        system: CodeSystem::IncidentType,
        entries: entries(lines),
        baseline: entries(baseline),
        reason: sealed(1),
        by: actor("a.ozola"),
    }))
}

fn code(text: &str) -> Code {
    sure(Code::parse(text))
}

fn loaded(events: &[ClassifierEvent]) -> Vec<&str> {
    let ClassifierEvent::ClassifierLoaded { entries, .. } = &events[0];
    entries.iter().map(|entry| entry.code.as_str()).collect()
}

fn day(text: &str) -> chrono::NaiveDate {
    sure(text.parse())
}

#[test]
fn the_programs_own_tables_are_sound() {
    for system in CodeSystem::ALL {
        let list = Classifiers::embedded().list(*system);
        assert!(!list.entries().is_empty(), "{system}");
        assert_eq!(list.overlapping(), Vec::new(), "{system}");
        let codes: BTreeSet<_> = list.entries().iter().map(|entry| &entry.code).collect();
        assert_eq!(codes.len(), list.entries().len(), "{system}");
        let again = read_entries(write_entries(list.entries()).as_bytes());
        assert_eq!(again.as_deref(), Ok(list.entries()), "{system}");
        for entry in list.entries() {
            assert_eq!(wrong_attributes(*system, &entry.attributes), Vec::new(), "{system}: {entry:?}");
        }
    }
    let today = riga_day(&at("12:00:00"));
    for category in Category::ALL {
        let limits = Classifiers::embedded().response_limits(*category, today).expect("limits");
        assert!(limits.city <= limits.rural, "{category}");
    }
}

#[test]
fn an_unknown_code_is_answered_with_what_would_be_right() {
    let then = riga_day(&at("12:00:00"));
    let told = |code| Classifiers::embedded().code::<IncidentType>(code, then).unwrap_err().to_string();
    assert!(told("thef").contains("did you mean theft?"), "{}", told("thef"));
    assert!(told("Domestic_Violence").contains("did you mean domestic-violence?"), "{}", told("Domestic_Violence"));
    assert!(told("qqqqqqqqqq").contains("use one of theft, burglary"), "{}", told("qqqqqqqqqq"));
    assert!(told(&"x\n".repeat(9_000)).len() < 2_000);
}

#[test]
fn a_code_is_one_of_the_day_on_which_it_happened() {
    let mut lists = Classifiers::embedded().clone();
    let mut list = lists.list(CodeSystem::IncidentType).clone();
    list.amend(entries(&["witchcraft,1900-01-01,2000-01-01,Buršana,Witchcraft", "drone,2026-03-29,,Drons,Drone"]));
    lists.set(CodeSystem::IncidentType, list);
    // 28 March 2026.
    let then = riga_day(&at("12:00:00"));
    let told = |code| lists.code::<IncidentType>(code, then).unwrap_err().to_string();
    assert_eq!(
        told("witchcraft"),
        "`witchcraft` of incident-type can't be used for 2026-03-28: it holds from 1900-01-01 until 2000-01-01"
    );
    assert_eq!(told("drone"), "`drone` of incident-type can't be used for 2026-03-28: it holds from 2026-03-29");
    // Half past midnight of the 29th in Riga is still the 28th in London.
    let in_london = sure(chrono::DateTime::parse_from_rfc3339("2026-03-28T22:30:00+00:00"));
    assert!(lists.code::<IncidentType>("drone", riga_day(&in_london)).is_ok());
    assert_eq!(lists.label(CodeSystem::IncidentType, "witchcraft", Lang::Lv), Some("Buršana"));
    assert_eq!(lists.label(CodeSystem::IncidentType, "no-such", Lang::Lv), None);
}

#[test]
fn a_code_that_was_valid_when_it_was_written_is_read_for_ever() {
    let retired: IncidentType = serde_json::from_str(r#""witchcraft""#).unwrap();
    assert_eq!(retired.code(), "witchcraft");
    assert!(serde_json::from_str::<IncidentType>(r#""Not a code""#).is_err());
}

#[test]
fn what_is_loaded_first_holds_the_list_before_it() {
    let (events, classifier) = Scenario::<Classifier>::new()
        .when(load_over(&["drone,2026-07-01,,Drons,Drone"], &["theft,,,Zādzība,Theft", "fraud,,,Krāpšana,Fraud"]))
        .accepted();
    assert_eq!(loaded(&events), ["theft", "fraud", "drone"]);
    assert_eq!(classifier.system(), Some(CodeSystem::IncidentType));
}

#[test]
fn only_what_is_new_is_recorded_and_the_rest_stays() {
    let given = Scenario::<Classifier>::new().after(load(&["theft,,,Zādzība,Theft", "fraud,,,Krāpšana,Fraud"]));
    given.clone().when(load_over(&["fraud,,,Krāpšana,Fraud"], &["other,,,Cits,Other"])).changes_nothing();
    let change =
        load(&["theft,,,Zādzība,Theft", "fraud,,2026-07-01,Krāpšana,Fraud", "fraud,2026-07-01,,Krāpšanās,Fraud"]);
    let (events, classifier) = given.when(change).accepted();
    assert_eq!(loaded(&events), ["fraud", "fraud"]);
    let list = classifier.list();
    let label = |on| list.on("fraud", day(on)).map(|entry| entry.label(Lang::Lv).to_owned());
    assert_eq!((label("2026-06-30").as_deref(), label("2026-07-01").as_deref()), (Some("Krāpšana"), Some("Krāpšanās")));
    assert!(list.on("theft", day("2026-07-01")).is_some());
}

#[test]
fn all_that_is_wrong_with_a_load_is_told_at_once() {
    let given = Scenario::<Classifier>::new().after(load(&["theft,,,Zādzība,Theft"]));
    let wrong = load(&[
        "theft,2026-01-01,,Zādzība,Theft",
        "fraud,,,Krāpšana,Fraud",
        "fraud,,,Krāpšanās,Fraud",
        "drone,2026-07-01,2026-07-01,Drons,Drone",
    ]);
    given.when(wrong).refused_with([
        ClassifierError::Twice { code: code("fraud") },
        ClassifierError::EndsBeforeItBegins { code: code("drone") },
        ClassifierError::Overlap { code: code("theft") },
    ]);
}

#[test]
fn all_mistakes_of_a_file_are_told_with_their_lines() {
    let told = |text: &str| -> Vec<String> {
        read_entries(text.as_bytes()).expect_err("mistakes").iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        told("code,lv\n"),
        [
            "line 1: the column `valid_from` is missing",
            "line 1: the column `valid_until` is missing",
            "line 1: the column `en` is missing",
        ]
    );
    let text = "code,valid_from,valid_until,lv,en,iccs\ntheft,,,Zādzība,Theft,05\nno code,1.7.2026,,,Fraud,\nx,,,X\n";
    let told = told(text);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[0].starts_with("line 3: valid_from: `1.7.2026`"), "{told:?}");
    assert!(told.iter().any(|mistake| mistake.starts_with("line 3: lv: label is empty")), "{told:?}");
    assert!(told[3].starts_with("line 4: "), "{told:?}");
}

#[test]
fn an_attribute_that_something_goes_by_says_what_it_can() {
    let wrong = |system, name: &str, value: &str| -> Vec<&'static str> {
        let file = format!("code,valid_from,valid_until,lv,en,{name}\nx,,,X,X,{value}\n");
        let entry = sure(read_entries(file.as_bytes())).remove(0);
        wrong_attributes(system, &entry.attributes).into_iter().map(|wrong| wrong.name).collect()
    };
    for (system, name, right, not) in [
        (CodeSystem::IncidentType, "class", ["protected", "secret", "secret"], ["Protected", "restricted", "geheim"]),
        (CodeSystem::IncidentType, "notice", ["family-violence", "missing-person", "child"], ["yes", "Child", "x"]),
        (CodeSystem::IncidentType, "iccs", ["05", "0502", "010111"], ["5", "12", "05021111"]),
        (CodeSystem::PersonRole, "protects", ["violence"; 3], ["violent", "no", "1"]),
        (CodeSystem::PersonRole, "eido", ["Caller", "ReportingParty", "Witness2"], ["caller", "Reporting Party", "X"]),
        (CodeSystem::VehicleRelation, "eido", ["Vehicle"; 3], ["v", "Ķ", "A-b"]),
        (CodeSystem::Disposition, "apco", ["01", "18", "99"], ["1", "001", "00"]),
    ] {
        for value in right {
            assert_eq!(wrong(system, name, value), Vec::<&str>::new(), "{system} {name} {value}");
        }
        for value in not {
            assert_eq!(wrong(system, name, value), [name], "{system} {name} {value}");
            // Of a classifier that nothing goes by it in, it is kept as it is.
            assert_eq!(wrong(CodeSystem::Hazard, name, value), Vec::<&str>::new(), "{name} {value}");
        }
    }
}

#[test]
fn a_category_has_both_its_deadlines_in_whole_minutes() {
    let told = |city: &str, rural: &str| -> Vec<String> {
        let file = format!("code,valid_from,valid_until,lv,en,city_minutes,rural_minutes\na,,,A,A,{city},{rural}\n");
        let mistakes = read_list(CodeSystem::ResponseCategory, file.as_bytes()).err().unwrap_or_default();
        mistakes.iter().map(ToString::to_string).collect()
    };
    assert_eq!(told("15", "10080"), Vec::<String>::new());
    for wrong in ["0", "-15", "+15", "015", "15.5", "15 min", "10081", "99999999999999999999"] {
        let what = |name| format!("line 2: {name}: `{wrong}` is no whole number of minutes from 1 to 10080");
        assert_eq!(told(wrong, wrong), [what("city_minutes"), what("rural_minutes")]);
    }
    assert!(told("15", "")[0].starts_with("line 2: rural_minutes: is missing"), "{:?}", told("15", ""));
    assert_eq!(told("", "").len(), 2);
}

#[test]
fn a_classifier_that_is_full_takes_what_changes_and_nothing_more() {
    let part = |from: usize, until: usize, label: &str| -> Vec<Entry> {
        let lines: Vec<String> = (from..until).map(|n| format!("c{n},,,{label},{label}")).collect();
        entries(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let full: Vec<Entry> = part(0, MAX_ENTRIES, "Vārds");
    let mut list = CodeList::default();
    for loaded in full.chunks(MAX_LOADED) {
        list = list.loaded(loaded.to_vec()).expect("it is loaded");
    }
    assert_eq!(list.entries(), full);
    let changed = list.loaded(part(MAX_ENTRIES - MAX_LOADED, MAX_ENTRIES, "Cits")).expect("it is loaded");
    assert_eq!(
        (changed.entries().len(), changed.last("c19999").map(|entry| entry.label(Lang::Lv))),
        (20_000, Some("Cits"))
    );
    let refused = |entries| list.loaded(entries).expect_err("it is full").reasons().cloned().collect::<Vec<_>>();
    let too_many = |count, most| ClassifierError::TooMany { count, most };
    assert_eq!(refused(part(MAX_ENTRIES, MAX_ENTRIES + 1, "Vārds")), [too_many(20_001, MAX_ENTRIES)]);
    assert_eq!(refused(part(0, MAX_LOADED + 1, "Vārds")), [too_many(2_001, MAX_LOADED)]);
}

#[test]
fn a_file_may_have_commas_and_quotation_marks_in_its_labels() {
    let text = "code,valid_from,valid_until,lv,en\ntheft,,,\"Zādzība, arī \"\"sīkā\"\"\",Theft\n";
    let read = read_entries(text.as_bytes()).unwrap();
    assert_eq!(read[0].label(Lang::Lv), "Zādzība, arī \"sīkā\"");
    assert_eq!(read_entries(write_entries(&read).as_bytes()).unwrap(), read);
}

proptest! {
    #[test]
    fn whatever_is_loaded_a_code_means_one_thing_on_a_day(loads in prop::collection::vec(
        prop::collection::vec((0usize..3, prop::option::of(0u32..6), prop::option::of(0u32..6)), 1..4), 0..12,
    )) {
        let mut classifier = Classifier::default();
        for lines in loads {
            let date = |day: Option<u32>| day.map(|day| format!("2026-01-0{}", day + 1)).unwrap_or_default();
            let lines: Vec<String> = lines.into_iter()
                .map(|(code, from, until)| format!("c{code},{},{},Vārds,Word", date(from), date(until)))
                .collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let Ok(events) = classifier.decide(load(&lines), &crate::scenario::moment("12:00:00")) else { continue };
            events.into_iter().for_each(|event| classifier.apply(event));
            for day in 1..9 {
                let day = sure(format!("2026-01-0{day}").parse());
                for code in ["c0", "c1", "c2"] {
                    let held = classifier.list().entries().iter().filter(|e| e.code.as_str() == code && e.holds_on(day));
                    prop_assert!(held.count() <= 1);
                }
            }
        }
    }
}
