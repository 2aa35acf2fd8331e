//! Read models are a function of the logs: the same however they were built (I-11).

mod support;

use event_store::consumer::Delivery;
use event_store::log::{LogName, LogPosition};
use projections::access_grants::AccessGrants;
use projections::cards::Cards;
use projections::case_file::CaseFile;
use projections::case_search::CaseSearch;
use projections::event::{DecodedEvent, decode};
use projections::roster::Roster;
use projections::roster_history::RosterHistory;
use projections::timeline::Timeline;
use projections::{Projection, projector, rebuild};
use sqlx::Executor as _;
use support::System;
use support::work::{Dice, RandomWork};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_built_live_and_what_is_rebuilt_are_equal_row_by_row() {
    for seed in 1..=3 {
        let system = System::fresh().await;
        let at_work = system.start();
        let mut work = RandomWork::new(seed, 12);
        work.go_on(&system, 900).await;
        system.caught_up(&at_work).await;
        let live = system.all_rows().await;
        assert!(live.len() > 300, "{} rows", live.len());
        for name in system.registry.names() {
            let rebuilt = rebuild(&system.pools, &system.registry, name, &mut |_| {}).await.unwrap();
            assert_eq!(rebuilt.parked, 0);
        }
        let again = system.all_rows().await;
        for (live, again) in live.iter().zip(&again) {
            assert_eq!(live, again, "seed {seed}");
        }
        assert_eq!(live.len(), again.len(), "seed {seed}");
    }
}

/// Builds `P` in a schema of its own, the events cut into batches of up to `longest`.
async fn cut<P: Projection>(system: &System, schema: &str, longest: usize, dice: &mut Dice) -> Vec<String> {
    let create = format!("create schema {schema}; {}", P::SCHEMA_SQL.replace("{schema}", schema));
    let grant =
        format!("grant usage on schema {schema} to vnr_app; grant all on all tables in schema {schema} to vnr_app");
    system.pools.owner.execute(create.as_str()).await.unwrap();
    system.pools.owner.execute(grant.as_str()).await.unwrap();
    let mut projector = projector::<P>(schema);
    for log in P::LOGS {
        let events = system.reader(*log).page(LogPosition::START, 1_000_000).await.unwrap();
        let read = events.into_iter().filter(|event| P::AGGREGATES.contains(&event.aggregate_type.as_str()));
        let mut events: Vec<DecodedEvent> =
            read.map(|stored| Delivery { event: decode(&stored).unwrap(), stored }).collect();
        while !events.is_empty() {
            let rest = events.split_off((1 + dice.below(longest)).min(events.len()));
            let mut tx = system.pools.app.begin().await.unwrap();
            projector.apply(&mut tx, &events).await.unwrap();
            tx.commit().await.unwrap();
            events = rest;
        }
    }
    system.rows::<P>(schema).await
}

async fn cuts_do_not_matter<P: Projection>(system: &System) {
    let mut dice = Dice::new(7);
    let one_by_one = cut::<P>(system, "one_by_one", 1, &mut dice).await;
    let at_random = cut::<P>(system, "at_random", 60, &mut dice).await;
    let at_once = cut::<P>(system, "at_once", 1_000_000, &mut dice).await;
    assert!(one_by_one.len() > 5, "{}: {} rows", P::NAME, one_by_one.len());
    assert_eq!(one_by_one, at_random, "{}", P::NAME);
    assert_eq!(one_by_one, at_once, "{}", P::NAME);
    system.pools.owner.execute("drop schema one_by_one, at_random, at_once cascade").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_the_log_is_cut_into_batches_does_not_matter() {
    let system = System::fresh().await;
    RandomWork::new(11, 8).go_on(&system, 800).await;
    cuts_do_not_matter::<CaseSearch>(&system).await;
    cuts_do_not_matter::<CaseFile>(&system).await;
    cuts_do_not_matter::<Cards>(&system).await;
    cuts_do_not_matter::<Roster>(&system).await;
    cuts_do_not_matter::<RosterHistory>(&system).await;
    cuts_do_not_matter::<Timeline>(&system).await;
    cuts_do_not_matter::<AccessGrants>(&system).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_personal_data_lies_open_in_a_read_model() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(5, 4).go_on(&system, 300).await;
    system.caught_up(&at_work).await;
    let rows = system.all_rows().await.concat();
    assert!(rows.contains("$sealed"), "sealed data is there");
    for open in [
        "Anna",
        "Bērziņa",
        "smoke in the stairs",
        "what happened",
        "it was found out",
        "it can't wait",
        "said so afterwards",
        "red one",
        "Slepenā",
        "161175",
        "1975-11-16",
        "37120000001",
        "AB-1234",
        "WVWZZZ1JZXW000001",
        "LV1234567",
        "$open",
    ] {
        assert!(!rows.contains(open), "{open}");
    }
    let head = system.reader(LogName::REGISTER).head().await.unwrap();
    assert!(head.position.get() > 50);
}
