//! message-db beside our appends: an event store that is functions of PostgreSQL, called from Rust. Its SQL is not part of
//! this repository: `VNR_BENCH_MESSAGE_DB` names the folder `database` of a copy of it, and without that nothing is measured.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use event_store::append::{Appender, AppenderConfig};
use event_store::log::LogName;
use event_store::migrate::{log_sets, migrate};
use event_store::private_pg::{Options, PrivatePg};
use event_store::seal::{KeySource, MasterKeys};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::closed_loop::{self, Run};
use crate::job::{CASES, PlainEvent, Report, case_id, metadata, some_case, submission};
use crate::report::Figure;
use crate::rounds::Rounds;

/// Where its SQL is.
const FOLDER: &str = "VNR_BENCH_MESSAGE_DB";
/// Its folders in the order in which its own installer takes them.
const PARTS: [&str; 6] = ["schema", "extensions", "tables", "types", "functions", "indexes"];
const IN_FLIGHT: usize = 32;

/// Measures, in alternation, on one PostgreSQL with fsync on.
///
/// # Errors
/// When the server can't be started, or message-db can't be installed.
pub async fn measure(length: Duration, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let Some(sql) = env::var_os(FOLDER).map(PathBuf::from) else {
        say(&format!("message-db is left out: {FOLDER} names no folder with its SQL"));
        return Ok(Vec::new());
    };
    let folder = env::temp_dir().join(format!("vnr-bench-message-db-{}", std::process::id()));
    let pg = PrivatePg::start(Options::new(&folder)).await?;
    let measured = measure_on(&pg, &folder, &sql, length, say).await;
    pg.stop().await;
    fs::remove_dir_all(&folder)?;
    measured
}

async fn measure_on(
    pg: &PrivatePg,
    folder: &Path,
    sql: &Path,
    length: Duration,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<Figure>> {
    let owner = PgPoolOptions::new().max_connections(2).connect_lazy(&pg.owner_url())?;
    migrate(&owner, "bench", &log_sets("bench")).await?;
    let app = PgPoolOptions::new().max_connections(40).connect_lazy(&pg.app_url())?;
    let master = Arc::new(MasterKeys::load(KeySource::File(folder.join("bench.key")))?);
    let (appender, _task) = Appender::start(AppenderConfig::new(LogName::REGISTER, app, master));
    // Its functions find each other by the search path.
    let options = PgConnectOptions::from_str(&pg.owner_url())?.options([("search_path", "message_store,public")]);
    let peer = PgPoolOptions::new().max_connections(40).connect_lazy_with(options);
    install(&peer, sql).await?;

    say(&format!("{CASES} cases with a first report in both"));
    closed_loop::count(256, CASES, |n| ours(appender.clone(), n, n)).await?;
    closed_loop::count(IN_FLIGHT, CASES, |n| theirs(peer.clone(), n, n)).await?;
    let mut rounds = Rounds::of(format!("appends beside message-db, {IN_FLIGHT} in flight"));
    while rounds.more(say) {
        let (appender, peer) = (appender.clone(), peer.clone());
        rounds.push([
            run(length, move |case, n| ours(appender.clone(), case, n)).await,
            run(length, move |case, n| theirs(peer.clone(), case, n)).await,
        ]);
    }
    let [our, peer] = rounds.medians()?;
    anyhow::ensure!(our.failed == 0 && peer.failed == 0, "{} and {} appends failed", our.failed, peer.failed);
    let figure = |what: &str, unit, value, peer_value| {
        let name = format!("append_{IN_FLIGHT}_message_db{what}");
        Figure::against(name, unit, value, "message-db", peer_value, our.foreign_cpu.max(peer.foreign_cpu))
    };
    Ok(vec![
        figure("", "commands/s", our.rate, peer.rate),
        figure("_p50", "ms", our.p50, peer.p50),
        figure("_p99", "ms", our.p99, peer.p99),
    ])
}

async fn run<F, Fut>(length: Duration, ask: F) -> Run
where
    F: Fn(u64, u64) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = bool> + Send + 'static,
{
    closed_loop::run(IN_FLIGHT, length, move |caller, n| ask(some_case(caller, n), n)).await
}

async fn install(peer: &PgPool, folder: &Path) -> anyhow::Result<()> {
    for part in PARTS {
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder.join(part))?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        files.sort();
        for file in files {
            sqlx::raw_sql(&fs::read_to_string(&file)?).execute(peer).await?;
        }
    }
    Ok(())
}

async fn ours(appender: Appender, case: u64, n: u64) -> bool {
    appender.submit(submission(Uuid::now_v7(), case_id(case), n, None)).await.is_ok()
}

/// Load the stream, decide, write one message where the stream is still at that version; again where it is not.
async fn theirs(pool: PgPool, case: u64, n: u64) -> bool {
    for _ in 0..10 {
        match command(&pool, case, n).await {
            Ok(()) => return true,
            Err(sqlx::Error::Database(error)) if error.message().contains("Wrong expected version") => {}
            Err(_) => return false,
        }
    }
    false
}

async fn command(pool: &PgPool, case: u64, n: u64) -> sqlx::Result<()> {
    let stream = format!("case-{}", case_id(case));
    let sql = "select position, data from get_stream_messages($1)";
    let messages: Vec<(i64, String)> = sqlx::query_as(sql).bind(&stream).fetch_all(pool).await?;
    let (mut version, mut count) = (-1, 0);
    for (position, data) in messages {
        let decode = |error: serde_json::Error| sqlx::Error::Decode(error.into());
        let PlainEvent::Reported { count: reports, .. } = serde_json::from_str(&data).map_err(decode)?;
        (version, count) = (position, reports);
    }
    let Report { by, text } = Report::new(n);
    let command_id = Uuid::now_v7();
    sqlx::query("select write_message($1, $2, 'Reported', $3, $4, $5)")
        .bind(command_id.to_string())
        .bind(&stream)
        .bind(sqlx::types::Json(PlainEvent::Reported { by, text, count: count + 1 }))
        .bind(sqlx::types::Json(metadata(command_id)))
        .bind(version)
        .execute(pool)
        .await?;
    Ok(())
}
