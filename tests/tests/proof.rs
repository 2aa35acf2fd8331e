//! The running system proves a record; our verifier and one in Python, written from docs/PROOFS.md, agree on what it proves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use event_store::proof::bundle::check;
use event_store::proof::note::VerifierKey;
use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use serde_json::Value;
use tests::{Bearer, VnrProcess, by_number, envelope, project_file, vnr_binary};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

/// A folder of the test's own, removed at its end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!("vnr-e2e-proof-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn vnr(&self, arguments: &[&str]) -> Output {
        Command::new(vnr_binary()).args(arguments).arg("--data-dir").arg(&self.0).output().unwrap()
    }

    /// What it prints, where it succeeds.
    fn told(&self, arguments: &[&str]) -> String {
        let output = self.vnr(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn prove(&self, number: &str, name: &str) -> PathBuf {
        let file = self.file(name);
        self.told(&["record", "prove", number, "-o", text(&file)]);
        file
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Exit code and output of `check_bundle.py`.
fn python(files: &[PathBuf], key: &Path) -> (i32, String) {
    let mut command = Command::new("python3");
    command.arg("-B").arg(project_file("tests/scripts/check_bundle.py")).args(files).arg("--key").arg(key);
    let output = command.output().expect("python3 runs");
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

async fn connect(server: &VnrProcess, folder: &Folder) -> InterceptedService<Channel, Bearer> {
    let token = folder.told(&["token", "--institution", "VUGD", "--role", "dispatcher", "--purpose", "response"]);
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    InterceptedService::new(channel, Bearer::new(token.trim()))
}

/// A card of two events, with a name and a text that are not ASCII.
async fn card(connection: &InterceptedService<Channel, Bearer>) -> String {
    let mut cards = EmergencyCardServiceClient::new(connection.clone());
    let call = pb::ReceiveCall {
        envelope: envelope(),
        channel: pb::Channel::Phone112 as i32,
        caller: Some(pb::Reporter { name: "Anna Paraudziņa".into(), ..Default::default() }),
        narrative: "Deg \"dzīvoklis\"\ntrešajā stāvā".into(),
        ..Default::default()
    };
    let card = cards.receive_call(call).await.unwrap().into_inner();
    let qualify = pb::QualifyCard {
        envelope: envelope(),
        card: by_number(&card.number),
        type_code: "structure-fire".into(),
        priority: pb::Priority::P1 as i32,
        ..Default::default()
    };
    cards.qualify_card(qualify).await.unwrap();
    card.number
}

async fn incident(connection: &InterceptedService<Channel, Bearer>) {
    let register = pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Written as i32,
        type_code: "theft".into(),
        category: pb::Category::C as i32,
        ..Default::default()
    };
    IncidentServiceClient::new(connection.clone()).register_incident(register).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_proved_to_two_verifiers_and_no_changed_byte_passes_either() {
    let folder = Folder::new();
    let server = VnrProcess::up(&folder.0);
    let connection = connect(&server, &folder).await;
    let number = card(&connection).await;
    for _ in 0..5 {
        incident(&connection).await;
    }

    let keys = folder.file("old.keys");
    fs::write(&keys, folder.told(&["notary", "keys"])).unwrap();
    let evidence = folder.prove(&number, "evidence.json");
    let older = folder.file("older.checkpoint");
    fs::write(&older, folder.told(&["notary", "head"])).unwrap();

    // A key later, who has the old one only still accepts.
    folder.told(&["notary", "rotate"]);
    incident(&connection).await;
    let number = card(&connection).await;
    let rotated = folder.prove(&number, "rotated.json");
    let bundle: Value = serde_json::from_slice(&fs::read(&rotated).unwrap()).unwrap();
    assert_eq!(bundle["key_changes"].as_array().unwrap().len(), 1);
    assert_eq!(bundle["events"].as_array().unwrap().len(), 2);
    let extension = folder.file("extension.json");
    folder.told(&["proof", "consistency", text(&older), "-o", text(&extension)]);

    let verified = folder.told(&["log", "verify", "--against", text(&older), "--key", text(&keys), "--json"]);
    let verified: Value = serde_json::from_str(&verified).unwrap();
    let register = &verified["logs"][0];
    assert_eq!((&register["sound"], &register["keys"]), (&true.into(), &"given".into()), "{register}");
    assert_eq!(register["proven"], register["head"], "{register}");
    drop(server);

    let bundles = [evidence, rotated, extension];
    for file in &bundles {
        let checked = folder.told(&["proof", "check", text(file), "--key", text(&keys), "--json"]);
        assert_eq!(serde_json::from_str::<Value>(&checked).unwrap()["proved"], true);
    }
    let (code, told) = python(&bundles, &keys);
    assert_eq!((code, told.matches(": proved: ").count()), (0, 3), "{told}");

    let trusted = VerifierKey::parse_file(&fs::read_to_string(&keys).unwrap()).unwrap();
    let mut changed = Vec::new();
    for (number, file) in bundles.iter().enumerate() {
        let bytes = fs::read(file).unwrap();
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1 << (place % 6);
            let ours = String::from_utf8(other.clone());
            assert!(ours.is_err() || check(&ours.unwrap(), &trusted).is_err(), "{file:?}, byte {place}");
            // Python takes longer for each: some of every part of the file.
            if place % 23 == number {
                let path = folder.file(&format!("changed-{number}-{place}.json"));
                fs::write(&path, other).unwrap();
                changed.push(path);
            }
        }
    }
    let (code, told) = python(&changed, &keys);
    assert_eq!((code, told.matches(": REFUSED: ").count()), (3, changed.len()), "{told}");
    let refused = folder.vnr(&["proof", "check", text(&changed[0]), "--key", text(&keys)]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stdout).contains("PROVES NOTHING"));

    // A key of somebody else, none at all, no key file.
    let other = folder.file("other.keys");
    let stranger = event_store::proof::keys::NotaryKey::from_seed(1, &[1; 32]).verifier("vnr.local/register");
    fs::write(&other, stranger.to_string()).unwrap();
    assert_eq!(python(&bundles[..1], &other).0, 3);
    let check =
        |arguments: &[&str]| folder.vnr(&[&["proof", "check", text(&bundles[0])], arguments].concat()).status.code();
    assert_eq!(check(&["--key", text(&other)]), Some(3));
    assert_eq!(check(&[]), Some(2));
    assert_eq!(check(&["--key", text(&bundles[0])]), Some(2));
    assert_eq!(check(&["--key", "nowhere.keys"]), Some(1));
}

#[test]
fn the_verifier_in_python_accepts_the_worked_example_of_the_documentation() {
    let folder = std::env::temp_dir().join(format!("vnr-e2e-example-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let folder = Folder(folder);
    let page = fs::read_to_string(project_file("docs/PROOFS.md")).unwrap();
    let block = |mark: &str, place: usize| {
        page.split(&format!("```{mark}\n")).nth(place + 1).and_then(|rest| rest.split("```").next()).unwrap()
    };
    let keys = folder.file("example.keys");
    fs::write(&keys, block("keys", 0)).unwrap();
    let bundles = [0, 1].map(|place| {
        let file = folder.file(&format!("example-{place}.json"));
        fs::write(&file, block("json", place)).unwrap();
        file
    });
    let (code, told) = python(&bundles, &keys);
    assert_eq!(code, 0, "{told}");
}
