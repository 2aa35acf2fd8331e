//! disintegrate beside our replay, as a program of its own: makes its tables, or reads all events that were put into them
//! through a trivial projection and prints the seconds that it took.

use std::collections::HashMap;
use std::time::Instant;

use disintegrate::serde::json::Json;
use disintegrate::{Event, EventStore, StreamItem, StreamQuery, query};
use disintegrate_postgres::{Migrator, PgEventId, PgEventStore};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// The job's event, with what disintegrate takes for the event's subject.
#[derive(Debug, Clone, PartialEq, Eq, Event, Serialize, Deserialize)]
enum CaseEvent {
    Reported {
        #[id]
        case_id: String,
        by: String,
        text: String,
        count: u64,
    },
}

type Store = PgEventStore<CaseEvent, Json<CaseEvent>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(task)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bench-peers URL tables|EVENTS".into());
    };
    let pool = PgPoolOptions::new().max_connections(2).connect(&url).await?;
    let store = Store::new_uninitialized(pool.clone(), Json::default());
    if task == "tables" { tables(&pool, store).await } else { replay(&store, task.parse()?).await }
}

/// The tables as disintegrate makes them. Its migrator ends early on PostgreSQL 15, at a function that appends need (it holds
/// a hexadecimal number, which 16 is the first to know); what comes after that is made here.
async fn tables(pool: &PgPool, store: Store) -> Result<(), Box<dyn std::error::Error>> {
    if Migrator::new(store).init_event_store().await.is_err() {
        sqlx::query("alter table event add column if not exists case_id text").execute(pool).await?;
        sqlx::query("create index if not exists idx_event_case_id on event (case_id) where case_id is not null")
            .execute(pool)
            .await?;
    }
    // Fails where more than that is missing.
    sqlx::query("select event_id, event_type, payload, case_id, event_store_current_epoch() from event limit 1")
        .fetch_optional(pool)
        .await?;
    Ok(())
}

async fn replay(store: &Store, events: u64) -> Result<(), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let everything: StreamQuery<PgEventId, CaseEvent> = query!(CaseEvent);
    let mut by_type: HashMap<String, u64> = HashMap::new();
    let mut last: HashMap<String, u64> = HashMap::new();
    let mut stream = store.stream(&everything);
    while let Some(item) = stream.try_next().await? {
        let StreamItem::Event(event) = item else { continue };
        match by_type.get_mut(event.name()) {
            Some(number) => *number += 1,
            None => drop(by_type.insert(event.name().to_owned(), 1)),
        }
        let CaseEvent::Reported { case_id, count, .. } = event.into_inner();
        last.insert(case_id, count);
    }
    let seconds = begun.elapsed().as_secs_f64();

    let (seen, counted): (u64, u64) = (by_type.values().sum(), last.values().sum());
    if (seen, counted) != (events, events) {
        return Err(format!("of {events} events {seen} were seen, {counted} counted").into());
    }
    println!("{seconds}");
    Ok(())
}
