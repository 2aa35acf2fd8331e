//! `vnr generate`: days of an invented nation, counted, or sent to a system as its institutions would send them.

mod args;
mod live;
mod report;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use access::DevelopmentKey;
use nation::{Nation, Summary, Timeline};

pub use args::GenerateArgs;
pub use live::Outcome;

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

/// Carries `vnr generate` out.
///
/// # Errors
/// When the register can't be spoken to. That it answered otherwise than expected is exit code 3, not an error.
pub(crate) async fn run(settings: &Settings, args: &GenerateArgs) -> Result<ExitCode, Failure> {
    let mut nation = Nation::new(args.seed, args.scale);
    nation.from = args.from;
    let days = args.days();
    let mut summary = Summary::default();
    let timeline = Timeline::new(&nation, args.from, days).inspect(|deed| summary.add(deed));
    let Some(rate) = args.live else {
        timeline.for_each(drop);
        report::show(&nation, days, &summary, None, args.json);
        return Ok(ExitCode::SUCCESS);
    };
    let key = DevelopmentKey::load_or_create(&settings.token_key_file())?;
    let url = args.target.clone().unwrap_or_else(|| format!("http://{}", settings.grpc_addr));
    let outcome = live::send(timeline, &url, &key, rate, days).await?;
    report::show(&nation, days, &summary, Some(&outcome), args.json);
    if outcome.unexpected == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    for example in &outcome.examples {
        output::aside(example);
    }
    Err(Failure::CheckFailed)
}

/// Whether somebody watches.
fn watched() -> bool {
    std::io::stderr().is_terminal()
}
