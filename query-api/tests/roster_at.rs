//! The roster as at a moment, by all that is known and by what was known then; for those who see units, and told to the access log as other lists are.

mod support;

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use domain::ids;
use domain::terms::UnitStatus;
use domain::track::{ReportPosition, Track, TrackCommand, TrackPoint};
use domain::values::GeoPoint;
use event_store::append::{Appender, AppenderConfig, Lane, Submission, Target, Touch};
use event_store::log::LogName;
use serde_json::{Value, json};
use support::register::{Register, noon};
use support::{Served, ask, serve};
use uuid::Uuid;

fn who(institution: &str, role: Role, purpose: Purpose) -> Principal {
    let institution = Institution::parse(institution).expect("a code");
    Principal::new("a.ozola", institution, vec![role], purpose, Utc::now() + TimeDelta::hours(1))
}

fn dispatcher() -> Principal {
    who("VUGD", Role::Dispatcher, Purpose::Response)
}

fn minutes(minutes: i64) -> String {
    (noon() + TimeDelta::minutes(minutes)).to_rfc3339()
}

const ROSTER: &str =
    "query ($at: DateTime!, $known: DateTime, $filter: RosterFilter, $p: LogPosition, $first: Int, $after: String) {
    rosterAt(at: $at, knownAt: $known, filter: $filter, minPosition: $p, first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor }
        nodes { callSign status statusSince onDuty card { number } positionKept } } }";

async fn page(api: &Served, principal: &Principal, asked: Value) -> Value {
    let answer = ask(api, Some(&api.tokens.for_(principal)), ROSTER, asked).await.json();
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"]["rosterAt"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_report_counts_when_it_happened_and_from_when_it_was_known() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let (unit, call) = (register.unit("A1").await, register.call(0, "Deg").await);
    register.attach(call.id, unit.id, 1).await;
    register.status(unit.id, UnitStatus::EnRoute, 2).await;
    register.status(unit.id, UnitStatus::Transporting, 30).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let before = Utc::now();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let last = register.status(unit.id, UnitStatus::OnScene, 10).await;

    let at = async |at: i64, known: Option<chrono::DateTime<Utc>>| {
        let known = known.map(|known| known.to_rfc3339());
        let asked = json!({"at": minutes(at), "known": known, "p": last.position});
        let unit = page(&api, &dispatcher(), asked).await["nodes"][0].clone();
        let since = unit["statusSince"].as_str().expect("a time").parse::<chrono::DateTime<Utc>>().expect("a time");
        (
            unit["status"].as_str().map(ToOwned::to_owned),
            (since - noon().to_utc()).num_minutes(),
            unit["card"]["number"].clone(),
        )
    };
    let there = |status: &str, since: i64, card: Value| (Some(status.to_owned()), since, card);
    let on_card = json!(call.number);
    assert_eq!(at(20, None).await, there("ON_SCENE", 10, on_card.clone()));
    assert_eq!(at(20, Some(before)).await, there("EN_ROUTE", 2, on_card.clone()));
    assert_eq!(at(20, Some(Utc::now())).await, there("ON_SCENE", 10, on_card.clone()));
    assert_eq!(at(30, None).await, there("TRANSPORTING", 30, on_card));
    assert_eq!(at(0, None).await, there("AVAILABLE", 0, Value::Null));

    let refused = async |asked: Value| {
        let answer = ask(&api, Some(&api.tokens.for_(&dispatcher())), ROSTER, asked).await;
        (answer.code(), answer.json()["errors"][0]["message"].to_string())
    };
    let (code, message) = refused(json!({"at": minutes(10), "known": minutes(9)})).await;
    assert!(code == "BAD_USER_INPUT" && message.contains("lies before `at`"), "{code} {message}");
    let (code, message) = refused(json!({"at": (Utc::now() + TimeDelta::hours(1)).to_rfc3339()})).await;
    assert!(code == "BAD_USER_INPUT" && message.contains("future"), "{code} {message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_paged_filtered_and_narrowed_to_whom_it_may_show() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    for (institution, call_sign) in [("VUGD", "A1"), ("VP", "B2"), ("RPP", "C3"), ("PP-OGRE", "D4"), ("NMPD", "E5")] {
        register.unit_of(institution, call_sign).await;
    }
    let last = register.unit_in(Some("0055410"), "VUGD", "F6").await;
    let signs = async |principal: &Principal, query: &str, filter: Value| {
        let asked = json!({"at": minutes(1), "filter": filter, "p": last.position});
        let answer = ask(&api, Some(&api.tokens.for_(principal)), query, asked).await.json();
        assert!(answer.get("errors").is_none(), "{answer}");
        let units = &answer["data"]["page"];
        let signs: Vec<String> = units["nodes"]
            .as_array()
            .expect("units")
            .iter()
            .map(|unit| unit["callSign"].as_str().expect("a sign").to_owned())
            .collect();
        assert_eq!(units["totalCount"], signs.len());
        signs.join(" ")
    };
    let then = "query ($at: DateTime!, $filter: RosterFilter, $p: LogPosition) {
        page: rosterAt(at: $at, filter: $filter, minPosition: $p) { totalCount nodes { callSign } } }";
    let now = "query ($filter: RosterFilter, $p: LogPosition) {
        page: roster(filter: $filter, minPosition: $p) { totalCount nodes { callSign } } }";
    for query in [then, now] {
        assert_eq!(signs(&dispatcher(), query, json!(null)).await, "A1 B2 C3 D4 E5 F6");
        assert_eq!(signs(&dispatcher(), query, json!({"service": ["MUNICIPAL_POLICE"]})).await, "C3 D4");
        assert_eq!(signs(&dispatcher(), query, json!({"service": ["FIRE_RESCUE", "MEDICAL"]})).await, "A1 E5 F6");
        assert_eq!(
            signs(&dispatcher(), query, json!({"service": ["GAS"]})).await,
            "",
            "no institution of the register answers for it"
        );
        assert_eq!(signs(&dispatcher(), query, json!({"institution": "VP", "status": ["AVAILABLE"]})).await, "B2");
        assert_eq!(signs(&dispatcher(), query, json!({"territory": ["0001000", "0055410"]})).await, "F6");
        assert_eq!(signs(&dispatcher(), query, json!({"territory": ["0001000"]})).await, "");
        assert_eq!(signs(&dispatcher(), query, json!({"onDuty": false})).await, "");
        let system = who("RPP", Role::System, Purpose::Operation);
        assert_eq!(signs(&system, query, json!(null)).await, "C3", "a system sees its institution's");
    }

    let asked = |after: Value| json!({"at": minutes(1), "p": last.position, "first": 4, "after": after});
    let first = page(&api, &dispatcher(), asked(json!(null))).await;
    assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(6), &json!(true)));
    let second = page(&api, &dispatcher(), asked(first["pageInfo"]["endCursor"].clone())).await;
    assert_eq!(second["nodes"].as_array().map(Vec::len), Some(2));
    assert_eq!(second["nodes"][0]["callSign"], "E5");

    let nobody = ask(&api, None, ROSTER, asked(json!(null))).await;
    assert_eq!(nobody.code(), "UNAUTHENTICATED");
}

/// A unit tells where it was, minutes after noon.
async fn tracked(register: &Register, unit: Uuid, told: &[(i64, i32)]) {
    let config = AppenderConfig::new(LogName::TRACKS, register.app.clone(), register.master.clone());
    let tracks = Appender::start(config).0;
    let points: Vec<TrackPoint> = told
        .iter()
        .map(|(minutes, longitude_e6)| TrackPoint {
            at: noon() + TimeDelta::minutes(*minutes),
            point: GeoPoint::try_new(56_950_000, *longitude_e6).expect("a point"),
            speed_kmh: None,
            heading_deg: None,
        })
        .collect();
    let (last, command_id) = (points[points.len() - 1].at, Uuid::now_v7());
    let track = ids::of_track(unit, ids::riga_day(&last));
    let submission = Submission {
        command_id,
        lane: Lane::Interactive,
        deadline: None,
        digest: [0; 32],
        metadata: [("command_id", command_id.to_string()), ("institution", "VUGD".to_owned())].into_iter().collect(),
        occurred_at: last,
        touches: vec![Touch::of::<Track>(track)],
        decide: Box::new(move |work| {
            let report = TrackCommand::ReportPosition(ReportPosition { unit, points: points.clone() });
            work.execute::<Track>(track, report)?;
            Ok(Target::of::<Track>(track))
        }),
    };
    tracks.enqueue(submission).expect("room").await.expect("a reply");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_unit_was_is_read_from_its_track_for_those_who_may_see_it() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let unit = register.unit("A1").await;
    tracked(&register, unit.id, &[(-1_000, 24_000_000)]).await;
    tracked(&register, unit.id, &[(1, 24_100_000), (5, 24_200_000)]).await;
    // Told later of before.
    tracked(&register, unit.id, &[(3, 24_150_000)]).await;
    let query = "query ($at: DateTime!, $p: LogPosition) { rosterAt(at: $at, minPosition: $p, first: 10) {
        nodes { positionKept position { at point { longitude } } } } }";
    let at = async |principal: &Principal, at: i64| {
        let asked = json!({"at": minutes(at), "p": unit.position});
        let answer = ask(&api, Some(&api.tokens.for_(principal)), query, asked).await.json();
        assert!(answer.get("errors").is_none(), "{answer}");
        let unit = &answer["data"]["rosterAt"]["nodes"][0];
        (unit["positionKept"].clone(), unit["position"]["point"]["longitude"].as_f64())
    };
    assert_eq!(at(&dispatcher(), 4).await, (json!(false), Some(24.15)));
    assert_eq!(at(&dispatcher(), 60).await, (json!(false), Some(24.2)));
    assert_eq!(at(&dispatcher(), 0).await, (json!(false), Some(24.0)), "of the day before");
    let territories = vec![access::Territory::parse("0003000").expect("a code")];
    let municipal = Principal { territories, ..who("PP-JELGAVA", Role::Officer, Purpose::Response) };
    assert_eq!(at(&municipal, 4).await, (json!(true), None));
}
