//! What comes of the commands on an incident, beyond one record.

use access::{Principal, Purpose, Role};
use proto::command::v1 as pb;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::support::{Api, envelope, incident, person, refusal, with_id};

fn officer() -> Principal {
    person("a.ozola", "VP", Role::Officer, Purpose::Response)
}

fn of(institution: &str) -> Principal {
    person("j.berzins", institution, Role::Officer, Purpose::Response)
}

async fn registered(api: &Api) -> pb::CommandReply {
    api.incidents_as(&officer()).register_incident(incident()).await.unwrap().into_inner()
}

fn why() -> String {
    "Tas pats notikums.".to_owned()
}

fn merge(one: &str, into: &str) -> pb::MergeIncident {
    pb::MergeIncident { envelope: envelope(), incident: with_id(one), into: with_id(into), reason: why() }
}

#[tokio::test]
async fn two_incidents_say_that_they_are_tied_in_one_command() {
    let api = Api::start().await;
    let (one, two) = (registered(&api).await, registered(&api).await);
    let link = pb::LinkIncidents {
        envelope: envelope(),
        incident: with_id(&one.aggregate_id),
        other: with_id(&two.aggregate_id),
        kind: pb::LinkKind::Parent as i32,
        ..Default::default()
    };
    let reply = api.incidents_as(&officer()).link_incidents(link.clone()).await.unwrap().into_inner();
    assert_eq!((reply.events, reply.number, reply.part_id), (2, one.number, two.aggregate_id.clone()));
    let kinds: Vec<String> = sqlx::query_scalar(
        "select payload::jsonb->'IncidentLinked'->>'kind' from register.events where event_type = 'IncidentLinked' order by position",
    )
    .fetch_all(&api.pool)
    .await
    .unwrap();
    assert_eq!(kinds, ["parent", "child"]);
    let itself = pb::LinkIncidents { envelope: envelope(), other: with_id(&one.aggregate_id), ..link };
    let refused = refusal(api.incidents_as(&officer()).link_incidents(itself).await);
    assert_eq!(refused, (Code::FailedPrecondition, vec!["incident_tied_to_itself".to_owned()]));
}

#[tokio::test]
async fn a_merger_is_all_or_nothing() {
    let api = Api::start().await;
    let (one, two, three) = (registered(&api).await, registered(&api).await, registered(&api).await);
    let [one, two, three] = [one, two, three].map(|reply| reply.aggregate_id);
    let mut incidents = api.incidents_as(&officer());
    incidents.merge_incident(merge(&one, &two)).await.unwrap();
    // The second half refuses: the first is not recorded either.
    let refused = refusal(incidents.merge_incident(merge(&three, &one)).await);
    assert_eq!(refused, (Code::FailedPrecondition, vec!["incident_merged".to_owned()]));
    assert_eq!(api.events("register").await.iter().filter(|event| *event == "IncidentMerged").count(), 1);
    let unmerge = pb::UnmergeIncident { envelope: envelope(), incident: with_id(&one), reason: why() };
    let reply = incidents.unmerge_incident(unmerge).await.unwrap().into_inner();
    assert_eq!((reply.events, reply.part_id), (2, two));
    incidents.merge_incident(merge(&three, &one)).await.unwrap();
}

#[tokio::test]
async fn what_is_parted_from_an_incident_has_a_number_of_its_own() {
    let api = Api::start().await;
    let one = registered(&api).await;
    let registration = pb::RegisterIncident { envelope: None, type_code: "burglary".to_owned(), ..incident() };
    let split = pb::SplitIncident {
        envelope: envelope(),
        incident: with_id(&one.aggregate_id),
        reason: why(),
        registration: Some(registration.clone()),
    };
    let reply = api.incidents_as(&officer()).split_incident(split.clone()).await.unwrap().into_inner();
    assert!(reply.number.ends_with("-0000002"), "{}", reply.number);
    assert_eq!((reply.part_id, reply.events), (one.aggregate_id.clone(), 2));
    let wrong = pb::SplitIncident {
        registration: Some(pb::RegisterIncident {
            envelope: envelope(),
            type_code: "no-such".to_owned(),
            ..registration
        }),
        ..split
    };
    let refused = api.incidents_as(&officer()).split_incident(wrong).await.unwrap_err();
    let paths = refused.get_details_bad_request().unwrap().field_violations;
    let paths: Vec<_> = paths.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(paths, ["registration.envelope", "registration.type_code"]);
}

#[tokio::test]
async fn a_transfer_is_a_handshake_between_two_institutions() {
    let api = Api::start().await;
    let one = registered(&api).await;
    let named = || with_id(&one.aggregate_id);
    let mut sender = api.incidents_as(&officer());
    let offer = |to: &str| pb::OfferTransfer {
        envelope: envelope(),
        incident: named(),
        to: to.to_owned(),
        reason: "Izskatīšanai pēc piekritības.".to_owned(),
        ..Default::default()
    };
    let offered = sender.offer_transfer(offer("RPP")).await.unwrap().into_inner();
    assert!(Uuid::try_parse(&offered.part_id).is_ok());
    let accept = || pb::AcceptTransfer { envelope: envelope(), incident: named(), ..Default::default() };
    let action = || pb::RecordAction {
        envelope: envelope(),
        incident: named(),
        action: "scene-examined".to_owned(),
        ..Default::default()
    };
    // Whom it is not offered to may not even know; whom it is offered to may answer, and nothing else.
    assert_eq!(refusal(api.incidents_as(&of("PP-LIEPAJA")).accept_transfer(accept()).await).0, Code::PermissionDenied);
    assert_eq!(refusal(api.incidents_as(&of("RPP")).record_action(action()).await).0, Code::PermissionDenied);
    api.incidents_as(&of("RPP")).accept_transfer(accept()).await.unwrap();
    api.incidents_as(&of("RPP")).record_action(action()).await.unwrap();
    let back = pb::CompleteTransfer {
        envelope: envelope(),
        incident: named(),
        outcome: pb::TransferOutcome::Returned as i32,
        note: "Nav mūsu teritorija.".to_owned(),
    };
    let mine = refusal(sender.complete_transfer(back.clone()).await);
    assert_eq!(mine, (Code::FailedPrecondition, vec!["not_your_transfer".to_owned()]));
    api.incidents_as(&of("RPP")).complete_transfer(back).await.unwrap();
    sender.offer_transfer(offer("RPP")).await.unwrap();
}

#[tokio::test]
async fn a_seized_item_has_the_number_of_its_incident_and_a_chain_of_custody() {
    let api = Api::start().await;
    let one = registered(&api).await;
    let keeper = |keeper: &str| Some(pb::Custodian { institution: String::new(), keeper: keeper.to_owned() });
    let seize = pb::SeizeItem {
        envelope: envelope(),
        incident: with_id(&one.aggregate_id),
        kind: "knife".to_owned(),
        basis: "criminal-procedure".to_owned(),
        custodian: keeper("4711"),
        ..Default::default()
    };
    let mut items = api.items_as(&officer());
    let unknown = pb::SeizeItem { from_person: Uuid::now_v7().to_string(), ..seize.clone() };
    assert_eq!(refusal(items.seize_item(unknown).await).1, ["not_involved"]);
    let seized = items.seize_item(pb::SeizeItem { envelope: envelope(), ..seize }).await.unwrap().into_inner();
    assert_eq!((seized.number, seized.events), (format!("{}/1", one.number), 2));
    let hand = |from: &str, to: &str| pb::TransferCustody {
        envelope: envelope(),
        id: seized.aggregate_id.clone(),
        from: keeper(from),
        to: keeper(to),
        ..Default::default()
    };
    assert_eq!(refusal(items.transfer_custody(hand("4712", "Glabātava")).await).1, ["item_has_other_custodian"]);
    items.transfer_custody(hand("4711", "Glabātava")).await.unwrap();
    assert_eq!(
        refusal(api.items_as(&of("PP-LIEPAJA")).transfer_custody(hand("Glabātava", "x")).await).0,
        Code::PermissionDenied
    );
}

#[tokio::test]
async fn how_old_somebody_is_follows_from_their_code_and_makes_the_incident_protected() {
    let api = Api::start().await;
    let one = registered(&api).await;
    let child = |person: pb::PersonDetails| pb::InvolvePerson {
        envelope: envelope(),
        incident: with_id(&one.aggregate_id),
        person: Some(person),
        roles: vec!["victim".to_owned()],
        ..Default::default()
    };
    // Born on 28 June 2018, by the code's first digits and its century.
    let code = "280618-20007";
    let verified = domain::values::PersonalCode::parse(code).unwrap().verified();
    let details =
        pb::PersonDetails { personal_code: code.to_owned(), birth_date: "2018-06-28".to_owned(), ..Default::default() };
    let reply = api.incidents_as(&officer()).involve_person(child(details.clone())).await.unwrap().into_inner();
    assert!(Uuid::try_parse(&reply.part_id).is_ok());
    let facts: serde_json::Value = sqlx::query_scalar(
        "select payload::jsonb->'PersonInvolved' from register.events where event_type = 'PersonInvolved'",
    )
    .fetch_one(&api.pool)
    .await
    .unwrap();
    assert_eq!((&facts["minor"], &facts["person"]["age_band"]), (&true.into(), &"7_13".into()));
    assert_eq!(facts["person"]["personal_code_verified"], verified);
    // From then on who has nothing to do with it doesn't see it for prevention.
    let far = person("k.liepa", "VP-LIEPAJA", Role::Officer, Purpose::Prevention);
    let link = pb::LinkIncidents {
        envelope: envelope(),
        incident: with_id(
            &api.incidents_as(&far).register_incident(incident()).await.unwrap().into_inner().aggregate_id,
        ),
        other: with_id(&one.aggregate_id),
        kind: pb::LinkKind::Related as i32,
        ..Default::default()
    };
    assert_eq!(refusal(api.incidents_as(&far).link_incidents(link).await).0, Code::PermissionDenied);
    let too_old = pb::PersonDetails { birth_date: "1850-01-01".to_owned(), ..Default::default() };
    let refused = api.incidents_as(&officer()).involve_person(child(too_old)).await.unwrap_err();
    assert_eq!(refused.get_details_bad_request().unwrap().field_violations[0].field, "person.birth_date");
}

#[tokio::test]
async fn a_code_is_checked_as_of_when_it_happened() {
    let api = Api::start().await;
    let mut lists = (**api.lists.borrow()).clone();
    let mut list = lists.list(domain::classifier::CodeSystem::IncidentType).clone();
    let file = "code,valid_from,valid_until,lv,en\ndrone,2026-07-01,2026-08-01,Drons,Drone\n";
    list.amend(domain::classifier::read_entries(file.as_bytes()).unwrap());
    lists.set(domain::classifier::CodeSystem::IncidentType, list);
    api.lists.send_replace(std::sync::Arc::new(lists));
    let at = |occurred_at: &str| {
        let envelope = envelope().map(|envelope| pb::Envelope { occurred_at: occurred_at.to_owned(), ..envelope });
        pb::RegisterIncident { envelope, type_code: "drone".to_owned(), ..incident() }
    };
    let mut incidents = api.incidents_as(&officer());
    incidents.register_incident(at("2026-07-31T23:59:59+03:00")).await.unwrap();
    let refused = incidents.register_incident(at("2026-08-01T00:00:00+03:00")).await.unwrap_err();
    let violation = &refused.get_details_bad_request().unwrap().field_violations[0];
    assert_eq!(violation.field, "type_code");
    assert!(violation.description.contains("from 2026-07-01 until 2026-08-01"), "{}", violation.description);
}

#[tokio::test]
async fn a_territory_is_one_of_the_day_on_which_it_happened() {
    let api = Api::start().await;
    let place = |code: &str| Some(pb::Place { territory: code.to_owned(), ..Default::default() });
    let register = |code: &str| pb::RegisterIncident { envelope: envelope(), place: place(code), ..incident() };
    let mut incidents = api.incidents_as(&officer());
    incidents.register_incident(register("0038001")).await.unwrap();
    let refused = incidents.register_incident(register("0055000")).await.unwrap_err();
    let violation = &refused.get_details_bad_request().unwrap().field_violations[0];
    assert_eq!(violation.field, "place.territory");
    assert!(violation.description.contains("then it was `0038001`"), "{}", violation.description);
}
