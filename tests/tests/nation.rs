//! Days of an invented nation, sent to the real system by all who send in it, and written straight into an empty register: what
//! comes of it is what they expect, and the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use event_store::private_pg::{Options, PrivatePg};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use tests::{VnrProcess, ask, long, project_file, vnr_binary};
use uuid::Uuid;

/// A register of what is made up.
const SIMULATED: [&str; 3] = ["up", "--origin", "vnr.local/simulated"];

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!("vnr-nation-{}", Uuid::now_v7().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `vnr …` on the data folder, gives what it prints.
fn vnr(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(vnr_binary()).args(arguments).arg("--data-dir").arg(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn generate(folder: &Path, more: &[&str]) -> Value {
    let days = ["generate", "--days", "3", "--from", "2025-03-29", "--scale", "0.05", "--json"];
    serde_json::from_str(&vnr(folder, &[&days, more].concat())).unwrap()
}

fn figure(made_up: &Value, what: &str) -> u64 {
    let figures = made_up["figures"].as_array().unwrap();
    figures.iter().find(|figure| figure["what"] == what).unwrap()["count"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_a_nation_take_effect_once_and_as_their_senders_expect() {
    let home = Folder::new();
    let folder = home.0.clone();
    let counted = generate(&folder, &["--seed", "10"]);
    assert_eq!(counted["sent"], Value::Null, "nothing is sent unless that is asked for");
    assert_eq!(counted, generate(&folder, &["--seed", "10"]), "the same seed, the same nation");
    assert_ne!(counted, generate(&folder, &["--seed", "7"]));

    let mut system = VnrProcess::start(&SIMULATED, &folder);
    let target = format!("http://{}", system.grpc);
    let live = ["--seed", "10", "--live", "max", "--target", &target];
    let sent = generate(&folder, &live);
    assert_eq!(sent["figures"], counted["figures"]);
    let outcome = &sent["sent"];
    assert_eq!(outcome["unexpected"], 0, "{outcome}");
    assert_eq!(outcome["sent"], sent["commands"]);
    let number = |outcome: &Value, what: &str| outcome[what].as_u64().unwrap();
    assert_eq!(number(outcome, "repeated"), number(&counted, "repetitions"));
    assert_eq!(number(outcome, "refused"), number(&counted, "broken"));
    assert!(
        number(outcome, "repeated") > 0 && number(outcome, "refused") > 0,
        "journals repeat and break records: {outcome}"
    );
    let lanes = outcome["lanes"].as_object().unwrap();
    assert_eq!(lanes.keys().collect::<Vec<_>>(), ["bulk", "interactive", "urgent"]);
    for figures in lanes.values() {
        assert_eq!(figures["full"], 0, "{outcome}");
        assert!(figures["p50_ms"].as_f64().unwrap() > 0.1, "{outcome}");
    }
    assert!(number(outcome, "events") > number(outcome, "effects"), "{outcome}");

    let query = "{ incidents(first: 1) { totalCount } cards(first: 1) { totalCount } }";
    let token = vnr(&folder, &["token", "--institution", "VP", "--role", "officer", "--purpose", "response"]);
    let incidents =
        figure(&sent, "incidents of State Police") + figure(&sent, "incidents of municipal and port police");
    let expected = json!({ "incidents": { "totalCount": incidents },
                           "cards": { "totalCount": figure(&sent, "calls to 112") } });
    let mut answer = Value::Null;
    for _ in 0..200 {
        answer = ask(system.http, Some(token.trim()), query, json!({})).await;
        if answer["data"] == expected {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(answer["data"], expected, "{answer}");

    let again = generate(&folder, &live);
    let again = &again["sent"];
    assert_eq!((number(again, "effects"), number(again, "unexpected")), (0, 0), "{again}");
    assert_eq!(number(again, "repeated"), number(outcome, "effects") + number(outcome, "repeated"), "{again}");
    system.kill();
}

/// `vnr …` that is expected to fail: its exit code and what it says.
fn refused(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let ports = ["--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0", "--data-dir"];
    let ports: &[&str] = if arguments[0] == "up" { &ports } else { &ports[4..] };
    let output = Command::new(vnr_binary()).args(arguments).args(ports).arg(folder).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn written_at_once_the_same_seed_is_the_same_log_and_only_a_register_of_what_is_made_up_opens_it() {
    let [first, second, other] = [Folder::new(), Folder::new(), Folder::new()];
    let one = generate(&first.0, &["--seed", "10", "--copy"])["copied"].clone();
    let two = generate(&second.0, &["--seed", "10", "--copy"])["copied"].clone();
    let three = generate(&other.0, &["--seed", "11", "--copy"])["copied"].clone();
    let of = |copied: &Value| ["events", "root", "track_events", "track_root"].map(|what| copied[what].clone());
    assert_eq!(of(&one), of(&two));
    assert_ne!(one["root"], three["root"]);

    let verified = vnr(&first.0, &["log", "verify", "--json"]);
    assert!(verified.contains(one["root"].as_str().unwrap()), "{verified}");
    assert!(verified.contains(one["track_root"].as_str().unwrap()), "{verified}");

    let (code, said) = refused(&first.0, &["generate", "--days", "1", "--scale", "0.02", "--copy"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("has events already"), "{said}");
    let (code, said) = refused(&first.0, &["up"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("is simulated") && said.contains("--origin vnr.local/simulated"), "{said}");
    let (code, said) = refused(&second.0, &["generate", "--days", "2", "--from", "2199-01-01", "--copy"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("in the past"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_of_what_is_real_takes_nothing_that_was_made_up() {
    let folder = Folder::new();
    let mut system = VnrProcess::up(&folder.0);
    let target = format!("http://{}", system.grpc);
    let live = ["generate", "--days", "1", "--scale", "0.01", "--json", "--live", "max", "--target", &target];
    let (code, said) = refused(&folder.0, &live);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("made-up data is taken only by a register whose origin ends in /simulated"), "{said}");
    let pool = PgPool::connect(&PrivatePg::attach(&folder.0).unwrap().unwrap().app_url()).await.unwrap();
    let events: i64 = sqlx::query_scalar("select position from register.head").fetch_one(&pool).await.unwrap();
    assert_eq!(events, 0);
    system.kill();
}

/// What two registers of the same deeds may differ in: when and in which order they recorded them, until when an offer holds that says
/// nothing of that, and keys.
const OWN: [&str; 14] = [
    "number",
    "position",
    "first_position",
    "last_position",
    "recorded_at",
    "registered_at",
    "event_id",
    "place_words",
    "deadline",
    "transfer_deadline",
    "last_received_at",
    "prompt",
    "digest",
    "sealed_under",
];

/// When the log recorded something, in columns whose names mean when it happened elsewhere.
fn recorded(table: &str) -> &'static [&'static str] {
    match table {
        "cards.cards" => &["changed_at"],
        "cautions.cautions" => &["lifted_at"],
        "response_plans.versions" => &["proposed_at", "decided_at", "ended_at"],
        _ => &[],
    }
}

/// What each register has keyed digests of words in: how many there are is the same.
const KEYED: [&str; 3] = ["words", "stems", "forms"];

/// The same without what is each register's own: of a sealed text its length stays.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
            let plain = |name: String, value: Value| match value {
                Value::String(digests) if KEYED.contains(&name.as_str()) => (name, json!(digests.split(' ').count())),
                value => (name, plain(value)),
            };
            Value::Object(kept.map(|(name, value)| plain(name, value)).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::String(text) if text.starts_with("v1.") => json!({ "sealed": text.len() }),
        // Sealed texts are kept as JSON in a text.
        Value::String(text) if text.starts_with('{') => serde_json::from_str(&text).map_or(Value::String(text), plain),
        other => other,
    }
}

/// All rows of all read models, in the order of what they say. But for notices: who is told depends on when it was recorded, and what is
/// sent a year after it happened is told to nobody.
async fn read_models(pool: &PgPool) -> BTreeMap<String, Vec<String>> {
    let sql = "select format('%I.%I', schemaname, tablename) from pg_tables
               where schemaname not in ('pg_catalog', 'information_schema', 'public', 'register', 'tracks', 'access', 'projections',
                                        'notices')";
    let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await.unwrap();
    let mut all = BTreeMap::new();
    for table in tables {
        let rows: Vec<Value> =
            sqlx::query_scalar(&format!("select to_jsonb(t) from {table} t")).fetch_all(pool).await.unwrap();
        let own = |mut row: Value| {
            let fields = row.as_object_mut().expect("a row");
            recorded(&table).iter().for_each(|name| drop(fields.remove(*name)));
            plain(row).to_string()
        };
        let mut rows: Vec<String> = rows.into_iter().map(own).collect();
        rows.sort_unstable();
        all.insert(table, rows);
    }
    all
}

/// Waits until the read models have taken in all of both logs.
async fn caught_up(pool: &PgPool) {
    let sql = "select not exists (select from projections.consumers c
                 join (select 'register' as log, position from register.head
                       union all select 'tracks', position from tracks.head) h on h.log = c.log
                 where c.progress < h.position)
               and exists (select from projections.consumers)";
    for _ in 0..400 {
        if sqlx::query_scalar(sql).fetch_one(pool).await.unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the read models are not up to date after 20 s");
}

/// Narratives by record, as somebody with the right to them reads them.
async fn narratives(system: &VnrProcess, folder: &Path) -> BTreeMap<String, Value> {
    let token = vnr(folder, &["token", "--institution", "VP", "--role", "officer", "--purpose", "response"]);
    let query = "query ($after: String) { incidents(first: 200, after: $after) {
                   edges { node { id narrative { value } reporter { name { value } } } } pageInfo { hasNextPage endCursor } } }";
    let (mut all, mut after) = (BTreeMap::new(), Value::Null);
    loop {
        let answer = ask(system.http, Some(token.trim()), query, json!({ "after": after })).await;
        let page = &answer["data"]["incidents"];
        for edge in page["edges"].as_array().unwrap_or_else(|| panic!("{answer}")) {
            all.insert(edge["node"]["id"].as_str().unwrap().to_owned(), edge["node"].clone());
        }
        if page["pageInfo"]["hasNextPage"] != true {
            return all;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sent_through_grpc_or_written_at_once_the_read_models_are_equal() {
    let (sent, written) = (Folder::new(), Folder::new());
    let mut found = Vec::new();
    for folder in [&sent, &written] {
        if std::ptr::eq(folder, &written) {
            generate(&folder.0, &["--seed", "10", "--copy"]);
        }
        let mut system = VnrProcess::start(&SIMULATED, &folder.0);
        if std::ptr::eq(folder, &sent) {
            let target = format!("http://{}", system.grpc);
            generate(&folder.0, &["--seed", "10", "--live", "max", "--target", &target]);
        }
        let pool = PgPool::connect(&PrivatePg::attach(&folder.0).unwrap().unwrap().owner_url()).await.unwrap();
        caught_up(&pool).await;
        found.push((read_models(&pool).await, narratives(&system, &folder.0).await));
        pool.close().await;
        system.kill();
    }
    let [(sent, sent_texts), (written, written_texts)] = found.try_into().unwrap();
    assert!(sent.len() >= 6, "{:?}", sent.keys());
    assert_eq!(sent.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>());
    for (table, rows) in &sent {
        let differs = rows.iter().zip(&written[table]).find(|(one, other)| one != other);
        assert_eq!((rows.len(), differs), (written[table].len(), None), "{table}");
    }
    assert!(sent["case_search.incidents"].len() > 50, "{}", sent["case_search.incidents"].len());
    assert_eq!(sent_texts, written_texts);
    assert!(sent_texts.values().all(|incident| incident["narrative"]["value"].is_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_script_finds_the_rates_the_rhythm_and_the_recurrence_that_are_stated() {
    let folder = Folder::new();
    // Half a nation varies by the root of two more.
    let (scale, wider, days) = if long() { (0.02, 1.0, 365) } else { (0.01, 2f64.sqrt(), 365) };
    vnr(&folder.0, &["generate", "--years", "1", "--scale", &scale.to_string(), "--copy"]);
    let server = PrivatePg::start(Options::new(&folder.0)).await.unwrap();
    let pool = PgPool::connect(&server.app_url()).await.unwrap();
    let script = std::fs::read_to_string(project_file("tests/scripts/nation.sql")).unwrap();
    let figures = sqlx::query_as(&script).bind(scale).bind(f64::from(days)).bind(wider).fetch_all(&pool).await;
    let figures: Vec<(String, f64, f64, f64, bool)> = figures.unwrap();
    pool.close().await;
    server.stop().await;
    assert!(figures.len() > 40);
    let wrong: Vec<_> = figures.iter().filter(|figure| !figure.4).collect();
    assert!(wrong.is_empty(), "what, found, stated, tolerance: {wrong:#?}");
}
