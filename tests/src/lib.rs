//! The real system, started for a test, and the clients that talk to it as its users do: over sockets.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod folder;
mod http;
mod process;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use access::{Institution, Principal, Purpose, Reference, Role};
use event_store::private_pg::{TestDatabase, shared_for_tests};
use proto::command::v1 as pb;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;
use vnr::compose::{Running, System};
use vnr::settings::Settings;

pub use folder::Folder;
pub use http::{ask, ask_for, get};
pub use process::{VnrProcess, vnr_binary};

/// The whole system in this process, on a database of its own.
pub struct TestSystem {
    running: Running,
    folder: PathBuf,
    _database: TestDatabase,
}

/// Sends the token with each call, and the number of the case, card or task that it is for.
#[derive(Clone)]
pub struct Bearer {
    authorization: MetadataValue<Ascii>,
    reference: Option<MetadataValue<Ascii>>,
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, tonic::Status> {
        request.metadata_mut().insert("authorization", self.authorization.clone());
        if let Some(reference) = &self.reference {
            request.metadata_mut().insert("vnr-reference", reference.clone());
        }
        Ok(request)
    }
}

impl Bearer {
    /// Of that token.
    pub fn new(token: &str) -> Bearer {
        let authorization = format!("Bearer {token}").parse().expect("a token is ASCII");
        Bearer { authorization, reference: None }
    }

    /// The same for a case, card or task.
    pub fn with_reference(self, reference: Option<&Reference>) -> Bearer {
        let reference = reference.map(|number| number.as_str().parse().expect("a number is ASCII"));
        Bearer { reference, ..self }
    }
}

/// A connection that sends a token.
pub type Connection = InterceptedService<Channel, Bearer>;

/// Somebody who may send commands and see personal data.
pub fn dispatcher() -> Principal {
    let institution = Institution::parse("VUGD").expect("an institution");
    let until = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    Principal::new("test-dispatcher", institution, vec![Role::Dispatcher], Purpose::Response, until)
}

impl TestSystem {
    /// Starts it and waits until it serves.
    pub async fn start() -> TestSystem {
        TestSystem::start_with(|_| ()).await
    }

    /// The same with other settings than the usual ones.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> TestSystem {
        let server = shared_for_tests().await.expect("a PostgreSQL for tests");
        let name = format!("system_{}", Uuid::now_v7().simple());
        let database = server.create_database(&name, None).await.expect("a database");
        let folder = std::env::temp_dir().join(format!("vnr-{name}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut settings = Settings::in_folder(&folder);
        settings.database_url = Some(database.app_url().to_owned());
        settings.database_owner_url = Some(database.owner_url().to_owned());
        change(&mut settings);
        let running = System::start(settings).await.expect("the system starts");
        TestSystem { running, folder, _database: database }
    }

    /// Where gRPC listens.
    pub fn grpc(&self) -> SocketAddr {
        self.running.grpc_addr().expect("gRPC is part of it")
    }

    /// Where GraphQL listens.
    pub fn http(&self) -> SocketAddr {
        self.running.http_addr().expect("GraphQL is part of it")
    }

    /// The database, as the application's role.
    pub fn pool(&self) -> &sqlx::PgPool {
        self.running.pool()
    }

    /// What it was started with.
    pub fn settings(&self) -> &Settings {
        self.running.settings()
    }

    /// A token for somebody.
    pub fn token(&self, principal: &Principal) -> String {
        self.running.issuer().expect("it is for development").issue(principal).expect("a token")
    }

    /// A connection of somebody.
    pub async fn connect(&self, principal: &Principal) -> Connection {
        InterceptedService::new(self.channel().await, self.bearer(principal))
    }

    /// What somebody sends with each call.
    pub fn bearer(&self, principal: &Principal) -> Bearer {
        Bearer::new(&self.token(principal)).with_reference(principal.reference.as_ref())
    }

    /// A connection without a token.
    pub async fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.grpc())).expect("an address");
        endpoint.connect().await.expect("gRPC answers")
    }

    /// Asks GraphQL as the dispatcher; gives the whole answer.
    pub async fn ask(&self, query: &str, variables: serde_json::Value) -> serde_json::Value {
        ask(self.http(), Some(&self.token(&dispatcher())), query, variables).await
    }

    /// The same as somebody else.
    pub async fn ask_as(&self, who: &Principal, query: &str, variables: serde_json::Value) -> serde_json::Value {
        let reference = who.reference.as_ref().map(Reference::as_str);
        ask_for(self.http(), Some(&self.token(who)), reference, query, variables).await
    }

    /// Stops it in order.
    pub async fn stop(self) {
        self.running.stop().await;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An envelope of now, under a new command id.
pub fn envelope() -> Option<pb::Envelope> {
    envelope_at(&chrono::Utc::now().to_rfc3339())
}

/// An envelope of that moment, under a new command id.
pub fn envelope_at(occurred_at: &str) -> Option<pb::Envelope> {
    Some(pb::Envelope {
        command_id: Uuid::now_v7().to_string(),
        occurred_at: occurred_at.to_owned(),
        ..Default::default()
    })
}

/// A unit of the dispatcher's institution.
pub fn call_sign(call_sign: &str) -> Option<pb::UnitRef> {
    let named = pb::CallSign { institution: String::new(), call_sign: call_sign.to_owned() };
    Some(pb::UnitRef { by: Some(pb::unit_ref::By::CallSign(named)) })
}

/// A record by its id.
pub fn by_id(id: &str) -> Option<pb::RecordRef> {
    Some(pb::RecordRef { by: Some(pb::record_ref::By::Id(id.to_owned())) })
}

/// A record by its number.
pub fn by_number(number: &str) -> Option<pb::RecordRef> {
    Some(pb::RecordRef { by: Some(pb::record_ref::By::Number(number.to_owned())) })
}

/// A reply's position, as GraphQL takes it.
pub fn position(reply: &pb::CommandReply) -> String {
    let position = reply.position.expect("each reply has a position");
    format!("{}.{}", position.generation, position.position)
}

/// A file of the folder with real input; `None`, said aloud, where it is absent.
pub fn real_data(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::env::var_os("VNR_DATA_DIR").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let file = folder.join(path);
    if file.is_file() {
        return file.canonicalize().ok();
    }
    eprintln!("skipped: {} is not there (VNR_DATA_DIR)", file.display());
    None
}

/// A file of the project.
pub fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Whether the long forms are asked for.
pub fn long() -> bool {
    std::env::var_os("VNR_TEST_LONG").is_some()
}
