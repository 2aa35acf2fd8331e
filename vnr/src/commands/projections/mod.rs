//! `vnr projections …`: read models, for the data team.

mod differences;
mod history;
mod keeping;
mod listing;
mod parked;

use std::io::IsTerminal;

use domain::read_model::ReadModelBody;
use indicatif::{ProgressBar, ProgressStyle};
use projections::{RebuildProgress, Rebuilt};
use serde_json::json;

use self::keeping::{Kept, keep, looked_after};
use super::with_database;
use crate::cli::{DropArgs, KeeperArgs, ProjectionsCommand, RebuildArgs};
use crate::compose::Database;
use crate::failure::Failure;
use crate::output::{self, grouped};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: ProjectionsCommand) -> Result<(), Failure> {
    use ProjectionsCommand as P;
    with_database(settings, async |database| match command {
        P::List { json } => listing::show(&database.app, json).await,
        P::Rebuild(args) => rebuild(settings, database, args).await,
        P::Diff(args) => differences::diff(settings, database, &args).await,
        P::Verify(args) => differences::verify(settings, database, &args).await,
        P::Switch(args) => switch(settings, database, args).await,
        P::Rollback(args) => roll_back(settings, database, args).await,
        P::Drop(args) => discard(settings, database, args).await,
        P::Pause(args) => pause(settings, database, args, true).await,
        P::Resume(args) => pause(settings, database, args, false).await,
        P::Parked(command) => parked::run(settings, database, command).await,
        P::History { name, limit, json } => history::show(database, name.as_deref(), limit, json).await,
    })
    .await
}

async fn rebuild(settings: &Settings, database: &Database, args: RebuildArgs) -> Result<(), Failure> {
    let RebuildArgs { keeper, to, slices, switch, .. } = args;
    let json = keeper.json;
    let name = keeper.name.clone();
    keep(settings, database, keeper, async |keeping| {
        let builds = keeping.version();
        if let Some(wanted) = to.filter(|wanted| *wanted != builds) {
            return Err(Failure::Usage(format!(
                "this program builds version {builds} of {name}, not {wanted}: run the program that does"
            )));
        }
        let rebuilt = with_bar(json, async |tell| Ok(keeping.rebuild(slices, switch, tell).await?)).await?;
        if json {
            output::json(&rebuilt);
        } else {
            show_rebuilt(&rebuilt);
        }
        Ok(())
    })
    .await
}

/// Runs what takes long with a progress bar, where a person looks on.
async fn with_bar<T>(
    json: bool,
    work: impl AsyncFnOnce(&mut (dyn FnMut(RebuildProgress) + Send)) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let bar = if std::io::stderr().is_terminal() && !json { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} events  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut tell = |progress: RebuildProgress| {
        bar.set_length(progress.of);
        bar.set_position(progress.events);
        let lag = grouped(progress.of.saturating_sub(progress.events));
        let eta = progress.eta.map_or("?".to_owned(), |seconds| format!("{seconds:.0} s"));
        bar.set_message(format!("{}/s  lag {lag}  ETA {eta}", grouped(progress.rate as u64)));
    };
    let done = work(&mut tell).await;
    bar.finish_and_clear();
    done
}

fn show_rebuilt(rebuilt: &Rebuilt) {
    let again = if rebuilt.resumed { ", going on where an earlier attempt had stopped" } else { "" };
    let what_now = if rebuilt.serves { "and serves" } else { "and waits as the candidate" };
    output::line(format!(
        "{} (version {}) was built anew of {} events in {:.1} s{again}, {what_now}",
        rebuilt.name,
        rebuilt.version,
        grouped(rebuilt.events),
        rebuilt.seconds
    ));
    for (log, position) in &rebuilt.progress {
        output::line(format!("  {log}: up to position {}", grouped(*position)));
    }
    for (table, rows) in &rebuilt.rows {
        let rows = rows
            .map_or("too many to count quickly".to_owned(), |rows| format!("{} rows", grouped(rows.unsigned_abs())));
        output::line(format!("  {table}: {rows}"));
    }
    if rebuilt.parked > 0 {
        output::line(format!(
            "  {} records are parked: `vnr projections parked list {}`",
            rebuilt.parked, rebuilt.name
        ));
    }
    let name = rebuilt.name;
    if rebuilt.serves {
        output::line(format!(
            "what served before is kept: `vnr projections rollback {name}` goes back, `vnr projections drop {name} --previous` drops it"
        ));
    } else {
        output::line(format!("compare with `vnr projections diff {name}`, then `vnr projections switch {name}`"));
    }
}

async fn switch(settings: &Settings, database: &Database, args: KeeperArgs) -> Result<(), Failure> {
    let (json, name) = (args.json, args.name.clone());
    keep(settings, database, args, async |keeping| {
        let done = keeping.switch().await?;
        let text = format!(
            "{name} serves version {} now; what served before (version {}) is kept beside it",
            done.version, done.from
        );
        tell(json, json!({ "name": name, "from": done.from, "version": done.version }), &text);
        Ok(())
    })
    .await
}

async fn roll_back(settings: &Settings, database: &Database, args: KeeperArgs) -> Result<(), Failure> {
    let (json, name) = (args.json, args.name.clone());
    keep(settings, database, args, async |keeping| {
        let done = keeping.roll_back().await?;
        let mut text = format!(
            "{name} serves version {} again; version {} is kept as the candidate: `vnr projections switch {name}` goes forward again",
            done.version, done.from
        );
        if done.version != keeping.version() {
            text.push_str(&format!(
                "\nthis program builds version {}: run one that builds version {}, or nothing new is taken in",
                keeping.version(),
                done.version
            ));
        }
        tell(json, json!({ "name": name, "from": done.from, "version": done.version }), &text);
        Ok(())
    })
    .await
}

async fn discard(settings: &Settings, database: &Database, args: DropArgs) -> Result<(), Failure> {
    let (json, name) = (args.keeper.json, args.keeper.name.clone());
    let body = if args.candidate { ReadModelBody::Candidate } else { ReadModelBody::Previous };
    keep(settings, database, args.keeper, async |keeping| {
        let version = keeping.discard(body).await?;
        let text = format!("dropped: {} of {name} (version {version})", body.code());
        tell(json, json!({ "name": name, "dropped": body.code(), "version": version }), &text);
        Ok(())
    })
    .await
}

async fn pause(settings: &Settings, database: &Database, args: KeeperArgs, paused: bool) -> Result<(), Failure> {
    let (json, name) = (args.json, args.name.clone());
    keep(settings, database, args, async |keeping| {
        let changed = if paused { keeping.pause().await? } else { keeping.resume().await? };
        let text = match (paused, changed) {
            (true, true) => format!("{name} is paused: it takes nothing in until `vnr projections resume {name}`"),
            (true, false) => format!("{name} was paused already"),
            (false, true) => format!("{name} takes in what comes, and what came meanwhile"),
            (false, false) => format!("{name} was not paused"),
        };
        tell(json, json!({ "name": name, "paused": paused, "changed": changed }), &text);
        Ok(())
    })
    .await
}

fn tell(json: bool, value: serde_json::Value, text: &str) {
    if json {
        output::json(&value);
    } else {
        output::line(text);
    }
}

/// A read model that is only looked at.
async fn looked_at(settings: &Settings, database: &Database, name: &str) -> Result<Kept, Failure> {
    looked_after(settings, database, name, projections::keeping::Keeper::program()).await
}
