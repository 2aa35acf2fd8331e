//! All read models at once are kept up to date by two processes while work of all kinds comes in. The processes are killed, the database is
//! killed, work is handed over, a read model is paused: in the end each of them is, row by row, what the log gives (I-10, I-11).
//!
//! The short form does each of that once; `VNR_TEST_LONG=1` goes on for minutes. `VNR_TEST_SEED` chooses what is written, and what is done
//! in which order; what a kill meets is up to the machine.

#![allow(clippy::print_stderr, reason = "a test of chance says what it did")]

mod projector;
mod server;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use event_store::consumer::{ProgressWatch, parked};
use event_store::log::LogName;
use event_store::private_pg::Profile;
use projections::lookups::LookupKeys;
use projections::{Diff, Registry, event};
use sqlx::Executor as _;
use tokio::sync::watch;

use projector::Projector;
use server::Server;
use stage::{Deed, PATIENCE, Stage, keeping, tell};
use support::work::{Dice, RandomWork};
use support::{System, keyed};

/// So many write at once, each of its own chance and about the same records.
const WRITERS: u64 = 2;

struct Form {
    /// Rounds go on for as long as this.
    lasts: Duration,
    deeds: Vec<Deed>,
    /// Records of each kind.
    records: usize,
    /// Parts that a read model is built in to compare, where it can be.
    slices: u16,
    profile: Profile,
}

fn form() -> Form {
    let deeds = Deed::ALWAYS.to_vec();
    if std::env::var_os("VNR_TEST_LONG").is_some() {
        let deeds = [deeds, Deed::LONG.to_vec()].concat();
        Form { lasts: Duration::from_secs(240), deeds, records: 150, slices: 3, profile: Profile::Durable }
    } else {
        Form { lasts: Duration::ZERO, deeds, records: 12, slices: 1, profile: Profile::Throwaway }
    }
}

fn seed() -> u64 {
    std::env::var("VNR_TEST_SEED").map_or(2_026, |seed| seed.parse().expect("a seed is a number"))
}

async fn write(
    system: Arc<System>,
    mut work: RandomWork,
    answered: Arc<watch::Sender<u64>>,
    stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        work.all_kinds(&system, 1).await;
        answered.send_modify(|answered| *answered += 1);
    }
}

/// Kinds of records that a log has events of.
async fn kinds(system: &System) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    for log in LogName::ALL {
        let sql = format!("select distinct aggregate_type from {log}.events");
        kinds.extend(sqlx::query_scalar::<_, String>(&sql).fetch_all(&system.pools.app).await.unwrap());
    }
    kinds
}

/// All kinds that there are.
const KINDS: [&str; 18] = [
    event::INCIDENT,
    event::CARD,
    event::UNIT,
    event::TRACK,
    event::RETENTION,
    event::ACCESS_GRANT,
    event::EMERGENCY_ACCESS,
    event::ACCESS_POLICY,
    event::SEIZED_ITEM,
    event::CAUTION,
    event::NOTICE,
    event::READ_MODEL,
    event::RESPONSE_PLAN,
    event::ROSTER_SHIFT,
    event::CLASSIFIER,
    event::SOURCE_JOURNAL,
    event::SOURCE_RECORD,
    event::ACCESS_DAY,
];

/// Waits until all read models have taken in all that is in the logs, whoever works for them.
async fn caught_up(system: &System) {
    let progress = ProgressWatch::start(system.pools.app.clone());
    for log in LogName::ALL {
        let head = system.reader(log).head().await.unwrap().position;
        let models = system.registry.iter().filter(|model| model.consumer.logs.contains(&log));
        let names: Vec<_> = models.map(|model| model.consumer.name).collect();
        let reached = progress.wait_for(log, head, &names, PATIENCE).await;
        if let Err(error) = reached {
            panic!("{error}: {:#?}", projections::list(&system.pools.app).await.unwrap());
        }
    }
}

/// A table that nothing has come into yet.
async fn empty_table(system: &System) -> Option<String> {
    for model in system.registry.iter() {
        for table in model.tables {
            let table = format!("{}.{table}", model.consumer.name);
            let sql = format!("select exists (select from {table})");
            if !sqlx::query_scalar::<_, bool>(&sql).fetch_one(&system.pools.app).await.unwrap() {
                return Some(table);
            }
        }
    }
    None
}

/// Builds a read model from the log once more, and compares it with what serves.
async fn verified(system: &System, name: &str, slices: u16) -> Diff {
    let slices = if system.registry.find(name).unwrap().apart { slices } else { 1 };
    keeping(system, name).verify(slices, &mut |_| {}).await.unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// What is wrong with a read model, a sentence for each table.
fn wrong(diff: &Diff) -> Vec<String> {
    let of_table = |table: &projections::TableDiff| {
        let name = format!("{}.{}", diff.name, table.table);
        let differ = table.different.len() as u64 + table.more;
        match table.different.first() {
            _ if table.rows == 0 => Some(format!("{name} is empty: the work reaches it no more")),
            Some(row) => Some(format!("{differ} of {} rows of {name} differ, at {:?}: {row:#?}", table.rows, diff.at)),
            None if differ > 0 => Some(format!("{differ} of {} rows of {name} seem to differ", table.rows)),
            None => None,
        }
    };
    diff.tables.iter().filter_map(of_table).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_model_is_what_the_log_gives_after_kills_of_projectors_and_the_database() {
    let (form, seed, begun) = (form(), seed(), Instant::now());
    eprintln!("VNR_TEST_SEED={seed}");
    let server = Server::start(form.profile).await;
    let mut system = server.system().await;
    system.registry = Registry::with_keys(LookupKeys::new(system.pools.app.clone(), support::master()));
    let system = Arc::new(system);
    let projectors = [(); 2].map(|()| Projector::start(&system.database));

    let (tell, answered) = watch::channel(0);
    let (tell, (stop, stopped)) = (Arc::new(tell), watch::channel(false));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let work = RandomWork::new(seed + writer, form.records);
        writers.spawn(write(Arc::clone(&system), work, Arc::clone(&tell), stopped.clone()));
    }
    drop(tell);
    let mut stage = Stage::new(Arc::clone(&system), server, projectors, Dice::new(seed), answered);
    loop {
        stage.round(form.deeds.clone()).await;
        if begun.elapsed() >= form.lasts {
            break;
        }
    }
    let begun_to_wait = Instant::now();
    while let Some(table) = empty_table(&system).await {
        assert!(begun_to_wait.elapsed() < PATIENCE, "the work does not reach {table}");
        stage.some_work().await;
    }
    stop.send(true).unwrap();
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    let written = begun.elapsed();
    caught_up(&system).await;

    let mut problems = Vec::new();
    let mut rows = 0;
    for name in system.registry.names() {
        let diff = verified(&system, name, form.slices).await;
        rows += diff.tables.iter().map(|table| table.rows).sum::<u64>();
        problems.extend(wrong(&diff));
    }
    let Stage { server, projectors, answered, .. } = stage;
    let kills: usize = projectors.iter().map(|projector| projector.kills).sum();
    eprintln!(
        "about {} commands; {} were asked again and {} had taken effect; {kills} kills of projectors, {} ends of the database; \
         {rows} rows compared; {:.0} s of work, {:.0} s in all",
        *answered.borrow() * 3,
        system.unanswered.asked_again.load(Ordering::Relaxed),
        system.unanswered.had_taken_effect.load(Ordering::Relaxed),
        server.ended,
        written.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    );
    assert!(problems.is_empty(), "seed {seed}:\n{}", problems.join("\n"));
    let left_out = parked(&system.pools.app, None).await.unwrap();
    assert!(left_out.is_empty(), "seed {seed}: {left_out:#?}");
    assert_eq!(kinds(&system).await, KINDS.map(str::to_owned).into(), "there are events of all kinds of records");
    drop((projectors, server));
}

/// So that the comparison above can fail: a row that isn't there is missed, whichever table it is of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_a_read_model_has_lost_is_found_in_whichever_table_it_was() {
    let (system, _master) = keyed::with_keys().await;
    let at_work = system.start();
    // Their tables are there once they have taken something in.
    RandomWork::new(90, 12).all_kinds(&system, 1).await;
    system.caught_up(&at_work).await;
    for name in ["cards", "roster"] {
        assert!(keeping(&system, name).pause().await.unwrap() && keeping(&system, name).resume().await.unwrap());
    }
    tell(&system).await;
    let mut work = RandomWork::new(91, 12);
    for _ in 0..20 {
        work.all_kinds(&system, 200).await;
        system.caught_up(&at_work).await;
        if empty_table(&system).await.is_none() {
            break;
        }
    }
    for model in system.registry.iter() {
        let name = model.consumer.name;
        for table in model.tables {
            let lose = format!("delete from {name}.{table} where ctid = (select min(ctid) from {name}.{table})");
            let lost = system.pools.owner.execute(lose.as_str()).await.unwrap().rows_affected();
            assert_eq!(lost, 1, "{name}.{table} has rows");
        }
        let diff = verified(&system, name, 1).await;
        for table in &diff.tables {
            let [row] = &table.different[..] else { panic!("{name}.{}: {:?}", table.table, table.different) };
            assert!(row.live.is_none() && row.other.is_some(), "{name}.{}: {row:?}", table.table);
        }
    }
}
