//! Personal data of the running system is erased by two persons; after that nobody finds it anywhere, and proofs still hold.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use event_store::private_pg::PrivatePg;
use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{Bearer, VnrProcess, ask, by_number, envelope, position, vnr_binary};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;

const NAME: &str = "Zuzanna Nekurnerakstītā";
const STORY: &str = "vāvere iekodusi kaimiņam un aizbēgusi pār jumtiem";

/// A folder of the test's own, removed at its end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!("vnr-e2e-erasure-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn vnr(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(vnr_binary());
        command.args(arguments).arg("--data-dir").arg(&self.0).envs(variables.iter().copied());
        command.output().unwrap()
    }

    /// What it prints, where it succeeds.
    fn told(&self, arguments: &[&str]) -> String {
        let output = self.vnr(arguments, &[]);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.told(arguments)).unwrap()
    }

    fn token(&self, role: &str, purpose: &str, subject: &str) -> String {
        let arguments = ["token", "--institution", "VUGD", "--role", role, "--purpose", purpose, "--subject", subject];
        self.told(&arguments).trim().to_owned()
    }

    /// As that supervisor: whether it was done, and what was said.
    fn supervisor(&self, server: &VnrProcess, name: &str, arguments: &[&str]) -> (bool, String) {
        let token = self.token("supervisor", "administration", name);
        let target = format!("http://{}", server.grpc);
        let output = self
            .vnr(&[arguments, &["--reference", "L-17"]].concat(), &[("VNR_TOKEN", &token), ("VNR_TARGET", &target)]);
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// Files below it that hold these bytes.
    fn holding(&self, bytes: &[u8]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() && fs::read(entry.path()).is_ok_and(|content| contains(&content, bytes)) {
                    found.push(entry.path());
                }
            }
        }
        found
    }
}

fn contains(content: &[u8], bytes: &[u8]) -> bool {
    content.windows(bytes.len()).any(|window| window == bytes)
}

async fn connect(
    server: &VnrProcess,
    folder: &Folder,
) -> EmergencyCardServiceClient<InterceptedService<Channel, Bearer>> {
    let token = folder.token("dispatcher", "response", "d.liepa");
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    EmergencyCardServiceClient::new(InterceptedService::new(channel, Bearer::new(&token)))
}

fn call(name: &str, story: &str) -> pb::ReceiveCall {
    pb::ReceiveCall {
        envelope: envelope(),
        channel: pb::Channel::Phone112 as i32,
        caller: Some(pb::Reporter { name: name.into(), phone: "+37120000017".into(), ..Default::default() }),
        narrative: story.into(),
        ..Default::default()
    }
}

fn qualify(number: &str) -> pb::QualifyCard {
    pb::QualifyCard {
        envelope: envelope(),
        card: by_number(number),
        type_code: "structure-fire".into(),
        priority: pb::Priority::P1 as i32,
        ..Default::default()
    }
}

fn decide(number: &str, reason: &str) -> pb::DecideServices {
    pb::DecideServices {
        envelope: envelope(),
        card: by_number(number),
        services: vec![pb::Service::FireRescue as i32],
        reason: reason.into(),
    }
}

/// The keys of that record as they are, out of their wrapping.
async fn raw_keys(pool: &PgPool, folder: &Folder, record: &str) -> Vec<Vec<u8>> {
    let file = fs::read_to_string(folder.0.join("master.key")).unwrap();
    let digits = file.lines().find_map(|line| line.strip_prefix("1 ")).unwrap().trim().to_owned();
    let master: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()).collect();
    let master = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &master).unwrap());
    let sql = "select key_id, wrapped from register.keys where aggregate_id = $1::uuid";
    let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(sql).bind(record).fetch_all(pool).await.unwrap();
    rows.into_iter()
        .map(|(id, wrapped)| {
            let nonce = Nonce::try_assume_unique_for_key(&wrapped[..12]).unwrap();
            let mut sealed = wrapped[12..].to_vec();
            master.open_in_place(nonce, Aad::from(id.as_bytes()), &mut sealed).unwrap().to_vec()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_two_persons_erased_a_record_its_personal_data_is_nowhere_and_proofs_still_hold() {
    let folder = Folder::new();
    let server = VnrProcess::up(&folder.0);
    let other = VnrProcess::start(&["serve", "command-api"], &folder.0);
    let mut cards = connect(&server, &folder).await;
    let card = cards.receive_call(call(NAME, STORY)).await.unwrap().into_inner();
    let kept = cards.receive_call(call("Jānis Paliekošais", "deg")).await.unwrap().into_inner();
    let number = card.number.as_str();
    // Another process has the record's keys in memory too.
    let mut elsewhere = connect(&other, &folder).await;
    elsewhere.qualify_card(qualify(number)).await.unwrap();
    elsewhere.decide_services(decide(number, STORY)).await.unwrap();

    let pool = PgPool::connect(&PrivatePg::attach(&folder.0).unwrap().unwrap().owner_url()).await.unwrap();
    let raw = raw_keys(&pool, &folder, &card.aggregate_id).await;
    assert_eq!(raw.len(), 2, "the caller's and the record's own");
    let keys = folder.0.join("vnr.keys");
    fs::write(&keys, folder.told(&["notary", "keys"])).unwrap();
    let before = folder.0.join("before.proof.json");
    folder.told(&["record", "prove", number, "-o", before.to_str().unwrap()]);
    let exported = folder.told(&["subject", "export", number, "-o", "-"]);
    assert!(exported.contains(NAME) && exported.contains(STORY), "{exported}");

    // A hold, one person, the wrong role: each a sentence.
    let held = folder.supervisor(&server, "a.ozola", &["subject", "hold", number, "--for", "KP 11816000126"]);
    assert!(held.0, "{}", held.1);
    let ask_for = ["subject", "erase", number, "--ground", "subject-request", "--reason", "viņa lūdza"];
    let (done, said) = folder.supervisor(&server, "a.ozola", &ask_for);
    assert!(!done && said.contains("it must be kept for KP 11816000126"), "{said}");
    folder.supervisor(&server, "a.ozola", &["subject", "release", number, "--for", "KP 11816000126"]);
    let (done, said) = folder.supervisor(&server, "a.ozola", &ask_for);
    assert!(done, "{said}");
    let (done, said) = folder.supervisor(&server, "a.ozola", &["subject", "erase", number, "--approve"]);
    assert!(!done && said.contains("another person must approve it"), "{said}");
    let listed = folder.told(&["subject", "list", number]);
    assert!(listed.contains("a.ozola of VUGD has asked for its erasure"), "{listed}");
    let (done, said) = folder.supervisor(&server, "p.kalnins", &["subject", "erase", number, "--approve"]);
    assert!(done && said.contains("its keys are destroyed"), "{said}");

    // The other process goes on with the record, under new keys.
    let more = elsewhere.decide_services(pb::DecideServices {
        services: vec![pb::Service::Medical as i32],
        ..decide(number, "jauns iemesls")
    });
    let reply = more.await.unwrap().into_inner();

    let query = "query($n: String!, $p: LogPosition) { card(number: $n, minPosition: $p) { narrative { value erased } caller { name { value erased } } } }";
    let token = folder.token("dispatcher", "response", "d.liepa");
    let variables = json!({ "n": number, "p": position(&reply) });
    let shown = ask(server.http, Some(&token), query, variables).await;
    assert_eq!(shown["data"]["card"]["caller"]["name"], json!({ "value": null, "erased": true }), "{shown}");
    assert_eq!(shown["data"]["card"]["narrative"], json!({ "value": null, "erased": true }), "{shown}");
    let exported = folder.json(&["subject", "export", number, "-o", "-"]);
    let values: Vec<&Value> =
        exported["records"][0]["fields"].as_array().unwrap().iter().map(|field| &field["value"]).collect();
    assert_eq!(values, [&Value::Null, &Value::Null, &Value::Null, &Value::Null, &json!("jauns iemesls")]);
    let listed = folder.json(&["subject", "list", number, "--json"]);
    let states: Vec<&Value> = listed["keys"].as_array().unwrap().iter().map(|key| &key["state"]).collect();
    assert_eq!(states, ["sealed", "erased", "erased"]);
    assert!(folder.told(&["record", "history", number]).contains("two independent readers"));
    folder.told(&["log", "verify"]);
    let after = folder.0.join("after.proof.json");
    folder.told(&["record", "prove", number, "-o", after.to_str().unwrap()]);
    for proof in [&before, &after] {
        folder.told(&["proof", "check", proof.to_str().unwrap(), "--key", keys.to_str().unwrap()]);
    }

    // The master key is rotated while all goes on, and the old one destroyed: what is kept still opens.
    folder.told(&["keys", "rotate"]);
    cards.receive_call(call("Ilze Jaunā", "dūmi")).await.unwrap();
    folder.told(&["keys", "retire", "1"]);
    let listed = folder.json(&["keys", "list", "--json"]);
    assert!(listed.as_array().unwrap().iter().all(|row| row["generation"] == 2 || row["keys"] == 0), "{listed}");
    let opened = folder.told(&["subject", "export", &kept.number, "-o", "-"]);
    assert!(opened.contains("Jānis Paliekošais"), "{opened}");

    // Nowhere: not in a dump, not in a file of the database, its journal, or anything else of the system.
    sqlx::query("vacuum").execute(&pool).await.unwrap();
    sqlx::query("checkpoint").execute(&pool).await.ok();
    let pg = PrivatePg::attach(&folder.0).unwrap().unwrap();
    let dump = Command::new(pg.program("pg_dump").unwrap()).arg(pg.owner_url()).output().unwrap();
    assert!(dump.status.success(), "{dump:?}");
    assert!(contains(&dump.stdout, number.as_bytes()), "it is a dump of this register");
    pool.close().await;
    let mut searched = vec![NAME.as_bytes().to_vec(), STORY.as_bytes().to_vec(), b"+37120000017".to_vec()];
    searched.extend(raw);
    for bytes in searched {
        assert!(!contains(&dump.stdout, &bytes), "a dump holds {}", String::from_utf8_lossy(&bytes));
        let files = folder.holding(&bytes);
        assert!(files.is_empty(), "{files:?} hold {}", String::from_utf8_lossy(&bytes));
    }
    let list = fs::read_to_string(folder.0.join("erasures/register.erasures")).unwrap();
    assert_eq!(list.lines().count(), 2);
    assert!(list.contains(&card.aggregate_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_does_not_start_with_another_master_key_and_destroys_again_what_a_restore_brought_back() {
    let folder = Folder(std::env::temp_dir().join(format!("vnr-e2e-master-{}", std::process::id())));
    fs::create_dir_all(&folder.0).unwrap();
    let mut server = VnrProcess::up(&folder.0);
    let mut cards = connect(&server, &folder).await;
    let card = cards.receive_call(call(NAME, STORY)).await.unwrap().into_inner();
    let key_ids: Vec<Uuid> = {
        let pool = PgPool::connect(&PrivatePg::attach(&folder.0).unwrap().unwrap().owner_url()).await.unwrap();
        sqlx::query_scalar("select key_id from register.keys order by 1").fetch_all(&pool).await.unwrap()
    };
    server.kill();

    let right = folder.0.join("master.key");
    fs::rename(&right, folder.0.join("kept.key")).unwrap();
    let refused = |wanted: &str, variables: &[(&str, &str)]| {
        let output = folder.vnr(&["up", "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"], variables);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(wanted), "{said}");
    };
    refused("is missing, and personal data in the database is sealed with it", &[]);
    let other = "ab".repeat(32);
    refused("is not the master key that this log's personal data", &[("VNR_MASTER_KEY", &other)]);
    fs::rename(folder.0.join("kept.key"), &right).unwrap();

    // The list outside names the keys, as after a restore of a backup from before the erasure.
    let line = |key: &Uuid| {
        let destroyed_at = "2026-11-21T10:00:00Z";
        json!({ "key_id": key, "record": card.aggregate_id, "destroyed_at": destroyed_at }).to_string() + "\n"
    };
    fs::create_dir_all(folder.0.join("erasures")).unwrap();
    fs::write(folder.0.join("erasures/register.erasures"), key_ids.iter().map(line).collect::<String>()).unwrap();
    let _server = VnrProcess::up(&folder.0);
    let listed = folder.json(&["subject", "list", &card.number, "--json"]);
    assert!(listed["keys"].as_array().unwrap().iter().all(|key| key["state"] == "erased"), "{listed}");
    assert!(!folder.told(&["subject", "export", &card.number, "-o", "-"]).contains(NAME));
}
