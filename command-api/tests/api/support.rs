//! A server of its own for each test, on a database of its own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use access::policy::{Grant, GrantBook, GrantsUnknown, Policies, PolicyHandle};
use access::tls::{ServerTls, TlsListener};
use access::{AccessLog, DevelopmentKey, Institution, Principal, Purpose, Reference, Role, TokenIssuer, TokenVerifier};
use chrono::{TimeDelta, Utc};
use command_api::{Deps, ServeError};
use domain::classifier::Classifiers;
use event_store::append::{Appender, AppenderConfig};
use event_store::log::LogName;
use event_store::migrate::{log_sets, migrate};
use event_store::private_pg::{PrivatePgError, TestDatabase, shared_for_tests};
use event_store::read::LogReader;
use event_store::seal::erasures::ErasureList;
use event_store::seal::{KeyRing, MasterKeys, sealed_fields};
use futures::future::BoxFuture;
use projections::lookups::LookupKeys;
use projections::{Pools, Registry, Running, start_all};
use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use proto::command::v1::intake_client::IntakeClient;
use proto::command::v1::seized_item_service_client::SeizedItemServiceClient;
use proto::command::v1::unit_service_client::UnitServiceClient;
use serde_json::Value;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

const TEMPLATE: &str = "command_api_template";

async fn pool(url: &str, size: u32) -> PgPool {
    PgPoolOptions::new().max_connections(size).connect(url).await.unwrap()
}

async fn prepare(owner_url: String) -> Result<(), PrivatePgError> {
    let owner = pool(&owner_url, 1).await;
    let mut sets = log_sets("test");
    sets.push(event_store::consumer::migration_set());
    migrate(&owner, "test", &sets).await.unwrap();
    owner.close().await;
    Ok(())
}

/// A running command API.
pub struct Api {
    pub channel: Channel,
    pub pool: PgPool,
    pub rights: Arc<Rights>,
    /// The lists of codes in force.
    pub lists: watch::Sender<Arc<Classifiers>>,
    address: SocketAddr,
    issuer: TokenIssuer,
    token: Token,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Result<(), ServeError>>,
    master: Arc<MasterKeys>,
    models: Option<(watch::Sender<bool>, Running, Vec<&'static str>)>,
    database: Arc<TestDatabase>,
}

/// Rights in force, as a test wants them.
#[derive(Debug, Default)]
pub struct Rights {
    /// By the names of who has them.
    pub held: Mutex<Vec<(String, Grant)>>,
    /// Nobody can read them.
    pub lost: Mutex<bool>,
}

impl GrantBook for Rights {
    fn in_force<'a>(&'a self, who: &'a Principal) -> BoxFuture<'a, Result<Vec<Grant>, GrantsUnknown>> {
        Box::pin(async move {
            if *self.lost.lock().unwrap() {
                return Err(GrantsUnknown("there is no read model".into()));
            }
            let held = self.held.lock().unwrap();
            Ok(held.iter().filter(|(name, _)| *name == who.subject).map(|(_, grant)| grant.clone()).collect())
        })
    }
}

/// Puts the token on each call, and what it is about.
#[derive(Debug, Clone)]
pub struct Token(MetadataValue<Ascii>, Option<MetadataValue<Ascii>>);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        if let Some(reference) = &self.1 {
            request.metadata_mut().insert("vnr-reference", reference.clone());
        }
        Ok(request)
    }
}

pub type Calling = InterceptedService<Channel, Token>;

pub fn somebody(role: Role) -> Principal {
    person("tests", "VUGD", role, Purpose::Response)
}

/// Somebody trained, who names a task.
pub fn person(user: &str, institution: &str, role: Role, purpose: Purpose) -> Principal {
    let institution = Institution::parse(institution).unwrap();
    let mut person = Principal::new(user, institution, vec![role], purpose, Utc::now() + TimeDelta::hours(1));
    person.reference = Some(Reference::parse("T-1").unwrap());
    person
}

impl Api {
    pub async fn start() -> Api {
        Api::serving(None).await
    }

    /// One that is called over TLS only.
    pub async fn secured(tls: ServerTls) -> Api {
        Api::serving(Some(tls)).await
    }

    async fn serving(tls: Option<ServerTls>) -> Api {
        let server = shared_for_tests().await.unwrap();
        server.ensure_template(TEMPLATE, prepare).await.unwrap();
        let name = format!("command_api_{}", Uuid::now_v7().simple());
        let database = server.create_database(&name, Some(TEMPLATE)).await.unwrap();
        Api::on(Arc::new(database), tls).await
    }

    /// Another server over the same logs, with appenders of its own.
    pub async fn beside(&self) -> Api {
        Api::on(Arc::clone(&self.database), None).await
    }

    async fn on(database: Arc<TestDatabase>, tls: Option<ServerTls>) -> Api {
        let pool = pool(database.app_url(), 10).await;
        let master = Arc::new(MasterKeys::from_bytes(1, &[42; 32]));
        let appender = |log| Appender::start(AppenderConfig::new(log, pool.clone(), master.clone())).0;
        let rights = Arc::new(Rights::default());
        let grants: Arc<dyn GrantBook> = rights.clone();
        let lists = watch::Sender::new(Arc::new(Classifiers::embedded().clone()));
        let deps = Deps {
            register: appender(LogName::REGISTER),
            tracks: appender(LogName::TRACKS),
            access: AccessLog::new(appender(LogName::ACCESS), master.clone()),
            policies: Arc::new(PolicyHandle::new(Policies::embedded().unwrap())),
            grants,
            classifiers: lists.subscribe(),
            pool: pool.clone(),
            master: master.clone(),
            simulated: false,
            open_reflection: true,
            web_origins: "https://entry.example.lv".parse().unwrap(),
            erasures: ErasureList::of(
                &std::env::temp_dir().join(format!("vnr-erasures-{}", Uuid::now_v7())),
                LogName::REGISTER,
            ),
        };
        let key = DevelopmentKey::ephemeral().unwrap();
        let issuer = TokenIssuer::new(&key);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let is_plain = tls.is_none();
        let listener = match tls {
            Some(tls) => TlsListener::secured(listener, tls),
            None => TlsListener::plain(listener),
        };
        let served = tokio::spawn(command_api::serve(listener, deps, TokenVerifier::new(&key), async {
            let _ = stopped.await;
        }));
        let token = token_of(&issuer, &somebody(Role::System));
        let channel = if is_plain { connect(address).await } else { endpoint(address).connect_lazy() };
        let (stop, models) = (Some(stop), None);
        Api { channel, pool, rights, lists, address, issuer, token, stop, served, master, models, database }
    }

    /// One whose read models work.
    pub async fn with_read_models() -> Api {
        let mut api = Api::start().await;
        let pools = Pools { owner: pool(api.database.owner_url(), 3).await, app: api.pool.clone() };
        let registry = Registry::with_keys(LookupKeys::new(api.pool.clone(), Arc::clone(&api.master)));
        let (stop, ended) = watch::channel(false);
        let of_register = registry.iter().filter(|model| model.consumer.logs.contains(&LogName::REGISTER));
        let names = of_register.map(|model| model.consumer.name).collect();
        api.models = Some((stop, start_all(&pools, &registry, &ended), names));
        api
    }

    /// Waits until the read models have taken in all that was recorded.
    pub async fn caught_up(&self) {
        let (_, running, names) = self.models.as_ref().unwrap();
        let head = LogReader::new(self.pool.clone(), LogName::REGISTER).head().await.unwrap().position;
        running.progress.wait_for(LogName::REGISTER, head, names, Duration::from_secs(30)).await.unwrap();
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token of somebody, as it stands in a header.
    pub fn bearer(&self, principal: &Principal) -> String {
        self.token_for(principal).0.to_str().unwrap().to_owned()
    }

    /// A connection of its own.
    pub async fn connect(&self) -> Channel {
        connect(self.address).await
    }

    /// A connection that takes in little before somebody reads it.
    pub async fn connect_narrowly(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        endpoint.initial_stream_window_size(16 * 1024).connect().await.unwrap()
    }

    pub fn token_for(&self, principal: &Principal) -> Token {
        token_of(&self.issuer, principal)
    }

    fn calling(&self) -> Calling {
        InterceptedService::new(self.channel.clone(), self.token.clone())
    }

    /// A connection of somebody.
    pub fn calling_as(&self, principal: &Principal) -> Calling {
        InterceptedService::new(self.channel.clone(), self.token_for(principal))
    }

    pub fn incidents(&self) -> IncidentServiceClient<Calling> {
        IncidentServiceClient::new(self.calling())
    }

    /// Incidents, as somebody.
    pub fn incidents_as(&self, principal: &Principal) -> IncidentServiceClient<Calling> {
        IncidentServiceClient::new(self.calling_as(principal))
    }

    /// Seized items, as somebody.
    pub fn items_as(&self, principal: &Principal) -> SeizedItemServiceClient<Calling> {
        SeizedItemServiceClient::new(self.calling_as(principal))
    }

    pub fn cards(&self) -> EmergencyCardServiceClient<Calling> {
        EmergencyCardServiceClient::new(self.calling())
    }

    pub fn units(&self) -> UnitServiceClient<Calling> {
        UnitServiceClient::new(self.calling())
    }

    pub fn intake(&self) -> IntakeClient<Calling> {
        IntakeClient::new(self.calling())
    }

    /// Tells the server to end.
    pub fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits until it has ended.
    pub async fn ended(self) {
        tokio::time::timeout(Duration::from_secs(20), self.served).await.unwrap().unwrap().unwrap();
    }

    /// Types of a log's events, in order.
    pub async fn events(&self, log: &str) -> Vec<String> {
        let sql = format!("select event_type from {log}.events order by position");
        sqlx::query_scalar(&sql).fetch_all(&self.pool).await.unwrap()
    }

    /// What is sealed in a record of the register, in order: where it stands in its event, and what it says; nothing where its key is gone.
    pub async fn sealed_in(&self, record: Uuid) -> Vec<(String, Option<Value>)> {
        let sql = "select event_id, payload::text from register.events where aggregate_id = $1 order by position";
        let events: Vec<(Uuid, String)> =
            sqlx::query_as(sql).bind(record.to_string()).fetch_all(&self.pool).await.unwrap();
        let fields: Vec<_> = events
            .iter()
            .flat_map(|(id, payload)| sealed_fields(&serde_json::from_str(payload).unwrap(), *id))
            .collect();
        let ids: Vec<Uuid> = fields.iter().filter_map(|field| field.key_id()).collect();
        let keys = KeyRing::new(self.pool.clone(), LogName::REGISTER, Arc::clone(&self.master));
        let keys = keys.by_id(&ids).await.unwrap();
        fields.into_iter().map(|field| (field.path.clone(), field.open(&keys).unwrap())).collect()
    }

    /// The database as its owner, who may do what no program does.
    pub async fn owner(&self) -> PgPool {
        pool(self.database.owner_url(), 1).await
    }
}

async fn connect(address: SocketAddr) -> Channel {
    endpoint(address).connect().await.unwrap()
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::from_shared(format!("http://{address}")).unwrap().tcp_nodelay(true)
}

fn token_of(issuer: &TokenIssuer, principal: &Principal) -> Token {
    let reference = principal.reference.as_ref().map(|reference| reference.as_str().parse().unwrap());
    Token(format!("Bearer {}", issuer.issue(principal).unwrap()).parse().unwrap(), reference)
}

pub fn envelope() -> Option<pb::Envelope> {
    Some(pb::Envelope {
        command_id: Uuid::now_v7().to_string(),
        occurred_at: Utc::now().to_rfc3339(),
        ..Default::default()
    })
}

pub fn envelope_from(external_id: &str) -> Option<pb::Envelope> {
    envelope_of("vkcp", external_id)
}

/// An envelope of a record of that source.
pub fn envelope_of(system: &str, external_id: &str) -> Option<pb::Envelope> {
    let source = pb::Source { system: system.to_owned(), external_id: external_id.to_owned(), ..Default::default() };
    envelope().map(|envelope| pb::Envelope { source: Some(source), ..envelope })
}

pub fn incident() -> pb::RegisterIncident {
    pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Phone110 as i32,
        type_code: "theft".to_owned(),
        category: pb::Category::C as i32,
        narrative: "A bicycle was taken from the yard; Jānis Bērziņš saw it.".to_owned(),
        ..Default::default()
    }
}

pub fn call() -> pb::ReceiveCall {
    pb::ReceiveCall { envelope: envelope(), channel: pb::Channel::Phone112 as i32, ..Default::default() }
}

pub fn unit(call_sign: &str) -> pb::RegisterUnit {
    pb::RegisterUnit {
        envelope: envelope(),
        call_sign: call_sign.to_owned(),
        kind: pb::UnitKind::FireEngine as i32,
        ..Default::default()
    }
}

pub fn called(call_sign: &str) -> Option<pb::UnitRef> {
    let call_sign = pb::CallSign { institution: String::new(), call_sign: call_sign.to_owned() };
    Some(pb::UnitRef { by: Some(pb::unit_ref::By::CallSign(call_sign)) })
}

pub fn numbered(number: &str) -> Option<pb::RecordRef> {
    Some(pb::RecordRef { by: Some(pb::record_ref::By::Number(number.to_owned())) })
}

pub fn with_id(id: &str) -> Option<pb::RecordRef> {
    Some(pb::RecordRef { by: Some(pb::record_ref::By::Id(id.to_owned())) })
}

pub fn external(external_id: &str) -> Option<pb::RecordRef> {
    external_of("vkcp", external_id)
}

pub fn external_of(system: &str, external_id: &str) -> Option<pb::RecordRef> {
    let external = pb::ExternalRef { system: system.to_owned(), external_id: external_id.to_owned() };
    Some(pb::RecordRef { by: Some(pb::record_ref::By::External(external)) })
}

/// Code of a refusal and the rules that it names.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, Vec<String>) {
    let status = answer.unwrap_err();
    let rules = status.get_details_precondition_failure().map(|failure| failure.violations).unwrap_or_default();
    (status.code(), rules.into_iter().map(|violation| violation.r#type).collect())
}
