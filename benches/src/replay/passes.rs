//! One pass over the events each: ours, the limit's, the peers'.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use cqrs_es::persist::QueryReplay;
use cqrs_es::{EventEnvelope, Query};
use event_store::log::{LogName, LogPosition};
use event_store::read::{COLUMNS, LogReader};
use event_store::scan::Selection;
use futures::TryStreamExt as _;
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use uuid::Uuid;

use crate::foreign::CpuTimes;
use crate::job::{CASES, CaseEvent, PlainCase, PlainEvent};
use crate::rounds::Turn;

/// How fast one pass was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    /// Events a second.
    pub(super) rate: f64,
    /// Cores that others used meanwhile.
    pub(super) foreign_cpu: f64,
}

struct Watch {
    cpu: CpuTimes,
    begun: Instant,
}

impl Watch {
    fn start() -> Watch {
        Watch { cpu: CpuTimes::now(), begun: Instant::now() }
    }

    fn stop(self, events: u64) -> Pass {
        let seconds = self.begun.elapsed().as_secs_f64();
        Pass { rate: events as f64 / seconds, foreign_cpu: self.cpu.foreign_cores(CpuTimes::now(), seconds) }
    }
}

impl Turn for Pass {
    fn rate(&self) -> f64 {
        self.rate
    }

    fn foreign_cpu(&self) -> f64 {
        self.foreign_cpu
    }
}

/// The trivial projection: how many events of each type, and the last count of each case.
#[derive(Debug, Default)]
struct Counts<K> {
    by_type: HashMap<String, u64>,
    last: HashMap<K, u64>,
}

impl<K: std::hash::Hash + Eq> Counts<K> {
    fn take_in(&mut self, event_type: &str, case: K, count: u64) {
        match self.by_type.get_mut(event_type) {
            Some(number) => *number += 1,
            None => drop(self.by_type.insert(event_type.to_owned(), 1)),
        }
        self.last.insert(case, count);
    }

    /// A reader that lost events would be a fast one.
    fn check(&self, events: u64) -> anyhow::Result<()> {
        let seen: u64 = self.by_type.values().sum();
        let counted: u64 = self.last.values().sum();
        anyhow::ensure!(seen == events && counted == events, "of {events} events {seen} were seen, {counted} counted");
        anyhow::ensure!(self.last.len() as u64 == CASES.min(events), "{} cases were seen", self.last.len());
        Ok(())
    }
}

/// Through the store, as every reader of a log.
pub(super) async fn ours(reader: &LogReader, events: u64) -> anyhow::Result<Pass> {
    let watch = Watch::start();
    let mut counts = Counts::<Uuid>::default();
    let mut scan = reader.scan(Selection::all().upto(LogPosition::new(events))).await?;
    while let Some(page) = scan.next().await? {
        for stored in &page {
            let CaseEvent::Reported { count, .. } = stored.decode()?;
            counts.take_in(&stored.event_type, stored.aggregate_id, count);
        }
    }
    let pass = watch.stop(events);
    counts.check(events)?;
    Ok(pass)
}

/// The limit: the same rows, one statement, nothing done with them.
pub(super) async fn limit(pool: &PgPool, log: LogName, events: u64) -> anyhow::Result<Pass> {
    let watch = Watch::start();
    let sql = format!("select {COLUMNS} from {log}.events where position <= $1 order by position");
    let mut rows = sqlx::query(&sql).bind(events as i64).fetch(pool);
    let mut seen = 0;
    while rows.try_next().await?.is_some() {
        seen += 1;
    }
    anyhow::ensure!(seen == events, "the limit saw {seen} of {events} events");
    Ok(watch.stop(events))
}

struct StockCounts(Arc<Mutex<Counts<String>>>);

#[async_trait::async_trait]
impl Query<PlainCase> for StockCounts {
    async fn dispatch(&self, aggregate_id: &str, events: &[EventEnvelope<PlainCase>]) {
        let Ok(mut counts) = self.0.lock() else { return };
        for event in events {
            let PlainEvent::Reported { count, .. } = &event.payload;
            counts.take_in("Reported", aggregate_id.to_owned(), *count);
        }
    }
}

/// cqrs-es' own replay over stock postgres-es.
pub(super) async fn cqrs_es(pool: &PgPool, events: u64) -> anyhow::Result<Pass> {
    let watch = Watch::start();
    let counts = Arc::new(Mutex::default());
    let repository = PostgresEventRepository::new(pool.clone()).with_tables("stock.events", "stock.snapshots");
    let replay: QueryReplay<_, _, PlainCase> = QueryReplay::new(repository, StockCounts(Arc::clone(&counts)));
    replay.replay_all().await?;
    drop(replay);
    let pass = watch.stop(events);
    let counts = counts.lock().map_err(|_| anyhow::anyhow!("the projection panicked"))?;
    counts.check(events)?;
    Ok(pass)
}

/// Builds the peer that is a program of its own, since its dependencies are not ours.
pub(super) fn build_peers(say: &mut dyn FnMut(&str)) -> anyhow::Result<PathBuf> {
    say("building the peer of another dependency tree");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = folder.join("target");
    let target = env::var_os("CARGO_TARGET_DIR").map_or(target, PathBuf::from);
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--locked", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status()?;
    anyhow::ensure!(built.success(), "the peers could not be built");
    Ok(target.join("release").join("bench-peers"))
}

/// The tables of disintegrate.
pub(super) fn disintegrate_tables(program: &Path, url: &str) -> anyhow::Result<()> {
    run(program, url, "tables").map(drop)
}

/// disintegrate's stream, in a program of its own that prints its seconds.
pub(super) fn disintegrate(program: &Path, url: &str, events: u64) -> anyhow::Result<Pass> {
    let watch = Watch::start();
    let seconds: f64 = run(program, url, &events.to_string())?.trim().parse()?;
    Ok(Pass { rate: events as f64 / seconds, ..watch.stop(events) })
}

fn run(program: &Path, url: &str, task: &str) -> anyhow::Result<String> {
    let output = Command::new(program).args([url, task]).output()?;
    anyhow::ensure!(output.status.success(), "the peer failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
