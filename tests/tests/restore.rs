//! The restore drill: real processes, a base backup and the write-ahead log, a disaster that takes the last seconds with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use event_store::private_pg::PrivatePg;
use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use serde_json::{Value, json};
use tests::{Bearer, VnrProcess, ask, envelope, get, position, vnr_binary};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

/// Folders of one register: its data, and what has to outlive it.
struct Places(PathBuf);

impl Drop for Places {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Places {
    fn new() -> Places {
        use std::os::unix::fs::DirBuilderExt as _;
        let folder = std::env::temp_dir().join(format!("vnr-drill-{}", std::process::id()));
        fs::DirBuilder::new().mode(0o711).create(&folder).unwrap();
        fs::create_dir(folder.join("safe")).unwrap();
        Places(folder)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Keys, tree heads and backups lie elsewhere than the data.
    fn elsewhere(&self) -> Vec<String> {
        let of = |flag: &str, name: &str| [flag.to_owned(), self.at(name).display().to_string()];
        [
            of("--master-key-file", "safe/master.key"),
            of("--erasure-dir", "safe/erasures"),
            of("--notary-dir", "safe/notary"),
            of("--witness-dir", "witness"),
            of("--backup-dir", "backup"),
        ]
        .concat()
    }

    fn up(&self, home: &str) -> VnrProcess {
        let elsewhere = self.elsewhere();
        let arguments: Vec<&str> = ["up"].into_iter().chain(elsewhere.iter().map(String::as_str)).collect();
        VnrProcess::start(&arguments, &self.at(home))
    }

    fn vnr(&self, home: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(vnr_binary());
        command.args(arguments).args(self.elsewhere()).arg("--data-dir").arg(self.at(home));
        command.args(["--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"]).output().unwrap()
    }

    /// What it prints, where it ends with that code.
    fn told(&self, home: &str, arguments: &[&str], code: i32) -> String {
        let output = self.vnr(home, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    fn json(&self, home: &str, arguments: &[&str], code: i32) -> Value {
        let output = self.vnr(home, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    fn token(&self, home: &str) -> String {
        self.told(home, &["token", "--institution", "VUGD", "--role", "dispatcher", "--purpose", "response"], 0)
            .trim()
            .to_owned()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Calls are received; gives number and position of each.
async fn calls(server: &VnrProcess, token: &str, count: usize) -> Vec<(u64, String)> {
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    let mut cards = EmergencyCardServiceClient::new(InterceptedService::new(channel, Bearer::new(token)));
    let mut given = Vec::new();
    for _ in 0..count {
        let call = pb::ReceiveCall {
            envelope: envelope(),
            channel: pb::Channel::Phone112 as i32,
            caller: Some(pb::Reporter { name: "Anna Paraudziņa".into(), ..Default::default() }),
            ..Default::default()
        };
        let reply = cards.receive_call(call).await.unwrap().into_inner();
        given.push((reply.number.split('-').nth(2).unwrap().parse().unwrap(), position(&reply)));
    }
    given
}

/// Waits until the tree head outside covers that position.
fn signed(places: &Places, position: &str) -> u64 {
    let wanted: u64 = position.split('.').nth(1).unwrap().parse().unwrap();
    for _ in 0..200 {
        let note = fs::read_to_string(places.at("witness/register.checkpoint")).unwrap_or_default();
        let size: u64 = note.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0);
        if size >= wanted {
            return size;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the notary signs {position}");
}

/// Kills the program and its PostgreSQL, and waits until nothing of it runs.
fn kill(mut server: VnrProcess, data: &Path) {
    let pid_file = fs::read_to_string(data.join("postgresql/data/postmaster.pid")).unwrap();
    let postmaster = pid_file.lines().next().unwrap().to_owned();
    let _ = Command::new("kill").args(["-KILL", &postmaster]).status();
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_loses_answered_events_is_told_and_gives_nothing_out_twice() {
    let places = Places::new();
    let home = places.at("home");
    let server = places.up("home");
    let token = places.token("home");
    let before = calls(&server, &token, 20).await;
    signed(&places, &before[19].1);
    let backup = places.json("home", &["backup", "--keep", "2", "--json"], 0);
    assert_eq!((backup["archiving"].as_bool(), backup["logs"][0]["position"].as_str()), (Some(true), Some("1.20")));
    assert!(backup["verified"].as_str().unwrap().contains("successfully"), "{backup}");

    // Events after the backup come by the archive; the last ones are answered and signed, and go with the machine.
    let archived = calls(&server, &token, 10).await;
    signed(&places, &archived[9].1);
    let keys = places.at("vnr.keys");
    fs::write(&keys, places.told("home", &["notary", "keys"], 0)).unwrap();
    let number = format!("VEK-{}-{:07}", chrono::Datelike::year(&chrono::Utc::now()), before[0].0);
    let evidence = places.at("before.json");
    places.told("home", &["record", "prove", &number, "-o", text(&evidence)], 0);
    switch_segment(&home);
    // A person is erased; that is lost too, but for the list outside.
    let erased = format!("VEK-{}-{:07}", chrono::Datelike::year(&chrono::Utc::now()), before[1].0);
    erase(&places, &server, &erased);
    let lost = calls(&server, &token, 7).await;
    let size = signed(&places, &lost[6].1);
    assert_eq!(size, 39);
    kill(server, &home);
    fs::rename(&home, places.at("burnt")).unwrap();

    let restored = places.json("home", &["restore", "--json"], 3);
    let register = &restored["logs"][0];
    assert_eq!((register["end"].as_str(), register["lost_upto"].as_str()), (Some("1.30"), Some("1.39")), "{restored}");
    assert_eq!(register["verification"]["sound"], true, "{restored}");
    let next = restored["next"].as_str().unwrap();
    let witness = places.at("witness/register.checkpoint");
    assert_eq!(next, format!("vnr log recover --witness {}", witness.display()));

    // Nothing is served until the log says what is lost.
    let refused = places.told("home", &["up"], 1);
    assert!(refused.contains("vnr log recover --witness"), "{refused}");
    let again = places.told("home", &["restore"], 1);
    assert!(again.contains("--replace"), "{again}");

    let recovered = places.json("home", &["log", "recover", "--witness", text(&witness), "--json"], 0);
    let begun = &recovered["generations"][0];
    assert_eq!((&begun["generation"], &begun["begins"], &begun["voids"]), (&json!(2), &json!(31), &json!("1.39")));
    assert!(places.told("home", &["log", "recover"], 0).contains("nothing is known to be lost"));
    let known = places.json("home", &["log", "generations", "--json"], 0);
    let second = &known["generations"][1];
    assert_eq!((&second["begins"], &second["voids"], &second["signed"]), (&json!(31), &json!("1.39"), &json!(true)));
    assert!(places.told("home", &["log", "generations"], 0).contains("1.39"));
    let record = begun["record"].as_str().unwrap();
    assert!(places.told("home", &["record", "history", record], 0).contains("GenerationBegun"));

    let server = places.up("home");
    let listed = places.json("home", &["subject", "list", &erased, "--json"], 0);
    let states: Vec<&Value> = listed["keys"].as_array().unwrap().iter().map(|key| &key["state"]).collect();
    assert_eq!(states, ["erased"], "who was erased stays erased");
    // The key of development tokens went with the machine.
    let token = places.token("home");
    let after = calls(&server, &token, 5).await;
    let highest = lost.iter().map(|(number, _)| *number).max().unwrap();
    assert!(after.iter().all(|(number, _)| *number > highest + 1_000), "{after:?} after {lost:?}");
    assert_eq!(after[0].1, "2.32");
    signed(&places, &after[4].1);

    let query = "query ($p: LogPosition) { cards(first: 1, minPosition: $p) { edges { node { number } } } }";
    let asked = async |p: &str| ask(server.http, Some(&token), query, json!({ "p": p })).await;
    let refused = asked(&lost[0].1).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FAILED_PRECONDITION", "{refused}");
    for p in [&before[19].1, &archived[9].1, &after[4].1] {
        let answer = asked(p).await;
        assert!(answer.get("errors").is_none(), "{p}: {answer}");
    }

    // What survived is proved as before, by the old tree head and by a new one; what was lost is admitted.
    places.told("home", &["proof", "check", text(&evidence), "--key", text(&keys)], 0);
    places.told("home", &["record", "prove", &number, "-o", text(&evidence)], 0);
    places.told("home", &["proof", "check", text(&evidence), "--key", text(&keys)], 0);
    let voided = places.at("lost.checkpoint");
    let statement = begun["statement"].as_str().unwrap();
    assert!(statement.contains("voids 1.39"), "{statement}");
    fs::write(&voided, history_witness(&places, record)).unwrap();
    let verified =
        places.json("home", &["log", "verify", "--against", text(&voided), "--key", text(&keys), "--json"], 0);
    assert_eq!(verified["logs"][0]["voided"][0]["head"], "1.39", "{verified}");

    ahead(&places, &server).await;
    let doctor = places.json("home", &["doctor", "--json"], 0);
    assert_eq!(doctor["ok"], true, "{doctor}");
}

/// Two supervisors agree to erase a record's personal data.
fn erase(places: &Places, server: &VnrProcess, number: &str) {
    for (user, step) in [("a.ozola", ["--ground", "order"].as_slice()), ("p.kalnins", &["--approve"])] {
        let role = ["--role", "supervisor", "--purpose", "administration", "--institution", "VP", "--subject", user];
        let token = places.told("home", &[["token"].as_slice(), &role].concat(), 0);
        let target = format!("http://{}", server.grpc);
        let register = ["--target-url", &target, "--token", token.trim(), "--reference", "L-17"];
        places.told("home", &[["subject", "erase", number].as_slice(), step, &register].concat(), 0);
    }
}

/// A read model that has seen more than the log has refuses alone, is named, and is mended: as if it had been kept elsewhere.
async fn ahead(places: &Places, server: &VnrProcess) {
    set_progress(&places.at("home"), "cards", 1, 36);
    let mut found = String::new();
    for _ in 0..100 {
        found = get(server.http, "/readyz").await.1;
        if found.contains("vnr projections rebuild cards") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(found.contains("vnr projections rebuild cards"), "{found}");
    let listed = places.json("home", &["projections", "list", "--json"], 0);
    let ahead = |listed: &Value| {
        let all = listed.as_array().unwrap().iter();
        all.filter(|model| model["ahead"] == true).map(|model| model["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ahead(&listed), ["cards"], "{listed}");
    assert!(places.told("home", &["doctor"], 3).contains("vnr projections rebuild cards"));
    places.told("home", &["projections", "rebuild", "cards", "--switch", "--reason", "restored"], 0);
    assert!(ahead(&places.json("home", &["projections", "list", "--json"], 0)).is_empty());
}

/// The tree head that the log itself quotes as the one whose events are lost.
fn history_witness(places: &Places, record: &str) -> String {
    let history = places.json("home", &["record", "history", record, "--json"], 0);
    let content = &history["entries"][0]["content"];
    let content = content.get("GenerationBegun").unwrap_or(content);
    content["witness"].as_str().unwrap().to_owned()
}

fn psql(home: &Path, sql: &str) -> String {
    let program = PrivatePg::attach(home).unwrap().unwrap().program("psql").unwrap();
    let pid_file = fs::read_to_string(home.join("postgresql/data/postmaster.pid")).unwrap();
    let socket = pid_file.lines().nth(4).unwrap();
    let output = Command::new(program)
        .args(["-h", socket, "-p", "5432", "-U", "postgres", "-d", "vnr", "-qAt", "-c", sql])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Has PostgreSQL hand over what it has, and waits until it is there.
fn switch_segment(home: &Path) {
    let segment = psql(home, "select pg_walfile_name(pg_switch_wal())");
    let file = home.join("../backup/wal").join(format!("{segment}.gz"));
    for _ in 0..200 {
        if file.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{} is handed over", file.display());
}

fn set_progress(home: &Path, name: &str, generation: u32, position: u64) {
    // Its lease is taken from whoever has it, so that its progress is read again.
    psql(
        home,
        &format!(
            "update projections.consumers set progress = {position}, generation = {generation}, fence = fence + 1, holder = null, \
             lease_until = null where name = '{name}' and log = 'register'"
        ),
    );
}
