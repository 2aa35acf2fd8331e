//! Shifts of stations: one is on duty at most, two officers are at a hand-over, and what was closed is corrected with a reason.

use access::{Principal, Purpose, Role};
use chrono::{Days, Utc};
use proto::command::v1 as pb;
use proto::command::v1::roster_shift_service_client::RosterShiftServiceClient;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{Api, Calling, envelope, person};

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
