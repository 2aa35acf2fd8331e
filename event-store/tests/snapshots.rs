//! Snapshots: they spare reading, they decide nothing. What is kept is what the events say; what somebody else put there, or a
//! program with another idea of the state, is not believed.

mod support;

use std::time::Duration;

use event_store::append::{AppendError, Appender, AppenderConfig};
use sqlx::Row as _;
use support::counter::{LIMIT, NAMED};
use support::{LOG, Store, add, pool};
use uuid::Uuid;

/// Events that a record must have had to be read for a snapshot to be made.
const LONG: u64 = 8;

/// Adds one so many times, then once more by a process that has to read all of it: that makes a snapshot.
async fn counted(store: &Store, events: u64) -> Uuid {
    let counter = Uuid::now_v7();
    let appender = store.appender();
    for _ in 0..events {
        appender.submit(add(counter, 1)).await.unwrap();
    }
    assert_eq!(snapshot(store, counter).await, None, "what is in memory needs none so soon");
    store.appender().submit(add(counter, 1)).await.unwrap();
    counter
}

/// Version and state of a record's snapshot.
async fn snapshot(store: &Store, record: Uuid) -> Option<(i64, String)> {
    let sql = "select version, state from register.snapshots where aggregate_id = $1";
    let row = sqlx::query(sql).bind(record).fetch_optional(&store.app).await.unwrap();
    row.map(|row| (row.get("version"), row.get("state")))
}

async fn snapshot_there(store: &Store, record: Uuid) -> (i64, String) {
    for _ in 0..400 {
        if let Some(found) = snapshot(store, record).await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no snapshot was made");
}

async fn as_superuser(store: &Store, sql: &str) {
    let sql = format!("set session_replication_role = replica; {sql}");
    sqlx::raw_sql(&sql).execute(&pool(&store.superuser_url(), 1).await).await.unwrap();
}

#[tokio::test]
async fn a_record_with_a_snapshot_is_not_read_from_its_beginning() {
    let store = Store::fresh().await;
    let counter = counted(&store, LONG).await;
    assert_eq!(snapshot_there(&store, counter).await, (9, r#"{"total":9}"#.to_owned()));

    // Only who reads from the beginning would miss these.
    as_superuser(&store, "delete from register.events where position < 9").await;
    let reply = store.appender().submit(add(counter, 1)).await.unwrap();
    assert_eq!(reply.version, 10);
    let over = store.appender().submit(add(counter, LIMIT - 9)).await;
    assert!(matches!(over, Err(AppendError::Refused(_))), "the state counts what was before the snapshot: {over:?}");
}

#[tokio::test]
async fn a_short_history_gets_none() {
    let store = Store::fresh().await;
    let counter = counted(&store, LONG - 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(snapshot(&store, counter).await, None);
}

#[tokio::test]
async fn a_snapshot_that_was_changed_or_moved_is_not_believed() {
    let store = Store::fresh().await;
    let (counter, other) = (counted(&store, LONG).await, counted(&store, LONG + 1).await);
    snapshot_there(&store, counter).await;
    snapshot_there(&store, other).await;
    for forged in [
        r#"update register.snapshots set state = '{"total":-1000000}'"#,
        "update register.snapshots set version = version - 1, state = state",
        "update register.snapshots set position = position - 1",
        "update register.snapshots set event_id = (select event_id from register.events where position = 1)",
        &format!(
            "update register.snapshots s set state = o.state, seal = o.seal, version = 9 from register.snapshots o
             where s.aggregate_id = '{counter}' and o.aggregate_id = '{other}'"
        ),
        "update register.snapshots set state = 'no json'",
    ] {
        as_superuser(&store, forged).await;
        let over = store.appender().submit(add(counter, LIMIT - 8)).await;
        assert!(matches!(over, Err(AppendError::Refused(_))), "{forged}: {over:?}");
        let just = store.appender().submit(add(counter, LIMIT - 9)).await;
        assert!(just.is_ok(), "{forged}: {just:?}");
        store.appender().submit(add(counter, 9 - LIMIT)).await.unwrap();
    }
}

#[tokio::test]
async fn a_snapshot_of_another_shape_is_as_if_there_were_none() {
    let store = Store::fresh().await;
    let counter = counted(&store, LONG).await;
    snapshot_there(&store, counter).await;
    as_superuser(&store, r"update register.snapshots set shape = '\x00', state = '{}'").await;
    assert_eq!(store.appender().submit(add(counter, 1)).await.unwrap().version, 10);
    let mut kept = snapshot_there(&store, counter).await;
    for _ in 0..200 {
        if kept.0 == 10 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        kept = snapshot_there(&store, counter).await;
    }
    assert_eq!(kept, (10, r#"{"total":10}"#.to_owned()), "the program that runs now has replaced it");
}

#[tokio::test]
async fn snapshots_hold_no_personal_data() {
    let store = Store::fresh().await;
    let counter = Uuid::now_v7();
    for _ in 0..=LONG {
        store.appender().submit(add(counter, NAMED)).await.unwrap();
    }
    let (_, state) = snapshot_there(&store, counter).await;
    assert!(!state.contains("Anna") && !state.contains("$open"), "{state}");
}

#[tokio::test]
async fn a_process_with_a_small_memory_decides_as_one_with_a_large_one() {
    let store = Store::fresh().await;
    let (forgetful, _task) =
        Appender::start(AppenderConfig { cache: 1, ..AppenderConfig::new(LOG, store.app.clone(), support::master()) });
    let counters: Vec<Uuid> = (0..5).map(|_| Uuid::now_v7()).collect();
    let pending: Vec<_> = (0..500).map(|i| forgetful.enqueue(add(counters[i % 5], 1)).unwrap()).collect();
    for (i, pending) in pending.into_iter().enumerate() {
        assert_eq!(pending.await.unwrap().version, i as u64 / 5 + 1);
    }
    assert_eq!(store.positions().await, (1..=500).collect::<Vec<i64>>());
}
