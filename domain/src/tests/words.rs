//! Codes, labels, numbers and ids.

use proptest::prelude::*;

use crate::Lang;
use crate::examples::{at, id, sure};
use crate::ids;
use crate::terms::{Channel, Service, UnitStatus};
use crate::values::{
    CallSign, CardNumber, ExternalId, InstitutionCode, Narrative, NationalNumber, Reason, SourceSystem, ValueError,
};

#[test]
fn an_unknown_term_is_answered_with_what_would_be_right() {
    assert!(Channel::parse("phone-112").unwrap_err().to_string().contains("did you mean phone_112"));
}

#[test]
fn terms_are_their_codes_in_json() {
    assert_eq!(serde_json::to_string(&UnitStatus::OnScene).unwrap(), r#""on_scene""#);
    assert_eq!(serde_json::from_str::<Service>(r#""gas""#).unwrap(), Service::Gas);
    assert!(serde_json::from_str::<Service>(r#""water""#).is_err());
    assert_eq!(UnitStatus::EnRoute.label(Lang::Lv), "Ceļā");
    assert_eq!((Lang::of_tag("en-GB"), Lang::of_tag("lv"), Lang::of_tag("")), (Lang::En, Lang::Lv, Lang::Lv));
}

#[test]
fn numbers_have_one_form() {
    let number = sure(NationalNumber::parse("VNR-2026-0000042"));
    assert_eq!((number.year(), number.ordinal()), (2026, 42));
    assert_eq!(CardNumber::parse("VEK-2026-12345678").unwrap().ordinal(), 12_345_678);
    for text in [
        "",
        "VNR-2026-42",
        "VNR-2026-0000000",
        "VNR-026-0000001",
        "vnr-2026-0000001",
        "VEK-2026-0000001",
        "VNR-2026-+000001",
        "VNR-2026-00000001",
        "VNR-2026-0000001 ",
        "VNR--2026-0000001",
    ] {
        assert!(NationalNumber::parse(text).is_err(), "{text}");
    }
    assert!(NationalNumber::try_new(2026, 0).is_err());
    assert!(NationalNumber::try_new(-1, 1).is_err());
}

#[test]
fn texts_have_their_limits() {
    assert_eq!(Narrative::parse("  rindas\n\tdivas ").unwrap().as_str(), "rindas\n\tdivas");
    assert_eq!(Reason::parse(" "), Err(ValueError::Empty { what: "reason" }));
    assert!(Reason::parse(&"ā".repeat(1_000)).is_ok());
    let length = 1_001;
    assert_eq!(Reason::parse(&"ā".repeat(length)), Err(ValueError::TooLong { what: "reason", most: 1_000, length }));
    assert!(matches!(Reason::parse("a\u{0}b"), Err(ValueError::ControlCharacter { at: 2, .. })));
    assert!(CallSign::parse("E\n28").is_err());
    assert_eq!(InstitutionCode::parse("vp-riga").unwrap().as_str(), "VP-RIGA");
    assert!(InstitutionCode::parse("VP RIGA").is_err() && InstitutionCode::parse("-VP").is_err());
    assert!(SourceSystem::parse("SFFD|cad").is_err());
}

#[test]
fn the_same_names_give_the_same_ids_for_ever() {
    let institution = sure(InstitutionCode::parse("SFFD"));
    let unit = ids::of_unit(&institution, &sure(CallSign::parse("e28")));
    assert_eq!(unit, ids::of_unit(&institution, &sure(CallSign::parse(" E28 "))));
    let system = sure(SourceSystem::parse("sffd-cad"));
    let card = ids::of_source("emergency_card", &system, &sure(ExternalId::parse("200983546")));
    let track = ids::of_track(unit, ids::riga_day(&at("12:00:00")));
    assert_eq!(
        [unit, card, track].map(|id| id.to_string()),
        FOREIGN,
        "stored ids follow from these names: they may never change"
    );
    assert_ne!(ids::of_track(id(1), ids::riga_day(&at("12:00:00"))), track);
}

/// As Python's `uuid.uuid5` gives them for `unit|SFFD|E28`, `emergency_card|sffd-cad|200983546` and `track|…|2026-03-28`.
const FOREIGN: [&str; 3] = [
    "0f0e2e09-3664-5450-9173-59a3565e2e22",
    "2b6030ef-6bbc-5f61-9b22-9fb43ff21b04",
    "c873b879-8170-52db-a715-3f904c3cd1d8",
];

#[test]
fn the_year_of_a_number_is_rigas() {
    let new_year = sure(chrono::DateTime::parse_from_rfc3339("2026-12-31T22:00:00Z"));
    assert_eq!(ids::riga_year(&new_year), 2027);
}

proptest! {
    #[test]
    fn numbers_come_back(year in 1000i32..=9999, ordinal in 1u64..) {
        let number = NationalNumber::try_new(year, ordinal).unwrap();
        prop_assert_eq!(NationalNumber::parse(&number.to_string()).unwrap(), number);
        prop_assert_eq!((number.taken().year, number.taken().ordinal), (year, ordinal));
    }

    #[test]
    fn what_was_accepted_is_accepted_again_unchanged(text in "\\PC{0,40}") {
        if let Ok(sign) = CallSign::parse(&text) {
            prop_assert_eq!(&CallSign::parse(sign.as_str()).unwrap(), &sign);
        }
        if let Ok(narrative) = Narrative::parse(&text) {
            prop_assert_eq!(&Narrative::parse(narrative.as_str()).unwrap(), &narrative);
        }
    }
}
