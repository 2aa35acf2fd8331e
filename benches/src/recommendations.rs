//! What to send to a card: `RecommendResponse` with 500 units and 200 plans, the whole way over gRPC, policies and access log included, against
//! the limit: a call that is answered without doing anything.

use std::sync::Arc;
use std::time::Duration;

use access::{Institution, Principal, Purpose, Role};
use anyhow::Context as _;
use event_store::private_pg::{Options, PrivatePg};
use proto::command::v1 as pb;
use proto::command::v1::response_plan_service_client::ResponsePlanServiceClient;
use proto::command::v1::unit_service_client::UnitServiceClient;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;
use vnr::compose::{Running, System};
use vnr::settings::Settings;

use crate::closed_loop::{self, Run};
use crate::echo;
use crate::report::{Figure, Wanted};
use crate::rounds::Rounds;

/// Units of the roster.
const UNITS: usize = 500;
/// Plans in force.
const PLANS: usize = 200;
/// Dispatchers who ask at once.
const DISPATCHERS: [usize; 2] = [1, 8];
/// What 99 of 100 answers may take at most, in milliseconds.
const ASKED_MS: f64 = 20.0;

type Asking = ResponsePlanServiceClient<Channel>;

/// Measures recommendations a second, and how long one takes.
///
/// # Errors
/// When a server or the database can't be started.
pub async fn measure(length: Duration, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let folder = std::env::temp_dir().join(format!("vnr-bench-{}", std::process::id()));
    let pg = PrivatePg::start(Options::new(folder.join("pg"))).await?;
    let measured = measure_on(&pg, &folder, length, say).await;
    pg.stop().await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure_on(
    pg: &PrivatePg,
    folder: &std::path::Path,
    length: Duration,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<Figure>> {
    let mut settings = Settings::in_folder(folder);
    settings.database_url = Some(pg.app_url());
    settings.database_owner_url = Some(pg.owner_url());
    let system = System::start(settings).await?;
    let address = system.grpc_addr().context("gRPC is part of it")?;
    say(&format!("registering {UNITS} units and putting {PLANS} plans into force"));
    units(&system, address).await?;
    plans(&system, address).await?;
    let dispatcher = token(&system, "bench", "VUGD", Role::Dispatcher, Purpose::Response)?;
    known(&system, address, &dispatcher).await?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let limit = listener.local_addr()?;
    let limit_task = tokio::spawn(echo::serve(listener));
    let mut figures = Vec::new();
    for callers in DISPATCHERS {
        let ours = connect(address).await?;
        let echoed = UnitServiceClient::new(channel(limit).await?);
        let mut rounds = Rounds::of(format!("recommendations, {callers} at once"));
        while rounds.more(say) {
            rounds.push([ask_all(&ours, &dispatcher, callers, length).await, echo_all(&echoed, callers, length).await]);
        }
        let [ours, limit] = rounds.medians()?;
        anyhow::ensure!(ours.failed == 0, "{} recommendations failed", ours.failed);
        let foreign = ours.foreign_cpu.max(limit.foreign_cpu);
        let name = |what: &str| format!("recommend_{callers}{what}");
        figures.push(Figure::against(name(""), "answers/s", ours.rate, "echo", limit.rate, foreign));
        figures.push(Figure::against(name("_p50"), "ms", ours.p50, "echo", limit.p50, foreign));
        let p99 = Figure::against(name("_p99"), "ms", ours.p99, "asked-for", ASKED_MS, foreign);
        figures.push(p99.wanted((callers == 1).then_some(Wanted::AtMost(1.0))));
    }
    limit_task.abort();
    system.stop().await;
    Ok(figures)
}

fn token(system: &Running, user: &str, institution: &str, role: Role, purpose: Purpose) -> anyhow::Result<String> {
    let institution = Institution::parse(institution).map_err(anyhow::Error::msg)?;
    let until = chrono::Utc::now() + chrono::TimeDelta::hours(2);
    let mut who = Principal::new(user, institution, vec![role], purpose, until);
    who.reference = Some(access::Reference::parse("BENCH-1").map_err(anyhow::Error::msg)?);
    Ok(system.issuer().context("it is for development")?.issue(&who)?)
}

fn request<T>(message: T, token: &str) -> anyhow::Result<tonic::Request<T>> {
    let mut request = tonic::Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    request.metadata_mut().insert("vnr-reference", "BENCH-1".parse()?);
    Ok(request)
}

async fn channel(address: std::net::SocketAddr) -> anyhow::Result<Channel> {
    Ok(Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true).connect().await?)
}

async fn connect(address: std::net::SocketAddr) -> anyhow::Result<Asking> {
    Ok(ResponsePlanServiceClient::new(channel(address).await?))
}

fn envelope() -> Option<pb::Envelope> {
    Some(pb::Envelope {
        command_id: Uuid::now_v7().to_string(),
        occurred_at: chrono::Utc::now().to_rfc3339(),
        ..Default::default()
    })
}

/// Somewhere in Latvia; the same for the same number.
fn point(n: u64) -> pb::GeoPoint {
    let of = |n: u64, from: i32, width: u64| from + i32::try_from(n.wrapping_mul(2_654_435_761) % width).unwrap_or(0);
    pb::GeoPoint { latitude_e6: of(n, 56_000_000, 1_600_000), longitude_e6: of(n ^ 0x5bd1, 21_200_000, 6_200_000) }
}

const KINDS: [pb::UnitKind; 4] =
    [pb::UnitKind::FireEngine, pb::UnitKind::Ladder, pb::UnitKind::Rescue, pb::UnitKind::Patrol];

/// Registers them, brings them on duty and says where they are.
async fn units(system: &Running, address: std::net::SocketAddr) -> anyhow::Result<()> {
    let token = token(system, "cad", "VUGD", Role::System, Purpose::Operation)?;
    let mut client = UnitServiceClient::new(channel(address).await?);
    for n in 0..UNITS {
        let unit = || {
            let call_sign = pb::CallSign { call_sign: format!("B{n}"), institution: "VUGD".to_owned() };
            Some(pb::UnitRef { by: Some(pb::unit_ref::By::CallSign(call_sign)) })
        };
        let register = pb::RegisterUnit {
            envelope: envelope(),
            institution: "VUGD".to_owned(),
            call_sign: format!("B{n}"),
            kind: KINDS[n % KINDS.len()] as i32,
            station: format!("{}", n % 92),
            ..Default::default()
        };
        client.register_unit(request(register, &token)?).await?;
        client.start_duty(request(pb::StartDuty { envelope: envelope(), unit: unit() }, &token)?).await?;
        let at =
            pb::TrackPoint { at: chrono::Utc::now().to_rfc3339(), point: Some(point(n as u64)), ..Default::default() };
        let report = pb::ReportPosition { envelope: envelope(), unit: unit(), points: vec![at] };
        client.report_position(request(report, &token)?).await?;
    }
    Ok(())
}

/// Proposes each as one person and approves it as another.
async fn plans(system: &Running, address: std::net::SocketAddr) -> anyhow::Result<()> {
    let one = token(system, "first", "VUGD", Role::Supervisor, Purpose::Administration)?;
    let other = token(system, "second", "VP", Role::Supervisor, Purpose::Administration)?;
    let mut client = connect(address).await?;
    for n in 0..PLANS {
        let code = format!("bench-{n}");
        let propose = pb::ProposePlan {
            envelope: envelope(),
            code: code.clone(),
            content: Some(plan(n)),
            reason: "measured".to_owned(),
        };
        client.propose_plan(request(propose, &one)?).await?;
        let sql = "select payload::jsonb->'PlanProposed'->>'digest' from register.events
                   where event_type = 'PlanProposed' order by position desc limit 1";
        let digest: String = sqlx::query_scalar(sql).fetch_one(system.pool()).await?;
        let approve = pb::ApprovePlan { envelope: envelope(), code, digest, reason: "measured".to_owned() };
        client.approve_plan(request(approve, &other)?).await?;
    }
    Ok(())
}

/// Most are for something else: by type, priority or place. One in twenty applies.
fn plan(n: usize) -> pb::PlanContent {
    let need = |kind: pb::UnitKind, count| pb::PlanNeed {
        service: pb::Service::FireRescue as i32,
        kind: kind as i32,
        count,
        ..Default::default()
    };
    let types = ["structure-fire", "vehicle-fire", "forest-fire", "gas-leak"];
    let priorities = [pb::Priority::P0, pb::Priority::P1, pb::Priority::P2, pb::Priority::P3, pb::Priority::P1];
    let engines = 2 + u32::try_from(n % 3).unwrap_or(0);
    pb::PlanContent {
        name: format!("Plāns {n}"),
        applies: Some(pb::PlanApplies {
            card_types: vec![types[n % types.len()].to_owned()],
            priorities: vec![priorities[n % priorities.len()] as i32],
            ..Default::default()
        }),
        rank: u32::try_from(n).unwrap_or(0),
        levels: vec![pb::PlanLevel {
            level: 1,
            needs: vec![need(pb::UnitKind::FireEngine, engines), need(pb::UnitKind::Ladder, 1)],
        }],
        coverage: Vec::new(),
    }
}

fn question(n: u64) -> pb::RecommendResponse {
    let draft = pb::CardDraft {
        type_code: "structure-fire".to_owned(),
        priority: pb::Priority::P0 as i32,
        place: Some(pb::Place { point: Some(point(n + 7)), ..Default::default() }),
        ..Default::default()
    };
    pb::RecommendResponse { about: Some(pb::recommend_response::About::Draft(draft)), ..Default::default() }
}

/// Waits until the read models know of all plans and units.
async fn known(system: &Running, address: std::net::SocketAddr, token: &str) -> anyhow::Result<()> {
    let mut client = connect(address).await?;
    for _ in 0..600 {
        let answer = client.recommend_response(request(question(1), token)?).await?.into_inner();
        let units: i64 = sqlx::query_scalar("select count(*) from roster.points").fetch_one(system.pool()).await?;
        if answer.plan.is_some() && answer.plans_left.len() + 1 == PLANS && units == UNITS as i64 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the read models did not come to know of all plans and units")
}

async fn ask_all(client: &Asking, token: &str, callers: usize, length: Duration) -> Run {
    let (client, token) = (client.clone(), Arc::<str>::from(token));
    closed_loop::run(callers, length, move |caller, n| {
        let (mut client, token) = (client.clone(), Arc::clone(&token));
        async move {
            let Ok(asked) = request(question(caller as u64 * 7_919 + n), &token) else { return false };
            client.recommend_response(asked).await.is_ok_and(|answer| !answer.into_inner().needs.is_empty())
        }
    })
    .await
}

async fn echo_all(client: &UnitServiceClient<Channel>, callers: usize, length: Duration) -> Run {
    let client = client.clone();
    closed_loop::run(callers, length, move |_, _| {
        let mut client = client.clone();
        async move { client.report_unit_status(pb::ReportUnitStatus::default()).await.is_ok() }
    })
    .await
}
