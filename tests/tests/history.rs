//! Foreign registers come over with their own numbers and times, and their story is told as their source had it: the Swedish notices
//! with their revisions, compared with the file by a program that knows nothing of ours, and an export of an old register.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use access::Reference;
use serde_json::{Value, json};
use tests::{Folder, VnrProcess, ask_for, long, project_file, real_data, vnr_binary};

/// A file of the test's folder.
fn path(folder: &Folder, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// Imports a file as a system of the State Police; gives the summary.
fn import(folder: &Folder, server: &VnrProcess, file: &str, mapping: &str) -> Value {
    let token = folder.token("import", "VP", "system", "operation", &[]);
    let target = format!("http://{}", server.grpc);
    let output = Command::new(vnr_binary())
        .args(["import", file, "--target", &target, "--token", &token, "--json", "--mapping"])
        .arg(project_file(mapping))
        .args(["--progress-file", &path(folder, "progress.json"), "--rejects", &format!("{file}.rejects.csv")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Comes back once the case search has everything: what may be seen of an incident is decided by it.
async fn caught_up(folder: &Folder, server: &VnrProcess, token: &str) {
    let stats = folder.json(&["log", "stats", "--json"]);
    let position = format!("{}.{}", stats["logs"][0]["generation"], stats["logs"][0]["head"]);
    let query =
        "query($position: LogPosition) { incidents(minPosition: $position, waitSeconds: 30, first: 1) { totalCount } }";
    for _ in 0..20 {
        let answer = ask_for(server.http, Some(token), Some("T-1"), query, json!({ "position": position })).await;
        if answer["data"]["incidents"].is_object() {
            return;
        }
    }
    panic!("the case search does not come to {position}");
}

fn script(arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.arg(project_file("scripts/swedish-notices.py")).args(arguments);
    command
}

/// What the independent program says of the register and that file.
fn checked(folder: &Folder, token: &str, file: &Path) -> Output {
    let home = folder.home();
    script(&["check", file.to_str().unwrap()])
        .arg(vnr_binary())
        .args(["--data-dir", home.to_str().unwrap()])
        .env("VNR_TOKEN", token)
        .output()
        .expect("python3 runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_revision_of_a_notice_is_known_at_its_time_just_as_the_file_has_it() {
    let Some(whole) = real_data("notices/polisen-se-revisions-part.jsonl") else { return };
    let folder = Folder::new("notices");
    let file = PathBuf::from(path(&folder, "polisen-se.jsonl"));
    if long() {
        fs::copy(&whole, &file).unwrap();
    } else {
        // All that were ever revised.
        let slice = script(&["slice", whole.to_str().unwrap(), "150"]).output().expect("python3 runs");
        assert!(slice.status.success(), "{slice:?}");
        fs::write(&file, slice.stdout).unwrap();
    }
    let server = VnrProcess::up(&folder.home());
    let summary = import(&folder, &server, file.to_str().unwrap(), "schema/mappings/polisen-se.toml");
    assert_eq!((&summary["rows"]["refused"], &summary["rows"]["accepted"]), (&json!(0), &summary["rows"]["read"]));
    let officer = folder.token("a.berzins", "VP", "officer", "investigation", &[]);
    caught_up(&folder, &server, &officer).await;

    let agreed = checked(&folder, &officer, &file);
    let told = String::from_utf8(agreed.stdout).unwrap();
    assert!(agreed.status.success(), "{told}{}", String::from_utf8_lossy(&agreed.stderr));
    let counts = if long() {
        "29753 notices, 551 of them revised, 30333 revisions"
    } else {
        "701 notices, 551 of them revised, 1281 revisions"
    };
    assert!(told.starts_with(counts) && told.ends_with(" 0 differences\n"), "{told}");

    // The same program finds one word of one revision that is another.
    let changed = PathBuf::from(path(&folder, "changed.jsonl"));
    let text = fs::read_to_string(&file).unwrap();
    let (first, rest) = text.split_once("\"first\": false").expect("there are revisions");
    let (summary, rest) = rest.split_once("\"summary\": \"").expect("each has a summary");
    fs::write(&changed, format!("{first}\"first\": false{summary}\"summary\": \"X{rest}")).unwrap();
    let found = checked(&folder, &officer, &changed);
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    let differences = String::from_utf8(found.stderr).unwrap();
    assert!(differences.contains("text: the register has"), "{differences}");

    // Who looked at which texts is in the access log; an auditor sees the same story without them.
    let looks = folder.json(&["access", "log", "--json", "--actor", "a.berzins", "--limit", "10000"]);
    let told: usize = looks["looks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|look| look["way"] == "tool" && look["scopes"].as_array().unwrap().contains(&json!("narrative")))
        .map(|look| look["records"].as_array().unwrap().len())
        .sum();
    assert!(told >= 701, "{told} records");
    let id = first_revised(&file);
    let masked = folder.json(&["record", "history", &format!("polisen-se/{id}"), "--json"]);
    assert_eq!(masked["facts"]["narrative"]["value"], "***");
    let open = folder.json(&[
        "record",
        "history",
        &format!("polisen-se/{id}"),
        "--json",
        "--token",
        &officer,
        "--reference",
        "T-1",
    ]);
    assert_ne!(open["facts"]["narrative"]["value"], "***");
}

fn first_revised(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.into_iter().find(|line| line["first"] == json!(false)).expect("there are revisions")["id"].clone()
}

const HEADER: &str = "NUMURS;STATUSS;SANEMTS;VEIDS;KATEGORIJA;NOTICIS_NO;NOTICIS_LIDZ;REGISTRETS;ADRESE;ATVK;APRAKSTS;ZINOTAJS;\
                      TALRUNIS;IZPILDITAJS;PIESKIRTS;REZULTATS;REZULTATA_LAIKS;LIETA;SLEGSANAS_VEIDS;SLEGTS";

/// An export of the old register: letters of Windows-1257, and what goes wrong in such files.
const EXPORT: &[&str] = &[
    "2015/000017;S;T;ZAGDZ;2;24.10.2015 21:40:00;24.10.2015 22:05:00;24.10.2015 22:31:07;Ķekava, Gaismas iela 19;;\
     \"Uzlauztas dzīvokļa durvis.\nNozagts: \"\"šķūņa\"\" atslēgas; dators\";Žanis Ābols;+37120000017;01-234;24.10.2015 23:02:00;KP;\
     26.10.2015 09:15:00;11816000117;IESN;27.10.2015 16:00:00",
    // A local time that happened twice, while clocks were put back.
    "2015/000018;R;112;HULIG;3;25.10.2015 03:30:00;;25.10.2015 03:45:10;Rīga;0001000;Trokšņo kaimiņi;;;;;;;;;",
    // One that never happened, and a code that nobody knows: both are told at once.
    "2015/000019;R;T;XYZ;3;29.03.2015 03:30:00;;29.03.2015 05:00:00;Ogre;;Nav;;;;;;;;;",
    // Closed without a result: the register's own rule refuses it.
    "2015/000020;S;P;PAZ;1;01.11.2015 10:00;;01.11.2015 10:20;Cēsis;;Pazudis bērns;;;;;;;;VIETA;01.11.2015 18:00",
    "2015/000021;R;T;CITS;4;02.11.2015 10:00;;02.11.2015 10:20;Tukums",
    // Annulled there.
    "2015/000022;A;T;CITS;4;02.11.2015 10:00;;02.11.2015 10:20;Talsi;;Kļūda;;;;;;;;;",
    // Its letters are no letters; in the columns' own names they are.
    "2015/000023;R;T;CITS;4;02.11.2015 11:00;;02.11.2015 11:20;Talsi;;\u{a1};;;;;;;;;",
];

/// As bytes of Windows-1257; `\u{a1}` stands for a byte that is no letter of it.
fn written(lines: &[&str]) -> Vec<u8> {
    const LETTERS: &[(char, u8)] = &[
        ('Ā', 0xC2),
        ('ā', 0xE2),
        ('Č', 0xC8),
        ('č', 0xE8),
        ('Ē', 0xC7),
        ('ē', 0xE7),
        ('Ģ', 0xCC),
        ('ģ', 0xEC),
        ('Ī', 0xCE),
        ('ī', 0xEE),
        ('Ķ', 0xCD),
        ('ķ', 0xED),
        ('Ļ', 0xCF),
        ('ļ', 0xEF),
        ('Ņ', 0xD2),
        ('ņ', 0xF2),
        ('Š', 0xD0),
        ('š', 0xF0),
        ('Ū', 0xDB),
        ('ū', 0xFB),
        ('Ž', 0xDE),
        ('ž', 0xFE),
        ('\u{a1}', 0xA1),
    ];
    let byte = |letter: char| match LETTERS.iter().find(|(known, _)| *known == letter) {
        Some((_, byte)) => *byte,
        None => u8::try_from(letter).ok().filter(u8::is_ascii).unwrap_or_else(|| panic!("{letter}")),
    };
    [&[HEADER], lines].concat().iter().flat_map(|line| line.chars().chain("\r\n".chars())).map(byte).collect()
}

fn rows(summary: &Value) -> [u64; 4] {
    ["read", "accepted", "repeated", "refused"].map(|count| summary["rows"][count].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_register_comes_over_with_its_numbers_and_times_and_what_was_broken_is_mended() {
    const MAPPING: &str = "schema/mappings/vp-legacy.toml";
    let folder = Folder::new("legacy");
    let server = VnrProcess::up(&folder.home());
    let export = path(&folder, "vp-legacy-2015.csv");
    fs::write(&export, written(EXPORT)).unwrap();
    let summary = import(&folder, &server, &export, MAPPING);
    assert_eq!(rows(&summary), [7, 2, 0, 5], "{summary}");
    assert_eq!(summary["flagged"]["ambiguous_local_time"], 1, "{summary}");

    // Every reason, with the line that the row begins in; the first row has two.
    let reasons = fs::read_to_string(format!("{export}.rejects.csv.reasons.jsonl")).unwrap();
    let reasons: Vec<Value> = reasons.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<(u64, Vec<String>)> = reasons
        .iter()
        .map(|row| {
            let reason = |reason: &Value| {
                let text = |key: &str| reason[key].as_str().unwrap_or_default().to_owned();
                format!("{} {}", text("code"), text("path"))
            };
            (row["line"].as_u64().unwrap(), row["reasons"].as_array().unwrap().iter().map(reason).collect())
        })
        .collect();
    let expected = [
        (5, vec!["missing_local_time NOTICIS_NO", "not_in_table VEIDS"]),
        (6, vec!["FAILED_PRECONDITION incident_has_no_result"]),
        (7, vec!["unreadable_row "]),
        (8, vec!["no_command "]),
        (9, vec!["unreadable_row APRAKSTS"]),
    ];
    let expected = expected.map(|(line, of)| (line, of.into_iter().map(str::to_owned).collect::<Vec<_>>()));
    assert_eq!(told, expected, "{reasons:?}");

    // The same file again changes nothing.
    let head = folder.json(&["log", "stats", "--json"])["logs"][0]["head"].clone();
    let again = import(&folder, &server, &export, MAPPING);
    assert_eq!(rows(&again), [7, 0, 2, 5], "{again}");
    assert_eq!(folder.json(&["log", "stats", "--json"])["logs"][0]["head"], head);

    // What is mended in the reject file comes in; what is not stays refused.
    let rejects = fs::read(format!("{export}.rejects.csv")).unwrap();
    let mended: Vec<u8> = [
        (&b"XYZ;3;29.03.2015 03:30:00"[..], &b"ZAG;3;29.03.2015 04:30:00"[..]),
        (b";;;;;;;;VIETA", b";;;;;NEAP;01.11.2015 17:55;;VIETA"),
        (b";Tukums", b";Tukums;;;;;;;;;;;"),
        (b"\xa1", b"Zin\xe2ms"),
    ]
    .into_iter()
    .fold(rejects, |text, (from, to)| replaced(&text, from, to));
    let file = path(&folder, "mended.csv");
    fs::write(&file, mended).unwrap();
    assert_eq!(rows(&import(&folder, &server, &file, MAPPING)), [5, 4, 0, 1]);

    found_by_its_old_number(&folder, &server).await;
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = text.windows(from.len()).position(|part| part == from).expect("it is in the reject file");
    [&text[..at], to, &text[at + from.len()..]].concat()
}

async fn found_by_its_old_number(folder: &Folder, server: &VnrProcess) {
    let officer = folder.token("a.berzins", "VP", "officer", "investigation", &[]);
    caught_up(folder, server, &officer).await;
    let query = "query($filter: IncidentFilter) { incidents(filter: $filter, first: 10) { nodes {
        legacyNumber source { system externalId } status occurredFrom place { text } narrative { value } } } }";
    let reference = Reference::parse("T-1").unwrap();
    let asked = json!({ "filter": { "legacyNumber": "2015/000017" } });
    let answer = ask_for(server.http, Some(&officer), Some(reference.as_str()), query, asked).await;
    let found = answer["data"]["incidents"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(
        *found,
        [json!({
            "legacyNumber": "2015/000017", "source": { "system": "vp-legacy", "externalId": "2015/000017" }, "status": "CLOSED",
            "occurredFrom": "2015-10-24T18:40:00+00:00", "place": { "text": "Ķekava, Gaismas iela 19" },
            "narrative": { "value": "Uzlauztas dzīvokļa durvis.\nNozagts: \"šķūņa\" atslēgas; dators" },
        })]
    );

    // The three times of each event: when it happened, when the old register recorded it, when ours did.
    let name = "vp-legacy/2015/000017";
    let look = ["record", "history", name, "--json", "--token", &officer, "--reference", "T-1"];
    let history = folder.json(&look);
    let times = |entry: &Value| {
        let [event, occurred, source] =
            ["event", "occurred_at", "source_recorded_at"].map(|key| entry[key].as_str().unwrap().to_owned());
        assert!(entry["recorded_at"].as_str().unwrap() > "2016", "{entry}");
        (event, occurred, source)
    };
    let told: Vec<_> = history["entries"].as_array().unwrap().iter().map(times).collect();
    let expected = [
        ("IncidentRegistered", "2015-10-24T18:40:00Z", "2015-10-24T19:31:07Z"),
        ("IncidentAssigned", "2015-10-24T20:02:00Z", "2015-10-24T20:02:00Z"),
        ("ResultRecorded", "2015-10-26T07:15:00Z", "2015-10-26T07:15:00Z"),
        ("IncidentClosed", "2015-10-27T14:00:00Z", "2015-10-27T14:00:00Z"),
    ];
    assert_eq!(
        told,
        expected.map(|(event, occurred, source)| (event.to_owned(), occurred.to_owned(), source.to_owned()))
    );

    // What was known between result and closing is known on the source's axis; on ours nothing was known in that year.
    let at = ["--as-known-at", "2015-10-27T12:00:00+02:00"];
    let source = folder.json(&[&look[..], &at, &["--axis", "source"]].concat());
    assert_eq!(source["as_known_at"], json!({ "at": "2015-10-27T10:00:00Z", "axis": "source" }));
    assert_eq!(source["facts"]["result_code"], json!({ "value": "criminal-process-opened", "version": 3 }));
    assert!(source["facts"].get("disposition").is_none(), "{source}");
    let ours = folder.json(&[&look[..], &at, &["--axis", "register"]].concat());
    assert_eq!((&ours["as_known_at"]["axis"], &ours["entries"]), (&json!("log"), &json!([])));
    let shown = folder.told(&["record", "history", name, "--as-known-at", at[1], "--axis", "source"]);
    assert!(
        shown.contains("on the axis of its source") && shown.contains("result_code: criminal-process-opened"),
        "{shown}"
    );
}
