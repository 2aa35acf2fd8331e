//! What is kept of a journal's record is erased with whom, and with what, it is about; all else of the record stays, and so do proofs.

use std::collections::{BTreeMap, BTreeSet};

use access::{Purpose, Role};
use domain::ids;
use domain::values::{ExternalId, SourceSystem};
use event_store::log::LogName;
use proto::command::v1 as pb;
use proto::command::v1::IntakeEffect as Effect;
use proto::command::v1::erasure_scope::Of;
use proto::command::v1::retention_service_client::RetentionServiceClient;
use serde_json::{Value, json};
use tonic::Status;
use uuid::Uuid;

use crate::journal_parts::live_with_persons;
use crate::journals::{Journals, SYSTEM, faults, with};
use crate::support::{Api, Calling, envelope, person, refusal, with_id};

/// A supervisor who decides on the personal data of anybody.
fn retention(api: &Api, name: &str) -> RetentionServiceClient<Calling> {
    RetentionServiceClient::new(api.calling_as(&person(name, "VP", Role::Supervisor, Purpose::Administration)))
}

fn record(id: Uuid) -> Option<pb::ErasureScope> {
    Some(pb::ErasureScope { of: with_id(&id.to_string()).map(Of::Record) })
}

fn subject(id: Uuid) -> Option<pb::ErasureScope> {
    Some(pb::ErasureScope { of: Some(Of::SubjectId(id.to_string())) })
}

async fn ask_for(api: &Api, scope: Option<pb::ErasureScope>, ground: pb::ErasureGround) {
    let (envelope, ground) = (envelope(), ground.into());
    let request = pb::RequestErasure { envelope, scope, ground, reason: String::new() };
    retention(api, "a.ozola").request_erasure(request).await.unwrap();
}

async fn approve(api: &Api, scope: Option<pb::ErasureScope>) -> Result<(), Status> {
    let approve = pb::ApproveErasure { envelope: envelope(), scope };
    retention(api, "p.kalnins").approve_erasure(approve).await.map(|_| ())
}

/// Two persons agree that it is erased.
async fn erase(api: &Api, scope: Option<pb::ErasureScope>, ground: pb::ErasureGround) {
    ask_for(api, scope.clone(), ground).await;
    approve(api, scope).await.unwrap();
}

/// The incident that a record of the journal is about, or would be.
fn incident_of(external_id: &str) -> Uuid {
    let (system, id) = (SourceSystem::parse(SYSTEM).unwrap(), ExternalId::parse(external_id).unwrap());
    ids::of_source("incident", &system, &id)
}

/// The record itself.
fn record_of(external_id: &str) -> Uuid {
    let (system, id) = (SourceSystem::parse(SYSTEM).unwrap(), ExternalId::parse(external_id).unwrap());
    ids::of_source("source_record", &system, &id)
}

/// The victim in a record, whom its journal calls `cietusais`.
fn victim_of(external_id: &str) -> Uuid {
    ids::of_part(incident_of(external_id), "person", 1)
}

fn reporter_of(external_id: &str) -> Uuid {
    ids::of_reporter(incident_of(external_id))
}

/// A record of a theft from Anna that can't be read: it waits.
fn broken() -> BTreeMap<String, String> {
    with(&[("veids", "???"), ("cietusais", "Anna Liepa")])
}

/// Whether nothing, or all, of what is sealed in a record can be read.
async fn readable(api: &Api, id: Uuid) -> bool {
    let sealed = api.sealed_in(id).await;
    let opened: BTreeSet<bool> = sealed.iter().map(|(_, value)| value.is_some()).collect();
    assert_eq!(opened.len(), 1, "all or nothing: {sealed:?}");
    opened.contains(&true)
}

/// Payloads and leaf hashes of all events up to now.
async fn log(api: &Api) -> Vec<(String, Vec<u8>)> {
    let sql = "select payload::text, leaf_hash from register.events order by position";
    sqlx::query_as(sql).fetch_all(&api.pool).await.unwrap()
}

/// What was recorded stands as it did, and the tree over it.
async fn stands(api: &Api, before: &[(String, Vec<u8>)]) {
    assert_eq!(&log(api).await[..before.len()], before);
    let verified = event_store::verify::verify(&api.pool, LogName::REGISTER, &mut |_, _| {}).await.unwrap();
    assert!(verified.sound);
}

#[tokio::test]
async fn what_is_kept_says_of_each_person_what_is_about_them_under_a_key_of_theirs() {
    let (api, mut journal) = live_with_persons().await;
    // A field that means nothing has the record wait; what the others are about is known all the same.
    let fields = with(&[("cietusais", "Anna Liepa"), ("kods", "161175-19997"), ("nezinams", "?")]);
    let kept = journal.push("17", 1, fields.clone()).await.unwrap();
    assert_eq!(faults(&kept), [["", "nezinams", ""]]);
    let sealed = api.sealed_in(record_of("17")).await;
    let said = |part: &str| {
        let path = format!("/SourceRecordQuarantined/{part}");
        let (_, value) = sealed.iter().find(|(at, _)| *at == path).unwrap();
        value.as_ref().unwrap()["fields"].clone()
    };
    let mut subjects = [victim_of("17"), reporter_of("17")];
    subjects.sort_unstable();
    for (place, subject) in subjects.into_iter().enumerate() {
        let expected = match subject == victim_of("17") {
            true => json!({ "cietusais": "Anna Liepa" }),
            false => json!({ "zinotajs": "Jānis Bērziņš", "kods": "161175-19997" }),
        };
        assert_eq!(said(&format!("of_subjects/{place}/content")), expected);
    }
    assert_eq!(said("content"), json!(fields));
    let owners: Vec<Option<Uuid>> =
        sqlx::query_scalar("select subject from register.keys where aggregate_id = $1 order by subject nulls first")
            .bind(record_of("17"))
            .fetch_all(&api.pool)
            .await
            .unwrap();
    assert_eq!(owners, [None, Some(subjects[0]), Some(subjects[1])]);
}

#[tokio::test]
async fn when_an_incidents_retention_period_is_over_what_is_kept_of_its_source_record_goes_with_it() {
    let (api, mut journal) = live_with_persons().await;
    let registered = journal.push("17", 5, with(&[("cietusais", "Anna Liepa")])).await.unwrap();
    assert_eq!(registered.part_id, incident_of("17").to_string());
    assert_eq!(journal.effect("17", 4, with(&[("apraksts", "Pazudis velosipēds.")])).await, Effect::Late);
    assert_eq!(journal.effect("17", 6, broken()).await, Effect::Quarantined);
    assert_eq!(journal.effect("18", 7, broken()).await, Effect::Quarantined);
    assert!(readable(&api, record_of("17")).await && readable(&api, incident_of("17")).await);
    let before = log(&api).await;

    erase(&api, record(incident_of("17")), pb::ErasureGround::RetentionExpired).await;

    assert!(!readable(&api, record_of("17")).await && !readable(&api, incident_of("17")).await);
    assert!(readable(&api, record_of("18")).await, "another record stays");
    let keys: i64 = sqlx::query_scalar("select count(*) from register.keys where aggregate_id = any($1)")
        .bind([record_of("17"), incident_of("17")])
        .fetch_one(&api.pool)
        .await
        .unwrap();
    assert_eq!(keys, 0);
    stands(&api, &before).await;
    // Number, marks and state are there: the journal goes on with its record as before.
    assert_eq!(api.events("register").await.last().unwrap(), "SubjectKeysDestroyed");
    assert_eq!(journal.push("17", 6, broken()).await.unwrap().events, 0);
    assert!(!readable(&api, record_of("17")).await, "what was erased is not kept again");
    let again = journal.push("17", 7, with(&[("cietusais", "Anna Liepa")])).await.unwrap();
    assert_eq!(again.number, registered.number);
    assert_eq!(api.events("register").await.last().unwrap(), "SourceRecordReleased");
}

#[tokio::test]
async fn a_person_in_a_record_that_waits_is_found_and_erased_before_there_is_an_incident() {
    let (api, mut journal) = live_with_persons().await;
    for (external_id, sequence) in [("17", 1), ("18", 2)] {
        assert_eq!(journal.effect(external_id, sequence, broken()).await, Effect::Quarantined);
    }
    let before = log(&api).await;
    erase(&api, subject(victim_of("17")), pb::ErasureGround::SubjectRequest).await;
    assert!(!readable(&api, record_of("17")).await, "the content names her beside all else: all of it is gone");
    assert!(readable(&api, record_of("18")).await);
    stands(&api, &before).await;
    let sql = "select payload::jsonb -> 'SourceRecordQuarantined' from register.events where aggregate_id = $1";
    let kept: Value = sqlx::query_scalar(sql).bind(record_of("17").to_string()).fetch_one(&api.pool).await.unwrap();
    assert_eq!(kept["faults"], json!([{ "path": "type_code", "field": "veids" }]), "why it waits stays known");
    assert_eq!(kept["external_id"], "17");
}

#[tokio::test]
async fn whoever_is_erased_of_an_incident_takes_what_is_kept_beside_it_and_the_rest_of_the_incident_stays() {
    let (api, mut journal) = live_with_persons().await;
    assert_eq!(journal.effect("17", 5, with(&[("cietusais", "Anna Liepa")])).await, Effect::Registered);
    // It doesn't say so in a field, and may speak of her all the same.
    assert_eq!(journal.effect("17", 4, with(&[("apraksts", "Anna to pazaudējusi.")])).await, Effect::Late);
    erase(&api, subject(victim_of("17")), pb::ErasureGround::SubjectRequest).await;
    assert!(!readable(&api, record_of("17")).await);
    let incident = api.sealed_in(incident_of("17")).await;
    let told = |wanted: &str| incident.iter().any(|(_, value)| value.as_ref().is_some_and(|value| value == wanted));
    assert!(!told("Anna Liepa") && told("Jānis Bērziņš") && told("No pagalma nozagts velosipēds."), "{incident:?}");
}

#[tokio::test]
async fn a_hold_on_anybody_whom_the_erasure_would_reach_keeps_what_is_kept() {
    let (api, mut journal) = live_with_persons().await;
    assert_eq!(journal.effect("17", 1, with(&[])).await, Effect::Registered);
    assert_eq!(journal.effect("17", 2, broken()).await, Effect::Quarantined);
    ask_for(&api, subject(victim_of("17")), pb::ErasureGround::SubjectRequest).await;
    for held in [subject(reporter_of("17")), record(record_of("17")), record(incident_of("17"))] {
        let (scope, reference) = (held.clone(), "KP 11816000126".to_owned());
        let place = pb::PlaceHold { envelope: envelope(), scope, reference: reference.clone() };
        retention(&api, "a.ozola").place_hold(place).await.unwrap();
        let refused = approve(&api, subject(victim_of("17"))).await;
        assert_eq!(refusal(refused).1, ["legal_hold"], "{held:?}");
        assert!(readable(&api, record_of("17")).await);
        let lift = pb::LiftHold { envelope: envelope(), scope: held, reference };
        retention(&api, "a.ozola").lift_hold(lift).await.unwrap();
    }
    approve(&api, subject(victim_of("17"))).await.unwrap();
    assert!(!readable(&api, record_of("17")).await);
    assert!(readable(&api, incident_of("17")).await, "she is not in the incident yet");
}

#[tokio::test]
async fn another_process_that_holds_the_records_key_keeps_nothing_more_under_it() {
    let (api, mut journal) = live_with_persons().await;
    let other = api.beside().await;
    let mut elsewhere = Journals::of(&other, &crate::journals::system_of_ogre());
    assert_eq!(journal.effect("17", 1, broken()).await, Effect::Quarantined);
    // The other one has the record and its keys in memory from here on.
    let mut changed = broken();
    changed.insert("apraksts".to_owned(), "Cits.".to_owned());
    assert_eq!(elsewhere.effect("17", 2, changed.clone()).await, Effect::Quarantined);
    erase(&api, subject(victim_of("17")), pb::ErasureGround::SubjectRequest).await;
    changed.insert("apraksts".to_owned(), "Vēl cits.".to_owned());
    assert_eq!(elsewhere.effect("17", 3, changed).await, Effect::Quarantined);
    let sealed = api.sealed_in(record_of("17")).await;
    let opened: Vec<bool> = sealed.iter().map(|(_, value)| value.is_some()).collect();
    // Of each time: the content, and what it says of the reporter and of her.
    assert_eq!(opened, [[false; 3], [false; 3], [true; 3]].concat());
}

#[tokio::test]
async fn what_was_kept_before_there_were_claims_is_found_by_its_incident_too() {
    let (api, mut journal) = live_with_persons().await;
    assert_eq!(journal.effect("17", 5, with(&[])).await, Effect::Registered);
    assert_eq!(journal.effect("17", 4, with(&[("apraksts", "Pazudis.")])).await, Effect::Late);
    assert_eq!(journal.effect("18", 6, with(&[])).await, Effect::Registered);
    let claims = async || -> Vec<(String, String, Uuid)> {
        let sql = "select key, aggregate_type, aggregate_id from register.claims where kind = 'kept_beside'";
        sqlx::query_as(sql).fetch_all(&api.pool).await.unwrap()
    };
    let expected = vec![(incident_of("17").to_string(), "source_record".to_owned(), record_of("17"))];
    assert_eq!(claims().await, expected, "nothing is kept of what was taken over at once");
    let owner = api.owner().await;
    sqlx::query("delete from register.claims where kind = 'kept_beside'").execute(&owner).await.unwrap();
    let landed = schema::LOG.iter().find(|file| file.name == "kept_beside").unwrap();
    sqlx::raw_sql(&landed.sql.replace("{log}", "register")).execute(&owner).await.unwrap();
    assert_eq!(claims().await, expected);
}
