//! `vnr demo`: the whole system with real calls, fed through gRPC as any client would, and what comes out of it.

mod answers;
mod graphql;
mod question;
mod source;

use std::fs;
use std::time::{Duration, Instant};

use access::{Institution, Principal, Purpose, Role};
use anyhow::{Context, anyhow};
use chrono::{TimeDelta, Utc};
use event_store::log::LogName;
use event_store::read::LogReader;

use crate::cli::DemoArgs;
use crate::commands::{log, record, serve};
use crate::compose::{Running, System};
use crate::failure::Failure;
use crate::generate;
use crate::import::{self, ImportOptions, Shown, Target};
use crate::output;
use crate::settings::Settings;

use self::source::Source;

/// Whom the demo's calls belong to: the fire and rescue service.
const INSTITUTION: &str = "VUGD";
/// A read model that makes no progress for so long will not make any.
const CATCH_UP: Duration = Duration::from_secs(120);

/// Runs the demo; with `--exit` it ends after the report.
pub(crate) async fn run(settings: Settings, args: DemoArgs) -> Result<(), Failure> {
    let folder = settings.data_dir.join("demo");
    fs::create_dir_all(&folder).with_context(|| format!("can't make the folder {}", folder.display()))?;
    let source = Source::choose(&args, &settings.input_dir)?;
    output::line(format!("calls: {}", source.description(&settings.input_dir)));
    // What is made up is never in a register of what is real.
    let settings = if matches!(source, Source::Nation) { settings.simulated() } else { settings };

    let started = Instant::now();
    let running = System::start(settings).await?;
    output::line(format!("system: up in {:.1} s", started.elapsed().as_secs_f64()));
    serve::places(&running).into_iter().for_each(output::line);

    // Ctrl-C during the import or the report ends in order too.
    let report = tokio::select! {
        report = report(&running, &source, &folder) => report,
        told = tokio::signal::ctrl_c() => match told {
            Ok(()) => Err(anyhow!("interrupted; run it again and it goes on where it was").into()),
            Err(error) => Err(error.into()),
        },
    };
    if report.is_err() || args.exit {
        running.stop().await;
        return report;
    }
    output::line("serving; Ctrl-C ends it");
    serve::until_stopped(running).await
}

async fn report(running: &Running, source: &Source, folder: &std::path::Path) -> Result<(), Failure> {
    let fed = match source {
        Source::File(file) => import_calls(running, file, folder).await?,
        Source::Nation => send_nation(running).await?,
    };
    let caught_up = Instant::now();
    running.caught_up(CATCH_UP).await?;
    let lag = caught_up.elapsed();

    let register = LogReader::new(running.pool().clone(), LogName::REGISTER).head().await?;
    let at = format!("{}.{}", register.generation, register.position);
    let token = token(running, Role::Officer, Purpose::Response)?;
    let http = running.http_addr().ok_or_else(|| anyhow!("GraphQL is not served"))?;

    let answers = question::ask_all(http, &token, &at).await?;
    answers::figures(running, &fed, lag, &answers).await?;
    answers.iter().for_each(question::Answer::show);

    heading("the history of one record (vnr record history)");
    let number = question::first_card(&answers).ok_or_else(|| anyhow!("there is no emergency card in the answers"))?;
    record::show(&number, &record::read(running.pool(), &number).await?);

    heading("every hash recomputed (vnr log verify)");
    let mut sound = true;
    for name in LogName::ALL {
        let since = Instant::now();
        let found = log::verify_own(running.settings(), running.pool(), name).await?;
        log::show_verification(&found, Some(since));
        sound &= found.sound;
    }

    heading("ask yourself");
    output::line(format!("open http://{http}/graphql, or:"));
    output::line(format!(
        "  curl -s http://{http}/graphql -H 'content-type: application/json' -H \"authorization: Bearer $TOKEN\" \\\n    \
         -d '{{\"query\":\"{{ cardStatistics {{ calls units medianResponseSeconds }} }}\"}}'"
    ));
    output::line(format!("with this token ({INSTITUTION}, officer, response, 8 hours):\nTOKEN={token}"));
    if sound { Ok(()) } else { Err(Failure::CheckFailed) }
}

/// What became of the calls.
struct Fed {
    /// Events that were written now.
    events: u64,
    /// In a second.
    rate: f64,
    /// Time to an answer, milliseconds: half are faster, one in a hundred is slower.
    p50_ms: f64,
    p99_ms: f64,
    /// Whether all of it had been recorded before.
    known: bool,
}

/// Feeds a file's calls through the bulk stream, with a progress bar, and tells what became of them.
async fn import_calls(running: &Running, file: &source::File, folder: &std::path::Path) -> Result<Fed, Failure> {
    let token = token(running, Role::System, Purpose::Operation)?;
    let target = Target::parse(&grpc(running)?, Some(&token))?;
    let mut options = ImportOptions::new(&file.path, file.mapping.clone(), target, folder);
    // The port may be another one than that of an interrupted demo; the data folder is the same.
    options.same_register = true;
    heading("import through gRPC");
    let summary = import::run(&options, &Shown::default()).await?;
    output::line(summary.to_string().trim_end());
    Ok(Fed {
        events: summary.counts.events,
        rate: summary.counts.events as f64 / summary.seconds.max(0.001),
        p50_ms: summary.command_us.p50 as f64 / 1_000.0,
        p99_ms: summary.command_us.p99 as f64 / 1_000.0,
        known: summary.counts.events == 0 && summary.counts.commands.repeated > 0,
    })
}

/// Sends an invented nation's deeds as its institutions would.
async fn send_nation(running: &Running) -> Result<Fed, Failure> {
    heading("an invented nation, sent through gRPC");
    let outcome = generate::send_small_nation(running.settings(), &grpc(running)?).await?;
    let (p50_ms, p99_ms) = outcome.lanes.get("urgent").map_or((0.0, 0.0), |lane| (lane.p50_ms, lane.p99_ms));
    let rate = outcome.rate * outcome.events as f64 / outcome.sent.max(1) as f64;
    Ok(Fed { events: outcome.events, rate, p50_ms, p99_ms, known: outcome.events == 0 && outcome.repeated > 0 })
}

/// Where the register takes commands.
fn grpc(running: &Running) -> Result<String, Failure> {
    let addr = running.grpc_addr().ok_or_else(|| anyhow!("gRPC is not served"))?;
    Ok(format!("http://{}", reachable(addr)))
}

/// An address that listens everywhere is reached on this machine.
fn reachable(addr: std::net::SocketAddr) -> std::net::SocketAddr {
    let ip = match addr.ip() {
        std::net::IpAddr::V4(ip) if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (ip, addr.port()).into()
}

fn token(running: &Running, role: Role, purpose: Purpose) -> Result<String, Failure> {
    let institution = Institution::parse(INSTITUTION).map_err(|told| anyhow!(told))?;
    let principal = Principal::new("demo", institution, vec![role], purpose, Utc::now() + TimeDelta::hours(8));
    let own = "the demo issues its own tokens: run it without --issuer";
    let issuer = running.issuer().ok_or_else(|| Failure::Usage(own.to_owned()))?;
    Ok(issuer.issue(&principal)?)
}

fn heading(text: &str) {
    output::line(format!("\n== {text}"));
}
