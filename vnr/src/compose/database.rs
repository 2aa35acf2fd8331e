//! The database that everything runs on: a private PostgreSQL, one that another process runs, or yours.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::str::FromStr as _;
use std::time::Duration;

use event_store::migrate::{MigrationSet, log_sets, migrate, migrate_empty};
use event_store::private_pg::{BackupFolder, Options, PrivatePg, Profile};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::error::StartError;
use crate::settings::Settings;

/// Connections of one process for its own work; the appenders and consumers of a whole system take about ten of them.
const APP_CONNECTIONS: u32 = 32;
/// Migrations, partitions, and read models that are made or rebuilt.
const OWNER_CONNECTIONS: u32 = 6;
/// A tool does one thing after the other.
const TOOL_CONNECTIONS: u32 = 4;
/// The role that tools look at records as, where its URL is not given.
const TOOL: &str = "vnr_tool";
/// No query of an interactive part waits longer for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);

/// A database to work on, migrated.
#[derive(Debug)]
pub struct Database {
    /// As the role that owns and migrates.
    pub owner: PgPool,
    /// As the application's role.
    pub app: PgPool,
    /// As the role of tools, that reads what is sealed and has no keys; connected once a tool needs it ([`Self::tools`]).
    tools: PgPool,
    /// Where we run it ourselves.
    private: Option<PrivatePg>,
}

/// Who may already be running the private PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody: this process is the system.
    Alone,
    /// The same, and the logs are about to be made at once: what an attempt that was broken off has left is no hindrance.
    Anew,
    /// Another vnr process; we join it where it runs, else run one ourselves.
    Join,
    /// The same, for a tool that only looks: nothing is made that is not there, and nothing is migrated.
    Look,
}

impl Database {
    /// Connects, starting the private PostgreSQL where none is given, and (unless we only look) brings the tables to this program's shape.
    pub async fn open(settings: &Settings, sharing: Sharing) -> Result<Self, StartError> {
        let (app_url, owner_url, tool, private) = match (&settings.database_url, settings.owner_url()) {
            (Some(app), Some(owner)) => {
                // A private PostgreSQL makes the folder; the keys lie in it also without one.
                if sharing != Sharing::Look {
                    fs::DirBuilder::new().recursive(true).mode(0o711).create(&settings.data_dir)?;
                }
                (app.clone(), owner.to_owned(), tool_options(settings, app)?, None)
            }
            _ => {
                if sharing == Sharing::Look && !PrivatePg::has_data(&settings.data_dir)? {
                    return Err(StartError::NoData { dir: settings.data_dir.clone() });
                }
                let running = match sharing {
                    Sharing::Alone | Sharing::Anew => None,
                    Sharing::Join | Sharing::Look => PrivatePg::attach(&settings.data_dir)?,
                };
                match running {
                    Some(pg) => (pg.app_url(), pg.owner_url(), options(&pg.tool_url())?, None),
                    None => {
                        let pg = start_private(settings, sharing).await?;
                        tracing::info!(version = pg.version(), folder = %settings.data_dir.display(), "private PostgreSQL runs");
                        (pg.app_url(), pg.owner_url(), options(&pg.tool_url())?, Some(pg))
                    }
                }
            }
        };
        let owner = pool(&owner_url, OWNER_CONNECTIONS).await?;
        let app = pool(&app_url, APP_CONNECTIONS).await?;
        let database = Self { owner, app, tools: tools(tool), private };
        if sharing == Sharing::Look {
            return Ok(database);
        }
        let (origin, sets) = (&settings.origin, sets(&settings.origin));
        let migrated = match sharing {
            Sharing::Anew => migrate_empty(&database.owner, origin, &sets).await,
            _ => migrate(&database.owner, origin, &sets).await,
        };
        match migrated {
            Ok(()) => Ok(database),
            Err(error) => {
                database.close().await;
                Err(error.into())
            }
        }
    }

    /// The database of a private PostgreSQL that was just restored, brought to this program's shape.
    pub(crate) async fn restored(settings: &Settings, server: PrivatePg) -> Result<Self, StartError> {
        let owner = pool(&server.owner_url(), OWNER_CONNECTIONS).await?;
        let app = pool(&server.app_url(), APP_CONNECTIONS).await?;
        let tools = tools(options(&server.tool_url())?);
        let database = Self { owner, app, tools, private: Some(server) };
        match migrate(&database.owner, &settings.origin, &sets(&settings.origin)).await {
            Ok(()) => Ok(database),
            Err(error) => {
                database.close().await;
                Err(error.into())
            }
        }
    }

    /// Connections of the role that tools look at records as: it has no keys, the database hands it those of records that the access
    /// log says are looked at.
    ///
    /// # Errors
    /// Where that role can't get in, or is let in to more than that.
    pub(crate) async fn tools(&self) -> Result<&PgPool, StartError> {
        let sql = "select case when has_schema_privilege('register', 'usage')
                               then not has_table_privilege('register.keys', 'select') end";
        let admitted: Result<Option<bool>, _> = sqlx::query_scalar(sql).fetch_one(&self.tools).await;
        match admitted {
            Ok(Some(true)) => Ok(&self.tools),
            Ok(Some(false)) => Err(StartError::ToolRoleHasKeys),
            Ok(None) => Err(StartError::ToolRole { source: None }),
            Err(source) => Err(StartError::ToolRole { source: Some(source) }),
        }
    }

    /// Lets a private PostgreSQL of ours hand its write-ahead log over: it is known to be the one that serves.
    pub(crate) fn allow_archiving(&self) -> Result<(), StartError> {
        Ok(self.private.as_ref().map_or(Ok(()), PrivatePg::allow_archiving)?)
    }

    /// Lets go of all connections, and ends the private PostgreSQL where it is ours.
    pub async fn close(self) {
        self.tools.close().await;
        self.app.close().await;
        self.owner.close().await;
        if let Some(pg) = self.private {
            pg.stop().await;
        }
    }
}

/// A tool that only looks goes on with the archive as it was: it may look at a restore for trial, which has none.
async fn start_private(settings: &Settings, sharing: Sharing) -> Result<PrivatePg, StartError> {
    let options = Options::new(&settings.data_dir);
    let options = match sharing {
        // With nowhere to hand its journal over to it need not write one.
        Sharing::Anew if settings.backup_dir.is_none() => options.profile(Profile::Filling),
        Sharing::Look => options.as_before(),
        Sharing::Alone | Sharing::Anew | Sharing::Join => {
            options.archive(settings.backup_dir.as_ref().map(BackupFolder::new))
        }
    };
    Ok(PrivatePg::start(options).await?)
}

/// Everything that is made in the database, in order.
pub(crate) fn sets(origin: &str) -> Vec<MigrationSet> {
    let mut sets = log_sets(origin);
    sets.push(event_store::consumer::migration_set());
    sets
}

/// How a role of tools gets into a database of yours: as its URL says, else as the application does, under that role's name.
fn tool_options(settings: &Settings, app: &str) -> Result<PgConnectOptions, StartError> {
    match &settings.database_tool_url {
        Some(url) => options(url),
        None => Ok(options(app)?.username(TOOL)),
    }
}

fn options(url: &str) -> Result<PgConnectOptions, StartError> {
    PgConnectOptions::from_str(url).map_err(|source| StartError::Database { source })
}

/// Connects when it is asked for something: most of what opens a database is no such tool.
fn tools(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new().max_connections(TOOL_CONNECTIONS).acquire_timeout(ACQUIRE).connect_lazy_with(options)
}

async fn pool(url: &str, connections: u32) -> Result<PgPool, StartError> {
    let options = PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE);
    options.connect(url).await.map_err(|source| StartError::Database { source })
}
