//! A PostgreSQL of our own: started from the machine's programs, in a folder of ours, reachable on a Unix socket only.
//!
//! - The folder is held by a lock for as long as this process lives: one `vnr` for each data folder.
//! - Root can't run PostgreSQL, so it is run as `postgres` or `nobody` then.
//! - The server is a child of a small shell (the keeper) that ends it cleanly as soon as this process is gone, `kill -9` included.
//! - `trust` authentication is safe because the socket's folder is 0700 and there is no TCP port.

mod account;
mod archive;
mod backup;
mod binaries;
mod cluster;
mod database;
mod error;
mod follower;
mod lock;
mod server;
mod shared;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

pub use self::archive::{ARCHIVE_TIMEOUT_SECONDS, BackupFolder};
pub use self::backup::{BackupSource, BaseBackup, Restore, Restored};
pub use self::error::PrivatePgError;
pub use self::shared::{SharedPg, TestDatabase, shared_for_tests};

use self::account::Account;
use self::binaries::Binaries;
use self::cluster::Cluster;
use self::database::Address;
use self::lock::FolderLock;
use self::server::Server;

/// The database of the register.
const DATABASE: &str = "vnr";

/// How the server treats what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Keeps what it confirmed, whatever happens to the machine.
    Durable,
    /// Keeps it too, but journals nothing of a table that is filled in the transaction that makes it, and hands no journal over: for a log
    /// that is made at once.
    Filling,
    /// For tests: fast, and worthless after a power cut.
    Throwaway,
}

/// Of a server that is not thrown away.
const LASTING: [&str; 3] = ["max_connections=100", "shared_buffers=256MB", "max_wal_size=2GB"];

impl Profile {
    /// Settings given on the command line, over the defaults of the version.
    fn settings(self, lz4: bool) -> Vec<&'static str> {
        let mut settings = vec![
            "cluster_name=vnr",
            "unix_socket_permissions=0700",
            "timezone=UTC",
            "log_timezone=UTC",
            "lc_messages=C",
            "logging_collector=off",
            "jit=off",
            "random_page_cost=1.1",
            // No reader holds a transaction for long: it would keep the dead versions of the log's head alive.
            "idle_in_transaction_session_timeout=10s",
            // The queries of a program that was killed do not run on.
            "client_connection_check_interval=2s",
        ];
        match self {
            Self::Durable => {
                settings.extend(LASTING);
                settings.push(if lz4 { "wal_compression=lz4" } else { "wal_compression=off" });
            }
            Self::Filling => settings.extend(LASTING.into_iter().chain([
                "wal_level=minimal",
                "max_wal_senders=0",
                // Tables that are being filled would be looked at again and again.
                "autovacuum=off",
                // What a commit waits for is on its way to the disk long before.
                "backend_flush_after=1MB",
            ])),
            Self::Throwaway => settings.extend([
                "max_connections=300",
                "shared_buffers=128MB",
                "max_wal_size=1GB",
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "autovacuum_naptime=10s",
            ]),
        }
        settings
    }
}

/// What to start, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder of this system's data; made when it is not there.
    pub data_dir: PathBuf,
    /// How durable.
    pub profile: Profile,
    /// Folder of `initdb` and `postgres`; found by itself when not named (see also `VNR_PG_BIN`).
    pub binaries: Option<PathBuf>,
    /// Folder of backups that the write-ahead log is handed over to.
    pub archive: Option<BackupFolder>,
    /// Whether it is handed over to where it was last, instead.
    pub as_before: bool,
}

impl Options {
    /// Durable, in this folder, with the machine's programs.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), profile: Profile::Durable, binaries: None, archive: None, as_before: false }
    }

    /// Handing the write-ahead log over to a folder of backups.
    #[must_use]
    pub fn archive(mut self, folder: Option<BackupFolder>) -> Self {
        self.archive = folder;
        self
    }

    /// Handing it over to where it was handed over last: for a tool that starts the server for a moment.
    #[must_use]
    pub fn as_before(mut self) -> Self {
        self.as_before = true;
        self
    }

    /// With another profile.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }
}

/// A private server that another process runs; it may end at any time.
#[derive(Debug, Clone)]
pub struct AttachedPg {
    address: Address,
    account: Account,
}

impl AttachedPg {
    /// URL of the database for the role that owns and migrates.
    pub fn owner_url(&self) -> String {
        self.address.owner_url(DATABASE)
    }

    /// URL of the database for the role that the application runs as.
    pub fn app_url(&self) -> String {
        self.address.app_url(DATABASE)
    }

    /// URL of the database for the role that tools look at records as.
    pub fn tool_url(&self) -> String {
        self.address.tool_url(DATABASE)
    }

    /// One of PostgreSQL's own programs (`pg_dump`).
    ///
    /// # Errors
    /// There are none that the server's account can run.
    pub fn program(&self, name: &str) -> Result<PathBuf, PrivatePgError> {
        Ok(Binaries::find(None, &self.account, None)?.program(name))
    }
}

/// A running private server. It ends when this is dropped, or with the process.
#[derive(Debug)]
pub struct PrivatePg {
    // Declared in this order: the server ends before the folder is free for the next one.
    server: Server,
    lock: FolderLock,
    address: Address,
    binaries: Binaries,
    archive: Option<BackupFolder>,
}

impl PrivatePg {
    /// Starts the server and makes the roles `vnr_owner`, `vnr_app` and `vnr_tool` and the database `vnr` when they are not there yet.
    ///
    /// # Errors
    /// Each variant of [`PrivatePgError`] says what is wrong and what to do.
    pub async fn start(options: Options) -> Result<Self, PrivatePgError> {
        let starting = tokio::task::spawn_blocking(move || Self::launch(&options));
        let pg = starting.await.map_err(|_| PrivatePgError::Interrupted)??;
        let mut admin = pg.address.admin().await?;
        database::ensure_roles(&mut admin).await?;
        if !database::exists(&mut admin, DATABASE).await? {
            database::create(&mut admin, DATABASE, None).await?;
        }
        Ok(pg)
    }

    /// Major version of the PostgreSQL that a new data folder would be made with.
    ///
    /// # Errors
    /// None is installed.
    pub fn installed_version() -> Result<u32, PrivatePgError> {
        let account = Account::choose(Path::new(""))?;
        Ok(Binaries::find(None, &account, None)?.major)
    }

    /// The server that another process runs in this data folder, where one does: for tools that look at a running system.
    ///
    /// # Errors
    /// The folder belongs to somebody else.
    pub fn attach(data_dir: &Path) -> Result<Option<AttachedPg>, PrivatePgError> {
        let Ok(data_dir) = data_dir.canonicalize() else { return Ok(None) };
        let cluster = Cluster::existing(&data_dir)?.filter(Cluster::is_serving);
        Ok(cluster.map(|cluster| AttachedPg { address: Address::new(&cluster.socket_dir), account: cluster.account }))
    }

    /// Whether there is a cluster in this data folder, running or not.
    ///
    /// # Errors
    /// The folder belongs to somebody else.
    pub fn has_data(data_dir: &Path) -> Result<bool, PrivatePgError> {
        let Ok(data_dir) = data_dir.canonicalize() else { return Ok(false) };
        Ok(Cluster::existing(&data_dir)?.is_some())
    }

    /// URL of the database for the role that owns and migrates.
    pub fn owner_url(&self) -> String {
        self.address.owner_url(DATABASE)
    }

    /// URL of the database for the role that the application runs as.
    pub fn app_url(&self) -> String {
        self.address.app_url(DATABASE)
    }

    /// URL of the database for the role that tools look at records as.
    pub fn tool_url(&self) -> String {
        self.address.tool_url(DATABASE)
    }

    /// Lets the server hand its write-ahead log over, where it was told to: from when it is known to be the one that serves.
    ///
    /// # Errors
    /// When the sign for it can't be made.
    pub fn allow_archiving(&self) -> Result<(), PrivatePgError> {
        allow_archiving(self.server.cluster(), self.archive.as_ref())
    }

    /// One of PostgreSQL's own programs (`pgbench`, `pg_dump`), of the server's version.
    pub fn program(&self, name: &str) -> PathBuf {
        self.binaries.program(name)
    }

    /// Major version of the server.
    pub fn version(&self) -> u32 {
        self.binaries.major
    }

    /// Shuts the server down and waits until it has ended. Whoever is still connected is cut off.
    pub async fn stop(self) {
        let Self { mut server, lock, .. } = self;
        let _ = tokio::task::spawn_blocking(move || {
            server.end();
            drop(lock);
        })
        .await;
    }

    fn launch(options: &Options) -> Result<Self, PrivatePgError> {
        let data_dir = made(&options.data_dir)?;
        let lock = FolderLock::take(&data_dir)?;
        let cluster = Cluster::prepare(&data_dir)?;
        let binaries = ready_cluster(&cluster, options)?;
        let address = Address::new(&cluster.socket_dir);
        let mut archive = None;
        if let Some(folder) = &options.archive {
            let dir = std::path::absolute(folder.dir()).map_err(PrivatePgError::folder(folder.dir()))?;
            let folder = BackupFolder::new(dir);
            folder.prepare(&cluster.account)?;
            folder.belongs_to(&cluster, &binaries)?;
            folder.ask_for_histories(&cluster)?;
            archive = Some(folder);
        } else if options.as_before {
            // Where the folder is away PostgreSQL keeps what it has, so that is no reason not to look.
            archive = BackupFolder::remembered(&cluster);
        }
        let settings = archive.as_ref().map_or(Vec::new(), |folder| folder.settings(&cluster));
        let server = Server::launch(cluster, &binaries, options.profile, &settings)?;
        Ok(Self { server, lock, address, binaries, archive })
    }
}

/// Brings a cluster to where the server can be started: programs chosen, data made, no earlier server left.
fn ready_cluster(cluster: &Cluster, options: &Options) -> Result<Binaries, PrivatePgError> {
    cluster.await_killed_run()?;
    let version = cluster.data_version()?;
    let wanted = version.map(|version| (version, cluster.home.as_path()));
    let binaries = Binaries::find(options.binaries.as_deref(), &cluster.account, wanted)?;
    if version.is_none() {
        cluster.init(&binaries, options.profile != Profile::Throwaway)?;
        let dir = options.archive.as_ref().map(|folder| std::path::absolute(folder.dir()));
        let dir = dir.transpose().map_err(PrivatePgError::folder(&cluster.home))?;
        allow_archiving(cluster, dir.map(BackupFolder::new).as_ref())?;
    }
    Ok(binaries)
}

fn allow_archiving(cluster: &Cluster, folder: Option<&BackupFolder>) -> Result<(), PrivatePgError> {
    let file = archive::allowed(cluster);
    let dir = folder.map_or(String::new(), |folder| format!("{}\n", folder.dir().display()));
    fs::write(&file, dir).and_then(|()| cluster.account.own(&file)).map_err(PrivatePgError::folder(file))
}

/// The folder's full path; others may pass through it (to the cluster, whose folder is closed to them) but not list it.
fn made(data_dir: &Path) -> Result<PathBuf, PrivatePgError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o711).create(data_dir);
    made.and_then(|()| data_dir.canonicalize()).map_err(PrivatePgError::folder(data_dir))
}
