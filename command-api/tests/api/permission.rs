//! Commands are decided by the access policies, on the record as it is.

use std::time::Duration;

use access::policy::{Grant, GrantScope};
use access::{Institution, Principal, Purpose, Role, Territory};
use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::command_result::Outcome;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use proto::command::v1::intake_client::IntakeClient;
use proto::command::v1::retention_service_client::RetentionServiceClient;
use proto::command::v1::unit_service_client::UnitServiceClient;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::support::{Api, Calling, call, envelope, incident, person, refusal, unit, with_id};

type Answer = Result<Response<pb::CommandReply>, Status>;

fn at_work(institution: &str, role: Role) -> Principal {
    person(&format!("{institution}-1").to_lowercase(), institution, role, Purpose::Response)
}

fn supervisor(institution: &str) -> Principal {
    person("a.ozola", institution, Role::Supervisor, Purpose::Administration)
}

fn incidents(api: &Api, who: &Principal) -> IncidentServiceClient<Calling> {
    IncidentServiceClient::new(api.calling_as(who))
}

fn cards(api: &Api, who: &Principal) -> EmergencyCardServiceClient<Calling> {
    EmergencyCardServiceClient::new(api.calling_as(who))
}

fn units(api: &Api, who: &Principal) -> UnitServiceClient<Calling> {
    UnitServiceClient::new(api.calling_as(who))
}

fn retention(api: &Api, who: &Principal) -> RetentionServiceClient<Calling> {
    RetentionServiceClient::new(api.calling_as(who))
}

/// An incident of that institution.
async fn incident_of(api: &Api, institution: &str) -> String {
    let registered = incidents(api, &at_work(institution, Role::System)).register_incident(incident()).await;
    registered.unwrap().into_inner().aggregate_id
}

/// A card of that institution.
async fn card_of(api: &Api, institution: &str, place: Option<pb::Place>) -> String {
    let message = pb::ReceiveCall { place, narrative: "dūmi".to_owned(), ..call() };
    let received = cards(api, &at_work(institution, Role::System)).receive_call(message).await;
    received.unwrap().into_inner().aggregate_id
}

async fn supplement(api: &Api, who: &Principal, incident: &str) -> Answer {
    let message = pb::SupplementIncident {
        envelope: envelope(),
        incident: with_id(incident),
        narrative: Some("A witness came forward.".to_owned()),
        reason: "a witness".to_owned(),
        ..Default::default()
    };
    incidents(api, who).supplement_incident(message).await
}

fn complete(card: &str) -> pb::CompleteCard {
    pb::CompleteCard {
        envelope: envelope(),
        card: with_id(card),
        disposition: "handed-to-other".to_owned(),
        ..Default::default()
    }
}

fn notify(card: &str) -> pb::NotifyService {
    pb::NotifyService { envelope: envelope(), card: with_id(card), service: pb::Service::Medical as i32 }
}

fn of(institution: &str, call_sign: &str) -> Option<pb::UnitRef> {
    let call_sign = pb::CallSign { institution: institution.to_owned(), call_sign: call_sign.to_owned() };
    Some(pb::UnitRef { by: Some(pb::unit_ref::By::CallSign(call_sign)) })
}

async fn attach(api: &Api, who: &Principal, card: &str, unit: Option<pb::UnitRef>) -> Answer {
    let message = pb::AttachUnit { envelope: envelope(), card: with_id(card), unit, ..pb::AttachUnit::default() };
    cards(api, who).attach_unit(message).await
}

/// Refused by policy, with what a client can act on.
fn denied(answer: Answer) -> String {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    let info = status.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("POLICY", "vnr"), "{status:?}");
    assert!(info.metadata.contains_key("action"), "{status:?}");
    status.message().to_owned()
}

/// What the access log says was refused: command and record.
async fn told(api: &Api, count: usize) -> Vec<(String, Option<String>)> {
    let sql = "select payload->'AccessRefused'->>'attempt', payload->'AccessRefused'->>'record' from access.events
               where event_type = 'AccessRefused' and payload->'AccessRefused'->>'cause' = 'policy' order by position";
    for _ in 0..400 {
        let told: Vec<(String, Option<String>)> = sqlx::query_as(sql).fetch_all(&api.pool).await.unwrap();
        if told.len() >= count {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{count} refusals are not in the access log")
}

#[tokio::test]
async fn what_another_force_registered_is_not_ones_own_and_how_it_stands_is_not_told() {
    let api = Api::start().await;
    let (open, closed) = (incident_of(&api, "PP-LIEPAJA").await, incident_of(&api, "PP-LIEPAJA").await);
    let own = at_work("PP-LIEPAJA", Role::Officer);
    let result = pb::RecordResult {
        envelope: envelope(),
        incident: with_id(&closed),
        result_code: "criminal-process-opened".to_owned(),
        case_refs: Vec::new(),
    };
    incidents(&api, &own).record_result(result).await.unwrap();
    let close = |incident: &str| pb::CloseIncident {
        envelope: envelope(),
        incident: with_id(incident),
        disposition: "report-taken".to_owned(),
        closing_type: String::new(),
    };
    incidents(&api, &own).close_incident(close(&closed)).await.unwrap();
    assert_eq!(refusal(supplement(&api, &own, &closed).await).1, ["incident_closed"]);

    let other = at_work("PP-OGRE", Role::Officer);
    let of_open = denied(supplement(&api, &other, &open).await);
    assert!(
        of_open.starts_with("role officer of PP-OGRE for purpose response may not SupplementIncident"),
        "{of_open}"
    );
    assert_eq!(denied(supplement(&api, &other, &closed).await), of_open);
    // Neither whether it could be closed, nor at which version it is.
    let closing = denied(incidents(&api, &other).close_incident(close(&open)).await);
    assert_eq!(denied(incidents(&api, &other).close_incident(close(&closed)).await), closing);
    let mut seen = close(&open);
    seen.envelope.as_mut().unwrap().expected_version = Some(7);
    assert_eq!(denied(incidents(&api, &other).close_incident(seen).await), closing);
    assert_eq!(refusal(supplement(&api, &other, &Uuid::now_v7().to_string()).await).0, Code::NotFound);
    supplement(&api, &own, &open).await.unwrap();

    let mut expected = vec![("SupplementIncident", &open), ("SupplementIncident", &closed)];
    expected.extend([("CloseIncident", &open), ("CloseIncident", &closed), ("CloseIncident", &open)]);
    let expected: Vec<_> = expected.into_iter().map(|(name, id)| (name.to_owned(), Some(id.clone()))).collect();
    assert_eq!(told(&api, expected.len()).await, expected);
}

#[tokio::test]
async fn a_service_whose_unit_is_on_a_card_takes_part_in_it_with_the_very_command_that_was_refused() {
    let api = Api::start().await;
    let centre = at_work("VUGD", Role::System);
    let card = card_of(&api, "VUGD", None).await;
    units(&api, &at_work("NMPD", Role::System)).register_unit(unit("A17")).await.unwrap();
    let ambulance = at_work("NMPD", Role::Dispatcher);
    // By a clock that runs ahead: it ends after all that comes before it is sent again.
    let ahead = (chrono::Utc::now() + chrono::TimeDelta::minutes(2)).to_rfc3339();
    let mut message = complete(&card);
    message.envelope.as_mut().unwrap().occurred_at = ahead;
    denied(cards(&api, &ambulance).complete_card(message.clone()).await);
    attach(&api, &centre, &card, of("NMPD", "A17")).await.unwrap();
    // For response only.
    let inspector = person("i.liepa", "NMPD", Role::Supervisor, Purpose::Prevention);
    denied(cards(&api, &inspector).complete_card(complete(&card)).await);
    let early = refusal(cards(&api, &ambulance).complete_card(message.clone()).await);
    assert_eq!(early, (Code::FailedPrecondition, vec!["card_has_units".to_owned()]));

    // Once a unit was on it, they took part in it.
    let release = pb::ReleaseUnit { envelope: envelope(), unit: of("", "A17"), card: None };
    units(&api, &ambulance).release_unit(release).await.unwrap();
    assert!(!cards(&api, &ambulance).complete_card(message).await.unwrap().into_inner().repeated);
    let late = refusal(cards(&api, &ambulance).notify_service(notify(&card)).await);
    assert_eq!(late, (Code::FailedPrecondition, vec!["card_completed".to_owned()]));
}

#[tokio::test]
async fn a_service_that_is_sent_for_takes_part_local_police_where_they_are_competent() {
    let api = Api::start().await;
    let place = pb::Place { territory: "0038540".to_owned(), ..Default::default() };
    let card = card_of(&api, "VKCP", Some(place)).await;
    let local = |institution: &str, territory: &str| Principal {
        territories: vec![Territory::parse(territory).unwrap()],
        ..at_work(institution, Role::Officer)
    };
    let (there, elsewhere) = (local("PP-OGRE", "0038000"), local("PP-LIEPAJA", "0004000"));
    let ambulance = at_work("NMPD", Role::Dispatcher);
    for who in [&there, &elsewhere, &ambulance] {
        denied(cards(&api, who).notify_service(notify(&card)).await);
    }
    let mut centre = cards(&api, &at_work("VKCP", Role::System));
    let qualify = pb::QualifyCard {
        envelope: envelope(),
        card: with_id(&card),
        type_code: "assault".to_owned(),
        priority: pb::Priority::P1 as i32,
        ..Default::default()
    };
    centre.qualify_card(qualify).await.unwrap();
    let services = vec![pb::Service::Medical as i32, pb::Service::MunicipalPolice as i32];
    let decide = pb::DecideServices { envelope: envelope(), card: with_id(&card), services, ..Default::default() };
    centre.decide_services(decide).await.unwrap();
    cards(&api, &ambulance).notify_service(notify(&card)).await.unwrap();
    cards(&api, &there).notify_service(notify(&card)).await.unwrap();
    denied(cards(&api, &elsewhere).notify_service(notify(&card)).await);
}

#[tokio::test]
async fn the_112_centre_runs_all_cards_and_units_and_nobodys_incidents() {
    let api = Api::start().await;
    units(&api, &at_work("NMPD", Role::System)).register_unit(unit("A17")).await.unwrap();
    let (card, incident) = (card_of(&api, "VP", None).await, incident_of(&api, "VP").await);
    let centre = at_work("VKCP", Role::Dispatcher);
    attach(&api, &centre, &card, of("NMPD", "A17")).await.unwrap();
    let release = pb::ReleaseUnit { envelope: envelope(), unit: of("NMPD", "A17"), card: None };
    units(&api, &centre).release_unit(release).await.unwrap();
    let link = pb::LinkIncident { envelope: envelope(), card: with_id(&card), incident: with_id(&incident) };
    cards(&api, &centre).link_incident(link).await.unwrap();
    cards(&api, &centre).complete_card(complete(&card)).await.unwrap();
    denied(supplement(&api, &centre, &incident).await);
}

#[tokio::test]
async fn a_system_sends_for_its_own_institution() {
    let api = Api::start().await;
    let incident = incident_of(&api, "PP-LIEPAJA").await;
    denied(supplement(&api, &at_work("PP-OGRE", Role::System), &incident).await);
    denied(supplement(&api, &at_work("VKCP", Role::System), &incident).await);
    supplement(&api, &at_work("PP-LIEPAJA", Role::System), &incident).await.unwrap();

    let registered = |who: &str, institution: &str| {
        let message = pb::RegisterUnit { institution: institution.to_owned(), ..unit("E1") };
        let mut units = units(&api, &at_work(who, Role::System));
        async move { units.register_unit(message).await }
    };
    denied(registered("NMPD", "VUGD").await);
    registered("NMPD", "").await.unwrap();
    registered("VUGD", "VP").await.unwrap();
    let duty = pb::StartDuty { envelope: envelope(), unit: of("VP", "E1") };
    denied(units(&api, &at_work("NMPD", Role::System)).start_duty(duty).await);
}

#[tokio::test]
async fn who_is_not_trained_and_who_never_records_is_told_before_anything_is_read() {
    let api = Api::start().await;
    let untrained = Principal { trained: false, ..at_work("VP", Role::Officer) };
    let refused = denied(incidents(&api, &untrained).register_incident(pb::RegisterIncident::default()).await);
    assert!(refused.contains("write-needs-training"), "{refused}");
    let analyst = person("i.liepa", "BI", Role::Analyst, Purpose::Statistics);
    denied(incidents(&api, &analyst).register_incident(pb::RegisterIncident::default()).await);
    // For investigation a case is named.
    let nameless = Principal { reference: None, ..person("j.berzins", "VP", Role::Officer, Purpose::Investigation) };
    let refused = denied(incidents(&api, &nameless).register_incident(incident()).await);
    assert!(refused.contains("purpose-needs-reference"), "{refused}");
    let expected = vec![("RegisterIncident".to_owned(), None); 3];
    assert_eq!(told(&api, 3).await, expected);
    assert!(api.events("register").await.is_empty());
}

fn hold(scope: pb::erasure_scope::Of) -> pb::PlaceHold {
    pb::PlaceHold {
        envelope: envelope(),
        scope: Some(pb::ErasureScope { of: Some(scope) }),
        reference: format!("KP {}", Uuid::now_v7()),
    }
}

#[tokio::test]
async fn personal_data_is_decided_on_by_supervisors_of_whose_record_it_is_and_by_state_police() {
    let api = Api::start().await;
    let subject = Uuid::now_v7().to_string();
    let reporter = pb::Reporter { name: "Anna".to_owned(), subject_id: subject.clone(), ..Default::default() };
    let message = pb::RegisterIncident { reporter: Some(reporter), ..incident() };
    let own = at_work("PP-LIEPAJA", Role::Officer);
    let incident = incidents(&api, &own).register_incident(message).await.unwrap().into_inner().aggregate_id;
    let card = card_of(&api, "VUGD", None).await;
    let record = |id: &str| pb::erasure_scope::Of::Record(with_id(id).unwrap());

    for (who, on_incident, on_card) in
        [("VP", true, true), ("PP-LIEPAJA", true, false), ("VUGD", false, true), ("NMPD", false, false)]
    {
        let mut retention = retention(&api, &supervisor(who));
        for (id, may) in [(&incident, on_incident), (&card, on_card)] {
            let answer = retention.place_hold(hold(record(id))).await;
            assert_eq!(answer.is_ok(), may, "{who}: {answer:?}");
            if !may {
                denied(answer);
            }
        }
    }
    let of_subject = || hold(pb::erasure_scope::Of::SubjectId(subject.clone()));
    denied(retention(&api, &supervisor("PP-LIEPAJA")).place_hold(of_subject()).await);
    retention(&api, &supervisor("VP")).place_hold(of_subject()).await.unwrap();
    let nameless = Principal { reference: None, ..supervisor("VP") };
    denied(retention(&api, &nameless).place_hold(of_subject()).await);
    denied(retention(&api, &at_work("VP", Role::Officer)).place_hold(of_subject()).await);

    // What nobody knows is nobody's; that it is not there is told as before.
    let unknown = record(&Uuid::now_v7().to_string());
    let placed = retention(&api, &supervisor("NMPD")).place_hold(hold(unknown.clone())).await;
    assert_eq!(refusal(placed).0, Code::NotFound);
    // Also to the second person, who may have named a data subject as if it were a record.
    let approve = pb::ApproveErasure { envelope: envelope(), scope: hold(unknown).scope };
    assert_eq!(refusal(retention(&api, &supervisor("VP")).approve_erasure(approve).await).0, Code::NotFound);
}

#[tokio::test]
async fn a_unit_s_way_is_reported_by_its_own_institution_and_by_112() {
    let api = Api::start().await;
    units(&api, &at_work("VUGD", Role::System)).register_unit(unit("E28")).await.unwrap();
    let report = || pb::ReportPosition {
        envelope: envelope(),
        unit: of("VUGD", "E28"),
        points: vec![pb::TrackPoint {
            at: (Utc::now() - TimeDelta::minutes(1)).to_rfc3339(),
            point: Some(pb::GeoPoint { latitude_e6: 56_951_500, longitude_e6: 24_113_300 }),
            ..Default::default()
        }],
    };
    let ambulance = at_work("NMPD", Role::System);
    // The second time its institution is known from the first.
    for _ in 0..2 {
        denied(units(&api, &ambulance).report_position(report()).await);
    }
    assert!(api.events("tracks").await.is_empty());
    for who in ["VUGD", "VKCP"] {
        units(&api, &at_work(who, Role::System)).report_position(report()).await.unwrap();
    }
    let told = told(&api, 2).await;
    assert!(told.iter().all(|(name, record)| name == "ReportPosition" && record.is_some()), "{told:?}");
}

#[tokio::test]
async fn in_bulk_a_refusal_is_that_commands_answer_and_the_stream_goes_on() {
    let api = Api::start().await;
    let foreign = incident_of(&api, "PP-LIEPAJA").await;
    let sent = |command| pb::CommandEnvelope { command: Some(command) };
    let reopen = pb::ReopenIncident { envelope: envelope(), incident: with_id(&foreign), reason: "again".to_owned() };
    let commands = vec![
        sent(Command::RegisterIncident(incident())),
        sent(Command::ReopenIncident(reopen)),
        sent(Command::RegisterIncident(incident())),
    ];
    let outcomes = async |who: Principal| {
        let mut intake = IntakeClient::new(api.calling_as(&who));
        let mut results = intake.submit(tokio_stream::iter(commands.clone())).await.unwrap().into_inner();
        let mut codes = Vec::new();
        while let Some(result) = results.message().await.unwrap() {
            codes.push(match result.outcome.unwrap() {
                Outcome::Reply(_) => Code::Ok,
                Outcome::Error(status) => Code::from_i32(status.code),
            });
        }
        codes
    };
    let system = at_work("PP-OGRE", Role::System);
    assert_eq!(outcomes(system).await, [Code::Ok, Code::PermissionDenied, Code::Ok]);
    let auditor = person("i.liepa", "VP", Role::Auditor, Purpose::Audit);
    assert_eq!(outcomes(auditor).await, [Code::PermissionDenied; 3]);
    let told = told(&api, 4).await;
    assert_eq!(told[0], ("ReopenIncident".to_owned(), Some(foreign)), "decided on the record");
    assert!(told[1..].iter().all(|(_, record)| record.is_none()), "refused before it was read: {told:?}");
}

#[tokio::test]
async fn a_right_in_force_lets_somebody_act_in_another_role_and_without_knowing_it_nobody_is_refused_for_good() {
    let api = Api::start().await;
    let (theirs, own) = (incident_of(&api, "VP").await, incident_of(&api, "PP-OGRE").await);
    let officer = at_work("PP-OGRE", Role::Officer);
    denied(supplement(&api, &officer, &theirs).await);
    let role = GrantScope::Role(Institution::parse("VP").unwrap(), Role::Officer);
    api.rights.held.lock().unwrap().push((officer.subject.clone(), Grant::Named(role)));
    supplement(&api, &officer, &theirs).await.unwrap();
    supplement(&api, &officer, &own).await.unwrap();

    *api.rights.lost.lock().unwrap() = true;
    let unknown = supplement(&api, &officer, &theirs).await.unwrap_err();
    assert_eq!(unknown.code(), Code::Unavailable, "{unknown:?}");
    assert!(unknown.get_details_retry_info().is_some());
    supplement(&api, &officer, &own).await.unwrap();
    assert_eq!(told(&api, 1).await.len(), 1, "who may have a right is not refused");
}
