//! Single commands: what they do, and that they do it once.

use proto::command::v1 as pb;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::support::{
    Api, call, called, envelope, envelope_from, external, incident, numbered, refusal, unit, with_id,
};

fn result(incident: Option<pb::RecordRef>) -> pb::RecordResult {
    let result_code = "criminal-process-opened".to_owned();
    pb::RecordResult { envelope: envelope(), incident, result_code, case_refs: vec!["11096001226".to_owned()] }
}

fn close(incident: Option<pb::RecordRef>) -> pb::CloseIncident {
    let disposition = "report-taken".to_owned();
    pb::CloseIncident { envelope: envelope(), incident, disposition, closing_type: String::new() }
}

#[tokio::test]
async fn an_incident_goes_its_way_from_registration_to_closing() {
    let api = Api::start().await;
    let registered = api.incidents().register_incident(incident()).await.unwrap().into_inner();
    assert!(registered.number.starts_with("VNR-") && registered.number.ends_with("-0000001"), "{}", registered.number);
    assert_eq!((registered.version, registered.events, registered.repeated), (1, 1, false));
    assert_eq!(registered.position, Some(pb::LogPosition { generation: 1, position: 1 }));

    let number = || numbered(&registered.number);
    let early = refusal(api.incidents().close_incident(close(number())).await);
    assert_eq!(early, (Code::FailedPrecondition, vec!["incident_has_no_result".to_owned()]));
    api.incidents().record_result(result(with_id(&registered.aggregate_id))).await.unwrap();
    let closed = api.incidents().close_incident(close(number())).await.unwrap().into_inner();
    assert_eq!((closed.version, closed.number), (3, registered.number));
    assert_eq!(api.events("register").await, ["IncidentRegistered", "ResultRecorded", "IncidentClosed"]);
}

#[tokio::test]
async fn a_command_takes_effect_once() {
    let api = Api::start().await;
    let message = incident();
    let first = api.incidents().register_incident(message.clone()).await.unwrap().into_inner();
    let again = api.incidents().register_incident(message.clone()).await.unwrap().into_inner();
    assert_eq!(again, pb::CommandReply { repeated: true, ..first });

    let other = pb::RegisterIncident { type_code: "robbery".to_owned(), ..message };
    let refused = api.incidents().register_incident(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "COMMAND_ID_REUSED");
    assert_eq!(api.events("register").await.len(), 1);
}

#[tokio::test]
async fn a_record_that_has_moved_on_aborts_the_command() {
    let api = Api::start().await;
    let registered = api.incidents().register_incident(incident()).await.unwrap().into_inner();
    let seen = |version| envelope().map(|envelope| pb::Envelope { expected_version: Some(version), ..envelope });
    let incident = || with_id(&registered.aggregate_id);
    api.incidents().record_result(pb::RecordResult { envelope: seen(1), ..result(incident()) }).await.unwrap();
    let late = pb::CloseIncident { envelope: seen(1), ..close(incident()) };
    let refused = api.incidents().close_incident(late).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted);
    let info = refused.get_details_error_info().unwrap();
    assert_eq!((info.metadata["expected"].as_str(), info.metadata["actual"].as_str()), ("1", "2"));
}

#[tokio::test]
async fn a_source_begins_a_record_once() {
    let api = Api::start().await;
    let first = pb::ReceiveCall { envelope: envelope_from("2026-17"), ..call() };
    let first = api.cards().receive_call(first).await.unwrap().into_inner();
    let again = pb::ReceiveCall { envelope: envelope_from("2026-17"), ..call() };
    let refused = api.cards().receive_call(again).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(refused.get_details_resource_info().unwrap().resource_name, first.aggregate_id);
    assert_eq!(refused.get_details_error_info().unwrap().metadata["number"], first.number);
}

#[tokio::test]
async fn a_record_is_found_by_id_by_number_and_by_the_name_that_its_source_gave_it() {
    let api = Api::start().await;
    let from_source = pb::RegisterIncident { envelope: envelope_from("17"), ..incident() };
    let registered = api.incidents().register_incident(from_source).await.unwrap().into_inner();
    for named in [with_id(&registered.aggregate_id), numbered(&registered.number), external("17")] {
        let reply = api.incidents().record_result(result(named)).await.unwrap().into_inner();
        assert_eq!(reply.aggregate_id, registered.aggregate_id);
    }
    assert_eq!(refusal(api.incidents().record_result(result(external("18"))).await).0, Code::NotFound);
    let unused = numbered("VNR-2026-9999999");
    assert_eq!(refusal(api.incidents().record_result(result(unused)).await).0, Code::NotFound);
    // A number of another kind of record leads to that record, which is none for this command.
    let card = api.cards().receive_call(call()).await.unwrap().into_inner();
    assert_eq!(refusal(api.incidents().record_result(result(numbered(&card.number))).await).0, Code::NotFound);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_message_arrives_at_the_client() {
    let api = Api::start().await;
    let refused = api.incidents().register_incident(pb::RegisterIncident::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = fields.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["envelope", "channel", "type_code", "category"]);

    // As much as a message can be wrong: the answer still fits into what clients take.
    let points = vec![pb::TrackPoint { heading_deg: Some(999), ..Default::default() }; 500];
    let report = pb::ReportPosition { envelope: envelope(), unit: called("E28"), points };
    let refused = api.units().report_position(report).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.get_details_bad_request().unwrap().field_violations.len() > 20);
}

#[tokio::test]
async fn nothing_has_happened_in_the_future() {
    let api = Api::start().await;
    let at = (chrono::Utc::now() + chrono::TimeDelta::minutes(6)).to_rfc3339();
    let envelope = envelope().map(|envelope| pb::Envelope { occurred_at: at, ..envelope });
    let refused = refusal(api.incidents().register_incident(pb::RegisterIncident { envelope, ..incident() }).await);
    assert_eq!(refused, (Code::FailedPrecondition, vec!["occurred_in_future".to_owned()]));
}

#[tokio::test]
async fn an_event_says_who_and_why_and_shows_no_personal_data() {
    let api = Api::start().await;
    let from_source = pb::RegisterIncident { envelope: envelope_from("17"), ..incident() };
    let command_id = from_source.envelope.as_ref().unwrap().command_id.clone();
    api.incidents().register_incident(from_source).await.unwrap();
    let (payload, metadata): (String, String) =
        sqlx::query_as("select payload::text, metadata::text from register.events").fetch_one(&api.pool).await.unwrap();
    assert!(payload.contains("$sealed") && !payload.contains("bicycle"), "{payload}");
    for part in [command_id.as_str(), "\"actor\":\"tests\"", "VUGD", "\"purpose\":\"response\"", "vkcp"] {
        assert!(metadata.contains(part), "{part} is not in {metadata}");
    }
}

#[tokio::test]
async fn what_is_not_answered_in_the_callers_time_is_not_written() {
    let api = Api::start().await;
    let mut request = Request::new(incident());
    request.metadata_mut().insert("grpc-timeout", "1n".parse().unwrap());
    let refused = api.incidents().register_incident(request).await.unwrap_err();
    assert!(matches!(refused.code(), Code::DeadlineExceeded | Code::Cancelled), "{refused:?}");
    api.units().register_unit(unit("E28")).await.unwrap();
    assert_eq!(api.events("register").await, ["UnitRegistered"]);
}

#[tokio::test]
async fn a_unit_may_be_registered_again_with_the_same_particulars_only() {
    let api = Api::start().await;
    api.units().register_unit(unit("E28")).await.unwrap();
    let same = api.units().register_unit(unit("e28")).await.unwrap().into_inner();
    assert_eq!((same.version, same.events), (1, 0));
    let ladder = pb::RegisterUnit { kind: pb::UnitKind::Ladder as i32, ..unit("E28") };
    let refused = refusal(api.units().register_unit(ladder).await);
    assert_eq!(refused, (Code::AlreadyExists, vec!["call_sign_taken".to_owned()]));
}
