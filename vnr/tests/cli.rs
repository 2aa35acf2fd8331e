//! The program as it is called from a shell: what it prints, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("vnr-cli-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("a folder for the test");
        Self(dir)
    }

    /// `vnr` with these arguments and its data in this folder, seeing no settings of whoever runs the tests.
    fn vnr(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vnr"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("VNR_") && name != "VNR_PG_BIN" {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.0).args(arguments).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.vnr(arguments).output().expect("vnr runs")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running `vnr up`, and where it said that it can be reached.
struct Up {
    child: Child,
    grpc: String,
    http: String,
}

impl Up {
    fn start(folder: &Folder) -> Self {
        let mut command = folder.vnr(&["up", "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("vnr runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
        let mut place = |name: &str| {
            let line = lines.find(|line| line.starts_with(name)).expect("it says where it can be reached");
            line.split("http://").nth(1).expect("a URL").trim_end_matches("/graphql").to_owned()
        };
        let (grpc, http) = (place("gRPC"), place("GraphQL"));
        Self { child, grpc, http }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.http).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    }

    /// Ends it as a service manager would.
    fn terminate(mut self) -> Option<i32> {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(asked.success());
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("its status") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not end");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(output)))
}

#[test]
fn a_system_starts_answers_is_looked_at_and_ends_in_order() {
    let folder = Folder::new("up");
    let up = Up::start(&folder);
    assert!(up.get("/readyz").starts_with("HTTP/1.1 200"), "{}", up.get("/readyz"));
    assert!(up.get("/metrics").starts_with("HTTP/1.1 200"));

    let stats = json(&folder.run(&["log", "stats", "--json"]));
    let names: Vec<_> = stats["logs"].as_array().expect("logs").iter().map(|log| log["log"].clone()).collect();
    assert_eq!(names, ["register", "tracks", "access"]);
    assert_eq!(stats["logs"][0]["generation"], 1);
    let verified = folder.run(&["log", "verify", "--json"]);
    assert_eq!(verified.status.code(), Some(0));
    assert_eq!(json(&verified)["logs"][0]["sound"], true);

    let second = folder.run(&["up", "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    let holder = format!("another vnr (pid {}) is using this data folder", up.child.id());
    assert!(told(&second).contains(&holder), "{}", told(&second));
    let taken = folder.run(&["up", "--grpc-addr", &up.grpc, "--http-addr", "127.0.0.1:0"]);
    assert!(told(&taken).contains("is taken by another program") && told(&taken).contains("--grpc-addr"));

    let unknown = folder.run(&["record", "history", "VNR-2026-0000001"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert_eq!(told(&unknown), "vnr: the register has no record `VNR-2026-0000001`\n");
    assert_eq!(up.terminate(), Some(0));

    let after = json(&folder.run(&["log", "stats", "--json"]));
    assert_eq!(after["logs"][0]["root"], stats["logs"][0]["root"]);
}

#[test]
fn wrong_use_is_told_with_code_2_and_all_at_once() {
    let folder = Folder::new("use");
    let output = folder.run(&["up", "--grpc-addr", "nowhere", "--origin", "with blank"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("--grpc-addr") && told(&output).contains("--origin"), "{}", told(&output));
    assert_eq!(folder.run(&["log", "tail", "--log", "nothing"]).status.code(), Some(2));
    assert_eq!(folder.run(&["fly"]).status.code(), Some(2));
    assert_eq!(folder.run(&["demo", "--data", "nothing.csv"]).status.code(), Some(2));
}

#[test]
fn tools_make_no_register_where_there_is_none() {
    let folder = Folder::new("none");
    let output = folder.run(&["log", "stats"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("there is no register in .vnr yet"), "{}", told(&output));
    assert!(!folder.0.join(".vnr").exists());
}

#[test]
fn a_token_is_printed_alone_or_with_what_is_in_it() {
    let folder = Folder::new("token");
    let arguments = ["token", "--institution", "VP", "--role", "officer", "--purpose", "investigation"];
    let plain = folder.run(&arguments);
    let token = String::from_utf8(plain.stdout).expect("text");
    assert_eq!(token.trim().split('.').count(), 3);
    let full = json(&folder.run(&[&arguments[..], &["--role", "supervisor", "--json"]].concat()));
    assert_eq!(full["roles"], serde_json::json!(["officer", "supervisor"]));
    assert_eq!(full["institution"], "VP");
    let wrong = folder.run(&["token", "--institution", "VP", "--role", "king", "--purpose", "investigation"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(told(&wrong).contains("dispatcher, officer, supervisor"), "{}", told(&wrong));
}

#[test]
fn settings_come_from_the_environment_too() {
    let folder = Folder::new("environment");
    let output = folder.vnr(&["up"]).env("VNR_HTTP_ADDR", "nowhere").output().expect("vnr runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("VNR_HTTP_ADDR"), "{}", told(&output));
}

fn policies() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schema/policies")
}

#[test]
fn policies_are_checked_without_a_database_and_all_mistakes_are_told() {
    let folder = Folder::new("policies");
    let given = policies();
    let sound = folder.run(&["access", "policy", "check", given.to_str().expect("text"), "--json"]);
    assert_eq!(sound.status.code(), Some(0), "{}", told(&sound));
    let sound = json(&sound);
    assert_eq!((&sound["ok"], &sound["replaceable"]), (&Value::Bool(true), &Value::Bool(true)));
    assert_eq!(sound["digest"].as_str().map(str::len), Some(64));

    let table = fs::read_to_string(given.join("institutions.toml")).expect("the table");
    fs::create_dir_all(folder.0.join("wrong")).expect("a folder");
    fs::write(folder.0.join("wrong/institutions.toml"), &table).expect("written");
    let mistakes = "permit (principal is Actor, action == Action::\"wiew\", resource);\n";
    fs::write(folder.0.join("wrong/one.cedar"), mistakes).expect("written");
    let wrong = folder.run(&["access", "policy", "check", "wrong"]);
    let said = String::from_utf8_lossy(&wrong.stdout).into_owned();
    assert_eq!(wrong.status.code(), Some(3), "{said}");
    for mistake in ["no @id", "no @lv", "no @en", "no @source"] {
        assert!(said.contains(mistake), "{mistake}: {said}");
    }

    // Sound, and the last there would ever be.
    let last = "@id(\"look\") @lv(\"Visi redz.\") @en(\"All see.\") @source(\"illustrative\")\n\
                permit (principal is Actor, action == Action::\"view\", resource);\n";
    fs::write(folder.0.join("wrong/one.cedar"), last).expect("written");
    let last = folder.run(&["access", "policy", "check", "wrong"]);
    let said = String::from_utf8_lossy(&last.stdout).into_owned();
    assert_eq!(last.status.code(), Some(3), "{said}");
    assert!(said.contains("nobody could adopt another version"), "{said}");
    let refused = folder.run(&["access", "policy", "propose", "wrong", "--reason", "a test"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(told(&refused).contains("--force"), "{}", told(&refused));
    assert!(!folder.0.join(".vnr").exists());
}

#[test]
fn help_names_what_can_be_asked_of_access() {
    let folder = Folder::new("help");
    let help = String::from_utf8(folder.run(&["access", "--help"]).stdout).expect("text");
    for command in ["log", "signals", "policy", "grant", "break-glass", "vouch", "review", "emergencies", "explain"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command}: {help}");
    }
    let help = String::from_utf8(folder.run(&["access", "explain", "--help"]).stdout).expect("text");
    assert!(help.contains("<USER@INSTITUTION> <RECORD>"), "{help}");
    let unclear =
        folder.run(&["access", "explain", "anna", "VNR-2026-0000001", "--role", "officer", "--purpose", "audit"]);
    assert_eq!(unclear.status.code(), Some(2));
    assert!(told(&unclear).contains("write USER@INSTITUTION"), "{}", told(&unclear));
}
