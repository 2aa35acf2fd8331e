//! Reading a whole log through a trivial typed projection: against the same rows streamed unparsed by the same driver (the
//! limit), against cqrs-es' `replay_all`, and against disintegrate's stream.
//!
//! All read the same job's events from one PostgreSQL, in alternation. Ours goes as every reader of the store does: windows of
//! positions, each a short transaction; the limit and the peers hold one statement open for the whole of it.

mod memory;
mod passes;
mod seed;

use std::path::PathBuf;

use event_store::log::LogName;
use event_store::migrate::{log_sets, migrate};
use event_store::private_pg::{Options, PrivatePg};
use event_store::read::LogReader;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use self::memory::Memory;
use self::passes::Pass;
use crate::report::Figure;
use crate::stock;

/// Events where nothing else is asked for.
pub const EVENTS: u64 = 1_000_000;
/// The peers hold this many at most: they would take minutes to fill.
const PEER_EVENTS: u64 = 1_000_000;
const ROUNDS: usize = 3;
const LOG: LogName = LogName::REGISTER;

/// What one number of events took, round by round.
#[derive(Default)]
struct Passes {
    ours: Vec<Pass>,
    limit: Vec<Pass>,
    cqrs_es: Vec<Pass>,
    disintegrate: Vec<Pass>,
    memory: Vec<Memory>,
}

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

    let mut figures = Vec::new();
    let with_peers = rounds(few, &app, Some((&peers, pg.owner_url())), say).await?;
    figures.extend(with_peers.figures(few));
    if events > few {
        let all = rounds(events, &app, None, say).await?;
        figures.extend(all.figures(events));
        // Constant memory: a log ten times as long takes no more.
        if let (Some(much), Some(little)) = (memory::median(all.memory), memory::median(with_peers.memory)) {
            let name = format!("replay_{}_memory", short(events));
            figures.push(Figure::against(name, "MiB", much.peak, "a-shorter-log", little.peak, 0.0));
        }
    } else if let Some(memory) = memory::median(with_peers.memory) {
        let name = format!("replay_{}_memory", short(few));
        figures.push(Figure::against(name, "MiB", memory.peak, "before-the-replay", memory.before, 0.0));
    }
    Ok(figures)
}

async fn rounds(
    events: u64,
    app: &PgPool,
    peers: Option<(&PathBuf, String)>,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Passes> {
    let reader = LogReader::new(app.clone(), LOG);
    let mut passes = Passes::default();
    for round in 1..=ROUNDS {
        say(&format!("replay of {events} events, round {round} of {ROUNDS}"));
        let before = Memory::reset();
        let ours = passes::ours(&reader, events).await?;
        passes.memory.extend(before.map(Memory::since));
        passes.ours.push(ours);
        passes.limit.push(passes::limit(app, LOG, events).await?);
        if let Some((program, url)) = &peers {
            passes.cqrs_es.push(passes::cqrs_es(app, events).await?);
            passes.disintegrate.push(passes::disintegrate(program, url, events)?);
        }
    }
    Ok(passes)
}

impl Passes {
    fn figures(&self, events: u64) -> Vec<Figure> {
        let Some(ours) = passes::median(&self.ours) else { return Vec::new() };
        let peers = [
            ("_limit", "sqlx-rows-unparsed", &self.limit),
            ("", "cqrs-es-replay-all", &self.cqrs_es),
            ("_disintegrate", "disintegrate-stream", &self.disintegrate),
        ];
        let figure = |(what, peer_name, passes): (&str, &'static str, &Vec<Pass>)| {
            let peer = passes::median(passes)?;
            let name = format!("replay_{}{what}", short(events));
            let foreign = ours.foreign_cpu.max(peer.foreign_cpu);
            Some(Figure::against(name, "events/s", ours.rate, peer_name, peer.rate, foreign))
        };
        peers.into_iter().filter_map(figure).collect()
    }
}

/// `10M`, `1M`, `20k`.
fn short(events: u64) -> String {
    match events {
        _ if events.is_multiple_of(1_000_000) => format!("{}M", events / 1_000_000),
        _ if events.is_multiple_of(1_000) => format!("{}k", events / 1_000),
        _ => events.to_string(),
    }
}
