//! Persons and vehicles in the records of source journals: they are in the incident as long as the journal has them, or somebody here does.

use proto::command::v1 as pb;
use proto::command::v1::IntakeEffect as Effect;
use tonic_types::StatusExt as _;

use crate::journals::{
    Journals, SYSTEM, centre, faults, live, mapping, officer_of_ogre, system_of_ogre, theft, with, words,
};
use crate::support::{Api, envelope, external_of};

#[tokio::test]
async fn who_and_what_is_in_a_record_is_in_its_incident_and_what_the_journal_learns_of_them() {
    let api = Api::start().await;
    let mut centre = Journals::of(&api, &centre());
    centre.register().await.unwrap();
    let mut wider = mapping();
    wider.fields.extend(words(&[
        ("parkapejs", "persons[0].name"),
        ("pk", "persons[0].personal_code"),
        ("cietusais", "persons[1].name"),
        ("dzimis", "persons[1].birth_date"),
        ("loma", "persons[1].role"),
        ("auto", "vehicles[0].plate"),
        ("valsts", "vehicles[0].plate_country"),
    ]));
    let nameless = centre.adopt(wider.clone()).await.unwrap_err();
    let wrong = nameless.get_details_bad_request().expect("what is wrong").field_violations;
    assert!(wrong[0].description.contains("persons[0].role") && wrong[1].description.contains("vehicles[0].relation"));
    wider.defaults.extend(words(&[("persons[0].role", "offender"), ("vehicles[0].relation", "suspect")]));
    wider
        .codes
        .insert("persons[1].role".to_owned(), pb::CodeMap { codes: words(&[("C", "victim"), ("L", "witness")]) });
    centre.adopt(wider).await.unwrap();
    centre.put(pb::JournalPhase::Testing).await.unwrap();
    centre.put(pb::JournalPhase::Live).await.unwrap();
    let mut journal = Journals::of(&api, &system_of_ogre());

    let broken = with(&[
        ("pk", "12"),
        ("loma", "?"),
        ("cietusais", "Anna"),
        ("dzimis", "vakar"),
        ("auto", "AB 1234"),
        ("valsts", "Latvija"),
    ]);
    let kept = journal.push("17", 1, broken).await.unwrap();
    let mut told = faults(&kept);
    told.sort_unstable();
    let expected = [
        ["persons[0].personal_code", "pk", ""],
        ["persons[1].birth_date", "dzimis", ""],
        ["persons[1].role", "loma", ""],
        ["vehicles[0].plate", "auto", ""],
        ["vehicles[0].plate_country", "valsts", ""],
    ];
    assert_eq!(told, expected, "{kept:?}");

    let known = [("parkapejs", "Pēteris Kalns"), ("cietusais", "Anna Liepa"), ("loma", "C"), ("auto", "AB 1234")];
    assert_eq!(journal.effect("17", 2, with(&known)).await, Effect::Registered);
    assert_eq!(journal.effect("17", 2, with(&known)).await, Effect::Unchanged);
    let later = [
        ("parkapejs", "Pēteris Kalns"),
        ("pk", "161175-19997"),
        ("cietusais", "Anna Liepa"),
        ("loma", "L"),
        ("auto", "AB 1235"),
    ];
    assert_eq!(journal.effect("17", 3, with(&later)).await, Effect::Supplemented);
    // Whom the journal leaves out is out of the incident, too.
    assert_eq!(
        journal.effect("17", 4, with(&[("parkapejs", "Pēteris Kalns"), ("pk", "161175-19997")])).await,
        Effect::Supplemented
    );
    let events = api.events("register").await;
    let about_parts =
        ["PersonInvolved", "PersonIdentified", "PersonRolesChanged", "VehicleInvolved", "InvolvementWithdrawn"];
    let told: Vec<_> = events.iter().filter(|event| about_parts.contains(&event.as_str())).collect();
    let expected = [
        "PersonInvolved",
        "PersonInvolved",
        "VehicleInvolved",
        "PersonIdentified",
        "PersonRolesChanged",
        "VehicleInvolved",
        "InvolvementWithdrawn",
        "InvolvementWithdrawn",
    ];
    assert_eq!(told, expected);
    let again = [("parkapejs", "Pēteris Kalns"), ("pk", "161175-19997"), ("auto", "AB 1235")];
    assert_eq!(journal.effect("17", 5, with(&again)).await, Effect::Supplemented);
    assert_eq!(api.events("register").await.iter().rev().nth(1).unwrap(), "VehicleInvolved", "it is there again");
    let log: String = sqlx::query_scalar("select string_agg(payload::text, '') from register.events")
        .fetch_one(&api.pool)
        .await
        .unwrap();
    assert!(
        !log.contains("Kalns") && !log.contains("161175") && !log.contains("AB 1234"),
        "what is personal is sealed"
    );
}

/// A register with a journal in service that has persons and a vehicle in its records.
pub(crate) async fn live_with_persons() -> (Api, Journals) {
    let (api, journal) = live().await;
    let mut wider = mapping();
    wider.fields.extend(words(&[
        ("parkapejs", "persons[0].name"),
        ("cietusais", "persons[1].name"),
        ("auto", "vehicles[0].plate"),
    ]));
    wider.defaults.extend(words(&[
        ("persons[0].role", "offender"),
        ("persons[1].role", "victim"),
        ("vehicles[0].relation", "suspect"),
    ]));
    Journals::of(&api, &centre()).adopt(wider).await.unwrap();
    (api, journal)
}

#[tokio::test]
async fn whom_another_mapping_does_not_read_any_more_is_not_left_out() {
    let (api, mut journal) = live_with_persons().await;
    let all = with(&[("cietusais", "Anna Liepa"), ("auto", "AB 1234")]);
    journal.push("17", 1, all.clone()).await.unwrap();
    let mut narrower = mapping();
    narrower.ignored.extend(["cietusais", "auto", "parkapejs"].map(str::to_owned));
    Journals::of(&api, &centre()).adopt(narrower).await.unwrap();
    let mut other = all;
    other.insert("apraksts".to_owned(), "Cits.".to_owned());
    assert_eq!(journal.effect("17", 2, other).await, Effect::Supplemented);
    assert_eq!(counted(&api, ["PersonInvolved", "VehicleInvolved", "InvolvementWithdrawn"]).await, [1, 1, 0]);
}

/// How often each of these was recorded.
async fn counted<const N: usize>(api: &Api, names: [&str; N]) -> [usize; N] {
    let events = api.events("register").await;
    names.map(|name| events.iter().filter(|event| *event == name).count())
}

#[tokio::test]
async fn whom_an_officer_has_changed_stays_when_the_journal_leaves_them_out() {
    let (api, mut journal) = live_with_persons().await;
    let all = with(&[("parkapejs", "Pēteris Kalns"), ("cietusais", "Anna Liepa"), ("auto", "AB 1234")]);
    let registered = journal.push("17", 1, all).await.unwrap();
    let incident: uuid::Uuid = registered.part_id.parse().unwrap();
    let change = pb::ChangePersonRoles {
        envelope: envelope(),
        incident: external_of(SYSTEM, "17"),
        subject_id: domain::ids::of_part(incident, "person", 1).to_string(),
        roles: vec!["witness".to_owned()],
        reason: "Pats paskaidroja".to_owned(),
    };
    api.incidents_as(&officer_of_ogre()).change_person_roles(change).await.unwrap();
    assert_eq!(journal.effect("17", 2, theft()).await, Effect::Supplemented);
    let names = ["PersonInvolved", "VehicleInvolved", "InvolvementWithdrawn"];
    assert_eq!(counted(&api, names).await, [2, 1, 2], "the offender and the vehicle are gone, the witness is not");
    // Left out already: nothing more of them.
    assert_eq!(journal.effect("17", 3, with(&[("apraksts", "Cits.")])).await, Effect::Supplemented);
    assert_eq!(counted(&api, names).await, [2, 1, 2]);
}

#[tokio::test]
async fn whom_an_officer_took_back_is_not_involved_again_by_what_the_journal_says_beside() {
    let (api, mut journal) = live_with_persons().await;
    let all = [("parkapejs", "Pēteris Kalns"), ("cietusais", "Anna Liepa")];
    let registered = journal.push("17", 1, with(&all)).await.unwrap();
    let incident: uuid::Uuid = registered.part_id.parse().unwrap();
    let withdraw = pb::WithdrawInvolvement {
        envelope: envelope(),
        incident: external_of(SYSTEM, "17"),
        id: domain::ids::of_part(incident, "person", 0).to_string(),
        reason: "Nav iesaistīts".to_owned(),
    };
    api.incidents_as(&officer_of_ogre()).withdraw_involvement(withdraw).await.unwrap();
    for (sequence, narrative) in [(2, "Cits."), (3, "Vēl cits.")] {
        let mut fields = with(&all);
        fields.insert("apraksts".to_owned(), narrative.to_owned());
        assert_eq!(journal.effect("17", sequence, fields).await, Effect::Supplemented);
    }
    let names = ["PersonInvolved", "InvolvementWithdrawn"];
    assert_eq!(counted(&api, names).await, [2, 1]);
    let other = [("parkapejs", "Pēteris Kalniņš"), ("cietusais", "Anna Liepa")];
    assert_eq!(journal.effect("17", 4, with(&other)).await, Effect::Supplemented);
    assert_eq!(counted(&api, names).await, [3, 1], "the journal says something new of them");
}
