//! A register of its own for each test, on a real PostgreSQL, and random work for it.

#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod access;
pub mod beside;
pub mod case_file;
pub mod forged;
pub mod journal;
pub mod keyed;
pub mod seldom;
pub mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use event_store::append::{AppendError, Appender, AppenderConfig, Decision, Lane, Reply, Submission};
use event_store::log::LogName;
use event_store::migrate::{log_sets, migrate};
use event_store::private_pg::{PrivatePgError, TestDatabase, shared_for_tests};
use event_store::read::LogReader;
use event_store::seal::MasterKeys;
use projections::timeline::{EntryRow, TimelinePage};
use projections::{Pools, Projection, Registry, Running, start_all};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;
use uuid::Uuid;

/// The server goes with the test run, so the template is as new as the migrations.
const TEMPLATE: &str = "projections_template";

pub const PATIENCE: Duration = Duration::from_secs(30);

/// The key that all is sealed under here.
pub fn master() -> Arc<MasterKeys> {
    Arc::new(MasterKeys::from_bytes(1, &[42; 32]))
}

/// Makes the logs and the ledger of the read models in an empty database.
pub async fn prepare(owner_url: String) -> Result<(), PrivatePgError> {
    let owner = pool(&owner_url, 1).await;
    let mut sets = log_sets("test");
    sets.push(event_store::consumer::migration_set());
    migrate(&owner, "test", &sets).await.unwrap();
    owner.close().await;
    Ok(())
}

pub async fn pool(url: &str, size: u32) -> PgPool {
    PgPoolOptions::new().max_connections(size).connect(url).await.unwrap()
}

/// Where the data of a register lies.
pub enum Database {
    /// On the server that all tests share; it goes when this is dropped.
    Shared(TestDatabase),
    /// On a server of the test's own.
    Own { owner_url: String, app_url: String },
}

impl Database {
    pub fn owner_url(&self) -> &str {
        match self {
            Database::Shared(database) => database.owner_url(),
            Database::Own { owner_url, .. } => owner_url,
        }
    }

    pub fn app_url(&self) -> &str {
        match self {
            Database::Shared(database) => database.app_url(),
            Database::Own { app_url, .. } => app_url,
        }
    }
}

/// A command that waits no longer than this for an answer is asked again.
const IMPATIENCE: Duration = Duration::from_millis(700);

/// What came of commands that got no answer.
#[derive(Debug, Default)]
pub struct Unanswered {
    /// How often one was asked again.
    pub asked_again: AtomicUsize,
    /// How many of them had taken effect all the same.
    pub had_taken_effect: AtomicUsize,
}

/// A fresh register.
pub struct System {
    pub pools: Pools,
    pub register: Appender,
    pub tracks: Appender,
    pub access: Appender,
    pub registry: Registry,
    pub database: Database,
    pub unanswered: Unanswered,
}

/// The read models of a system at work; they end when this is dropped.
pub struct AtWork {
    pub running: Running,
    pub shutdown: watch::Sender<bool>,
}

impl System {
    pub async fn fresh() -> System {
        let server = shared_for_tests().await.unwrap();
        server.ensure_template(TEMPLATE, prepare).await.unwrap();
        let name = format!("models_{}", Uuid::now_v7().simple());
        let database = server.create_database(&name, Some(TEMPLATE)).await.unwrap();
        System::on(Database::Shared(database)).await
    }

    /// A register whose logs are there.
    pub async fn on(database: Database) -> System {
        let owner = pool(database.owner_url(), 4).await;
        let app = pool(database.app_url(), 20).await;
        let master = master();
        let appender = |log| Appender::start(AppenderConfig::new(log, app.clone(), Arc::clone(&master))).0;
        let (register, tracks) = (appender(LogName::REGISTER), appender(LogName::TRACKS));
        let access = appender(LogName::ACCESS);
        let (pools, registry, unanswered) = (Pools { owner, app }, Registry::all(), Unanswered::default());
        System { pools, register, tracks, access, registry, database, unanswered }
    }

    pub fn reader(&self, log: LogName) -> LogReader {
        LogReader::new(self.pools.app.clone(), log)
    }

    pub fn start(&self) -> AtWork {
        let (shutdown, ended) = watch::channel(false);
        AtWork { running: start_all(&self.pools, &self.registry, &ended), shutdown }
    }

    /// Waits until all read models have taken in all that is in the logs.
    pub async fn caught_up(&self, at_work: &AtWork) {
        for log in LogName::ALL {
            let head = self.reader(log).head().await.unwrap().position;
            let models = self.registry.iter().filter(|model| model.consumer.logs.contains(&log));
            let names: Vec<_> = models.map(|model| model.consumer.name).collect();
            at_work.running.progress.wait_for(log, head, &names, PATIENCE).await.unwrap();
        }
    }

    pub async fn submit(
        &self,
        log: LogName,
        metadata: BTreeMap<String, String>,
        occurred_at: chrono::DateTime<chrono::FixedOffset>,
        decide: Decision,
    ) -> Result<Reply, AppendError> {
        self.submit_as(Uuid::now_v7(), log, metadata, occurred_at, decide).await
    }

    /// A server of the test's own may be killed: whoever gets no answer asks again, under the same id.
    pub async fn submit_as(
        &self,
        command_id: Uuid,
        log: LogName,
        metadata: BTreeMap<String, String>,
        occurred_at: chrono::DateTime<chrono::FixedOffset>,
        decide: Decision,
    ) -> Result<Reply, AppendError> {
        let mut digest = [0; 32];
        digest[..16].copy_from_slice(command_id.as_bytes());
        let appender = match log {
            LogName::TRACKS => &self.tracks,
            LogName::ACCESS => &self.access,
            _ => &self.register,
        };
        let decide = Arc::new(decide);
        let is_own = matches!(self.database, Database::Own { .. });
        loop {
            let decide = Arc::clone(&decide);
            let submission = Submission {
                command_id,
                lane: Lane::Bulk,
                deadline: is_own.then(|| Instant::now() + IMPATIENCE),
                digest,
                metadata: metadata.clone().into_iter().collect(),
                occurred_at,
                touches: Vec::new(),
                decide: Box::new(move |work| decide(work)),
            };
            match appender.enqueue_waiting(submission).await?.await {
                Err(AppendError::Unavailable | AppendError::DeadlinePassed) if is_own => {
                    self.unanswered.asked_again.fetch_add(1, Ordering::Relaxed);
                }
                Ok(reply) if reply.repeated => {
                    self.unanswered.had_taken_effect.fetch_add(1, Ordering::Relaxed);
                    return Ok(reply);
                }
                answered => return answered,
            }
        }
    }

    /// All rows of a read model in a schema, as text, in one order.
    pub async fn rows<P: Projection>(&self, schema: &str) -> Vec<String> {
        let mut rows = Vec::new();
        for table in P::TABLES {
            let sql = format!("select '{table}' || to_jsonb(t)::text from {schema}.{table} t order by 1");
            rows.extend(sqlx::query_scalar::<_, String>(&sql).fetch_all(&self.pools.app).await.unwrap());
        }
        rows
    }

    /// All rows of all read models.
    pub async fn all_rows(&self) -> Vec<String> {
        use projections::{
            access_grants::AccessGrants, cards::Cards, case_file::CaseFile, case_search::CaseSearch, roster::Roster,
            roster_history::RosterHistory, timeline::Timeline,
        };
        let mut rows = self.rows::<CaseSearch>("case_search").await;
        rows.extend(self.rows::<CaseFile>("case_file").await);
        rows.extend(self.rows::<Cards>("cards").await);
        rows.extend(self.rows::<Roster>("roster").await);
        rows.extend(self.rows::<RosterHistory>("roster_history").await);
        rows.extend(self.rows::<Timeline>("timeline").await);
        rows.extend(self.rows::<AccessGrants>("access_grants").await);
        rows
    }
}

/// A page of a timeline, for nobody in particular.
pub async fn page(connection: &mut PgConnection, record: Uuid, after: i64, limit: u32) -> Vec<EntryRow> {
    let page = TimelinePage { record, after, limit, whole: true };
    let rows = EntryRow::pages(connection, &[page], None).await.unwrap();
    rows.into_iter().map(|(_, row)| row).collect()
}

/// How many entries a timeline has.
pub async fn count(connection: &mut PgConnection, record: Uuid) -> i64 {
    let page = TimelinePage { record, after: 0, limit: 0, whole: true };
    let counts = EntryRow::counts(connection, &[page], None).await.unwrap();
    counts.first().map_or(0, |(_, _, count)| *count)
}
