//! What it costs that every look is in the access log before the answer: a case page with and without it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::policy::{Action, Policies, PolicyHandle, RecordKind, Resource};
use access::{AccessLog, DevelopmentKey, Institution, Principal, Purpose, Role, TokenIssuer, TokenVerifier};
use anyhow::Context as _;
use domain::classifier::{Classifiers, IncidentType};
use domain::ids;
use domain::incident::{Incident, IncidentCommand, RegisterIncident, TypeRules};
use domain::personal::Personal;
use domain::terms::{Category, Channel};
use domain::values::{InstitutionCode, Narrative, PersonName, Phone, Reporter};
use event_store::append::{Appender, AppenderConfig, Lane, Metadata, Submission, Target, Touch, Work};
use event_store::log::{LogName, LogPosition};
use event_store::private_pg::{Options, PrivatePg};
use event_store::seal::{KeyRing, MasterKeys};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use projections::{Pools, Registry, start_all};
use query_api::{Database, Limits, QueryApi, Readiness, Serving};
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use crate::closed_loop::{self, Run};
use crate::page::Pages;
use crate::report::{Figure, Wanted};
use crate::rounds::Rounds;

/// Incidents that are asked for in turn.
const INCIDENTS: u128 = 2_000;
/// Screens that ask at once.
const SCREENS: usize = 32;
/// What a decision from the cache may take, in nanoseconds.
const ASKED_NS: f64 = 2_000.0;
/// Times that all records are decided about in a round.
const DECISIONS: usize = 2_000;

struct Ready;

impl Readiness for Ready {
    fn reasons(&self) -> BoxFuture<'_, Vec<String>> {
        std::future::ready(Vec::new()).boxed()
    }
}

/// Measures case pages a second, with the access log and without.
///
/// # Errors
/// When a server or the database can't be started.
pub async fn measure(length: Duration, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let folder = std::env::temp_dir().join(format!("vnr-bench-{}", std::process::id()));
    let pg = PrivatePg::start(Options::new(&folder)).await?;
    let measured = measure_on(&pg, length, say).await;
    pg.stop().await;
    std::fs::remove_dir_all(Path::new(&folder))?;
    measured
}

async fn measure_on(pg: &PrivatePg, length: Duration, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let owner = PgPoolOptions::new().max_connections(4).connect(&pg.owner_url()).await?;
    let app = PgPoolOptions::new().max_connections(40).connect(&pg.app_url()).await?;
    let mut sets = event_store::migrate::log_sets("bench");
    sets.push(event_store::consumer::migration_set());
    event_store::migrate::migrate(&owner, "bench", &sets).await?;
    let master = Arc::new(MasterKeys::from_bytes(1, &[7; 32]));
    let start = |log| Appender::start(AppenderConfig::new(log, app.clone(), Arc::clone(&master))).0;
    let (register, access) = (start(LogName::REGISTER), start(LogName::ACCESS));
    say(&format!("registering {INCIDENTS} incidents"));
    let mut last = LogPosition::START;
    for n in 0..INCIDENTS {
        last = LogPosition::new(register.submit(registration(n)?).await?.position);
    }
    let (_stop, stopping) = watch::channel(false);
    let pools = Pools { owner, app: app.clone() };
    let models = start_all(&pools, &Registry::all(), &stopping);
    let read = ["case_search", "timeline"];
    models.progress.wait_for(LogName::REGISTER, last, &read, Duration::from_secs(60)).await?;

    let key = DevelopmentKey::ephemeral()?;
    let institution = Institution::parse("VP").map_err(anyhow::Error::msg)?;
    let until = chrono::Utc::now() + chrono::TimeDelta::hours(2);
    let officer = Principal::new("bench", institution, vec![Role::Officer], Purpose::Response, until);
    let token = TokenIssuer::new(&key).issue(&officer)?;
    let mut figures = Vec::new();
    let told = serve(&app, &key, &master, AccessLog::new(access, Arc::clone(&master))).await?;
    let untold = serve(&app, &key, &master, AccessLog::untold(Arc::clone(&master))).await?;
    let (told_screens, untold_screens) = (screens(&told, &token).await?, screens(&untold, &token).await?);
    let mut rounds = Rounds::of(format!("case pages, {SCREENS} screens"));
    while rounds.more(say) {
        rounds.push([look(&told_screens, length).await, look(&untold_screens, length).await]);
    }
    let [told, untold] = rounds.medians()?;
    anyhow::ensure!(told.failed + untold.failed == 0, "{} pages failed", told.failed + untold.failed);
    let foreign = told.foreign_cpu.max(untold.foreign_cpu);
    let figure = |what: &str, unit: &'static str, value, peer| {
        Figure::against(format!("case_page_told{what}"), unit, value, "case-page-untold", peer, foreign)
    };
    figures.push(figure("", "pages/s", told.rate, untold.rate).wanted(Some(Wanted::AtLeast(0.8))));
    figures.push(figure("_p50", "ms", told.p50, untold.p50));
    figures.push(figure("_p99", "ms", told.p99, untold.p99));
    figures.push(decision(&officer, foreign)?);
    Ok(figures)
}

/// What one decision takes that was taken before for somebody of that kind and a record of that kind: the median of nine rounds.
fn decision(officer: &Principal, foreign: f64) -> anyhow::Result<Figure> {
    let policies = Policies::embedded()?;
    let records: Vec<Resource> = (0..64_u128)
        .map(|n| {
            let kind = [RecordKind::Incident, RecordKind::EmergencyCard, RecordKind::Unit][n as usize % 3];
            Resource { id: Some(Uuid::from_u128(n)), ..Resource::of(kind, officer.institution.clone()) }
        })
        .collect();
    let decide_all = || records.iter().filter(|record| policies.decide(officer, Action::View, record).allowed).count();
    anyhow::ensure!(decide_all() == records.len(), "an officer sees what their own institution registered");
    let mut rounds: Vec<f64> = (0..9)
        .map(|_| {
            let begun = Instant::now();
            (0..DECISIONS).for_each(|_| _ = std::hint::black_box(decide_all()));
            begun.elapsed().as_nanos() as f64 / (DECISIONS * records.len()) as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let nanoseconds = rounds[rounds.len() / 2];
    let figure = Figure::against("decision_from_cache".into(), "ns", nanoseconds, "asked-for", ASKED_NS, foreign);
    Ok(figure.wanted(Some(Wanted::AtMost(1.0))))
}

async fn serve(
    app: &sqlx::PgPool,
    key: &DevelopmentKey,
    master: &Arc<MasterKeys>,
    access: AccessLog,
) -> anyhow::Result<Serving> {
    let keys = KeyRing::new(app.clone(), LogName::REGISTER, Arc::clone(master));
    let api = QueryApi {
        policies: Arc::new(PolicyHandle::new(Policies::embedded()?)),
        classifiers: watch::Sender::new(Arc::new(Classifiers::embedded().clone())).subscribe(),
        register: Database { pool: app.clone(), personal: Arc::new(keys) },
        replica: None,
        gate: TokenVerifier::new(key),
        access,
        readiness: Arc::new(Ready),
        metrics: None,
        limits: Limits::default(),
        open_introspection: false,
    };
    Ok(api.serve(TcpListener::bind("127.0.0.1:0").await?)?)
}

async fn screens(api: &Serving, token: &str) -> anyhow::Result<Arc<Vec<Mutex<Pages>>>> {
    let mut screens = Vec::new();
    for _ in 0..SCREENS {
        screens.push(Mutex::new(Pages::connect(api.address(), token).await?));
    }
    Ok(Arc::new(screens))
}

async fn look(screens: &Arc<Vec<Mutex<Pages>>>, length: Duration) -> Run {
    let screens = Arc::clone(screens);
    closed_loop::run(SCREENS, length, move |screen, n| {
        let screens = Arc::clone(&screens);
        async move {
            let incident = id((u128::from(n) * SCREENS as u128 + screen as u128) % INCIDENTS);
            screens[screen].lock().await.ask(&incident.to_string()).await.is_ok()
        }
    })
    .await
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + n)
}

fn registration(n: u128) -> anyhow::Result<Submission> {
    let record = id(n);
    let (name, phone) = (PersonName::parse("Anna Bērziņa")?, Phone::parse("+37120000001")?);
    let reporter = Reporter::try_new(Some(name), Some(phone), None)?;
    let command = RegisterIncident {
        channel: Channel::Phone112,
        type_code: IncidentType::parse("theft")?,
        category: Category::B,
        rules: TypeRules::default(),
        place: None,
        received_at: None,
        occurred_from: None,
        occurred_to: None,
        narrative: Some(Personal::Open(Narrative::parse("Izsists logs, pazudis velosipēds un soma ar dokumentiem.")?)),
        reporter: Some(reporter.of_subject(ids::of_reporter(record))),
        institution: InstitutionCode::parse("VP").context("a code")?,
        card: None,
        legacy_number: None,
        split_from: None,
        forwarded_by: None,
        recording_ref: None,
    };
    Ok(Submission {
        command_id: Uuid::now_v7(),
        lane: Lane::Bulk,
        deadline: None,
        digest: [0; 32],
        metadata: Metadata::new().with("actor", "bench").with("institution", "VP"),
        occurred_at: chrono::Utc::now().fixed_offset(),
        touches: vec![Touch::of::<Incident>(record)],
        decide: Box::new(move |work: &mut Work<'_>| {
            work.execute::<Incident>(record, IncidentCommand::RegisterIncident(Box::new(command.clone())))?;
            Ok(Target::of::<Incident>(record))
        }),
    })
}
