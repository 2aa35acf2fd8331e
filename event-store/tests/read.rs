//! Reading: whole logs and parts of them, forwards, backwards and for ever; an error is never an end.

mod support;

use std::time::Duration;

use cqrs_es::Aggregate as _;
use event_store::append::{Target, Touch};
use event_store::log::{LogPosition, StoredEvent};
use event_store::read::{LogReader, ReadError};
use event_store::scan::{SLICES, Scan, Selection};
use event_store::tail::HeadWatch;
use futures::StreamExt as _;
use support::counter::{Add, Counter, Other};
use support::{LOG, Store, add};
use uuid::Uuid;

/// A log of 103 events: 100 of ten counters in turn, three of another type.
async fn filled(store: &Store) -> Vec<Uuid> {
    let appender = store.appender();
    let counters: Vec<Uuid> = (0..10).map(|_| Uuid::now_v7()).collect();
    for i in 0..100 {
        appender.submit(add(counters[i % 10], 1)).await.unwrap();
    }
    for _ in 0..3 {
        let id = Uuid::now_v7();
        let mut other = add(id, 1);
        other.touches = vec![Touch::of::<Other>(id)];
        other.decide = Box::new(move |work| {
            work.execute::<Other>(id, Add(1))?;
            Ok(Target::of::<Other>(id))
        });
        appender.submit(other).await.unwrap();
    }
    counters
}

async fn all(mut scan: Scan) -> Vec<StoredEvent> {
    let mut events = Vec::new();
    while let Some(page) = scan.next().await.unwrap() {
        assert!(!page.is_empty());
        events.extend(page);
    }
    events
}

fn positions(events: &[StoredEvent]) -> Vec<u64> {
    events.iter().map(|event| event.position.get()).collect()
}

#[tokio::test]
async fn a_scan_gives_what_is_selected_once_and_in_order() {
    let store = Store::fresh().await;
    filled(&store).await;
    let reader = store.reader();
    for window in [1, 7, 103, 5_000] {
        let whole = Selection::all().by_windows_of(window);
        let forwards = positions(&all(reader.scan(whole.clone()).await.unwrap()).await);
        assert_eq!(forwards, (1..=103).collect::<Vec<u64>>());
        let backwards = positions(&all(reader.scan(whole.clone().backwards()).await.unwrap()).await);
        assert_eq!(backwards, (1..=103).rev().collect::<Vec<u64>>());
        let part = whole.clone().after(LogPosition::new(20)).upto(LogPosition::new(25));
        assert_eq!(positions(&all(reader.scan(part.clone()).await.unwrap()).await), [21, 22, 23, 24, 25]);
        assert_eq!(positions(&all(reader.scan(part.backwards()).await.unwrap()).await), [25, 24, 23, 22, 21]);
        let others = whole.clone().of_records(&[Other::TYPE]);
        assert_eq!(positions(&all(reader.scan(others).await.unwrap()).await), [101, 102, 103]);
        assert_eq!(all(reader.scan(whole.of_events(&["Nothing"])).await.unwrap()).await, []);
    }
    let beyond = Selection::all().after(LogPosition::new(500));
    assert_eq!(all(reader.scan(beyond).await.unwrap()).await, []);
    let by_event = reader.scan(Selection::all().by_windows_of(10)).await.unwrap().events().count().await;
    assert_eq!(by_event, 103);
}

#[tokio::test]
async fn slices_divide_the_records_and_leave_none_out() {
    let store = Store::fresh().await;
    filled(&store).await;
    let reader = store.reader();
    let mut together = Vec::new();
    for slices in [0..=99, 100..=511, 512..=SLICES - 1] {
        let events = all(reader.scan(Selection::all().in_slices(slices.clone())).await.unwrap()).await;
        assert!(events.iter().all(|event| slices.contains(&event.slice())));
        together.extend(positions(&events));
    }
    together.sort_unstable();
    assert_eq!(together, (1..=103).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_stream_is_read_in_both_directions() {
    let store = Store::fresh().await;
    let counter = filled(&store).await[3];
    let sequences = |events: Vec<StoredEvent>| events.iter().map(|event| event.sequence).collect::<Vec<_>>();
    let reader = store.reader();
    assert_eq!(sequences(reader.stream_page(counter, 4, 3).await.unwrap()), [5, 6, 7]);
    assert_eq!(sequences(reader.stream_page_backwards(counter, 5, 3).await.unwrap()), [4, 3, 2]);
    assert_eq!(sequences(reader.stream_page_backwards(counter, u64::MAX, 2).await.unwrap()), [10, 9]);
    assert_eq!(sequences(reader.stream_page_backwards(Uuid::now_v7(), 5, 3).await.unwrap()), Vec::<u64>::new());
}

#[tokio::test]
async fn a_missing_event_is_an_error_wherever_it_lies_and_never_an_end() {
    let store = Store::fresh().await;
    filled(&store).await;
    let superuser = support::pool(&store.superuser_url(), 1).await;
    for sql in [
        "set session_replication_role = replica",
        "delete from register.events where position > 97 and position <= 103",
    ] {
        sqlx::query(sql).execute(&superuser).await.unwrap();
    }
    let mut scan = store.reader().scan(Selection::all().by_windows_of(50)).await.unwrap();
    assert_eq!(scan.next().await.unwrap().unwrap().len(), 50);
    // Asked again, it says so again: it does not step over it.
    for _ in 0..2 {
        let Err(ReadError::Hole { missing, .. }) = scan.next().await else { panic!("a hole") };
        assert_eq!(missing.get(), 98);
    }
}

#[tokio::test]
async fn a_scan_whose_connection_breaks_half_way_says_so_and_goes_on_when_asked_again() {
    let store = Store::fresh().await;
    filled(&store).await;
    for window in [10, 100] {
        cut_over_and_over(&store, Selection::all().by_windows_of(window)).await;
    }
}

async fn cut_over_and_over(store: &Store, selection: Selection) {
    let pool = support::pool(store.database.app_url(), 1).await;
    let mut scan = LogReader::new(pool.clone(), LOG).scan(selection).await.unwrap();
    let mut seen = positions(&scan.next().await.unwrap().unwrap());
    let superuser = support::pool(&store.superuser_url(), 1).await;
    let mut errors = 0;
    loop {
        // Every connection of the application is cut, over and over.
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where usename = 'vnr_app' and datname = current_database()",
        )
        .execute(&superuser)
        .await
        .unwrap();
        match scan.next().await {
            Ok(Some(events)) => seen.extend(positions(&events)),
            Ok(None) => break,
            Err(ReadError::Database(_)) => errors += 1,
            Err(other) => panic!("{other}"),
        }
        assert!(errors < 1_000, "it does not come on");
    }
    assert_eq!(seen, (1..=103).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_scan_that_is_given_up_leaves_nothing_behind_for_the_next_reader() {
    let store = Store::fresh().await;
    filled(&store).await;
    let appender = store.appender();
    let counter = Uuid::now_v7();
    for _ in 0..397 {
        appender.submit(add(counter, 1)).await.unwrap();
    }
    // One connection, so that the next reader gets what the scan had.
    let reader = LogReader::new(support::pool(store.database.app_url(), 1).await, LOG);
    for pause in 0..100 {
        let mut scan = reader.scan(Selection::all().by_windows_of(100)).await.unwrap();
        assert_eq!(positions(&scan.next().await.unwrap().unwrap()), (1..=100).collect::<Vec<u64>>());
        // The windows ahead are anywhere between asked for and read.
        tokio::time::sleep(Duration::from_micros(pause * 20)).await;
        drop(scan);
        assert_eq!(positions(&reader.page(LogPosition::START, 500).await.unwrap()), (1..=500).collect::<Vec<u64>>());
    }
}

#[tokio::test]
async fn a_subscription_joins_history_and_tail_without_a_gap_or_a_repeat() {
    let store = Store::fresh().await;
    let counters = filled(&store).await;
    let head = HeadWatch::start(store.app.clone(), LOG);
    let selection = Selection::all().of_records(&[Counter::TYPE]).after(LogPosition::new(90)).by_windows_of(4);
    let mut subscription = store.reader().subscribe(selection, &head);
    let appender = store.appender();
    let writing = tokio::spawn(async move {
        for i in 0..200 {
            appender.submit(add(counters[i % 10], 1)).await.unwrap();
            if i % 50 == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let mut seen = Vec::new();
    while seen.len() < 210 {
        let page = tokio::time::timeout(Duration::from_secs(20), subscription.next()).await.unwrap();
        seen.extend(positions(&page.unwrap().unwrap()));
    }
    writing.await.unwrap();
    assert_eq!(seen, (91..=100).chain(104..=303).collect::<Vec<u64>>());
    assert_eq!(subscription.position().get(), 303);
    let nothing_more = tokio::time::timeout(Duration::from_millis(400), subscription.next()).await;
    assert!(nothing_more.is_err());
}
