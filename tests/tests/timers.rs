//! What the register records by itself when a time has come.

use std::time::{Duration, Instant};

use access::{Institution, Principal, Purpose, Reference, Role};
use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::access_service_client::AccessServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use tests::{TestSystem, by_id, envelope};
use uuid::Uuid;

fn supervisor(name: &str) -> Principal {
    let institution = Institution::parse("VP").expect("a code");
    let until = Utc::now() + TimeDelta::hours(1);
    let mut who = Principal::new(name, institution, vec![Role::Supervisor], Purpose::Administration, until);
    who.reference = Some(Reference::parse("LP-7").expect("a number"));
    who
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_whose_time_is_over_is_recorded_as_such_once() {
    let system = TestSystem::start().await;
    let mut access = AccessServiceClient::new(system.connect(&supervisor("first")).await);
    let request = pb::RequestGrant {
        envelope: envelope(),
        grantee: Some(pb::Person { institution: "VP".into(), user: "j.berzins".into() }),
        scope: Some(pb::GrantScope { of: Some(pb::grant_scope::Of::Class(pb::RecordClass::Secret as i32)) }),
        purpose: pb::AccessPurpose::Investigation as i32,
        from: Utc::now().to_rfc3339(),
        until: (Utc::now() + TimeDelta::seconds(3)).to_rfc3339(),
        reason: "Kopīga lieta".into(),
    };
    let requested = access.request_grant(request).await.expect("it is asked for").into_inner();
    let grant: Uuid = requested.aggregate_id.parse().expect("an id");
    let mut second = AccessServiceClient::new(system.connect(&supervisor("second")).await);
    let approve = pb::ApproveGrant { envelope: envelope(), grant: by_id(&requested.aggregate_id) };
    second.approve_grant(approve).await.expect("it is granted");

    let told = |event: &str, by: &str| (event.to_owned(), Some(by.to_owned()));
    let expected =
        [told("GrantRequested", "first"), told("GrantApproved", "second"), told("GrantExpired", "vnr-timer")];
    assert_eq!(history_with(&system, grant, expected.len()).await, expected);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_whose_time_is_over_is_recorded_as_such_once() {
    let system = TestSystem::start().await;
    let institution = Institution::parse("VP").expect("a code");
    let until = Utc::now() + TimeDelta::hours(1);
    let officer = Principal::new("officer", institution, vec![Role::Officer], Purpose::Response, until);
    let mut incidents = IncidentServiceClient::new(system.connect(&officer).await);
    let theft = pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Phone110 as i32,
        type_code: "theft".into(),
        category: pb::Category::C as i32,
        ..Default::default()
    };
    let registered = incidents.register_incident(theft).await.expect("it is registered").into_inner();
    let offer = pb::OfferTransfer {
        envelope: envelope(),
        incident: by_id(&registered.aggregate_id),
        to: "RPP".into(),
        deadline: (Utc::now() + TimeDelta::seconds(3)).to_rfc3339(),
        reason: "Cita teritorija".into(),
        ..Default::default()
    };
    incidents.offer_transfer(offer).await.expect("it is offered");

    let incident: Uuid = registered.aggregate_id.parse().expect("an id");
    let told = |event: &str, by: &str| (event.to_owned(), Some(by.to_owned()));
    let expected = [
        told("IncidentRegistered", "officer"),
        told("TransferOffered", "officer"),
        told("TransferExpired", "vnr-timer"),
    ];
    assert_eq!(history_with(&system, incident, expected.len()).await, expected);
    system.stop().await;
}

/// The events of a record and who brought them about, once it has so many, and the timer has looked once more.
async fn history_with(system: &TestSystem, record: Uuid, events: usize) -> Vec<(String, Option<String>)> {
    let history = async || -> Vec<(String, Option<String>)> {
        let sql =
            "select event_type, metadata->>'actor' from register.events where aggregate_id = $1 order by sequence";
        sqlx::query_as(sql).bind(record.to_string()).fetch_all(system.pool()).await.expect("the log")
    };
    let until = Instant::now() + Duration::from_secs(30);
    while history().await.len() < events && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Another round of the timer finds nothing to do.
    tokio::time::sleep(Duration::from_secs(6)).await;
    history().await
}
