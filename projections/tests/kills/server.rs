//! A PostgreSQL of the test's own, that it may kill.

use std::path::{Path, PathBuf};
use std::process::Command;

use event_store::private_pg::{Options, PrivatePg, Profile};
use sqlx::Executor as _;

use crate::support::{Database, System, pool, prepare};

/// How a server is ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// Every process of it, without a chance to put anything in order.
    Killed,
    /// As whoever is in a hurry stops it: it writes no checkpoint, and recovers at the next start.
    Immediate,
}

/// The server and its folder, which goes with it.
pub(crate) struct Server {
    folder: PathBuf,
    profile: Profile,
    running: Option<PrivatePg>,
    pub(crate) ended: usize,
}

impl Server {
    pub(crate) async fn start(profile: Profile) -> Server {
        let folder = std::env::temp_dir().join(format!("vnr-read-models-killed-{}", std::process::id()));
        let mut server = Server { folder, profile, running: None, ended: 0 };
        server.start_again().await;
        server
    }

    /// A register on it, which keeps what it confirms when processes die. Whether it would survive a power cut is up to the profile.
    pub(crate) async fn system(&self) -> System {
        let running = self.running.as_ref().unwrap();
        let owner = pool(&running.owner_url(), 1).await;
        owner.execute("alter database vnr set synchronous_commit = on").await.unwrap();
        owner.close().await;
        prepare(running.owner_url()).await.unwrap();
        System::on(Database::Own { owner_url: running.owner_url(), app_url: running.app_url() }).await
    }

    /// Ends it while it is at work.
    pub(crate) fn end(&mut self, how: End) {
        let postmaster = postmaster(&self.folder);
        match how {
            End::Killed => {
                // Its back ends first, by the id of their parent; some may be gone by themselves.
                let _ = Command::new("pkill").args(["-KILL", "-P", &postmaster]).status();
                signal("-KILL", &postmaster);
            }
            End::Immediate => signal("-QUIT", &postmaster),
        }
        self.running = None;
        self.ended += 1;
    }

    pub(crate) async fn start_again(&mut self) {
        self.running = Some(PrivatePg::start(Options::new(&self.folder).profile(self.profile)).await.unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing of it is needed any more; in good order it would take seconds.
        if self.running.is_some() && !std::thread::panicking() {
            self.end(End::Killed);
        }
        self.running = None;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn postmaster(folder: &Path) -> String {
    let pid_file = std::fs::read_to_string(folder.join("postgresql/data/postmaster.pid")).unwrap();
    pid_file.lines().next().unwrap().to_owned()
}

fn signal(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success(), "{signal} {pid}");
}
