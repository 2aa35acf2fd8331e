//! Shifts in the graph: what was planned and who came, what has to be free meanwhile, and what is for the institution alone.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use domain::ids;
use domain::roster_shift::{
    CallReserve, CorrectShift, HandOverShift, LineUp, Minimum, OpenShift, PlanShift, ShiftCommand, ShiftKey, ShiftPlan,
    ShiftUnit,
};
use domain::terms::{UnitKind, UnitStatus};
use domain::unit::{ChangeCrew, ChangeEquipment, Crew, EquipmentService, RegisterUnit, ReportStatus, UnitCommand};
use domain::values::{
    CallSign, Code, CrewSize, Description, Headcount, InstitutionCode, Officer, Reason, Station, UnitCount,
};
use serde_json::{Value, json};
use support::register::{Done, Register};
use support::{Answer, Served, ask, serve};
use uuid::Uuid;

#[track_caller]
fn data(answer: &Answer) -> Value {
    let body = answer.json();
    assert!(body.get("errors").is_none(), "{body}");
    body["data"].clone()
}

fn who(institution: &str, role: Role, purpose: Purpose) -> Principal {
    let institution = Institution::parse(institution).expect("a code");
    Principal::new("a.ozola", institution, vec![role], purpose, Utc::now() + TimeDelta::hours(1))
}

fn station() -> Station {
    Station::parse("Rīgas 1. daļa").expect("a station")
}

fn officer(number: &str) -> Officer {
    Officer::parse(number).expect("an officer")
}

fn code(code: &str) -> Code {
    Code::parse(code).expect("a code")
}

fn crew(people: u32) -> Crew {
    let size = |count| CrewSize::try_new(count).expect("a size");
    let qualifications = BTreeMap::from([(code("driver"), size(1))]);
    Crew { size: size(people), commander: Some(officer("V-7")), qualifications }
}

fn line_up(present: u32, units: &[Uuid]) -> LineUp {
    let units = units.iter().map(|unit| ShiftUnit { unit: *unit, crew: Some(crew(4)) }).collect();
    LineUp { present: Headcount::try_new(present).expect("people"), units }
}

/// A unit of the station comes on duty.
async fn unit(register: &Register, call_sign: &str) -> Done {
    let institution = InstitutionCode::parse("VUGD").expect("an institution");
    let call_sign = CallSign::parse(call_sign).expect("a call sign");
    let id = ids::of_unit(&institution, &call_sign);
    let (kind, station) = (UnitKind::FireEngine, Some(station()));
    let new = RegisterUnit { institution, call_sign, kind, station, territory: None, source_kind: None };
    register.unit_does(id, UnitCommand::RegisterUnit(new)).await;
    register.unit_does(id, UnitCommand::StartDuty).await
}

/// A shift that began an hour ago and needs two fire engines.
async fn planned(register: &Register, units: &[Uuid]) -> Uuid {
    let starts_at = (Utc::now() - TimeDelta::hours(1)).fixed_offset();
    let key = ShiftKey {
        institution: InstitutionCode::parse("VUGD").expect("an institution"),
        station: station(),
        date: ids::riga_day(&starts_at),
        shift: code("day"),
    };
    let minimum = |at_least, of_institution| Minimum {
        kind: UnitKind::FireEngine,
        at_least: UnitCount::try_new(at_least).expect("a count"),
        of_institution,
    };
    let plan = ShiftPlan {
        starts_at,
        ends_at: starts_at + TimeDelta::hours(12),
        strength: Headcount::try_new(9).expect("people"),
        units: BTreeSet::from_iter(units.iter().copied()),
        minimum: vec![minimum(2, false), minimum(1, true)],
    };
    let id = ids::of_shift(&key);
    register.shift(id, ShiftCommand::PlanShift(PlanShift { key, plan })).await;
    id
}

async fn open(register: &Register, shift: Uuid, units: &[Uuid]) -> Done {
    let open = OpenShift { officer: officer("V-1"), line_up: line_up(8, units), after: None };
    register.shift(shift, ShiftCommand::OpenShift(open)).await
}

async fn answer(api: &Served, who: &Principal, query: &str, variables: Value) -> Value {
    data(&ask(api, Some(&api.tokens.for_(who)), query, variables).await)
}

const COVERAGE: &str = "query ($p: LogPosition, $b: Boolean! = false) { coverage(minPosition: $p, breachedOnly: $b) {
    station kind ofInstitution atLeast available breached } }";

#[tokio::test(flavor = "multi_thread")]
async fn too_few_units_free_is_an_alarm_while_a_shift_is_on_duty() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let (one, other) = (unit(&register, "AC-1").await, unit(&register, "AC-2").await);
    let shift = planned(&register, &[one.id, other.id]).await;
    let dispatcher = who("VKCP", Role::Dispatcher, Purpose::Response);
    assert_eq!(answer(&api, &dispatcher, COVERAGE, json!({"p": other.position})).await["coverage"], json!([]));

    let opened = open(&register, shift, &[one.id, other.id]).await;
    let line = |of_institution, at_least, available, breached| {
        json!({"station": "Rīgas 1. daļa", "kind": "FIRE_ENGINE", "ofInstitution": of_institution, "atLeast": at_least,
               "available": available, "breached": breached})
    };
    let covered = json!([line(false, 2, 2, false), line(true, 1, 2, false)]);
    assert_eq!(answer(&api, &dispatcher, COVERAGE, json!({"p": opened.position})).await["coverage"], covered);

    let report = ReportStatus { status: UnitStatus::OutOfService, vendor_code: None, vendor_scheme: None };
    let broken = register.unit_does(one.id, UnitCommand::ReportStatus(report)).await;
    let alarms = json!({"p": broken.position, "b": true});
    assert_eq!(answer(&api, &dispatcher, COVERAGE, alarms).await["coverage"], json!([line(false, 2, 1, true)]));
    let closed = register.shift(shift, ShiftCommand::CloseShift).await;
    assert_eq!(answer(&api, &dispatcher, COVERAGE, json!({"p": closed.position})).await["coverage"], json!([]));
}

const SHIFTS: &str =
    "query ($p: LogPosition, $f: ShiftFilter) { shifts(minPosition: $p, filter: $f) { totalCount nodes {
    state strengthPlanned strengthPresent reserveCalled officer handedOverBy takenOverBy notesKept notes { value }
    lineUp { assignedUnit { callSign } crew { size commander qualifications { code count } } }
    corrections { presentBefore present reason { value } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_is_seen_by_the_services_and_its_words_by_its_institution_alone() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let engine = unit(&register, "AC-1").await;
    let shift = planned(&register, &[engine.id]).await;
    open(&register, shift, &[engine.id]).await;
    let people = CrewSize::try_new(3).expect("people");
    let reserve = CallReserve { people, units: BTreeSet::new() };
    register.shift(shift, ShiftCommand::CallReserve(reserve)).await;
    let notes = Some(Description::parse("Sūknis remontā").expect("words").into());
    let (handed_over_by, taken_over_by) = (officer("V-1"), officer("V-2"));
    let over = HandOverShift { handed_over_by, taken_over_by, notes };
    register.shift(shift, ShiftCommand::HandOverShift(over)).await;
    register.shift(shift, ShiftCommand::CloseShift).await;
    let reason = Reason::parse("Viens ieradās vēlāk").expect("words").into();
    let correct = CorrectShift { line_up: line_up(9, &[engine.id]), reason };
    let last = register.shift(shift, ShiftCommand::CorrectShift(correct)).await;

    let seen = |notes: Value, reason: Value| {
        let crew = json!({"size": 4, "commander": "V-7", "qualifications": [{"code": "driver", "count": 1}]});
        json!({"totalCount": 1, "nodes": [{
            "state": "CORRECTED", "strengthPlanned": 9, "strengthPresent": 9, "reserveCalled": 3, "officer": "V-1",
            "handedOverBy": "V-1", "takenOverBy": "V-2", "notesKept": notes.is_null(), "notes": notes,
            "lineUp": [{"assignedUnit": {"callSign": "AC-1"}, "crew": crew}],
            "corrections": [{"presentBefore": 8, "present": 9, "reason": reason}],
        }]})
    };
    let asked = json!({"p": last.position, "f": {"station": "Rīgas 1. daļa", "state": ["CORRECTED"]}});
    let own = who("VUGD", Role::Dispatcher, Purpose::Response);
    let words = seen(json!({"value": "Sūknis remontā"}), json!({"value": "Viens ieradās vēlāk"}));
    assert_eq!(answer(&api, &own, SHIFTS, asked.clone()).await["shifts"], words);
    let told: Vec<String> = sqlx::query_scalar(
        "select payload::text from access.events where event_type = 'RecordConsulted' order by position desc limit 1",
    )
    .fetch_all(&register.app)
    .await
    .expect("the access log");
    assert!(told[0].contains(&shift.to_string()), "{told:?}");

    let police = who("VP", Role::Officer, Purpose::Response);
    assert_eq!(answer(&api, &police, SHIFTS, asked.clone()).await["shifts"], seen(Value::Null, Value::Null));
    let none = json!({"p": last.position, "f": {"state": ["OPEN"]}});
    assert_eq!(answer(&api, &police, SHIFTS, none).await["shifts"], json!({"totalCount": 0, "nodes": []}));
    let social = who("SD-RIGA", Role::Officer, Purpose::Prevention);
    let refused = ask(&api, Some(&api.tokens.for_(&social)), SHIFTS, asked).await;
    let hidden = refused.json()["data"]["shifts"]["totalCount"].clone();
    assert!(hidden == 0 || refused.code() == "FORBIDDEN", "{}", refused.json());
}

const UNIT: &str = "query ($id: ID!, $p: LogPosition) { unit(id: $id, minPosition: $p) {
    vendorScheme vendorCode crew { size commander } equipment { code inService } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_shows_who_is_in_it_and_what_it_carries() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let engine = unit(&register, "AC-1").await;
    let dispatcher = who("VKCP", Role::Dispatcher, Purpose::Response);
    let asked = |done: &Done| json!({"id": engine.id, "p": done.position});
    let nothing = json!({"vendorScheme": null, "vendorCode": null, "crew": null, "equipment": null});
    assert_eq!(answer(&api, &dispatcher, UNIT, asked(&engine)).await["unit"], nothing);

    register.unit_does(engine.id, UnitCommand::ChangeCrew(ChangeCrew { crew: crew(4) })).await;
    let equipment = BTreeSet::from([code("foam"), code("thermal-camera")]);
    register.unit_does(engine.id, UnitCommand::ChangeEquipment(ChangeEquipment { equipment })).await;
    let broken = EquipmentService { equipment: BTreeSet::from([code("thermal-camera")]) };
    let last = register.unit_does(engine.id, UnitCommand::PutEquipmentOutOfService(broken)).await;
    let carried = json!([{"code": "foam", "inService": true}, {"code": "thermal-camera", "inService": false}]);
    let shown = answer(&api, &dispatcher, UNIT, asked(&last)).await["unit"].clone();
    assert_eq!((&shown["crew"], &shown["equipment"]), (&json!({"size": 4, "commander": "V-7"}), &carried));
    let off = register.unit_does(engine.id, UnitCommand::EndDuty).await;
    let shown = answer(&api, &dispatcher, UNIT, asked(&off)).await["unit"].clone();
    assert_eq!((&shown["crew"], &shown["equipment"]), (&Value::Null, &carried), "the crew goes, the vehicle stays");
}
