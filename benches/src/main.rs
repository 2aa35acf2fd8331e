//! `make bench`: measures, prints a table, writes `target/bench.json`.

use std::io::{self, Write as _};
use std::time::Duration;

use benches::{append, commands, replay, report};
use clap::Parser;

/// Measures the register against its peers and the limits of the machine.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  make bench\n  make bench NAME=commands ARGS='--seconds 5'\n  make bench NAME=replay ARGS='--events 10000000'"
)]
struct Args {
    /// Only benches whose name begins so: append, commands, replay
    name: Option<String>,
    /// Length of one run
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Events of a replay
    #[arg(long, default_value_t = replay::EVENTS, value_parser = clap::value_parser!(u64).range(1..))]
    events: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let wanted = |bench: &str| args.name.as_deref().is_none_or(|name| bench.starts_with(name));
    let length = Duration::from_secs(args.seconds.max(1));
    let mut say = |what: &str| {
        let _ = writeln!(io::stderr(), "{what}");
    };
    let mut figures = Vec::new();
    if wanted("append") {
        figures.extend(append::measure(length, &mut say).await?);
    }
    if wanted("commands") {
        figures.extend(commands::measure(length, &mut say).await?);
    }
    if wanted("replay") {
        figures.extend(replay::measure(args.events, &mut say).await?);
    }
    anyhow::ensure!(!figures.is_empty(), "there is no bench of that name; there are: append, commands, replay");
    report::print(&figures)?;
    report::save(&figures)?;
    Ok(())
}
