//! The times of every unit on every card, and the roster as at some moments of the past, against what a script makes of the file.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tests::{VnrProcess, ask};

const CARDS: &str = "query($position: LogPosition, $after: String) {
    page: cards(minPosition: $position, waitSeconds: 30, first: 200, after: $after, orderBy: RECEIVED_ASC) {
        pageInfo { endCursor hasNextPage }
        nodes { source { externalId }
                units { institution callSign diverted clocks { attached enRoute onScene transporting atDestination cleared } } }
    } }";

const ROSTER: &str = "query($position: LogPosition, $after: String, $at: DateTime!) {
    page: rosterAt(at: $at, minPosition: $position, waitSeconds: 30, first: 200, after: $after) {
        totalCount pageInfo { endCursor hasNextPage }
        nodes { institution callSign status statusSince card { source { externalId } } }
    } }";

/// All rows of a list, page by page.
async fn all(server: &VnrProcess, token: &str, query: &str, mut asked: Value) -> Vec<Value> {
    let mut rows = Vec::new();
    loop {
        let answer = ask(server.http, Some(token), query, asked.clone()).await;
        let page = &answer["data"]["page"];
        rows.extend(page["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).iter().cloned());
        if page["pageInfo"]["hasNextPage"] != json!(true) {
            assert!(
                page["totalCount"].as_u64().is_none_or(|total| total == rows.len() as u64),
                "{total}",
                total = page["totalCount"]
            );
            return rows;
        }
        asked["after"] = page["pageInfo"]["endCursor"].clone();
    }
}

/// A moment, however it is written.
fn moment(told: &Value) -> Option<DateTime<Utc>> {
    Some(told.as_str()?.parse().unwrap_or_else(|_| panic!("{told}")))
}

fn name(of: &Value) -> String {
    format!("{}/{}", of["institution"].as_str().unwrap(), of["callSign"].as_str().unwrap())
}

/// What is compared of a unit's part in a call.
fn part(of: &Value) -> (BTreeMap<&str, Option<DateTime<Utc>>>, bool) {
    let clocks = of["clocks"].as_object().unwrap().iter().map(|(clock, told)| (clock.as_str(), moment(told)));
    (clocks.collect(), of["diverted"].as_bool().unwrap())
}

/// Compares both; `expected` is what `cad_roster.py` says.
pub(crate) async fn agrees_with_the_file(server: &VnrProcess, folder: &Path, expected: &Value) {
    let (token, position) = (super::token(folder), super::head(folder));
    let cards = all(server, &token, CARDS, json!({ "position": position })).await;
    let mut parts = 0;
    for card in &cards {
        let call = card["source"]["externalId"].as_str().unwrap();
        for unit in card["units"].as_array().unwrap() {
            let theirs = &expected["parts"][call][name(unit)];
            assert!(theirs.is_object(), "{unit} was not on call {call}");
            assert_eq!(part(unit), part(theirs), "{} on call {call}", name(unit));
            parts += 1;
        }
    }
    let told = expected["parts"].as_object().unwrap().values().map(|units| units.as_object().unwrap().len());
    assert_eq!(parts, told.sum::<usize>(), "units on calls");

    for then in expected["moments"].as_array().unwrap() {
        let asked = json!({ "position": position, "at": then["at"] });
        let rows = all(server, &token, ROSTER, asked).await;
        let what = |status: &Value, since: &Value, call: &Value| (status.clone(), moment(since), call.clone());
        let ours: BTreeMap<String, _> = rows
            .iter()
            .map(|row| {
                let call = &row["card"]["source"]["externalId"];
                (name(row), what(&row["status"], &row["statusSince"], call))
            })
            .collect();
        let theirs = then["units"].as_object().unwrap().iter();
        let theirs: BTreeMap<String, _> =
            theirs.map(|(unit, then)| (unit.clone(), what(&then["status"], &then["since"], &then["call"]))).collect();
        assert_eq!(ours, theirs, "the roster as at {}", then["at"]);
    }
}
