//! A person in a journal's record that waits is shown what it says of them, and is erased from it: after that nobody reads it, and the
//! record stands as it did.

use std::collections::BTreeMap;
use std::fs;

use domain::ids;
use domain::values::{ExternalId, SourceSystem};
use proto::command::v1 as pb;
use proto::command::v1::IntakeEffect as Effect;
use proto::command::v1::source_journal_service_client::SourceJournalServiceClient;
use serde_json::{Value, json};
use tests::{Bearer, Connection, Folder, VnrProcess, ask_for, envelope};
use tonic::transport::Channel;
use uuid::Uuid;

const SYSTEM: &str = "enz-ogre";
const MAPPING: &str = "[fields]
veids = 'type_code'
apraksts = 'narrative'
zinotajs = 'reporter.name'
cietusais = 'persons[0].name'
[defaults]
category = 'C'
channel = 'phone_110'
'persons[0].role' = 'victim'
";

/// A register with that journal in service, and the connection of the journal.
async fn live(folder: &Folder) -> (VnrProcess, SourceJournalServiceClient<Connection>) {
    let server = VnrProcess::up(&folder.home());
    let file = folder.path().join("ogre.toml");
    fs::write(&file, MAPPING).unwrap();
    let file = file.to_str().unwrap();
    for arguments in [
        &["journal", "register", SYSTEM, "--institution", "PP-OGRE", "--lv", "Žurnāls", "--en", "Journal"][..],
        &["journal", "map", SYSTEM, file, "--reason", "Līgums 17"],
        &["journal", "phase", SYSTEM, "testing", "--reason", "Līgums 17"],
        &["journal", "phase", SYSTEM, "live", "--reason", "Līgums 17"],
    ] {
        let (done, said) = folder.centre(&server, "k.liepa", arguments);
        assert!(done, "{arguments:?}: {said}");
    }
    let token = folder.token("journal", "PP-OGRE", "system", "response", &[]);
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    (server, SourceJournalServiceClient::with_interceptor(channel, Bearer::new(&token)))
}

fn push(external_id: &str, victim: &str) -> pb::PushRecord {
    let source = pb::Source { system: SYSTEM.to_owned(), external_id: external_id.to_owned(), ..Default::default() };
    let envelope = envelope().map(|envelope| pb::Envelope { source: Some(source), ..envelope });
    let fields = [("veids", "???"), ("apraksts", "Nozagts."), ("zinotajs", "Jānis Bērziņš"), ("cietusais", victim)];
    let fields: BTreeMap<_, _> = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    pb::PushRecord { envelope, fields }
}

/// What waits of the journal, as an officer of its institution sees it, by its id there; once two wait.
async fn waiting(server: &VnrProcess, token: &str) -> BTreeMap<String, Value> {
    let query =
        "{ journals { quarantine(first: 5) { nodes { externalId faults { path message } fields { name value } } } } }";
    for _ in 0..100 {
        let answer = ask_for(server.http, Some(token), Some("KL-1"), query, json!({})).await;
        let nodes = answer["data"]["journals"][0]["quarantine"]["nodes"].as_array().cloned().unwrap_or_default();
        if nodes.len() == 2 {
            return nodes.into_iter().map(|node| (node["externalId"].as_str().unwrap().to_owned(), node)).collect();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the read model has not taken in what waits");
}

/// As that supervisor of the State Police.
fn erase(folder: &Folder, server: &VnrProcess, name: &str, target: &str, more: &[&str]) {
    let token = folder.token(name, "VP", "supervisor", "administration", &[]);
    let url = format!("http://{}", server.grpc);
    let sending = ["--token", &token, "--target-url", &url, "--reference", "L-17"];
    folder.told(&[&["subject", "erase", target], more, &sending].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_in_a_record_that_waits_is_told_what_it_says_of_them_and_erased_from_it() {
    let folder = Folder::new("kept-records");
    let (server, mut journal) = live(&folder).await;
    let mut records = Vec::new();
    for (external_id, victim) in [("17", "Anna Liepa"), ("18", "Ilze Kalna")] {
        let reply = journal.push_record(push(external_id, victim)).await.unwrap().into_inner();
        assert_eq!(reply.intake.as_ref().unwrap().effect(), Effect::Quarantined, "{reply:?}");
        records.push(reply.aggregate_id);
    }
    let officer = folder.token("a.ozola", "PP-OGRE", "supervisor", "response", &[]);
    let before = waiting(&server, &officer).await;
    assert!(
        before.values().all(|node| node["fields"].as_array().is_some_and(|fields| fields.len() == 4)),
        "{before:?}"
    );
    let system = SourceSystem::parse(SYSTEM).unwrap();
    let incident: Uuid = ids::of_source("incident", &system, &ExternalId::parse("17").unwrap());
    let anna = ids::of_part(incident, "person", 0).to_string();

    // What is handed to her is hers alone.
    let exported = folder.told(&["subject", "export", &anna, "-o", "-"]);
    assert!(exported.contains("Anna Liepa") && !exported.contains("Bērziņš"), "{exported}");
    let proof = folder.path().join("before.proof.json");
    folder.told(&["record", "prove", &records[0], "-o", proof.to_str().unwrap()]);
    let keys = folder.path().join("vnr.keys");
    fs::write(&keys, folder.told(&["notary", "keys"])).unwrap();

    erase(&folder, &server, "a.ozola", &anna, &["--ground", "subject-request"]);
    erase(&folder, &server, "p.kalnins", &anna, &["--approve"]);

    let after = waiting(&server, &officer).await;
    assert_eq!(after["17"]["fields"], Value::Null);
    assert_eq!(after["17"]["faults"], json!([{ "path": "type_code", "message": null }]), "why it waits is known");
    assert_eq!(after["18"], before["18"]);
    for (record, state) in records.iter().zip(["erased", "sealed"]) {
        let listed = folder.json(&["subject", "list", record, "--json"]);
        let states: Vec<&Value> = listed["keys"].as_array().unwrap().iter().map(|key| &key["state"]).collect();
        assert_eq!(states, [state; 3], "its own, the reporter's and the victim's: {listed}");
    }
    assert!(!folder.told(&["subject", "export", &anna, "-o", "-"]).contains("Anna Liepa"));
    folder.told(&["log", "verify"]);
    folder.told(&["proof", "check", proof.to_str().unwrap(), "--key", keys.to_str().unwrap()]);
}
