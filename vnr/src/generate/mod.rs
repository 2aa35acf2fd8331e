//! `vnr generate`: days of an invented nation, counted, sent to a system as its institutions would send them, or written straight
//! into an empty register.

mod args;
mod copy;
mod live;
mod notices;
mod report;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use access::{DevelopmentKey, Institution, Principal, Purpose, Reference, Role};
use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use nation::{Deed, Nation, Post, Summary, Timeline};

pub use args::GenerateArgs;
pub use copy::Copied;
pub use live::Outcome;

use self::args::Rate;
use self::report::Done;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

/// As whom an institution's systems and people speak to the register.
fn principal(code: &str, post: Post, until: DateTime<Utc>) -> Result<Principal, Failure> {
    let institution = Institution::parse(code).map_err(anyhow::Error::msg).context("a code of an institution")?;
    let (name, role, purpose) = match post {
        Post::System => ("journal", Role::System, Purpose::Response),
        Post::Officer => ("officer", Role::Officer, Purpose::Response),
        Post::Supervisor => ("supervisor", Role::Supervisor, Purpose::Response),
        Post::Administrator => ("administrator", Role::Supervisor, Purpose::Administration),
    };
    let mut principal = Principal::new(format!("{code}-{name}"), institution, vec![role], purpose, until);
    if post == Post::Administrator {
        // Administration is done for something that has a number.
        principal.reference = Some(Reference::parse("KL-1").map_err(anyhow::Error::msg).context("a reference")?);
    }
    Ok(principal)
}

/// Carries `vnr generate` out.
///
/// # Errors
/// When the register can't be spoken to or written. That it answered otherwise than expected is exit code 3, not an error.
pub(crate) async fn run(settings: &Settings, args: &GenerateArgs) -> Result<ExitCode, Failure> {
    let mut nation = Nation::new(args.seed, args.scale);
    nation.from = args.from;
    let days = args.days();
    let timeline = Timeline::new(&nation, args.from, days);
    let mut summary = Summary::default();
    if args.copy {
        if timeline.span().1 > Utc::now() {
            return Err(Failure::Usage(
                "what is written is in the past: give an earlier --from, or fewer days".to_owned(),
            ));
        }
        let bar = progress(days);
        let (summary, copied) = copy::write(&settings.clone().simulated(), &nation, days, bar.clone()).await?;
        bar.finish_and_clear();
        report::show(&nation, days, &summary, Done::Copied(&copied), args.json);
        return Ok(ExitCode::SUCCESS);
    }
    let timeline = timeline.inspect(|deed| summary.add(deed));
    let Some(rate) = args.live else {
        timeline.for_each(drop);
        report::show(&nation, days, &summary, Done::Nothing, args.json);
        return Ok(ExitCode::SUCCESS);
    };
    let key = DevelopmentKey::load_or_create(&settings.token_key_file())?;
    let url = args.target.clone().unwrap_or_else(|| format!("http://{}", settings.grpc_addr));
    let outcome = live::send(timeline, &url, &key, rate, days).await?;
    report::show(&nation, days, &summary, Done::Sent(&outcome), args.json);
    if outcome.unexpected == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    for example in &outcome.examples {
        output::aside(example);
    }
    Err(Failure::CheckFailed)
}

/// Sends the demo's own data, three days of a small nation with the night on which clocks are put back, and shows what came of it.
///
/// # Errors
/// When the register can't be spoken to, or answers otherwise than expected.
pub(crate) async fn send_small_nation(settings: &Settings, url: &str) -> Result<Outcome, Failure> {
    const DAYS: u32 = 3;
    let mut nation = Nation::new(112, 0.02);
    nation.from = NaiveDate::from_ymd_opt(2025, 10, 25).unwrap_or_default();
    let key = DevelopmentKey::load_or_create(&settings.token_key_file())?;
    let mut summary = Summary::default();
    let timeline = Timeline::new(&nation, nation.from, DAYS).inspect(|deed| summary.add(deed));
    let outcome = live::send(timeline, url, &key, Rate::Max, DAYS).await?;
    report::show(&nation, DAYS, &summary, Done::Sent(&outcome), false);
    outcome.examples.iter().for_each(output::aside);
    if outcome.unexpected == 0 { Ok(outcome) } else { Err(Failure::CheckFailed) }
}

/// Writes days of a nation straight into the empty register of the settings, and tells nobody how far it is.
///
/// # Errors
/// When the register has events, or can't be written.
pub async fn write_at_once(settings: &Settings, nation: &Nation, days: u32) -> anyhow::Result<Copied> {
    match copy::write(settings, nation, days, ProgressBar::hidden()).await {
        Ok((_, copied)) => Ok(copied),
        Err(failure) => Err(anyhow::anyhow!(failure.message().unwrap_or_default())),
    }
}

/// How far it is, where somebody watches: in minutes of the nation.
fn progress(days: u32) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {percent} % of the days  {msg}  {elapsed}, ETA {eta}");
    ProgressBar::new(u64::from(days) * 1_440).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// So many minutes lie between the first deed and this one.
fn minutes(first: DateTime<Utc>, deed: &Deed) -> u64 {
    u64::try_from((deed.at - first).num_minutes()).unwrap_or_default()
}
