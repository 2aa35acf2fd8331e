//! The problem of the field: a reader that tails a log while eight processes write to it. Ours must deliver every event
//! exactly once, in order, with no hole; the naive way (a sequence, and a reader that remembers the last number) must be
//! caught losing some, to show that this test can fail. With kills, and a million events, it is in `order_kills`.

mod support;

use std::collections::HashSet;
use std::process::Child;
use std::time::{Duration, Instant};

use event_store::append::{Appender, AppenderConfig};
use event_store::log::LogPosition;
use event_store::tail::HeadWatch;
use sqlx::PgPool;
use support::roles::{spawn, told};
use support::{LOG, Store, add, master, pool};
use uuid::Uuid;

const WRITERS: usize = 8;
const EVENTS_OF_EACH: usize = 500;

fn start(role: &str, url: &str) -> Vec<Child> {
    let told = |writer: usize| [("url", url.to_owned()), ("writer", writer.to_string())];
    (0..WRITERS).map(|writer| spawn(role, &told(writer))).collect()
}

fn all_succeeded(writers: Vec<Child>) {
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
}

/// Role: a process with an appender of its own; its callers keep 16 commands in flight on streams that all processes share.
#[tokio::test]
async fn role_appender() {
    let Some(url) = told("url") else { return };
    let writer: i32 = told("writer").unwrap().parse().unwrap();
    let (appender, _task) = Appender::start(AppenderConfig::new(LOG, pool(&url, 3).await, master()));
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..16 {
        let appender = appender.clone();
        callers.spawn(async move {
            for i in 0..EVENTS_OF_EACH / 16 {
                let shared = Uuid::from_u128((i % 40) as u128 + 1);
                let own = Uuid::from_u128(1_000 * (writer as u128 + 1) + caller);
                appender.submit(add(if i % 4 == 0 { shared } else { own }, 1)).await.unwrap();
            }
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
}

#[tokio::test]
async fn a_tailing_reader_gets_every_event_of_eight_processes_once_in_order_and_without_a_hole() {
    let store = Store::fresh().await;
    let expected = (EVENTS_OF_EACH / 16 * 16 * WRITERS) as u64;
    let writers = start("role_appender", store.database.app_url());

    let head = HeadWatch::start(store.app.clone(), LOG);
    let reader = store.reader();
    let mut seen = LogPosition::START;
    let mut ids = HashSet::new();
    let mut last_recorded_at = chrono::DateTime::<chrono::Utc>::MIN_UTC;
    let patience = Instant::now() + Duration::from_secs(120);
    while seen.get() < expected {
        assert!(Instant::now() < patience, "after {seen} of {expected} events");
        head.beyond(seen, Duration::from_millis(500)).await;
        for event in reader.page(seen, 500).await.unwrap() {
            assert_eq!(event.position, seen.next());
            assert!(ids.insert(event.event_id), "{} came twice", event.event_id);
            assert!(event.recorded_at >= last_recorded_at);
            last_recorded_at = event.recorded_at;
            seen = event.position;
        }
    }
    all_succeeded(writers);
    assert_eq!(reader.head().await.unwrap().position.get(), expected, "no more than was sent");
    let verification = event_store::verify::verify(&store.app, LOG, &mut |_, _| {}).await.unwrap();
    assert!(verification.sound, "{verification:?}");
}

/// Role: the naive way of writing: a number from a sequence, in a transaction that takes its time.
#[tokio::test]
async fn role_naive() {
    let Some(url) = told("url") else { return };
    let writer: i32 = told("writer").unwrap().parse().unwrap();
    let pool = pool(&url, 4).await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let pool = pool.clone();
        callers.spawn(async move {
            for _ in 0..EVENTS_OF_EACH / 8 {
                let mut transaction = pool.begin().await.unwrap();
                sqlx::query("insert into naive (writer) values ($1)")
                    .bind(writer)
                    .execute(&mut *transaction)
                    .await
                    .unwrap();
                sqlx::query("select pg_sleep(random() * 0.002)").execute(&mut *transaction).await.unwrap();
                transaction.commit().await.unwrap();
            }
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
}

/// Tails the naive table as many systems do; returns how many rows it saw.
async fn tail_naively(pool: &PgPool, mut writers: Vec<Child>) -> usize {
    let (mut last, mut seen) = (0i64, 0usize);
    loop {
        let ended = writers.iter_mut().all(|writer| writer.try_wait().unwrap().is_some());
        let page: Vec<i64> =
            sqlx::query_scalar("select position from naive where position > $1 order by position limit 500")
                .bind(last)
                .fetch_all(pool)
                .await
                .unwrap();
        seen += page.len();
        match page.last() {
            Some(position) => last = *position,
            None if ended => return seen,
            None => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

#[tokio::test]
async fn the_naive_way_is_caught_losing_events() {
    let store = Store::fresh().await;
    sqlx::raw_sql(
        "create table naive (position bigint generated always as identity primary key, writer int not null);
         grant select, insert on naive to vnr_app",
    )
    .execute(&store.owner)
    .await
    .unwrap();
    let writers = start("role_naive", store.database.app_url());
    let seen = tail_naively(&store.app, writers).await;
    let written: i64 = sqlx::query_scalar("select count(*) from naive").fetch_one(&store.app).await.unwrap();
    assert!((seen as i64) < written, "the naive reader saw all {written} events: this test proves nothing");
}
