//! Response plans are put into force by two persons, and recommend units for a card.

use std::time::Duration;

use access::{Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::response_plan_service_client::ResponsePlanServiceClient;
use proto::command::v1::unit_service_client::UnitServiceClient;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{Api, Calling, call, called, envelope, person, refusal, with_id};

const DENIED: (Code, Vec<String>) = (Code::PermissionDenied, Vec::new());

fn supervisor(user: &str, institution: &str) -> Principal {
    person(user, institution, Role::Supervisor, Purpose::Administration)
}

fn dispatcher() -> Principal {
    person("d.liepa", "VUGD", Role::Dispatcher, Purpose::Response)
}

fn plans(api: &Api, who: &Principal) -> ResponsePlanServiceClient<Calling> {
    ResponsePlanServiceClient::new(api.calling_as(who))
}

fn engines(count: u32) -> pb::PlanContent {
    let need = pb::PlanNeed {
        service: pb::Service::FireRescue as i32,
        kind: pb::UnitKind::FireEngine as i32,
        count,
        ..Default::default()
    };
    pb::PlanContent {
        name: "Ugunsgrēks ēkā".to_owned(),
        applies: Some(pb::PlanApplies { card_types: vec!["structure-fire".to_owned()], ..Default::default() }),
        rank: 10,
        levels: vec![pb::PlanLevel { level: 1, needs: vec![need] }],
        coverage: Vec::new(),
    }
}

fn propose(content: pb::PlanContent) -> pb::ProposePlan {
    let (code, reason) = ("structure-fire".to_owned(), "as agreed in spring".to_owned());
    pb::ProposePlan { envelope: envelope(), code, content: Some(content), reason }
}

fn approve(digest: &str) -> pb::ApprovePlan {
    let (code, reason) = ("structure-fire".to_owned(), "read and agreed".to_owned());
    pb::ApprovePlan { envelope: envelope(), code, digest: digest.to_owned(), reason }
}

/// Digest of the content that was proposed last.
async fn proposed(api: &Api) -> String {
    let sql = "select payload::jsonb->'PlanProposed'->>'digest' from register.events
               where event_type = 'PlanProposed' order by position desc limit 1";
    sqlx::query_scalar(sql).fetch_one(&api.pool).await.unwrap()
}

/// Proposed by one person and approved by another.
async fn in_force(api: &Api, content: pb::PlanContent) {
    plans(api, &supervisor("a.ozola", "VUGD")).propose_plan(propose(content)).await.unwrap();
    let digest = proposed(api).await;
    plans(api, &supervisor("p.kalnins", "112")).approve_plan(approve(&digest)).await.unwrap();
}

fn fields(status: &Status) -> Vec<String> {
    let request = status.get_details_bad_request().map(|request| request.field_violations);
    request.unwrap_or_default().into_iter().map(|violation| violation.field).collect()
}

#[tokio::test]
async fn a_plan_goes_its_way_by_two_persons_who_send_help() {
    let api = Api::start().await;
    let first = || plans(&api, &supervisor("a.ozola", "VUGD"));
    first().propose_plan(propose(engines(2))).await.unwrap();
    let digest = proposed(&api).await;
    assert_eq!(refusal(first().approve_plan(approve(&digest)).await), DENIED, "another person has to");
    for stranger in [supervisor("l.kalnina", "RPP"), supervisor("i.berzina", "IC"), dispatcher()] {
        assert_eq!(refusal(plans(&api, &stranger).approve_plan(approve(&digest)).await), DENIED);
        assert_eq!(refusal(plans(&api, &stranger).propose_plan(propose(engines(3))).await), DENIED);
    }
    let mut second = plans(&api, &supervisor("p.kalnins", "VP"));
    let other = second.approve_plan(approve(&"5e".repeat(32))).await;
    assert_eq!(refusal(other), (Code::FailedPrecondition, vec!["plan_has_other_content".to_owned()]));
    second.approve_plan(approve(&digest)).await.unwrap();
    let retire = |version| pb::RetirePlan {
        envelope: envelope(),
        code: "structure-fire".to_owned(),
        version,
        reason: "another one holds".to_owned(),
    };
    let early = second.retire_plan(retire(2)).await;
    assert_eq!(refusal(early), (Code::FailedPrecondition, vec!["plan_has_other_version".to_owned()]));
    second.retire_plan(retire(1)).await.unwrap();
    assert_eq!(api.events("register").await, ["PlanProposed", "PlanApproved", "PlanRetired"]);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_plan_is_told_with_its_path() {
    let api = Api::start().await;
    let mut client = plans(&api, &supervisor("a.ozola", "VUGD"));
    let mut content = engines(0);
    content.applies = Some(pb::PlanApplies {
        card_types: vec!["no-such-type".to_owned()],
        territories: vec!["1".to_owned()],
        hours: Some(pb::PlanHours { from_minute: 1440, until_minute: 0 }),
        ..Default::default()
    });
    content.levels[0].needs[0].equipment = vec!["Foam".to_owned()];
    let status = client.propose_plan(propose(content)).await.unwrap_err();
    let mut found = fields(&status);
    found.sort();
    let expected = [
        "content.applies.card_types[0]",
        "content.applies.hours.from_minute",
        "content.applies.territories[0]",
        "content.levels[0].needs[0].count",
        "content.levels[0].needs[0].equipment[0]",
    ];
    assert_eq!(found, expected);
    // What fits together is the rules' to say.
    let twice =
        pb::PlanContent { levels: vec![engines(1).levels.remove(0), engines(1).levels.remove(0)], ..engines(1) };
    let refused = refusal(client.propose_plan(propose(twice)).await);
    assert_eq!(refused, (Code::FailedPrecondition, vec!["plan_levels_have_gaps".to_owned()]));
}

const SCENE: pb::GeoPoint = pb::GeoPoint { latitude_e6: 56_951_500, longitude_e6: 24_113_300 };

/// A unit on duty, so many thousandths of a degree north of the scene.
async fn on_duty(api: &Api, call_sign: &str, kind: pb::UnitKind, north: i32) {
    let mut units = UnitServiceClient::new(api.calling_as(&dispatcher()));
    let (unit, kind) = (call_sign.to_owned(), kind as i32);
    let register = pb::RegisterUnit { envelope: envelope(), call_sign: unit, kind, ..Default::default() };
    units.register_unit(register).await.unwrap();
    units.start_duty(pb::StartDuty { envelope: envelope(), unit: called(call_sign) }).await.unwrap();
    let point = pb::GeoPoint { latitude_e6: SCENE.latitude_e6 + 1_000 * north, ..SCENE };
    let at = (Utc::now() - TimeDelta::minutes(1)).to_rfc3339();
    let points = vec![pb::TrackPoint { at, point: Some(point), ..Default::default() }];
    let report = pb::ReportPosition { envelope: envelope(), unit: called(call_sign), points };
    units.report_position(report).await.unwrap();
}

/// A qualified card at the scene.
async fn fire(api: &Api) -> String {
    let mut cards = EmergencyCardServiceClient::new(api.calling_as(&dispatcher()));
    let place = Some(pb::Place { point: Some(SCENE), territory: "0001000".to_owned(), ..Default::default() });
    let card = cards.receive_call(pb::ReceiveCall { place, ..call() }).await.unwrap().into_inner().aggregate_id;
    let qualify = pb::QualifyCard {
        envelope: envelope(),
        card: with_id(&card),
        type_code: "structure-fire".to_owned(),
        priority: pb::Priority::P1 as i32,
        ..Default::default()
    };
    cards.qualify_card(qualify).await.unwrap();
    card
}

fn about(card: &str) -> pb::RecommendResponse {
    let about = with_id(card).map(pb::recommend_response::About::Card);
    pb::RecommendResponse { about, ..Default::default() }
}

fn signs(reply: &pb::RecommendResponseReply) -> Vec<&str> {
    let chosen = reply.needs.iter().flat_map(|need| &need.chosen);
    chosen.map(|chosen| chosen.unit.as_ref().unwrap().call_sign.as_str()).collect()
}

/// As it is answered once positions have come into the read model.
async fn recommended(api: &Api, who: &Principal, asked: pb::RecommendResponse) -> pb::RecommendResponseReply {
    api.caught_up().await;
    for _ in 0..200 {
        let reply = plans(api, who).recommend_response(asked.clone()).await.unwrap().into_inner();
        let unplaced = |left: &pb::UnitLeft| left.reasons.iter().any(|reason| reason.reason == "position_unknown");
        if !reply.units_left.iter().any(unplaced) {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the positions did not come")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fastest_units_are_recommended_with_the_version_of_the_plan_and_why_others_are_not() {
    let api = Api::with_read_models().await;
    in_force(&api, engines(1)).await;
    in_force(&api, engines(2)).await;
    for (call_sign, north) in [("E1", 30), ("E2", 10), ("E3", 20)] {
        on_duty(&api, call_sign, pb::UnitKind::FireEngine, north).await;
    }
    on_duty(&api, "K1", pb::UnitKind::Ladder, 1).await;
    let card = fire(&api).await;
    let reply = recommended(&api, &dispatcher(), about(&card)).await;
    let plan = reply.plan.as_ref().unwrap();
    assert_eq!((plan.code.as_str(), plan.version, plan.level), ("structure-fire", 2, 1));
    assert_eq!((signs(&reply), reply.card.as_str()), (vec!["E2", "E3"], card.as_str()));
    assert_eq!(reply.needs[0].chosen[0].seconds, 90);
    let [left] = reply.units_left.as_slice() else { panic!("{:?}", reply.units_left) };
    assert_eq!((left.unit.as_ref().unwrap().call_sign.as_str(), left.reasons[0].reason.as_str()), ("E1", "slower"));
    assert_eq!((reply.units_of_other_kinds, reply.services.as_slice()), (1, &[pb::Service::FireRescue as i32][..]));

    // The person decides: another unit than was recommended goes with a reason, and then it counts towards the plan.
    let mut cards = EmergencyCardServiceClient::new(api.calling_as(&dispatcher()));
    let advice = pb::PlanAdvice { plan: plan.code.clone(), version: plan.version, recommended: false };
    let attach = |reason: &str| pb::AttachUnit {
        envelope: envelope(),
        card: with_id(&card),
        unit: called("E1"),
        recommendation: Some(advice.clone()),
        override_reason: reason.to_owned(),
        ..Default::default()
    };
    let silent = refusal(cards.attach_unit(attach("")).await);
    assert_eq!(silent, (Code::FailedPrecondition, vec!["override_without_reason".to_owned()]));
    cards.attach_unit(attach("it knows the house")).await.unwrap();
    let kept: serde_json::Value = sqlx::query_scalar(
        "select payload::jsonb->'UnitAttached' from register.events where event_type = 'UnitAttached'",
    )
    .fetch_one(&api.pool)
    .await
    .unwrap();
    assert_eq!(kept["recommendation"]["version"], 2);
    assert!(kept["override_reason"]["$sealed"].is_string(), "{kept}");
    let reply = recommended(&api, &dispatcher(), about(&card)).await;
    assert_eq!((signs(&reply), reply.needs[0].already.len()), (vec!["E2"], 1));

    // What was shown is in the access log, before the answer.
    let sql = "select jsonb_array_length(payload::jsonb->'RecordConsulted'->'records') from access.events
               where event_type = 'RecordConsulted' order by position desc limit 1";
    let shown: i32 = sqlx::query_scalar(sql).fetch_one(&api.pool).await.unwrap();
    assert_eq!(shown, 4, "the card and three engines");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_enough_and_who_sends_nobody_is_told_nothing() {
    let api = Api::with_read_models().await;
    in_force(&api, engines(1)).await;
    on_duty(&api, "E1", pb::UnitKind::FireEngine, 10).await;
    let draft = pb::CardDraft {
        type_code: "structure-fire".to_owned(),
        place: Some(pb::Place { point: Some(SCENE), ..Default::default() }),
        ..Default::default()
    };
    let typed = |draft: pb::CardDraft| pb::RecommendResponse {
        about: Some(pb::recommend_response::About::Draft(draft)),
        ..Default::default()
    };
    let reply = recommended(&api, &dispatcher(), typed(draft.clone())).await;
    assert_eq!((signs(&reply), reply.card.as_str()), (vec!["E1"], ""));
    // Who plans ahead is told of units as they are now.
    let tomorrow =
        pb::RecommendResponse { at: (Utc::now() + TimeDelta::hours(12)).to_rfc3339(), ..typed(draft.clone()) };
    assert_eq!(signs(&recommended(&api, &dispatcher(), tomorrow).await), ["E1"]);
    let gas = pb::CardDraft { type_code: "gas-leak".to_owned(), ..draft.clone() };
    let reply = recommended(&api, &dispatcher(), typed(gas)).await;
    assert!(reply.plan.is_none());
    assert_eq!(
        (reply.plans_left[0].reason.as_str(), reply.plans_left[0].mismatches.as_slice()),
        ("mismatch", &["card_type".to_owned()][..])
    );

    let auditor = person("m.lace", "VUGD", Role::Auditor, Purpose::Audit);
    assert_eq!(refusal(plans(&api, &auditor).recommend_response(typed(draft.clone())).await), DENIED);
    let nothing = plans(&api, &dispatcher()).recommend_response(about(&uuid::Uuid::now_v7().to_string())).await;
    assert_eq!(nothing.unwrap_err().code(), Code::NotFound);
    let late = pb::RecommendResponse { at: (Utc::now() - TimeDelta::hours(1)).to_rfc3339(), ..typed(draft) };
    let status = plans(&api, &dispatcher()).recommend_response(late).await.unwrap_err();
    assert_eq!(fields(&status), ["at"]);
}

/// A drive of some days ago: ten minutes from setting out to the scene.
async fn drove(api: &Api, call_sign: &str, n: i64) {
    let began = Utc::now() - TimeDelta::hours(72) + TimeDelta::minutes(40 * n);
    let at = |minutes| {
        let occurred_at = (began + TimeDelta::minutes(minutes)).to_rfc3339();
        envelope().map(|envelope| pb::Envelope { occurred_at, ..envelope })
    };
    let mut cards = EmergencyCardServiceClient::new(api.calling_as(&dispatcher()));
    let mut units = UnitServiceClient::new(api.calling_as(&dispatcher()));
    let place = Some(pb::Place { point: Some(SCENE), territory: "0001000".to_owned(), ..Default::default() });
    let received = cards.receive_call(pb::ReceiveCall { envelope: at(0), place, ..call() }).await.unwrap();
    let card = received.into_inner().aggregate_id;
    let unit = called(call_sign);
    let attach = pb::AttachUnit { envelope: at(1), card: with_id(&card), unit: unit.clone(), ..Default::default() };
    cards.attach_unit(attach).await.unwrap();
    for (minutes, status) in [(2, pb::UnitStatus::EnRoute), (12, pb::UnitStatus::OnScene)] {
        let (envelope, unit, status) = (at(minutes), unit.clone(), status as i32);
        let report = pb::ReportUnitStatus { envelope, unit, status, ..Default::default() };
        units.report_unit_status(report).await.unwrap();
    }
    let release = pb::ReleaseUnit { envelope: at(30), unit, ..Default::default() };
    units.release_unit(release).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn travel_times_are_learned_from_the_drives_of_days_that_are_over() {
    let api = Api::with_read_models().await;
    in_force(&api, engines(1)).await;
    let mut units = UnitServiceClient::new(api.calling_as(&dispatcher()));
    let kind = pb::UnitKind::FireEngine as i32;
    let long_ago = || {
        let occurred_at = (Utc::now() - TimeDelta::hours(73)).to_rfc3339();
        envelope().map(|envelope| pb::Envelope { occurred_at, ..envelope })
    };
    let register = pb::RegisterUnit { envelope: long_ago(), call_sign: "E1".to_owned(), kind, ..Default::default() };
    units.register_unit(register).await.unwrap();
    units.start_duty(pb::StartDuty { envelope: long_ago(), unit: called("E1") }).await.unwrap();
    for n in 0..30 {
        drove(&api, "E1", n).await;
    }
    let card = fire(&api).await;
    api.caught_up().await;
    let before = plans(&api, &dispatcher()).recommend_response(about(&card)).await.unwrap().into_inner();
    assert!(signs(&before).is_empty(), "nobody knows where it is: {before:?}");
    assert_eq!(before.travel, Some(pb::TravelBasis::default()), "nothing is learned yet");

    // Whoever starts now learns from the days that are over, and where the unit is at home: it has never said where it is.
    let later = api.beside().await;
    let until = std::time::Instant::now() + Duration::from_secs(30);
    let reply = loop {
        let reply = plans(&later, &dispatcher()).recommend_response(about(&card)).await.unwrap().into_inner();
        if reply.travel.as_ref().is_some_and(|travel| travel.drives > 0) {
            break reply;
        }
        assert!(std::time::Instant::now() < until, "it never learned: {reply:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let travel = reply.travel.clone().unwrap();
    let midnight = Utc::now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    assert_eq!((travel.drives, travel.until), (30, format!("{}Z", midnight.format("%Y-%m-%dT%H:%M:%S"))));
    let chosen = &reply.needs[0].chosen[0];
    assert_eq!((signs(&reply), chosen.metres), (vec!["E1"], 0));
    assert_eq!(chosen.doubts, ["position_assumed"]);
    assert!(chosen.seconds > 120, "ten minutes each time, drawn to what is known of longer ways: {} s", chosen.seconds);
}
