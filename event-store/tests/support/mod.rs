//! A log of its own for each test, on a real PostgreSQL.

#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod chance;
pub mod counter;
pub mod foreign;
pub mod journal;
pub mod notary;
pub mod roles;

use std::sync::Arc;

use chrono::Utc;
use domain::emergency_card::ReceiveCall;
use domain::terms::Channel;
use domain::values::InstitutionCode;
use event_store::append::{Appender, AppenderConfig, Lane, Metadata, Submission, Target, Touch};
use event_store::log::LogName;
use event_store::migrate::{log_sets, migrate};
use event_store::private_pg::{PrivatePgError, TestDatabase, shared_for_tests};
use event_store::read::LogReader;
use event_store::seal::MasterKeys;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use self::counter::{Add, Counter};

pub const LOG: LogName = LogName::REGISTER;

/// The server goes with the test run, so the template is as new as the migrations.
const TEMPLATE: &str = "event_store_template";

async fn prepare(owner_url: String) -> Result<(), PrivatePgError> {
    let owner = pool(&owner_url, 1).await;
    migrate(&owner, "test", &log_sets("test")).await.unwrap();
    owner.close().await;
    Ok(())
}

/// A call that says as little as can be.
pub fn received_call() -> ReceiveCall {
    ReceiveCall {
        channel: Channel::Phone112,
        caller: None,
        place: None,
        answered_at: None,
        narrative: None,
        recording_ref: None,
        institution: InstitutionCode::parse("VUGD").unwrap(),
    }
}

/// A fresh database with its logs.
pub struct Store {
    pub owner: PgPool,
    pub app: PgPool,
    pub database: TestDatabase,
}

pub async fn pool(url: &str, size: u32) -> PgPool {
    PgPoolOptions::new().max_connections(size).connect(url).await.unwrap()
}

pub fn master() -> Arc<MasterKeys> {
    Arc::new(MasterKeys::from_bytes(1, &[42; 32]))
}

impl Store {
    pub async fn fresh() -> Store {
        let server = shared_for_tests().await.unwrap();
        server.ensure_template(TEMPLATE, prepare).await.unwrap();
        let name = format!("store_{}", Uuid::now_v7().simple());
        let database = server.create_database(&name, Some(TEMPLATE)).await.unwrap();
        let owner = pool(database.owner_url(), 3).await;
        let app = pool(database.app_url(), 10).await;
        Store { owner, app, database }
    }

    pub fn config(&self) -> AppenderConfig {
        AppenderConfig::new(LOG, self.app.clone(), master())
    }

    pub fn appender(&self) -> Appender {
        Appender::start(self.config()).0
    }

    pub fn reader(&self) -> LogReader {
        LogReader::new(self.app.clone(), LOG)
    }

    /// Whoever has the machine has this.
    pub fn superuser_url(&self) -> String {
        self.database.owner_url().replacen("vnr_owner@", "postgres@", 1)
    }

    pub async fn positions(&self) -> Vec<i64> {
        sqlx::query_scalar("select position from register.events order by position").fetch_all(&self.app).await.unwrap()
    }
}

/// Adds `n` to a counter, in the interactive lane.
pub fn add(counter: Uuid, n: i64) -> Submission {
    add_as(Uuid::now_v7(), counter, n)
}

pub fn add_as(command_id: Uuid, counter: Uuid, n: i64) -> Submission {
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(counter.as_bytes());
    digest[16..24].copy_from_slice(&n.to_be_bytes());
    Submission {
        command_id,
        lane: Lane::Interactive,
        deadline: None,
        digest,
        metadata: Metadata::new().with("command_id", &command_id.to_string()),
        occurred_at: Utc::now().fixed_offset(),
        touches: vec![Touch::of::<Counter>(counter)],
        decide: Box::new(move |work| {
            work.execute::<Counter>(counter, Add(n))?;
            Ok(Target::of::<Counter>(counter))
        }),
    }
}
