//! The system in parts: each in a process of its own, on one database.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use event_store::private_pg::shared_for_tests;
use proto::command::v1 as pb;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use serde_json::{Value, json};
use tests::{Bearer, VnrProcess, ask, envelope, get, position, vnr_binary};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;

fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(vnr_binary()).args(arguments).arg("--data-dir").arg(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_serves_alone_and_says_what_it_lacks() {
    let server = shared_for_tests().await.unwrap();
    let name = format!("parts_{}", Uuid::now_v7().simple());
    let database = server.create_database(&name, None).await.unwrap();
    let folder = std::env::temp_dir().join(format!("vnr-{name}"));
    std::fs::create_dir_all(&folder).unwrap();
    let urls = ["--database-url", database.app_url(), "--database-owner-url", database.owner_url()];
    let with = |arguments: &[&'static str]| [arguments, &urls].concat();

    let commands = VnrProcess::start(&with(&["serve", "command-api"]), &folder);
    let queries = VnrProcess::start(&with(&["serve", "query-api"]), &folder);
    let (status, body) = get(queries.http, "/readyz").await;
    assert!(status == 503 && body.contains("no read models yet"), "{status} {body}");
    assert_eq!(get(queries.http, "/healthz").await.0, 200);

    let mut projections = VnrProcess::start(&with(&["serve", "projections"]), &folder);
    let (status, body) = get(queries.http, "/readyz").await;
    assert_eq!(status, 200, "{body}");

    let token = printed(&folder, &["token", "--institution", "VP", "--role", "officer", "--purpose", "response"]);
    let channel = Channel::from_shared(format!("http://{}", commands.grpc)).unwrap().connect().await.unwrap();
    let mut incidents = IncidentServiceClient::new(InterceptedService::new(channel, Bearer::new(token.trim())));
    let command = pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Phone110 as i32,
        type_code: "theft".into(),
        category: pb::Category::B as i32,
        place: Some(pb::Place { territory: "0001000".into(), ..Default::default() }),
        narrative: "Nozagts velosipēds".into(),
        ..Default::default()
    };
    let reply = incidents.register_incident(command).await.unwrap().into_inner();
    let query = "query($p: LogPosition) { incidents(minPosition: $p) { nodes { number } } }";
    let found = || ask(queries.http, Some(token.trim()), query, json!({ "p": position(&reply) }));
    assert_eq!(found().await["data"]["incidents"]["nodes"][0]["number"], json!(reply.number));

    // The data team rebuilds a read model while another process keeps it up to date.
    printed(
        &folder,
        &with(&["projections", "rebuild", "case_search", "--switch", "--slices", "2", "--reason", "a test"]),
    );
    assert_eq!(found().await["data"]["incidents"]["nodes"][0]["number"], json!(reply.number));
    // What was done is an event of the register, and the new tables go on from where the old ones were.
    let caught_up = || {
        let listed = printed(&folder, &with(&["projections", "list", "--json"]));
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let of_it = listed.as_array().unwrap().iter().find(|row| row["name"] == "case_search").unwrap().clone();
        let history = printed(&folder, &with(&["projections", "history", "case_search", "--json"]));
        let history: Value = serde_json::from_str(&history).unwrap();
        let told = history[0]["act"] == "ReadModelSwitched" && history[1]["act"] == "RebuildBegun";
        let by_whom = history[0]["by"].as_str().is_some_and(|who| who.ends_with("@IC"));
        let previous = of_it["beside"][0]["build"] == "previous";
        told && by_whom && previous && of_it["progress"] == of_it["head"] && of_it["parked"] == json!(0)
    };
    let mut tries = 0..100;
    while !caught_up() {
        tries.next().expect("the new tables are followed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let (status, figures) = get(queries.http, "/metrics").await;
    assert!(status == 200 && figures.contains("vnr_graphql_responses_total"), "{figures}");

    // Who projects is killed: what is read stays, and another takes over within seconds.
    projections.kill();
    let mut again = incidents.clone();
    let command = pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Phone110 as i32,
        type_code: "theft".into(),
        category: pb::Category::B as i32,
        narrative: "Nozagts ritenis".into(),
        ..Default::default()
    };
    let second = again.register_incident(command).await.unwrap().into_inner();
    let successor = VnrProcess::start(&with(&["serve", "projections"]), &folder);
    let caught_up = tokio::time::timeout(Duration::from_secs(30), async {
        let query = "query($p: LogPosition) { incidents(minPosition: $p, waitSeconds: 30) { totalCount } }";
        ask(queries.http, Some(token.trim()), query, json!({ "p": position(&second) })).await
    });
    assert_eq!(caught_up.await.unwrap()["data"]["incidents"]["totalCount"], json!(2));
    drop((commands, queries, successor));
    let _ = std::fs::remove_dir_all(&folder);
}
