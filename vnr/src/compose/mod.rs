//! Puts the parts together: what `vnr up`, `vnr serve`, the demo and the end-to-end tests run.
//!
//! Order of the start: ports first (the commonest failure, and the cheapest to tell), then the database, migrations, appenders, gRPC,
//! projections, notary, HTTP. The stop goes the other way: who asks from outside is served first and cut off last.

mod acts;
mod appenders;
mod catch_up;
pub(crate) mod classifiers;
mod commands;
mod database;
mod error;
mod health;
pub(crate) mod honesty;
mod housekeeping;
mod notices;
pub(crate) mod personal_data;
pub(crate) mod policies;
mod ports;
mod read_models;
mod standby;
mod timers;
mod trust;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use access::{AccessLog, Journal, TokenIssuer, TokenVerifier};
use command_api::Deps;
use event_store::consumer::ProgressWatch;
use event_store::log::LogName;
use event_store::proof::keys::KeyFolder;
use event_store::proof::notary::Notaries;
use event_store::seal::erasures::ErasureList;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use projections::access_grants::GrantsInForce;
use query_api::{Limits, QueryApi, Serving};
use sqlx::PgPool;
use tokio::task::JoinHandle;

pub use self::catch_up::CatchUpError;
pub use self::database::{Database, Sharing};
pub use self::error::StartError;

pub(crate) use self::acts::tell_acts;
use self::appenders::Appenders;
use self::classifiers::ClassifiersInForce;
use self::commands::CommandServer;
pub(crate) use self::database::sets;
use self::health::Health;
use self::policies::PoliciesInForce;
use self::ports::listen;
use self::read_models::ReadModels;
pub(crate) use self::read_models::{pools, registry};
use self::standby::{Standby, read_from};
use self::trust::Secured;
pub(crate) use self::trust::trust;
use crate::cli::Part;
use crate::notices::Receivers;
use crate::settings::Settings;

/// The whole system, or parts of it.
#[derive(Debug, Clone)]
pub struct System {
    settings: Settings,
    parts: Vec<Part>,
}

impl System {
    /// All parts.
    pub fn whole(settings: Settings) -> Self {
        Self { settings, parts: vec![Part::CommandApi, Part::Projections, Part::QueryApi, Part::Notary] }
    }

    /// One part.
    pub fn part(settings: Settings, part: Part) -> Self {
        Self { settings, parts: vec![part] }
    }

    /// Starts all parts with these settings and waits until they can serve.
    pub async fn start(settings: Settings) -> Result<Running, StartError> {
        Self::whole(settings).run().await
    }

    /// Starts what this is and waits until it can serve.
    pub async fn run(self) -> Result<Running, StartError> {
        let Self { settings, parts } = self;
        let has = |part| parts.contains(&part);
        let grpc = if has(Part::CommandApi) { Some(listen(settings.grpc_addr, "--grpc-addr").await?) } else { None };
        let http = if has(Part::QueryApi) { Some(listen(settings.http_addr, "--http-addr").await?) } else { None };
        let secured = Secured::of(&settings)?;
        let (grpc, http) = (grpc.map(|tcp| secured.listener(tcp)), http.map(|tcp| secured.listener(tcp)));
        let receivers = Receivers::load(settings.notice_receivers.as_deref())?;
        let metrics = metrics_handle();

        let sharing = if parts.len() > 1 { Sharing::Alone } else { Sharing::Join };
        let database = Database::open(&settings, sharing).await?;
        let honest = async {
            honesty::check(&settings, &database).await?;
            let master = personal_data::open(&settings, &database).await?;
            database.allow_archiving()?;
            let trusted = trust(&settings)?;
            // Who takes commands or shows something goes by policies and classifiers; the other parts decide nothing.
            let decides = has(Part::CommandApi) || has(Part::QueryApi);
            let rules = if decides { Some(Rules::start(&settings, &database.app).await?) } else { None };
            Ok((Arc::new(master), trusted, rules))
        };
        let (master, (verifier, issuer), rules) = match honest.await {
            Ok(opened) => opened,
            Err(refusal) => {
                database.close().await;
                return Err(refusal);
            }
        };
        let appenders = Appenders::start(&written(&parts), &master, &database.app).await?;
        let standby = match &settings.replica_url {
            Some(url) if has(Part::QueryApi) => Some(Standby::start(url, &database.app, &master)?),
            _ => None,
        };
        // What waits in a journal is told also where nobody reads a copy any more.
        let keeps = standby.is_some() || (has(Part::QueryApi) && Journal::is_there(&settings.access_journal));
        let key = master.digest("access journal", b"");
        let journal = if keeps { Some(Journal::open(&settings.access_journal, &key)?) } else { None };
        let (access, forwarding) = match (appenders.of(LogName::ACCESS), journal.clone()) {
            (Some(appender), Some(journal)) => {
                let (access, forwarding) = AccessLog::with_journal(appender, Arc::clone(&master), journal);
                (Some(access), Some(forwarding))
            }
            (Some(appender), None) => (Some(AccessLog::new(appender, Arc::clone(&master))), None),
            (None, _) => (None, None),
        };
        let logs = (appenders.of(LogName::REGISTER), appenders.of(LogName::TRACKS), &access);
        let commands = match (grpc, logs, &rules) {
            (Some(listener), (Some(register), Some(tracks), Some(access)), Some(rules)) => {
                let deps = Deps {
                    register,
                    tracks,
                    access: access.clone(),
                    policies: rules.policies.handle(),
                    classifiers: rules.classifiers.lists(),
                    grants: Arc::new(GrantsInForce(database.app.clone())),
                    pool: database.app.clone(),
                    master: Arc::clone(&master),
                    erasures: ErasureList::of(&settings.erasure_dir, LogName::REGISTER),
                    simulated: settings.is_simulated(),
                    open_reflection: settings.open_introspection,
                    web_origins: settings.web_origins.clone(),
                };
                Some(CommandServer::start(listener, deps, verifier.clone())?)
            }
            _ => None,
        };
        let timers = commands.is_some().then(|| {
            let register = appenders.of(LogName::REGISTER);
            timers::start(&database.app, register, &master, settings.is_simulated())
        });
        let telling = match (&commands, appenders.of(LogName::REGISTER), &access, &rules) {
            (Some(_), Some(register), Some(access), Some(rules)) => Some(notices::start(notices::Parts {
                pool: database.app.clone(),
                register,
                master: Arc::clone(&master),
                access: access.clone(),
                policies: rules.policies.handle(),
                classifiers: rules.classifiers.lists(),
                receivers,
            })),
            _ => None,
        };
        let read_models =
            if has(Part::Projections) { Some(ReadModels::start(&database, &master).await?) } else { None };
        let notaries = if has(Part::Notary) {
            let keys = KeyFolder::new(&settings.notary_dir);
            Some(Notaries::start(&database.app, &keys, &settings.witness_dir)?)
        } else {
            None
        };
        let query = match (http, access, &rules) {
            (Some(listener), Some(access), Some(rules)) => {
                let replica = standby.as_ref().map(Standby::replica);
                let told = rules.policies.told();
                let health = Health::new(database.app.clone(), appenders.clone(), told, replica.clone(), journal);
                let api = QueryApi {
                    policies: rules.policies.handle(),
                    classifiers: rules.classifiers.lists(),
                    register: read_from(&database.app, &master),
                    replica,
                    gate: verifier.clone(),
                    access,
                    readiness: Arc::new(health),
                    metrics,
                    limits: Limits::default(),
                    open_introspection: settings.open_introspection,
                };
                Some(api.serve(listener)?)
            }
            _ => None,
        };
        let housekeeping = housekeeping::start(database.owner.clone(), settings.erasure_dir.clone());
        Ok(Running {
            issuer,
            verifier,
            settings,
            rules,
            commands,
            read_models,
            query,
            standby,
            tasks: [forwarding, timers, telling].into_iter().flatten().collect(),
            appenders,
            notaries,
            housekeeping,
            database,
        })
    }
}

/// What is decided by, kept as it is in force while the system runs.
struct Rules {
    policies: PoliciesInForce,
    classifiers: ClassifiersInForce,
}

impl Rules {
    async fn start(settings: &Settings, pool: &PgPool) -> Result<Self, StartError> {
        let policies = PoliciesInForce::start(settings, pool).await?;
        Ok(Self { policies, classifiers: ClassifiersInForce::start(pool).await? })
    }
}

/// A running system. It has to be stopped; dropped, it leaves its tasks to the end of the runtime.
pub struct Running {
    commands: Option<CommandServer>,
    issuer: Option<TokenIssuer>,
    verifier: TokenVerifier,
    settings: Settings,
    rules: Option<Rules>,
    read_models: Option<ReadModels>,
    query: Option<Serving>,
    standby: Option<Standby>,
    /// What holds an appender, and so ends before that.
    tasks: Vec<JoinHandle<()>>,
    appenders: Appenders,
    notaries: Option<Notaries>,
    housekeeping: JoinHandle<()>,
    database: Database,
}

impl Running {
    /// Where gRPC listens, where it is part of this.
    pub fn grpc_addr(&self) -> Option<SocketAddr> {
        self.commands.as_ref().map(CommandServer::address)
    }

    /// Where GraphQL listens, where it is part of this.
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.query.as_ref().map(Serving::address)
    }

    /// Issues tokens that this system accepts, where they are for development.
    pub fn issuer(&self) -> Option<&TokenIssuer> {
        self.issuer.as_ref()
    }

    /// Checks tokens as this system does.
    pub fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }

    /// What it was started with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its database, as the application's role.
    pub fn pool(&self) -> &PgPool {
        &self.database.app
    }

    /// Its database, as the owner's role.
    pub fn owner_pool(&self) -> &PgPool {
        &self.database.owner
    }

    /// How far the read models are, where they are part of this; waits for them.
    pub fn progress(&self) -> Option<&ProgressWatch> {
        self.read_models.as_ref().map(ReadModels::progress)
    }

    /// Waits until a part ends by itself, which it does only by a fault.
    pub async fn failed(&mut self) -> std::io::Result<()> {
        tokio::select! {
            ended = ended_of(self.query.as_mut().map(Serving::ended)) => ended,
            ended = ended_of(self.commands.as_mut().map(CommandServer::ended)) => ended,
            ended = ended_of(self.rules.as_mut().map(|rules| rules.policies.ended())) => ended,
        }
    }

    /// Stops everything: what is under way is finished, nothing new is taken.
    pub async fn stop(self) {
        self.housekeeping.abort();
        drop(self.rules);
        if let Some(commands) = self.commands {
            commands.stop().await;
        }
        if let Some(query) = self.query
            && let Err(error) = query.stop().await
        {
            tracing::warn!(%error, "the query API did not end well");
        }
        drop(self.standby);
        for task in self.tasks {
            task.abort();
            // What it had not done yet is done at the next start.
            let _ = task.await;
        }
        if let Some(read_models) = self.read_models {
            read_models.stop().await;
        }
        self.appenders.stop().await;
        // After the last append, so that all of it is signed.
        if let Some(notaries) = self.notaries {
            notaries.stop().await;
        }
        self.database.close().await;
    }
}

/// Logs that parts write: who shows or records something also tells who looked.
fn written(parts: &[Part]) -> Vec<LogName> {
    let commands = parts.contains(&Part::CommandApi);
    let looks = commands || parts.contains(&Part::QueryApi);
    let of = [(LogName::REGISTER, commands), (LogName::TRACKS, commands), (LogName::ACCESS, looks)];
    of.into_iter().filter_map(|(log, is_written)| is_written.then_some(log)).collect()
}

/// A part that is not there never ends.
async fn ended_of(part: Option<impl Future<Output = std::io::Result<()>>>) -> std::io::Result<()> {
    match part {
        Some(ended) => ended.await,
        None => std::future::pending().await,
    }
}

/// The recorder is the process's; the first system that starts in it installs it.
fn metrics_handle() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let installed = PrometheusBuilder::new().install_recorder();
        installed.inspect_err(|error| tracing::warn!(%error, "no metrics are kept")).ok()
    };
    HANDLE.get_or_init(install).clone()
}
