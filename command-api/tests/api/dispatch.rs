//! Cards, units and positions together.

use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use tonic::Code;

use crate::support::{Api, call, called, envelope, refusal, unit, with_id};

async fn card(api: &Api) -> String {
    api.cards().receive_call(call()).await.unwrap().into_inner().aggregate_id
}

fn attach(card: &str, divert: bool) -> pb::AttachUnit {
    pb::AttachUnit {
        envelope: envelope(),
        card: with_id(card),
        unit: called("E28"),
        divert,
        ..pb::AttachUnit::default()
    }
}

fn points(from: chrono::DateTime<Utc>, count: i64) -> Vec<pb::TrackPoint> {
    let point = |n: i64| pb::TrackPoint {
        at: (from + TimeDelta::seconds(n)).to_rfc3339(),
        point: Some(pb::GeoPoint { latitude_e6: 56_951_500 + n as i32, longitude_e6: 24_113_300 }),
        speed_kmh: Some(61),
        heading_deg: None,
    };
    (0..count).map(point).collect()
}

#[tokio::test]
async fn a_unit_and_its_card_change_together_or_not_at_all() {
    let api = Api::start().await;
    api.units().register_unit(unit("E28")).await.unwrap();
    let (one, two) = (card(&api).await, card(&api).await);
    let before = api.events("register").await.len();
    let attached = api.cards().attach_unit(attach(&one, false)).await.unwrap().into_inner();
    assert_eq!((attached.aggregate_id, attached.events), (one.clone(), 2));
    assert!(attached.number.starts_with("VEK-"));

    let busy = refusal(api.cards().attach_unit(attach(&two, false)).await);
    assert_eq!(busy, (Code::FailedPrecondition, vec!["unit_busy".to_owned()]));
    assert_eq!(api.events("register").await.len(), before + 2, "the second card has nothing of it");

    let diverted = api.cards().attach_unit(attach(&two, true)).await.unwrap().into_inner();
    assert_eq!(diverted.events, 4, "released and cleared there, attached and assigned here");
    let release = |card| pb::ReleaseUnit { envelope: envelope(), unit: called("E28"), card };
    let wrong = refusal(api.units().release_unit(release(with_id(&one))).await);
    assert_eq!(wrong, (Code::FailedPrecondition, vec!["unit_on_another_card".to_owned()]));
    let released = api.units().release_unit(release(None)).await.unwrap().into_inner();
    assert_eq!(released.events, 2);
    let expected = [
        "UnitAttached",
        "UnitAssigned",
        "UnitReleased",
        "UnitCleared",
        "UnitAttached",
        "UnitAssigned",
        "UnitReleased",
        "UnitCleared",
    ];
    assert_eq!(api.events("register").await[before..], expected);
}

#[tokio::test]
async fn a_card_that_does_not_exist_has_no_units() {
    let api = Api::start().await;
    api.units().register_unit(unit("E28")).await.unwrap();
    let nowhere = uuid::Uuid::now_v7().to_string();
    let refused = refusal(api.cards().attach_unit(attach(&nowhere, false)).await);
    assert_eq!(refused, (Code::NotFound, vec!["card_not_received".to_owned()]));
    let card = card(&api).await;
    let stranger = pb::AttachUnit { unit: called("E29"), ..attach(&card, false) };
    let refused = refusal(api.cards().attach_unit(stranger).await);
    assert_eq!(refused, (Code::NotFound, vec!["unit_not_registered".to_owned()]));
}

#[tokio::test]
async fn positions_go_into_a_log_of_their_own_with_what_the_register_knew() {
    let api = Api::start().await;
    let report = |points| pb::ReportPosition { envelope: envelope(), unit: called("E28"), points };
    let unknown = api.units().report_position(report(points(Utc::now() - TimeDelta::minutes(1), 3))).await;
    assert_eq!(refusal(unknown).0, Code::NotFound);

    api.units().register_unit(unit("E28")).await.unwrap();
    // Two days ago at 21:59:58 UTC, and 22:00:01 UTC, lie in two days of Riga in winter; an hour earlier in summer.
    let days_ago = Utc::now() - TimeDelta::days(2);
    let several_days = [points(days_ago, 2), points(Utc::now() - TimeDelta::minutes(1), 2)].concat();
    let reply = api.units().report_position(report(several_days)).await.unwrap().into_inner();
    assert_eq!((reply.events, reply.version, reply.number.as_str()), (2, 1, ""), "a track is one day of a unit");

    assert_eq!(api.events("register").await, ["UnitRegistered"]);
    assert_eq!(api.events("tracks").await, ["TrackReported", "TrackReported"]);
    let after: Vec<String> =
        sqlx::query_scalar("select metadata->>'after' from tracks.events").fetch_all(&api.pool).await.unwrap();
    assert_eq!(after, ["1", "1"]);
}

#[tokio::test]
async fn a_card_and_its_incident_are_tied() {
    let api = Api::start().await;
    let card = card(&api).await;
    let link =
        |incident: &str| pb::LinkIncident { envelope: envelope(), card: with_id(&card), incident: with_id(incident) };
    let nowhere = uuid::Uuid::now_v7().to_string();
    assert_eq!(refusal(api.cards().link_incident(link(&nowhere)).await).0, Code::NotFound);
    let of_card = pb::RegisterIncident { card: with_id(&card), ..crate::support::incident() };
    let incident = api.incidents().register_incident(of_card).await.unwrap().into_inner().aggregate_id;
    assert_eq!(api.cards().link_incident(link(&incident)).await.unwrap().into_inner().events, 1);
}
