//! Values have the same rules in the schemas and in their parsers.

use std::fmt::Display;

use domain::classifier::IncidentType;
use domain::terms::Channel;
use domain::values::{
    AddressCode, AlarmLevel, CallSign, CardNumber, Casualties, ExternalId, GeoPoint, Heading, InstitutionCode,
    Narrative, NationalNumber, PersonalCode, Phone, Place, PlaceText, PlateNumber, SourceSystem, Speed, TerritoryCode,
};
use jsonschema::Validator;
use proptest::prelude::*;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn validator<T: JsonSchema>() -> Validator {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    jsonschema::validator_for(generator.into_root_schema_for::<T>().as_value()).expect("a schema")
}

/// What may stand in the log is valid; what is valid can be read.
fn agree<T: JsonSchema + DeserializeOwned + Serialize>(value: &Value) -> Result<(), TestCaseError> {
    let validator = validator::<T>();
    match serde_json::from_value::<T>(value.clone()) {
        Ok(read) => {
            let written = serde_json::to_value(&read).expect("JSON");
            prop_assert!(validator.is_valid(&written), "{} writes {written}", T::schema_name());
        }
        Err(error) => {
            // A text of white space only is refused, which a pattern doesn't say.
            let blank = value.as_str().is_some_and(|text| text.trim().is_empty());
            prop_assert!(blank || !validator.is_valid(value), "{} is valid, but {error}", T::schema_name());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn texts_that_are_read_are_valid_and_the_other_way_about(
        text in prop_oneof![
            ".{0,40}", "[A-Z0-9._ -]{1,40}", "[a-z0-9-]{0,70}", "[0-9]{1,13}", "V(NR|EK)-[0-9]{4}-[0-9]{6,9}", "[0-9]{6}-?[0-9]{5}",
            "\\+?[0-9]{1,16}", "\\PC{490,510}", "[ -~\n\t\r\u{7}\u{85}]{0,20}"
        ],
    ) {
        let value = json!(text);
        agree::<NationalNumber>(&value)?;
        agree::<CardNumber>(&value)?;
        agree::<PersonalCode>(&value)?;
        agree::<Phone>(&value)?;
        agree::<AddressCode>(&value)?;
        agree::<TerritoryCode>(&value)?;
        agree::<InstitutionCode>(&value)?;
        agree::<SourceSystem>(&value)?;
        agree::<CallSign>(&value)?;
        agree::<ExternalId>(&value)?;
        agree::<PlaceText>(&value)?;
        agree::<Narrative>(&value)?;
        agree::<IncidentType>(&value)?;
        agree::<Channel>(&value)?;
    }

    #[test]
    fn numbers_that_are_read_are_valid_and_the_other_way_about(number in prop_oneof![-2i64..1_600, any::<i64>()]) {
        let value = json!(number);
        agree::<Casualties>(&value)?;
        agree::<AlarmLevel>(&value)?;
        agree::<Speed>(&value)?;
        agree::<Heading>(&value)?;
    }

    #[test]
    fn points_places_and_plates_that_are_read_are_valid_and_the_other_way_about(
        latitude in -95_000_000i64..95_000_000,
        longitude in -190_000_000i64..190_000_000,
        uncertainty in prop::option::of(0u32..30_000_000),
        has_point in any::<bool>(),
        text in prop::option::of("[a-z]{1,9}"),
        country in "[A-Z]{1,3}",
    ) {
        let point = json!({"latitude_e6": latitude, "longitude_e6": longitude});
        agree::<GeoPoint>(&point)?;
        let mut place = json!({});
        if has_point {
            place["point"] = point;
        }
        if let Some(text) = text {
            agree::<PlateNumber>(&json!({"written": text, "country": country}))?;
            place["text"] = json!(text);
        }
        if let Some(uncertainty) = uncertainty {
            place["uncertainty_m"] = json!(uncertainty);
        }
        agree::<Place>(&place)?;
    }
}

#[test]
fn a_closed_list_is_told_word_by_word() {
    let validator = validator::<Channel>();
    assert!(Channel::ALL.iter().all(|channel| validator.is_valid(&json!(channel.code()))));
    assert!(!validator.is_valid(&json!("Phone112")));
}

#[test]
fn what_people_dictate_is_valid_as_it_is_kept() {
    fn kept<T: JsonSchema + Serialize + Display>(value: T) {
        assert!(validator::<T>().is_valid(&json!(value)), "{value}");
    }
    kept(PersonalCode::parse("161175 19997").expect("a code"));
    kept(Phone::parse("2000 0000").expect("a phone"));
    kept(Phone::parse("112").expect("a phone"));
    kept(NationalNumber::try_new(2026, 12_345_678).expect("a number"));
}
