//! No personal data leaves without being in the access log first (I-12): seen at the socket.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use access::{DevelopmentKey, TokenIssuer};
use proto::command::v1 as pb;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use serde_json::{Value, json};
use tests::{Bearer, Connection, TestSystem, VnrProcess, ask, dispatcher, envelope, long, position, vnr_binary};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;
use vnr::settings::Settings;

fn incident() -> pb::RegisterIncident {
    pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Phone112 as i32,
        type_code: "theft".into(),
        category: pb::Category::B as i32,
        narrative: "Izsists logs, pazudis velosipēds.".into(),
        reporter: Some(pb::Reporter {
            name: "Anna Bērziņa".into(),
            phone: "+37120000001".into(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn register(connection: &Connection) -> pb::CommandReply {
    let mut incidents = IncidentServiceClient::new(connection.clone());
    incidents.register_incident(incident()).await.expect("it is registered").into_inner()
}

/// What the log says was shown: record and scope.
async fn shown(pool: &sqlx::PgPool) -> Vec<(Uuid, String)> {
    let payloads: Vec<String> = sqlx::query_scalar(
        "select payload::text from access.events where event_type = 'RecordConsulted' order by position",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut shown = Vec::new();
    for payload in payloads {
        let event = &serde_json::from_str::<Value>(&payload).unwrap()["RecordConsulted"];
        for record in event["records"].as_array().unwrap() {
            for scope in event["scopes"].as_array().unwrap() {
                shown.push((record.as_str().unwrap().parse().unwrap(), scope.as_str().unwrap().to_owned()));
            }
        }
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_answer_shows_is_in_the_access_log_and_nothing_else() {
    let system = TestSystem::start().await;
    let connection = system.connect(&dispatcher()).await;
    let (first, second) = (register(&connection).await, register(&connection).await);
    let at = position(&second);
    let id = |reply: &pb::CommandReply| reply.aggregate_id.parse::<Uuid>().unwrap();

    let whole = "query($n: String!, $p: LogPosition) {
        incident(number: $n, minPosition: $p) { number narrative { value } reporter { name { value } } } }";
    let answer = system.ask(whole, json!({"n": first.number, "p": at})).await;
    assert_eq!(answer["data"]["incident"]["reporter"]["name"]["value"], "Anna Bērziņa", "{answer}");
    let told = |scope: &str| (id(&first), scope.to_owned());
    assert_eq!(shown(system.pool()).await, [told("summary"), told("narrative"), told("reporter")]);

    let bare = "query($n: String!) { incident(number: $n) { number } }";
    system.ask(bare, json!({"n": second.number})).await;
    assert_eq!(shown(system.pool()).await.split_off(3), [(id(&second), "summary".to_owned())]);

    // Nothing of a record is shown: that there are two is no look at either.
    let count = system.ask("{ incidents { totalCount } }", json!({})).await;
    assert_eq!(count["data"]["incidents"]["totalCount"], 2, "{count}");
    system.ask("{ __typename }", json!({})).await;
    system.ask("{ incident(number: \"VNR-2001-0000001\") { number } }", json!({})).await;
    assert_eq!(shown(system.pool()).await.len(), 4);

    let page = system.ask("{ incidents { nodes { number timeline { nodes { type } } } } }", json!({})).await;
    assert_eq!(page["data"]["incidents"]["nodes"].as_array().unwrap().len(), 2, "{page}");
    let told: BTreeSet<_> = shown(system.pool()).await.split_off(4).into_iter().collect();
    let both = [id(&first), id(&second)].into_iter();
    let expected = both.flat_map(|id| ["summary", "history"].map(|scope| (id, scope.to_owned())));
    assert_eq!(told, expected.collect());
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_access_log_can_not_be_written_nothing_is_shown() {
    let system = TestSystem::start().await;
    let connection = system.connect(&dispatcher()).await;
    let reply = register(&connection).await;
    let query = "query($n: String!, $p: LogPosition) { incident(number: $n, minPosition: $p) { number } }";
    let variables = json!({"n": reply.number, "p": position(&reply)});

    let mut blocker = system.pool().begin().await.unwrap();
    sqlx::query("select from access.head for update").execute(&mut *blocker).await.unwrap();
    let refused = system.ask(query, variables.clone()).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{refused}");
    assert!(refused["data"].is_null(), "{refused}");
    let free = system.ask("{ logs { name } }", json!({})).await;
    assert!(free["errors"].is_null(), "what shows no record needs no log: {free}");

    blocker.rollback().await.unwrap();
    let answer = system.ask(query, variables).await;
    assert_eq!(answer["data"]["incident"]["number"], reply.number, "{answer}");
    assert!(shown(system.pool()).await.contains(&(reply.aggregate_id.parse().unwrap(), "summary".to_owned())));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_in_the_access_log_and_nobody_fills_it_with_them() {
    let system = TestSystem::start().await;
    let auditor = access::Principal::new(
        "some-auditor",
        access::Institution::parse("VP").unwrap(),
        vec![access::Role::Auditor],
        access::Purpose::Audit,
        chrono::Utc::now() + chrono::TimeDelta::hours(1),
    );
    let mut incidents = IncidentServiceClient::new(system.connect(&auditor).await);
    for _ in 0..60 {
        assert_eq!(incidents.register_incident(incident()).await.unwrap_err().code(), tonic::Code::PermissionDenied);
        let stranger = ask(system.http(), Some("no.such.token"), "{ logs { name } }", json!({})).await;
        assert_eq!(stranger["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
    let told = async || -> BTreeMap<Option<String>, i64> {
        let sql = "select metadata::json->>'actor', count(*) from access.events
                   where event_type = 'AccessRefused' group by 1";
        sqlx::query_as::<_, (Option<String>, i64)>(sql).fetch_all(system.pool()).await.unwrap().into_iter().collect()
    };
    // They are told without being waited for.
    let expected = BTreeMap::from([(Some("some-auditor".to_owned()), 20), (None, 20)]);
    for _ in 0..50 {
        if told().await == expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(told().await, expected);
    system.stop().await;
}

/// Asks for a record; None where the server was gone before the answer was whole.
async fn ask_if_there(process: &VnrProcess, token: &str, id: &str) -> Option<Value> {
    let query = "query($i: ID!) { incident(id: $i) { number narrative { value } } }";
    let body = json!({ "query": query, "variables": { "i": id } }).to_string();
    let mut stream = tokio::net::TcpStream::connect(process.http).await.ok()?;
    let request = format!(
        "POST /graphql HTTP/1.0\r\nhost: vnr\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    // Whatever arrived was shown, whole or not.
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8(answer).ok()?;
    serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_between_log_and_answer_leaves_no_answered_read_out_of_the_log() {
    let folder = std::env::temp_dir().join(format!("vnr-access-{}", Uuid::now_v7()));
    let settings = Settings::in_folder(&folder);
    let (rounds, of_each) = if long() { (12, 200) } else { (2, 60) };
    let mut answered: BTreeSet<Uuid> = BTreeSet::new();
    for round in 0..rounds {
        let mut process = VnrProcess::up(&folder);
        let key = DevelopmentKey::load_or_create(&settings.token_key_file()).unwrap();
        let token = TokenIssuer::new(&key).issue(&dispatcher()).unwrap();
        let channel = Channel::from_shared(format!("http://{}", process.grpc)).unwrap().connect().await.unwrap();
        let connection = InterceptedService::new(channel, Bearer::new(&token));
        let mut ids = Vec::new();
        let mut last = pb::CommandReply::default();
        for _ in 0..of_each {
            last = register(&connection).await;
            ids.push(last.aggregate_id.clone());
        }
        let wait = "query($p: LogPosition) { incidents(first: 0, minPosition: $p, waitSeconds: 30) { totalCount } }";
        ask(process.http, Some(&token), wait, json!({"p": position(&last)})).await;

        let enough = of_each / 4 + round * of_each / (2 * rounds);
        let (next, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let asking = async {
            let ask_on = || async {
                while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(answer) = ask_if_there(&process, &token, id).await else { return };
                    assert!(answer["data"]["incident"]["narrative"]["value"].is_string(), "{answer}");
                    told.lock().await.push(id.parse::<Uuid>().unwrap());
                }
            };
            tokio::join!(ask_on(), ask_on(), ask_on(), ask_on(), ask_on(), ask_on());
        };
        let until_enough = async {
            while told.lock().await.len() < enough {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = asking => panic!("all was answered before the kill"),
            () = until_enough => {}
        }
        process.kill();
        answered.extend(told.lock().await.iter());
    }
    // Started again, and asked the way that the data-protection officer does.
    let process = VnrProcess::up(&folder);
    let arguments = ["access", "log", "--actor", "test-dispatcher", "--limit", "10000", "--json", "--data-dir"];
    let mut logged: BTreeSet<Uuid> = BTreeSet::new();
    for _ in 0..100 {
        let output = Command::new(vnr_binary()).args(arguments).arg(&folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let looks: Value = serde_json::from_slice(&output.stdout).unwrap();
        let looks = looks["looks"].as_array().unwrap();
        let records = looks.iter().flat_map(|look| look["records"].as_array().unwrap());
        logged = records.map(|record| record.as_str().unwrap().parse().unwrap()).collect();
        // The view comes after the log.
        if answered.is_subset(&logged) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let missing: Vec<_> = answered.difference(&logged).collect();
    assert!(missing.is_empty(), "{} of {} answered reads are in no log: {missing:?}", missing.len(), answered.len());
    assert!(answered.len() >= rounds * of_each / 4);
    drop(process);
    let verified = Command::new(vnr_binary()).args(["log", "verify", "--data-dir"]).arg(&folder).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(verified.status.success(), "{}{}", said(&verified.stdout), said(&verified.stderr));
    let _ = std::fs::remove_dir_all(&folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_a_record_or_at_the_access_log_with_a_tool_is_in_the_access_log() {
    let folder = std::env::temp_dir().join(format!("vnr-tools-{}", Uuid::now_v7()));
    let process = VnrProcess::up(&folder);
    let key = DevelopmentKey::load_or_create(&Settings::in_folder(&folder).token_key_file()).unwrap();
    let token = TokenIssuer::new(&key).issue(&dispatcher()).unwrap();
    let channel = Channel::from_shared(format!("http://{}", process.grpc)).unwrap().connect().await.unwrap();
    let reply = register(&InterceptedService::new(channel, Bearer::new(&token))).await;
    let vnr = |arguments: &[&str]| {
        let output = Command::new(vnr_binary()).args(arguments).arg("--data-dir").arg(&folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    vnr(&["record", "history", &reply.number, "--token", &token, "--reference", "VEK-2026-0000007"]);
    vnr(&["subject", "export", &reply.number, "-o", "-", "--recipient", "Rīgas pilsētas tiesa"]);
    let mut kinds = Vec::new();
    for _ in 0..100 {
        let looks: Value = serde_json::from_str(&vnr(&["access", "log", "--json"])).unwrap();
        let told = looks["looks"].as_array().unwrap().iter().rev().take(4);
        kinds = told
            .map(|look| {
                let told = |name: &str| look[name].as_str().unwrap_or_default().to_owned();
                let scopes = look["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap());
                let scopes = scopes.collect::<Vec<_>>().join(" ");
                (told("kind"), told("actor"), told("purpose"), told("reference"), scopes, told("recipient"))
            })
            .collect();
        if kinds.len() == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let told = |kind: &str, purpose: &str, reference: &str, scopes: &str, recipient: &str| {
        [kind, purpose, reference, scopes, recipient].map(ToOwned::to_owned)
    };
    let without_actor = |(kind, _, purpose, reference, scopes, recipient): &(_, _, _, _, _, _)| {
        [kind, purpose, reference, scopes, recipient].map(String::clone)
    };
    assert_eq!(
        kinds.iter().map(without_actor).collect::<Vec<_>>(),
        [
            told("consulted", "response", "VEK-2026-0000007", "narrative reporter history", ""),
            told("consulted", "investigation", "development", "summary narrative reporter personal_code", ""),
            told(
                "disclosed",
                "investigation",
                "development",
                "summary narrative reporter personal_code",
                "Rīgas pilsētas tiesa"
            ),
            told("consulted", "audit", "development", "access_log", ""),
        ]
    );
    assert_eq!(kinds[0].1, "test-dispatcher");
    drop(process);
    let _ = std::fs::remove_dir_all(&folder);
}
