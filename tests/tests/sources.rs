//! A journal sends under its own name alone, until two persons give it another account.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use proto::command::v1 as pb;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use serde_json::{Value, json};
use tests::{Bearer, Folder, VnrProcess, envelope, project_file, vnr_binary};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

/// The register's policies with another table of institutions.
fn policies(folder: &Folder, table: impl FnOnce(String) -> String) -> String {
    let folder = folder.path().join("policies");
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(project_file("schema/policies")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let file = folder.join("institutions.toml");
    fs::write(&file, table(fs::read_to_string(&file).unwrap())).unwrap();
    folder.to_str().unwrap().to_owned()
}

/// Imports two calls under the name of that system.
fn import(folder: &Folder, server: &VnrProcess, token: &str, system: &str) -> (Value, String) {
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(file("calls.csv"), "call,received\n1,2026-03-28 09:00\n2,2026-03-28 10:00\n").unwrap();
    let mapping = format!(
        "[source]\nsystem = \"{system}\"\nformat = \"csv\"\ntime_zone = \"Europe/Riga\"\n\
         time_formats = [\"%Y-%m-%d %H:%M\"]\nexternal_id = {{ column = \"call\" }}\n\
         [[row]]\ncommand = \"receive_call\"\nid = \"{{call}}\"\noccurred_at = \"received\"\n\
         fields.channel = \"CHANNEL_PHONE_112\"\n"
    );
    fs::write(file("mapping.toml"), mapping).unwrap();
    let target = format!("http://{}", server.grpc);
    let output = Command::new(vnr_binary())
        .args(["import", &file("calls.csv"), "--mapping", &file("mapping.toml"), "--target", &target])
        .args(["--token", token, "--json", "--restart", "--progress-file", &file("progress.json")])
        .args(["--rejects", &file("rejects.csv")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let reasons = Path::new(&file("rejects.csv.reasons.jsonl")).to_owned();
    (serde_json::from_slice(&output.stdout).unwrap(), fs::read_to_string(reasons).unwrap_or_default())
}

async fn register(server: &VnrProcess, token: &str, system: &str, id: &str) -> Result<pb::CommandReply, Status> {
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    let mut incidents = IncidentServiceClient::new(InterceptedService::new(channel, Bearer::new(token)));
    let source = pb::Source { system: system.to_owned(), external_id: id.to_owned(), ..Default::default() };
    let incident = pb::RegisterIncident {
        envelope: envelope().map(|envelope| pb::Envelope { source: Some(source), ..envelope }),
        channel: pb::Channel::Phone110 as i32,
        type_code: "theft".into(),
        category: pb::Category::B as i32,
        ..Default::default()
    };
    incidents.register_incident(incident).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_journal_sends_once_two_persons_have_given_it_its_account() {
    let folder = Folder::new("sources");
    let server = VnrProcess::up(&folder.home());
    let journal = folder.token("enz", "PP-OGRE", "system", "response", &[]);
    register(&server, &journal, "enz-ogre", "1").await.unwrap();
    let refused = register(&server, &journal, "ogre-new", "1").await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    let (summary, reasons) = import(&folder, &server, &journal, "ogre-new");
    assert_eq!(summary["rows"]["refused"], 2, "{summary}");
    assert!(reasons.contains("PERMISSION_DENIED") && reasons.contains("`ogre-new`"), "{reasons}");

    let log = folder.json(&["access", "log", "--json"]);
    let looks = log["looks"].as_array().unwrap();
    let told = |attempt: &str| {
        looks.iter().filter(|look| look["attempt"] == attempt && look["institution"] == "PP-OGRE").count()
    };
    assert_eq!((told("RegisterIncident"), told("ReceiveCall")), (1, 2), "{log}");

    // What stands wrongly in the table is told before it is proposed.
    let wrong = policies(&folder, |table| table.replace("\"enz-{rest}\"", "\"*\", \"enz {rest}\""));
    let output = folder.vnr(&["access", "policy", "check", &wrong]);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!output.status.success() && said.contains("sources[0]") && said.contains("sources[1]"), "{said}");

    let given = policies(&folder, |table| table.replace("\"enz-{rest}\"", "\"enz-{rest}\", \"{rest}-new\""));
    let checked = folder.json(&["access", "policy", "check", &given, "--json"]);
    let digest = checked["digest"].as_str().unwrap();
    let (done, said) =
        folder.centre(&server, "a.ozola", &["access", "policy", "propose", &given, "--reason", "a journal"]);
    assert!(done, "{said}");
    let (done, said) =
        folder.centre(&server, "p.kalnins", &["access", "policy", "adopt", digest, "--reason", "agreed"]);
    assert!(done, "{said}");
    let since = Instant::now();
    while let Err(refused) = register(&server, &journal, "ogre-new", "1").await {
        assert!(refused.code() == Code::PermissionDenied && since.elapsed() < Duration::from_secs(5), "{refused}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (summary, _) = import(&folder, &server, &journal, "ogre-new");
    assert_eq!((&summary["rows"]["accepted"], &summary["rows"]["refused"]), (&json!(2), &json!(0)), "{summary}");
    let neighbour = folder.token("enz", "PP-SALASPILS", "system", "response", &[]);
    assert_eq!(register(&server, &neighbour, "ogre-new", "2").await.unwrap_err().code(), Code::PermissionDenied);
}
