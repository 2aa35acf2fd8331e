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
use crate::import::{self, ImportOptions, Shown, Summary, Target};
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
    let source = Source::choose(&args, &settings.input_dir, &folder)?;
    output::line(format!("calls: {}", source.description));

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
    let imported = feed(running, source, folder).await?;
    let caught_up = Instant::now();
    running.caught_up(CATCH_UP).await?;
    let lag = caught_up.elapsed();

    let register = LogReader::new(running.pool().clone(), LogName::REGISTER).head().await?;
    let at = format!("{}.{}", register.generation, register.position);
    let token = token(running, Role::Officer, Purpose::Investigation)?;
    let http = running.http_addr().ok_or_else(|| anyhow!("GraphQL is not served"))?;

    let answers = question::ask_all(http, &token, &at).await?;
    answers::figures(running, &imported, lag, &answers).await?;
    answers.iter().for_each(question::Answer::show);

    heading("the history of one record (vnr record history)");
    let number = question::first_card(&answers).ok_or_else(|| anyhow!("there is no emergency card in the answers"))?;
    record::show(&number, &record::read(running.pool(), &number, None).await?);

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
    output::line(format!("with this token ({INSTITUTION}, officer, investigation, 8 hours):\nTOKEN={token}"));
    if sound { Ok(()) } else { Err(Failure::CheckFailed) }
}

/// Feeds the calls through the bulk stream, with a progress bar, and tells what became of them.
async fn feed(running: &Running, source: &Source, folder: &std::path::Path) -> Result<Summary, Failure> {
    let addr = running.grpc_addr().ok_or_else(|| anyhow!("gRPC is not served"))?;
    let token = token(running, Role::System, Purpose::Operation)?;
    let target = Target::parse(&format!("http://{}", reachable(addr)), Some(&token))?;
    let mut options = ImportOptions::new(&source.file, source.mapping.clone(), target, folder);
    // The port may be another one than that of an interrupted demo; the data folder is the same.
    options.same_register = true;
    heading("import through gRPC");
    let summary = import::run(&options, &Shown::default()).await?;
    output::line(summary.to_string().trim_end());
    Ok(summary)
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
    let principal = Principal {
        subject: "demo".into(),
        institution: Institution::parse(INSTITUTION).map_err(|told| anyhow!(told))?,
        roles: vec![role],
        purpose,
        expires_at: Utc::now() + TimeDelta::hours(8),
    };
    Ok(running.issuer().issue(&principal)?)
}

fn heading(text: &str) {
    output::line(format!("\n== {text}"));
}
