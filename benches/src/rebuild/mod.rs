//! A read model built anew from a nation's log: how fast, in how much memory, and what commands feel of it.

mod peer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use event_store::private_pg::{Options, PrivatePg};
use nation::Nation;
use projections::keeping::Keeper;
use projections::{Keeping, Pools, Rebuilt, Registry};
use sqlx::postgres::PgPoolOptions;
use vnr::generate::write_at_once;
use vnr::settings::Settings;

use crate::commands::Callers;
use crate::foreign::CpuTimes;
use crate::memory::Memory;
use crate::open_loop;
use crate::report::{Figure, Wanted};

/// Events of the register that a day of the whole nation comes to, nearly.
const A_DAY: u64 = 25_500;
/// What is asked for, events a second.
const ASKED: f64 = 100_000.0;
/// The peer rebuilds a log of so many events: it would take hours for more.
const PEER_EVENTS: u64 = 250_000;
/// Commands a second beside which a rebuild is to be hardly felt.
const COMMANDS: u32 = 200;
/// The read model.
const NAME: &str = "case_search";

/// Measures on one PostgreSQL with fsync on, with so many events or somewhat more.
///
/// # Errors
/// When a server can't be started, or a rebuild fails.
pub async fn measure(events: u64, length: Duration, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let few = on_log(PEER_EVENTS.min(events), say, async |log, say| {
        let ours = log.rebuild(1).await?;
        say("building the same view anew with cqrs-es and postgres-es");
        let (seconds, rows) = peer::rebuild(&log.pools.owner).await?;
        anyhow::ensure!(ours.rows() == rows, "{} incidents against {rows} of the peer", ours.rows());
        Ok((ours, seconds))
    })
    .await?;
    let all = on_log(events, say, async |log, say| {
        say("building it anew, in one go and in slices");
        let (whole, sliced) = (log.rebuild(1).await?, log.rebuild(cores()).await?);
        let commands = log.beside_commands(length, say).await?;
        Ok((whole, sliced, commands))
    })
    .await?;
    let (few, peer_seconds) = few;
    let (whole, sliced, beside) = all;
    let name = |what: &str| format!("rebuild_{:.1}M_{what}", whole.events as f64 / 1e6);
    let small = format!("rebuild_{:.1}M_{NAME}", few.events as f64 / 1e6);
    let peer = few.events as f64 / peer_seconds;
    let figures = [
        Figure::against(small, "events/s", few.rate(), "cqrs-es-query-replay", peer, few.foreign)
            .wanted(Wanted::AtLeast(4.0)),
        Figure::against(name(NAME), "events/s", whole.rate(), "asked-for", ASKED, whole.foreign),
        Figure::against(name("in_slices"), "events/s", sliced.rate(), "asked-for", ASKED, sliced.foreign)
            .wanted(Wanted::AtLeast(1.0)),
        Figure::against(name("memory"), "MiB", whole.memory, "of-the-small-log", few.memory, 0.0)
            .wanted(Wanted::AtMost(1.5)),
        Figure::against(name("commands_p99"), "ms", beside.p99, "at-rest", beside.p99_at_rest, beside.foreign)
            .wanted(Wanted::AtMost(2.0)),
        Figure::against(name("yielding"), "events/s", beside.rate, "alone", whole.rate(), beside.foreign),
    ];
    Ok(figures.into())
}

fn cores() -> u16 {
    std::thread::available_parallelism().map_or(1, |cores| u16::try_from(cores.get()).unwrap_or(1))
}

/// What was built anew.
struct Built {
    events: u64,
    seconds: f64,
    rows: i64,
    /// The most that this process took, MiB.
    memory: f64,
    foreign: f64,
}

impl Built {
    fn rate(&self) -> f64 {
        self.events as f64 / self.seconds
    }

    fn rows(&self) -> i64 {
        self.rows
    }
}

/// What commands felt of a rebuild beside them.
struct Beside {
    p99_at_rest: f64,
    p99: f64,
    /// Events a second that the rebuild took in meanwhile.
    rate: f64,
    foreign: f64,
}

/// A nation's log.
struct Log<'a> {
    pools: Pools,
    folder: &'a Path,
}

async fn on_log<T>(
    events: u64,
    say: &mut dyn FnMut(&str),
    measured: impl AsyncFnOnce(&Log<'_>, &mut dyn FnMut(&str)) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let days = u32::try_from(events.div_ceil(A_DAY))?;
    let folder = std::env::temp_dir().join(format!("vnr-bench-rebuild-{}", std::process::id()));
    say(&format!("writing {days} days of a nation"));
    write_at_once(&Settings::in_folder(&folder).simulated(), &Nation::new(112, 1.0), days).await?;
    let pg = PrivatePg::start(Options::new(&folder)).await?;
    let app = PgPoolOptions::new().max_connections(40).connect(&pg.app_url()).await?;
    let owner = PgPoolOptions::new().max_connections(4).connect(&pg.owner_url()).await?;
    let log = Log { pools: Pools { owner, app }, folder: &folder };
    let measured = measured(&log, say).await;
    log.pools.app.close().await;
    log.pools.owner.close().await;
    pg.stop().await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

impl Log<'_> {
    fn keeping(&self) -> anyhow::Result<Keeping> {
        Ok(Keeping::of(&self.pools, &Registry::all(), NAME, Keeper::program())?)
    }

    /// Builds it anew from the first event, and puts it in its place.
    async fn rebuild(&self, slices: u16) -> anyhow::Result<Built> {
        let memory = Memory::reset();
        let before = CpuTimes::now();
        let rebuilt: Rebuilt = self.keeping()?.rebuild(slices, true, &mut |_| {}).await?;
        Ok(Built {
            events: rebuilt.progress.iter().map(|(_, position)| *position).sum(),
            seconds: rebuilt.seconds,
            rows: rebuilt.rows.first().and_then(|(_, rows)| *rows).unwrap_or(0),
            memory: memory.map_or(f64::NAN, |memory| memory.since().peak),
            foreign: before.foreign_cores(CpuTimes::now(), rebuilt.seconds),
        })
    }

    /// Commands through gRPC at a steady rate, at rest and beside a rebuild.
    async fn beside_commands(&self, length: Duration, say: &mut dyn FnMut(&str)) -> anyhow::Result<Beside> {
        let callers = Callers::of_simulated(&self.pools.app, self.folder).await?;
        let before = CpuTimes::now();
        let report = {
            let callers = callers.clone();
            move |n: u64| {
                let callers = callers.clone();
                async move { callers.report(usize::try_from(n % 64).unwrap_or(0), n).await }
            }
        };
        say(&format!("{COMMANDS} commands a second, at rest"));
        let at_rest = open_loop::run(COMMANDS, length * 5, report.clone()).await;
        say(&format!("{COMMANDS} commands a second beside a rebuild"));
        let (stop, keeping) = (Arc::new(AtomicBool::new(false)), self.keeping()?);
        let rebuilding = tokio::spawn({
            let stop = Arc::clone(&stop);
            async move {
                let (mut events, began) = (0, std::time::Instant::now());
                let mut tell = |progress: projections::RebuildProgress| events = progress.events;
                tokio::select! {
                    rebuilt = keeping.rebuild(1, false, &mut tell) => rebuilt.map(|_| ())?,
                    () = async {
                        while !stop.load(Ordering::Relaxed) {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    } => {}
                }
                anyhow::Ok(events as f64 / began.elapsed().as_secs_f64())
            }
        });
        let beside = open_loop::run(COMMANDS, length * 5, report).await;
        stop.store(true, Ordering::Relaxed);
        let rate = rebuilding.await??;
        anyhow::ensure!(at_rest.failed + beside.failed == 0, "commands failed");
        let seconds = (length * 10).as_secs_f64();
        Ok(Beside {
            p99_at_rest: at_rest.p99,
            p99: beside.p99,
            rate,
            foreign: before.foreign_cores(CpuTimes::now(), seconds),
        })
    }
}
