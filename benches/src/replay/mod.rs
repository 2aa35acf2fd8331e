//! Reading a whole log through a trivial typed projection: against the same rows streamed unparsed by the same driver (the
//! limit), against cqrs-es' `replay_all`, and against disintegrate's stream.
//!
//! All read the same job's events from one PostgreSQL, in alternation. Ours goes as every reader of the store does: windows of
//! positions, each a short transaction; the limit and the peers hold one statement open for the whole of it.

mod passes;
mod seed;

use event_store::log::LogName;
use event_store::migrate::{log_sets, migrate};
use event_store::private_pg::{Options, PrivatePg};
use event_store::read::LogReader;
use sqlx::postgres::PgPoolOptions;

use self::passes::Pass;
use crate::memory::{self, Memory};
use crate::report::{Figure, Wanted};
use crate::rounds::Rounds;
use crate::stock;

/// Events where nothing else is asked for.
pub const EVENTS: u64 = 1_000_000;
/// The peers hold this many at most: they would take minutes to fill.
const PEER_EVENTS: u64 = 1_000_000;
const LOG: LogName = LogName::REGISTER;
/// What is to be reached beside rows that nobody looks at.
const OF_LIMIT: Wanted = Wanted::AtLeast(0.8);

/// Measures on one PostgreSQL with fsync on.
///
/// # Errors
/// When the server can't be started, or a replay did not give every event.
pub async fn measure(events: u64, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let folder = std::env::temp_dir().join(format!("vnr-bench-replay-{}", std::process::id()));
    let pg = PrivatePg::start(Options::new(&folder)).await?;
    let measured = measure_on(&pg, events, say).await;
    pg.stop().await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure_on(pg: &PrivatePg, events: u64, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let peers = passes::build_peers(say)?;
    let pool = |url: String, size| PgPoolOptions::new().max_connections(size).connect_lazy(&url);
    let owner = pool(pg.owner_url(), 4)?;
    let app = pool(pg.app_url(), 8)?;
    migrate(&owner, "bench", &log_sets("bench")).await?;
    stock::create_tables(&owner).await?;
    passes::disintegrate_tables(&peers, &pg.owner_url())?;
    let few = events.min(PEER_EVENTS);
    say(&format!("writing {events} events, and {few} for each of the peers"));
    seed::fill(&owner, LOG, events, few).await?;

    let reader = LogReader::new(app.clone(), LOG);
    let mut memory = Vec::new();
    let mut rounds = Rounds::of(format!("replay of {few} events"));
    while rounds.more(say) {
        rounds.push([
            remembering(&mut memory, passes::ours(&reader, few)).await?,
            passes::limit(&app, LOG, few).await?,
            passes::cqrs_es(&app, few).await?,
            passes::disintegrate(&peers, &pg.owner_url(), few)?,
        ]);
    }
    let [ours, limit, cqrs_es, disintegrate] = rounds.medians()?;
    let mut figures = vec![
        figure(few, "_limit", ours, "sqlx-rows-unparsed", limit).wanted(OF_LIMIT),
        figure(few, "", ours, "cqrs-es-replay-all", cqrs_es).wanted(Wanted::AtLeast(3.0)),
        figure(few, "_disintegrate", ours, "disintegrate-stream", disintegrate).wanted(Wanted::AtLeast(1.2)),
    ];
    let Some(little) = memory::median(memory) else { return Ok(figures) };
    if events == few {
        let name = format!("replay_{}_memory", short(few));
        figures.push(Figure::against(name, "MiB", little.peak, "before-the-replay", little.before, 0.0));
        return Ok(figures);
    }
    let mut memory = Vec::new();
    let mut rounds = Rounds::of(format!("replay of {events} events"));
    while rounds.more(say) {
        rounds.push([
            remembering(&mut memory, passes::ours(&reader, events)).await?,
            passes::limit(&app, LOG, events).await?,
        ]);
    }
    let [ours, limit] = rounds.medians()?;
    figures.push(figure(events, "_limit", ours, "sqlx-rows-unparsed", limit).wanted(OF_LIMIT));
    // Constant memory: a log ten times as long takes no more.
    if let Some(much) = memory::median(memory) {
        let name = format!("replay_{}_memory", short(events));
        figures.push(Figure::against(name, "MiB", much.peak, "a-shorter-log", little.peak, 0.0));
    }
    Ok(figures)
}

async fn remembering(
    memory: &mut Vec<Memory>,
    pass: impl Future<Output = anyhow::Result<Pass>>,
) -> anyhow::Result<Pass> {
    let before = Memory::reset();
    let pass = pass.await?;
    memory.extend(before.map(Memory::since));
    Ok(pass)
}

fn figure(events: u64, what: &str, ours: Pass, peer_name: &'static str, peer: Pass) -> Figure {
    let name = format!("replay_{}{what}", short(events));
    let foreign = ours.foreign_cpu.max(peer.foreign_cpu);
    Figure::against(name, "events/s", ours.rate, peer_name, peer.rate, foreign)
}

/// `10M`, `1M`, `20k`.
fn short(events: u64) -> String {
    match events {
        _ if events.is_multiple_of(1_000_000) => format!("{}M", events / 1_000_000),
        _ if events.is_multiple_of(1_000) => format!("{}k", events / 1_000),
        _ => events.to_string(),
    }
}
