//! `make bench`: measures, prints a table, writes `target/bench.json`.

use std::io::{self, Write as _};
use std::time::Duration;

use benches::machine::Machine;
use benches::{
    append, commands, consultations, message_db, nation, rebuild, recommendations, replay, report, subscriptions,
};
use clap::Parser;

/// As in `vnr`; for the peers too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the register against its peers and the limits of the machine.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  make bench\n  make bench NAME=commands ARGS='--seconds 5'\n  make bench NAME=replay ARGS='--events 10000000'\n  make bench NAME=nation ARGS='--events 10000000'\n  make bench NAME=rebuild ARGS='--events 10000000'"
)]
struct Args {
    /// Only benches whose name begins so: append, commands, consultations, message-db, recommendations, subscriptions, replay, nation, rebuild
    name: Option<String>,
    /// Length of one run
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Events of a replay, of a nation's log, and of what a read model is built anew of
    #[arg(long, default_value_t = replay::EVENTS, value_parser = clap::value_parser!(u64).range(1..))]
    events: u64,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let wanted = |bench: &str| args.name.as_deref().is_none_or(|name| bench.starts_with(name));
    let length = Duration::from_secs(args.seconds.max(1));
    let mut say = |what: &str| {
        let _ = writeln!(io::stderr(), "{what}");
    };
    let cores = std::thread::available_parallelism()?.get();
    // Where commands are measured, ours and the peers' alike, half of the machine is the database's. A replay reads ahead.
    let half = runtime((cores / 2).max(1))?;
    let mut figures = Vec::new();
    if wanted("append") {
        figures.extend(half.block_on(append::measure(length, &mut say))?);
    }
    if wanted("commands") {
        figures.extend(half.block_on(commands::measure(length, &mut say))?);
    }
    if wanted("consultations") {
        figures.extend(runtime(cores)?.block_on(consultations::measure(length, &mut say))?);
    }
    let mut left_out = false;
    if wanted("message-db") {
        let measured = half.block_on(message_db::measure(length, &mut say))?;
        left_out = measured.is_empty();
        figures.extend(measured);
    }
    if wanted("recommendations") {
        figures.extend(runtime(cores)?.block_on(recommendations::measure(length, &mut say))?);
    }
    if wanted("subscriptions") {
        figures.extend(runtime(cores)?.block_on(subscriptions::measure(length, &mut say))?);
    }
    if wanted("replay") {
        figures.extend(runtime(cores)?.block_on(replay::measure(args.events, &mut say))?);
    }
    if wanted("nation") {
        figures.extend(runtime(cores)?.block_on(nation::measure(args.events, &mut say))?);
    }
    if wanted("rebuild") {
        figures.extend(runtime(cores)?.block_on(rebuild::measure(args.events, length, &mut say))?);
    }
    let known = left_out || !figures.is_empty();
    anyhow::ensure!(
        known,
        "there is no bench of that name; there are: append, commands, consultations, message-db, recommendations, subscriptions, replay, nation, rebuild"
    );
    report::print(&figures)?;
    report::save(&Machine::here(), &figures)?;
    Ok(())
}

fn runtime(workers: usize) -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()
}
