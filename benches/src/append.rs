//! The store's own API, without gRPC: against stock cqrs-es with postgres-es, and against the limit L, which is `pgbench`
//! inserting one prepared row of the same size in each transaction.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::CqrsFramework;
use cqrs_es::persist::PersistedEventStore;
use domain::kernel::Moment;
use domain::values::{CardNumber, NationalNumber};
use event_store::append::{Appender, AppenderConfig};
use event_store::log::LogName;
use event_store::migrate::{log_sets, migrate};
use event_store::private_pg::{Options, PrivatePg};
use event_store::seal::{KeySource, MasterKeys};
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::closed_loop::{self, Run};
use crate::foreign::CpuTimes;
use crate::job::{CASES, PlainCase, Report, case_id, metadata, some_case, submission};
use crate::report::{Figure, Wanted};
use crate::rounds::Rounds;
use crate::stock;

const IN_FLIGHT: [usize; 3] = [1, 32, 256];
/// Length of the histories that are loaded cold.
const COLD_EVENTS: u64 = 10;

type Framework = CqrsFramework<PlainCase, PersistedEventStore<PostgresEventRepository, PlainCase>>;

/// A table for `pgbench`: events as postgres-es keeps them, one for each "command", and nothing else.
const LIMIT_TABLE: &str = "create table stock.limit_events (like stock.events including all);
    grant insert on stock.limit_events to vnr_app;";
/// An event of one of [`CASES`] cases. The sequence is random, since nobody decides on it here.
const LIMIT_SCRIPT: &str = "\\set case random(1, 10000)
\\set sequence random(1, 9000000000000000)
insert into stock.limit_events values
    ('case', '01900000-0000-7000-8000-' || lpad(:case::text, 12, '0'), :sequence, 'Reported', '1', :payload, :metadata);
";

/// Measures, in alternation, on one PostgreSQL with fsync on.
///
/// # Errors
/// When the server or `pgbench` can't be started.
pub async fn measure(length: Duration, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let folder = std::env::temp_dir().join(format!("vnr-bench-append-{}", std::process::id()));
    let pg = PrivatePg::start(Options::new(&folder)).await?;
    let measured = measure_on(&pg, &folder, length, say).await;
    pg.stop().await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure_on(
    pg: &PrivatePg,
    folder: &Path,
    length: Duration,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<Figure>> {
    let pool = |url: String, size| PgPoolOptions::new().max_connections(size).connect_lazy(&url);
    let owner = pool(pg.owner_url(), 2)?;
    let app = pool(pg.app_url(), 40)?;
    migrate(&owner, "bench", &log_sets("bench")).await?;
    stock::create_tables(&owner).await?;
    sqlx::raw_sql(LIMIT_TABLE).execute(&owner).await?;
    let master = Arc::new(MasterKeys::load(KeySource::File(folder.join("bench.key")))?);
    let config = AppenderConfig::new(LogName::REGISTER, app.clone(), master);
    let (appender, _task) = Appender::start(config.clone());
    let framework = Arc::new(framework(app.clone())?);

    say(&format!("{CASES} cases with a first report in both"));
    closed_loop::count(256, CASES, |n| {
        let appender = appender.clone();
        async move { appender.submit(submission(Uuid::now_v7(), case_id(n), n, None)).await.is_ok() }
    })
    .await?;
    closed_loop::count(32, CASES, |n| {
        let framework = Arc::clone(&framework);
        async move { execute(&framework, n, n).await }
    })
    .await?;

    let mut figures = Vec::new();
    for in_flight in IN_FLIGHT {
        let (limit_clients, limit_name) = limit_of(in_flight);
        let mut rounds = Rounds::of(format!("appends, {in_flight} in flight"));
        while rounds.more(say) {
            rounds.push([
                appends(&appender, in_flight, length, some_report).await,
                stock_appends(&framework, in_flight, length).await,
                pgbench(pg, limit_clients, length)?,
            ]);
        }
        let [our, peer, limit] = rounds.medians()?;
        anyhow::ensure!(our.failed == 0, "{} of our appends failed", our.failed);
        let foreign = our.foreign_cpu.max(peer.foreign_cpu);
        let name = |what: &str| format!("append_{in_flight}{what}");
        let (of_peer, p99_of_peer, of_limit) = wanted(in_flight);
        let stock = "stock-postgres-es";
        let rate = |what, peer_name, peer_rate, foreign| {
            Figure::against(name(what), "commands/s", our.rate, peer_name, peer_rate, foreign)
        };
        figures.push(rate("", stock, peer.rate, foreign).wanted(of_peer));
        figures.push(Figure::against(name("_p50"), "ms", our.p50, stock, peer.p50, foreign));
        figures.push(Figure::against(name("_p99"), "ms", our.p99, stock, peer.p99, foreign).wanted(p99_of_peer));
        let foreign = our.foreign_cpu.max(limit.foreign_cpu);
        figures.push(rate("_limit", limit_name, limit.rate, foreign).wanted(of_limit));
    }
    figures.push(disturbed(&appender, length, say).await?);
    drop(appender);
    figures.push(cold(pg, config, length, say).await?);
    Ok(figures)
}

/// A new report on some case.
fn some_report(caller: usize, n: u64) -> (Uuid, u64, Option<u64>) {
    (Uuid::now_v7(), some_case(caller, n), None)
}

/// What is to be reached: beside the peer, its latency, the limit.
fn wanted(in_flight: usize) -> (Option<Wanted>, Option<Wanted>, Option<Wanted>) {
    match in_flight {
        1 => (None, None, Some(Wanted::AtLeast(0.65))),
        32 => (Some(Wanted::AtLeast(5.0)), Some(Wanted::AtMost(0.33)), Some(Wanted::AtLeast(1.05))),
        _ => (Some(Wanted::AtLeast(8.0)), None, Some(Wanted::AtLeast(1.7))),
    }
}

/// Clients of `pgbench`, and what that is called: L is measured with 32.
fn limit_of(in_flight: usize) -> (usize, &'static str) {
    if in_flight == 1 { (1, "pgbench-one-row-1") } else { (32, "pgbench-one-row-32") }
}

/// 5 % repetitions and 5 % wrong versions among the commands: what that costs those that are right.
async fn disturbed(appender: &Appender, length: Duration, say: &mut dyn FnMut(&str)) -> anyhow::Result<Figure> {
    let mut rounds = Rounds::of("appends with 5 % repetitions and 5 % conflicts");
    while rounds.more(say) {
        // Ids are derived, so that one in twenty is the caller's one before it.
        let run_id = Uuid::now_v7();
        let id = move |caller: usize, n: u64| Uuid::new_v5(&run_id, format!("{caller}/{n}").as_bytes());
        let choose = move |caller, n| match n % 20 {
            7 => (id(caller, n - 1), some_case(caller, n - 1), None),
            13 => (id(caller, n), some_case(caller, n), Some(0)),
            _ => (id(caller, n), some_case(caller, n), None),
        };
        rounds.push([appends(appender, 256, length, choose).await, appends(appender, 256, length, some_report).await]);
    }
    let [run, undisturbed] = rounds.medians()?;
    // Repetitions are answered with the first reply, conflicts are refused; neither is an append.
    let good = run.rate * 0.9;
    let foreign = run.foreign_cpu.max(undisturbed.foreign_cpu);
    let name = "append_256_disturbed".to_owned();
    let figure = Figure::against(name, "commands/s", good, "the-same-undisturbed", undisturbed.rate, foreign);
    Ok(figure.wanted(Wanted::AtLeast(0.75)))
}

/// Every case is loaded from the database, with ten events: an appender without a memory.
async fn cold(
    pg: &PrivatePg,
    config: AppenderConfig,
    length: Duration,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Figure> {
    let (appender, _task) = Appender::start(AppenderConfig { cache: 256, ..config });
    say(&format!("{CASES} more cases with {COLD_EVENTS} events each"));
    let first = CASES;
    closed_loop::count(256, CASES * COLD_EVENTS, |n| {
        let appender = appender.clone();
        let case = case_id(first + n / COLD_EVENTS);
        async move { appender.submit(submission(Uuid::now_v7(), case, n, None)).await.is_ok() }
    })
    .await?;
    let (clients, limit_name) = limit_of(256);
    let mut rounds = Rounds::of("appends to cold cases");
    while rounds.more(say) {
        let choose = move |caller: usize, n: u64| (Uuid::now_v7(), first + some_case(caller, n), None);
        rounds.push([appends(&appender, 256, length, choose).await, pgbench(pg, clients, length)?]);
    }
    let [run, limit] = rounds.medians()?;
    let foreign = run.foreign_cpu.max(limit.foreign_cpu);
    let name = "append_256_cold".to_owned();
    let figure = Figure::against(name, "commands/s", run.rate, limit_name, limit.rate, foreign);
    Ok(figure.wanted(Wanted::AtLeast(0.6)))
}

async fn appends(
    appender: &Appender,
    in_flight: usize,
    length: Duration,
    choose: impl Fn(usize, u64) -> (Uuid, u64, Option<u64>) + Clone + Send + 'static,
) -> Run {
    let appender = appender.clone();
    closed_loop::run(in_flight, length, move |caller, n| {
        let appender = appender.clone();
        let (command_id, case, expected) = choose(caller, n);
        async move {
            let answer = appender.submit(submission(command_id, case_id(case), n, expected)).await;
            answer.is_ok() || expected.is_some()
        }
    })
    .await
}

fn framework(pool: PgPool) -> anyhow::Result<Framework> {
    let repository = PostgresEventRepository::new(pool).with_tables("stock.events", "stock.snapshots");
    let moment = Moment {
        recorded_at: chrono::Utc::now(),
        occurred_at: chrono::Utc::now().fixed_offset(),
        next_incident: NationalNumber::try_new(2026, 1)?,
        next_card: CardNumber::try_new(2026, 1)?,
    };
    Ok(CqrsFramework::new(PersistedEventStore::new_event_store(repository), Vec::new(), moment))
}

async fn execute(framework: &Framework, case: u64, n: u64) -> bool {
    let metadata: HashMap<String, String> = metadata(Uuid::now_v7()).into_iter().collect();
    framework.execute_with_metadata(&case_id(case).to_string(), Report::new(n), metadata).await.is_ok()
}

async fn stock_appends(framework: &Arc<Framework>, in_flight: usize, length: Duration) -> Run {
    let framework = Arc::clone(framework);
    closed_loop::run(in_flight, length, move |caller, n| {
        let framework = Arc::clone(&framework);
        async move { execute(&framework, some_case(caller, n), n).await }
    })
    .await
}

/// One prepared row in each transaction, over the same Unix socket.
fn pgbench(pg: &PrivatePg, clients: usize, length: Duration) -> anyhow::Result<Run> {
    let script = std::env::temp_dir().join(format!("vnr-bench-{}.sql", std::process::id()));
    std::fs::write(&script, LIMIT_SCRIPT)?;
    let event = PlainCase::default().report(Report::new(1));
    let payload = format!("payload={}", serde_json::to_string(&event[0])?);
    let metadata = format!("metadata={}", serde_json::to_string(&metadata(Uuid::now_v7()))?);
    let (clients, seconds) = (clients.to_string(), length.as_secs().to_string());
    let before = CpuTimes::now();
    let output = Command::new(pg.program("pgbench"))
        .args(["-n", "-M", "prepared", "-j", "2", "-c", &clients, "-T", &seconds])
        .args(["-D", &payload, "-D", &metadata, "-f"])
        .arg(&script)
        .arg(pg.app_url())
        .output()?;
    let after = CpuTimes::now();
    std::fs::remove_file(&script)?;
    let printed = String::from_utf8_lossy(&output.stdout);
    anyhow::ensure!(output.status.success(), "pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
    let value = |label: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(label));
        line.and_then(|rest| rest.trim().split(' ').next()).and_then(|number| number.parse::<f64>().ok())
    };
    let rate = value("tps =").ok_or_else(|| anyhow::anyhow!("pgbench printed no rate: {printed}"))?;
    let latency = value("latency average =").unwrap_or(f64::NAN);
    Ok(Run {
        rate,
        p50: latency,
        p99: f64::NAN,
        failed: 0,
        foreign_cpu: before.foreign_cores(after, length.as_secs_f64()),
    })
}
