//! One throwaway server for all test processes of a run.
//!
//! nextest runs each test in a process of its own, so the server must outlive the process that happened to start it. Each process that
//! uses it holds a shared lock on a file; a small supervising shell tries to lock that file alone once a second, and when it has
//! succeeded some times in a row nobody is left: it ends the server and removes the data, still holding the lock. A process that comes
//! at that moment waits for the lock, finds no server and starts the next one.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::sync::OnceCell;

use super::cluster::Cluster;
use super::database::{self, Address};
use super::error::PrivatePgError;
use super::server::{await_ready, trimmed_log, under_shell};
use super::{Options, Profile, made, ready_cluster};

/// Seconds without a user after which the server ends.
const IDLE: &str = "15";

const SUPERVISOR: &str = r#"
users=$1 idle=$2 data=$3
shift 3
command -v flock >/dev/null || { echo "the program flock (util-linux) is needed to share a test server" >&2; exit 1; }
"$@" </dev/null &
server=$!
quiet=0
while kill -0 "$server" 2>/dev/null; do
    sleep 1
    exec 9<"$users"
    if flock -n -x 9; then
        quiet=$((quiet + 1))
        if [ "$quiet" -ge "$idle" ]; then
            kill -INT "$server"
            wait "$server"
            rm -rf "$data"
            exit 0
        fi
    else
        quiet=0
    fi
    exec 9<&-
done
"#;

/// The server that the tests of one target folder share.
#[derive(Debug)]
pub struct SharedPg {
    dir: PathBuf,
    address: Address,
    /// Held until the process ends.
    _in_use: File,
}

/// The shared server; the first process to ask starts it.
///
/// # Errors
/// As [`PrivatePg::start`](super::PrivatePg::start).
pub async fn shared_for_tests() -> Result<&'static SharedPg, PrivatePgError> {
    static SHARED: OnceCell<SharedPg> = OnceCell::const_new();
    SHARED
        .get_or_try_init(|| async {
            let attaching = tokio::task::spawn_blocking(|| SharedPg::attach(&test_folder()));
            let (shared, fresh) = attaching.await.map_err(|_| PrivatePgError::Interrupted)??;
            if let Some(start_lock) = fresh {
                database::ensure_roles(&mut shared.address.admin().await?).await?;
                drop(start_lock);
            }
            Ok(shared)
        })
        .await
}

impl SharedPg {
    /// Joins the server's users. A process that started it gets the lock under which it has to make the roles.
    fn attach(dir: &Path) -> Result<(Self, Option<File>), PrivatePgError> {
        let dir = made(dir)?;
        let start_lock = locked(&dir.join("start.lock"))?;
        let cluster = Cluster::prepare(&dir)?;
        let users = cluster.home.join("users.lock");
        let in_use = opened(&users)?;
        cluster.account.own(&users).map_err(PrivatePgError::folder(&users))?;
        in_use.lock_shared().map_err(PrivatePgError::folder(&users))?;

        let address = Address::new(&cluster.socket_dir);
        let fresh = if cluster.is_serving() {
            None
        } else {
            start(&cluster, &users)?;
            Some(start_lock)
        };
        Ok((Self { dir, address, _in_use: in_use }, fresh))
    }

    /// Makes a fresh database, empty or as a copy of a template, that is removed when it is dropped.
    ///
    /// # Errors
    /// Where the name is taken or the server gone.
    pub async fn create_database(&self, name: &str, template: Option<&str>) -> Result<TestDatabase, PrivatePgError> {
        database::create(&mut self.address.admin().await?, name, template).await?;
        Ok(TestDatabase {
            owner_url: self.address.owner_url(name),
            app_url: self.address.app_url(name),
            tool_url: self.address.tool_url(name),
            name: name.to_owned(),
            address: self.address.clone(),
        })
    }

    /// Makes a template once for all processes: `prepare` gets the owner's URL of a new database and must have left it when it returns.
    ///
    /// The name has to stand for the content (say, a hash of the migrations): a template that is there is taken as it is.
    ///
    /// # Errors
    /// What `prepare` says, or that the server is gone.
    pub async fn ensure_template<F, Fut, E>(&self, name: &str, prepare: F) -> Result<(), E>
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: From<PrivatePgError>,
    {
        let mut admin = self.address.admin().await?;
        if database::exists(&mut admin, name).await? {
            return Ok(());
        }
        let lock = self.dir.join("template.lock");
        let waiting = tokio::task::spawn_blocking(move || locked(&lock));
        let _lock = waiting.await.map_err(|_| PrivatePgError::Interrupted)??;
        if !database::exists(&mut admin, name).await? {
            let unfinished = format!("{name}_unfinished");
            database::remove(&mut admin, &unfinished).await?;
            database::create(&mut admin, &unfinished, None).await?;
            prepare(self.address.owner_url(&unfinished)).await?;
            database::rename(&mut admin, &unfinished, name).await?;
        }
        Ok(())
    }
}

/// A database of one test.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    owner_url: String,
    app_url: String,
    tool_url: String,
    address: Address,
}

impl TestDatabase {
    /// URL for the role that owns and migrates.
    pub fn owner_url(&self) -> &str {
        &self.owner_url
    }

    /// URL for the role that the application runs as.
    pub fn app_url(&self) -> &str {
        &self.app_url
    }

    /// URL for the role that tools look at records as.
    pub fn tool_url(&self) -> &str {
        &self.tool_url
    }
}

impl Drop for TestDatabase {
    /// Best effort, on a thread of its own because we may be inside a runtime: what stays goes with the server.
    fn drop(&mut self) {
        let (address, name) = (self.address.clone(), self.name.clone());
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async { database::remove(&mut address.admin().await.ok()?, &name).await.ok() })
        });
        let _ = removal.join();
    }
}

/// Starts the server under its supervisor, on new data; what a dead run left is ended and removed.
fn start(cluster: &Cluster, users: &Path) -> Result<(), PrivatePgError> {
    cluster.await_killed_run()?;
    match fs::remove_dir_all(&cluster.data) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(PrivatePgError::folder(&cluster.data)(error));
        }
        _ => {}
    }
    let binaries = ready_cluster(cluster, &Options::new(&cluster.home).profile(Profile::Throwaway))?;
    let log_start = trimmed_log(cluster)?;
    let (users, data) = (users.to_string_lossy(), cluster.data.to_string_lossy());
    let mut command = under_shell(cluster, SUPERVISOR, &[&users, IDLE, &data], &binaries, Profile::Throwaway)?;
    let supervisor = command.stdin(Stdio::null()).spawn();
    let mut supervisor = supervisor.map_err(|source| PrivatePgError::Program { program: "/bin/sh".into(), source })?;
    await_ready(cluster, log_start, || supervisor.try_wait().ok().flatten().is_some())
}

/// `tmp/vnr-test-postgresql` in the target folder that the running test was built in.
fn test_folder() -> PathBuf {
    let exe = env::current_exe().unwrap_or_default();
    let target = exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file()).map(Path::to_owned);
    target.map_or_else(env::temp_dir, |target| target.join("tmp")).join("vnr-test-postgresql")
}

fn opened(path: &Path) -> Result<File, PrivatePgError> {
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    open.map_err(PrivatePgError::folder(path))
}

fn locked(path: &Path) -> Result<File, PrivatePgError> {
    let file = opened(path)?;
    file.lock().map_err(PrivatePgError::folder(path))?;
    Ok(file)
}
