//! Commands through gRPC: a unit reports its status, against the same call over stock cqrs-es and postgres-es, and against the
//! limit: a service that answers it without doing anything.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use event_store::private_pg::{Options, PrivatePg};
use event_store::seal::KeySource;
use proto::command::v1 as pb;
use proto::command::v1::unit_service_client::UnitServiceClient;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;
use vnr::settings::Settings;

use crate::closed_loop::{self, Run};
use crate::report::{Figure, Wanted};
use crate::rounds::Rounds;
use crate::{echo, stock};

/// Units that report.
const UNITS: usize = 10_000;
/// Calls that wait for an answer at once.
const IN_FLIGHT: [usize; 3] = [1, 64, 256];
/// Connections that the calls share.
const CONNECTIONS: usize = 64;

/// Callers of one service.
#[derive(Clone)]
pub(crate) struct Callers {
    clients: Arc<Vec<UnitServiceClient<Channel>>>,
    token: Option<MetadataValue<Ascii>>,
}

impl Callers {
    async fn connect(addr: SocketAddr, token: Option<&str>) -> anyhow::Result<Callers> {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            let channel = Endpoint::from_shared(format!("http://{addr}"))?.tcp_nodelay(true).connect().await?;
            clients.push(UnitServiceClient::new(channel));
        }
        let token = token.map(|token| format!("Bearer {token}").parse()).transpose()?;
        Ok(Callers { clients: Arc::new(clients), token })
    }

    fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        request
    }

    /// The n-th report of a caller; units are taken in an order that looks random.
    pub(crate) async fn report(&self, caller: usize, n: u64) -> bool {
        let unit = (caller as u64 * 7_919 + n * 104_729) as usize % UNITS;
        let status = if n.is_multiple_of(2) { pb::UnitStatus::EnRoute } else { pb::UnitStatus::OnScene };
        let report = pb::ReportUnitStatus {
            envelope: Some(envelope()),
            unit: Some(pb::UnitRef { by: Some(pb::unit_ref::By::Id(unit_id(unit).to_string())) }),
            status: status as i32,
            vendor_code: String::new(),
            vendor_scheme: 0,
        };
        let mut client = self.clients[caller % CONNECTIONS].clone();
        client.report_unit_status(self.request(report)).await.is_ok()
    }

    /// Callers of a service on a log that was written at once, its units registered.
    ///
    /// # Errors
    /// When it can't be served.
    pub(crate) async fn of_simulated(app: &PgPool, folder: &Path) -> anyhow::Result<Callers> {
        let callers = serve(app, folder, Settings::in_folder(folder).master_key, true).await?;
        callers.register().await?;
        Ok(callers)
    }

    /// Registers all units.
    async fn register(&self) -> anyhow::Result<()> {
        let mut tasks = tokio::task::JoinSet::new();
        for worker in 0..64 {
            let callers = self.clone();
            tasks.spawn(async move {
                let mut client = callers.clients[worker % CONNECTIONS].clone();
                for unit in (worker..UNITS).step_by(64) {
                    let register = pb::RegisterUnit {
                        envelope: Some(envelope()),
                        institution: "VUGD".to_owned(),
                        call_sign: call_sign(unit),
                        kind: pb::UnitKind::FireEngine as i32,
                        ..Default::default()
                    };
                    client.register_unit(callers.request(register)).await?;
                }
                Ok::<(), tonic::Status>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }
}

fn call_sign(unit: usize) -> String {
    format!("B{unit}")
}

fn unit_id(unit: usize) -> Uuid {
    Uuid::new_v5(&domain::ids::NAMESPACE, format!("unit|VUGD|{}", call_sign(unit)).as_bytes())
}

fn envelope() -> pb::Envelope {
    pb::Envelope {
        command_id: Uuid::now_v7().to_string(),
        occurred_at: chrono::Utc::now().to_rfc3339(),
        ..Default::default()
    }
}

/// Measures both, in alternation, on one PostgreSQL with fsync on.
///
/// # Errors
/// When a server or the database can't be started.
pub async fn measure(length: Duration, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let folder = std::env::temp_dir().join(format!("vnr-bench-{}", std::process::id()));
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
    let owner = PgPoolOptions::new().max_connections(2).connect(&pg.owner_url()).await?;
    let app = PgPoolOptions::new().max_connections(40).connect(&pg.app_url()).await?;
    event_store::migrate::migrate(&owner, "bench", &event_store::migrate::log_sets("bench")).await?;
    stock::create_tables(&owner).await?;

    let ours = serve(&app, folder, KeySource::File(folder.join("bench.key")), false).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stock_addr = listener.local_addr()?;
    tokio::spawn(stock::serve(listener, app.clone()));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let echo_addr = listener.local_addr()?;
    tokio::spawn(echo::serve(listener));

    let peer = Callers::connect(stock_addr, None).await?;
    let echo = Callers::connect(echo_addr, None).await?;
    say(&format!("registering {UNITS} units in both"));
    ours.register().await?;
    peer.register().await?;

    let mut figures = Vec::new();
    for in_flight in IN_FLIGHT {
        let mut rounds = Rounds::of(format!("commands through gRPC, {in_flight} in flight"));
        while rounds.more(say) {
            rounds.push([
                reports(&ours, in_flight, length).await,
                reports(&peer, in_flight, length).await,
                reports(&echo, in_flight, length).await,
            ]);
        }
        figures.extend(compare(in_flight, &rounds.medians()?)?);
    }
    Ok(figures)
}

/// Serves commands on the logs of `app`, and connects callers.
async fn serve(app: &PgPool, folder: &Path, key: KeySource, simulated: bool) -> anyhow::Result<Callers> {
    use access::policy::{Policies, PolicyHandle};
    use access::{DevelopmentKey, Institution, Principal, Purpose, Role, TokenIssuer, TokenVerifier};
    use domain::classifier::Classifiers;
    use event_store::append::{Appender, AppenderConfig};
    use event_store::log::LogName;
    use event_store::seal::MasterKeys;
    use event_store::seal::erasures::ErasureList;
    use projections::access_grants::GrantsInForce;
    use tokio::sync::watch;

    let master = Arc::new(MasterKeys::load(key)?);
    let start = |log| Appender::start(AppenderConfig::new(log, app.clone(), master.clone())).0;
    let deps = command_api::Deps {
        register: start(LogName::REGISTER),
        tracks: start(LogName::TRACKS),
        access: access::AccessLog::new(start(LogName::ACCESS), master.clone()),
        policies: Arc::new(PolicyHandle::new(Policies::embedded()?)),
        grants: Arc::new(GrantsInForce(app.clone())),
        classifiers: watch::channel(Arc::new(Classifiers::embedded().clone())).1,
        pool: app.clone(),
        master: master.clone(),
        erasures: ErasureList::of(folder, LogName::REGISTER),
        simulated,
        open_reflection: true,
        web_origins: command_api::WebOrigins::default(),
    };
    let key = DevelopmentKey::ephemeral()?;
    let token = TokenIssuer::new(&key).issue(&Principal::new(
        "bench",
        Institution::parse("VUGD").map_err(anyhow::Error::msg)?,
        vec![Role::System],
        Purpose::Response,
        chrono::Utc::now() + chrono::TimeDelta::hours(2),
    ))?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(command_api::serve(listener, deps, TokenVerifier::new(&key), std::future::pending()));
    Callers::connect(addr, Some(&token)).await
}

async fn reports(callers: &Callers, in_flight: usize, length: Duration) -> Run {
    let callers = callers.clone();
    closed_loop::run(in_flight, length, move |caller, n| {
        let callers = callers.clone();
        async move { callers.report(caller, n).await }
    })
    .await
}

fn compare(in_flight: usize, [our, peer, echo]: &[Run; 3]) -> anyhow::Result<[Figure; 4]> {
    anyhow::ensure!(our.failed == 0, "{} of our calls failed", our.failed);
    let foreign = our.foreign_cpu.max(peer.foreign_cpu);
    let name = |what: &str| format!("commands_grpc_{in_flight}{what}");
    let figure = |what, unit, value, peer_value| {
        Figure::against(name(what), unit, value, "stock-postgres-es", peer_value, foreign)
    };
    let rate = figure("", "commands/s", our.rate, peer.rate);
    let foreign = our.foreign_cpu.max(echo.foreign_cpu);
    let limit = Figure::against(name("_limit"), "commands/s", our.rate, "tonic-echo", echo.rate, foreign);
    let wanted = |ratio| (in_flight == CONNECTIONS).then_some(Wanted::AtLeast(ratio));
    let (rate, limit) = (rate.wanted(wanted(3.0)), limit.wanted(wanted(0.35)));
    Ok([rate, figure("_p50", "ms", our.p50, peer.p50), figure("_p99", "ms", our.p99, peer.p99), limit])
}
