//! A process that keeps all read models up to date with others like it, until it is killed or told to end.

use std::io::Read as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use projections::lookups::LookupKeys;
use projections::{Pools, Registry, start_all};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::watch;

use crate::support::{Database, master};

const URLS: &str = "VNR_TEST_PROJECTOR_URLS";

/// As the program has it: no part waits longer for a connection.
fn pool(url: &str, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .connect_lazy(url)
        .unwrap()
}

/// Role: works for every read model. Whoever started it closes its standard input to let it end, and by dying too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn role_projector() {
    let Ok(urls) = std::env::var(URLS) else { return };
    let (owner, app) = urls.split_once(' ').unwrap();
    let pools = Pools { owner: pool(owner, 3), app: pool(app, 24) };
    let registry = Registry::with_keys(LookupKeys::new(pools.app.clone(), master()));
    let (shutdown, ended) = watch::channel(false);
    let running = start_all(&pools, &registry, &ended);
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    drop(shutdown);
    running.ended().await;
}

/// Such a process. It goes with the test, however that ends.
pub(crate) struct Projector {
    urls: String,
    child: Child,
    pub(crate) kills: usize,
}

impl Projector {
    pub(crate) fn start(database: &Database) -> Projector {
        let urls = format!("{} {}", database.owner_url(), database.app_url());
        let child = spawn(&urls);
        Projector { urls, child, kills: 0 }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: it has no chance to put anything in order.
    pub(crate) fn kill(&mut self) {
        assert_eq!(self.child.try_wait().unwrap(), None, "it ended by itself");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.kills += 1;
    }

    /// Lets it end its batches and give its leases back.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn start_again(&mut self) {
        self.child = spawn(&self.urls);
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(urls: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "projector::role_projector", "--nocapture"])
        .env(URLS, urls)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}
