//! Real dispatch records, fed by the `vnr` program itself as an ordinary gRPC client, against what an independent script
//! counts in the same file. And the server killed at random moments: in the end it is as if nothing had happened.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{VnrProcess, ask, long, project_file, real_data, vnr_binary};

#[path = "import/roster.rs"]
mod roster;
#[path = "import/travel.rs"]
mod travel;

const FIGURES: &str = "query($position: LogPosition) { cardStatistics(minPosition: $position, waitSeconds: 30) {
    calls units unitsSent unitsOnScene counted missing negative medianResponseSeconds p90ResponseSeconds p95ResponseSeconds
    decision { counted missing negative medianSeconds p90Seconds p95Seconds }
    dispatch { counted missing negative medianSeconds p90Seconds p95Seconds }
    doubleDispatches callsByType { type { code } count } } }";

/// A folder of the test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("vnr-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A token for a system on that data folder, from the program itself.
fn token(folder: &Path) -> String {
    let printed = Command::new(vnr_binary())
        .args(["token", "--institution", "VUGD", "--role", "dispatcher", "--purpose", "response", "--data-dir"])
        .arg(folder)
        .output()
        .unwrap();
    assert!(printed.status.success(), "{printed:?}");
    String::from_utf8(printed.stdout).unwrap().trim().to_owned()
}

fn import(server: &VnrProcess, folder: &Path, file: &Path, mapping: &Path) -> Command {
    let mut command = Command::new(vnr_binary());
    command
        .arg("import")
        .arg(file)
        .arg("--mapping")
        .arg(mapping)
        .args(["--target", &format!("http://{}", server.grpc), "--token", &token(folder), "--json", "--patience", "2"])
        .arg("--progress-file")
        .arg(folder.join("progress.json"))
        .arg("--rejects")
        .arg(folder.join("rejects.csv"))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    command
}

fn summary(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "the import failed: {}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What an independent script says of a file.
fn counted(file: &Path, script: &str) -> Value {
    let script = project_file("tests/scripts").join(script);
    let output = Command::new("python3").arg(script).arg(file).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Position of the register's head, as GraphQL takes it.
fn head(folder: &Path) -> String {
    let output =
        Command::new(vnr_binary()).args(["log", "stats", "--json", "--data-dir"]).arg(folder).output().unwrap();
    let stats: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    format!("{}.{}", stats["logs"][0]["generation"], stats["logs"][0]["head"])
}

/// Imports `file` and compares every figure with the script's; gives the summary of the import.
async fn agrees_with_the_file(name: &str, file: &Path, mapping: &str) -> Value {
    let folder = Folder::new(name);
    let server = VnrProcess::up(&folder.0);
    let summary = summary(&mut import(&server, &folder.0, file, &project_file(mapping)));
    let rows = &summary["rows"];
    let count = |field: &str| rows[field].as_u64().unwrap();
    assert_eq!(count("read"), count("accepted") + count("repeated") + count("refused"), "{summary}");

    let expected = counted(file, "cad_counts.py");
    let answer = ask(server.http, Some(&token(&folder.0)), FIGURES, json!({ "position": head(&folder.0) })).await;
    let figures = &answer["data"]["cardStatistics"];
    let by_type: Value = figures["callsByType"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer}"))
        .iter()
        .map(|of_type| (of_type["type"]["code"].as_str().unwrap().to_owned(), of_type["count"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let times = |of: &Value, fields: [&str; 6]| Value::from(fields.map(|field| of[field].clone()).to_vec());
    let clocks = ["counted", "missing", "negative", "medianSeconds", "p90Seconds", "p95Seconds"];
    let responses = ["medianResponseSeconds", "p90ResponseSeconds", "p95ResponseSeconds"];
    let [median, p90, p95] = responses;
    for (ours, theirs) in [
        (&times(figures, ["counted", "missing", "negative", median, p90, p95]), "response"),
        (&times(&figures["decision"], clocks), "decision"),
        (&times(&figures["dispatch"], clocks), "dispatch"),
        (&figures["doubleDispatches"], "double_dispatches"),
        (&figures["calls"], "calls"),
        (&figures["units"], "units"),
        (&figures["unitsSent"], "unit_rows"),
        (&figures["unitsOnScene"], "rows_on_scene"),
        (&figures["counted"], "response_calls"),
        (&figures["medianResponseSeconds"], "median_response_seconds"),
        (&by_type, "calls_by_type"),
        (&rows["read"], "rows"),
    ] {
        assert_eq!(ours, &expected[theirs], "{theirs}; the import said {summary}");
    }
    roster::agrees_with_the_file(&server, &folder.0, &counted(file, "cad_roster.py")).await;
    if mapping.contains("sffd") {
        travel::is_off_as_the_file_says(&folder.0, &counted(file, "cad_travel.py"));
    }
    let verified = Command::new(vnr_binary()).args(["log", "verify", "--data-dir"]).arg(&folder.0).status().unwrap();
    assert!(verified.success(), "the log verifies");
    summary
}

/// A file with the first rows of another: the whole one is for `make test-long`.
fn beginning(folder: &Path, file: &Path, rows: usize) -> PathBuf {
    let text = std::fs::read_to_string(file).unwrap();
    let first: Vec<&str> = text.lines().take(1 + rows).collect();
    let beginning = folder.join("beginning.csv");
    std::fs::write(&beginning, first.join("\n") + "\n").unwrap();
    beginning
}

#[tokio::test(flavor = "multi_thread")]
async fn san_francisco_to_the_second_is_in_the_register_as_it_is_in_the_file() {
    let Some(month) = real_data("cad/sffd-2020-04-units.csv") else { return };
    let folder = Folder::new("sf2020-input");
    let file = if long() { month } else { beginning(&folder.0, &month, 4_000) };
    let summary = agrees_with_the_file("sf2020", &file, "schema/mappings/sffd-units.toml").await;
    assert_eq!(summary["rows"]["refused"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_dirty_year_of_san_francisco_is_in_the_register_as_it_is_in_the_file() {
    let Some(file) = real_data("cad/sffd-2018-units.csv") else { return };
    if !long() {
        eprintln!("skipped: the whole year is part of `make test-long`");
        return;
    }
    agrees_with_the_file("sf2018", &file, "schema/mappings/sffd-units.toml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn virginia_beach_is_in_the_register_as_it_is_in_the_file() {
    let Some(file) = real_data("cad/virginia-beach-ems-2017-18-ungeocoded.csv") else { return };
    let summary = agrees_with_the_file("vb-ems", &file, "schema/mappings/virginia-beach-ems.toml").await;
    assert_eq!(summary["rows"]["refused"], 0, "{summary}");
}

/// The first rows of the project's own sample: enough for kills, short enough for every run.
fn sample(folder: &Path, calls: u32) -> PathBuf {
    let file = folder.join("sample.csv");
    let made = Command::new(vnr_binary())
        .args(["sample", "--seed", "7", "--calls", &calls.to_string(), "-o"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_sample_is_in_the_register_as_it_is_in_the_file() {
    let folder = Folder::new("sample");
    let file = sample(&folder.0, 400);
    agrees_with_the_file("own-sample", &file, "schema/mappings/vnr-sample.toml").await;
}

/// What the read models hold, without what no two runs can share: when it was recorded, and under which ids of events.
async fn state(server: &VnrProcess, folder: &Path) -> Value {
    let query = "query($position: LogPosition, $after: String) {
        cards(minPosition: $position, waitSeconds: 30, first: 200, after: $after, orderBy: RECEIVED_ASC) {
            totalCount pageInfo { endCursor hasNextPage }
            nodes { id number status type { code } priority receivedAt qualifiedAt completedAt disposition { code }
                    firstOnSceneAt responseSeconds anomalies version
                    units { callSign clocks { attached enRoute onScene transporting atDestination cleared } diverted anomalies } }
        } }";
    let token = token(folder);
    let position = head(folder);
    let (mut pages, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = ask(server.http, Some(&token), query, json!({ "position": position, "after": after })).await;
        let cards = &answer["data"]["cards"];
        assert!(cards.is_object(), "{answer}");
        pages.push(cards["nodes"].clone());
        after = cards["pageInfo"]["endCursor"].clone();
        if cards["pageInfo"]["hasNextPage"] != json!(true) {
            return json!({ "position": position, "cards": pages });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_random_moments_ends_where_an_undisturbed_one_does() {
    let input = Folder::new("kill-input");
    let file = sample(&input.0, if long() { 2_000 } else { 300 });
    let mapping = project_file("schema/mappings/vnr-sample.toml");

    let calm = Folder::new("kill-calm");
    let server = VnrProcess::up(&calm.0);
    let undisturbed = summary(&mut import(&server, &calm.0, &file, &mapping));
    let expected = state(&server, &calm.0).await;
    drop(server);

    let stormy = Folder::new("kill-stormy");
    let mut server = VnrProcess::up(&stormy.0);
    let (mut kills, most) = (0, if long() { 5 } else { 3 });
    let last = loop {
        let mut client = import(&server, &stormy.0, &file, &mapping).arg("--same-register").spawn().unwrap();
        // Moments that look random and are the same in each run.
        let until = Instant::now() + Duration::from_millis(150 + 217 * (kills * 5 % 7));
        while kills < most && Instant::now() < until && client.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if kills < most && client.try_wait().unwrap().is_none() {
            server.kill();
            kills += 1;
            client.wait().unwrap();
            server = VnrProcess::up(&stormy.0);
            continue;
        }
        let output = client.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        break serde_json::from_slice::<Value>(&output.stdout).unwrap();
    };
    assert!(kills > 0, "the file was imported before the server could be killed");
    assert_eq!(state(&server, &stormy.0).await, expected);
    assert_eq!(last["rows"]["read"], undisturbed["rows"]["read"]);
    let count = |field: &str| last["rows"][field].as_u64().unwrap();
    assert_eq!(count("read"), count("accepted") + count("repeated") + count("refused"), "{last}");
    assert_eq!(last["rows"]["refused"], undisturbed["rows"]["refused"]);
}
