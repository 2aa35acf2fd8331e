//! Under which source systems' names somebody may send.

use access::{Purpose, Role};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::command_result::Outcome;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use proto::command::v1::intake_client::IntakeClient;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{Api, Calling, envelope_of, incident, person};

fn from_journal(system: &str, external_id: &str) -> pb::RegisterIncident {
    pb::RegisterIncident { envelope: envelope_of(system, external_id), ..incident() }
}

fn journal_of(api: &Api, institution: &str) -> Calling {
    api.calling_as(&person(&format!("{institution}-journal"), institution, Role::System, Purpose::Response))
}

async fn register(api: &Api, institution: &str, message: pb::RegisterIncident) -> Result<pb::CommandReply, Status> {
    let answer = IncidentServiceClient::new(journal_of(api, institution)).register_incident(message).await;
    answer.map(tonic::Response::into_inner)
}

/// Refusals that the access log was told of: who, what, about which record, why.
async fn told(api: &Api, count: usize) -> Vec<(String, String, Option<String>, String)> {
    let sql = "select refused->'by'->>'institution', refused->>'attempt', refused->>'record', refused->>'cause'
               from (select position, payload->'AccessRefused' as refused from access.events) as told
               where refused is not null order by position";
    for _ in 0..400 {
        let told: Vec<_> = sqlx::query_as(sql).fetch_all(&api.pool).await.unwrap();
        if told.len() >= count {
            return told;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{count} refusals are not in the access log")
}

#[tokio::test]
async fn a_journal_sends_under_its_own_name_and_under_no_other() {
    let api = Api::start().await;
    register(&api, "PP-LIEPAJA", from_journal("enz-liepaja", "17")).await.unwrap();
    let known = register(&api, "PP-OGRE", from_journal("enz-liepaja", "17")).await.unwrap_err();
    assert_eq!(known.code(), Code::PermissionDenied);
    let info = known.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("SOURCE", "vnr"));
    assert_eq!((info.metadata["source"].as_str(), info.metadata["institution"].as_str()), ("enz-liepaja", "PP-OGRE"));
    assert!(known.message().contains("PP-OGRE may not send under the name of source system `enz-liepaja`"), "{known}");
    // Whether that journal has sent such a record is not told.
    let unknown = register(&api, "PP-OGRE", from_journal("enz-liepaja", "18")).await.unwrap_err();
    assert_eq!((unknown.code(), unknown.message()), (known.code(), known.message()));
    // Nor does the very message of another open anything.
    let message = from_journal("enz-liepaja", "19");
    register(&api, "PP-LIEPAJA", message.clone()).await.unwrap();
    assert_eq!(register(&api, "PP-OGRE", message).await.unwrap_err().code(), Code::PermissionDenied);

    let expected = ("PP-OGRE", "RegisterIncident", None, "policy");
    let expected = (expected.0.to_owned(), expected.1.to_owned(), expected.2, expected.3.to_owned());
    assert_eq!(told(&api, 3).await, vec![expected; 3]);
    assert_eq!(api.events("register").await.len(), 2);
}

#[tokio::test]
async fn who_has_no_account_records_by_hand() {
    let api = Api::start().await;
    for institution in ["VDD", "SOMEBODY"] {
        let refused = register(&api, institution, from_journal("vp-enz", "1")).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{institution}");
        assert!(refused.message().contains("no such account"), "{refused}");
        register(&api, institution, incident()).await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_goes_on_after_a_command_under_anothers_name() {
    let api = Api::start().await;
    let systems = ["vp-enz", "enz-ogre", "vp-enz", "vkcp", "vp-enz"];
    let sent = systems.iter().zip(1..).map(|(system, n)| pb::CommandEnvelope {
        command: Some(Command::RegisterIncident(from_journal(system, &n.to_string()))),
    });
    let sent: Vec<_> = sent.collect();
    let mut results =
        IntakeClient::new(journal_of(&api, "VP")).submit(tokio_stream::iter(sent)).await.unwrap().into_inner();
    let mut codes = Vec::new();
    while let Some(result) = results.message().await.unwrap() {
        codes.push(match result.outcome.unwrap() {
            Outcome::Reply(_) => Code::Ok,
            Outcome::Error(status) => {
                assert!(status.message.contains("VP may not send under the name of"), "{status:?}");
                Code::from_i32(status.code)
            }
        });
    }
    let (yes, no) = (Code::Ok, Code::PermissionDenied);
    assert_eq!(codes, [yes, no, yes, no, yes]);
    assert_eq!(told(&api, 2).await.len(), 2);
}
