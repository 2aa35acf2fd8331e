//! Mappings: the project's own, and wrong ones.

use super::fake::Fake;
use super::small::{CALLS, Folder, MAPPING};
use crate::import::{ImportError, OWN_MAPPINGS, check_mapping};

#[test]
fn the_projects_own_mappings_are_right() {
    for (name, text) in OWN_MAPPINGS {
        if let Err(errors) = check_mapping(text) {
            panic!("{name}: {errors}");
        }
    }
}

#[test]
fn the_projects_own_mappings_give_codes_that_exist() {
    use domain::classifier::{Classifiers, CodeSystem};
    // On a day on which each may be used: what a mapping brings may be of any.
    let day = chrono::NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
    for (name, text) in OWN_MAPPINGS {
        let mapping = check_mapping(text).unwrap();
        let codes = |table: &str| mapping.tables.get(table).into_iter().flat_map(|table| table.entries.values());
        let known = |table: &str, system| {
            for code in codes(table) {
                if let Err(error) = Classifiers::embedded().entry(system, code, day) {
                    panic!("{name}: {error}");
                }
            }
        };
        known("call_types", CodeSystem::CardType);
        known("types", CodeSystem::IncidentType);
        known("dispositions", CodeSystem::Disposition);
        known("results", CodeSystem::Result);
    }
}

#[tokio::test]
async fn everything_wrong_in_a_mapping_is_told_at_once() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    let mut options = folder.options(&folder.file("calls.csv", CALLS), &fake);
    options.mapping = MAPPING
        .replace("Europe/Riga", "Europe/Rīga")
        .replace("command = \"attach_unit\"", "command = \"attach\"")
        .replace("CHANNEL_PHONE_112", "CHANNEL_PIGEON")
        .replace("occurred_at = \"there\"", "occurred_at = \"There\"")
        .replace("disposition = \"settled\"", "dispositions = \"settled\"")
        .replace("divert = true", "divert = \"yes\"")
        .replace("id = \"{unit}\"", "id = \"{unit\"")
        .replace("interleave = true", "interleave = true\ncolour = \"red\"");
    let Err(ImportError::Mapping(errors)) = crate::import::run(&options, &crate::import::Silent).await else {
        panic!("is not refused");
    };
    let text = errors.to_string();
    for part in ["Europe/Rīga", "is it `there`?", "colour", "`{` without `}`"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn every_step_is_checked_against_the_contract() {
    let wrong = MAPPING
        .replace("command = \"attach_unit\"", "command = \"attach\"")
        .replace("CHANNEL_PHONE_112", "CHANNEL_PIGEON")
        .replace("disposition = \"settled\"", "dispositions = \"settled\"\nenvelope = \"x\"")
        .replace("kind = \"UNIT_KIND_PATROL\"", "kind = { column = \"unit\" }")
        .replace("status = \"UNIT_STATUS_ON_SCENE\"", "status = 7\nunit.id = \"x\"");
    let text = check_mapping(&wrong).unwrap_err().to_string();
    for part in [
        "there is no command `attach`; known are register_incident",
        "`CHANNEL_PIGEON` is none of CHANNEL_UNSPECIFIED",
        "end[0].fields.dispositions: CompleteCard has no such field; it has envelope, card, disposition",
        "end[0].fields.envelope: is made by the importer",
        "row[0].fields.kind: is one of UNIT_KIND_UNSPECIFIED",
        "row[2].fields.unit: only one of id, call_sign can be set",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn groups_are_needed_for_what_is_over_groups() {
    let wrong = MAPPING.replace("group_by = [\"call\"]", "");
    let text = check_mapping(&wrong).unwrap_err().to_string();
    for part in [
        "order_by: needs group_by",
        "begin: needs group_by",
        "end: needs group_by",
        "first, last, min, max and count need",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
