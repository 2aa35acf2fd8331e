//! A log that programs of several versions have written: older events are read as today's, newer ones are waited for.

mod support;

use std::sync::Arc;
use std::time::Duration;

use cqrs_es::persist::PersistedEventStore;
use cqrs_es::{AggregateContext as _, EventStore as _};
use domain::kernel::upcast::for_cqrs_es;
use event_store::append::AppendError;
use event_store::consumer::{
    ApplyError, Consumer, ConsumerStatus, Delivery, Handler, Heads, LEASE, Ledger, Progress, ProgressWatch, Worker,
    holder_name, parked, run, statuses,
};
use event_store::log::{DecodeError, LogPosition, StoredEvent};
use event_store::migrate::migrate;
use event_store::read::LogReader;
use futures::future::BoxFuture;
use postgres_es::PostgresEventRepository;
use serde_json::{Value, json};
use sqlx::{Executor as _, PgConnection, PgPool};
use support::counter::{Counter, CounterEvent, LIMIT, OverLimit};
use support::{LOG, Store, add};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A counter with an event of each version that ever was: 3 and 4 and 5.
async fn mixed(store: &Store) -> Uuid {
    let id = Uuid::now_v7();
    store.write_foreign(id, "Added", 1, json!({"by": 3})).await;
    store.write_foreign(id, "Added", 2, json!({"amount": 4})).await;
    store.appender().submit(add(id, 5)).await.unwrap();
    id
}

#[tokio::test]
async fn a_decision_on_older_events_knows_what_they_are_today() {
    let store = Store::fresh().await;
    let id = mixed(&store).await;
    let appender = store.appender();
    let refused = appender.submit(add(id, LIMIT - 11)).await;
    assert!(matches!(&refused, Err(AppendError::Refused(error)) if error.is::<OverLimit>()), "{refused:?}");
    appender.submit(add(id, LIMIT - 12)).await.unwrap();
}

#[tokio::test]
async fn older_events_are_read_as_today_and_shown_as_they_were_written() {
    let store = Store::fresh().await;
    let stored = store.reader().stream(mixed(&store).await).await.unwrap();
    let versions: Vec<_> = stored.iter().map(|event| event.event_version.as_str()).collect();
    assert_eq!(versions, ["1", "2", "3"]);
    let read: Vec<CounterEvent> = stored.iter().map(|event| event.decode().unwrap()).collect();
    assert_eq!(read, [3, 4, 5].map(CounterEvent::added));
    let written: Vec<Value> = stored.iter().map(|event| event.as_written().unwrap()).collect();
    let today = json!({"Added": {"n": 5, "unit": "piece"}});
    assert_eq!(written, [json!({"Added": {"by": 3}}), json!({"Added": {"amount": 4}}), today]);
}

#[tokio::test]
async fn stock_cqrs_es_reads_older_events_with_the_same_upcasters() {
    let store = Store::fresh().await;
    let id = mixed(&store).await.to_string();
    let stock = || {
        let tables = ("register.events", "register.snapshots");
        let repository = PostgresEventRepository::new(store.app.clone()).with_tables(tables.0, tables.1);
        PersistedEventStore::<_, Counter>::new_event_store(repository)
    };
    assert!(stock().load_events(&id).await.is_err(), "not without them");
    let stock = stock().with_upcasters(for_cqrs_es::<CounterEvent>());
    assert_eq!(stock.load_aggregate(&id).await.unwrap().aggregate(), &Counter { total: 12 });
    let events = stock.load_events(&id).await.unwrap();
    let read: Vec<_> = events.into_iter().map(|envelope| envelope.payload).collect();
    assert_eq!(read, [3, 4, 5].map(CounterEvent::added));
}

#[tokio::test]
async fn a_record_with_a_newer_event_is_not_decided_on_and_the_others_are() {
    let store = Store::fresh().await;
    let (newer, unknown, other) = (mixed(&store).await, mixed(&store).await, mixed(&store).await);
    store.write_foreign(newer, "Added", 4, json!({"pieces": [1]})).await;
    store.write_foreign(unknown, "Divided", 1, json!({"by": 2})).await;
    let appender = store.appender();
    let pending = [newer, other, unknown].map(|id| appender.enqueue(add(id, 1)).unwrap());
    let [newer, other, unknown] = pending;
    let too_old = newer.await;
    let telling = "event 10 is a Added of version 4";
    assert!(matches!(&too_old, Err(AppendError::TooOld(why)) if why.to_string().contains(telling)), "{too_old:?}");
    let too_old = unknown.await;
    assert!(matches!(too_old, Err(AppendError::TooOld(DecodeError::Unknown { .. }))), "{too_old:?}");
    other.await.unwrap();
}

const TOTAL: Consumer = Consumer::live("total", 1, &[LOG]);

/// Adds everything up. The newer program also knows version 4.
struct Total {
    knows_4: bool,
}

impl Handler for Total {
    type Event = i64;

    fn reads(&self) -> &'static [&'static str] {
        &["counter"]
    }

    fn decode(&self, event: &StoredEvent) -> Result<i64, DecodeError> {
        if self.knows_4 && event.event_version == "4" {
            return Ok(event.as_written()?["Added"]["pieces"].as_array().map_or(0, Vec::len) as i64);
        }
        let CounterEvent::Added { n, .. } = event.decode()?;
        Ok(n)
    }

    fn apply<'a>(
        &'a mut self,
        tx: &'a mut PgConnection,
        batch: &'a [Delivery<i64>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let sum: i64 = batch.iter().map(|delivery| delivery.event).sum();
            sqlx::query("update total set n = n + $1").bind(sum).execute(tx).await?;
            Ok(())
        })
    }
}

async fn total(store: &Store) -> i64 {
    sqlx::query_scalar("select n from total").fetch_one(&store.app).await.unwrap()
}

async fn status(store: &Store) -> ConsumerStatus {
    statuses(&store.app).await.unwrap().remove(0)
}

async fn install(store: &Store) {
    let mut sets = event_store::migrate::log_sets("test");
    sets.push(event_store::consumer::migration_set());
    migrate(&store.owner, "test", &sets).await.unwrap();
    let table = "create table total (n bigint not null); insert into total values (0); grant all on total to vnr_app";
    store.owner.execute(table).await.unwrap();
    let mut tx = store.owner.begin().await.unwrap();
    let start = [(LOG, Progress { position: LogPosition::START, generation: 1 })];
    Ledger::register_in_tx(&mut tx, &TOTAL, &start).await.unwrap();
    tx.commit().await.unwrap();
}

/// A program that keeps the total; it ends when the sender is dropped.
fn program(app: &PgPool, knows_4: bool) -> (watch::Sender<bool>, ProgressWatch, JoinHandle<()>) {
    let (shutdown, mut ended) = watch::channel(false);
    let progress = ProgressWatch::start(app.clone());
    let mut worker = Worker {
        ledger: Ledger::new(app.clone(), TOTAL, holder_name(), LEASE),
        readers: vec![LogReader::new(app.clone(), LOG)],
        heads: Arc::new(Heads::start(app, &[LOG])),
        progress: progress.clone(),
        handler: Total { knows_4 },
    };
    let task = tokio::spawn(async move { run(&mut worker, &mut ended).await });
    (shutdown, progress, task)
}

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_consumer_takes_older_events_in_and_waits_before_a_newer_one_until_its_program_takes_over() {
    let store = Store::fresh().await;
    install(&store).await;
    let id = mixed(&store).await;
    store.write_foreign(id, "Added", 4, json!({"pieces": [1, 1]})).await;
    mixed(&store).await;

    let (_old, progress, _task) = program(&store.app, false);
    progress.wait_for(LOG, LogPosition::new(3), &["total"], PATIENCE).await.unwrap();
    let told = async {
        loop {
            let status = status(&store).await;
            if let Some(error) = status.last_error {
                return (status.progress, error);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (stands_at, error) = tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert_eq!((stands_at, total(&store).await), (3, 12));
    assert!(error.contains("version 4") && error.contains("newer"), "{error}");
    assert!(parked(&store.app, None).await.unwrap().is_empty());

    let (_new, progress, _task) = program(&store.app, true);
    progress.wait_for(LOG, LogPosition::new(7), &["total"], PATIENCE).await.unwrap();
    assert_eq!(total(&store).await, 12 + 2 + 12);
    assert_eq!(status(&store).await.last_error, None);
}
