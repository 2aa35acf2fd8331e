//! The contract with the unmodified postgres-es: it can load any stream of ours, and cqrs-es builds the same state from it.

mod support;

use cqrs_es::persist::{PersistedEventRepository as _, PersistedEventStore};
use cqrs_es::{AggregateContext as _, EventStore as _};
use postgres_es::PostgresEventRepository;
use support::counter::{Counter, CounterEvent};
use support::{Store, add};
use uuid::Uuid;

fn stock(store: &Store) -> PostgresEventRepository {
    PostgresEventRepository::new(store.app.clone()).with_tables("register.events", "register.snapshots")
}

#[tokio::test]
async fn stock_postgres_es_loads_every_stream_as_we_wrote_it() {
    let store = Store::fresh().await;
    let appender = store.appender();
    for i in 0..120u128 {
        appender.submit(add(Uuid::from_u128(i % 4 + 1), i as i64 + 1)).await.unwrap();
    }
    for id in (1..=4).map(Uuid::from_u128) {
        let ours = store.reader().stream(id).await.unwrap();
        let theirs = stock(&store).get_events::<Counter>(&id.to_string()).await.unwrap();
        assert_eq!(theirs.len(), 30);
        for (our, their) in ours.iter().zip(&theirs) {
            assert_eq!((our.sequence as usize, &our.event_type), (their.sequence, &their.event_type));
            assert_eq!(our.as_written().unwrap(), their.payload);
            assert_eq!(serde_json::to_value(our.metadata_map().unwrap()).unwrap(), their.metadata);
        }
    }
}

#[tokio::test]
async fn stock_cqrs_es_builds_the_same_aggregate() {
    let store = Store::fresh().await;
    let appender = store.appender();
    let id = Uuid::now_v7();
    for n in [3, 4, 5] {
        appender.submit(add(id, n)).await.unwrap();
    }
    let stock = PersistedEventStore::<_, Counter>::new_event_store(stock(&store));
    let mut context = stock.load_aggregate(&id.to_string()).await.unwrap();
    assert_eq!(context.aggregate(), &Counter { total: 12 });
    let events: Vec<CounterEvent> =
        stock.load_events(&id.to_string()).await.unwrap().into_iter().map(|envelope| envelope.payload).collect();
    assert_eq!(events, [3, 4, 5].map(CounterEvent::added));
}
