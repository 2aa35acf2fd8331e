//! Days of an invented nation, sent to the real system by all who send in it: what it does is what they expect.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::{VnrProcess, ask, vnr_binary};
use uuid::Uuid;

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
    let folder = std::env::temp_dir().join(format!("vnr-nation-{}", Uuid::now_v7().simple()));
    std::fs::create_dir_all(&folder).unwrap();
    let counted = generate(&folder, &["--seed", "10"]);
    assert_eq!(counted["sent"], Value::Null, "nothing is sent unless that is asked for");
    assert_eq!(counted, generate(&folder, &["--seed", "10"]), "the same seed, the same nation");
    assert_ne!(counted, generate(&folder, &["--seed", "7"]));

    let mut system = VnrProcess::up(&folder);
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
    assert!(outcome["p50_ms"].as_f64().unwrap() > 0.1, "{outcome}");
    assert!(number(outcome, "events") > number(outcome, "effects"), "{outcome}");

    let query = "{ incidents(first: 1) { totalCount } cards(first: 1) { totalCount } }";
    let token = vnr(&folder, &["token", "--institution", "VP", "--role", "officer", "--purpose", "statistics"]);
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
    let _ = std::fs::remove_dir_all(&folder);
}
