//! What a superuser with the triggers switched off can do to a log, and that verification finds it.

mod support;

use event_store::leaf::Leaf;
use event_store::log::LogPosition;
use event_store::verify::{Verification, verify};
use support::{LOG, Store, add};
use uuid::Uuid;

/// 600 events: two full subtrees of 256 and a right edge.
async fn log_of_600() -> Store {
    let store = Store::fresh().await;
    let appender = store.appender();
    let pending: Vec<_> =
        (0..600u128).map(|i| appender.enqueue(add(Uuid::from_u128(i % 11 + 1), 1)).unwrap()).collect();
    for pending in pending {
        pending.await.unwrap();
    }
    store
}

async fn tampered(sql: &str) -> Verification {
    let store = log_of_600().await;
    let sql = format!("set session_replication_role = replica; {sql}");
    sqlx::raw_sql(&sql).execute(&support::pool(&store.superuser_url(), 1).await).await.unwrap();
    verify(&store.app, LOG, &mut |_, _| {}).await.unwrap()
}

#[tokio::test]
async fn an_untouched_log_is_sound() {
    let verification = tampered("").await;
    assert!(verification.sound, "{verification:?}");
    assert_eq!((verification.head, verification.events), (600, 600));
}

#[tokio::test]
async fn a_changed_payload_is_found_at_its_position() {
    let found = tampered(r#"update register.events set payload = '{"Added":{"n":2}}' where position = 77"#).await;
    assert_eq!(found.first_bad_position, Some(77), "{found:?}");
}

#[tokio::test]
async fn changed_metadata_time_or_type_is_found_at_its_position() {
    for change in ["metadata = '{}'", "occurred_at = occurred_at - interval '1 us'", "event_type = 'Taken'"] {
        let found = tampered(&format!("update register.events set {change} where position = 300")).await;
        assert_eq!(found.first_bad_position, Some(300), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn a_changed_hash_is_found_at_its_position() {
    let found = tampered("update register.events set leaf_hash = sha256('other') where position = 300").await;
    assert_eq!(found.first_bad_position, Some(300), "{found:?}");
}

#[tokio::test]
async fn a_changed_payload_whose_hash_was_made_to_fit_is_found_in_the_tree() {
    for (position, subtree) in [(300, 257), (599, 593)] {
        let store = log_of_600().await;
        let mut event = store.reader().page(LogPosition::new(position - 1), 1).await.unwrap().remove(0);
        event.payload = r#"{"Added":{"n":2}}"#.to_owned();
        let fitting = Leaf::of(&event, "test/register", 1).hash();
        let superuser = support::pool(&store.superuser_url(), 1).await;
        let mut session = superuser.acquire().await.unwrap();
        sqlx::query("set session_replication_role = replica").execute(&mut *session).await.unwrap();
        sqlx::query("update register.events set payload = $2::json, leaf_hash = $3 where position = $1")
            .bind(position as i64)
            .bind(&event.payload)
            .bind(fitting.as_slice())
            .execute(&mut *session)
            .await
            .unwrap();
        let found = verify(&store.app, LOG, &mut |_, _| {}).await.unwrap();
        assert_eq!(found.first_bad_position, Some(subtree), "{found:?}");
    }
}

#[tokio::test]
async fn a_deleted_event_is_found_at_its_position() {
    assert_eq!(tampered("delete from register.events where position = 412").await.first_bad_position, Some(412));
}

#[tokio::test]
async fn a_cut_off_end_is_found() {
    assert_eq!(tampered("delete from register.events where position > 590").await.first_bad_position, Some(591));
}

#[tokio::test]
async fn an_added_event_is_found() {
    let found = tampered(
        "insert into register.events select 601, gen_random_uuid(), aggregate_type, aggregate_id, sequence + 1000,
         event_type, event_version, payload, metadata, occurred_at, recorded_at, leaf_hash
         from register.events where position = 600",
    )
    .await;
    assert_eq!(found.first_bad_position, Some(601), "{found:?}");
}

#[tokio::test]
async fn two_swapped_events_are_found() {
    let found = tampered(
        "update register.events set position = 1000000 where position = 100;
         update register.events set position = 100 where position = 200;
         update register.events set position = 200 where position = 1000000",
    )
    .await;
    assert!(!found.sound && found.first_bad_position.unwrap() <= 200, "{found:?}");
}
