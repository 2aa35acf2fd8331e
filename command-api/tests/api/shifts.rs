//! Shifts of stations: one is on duty at most, two officers are at a hand-over, what was closed is corrected with a reason, and the units
//! that they name are known.

use access::{Principal, Purpose, Role};
use chrono::{Days, Utc};
use proto::command::v1 as pb;
use proto::command::v1::roster_shift_service_client::RosterShiftServiceClient;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{Api, Calling, call, called, envelope, person, unit, with_id};

fn duty_officer() -> Principal {
    person("l.kalnina", "VUGD", Role::Supervisor, Purpose::Response)
}

fn shifts(api: &Api, who: &Principal) -> RosterShiftServiceClient<Calling> {
    RosterShiftServiceClient::new(api.calling_as(who))
}

fn key(days_ago: u64, shift: &str) -> pb::ShiftKey {
    let date = (Utc::now() - Days::new(days_ago)).date_naive();
    let (station, date, shift) = ("Rīgas 1. daļa".to_owned(), date.to_string(), shift.to_owned());
    pb::ShiftKey { institution: String::new(), station, date, shift }
}

fn named(key: &pb::ShiftKey) -> Option<pb::ShiftRef> {
    Some(pb::ShiftRef { by: Some(pb::shift_ref::By::Key(key.clone())) })
}

fn plan(key: &pb::ShiftKey) -> pb::PlanShift {
    pb::PlanShift {
        envelope: envelope(),
        key: Some(key.clone()),
        starts_at: format!("{}T08:00:00+02:00", key.date),
        ends_at: format!("{}T20:00:00+02:00", key.date),
        strength: 7,
        units: Vec::new(),
        minimum: vec![pb::ShiftMinimum { kind: pb::UnitKind::FireEngine as i32, at_least: 1, of_institution: false }],
    }
}

fn present(present: u32) -> Option<pb::LineUp> {
    Some(pb::LineUp { present, units: Vec::new() })
}

fn open(key: &pb::ShiftKey, after: Option<&pb::ShiftKey>) -> pb::OpenShift {
    let (officer, line_up) = ("V-1".to_owned(), present(6));
    pb::OpenShift { envelope: envelope(), shift: named(key), officer, line_up, after: after.and_then(named) }
}

fn hand_over(key: &pb::ShiftKey, to: &str) -> pb::HandOverShift {
    pb::HandOverShift {
        envelope: envelope(),
        shift: named(key),
        handed_over_by: "V-1".to_owned(),
        taken_over_by: to.to_owned(),
        notes: "Sūknis remontā".to_owned(),
    }
}

fn rules(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.precondition_failure().map(|failure| failure.violations.clone()).unwrap_or_default();
    violations.into_iter().map(|violation| violation.r#type).collect()
}

/// A unit, named together with whose it is.
fn of_vugd(call_sign: &str) -> Option<pb::UnitRef> {
    let call_sign = pb::CallSign { institution: "VUGD".to_owned(), call_sign: call_sign.to_owned() };
    Some(pb::UnitRef { by: Some(pb::unit_ref::By::CallSign(call_sign)) })
}

fn by_id(id: &str) -> Option<pb::UnitRef> {
    Some(pb::UnitRef { by: Some(pb::unit_ref::By::Id(id.to_owned())) })
}

fn in_units<const N: usize>(units: [Option<pb::UnitRef>; N]) -> Option<pb::LineUp> {
    let units = units.into_iter().map(|unit| pb::ShiftUnit { unit, crew: None }).collect();
    Some(pb::LineUp { present: 6, units })
}

/// Where the units stand that are refused because nobody knows them, and what is said of each.
fn unknown(status: &Status) -> Vec<(String, String)> {
    assert_eq!(status.code(), Code::NotFound, "{status:?}");
    let violations = status.get_details_precondition_failure().unwrap().violations;
    assert!(violations.iter().all(|violation| violation.r#type == "unit_not_registered"), "{violations:?}");
    violations.into_iter().map(|violation| (violation.subject, violation.description)).collect()
}

fn not_registered(path: &str, name: &str) -> (String, String) {
    (path.to_owned(), format!("the register has no unit `{name}`: register it first"))
}

#[tokio::test]
async fn a_plan_with_units_that_nobody_knows_is_refused_with_all_of_them() {
    let api = Api::start().await;
    // It is off duty: a shift is planned before anybody comes.
    api.units().register_unit(unit("AC-1")).await.unwrap();
    let mut client = shifts(&api, &duty_officer());
    let day = key(1, "day");
    let with =
        |units: [Option<pb::UnitRef>; 3]| pb::PlanShift { units: units.into_iter().flatten().collect(), ..plan(&day) };
    let refused = client.plan_shift(with([called("ac-8"), called("AC-1"), of_vugd("AC-9")])).await.unwrap_err();
    assert_eq!(unknown(&refused), [not_registered("units[0]", "ac-8"), not_registered("units[2]", "VUGD/AC-9")]);
    assert_eq!(api.events("register").await, ["UnitRegistered"], "nothing of the plan is recorded");

    client.plan_shift(with([called("AC-1"), of_vugd("AC-1"), called("ac-1")])).await.unwrap();
    assert_eq!(api.events("register").await, ["UnitRegistered", "ShiftPlanned"]);
}

#[tokio::test]
async fn a_shift_on_duty_names_only_units_that_are_known() {
    let api = Api::start().await;
    api.units().register_unit(unit("AC-1")).await.unwrap();
    let card = api.cards().receive_call(call()).await.unwrap().into_inner().aggregate_id;
    let mut client = shifts(&api, &duty_officer());
    let day = key(1, "day");
    let nowhere = pb::OpenShift { line_up: in_units([called("AC-8")]), ..open(&day, None) };
    let refused = client.open_shift(nowhere).await.unwrap_err();
    assert_eq!(rules(&refused), ["shift_not_planned"], "whose it is isn't known, so nothing is said of units");
    client.plan_shift(plan(&day)).await.unwrap();
    let before = api.events("register").await;

    // A card is not a unit, and told with the others.
    let opened = |units| pb::OpenShift { line_up: units, ..open(&day, None) };
    let mistyped = opened(in_units([called("AC-8"), called("AC-1"), by_id(&card)]));
    let refused = client.open_shift(mistyped).await.unwrap_err();
    let told = [not_registered("line_up.units[0].unit", "AC-8"), not_registered("line_up.units[2].unit", &card)];
    assert_eq!(unknown(&refused), told);
    assert_eq!(api.events("register").await, before, "it is not open");
    client.open_shift(opened(in_units([called("AC-1")]))).await.unwrap();
    let before = api.events("register").await;

    let line_up = in_units([called("AC-1"), called("AC-8")]);
    let in_line_up = [not_registered("line_up.units[1].unit", "AC-8")];
    let change = pb::ChangeLineUp { envelope: envelope(), shift: named(&day), line_up: line_up.clone() };
    assert_eq!(unknown(&client.change_line_up(change).await.unwrap_err()), in_line_up);

    let units = called("AC-8").into_iter().collect();
    let reserve = pb::CallReserve { envelope: envelope(), shift: named(&day), people: 2, units };
    assert_eq!(unknown(&client.call_reserve(reserve).await.unwrap_err()), [not_registered("units[0]", "AC-8")]);

    let relief =
        |hour, unit, relieved_by| pb::Relief { at: format!("{}T{hour}:00:00+02:00", day.date), unit, relieved_by };
    let reliefs = vec![relief(10, called("AC-1"), called("AC-8")), relief(12, called("AC-9"), called("AC-1"))];
    let rotation = pb::PlanRotation { envelope: envelope(), shift: named(&day), card: with_id(&card), reliefs };
    let told = [not_registered("reliefs[0].relieved_by", "AC-8"), not_registered("reliefs[1].unit", "AC-9")];
    assert_eq!(unknown(&client.plan_rotation(rotation).await.unwrap_err()), told);
    assert_eq!(api.events("register").await, before, "nothing of these is recorded");

    client.close_shift(pb::CloseShift { envelope: envelope(), shift: named(&day) }).await.unwrap();
    let reason = "Viens ieradās vēlāk".to_owned();
    let correct = pb::CorrectShift { envelope: envelope(), shift: named(&day), line_up, reason };
    assert_eq!(unknown(&client.correct_shift(correct).await.unwrap_err()), in_line_up);
}

#[tokio::test]
async fn a_station_has_one_shift_on_duty_and_each_follows_the_last() {
    let api = Api::start().await;
    let mut client = shifts(&api, &duty_officer());
    let (first, second, third) = (key(3, "day"), key(2, "day"), key(1, "day"));
    for key in [&first, &second, &third] {
        client.plan_shift(plan(key)).await.unwrap();
    }
    assert_eq!(client.plan_shift(plan(&first)).await.unwrap().into_inner().events, 0, "it is planned so");
    client.open_shift(open(&first, None)).await.unwrap();
    let early = client.open_shift(open(&second, Some(&first))).await.unwrap_err();
    assert_eq!(rules(&early), ["shift_before_not_over"]);
    let unnamed = client.open_shift(open(&second, None)).await.unwrap_err();
    assert_eq!(rules(&unnamed), ["shift_before_not_named"]);

    assert_eq!(rules(&client.hand_over_shift(hand_over(&first, "V-1")).await.unwrap_err()), ["shift_same_officer"]);
    client.hand_over_shift(hand_over(&first, "V-2")).await.unwrap();
    client.open_shift(open(&second, Some(&first))).await.unwrap();
    client.close_shift(pb::CloseShift { envelope: envelope(), shift: named(&second) }).await.unwrap();
    let twice = client.open_shift(open(&third, Some(&first))).await.unwrap_err();
    assert_eq!(rules(&twice), ["shift_followed_already"]);
    client.open_shift(open(&third, Some(&second))).await.unwrap();

    let correct = |key: &pb::ShiftKey| pb::CorrectShift {
        envelope: envelope(),
        shift: named(key),
        line_up: present(5),
        reason: "Viens bija slims".to_owned(),
    };
    assert_eq!(rules(&client.correct_shift(correct(&third)).await.unwrap_err()), ["shift_not_closed"]);
    client.correct_shift(correct(&second)).await.unwrap();
    let in_clear: i64 = sqlx::query_scalar(
        "select count(*) from register.events where payload::text like '%slims%' or payload::text like '%remont%'",
    )
    .fetch_one(&api.pool)
    .await
    .unwrap();
    assert_eq!(in_clear, 0, "notes and reasons are sealed");
}

#[tokio::test]
async fn shifts_are_their_institutions_and_all_that_is_wrong_is_told_at_once() {
    let api = Api::start().await;
    let mut client = shifts(&api, &duty_officer());
    let day = key(1, "day");
    client.plan_shift(plan(&day)).await.unwrap();
    let mut of_vugd = day.clone();
    of_vugd.institution = "VUGD".to_owned();
    let police = person("a.ozola", "VP", Role::Officer, Purpose::Response);
    let others = shifts(&api, &police).open_shift(open(&of_vugd, None)).await.unwrap_err();
    assert_eq!(others.code(), Code::PermissionDenied, "{others:?}");
    let unknown = client.open_shift(open(&key(1, "night"), None)).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound, "{unknown:?}");

    let wrong = pb::PlanShift {
        key: Some(pb::ShiftKey { date: "today".to_owned(), shift: "DAY".to_owned(), ..Default::default() }),
        strength: 3_000,
        minimum: vec![pb::ShiftMinimum::default()],
        ..pb::PlanShift { envelope: envelope(), ..Default::default() }
    };
    let told = client.plan_shift(wrong).await.unwrap_err();
    let details = told.get_error_details();
    let paths: Vec<_> = details.bad_request().unwrap().field_violations.iter().map(|one| one.field.clone()).collect();
    let expected = [
        "key.station",
        "key.date",
        "key.shift",
        "starts_at",
        "ends_at",
        "strength",
        "minimum[0].kind",
        "minimum[0].at_least",
    ];
    assert_eq!(paths, expected);
}
