//! Lists of codes are loaded while the register runs, hold for the days that they name, in every process, and after a restart.

use std::fs;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use serde_json::{Value, json};
use tests::{Bearer, Folder, VnrProcess, envelope_at, get};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// What is loaded holds within a second; a slow machine gets another.
const SOON: Duration = Duration::from_secs(2);
const JUNE: &str = "2025-06-20T12:00:00+03:00";
const JULY: &str = "2025-07-10T12:00:00+03:00";

/// Registers an incident of that type that happened then.
async fn register(server: &VnrProcess, token: &str, type_code: &str, at: &str) -> Result<pb::CommandReply, Status> {
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    let mut incidents = IncidentServiceClient::new(InterceptedService::new(channel, Bearer::new(token)));
    let incident = pb::RegisterIncident {
        envelope: envelope_at(at),
        channel: pb::Channel::Phone110 as i32,
        type_code: type_code.into(),
        category: pb::Category::C as i32,
        ..Default::default()
    };
    incidents.register_incident(incident).await.map(tonic::Response::into_inner)
}

/// The same, once what was loaded has come to that process.
async fn register_soon(server: &VnrProcess, token: &str, type_code: &str, at: &str) {
    let asked = Instant::now();
    while let Err(refused) = register(server, token, type_code, at).await {
        assert!(asked.elapsed() < SOON, "{type_code} at {at}: {refused}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What is said of a code that may not be used.
async fn refused(server: &VnrProcess, token: &str, type_code: &str, at: &str) -> String {
    let status = register(server, token, type_code, at).await.expect_err("the code may not be used");
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let details = status.get_error_details();
    let wrong = &details.bad_request().expect("what is wrong").field_violations[0];
    assert_eq!(wrong.field, "type_code");
    wrong.description.clone()
}

fn file(folder: &Folder, name: &str, lines: &[&str]) -> String {
    let path = folder.path().join(name);
    fs::write(&path, format!("code,valid_from,valid_until,lv,en,iccs\n{}\n", lines.join("\n"))).unwrap();
    path.to_str().unwrap().to_owned()
}

/// One classifier of `vnr classifier list`.
fn listed(folder: &Folder, system: &str) -> Value {
    let all = folder.json(&["classifier", "list", "--json"]);
    let all = all["classifiers"].as_array().unwrap().clone();
    all.into_iter().find(|one| one["system"] == system).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loaded_code_holds_on_its_days_in_every_process_and_after_a_restart() {
    let folder = Folder::new("classifiers");
    let mut server = VnrProcess::up(&folder.home());
    let mut second = VnrProcess::start(&["serve", "command-api"], &folder.home());
    let police = folder.token("k.liepa", "VP", "dispatcher", "response", &[]);
    let before = listed(&folder, "incident-type");
    assert_eq!((&before["loaded_at"], &before["lv"]), (&Value::Null, &json!("Notikuma veids")));
    assert!(folder.told(&["classifier", "list"]).contains("built in"));
    register(&server, &police, "noise", JULY).await.unwrap();
    assert!(refused(&server, &police, "drone-sighting", JULY).await.contains("unknown incident-type"));

    let not_yet = (Utc::now() + TimeDelta::days(2)).format("%Y-%m-%d").to_string();
    let given = file(
        &folder,
        "types.csv",
        &[
            "drone-sighting,2025-07-01,,Drons aizliegtā vietā,Drone in a forbidden place,09",
            "noise,,2025-07-01,Miera traucēšana,Noise,08",
            &format!("moon-landing,{not_yet},,Nosēšanās uz Mēness,Moon landing,"),
        ],
    );
    let load = ["classifier", "load", "incident-type", &given, "--reason", "illustrative"];
    let (done, said) = folder.centre(&server, "a.ozola", &load);
    assert!(done && said.contains("2 new, 0 changed, 1 ended, 0 as before"), "{said}");
    assert!(said.contains("incident-type is loaded"), "{said}");
    for process in [&server, &second] {
        register_soon(process, &police, "drone-sighting", JULY).await;
        let told = refused(process, &police, "drone-sighting", JUNE).await;
        assert!(told.contains("can't be used for 2025-06-20") && told.contains("from 2025-07-01"), "{told}");
        register(process, &police, "noise", JUNE).await.unwrap();
        let told = refused(process, &police, "noise", JULY).await;
        assert!(told.contains("until 2025-07-01"), "{told}");
        let told = refused(process, &police, "moon-landing", &Utc::now().to_rfc3339()).await;
        assert!(told.contains(&format!("from {not_yet}")), "{told}");
        // What the file does not name stays.
        register(process, &police, "theft", JULY).await.unwrap();
    }
    let (_, figures) = get(server.http, "/metrics").await;
    assert!(figures.lines().any(|line| line == "vnr_classifiers_loaded 1"), "{figures}");

    let after = listed(&folder, "incident-type");
    assert_eq!(after["loaded_by"], "a.ozola@IC");
    assert_eq!(after["entries"].as_u64(), before["entries"].as_u64().map(|entries| entries + 2));
    assert_eq!(after["valid"], before["valid"], "one has begun, one has ended");
    assert_eq!(listed(&folder, "hazard")["loaded_by"], Value::Null);
    let (done, said) = folder.centre(&server, "p.kalnins", &load);
    assert!(done && said.contains("nothing has changed"), "{said}");
    let shown = folder.told(&["classifier", "show", "incident-type", "--on", "2025-07-10", "--csv"]);
    let has = |code: &str| shown.lines().any(|line| line.starts_with(&format!("{code},")));
    assert_eq!(["theft", "drone-sighting", "noise", "moon-landing"].map(has), [true, true, false, false]);
    assert!(folder.told(&["classifier", "show", "incident-type"]).contains("Nosēšanās uz Mēness"));

    // What is shown can be loaded as it is.
    let whole = folder.path().join("whole.csv");
    fs::write(&whole, folder.told(&["classifier", "show", "incident-type", "--csv"])).unwrap();
    let dry = ["classifier", "load", "incident-type", whole.to_str().unwrap(), "--dry-run", "--json"];
    let told = folder.json(&dry);
    assert_eq!((&told["new"], &told["changed"], &told["ended"]), (&json!([]), &json!([]), &json!([])), "{told}");

    second.kill();
    server.kill();
    let server = VnrProcess::up(&folder.home());
    register(&server, &police, "drone-sighting", JULY).await.unwrap();
    assert!(refused(&server, &police, "noise", JULY).await.contains("until 2025-07-01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_is_told_whole_and_a_stranger_is_refused() {
    let folder = Folder::new("wrong-classifiers");
    let server = VnrProcess::up(&folder.home());
    let wrong = file(
        &folder,
        "wrong.csv",
        &["theft,,,Zādzība,Theft,05", "No Code,1.7.2026,,,Fraud,12", "drone,,,Drons,Drone", "x,2026-13-01,,X,X,"],
    );
    let load = ["classifier", "load", "incident-type", &wrong, "--reason", "illustrative"];
    let (done, said) = folder.centre(&server, "a.ozola", &load);
    assert!(!done, "{said}");
    for mistake in
        ["line 3: valid_from", "line 3: iccs", "line 3: code", "line 3: lv", "line 4: ", "line 5: valid_from"]
    {
        assert!(said.contains(mistake), "{mistake}: {said}");
    }
    let label = "ļ".repeat(200);
    let long: Vec<String> = (0..1_900).map(|n| format!("long-{n},,,{label},{label},")).collect();
    let long = file(&folder, "long.csv", &long.iter().map(String::as_str).collect::<Vec<_>>());
    let (done, said) =
        folder.centre(&server, "a.ozola", &["classifier", "load", "incident-type", &long, "--reason", "illustrative"]);
    assert!(
        !done && said.contains("its 1900 entries make a command of") && said.contains("load it in parts"),
        "{said}"
    );
    let wrong = file(
        &folder,
        "twice.csv",
        &["theft,2026-01-01,,Zādzība,Theft,05", "drone,2026-07-02,2026-07-01,Drons,Drone,", "y,,,Y,Y,", "y,,,Z,Z,"],
    );
    let load = ["classifier", "load", "incident-type", &wrong, "--reason", "illustrative"];
    let (done, said) = folder.centre(&server, "a.ozola", &load);
    assert!(!done, "{said}");
    for mistake in ["`theft` would mean two things", "`drone` would end before it begins", "`y` is given twice"] {
        assert!(said.contains(mistake), "{mistake}: {said}");
    }
    let (done, said) = folder.centre(&server, "a.ozola", &["classifier", "load", "crimes", &wrong, "--reason", "x"]);
    assert!(!done && said.contains("unknown classifier `crimes`"), "{said}");

    let right = file(&folder, "right.csv", &["drone,2026-07-01,,Drons,Drone,"]);
    let dry = folder.json(&["classifier", "load", "incident-type", &right, "--dry-run", "--json"]);
    assert_eq!((&dry["new"][0]["code"], &dry["same"]), (&json!("drone"), &json!(0)), "{dry}");
    let target = format!("http://{}", server.grpc);
    let load = ["classifier", "load", "incident-type", &right, "--reason", "x", "--target-url", &target];
    for (institution, role) in [("VP", "officer"), ("VP", "supervisor"), ("IC", "officer")] {
        let token = folder.token("k.liepa", institution, role, "administration", &[]);
        let refused = folder.vnr(&[&load[..], &["--token", &token, "--reference", "KL-17"]].concat());
        assert_eq!(refused.status.code(), Some(1), "{institution} {role}: {refused:?}");
    }
    assert_eq!(listed(&folder, "incident-type")["loaded_at"], Value::Null);
}
