//! Events as the log keeps them.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde_json::{Value, json};

use crate::access_grant::GrantEvent;
use crate::access_policy::PolicyEvent;
use crate::caution::CautionEvent;
use crate::emergency_access::EmergencyAccessEvent;
use crate::emergency_card::CardEvent;
use crate::examples::sure;
use crate::incident::IncidentEvent;
use crate::kernel::{RecordedEvent, Series, TakenNumber};
use crate::log_life::LogLifeEvent;
use crate::notice::NoticeEvent;
use crate::personal::{Personal, opened};
use crate::read_model::ReadModelEvent;
use crate::response_plan::PlanEvent;
use crate::retention::RetentionEvent;
use crate::roster_shift::ShiftEvent;
use crate::seized_item::SeizedItemEvent;
use crate::source_journal::JournalEvent;
use crate::source_record::RecordEvent;
use crate::track::TrackEvent;
use crate::unit::UnitEvent;
use crate::values::{Narrative, PersonName, PersonalCode, Phone, Reporter};

fn come_back<E: RecordedEvent>(examples: &[E]) {
    for event in examples {
        let json = serde_json::to_string(event).unwrap();
        assert_eq!(&serde_json::from_str::<E>(&json).unwrap(), event, "{json}");
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), [&event.event_type()]);
        assert!(without_floats(&value), "{json}");
    }
    let shown: BTreeSet<_> = examples.iter().map(cqrs_es::DomainEvent::event_type).collect();
    assert_eq!(shown, E::TYPES.iter().map(|name| (*name).to_owned()).collect(), "an example for each type of event");
}

fn without_floats(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(values) => values.iter().all(without_floats),
        Value::Object(fields) => fields.values().all(without_floats),
        _ => true,
    }
}

#[test]
fn each_event_comes_back_from_json_as_it_was() {
    come_back(&IncidentEvent::examples());
    come_back(&SeizedItemEvent::examples());
    come_back(&CautionEvent::examples());
    come_back(&CardEvent::examples());
    come_back(&UnitEvent::examples());
    come_back(&RetentionEvent::examples());
    come_back(&GrantEvent::examples());
    come_back(&EmergencyAccessEvent::examples());
    come_back(&PolicyEvent::examples());
    come_back(&ReadModelEvent::examples());
    come_back(&TrackEvent::examples());
    come_back(&JournalEvent::examples());
    come_back(&RecordEvent::examples());
    come_back(&NoticeEvent::examples());
    come_back(&PlanEvent::examples());
    come_back(&ShiftEvent::examples());
    come_back(&LogLifeEvent::examples());
}

#[test]
fn what_is_left_out_of_an_event_is_read_as_not_there() {
    let json = r#"{"StatusReported":{"status":"on_scene","at":"2026-03-28T21:48:00+02:00"}}"#;
    let event: UnitEvent = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&event).unwrap(), json);
}

#[test]
fn a_number_is_taken_by_the_first_event_of_a_record_only() {
    let taken = |events: Vec<Option<TakenNumber>>| events.into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(
        taken(IncidentEvent::examples().iter().map(RecordedEvent::taken_number).collect()),
        [TakenNumber { series: Series::Incident, year: 2026, ordinal: 1 }]
    );
    assert_eq!(
        taken(CardEvent::examples().iter().map(RecordedEvent::taken_number).collect()),
        [TakenNumber { series: Series::Card, year: 2026, ordinal: 1 }]
    );
}

fn reporter() -> Reporter {
    sure(Reporter::try_new(
        Some(sure(PersonName::parse("Anna Bērziņa"))),
        Some(sure(Phone::parse("20000000"))),
        Some(sure(PersonalCode::parse("161175-19997"))),
    ))
}

fn hides<T: Debug>(value: &T) {
    let shown = format!("{value:?} {value:#?}");
    assert!(shown.contains("***"), "{shown}");
    for secret in ["Anna", "2000000", "161175", "19997"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn personal_data_prints_as_stars() {
    hides(&reporter());
    hides(&Personal::Open("Anna 20000000"));
    assert_eq!(Personal::Open("Anna").to_string(), "***");
    assert_eq!(format!("{:?}", Personal::<String>::Sealed("v1.k.abc".to_owned())), "***");
}

#[test]
fn open_personal_data_is_not_written_outside_the_store() {
    assert!(serde_json::to_string(&reporter()).is_err());
    assert!(serde_json::to_value(Personal::Open(1)).is_err());
    opened(|| serde_json::to_string(&reporter())).unwrap();
    assert!(serde_json::to_string(&reporter()).is_err(), "the guard ends with its call");
    let panicked = std::panic::catch_unwind(|| opened(|| panic!("while sealing")));
    assert!(panicked.is_err() && serde_json::to_string(&reporter()).is_err(), "also when it ends in a panic");
    let nested = opened(|| {
        opened(|| ());
        serde_json::to_string(&reporter())
    });
    assert!(nested.is_ok(), "an inner guard doesn't end the outer one");
}

#[test]
fn the_store_finds_what_to_seal() {
    let json = opened(|| serde_json::to_value(reporter())).unwrap();
    let expected = json!({
        "name": {"$open": "Anna Bērziņa"},
        "phone": {"$open": "+37120000000"},
        "personal_code": {"$open": "161175-19997"},
        "personal_code_verified": true,
    });
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<Reporter>(json).unwrap(), reporter());
}

#[test]
fn sealed_and_erased_come_back() {
    for personal in [Personal::<Narrative>::Sealed("v1.key.bytes".to_owned()), Personal::Erased] {
        let json = serde_json::to_string(&personal).unwrap();
        assert_eq!(serde_json::from_str::<Personal<Narrative>>(&json).unwrap(), personal);
    }
    assert_eq!(serde_json::to_string(&Personal::<Narrative>::Erased).unwrap(), r#"{"$erased":true}"#);
    for wrong in [r#""Anna""#, "{}", r#"{"$erased":false}"#, r#"{"$sealed":"a","$open":"b"}"#, r#"{"$open":""}"#] {
        assert!(serde_json::from_str::<Personal<Narrative>>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_broken_personal_value_is_not_repeated_in_the_error() {
    let error = serde_json::from_str::<Personal<u32>>(r#"{"$open":"Anna"}"#).unwrap_err().to_string();
    assert!(!error.contains("Anna"), "{error}");
}
