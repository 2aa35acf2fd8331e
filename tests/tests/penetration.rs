//! An attacker with a token that holds, of an institution that has nothing to do with a record: tries each way round to it.

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use proto::command::v1::intake_client::IntakeClient;
use proto::command::v1::unit_service_client::UnitServiceClient;
use serde_json::{Value, json};
use tests::{TestSystem, by_id, envelope, position};
use tonic::Code;
use uuid::Uuid;

const NARRATIVE: &str = "Cietusī paslēpusies pie māsas";
const NAME: &str = "Anna Bērziņa";
const STREET: &str = "Slepenā iela 7";

fn somebody(institution: &str, role: Role) -> Principal {
    let until = Utc::now() + TimeDelta::hours(1);
    let institution = Institution::parse(institution).expect("a code");
    Principal::new("x.y", institution, vec![role], Purpose::Response, until)
}

struct Target {
    system: TestSystem,
    incident: pb::CommandReply,
    card: pb::CommandReply,
    unit: pb::CommandReply,
    last: String,
}

impl Target {
    /// Municipal police of another place registers something that nobody else is to know.
    async fn new() -> Target {
        let system = TestSystem::start().await;
        let owner = somebody("PP-JELGAVA", Role::Dispatcher);
        let mut units = UnitServiceClient::new(system.connect(&owner).await);
        let register = pb::RegisterUnit {
            envelope: envelope(),
            call_sign: "J1".into(),
            kind: pb::UnitKind::Patrol as i32,
            ..pb::RegisterUnit::default()
        };
        let unit = units.register_unit(register).await.expect("it is registered").into_inner();
        let mut cards = EmergencyCardServiceClient::new(system.connect(&owner).await);
        let place = Some(pb::Place { territory: "0003000".into(), text: STREET.into(), ..pb::Place::default() });
        let receive = pb::ReceiveCall {
            envelope: envelope(),
            channel: pb::Channel::Phone112 as i32,
            narrative: NARRATIVE.into(),
            place: place.clone(),
            ..pb::ReceiveCall::default()
        };
        let card = cards.receive_call(receive).await.expect("it is received").into_inner();
        let mut incidents = IncidentServiceClient::new(system.connect(&owner).await);
        let register = pb::RegisterIncident {
            envelope: envelope(),
            channel: pb::Channel::Phone112 as i32,
            type_code: "theft".into(),
            category: pb::Category::B as i32,
            place,
            narrative: NARRATIVE.into(),
            reporter: Some(pb::Reporter { name: NAME.into(), ..pb::Reporter::default() }),
            card: by_id(&card.aggregate_id),
            ..pb::RegisterIncident::default()
        };
        let incident = incidents.register_incident(register).await.expect("it is registered").into_inner();
        let link = pb::LinkIncident {
            envelope: envelope(),
            card: by_id(&card.aggregate_id),
            incident: by_id(&incident.aggregate_id),
        };
        let linked = cards.link_incident(link).await.expect("it is linked").into_inner();
        Target { system, incident, card, unit, last: position(&linked) }
    }
}

/// Nothing of the target: neither its facts nor, where it was not given, its number.
fn tells_nothing(target: &Target, attempt: &str, answer: &Value) {
    let text = answer.to_string();
    for secret in [NARRATIVE, NAME, STREET, "J1", "theft", &target.incident.number, &target.card.number] {
        assert!(!text.contains(secret), "{attempt} tells {secret}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_query_leads_round_the_policies_to_a_record() {
    let target = Target::new().await;
    let all = "number place { text } narrative { value } reporter { name { value } } timeline { totalCount nodes { facts actor } }";
    let card = "number place { text } narrative { value } incident { number } timeline { nodes { facts } }";
    let (incident_id, card_id) = (&target.incident.aggregate_id, &target.card.aggregate_id);
    let attempts = [
        // By each name, alone, many times over, and round by fragments and other records.
        format!("{{ incident(id: \"{incident_id}\") {{ {all} }} }}"),
        format!("{{ a: incident(id: \"{incident_id}\") {{ {all} }} b: incident(id: \"{incident_id}\") {{ {all} }} }}"),
        format!(
            "{{ record(id: \"{incident_id}\") {{ number incident {{ {all} }} timeline {{ nodes {{ facts }} }} }} }}"
        ),
        format!("{{ node(id: \"{incident_id}\") {{ id ... on Incident {{ {all} }} }} }}"),
        format!("{{ node(id: \"{card_id}\") {{ id ... on Card {{ {card} }} }} }}"),
        format!("{{ card(id: \"{card_id}\") {{ {card} }} }}"),
        format!("query {{ ...F }} fragment F on Query {{ incidents {{ nodes {{ {all} }} }} }}"),
        format!("{{ cards {{ nodes {{ {card} }} }} }}"),
        // What a list counts, and what it can be filtered by, tell whether something is there.
        "{ incidents(filter: {typeCode: [\"theft\"]}) { totalCount } }".to_owned(),
        "{ incidents(filter: {placeWords: \"Slepenā\"}) { totalCount } }".to_owned(),
        format!("{{ incidents(filter: {{card: \"{card_id}\"}}) {{ totalCount }} }}"),
        "{ incidents(filter: {institution: \"PP-JELGAVA\"}, first: 0) { totalCount pageInfo { hasNextPage } } }"
            .to_owned(),
        format!("{{ cards(filter: {{incident: \"{incident_id}\"}}) {{ totalCount }} }}"),
        "{ cardStatistics { calls callsByType { count } } }".to_owned(),
    ];
    let attacker = somebody("PP-OGRE", Role::Officer);
    let fresh =
        "query ($p: LogPosition) { incidents(minPosition: $p) { totalCount } cards(minPosition: $p) { totalCount } }";
    target.system.ask_as(&attacker, fresh, json!({"p": target.last})).await;
    for attempt in &attempts {
        let answer = target.system.ask_as(&attacker, attempt, json!({})).await;
        tells_nothing(&target, attempt, &answer);
        let data = answer["data"].to_string();
        assert!(!data.contains(":1") && !data.contains("true"), "{attempt} says that there is something: {answer}");
    }
    // By its number, which is asked for and so may be anything: the same as for a number that nobody has.
    let by_number = async |number: &str| {
        let query = "query ($n: String!) { incident(number: $n) { id } record(number: $n) { id } }";
        target.system.ask_as(&attacker, query, json!({"n": number})).await
    };
    assert_eq!(by_number(&target.incident.number).await, by_number("VNR-2001-0000001").await);
    // The owner sees all of it.
    let owner = somebody("PP-JELGAVA", Role::Officer);
    let seen = target.system.ask_as(&owner, &attempts[0], json!({})).await;
    assert_eq!(seen["data"]["incident"]["narrative"]["value"], NARRATIVE, "{seen}");
    target.system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_changes_or_tells_of_what_is_another_institutions() {
    let target = Target::new().await;
    let before: i64 =
        sqlx::query_scalar("select position from register.head").fetch_one(target.system.pool()).await.unwrap();
    let attacker = somebody("PP-OGRE", Role::Supervisor);
    let mut incidents = IncidentServiceClient::new(target.system.connect(&attacker).await);
    let incident = by_id(&target.incident.aggregate_id);
    let reopen = pb::ReopenIncident { envelope: envelope(), incident: incident.clone(), reason: "Jauni fakti".into() };
    let refused = incidents.reopen_incident(reopen).await.unwrap_err();
    // That it isn't closed is the record's own rule: nobody else is told.
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    assert!(!refused.message().contains(&target.incident.number), "{refused}");
    // One's own token names no other institution.
    let mut units = UnitServiceClient::new(target.system.connect(&attacker).await);
    let another = pb::RegisterUnit {
        envelope: envelope(),
        institution: "PP-JELGAVA".into(),
        call_sign: "J2".into(),
        kind: pb::UnitKind::Patrol as i32,
        ..pb::RegisterUnit::default()
    };
    assert_eq!(units.register_unit(another).await.unwrap_err().code(), Code::PermissionDenied);
    let id = pb::unit_ref::By::Id(target.unit.aggregate_id.clone());
    let unit = Some(pb::UnitRef { by: Some(id) });
    let point = Some(pb::GeoPoint { latitude_e6: 56_650_000, longitude_e6: 23_720_000 });
    let point = pb::TrackPoint { at: Utc::now().to_rfc3339(), point, ..pb::TrackPoint::default() };
    let report = pb::ReportPosition { envelope: envelope(), unit: unit.clone(), points: vec![point] };
    assert_eq!(units.report_position(report).await.unwrap_err().code(), Code::PermissionDenied);
    // The bulk stream is no way round: the command's own outcome says no.
    let duty = pb::command_envelope::Command::StartDuty(pb::StartDuty { envelope: envelope(), unit });
    let stream = tokio_stream::iter([pb::CommandEnvelope { command: Some(duty) }]);
    let mut bulk = IntakeClient::new(target.system.connect(&attacker).await);
    let mut outcomes = bulk.submit(stream).await.expect("the stream is taken").into_inner();
    let outcome = format!("{:?}", outcomes.message().await.expect("an outcome"));
    assert!(outcome.contains("may not StartDuty"), "{outcome}");
    let after: i64 =
        sqlx::query_scalar("select position from register.head").fetch_one(target.system.pool()).await.unwrap();
    assert_eq!(after, before, "nothing was recorded");
    target.system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_too_much_at_once_gets_nothing_and_costs_little() {
    let system = TestSystem::start().await;
    let attacker = somebody("VP", Role::Officer);
    let aliases: String = (0..2_100).map(|n| format!("a{n}: incidents {{ totalCount }} ")).collect();
    let deep =
        format!("{{ incidents {{ nodes {} }} }}", "{ card { incident ".repeat(20) + "{ id }" + &"} }".repeat(20));
    let wide = "{ incidents(first: 200) { nodes { timeline(first: 200) { nodes { type } } card { timeline(first: 200) { nodes { type } } } } } }";
    for (attempt, query) in [("aliases", format!("{{ {aliases} }}")), ("depth", deep), ("breadth", wide.to_owned())] {
        let answer = system.ask_as(&attacker, &query, json!({})).await;
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        assert!(matches!(code, Some("QUERY_TOO_COMPLEX" | "GRAPHQL_VALIDATION_FAILED")), "{attempt}: {answer}");
        assert!(answer["data"].is_null(), "{attempt}");
    }
    let page = system.ask_as(&attacker, "{ incidents(first: 100000) { nodes { id } } }", json!({})).await;
    assert_eq!(page["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{page}");
    let unknown =
        system.ask_as(&attacker, &format!("{{ incident(id: \"{}\") {{ id }} }}", Uuid::now_v7()), json!({})).await;
    assert!(unknown["data"]["incident"].is_null() && unknown["errors"].is_null(), "{unknown}");
    system.stop().await;
}
